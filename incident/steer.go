package incident

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// How people steer a run past what did not go by itself.

// Pause stops before the next step; a running one goes on.
func (i *Incident) Pause(by Person, rights Rights, run uint64) ([]Event, error) {
	r, err := i.liveRun(run)
	switch {
	case err != nil:
		return nil, err
	case !rights.May(by.Key, Operator):
		return nil, Refuse(NotAllowed, "Only operators pause runs.")
	case r.State != Running:
		return nil, Refuse(WrongState, "%s is %s.", r.Name(), r.State)
	}
	return []Event{RunPaused{Run: r.N, By: by, Why: "by " + by.Name}}, nil
}

// stuck finds the step that a person may settle: named, or the next one.
func (i *Incident) stuck(d Desk, by Person, run uint64, step string) (*Run, *Step, error) {
	r, err := i.liveRun(run)
	if err != nil {
		return nil, nil, err
	}
	if !d.Rights.May(by.Key, Operator) {
		return nil, nil, Refuse(NotAllowed, "Only operators steer runs.")
	}
	if r.State == Draft {
		return nil, nil, Refuse(WrongState, "%s has not started.", r.Name()).Then("Start it first.")
	}
	s := r.Next()
	if step != "" {
		s = r.Step(step)
	}
	switch {
	case s == nil:
		return nil, nil, Refuse(NotFound, "%s has no step %q left.", r.Name(), step)
	case s.State.Active():
		return nil, nil, Refuse(WrongState, "Step %s is running.", s.Number).Then("Wait for it, or cancel the run.")
	}
	return r, s, nil
}

// Retry runs a failed or unknown step again, with everything that its start needs asked anew (I21, I26).
func (i *Incident) Retry(d Desk, by Person, run uint64, step string) ([]Event, error) {
	r, s, err := i.stuck(d, by, run, step)
	if err != nil {
		return nil, err
	}
	if s.State != StepFailed && s.State != StepIsLost {
		refusal := Refuse(WrongState, "Step %s %s; only a step that failed or ended without a result is run again.", s.Number, stateWords(s))
		if r.State == Paused && s.State == StepTodo {
			return nil, refusal.Then("To ask for it once more: Go on, or resume.")
		}
		return nil, refusal
	}
	if err := i.mayRun(d, by); err != nil {
		return nil, err
	}
	if err := cmp.Or(r.Outlived(true), r.Away()); err != nil {
		return nil, err
	}
	w := i.draft(d.At)
	w.add(StepSettled{Run: r.N, Step: s.ID, By: by, As: "again"})
	return w.goOn(d, r.N, by), nil
}

// goOn resumes a paused run and advances it.
func (d *draft) goOn(desk Desk, run uint64, by Person) []Event {
	r := d.Run(run)
	if r.State == Paused {
		d.add(RunResumed{Run: run, By: by})
	}
	d.advance(desk, r)
	return d.events
}

// Skip passes a step without doing it.
func (i *Incident) Skip(d Desk, by Person, run uint64, step, reason string) ([]Event, error) {
	r, s, err := i.stuck(d, by, run, step)
	if err != nil {
		return nil, err
	}
	if s != r.Next() {
		return nil, Refuse(WrongState, "Step %s is not the next one; %s.", s.Number, r.Doing())
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return nil, Refuse(BadInput, "Skipping step %s needs a reason.", s.Number).Then("Like: skip %s the service was down already", s.Number)
	}
	if err := cmp.Or(r.Outlived(false), s.vouched(reason)); err != nil {
		return nil, err
	}
	w := i.draft(d.At)
	w.void(w.Run(r.N).Step(s.ID), "the step was skipped")
	w.add(StepSkipped{Run: r.N, Step: s.ID, By: by, Reason: reason})
	return w.goOn(d, r.N, by), nil
}

// Answer is a person's word on whether a step with a condition is needed. Without one the run waits.
func (i *Incident) Answer(d Desk, by Person, run uint64, step string, needed bool, why string) ([]Event, error) {
	r, s, err := i.stuck(d, by, run, step)
	if err != nil {
		return nil, err
	}
	if s != r.Next() || s.State != StepAsked {
		return nil, Refuse(WrongState, "Nothing asks whether step %s is needed; %s.", s.Number, r.Doing())
	}
	if why = strings.TrimSpace(why); why == "" && !needed {
		return nil, Refuse(BadInput, "Say why step %s is not needed.", s.Number).Then("Like: notneeded %s the cache is empty already", s.Number)
	}
	w := i.draft(d.At)
	w.add(ConditionAnswered{Run: r.N, Step: s.ID, Condition: s.Condition, By: by, Needed: needed, Why: why})
	return w.goOn(d, r.N, by), nil
}

