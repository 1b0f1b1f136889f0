package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of deadlines; the key of a deadline starts with its kind.
const (
	DueCall     = "call"    // nobody answered yet: a contact of the runbook is called
	DueRespond  = "respond" // nobody acknowledged yet: at 50, 80 and 100 % of the response time
	DueUpdate   = "update"  // a promised update: 5 min before, and when it is missed
	DueApproval = "approval"
	DueNudge    = "nudge" // nobody decided yet on an approval: its approvers are called again
	DueStart    = "start" // an approved step must start
	DueStep     = "step"  // 80 % of a running step's limit
	DueHead     = "head"  // of the house: the newest record is shown outside
)

// RemindBefore is how long before a promised update its draft is offered.
const RemindBefore = 5 * time.Minute

// Deadline is a promise with its instant, derived from the fold and never kept in a timer.
type Deadline struct {
	Key string
	Due time.Time
}

// Kind is the part of the key before the first slash.
func (d Deadline) Kind() string { kind, _, _ := strings.Cut(d.Key, "/"); return kind }

// Deadlines lists what was promised and not yet spoken, earliest first.
func (i *Incident) Deadlines() []Deadline {
	var all []Deadline
	add := func(due time.Time, key string, args ...any) {
		key = fmt.Sprintf(key, args...)
		if !due.IsZero() && !slices.Contains(i.Spoken, key) {
			all = append(all, Deadline{Key: key, Due: due})
		}
	}
	if i.State == StateOpen || i.State == StateTriage {
		i.answerDeadlines(add)
		i.promiseDeadlines(add)
		if !i.UpdateDue.IsZero() && !i.MissedUpdate() {
			if i.reminds() {
				add(i.UpdateDue.Add(-RemindBefore), "update/remind/%d", i.UpdateDue.Unix())
			}
			add(i.UpdateDue, lateKey(i.UpdateDue))
		}
	}
	i.owedDeadlines(add)
	i.endDeadlines(add)
	i.itemDeadlines(add)
	for _, a := range i.Approvals {
		switch a.State {
		case Pending:
			add(a.Expires, "approval/%d", a.N)
			i.nudgeDeadlines(a, add)
		case Granted:
			add(a.StartBy, "start/%d", a.N)
		}
	}
	for _, r := range i.Runs {
		for k := range r.Steps {
			if s := &r.Steps[k]; r.State != Ended && s.State.Active() && !s.Until.IsZero() {
				add(s.Started.Add(s.Until.Sub(s.Started)*8/10), "step/%s/%s/%d", r.Name(), s.ID, s.Until.Unix())
			}
		}
	}
	i.reviewDeadlines(add)
	i.lookDeadlines(add)
	slices.SortStableFunc(all, func(a, b Deadline) int { return a.Due.Compare(b.Due) })
	return all
}

// answerDeadlines are those of an incident that nobody answers: at parts of the response time, and the runbook's contacts.
// Whoever put the calls off hears the breach all the same, and the rest when that time is over.
func (i *Incident) answerDeadlines(add func(due time.Time, key string, args ...any)) {
	if i.Answered() {
		return
	}
	if !i.RespondBy.IsZero() {
		whole := i.RespondBy.Sub(i.Since())
		for _, percent := range []int64{50, 80, 100} {
			due := i.Since().Add(whole * time.Duration(percent) / 100)
			if percent == 100 || !due.Before(i.Hushed) && !due.Before(i.RespondSet) { // a part that was over when it was promised is not late
				add(due, "respond/%d/%d", percent, i.RespondBy.Unix())
			}
		}
		if !i.Hushed.IsZero() {
			add(i.Hushed, "respond/again/%d/%d", i.RespondBy.Unix(), i.Hushed.Unix())
		}
	}
	for k, c := range i.Calls {
		if !c.due() {
			continue
		}
		due := c.At
		if due.Before(i.Hushed) {
			due = i.Hushed
		}
		add(due, "call/%d/%d", k, c.At.Unix())
	}
}

func lateKey(due time.Time) string { return fmt.Sprintf("update/late/%d", due.Unix()) }

