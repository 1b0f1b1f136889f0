package main

import (
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
)

// twice is a runbook of which one run can be taken back after its end.
func twice() book {
	return book{steps: []step{
		{title: "Look", run: "echo all is there\n"},
		{title: "Restore", run: mark("restore"), set: destructive, undo: mark("unrestore")},
		{title: "Check", run: "cat ran.txt\n"},
	}}
}

// rescued is an incident in which R1 has run to its end.
func rescued(t *testing.T) (w *town, room string) {
	w = settle(t, twice())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitRun(1, "ended")
	return w, room
}

// TestI21_I22: a run that is done is taken back from its card: a plan, its own approval, one process; the target is locked
// meanwhile, and a second time is refused in words.
func TestI21_I22_UndoFromTheCardOfARunThatIsDone(t *testing.T) {
	t.Parallel()
	w, room := rescued(t)
	w.press(w.ana, room, "recover.undo", "R1 · Rescue", "Done")
	plan := w.button(w.ana, room, "recover.start", "R2 · Undo 1.2 of R1", "Takes back", "step 1.2 of R1", "1 approval")
	if _, ok := plan.Element("recover.plan"); ok {
		t.Error("the values of an undo are offered for change")
	}
	if w.ran("unrestore") != 0 {
		t.Error("the undo ran when it was planned")
	}
	w.pressOn(w.ana, plan, "recover.start")
	card := w.button(w.bea, room, "recover.approve", "Approve step 1.2u", "echo unrestore", "as declared", "takes back", "step 1.2 of R1")
	w.pressOn(w.ana, card, "recover.approve")
	w.expect(w.ana, room, "You asked for this")
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitView(1, "R2 is done", func(v commands.View) bool { return len(v.Runs) == 2 && v.Runs[1].State == "ended" })
	if w.ran("unrestore") != 1 || w.ran("restore") != 1 {
		t.Errorf("the undo ran %d times, the restore %d", w.ran("unrestore"), w.ran("restore"))
	}
	w.expect(w.ana, room, "R1 · Rescue", "✅ 1.2 Restore", "taken back by R2")
	w.answers(w.ana, room, "/recover undo R1 1.2", "taken back already, by R2", "plan the procedure anew")
	if w.ran("unrestore") != 1 {
		t.Error("it was undone twice")
	}
	w.audited()
}

// TestI4_I5: after a reload the undo of an ended run is refused where the lock that is accepted now has another text, or
// where the Markdown has; nothing of it is planned.
func TestI4_I5_UndoAfterAReload(t *testing.T) {
	t.Parallel()
	w, room := rescued(t)
	w.leave()
	other := twice()
	other.steps[1].undo = mark("something else")
	other.write(t, w.dir)
	w.serve()
	w.linked()
	w.answers(w.ana, room, "/recover undo R1 1.2", "What undoes step 1.2 is not accepted as R1 had it", "by hand")
	w.leave()
	twice().write(t, w.dir) // the lock of before, which was accepted
	w.ok(os.WriteFile(w.path("RUNBOOK.md"), []byte(strings.Replace(twice().markdown(), "did restore", "did restorE", 1)), 0o600))
	w.serve()
	w.linked()
	w.answers(w.ana, room, "/recover undo R1 1.2", "Step 1.2 of R1 is not in the runbook as it was reviewed any more")
	w.leave()
	twice().write(t, w.dir)
	w.serve()
	w.linked()
	w.say(w.ana, room, "/recover undo 1.2")
	w.press(w.ana, room, "recover.start", "R2 · Undo 1.2 of R1")
	w.press(w.bea, room, "recover.approve", "Approve step 1.2u")
	w.until("the undo ran", func() bool { return w.ran("unrestore") == 1 })
	if w.ran("something else") != 0 {
		t.Error("another text ran")
	}
	w.awaitView(1, "R2 is done", func(v commands.View) bool { return len(v.Runs) == 2 && v.Runs[1].State == "ended" })
	w.audited()
}

// TestI22_I26: drbot may be killed while the undo of an ended run runs: it runs once, and keeps its target.
func TestI22_I26_UndoAfterTheEndOverAKill(t *testing.T) {
	t.Parallel()
	b := twice()
	b.steps[1].undo = "echo unrestore >> ran.txt\nwhile [ ! -e enough ]; do sleep 0.1; done\necho did it\n"
	w := settle(t, b)
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.until("the restore ran", func() bool { return w.ran("restore") == 1 })
	w.awaitRun(1, "ended")
	w.leave()
	w.spawn()
	w.linked()
	w.say(w.ana, room, "/recover undo R1")
	w.press(w.ana, room, "recover.start", "R2 · Undo 1.2 of R1")
	w.press(w.bea, room, "recover.approve", "Approve step 1.2u")
	w.until("the undo runs", func() bool { return w.ran("unrestore") == 1 })
	w.life.kill()
	w.spawn()
	w.linked()
	second := w.open(w.chen, "Database corruption: debates gone too")
	w.say(w.chen, second, "/recover rescue")
	w.press(w.chen, second, "recover.start")
	w.expect(w.chen, second, "is held by a run of INC-1")
	w.ok(os.WriteFile(w.path("work", "enough"), nil, 0o600))
	w.awaitView(1, "R2 is done", func(v commands.View) bool { return len(v.Runs) == 2 && v.Runs[1].State == "ended" })
	if n := w.ran("unrestore"); n != 1 {
		t.Errorf("the undo ran %d times", n)
	}
	w.audited()
}
