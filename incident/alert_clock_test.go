package incident

import (
	"testing"
	"time"
)

// TestI50_WhoPutsACallOffIsCalledAgain: a call that was put off comes when that is over; after the last promised one a
// further one comes; the request ends when it ends.
func TestI50_WhoPutsACallOffIsCalledAgain(t *testing.T) {
	s, _ := waits(t)
	a := func() *Approval { return s.i.Approval(17) }
	hush := func(at time.Duration, lawful bool) {
		t.Helper()
		events, err := s.i.HushNudges(night.Add(at), bea, 17)
		if (err == nil) != lawful {
			t.Fatalf("at %s: %v", at, err)
		}
		s.apply(night.Add(at), events...)
	}
	s.expect(3*time.Minute, "nudge/A17")
	hush(5*time.Minute, true)
	hush(6*time.Minute, false)
	s.expect(7 * time.Minute)
	s.expect(8*time.Minute, "nudge/A17")
	if !s.i.GlassOffered(a()) || !a().Hushed.IsZero() || s.i.Nudges(a()) != 2 {
		t.Errorf("%+v", a())
	}
	s.expect(9 * time.Minute)
	hush(9*time.Minute, true)
	s.expect(12*time.Minute, "nudge/A17")
	s.expect(12 * time.Minute)
	hush(12*time.Minute+time.Second, false) // it ends before the next call
	s.expect(15*time.Minute, "Expired", "RunPaused")
	if _, err := s.i.HushNudges(night.Add(16*time.Minute), bea, 17); err == nil {
		t.Error("of a request that has ended")
	}
	s, _ = waits(t)
	s.expect(3*time.Minute, "nudge/A17")
	hush(4*time.Minute, true)
	s.expect(11*time.Minute, "nudge/A17 late 4m0s") // after a downtime one call
	s.expect(11 * time.Minute)
}

func TestSinceIsTheTriggerOfTheAlertThatOpened(t *testing.T) {
	for name, c := range map[string]struct {
		how   string
		began time.Duration // before it came
		want  time.Duration // of Since before the opening
		late  bool
	}{
		"late": {"opened", 17 * time.Minute, 17 * time.Minute, true}, "attached": {"attached", 17 * time.Minute, 0, true}, "at once": {"opened", time.Second, time.Second, false},
		"too old": {"opened", 25 * time.Hour, 0, true}, "unknown": {"opened", 0, 0, false},
	} {
		s := open(t, 15*time.Minute, 0)
		l := AlertLinked{Alert: "Q1", How: c.how}
		if c.began > 0 {
			l.Began = s.i.OpenedAt.Add(-c.began)
		}
		s.apply(s.i.OpenedAt, l)
		late, _ := s.i.Alerts[0].Late()
		if got := s.i.OpenedAt.Sub(s.i.Since()); got != c.want || late != c.late {
			t.Errorf("%s: since %s before the opening, late %v", name, got, late)
		}
	}
}

// TestI50_TheReportsClocksAreTheCards: a report counts from the instant from which the card counts, however late the alert came.
func TestI50_TheReportsClocksAreTheCards(t *testing.T) {
	for _, began := range []time.Duration{0, time.Second, 17 * time.Minute, ClockReach, ClockReach + time.Second, 40 * 24 * time.Hour} {
		s := open(t, 15*time.Minute, 0)
		l := AlertLinked{Alert: "Q1", How: alertOpened}
		if began > 0 {
			l.Began = s.i.OpenedAt.Add(-began)
		}
		s.apply(s.i.OpenedAt, l)
		s.apply(s.i.OpenedAt.Add(5*time.Minute), Acknowledged{By: Person{Key: "ana"}})
		s.i.RTO.Limit = 10*time.Minute + began
		s.apply(s.i.OpenedAt.Add(9*time.Minute), Resolved{By: Person{Key: "ana"}})
		f := s.i.Figures()
		ack, _ := f.ToAck()
		took, _ := f.ToResolve()
		if card := s.i.ResolvedAt.Sub(s.i.Since()); !f.Start.Equal(s.i.Since()) || took != card || ack != s.i.AckedAt.Sub(s.i.Since()) || f.RTOVerdict(night) != VerdictKept {
			t.Errorf("triggered %s before: starts %s before the opening, answered after %s, resolved after %s; the card says %s", began, s.i.OpenedAt.Sub(f.Start), ack, took, card)
		}
		if began > ClockReach && took != 9*time.Minute {
			t.Errorf("triggered %s before, and the report says that it took %s", began, took)
		}
	}
}