// MissedUpdate reports whether drbot has said that the promised update did not come. It says so once: the promise stands
// until somebody sends the update, moves it, or the severity makes another one (UX §7, §11).
func (i *Incident) MissedUpdate() bool { return slices.Contains(i.Spoken, lateKey(i.UpdateDue)) }

// NextDeadline is the earliest of them. It takes no clock: an overdue one is next until it was spoken (I50).
func (i *Incident) NextDeadline() (Deadline, bool) {
	all := i.Deadlines()
	if len(all) == 0 {
		return Deadline{}, false
	}
	return all[0], true
}

// Tick speaks every deadline that has come. Of the steps of one promise only the latest speaks, so that after a
// downtime people hear one sentence that says how late it is.
func (i *Incident) Tick(at time.Time) []Event {
	var events []Event
	last := map[string]int{} // promise -> index of its event
	for _, d := range i.Deadlines() {
		if d.Due.After(at) {
			break
		}
		var n uint64
		promise := d.Kind()
		switch d.Kind() {
		case DueApproval, DueStart:
			_, _ = fmt.Sscanf(d.Key, d.Kind()+"/%d", &n)
			events = append(events, Expired{Approval: n, Run: i.Approval(n).Run, Approved: d.Kind() == DueStart})
			continue
		case DueLook:
			if o := i.Outgone(draftOfLook(d.Key)); o != nil && i.lateAt(o, at) {
				continue // that it is late is said instead
			}
		case DueRespond, DueUpdate, DueNudge, DueReview, DueExecutives, DueWindow, DueOwed, DueEnd:
			if d.Kind() == DueNudge {
				if promise = d.Key[:strings.LastIndex(d.Key, "/")]; i.ended(promise, at) {
					continue
				}
			}
			if d.Kind() == DueReview {
				promise = ofTask(d)
			}
			if d.Kind() == DueOwed {
				promise += d.Key[strings.LastIndex(d.Key, "/"):]
			}
			if k, ok := last[promise]; ok {
				if !outranked(d, events[k]) {
					events[k] = spokenEvent(d, at)
				}
				continue
			}
			last[promise] = len(events)
		}
		events = append(events, spokenEvent(d, at))
	}
	if len(events) == 0 {
		return nil
	}
	return i.expire(at, events)
}

func spokenEvent(d Deadline, at time.Time) Event {
	return DeadlineSpoken{Key: d.Key, Due: d.Due, Late: max(0, at.Sub(d.Due)).Truncate(time.Second)}
}

// spoken remembers what was said.
func (i *Incident) spoken(e DeadlineSpoken) {
	i.owedSaid(e)
	switch {
	case strings.HasPrefix(e.Key, "update/late/"):
		i.forget("update/")
		i.Spoken = append(i.Spoken, e.Key)
		if i.LateSince.IsZero() {
			i.LateSince = e.Due
		}
	case strings.HasPrefix(e.Key, DueExecutives+"/"):
		i.executivesSaid(e)
	case strings.HasPrefix(e.Key, DueOwed+"/"): // owedSaid keeps it
	case strings.HasPrefix(e.Key, DueEnd+"/"):
		i.endSaid(e.Key)
	case strings.HasPrefix(e.Key, DueWindow+"/"):
		i.windowSaid(e.Key)
	case strings.HasPrefix(e.Key, DueNudge+"/"):
		i.nudged(e.Key)
	case strings.HasPrefix(e.Key, DueCall+"/"):
		if c := i.CallOf(e.Key); c != nil {
			c.made(e.Due.Add(e.Late))
		}
	case strings.HasPrefix(e.Key, DueReview+"/"):
		i.saidOfTask(e)
	case strings.HasPrefix(e.Key, DueItem+"/"):
		i.reminded(e.Key)
	case strings.HasPrefix(e.Key, "respond/again/"):
		i.Spoken = append(i.Spoken, e.Key)
	case strings.HasPrefix(e.Key, "respond/"):
		for _, earlier := range []string{"50", "80", "100"} {
			key := "respond/" + earlier + e.Key[strings.LastIndex(e.Key, "/"):]
			if !slices.Contains(i.Spoken, key) {
				i.Spoken = append(i.Spoken, key)
			}
			if key == e.Key {
				break
			}
		}
	default:
		i.Spoken = append(i.Spoken, e.Key)
	}
}
