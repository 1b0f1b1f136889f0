package follow_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/state/statetest"
)

// TestI48_ATryThatGotFurtherWaitsShortly: losing one answer after another is no outage, as long as every try leaves
// something behind; only tries that get nowhere wait longer and longer.
func TestI48_ATryThatGotFurtherWaitsShortly(t *testing.T) {
	say := newVendor("say", "Noted")
	s, err := bolt.Open(t.TempDir(), bolt.Options{Followers: follow.Names(say)})
	if err != nil {
		t.Fatal(err)
	}
	waits, retry := make(chan time.Duration, 16), make(chan time.Time, 16)
	loop := follow.NewLoop(s, newCommands(s), follow.Options{After: func(d time.Duration) <-chan time.Time { waits <- d; return retry }}, say)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { loop.Run(ctx) })
	defer func() {
		cancel()
		done.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	statetest.Note(t, s, statetest.Open(t, s, "db is down"), "hello")
	var got []time.Duration
	for k, gains := range []bool{true, true, true, false, false} {
		a := answer{err: follow.Unavailable{Err: errors.New("answer lost")}}
		if gains {
			a.done = follow.Done{Notes: map[string]string{"made": strconv.Itoa(k)}}
		}
		say.next(t).answer <- a
		got = append(got, <-waits)
		retry <- time.Now()
	}
	say.next(t).ok()
	if want := []time.Duration{time.Second, time.Second, time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(got, want) {
		t.Errorf("waited %v, want %v", got, want)
	}
}
