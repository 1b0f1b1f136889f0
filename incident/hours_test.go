package incident

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

// office works from Monday to Friday, 9 to 17, in a zone that changes its clock.
func office(t testing.TB, zone string, holidays ...string) *Hours {
	where, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	h := &Hours{Zone: where, From: 9 * time.Hour, Until: 17 * time.Hour, Holidays: map[string]bool{}}
	for day := time.Monday; day <= time.Friday; day++ {
		h.Days[day] = true
	}
	for _, day := range holidays {
		h.Holidays[day] = true
	}
	return h
}

func local(t testing.TB, h *Hours, s string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", s, h.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestReviewDeadlinesCountWorkingDays(t *testing.T) {
	h := office(t, "Europe/Madrid", "2026-12-24", "2026-12-25", "2027-01-01")
	for _, c := range []struct {
		from  string
		after time.Duration
		want  string
	}{
		{"2026-11-24 03:31", 24 * time.Hour, "2026-11-25 09:00"},     // at night: a whole working day
		{"2026-11-27 10:00", 24 * time.Hour, "2026-11-30 10:00"},     // Friday: Monday
		{"2026-11-27 18:00", 24 * time.Hour, "2026-12-01 09:00"},     // after work: Monday is the day
		{"2026-11-28 12:00", 48 * time.Hour, "2026-12-02 09:00"},     // Saturday
		{"2026-11-24 10:00", 72 * time.Hour, "2026-11-27 10:00"},     //
		{"2026-11-25 10:00", 72 * time.Hour, "2026-11-30 10:00"},     // over the weekend
		{"2026-11-24 10:00", 7 * 24 * time.Hour, "2026-12-01 10:00"}, // a week is a week
		{"2026-11-28 12:00", 7 * 24 * time.Hour, "2026-12-07 09:00"}, // never before the runbook's own
		{"2026-12-23 10:00", 24 * time.Hour, "2026-12-28 10:00"},     // two holidays and a weekend in a row
		{"2026-12-23 10:00", 14 * 24 * time.Hour, "2027-01-11 10:00"},
		{"2026-03-27 10:00", 24 * time.Hour, "2026-03-30 10:00"}, // the clock goes forward on Sunday
		{"2026-10-23 10:00", 24 * time.Hour, "2026-10-26 10:00"}, // and back
		{"2026-11-24 16:30", time.Hour, "2026-11-25 09:00"},      // an hour ends after work
	} {
		if got := h.After(local(t, h, c.from), c.after); !got.Equal(local(t, h, c.want)) {
			t.Errorf("%s and %s: %s, want %s", c.from, c.after, got.In(h.Zone).Format("2006-01-02 15:04"), c.want)
		}
	}
}

// A week is a week of the calendar, whatever the clock does in it; hours are hours.
func TestAWeekOverAChangeOfTheClock(t *testing.T) {
	every := office(t, "Europe/Madrid")
	every.Days = [7]bool{true, true, true, true, true, true, true}
	every.From, every.Until = 0, 24*time.Hour
	h := office(t, "Europe/Madrid")
	week := 7 * 24 * time.Hour
	for _, c := range []struct {
		h     *Hours
		count func(*Hours, time.Time, time.Duration) time.Time
		from  string
		after time.Duration
		want  string
	}{
		{h, (*Hours).AfterDays, "2026-03-27 16:30", week, "2026-04-03 16:30"}, // the clock goes forward on the 29th
		{h, (*Hours).AfterDays, "2026-03-27 16:30", 2 * week, "2026-04-10 16:30"},
		{h, (*Hours).AfterDays, "2026-03-27 16:30", 24 * time.Hour, "2026-03-30 16:30"},
		{h, (*Hours).AfterDays, "2026-10-23 16:30", week, "2026-10-30 16:30"}, // and back on the 25th
		{h, (*Hours).AfterDays, "2026-10-23 09:00", week, "2026-10-30 09:00"},
		{h, (*Hours).After, "2026-03-27 16:30", week, "2026-04-06 09:00"}, // "168 hours"
		{every, (*Hours).AfterDays, "2026-03-28 16:30", 24 * time.Hour, "2026-03-29 16:30"},
		{every, (*Hours).After, "2026-03-28 16:30", 24 * time.Hour, "2026-03-29 17:30"}, // "24 hours"
		{every, (*Hours).AfterDays, "2026-10-24 16:30", 24 * time.Hour, "2026-10-25 16:30"},
		{every, (*Hours).AfterDays, "2026-03-28 02:30", 24 * time.Hour, "2026-03-29 03:30"}, // the date has no 02:30
	} {
		if got := c.count(c.h, local(t, c.h, c.from), c.after); !got.Equal(local(t, c.h, c.want)) {
			t.Errorf("%s and %s: %s, want %s", c.from, c.after, got.In(c.h.Zone).Format("2006-01-02 15:04"), c.want)
		}
	}
}

