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
	Far     string   `json:"far,omitempty"`  // the other host that was asked
	Away    bool     `json:"away,omitempty"` // or could not be asked any more
}

// EventKind names the event in the record.
func (StepSurvivors) EventKind() string { return "StepSurvivors" }

// Survivors takes the runner's word on what is left of a step that ended without a result.
func (i *Incident) Survivors(e StepSurvivors) []Event {
	s := i.attempting(e.Run, e.Step, e.Attempt)
	if s == nil || s.State != StepIsLost || slices.Equal(s.Left, e.Left) && s.Far == e.where() {
		return nil
	}
	return []Event{e}
}

// survivors keeps what was seen. The reason named those of before.
func (s *Step) survivors(e StepSurvivors) {
	s.Note, _, _ = strings.Cut(s.Note, StillThere)
	s.Left, s.Far = e.Left, e.where()
}

// where is the other host on which the step lives or may live.
func (e StepSurvivors) where() string {
	if len(e.Left) == 0 && !e.Away {
		return ""
	}
	return e.Far
}

// Away is a refusal to begin a step or its undo again while it may still run on another host, which nobody could ask.
func (r *Run) Away() error {
	for k := range r.Steps {
		if s := &r.Steps[k]; s.away() {
			return Refuse(WrongState, "Step %s may still run on %s, and drbot cannot ask there.", s.Number, s.Far).
				Then("drbot goes on looking; once %s answers, the step's own record does. Is that host gone for good, say so: hand %s and your words.", s.Far, s.Number)
		}
	}
	return nil
}

func (s *Step) away() bool { return s.State == StepIsLost && s.Far != "" && len(s.Left) == 0 }

// vouched is a refusal of a person's word on a step that may still run on another host, unless it is of that host: the host may be
// gone for good, and then nobody else can tell.
func (s *Step) vouched(words string) error {
	if !s.away() || strings.Contains(strings.ToLower(words), strings.ToLower(s.Far)) {
		return nil
	}
	return Refuse(BadInput, "Step %s may still run on %s, and drbot cannot ask there.", s.Number, s.Far).
		Then("If it does not, say so with the host's name, like: hand %s %s is off for good. Else wait: once it answers, the step's own record does.", s.Number, s.Far)
}

// Unstoppable is a refusal to end the run while processes live that a cancel does not reach. It does reach a step on another host whose
// supervisor is there, at once or when that answers again.
func (r *Run) Unstoppable() error {
	return r.outlived(func(s *Step) bool { return s.Far == "" || s.Unseen })
}

// Outlived is a refusal while processes live that a step of the run left. Those that may live on, or that drbot cannot look
// at, are a person's to judge: they refuse only what would start the step a second time or free the target (all).
func (r *Run) Outlived(all bool) error {
	return r.outlived(func(s *Step) bool { return all || !s.Unseen || s.Far != "" })
}

func (r *Run) outlived(counts func(*Step) bool) error {
	for k := range r.Steps {
		s := &r.Steps[k]
		if s.State != StepIsLost || len(s.Left) == 0 || !counts(s) {
			continue
		}
		what := "processes of step %s may still run: %s."
		them := "them"
		if len(s.Left) == 1 {
			what, them = "process of step %s may still run: %s.", "it"
		}
		refusal := Refuse(WrongState, fmt.Sprintf("%d ", len(s.Left))+what, s.Number, atMost(strings.Join(s.Left, ", "), 300))
		switch {
		case s.Far != "" && s.Unseen:
			return refusal.Then("Wait for %s, or end %s on %s. drbot asks there again and again, and this goes once none is left.", them, them, s.Far)
		case s.Far != "":
			return refusal.Then("Wait for its end, which drbot sees by itself, or cancel the run, which ends it there.")
		case s.Unseen:
			return refusal.Then("See to %s on its host and say what you saw: Done: I looked… on its card, or hand %s and your words.", them, s.Number)
		}
		return refusal.Then("Wait for %s, or end %s on its host. drbot looks every few seconds, and this goes once none is left.", them, them)
	}
	return nil
}
