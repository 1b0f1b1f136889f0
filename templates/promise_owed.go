package templates

import (
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
)

// Overdue is what audiences outside were promised by an instant, and were not sent.
type Overdue struct {
	Due  time.Time // by the second
	Late time.Duration
}

// To are the audiences that still wait for it.
func (d Overdue) To(i *incident.Incident) []incident.Audience { return i.Awaited(d.Due) }

// moved reports whether it is the new window of maintenance that they wait for.
func (d Overdue) moved(i *incident.Incident) bool {
	return slices.ContainsFunc(i.Owed, func(o incident.Debt) bool { return o.Window && o.Due.Unix() == d.Due.Unix() })
}

// misled reports whether all of them read that it is over.
func misled(i *incident.Incident, to []incident.Audience) bool {
	read := i.Misled()
	return len(to) > 0 && !slices.ContainsFunc(to, func(a incident.Audience) bool { return !slices.Contains(read, a) })
}

// Missing says once that a promise to people outside was missed: to who may let go what waits for its second look, or to who
// speaks where nothing was written for them. Kept, it is one line.
func Missing(i *incident.Incident, d Overdue) Message {
	to := d.To(i)
	facts := map[string]any{
		"ID": i.ID, "Due": d.Due, "Late": d.Late, "Down": d.Late > tolerated, "To": to, "One": one(to), "Who": keepers(i, true), "Number": 0, "Since": 0, "Misled": misled(i, to), "Moved": d.moved(i), "Active": i.Active(),
	}
	if len(to) > 0 {
		since := i.NewestTo(to[0])
		facts["Since"] = since
		if since < i.Updates {
			facts["Number"] = i.Updates
		}
	}
	text := Say("owed.text", facts)
	if len(to) > 0 && !i.Active() {
		return unended(i, text, d)
	}
	if len(to) == 0 {
		facts["Active"] = i.Active() || d.Due.After(i.ResolvedAt) // else the end brought it
		return closed(i, text, Line("owed.over", facts))
	}
	if o := i.Held(to[0]); o != nil {
		return closed(i, text, held(Line("owed.held", facts), o))
	}
	return fit(Message{Text: locked(i, text), Blocks: []Block{
		Lines{Lines: [][]Span{marked(i, Line("owed.line", facts))}},
		Actions{Elements: []Element{Button{Verb: "incident update", Object: object(i) + whom(to), Label: Say("button.owed", nil), Style: "primary"}}},
	}}).dated(i.Time)
}

// held goes on with the message that waits for its second look, and with who may let it go.
func held(line []Span, o *incident.Outgoing) []Span {
	line = append(line, T(" "))
	return append(line, Line("owed.message", map[string]any{"N": o.Draft, "Number": o.Number, "By": o.By, "Only": o.Only, "Asked": o.Asked})...)
}
