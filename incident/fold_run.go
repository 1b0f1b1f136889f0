package incident

import (
	"maps"
	"slices"
	"time"
)

// keepRuns bounds the fold: older ended runs stay in the record alone.
const keepRuns = 8

func (i *Incident) applyRun(at Stamp, e Event) {
	switch e := e.(type) {
	case RunPlanned:
		i.planned(at, e)
	case ReadsAsked:
		i.run(e.Run, func(r *Run) {
			r.Ask, r.Asking = e.Ask, e.For
			if s := r.Step(e.Step); s != nil && e.For != ReadForCheck {
				s.State = StepReading
			}
		})
	case ReadsDone:
		i.run(e.Run, func(r *Run) { r.readsDone(at, e) })
	case RunStarted:
		i.run(e.Run, func(r *Run) {
			r.State, r.OneStep, r.StartedAt, r.Operator, r.Asks = Running, e.Step, at.Time, e.By, false
			r.keepChosen()
		})
	case RunPaused:
		i.run(e.Run, func(r *Run) { r.paused(e) })
	case RunResumed:
		i.run(e.Run, func(r *Run) { r.State, r.Why, r.OneStep = Running, "", e.Step })
	case CancelAsked:
		i.run(e.Run, func(r *Run) { r.Cancel = e.Reason })
	case RunEnded:
		i.run(e.Run, func(r *Run) {
			r.State, r.How, r.Why, r.EndedAt, r.Back = Ended, e.How, e.Why, at.Time, e.Back
			r.keepChosen()
		})
	case UndoPlanned:
		i.run(e.Run, func(r *Run) { r.insertUndo(e) })
	default:
		i.applyStep(at, e)
	}
}

func (i *Incident) run(n uint64, f func(*Run)) {
	if r := i.Run(n); r != nil {
		f(r)
	}
}

func (i *Incident) step(run uint64, step string, f func(*Run, *Step)) {
	if r := i.Run(run); r != nil {
		if s := r.Step(step); s != nil {
			f(r, s)
		}
	}
}

func (i *Incident) planned(at Stamp, e RunPlanned) {
	r := &Run{
		N: e.Run, Procedure: e.Procedure, Title: e.Title, Revision: e.Revision, Lock: e.Lock, State: Draft, Operator: e.By,
		PlannedAt: at.Time, Steps: slices.Clone(e.Steps), Undos: e.Undos, Values: maps.Clone(e.Values), Branches: e.Branches, Reasons: e.Reasons, Asks: e.Asks, Undoes: e.Undoes,
	}
	for k := range r.Steps {
		r.Steps[k].State = StepTodo
	}
	if old := i.Run(e.Replaces); old != nil && old.State == Draft {
		if old.N == r.N {
			r.carry(old)
			*old = *r
			return
		}
		old.State, old.How, old.EndedAt, old.Choices = Ended, EndDiscarded, at.Time, nil
	}
	i.Runs = append(i.Runs, r)
	if len(i.Runs) > keepRuns {
		i.Runs = i.Runs[len(i.Runs)-keepRuns:]
	}
}

// carry keeps what was read for a draft when only its values changed. The count of questions goes on in any case, so
// that an answer to an older one is not taken for this draft's.
func (r *Run) carry(old *Run) {
	r.Ask = old.Ask
	if old.Procedure == r.Procedure && old.Revision == r.Revision && old.Lock == r.Lock && maps.Equal(old.Branches, r.Branches) {
		r.Asking, r.ReadsAt, r.Failure, r.Identity, r.Choices = old.Asking, old.ReadsAt, old.Failure, old.Identity, old.Choices
	}
}

func (r *Run) readsDone(at Stamp, e ReadsDone) {
	if e.Ask != r.Ask || r.Asking == "" {
		return
	}
	r.Asking = ""
	if e.For == ReadForCheck {
		r.checked(at, e)
		return
	}
	if e.For == ReadForPlan {
		r.ReadsAt, r.Failure, r.Identity, r.Choices = at.Time, e.Failure, e.Identity, e.Choices
		return
	}
	if s := r.Step(e.Step); s != nil && s.State == StepReading {
		s.State = StepTodo
		if e.For == ReadForStart {
			s.State = StepReady
		}
		if e.Failure != "" {
			s.Note = e.Failure
		}
	}
}

// insertUndo puts the undo step before the step that it undoes. An undo that ran before moves there again and counts its
// attempts on, so that ids of steps and names of attempts stay unique.
func (r *Run) insertUndo(e UndoPlanned) {
	before := 0
	if k := slices.IndexFunc(r.Steps, func(s Step) bool { return s.ID == e.Undo }); k >= 0 {
		before = r.Steps[k].Attempts
		r.Steps = slices.Delete(r.Steps, k, k+1)
	}
	for k := range r.Steps {
		if r.Steps[k].ID != e.Step {
			continue
		}
		for _, u := range r.Undos {
			if u.ID == e.Undo {
				u.State, u.Attempts = StepTodo, before
				r.Steps[k].State = StepUndoTodo
				r.Steps = append(r.Steps[:k:k], append([]Step{u}, r.Steps[k:]...)...)
				return
			}
		}
	}
}

