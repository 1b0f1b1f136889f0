package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DueOwed is the kind of the deadlines of what audiences outside were promised and were not sent: one that waits for its
// second look has not come, and neither has one that went to others alone.
const DueOwed = "owed"

// AgainWithin is how soon those who read that it is over hear that it is not, where the severity promises no updates.
const AgainWithin = 15 * time.Minute

// Debt is what an audience outside was promised: another message by Due. It is kept by the message that reaches them, and
// not by writing it.
type Debt struct {
	To     Audience  `json:"to"`
	Due    time.Time `json:"due"`
	Update int       `json:"update"`           // the newest one when it was promised
	Late   time.Time `json:"late,omitzero"`    // Due, once drbot has said that it passed
	Window bool      `json:"window,omitempty"` // they were mailed a maintenance window that was moved
	At     time.Time `json:"at,omitzero"`      // when it was promised
	// Reminded: who speaks was told that it comes, here or by the responders' reminder of the same instant.
	Reminded bool `json:"reminded,omitempty"`
}

// promisedTo reports whether an audience is promised the next one by its mails. Executives with a cadence of their own have
// ExecutivesDue, and the status page makes no promises.
func (i *Incident) promisedTo(a Audience) bool {
	return a == AudienceMail || a == AudienceExecutives && i.ExecutivesEvery == 0
}

// OwedTo finds what an audience was promised; nil: nothing.
func (i *Incident) OwedTo(a Audience) *Debt {
	for k := range i.Owed {
		if i.Owed[k].To == a {
			return &i.Owed[k]
		}
	}
	return nil
}

// owe replaces what an audience was promised; a zero instant promises nothing.
func (i *Incident) owe(a Audience, due time.Time) {
	i.Owed = slices.DeleteFunc(i.Owed, func(o Debt) bool { return o.To == a })
	if !due.IsZero() {
		i.Owed = append(i.Owed, Debt{To: a, Due: due, Update: i.Updates, At: i.Time})
	}
}

// owes folds what a message promises those who are mailed it. Where its words promise an instant that has passed, since it
// waited, they hear with everybody else.
func (i *Incident) owes(at Stamp, e UpdateSent) {
	for _, a := range e.To {
		if !i.promisedTo(a) {
			continue
		}
		due := e.Due
		if e.Draft != 0 && !due.After(at.Time) {
			due = i.UpdateDue
		}
		if e.Number == 0 || !i.Active() || e.Draft != 0 && !due.After(at.Time) {
			due = time.Time{}
		}
		i.owe(a, due)
	}
}

// Awaiting are those outside who hear with responders when the next update comes: they were mailed so, or that it is over.
func (i *Incident) Awaiting() []Audience {
	misled := i.Misled()
	return slices.DeleteFunc(i.Told(), func(a Audience) bool {
		return a != AudienceMail && a != AudienceExecutives || !i.promisedTo(a) && !slices.Contains(misled, a) || i.Restricted
	})
}

// farthest is how many intervals of the cadence a next update may be promised ahead.
const farthest = 4

// farOff refuses a next update so far ahead that it is a slip rather than a promise: 15:30, typed at 16:00, is tomorrow's.
func (i *Incident) farOff(now time.Time, next, every time.Duration) error {
	most := farthest * every
	if most <= 0 || most > 24*time.Hour {
		most = 24 * time.Hour
	}
	if next <= most {
		return nil
	}
	at := now.Add(next).UTC()
	r := Refuse(BadInput, "%s UTC is too far for the next update.", at.Format("2 Jan 15:04"))
	latest := now.Add(most).UTC().Format("15:04")
	if every == 0 {
		return r.Then("It is promised for at most a day ahead.")
	}
	return r.Then("SEV-%d promises one every %d min: write at most %d min, or a time up to %s.", i.Severity, int(every.Minutes()), int(most.Minutes()), latest)
}

// Again is a reopening, until the first update after it.
type Again struct {
	By      Person    `json:"by"`
	At      time.Time `json:"at"`
	Why     string    `json:"why"`
	Updates int       `json:"updates"` // how many there were
}

// Misled are those who were mailed that it is over, of an incident that goes on and of which nothing was said since.
func (i *Incident) Misled() []Audience {
	if i.Again == nil || !i.Active() || i.Updates != i.Again.Updates {
		return nil
	}
	return i.HeardTheEnd()
}

// soon is what a reopening promises: executives who read the end hear with everybody else, and not when their own cadence
// comes.
func (i *Incident) soon(p Policy) Policy {
	if slices.Contains(i.HeardTheEnd(), AudienceExecutives) && p.ExecutivesEvery > 0 && !p.UpdateDue.IsZero() && p.UpdateDue.Before(p.ExecutivesDue) {
		p.ExecutivesDue = p.UpdateDue
	}
	return p
}

