package templates

import (
	"fmt"

	"github.com/drbot/drbot/incident"
)

// keepers are who keeps a promise: who speaks; of maintenance that nobody leads, who made it.
func keepers(i *incident.Incident, late bool) []incident.Person {
	list := speakers(i, late)
	if len(list) > 0 || i.Window == nil {
		return list
	}
	var by incident.Person
	switch {
	case i.Again != nil && i.Again.Updates == i.Updates:
		by = i.Again.By
	case i.Moved != nil && i.Moved.Updates == i.Updates:
		by = i.Moved.By
	case i.Newest != nil:
		by = i.Newest.By
	}
	if by.Key == "" {
		return nil
	}
	return []incident.Person{by}
}

// movedFacts are those of a window that was moved.
func movedFacts(i *incident.Incident, m incident.Moved) map[string]any {
	facts := windowFacts(i)
	facts["By"], facts["Was"], facts["WasUntil"], facts["Who"] = m.By, m.From, m.Until, []incident.Person(nil)
	return facts
}

// WindowMoved tells responders that the window is another one. Where people were mailed the old one, it offers the draft that
// tells them, until an update is sent; whoever wrote what waited with the old one writes it anew.
func WindowMoved(i *incident.Incident, m incident.Moved, d Drafted) Message {
	text := Say("window.movedtext", map[string]any{"ID": i.ID})
	if i.Moved == nil || !i.Moved.At.Equal(m.At) || i.Window == nil {
		return closed(i, text, Line("window.movedover", nil))
	}
	facts, to := movedFacts(i, m), i.Outdated()
	waits := i.Updates == m.Updates && len(to) > 0
	if waits {
		facts["Who"], facts["To"], facts["Draft"] = keepers(i, true), to, flat(d.Text, 2500)
	}
	lines := [][]Span{marked(i, Line("window.moved", facts))}
	var anew []Element
	for k := range i.Outgoing {
		o := &i.Outgoing[k]
		if o.State != incident.LookMoved || !o.Decided.Equal(m.At) {
			continue
		}
		lines = append(lines, Line("window.movedlook", map[string]any{"By": o.By, "To": o.To, "N": o.Draft}))
		if i.Active() && i.Updates == m.Updates {
			anew = append(anew, Button{Verb: "incident update", Object: fmt.Sprintf("%s/m%d", object(i), o.Draft), Label: Say("button.anew", nil)})
		}
	}
	if waits {
		lines = append(lines, Line("window.movedto", facts), Line("reminder.draft", facts))
		anew = append(promiseButtons(i, d, "")[:2], anew...)
	}
	message := Message{Text: locked(i, text), Blocks: []Block{Lines{Lines: lines}}}
	if len(anew) > 0 {
		message.Blocks = append(message.Blocks, Actions{Elements: anew})
	}
	return fit(message).dated(i.Time)
}

// WindowMovedTold says it where people only read it.
func WindowMovedTold(i *incident.Incident, m incident.Moved) Message {
	if i.Moved == nil || !i.Moved.At.Equal(m.At) || i.Window == nil {
		return closed(i, Say("window.movedtext", map[string]any{"ID": i.ID}), Line("window.movedover", nil))
	}
	facts := movedFacts(i, m)
	return closed(i, Say("window.movedtext", map[string]any{"ID": i.ID}), Line("window.movedtold", facts))
}
