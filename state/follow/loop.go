package follow

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/drbot/drbot/incident"
)

// Options of the loop; the zero value is right for serve.
type Options struct {
	Workers int           // deliveries at once per follower; 0: 8
	Timeout time.Duration // of one delivery; 0: 2 minutes
	Log     *slog.Logger
	// After is the timer of retries: real time even when the wall clock is pushed, since vendors are outside. nil:
	// time.After.
	After func(time.Duration) <-chan time.Time
}

// Loop runs followers.
type Loop struct {
	store     Store
	outcomes  Outcomes
	options   Options
	followers []*runner
}

// NewLoop makes the loop of some followers. The store must have been opened with their names.
func NewLoop(store Store, outcomes Outcomes, o Options, followers ...Follower) *Loop {
	if o.Workers <= 0 {
		o.Workers = 8
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.After == nil {
		o.After = time.After
	}
	l := &Loop{store: store, outcomes: outcomes, options: o}
	for _, f := range followers {
		l.followers = append(l.followers, &runner{
			loop: l, follower: f, flying: map[incident.ID]bool{}, waiting: map[incident.ID]*wait{},
			rested: map[incident.ID]bool{}, finished: make(chan result), due: make(chan func()), log: o.Log.With("follower", f.Name()),
			health: Health{Follower: f.Name()},
		})
	}
	return l
}

// Run follows until ctx ends, and returns when every worker did.
func (l *Loop) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range l.followers {
		all.Go(func() { r.run(ctx) })
	}
	all.Wait()
}

// Health answers how every follower stands, in the order they were given.
func (l *Loop) Health() []Health {
	all := make([]Health, 0, len(l.followers))
	for _, r := range l.followers {
		r.mu.Lock()
		all = append(all, r.health)
		r.mu.Unlock()
	}
	return all
}

// wait is an incident whose next try has its time; waiting holds no worker, so an outage blocks nobody else (I48).
type wait struct {
	tries  int  // failed ones in a row that got no further
	tried  bool // in this process
	unsure bool // one of the tries may have had its effect
	armed  bool
}

// result is how a worker came back.
type result struct {
	id     incident.ID
	err    error
	unsure bool // its last call was made without knowing about an earlier one
	gained bool // something was done before the error
}

// runner is the dispatcher of one follower. Its maps are its goroutine's only; health is everybody's.
type runner struct {
	loop     *Loop
	follower Follower
	log      *slog.Logger
	flying   map[incident.ID]bool  // a worker is at it
	waiting  map[incident.ID]*wait // tried, and not successful since
	todo     []incident.ID
	missed   bool // records came for an incident while a worker was at it
	stale    bool // that worker is back: look again
	hurried  bool // a record of a Prompt follower came: look without a rest
	looks    looks
	rested   map[incident.ID]bool // incidents that a Paced follower delivered just now
	finished chan result
	due      chan func()
	timers   sync.WaitGroup

	mu     sync.Mutex
	health Health
}

func (r *runner) run(ctx context.Context) {
	woken, prompted := r.loop.store.Woken(r.follower.Name()), r.prompted()
	var rest <-chan time.Time
	r.stale = true
	for {
		switch {
		case r.stale && rest == nil:
			rest = r.look(ctx)
		case r.stale && r.hurried:
			r.scan(ctx)
		}
		r.start(ctx)
		wake := woken
		if rest != nil {
			wake = nil // it keeps one signal
		}
		select {
		case <-ctx.Done():
			for len(r.flying) > 0 {
				delete(r.flying, (<-r.finished).id)
			}
			r.timers.Wait()
			return
		case <-wake:
			rest = r.look(ctx)
		case <-prompted:
			r.scan(ctx)
			r.hurried = r.missed
		case <-rest:
			rest = nil
		case do := <-r.due:
			do()
		case done := <-r.finished:
			r.back(ctx, done)
		}
	}
}

// pointed is a store that can say that records of some kinds came, apart from all others.
type pointed interface {
	WokenBy(follower string, wants func(kind string) bool) <-chan struct{}
}

// prompted receives when records came that cannot wait for the next look.
func (r *runner) prompted() <-chan struct{} {
	p, ok := r.follower.(Prompt)
	s, can := r.loop.store.(pointed)
	if !ok || !can {
		return nil
	}
	return s.WokenBy(r.follower.Name(), p.Prompt)
}

// look scans, and gives what to wait for before the next one: while commands pour in, one look takes in many commits,
// and followers do not compete with the record for the processor and the disk.
func (r *runner) look(ctx context.Context) <-chan time.Time {
	r.scan(ctx)
	if wait := r.looks.take(time.Now()); wait > 0 {
		return time.After(wait)
	}
	return nil
}

// Looks in a row, and per second after that.
const (
	looksAtOnce  = 10
	lookEvery    = time.Second / 10
	looksForever = looksAtOnce * lookEvery
)

// looks is a bucket: full is the instant when it will have all its looks again.
type looks struct{ full time.Time }

