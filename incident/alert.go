package incident

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// What PagerDuty says about its own incident (here: an alert) is kept as facts, each with the instant at which it became
// so in PagerDuty. Its events may come late, twice and in any order: of two values of a fact the later one stands, and at
// the same instant triggered comes before acknowledged before resolved. So the same events always end in the same facts.

// Names of facts. A fact that an event does not name stays as it was.
const (
	AlertStatus    = "status" // triggered | acknowledged | resolved
	AlertTitle     = "title"
	AlertNumber    = "number" // as people read it in PagerDuty
	AlertURL       = "url"
	AlertService   = "service"      // its id
	AlertServes    = "service_name" //
	AlertUrgency   = "urgency"      // high | low
	AlertPriority  = "priority"     // its name; "-": none
	AlertAssignees = "assignees"    // names
	AlertPolicy    = "policy"       // name of the escalation policy
	AlertAcker     = "acked"        // who acknowledged
	// AlertResponder begins the names of facts about who was asked to join, "responder/" and the user's id; the value is
	// "pending", "accepted" or "declined", and the name.
	AlertResponder = "responder/"
	// alertJoined is who answered a request to join with yes, last. It stays when they think otherwise later, as an
	// acknowledgement does: somebody had answered, whichever of the two comes here first.
	alertJoined = "joined"
)

// Joining is the beginning of an AlertResponder's value of somebody who comes.
const Joining = "accepted "

// Statuses of an alert, in the order that settles a tie.
const (
	AlertTriggered = "triggered"
	AlertAcked     = "acknowledged"
	AlertResolved  = "resolved"
)

var alertStatuses = []string{AlertTriggered, AlertAcked, AlertResolved}

// AlertFact is one thing that PagerDuty said last, and when.
type AlertFact struct {
	Value string    `json:"value"`
	At    time.Time `json:"at"`
	Rank  int       `json:"rank,omitempty"` // of the status at that instant
	Event string    `json:"event,omitempty"`
}

// compare is a total order, so that equal instants cannot depend on who came first.
func (f AlertFact) compare(g AlertFact) int {
	return cmp.Or(f.At.Compare(g.At), cmp.Compare(f.Rank, g.Rank), strings.Compare(f.Event, g.Event), strings.Compare(f.Value, g.Value))
}

// AlertAsked is AlertSeen.What of PagerDuty's answer to a question.
const AlertAsked = "asked"

// Alert is one incident of PagerDuty that this incident answers.
type Alert struct {
	ID    string               `json:"id"`
	How   string               `json:"how,omitempty"`   // opened | attached | merged
	Since uint64               `json:"since,omitempty"` // the record that linked it
	Began time.Time            `json:"began,omitzero"`  // when PagerDuty made it
	Came  time.Time            `json:"came,omitzero"`   // when it came here
	Facts map[string]AlertFact `json:"facts,omitempty"`
}

// Fact is the value of a fact; "" where PagerDuty never said.
func (a *Alert) Fact(name string) string { return a.Facts[name].Value }

// Name is how people call it: "#8812", else its id.
func (a *Alert) Name() string {
	if n := a.Fact(AlertNumber); n != "" {
		return "#" + n
	}
	return a.ID
}

// Joining names who answered a request to join, first by their ids.
func (a *Alert) Joining() (names []string) {
	for _, fact := range slices.Sorted(maps.Keys(a.Facts)) {
		if name, comes := strings.CutPrefix(a.Facts[fact].Value, Joining); comes && strings.HasPrefix(fact, AlertResponder) {
			names = append(names, name)
		}
	}
	return names
}

// answered is who answered the alert in PagerDuty: acknowledged it, or said that they join it.
func (a *Alert) answered() string {
	if who := a.Fact(AlertAcker); who != "" {
		return who
	}
	return a.Fact(alertJoined)
}

// answers reports whether an event is somebody's answer itself.
func (s AlertSeen) answers() bool {
	for name, value := range s.Facts {
		if name == AlertAcker && value != "" || strings.HasPrefix(name, AlertResponder) && strings.HasPrefix(value, Joining) {
			return true
		}
	}
	return false
}

