package runner_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner"
	"github.com/drbot/drbot/runner/attempt"
)

// once notes that it ran, says that it is there, and waits until the file go is there.
const once = "echo \"$BACKUP\" >> ran\ntouch here\nwhile [ ! -e go ] && [ -e ran ]; do sleep 0.02; done\necho restored\n"

// here waits until the step's process has begun, by its own sign.
func (r *rig) here() {
	r.t.Helper()
	for limit := time.Now().Add(30 * time.Second); ; {
		if _, err := os.Stat(r.file("here")); err == nil {
			return
		}
		if time.Now().After(limit) {
			r.t.Fatal("the step never began")
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-r.t.Context().Done():
		}
	}
}

func TestARunFromPlanToEnd(t *testing.T) {
	r := newRig(t, "cp -- name restored\necho \"of $BACKUP\"\n")
	r.write("name", "users")
	r.serve()
	a := r.toApproval()
	i := r.fold()
	asked := i.Approvals[0]
	if asked.Action.Identity["host"] != "db1" || asked.Action.Identity["name"] != "users" {
		t.Errorf("identity %v", asked.Action.Identity)
	}
	if len(asked.Facts) != 1 || asked.Facts[0] != (incident.Fact{Name: "writers", Value: "0"}) {
		t.Errorf("facts %v", asked.Facts)
	}
	if c := i.Runs[0].Choices["BACKUP"]; len(c) != 1 || c[0].Value != "b1" || c[0].TakenAt.IsZero() || c[0].Note != "good" {
		t.Errorf("choices %v", c)
	}
	r.must(r.press(bea, "recover approve", a))
	run := r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if run.How != incident.EndDone || run.Step("1.2").Last != "of b1" {
		t.Fatalf("%s %s: %+v", run.How, run.Why, run.Step("1.2"))
	}
	if _, err := os.Stat(r.file("restored")); err != nil {
		t.Error(err)
	}
	reply := r.say(ana, "output 1.2")
	if !strings.Contains(reply.Say.Text, "of b1") {
		t.Errorf("output: %+v", reply)
	}
	file, err := r.runner.Open(run.Step("1.2").Attempt)
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	if left, err := attempt.Attempts(filepath.Join(r.data, "reads")); err != nil || len(left) != 0 {
		t.Errorf("reads left %v, %v", left, err)
	}
}

func TestTargetIsReadAgainBeforeTheStart(t *testing.T) {
	r := newRig(t, "touch ran\n")
	r.write("name", "users")
	r.serve()
	a := r.toApproval()
	r.write("name", "orders")
	r.must(r.press(bea, "recover approve", a))
	run := r.until("paused", func(run *incident.Run) bool { return run.State == incident.Paused })
	if !strings.Contains(run.Why, "name was users, is orders") || r.lines("ran") != 0 || r.fold().Approvals[0].State != incident.IsWithdrawn {
		t.Fatalf("%s, %s", run.Why, r.fold().Approvals[0].State)
	}
}

func TestFailedReadsStartNothing(t *testing.T) {
	for name, probe := range map[string]string{
		"exit": "echo host=db1\nfalse\n", "lines": "echo hello\n", "nothing": "true\n", "twice": "echo a=1\necho a=2\n", "long": "yes a=1 | head -n 40000\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "true\n", func(l *runbook.Lock) {
				target := l.Targets["db1"]
				target.Probe = probe
				l.Targets["db1"] = target
			})
			r.serve()
			r.must(r.say(ana, "database BACKUP=b1"))
			run := r.until("read", func(run *incident.Run) bool { return run.Asking == "" })
			if !strings.Contains(run.Failure, "probe of db1") {
				t.Fatalf("failure %q", run.Failure)
			}
			if reply := r.say(ana, "start"); reply.Kind != incident.Blocked {
				t.Fatalf("%+v", reply)
			}
		})
	}
}

func TestI26_ARunningStepIsAttachedToAgain(t *testing.T) {
	r := newRig(t, once)
	r.serve()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.untilStep("1.2", incident.StepRuns)
	r.here()
	r.stop()
	r.serve()
	if running := r.runner.Health().Running; len(running) != 1 || running[0] != "r1-p1-s2-1" {
		t.Fatalf("attached to %v", running)
	}
	r.write("go", "")
	r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if n := r.lines("ran"); n != 1 || len(r.events("StepStarting")) != 3 {
		t.Fatalf("it ran %d times, %d attempts", n, len(r.events("StepStarting")))
	}
}

