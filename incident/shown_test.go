package incident

import "testing"

// TestI43_AnUndoIsAskedForBecauseOfWhatItUndoes: the reason on its card is how that step failed, and not what an earlier step
// has shown.
func TestI43_AnUndoIsAskedForBecauseOfWhatItUndoes(t *testing.T) {
	run := &Run{Steps: []Step{
		{ID: "p1.s1", Number: "1.1", State: StepWasHand, Note: "looked"},
		{ID: "p1.s2u", Number: "1.2u", UndoOf: "p1.s2", State: StepTodo},
		{ID: "p1.s2", Number: "1.2", State: StepFailed, Note: "exit 1: no space left"},
	}}
	why := Asking{Run: run, Step: &run.Steps[1]}.why()
	if why == nil || *why != (Finding{Number: "1.2", Said: "exit 1: no space left"}) {
		t.Errorf("%+v", why)
	}
	run.Steps[2].State, run.Steps[2].Note = StepDone, "ran, not verified"
	if why := (Asking{Run: run, Step: &run.Steps[1]}).why(); why == nil || why.Number != "1.1" {
		t.Errorf("of a step that is done: %+v", why)
	}
}
