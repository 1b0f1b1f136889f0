package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// advance takes the run as far as it goes without anybody: to the next process, approval, confirmation, manual step,
// or the end. It is called after everything that may have freed the way.
func (d *draft) advance(desk Desk, r *Run) {
	if r == nil || r.State != Running {
		return
	}
	s := r.Next()
	switch {
	case r.Cancel != "":
		if s == nil || !s.State.Active() {
			d.add(RunEnded{Run: r.N, How: EndCancelled, Why: r.Cancel})
		}
	case s == nil:
		d.add(RunEnded{Run: r.N, How: EndDone, Back: r.returned(desk.Specs)})
	case s.State == StepReady:
		d.start(desk, r, s)
	case s.State != StepTodo:
	case s.Condition != "" && !s.Needed:
		d.add(ConditionAsked{Run: r.N, Step: s.ID})
	case s.Manual:
		d.add(HandAsked{Run: r.N, Step: s.ID})
	case s.NeedsApproval() && (s.Probe || s.Precheck):
		d.ask(r, s.ID, ReadForApproval)
	case s.NeedsApproval():
		d.askApproval(desk, r, s, nil, nil)
	case s.Risk == Read:
		d.start(desk, r, s)
	}
}

// Held reports whether the next step has all that it needs and has not begun: the stop switch kept it, and a person goes on.
func (r *Run) Held() bool {
	s := r.Next()
	if r.State != Running || r.Cancel != "" || r.Asking != "" || s == nil {
		return false
	}
	free := !s.Manual && s.Risk == Read && !s.NeedsApproval() && (s.Condition == "" || s.Needed)
	return s.State == StepReady || s.State == StepTodo && free
}

// AwaitsConfirm reports whether a change step waits for the operator's own word.
func (r *Run) AwaitsConfirm(s *Step) bool {
	return r.State == Running && s == r.Next() && s.State == StepTodo && !s.Manual && s.Risk != Read && !s.NeedsApproval() && (s.Condition == "" || s.Needed)
}

// Doing says in a few words what the run is at.
func (r *Run) Doing() string {
	s := r.Next()
	if s == nil {
		return "all steps are over"
	}
	switch {
	case r.Cancel != "" && s.State.Active():
		return "step " + s.Number + " is being stopped"
	case r.AwaitsConfirm(s):
		return "step " + s.Number + " waits for your confirmation"
	case s.State == StepWaits:
		return "step " + s.Number + " waits for " + ApprovalName(s.Approval)
	case s.State == StepHand:
		return "step " + s.Number + " is done by hand"
	case s.State == StepAsked:
		return "step " + s.Number + " waits to hear whether it is needed (" + s.Condition + ")"
	case s.State == StepTodo:
		return "step " + s.Number + " is next"
	case s.State == StepReading:
		return "step " + s.Number + " reads its target"
	case s.State == StepStarts:
		return "step " + s.Number + " starts"
	}
	return "step " + s.Number + " " + stateWords(s)
}

// stateWords is a step's state as the end of a sentence.
func stateWords(s *Step) string {
	switch s.State {
	case StepFailed:
		return "failed"
	case StepIsLost:
		return "ended without a result"
	case StepTodo:
		return "has not begun"
	case StepWaits:
		return "waits for " + ApprovalName(s.Approval)
	}
	return "is " + string(s.State)
}

// start checks what must still hold, reads the target once more where the step has a probe, and begins the step.
func (d *draft) start(desk Desk, r *Run, s *Step) {
	if desk.House.Frozen != nil {
		return // the stop switch: nothing starts; resume goes on from here
	}
	if why := d.mayStart(desk, r, s); why != "" {
		d.void(s, why)
		d.pause(r, d.stopKind(desk, r), "step "+s.Number+": "+why)
		return
	}
	if s.Probe || s.Precheck {
		d.ask(r, s.ID, ReadForStart)
		return
	}
	d.begin(desk, r, s, nil)
}

// mayStart looks at everything that may have changed since the step was approved (I10, I18, I19).
func (d *draft) mayStart(desk Desk, r *Run, s *Step) string {
	if !desk.Rights.May(r.Operator.Key, Operator) {
		return r.Operator.Name + " is no operator any more"
	}
	if why := d.OutsideDrill(desk.Specs[s.Spec]); why != "" {
		return why
	}
	if !s.NeedsApproval() {
		return ""
	}
	a := d.Approval(s.Approval)
	if a == nil || a.State != Granted {
		return "it is not approved"
	}
	if !d.at.Before(a.StartBy) {
		return a.Name() + " was not used in time"
	}
	if a.Glass {
		return desk.glassHolds(a, r.Operator)
	}
	if !a.Accepted.IsZero() {
		if why := d.standingHolds(desk, r, s, a); why != "" {
			return why
		}
	}
	valid, gone := 0, []Person(nil)
	for _, v := range a.Votes {
		switch {
		case !desk.mayAny(v.By.Key, a.From):
			gone = append(gone, v.By)
		case !v.By.Same(a.By) && !v.By.Same(r.Operator):
			valid++
		}
	}
	switch {
	case valid < a.Need && len(gone) > 0:
		return "the right to approve was removed: " + names(gone)
	case valid < a.Need:
		return "who approved it is its operator now"
	}
	return ""
}

