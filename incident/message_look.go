package incident

import (
	"slices"
	"time"
)

// LookState says what became of a message that waits for a second pair of eyes.
type LookState string

const (
	LookWaits    LookState = "waits"
	LookPassed   LookState = "passed"
	LookBack     LookState = "back"     // sent back with why
	LookReplaced LookState = "replaced" // a newer one to the same people took its place
	LookReopened LookState = "reopened" // it told of an end that was none
	LookMoved    LookState = "moved"    // it told of a maintenance window that was moved
	LookEnded    LookState = "ended"    // it told how it was going, and it is over
)

// Outgoing is a message to the outside that waits for a second look. Its texts stand here only while it waits: who decides
// sees exactly what will leave, and what leaves is exactly that.
type Outgoing struct {
	UpdateDrafted
	At        time.Time `json:"at"`
	State     LookState `json:"state"`
	DecidedBy Person    `json:"decided_by,omitzero"`
	Decided   time.Time `json:"decided,omitzero"`
	Why       string    `json:"why,omitempty"`
	Blank     bool      `json:"blank,omitempty"` // its words were redacted: it can only go back
}

// Look decides about an outgoing message: it leaves as it stands, or goes back with why. Who asked may not (I8).
func (i *Incident) Look(now time.Time, by Person, n int, accept bool, why string) ([]Event, error) {
	o := i.Outgone(n)
	switch {
	case o == nil:
		return nil, Refuse(NotFound, "There is no message %d that waits for a second look.", n)
	case o.State == LookPassed:
		return nil, Refuse(WrongState, "%s let it go at %s UTC.", o.DecidedBy.Name, o.Decided.UTC().Format("15:04"))
	case o.State == LookBack:
		return nil, Refuse(WrongState, "%s sent it back at %s UTC: %s", o.DecidedBy.Name, o.Decided.UTC().Format("15:04"), o.Why)
	case o.State == LookReopened:
		return nil, Refuse(WrongState, "%s reopened %s at %s UTC: it told of an end that was none.", o.DecidedBy.Name, i.ID, o.Decided.UTC().Format("15:04"))
	case o.State == LookEnded:
		return nil, Refuse(WrongState, "%s resolved %s at %s UTC: it told how it was going.", o.DecidedBy.Name, i.ID, o.Decided.UTC().Format("15:04"))
	case o.State == LookMoved:
		return nil, Refuse(WrongState, "%s moved the maintenance window at %s UTC: it told of the old one.", o.DecidedBy.Name, o.Decided.UTC().Format("15:04"))
	case o.State != LookWaits:
		return nil, Refuse(WrongState, "A newer message took its place.")
	case o.By.Same(by):
		return nil, Refuse(NotAllowed, "You wrote this, so somebody else looks at it.")
	}
	if accept && o.Blank {
		return nil, Refuse(WrongState, "Its words were redacted: there is nothing to let go.").Then("Send it back, with why.")
	}
	if accept && !i.holds(o) {
		return nil, Refuse(WrongState, "%s is %s: it does not hold any more.", i.ID, i.State).Then("Send it back, with why.")
	}
	if !accept {
		why, err := text("The reason", why, 500)
		if err != nil {
			return nil, err
		}
		return []Event{UpdateReviewed{Draft: n, By: by, Why: why}}, nil
	}
	return []Event{UpdateReviewed{Draft: n, By: by, Accepted: true}, i.released(now, o)}, nil
}

// TakenBack sends what waits for its second look back to who wrote it, where it has words that are redacted. It may be who wrote
// it that redacts them: nothing leaves.
func (i *Incident) TakenBack(by Person, has func(UpdateDrafted) bool) (events []Event) {
	for _, o := range i.Waiting() {
		if has(o.UpdateDrafted) {
			events = append(events, UpdateReviewed{Draft: o.Draft, By: by, Why: "Its words were redacted."})
		}
	}
	return events
}

// EndHeld reports whether the words of a resolution for an audience have not left: they wait for their second look, or were
// sent back and not written anew.
func (i *Incident) EndHeld(a Audience) bool {
	held := false
	for k := range i.Outgoing {
		if o := &i.Outgoing[k]; o.Number == 0 && o.Version == 1 && !o.At.Before(i.ResolvedAt) && slices.Contains(o.To, a) && o.State != LookReplaced {
			held = o.State == LookWaits || o.State == LookBack
		}
	}
	return held && !i.Active()
}

// released is the message as it leaves.
func (i *Incident) released(now time.Time, o *Outgoing) Event {
	waited := &Waited{Written: o.At, Promised: slices.DeleteFunc([]time.Time{o.Due, o.ExecutivesDue}, time.Time.IsZero)}
	if o.Version > 1 {
		return UpdateEdited{Number: o.Number, Version: o.Version, By: o.By, To: o.To, Text: o.Text, Next: o.Next, Subject: o.Subject, Outward: o.Outward, Public: o.Public, Page: o.Page, Status: o.Status, Draft: o.Draft, Executives: o.Executives, Waited: waited}
	}
	u := UpdateSent{By: o.By, Number: o.Number, To: o.To, Text: o.Text, Next: o.Next, Subject: o.Subject, Outward: o.Outward, Opening: o.Opening, Public: o.Public, Page: o.Page, Status: o.Status, Draft: o.Draft, Executives: o.Executives, ExecutivesDue: o.ExecutivesDue, Due: o.Due, Waited: waited}
	if i.Active() {
		i.toExecutives(now, &u)
	}
	return u
}
