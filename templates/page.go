package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Messages about people who are woken: a page that PagerDuty did not take, a contact of the runbook who is called.

// maxReach bounds the people that one message names.
const maxReach = 8

// PageFailed says that PagerDuty did not take a page, with the people who were to be woken and their phone numbers. Once it
// was taken after all, one line is left.
func PageFailed(i *incident.Incident, p *incident.Page, e incident.PageFailed, f Facts) Message {
	reach := p.Reach[:min(len(p.Reach), maxReach)]
	facts := map[string]any{"ID": i.ID, "Whom": flat(p.Whom, 100), "Why": strings.TrimSuffix(flat(e.Why, 200), "."), "Who": reach, "Later": !e.Over, "For": ""}
	if p.Approval != 0 {
		facts["For"] = incident.ApprovalName(p.Approval)
	}
	if len(p.Woke) > 0 {
		facts["At"] = p.PagedAt
		return closed(i, Say("page.text", facts), Line("page.over", facts))
	}
	lines := [][]Span{marked(i, Line("page.line", facts))}
	if numbers := phones(reach, f); numbers != "" {
		lines = append(lines, Line("page.phones", map[string]any{"Reach": numbers}))
	} else {
		lines = append(lines, Line("page.nophone", nil))
	}
	return fit(Message{Text: locked(i, Say("page.text", facts)), Blocks: []Block{Lines{Lines: lines}}})
}

// Phones are people with their phone numbers in a line of text; a name alone where no number is known.
func Phones(people []incident.Person, contacts []Contact) string {
	var list []string
	for _, p := range people[:min(len(people), maxReach)] {
		one := flat(p.Name, 60)
		for _, c := range contacts {
			if c.Key == p.Key && c.Phone != "" {
				one += " " + flat(c.Phone, 40)
			}
		}
		list = append(list, one)
	}
	return strings.Join(list, " · ")
}

// Summoned is the call of one contact of the runbook.
type Summoned struct {
	Role, When string
	Reach      string          // how the runbook says they are reached; "" where it does not
	Who        incident.Person // whom people here know as that; empty: nobody
	At         time.Time
	Late       time.Duration
	Page       *incident.Page // nil: PagerDuty is not asked
}

// CallContact calls a contact of the runbook while nobody answers. Once somebody did, one line is left.
func CallContact(i *incident.Incident, s Summoned, f Facts) Message {
	facts := map[string]any{
		"ID": i.ID, "Role": flat(s.Role, 80), "When": flat(s.When, 60), "Who": []incident.Person(nil), "Paged": "", "Own": "", "Late": s.Late, "Down": s.Late > tolerated,
		"At": s.At, "Acked": i.AckedBy, "AckedAt": i.AckedAt,
	}
	text := locked(i, Say("call.text", facts))
	if !i.Active() || i.Answered() {
		return closed(i, text, Line("call.over", facts))
	}
	var lines [][]Span
	reach := flat(s.Reach, 200)
	var who []incident.Person
	if s.Who.Key != "" {
		who = []incident.Person{s.Who}
	}
	if s.Page != nil {
		who = s.Page.Reach[:min(len(s.Page.Reach), maxReach)]
		if s.Page.Failed == "" || !s.Page.PagedAt.IsZero() {
			facts["Paged"] = flat(s.Page.Whom, 100)
		}
	}
	if s.Page == nil && len(who) == 0 {
		facts["Own"], who = escalated(i, f)
	}
	facts["Who"] = who
	if numbers := phones(who, f); numbers != "" {
		reach = strings.TrimPrefix(reach+" · "+numbers, " · ")
	}
	lines = append(lines, marked(i, Line("call.line", facts)))
	if reach != "" {
		lines = append(lines, Line("call.reach", map[string]any{"Reach": reach}))
	}
	return fit(Message{Text: text, Blocks: []Block{Lines{Lines: lines}, Actions{Elements: answerButtons(i)}}}).dated(i.Time)
}

// escalated says which alert PagerDuty escalates by itself, and to whom as far as they are known here.
func escalated(i *incident.Incident, f Facts) (own string, who []incident.Person) {
	for k := range i.Alerts {
		a := &i.Alerts[k]
		if a.How == incident.AlertPaged || a.Fact(incident.AlertStatus) != incident.AlertTriggered || a.Fact(incident.AlertPolicy) == "" {
			continue
		}
		for _, c := range f.Contacts {
			if c.Key != "" && slices.Contains(strings.Split(a.Fact(incident.AlertAssignees), ", "), c.Name) {
				who = append(who, incident.Person{Key: c.Key, Name: c.Name, Slack: c.Slack})
			}
		}
		return flat(a.Name()+" ("+a.Fact(incident.AlertPolicy)+")", 120), who[:min(len(who), maxReach)]
	}
	return "", nil
}

// answerButtons answer the incident, or put the calls off.
func answerButtons(i *incident.Incident) []Element {
	return []Element{ackButton(i), Button{Verb: "incident quiet", Object: object(i), Label: Say("button.quiet", nil)}}
}

// PagingOffer is a refusal that somebody else decides, with a button that wakes those who can.
func PagingOffer(text string, a *incident.Approval) Message {
	return fit(Message{Text: text, Blocks: []Block{
		Lines{Lines: [][]Span{plain(text)}}, Actions{Elements: []Element{Button{Verb: "recover page", Object: approvalObject(a), Label: Say("button.pagethem", nil)}}},
	}})
}

// maxTold bounds the pages that a card tells of.
const maxTold = 4

// pagedLines say who was paged, the newest last.
func pagedLines(i *incident.Incident) [][]Span {
	var parts [][]Span
	for k := max(0, len(i.Pages)-maxTold); k < len(i.Pages); k++ {
		p := &i.Pages[k]
		facts := map[string]any{"Whom": flat(p.Whom, 80), "At": p.PagedAt, "Why": flat(p.Failed, 80), "For": ""}
		if p.Approval != 0 {
			facts["For"] = incident.ApprovalName(p.Approval)
		}
		switch {
		case p.Failed != "" && (p.PagedAt.IsZero() || len(p.Woke) == 0):
			parts = append(parts, Line("told.notpaged", facts))
		case !p.PagedAt.IsZero():
			parts = append(parts, Line("told.paged", facts))
		case i.Active():
			parts = append(parts, Line("told.paging", facts))
		}
	}
	return parts
}
