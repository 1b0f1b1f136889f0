package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// What happens while nobody decides on an approval: its approvers are called again, and at last listed people may break
// the glass, which stands for the missing approvals and for nothing else. What runs is what was asked: same text, same
// target, same expiry; a lock entry that nobody accepted, a denial and the stop switch hold as before (I16).

// NudgeEvery is how long an approval waits before its approvers are called again; at the second time the glass may be
// broken. A request that ends sooner than five times that long calls at the fifths of its time.
const NudgeEvery = 3 * time.Minute

// GlassNudge is the call with which break-glass is offered.
const GlassNudge = 2

// MinGlassReason is how many characters a reason has at least.
const MinGlassReason = 20

// GlassBroken lets one listed person stand for the missing approvals of one request.
type GlassBroken struct {
	Approval uint64    `json:"approval"`
	Run      uint64    `json:"run"`
	Step     string    `json:"step"`
	By       Person    `json:"by"`
	Digest   string    `json:"digest"` // of the request, as it was asked
	Basis    string    `json:"basis"`  // revision of people and rights that lists the person (I43)
	Target   string    `json:"target"` // as it was typed
	Reason   string    `json:"reason"`
	StartBy  time.Time `json:"start_by"`
}

func (GlassBroken) EventKind() string { return "GlassBroken" }

// Glass is the mark that stays.
type Glass struct {
	Approval uint64    `json:"approval"`
	Run      uint64    `json:"run"`
	Number   string    `json:"number"`
	By       Person    `json:"by"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason"`
}

// NudgeAt is when the approvers are called for the n-th time again.
func (a *Approval) NudgeAt(n int) time.Time {
	return a.At.Add(time.Duration(n) * a.nudgeEvery())
}

func (a *Approval) nudgeEvery() time.Duration { return min(NudgeEvery, a.Expires.Sub(a.At)/5) }

func nudgeKey(n uint64, nth int) string {
	return fmt.Sprintf("%s/%s/%d", DueNudge, ApprovalName(n), nth)
}

// Target is what people call the place where it runs.
func (a *Approval) Target() string {
	if a.Action.Target != "" {
		return a.Action.Target
	}
	return a.Action.Host
}

// Open lists who was asked and has not decided yet.
func (a *Approval) Open() []Person {
	var list []Person
	for _, p := range a.Asked {
		if !p.Same(a.By) && !slices.ContainsFunc(a.Votes, func(v Vote) bool { return v.By.Same(p) }) {
			list = append(list, p)
		}
	}
	return list
}

// GlassOffered reports whether the call that offers break-glass was made; the card shows the button from then on.
func (i *Incident) GlassOffered(a *Approval) bool {
	return a.State == Pending && slices.Contains(i.Spoken, nudgeKey(a.N, GlassNudge))
}

// MayBreak reports whether break-glass may be used on an approval now.
func (a *Approval) MayBreak(at time.Time) bool {
	return a.State == Pending && !at.Before(a.NudgeAt(GlassNudge)) && at.Before(a.Expires)
}

// BreakGlass decides in place of approvers who do not answer. typed is the target as the person wrote it; digest, when
// given, must be the whole or the beginning of what would run.
func (i *Incident) BreakGlass(d Desk, by Person, n uint64, reason, typed, digest string) ([]Event, error) {
	a, err := i.undecided(d.At, n)
	if err != nil {
		return nil, err
	}
	r := i.Run(a.Run)
	switch {
	case !d.mayBreak(by):
		return nil, Refuse(NotAllowed, "You are not listed to break the glass: %s.", names(d.Breakers)).Then("The list is break_glass in drbot.yaml.")
	case by.Same(a.By) || by.Same(r.Operator):
		return nil, Refuse(NotAllowed, "You asked for this, so someone else breaks the glass: %s.", names(d.Breakers))
	case !a.MayBreak(d.At):
		return nil, Refuse(WrongState, "The approvers have until %s to answer; then the glass may be broken.", clock(a.NudgeAt(GlassNudge)))
	}
	if reason, err = text("The reason", reason, 500); err != nil {
		return nil, err
	}
	switch {
	case utf8.RuneCountInString(reason) < MinGlassReason: // first: a form shows it at its own field
		return nil, Refuse(BadInput, "The reason has %d characters; breaking the glass needs %d.", utf8.RuneCountInString(reason), MinGlassReason).Then("Say who was called, and why it cannot wait.")
	case typed != a.Target():
		return nil, Refuse(BadInput, "%q is not the target of %s.", typed, a.Name()).Then("Read on its card where it runs, and type that.")
	case digest != "" && !a.Shows(digest):
		return nil, Refuse(BadInput, "%s is not the sha256 of %s.", digest, a.Name()).Then("It begins with the digits that the text is shown with.")
	}
	w := i.draft(d.At)
	w.add(GlassBroken{
		Approval: n, Run: a.Run, Step: a.Step, By: by, Digest: a.Digest, Basis: d.Basis, Target: typed, Reason: reason,
		StartBy: d.At.Add(a.StartWithin).UTC(),
	})
	w.advance(d, w.Run(a.Run))
	return w.events, nil
}