// hear merges facts, and reports whether any of them changed.
func (a *Alert) hear(facts map[string]AlertFact) bool {
	changed := false
	for name, fact := range facts {
		if old, ok := a.Facts[name]; ok && fact.compare(old) <= 0 {
			continue
		}
		if a.Facts == nil {
			a.Facts = map[string]AlertFact{}
		}
		changed = changed || a.Facts[name].Value != fact.Value
		a.Facts[name] = fact
	}
	return changed
}

// facts are what an event says, each with its place in time.
func (s AlertSeen) facts() map[string]AlertFact {
	facts := make(map[string]AlertFact, len(s.Facts))
	rank := max(0, slices.Index(alertStatuses, s.Facts[AlertStatus]))
	for name, value := range s.Facts {
		facts[name] = AlertFact{Value: value, At: s.At, Rank: rank, Event: s.Event}
		if who, comes := strings.CutPrefix(value, Joining); comes && strings.HasPrefix(name, AlertResponder) {
			facts[alertJoined] = AlertFact{Value: cmp.Or(who, "PagerDuty"), At: s.At, Rank: rank, Event: s.Event}
		}
	}
	return facts
}

// Alert finds an alert by PagerDuty's id.
func (i *Incident) Alert(id string) *Alert {
	for k := range i.Alerts {
		if i.Alerts[k].ID == id {
			return &i.Alerts[k]
		}
	}
	return nil
}

// AlertsOver reports whether PagerDuty calls every alert of the incident resolved.
func (i *Incident) AlertsOver() bool {
	any := false
	for k := range i.Alerts {
		if i.Alerts[k].How == AlertPaged {
			continue // drbot made it
		}
		if any = true; i.Alerts[k].Fact(AlertStatus) != AlertResolved {
			return false
		}
	}
	return any
}

// pagerDuty is how proofs of what was done in PagerDuty begin.
const pagerDuty = "pagerduty"

// PagerDuty is PagerDuty itself, or one of its users whom the people table does not know.
func PagerDuty(id, name string) Person {
	if name == "" {
		name = "PagerDuty"
	}
	key := pagerDuty
	if id != "" {
		key += ":" + id
	}
	return Person{Key: key, Name: name, Proof: key}
}

// InPagerDuty reports whether what the person did was done there, and not here.
func (p Person) InPagerDuty() bool { return strings.HasPrefix(p.Proof, pagerDuty) }

// Touched reports whether anybody took part here. Of an incident that nobody touched PagerDuty decides alone when it is
// over; of every other people do.
func (i *Incident) Touched() bool {
	return i.Hands || !i.OpenedBy.InPagerDuty() || len(i.Roles)+len(i.Runs) > 0 ||
		slices.ContainsFunc(i.Checklist, func(it Item) bool { return it.By.Key != "" && it.By.Key != Bot.Key })
}

// touch notes the first thing that a person does here with an incident that PagerDuty opened.
func (i *Incident) touch(e Event) {
	if i.Hands || !i.OpenedBy.InPagerDuty() {
		return
	}
	var by Person
	switch e := e.(type) {
	case Acknowledged:
		by = e.By
	case SeveritySet:
		by = e.By
	case TypeSet:
		by = e.By
	case StatusSet:
		by = e.By
	case ImpactSet:
		by = e.By
	case ServicesSet:
		by = e.By
	case Noted:
		by = e.By
	case Pinned:
		by = e.By
	case UpdateSent:
		by = e.By
	case Snoozed:
		by = e.By
	case Accepted:
		by = e.By
	case AlertLinked:
		by = e.By
	}
	i.Hands = by.Key != "" && by.Key != Bot.Key && !by.InPagerDuty()
}

// Hear takes in one event of PagerDuty about an alert of this incident. Nothing of it can be refused: it happened.
func (i *Incident) Hear(s AlertSeen, by Person, promise Policy) []Event {
	return append([]Event{s}, i.having(s).follow(s, s.What == "reopened" || i.missedReopening(s), by, promise)...)
}

// Link ties an alert to this incident, with what was heard of it before its trigger, and what is known of it now.
func (i *Incident) Link(l AlertLinked, early []AlertSeen, s AlertSeen, by Person, promise Policy) []Event {
	events := []Event{l}
	for _, e := range early {
		events = append(events, e)
	}
	events = append(events, s)
	return append(events, i.having(events...).follow(s, s.What == "reopened", by, promise)...)
}

