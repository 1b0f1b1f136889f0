package main

import (
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/runbook"
)

// TestI20_AStepOfEachSort: a read step runs by itself, a change step after the operator's word, a destructive one after
// another person's, a manual one is said to be done; each process exists once.
func TestI20_AStepOfEachSort(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.press(w.ana, room, "recover.confirm", "step 1.2 changes something on db1", "echo banner")
	card := w.button(w.bea, room, "recover.approve", "Approve step 1.3", "echo restore", "as declared", "sha256", "Undo")
	dm := w.expect(w.bea, w.space.BotUserID(), "asks you to approve")
	if len(dm.Elements) > 0 {
		t.Errorf("a direct message holds buttons: %+v", dm.Elements)
	}
	w.pressOn(w.bea, card, "recover.approve")
	w.press(w.ana, room, "recover.hand", "Call the hoster")
	w.fill(w.ana, "Step 1.4", map[string]any{"saw": "the hoster says it is fine"})
	v := w.awaitRun(1, "ended")
	if w.ran("banner") != 1 || w.ran("restore") != 1 {
		t.Errorf("banner ran %d times, restore %d", w.ran("banner"), w.ran("restore"))
	}
	for number, state := range map[string]string{"1.1": "done", "1.2": "done", "1.3": "done", "1.4": "by hand", "1.5": "done"} {
		if got := stepState(v, number); got != state {
			t.Errorf("step %s is %s", number, got)
		}
	}
	w.expect(w.ana, room, "R1 · Rescue", "✅ 1.3 Restore", "by @Bea Ode", "✅ 1.5 Check")
	w.answers(w.ana, room, "/recover output 1.5", "banner", "restore")
	w.audited()
}

// flaky fails until the folder holds the file "mended".
func flaky() book {
	return book{steps: []step{
		{title: "Look", run: "echo all is there\n"},
		{title: "Restore", run: "echo restore >> ran.txt\ncat mended\n", set: destructive, undo: mark("unrestore")},
		{title: "Check", run: "cat ran.txt\n"},
	}}
}

// TestI21_I27: a step that failed stops the run; trying it again needs another approval; its undo is a step with an
// approval of its own, after which the step is to do again.
func TestI21_I27_FailureRetryUndo(t *testing.T) {
	t.Parallel()
	w := settle(t, flaky())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.press(w.bea, room, "recover.approve", "A1")
	w.expect(w.ana, room, "⛔ R1 stopped at 1.2", "mended")
	v := w.awaitStep(1, "1.2", "failed")
	if stepState(v, "1.3") != "todo" {
		t.Errorf("a later step is %s", stepState(v, "1.3"))
	}
	w.press(w.ana, room, "recover.retry", "stopped at 1.2")
	w.press(w.bea, room, "recover.approve", "A2")
	w.awaitView(1, "two attempts", func(v commands.View) bool { return w.ran("restore") == 2 && stepState(v, "1.2") == "failed" })
	w.say(w.ana, room, "/recover undo")
	w.press(w.bea, room, "recover.approve", "A3", "unrestore")
	w.until("the undo ran", func() bool { return w.ran("unrestore") == 1 })
	w.awaitRun(1, "paused")
	w.ok(os.WriteFile(w.path("work", "mended"), []byte("yes\n"), 0o600))
	w.say(w.ana, room, "/recover resume")
	w.press(w.bea, room, "recover.approve", "A4")
	w.awaitRun(1, "ended")
	if w.ran("restore") != 3 || w.ran("unrestore") != 1 {
		t.Errorf("restore ran %d times, its undo %d", w.ran("restore"), w.ran("unrestore"))
	}
	if a, s := len(w.records("Approved")), len(w.records("StepStarting")); a != 4 || s != 6 {
		t.Errorf("%d approvals, %d starts", a, s)
	}
	w.audited()
}

// steered has steps that can be paused between, and one that runs until it is told to end.
func steered() book {
	return book{steps: []step{
		{title: "One", run: mark("one")},
		{title: "Two", run: mark("two")},
		{title: "Three", run: mark("three")},
		{title: "Long", run: "echo long >> ran.txt\nwhile [ ! -e enough ]; do sleep 0.1; done\necho enough\n"},
		{title: "Last", run: mark("last")},
	}}
}

