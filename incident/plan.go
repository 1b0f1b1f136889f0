package incident

import (
	"maps"
	"slices"
	"strings"
)

// Plan drafts a run, in place of an earlier draft, and asks the runner to read what the plan form shows: identity of
// the targets and listings for the values that are still open.
func (i *Incident) Plan(d Desk, p RunPlanned, reads bool) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	if !d.Rights.May(p.By.Key, Operator) {
		return nil, Refuse(NotAllowed, "Only operators plan runs.")
	}
	if live := i.LiveRun(); live != nil {
		if live.State != Draft {
			return nil, Refuse(WrongState, "%s %s is not over.", live.Name(), live.Title).Then("Finish or cancel it first.")
		}
		p.Replaces = live.N
	}
	if err := i.planDrill(d, p); err != nil {
		return nil, err
	}
	w := i.draft(d.At)
	w.add(p)
	if reads {
		w.ask(w.Run(p.Run), "", ReadForPlan)
	}
	return w.events, nil
}

func (d *draft) ask(r *Run, step, what string) {
	d.add(ReadsAsked{Run: r.N, Step: step, For: what, Ask: r.Ask + 1})
}

// Missing lists the values that steps take and that neither the plan nor an earlier step gives.
func (r *Run) Missing() []string {
	known := map[string]bool{}
	for name := range r.Values {
		known[name] = true
	}
	var missing []string
	for k := range r.Steps {
		s := &r.Steps[k]
		for _, name := range s.Params {
			if !known[name] && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
		for _, name := range s.Produces {
			known[name] = true
		}
	}
	return missing
}

// MissingNames are the missing values as people call them.
func (r *Run) MissingNames(specs map[string]*Spec) []string {
	var names []string
	for _, key := range r.Missing() {
		p := Param{Name: key}
		for _, s := range slices.Concat(r.Steps, r.Undos) {
			if spec := specs[s.Spec]; spec != nil {
				if k := slices.IndexFunc(spec.Params, func(q Param) bool { return q.Key == key }); k >= 0 {
					p = spec.Params[k]
					break
				}
			}
		}
		if name := p.Called(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Undecided lists the steps of which a branch is still to be chosen: "1.2 Where it runs".
func (r *Run) Undecided() []string {
	var open []string
	for k := range r.Steps {
		if s := &r.Steps[k]; s.Choose {
			open = append(open, s.Number+" "+s.Title)
		}
	}
	return open
}

// Start begins a planned run, or lets a paused one go on; oneStep stops again after the next step.
func (i *Incident) Start(d Desk, by Person, run uint64, oneStep bool) ([]Event, error) {
	r, err := i.liveRun(run)
	if err != nil {
		return nil, err
	}
	if err := i.mayRun(d, by); err != nil {
		return nil, err
	}
	w := i.draft(d.At)
	switch r.State {
	case Draft:
		if err := i.startable(d, r); err != nil {
			return nil, err
		}
		w.add(RunStarted{Run: r.N, By: by, Step: oneStep})
	case Paused:
		w.add(RunResumed{Run: r.N, By: by, Step: oneStep})
	default:
		s := r.Next()
		if s != nil && (s.State == StepFailed || s.State == StepIsLost) {
			return nil, Refuse(WrongState, "%s does not go on: step %s %s.", r.Name(), s.Number, stateWords(s)).
				Then("Run it again, undo, skip it with a reason, or say what was done by hand: retry, undo, skip or hand %s.", s.Number)
		}
		if s == nil || s.State != StepReady && s.State != StepTodo {
			return nil, Refuse(WrongState, "%s is running: %s.", r.Name(), r.Doing())
		}
	}
	w.advance(d, w.Run(r.N))
	if len(w.events) == 0 {
		return nil, Refuse(WrongState, "%s is running: %s.", r.Name(), r.Doing())
	}
	return w.events, nil
}

func (i *Incident) mayRun(d Desk, by Person) error {
	switch {
	case !d.Rights.May(by.Key, Operator):
		return Refuse(NotAllowed, "Only operators start runs.")
	case d.House.Frozen != nil:
		return Refuse(Blocked, "Frozen by %s: %s.", d.House.Frozen.By.Name, d.House.Frozen.Reason).Then("An admin thaws with the command recover thaw.")
	}
	return nil
}

// liveRun finds the run by number, or the newest live one for 0.
func (i *Incident) liveRun(n uint64) (*Run, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	r := i.LiveRun()
	if n != 0 {
		r = i.Run(n)
	}
	switch {
	case r == nil && n != 0:
		return nil, Refuse(NotFound, "%s has no run %s.", i.ID, RunName(n))
	case r == nil && len(i.Runs) > 0:
		last := i.Runs[len(i.Runs)-1]
		refusal := Refuse(WrongState, "%s ended (%s), and no other run is planned.", last.Name(), last.How)
		if s := last.Undoable(""); s != nil && began(last) {
			return nil, refusal.Then("Plan a procedure to do anything more. To take a step back: undo %s %s.", last.Name(), s.Number)
		}
		return nil, refusal.Then("Plan a procedure to do anything more; what is undone by hand is noted.")
	case r == nil:
		return nil, Refuse(WrongState, "No run is planned.").Then("Plan one first.")
	case r.State == Ended:
		return nil, Refuse(WrongState, "%s ended (%s).", r.Name(), r.How)
	}
	return r, nil
}

// startable holds what must be true when a run begins. Acceptance is asked here and not later: once started, a run
// keeps the revision that it was planned with, whatever is loaded meanwhile (I4, I5).
func (i *Incident) startable(d Desk, r *Run) error {
	switch {
	case r.Asking != "":
		return Refuse(WrongState, "The target is still being read.").Then("The plan fills itself when that is done.")
	case r.Failure != "":
		return Refuse(Blocked, "Reading before the plan failed: %s.", r.Failure).Then("Mend that and plan again.")
	}
	if open := r.Undecided(); len(open) > 0 {
		return Refuse(BadInput, "Not chosen yet: %s.", strings.Join(open, ", ")).Then("One branch runs. Choose it in the plan, then start.")
	}
	if missing := r.MissingNames(d.Specs); len(missing) > 0 {
		return Refuse(BadInput, "Not chosen yet: %s.", strings.Join(missing, ", ")).Then("Choose in the plan, then start.")
	}
	for _, s := range slices.Concat(r.Steps, r.Undos) {
		if _, ok := d.House.Accepted[s.Entry]; !ok && !s.Manual {
			return Refuse(Blocked, "The lock entry of step %s is not accepted (any more).", s.Number).Then("Plan the run again.")
		}
	}
	if err := i.stillUndoes(r); err != nil {
		return err
	}
	if err := d.checkPlan(r); err != nil {
		return err
	}
	for _, lock := range r.Locks() {
		if holder, taken := d.Holder(lock); taken && holder != i.ID {
			return Refuse(Blocked, "%s is held by a run of %s.", lock[len("lock:"):], holder).Then("Wait for it, or end it there.")
		}
		for _, other := range i.Runs {
			if other.N != r.N && (other.State == Running || other.State == Paused) && slices.Contains(other.Locks(), lock) {
				return Refuse(Blocked, "%s is held by %s.", lock[len("lock:"):], other.Name())
			}
		}
	}
	return nil
}

// checkPlan holds every value that is known already against its step; what steps give is checked when it is there.
func (d Desk) checkPlan(r *Run) error {
	for name, lines := range r.Choices {
		for _, c := range lines {
			if c.Value == r.Values[name] && c.State == "unverified" && r.Reasons[name] == "" {
				return Refuse(BadInput, "%s is not verified.", c.Value).Then("Say why it is taken, in the plan, or take a verified one.")
			}
		}
	}
	for k := range r.Steps {
		s := &r.Steps[k]
		if d.Check == nil || s.Manual || slices.ContainsFunc(s.Params, func(name string) bool { _, ok := r.Values[name]; return !ok }) {
			continue
		}
		spec := d.Specs[s.Spec]
		if spec == nil {
			return Refuse(Blocked, "The text of step %s is not at hand.", s.Number).Then("Plan the run again.")
		}
		if err := d.Check(spec, r.Values, r.Choices); err != nil {
			return err
		}
	}
	return nil
}

// ReadsDone takes the runner's answer and goes on: it fills the plan, asks for approval, or starts the step.
func (i *Incident) ReadsDone(d Desk, e ReadsDone) ([]Event, error) {
	r := i.Run(e.Run)
	if r == nil || r.State == Ended || r.Ask != e.Ask || r.Asking == "" {
		return nil, nil
	}
	asked := r.Step(e.Step)
	waits := asked != nil && asked == r.Next() && asked.State == StepReading
	w := i.draft(d.At)
	w.add(e)
	r = w.Run(e.Run)
	if e.For == ReadForPlan || e.For == ReadForCheck {
		return w.events, nil
	}
	if !waits || r.State != Running || r.Cancel != "" {
		return w.events, nil // skipped or done by hand meanwhile; or paused, and resume goes on from here
	}
	s := r.Step(e.Step)
	identity, declared := e.Identity[s.Target], r.Identity[s.Target]
	switch {
	case e.Failure != "":
		w.void(s, "reading the target failed: "+e.Failure)
		w.pause(r, StopRead, "reading the target failed: "+e.Failure)
	case !sameIdentity(identity, declared):
		w.void(s, "the target is another than was declared")
		w.pause(r, StopTarget, "the target of step "+s.Number+" is another than was declared: "+difference(declared, identity))
	case e.For == ReadForApproval:
		w.askApproval(d, r, s, identity, e.Facts)
	default:
		w.begin(d, r, s, identity)
	}
	return w.events, nil
}

func sameIdentity(a, b map[string]string) bool {
	return maps.Equal(a, b)
}

func difference(declared, read map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if read[name] != declared[name] {
			return name + " was " + declared[name] + ", is " + read[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if _, ok := declared[name]; !ok {
			return name + " is " + read[name] + " and was not declared"
		}
	}
	return "no difference"
}

// void withdraws the undecided approval of a step.
func (d *draft) void(s *Step, why string) {
	if a := d.Approval(s.Approval); a != nil && a.Undecided() {
		d.add(Withdrawn{Approval: a.N, Run: a.Run, Why: why})
	}
}
