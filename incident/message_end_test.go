package incident

import (
	"slices"
	"testing"
	"time"
)

// TestI50_AnEndThatIsHeldBackIsLate: it counts as missed until it leaves, and as late then; each step speaks once, and after a
// downtime the latest alone.
func TestI50_AnEndThatIsHeldBackIsLate(t *testing.T) {
	t.Parallel()
	i, began, fold := nightOf(t)
	ana, bea := Person{Key: "ana"}, Person{Key: "bea"}
	fold(0, UpdateSent{By: ana, Number: 1, To: []Audience{AudienceResponders, AudienceMail}, Due: began.Add(time.Hour)})
	fold(50*time.Minute, Resolved{By: ana, To: []Audience{AudienceResponders}}, UpdateDrafted{Draft: 1, Version: 1, By: ana, To: []Audience{AudienceMail}})
	if o, to := i.HeldEnd(); o == nil || !slices.Equal(to, []Audience{AudienceMail}) || o.MayFree(ana) || !o.MayFree(bea) || !i.Summarise().EndHeld {
		t.Fatalf("held %+v to %v", o, to)
	}
	for _, after := range []time.Duration{65 * time.Minute, 121 * time.Minute, 4 * 24 * time.Hour} {
		events := i.Tick(began.Add(after))
		fold(after, events...)
		if n := len(slices.DeleteFunc(events, func(e Event) bool { _, ok := e.(DeadlineSpoken); return !ok })); n != 1 {
			t.Errorf("after %s spoke %+v", after, events)
		}
		if again := i.Tick(began.Add(after)); again != nil {
			t.Errorf("after %s spoke again: %+v", after, again)
		}
	}
	if got := i.Promises.Mailed; got != (Cadence{Missed: 1}) {
		t.Errorf("until it leaves %+v", got)
	}
	passed, err := i.Look(began.Add(100*time.Hour), bea, 1, true, "")
	if err != nil {
		t.Fatal(err)
	}
	fold(100*time.Hour, passed...)
	if got := i.Promises.Mailed; got != (Cadence{Late: 1}) || len(i.Deadlines()) > 0 || i.Summarise().EndHeld {
		t.Errorf("left: %+v, deadlines %+v", got, i.Deadlines())
	}
}

// TestI50_ASeverityKeepsWhatExecutivesWereMailed: none is promised any more, or a later one.
func TestI50_ASeverityKeepsWhatExecutivesWereMailed(t *testing.T) {
	t.Parallel()
	i, began, fold := nightOf(t)
	hour, later := began.Add(time.Hour), began.Add(3*time.Hour)
	fold(0, SeveritySet{From: 1, To: 1, Policy: Policy{ExecutivesEvery: time.Hour, ExecutivesDue: hour}})
	fold(0, UpdateSent{Number: 1, To: []Audience{AudienceResponders, AudienceExecutives}, ExecutivesDue: hour})
	fold(time.Minute, SeveritySet{From: 1, To: 2, Policy: Policy{ExecutivesEvery: 3 * time.Hour, ExecutivesDue: later}})
	if !i.ExecutivesDue.Equal(hour) {
		t.Errorf("of a longer cadence: %s", i.ExecutivesDue)
	}
	fold(2*time.Minute, SeveritySet{From: 2, To: 4})
	if o := i.OwedTo(AudienceExecutives); o == nil || !o.Due.Equal(hour) || !slices.Equal(i.Outlasting(), []Debt{*o}) {
		t.Errorf("of none: %+v", o)
	}
}