// take spends a look and says how long to wait for the next one; a quiet follower never waits.
func (l *looks) take(now time.Time) time.Duration {
	if l.full.Before(now) {
		l.full = now
	}
	l.full = l.full.Add(lookEvery)
	return l.full.Sub(now) - looksForever
}

// scan asks the store who is behind.
func (r *runner) scan(ctx context.Context) {
	behind, err := r.loop.store.Behind(ctx, r.follower.Name())
	if err != nil {
		if ctx.Err() == nil {
			r.log.Error("look who is behind", "error", err)
			r.failed(err)
			r.later(ctx, time.Second, func() { r.scan(ctx) })
		}
		return
	}
	r.todo, r.missed, r.stale, r.hurried = r.todo[:0], false, false, false
	for _, id := range behind {
		switch w := r.waiting[id]; {
		case r.flying[id]:
			r.missed = true
		case r.rested[id]: // its time ends with a look
		case w == nil || !w.armed:
			r.todo = append(r.todo, id)
		}
	}
	r.count(len(behind))
}

// start gives what is to do to workers, as many as may be.
func (r *runner) start(ctx context.Context) {
	for len(r.todo) > 0 && len(r.flying) < r.loop.options.Workers && ctx.Err() == nil {
		id := r.todo[0]
		r.todo = r.todo[1:]
		if r.flying[id] {
			r.missed = true
			continue
		}
		r.flying[id] = true
		w := &worker{runner: r, id: id}
		if last := r.waiting[id]; last != nil {
			w.sure = last.tried && !last.unsure
		}
		go func() {
			err := w.run(ctx)
			r.finished <- result{id, err, w.unsure, w.gained}
		}()
	}
}

// back takes a worker's result: an error waits for its time, without holding a worker.
func (r *runner) back(ctx context.Context, done result) {
	delete(r.flying, done.id)
	if done.err == nil || ctx.Err() != nil {
		if delete(r.waiting, done.id); len(r.waiting) == 0 {
			r.recovered()
		}
		r.breathe(ctx, done.id)
	} else {
		r.again(ctx, done)
	}
	if r.missed {
		r.stale = true
	} else if len(r.todo) == 0 && len(r.flying) == 0 && len(r.rested) == 0 {
		r.count(len(r.waiting))
	}
}

// breathe keeps an incident of a Paced follower back for a while; then the store is asked whether it is behind again.
func (r *runner) breathe(ctx context.Context, id incident.ID) {
	if p, ok := r.follower.(Paced); ok && ctx.Err() == nil {
		r.rested[id] = true
		r.later(ctx, p.Pace(), func() { delete(r.rested, id); r.stale = true })
	}
}

func (r *runner) again(ctx context.Context, done result) {
	w := r.waiting[done.id]
	if w == nil {
		w = &wait{}
		r.waiting[done.id] = w
	}
	if done.gained {
		w.tries = 0 // it got further: the vendor works, one call of it did not
	}
	u, _ := unavailable(done.err)
	w.unsure, w.armed, w.tried = done.unsure || !u.NotSent, true, true
	after := max(backoff(w.tries), u.RetryAfter)
	w.tries++
	r.failed(done.err)
	r.mu.Lock()
	r.health.RetryAt = time.Now().Add(after)
	r.mu.Unlock()
	r.log.Warn("deliver later", "incident", done.id.String(), "after", after, "error", done.err)
	r.later(ctx, after, func() { r.waiting[done.id].armed = false; r.todo = append(r.todo, done.id) })
}

// later has the dispatcher do something after a while.
func (r *runner) later(ctx context.Context, after time.Duration, do func()) {
	timer := r.loop.options.After(after)
	r.timers.Go(func() {
		select {
		case <-ctx.Done():
			return
		case <-timer:
		}
		select {
		case r.due <- do:
		case <-ctx.Done():
		}
	})
}

// backoff doubles from a second to a minute.
func backoff(tries int) time.Duration { return min(time.Second<<min(tries, 6), time.Minute) }

func (r *runner) count(behind int) {
	armed := 0
	for _, w := range r.waiting {
		if w.armed {
			armed++
		}
	}
	r.mu.Lock()
	r.health.Behind, r.health.Waiting = behind, armed
	r.mu.Unlock()
}

func (r *runner) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.health.Error = err.Error(); r.health.Since.IsZero() {
		r.health.Since = time.Now()
	}
}

func (r *runner) succeeded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.health.LastDone = time.Now()
}

// recovered: a worker came back without an error, and no other waits for its next try.
func (r *runner) recovered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.health.Error, r.health.Since, r.health.RetryAt = "", time.Time{}, time.Time{}
}

// Names lists the followers' names, as a store is opened with them.
func Names(followers ...Follower) []string {
	names := make([]string, 0, len(followers))
	for _, f := range followers {
		names = append(names, f.Name())
	}
	slices.Sort(names)
	return names
}