func TestI26_AStepThatEndedMeanwhileIsSettled(t *testing.T) {
	r := newRig(t, once)
	r.serve()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.here()
	r.stop()
	r.write("go", "")
	if _, err := attempt.Wait(t.Context(), r.runs(), "r1-p1-s2-1"); err != nil {
		t.Fatal(err)
	}
	r.serve()
	run := r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if run.How != incident.EndDone || r.lines("ran") != 1 {
		t.Fatalf("%s, it ran %d times", run.How, r.lines("ran"))
	}
}

func TestI26_ALostStepIsUnknownUntilAPersonDecides(t *testing.T) {
	r := newRig(t, once)
	r.serve()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.here()
	r.stop()
	raw, err := os.ReadFile(filepath.Join(r.runs(), "r1-p1-s2-1", "claim"))
	if err != nil {
		t.Fatal(err)
	}
	var claim struct{ PID int }
	if err := json.Unmarshal(raw, &claim); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(claim.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if result, err := attempt.Wait(t.Context(), r.runs(), "r1-p1-s2-1"); err != nil || result.Outcome != attempt.Unknown {
		t.Fatalf("%+v, %v", result, err)
	}
	r.serve()
	run := r.untilStep("1.2", incident.StepIsLost)
	if run.Step("1.3").State != incident.StepTodo {
		t.Fatalf("I27: the next step is %s", run.Step("1.3").State)
	}
	if reply := r.say(ana, "start"); reply.Done() {
		t.Fatalf("I27: it went on: %+v", reply)
	}
	r.write("go", "")
	r.until("nothing of it lives", func(run *incident.Run) bool { return len(run.Step("1.2").Left) == 0 })
	r.must(r.say(ana, "retry"))
	run = r.untilStep("1.2", incident.StepWaits) // I21: the retry asks anew
	r.must(r.press(bea, "recover approve", incident.ApprovalName(run.Step("1.2").Approval)))
	r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if r.lines("ran") != 2 {
		t.Fatalf("it ran %d times", r.lines("ran"))
	}
}

func TestI26_AStepThatWasNeverStartedIsNot(t *testing.T) {
	r := newRig(t, once)
	r.serve()
	a := r.toApproval()
	r.must(r.say(ana, "pause"))
	r.must(r.press(bea, "recover approve", a))
	r.stop()
	r.must(r.say(ana, "resume"))
	run := r.fold().Runs[0]
	ask := incident.ReadsDone{
		Run: 1, Step: "p1.s2", For: run.Asking, Ask: run.Ask, Identity: map[string]map[string]string{"db1": {"host": "db1"}},
	}
	if err := r.office.Report(t.Context(), r.id, "reads", ask); err != nil {
		t.Fatal(err)
	}
	if s := r.fold().Runs[0].Step("1.2"); s.State != incident.StepStarts { // I25: recorded before any process
		t.Fatalf("%s", s.State)
	}
	r.serve()
	r.untilStep("1.2", incident.StepFailed)
	r.passed()
	if r.lines("ran") != 0 || len(r.events("StepNotStarted")) != 1 {
		t.Fatalf("it ran %d times, %d records", r.lines("ran"), len(r.events("StepNotStarted")))
	}
}

// passed waits until the runner has seen every record.
func (r *rig) passed() {
	r.t.Helper()
	for limit := time.Now().Add(30 * time.Second); ; {
		behind, err := r.store.Behind(context.Background(), runner.Name)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(behind) == 0 {
			return
		}
		if time.Now().After(limit) {
			r.t.Fatalf("behind %v", behind)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestI32_WhatDidNotWorkFailed(t *testing.T) {
	for name, run := range map[string]string{"pipeline": "false | cat\n", "expect": "echo wrong\n", "exit": "exit 3\n"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, run, func(l *runbook.Lock) { l.Steps[1].Expect = &runbook.Expect{Match: []string{"^right$"}} })
			r.serve()
			r.must(r.press(bea, "recover approve", r.toApproval()))
			run := r.untilStep("1.2", incident.StepFailed)
			if run.Step("1.3").State != incident.StepTodo || run.State != incident.Running {
				t.Fatalf("%s", run.Step("1.3").State)
			}
		})
	}
}

func TestWhatAStepGivesIsHeldAgainstItsPattern(t *testing.T) {
	r := newRig(t, "true\n", func(l *runbook.Lock) {
		l.Steps[0].Run = "echo \"PICK=$BACKUP; rm -rf /\" >> \"$DRBOT_OUT\"\n"
		l.Steps[0].SHA256 = incident.Digest([]byte(l.Steps[0].Run))
	})
	r.serve()
	r.must(r.say(ana, "database BACKUP=b1"))
	r.until("read", func(run *incident.Run) bool { return run.Asking == "" })
	r.must(r.say(ana, "start"))
	run := r.untilStep("1.1", incident.StepFailed)
	if !strings.Contains(run.Step("1.1").Note, "PICK") || len(run.Values) != 1 {
		t.Fatalf("%+v, values %v", run.Step("1.1"), run.Values)
	}
}

func TestI31_AStepIsExtended(t *testing.T) {
	r := newRig(t, once)
	r.serve()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.here()
	r.must(r.say(bea, "extend 20m it is nearly there"))
	r.passed()
	r.write("go", "")
	r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	status, err := attempt.Inspect(r.runs(), "r1-p1-s2-1")
	if err != nil || len(status.Result.Extended) != 1 {
		t.Fatalf("%+v, %v", status.Result, err)
	}
}

func TestI31_AStepIsCancelledAndItsProcessesEnd(t *testing.T) {
	r := newRig(t, once)
	r.serve()
	r.must(r.press(bea, "recover approve", r.toApproval()))
	r.untilStep("1.2", incident.StepRuns)
	r.here()
	if reply := r.say(ana, "cancel wrong database"); reply.Form == nil {
		t.Fatalf("it did not ask: %+v", reply)
	}
	c := commands.Command{Verb: "recover cancel", Object: "R1", Actor: ana, Channel: "C1", Fields: map[string][]string{"reason": {"wrong database"}}}
	r.must(r.handle(c))
	run := r.until("over", func(run *incident.Run) bool { return run.State == incident.Ended })
	if run.How != incident.EndCancelled || run.Step("1.2").Outcome != incident.Cancelled {
		t.Fatalf("%s, %+v", run.How, run.Step("1.2"))
	}
	r.must(r.say(ana, "database BACKUP=b1"))
	r.until("read", func(run *incident.Run) bool { return run.Asking == "" })
	r.must(r.say(ana, "start")) // the lock is free again
	r.untilStep("1.2", incident.StepWaits)
}

func TestAnAttemptThatTheRecordDoesNotKnowFreezes(t *testing.T) {
	r := newRig(t, once)
	script := []byte("true\n")
	job := attempt.Job{Attempt: "r9-p1-s1-1", Interpreter: attempt.Bash, Script: script, SHA256: incident.Digest(script)}
	if err := attempt.Start(t.Context(), r.runs(), job, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := attempt.Wait(t.Context(), r.runs(), job.Attempt); err != nil {
		t.Fatal(err)
	}
	r.serve()
	house, err := r.store.House(t.Context())
	if err != nil || house.Frozen == nil || len(house.Stray) != 1 {
		t.Fatalf("%+v, %v", house, err)
	}
	if left, err := attempt.Attempts(r.runs()); err != nil || len(left) != 0 {
		t.Fatalf("it is still there: %v, %v", left, err)
	}
	r.must(r.say(bea, "thaw looked at it"))
	r.stop()
	r.serve()
	if house, err := r.store.House(t.Context()); err != nil || house.Frozen != nil {
		t.Fatalf("frozen again: %+v, %v", house.Frozen, err)
	}
}

func TestSecretsReachTheStepAndNoRecord(t *testing.T) {
	r := newRig(t, "printf %s \"$PGPASSWORD\" | wc -c\necho \"$PGPASSWORD\"\n", func(l *runbook.Lock) {
		l.Steps[1].Parameters = append(l.Steps[1].Parameters, runbook.Parameter{Name: "PGPASSWORD", Type: runbook.TypeSecret, Default: "pg"})
	})
	r.serve()
	a := r.toApproval()
	text, err := r.office.ApprovalText(t.Context(), a)
	if err != nil || !strings.Contains(text, "PGPASSWORD=pg") {
		t.Fatalf("%s, %v", text, err)
	}
	r.must(r.press(bea, "recover approve", a))
	run := r.untilStep("1.3", incident.StepDone)
	last := run.Step("1.2").Last
	if !strings.HasPrefix(last, "13\n") || strings.Contains(last, "horse") {
		t.Fatalf("%q", last)
	}
}
