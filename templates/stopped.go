package templates

import (
	"github.com/drbot/drbot/incident"
)

// Stopped is the message of a run that drbot stopped before a step: it calls the operator and the commander, says what
// happened and what to do next. n counts the run's stops; once the run goes on or ends the message is one line.
func Stopped(i *incident.Incident, r *incident.Run, s *incident.Step, n uint64) Message {
	facts := troubleFacts(i, r, s)
	if !r.Stands(n) {
		m := Message{Text: locked(i, Say("trouble.text", facts))}
		m.Blocks = []Block{Lines{Lines: [][]Span{Line("trouble.over", facts)}}}
		return m
	}
	facts["Why"], facts["Kind"], facts["Ran"] = flat(r.Why, 400), r.Stop.Kind, s.Ran()
	m := Message{Text: locked(i, Say("stopped.text", facts))}
	menu := Menu{Options: []Button{
		{Verb: "recover skip", Object: stepObject(r, s), Label: Say("button.skipreason", nil)},
		{Verb: "recover hand", Object: stepObject(r, s), Label: Say("button.hand", nil)},
		{Verb: "recover handover", Object: runObject(r), Label: Say("button.handover", nil)},
		{Verb: "recover cancel", Object: runObject(r), Label: Say("button.end", nil)},
	}}
	m.Blocks = []Block{
		Header{Text: short(drill(i, Say("stopped.header", facts)), maxHeader)},
		Lines{Lines: [][]Span{Line("stopped.why", facts)}},
		Rows{Rows: []Row{
			{Label: Say("label.running", nil), Spans: Line("stopped.running", facts)},
			{Label: Say("label.first", nil), Spans: Line("stopped.first", facts)},
		}},
		Actions{Elements: []Element{Button{Verb: "recover resume", Object: runObject(r), Label: Say("button.resume", nil)}, menu}},
	}
	return fit(m)
}
