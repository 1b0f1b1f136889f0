package templates

import (
	"fmt"
	"time"
	"unicode"

	"github.com/drbot/drbot/incident"
)

// endFacts are those of an end that has not left the house.
func endFacts(i *incident.Incident) map[string]any {
	o, to := i.HeldEnd()
	return map[string]any{
		"ID": i.ID, "To": capital(audiences(to)), "One": one(to), "N": o.Draft, "By": o.By, "Back": o.State == incident.LookBack, "Decider": o.DecidedBy,
		"Why": flat(o.Why, 500), "Only": o.Only, "Asked": o.Asked, "Missed": false, "Due": time.Time{}, "Late": time.Duration(0), "Down": false,
	}
}

// one reports whether words go on in the singular after these audiences.
func one(to []incident.Audience) bool { return len(to) == 1 && to[0] != incident.AudienceExecutives }

// audiences are names in a sentence.
func audiences(to []incident.Audience) string {
	var names []string
	for _, a := range to {
		names = append(names, Say("audience.name", map[string]any{"To": string(a)}))
	}
	return Names(names, "and")
}

// capital begins a sentence with words.
func capital(words string) string {
	r := []rune(words)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// EndHeld reminds of an end that has not left: who may let it go, or its writer where it was sent back. Settled, it is one line.
func EndHeld(i *incident.Incident, o *incident.Outgoing, late time.Duration) Message {
	if held, _ := i.HeldEnd(); held == nil || held.Draft != o.Draft {
		facts := map[string]any{"ID": i.ID, "N": o.Draft, "To": audiences(o.To)}
		return closed(i, Say("end.over", facts), Line("end.over", facts))
	}
	facts := endFacts(i)
	facts["Late"], facts["Down"] = late, late > tolerated
	return endHeld(i, facts)
}

// unended says that what was promised outside by an instant was to be kept by the end, which has not left.
func unended(i *incident.Incident, text string, d Overdue) Message {
	facts := endFacts(i)
	facts["Missed"], facts["Due"], facts["Late"], facts["Down"] = true, d.Due, d.Late, d.Late > tolerated
	facts["To"] = audiences(d.To(i))
	facts["One"] = one(d.To(i))
	m := endHeld(i, facts)
	m.Text = locked(i, text)
	return m
}

func endHeld(i *incident.Incident, facts map[string]any) Message {
	if facts["Down"].(bool) && !facts["Missed"].(bool) {
		facts["To"] = audiences(heldTo(i))
	}
	m := Message{Text: locked(i, Say("end.text", map[string]any{"ID": i.ID, "To": audiences(heldTo(i)), "One": one(heldTo(i))})), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("end.line", facts))}}}}
	if facts["Back"].(bool) {
		m.Blocks = append(m.Blocks, Actions{Elements: []Element{Button{Verb: "incident edit", Object: fmt.Sprintf("%s/e0", object(i)), Label: Say("button.anew", nil)}}})
	}
	return fit(m).dated(i.Time)
}

func heldTo(i *incident.Incident) []incident.Audience {
	_, to := i.HeldEnd()
	return to
}
