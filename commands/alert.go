package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// HearAlert is an outcome: one event of PagerDuty, or its answer to a question. Alert is PagerDuty's id of its incident;
// an event about none, or one that cannot be read, is kept in the house's record.
type HearAlert struct {
	Alert, Event string
	What         string // "triggered", "priority updated", "annotated"; Asked: the answer to a question
	At           time.Time
	Agent        AlertAgent
	Facts        map[string]string // names of package incident
	Text         string            // of a note or a status update
	Echo         bool              // drbot's own note come back
	Whole        bool              // Facts are all that rules ask for, so that the event may open an incident
	Began        time.Time         // when PagerDuty made the alert; zero: the event does not say
	Passed       string            // why it is about no incident of PagerDuty; empty: it is about one
	Page         *PageKey          // it is what PagerDuty made of a page of drbot's
	Rules        AlertRules
	during       *incident.During
}

// PageKey says which page an incident of PagerDuty was made of.
type PageKey struct {
	Incident incident.ID
	Page     uint64
	At       time.Time // when it was asked for, by the second: numbers of another record are others
}

// AlertAgent is who did something in PagerDuty; both empty: PagerDuty itself.
type AlertAgent struct{ ID, Name string }

// Asked is the What of an answer to drbot's own question. It is kept only where it differs from what the events said, and
// opens only what a rule names.
const Asked = incident.AlertAsked

// KeepAlerts is how long PagerDuty's deliveries are remembered: they are sent again for up to 48 h.
const KeepAlerts = 7 * 24 * time.Hour

// maxAlerts bounds the alerts of one incident that rules attach; a storm goes on with another one.
const maxAlerts = 50

// attachTo says that the event belongs to another incident than the one that was being opened.
type attachTo struct{ id incident.ID }

func (a attachTo) Error() string { return "the alert belongs to " + a.id.String() }

// errPage: the event is about a page of drbot's that has no incident of PagerDuty yet.
var errPage = errors.New("it is a page")

// errAlertMoved: the incident to attach to is none any more.
var errAlertMoved = errors.New("the incident to attach to is gone")

// hearAlert keeps one event: with the incident that has the alert, with one that a rule opens or attaches it to, or with
// the house.
func (o *Office) hearAlert(ctx context.Context, c Command, e HearAlert) (Reply, error) {
	if e.Passed != "" {
		return o.settleHouse(ctx, c, func(state.View) (state.Decision, error) { return houseEvent(passed(e, e.Passed)), nil })
	}
	e.during = o.maintaining(ctx, e.Rules.match(e).Services)
	for range 3 {
		reply, err := o.do(ctx, state.Change{Target: alertRef(e.Alert), New: true, Keys: c.Keys, Keep: c.Keep, Decide: func(v state.View) (state.Decision, error) {
			return o.decideAlert(v, e)
		}})
		if errors.Is(err, errPage) {
			return o.hearPage(ctx, c, e)
		}
		to := attachTo{}
		if !errors.As(err, &to) {
			return reply, err
		}
		reply, err = o.attachAlert(ctx, c, e, to.id)
		if !errors.Is(err, errAlertMoved) {
			return reply, err
		}
	}
	return Reply{}, fmt.Errorf("alert %s: %w", e.Alert, errAlertMoved)
}

func alertRef(alert string) state.Ref { return state.Ref{Index: "pagerduty", Value: alert} }

// alertClaim makes one incident the alert's only one.
func alertClaim(alert string) string { return "pd:" + alert }

func passed(e HearAlert, why string) incident.Event {
	p := incident.AlertPassed{Alert: e.Alert, Event: e.Event, What: e.What, At: e.At, Why: cut(why, 300)}
	if !e.Whole && e.Alert != "" && !e.Echo { // it is kept for the alert, should its trigger come yet
		p.Who, p.Text, p.Facts = e.Agent.Name, cut(e.Text, incident.MaxText), e.Facts
	}
	return p
}

// seen is the event as the record keeps it.
func (e HearAlert) seen(i *incident.Incident) incident.AlertSeen {
	s := incident.AlertSeen{
		Alert: e.Alert, Event: e.Event, What: e.What, At: e.At.UTC(), Who: e.Agent.Name, Facts: e.Facts, Text: cut(e.Text, incident.MaxText), Echo: e.Echo,
	}
	if n := e.Facts[incident.AlertNumber]; n != "" {
		s.Name = "#" + n
	} else if a := i.Alert(e.Alert); a != nil {
		s.Name = a.Name()
	}
	return s
}

// began is when PagerDuty made the alert, never in the future; a trigger that does not say so says it by its own instant.
func (e HearAlert) began(now time.Time) time.Time {
	at := e.Began
	if at.IsZero() && e.What == incident.AlertTriggered {
		at = e.At
	}
	if at.IsZero() || at.After(now) {
		return time.Time{}
	}
	return at.UTC()
}

// doer is who did it: a person of the people table, else a user of PagerDuty, else PagerDuty itself.
func (o *Office) doer(a AlertAgent) incident.Person {
	if entry, ok := o.People().PagerDuty(a.ID); ok {
		return entry.Person("pagerduty:" + a.ID)
	}
	return incident.PagerDuty(a.ID, a.Name)
}

