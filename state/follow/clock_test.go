package follow_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/state/statetest"
)

// timed is a store whose clock a test pushes, with the clock loop running.
func timed(t *testing.T, dir string, clock *statetest.Clock) (*bolt.Store, *commands, func()) {
	t.Helper()
	s, err := bolt.Open(dir, bolt.Options{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	c := newCommands(s)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { follow.RunClock(ctx, s, clock, c, nil) })
	return s, c, func() {
		cancel()
		done.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func spoken(t *testing.T, s state.Reader, id incident.ID) (all []incident.DeadlineSpoken) {
	t.Helper()
	for r, err := range s.Records(t.Context(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := e.(incident.DeadlineSpoken); ok {
			all = append(all, d)
		}
	}
	return all
}

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestClock_TicksAtTheInstant(t *testing.T) {
	clock := statetest.NewClock(monday)
	s, c, stop := timed(t, t.TempDir(), clock)
	defer stop()
	id := statetest.Open(t, s, "db is down")
	clock.Push(7*time.Minute + 30*time.Second) // half of the response time
	if got := <-c.ticks; got != id {
		t.Fatalf("ticked %s", got)
	}
	if all := spoken(t, s, id); len(all) != 1 || all[0].Late != 0 {
		t.Fatalf("spoken %+v", all)
	}
}

func TestI50_OverdueSpeaksOnceAfterDowntimeAndTheCadenceGoesOn(t *testing.T) {
	clock, dir := statetest.NewClock(monday), t.TempDir()
	s, _, stop := timed(t, dir, clock)
	id := statetest.Open(t, s, "db is down")
	stop()
	clock.Push(2 * time.Hour)
	s, c, stop := timed(t, dir, clock)
	defer stop()
	<-c.ticks
	all := spoken(t, s, id)
	if len(all) != 2 { // one of the response, one of the update
		t.Fatalf("spoken %+v", all)
	}
	for _, d := range all {
		if d.Late < 90*time.Minute {
			t.Errorf("%s says it is %s late", d.Key, d.Late)
		}
	}
	_, err := s.Do(t.Context(), state.Change{Target: state.Ref{ID: id}, Decide: func(v state.View) (state.Decision, error) {
		events, err := v.Incident().Update(v.Now(), incident.Person{Key: "eva"}, "Restoring.", "", 0)
		return state.Decision{Events: events}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, next, err := s.Due(t.Context(), clock.Now())
	if err != nil || !next.After(clock.Now()) {
		t.Fatalf("the cadence ended: next is %s, %v", next, err)
	}
}

func TestI54_ClockSetBackIsTold(t *testing.T) {
	clock, dir := statetest.NewClock(monday), t.TempDir()
	s, c, stop := timed(t, dir, clock)
	id := statetest.Open(t, s, "db is down")
	clock.Push(-time.Second) // as time servers do
	statetest.Note(t, s, id, "a")
	clock.Push(-10 * time.Second)
	statetest.Note(t, s, id, "b") // a commit wakes the loop
	if back := <-c.stepped; back != 10*time.Second && back != 11*time.Second {
		t.Fatalf("stepped back %s", back)
	}
	stop()
	clock.Push(-time.Hour)
	_, c, stop = timed(t, dir, clock)
	defer stop()
	if back := <-c.stepped; back < time.Hour {
		t.Fatalf("set back while it was down: %s", back)
	}
}

// TestI42_TheHouseIsTickedOnceADay: a day after the first record, again a day later only if the record has grown.
func TestI42_TheHouseIsTickedOnceADay(t *testing.T) {
	clock := statetest.NewClock(monday)
	s, c, stop := timed(t, t.TempDir(), clock)
	defer stop()
	house := func(e ...incident.Event) {
		t.Helper()
		if _, err := s.Do(t.Context(), state.Change{Decide: func(state.View) (state.Decision, error) { return state.Decision{House: e}, nil }}); err != nil {
			t.Fatal(err)
		}
	}
	house(incident.ConfigLoaded{Digest: "a"})
	clock.Push(24*time.Hour + 2*time.Minute)
	if got := <-c.ticks; got != 0 {
		t.Fatalf("ticked %s", got)
	}
	said := spoken(t, s, 0)
	if len(said) != 1 || said[0].Late < time.Minute {
		t.Fatalf("spoken %+v", said)
	}
	newest, err := s.Newest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	house(incident.HeadPosted{Seq: newest.Seq, Hash: newest.Hash})
	clock.Push(50 * time.Hour)
	id := statetest.Open(t, s, "db is down") // whose promises come first
	clock.Push(7*time.Minute + 30*time.Second)
	for got := incident.ID(1); got != 0; {
		got = <-c.ticks
	}
	if said := spoken(t, s, 0); len(said) != 2 || len(spoken(t, s, id)) == 0 {
		t.Errorf("spoken %+v", said)
	}
}
