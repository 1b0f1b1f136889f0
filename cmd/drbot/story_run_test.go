package main

import "testing"

// TestI20_AStepOfEachSort: a read step runs by itself, a change step after the operator's word, a destructive one after
// another person's, a manual one is said to be done; each process exists once.
func TestI20_AStepOfEachSort(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.press(w.ana, room, "recover.confirm")
	w.press(w.bea, room, "recover.approve", "Approve step 1.3", "echo restore")
	w.awaitStep(1, "1.4", "hand")
	w.say(w.ana, room, "/recover hand 1.4 the hoster says it is fine")
	w.awaitRun(1, "ended")
	if w.ran("banner") != 1 || w.ran("restore") != 1 {
		t.Errorf("banner ran %d times, restore %d", w.ran("banner"), w.ran("restore"))
	}
	w.audited()
}
