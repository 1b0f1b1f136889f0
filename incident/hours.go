package incident

import "time"

// Hours says when people work: local times of some days of the week, without the holidays. A nil *Hours is always. It is a
// plain calendar: it knows no clock, and instants go in and out in UTC.
//
// A deadline of a review counts in it like this: each day of "48 hours" is a working day, a week is one week of working
// days, and what ends outside working hours moves to the next working hour. It is never earlier than the runbook's own:
// hours are hours, days and weeks are days of the calendar, whose clock may change meanwhile.
type Hours struct {
	Zone        *time.Location
	Days        [7]bool         // by time.Weekday; at least one
	From, Until time.Duration   // of a working day, since its midnight; 0 < Until <= 24 h, From < Until
	Holidays    map[string]bool // "2026-12-25"
}

// day is the length of a day of a runbook, and horizon how far a calendar is searched for a working day: five years in
// which nobody works are no calendar.
const (
	day     = 24 * time.Hour
	horizon = 5 * 366
)

// Works reports whether people work on the local date of t.
func (h *Hours) Works(t time.Time) bool {
	t = t.In(h.Zone)
	return h.Days[t.Weekday()] && !h.Holidays[t.Format(time.DateOnly)]
}

// Open reports whether t is within working hours.
func (h *Hours) Open(t time.Time) bool {
	return h == nil || h.Works(t) && !t.Before(h.clock(t, 0, h.From)) && t.Before(h.clock(t, 0, h.Until))
}

// clock is a local time of the date that is n days after that of t. A time that the date has not, or has twice, is what
// time.Date makes of it.
func (h *Hours) clock(t time.Time, n int, since time.Duration) time.Time {
	t = t.In(h.Zone)
	return time.Date(t.Year(), t.Month(), t.Day()+n, 0, 0, int(since/time.Second), 0, h.Zone).UTC()
}

// Next is t itself within working hours, else when the next ones begin.
func (h *Hours) Next(t time.Time) time.Time {
	if h.Open(t) {
		return t.UTC()
	}
	for n := range horizon {
		if begin := h.clock(t, n, h.From); h.Works(begin) && !begin.Before(t) {
			return begin
		}
	}
	return t.UTC()
}

// After is when a deadline of d from t ends; its hours are hours.
func (h *Hours) After(t time.Time, d time.Duration) time.Time {
	plain := t.Add(d).UTC()
	if h == nil {
		return plain
	}
	return h.after(t, d, plain)
}

// AfterDays is After for a d that was said in days or weeks: the same time of a later date, also where a change of the
// clock makes one of the days 23 or 25 hours long.
func (h *Hours) AfterDays(t time.Time, d time.Duration) time.Time {
	if h == nil {
		return t.Add(d).UTC()
	}
	local := t.In(h.Zone)
	same := local.AddDate(0, 0, int(d/day)).Add(d % day).UTC()
	return h.after(t, d, same)
}

// after counts working days, and answers nothing earlier than plain.
func (h *Hours) after(t time.Time, d time.Duration, plain time.Time) time.Time {
	week := 0
	for _, works := range h.Days {
		if works {
			week++
		}
	}
	days, rest := int(d/day), d%day
	if days%7 >= week {
		rest = 0 // six days of a week with five are all of them
	}
	due := h.Next(h.shift(h.Next(t), days/7*week+min(days%7, week)).Add(rest))
	if later := h.Next(plain); later.After(due) {
		return later
	}
	return due
}

// shift moves n working days on, or back where n is negative, at the same local time.
func (h *Hours) shift(t time.Time, n int) time.Time {
	local := t.In(h.Zone)
	hour, minute, second := local.Clock()
	since := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	step := 1
	if n < 0 {
		n, step = -n, -1
	}
	at := 0
	for tries := 0; n > 0 && tries < horizon; tries++ {
		at += step
		if h.Works(h.clock(t, at, 12*time.Hour)) {
			n--
		}
	}
	return h.clock(t, at, since)
}

// Remind is when the owner of something that is due hears of it before: a day ahead, or where that would be in the first
// quarter of its time, at half of it. It falls into working hours. Zero: there is no such instant.
func (h *Hours) Remind(from, due time.Time) time.Time {
	span := due.Sub(from)
	ahead, half := due.Add(-day), from.Add(span/2)
	candidates := []time.Time{half}
	if h != nil {
		ahead = h.shift(due, -1)
		candidates = []time.Time{h.Next(half), h.clock(ahead, 0, h.From)}
	}
	if !ahead.Before(from.Add(span/4)) && ahead.Before(due) {
		return ahead.UTC()
	}
	for _, at := range candidates {
		if at.After(from) && at.Before(due) {
			return at.UTC()
		}
	}
	return time.Time{}
}

// Escalate is when others hear that something is late: a working day after.
func (h *Hours) Escalate(due time.Time) time.Time { return h.AfterDays(due, day) }

// End is when the work of a date ends: of that date of UTC in local time, or of the next day on which people work.
// Without a calendar that is 17:00 UTC.
func (h *Hours) End(date time.Time) time.Time {
	y, m, d := date.UTC().Date()
	if h == nil {
		return time.Date(y, m, d, 17, 0, 0, 0, time.UTC)
	}
	noon := time.Date(y, m, d, 12, 0, 0, 0, h.Zone)
	for n := range horizon {
		if h.Works(h.clock(noon, n, 12*time.Hour)) {
			return h.clock(noon, n, h.Until)
		}
	}
	return h.clock(noon, 0, h.Until)
}

// Promise completes a task that has a date with its other instants.
func (h *Hours) Promise(t Task, from time.Time) Task {
	if !t.Due.IsZero() {
		t.Remind, t.Escalate = h.Remind(from, t.Due), h.Escalate(t.Due)
	}
	return t
}
