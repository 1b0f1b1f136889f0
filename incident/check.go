package incident

import (
	"strings"
	"time"
)

// ReadForCheck asks the runner to execute the reading that proves a step, away from the order of the run: a person looks
// before deciding about a step that ended without a result (I26). It changes no step's state.
const ReadForCheck = "check"

// Checked is what the proving step showed, the last time that it was run as a check.
type Checked struct {
	At   time.Time `json:"at,omitzero"`
	Step string    `json:"step,omitempty"` // number of the step that proves
	OK   bool      `json:"ok,omitempty"`
	Said string    `json:"said,omitempty"`
}

// Proof is the step that proves s and that may run as a check: a reading that needs nobody. Nil when there is none.
func (r *Run) Proof(s *Step) *Step {
	if s.Verify == "" {
		return nil
	}
	v := r.Step(s.Verify)
	if v == nil || v.Manual || v.Risk != Read || v.NeedsApproval() || v.Script == "" {
		return nil
	}
	return v
}

// Check runs the proof of a step that ended without a result, once; what comes of it is shown, and decides nothing.
func (i *Incident) Check(d Desk, by Person, run uint64, step string) ([]Event, error) {
	r, s, err := i.stuck(d, by, run, step)
	if err != nil {
		return nil, err
	}
	if err := i.mayRun(d, by); err != nil {
		return nil, err
	}
	v := r.Proof(s)
	switch {
	case s.State != StepIsLost:
		return nil, Refuse(WrongState, "Step %s is %s; only a step that ended without a result is checked.", s.Number, s.State)
	case v == nil:
		return nil, Refuse(WrongState, "The lock names no reading that proves step %s.", s.Number).Then("Look at the target, then say what you saw.")
	case r.Asking != "":
		return nil, Refuse(WrongState, "The target is being read already.").Then("The result comes on the step's card.")
	}
	if _, _, err := d.resolve(r, v, nil); err != nil {
		return nil, err
	}
	return []Event{ReadsAsked{Run: r.N, Step: s.ID, For: ReadForCheck, Ask: r.Ask + 1, By: by}}, nil
}

// checked keeps what a check showed.
func (r *Run) checked(at Stamp, e ReadsDone) {
	s := r.Step(e.Step)
	if s == nil {
		return
	}
	s.Check = Checked{At: at.Time, OK: e.Failure == "", Said: e.Failure}
	if v := r.Step(s.Verify); v != nil {
		s.Check.Step, s.Check.Said = v.Number, strings.TrimPrefix(e.Failure, "step "+v.Number+": ")
		if read, declared := e.Identity[v.Target], r.Identity[v.Target]; s.Check.OK && !sameIdentity(read, declared) {
			s.Check.OK, s.Check.Said = false, "the target is another than was declared: "+difference(declared, read)
		}
	}
	for _, f := range e.Facts {
		if s.Check.OK {
			s.Check.Said = f.Value
		}
	}
}
