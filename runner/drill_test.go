package runner_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/state"
)

// Should a decision ever let it through, the runner is the last door: it asks nothing of a target outside the drill set, and
// starts nothing there.
func TestI44_TheRunnerReachesNothingOutsideADrill(t *testing.T) {
	for _, inside := range []bool{false, true} {
		r := newRig(t, "echo restore\n")
		r.serve()
		script := "echo ran >>ran\n"
		spec := incident.Spec{
			ID: "p1.s2", Title: "Restore", Interpreter: attempt.Bash, Script: script, Target: "db1", Host: "test", Dir: r.target, Timeout: time.Minute,
			Probe: "echo probed >>ran; echo host=db1\n", Drill: inside,
		}
		blob, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		step := incident.Step{
			ID: "p1.s2", Number: "1.2", Title: "Restore", Risk: incident.Change, Spec: incident.Digest(blob), Script: incident.Digest([]byte(script)),
			Target: "db1", Probe: true, Timeout: time.Minute, Interpreter: attempt.Bash,
		}
		action, err := spec.Resolve(nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		by := incident.Person{Key: "ana@example.com", Name: "Ana"}
		name := incident.AttemptName(9, step.ID, 1)
		write := func(events ...incident.Event) {
			t.Helper()
			change := state.Change{Target: state.Ref{ID: r.id}, Decide: func(state.View) (state.Decision, error) {
				return state.Decision{Events: events, Blobs: [][]byte{blob}}, nil
			}}
			if len(r.fold().Runs) == 0 {
				change.Target, change.New = state.Ref{}, true
			}
			result, err := r.store.Do(context.Background(), change)
			if err != nil {
				t.Fatal(err)
			}
			r.id = result.ID
		}
		write(
			incident.Opened{By: by, Title: "practice", Severity: 1, Drill: true},
			incident.RunPlanned{Run: 9, By: by, Procedure: "p1", Title: "Database recovery", Steps: []incident.Step{step}},
			incident.ReadsAsked{Run: 9, For: incident.ReadForPlan, Ask: 1},
		)
		r.until("read", func(run *incident.Run) bool { return len(r.events("ReadsDone")) > 0 })
		done := r.events("ReadsDone")[0].(incident.ReadsDone)
		if inside != (done.Failure == "") || !inside && !strings.Contains(done.Failure, "this is a drill, and db1 is not for drills") {
			t.Errorf("inside %v: the reading says %q", inside, done.Failure)
		}
		write(
			incident.RunStarted{Run: 9, By: by},
			incident.StepStarting{Run: 9, Step: step.ID, Attempt: name, Digest: action.Digest([]byte(script)), Action: action, Host: "test", Until: time.Now().Add(time.Minute)},
		)
		if inside {
			r.untilStep("1.2", incident.StepDone)
			if r.lines("ran") < 2 {
				t.Error("a drill on its own target did not run")
			}
			continue
		}
		run := r.untilStep("1.2", incident.StepFailed)
		if note := run.Step("1.2").Note; !strings.Contains(note, "this is a drill, and db1 is not for drills") {
			t.Errorf("it says %q", note)
		}
		if _, err := os.Stat(r.file("ran")); err == nil {
			t.Error("the target was reached")
		}
	}
}