func TestRemindersFallIntoWorkingHours(t *testing.T) {
	h := office(t, "Europe/Madrid", "2026-12-25")
	for _, c := range []struct{ from, due, want string }{
		{"2026-11-24 10:00", "2026-12-01 10:00", "2026-11-30 10:00"}, // a working day before
		{"2026-11-24 10:00", "2026-11-30 10:00", "2026-11-27 10:00"}, // the working day before Monday is Friday
		{"2026-11-24 10:00", "2026-11-25 10:00", "2026-11-25 09:00"}, // one day: the morning of its end
		{"2026-11-24 03:31", "2026-11-25 09:00", "2026-11-24 09:00"},
		{"2026-12-21 10:00", "2026-12-28 10:00", "2026-12-24 10:00"}, // before a holiday and a weekend
	} {
		got := h.Remind(local(t, h, c.from), local(t, h, c.due))
		if !got.Equal(local(t, h, c.want)) {
			t.Errorf("%s to %s: %s, want %s", c.from, c.due, got.In(h.Zone).Format("2006-01-02 15:04"), c.want)
		}
	}
	var always *Hours
	at := time.Date(2026, 11, 28, 3, 31, 0, 0, time.UTC)
	if got := always.Remind(at, at.Add(24*time.Hour)); !got.Equal(at.Add(12 * time.Hour)) {
		t.Errorf("without hours, one day: %s", got)
	}
	if got := always.Remind(at, at.Add(72*time.Hour)); !got.Equal(at.Add(48 * time.Hour)) {
		t.Errorf("without hours, three days: %s", got)
	}
}

// calendars are of any zone, any working days, any hours, with holidays in a row.
func calendars(rt *rapid.T) *Hours {
	zone, err := time.LoadLocation(rapid.SampledFrom([]string{"UTC", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia"}).Draw(rt, "zone"))
	if err != nil {
		rt.Fatal(err)
	}
	from := rapid.IntRange(5, 16).Draw(rt, "from")
	h := &Hours{Zone: zone, From: time.Duration(from) * time.Hour, Holidays: map[string]bool{}}
	h.Until = time.Duration(rapid.IntRange(from+1, 24).Draw(rt, "until")) * time.Hour
	for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 1, 7, rapid.ID[int]).Draw(rt, "days") {
		h.Days[d] = true
	}
	first := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 700).Draw(rt, "holiday"))
	for n := range rapid.IntRange(0, 20).Draw(rt, "row") {
		h.Holidays[first.AddDate(0, 0, n).Format(time.DateOnly)] = true
	}
	return h
}

func instants(rt *rapid.T, name string) time.Time {
	return time.Unix(rapid.Int64Range(1_767_225_600, 1_830_000_000).Draw(rt, name), 0).UTC() // 2026 and 2027
}

// Whatever the calendar: a deadline ends within working hours, never before the runbook's own, a later start never ends
// earlier, a longer one never ends earlier, and the reminder falls between.
func TestHoursHoldForEveryCalendar(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h, from := calendars(rt), instants(rt, "from")
		days := rapid.IntRange(0, 20).Draw(rt, "length")
		d := time.Duration(days) * 24 * time.Hour
		due := h.After(from, d)
		switch {
		case !h.Open(due):
			rt.Fatalf("%s is outside working hours", due.In(h.Zone))
		case due.Before(from.Add(d)):
			rt.Fatalf("%s is before %s", due, from.Add(d))
		case due.Location() != time.UTC:
			rt.Fatal("not in UTC")
		}
		if later := h.After(from.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "more"))*time.Hour), d); later.Before(due) {
			rt.Fatalf("a later start ends earlier: %s, %s", later, due)
		}
		if longer := h.After(from, d+24*time.Hour); longer.Before(due) {
			rt.Fatalf("a longer one ends earlier: %s, %s", longer, due)
		}
		if calendar := h.AfterDays(from, d); !h.Open(calendar) {
			rt.Fatalf("%s is outside working hours", calendar.In(h.Zone))
		} else if same := from.In(h.Zone).AddDate(0, 0, days); calendar.Before(same) {
			rt.Fatalf("%s is before %s", calendar.In(h.Zone), same)
		} else if later := h.AfterDays(from.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "on"))*time.Hour), d); later.Before(calendar) {
			rt.Fatalf("a later start ends earlier: %s, %s", later.In(h.Zone), calendar.In(h.Zone))
		} else if longer := h.AfterDays(from, d+24*time.Hour); longer.Before(calendar) {
			rt.Fatalf("a longer one ends earlier: %s, %s", longer.In(h.Zone), calendar.In(h.Zone))
		}
		if next := h.Next(from); !h.Open(next) || next.Before(from) || !h.Next(next).Equal(next) {
			rt.Fatalf("the next working hour after %s is %s", from, next)
		}
		if remind := h.Remind(from, due); !remind.IsZero() && (!remind.After(from) || !remind.Before(due)) {
			rt.Fatalf("the reminder %s is not between %s and %s", remind, from, due)
		}
		if late := h.Escalate(due); !late.After(due) {
			rt.Fatalf("others hear of it at %s, and it is due %s", late, due)
		}
	})
}

// Without a calendar a deadline is the runbook's own.
func TestNoHoursIsEveryInstant(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var h *Hours
		from, d := instants(rt, "from"), time.Duration(rapid.IntRange(0, 400).Draw(rt, "hours"))*time.Hour
		if !h.After(from, d).Equal(from.Add(d)) || !h.Next(from).Equal(from) || !h.Open(from) {
			rt.Fatal("no calendar moves a deadline")
		}
	})
}

// A calendar in which nobody ever works moves nothing, and ends.
func TestHoursWithoutAWorkingDay(t *testing.T) {
	h := office(t, "UTC")
	h.Days = [7]bool{}
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	if got := h.After(at, 24*time.Hour); got.Before(at.Add(24 * time.Hour)) {
		t.Errorf("%s", got)
	}
}