func (i *Incident) applyStep(at Stamp, e Event) {
	switch e := e.(type) {
	case HandAsked:
		i.step(e.Run, e.Step, func(_ *Run, s *Step) { s.State = StepHand })
	case ConditionAsked:
		i.step(e.Run, e.Step, func(_ *Run, s *Step) { s.State = StepAsked })
	case ConditionAnswered:
		i.step(e.Run, e.Step, func(_ *Run, s *Step) {
			if s.State, s.Needed = StepTodo, e.Needed; !e.Needed {
				s.State, s.Note, s.By, s.EndedAt = StepUnneeded, e.Why, e.By, at.Time
			}
		})
	case Confirmed:
		i.step(e.Run, e.Step, func(_ *Run, s *Step) { s.State, s.By = StepReady, e.By })
	case StepStarting:
		if a := i.Approval(e.Approval); a != nil {
			a.State = Used
		}
		i.step(e.Run, e.Step, func(_ *Run, s *Step) {
			s.State, s.Attempt, s.Started, s.Until = StepStarts, e.Attempt, at.Time, e.Until
			s.Attempts, s.EndedAt, s.Note, s.Last, s.Outcome = s.Attempts+1, time.Time{}, "", "", ""
			s.Took, s.NoText = 0, ""
			s.Bytes, s.Left, s.Unseen, s.Killed, s.Earlier, s.Begun = 0, nil, false, nil, s.Earlier || s.Begun, false
			s.Check, s.Far = Checked{}, ""
		})
	case StepStarted:
		i.attempt(e.Run, e.Step, e.Attempt, func(_ *Run, s *Step) { s.State, s.Begun = StepRuns, true })
	case StepNotStarted:
		i.attempt(e.Run, e.Step, e.Attempt, func(_ *Run, s *Step) { s.State, s.Note, s.EndedAt, s.Begun = StepFailed, e.Why, at.Time, false })
	case StepExtended:
		i.attempt(e.Run, e.Step, e.Attempt, func(_ *Run, s *Step) { s.Until = e.Until })
	case StepEnded:
		i.attempt(e.Run, e.Step, e.Attempt, func(r *Run, s *Step) {
			r.stepEnded(at, s, e)
			i.takenBack(r, s)
		})
	case StepUnknown:
		i.attempt(e.Run, e.Step, e.Attempt, func(_ *Run, s *Step) {
			s.State, s.Note, s.EndedAt, s.Begun, s.Left, s.Unseen, s.Far = StepIsLost, e.Why, at.Time, true, e.Left, e.Unseen, e.Far
		})
	case StepSurvivors:
		i.attempt(e.Run, e.Step, e.Attempt, func(_ *Run, s *Step) { s.survivors(e) })
	case StepSettled:
		i.step(e.Run, e.Step, func(_ *Run, s *Step) { s.State, s.Approval = StepTodo, 0 })
	case StepSkipped:
		i.step(e.Run, e.Step, func(_ *Run, s *Step) { s.State, s.Note, s.By, s.EndedAt = StepSkip, e.Reason, e.By, at.Time })
	case StepByHand:
		i.step(e.Run, e.Step, func(r *Run, s *Step) {
			s.State, s.Note, s.By, s.EndedAt = StepWasHand, e.Saw, e.By, at.Time
			i.takenBack(r, s)
		})
	}
}

// attempt guards against an answer that belongs to an earlier attempt of the step.
func (i *Incident) attempt(run uint64, step, attempt string, f func(*Run, *Step)) {
	i.step(run, step, func(r *Run, s *Step) {
		if s.Attempt == attempt {
			f(r, s)
		}
	})
}

func (r *Run) stepEnded(at Stamp, s *Step, e StepEnded) {
	s.State, s.EndedAt, s.Exit, s.Outcome, s.Note, s.Last = StepFailed, at.Time, e.Exit, e.Outcome, e.Why, e.Last
	if e.Said != "" && e.Outcome == Failed && e.Exit != 0 && s.Quoted() {
		s.Note += ": " + e.Said // the step's own words are the reason
	}
	s.Begun, s.Bytes, s.Took, s.Killed, s.NoText = true, e.Bytes, 0, nil, ""
	if e.NoText {
		s.NoText = e.Output
	}
	if !e.Lives {
		s.Killed = e.Survived
	}
	if !e.Started.IsZero() {
		s.Took = max(0, e.Ended.Sub(e.Started))
	}
	if e.Outcome != Succeeded {
		return
	}
	s.State = StepDone
	if len(e.Produced) > 0 {
		if r.Values == nil {
			r.Values = map[string]string{}
		}
		maps.Copy(r.Values, e.Produced)
		r.keepChosen()
	}
	if s.UndoOf == "" {
		return
	}
	// What came after the undone step stood on it, so all of that is to do again.
	again := false
	for k := range r.Steps {
		if again = again || r.Steps[k].ID == s.UndoOf; again {
			r.Steps[k].State, r.Steps[k].Approval, r.Steps[k].Needed = StepTodo, 0, false
			r.Steps[k].Begun, r.Steps[k].Earlier = false, false
		}
	}
}
