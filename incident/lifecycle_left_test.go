package incident

import (
	"strings"
	"testing"
)

// What a resolution leaves is named: open items, an update that did not come, and what steps keep for their undo (UX §9).
func TestResolve_NamesWhatIsKeptForUndo(t *testing.T) {
	step := func(state StepState) *Run {
		return &Run{N: 1, State: Ended, How: EndDone, Steps: []Step{
			{ID: "p1.s2", Number: "1.2", State: StepDone, Undo: "p1.s2u"}, // stopping a service keeps nothing
			{ID: "p1.s6", Number: "1.6", State: state, Undo: "p1.s6u", OnFailure: "undo"},
			{ID: "p1.s8", Number: "1.8", State: StepDone, Undo: "p1.s2", OnFailure: "undo"}, // the undo is another step's work
		}, Undos: []Step{{ID: "p1.s2u", Number: "1.2u", UndoOf: "p1.s2"}, {ID: "p1.s6u", Number: "1.6u", Title: "Move the old files back", UndoOf: "p1.s6"}}}
	}
	for state, kept := range map[StepState]bool{StepDone: true, StepWasHand: true, StepUndoTodo: false, StepSkip: false, StepTodo: false} {
		i := New(42)
		i.State, i.Runs = StateOpen, []*Run{step(state)}
		open := strings.Join(i.LeftOpen(), "; ")
		if want := "what 1.6 of R1 keeps for its undo (1.6u Move the old files back)"; (open == want) != kept || !kept && open != "" {
			t.Errorf("%s: %q", state, open)
		}
		_, err := i.Resolve(Resolved{By: Person{Key: "ana"}, Summary: "x"}, nil)
		if (err != nil) != kept {
			t.Errorf("%s: %v", state, err)
		}
		if events, err := i.Resolve(Resolved{By: Person{Key: "ana"}, Summary: "x", Reason: "kept for a week"}, nil); err != nil || len(events) == 0 {
			t.Errorf("%s, anyway: %v", state, err)
		}
	}
}