// ByHand notes what a person did in place of the step, and what they saw.
func (i *Incident) ByHand(d Desk, by Person, run uint64, step, did, saw string) ([]Event, error) {
	r, s, err := i.stuck(d, by, run, step)
	if err != nil {
		return nil, err
	}
	if s != r.Next() {
		return nil, Refuse(WrongState, "Step %s is not the next one; %s.", s.Number, r.Doing())
	}
	if saw, err = text("What you saw", saw, 1000); err != nil {
		return nil, err
	}
	if err := cmp.Or(r.Outlived(false), s.vouched(did+" "+saw)); err != nil {
		return nil, err
	}
	w := i.draft(d.At)
	w.void(w.Run(r.N).Step(s.ID), "the step was done by hand")
	w.add(StepByHand{Run: r.N, Step: s.ID, By: by, Did: strings.TrimSpace(did), Saw: saw})
	w.tick(d, w.Run(r.N), w.Run(r.N).Step(s.ID), by, ", by hand")
	return w.goOn(d, r.N, by), nil
}

// Undo plans the undo of a step as the next step, with its own approval.
func (i *Incident) Undo(d Desk, by Person, run uint64, step string) ([]Event, error) {
	r, err := i.liveRun(run)
	if err != nil {
		return nil, err
	}
	if err := i.mayRun(d, by); err != nil {
		return nil, err
	}
	s := r.Undoable(step)
	switch next := r.Next(); {
	case s == nil:
		return nil, Refuse(NotFound, "No step that ran has an undo.")
	case next != nil && next.State.Active():
		return nil, Refuse(WrongState, "Step %s is running.", next.Number).Then("Wait for it, or cancel the run.")
	case next != nil && next.UndoOf == s.ID:
		return nil, Refuse(WrongState, "The undo of %s is planned already: %s.", s.Number, r.Doing())
	}
	if err := cmp.Or(r.Outlived(false), r.Away()); err != nil {
		return nil, err
	}
	w := i.draft(d.At)
	for _, a := range w.Approvals {
		if a.Run == r.N && a.Undecided() {
			w.add(Withdrawn{Approval: a.N, Run: r.N, Why: "step " + s.Number + " is undone first"})
		}
	}
	w.add(UndoPlanned{Run: r.N, Step: s.ID, Undo: s.Undo, By: by})
	return w.goOn(d, r.N, by), nil
}

// Undoable is the named step, or for "" the last one, that ran and has an undo. A step of which nothing ran has nothing to
// take back.
func (r *Run) Undoable(step string) *Step {
	var found *Step
	for k := range r.Steps {
		s := &r.Steps[k]
		ran := s.State == StepDone || s.State == StepFailed && s.Ran() || s.State == StepIsLost || s.State == StepWasHand
		if s.Undo == "" || !ran || s.TakenBack != 0 {
			continue
		}
		if step == "" || s.ID == step || s.Number == step {
			found = s
		}
	}
	return found
}

// Cancel stops the running step and ends the run; without a running step it ends at once.
func (i *Incident) Cancel(d Desk, by Person, run uint64, reason string) ([]Event, error) {
	r, err := i.liveRun(run)
	if err != nil {
		return nil, err
	}
	if !d.Rights.May(by.Key, Operator) {
		return nil, Refuse(NotAllowed, "Only operators cancel runs.")
	}
	if reason = strings.TrimSpace(reason); reason == "" && r.State != Draft {
		return nil, Refuse(BadInput, "Cancelling needs a reason.").Then("Like: cancel wrong database")
	}
	w := i.draft(d.At)
	if r.State == Draft {
		w.add(RunEnded{Run: r.N, How: EndDiscarded, Why: reason})
		return w.events, nil
	}
	for _, a := range w.Approvals {
		if a.Run == r.N && a.Undecided() {
			w.add(Withdrawn{Approval: a.N, Run: r.N, Why: "the run was cancelled"})
		}
	}
	attempt := ""
	if s := r.Next(); s != nil && s.State.Active() {
		attempt = s.Attempt
	}
	w.add(CancelAsked{Run: r.N, Attempt: attempt, By: by, Reason: reason})
	if attempt == "" {
		w.add(RunEnded{Run: r.N, How: EndCancelled, Why: reason})
	}
	return w.events, nil
}

// Approve counts one person's yes, and starts the step when it completes the quorum. digest, when given, must be the
// whole or the beginning of what is approved.
func (i *Incident) Approve(d Desk, by Person, n uint64, digest string) ([]Event, error) {
	a, err := i.decidable(d, by, n)
	if err != nil {
		return nil, err
	}
	if digest != "" && !a.Shows(digest) {
		return nil, Refuse(BadInput, "%s is not the sha256 of %s.", digest, a.Name()).Then("It begins with the digits that the text is shown with.")
	}
	for _, v := range a.Votes {
		if v.By.Same(by) {
			return nil, Refuse(WrongState, "You approved %s at %s; one more person must.", a.Name(), v.At.UTC().Format("15:04 UTC"))
		}
	}
	w := i.draft(d.At)
	e := Approved{Approval: n, Run: a.Run, By: by, Digest: a.Digest, Basis: d.Basis}
	if len(a.Votes)+1 >= a.Need {
		e.StartBy = d.At.Add(a.StartWithin).UTC()
	}
	w.add(e)
	w.advance(d, w.Run(a.Run))
	return w.events, nil
}

