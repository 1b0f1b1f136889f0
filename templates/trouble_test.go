package templates

import (
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

// notBegun is a run whose restore was to start when drbot was killed.
func notBegun() *story {
	attempt := "R7-p1.s6-1"
	return granted(waiting(), "03:16", 17).say("03:16:04", incident.StepStarting{Run: 7, Step: "p1.s6", Attempt: attempt, Approval: 17, Until: at("03:46")}).
		say("03:18", incident.StepNotStarted{Run: 7, Step: "p1.s6", Attempt: attempt, Why: "drbot was restarted before the step began; nothing ran"})
}

func verbs(m Message) []string {
	var list []string
	for _, b := range m.Blocks {
		if actions, ok := b.(Actions); ok {
			for _, e := range actions.Elements {
				if button, ok := e.(Button); ok {
					list = append(list, button.Verb)
				}
			}
		}
	}
	return list
}

// A step that never began is run again; nothing is there to undo, whatever the lock says of failures.
func TestAStepThatNeverBeganIsRunAgainFirst(t *testing.T) {
	s := notBegun()
	r := s.Run(7)
	step := r.Step("p1.s6")
	step.OnFailure = "undo"
	m := Failure(s.Incident, r, step, s.facts())
	text := strings.Join(strings.Fields(Text(m)), " ")
	for _, want := range []string{
		"drbot restarted 03:18 UTC before the step began; nothing ran.", "Running nothing; no later step starts", "First run 1.6 again; it asks for approval anew",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	for _, word := range []string{"claim", "supervisor", "no process"} {
		if strings.Contains(text, word) {
			t.Errorf("%q is no word for 3 a.m.: %q", word, text)
		}
	}
	if got := verbs(m); len(got) == 0 || got[0] != "recover retry" || slices.Contains(got, "recover undo") {
		t.Errorf("buttons: %v", got)
	}
	again := notBegun()
	again.Run(7).Step("p1.s6").Earlier = true // an attempt before this one ran
	m = Failure(again.Incident, again.Run(7), again.Run(7).Step("p1.s6"), again.facts())
	if got := verbs(m); got[0] != "recover retry" || !slices.Contains(got, "recover undo") || !strings.Contains(strings.Join(strings.Fields(Text(m)), " "), "nothing ran this time") {
		t.Errorf("after an earlier attempt: %v, %s", got, Text(m))
	}
}

// The reason stands on the card once, beside its exit code.
func TestAFailureSaysItsReasonOnce(t *testing.T) {
	for _, c := range []struct {
		exit       int
		note, want string
	}{
		{1, "exit 1", "Ana Ruiz: exit 1"},
		{0, "exit 0, but the check failed: nothing in the output matches ^users: 2000$", "Ana Ruiz: exit 0, but the check failed: nothing in the output matches ^users: 2000$"},
		{0, `exit 0, but the output is not "ok"`, `Ana Ruiz: exit 0, but the check failed: the output is not "ok"`},
		{127, "a program that it needs is not there; exit 127", "Ana Ruiz: exit 127: a program that it needs is not there"},
		{1, "the disk is full; make room; exit 1", "Ana Ruiz: exit 1: the disk is full; make room"},
		{4, "exit 4; its output was not kept whole: no space", "Ana Ruiz: exit 4: its output was not kept whole: no space"},
		{0, "users 1,900, manifest says 2,000", "Ana Ruiz: exit 0, but the check failed: users 1,900, manifest says 2,000"},
	} {
		s := failing()
		step := s.Run(7).Step("p1.s7")
		step.Exit, step.Note = c.exit, c.note
		text := strings.Join(strings.Fields(Text(Failure(s.Incident, s.Run(7), step, s.facts()))), " ")
		if !strings.Contains(text, c.want+" Now true") {
			t.Errorf("%q is not in %q", c.want, text)
		}
	}
}

// What outlived a step and was ended is named on the run card, on the failure card and in the timeline.
func TestI30_WhatWasKilledIsNamed(t *testing.T) {
	e := incident.StepEnded{
		Run: 7, Step: "p1.s6", Attempt: "R7-p1.s6-1", Outcome: incident.Succeeded, Survived: []string{"4711 bash", "4712 sleep"}, Why: "ran, not verified",
	}
	want := "2 processes outlived it and were ended: 4711 bash, 4712 sleep"
	s := restoring().say("03:22", e)
	if text := strings.Join(strings.Fields(Text(RunCard(s.Incident, s.Run(7), s.facts()))), " "); !strings.Contains(text, want) {
		t.Error(text)
	}
	e.Outcome, e.Exit = incident.Failed, 1
	s = restoring().say("03:22", e)
	if text := strings.Join(strings.Fields(Text(Failure(s.Incident, s.Run(7), s.Run(7).Step("p1.s6"), s.facts()))), " "); !strings.Contains(text, want) {
		t.Error(text)
	}
	if text, _ := InWords(e); !strings.Contains(text, want) {
		t.Error(text)
	}
	e.Lives = true // the lock lets them live on: nothing was ended
	s = restoring().say("03:22", e)
	if text := Text(Failure(s.Incident, s.Run(7), s.Run(7).Step("p1.s6"), s.facts())); strings.Contains(text, "outlived") {
		t.Error(text)
	}
}

// Nothing is called "nothing" while processes of the step are there.
func TestI26_TheUnknownCardNamesWhatStillRuns(t *testing.T) {
	text := func(e incident.StepUnknown) string {
		s := restoring()
		e.Run, e.Step, e.Attempt = 7, "p1.s6", "R7-p1.s6-1"
		s.say("03:18", e)
		return strings.Join(strings.Fields(Text(Unknown(s.Incident, s.Run(7), s.Run(7).Step("p1.s6"), s.facts()))), " ")
	}
	for _, c := range []struct {
		e    incident.StepUnknown
		want string
	}{
		{incident.StepUnknown{Why: "gone; processes of it are still there: 23756 bash, 23760 sleep", Left: []string{"23756 bash", "23760 sleep"}}, "gone (seen 03:18 UTC)."},
		{incident.StepUnknown{Why: "gone", Left: []string{"23756 bash", "23760 sleep"}}, "Running 2 processes of 1.6: 23756 bash, 23760 sleep; no later step starts"},
		{incident.StepUnknown{Why: "gone", Left: []string{"23756 bash"}}, "First wait for what still runs, or end it on its host; drbot looks every few seconds"},
		{incident.StepUnknown{Why: "gone", Left: []string{"23756 bash"}, Unseen: true}, "First look at the output and at the target"},
		{incident.StepUnknown{Why: "gone"}, "Running nothing that drbot can find (what left its session and its environment it would not see); no later step starts"},
		{incident.StepUnknown{Why: "gone", Far: "far1"}, "Running perhaps 1.6, on far1, where drbot cannot ask; no later step starts"},
		{incident.StepUnknown{Why: "gone; processes of it are still there: 7 sleep"}, "Running processes of 1.6 (above); no later step starts"}, // an older record
	} {
		if got := text(c.e); !strings.Contains(got, c.want) {
			t.Errorf("%q is not in %q", c.want, got)
		}
	}
}

// Before anything changed, that is what is true.
func TestTheFailureCardSaysWhatIsTrueBeforeAnyChange(t *testing.T) {
	s := started(ready().say("03:08", incident.RunStarted{Run: 7, By: ana}), "03:08", "p1.s1", 0).say("03:09", incident.StepEnded{
		Run: 7, Step: "p1.s1", Attempt: "R7-p1.s1-1", Outcome: incident.Failed, Exit: 1,
	})
	text := strings.Join(strings.Fields(Text(Failure(s.Incident, s.Run(7), s.Run(7).Step("p1.s1"), s.facts()))), " ")
	if !strings.Contains(text, "Now true as before R7: nothing of it changed anything") {
		t.Errorf("got %q", text)
	}
}

func TestAKilledStepHasNoExitCode(t *testing.T) {
	s := started(restored(), "03:22", "p1.s7", 0).say("03:22:09", incident.StepEnded{
		Run: 7, Step: "p1.s7", Attempt: "R7-p1.s7-1", Outcome: incident.Failed, Exit: -1, Why: "something other than drbot killed it",
	})
	r := s.Run(7)
	if text := Text(Failure(s.Incident, r, r.Step("p1.s7"), s.facts())); strings.Contains(text, "-1") || !strings.Contains(text, "ended by a signal: something other than drbot killed it") {
		t.Errorf("%s", text)
	}
}

// What the step said last on standard error is its reason, beside how it ended.
func TestAFailureSaysWhatTheStepSaid(t *testing.T) {
	for _, c := range []struct {
		exit            int
		why, said, want string
	}{
		{1, "exit 1", "", "Ana Ruiz: exit 1 "},
		{1, "exit 1", "cp: no such file", "Ana Ruiz: exit 1: cp: no such file "},
		{0, "exit 0, but the check failed: users 1,900", "a warning", "Ana Ruiz: exit 0, but the check failed: users 1,900 "},
		{0, `exit 0, but the output is not "ok"`, "", `Ana Ruiz: exit 0, but the check failed: the output is not "ok" `},
		{127, "a program is not there; exit 127", "bash: nano: command not found", "Ana Ruiz: exit 127: a program is not there: bash: nano: command not found "},
		{127, "a program is not there; exit 127", "", "Ana Ruiz: exit 127: a program is not there "},
	} {
		s := started(restored(), "03:22", "p1.s7", 0).say("03:22:09", incident.StepEnded{
			Run: 7, Step: "p1.s7", Attempt: "R7-p1.s7-1", Outcome: incident.Failed, Exit: c.exit, Why: c.why, Said: c.said,
		})
		text := strings.Join(strings.Fields(Text(Failure(s.Incident, s.Run(7), s.Run(7).Step("p1.s7"), s.facts()))), " ")
		if !strings.Contains(text, c.want+"Now true") {
			t.Errorf("%q is not in %q", c.want, text)
		}
	}
}

// What a step prints is not shown where its lock says so, its last words neither.
func TestAStepWithoutOutputKeepsItsLastWords(t *testing.T) {
	s := started(restored(), "03:22", "p1.s7", 0)
	s.Run(7).Step("p1.s7").Output = "none"
	s.say("03:22:09", incident.StepEnded{Run: 7, Step: "p1.s7", Attempt: "R7-p1.s7-1", Outcome: incident.Failed, Exit: 1, Why: "exit 1", Said: "row 7: private"})
	if text := Text(Failure(s.Incident, s.Run(7), s.Run(7).Step("p1.s7"), s.facts())); strings.Contains(text, "private") {
		t.Error(text)
	}
}
