package incident

import (
	"slices"
	"time"
)

// A window that is moved: who was mailed the old one plans around the wrong hour, so they are owed the new one. drbot mails
// nothing that nobody sent; it offers the draft, and says it once when nobody sends it.

// Reader is an audience that was mailed a window, as it was planned then.
type Reader struct {
	To    Audience  `json:"to"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Moved is the last change of a window.
type Moved struct {
	By      Person    `json:"by"`
	At      time.Time `json:"at"`
	From    time.Time `json:"from"` // as it was planned before
	Until   time.Time `json:"until"`
	Updates int       `json:"updates"` // how many there were
}

// timed reports whether maintenance has a window with its instants.
func (i *Incident) timed() bool { return i.Window != nil && !i.Window.From.IsZero() }

// windowRead folds a message to audiences: they read of the window as it is planned now.
func (i *Incident) windowRead(to []Audience) {
	for _, a := range to {
		if !i.timed() || a != AudienceMail && a != AudienceExecutives {
			continue
		}
		i.Readers = slices.DeleteFunc(i.Readers, func(r Reader) bool { return r.To == a })
		i.Readers = append(i.Readers, Reader{To: a, From: i.Window.From, Until: i.Window.Until})
	}
}

// Outdated are those who were mailed another window than the one that stands.
func (i *Incident) Outdated() []Audience {
	if !i.timed() || !i.Active() || i.Restricted {
		return nil
	}
	var to []Audience
	for _, r := range i.Readers {
		if !r.From.Equal(i.Window.From) || !r.Until.Equal(i.Window.Until) {
			to = append(to, r.To)
		}
	}
	return to
}

// windowMoved folds that a window takes the place of another: what waits with the old one does not leave any more.
func (i *Incident) windowMoved(at Stamp, by Person, before Window) {
	i.Moved = &Moved{By: by, At: at.Time, From: before.From, Until: before.Until, Updates: i.Updates}
	i.displace(at, by, LookMoved, func(o *Outgoing) bool { return o.Number > 0 })
	late := i.Outdated()
	i.Owed = slices.DeleteFunc(i.Owed, func(o Debt) bool { return o.Window && !slices.Contains(late, o.To) })
	soon := at.Time.Add(AgainWithin)
	for _, a := range late {
		if o := i.OwedTo(a); o != nil && !o.Due.After(soon) {
			continue // they hear it with what they were promised
		}
		i.owe(a, soon)
		i.OwedTo(a).Window = true
	}
}

// planning folds that an incident becomes maintenance: its severity promises nothing any more. What people wrote stands.
func (i *Incident) planning() {
	due, executives := i.UpdateDue, Debt{Due: i.ExecutivesDue, Late: i.ExecutivesLate}
	said := slices.Contains(i.Spoken, lateKey(due))
	i.policy(Policy{})
	i.ExecutivesLate = time.Time{}
	if i.Updates == 0 {
		i.Owed, i.LateSince = nil, time.Time{}
		return
	}
	i.UpdateDue = due
	if said {
		i.Spoken = append(i.Spoken, lateKey(due))
	}
	if !executives.Due.IsZero() && slices.Contains(i.Told(), AudienceExecutives) && !i.Restricted {
		i.owe(AudienceExecutives, executives.Due)
		i.OwedTo(AudienceExecutives).Late = executives.Late
	}
}

// reminds reports whether a promised update is reminded of before it is due.
func (i *Incident) reminds() bool {
	if i.UpdateEvery > 0 {
		return i.UpdateEvery > 2*RemindBefore
	}
	return i.Newest != nil && i.UpdateDue.Sub(i.Newest.At) > 2*RemindBefore
}