// begin writes the durable record that comes before the process (I25), if what would run is what was approved (I2).
func (d *draft) begin(desk Desk, r *Run, s *Step, identity map[string]string) {
	if desk.House.Frozen != nil {
		return
	}
	if why := d.mayStart(desk, r, s); why != "" {
		d.void(s, why)
		d.pause(r, d.stopKind(desk, r), "step "+s.Number+": "+why)
		return
	}
	spec := desk.Specs[s.Spec]
	action, digest, err := desk.resolve(r, s, identity)
	if err != nil {
		d.void(s, err.Error())
		d.pause(r, StopText, err.Error())
		return
	}
	if a := d.Approval(s.Approval); s.NeedsApproval() && a.Digest != digest {
		why := "what would run is not what " + a.Name() + " approved"
		d.add(Refused{By: Bot, What: "start " + s.Number, Kind: Blocked, Why: why, Run: r.N})
		d.void(s, why)
		d.pause(r, StopText, "step "+s.Number+": "+why)
		return
	}
	d.add(StepStarting{
		Run: r.N, Step: s.ID, Attempt: AttemptName(r.N, s.ID, s.Attempts+1), Approval: s.Approval, Digest: digest,
		Action: action, Host: action.Host, Until: d.at.Add(s.Timeout), Secrets: spec.Secrets,
	})
}

// AttemptName names the n-th attempt of a step, as a folder on disk: r7-p1-s6-1.
func AttemptName(run uint64, step string, n int) string {
	return fmt.Sprintf("r%d-%s-%d", run, strings.ReplaceAll(strings.ToLower(step), ".", "-"), n)
}

// resolve makes the action of a step and its digest, once more from the bytes of its spec.
func (desk Desk) resolve(r *Run, s *Step, identity map[string]string) (Action, string, error) {
	spec := desk.Specs[s.Spec]
	if spec == nil {
		return Action{}, "", Refuse(Blocked, "The text of step %s is not at hand.", s.Number).Then("Plan the run again.")
	}
	if Digest([]byte(spec.Script)) != s.Script {
		return Action{}, "", Refuse(Blocked, "The text of step %s is not the one that was planned.", s.Number).Then("Plan the run again.")
	}
	action, err := spec.Resolve(s.Params, r.Values, identity)
	if err == nil && desk.Check != nil {
		err = desk.Check(spec, r.Values, r.Choices)
	}
	return action, action.Digest([]byte(spec.Script)), err
}

// askApproval puts the step before the approvers with everything that it would do.
func (d *draft) askApproval(desk Desk, r *Run, s *Step, identity map[string]string, facts []Fact) {
	action, digest, err := desk.resolve(r, s, identity)
	if err != nil {
		d.pause(r, StopText, err.Error())
		return
	}
	for _, name := range s.Params {
		if why := r.Reasons[name]; why != "" {
			facts = append(slices.Clone(facts), Fact{Name: name + " is not verified", Value: why})
		}
	}
	facts = append(r.undoFacts(), facts...)
	script := desk.Specs[s.Spec].Script
	shown := Asking{At: d.at, Run: r, Step: s, Action: action, Facts: facts, Specs: desk.Specs, Script: script}.Shown(d.Incident)
	shown.Before = desk.House.before(s.Script)
	asked := slices.DeleteFunc(desk.Approvers(s.From), func(p Person) bool { return p.Same(r.Operator) })
	d.add(ApprovalAsked{
		Approval: desk.NextApproval(), Run: r.N, Step: s.ID, By: r.Operator, Digest: digest, Action: action, Need: s.Need, From: s.From,
		Asked: asked, Expires: d.at.Add(s.Expires).UTC(), StartWithin: s.StartWithin, Facts: facts, Shown: &shown,
	})
	d.approveInAdvance(desk, r, s)
}

// Confirm is the operator's own word on a change step.
func (i *Incident) Confirm(desk Desk, by Person, run uint64, step string) ([]Event, error) {
	r, err := i.liveRun(run)
	if err != nil {
		return nil, err
	}
	if err := i.mayRun(desk, by); err != nil {
		return nil, err
	}
	s := r.Next()
	if s == nil || !r.AwaitsConfirm(s) || step != "" && s.ID != step && s.Number != step {
		return nil, Refuse(WrongState, "Nothing of %s waits for a confirmation: %s.", r.Name(), r.Doing())
	}
	w := i.draft(desk.At)
	w.add(Confirmed{Run: r.N, Step: s.ID, By: by, Digest: s.Script})
	w.advance(desk, w.Run(r.N))
	return w.events, nil
}

