package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/statetest"
)

// TestI26_I30_NothingBeginsBesideAStepElsewhere: while nobody could ask the other host how a step ended it is not begun again; while it is
// known to run there no word settles it, and a cancel reaches it. It answers for itself.
func TestI26_I30_NothingBeginsBesideAStepElsewhere(t *testing.T) {
	for _, how := range []string{"ends", "cancelled"} {
		r, s := farRig(t)
		r.serve()
		r.begun()
		s.Stop()
		if far := r.untilStep("1.2", incident.StepIsLost).Step("1.2").Far; far != "db1" {
			t.Errorf("it may still run on %q", far)
		}
		if reply := r.say(ana, "retry 1.2"); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "may still run on db1") || !strings.Contains(reply.Say.Text, "gone for good") {
			t.Errorf("nobody could ask: %+v", reply)
		}
		s.Launch(t)
		r.until("it is found", func(run *incident.Run) bool { return len(run.Step("1.2").Left) == 1 })
		for _, line := range []string{"retry 1.2", "hand 1.2 looked fine", "skip 1.2 it is enough"} {
			if reply := r.say(ana, line); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "the step itself, on db1") {
				t.Errorf("%s: %+v", line, reply)
			}
		}
		if how == "cancelled" {
			r.must(r.handle(commands.Command{Verb: "recover cancel", Object: "R1", Actor: ana, Channel: "C1", Fields: map[string][]string{"reason": {"enough"}}}))
			r.gone()
		} else {
			r.write("go", "")
			r.untilStep("1.2", incident.StepDone)
			r.over()
		}
		if r.lines("ran") != 1 {
			t.Errorf("it ran %d times", r.lines("ran"))
		}
		r.stop()
	}
}

// TestI26_I30_AStartAsksTheOtherHost: the record may know nothing of what runs there; the start asks.
func TestI26_I30_AStartAsksTheOtherHost(t *testing.T) {
	for _, attached := range []bool{true, false} {
		r, s := farRig(t)
		r.serve()
		r.begun()
		if !attached {
			s.Stop()
			r.untilStep("1.2", incident.StepIsLost)
		}
		r.stop()
		if attached {
			e := incident.StepUnknown{Run: 1, Step: "p1.s2", Attempt: "r1-p1-s2-1", Why: "gone"} // as earlier versions said it
			if err := r.office.Report(t.Context(), r.id, "", e); err != nil {
				t.Fatal(err)
			}
			r.must(r.say(ana, "retry 1.2"))
		} else {
			settled := statetest.Events(state.Ref{ID: r.id}, incident.StepSettled{Run: 1, Step: "p1.s2", As: "again"})
			if _, err := r.store.Do(t.Context(), settled); err != nil {
				t.Fatal(err)
			}
			s.Launch(t)
		}
		r.serve()
		if !attached {
			r.must(r.say(ana, "step"))
		}
		r.must(r.press(bea, "recover approve", incident.ApprovalName(r.untilStep("1.2", incident.StepWaits).Step("1.2").Approval)))
		step := r.untilStep("1.2", incident.StepFailed).Step("1.2")
		if !strings.HasPrefix(step.Note, "its attempt 1 still runs on db1") || r.lines("ran") != 1 {
			t.Errorf("%q, it ran %d times", step.Note, r.lines("ran"))
		}
		r.write("go", "")
		r.gone()
		r.stop()
	}
}

// gone waits until no process works in the target's folder.
func (r *rig) gone() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for running(r.target) {
		<-tick.C
	}
}
