package runner_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
)

// lost brings the run to step 1.2, whose supervisor is gone while its process lives.
func (r *rig) lost() *incident.Step {
	r.t.Helper()
	r.serve()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.here()
	r.stop()
	r.killSupervisor("r1-p1-s2-1")
	r.serve()
	return r.untilStep("1.2", incident.StepIsLost).Step("1.2")
}

// TestI22_I26_I30_NothingBeginsBesideWhatLives: while a process of a lost step lives it is not run again, not settled by a person's word,
// and its run does not end. Once it is over, drbot sees that by itself.
func TestI22_I26_I30_NothingBeginsBesideWhatLives(t *testing.T) {
	r := newRig(t, once)
	s := r.lost()
	if len(s.Left) == 0 {
		t.Fatalf("nobody saw what lives: %+v", s)
	}
	for _, line := range []string{"retry 1.2", "hand 1.2 looked fine", "skip 1.2 it is enough", "cancel another way"} {
		if reply := r.say(ana, line); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "of step 1.2 may still run: ") {
			t.Errorf("%s: %+v", line, reply)
		}
	}
	r.write("go", "")
	r.until("nothing of it lives", func(run *incident.Run) bool { return len(run.Step("1.2").Left) == 0 })
	r.must(r.say(ana, "hand 1.2 it ended well"))
	r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if r.lines("ran") != 1 {
		t.Errorf("it ran %d times", r.lines("ran"))
	}
}

// TestI26_I30_AStartLooksOnceMore: the record may know nothing of processes that live; the start looks by itself.
func TestI26_I30_AStartLooksOnceMore(t *testing.T) {
	r := newRig(t, once)
	s := r.lost()
	r.stop()
	if err := r.office.Report(t.Context(), r.id, "", incident.StepSurvivors{Run: 1, Step: s.ID, Attempt: s.Attempt}); err != nil {
		t.Fatal(err)
	}
	r.must(r.say(ana, "retry"))
	r.serve()
	approve := func() {
		r.must(r.press(bea, "recover approve", incident.ApprovalName(r.untilStep("1.2", incident.StepWaits).Step("1.2").Approval)))
	}
	approve()
	s = r.untilStep("1.2", incident.StepFailed).Step("1.2")
	if !strings.HasPrefix(s.Note, "its attempt 1 still runs: ") || r.lines("ran") != 1 {
		t.Errorf("%q, it ran %d times", s.Note, r.lines("ran"))
	}
	r.write("go", "")
	for live := []string{""}; len(live) > 0; {
		var err error
		if live, err = attempt.Leftover(r.runs(), "r1-p1-s2-1"); err != nil {
			t.Fatal(err)
		}
	}
	r.must(r.say(ana, "retry"))
	approve()
	r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if r.lines("ran") != 2 {
		t.Errorf("it ran %d times", r.lines("ran"))
	}
}