// Started, NotStarted, Ended and Lost take the runner's word on an attempt. An attempt that the step has left behind
// changes nothing.
func (i *Incident) Started(e StepStarted) []Event {
	if s := i.attempting(e.Run, e.Step, e.Attempt); s == nil || s.State != StepStarts {
		return nil
	}
	return []Event{e}
}

// NotStarted says that no process ever existed for the attempt.
func (i *Incident) NotStarted(desk Desk, e StepNotStarted) []Event {
	if s := i.attempting(e.Run, e.Step, e.Attempt); s == nil || !s.State.Active() && s.State != StepIsLost {
		return nil
	}
	return i.after(desk, e.Run, e)
}

// Ended takes the exit record of an attempt and goes on when it succeeded.
func (i *Incident) Ended(desk Desk, e StepEnded) []Event {
	s := i.attempting(e.Run, e.Step, e.Attempt)
	if s == nil || !s.State.Active() && s.State != StepIsLost {
		return nil
	}
	return i.after(desk, e.Run, e)
}

// Lost says that the process is gone and left no result (I26).
func (i *Incident) Lost(desk Desk, e StepUnknown) []Event {
	if s := i.attempting(e.Run, e.Step, e.Attempt); s == nil || !s.State.Active() {
		return nil
	}
	return i.after(desk, e.Run, e)
}

func (i *Incident) attempting(run uint64, step, attempt string) *Step {
	r := i.Run(run)
	if r == nil || r.State == Ended {
		return nil
	}
	s := r.Step(step)
	if s == nil || s.Attempt != attempt {
		return nil
	}
	return s
}

func (i *Incident) after(desk Desk, run uint64, e Event) []Event {
	w := i.draft(desk.At)
	w.add(e)
	r := w.Run(run)
	ended, ok := e.(StepEnded)
	if ok && ended.Outcome == Succeeded {
		w.tick(desk, r, r.Step(ended.Step), Bot, "")
	}
	if ok && ended.Outcome == Succeeded && r.State == Running && r.Cancel == "" && r.Next() != nil {
		switch s := r.Step(ended.Step); {
		case s.UndoOf != "":
			w.rest(r, "undone; choose how to go on")
		case r.OneStep:
			w.rest(r, "one step was asked for")
		}
	}
	if r.Cancel != "" && r.State == Paused {
		w.add(RunEnded{Run: r.N, How: EndCancelled, Why: r.Cancel})
	}
	w.advance(desk, r)
	return w.events
}

// tick closes the checklist items that the lock says are done when the step is; an undo opens again what drbot closed for
// the step that it took back.
func (d *draft) tick(desk Desk, r *Run, s *Step, by Person, manner string) {
	if s.UndoOf == "" {
		for _, it := range d.itemsOf(desk.Specs[s.Spec]) {
			d.tickFor(it, by, stepProof(r, s, manner))
		}
		return
	}
	of, again := d.undone(r), false
	if of == nil {
		return
	}
	d.unreturned()
	for k := range of.Steps {
		if again = again || of.Steps[k].ID == s.UndoOf; !again {
			continue
		}
		for _, it := range d.itemsOf(desk.Specs[of.Steps[k].Spec]) {
			if it.Closed() && it.By.Same(Bot) {
				d.add(d.reopening(Bot, it, "")...)
			}
			d.unshow(it)
		}
	}
}

// itemsOf finds the checklist items that a spec closes, by their texts.
func (i *Incident) itemsOf(spec *Spec) []*Item {
	if spec == nil {
		return nil
	}
	var items []*Item
	for _, text := range spec.Closes {
		for k := range i.Checklist {
			if strings.EqualFold(strings.TrimSpace(i.Checklist[k].Text), strings.TrimSpace(text)) {
				items = append(items, &i.Checklist[k])
			}
		}
	}
	return items
}

// Extend moves the limit of the running step to d from now.
func (i *Incident) Extend(desk Desk, by Person, run uint64, d time.Duration, reason string) ([]Event, error) {
	r, err := i.liveRun(run)
	if err != nil {
		return nil, err
	}
	if !desk.Rights.May(by.Key, Approver) {
		return nil, Refuse(NotAllowed, "Only approvers extend a step.")
	}
	s := r.Next()
	reason = strings.TrimSpace(reason)
	switch {
	case s == nil || !s.State.Active():
		return nil, Refuse(WrongState, "No step of %s is running.", r.Name())
	case d <= 0 || d > 24*time.Hour:
		return nil, Refuse(BadInput, "A step is extended by 1 min to 24 h.").Then("Like: extend 20m the copy is half done")
	case reason == "":
		return nil, Refuse(BadInput, "An extension needs its reason.").Then("Like: extend 20m the copy is half done")
	}
	until := s.Until.Add(d)
	if floor := desk.At.Add(d); until.Before(floor) {
		until = floor
	}
	return []Event{StepExtended{Run: r.N, Step: s.ID, Attempt: s.Attempt, By: by, Until: until.UTC(), Reason: reason}}, nil
}
