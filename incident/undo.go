package incident

import (
	"slices"
	"time"
)

// A step may have to be taken back after its run has ended: the restore was the wrong one, and it shows an hour later. The
// ended run stays what it was. The undo is planned as a run of its own, with one step: so it reads the target, claims its
// lock, asks for its approval and starts by the very rules of every other step, and nothing of them is written twice.

// Undoes says what a run takes back: one step of a run that has ended.
type Undoes struct {
	Run      uint64            `json:"run"`
	Step     string            `json:"step"`
	Number   string            `json:"number"` // as people see it: 1.6
	Ended    time.Time         `json:"ended,omitzero"`
	Identity map[string]string `json:"identity,omitempty"` // of the undo's target, as that run had read it
	Since    []string          `json:"since,omitempty"`    // what changed the same target afterwards: "R9 1.3 Promote"
}

// Name is the step with its run: "step 1.6 of R8".
func (u *Undoes) Name() string { return "step " + u.Number + " of " + RunName(u.Run) }

// HasEnded reports whether a wish to undo is about a run that has ended: the named one, or for 0 any, where none is live.
func (i *Incident) HasEnded(run uint64) bool {
	if run != 0 {
		r := i.Run(run)
		return r == nil || r.State == Ended
	}
	live := i.LiveRun()
	return (live == nil || live.State == Draft) && slices.ContainsFunc(i.Runs, began)
}

func began(r *Run) bool { return r.State == Ended && !r.StartedAt.IsZero() }

// TakeBack finds the step of an ended run that is to be undone: of the named run, or for 0 of the newest in which the step
// (for "" any) ran and has an undo.
func (i *Incident) TakeBack(run uint64, step string) (*Run, *Step, error) {
	if err := i.active(); err != nil {
		return nil, nil, err
	}
	r := i.Run(run)
	if run == 0 {
		r = i.lastWith(step)
	}
	switch {
	case r == nil:
		return nil, nil, Refuse(NotFound, "%s is not at hand any more: %s keeps its newest %d runs.", RunName(run), i.ID, keepRuns).
			Then("Take it back by hand, from the runbook's text, and note what was done.")
	case r.StartedAt.IsZero():
		return nil, nil, Refuse(WrongState, "%s never started: there is nothing to take back.", r.Name())
	}
	s := r.Undoable(step)
	if s == nil {
		return nil, nil, r.noUndo(step)
	}
	if live := i.LiveRun(); live != nil && live.State == Draft && live.Failure == "" && live.Undoes != nil && live.Undoes.Run == r.N && live.Undoes.Step == s.ID {
		return nil, nil, Refuse(WrongState, "%s is planned already, to take back %s.", live.Name(), live.Undoes.Name()).Then("Start it, or discard it.")
	}
	return r, s, nil
}

// lastWith is the newest ended run in which the step can be taken back; where there is none, the newest that can say why.
func (i *Incident) lastWith(step string) (found *Run) {
	for _, r := range slices.Backward(i.Runs) {
		switch {
		case !began(r):
		case r.Undoable(step) != nil:
			return r
		case found == nil || found.Step(step) == nil && r.Step(step) != nil:
			found = r
		}
	}
	return found
}

// noUndo says why nothing of an ended run is taken back, and what to do now.
func (r *Run) noUndo(step string) error {
	const byHand = "Take it back by hand, from the runbook's text, and note what was done."
	s := r.Step(step)
	if s == nil {
		if step != "" {
			return Refuse(NotFound, "%s has no step %s.", r.Name(), step)
		}
		return Refuse(NotFound, "No step of %s that ran has an undo left.", r.Name()).Then(byHand)
	}
	for k := range r.Steps {
		if u := &r.Steps[k]; u.UndoOf == s.ID && u.State.Over() {
			return Refuse(WrongState, "Step %s of %s was undone already, in the run itself, by step %s.", s.Number, r.Name(), u.Number).
				Then("To do it again, plan the procedure anew.")
		}
	}
	switch {
	case s.TakenBack != 0:
		return Refuse(WrongState, "Step %s of %s is taken back already, by %s.", s.Number, r.Name(), RunName(s.TakenBack)).
			Then("To do it again, plan the procedure anew.")
	case s.Undo == "":
		return Refuse(NotFound, "Step %s of %s has no undo.", s.Number, r.Name()).Then(byHand)
	}
	return Refuse(WrongState, "Step %s of %s did not run: there is nothing to take back.", s.Number, r.Name())
}

// Undoing says what a run that takes the step back is told about it. target is the undo's.
func (i *Incident) Undoing(r *Run, s *Step, target string) *Undoes {
	u := &Undoes{Run: r.N, Step: s.ID, Number: s.Number, Ended: s.EndedAt, Identity: r.Identity[target]}
	for _, later := range i.Runs {
		if later.N <= r.N || later.StartedAt.IsZero() || later.Undoes != nil {
			continue
		}
		for k := range later.Steps {
			t := &later.Steps[k]
			same := t.Target == target || t.Lock != "" && t.Lock == s.Lock
			if same && t.Ran() && t.Risk != Read && t.UndoOf == "" && t.TakenBack == 0 {
				u.Since = append(u.Since, later.Name()+" "+t.Number+" "+atMost(t.Title, 60))
			}
		}
	}
	return u
}

// stillUndoes holds, when an undo's run starts, that it works where the undone step worked, and that nobody was first.
func (i *Incident) stillUndoes(r *Run) error {
	u := r.Undoes
	if u == nil {
		return nil
	}
	for k := range r.Steps {
		if t := r.Steps[k].Target; !sameIdentity(u.Identity, r.Identity[t]) {
			return Refuse(Blocked, "%s is another than %s worked on: %s.", t, RunName(u.Run), difference(u.Identity, r.Identity[t])).
				Then("Look at the target; what is to be taken back there is done by hand.")
		}
	}
	if old := i.Run(u.Run); old != nil && old.Step(u.Step) != nil && old.Step(u.Step).TakenBack != 0 {
		return old.noUndo(u.Step)
	}
	return nil
}

// takenBack marks, in the run that has ended, the step whose undo is done, and those behind it: they stood on it.
func (i *Incident) takenBack(r *Run, s *Step) {
	u := r.Undoes
	if u == nil || s.UndoOf != u.Step || s.State != StepDone && s.State != StepWasHand {
		return
	}
	old := i.Run(u.Run)
	if old == nil {
		return
	}
	again := false
	for k := range old.Steps {
		if t := &old.Steps[k]; again || t.ID == u.Step {
			again = true
			t.TakenBack = r.N
		}
	}
}

// undone is the run of which a done undo has taken a step back: its own, or the ended one that it is for.
func (i *Incident) undone(r *Run) *Run {
	if r.Undoes == nil {
		return r
	}
	return i.Run(r.Undoes.Run)
}

// undoFacts tell an approver what is taken back, and what stands on it.
func (r *Run) undoFacts() []Fact {
	if r.Undoes == nil {
		return nil
	}
	facts := []Fact{{Name: "takes back", Value: r.Undoes.Name() + ", which ended " + clock(r.Undoes.Ended)}}
	for _, later := range r.Undoes.Since {
		facts = append(facts, Fact{Name: "since then", Value: later})
	}
	return facts
}
