package templates

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

const someSum = "83bcedaf8ca2b076638c7eaa7088b6b30980d8e3cd7a4d7024582cb70da59897"

// printing is the failed step of a story whose output is another.
func printing(change func(*incident.Step)) (*story, *incident.Step) {
	s := failing()
	step := s.Run(7).Step("p1.s7")
	change(step)
	return s, step
}

func outputCards(add func(string, Message)) {
	for name, change := range map[string]func(*incident.Step){
		"whole":  func(*incident.Step) {},
		"file":   func(s *incident.Step) { s.Output = incident.OutputFile },
		"none":   func(s *incident.Step) { s.Output = incident.OutputNone },
		"notext": func(s *incident.Step) { s.Last, s.NoText, s.Bytes = "", someSum, 300_061 },
	} {
		s, step := printing(change)
		f := s.facts()
		if name != "none" {
			f.Uploaded = map[string]bool{OutputKey(s.Run(7), step): true}
		}
		add("failure/output"+name, Failure(s.Incident, s.Run(7), step, f))
	}
	s, _ := printing(func(s *incident.Step) {
		s.State, s.NoText, s.Bytes, s.Note = incident.StepDone, someSum, 300_061, "ran, not verified"
	})
	add("run/notext", RunCard(s.Incident, s.Run(7), s.facts()))
	for _, drill := range []bool{false, true} {
		s.Drill = drill
		p := PrintedBy(s.Run(7), s.Run(7).Step("p1.s7"))
		p.Attempt = map[bool]string{true: "2", false: "1"}[drill]
		if p.Cut = drill; drill {
			p.NoText = ""
		}
		add("output/"+p.Attempt, Message{Text: OutputFile(s.Incident, p)})
	}
}

// TestI38_OutputFileKeepsItsOutputOutOfMessages: with output: file, as with none, no message quotes what the step printed,
// neither on its card nor as the reason, the finding or the newest line.
func TestI38_OutputFileKeepsItsOutputOutOfMessages(t *testing.T) {
	for _, mode := range []string{incident.OutputFile, incident.OutputNone} {
		s := started(restored(), "03:22", "p1.s7", 0)
		step := s.Run(7).Step("p1.s7")
		step.Output = mode
		f := s.facts()
		f.Live = map[string]Tail{StepKey(s.Run(7), step): {At: at("03:22"), Line: "private"}}
		shown := Text(RunCard(s.Incident, s.Run(7), f))
		s.say("03:22:09", incident.StepEnded{
			Run: 7, Step: "p1.s7", Attempt: "R7-p1.s7-1", Outcome: incident.Failed, Exit: 1, Why: "exit 1", Last: "private", Said: "private",
		})
		shown += Text(Failure(s.Incident, s.Run(7), step, s.facts())) + Text(RunCard(s.Incident, s.Run(7), s.facts())) + Text(Card(s.Incident, s.facts()))
		step.State = incident.StepDone
		shown += Text(RunCard(s.Incident, s.Run(7), s.facts())) + OutputFile(s.Incident, PrintedBy(s.Run(7), step))
		if strings.Contains(shown, "private") {
			t.Errorf("%s: %s", mode, shown)
		}
	}
}

// TestI39_WhatFitsACard: what a message quotes whole needs no file, and nothing else is quoted whole.
func TestI39_WhatFitsACard(t *testing.T) {
	for output, fits := range map[string]bool{
		"":                               true,
		"one line\n":                     true,
		strings.Repeat("line\n", 10):     true,
		strings.Repeat("line\n", 11):     false,
		strings.Repeat("x", 200):         true,
		strings.Repeat("x", 201):         false,
		strings.Repeat("äöü", 66) + "\n": true,
		strings.Repeat(strings.Repeat("x", 200)+"\n", 10): true,
	} {
		if FitsCard(output) != fits {
			t.Errorf("%d bytes, %d lines: %v", len(output), strings.Count(output, "\n"), !fits)
		}
		if quoted := tail(output, lastLines); fits && quoted != strings.TrimRight(output, "\n") {
			t.Errorf("%q is quoted as %q", output, quoted)
		}
	}
}
