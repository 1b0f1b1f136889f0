package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// alertOpened is how an alert came to the incident that was opened for it.
const alertOpened = "opened"

// Promises counts what an incident kept and broke while it went on: the fold itself forgets a promise once the next one
// stands, and a report needs all of them. Events that were there before fold into it too.
type Promises struct {
	RespondBy  time.Time `json:"respond_by,omitzero"` // as it stood at the first acknowledgement
	Unheard    bool      `json:"unheard,omitempty"`   // a response time passed before anybody acknowledged
	Updates    Cadence   `json:"updates,omitzero"`
	Executives Cadence   `json:"executives,omitzero"` // the same of what executives are promised
	Mailed     Cadence   `json:"mailed,omitzero"`     // and of what those were promised who are mailed with everybody else
	Decided    int       `json:"decided,omitempty"`   // approvals that people granted or denied
	Deciding   Span      `json:"deciding,omitzero"`   // from asking to their last needed word
	Lapsed     int       `json:"lapsed,omitempty"`    // approvals that nobody decided in time
	Moved      int       `json:"moved,omitempty"`     // updates that were put off before they were due
}

// Cadence counts updates that were promised for an instant: sent by then, sent later, or never sent. One that a resolution
// ended before its instant counts in none.
type Cadence struct {
	Kept   int `json:"kept,omitempty"`
	Late   int `json:"late,omitempty"`
	Missed int `json:"missed,omitempty"`
}

// Promised is how many came to an end.
func (c Cadence) Promised() int { return c.Kept + c.Late + c.Missed }

// Span is a sum of durations with the longest of them.
type Span struct {
	Sum     time.Duration `json:"sum,omitempty"`
	Longest time.Duration `json:"longest,omitempty"`
}

func (s *Span) add(d time.Duration) {
	d = max(0, d)
	s.Sum += d
	s.Longest = max(s.Longest, d)
}

// account counts what an event does to promises; it looks at the fold as it was before the event.
func (i *Incident) account(at Stamp, e Event) {
	p := &i.Promises
	switch e := e.(type) {
	case Acknowledged:
		if i.AckedAt.IsZero() {
			p.RespondBy, p.Unheard = i.RespondBy, p.Unheard || i.past(i.RespondBy, at.Time)
		}
	case DeadlineSpoken:
		i.accountEnd(e)
		p.Unheard = p.Unheard || strings.HasPrefix(e.Key, DueRespond+"/100/") && i.AckedAt.IsZero()
	case UpdateSent:
		i.accountUpdate(e)
		i.accountExecutives(e)
		i.accountMailed(at.Time, e)
	case Snoozed:
		if i.UpdateDue.IsZero() || e.For != "" {
			break
		}
		if i.broke(at.Time) {
			p.Updates.Missed++
		} else if e.Until.After(i.UpdateDue) { // a snooze may also bring it forward
			p.Moved++
		}
	case Resolved:
		if i.broke(at.Time) {
			p.Updates.Missed++
		}
		if !i.ExecutivesLate.IsZero() || i.past(i.ExecutivesDue, at.Time) {
			p.Executives.Missed++
		}
		for k := range i.Owed {
			if i.past(i.Owed[k].Due, at.Time) {
				p.Mailed.Missed++
			}
		}
		if i.AckedAt.IsZero() {
			p.RespondBy, p.Unheard = i.RespondBy, p.Unheard || i.past(i.RespondBy, at.Time)
		}
	case Approved, Denied, Expired:
		i.accountApproval(at, e)
	}
}

func (i *Incident) accountUpdate(e UpdateSent) {
	switch {
	case e.Draft != 0: // it was sent to the others before
	case i.UpdateDue.IsZero() && i.LateSince.IsZero(): // nobody had promised it
	case e.Late:
		i.Promises.Updates.Late++
	default:
		i.Promises.Updates.Kept++
	}
}

func (i *Incident) accountExecutives(e UpdateSent) {
	switch {
	case !slices.Contains(e.To, AudienceExecutives) || i.ExecutivesDue.IsZero() && i.ExecutivesLate.IsZero():
	case e.ExecutivesLate || !i.ExecutivesLate.IsZero():
		i.Promises.Executives.Late++
	default:
		i.Promises.Executives.Kept++
	}
}

// accountMailed: what a second look held back is kept when it leaves.
func (i *Incident) accountMailed(at time.Time, e UpdateSent) {
	for k := range i.Owed {
		o := &i.Owed[k]
		c := i.cadenceOf(o)
		switch {
		case !slices.Contains(e.To, o.To):
		case i.past(o.Due, at):
			if c.Late++; !i.Active() && !o.Late.IsZero() {
				c.Missed-- // as which it counted until the end came
			}
		default:
			c.Kept++
		}
	}
}

// cadenceOf counts what an audience is promised.
func (i *Incident) cadenceOf(o *Debt) *Cadence {
	if o.To == AudienceExecutives && i.ExecutivesEvery > 0 {
		return &i.Promises.Executives
	}
	return &i.Promises.Mailed
}

// accountEnd: the end did not come by when the next update was promised.
func (i *Incident) accountEnd(e DeadlineSpoken) {
	for k := range i.Owed {
		if o := &i.Owed[k]; !i.Active() && i.awaited(o.To) && e.Key == fmt.Sprintf("%s/%d", DueOwed, o.Due.Unix()) {
			i.cadenceOf(o).Missed++
		}
	}
}

func (i *Incident) accountApproval(at Stamp, e Event) {
	p := &i.Promises
	decided := func(n uint64, whole func(*Approval) bool) {
		if a := i.Approval(n); a != nil && a.State == Pending && whole(a) {
			p.Decided++
			p.Deciding.add(at.Time.Sub(a.At))
		}
	}
	switch e := e.(type) {
	case Approved:
		decided(e.Approval, func(a *Approval) bool { return len(a.Votes)+1 >= a.Need })
	case Denied:
		decided(e.Approval, func(*Approval) bool { return true })
	case Expired:
		if !e.Approved {
			p.Lapsed++
		}
	}
}

// broke reports whether the update that is promised now is late at an instant.
func (i *Incident) broke(at time.Time) bool {
	return !i.LateSince.IsZero() || i.past(i.UpdateDue, at)
}

func (i *Incident) past(due, at time.Time) bool { return !due.IsZero() && at.After(due) }
