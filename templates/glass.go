package templates

import (
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Nudged is a further call for the approvers of a request.
type Nudged struct {
	Nth  int
	Due  time.Time // by the second
	Late time.Duration
}

// Nudge calls the approvers of a request again, with the ways to reach them; the second call offers break-glass. Once the
// request is over one line of it is left.
func Nudge(i *incident.Incident, a *incident.Approval, n Nudged, f Facts) Message {
	facts := glassFacts(i, a)
	if a.State != incident.Pending {
		return closed(i, Say("nudge.overtext", facts), join(Line("nudge.over", facts), decision(i, a)))
	}
	facts["Who"], facts["Late"], facts["Down"] = a.Open()[:min(len(a.Open()), 8)], n.Late, n.Late > tolerated
	facts["Waited"] = waited(n.Due.Add(n.Late).Sub(a.At.Truncate(time.Second)))
	m := Message{Text: locked(i, Say("nudge.text", facts))}
	lines := [][]Span{marked(i, Line("nudge.line", facts))}
	if reach := phones(a.Open(), f); reach != "" {
		lines = append(lines, Line("nudge.phones", map[string]any{"Reach": reach}))
	}
	if n.Nth >= incident.GlassNudge {
		facts["Breakers"] = breakers(a, f)
		lines = append(lines, Line("nudge.glass", facts))
	}
	last := i.Nudges(a) <= n.Nth // an earlier call's message has nothing left to put off
	if last && !a.Hushed.IsZero() {
		lines = append(lines, Line("nudge.hushed", map[string]any{"By": a.HushedBy, "Until": a.Hushed}))
	}
	m.Blocks = []Block{Lines{Lines: lines}}
	if last && a.Hushed.IsZero() {
		m.Blocks = append(m.Blocks, Actions{Elements: []Element{Button{Verb: "recover quiet", Object: approvalObject(a), Label: Say("button.hush", nil)}}})
	}
	return fit(m)
}

// waited is a duration as people say it: whole minutes from the first one on.
func waited(d time.Duration) time.Duration {
	if d < time.Minute {
		return d
	}
	return d.Truncate(time.Minute)
}

// AskedOver is what is left of a direct message that asked somebody to decide: how it ended, with the link to its card.
// Outside of a restricted incident's channel nothing is said but that nobody is needed (I56).
func AskedOver(i *incident.Incident, a *incident.Approval) Message {
	facts := glassFacts(i, a)
	text := drill(i, Say("nudge.overtext", facts))
	line := join(Line("nudge.over", facts), decision(i, a))
	if i.Restricted {
		text = Say("nudge.oversecret", facts)
		line = plain(text)
	}
	return fit(Message{Text: text, Blocks: []Block{Lines{Lines: [][]Span{marked(i, line)}}}}).dated(i.Time)
}

// Broken says in a channel that the glass was broken. Outside of a restricted incident's channel it names the incident and
// nothing else (I56).
func Broken(i *incident.Incident, e incident.GlassBroken, outside bool) Message {
	facts := map[string]any{
		"ID": i.ID, "By": e.By, "Run": incident.RunName(e.Run), "Approval": incident.ApprovalName(e.Approval), "Number": e.Step, "Target": flat(e.Target, 60),
		"Reason": asTyped(flat(e.Reason, 500)), "Secret": outside && i.Restricted,
	}
	for _, g := range i.Glass {
		if g.Approval == e.Approval {
			facts["Number"] = g.Number
		}
	}
	line := marked(i, Line("broken.line", facts))
	if outside {
		for k := range line {
			line[k].Object = "" // it stands in another channel
		}
	}
	return fit(Message{Text: locked(i, Say("broken.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{line}}}})
}

// Kept says below a message that the stop switch keeps what it says from starting.
func Kept(m Message, f Facts) Message {
	if f.frozen() {
		by := f.House.Frozen
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("kept.line", map[string]any{"By": by.By, "At": by.At, "Reason": asTyped(flat(by.Reason, 300))})}})
	}
	return fit(m)
}

func glassFacts(i *incident.Incident, a *incident.Approval) map[string]any {
	return map[string]any{
		"ID": i.ID, "Name": a.Name(), "Number": a.Number, "Target": flat(target(a), 50), "Ends": a.Expires, "Left": max(0, a.Need-len(a.Votes)),
	}
}

// breakers are the listed people but for those who asked.
func breakers(a *incident.Approval, f Facts) []incident.Person {
	var list []incident.Person
	for _, p := range f.Breakers {
		if !p.Same(a.By) && len(list) < 8 {
			list = append(list, p)
		}
	}
	return list
}

// phones are names with numbers, for the case that nobody reads the chat.
func phones(people []incident.Person, f Facts) string {
	var list []string
	for _, p := range people[:min(len(people), 8)] {
		for _, c := range f.Contacts {
			if c.Key == p.Key && c.Phone != "" {
				list = append(list, flat(c.Name, 60)+" "+flat(c.Phone, 40))
			}
		}
	}
	return strings.Join(list, " · ")
}

// glassButton stands on the card once it was offered; who is not listed hears who is.
func glassButton(i *incident.Incident, a *incident.Approval, f Facts) []Element {
	if !i.GlassOffered(a) || len(breakers(a, f)) == 0 {
		return nil
	}
	return []Element{Button{Verb: "recover break", Object: approvalObject(a), Label: Say("button.break", nil)}}
}

// glassLines mark a run in which the glass was broken, for ever.
func glassLines(i *incident.Incident, r *incident.Run) [][]Span {
	var lines [][]Span
	for _, g := range i.BrokenIn(r.N) {
		lines = append(lines, Line("run.glass", map[string]any{
			"By": g.By, "At": g.At, "Number": g.Number, "Approval": incident.ApprovalName(g.Approval), "Reason": flat(g.Reason, 200),
		}))
	}
	return lines
}
