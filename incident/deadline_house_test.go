package incident

import (
	"testing"
	"time"
)

// TestI42_TheHeadIsShownOnceADay: a day after the first record, once however long nobody ticked, and again a day after a
// head was shown, at a resolution too.
func TestI42_TheHeadIsShownOnceADay(t *testing.T) {
	h := NewHouse()
	if _, ok := h.NextDeadline(); ok || len(h.Tick(night)) > 0 {
		t.Error("an empty record has no head")
	}
	n := uint64(0)
	apply := func(at time.Time, events ...Event) {
		for _, e := range events {
			n++
			h.Apply(Stamp{Seq: n, N: n, Time: at}, e)
		}
	}
	apply(night, ConfigLoaded{Digest: "a"})
	apply(night.Add(time.Hour), RunbookLoaded{Digest: "b"})
	if events := h.Tick(night.Add(24*time.Hour - time.Second)); len(events) > 0 {
		t.Errorf("too early: %v", events)
	}
	events := h.Tick(night.Add(24 * time.Hour))
	if len(events) != 1 || events[0].(DeadlineSpoken).Late != 0 {
		t.Fatalf("after a day: %v", events)
	}
	apply(night.Add(24*time.Hour), events...)
	if events := h.Tick(night.Add(25 * time.Hour)); len(events) > 0 {
		t.Errorf("twice: %v", events)
	}
	apply(night.Add(30*time.Hour), HeadPosted{Seq: 2, Hash: "h"})
	if events := h.Tick(night.Add(53 * time.Hour)); len(events) > 0 {
		t.Errorf("a head was shown 23 h ago: %v", events)
	}
	if events := h.Tick(night.Add(200 * time.Hour)); len(events) != 1 || events[0].(DeadlineSpoken).Late != 146*time.Hour {
		t.Errorf("after days: %v", events)
	}
	if back := carry(t, h); !back.HeadDue.Equal(h.HeadDue) {
		t.Errorf("kept as %s", back.HeadDue)
	}
}
