package incident

import (
	"fmt"
	"slices"
	"time"
)

// DueEnd is the kind of the deadlines of an end of which people outside have not heard, since it waits for its second look or
// was sent back: an hour later, and then each day.
const DueEnd = "end"

// mostEnds is how often at most that is said of one message; the card says it to the last.
const mostEnds = 8

// HeldEnd is the message that would tell people outside that it is over and has not left, and to whom it was to go; nil: none.
func (i *Incident) HeldEnd() (o *Outgoing, to []Audience) {
	if i.Restricted {
		return nil, nil
	}
	for _, a := range Audiences {
		if i.EndHeld(a) {
			to = append(to, a)
		}
	}
	for k := range i.Outgoing {
		if e := &i.Outgoing[k]; len(to) > 0 && i.heldAsEnd(e) {
			o = e
		}
	}
	return o, to
}

// heldAsEnd reports whether a message is one that was to tell of the end and has not left.
func (i *Incident) heldAsEnd(o *Outgoing) bool {
	return o.Number == 0 && o.Version == 1 && !o.At.Before(i.ResolvedAt) && (o.State == LookWaits || o.State == LookBack)
}

// MayFree reports whether a person may do something for an end that has not left: let it go, or write it anew.
func (o *Outgoing) MayFree(p Person) bool {
	if o.State == LookBack || o.Blank {
		return o.By.Same(p)
	}
	return !o.By.Same(p) && (!o.Only || slices.ContainsFunc(o.Asked, p.Same))
}

// endKey is the key of the reminders of one message: it begins those of each of them.
func endKey(draft int) string { return fmt.Sprintf("%s/%d/", DueEnd, draft) }

// endDeadlines remind of an end that has not left, until it has. They count from the newest thing that somebody did about it.
func (i *Incident) endDeadlines(add func(due time.Time, key string, args ...any)) {
	o, _ := i.HeldEnd()
	if o == nil {
		return
	}
	since := o.At
	if o.State == LookBack {
		since = o.Decided
	}
	hour := since.Add(time.Hour)
	for _, owed := range i.Owed {
		if i.awaited(owed.To) && owed.Due.After(since) && !owed.Due.After(hour) {
			since = owed.Due // said then
		}
	}
	for n := range mostEnds {
		after := time.Hour
		if n > 0 {
			after = time.Duration(n) * 24 * time.Hour
		}
		add(since.Add(after), "%s%d", endKey(o.Draft), n)
	}
}

// endSaid remembers that it was reminded of, and what a downtime left out before that.
func (i *Incident) endSaid(key string) {
	draft, last := 0, 0
	if _, err := fmt.Sscanf(key, DueEnd+"/%d/%d", &draft, &last); err != nil {
		return
	}
	i.forget(endKey(draft))
	for n := range min(last+1, mostEnds) {
		i.Spoken = append(i.Spoken, fmt.Sprintf("%s%d", endKey(draft), n))
	}
}

// owedAtEnd folds what a resolution leaves of what was promised outside: it is kept by the end, once that leaves. What is late
// already was said, and what nothing is held back of is not promised any more.
func (i *Incident) owedAtEnd(at Stamp, e Resolved) {
	if i.ExecutivesEvery > 0 && !i.ExecutivesDue.IsZero() && slices.Contains(i.Told(), AudienceExecutives) {
		i.owe(AudienceExecutives, i.ExecutivesDue)
	}
	i.Owed = slices.DeleteFunc(i.Owed, func(o Debt) bool {
		return e.FalseAlarm || o.Window || i.Restricted || slices.Contains(e.To, o.To) || !o.Due.After(at.Time)
	})
	i.ExecutivesDue, i.ExecutivesLate = time.Time{}, time.Time{}
}

// awaited reports whether an audience still waits for what it was promised: of an incident that is over, for its end.
func (i *Incident) awaited(a Audience) bool { return i.Active() || i.EndHeld(a) && !i.Restricted }

// Awaited are the audiences that still wait for what they were promised by a second.
func (i *Incident) Awaited(due time.Time) (to []Audience) {
	for _, o := range i.Owed {
		if o.Due.Unix() == due.Unix() && i.awaited(o.To) {
			to = append(to, o.To)
		}
	}
	return to
}

// executivesOutlast folds that a severity promises executives less than they were mailed: that stands.
func (i *Incident) executivesOutlast(due, late time.Time) {
	if due.IsZero() || i.Restricted || !slices.Contains(i.Told(), AudienceExecutives) || !i.Active() {
		return
	}
	switch {
	case i.ExecutivesEvery == 0:
		i.owe(AudienceExecutives, due)
		i.OwedTo(AudienceExecutives).Late = late
	case due.After(i.Time) && due.Before(i.ExecutivesDue):
		i.ExecutivesDue = due
	}
}

// NewestTo is the number of the newest update that reached an audience; 0: none.
func (i *Incident) NewestTo(a Audience) (number int) {
	for _, s := range i.Messages {
		if slices.Contains(s.To, a) {
			number = max(number, s.Number)
		}
	}
	return number
}
