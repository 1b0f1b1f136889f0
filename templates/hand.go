package templates

import (
	"fmt"
	"strings"

	"github.com/drbot/drbot/incident"
)

// Hand is the message of a step that waits for a person: to do it, or first to say whether it is needed.
func Hand(i *incident.Incident, r *incident.Run, s *incident.Step, f Facts) Message {
	facts := troubleFacts(i, r, s)
	facts["Why"], facts["Condition"] = flat(s.Why, 160), flat(s.Condition, 200)
	spec := f.Specs[s.Spec]
	switch {
	case r.State == incident.Ended || s.State != incident.StepHand && s.State != incident.StepAsked:
		return Message{Text: locked(i, Say("trouble.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{Line("trouble.over", facts)}}}}
	case s.State == incident.StepAsked:
		return asksNeed(i, r, s, spec, facts)
	}
	m := Message{Text: locked(i, Say("hand.text", facts)), Blocks: []Block{
		Header{Text: short(drill(i, Say("hand.header", facts)), maxHeader)}, Lines{Lines: [][]Span{Line("hand.ask", facts)}},
	}}
	m.showHand(r, s, spec)
	list := []Element{
		Button{Verb: "recover hand", Object: stepObject(r, s), Label: Say("button.done", nil), Style: "primary"},
		Button{Verb: "recover skip", Object: stepObject(r, s), Label: Say("button.notneeded", nil)},
	}
	if called := calledButtons(i, spec); len(called) > 0 {
		var names []string
		for _, c := range spec.Calls {
			names = append(names, flat(c.Title, 80))
		}
		facts["Names"] = flat(Names(names, "and"), 400)
		m.Blocks, list = append(m.Blocks, Lines{Lines: [][]Span{Line("hand.calls", facts)}}), append(list, called...)
	}
	m.Blocks = append(m.Blocks, Actions{Elements: list})
	return fit(m)
}

// asksNeed asks whether a step with a condition is needed. Nothing of it happens before the answer.
func asksNeed(i *incident.Incident, r *incident.Run, s *incident.Step, spec *incident.Spec, facts map[string]any) Message {
	m := Message{Text: locked(i, Say("ask.text", facts)), Blocks: []Block{
		Header{Text: short(drill(i, Say("ask.header", facts)), maxHeader)}, Lines{Lines: [][]Span{Line("ask.line", facts)}},
	}}
	m.showHand(r, s, spec)
	m.Blocks = append(m.Blocks, Actions{Elements: []Element{
		Button{Verb: "recover needed", Object: stepObject(r, s), Label: Say("button.needed", nil), Style: "primary"},
		Button{Verb: "recover notneeded", Object: stepObject(r, s), Label: Say("button.notneeded", nil)},
	}})
	return fit(m)
}

// showHand adds what the runbook says of the step, with the values that are known.
func (m *Message) showHand(r *incident.Run, s *incident.Step, spec *incident.Spec) {
	if spec == nil {
		return
	}
	text := spec.Text
	if text == "" {
		text = spec.Script
	}
	if text = strings.TrimSpace(text); text != "" {
		shown := showText(text, valueLines(spec, r), StepKey(r, s), incident.Digest([]byte(text)))
		m.Blocks, m.Attach = append(m.Blocks, shown.blocks...), shown.attach
	}
}

// maxCalled is how many called procedures a card offers.
const maxCalled = 3

// calledButtons plan the procedures that a step names.
func calledButtons(i *incident.Incident, spec *incident.Spec) []Element {
	if spec == nil {
		return nil
	}
	var list []Element
	for _, c := range spec.Calls[:min(len(spec.Calls), maxCalled)] {
		list = append(list, Button{
			Verb: "recover plan", Object: fmt.Sprintf("%d/%s", i.ID, c.ID), Label: short(Say("button.plan", map[string]any{"Title": flat(c.Title, 60)}), 70),
		})
	}
	return list
}
