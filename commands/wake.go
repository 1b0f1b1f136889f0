package commands

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// Whom to wake, and when by itself. All of it is read from what drbot knows already: people, configuration, runbook, and
// what PagerDuty said last of who is on call.

// Pager is what the configuration says of paging.
type Pager struct {
	On        bool              // PagerDuty can be asked
	Approvers string            // escalation policy of the approvers
	Service   string            // on which people and policies are paged
	Services  map[string]string // service here -> PagerDuty's id of its own
}

// ContactRule completes a contact of the runbook. What it leaves out is as the runbook says.
type ContactRule struct {
	Person          string // an email of the people table
	Policy, Service string // of PagerDuty
	Phone           string
	After           time.Duration
	AtOnce          bool // after: 0s
	Severity        int  // this severity or a worse one; 0: as the runbook says
	Every           time.Duration
}

// reaches reports whether the rule says how to reach anybody.
func (r ContactRule) reaches() bool { return r.Person+r.Policy+r.Service+r.Phone != "" }

// calls are the contacts who are called while nobody answers: from opened on, and not before now. A contact without a time
// ("as needed") or whom nobody could reach is not called by itself.
func (o *Office) calls(severity int, opened, now time.Time) []incident.Call {
	var list []incident.Call
	for _, c := range o.Runbook().Contacts {
		rule, _ := lookup(o.Config().Contacts, c.Role)
		call := incident.Call{Role: c.Role, When: c.Text, Every: rule.Every}
		if c.Known {
			call.Text = cut(c.Contact, 200)
		}
		if rule.Phone != "" {
			call.Text = strings.TrimPrefix(call.Text+" · "+cut(rule.Phone, 60), " · ")
		}
		if entry, known := o.People().Email(or(rule.Person, email.FindString(c.Contact))); known {
			call.Who = entry.Person("")
		}
		after, only := c.After, c.Severity
		if rule.After > 0 || rule.AtOnce {
			after, call.When = rule.After, "after "+rule.After.String()
		}
		if rule.Severity > 0 {
			only = rule.Severity
		}
		timed := c.Immediate || after > 0 || only > 0 || rule.AtOnce
		if !timed || only > 0 && severity > only || !c.Known && !rule.reaches() {
			continue
		}
		if call.At = opened.Add(after).UTC(); call.At.Before(now) {
			call.At = now.UTC()
		}
		list = append(list, call)
	}
	return list
}

// wake is who or what to page.
type wake struct {
	kind, id, service, whom string
	reach                   []incident.Person
	cannot                  string // why PagerDuty cannot be asked; empty: it can
	away                    string // why it does not answer now, as its link knows
	note                    string
	policy                  string // whose on-call list the answer shows
}

// asked makes the event.
func (w wake) asked(by incident.Person, why, reason string) incident.PageAsked {
	return incident.PageAsked{By: by, Why: why, Kind: w.kind, ID: w.id, Service: w.service, Whom: w.whom, Reach: w.reach, Reason: reason, Note: w.note}
}

// able says why a page cannot go out, where it cannot.
func (o *Office) able(w wake) wake {
	switch {
	case w.cannot != "":
	case !o.Config().Pager.On:
		w.cannot = "PagerDuty is not configured here"
	case w.id == "" && w.kind == incident.PagePerson:
		w.cannot = w.whom + " has no account in PagerDuty that drbot knows"
	case w.id == "":
		w.cannot = "drbot.yaml names nothing of PagerDuty for " + w.whom
	case w.kind != incident.PageService && w.service == "":
		w.cannot = "drbot.yaml names no service of PagerDuty to page by (pagerduty.pages)"
	case o.Away != nil:
		w.away = o.Away()
	}
	return w
}

// serviceFor is the service of PagerDuty on which people and policies are paged: that of the incident's own alert, else
// the configured one.
func (o *Office) serviceFor(i *incident.Incident) string {
	for k := range i.Alerts {
		if a := &i.Alerts[k]; a.How != incident.AlertPaged && a.Fact(incident.AlertService) != "" {
			return a.Fact(incident.AlertService)
		}
	}
	return o.Config().Pager.Service
}

func (o *Office) wakePerson(i *incident.Incident, p incident.Person) wake {
	entry, _ := o.People().ByKey(p.Key)
	return o.able(wake{kind: incident.PagePerson, id: entry.PagerDuty, service: o.serviceFor(i), whom: or(p.Name, p.Key), reach: []incident.Person{p}})
}

