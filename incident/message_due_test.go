package incident

import (
	"testing"
	"time"
)

// waiting is an update to the mailing list that waits for its second look.
func waiting(draft, number int) UpdateDrafted {
	return UpdateDrafted{Draft: draft, Number: number, Version: 1, By: Person{Key: "ana@example.com"}, To: []Audience{AudienceMail}, Text: "Restoring"}
}

// TestI50_AWaitingSecondLookIsRemindedOfOnce: after a quarter of the cadence, and by nobody once it is decided.
func TestI50_AWaitingSecondLookIsRemindedOfOnce(t *testing.T) {
	s := open(t, 10*time.Hour, time.Hour)
	s.apply(night.Add(time.Minute), waiting(1, 1), waiting(2, 2))
	s.expect(15 * time.Minute)
	s.expect(16*time.Minute, "look/2") // the second took the place of the first
	s.expect(17 * time.Minute)
	s.apply(night.Add(18*time.Minute), UpdateReviewed{Draft: 2, By: Person{Key: "bea@example.com"}, Accepted: true})
	s.expect(19 * time.Minute)
	if len(s.i.Spoken) != 0 {
		t.Errorf("remembered %q", s.i.Spoken)
	}
}

// TestI50_ASecondLookAfterADowntimeSpeaksOnce, says how late it is, and waits for at least five minutes.
func TestI50_ASecondLookAfterADowntimeSpeaksOnce(t *testing.T) {
	s := open(t, 10*time.Hour, 0)
	s.apply(night, waiting(1, 1))
	s.expect(4 * time.Minute)
	s.expect(45*time.Minute, "look/1 late 40m0s")
	s.expect(50 * time.Minute)
}

// TestI50_AWaitingResolutionIsRemindedOf, as long as the incident is over; a reopening ends it.
func TestI50_AWaitingResolutionIsRemindedOf(t *testing.T) {
	s := open(t, 10*time.Hour, 0)
	s.apply(night, Resolved{Summary: "works again"}, waiting(1, 0))
	reopened := s.i.Clone()
	s.expect(5*time.Minute, "look/1")
	reopened.Apply(Stamp{Seq: 9, N: 9, Time: night.Add(time.Minute)}, Reopened{Reason: "back"})
	if events := reopened.Tick(night.Add(time.Hour)); len(events) != 0 {
		t.Errorf("reminded of what does not hold: %+v", events)
	}
}