// Deny is final (I12); asking again makes another approval.
func (i *Incident) Deny(d Desk, by Person, n uint64, reason string) ([]Event, error) {
	a, err := i.decidable(d, by, n)
	if err != nil {
		return nil, err
	}
	if reason, err = text("The reason", reason, 500); err != nil {
		return nil, err
	}
	w := i.draft(d.At)
	w.add(Denied{Approval: n, Run: a.Run, By: by, Reason: reason})
	w.stop(w.Run(a.Run), StopDenied, a.Name()+" was denied by "+by.Name+": "+reason)
	return w.events, nil
}

// decidable holds the rules of who may decide on what, and until when (I8, I9, I11-I13, I18).
func (i *Incident) decidable(d Desk, by Person, n uint64) (*Approval, error) {
	a, err := i.undecided(d.At, n)
	if err != nil {
		return nil, err
	}
	operator := i.Run(a.Run).Operator
	switch {
	case by.Same(a.By) || by.Same(operator):
		return nil, Refuse(NotAllowed, "You asked for this, so someone else decides: %s.", names(i.deciders(d, a)))
	case !d.mayAny(by.Key, a.From):
		who := names(i.deciders(d, a))
		if at := d.House.Unapproved[by.Key]; at.After(a.At) {
			return nil, Refuse(NotAllowed, "Your right to approve was removed at %s. %s can decide this.", clock(at), who)
		}
		return nil, Refuse(NotAllowed, "You cannot decide this: %s can.", who)
	}
	return a, nil
}

// deciders are the people who can decide now: never the one who asked, nor the run's operator.
func (i *Incident) deciders(d Desk, a *Approval) []Person {
	operator := i.Run(a.Run).Operator
	return slices.DeleteFunc(slices.Clone(d.Approvers(a.From)), func(p Person) bool { return p.Same(a.By) || p.Same(operator) })
}

// undecided finds an approval that waits and has not ended.
func (i *Incident) undecided(at time.Time, n uint64) (*Approval, error) {
	a := i.Approval(n)
	if a == nil {
		return nil, Refuse(NotFound, "%s has no approval %s.", i.ID, ApprovalName(n))
	}
	switch {
	case a.Glass && (a.State == Granted || a.State == Used):
		return nil, Refuse(TooLate, "%s broke the glass at %s.", a.DecidedBy.Name, clock(a.Decided))
	case a.State == Granted || a.State == Used:
		return nil, Refuse(TooLate, "%s approved at %s.", a.DecidedBy.Name, clock(a.Decided))
	case a.State == IsDenied:
		return nil, Refuse(TooLate, "%s denied it at %s: %s.", a.DecidedBy.Name, clock(a.Decided), a.Why).Then("A denial is final; the operator can ask again.")
	case a.State == IsWithdrawn:
		return nil, Refuse(TooLate, "Withdrawn at %s: %s.", clock(a.Decided), a.Why)
	case a.State != Pending || !at.Before(a.Expires):
		return nil, Refuse(TooLate, "Too late: ended %s. Nothing ran.", clock(a.Expires)).Then("The operator can ask again.")
	}
	return a, nil
}

// Expire ends what Tick found to have ended, and pauses the runs that waited for it.
func (i *Incident) expire(at time.Time, events []Event) []Event {
	w := i.draft(at)
	for _, e := range events {
		w.add(e)
		if x, ok := e.(Expired); ok {
			why := " ended and nobody decided"
			if x.Approved {
				why = " was approved and not started in time"
			}
			w.pause(w.Run(x.Run), StopAsk, ApprovalName(x.Approval)+why)
		}
	}
	return w.events
}

// EndApprovals withdraws every approval that could still start something: the clock was set back (I54).
func (i *Incident) EndApprovals(at time.Time, why string) []Event {
	w := i.draft(at)
	for _, a := range w.Approvals {
		if a.Undecided() {
			w.add(Withdrawn{Approval: a.N, Run: a.Run, Why: why})
			w.pause(w.Run(a.Run), StopAsk, why)
		}
	}
	return w.events
}

func clock(t time.Time) string { return t.UTC().Format("15:04 UTC") }

func names(people []Person) string {
	if len(people) == 0 {
		return "nobody is configured"
	}
	list := make([]string, len(people))
	for k, p := range people {
		list[k] = p.Name
	}
	return strings.Join(list, ", ")
}