// Shows reports whether digits are the whole or a sufficient beginning of the approval's digest.
func (a *Approval) Shows(digits string) bool {
	return len(digits) >= 8 && strings.HasPrefix(a.Digest, strings.ToLower(digits))
}

func (d Desk) mayBreak(by Person) bool { return slices.ContainsFunc(d.Breakers, by.Same) }

// glassHolds is asked just before the start, like the rights of approvers (I10).
func (d Desk) glassHolds(a *Approval, operator Person) string {
	if !d.mayBreak(a.DecidedBy) || a.DecidedBy.Same(a.By) || a.DecidedBy.Same(operator) {
		return "who broke the glass may not do so any more"
	}
	return ""
}

// glassBroken folds the mark: it stays whatever becomes of the step.
func (i *Incident) glassBroken(at Stamp, e GlassBroken) {
	a := i.Approval(e.Approval)
	if a == nil {
		return
	}
	a.State, a.Glass, a.StartBy, a.Decided, a.DecidedBy, a.Why = Granted, true, e.StartBy, at.Time, e.By, e.Reason
	i.stepOf(a, func(s *Step) { s.State, s.By = StepReady, e.By })
	i.Glass = append(i.Glass, Glass{Approval: e.Approval, Run: e.Run, Number: a.Number, By: e.By, At: at.Time, Reason: e.Reason})
	i.forget(DueNudge + "/" + a.Name() + "/")
}

// BrokenIn lists the times that the glass was broken in a run.
func (i *Incident) BrokenIn(run uint64) []Glass {
	var list []Glass
	for _, g := range i.Glass {
		if g.Run == run {
			list = append(list, g)
		}
	}
	return list
}

// glassTasks are the review's items, one for each time that the glass was broken; they are due with its first task.
func (i *Incident) glassTasks(tasks []Task) []Task {
	var first Task
	for _, t := range tasks {
		if first.Due.IsZero() || !t.Due.IsZero() && t.Due.Before(first.Due) {
			first = t
		}
	}
	var own []Task
	for _, g := range i.Glass {
		own = append(own, Task{Due: first.Due, Remind: first.Remind, Escalate: first.Escalate, Title: fmt.Sprintf("Review the broken glass: %s for step %s of %s, by %s", ApprovalName(g.Approval), g.Number, RunName(g.Run), g.By.Name)})
	}
	return append(own, tasks...)
}

// NudgesHushed puts the next call for one request off.
type NudgesHushed struct {
	Approval uint64    `json:"approval"`
	By       Person    `json:"by"`
	Until    time.Time `json:"until"`
}

func (NudgesHushed) EventKind() string { return "NudgesHushed" }

// HushNudges puts the next call for a request off, once until it was made: whoever reads the card has the time to. The
// request itself ends when it ends.
func (i *Incident) HushNudges(at time.Time, by Person, n uint64) ([]Event, error) {
	a, err := i.undecided(at, n)
	if err != nil {
		return nil, err
	}
	until := at.Add(a.nudgeEvery()).UTC()
	switch {
	case at.Before(a.Hushed):
		return nil, Refuse(WrongState, "%s put the next call for %s off until %s already.", a.HushedBy.Name, a.Name(), clock(a.Hushed))
	case !until.Before(a.Expires):
		return nil, Refuse(WrongState, "%s ends at %s: nobody is called again before that.", a.Name(), clock(a.Expires))
	}
	return []Event{NudgesHushed{Approval: n, By: by, Until: until}}, nil
}

// Nudges is how often its approvers were called again.
func (i *Incident) Nudges(a *Approval) (n int) {
	for slices.Contains(i.Spoken, nudgeKey(a.N, n+1)) {
		n++
	}
	return n
}

// nudgeDeadlines are the calls that are still to come: the two that are promised, and a further one for whoever put the
// last of them off.
func (i *Incident) nudgeDeadlines(a *Approval, add func(due time.Time, key string, args ...any)) {
	for n := 1; n <= GlassNudge; n++ {
		due := a.NudgeAt(n)
		if due.Before(a.Hushed) {
			due = a.Hushed
		}
		add(due, nudgeKey(a.N, n))
	}
	if n := i.Nudges(a); n >= GlassNudge && !a.Hushed.IsZero() {
		add(a.Hushed, nudgeKey(a.N, n+1))
	}
}

// nudged remembers a call and the ones before it, so that after a downtime people hear one.
func (i *Incident) nudged(key string) {
	for _, a := range i.Approvals {
		if strings.HasPrefix(key, DueNudge+"/"+a.Name()+"/") {
			a.Hushed, a.HushedBy = time.Time{}, Person{}
		}
	}
	at := strings.LastIndex(key, "/") + 1
	last, _ := strconv.Atoi(key[at:])
	for n := 1; n <= last; n++ {
		if earlier := key[:at] + strconv.Itoa(n); !slices.Contains(i.Spoken, earlier) {
			i.Spoken = append(i.Spoken, earlier)
		}
	}
}

// ended reports whether the approval of a call has ended by an instant: then people hear that, and no call.
func (i *Incident) ended(promise string, at time.Time) bool {
	for _, a := range i.Approvals {
		if promise == DueNudge+"/"+a.Name() {
			return !at.Before(a.Expires)
		}
	}
	return true
}
