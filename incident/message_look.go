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
	case o.State != LookWaits:
		return nil, Refuse(WrongState, "A newer message took its place.")
	case o.By.Same(by):
		return nil, Refuse(NotAllowed, "You wrote this, so somebody else looks at it.")
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
	if o.Version > 1 {
		return UpdateEdited{Number: o.Number, Version: o.Version, By: o.By, To: o.To, Text: o.Text, Next: o.Next, Subject: o.Subject, Outward: o.Outward, Public: o.Public, Page: o.Page, Status: o.Status, Draft: o.Draft, Executives: o.Executives}
	}
	u := UpdateSent{By: o.By, Number: o.Number, To: o.To, Text: o.Text, Next: o.Next, Subject: o.Subject, Outward: o.Outward, Opening: o.Opening, Public: o.Public, Page: o.Page, Status: o.Status, Draft: o.Draft, Executives: o.Executives, ExecutivesDue: o.ExecutivesDue, Due: o.Due}
	if i.Active() {
		i.toExecutives(now, &u)
	}
	return u
}

// Edit makes another version of a message that was sent. What was read stays read: the edit follows in every channel that
// had it, with the second look where one is needed.
func (i *Incident) Edit(by Person, number int, was UpdateSent, w Word) ([]Event, error) {
	s := i.SentAs(number)
	switch {
	case number == 0 && (i.Active() || i.FalseAlarm || s == nil):
		return nil, Refuse(WrongState, "%s has no resolution to edit.", i.ID)
	case s == nil:
		return nil, Refuse(NotFound, "There is no update %d to edit.", number)
	}
	body, err := text("The update", w.Text, MaxUpdate)
	if err != nil {
		return nil, err
	}
	w.To = s.To
	if w.Public = Written(w.Public); w.Public == "" {
		w.Public = was.Public
	}
	steps := Written(w.Steps)
	now, later, public, err := i.split(w)
	if err != nil {
		return nil, err
	}
	first, err := i.firstAgain(by, number, was, w, body, steps)
	if err != nil {
		return nil, err
	}
	page := func(a Audience) bool { return a == AudienceStatus }
	switch same := body == was.Text && steps == was.Next; {
	case same && public == was.Public && first == nil:
		return nil, Refuse(WrongState, "Nothing of %s would change.", MessageName(number))
	case same && public == was.Public:
		now, later = nil, nil
	case same:
		words := func(a Audience) bool { return !page(a) }
		now, later = slices.DeleteFunc(now, words), slices.DeleteFunc(later, words)
	case public == was.Public:
		now, later = slices.DeleteFunc(now, page), slices.DeleteFunc(later, page)
	}
	var events []Event
	version := s.Version + 1
	if len(now) > 0 {
		e := UpdateEdited{Number: number, Version: version, By: by, To: now, Text: body, Next: steps, Status: was.Status}
		if slices.Contains(now, AudienceStatus) {
			e.Public = public
		}
		events = append(events, e)
	}
	if len(later) > 0 {
		d := UpdateDrafted{Draft: i.Drafts + 1, Number: number, Version: version, By: by, To: later, Text: body, Next: steps, Status: was.Status}
		if slices.Contains(later, AudienceStatus) {
			d.Public = public
		}
		events = append(events, d)
	}
	if first != nil {
		first.Draft = i.Drafts + 1
		if len(later) > 0 {
			first.Draft++
		}
		events = append(events, *first)
	}
	return events, nil
}

// firstAgain is what takes the place of an update that still waits for its second look when it is edited: who reads it for the
// first time reads the new words. nil: nothing waits, or nothing of it changes.
func (i *Incident) firstAgain(by Person, number int, was UpdateSent, w Word, body, steps string) (*UpdateDrafted, error) {
	for k := range i.Outgoing {
		o := &i.Outgoing[k]
		if o.State != LookWaits || o.Number != number || o.Version > 1 {
			continue
		}
		d := &UpdateDrafted{Number: number, Version: 1, By: by, To: o.To, Text: body, Next: steps, Status: o.Status}
		if slices.Contains(o.To, AudienceStatus) {
			var err error
			if d.Public, err = text("The text for the status page", w.Public, MaxUpdate); err != nil {
				return nil, err
			}
		}
		if body == was.Text && steps == was.Next && d.Public == o.Public {
			return nil, nil
		}
		return d, nil
	}
	return nil, nil
}