// decideAlert is the decision about an event whose alert has an incident, or may get one.
func (o *Office) decideAlert(v state.View, e HearAlert) (state.Decision, error) {
	i := v.Incident()
	rule := e.Rules.match(e)
	if i.Exists() {
		if e.What == Asked && !i.Differs(e.seen(i)) {
			return state.Decision{}, nil
		}
		promise := o.policy(i, i.Severity, v.Now())
		events := o.ruled(v, i, e, rule)
		events = append(events, folded(v, i, events).Hear(e.seen(i), o.doer(e.Agent), promise)...)
		return effects(folded(v, i, events), events), nil
	}
	if e.Page != nil {
		return state.Decision{}, errPage
	}
	switch why := rule.passes(e); {
	case why != "" && e.What == Asked:
		return state.Decision{}, nil
	case why != "":
		return houseEvent(passed(e, why)), nil
	}
	same := alertRef("same/" + rule.same(e))
	if other := v.Other(same); rule.Attach && other.Exists() && other.Active() && other.Drill == rule.Drill && len(other.Alerts) < maxAlerts {
		return state.Decision{}, attachTo{other.ID}
	}
	return o.openAlert(v, i, e, rule, same)
}

// openAlert opens an incident as the rule says.
func (o *Office) openAlert(v state.View, i *incident.Incident, e HearAlert, rule AlertRule, same state.Ref) (state.Decision, error) {
	w := wish{title: titleOf(e.Facts[incident.AlertTitle]), kind: o.Runbook().Type(rule.Type), severity: rule.Severity, drill: rule.Drill, services: rule.Services}
	s := e.seen(i)
	if incident.Written(w.title) == "" {
		w.title = "PagerDuty " + or(s.Name, e.Alert)
	}
	opened := o.opening(v, incident.PagerDuty("", ""), w)
	began := e.began(v.Now())
	if came := (incident.Alert{Began: began, Came: v.Now()}); !began.IsZero() {
		if _, counts := came.Late(); counts {
			opened.RespondBy, opened.Calls = o.answerBy(opened.Severity, began, v.Now())
		}
	}
	opened.Triage = rule.Then == ThenTriage
	opened.During = e.during
	opened.Source = "PagerDuty " + or(s.Name, e.Alert)
	if opened.Triage { // nobody promised anything about what nobody accepted yet, but an answer
		opened.UpdateEvery, opened.UpdateDue = 0, time.Time{}
	}
	events, err := i.Begin(opened)
	if err != nil {
		return state.Decision{}, err
	}
	fresh := folded(v, i, events)
	link := incident.AlertLinked{By: incident.PagerDuty("", ""), Alert: e.Alert, Name: s.Name, How: "opened", Began: began}
	events = append(events, fresh.Link(link, v.House().EarlyOf(e.Alert), s, o.doer(e.Agent), opened.Policy)...)
	d := effects(folded(v, i, events), events)
	d.Claim, d.Index = append(d.Claim, alertClaim(e.Alert)), append(d.Index, alertRef(e.Alert), same)
	return d, nil
}

// attachAlert adds an alert to an incident that is open already.
func (o *Office) attachAlert(ctx context.Context, c Command, e HearAlert, id incident.ID) (Reply, error) {
	return o.do(ctx, state.Change{Target: state.Ref{ID: id}, Keys: c.Keys, Keep: c.Keep, Decide: func(v state.View) (state.Decision, error) {
		i := v.Incident()
		if !i.Exists() || !i.Active() || len(i.Alerts) >= maxAlerts || v.Other(alertRef(e.Alert)).Exists() {
			return state.Decision{}, errAlertMoved
		}
		s := e.seen(i)
		link := incident.AlertLinked{By: incident.PagerDuty("", ""), Alert: e.Alert, Name: s.Name, How: "attached", Began: e.began(v.Now())}
		events := i.Link(link, v.House().EarlyOf(e.Alert), s, o.doer(e.Agent), o.policy(i, i.Severity, v.Now()))
		d := effects(folded(v, i, events), events)
		d.Claim, d.Index = append(d.Claim, alertClaim(e.Alert)), append(d.Index, alertRef(e.Alert))
		return d, nil
	}})
}

// ruled says what a rule makes of a later event while nobody took part here: it may accept what waits, and make it worse.
// Both go one way only, so that the order of events does not matter.
func (o *Office) ruled(v state.View, i *incident.Incident, e HearAlert, rule AlertRule) []incident.Event {
	if rule.passes(e) != "" || i.Touched() || i.Alert(e.Alert) == nil || i.Alert(e.Alert).How == incident.AlertPaged || rule.implied {
		return nil
	}
	var events []incident.Event
	by, why := incident.PagerDuty("", ""), "a rule of the configuration"
	to := rule.Severity
	if to == 0 {
		to = o.severityOf(o.Runbook().Type(rule.Type))
	}
	to = min(to, i.Severity)
	if rule.Then == ThenOpen && i.Triaged && i.AcceptedBy.Key == "" {
		events = append(events, incident.Accepted{By: by, Why: why, Policy: o.changed(i, to, v.Now())})
	}
	if to < i.Severity {
		events = append(events, incident.SeveritySet{By: by, From: i.Severity, To: to, Reason: why, Policy: o.changed(i, to, v.Now())})
	}
	return events
}