// wakeApprovers pages the approvers' policy; whoever is on call by it is called first when PagerDuty does not take it.
func (o *Office) wakeApprovers(i *incident.Incident) wake {
	policy := o.Config().Pager.Approvers
	return o.able(wake{
		kind: incident.PagePolicy, id: policy, service: o.serviceFor(i), whom: "the approvers", policy: policy,
		reach: merged(o.onCall(policy), o.People().With(incident.Approver)),
	})
}

func (o *Office) wakeService(id, name string) wake {
	policy := ""
	for _, place := range o.Duty.Places() {
		if place.ID == id {
			policy, name = place.Policy, or(name, place.Name)
		}
	}
	reach := o.onCall(policy)
	if len(reach) == 0 {
		reach = o.People().With(incident.Responder)
	}
	return o.able(wake{kind: incident.PageService, id: id, whom: or(name, id), reach: reach, policy: policy})
}

// email finds the first address in a contact's text.
var email = regexp.MustCompile(`[^\s<>(),;:|]+@[^\s<>(),;:|]+\.[^\s<>(),;:|]+`)

// wakeContact pages a contact of the runbook; ok is false where nothing leads to PagerDuty or to a person.
func (o *Office) wakeContact(i *incident.Incident, c runbook.Contact) (w wake, ok bool) {
	rule, _ := lookup(o.Config().Contacts, c.Role)
	switch {
	case rule.Service != "":
		w := o.wakeService(rule.Service, "")
		w.whom = c.Role
		return w, true
	case rule.Policy != "":
		return o.able(wake{kind: incident.PagePolicy, id: rule.Policy, service: o.serviceFor(i), whom: c.Role, policy: rule.Policy, reach: o.onCall(rule.Policy)}), true
	}
	entry, known := o.People().Email(or(rule.Person, email.FindString(c.Contact)))
	if !known {
		return wake{}, false
	}
	return o.wakePerson(i, entry.Person("")), true
}

// onCall are the people on call by a policy, first to be woken first, as PagerDuty said last. Who is not in the table is
// named as PagerDuty names them.
func (o *Office) onCall(policy string) []incident.Person {
	list, _, _ := o.Duty.On(policy)
	var out []incident.Person
	for _, duty := range list {
		p := incident.PagerDuty(duty.User, duty.Name)
		if entry, known := o.People().PagerDuty(duty.User); known {
			p = entry.Person("")
		}
		if !slices.ContainsFunc(out, p.Same) {
			p.Proof = ""
			out = append(out, p)
		}
	}
	return out
}

func merged(lists ...[]incident.Person) []incident.Person {
	var out []incident.Person
	for _, p := range slices.Concat(lists...) {
		if !slices.ContainsFunc(out, p.Same) {
			out = append(out, p)
		}
	}
	return out
}

// woken are the pages that a tick's deadlines bring.
func (o *Office) woken(v state.View, i *incident.Incident, events []incident.Event) []incident.Event {
	var pages []incident.Event
	for _, e := range events {
		spoken, ok := e.(incident.DeadlineSpoken)
		if !ok {
			continue
		}
		after := folded(v, i, append(slices.Clone(events), pages...))
		switch (incident.Deadline{Key: spoken.Key}).Kind() {
		case incident.DueNudge:
			pages = append(pages, o.nudging(after, spoken.Key)...)
		case incident.DueCall:
			pages = append(pages, o.calling(i, after, spoken.Key)...)
		}
	}
	return pages
}

// nudging pages the next approver of a request: whoever is on call first, then the others who were asked, each once. Where
// nobody has said who is on call, the policy itself is paged.
func (o *Office) nudging(i *incident.Incident, key string) []incident.Event {
	pager := o.Config().Pager
	name := strings.Split(strings.TrimPrefix(key, incident.DueNudge+"/"), "/")[0]
	k := slices.IndexFunc(i.Approvals, func(a *incident.Approval) bool { return a.Name() == name && a.State == incident.Pending })
	if !pager.On || k < 0 {
		return nil
	}
	a := i.Approvals[k]
	_, _, known := o.Duty.On(pager.Approvers)
	paged, before := i.PagedFor(a.N)
	note := ""
	duty := o.onCall(pager.Approvers)
	switch {
	case pager.Approvers != "" && known && len(duty) == 0:
		note = "nobody is on call for approvals"
	case pager.Approvers != "" && !known && !before:
		return o.page(i, o.wakeApprovers(i), incident.PageForApproval, a.N, "")
	}
	open := deciding(i, a)
	candidates := slices.DeleteFunc(merged(duty, open), func(p incident.Person) bool {
		return !slices.ContainsFunc(open, p.Same) || slices.ContainsFunc(paged, p.Same)
	})
	// One without an account is left to the message, unless nobody has one: then it is recorded that nobody can be paged.
	if able := slices.DeleteFunc(slices.Clone(candidates), func(p incident.Person) bool { return o.wakePerson(i, p).cannot != "" }); len(able) > 0 {
		candidates = able
	}
	if len(candidates) == 0 {
		return nil
	}
	w := o.wakePerson(i, candidates[0])
	if w.note = note; w.cannot != "" {
		w.whom, w.reach = "the approvers", candidates
	}
	return o.page(i, w, incident.PageForApproval, a.N, "")
}

