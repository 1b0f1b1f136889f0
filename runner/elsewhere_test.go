package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/ssh/sshtest"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner/attempt"
)

const farRestore = "echo \"x $BACKUP\" >>ran\nwhile [ ! -e go ]; do sleep 0.05; done\necho restored\n"

// farRig is a run whose target is another host, behind a real sshd.
func farRig(t *testing.T) (*rig, *sshtest.Server) {
	t.Helper()
	s := sshtest.Start(t)
	r := newRig(t, farRestore, func(l *runbook.Lock) {
		target := l.Targets["db1"]
		target.Host = "ssh:" + sshtest.Host
		l.Targets["db1"] = target
	})
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.far = incident.Far{Config: s.Config, Program: program, Patience: 1500 * time.Millisecond}
	t.Cleanup(func() { r.write("go", "") }) // nothing of it stays behind
	return r, s
}

// begun approves 1.2 and waits until its process runs there.
func (r *rig) begun() {
	r.t.Helper()
	name := r.toApproval()
	a := r.fold().Approval(1)
	if a.Action.Host != "ssh:db1" || a.Action.Identity["remote host"] == "" || a.Action.Identity["remote account"] == "" || a.Action.Identity["host"] != "db1" {
		r.t.Errorf("approved on %s: %v", a.Action.Host, a.Action.Identity)
	}
	r.must(r.press(bea, "recover approve", name))
	r.untilStep("1.2", incident.StepRuns)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for r.lines("ran") == 0 {
		<-tick.C
	}
}

func (r *rig) over() {
	r.t.Helper()
	if r.lines("ran") != 1 {
		r.t.Errorf("it ran %d times", r.lines("ran"))
	}
	e := r.events("StepEnded")
	if last := e[len(e)-1].(incident.StepEnded); last.Step == "p1.s2" && (last.Outcome != incident.Succeeded || !strings.Contains(last.Last, "restored")) {
		r.t.Errorf("%+v", last)
	}
}

func TestI26_AStepElsewhereIsAttachedToAgain(t *testing.T) {
	r, s := farRig(t)
	r.serve()
	r.begun()
	r.stop()
	s.Cut() // and while drbot is away the connection is made again
	r.serve()
	r.write("go", "")
	r.until("done", func(run *incident.Run) bool { return run.State == incident.Ended })
	r.over()
}

func TestI26_AStepElsewhereThatIsLostIsAQuestionUntilItIsFoundAgain(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		r, s := farRig(t)
		r.serve()
		r.begun()
		s.Stop()
		run := r.untilStep("1.2", incident.StepIsLost)
		if note := run.Step("1.2").Note; !strings.Contains(note, "no connection to db1") || !strings.Contains(note, "may still run there") {
			t.Errorf("it says %q", note)
		}
		if k := run.Step("1.3"); k.State != incident.StepTodo {
			t.Errorf("the next step is %s", k.State)
		}
		if restarted {
			r.stop()
		}
		r.write("go", "")
		s.Launch(t)
		if restarted {
			r.serve()
		}
		r.untilStep("1.2", incident.StepDone)
		r.over()
		r.stop()
	}
}

func TestI2_AnotherHostUnderTheSameNameStartsNothing(t *testing.T) {
	r, s := farRig(t)
	r.serve()
	name := r.toApproval()
	s.Know(t, "other")
	r.must(r.press(bea, "recover approve", name))
	run := r.until("stopped", func(run *incident.Run) bool { return run.State == incident.Paused })
	if !strings.Contains(run.Why, "host key has changed") || r.lines("ran") != 0 {
		t.Errorf("%q, ran %d", run.Why, r.lines("ran"))
	}
}

// A run that is cancelled while nobody reaches the host ends; what still runs there is ended when the host is back.
func TestI30_CancelledWhileLostEndsThereToo(t *testing.T) {
	r, s := farRig(t)
	r.serve()
	r.begun()
	s.Stop()
	r.untilStep("1.2", incident.StepIsLost)
	r.must(r.handle(commands.Command{Verb: "recover cancel", Object: "R1", Actor: ana, Channel: "C1", Fields: map[string][]string{"reason": {"the host is gone"}}}))
	r.until("ended", func(run *incident.Run) bool { return run.State == incident.Ended })
	s.Launch(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	result, err := attempt.Wait(t.Context(), r.runs(), "r1-p1-s2-1")
	for ; err == nil && result.Outcome == attempt.Unknown; result, err = attempt.Wait(t.Context(), r.runs(), "r1-p1-s2-1") {
		<-tick.C // nobody is attached yet
	}
	if err != nil || result.Outcome != attempt.Cancelled || running(r.target) {
		t.Errorf("%+v %v, still there: %v", result, err, running(r.target))
	}
	if run := r.fold().Runs[0]; run.Cancel != "the host is gone" || r.lines("ran") != 1 {
		t.Errorf("%q, ran %d", run.Cancel, r.lines("ran"))
	}
}

// running finds processes that work in a folder.
func running(dir string) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range all {
		if where, err := os.Readlink(link); err == nil && where == dir {
			return true
		}
	}
	return false
}
