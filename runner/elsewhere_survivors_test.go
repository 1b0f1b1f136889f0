package runner_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
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
		for _, line := range []string{"retry 1.2", "hand 1.2 looked fine", "skip 1.2 it is enough"} {
			if reply := r.say(ana, line); reply.Done() || !strings.Contains(reply.Say.Text, "may still run on db1") {
				t.Errorf("nobody could ask, %s: %+v", line, reply)
			}
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

// TestI22_I26_I30_AStartAsksTheOtherHost: a person's word freed the target while the host was away; before anything starts there the host is
// asked, in this run and in a later one.
func TestI22_I26_I30_AStartAsksTheOtherHost(t *testing.T) {
	r, s := farRig(t)
	r.serve()
	r.begun()
	s.Stop()
	r.untilStep("1.2", incident.StepIsLost)
	r.must(r.say(ana, "pause"))
	r.must(r.say(ana, "hand 1.2 db1 is off, I saw the LED"))
	run := r.until("the next step stops", func(run *incident.Run) bool { return run.State == incident.Paused })
	if run.Step("1.3").Attempts > 0 {
		t.Fatalf("1.3 began: %+v", run.Step("1.3"))
	}
	s.Launch(t)
	r.must(r.say(ana, "resume"))
	step := r.untilStep("1.3", incident.StepFailed).Step("1.3")
	if !strings.HasPrefix(step.Note, "step 1.2 of R1 still runs on db1") {
		t.Errorf("the next step: %q", step.Note)
	}
	r.must(r.handle(commands.Command{Verb: "recover cancel", Object: "R1", Actor: ana, Channel: "C1", Fields: map[string][]string{"reason": {"once more"}}}))
	r.must(r.say(ana, "database BACKUP=b1"))
	r.until("read", func(run *incident.Run) bool { return run.N == 2 && run.Asking == "" })
	r.must(r.say(ana, "start"))
	step = r.untilStep("1.1", incident.StepFailed).Step("1.1")
	if !strings.HasPrefix(step.Note, "step 1.2 of R1 still runs on db1") || r.lines("ran") != 1 {
		t.Errorf("a later run: %q, it ran %d times", step.Note, r.lines("ran"))
	}
	r.write("go", "")
	r.gone()
	r.must(r.say(ana, "retry"))
	r.untilStep("1.2", incident.StepWaits)
}

// TestI27_WhatLostItsSupervisorElsewhereIsAskedFor: nothing goes on while processes of it live there; then a person's word does.
func TestI27_WhatLostItsSupervisorElsewhereIsAskedFor(t *testing.T) {
	r, _ := farRig(t)
	r.serve()
	r.begun()
	killFarSupervisor(t, r.target)
	if s := r.untilStep("1.2", incident.StepIsLost).Step("1.2"); len(s.Left) == 0 || s.Far != "db1" || !s.Unseen {
		t.Fatalf("%+v", s)
	}
	for _, line := range []string{"retry 1.2", "hand 1.2 db1 looked fine", "skip 1.2 it is enough", "cancel another way"} {
		if reply := r.say(ana, line); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "may still run: ") {
			t.Errorf("%s: %+v", line, reply)
		}
	}
	r.write("go", "")
	r.until("none is left", func(run *incident.Run) bool { s := run.Step("1.2"); return len(s.Left) == 0 && s.Far == "" })
	r.must(r.say(ana, "hand 1.2 it ended well"))
	r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if r.lines("ran") != 1 {
		t.Errorf("it ran %d times", r.lines("ran"))
	}
}

// killFarSupervisor kills the parent of the step's process in the target's folder: the supervisor on the other host.
func killFarSupervisor(t *testing.T, dir string) {
	t.Helper()
	all, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range all {
		where, err := os.Readlink(link)
		if err != nil || where != dir {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(link), "stat"))
		if err != nil {
			continue
		}
		var parent int
		_, after, _ := strings.Cut(string(stat), ") ")
		if _, err := fmt.Sscanf(after[2:], "%d", &parent); err != nil {
			t.Fatal(err)
		}
		if where, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", parent)); err == nil && where != dir && parent > 1 {
			if err := syscall.Kill(parent, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("no process of the step")
}

// gone waits until no process works in the target's folder.
func (r *rig) gone() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for running(r.target) {
		<-tick.C
	}
}