// TestI31_Steering: pause, step, skip, by hand, more time, and cancel, which leaves no process behind and says what is
// true now.
func TestI31_I30_SteeringARun(t *testing.T) {
	t.Parallel()
	w := settle(t, steered())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.answers(w.ana, room, "/recover pause", "paused")
	w.answers(w.ana, room, "/recover resume", "step 1.1 waits for your confirmation")
	w.say(w.ana, room, "/recover step")
	w.awaitStep(1, "1.1", "done")
	w.answers(w.dev, room, "/recover skip 1.2 not needed", "Only operators")
	w.answers(w.ana, room, "/recover skip 1.2 the banner is up already", "step 1.3")
	w.answers(w.ana, room, "/recover hand 1.3 I saw three", "step 1.4")
	w.say(w.ana, room, "/recover step")
	w.until("the long step writes", func() bool { return w.ran("long") == 1 })
	w.answers(w.ana, room, "/recover extend 20m it is half done", "Only approvers")
	w.answers(w.bea, room, "/recover extend 20m it is half done", "Step 1.4 may run until")
	w.say(w.ana, room, "/recover cancel")
	w.fill(w.ana, "Cancel R1", map[string]any{"reason": "wrong database"})
	v := w.awaitRun(1, "ended")
	if run := v.Runs[0]; run.How != "cancelled" || run.Why != "wrong database" {
		t.Errorf("ended %s: %s", run.How, run.Why)
	}
	if w.ran("two")+w.ran("three")+w.ran("last") != 0 {
		t.Error("a step ran that should not have")
	}
	w.expect(w.ana, room, "R1 · Rescue", "Cancelled", "wrong database", "⏭ 1.2", "✋ 1.3")
	w.audited()
}

// TestI22: a second run on the same target is refused while the first holds the lock, in another incident and after a
// restart, and the refusal names the owner; the end of the run frees it.
func TestI22_OneRunHoldsTheTarget(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	first, _ := w.asked("Database corruption: users gone")
	second := w.open(w.chen, "Database corruption: debates gone too")
	w.say(w.chen, second, "/recover rescue")
	w.press(w.chen, second, "recover.start")
	w.expect(w.chen, second, "is held by a run of INC-1")
	w.leave()
	w.serve()
	w.linked()
	w.answers(w.chen, second, "/recover start", "is held by a run of INC-1")
	w.say(w.ana, first, "/recover cancel")
	w.fill(w.ana, "Cancel R1", map[string]any{"reason": "the other incident is worse"})
	w.awaitRun(1, "ended")
	w.say(w.chen, second, "/recover start")
	w.press(w.bea, second, "recover.approve")
	w.awaitRun(2, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	w.audited()
}

// TestI5: whoever loaded a lock does not accept it, nor do people without the right, nor anybody in another channel;
// before it is accepted every step is text, and one changed character in the Markdown makes that step text again.
func TestI5_OnlyAnAcceptedLockRuns(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/recover rescue")
	w.expect(w.ana, room, "R1 · Rescue", "1.3 Restore", "not accepted yet")
	lock := w.button(w.dev, "drbot", "runbook.accept")
	w.pressOn(w.dev, lock, "runbook.accept")
	w.expect(w.dev, "drbot", "Only approvers")
	w.accept(w.bea)
	w.leave()
	changed := strings.Replace(small().markdown(), "echo did restore", "echo did restorE", 1)
	w.ok(os.WriteFile(w.path("RUNBOOK.md"), []byte(changed), 0o600))
	w.serve()
	w.linked()
	w.say(w.ana, room, "/recover cancel R1")
	w.say(w.ana, room, "/recover rescue")
	w.expect(w.ana, room, "R2 · Rescue", "1.3 Restore", "changed since review")
	w.audited()
}

// TestI4: a run goes on with the revision that it started with, whatever is loaded meanwhile.
func TestI4_AReloadChangesNothingMidRun(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room, _ := w.asked("Database corruption: users gone")
	w.leave()
	other := one()
	other.steps[0].run = mark("something else")
	other.write(t, w.dir)
	w.serve() // a deploy in the middle of a run loads the new revision
	w.linked()
	w.button(w.chen, "drbot", "runbook.accept", "echo something else")
	w.press(w.bea, room, "recover.approve", "echo restore")
	w.awaitRun(1, "ended")
	if w.ran("restore") != 1 || w.ran("something else") != 0 {
		t.Error("another revision ran")
	}
	w.audited()
}

// TestI36_AValueIsAskedFor: a step with an open value is asked for in the plan's form, and hostile values are refused at
// their field before anything is planned.
func TestI34_I37_ValuesAreCheckedAtTheirField(t *testing.T) {
	t.Parallel()
	w := settle(t, one(func(e *runbook.Entry) {
		e.Parameters = []runbook.Parameter{{Name: "NAME", Type: runbook.TypeText, Label: "Name", Pattern: "[a-z ';$()]+"}}
	}))
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/recover rescue")
	for _, value := range []string{"-rf", "$(touch /tmp/x)\u202e", "A"} {
		if r := w.fill(w.ana, "Plan", map[string]any{"Name": value}); r.Result != "errors" {
			t.Errorf("%q was taken: %+v", value, r)
		}
	}
	w.fill(w.ana, "Plan", map[string]any{"Name": "a'; $(b)"})
	w.press(w.ana, room, "recover.start")
	w.press(w.bea, room, "recover.approve", "NAME=a'; $(b)")
	w.awaitRun(1, "ended")
}
