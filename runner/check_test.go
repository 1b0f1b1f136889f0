package runner_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner/attempt"
)

// killSupervisor ends an attempt without a result.
func (r *rig) killSupervisor(name string) {
	r.t.Helper()
	raw, err := os.ReadFile(filepath.Join(r.runs(), name, "claim"))
	var claim struct{ PID int }
	if err == nil {
		err = json.Unmarshal(raw, &claim)
	}
	if err == nil {
		err = syscall.Kill(claim.PID, syscall.SIGKILL)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if result, err := attempt.Wait(r.t.Context(), r.runs(), name); err != nil || result.Outcome != attempt.Unknown {
		r.t.Fatalf("%+v, %v", result, err)
	}
}

// TestI26_ACheckLooksAndDecidesNothing: the reading that proves a step runs as it is in the lock, away from the run; it
// passes or not, and the step stays unknown until a person decides.
func TestI26_ACheckLooksAndDecidesNothing(t *testing.T) {
	r := newRig(t, once, func(l *runbook.Lock) {
		l.Steps[1].Verify = "p1.s3"
		l.Steps[2].Run = "cat state\n"
		l.Steps[2].SHA256 = incident.Digest([]byte(l.Steps[2].Run))
	})
	r.serve()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.here()
	r.stop()
	r.killSupervisor("r1-p1-s2-1")
	r.serve()
	r.untilStep("1.2", incident.StepIsLost)
	check := func(content string) incident.Checked {
		t.Helper()
		r.write("state", content)
		before := r.fold().Runs[0].Step("1.2").Check.At
		r.must(r.press(ana, "recover check", "R1/p1.s2"))
		run := r.until("checked", func(run *incident.Run) bool { return run.Step("1.2").Check.At.After(before) })
		if s := run.Step("1.2"); s.State != incident.StepIsLost || run.Step("1.3").State != incident.StepTodo || run.Asking != "" {
			t.Errorf("the check changed the run: %s, %s, %q", s.State, run.Step("1.3").State, run.Asking)
		}
		return run.Step("1.2").Check
	}
	if c := check("healthy\n"); !c.OK || c.Step != "1.3" || strings.TrimSpace(c.Said) != "healthy" {
		t.Errorf("it passed: %+v", c)
	}
	if c := check("half of it\n"); c.OK || !strings.Contains(c.Said, "stdout") && !strings.Contains(c.Said, "half of it") {
		t.Errorf("it did not pass: %+v", c)
	}
	r.write("name", "another")
	if c := check("healthy\n"); c.OK || !strings.Contains(c.Said, "another than was declared") {
		t.Errorf("on another target: %+v", c)
	}
	if n := len(r.events("StepStarting")); n != 2 || r.lines("ran") != 1 {
		t.Errorf("%d attempts, the step ran %d times", n, r.lines("ran"))
	}
	if reply := r.press(ana, "recover check", "R1/p1.s3"); reply.Kind != incident.WrongState {
		t.Errorf("a check of a step that is not unknown: %+v", reply)
	}
	if reply := r.press(bea, "recover check", "R1/p1.s2"); reply.Kind != incident.NotAllowed {
		t.Errorf("a check by somebody who is no operator: %+v", reply)
	}
}
