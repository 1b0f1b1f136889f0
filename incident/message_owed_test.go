package incident

import (
	"slices"
	"testing"
	"time"
)

// nightOf is an incident with a cadence of an hour, for messages that wait for a second look.
func nightOf(t *testing.T) (i *Incident, began time.Time, fold func(time.Duration, ...Event)) {
	t.Helper()
	began = time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)
	i = New(7)
	fold = func(after time.Duration, events ...Event) {
		for _, e := range events {
			i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1, Time: began.Add(after)}, e)
		}
	}
	fold(0, Opened{Title: "users gone", Policy: Policy{UpdateEvery: time.Hour, UpdateDue: began.Add(time.Hour)}})
	return i, began, fold
}

// keysOf are the keys of its deadlines of a kind.
func keysOf(i *Incident, kind string) (list []string) {
	for _, d := range i.Deadlines() {
		if d.Kind() == kind {
			list = append(list, d.Key)
		}
	}
	return list
}

// TestI50_APromiseOutsideIsKeptByItsRelease: what waits for its second look when its promise comes is called late, once.
func TestI50_APromiseOutsideIsKeptByItsRelease(t *testing.T) {
	t.Parallel()
	i, began, fold := nightOf(t)
	ana, bea := Person{Key: "ana"}, Person{Key: "bea"}
	fold(0, UpdateSent{By: ana, Number: 1, To: []Audience{AudienceResponders, AudienceMail}, Due: began.Add(time.Hour)})
	if list := keysOf(i, DueOwed); list != nil {
		t.Errorf("the reminder of the update speaks of it, and %q", list)
	}
	fold(50*time.Minute, UpdateSent{By: ana, Number: 2, To: []Audience{AudienceResponders}, Due: began.Add(110 * time.Minute)},
		UpdateDrafted{Draft: 1, Number: 2, Version: 1, By: ana, To: []Audience{AudienceMail}, Due: began.Add(110 * time.Minute)})
	events := i.Tick(began.Add(70 * time.Minute))
	if len(events) != 1 || events[0].(DeadlineSpoken).Due != began.Add(time.Hour) || events[0].(DeadlineSpoken).Late != 10*time.Minute {
		t.Fatalf("spoke %+v", events)
	}
	fold(70*time.Minute, events...)
	if again := i.Tick(began.Add(80 * time.Minute)); again != nil {
		t.Errorf("spoke again: %+v", again)
	}
	passed, err := i.Look(began.Add(85*time.Minute), bea, 1, true, "")
	if err != nil {
		t.Fatal(err)
	}
	fold(85*time.Minute, passed...)
	if got := i.Promises.Mailed; got != (Cadence{Late: 1}) || i.Promises.Updates != (Cadence{Kept: 2}) {
		t.Errorf("mailed %+v, updates %+v", got, i.Promises.Updates)
	}
	if w := i.OwedTo(AudienceMail); w == nil || !w.Due.Equal(began.Add(110*time.Minute)) {
		t.Errorf("owed now: %+v", w)
	}
	fold(3*time.Hour, Resolved{By: ana})
	if got := i.Promises.Mailed; got != (Cadence{Late: 1, Missed: 1}) || len(i.Owed) > 0 {
		t.Errorf("at the end: %+v, owed %+v", got, i.Owed)
	}
}

// TestAnUpdateThatLeavesOutWhoWasPromisedItIsSaid: they were promised it in writing.
func TestAnUpdateThatLeavesOutWhoWasPromisedItIsSaid(t *testing.T) {
	t.Parallel()
	i, began, fold := nightOf(t)
	fold(0, UpdateSent{Number: 1, To: []Audience{AudienceResponders, AudienceMail, AudienceExecutives}, Due: began.Add(time.Hour)})
	fold(time.Minute, UpdateSent{Number: 2, To: []Audience{AudienceResponders}, Due: began.Add(61 * time.Minute)})
	if list := keysOf(i, DueOwed); len(list) != 2 {
		t.Errorf("one reminder and one late message for both: %q", list)
	}
	fold(2*time.Minute, TypeSet{Type: "Data breach", Restricted: true})
	if list := keysOf(i, DueOwed); list != nil {
		t.Errorf("restricted: %q", list)
	}
}

// TestWhoWasMailedTheEndIsOwedThatItIsNone: with the first update, or soon where none is promised.
func TestWhoWasMailedTheEndIsOwedThatItIsNone(t *testing.T) {
	t.Parallel()
	i, began, fold := nightOf(t)
	fold(0, Resolved{To: []Audience{AudienceResponders, AudienceMail, AudienceStatus}})
	fold(time.Hour, Reopened{Reason: "it burns"})
	if w := i.OwedTo(AudienceMail); w == nil || !w.Due.Equal(began.Add(time.Hour+AgainWithin)) {
		t.Errorf("owed %+v", w)
	}
	if got := i.HeardTheEnd(); !slices.Equal(got, []Audience{AudienceMail}) || len(keysOf(i, DueOwed)) != 1 {
		t.Errorf("heard by %q, deadlines %q", got, keysOf(i, DueOwed))
	}
}