// calling pages the contact whose time has come. PagerDuty's own escalation goes first: what it has told of itself it
// escalates already.
func (o *Office) calling(was, i *incident.Incident, key string) []incident.Event {
	call := was.CallOf(key)
	if call == nil || !o.Config().Pager.On {
		return nil
	}
	for _, c := range o.Runbook().Contacts {
		if c.Role != call.Role {
			continue
		}
		w, ok := o.wakeContact(i, c)
		if !ok || c.Immediate && o.escalates(i, w) {
			return nil
		}
		return o.page(i, w, incident.PageForContact, 0, c.Role)
	}
	return nil
}

// escalates reports whether PagerDuty is waking the very people of a page by itself: an alert that nobody has taken is on their
// service, or on one that escalates to their policy as far as PagerDuty said.
func (o *Office) escalates(i *incident.Incident, w wake) bool {
	return w.kind != incident.PagePerson && slices.ContainsFunc(i.Alerts, func(a incident.Alert) bool {
		if a.How == incident.AlertPaged || a.Fact(incident.AlertStatus) != incident.AlertTriggered || a.Fact(incident.AlertPolicy) == "" {
			return false
		}
		service := a.Fact(incident.AlertService)
		return w.kind == incident.PageService && w.id == service || slices.ContainsFunc(o.Duty.Places(), func(p people.Place) bool {
			return p.ID == service && p.Policy != "" && p.Policy == w.policy
		})
	})
}

func (o *Office) page(i *incident.Incident, w wake, why string, approval uint64, contact string) []incident.Event {
	asked := w.asked(incident.Bot, why, "")
	asked.Approval, asked.Contact = approval, contact
	events, err := i.AskPage(asked, w.cannot, w.away)
	if err != nil {
		return nil // it is over
	}
	return events
}

// wakers are the names that `page` takes besides people: the approvers, services here and in PagerDuty, contacts of the
// runbook.
func (o *Office) wakers(i *incident.Incident) (names []string, find map[string]func() wake) {
	find = map[string]func() wake{}
	add := func(name string, w func() wake) {
		if _, taken := find[strings.ToLower(name)]; name != "" && !taken {
			find[strings.ToLower(name)] = w
			names = append(names, name)
		}
	}
	add("approvers", func() wake { return o.wakeApprovers(i) })
	services := o.Config().Pager.Services
	var mine []string
	for name := range services {
		mine = append(mine, name)
	}
	sort.Strings(mine)
	for _, name := range mine {
		add(name, func() wake { return o.wakeService(services[name], name) })
	}
	for _, c := range o.Runbook().Contacts {
		if _, ok := o.wakeContact(i, c); ok {
			add(c.Role, func() wake { w, _ := o.wakeContact(i, c); return w })
		}
	}
	for _, place := range o.Duty.Places() {
		w := func() wake {
			if place.Policy != "" {
				return o.wakeService(place.ID, place.Name)
			}
			return o.able(wake{kind: incident.PagePolicy, id: place.ID, service: o.serviceFor(i), whom: place.Name, policy: place.ID, reach: o.onCall(place.ID)})
		}
		add(place.Name, w)
		find[strings.ToLower(place.ID)] = w
	}
	return names, find
}

// OnCallFor are the people to call for an incident, whoever is on call for it first, and what PagerDuty said of them. The
// policy is that of the runbook's first contact, else that of the service.
func (o *Office) OnCallFor(i *incident.Incident) ([]incident.Person, templates.Duty) {
	policy, service := "", o.serviceFor(i)
	for _, place := range o.Duty.Places() {
		if place.ID == service {
			policy = place.Policy
		}
	}
	for _, c := range o.Runbook().Contacts {
		if rule, _ := lookup(o.Config().Contacts, c.Role); c.Immediate && rule.Policy != "" {
			policy = rule.Policy
			break
		}
	}
	names, at := o.OnCall(policy)
	return merged(o.onCall(policy), o.People().With(incident.Responder)), templates.Duty{At: at, Names: names}
}
