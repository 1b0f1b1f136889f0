package incident

import (
	"fmt"
	"slices"
	"time"
)

// DueExecutives is the kind of the deadlines of updates to executives: 5 min before, and when one is missed.
const DueExecutives = "executives"

func executivesLateKey(due time.Time) string {
	return fmt.Sprintf(DueExecutives+"/late/%d", due.Unix())
}

// MissedExecutives reports whether drbot has said that the promised update to executives did not come.
func (i *Incident) MissedExecutives() bool {
	return slices.Contains(i.Spoken, executivesLateKey(i.ExecutivesDue))
}

// promiseDeadlines are those of executives' updates and of maintenance.
func (i *Incident) promiseDeadlines(add func(due time.Time, key string, args ...any)) {
	i.windowDeadlines(add)
	if i.ExecutivesEvery == 0 || i.ExecutivesDue.IsZero() || i.MissedExecutives() {
		return
	}
	if i.ExecutivesEvery > 2*RemindBefore {
		add(i.ExecutivesDue.Add(-RemindBefore), DueExecutives+"/remind/%d", i.ExecutivesDue.Unix())
	}
	add(i.ExecutivesDue, "%s", executivesLateKey(i.ExecutivesDue))
}

// nextFor is when executives are promised the next one by words for nobody else, where they have a cadence of their own; those
// words then promise responders nothing. Zero: as their cadence says.
func (i *Incident) nextFor(now time.Time, w *Word) (due time.Time, err error) {
	if i.ExecutivesEvery == 0 || !slices.Contains(w.To, AudienceExecutives) || slices.ContainsFunc(w.To, func(a Audience) bool { return a != AudienceExecutives && a != AudienceResponders }) {
		return due, i.farOff(now, w.Next, i.UpdateEvery)
	}
	if w.Next > 0 {
		due = w.At.Add(w.Next).UTC()
	}
	next := w.Next
	w.Next = 0
	return due, i.farOff(now, next, i.ExecutivesEvery)
}

// executivesClosed ends what executives were promised of an incident that became restricted: nobody may keep it any more.
func (i *Incident) executivesClosed() {
	if i.Restricted {
		i.ExecutivesEvery, i.ExecutivesDue, i.ExecutivesLate, i.Owed = 0, time.Time{}, time.Time{}, nil
		i.forget(DueExecutives + "/")
	}
}

// executivesSaid remembers what was said of a promise to executives.
func (i *Incident) executivesSaid(e DeadlineSpoken) {
	if e.Key == executivesLateKey(i.ExecutivesDue) {
		i.forget(DueExecutives + "/")
		if i.ExecutivesLate.IsZero() {
			i.ExecutivesLate = e.Due
		}
	}
	i.Spoken = append(i.Spoken, e.Key)
}

// Snooze moves the next update to an audience by a duration from now; no audience is the responders.
func (i *Incident) Snooze(now time.Time, by Person, d time.Duration, whom ...Audience) ([]Event, error) {
	if err := i.active(); err != nil {
		return nil, err
	}
	s, every := Snoozed{By: by, Until: now.Add(d).UTC()}, i.UpdateEvery
	if slices.Contains(whom, AudienceExecutives) {
		if s.For, every = AudienceExecutives, i.ExecutivesEvery; every == 0 {
			return nil, Refuse(WrongState, "No updates to executives are promised.")
		}
	}
	if most := mostSnoozed(every); d <= 0 || d > most {
		return nil, Refuse(BadInput, "An update can be moved by up to %d min from now.", int(most.Minutes())).Then("Or send one: it promises the next.")
	}
	return []Event{s}, nil
}

// mostSnoozed is how far from now an update is moved at most: as far as the next one may be promised, but an hour always, which
// the reminder offers, and never more than four.
func mostSnoozed(every time.Duration) time.Duration {
	if every == 0 {
		return 4 * time.Hour
	}
	return min(4*time.Hour, max(time.Hour, farthest*every))
}

func (i *Incident) snoozed(e Snoozed) {
	if e.For == AudienceExecutives {
		i.ExecutivesDue, i.ExecutivesLate = e.Until, time.Time{}
		i.forget(DueExecutives + "/")
		return
	}
	i.UpdateDue, i.LateSince = e.Until, time.Time{}
	i.forget("update/")
}