// missedReopening reports whether PagerDuty, when it was asked, calls an alert open that it called resolved before: the event
// that said so never came.
func (i *Incident) missedReopening(s AlertSeen) bool {
	a, status := i.Alert(s.Alert), s.Facts[AlertStatus]
	return s.What == AlertAsked && a != nil && a.Fact(AlertStatus) == AlertResolved && status != "" && status != AlertResolved &&
		s.At.After(a.Facts[AlertStatus].At)
}

// having is the incident as it will be.
func (i *Incident) having(events ...Event) *Incident {
	c := i.Clone()
	for _, e := range events {
		c.Apply(Stamp{Seq: i.Seq, N: i.N, Time: i.Time}, e)
	}
	return c
}

// follow says what the facts come to here: who acknowledged stops the response clock, and an incident that nobody touched
// is over when its alerts are. What PagerDuty ended comes back when PagerDuty opens it again; what people ended comes back
// only if that (again) was done after.
func (i *Incident) follow(s AlertSeen, again bool, by Person, promise Policy) []Event {
	var events []Event
	if i.AckedAt.IsZero() && (i.Active() || i.ResolvedBy.InPagerDuty()) {
		for k := range i.Alerts {
			if p := i.PageOf(i.Alerts[k].ID); p != nil && p.Why == PageForApproval {
				continue // who answers that comes to approve
			}
			if who := i.Alerts[k].answered(); who != "" {
				if !s.answers() {
					by = PagerDuty("", who)
				}
				events = append(events, Acknowledged{By: by})
				break
			}
		}
	}
	over := i.AlertsOver()
	switch {
	case over && i.Active() && !i.Touched() && i.State == StateTriage:
		events = append(events, Declined{By: by, Reason: "PagerDuty resolved it before anybody accepted it."})
	case over && i.Active() && !i.Touched():
		events = append(events, Resolved{By: by, Summary: "Resolved in PagerDuty before anybody took part here."}, Closed{Why: "resolved in PagerDuty"})
	case over || i.Active() || i.MergedInto != 0:
	case !i.ResolvedBy.InPagerDuty() && (!again || !s.At.After(i.ResolvedAt)):
	case i.Triaged && i.AcceptedBy.Key == "":
		events = append(events, Triaged{By: by, Why: "PagerDuty opened it again"})
	default:
		events = append(events, Reopened{By: by, Reason: "PagerDuty opened it again", Policy: promise})
	}
	return events
}

// applyAlert folds what PagerDuty said, and what was decided about an incident that it opened.
func (i *Incident) applyAlert(at Stamp, e Event) bool {
	switch e := e.(type) {
	case AlertLinked:
		a := i.alert(e.Alert)
		a.How, a.Since, a.Began, a.Came = e.How, at.Seq, e.Began, at.Time
		if p := i.Page(e.Page); p != nil { // what happened since it was asked for concerns it
			a.Since, p.Alert = p.Seq, a.ID
		}
		a.hear(e.Facts)
	case AlertSeen:
		i.alert(e.Alert).hear(e.facts())
	case Accepted:
		i.AcceptedBy = e.By
		if i.State == StateTriage {
			i.State = StateOpen
		}
		i.policy(e.Policy)
	case Declined:
		i.State, i.ResolvedBy, i.ResolvedAt, i.Summary, i.Spoken = StateClosed, e.By, at.Time, e.Reason, nil
	case Merged:
		i.State, i.ResolvedBy, i.ResolvedAt, i.MergedInto, i.Alerts, i.Spoken = StateClosed, e.By, at.Time, e.Into, nil, nil
	case Triaged:
		i.State, i.ResolvedBy, i.ResolvedAt, i.Summary = StateTriage, Person{}, time.Time{}, ""
	default:
		return false
	}
	return true
}

// alert finds an alert, or makes it.
func (i *Incident) alert(id string) *Alert {
	if a := i.Alert(id); a != nil {
		return a
	}
	i.Alerts = append(i.Alerts, Alert{ID: id})
	return &i.Alerts[len(i.Alerts)-1]
}

func cloneAlerts(alerts []Alert) []Alert {
	c := slices.Clone(alerts)
	for k := range c {
		if c[k].Facts == nil {
			continue
		}
		facts := make(map[string]AlertFact, len(c[k].Facts))
		for name, fact := range c[k].Facts {
			facts[name] = fact
		}
		c[k].Facts = facts
	}
	return c
}
