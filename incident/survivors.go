package incident

import (
	"fmt"
	"slices"
	"strings"
)

// A step that ended without a result may have left processes that go on. While one of them lives nothing begins beside it and
// the target stays locked: no person's word ends a process (I22, I26, I30). The runner looks again and again, and tells.

// StillThere begins what a reason says of the processes that a step left.
const StillThere = "; processes of it are still there: "

// StepSurvivors is what the runner saw when it looked again for the processes of a step that ended without a result.
type StepSurvivors struct {
	Run     uint64   `json:"run"`
	Step    string   `json:"step"`
	Attempt string   `json:"attempt"`
	Left    []string `json:"left,omitempty"` // that live: "4711 sleep"; empty: none
}

// EventKind names the event in the record.
func (StepSurvivors) EventKind() string { return "StepSurvivors" }

// Survivors takes the runner's word on what is left of a step that ended without a result.
func (i *Incident) Survivors(e StepSurvivors) []Event {
	s := i.attempting(e.Run, e.Step, e.Attempt)
	if s == nil || s.State != StepIsLost || slices.Equal(s.Left, e.Left) {
		return nil
	}
	return []Event{e}
}

// survivors keeps what was seen. The reason named those of before.
func (s *Step) survivors(e StepSurvivors) {
	s.Note, _, _ = strings.Cut(s.Note, StillThere)
	s.Left = e.Left
}

// Outlived is a refusal while processes live that a step of the run left. Those that may live on, or that drbot cannot look
// at, are a person's to judge: they refuse only what would start the step a second time or free the target (all).
func (r *Run) Outlived(all bool) error {
	for k := range r.Steps {
		s := &r.Steps[k]
		if s.State != StepIsLost || len(s.Left) == 0 || s.Unseen && !all {
			continue
		}
		what := "processes of step %s may still run: %s."
		them := "them"
		if len(s.Left) == 1 {
			what, them = "process of step %s may still run: %s.", "it"
		}
		refusal := Refuse(WrongState, fmt.Sprintf("%d ", len(s.Left))+what, s.Number, atMost(strings.Join(s.Left, ", "), 300))
		if s.Unseen {
			return refusal.Then("See to %s on its host and say what you saw: Done: I looked… on its card, or hand %s and your words.", them, s.Number)
		}
		return refusal.Then("Wait for %s, or end %s on its host. drbot looks every few seconds, and this goes once none is left.", them, them)
	}
	return nil
}
