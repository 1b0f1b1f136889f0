package follow

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

const (
	// heartbeat is how often the clock loop looks although nothing happened: a wall clock may be set at any time.
	heartbeat = time.Second
	// tolerated is how far the wall clock may go back unremarked (time servers slew more gently than this).
	tolerated = 2 * time.Second
	// ticksAtOnce lets the ticks after a downtime share commits.
	ticksAtOnce = 16
	// clockName is the clock's own channel of wake-ups.
	clockName = "clock"
)

// Clock is the wall clock, real or pushed by a test.
type Clock interface {
	Now() time.Time
	// Until receives once Now is not before t.
	Until(t time.Time) <-chan time.Time
}

// Wall is the real clock.
type Wall struct{}

// Now keeps the monotonic reading, against which a step of the wall clock is seen.
func (Wall) Now() time.Time { return time.Now() }

// Until waits on a timer; a machine that slept notices at the next heartbeat.
func (Wall) Until(t time.Time) <-chan time.Time { return time.After(time.Until(t)) }

// newest is a store that can say which record was written last.
type newest interface {
	Newest(context.Context) (state.Record, error)
}

// RunClock sends Tick to incidents whose deadline came, until ctx ends. It holds no promise itself: it asks the store
// what is due, after every commit, at the next instant, and every second. A failed tick is due again at the next look.
func RunClock(ctx context.Context, store Store, clock Clock, outcomes Outcomes, log *slog.Logger) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := &clockLoop{store: store, clock: clock, outcomes: outcomes, log: log}
	woken := store.Woken(clockName)
	l.sinceLast(ctx)
	for ctx.Err() == nil {
		l.step(ctx)
		next := l.tick(ctx)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-clock.Until(next):
		}
	}
}

type clockLoop struct {
	store    Store
	clock    Clock
	outcomes Outcomes
	log      *slog.Logger
	last     time.Time
	house    time.Time     // when to look again whether the house has to show the record's head
	owed     time.Duration // a step that could not be recorded yet
}

// sinceLast compares the clock with the newest record: it may have been set back while drbot was down.
func (l *clockLoop) sinceLast(ctx context.Context) {
	l.last = l.clock.Now()
	s, ok := l.store.(newest)
	if !ok {
		return
	}
	if r, err := s.Newest(ctx); err == nil {
		if back := r.Time.Sub(l.last); back > tolerated {
			l.owed = back
		}
	}
}

// step notices a wall clock that went back against the monotonic one. A clock without a monotonic reading (a pushed
// one) can only be seen going back in itself.
func (l *clockLoop) step(ctx context.Context) {
	now := l.clock.Now()
	passed := max(0, now.Sub(l.last))
	shown := now.Round(0).Sub(l.last.Round(0))
	l.last = now
	if back := passed - shown; back > tolerated {
		l.owed += back
	}
	if l.owed == 0 {
		return
	}
	if err := l.outcomes.ClockStepped(ctx, l.owed); err != nil {
		l.log.Error("record that the clock went back", "back", l.owed, "error", err)
		return
	}
	l.owed = 0
}

// tick sends what is due and answers when to look again.
func (l *clockLoop) tick(ctx context.Context) time.Time {
	now := l.clock.Now()
	due, next, err := l.store.Due(ctx, now)
	if err != nil && ctx.Err() == nil {
		l.log.Error("look what is due", "error", err)
	}
	slots := make(chan struct{}, ticksAtOnce)
	var all sync.WaitGroup
	for _, id := range due {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			l.one(ctx, id)
		})
	}
	all.Wait()
	l.head(ctx, now)
	if look := now.Add(heartbeat); next.IsZero() || look.Before(next) {
		return look
	}
	return next
}

// houseEvery is how often the house's deadline is looked at: it is a matter of days.
const houseEvery = time.Minute

// head ticks the house when the record's head is due to be shown. Of a record that has grown by nothing but that since, it is
// not shown again.
func (l *clockLoop) head(ctx context.Context, now time.Time) {
	if now.Before(l.house) && l.house.Sub(now) <= houseEvery {
		return
	}
	l.house = now.Add(houseEvery)
	house, err := l.store.House(ctx)
	if err != nil {
		return // whoever needs the house says so
	}
	if d, ok := house.NextDeadline(); !ok || d.Due.After(now) {
		return
	}
	if s, ok := l.store.(newest); ok && house.Head.Seq > 0 {
		if r, err := s.Newest(ctx); err == nil && r.Seq <= house.Head.Seq+1 {
			return // the head that was shown, and the record that says so
		}
	}
	l.one(ctx, 0)
}

func (l *clockLoop) one(ctx context.Context, id incident.ID) {
	if err := l.outcomes.Tick(ctx, id); err != nil && ctx.Err() == nil {
		l.log.Error("tick", "incident", id.String(), "error", err)
	}
}
