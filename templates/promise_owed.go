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
func (d Overdue) To(i *incident.Incident) (to []incident.Audience) {
	for _, o := range i.Owed {
		if o.Due.Unix() == d.Due.Unix() && i.Active() {
			to = append(to, o.To)
		}
	}
	return to
}

// moved reports whether it is the new window of maintenance that they wait for.
func (d Overdue) moved(i *incident.Incident) bool {
	return slices.ContainsFunc(i.Owed, func(o incident.Debt) bool { return o.Window && o.Due.Unix() == d.Due.Unix() })
}

// Missing says once that a promise to people outside was missed: to who may let go what waits for its second look, or to who
// speaks where nothing was written for them. Kept, it is one line.
func Missing(i *incident.Incident, d Overdue) Message {
	to := d.To(i)
	facts := map[string]any{
		"ID": i.ID, "Due": d.Due, "Late": d.Late, "Down": d.Late > tolerated, "To": to, "Who": keepers(i, true), "Number": i.Updates, "Misled": len(i.Misled()) > 0, "Moved": d.moved(i), "Active": i.Active(),
	}
	text := Say("owed.text", facts)
	if len(to) == 0 {
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
