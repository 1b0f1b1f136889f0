package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

// cancelled is what Ana hears when she cancels, in the form before and in the answer after it.
func (r *rig) cancelled() (asks, said string) {
	r.t.Helper()
	form := r.say(ana, "/recover cancel").Form
	if form == nil {
		r.t.Fatal("it asks nothing")
	}
	if form.Submit != "Cancel the run" || form.Close != "Back" {
		r.t.Errorf("buttons %q and %q", form.Submit, form.Close)
	}
	reply := r.press(ana, "recover cancel", "R1", "reason", "another way")
	r.must(reply)
	return introduced(form), reply.Say.Text
}

func introduced(f *templates.Form) string {
	var all []string
	for _, b := range f.Intro {
		for _, line := range b.(templates.Lines).Lines {
			for _, span := range line {
				all = append(all, span.Text)
			}
		}
	}
	return strings.Join(all, " ")
}

func (r *rig) begun() {
	r.t.Helper()
	run, s := r.run(), r.next()
	r.report("started/"+s.Attempt, incident.StepStarted{Run: run.N, Step: s.ID, Attempt: s.Attempt})
}

func TestCancel_SaysWhatRanInPart(t *testing.T) {
	r := recovery(t, func(l *runbook.Lock) { entryOf(l, "p1.s4").Leaves = "" }).rig()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.answer()
	r.ended(incident.Failed, nil)
	failed := r.clock().UTC().Format("15:04 UTC")
	r.must(r.say(ana, "/recover retry"))
	r.answer()
	r.must(r.press(bea, "recover approve", "A2"))
	r.answer()
	r.begun()
	r.pass(2 * time.Minute)
	lost := r.clock().UTC().Format("15:04 UTC")
	s := r.next()
	r.report("lost", incident.StepUnknown{Run: 1, Step: s.ID, Attempt: s.Attempt, Why: "its supervisor is gone"})
	r.must(r.say(ana, "/recover retry"))
	r.answer()
	asks, said := r.cancelled()
	for _, text := range []string{asks, said} {
		for _, want := range []string{"Step 1.4 may have run in part: begun 2 times, and the last ended without a result at " + lost, "nobody wrote what it leaves", "Done: 1.3"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in: %s", want, text)
			}
		}
		if strings.Contains(text, "Nothing was changed") {
			t.Errorf("%s", text)
		}
	}
	if !strings.HasPrefix(said, "R1 ended (cancelled): another way. ") || failed == lost {
		t.Errorf("%s", said)
	}
}

func TestCancel_SaysWhatIsDoneAndThatNothingIs(t *testing.T) {
	r := recovery(t).rig()
	r.plan()
	r.must(r.say(ana, "/recover start"))
	if _, said := r.cancelled(); said != "R1 ended (cancelled): another way. Nothing was changed." {
		t.Errorf("%s", said)
	}
	r = recovery(t).rig()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.answer()
	r.ended(incident.Succeeded, nil)
	if _, said := r.cancelled(); said != "R1 ended (cancelled): another way. Done: 1.3, 1.4. It leaves: backup in place. Not undone: 1.4." {
		t.Errorf("%s", said)
	}
}

// TestI22_I30_CancelWaitsForWhatStillRuns: processes of a step whose supervisor is gone go on; while nobody has seen to them the
// run keeps its target to itself.
func TestI22_I30_CancelWaitsForWhatStillRuns(t *testing.T) {
	r := recovery(t).rig()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.answer()
	r.begun()
	s := r.next()
	r.report("lost", incident.StepUnknown{Run: 1, Step: s.ID, Attempt: s.Attempt, Why: "its supervisor is gone" + incident.StillThere + "4711 bash", Left: []string{"4711 bash", "4712 sleep 1"}})
	for range 2 {
		r.refused(r.press(ana, "recover cancel", "R1", "reason", "another way"), incident.WrongState, "2 processes of step 1.4 may still run: 4711 bash, 4712 sleep 1")
	}
	if run := r.run(); run.State == incident.Ended {
		t.Fatal("it ended")
	}
	for _, press := range []string{"recover retry", "recover hand", "recover skip", "recover undo"} {
		reply := r.press(ana, press, "R1/p1.s4", "did", "killed both", "saw", "half of it is there", "reason", "it is enough")
		r.refused(reply, incident.WrongState, "2 processes of step 1.4 may still run: 4711 bash, 4712 sleep 1")
	}
	seen := func(key string, left ...string) {
		r.report(key, incident.StepSurvivors{Run: 1, Step: s.ID, Attempt: s.Attempt, Left: left})
	}
	seen("seen one", "4711 bash")
	r.refused(r.press(ana, "recover cancel", "R1", "reason", "another way"), incident.WrongState, "1 process of step 1.4 may still run: 4711 bash.")
	seen("seen none")
	if now := r.next(); now.State != incident.StepIsLost || len(now.Left) != 0 || now.Note != "its supervisor is gone" {
		t.Errorf("%s %v %q", now.State, now.Left, now.Note)
	}
	r.must(r.press(ana, "recover hand", "R1/p1.s4", "did", "killed both", "saw", "half of it is there"))
	if _, said := r.cancelled(); !strings.Contains(said, "Done by hand: 1.4 (half of it is there)") {
		t.Errorf("%s", said)
	}
}

// TestI30_WhatMayLiveOnIsAPersonsToJudge: drbot waits for no end of processes that it cannot see or that the lock keeps, and still
// begins nothing beside them.
func TestI30_WhatMayLiveOnIsAPersonsToJudge(t *testing.T) {
	r := recovery(t).rig()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.answer()
	r.begun()
	s := r.next()
	r.report("lost", incident.StepUnknown{Run: 1, Step: s.ID, Attempt: s.Attempt, Why: "gone", Left: []string{"4711 server"}, Unseen: true})
	for _, press := range []string{"recover retry", "recover cancel"} {
		object := map[string]string{"recover retry": "R1/p1.s4", "recover cancel": "R1"}[press]
		r.refused(r.press(ana, press, object, "reason", "another way"), incident.WrongState, "1 process of step 1.4 may still run: 4711 server.")
	}
	r.must(r.press(ana, "recover hand", "R1/p1.s4", "did", "looked", "saw", "the server answers"))
}

// A step that is running when its run is cancelled is being stopped: the answer does not say both.
func TestCancel_SaysThatTheStepIsBeingStopped(t *testing.T) {
	r := recovery(t).rig()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.answer()
	r.begun()
	_, said := r.cancelled()
	if !strings.Contains(said, "step 1.4 is being stopped") || strings.Contains(said, "is running") {
		t.Error(said)
	}
}