// owesAgain folds a reopening: who was mailed that it is over is owed that it is not.
func (i *Incident) owesAgain(at Stamp, e Reopened) {
	i.Owed = slices.DeleteFunc(i.Owed, func(o Debt) bool { return o.Late.IsZero() && !o.Due.After(at.Time) })
	i.Again = &Again{By: e.By, At: at.Time, Why: e.Reason, Updates: i.Updates}
	for _, a := range i.HeardTheEnd() {
		if i.promisedTo(a) {
			due := i.UpdateDue
			if due.IsZero() {
				due = at.Time.Add(AgainWithin)
			}
			i.owe(a, due)
			i.OwedTo(a).Reminded = true // what says that it goes on offers the words
		}
	}
}

// HeardTheEnd are those who were mailed that it is over.
func (i *Incident) HeardTheEnd() []Audience {
	s := i.SentAs(0)
	if s == nil || i.Restricted {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.To), func(a Audience) bool { return a != AudienceMail && a != AudienceExecutives })
}

// Held is the message to an audience that waits for its second look; nil: none.
func (i *Incident) Held(a Audience) *Outgoing {
	for k := range i.Outgoing {
		if o := &i.Outgoing[k]; o.State == LookWaits && o.Number > 0 && o.Version == 1 && slices.Contains(o.To, a) && i.holds(o) {
			return o
		}
	}
	return nil
}

// LeftOut are the debts to those whom a new update did not reach: nothing of it waits for them either.
func (i *Incident) LeftOut() []Debt {
	return slices.DeleteFunc(slices.Clone(i.Owed), func(o Debt) bool { return o.Update == i.Updates || i.Held(o.To) != nil })
}

// Outlasting are the debts that come before the responders' next update: it was moved, and what was mailed stands.
func (i *Incident) Outlasting() []Debt {
	return slices.DeleteFunc(slices.Clone(i.Owed), func(o Debt) bool { return !i.UpdateDue.IsZero() && !o.Due.Before(i.UpdateDue) || i.Held(o.To) != nil })
}

// shared reports whether responders are promised the same update by the same instant: their reminder names everybody.
func (i *Incident) shared(o *Debt) bool {
	return i.Held(o.To) == nil && o.Due.Unix() == i.UpdateDue.Unix()
}

// owedDeadlines are the promises of which nobody else speaks: five minutes before, and when one is missed. What waits for its
// second look has a reminder of its own.
func (i *Incident) owedDeadlines(add func(due time.Time, key string, args ...any)) {
	var said []int64
	for k := range i.Owed {
		o := &i.Owed[k]
		second := o.Due.Unix()
		if !o.Late.IsZero() || slices.Contains(said, second) || !i.awaited(o.To) || i.Active() && i.shared(o) {
			continue
		}
		said = append(said, second)
		if i.Active() && !o.Reminded && !o.Window && i.Held(o.To) == nil && o.Due.Sub(o.At) > 2*RemindBefore {
			add(o.Due.Add(-RemindBefore), "%s%d", owedSoon, second)
		}
		add(o.Due, "%s/%d", DueOwed, second)
	}
}

// owedSoon begins the keys of their reminders.
const owedSoon = DueOwed + "/remind/"

// owedSaid remembers that it was reminded of, or called late. The responders' reminder of the same instant names
// everybody; their late message does too, and what moves that on without them has it said.
func (i *Incident) owedSaid(e DeadlineSpoken) {
	for k := range i.Owed {
		o := &i.Owed[k]
		second := o.Due.Unix()
		switch e.Key {
		case fmt.Sprintf("%s%d", owedSoon, second):
			o.Reminded = true
		case fmt.Sprintf("update/remind/%d", second):
			o.Reminded = o.Reminded || i.shared(o)
		case fmt.Sprintf("%s/%d", DueOwed, second):
			o.Late = e.Due
		}
	}
}

// saidLate reports whether drbot said, since an outgoing message waits, that what it was to keep is late: nobody needs to hear
// then that it waits.
func (i *Incident) saidLate(o *Outgoing) bool { return i.lateAt(o, time.Time{}) }

// lateAt reports the same of an instant at which that is said.
func (i *Incident) lateAt(o *Outgoing, at time.Time) bool {
	late := func(due, said time.Time) bool { return due.After(o.At) && (!said.IsZero() || !due.After(at)) }
	for _, a := range o.To {
		if w := i.OwedTo(a); w != nil && (o.Number > 0) == i.Active() && late(w.Due, w.Late) {
			return true
		}
		if a == AudienceExecutives && o.Number > 0 && i.ExecutivesEvery > 0 && late(i.ExecutivesDue, i.ExecutivesLate) {
			return true
		}
	}
	return false
}

// draftOfLook is the number in the key of a look's deadline.
func draftOfLook(key string) (n int) {
	_, _ = fmt.Sscanf(strings.TrimSuffix(key, "/"), DueLook+"/%d", &n)
	return n
}
