package follow_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vendor is a follower whose calls a test watches and answers.
type vendor struct {
	name  string
	kinds []string
	once  bool
	calls chan call
}

type call struct {
	follow.Batch
	answer chan answer
}

type answer struct {
	done follow.Done
	err  error
}

func newVendor(name string, kinds ...string) *vendor {
	return &vendor{name: name, kinds: kinds, calls: make(chan call)}
}

func (v *vendor) Name() string             { return v.name }
func (v *vendor) Wants(kind string) bool   { return len(v.kinds) == 0 || slices.Contains(v.kinds, kind) }
func (v *vendor) Once(r state.Record) bool { return v.once }

func (v *vendor) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	c := call{Batch: b, answer: make(chan answer)}
	select {
	case v.calls <- c:
	case <-ctx.Done():
		return follow.Done{}, ctx.Err()
	}
	select {
	case a := <-c.answer:
		return a.done, a.err
	case <-ctx.Done():
		return follow.Done{}, ctx.Err()
	}
}

// next waits for a call.
func (v *vendor) next(t *testing.T) call {
	t.Helper()
	select {
	case c := <-v.calls:
		return c
	case <-t.Context().Done():
	case <-time.After(30 * time.Second):
	}
	t.Fatalf("%s was not called", v.name)
	return call{}
}

func (c call) ok() { c.answer <- answer{} }
func (c call) notes(kv ...string) {
	c.answer <- answer{done: follow.Done{Notes: map[string]string{kv[0]: kv[1]}}}
}
func (c call) fail(err error) { c.answer <- answer{err: err} }
func (c call) kinds() (kinds []string) {
	for _, r := range c.Records {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

// commands are the outcomes of a test: parked deliveries become events as they do in drbot.
type commands struct {
	store   state.Store
	parked  chan follow.Parking
	ticks   chan incident.ID
	stepped chan time.Duration
	fails   chan error // one of them fails one outcome
}

func newCommands(s state.Store) *commands {
	return &commands{store: s, parked: make(chan follow.Parking, 64), ticks: make(chan incident.ID, 64), stepped: make(chan time.Duration, 8), fails: make(chan error, 8)}
}

func (c *commands) Park(ctx context.Context, p follow.Parking) error {
	select {
	case err := <-c.fails:
		return err
	default:
	}
	_, err := c.store.Do(ctx, state.Change{Target: state.Ref{ID: p.Incident}, Keys: []string{"park/" + p.Key}, Decide: func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.DeliveryParked{Follower: p.Follower, Seq: p.Seq, Why: p.Why}}}, nil
	}})
	c.parked <- p
	return err
}

func (c *commands) Tick(ctx context.Context, id incident.ID) error {
	change := state.Change{Target: state.Ref{ID: id}, Decide: func(v state.View) (state.Decision, error) {
		return state.Decision{Events: v.Incident().Tick(v.Now())}, nil
	}}
	if id == 0 {
		change = state.Change{Decide: func(v state.View) (state.Decision, error) { return state.Decision{House: v.House().Tick(v.Now())}, nil }}
	}
	_, err := c.store.Do(ctx, change)
	c.ticks <- id
	return err
}

func (c *commands) ClockStepped(_ context.Context, back time.Duration) error {
	c.stepped <- back
	return nil
}

// house is a store with a running loop. Retries wait for tick.
type house struct {
	*bolt.Store
	*commands
	dir   string
	retry chan time.Time
	loop  *follow.Loop
	stop  func()
}

func start(t *testing.T, dir string, followers ...follow.Follower) *house {
	t.Helper()
	s, err := bolt.Open(dir, bolt.Options{Followers: follow.Names(followers...)})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{Store: s, commands: newCommands(s), dir: dir, retry: make(chan time.Time)}
	h.loop = follow.NewLoop(s, h.commands, follow.Options{Workers: 4, After: func(time.Duration) <-chan time.Time { return h.retry }}, followers...)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { h.loop.Run(ctx) })
	h.stop = func() {
		cancel()
		done.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	return h
}

// until waits for something that the loop does after a commit. A commit is the smallest wait there is.
func (h *house) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 10_000 {
		if done() {
			return
		}
		if _, err := h.Do(t.Context(), state.Change{Decide: func(state.View) (state.Decision, error) {
			return state.Decision{Blobs: [][]byte{[]byte(time.Now().String())}}, nil
		}}); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("never: " + what)
}

// passed waits until a follower is past every record.
func (h *house) passed(t *testing.T, follower string) {
	t.Helper()
	h.until(t, follower+" passes", func() bool {
		behind, err := h.Behind(t.Context(), follower)
		if err != nil {
			t.Fatal(err)
		}
		return len(behind) == 0
	})
}

func TestI48_OrderWithinAnIncident(t *testing.T) {
	say := newVendor("say", "Noted")
	h := start(t, t.TempDir(), say)
	defer h.stop()
	id := statetest.Open(t, h, "db is down")
	want := []string{"a", "b", "c", "d"}
	for _, text := range want {
		statetest.Note(t, h, id, text)
	}
	var got []string
	for len(got) < len(want) {
		c := say.next(t)
		for _, r := range c.Records {
			e, err := r.Event()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.(incident.Noted).Text)
		}
		c.ok()
	}
	if !slices.Equal(got, want) {
		t.Fatalf("delivered %v", got)
	}
	h.passed(t, "say")
}

func TestI48_OutageBlocksNoOtherIncidentNorFollower(t *testing.T) {
	say, pager := newVendor("say", "Noted"), newVendor("pager", "Noted")
	say.once = true
	h := start(t, t.TempDir(), say, pager)
	defer h.stop()
	first, second := statetest.Open(t, h, "one"), statetest.Open(t, h, "two")
	statetest.Note(t, h, first, "stuck")
	c := say.next(t)
	if c.Incident != first || c.Unsure {
		t.Fatalf("got %+v", c.Batch)
	}
	c.fail(follow.Unavailable{Err: errors.New("503"), RetryAfter: time.Minute})
	pager.next(t).ok() // the other follower goes on
	statetest.Note(t, h, second, "goes on")
	c = say.next(t)
	if c.Incident != second {
		t.Fatalf("%s was delivered, %s should be", c.Incident, second)
	}
	c.ok()
	pager.next(t).ok()
	statetest.Note(t, h, first, "later")
	pager.next(t).ok()
	h.passed(t, "pager")
	h.until(t, "health names the outage", func() bool {
		got := h.loop.Health()
		return got[0].Error != "" && got[0].Waiting == 1 && got[1].Error == ""
	})
	h.retry <- time.Time{}
	c = say.next(t)
	if c.Incident != first || !c.Unsure || len(c.Records) != 1 {
		t.Fatalf("after the outage: %+v", c.Batch)
	}
	c.ok()
	say.next(t).ok()
	h.passed(t, "say")
	h.until(t, "health is well again", func() bool { return h.loop.Health()[0].Error == "" })
}

func TestI48_ParkedDoesNotStopTheRestAndComesBackWhenAsked(t *testing.T) {
	say := newVendor("say", "Noted")
	h := start(t, t.TempDir(), say)
	defer h.stop()
	id := statetest.Open(t, h, "db is down")
	bad := statetest.Note(t, h, id, "too long for the vendor")
	say.next(t).fail(errors.New("msg_too_long"))
	if p := <-h.parked; p.Seq != bad.Seq || p.Follower != "say" || p.Why != "msg_too_long" {
		t.Fatalf("parked %+v", p)
	}
	statetest.Note(t, h, id, "short")
	say.next(t).ok()
	h.passed(t, "say")
	requeue := incident.DeliveryRequeued{By: statetest.Bea, Follower: "say", Seq: bad.Seq}
	if _, err := h.Do(t.Context(), statetest.Events(state.Ref{ID: id}, requeue)); err != nil {
		t.Fatal(err)
	}
	c := say.next(t)
	if len(c.Records) != 1 || c.Records[0].Seq != bad.Seq || !c.Again {
		t.Fatalf("requeued %+v", c.Batch)
	}
	c.fail(errors.New("still too long"))
	if p := <-h.parked; p.Seq != bad.Seq {
		t.Fatalf("parked again %+v", p)
	}
	h.passed(t, "say")
	i, err := h.Incident(t.Context(), state.Ref{ID: id})
	if err != nil || len(i.Parked) != 1 {
		t.Fatalf("after a second failure it must be parked once: %+v, %v", i.Parked, err)
	}
}

func TestI48_OneBadRecordOfABatchIsFoundAlone(t *testing.T) {
	say := newVendor("say", "Noted", "Pinned")
	dir := t.TempDir()
	h := start(t, dir, say)
	id := statetest.Open(t, h, "db is down")
	h.stop()
	s, err := bolt.Open(dir, bolt.Options{Followers: []string{"say"}})
	if err != nil {
		t.Fatal(err)
	}
	statetest.Note(t, s, id, "a")
	bad := statetest.Note(t, s, id, "b")
	statetest.Note(t, s, id, "c")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h = start(t, dir, say)
	defer h.stop()
	if c := say.next(t); len(c.Records) != 3 {
		t.Fatalf("a batch of %d", len(c.Records))
	} else {
		c.fail(errors.New("one of them is bad"))
	}
	say.next(t).ok()
	say.next(t).fail(errors.New("this one"))
	say.next(t).ok()
	if p := <-h.parked; p.Seq != bad.Seq {
		t.Fatalf("parked %+v", p)
	}
	h.passed(t, "say")
}

func TestI48_ParkingTellsNobodyForEver(t *testing.T) {
	say := newVendor("say")
	h := start(t, t.TempDir(), say)
	defer h.stop()
	id := statetest.Open(t, h, "db is down")
	h.fails <- errors.New("the store is not writable just now")
	c := say.next(t)
	c.fail(errors.New("channel is archived"))
	h.retry <- time.Time{} // parking itself failed, and is tried again with the delivery
	say.next(t).fail(errors.New("channel is archived"))
	<-h.parked
	c = say.next(t)
	if !slices.Equal(c.kinds(), []string{"DeliveryParked"}) {
		t.Fatalf("then %v", c.kinds())
	}
	c.fail(errors.New("channel is archived"))
	h.passed(t, "say")
	i, err := h.Incident(t.Context(), state.Ref{ID: id})
	if err != nil || i.N != 2 {
		t.Fatalf("%d records: %v", i.N, err)
	}
}

func TestI49_UnsureAfterACrashBetweenCallAndBookkeeping(t *testing.T) {
	say := newVendor("say", "Noted")
	say.once = true
	dir := t.TempDir()
	h := start(t, dir, say)
	id := statetest.Open(t, h, "db is down")
	note := statetest.Note(t, h, id, "posted, but was it?")
	c := say.next(t)
	if cur, err := h.Cursor(t.Context(), "say", id); err != nil || cur.Trying != note.Seq || cur.Tries != 1 {
		t.Fatalf("before the call: %+v, %v", cur, err)
	}
	if c.Unsure {
		t.Fatal("the first try is sure")
	}
	h.stop() // the call is cut: what it did is unknown
	h = start(t, dir, say)
	defer h.stop()
	c = say.next(t)
	if !c.Unsure || c.Records[0].Seq != note.Seq {
		t.Fatalf("after the restart: %+v", c.Batch)
	}
	c.fail(follow.Unavailable{Err: errors.New("rate limited"), NotSent: true})
	h.retry <- time.Time{}
	c = say.next(t)
	if !c.Unsure {
		t.Fatal("a rate limit does not make the call before it certain")
	}
	c.notes("card", "17.42")
	statetest.Note(t, h, id, "next")
	c = say.next(t)
	if c.Unsure || c.Notes["card"] != "17.42" {
		t.Fatalf("the next: %+v", c.Batch)
	}
	c.fail(follow.Unavailable{Err: errors.New("rate limited"), NotSent: true})
	h.retry <- time.Time{}
	if c = say.next(t); c.Unsure {
		t.Fatal("a rate limit alone leaves nothing to search for")
	}
	c.notes("card", "")
	h.passed(t, "say")
	if cur, err := h.Cursor(t.Context(), "say", id); err != nil || cur.Trying != 0 || len(cur.Notes) != 0 {
		t.Fatalf("at the end: %+v, %v", cur, err)
	}
}

func TestI48_PanicIsParked(t *testing.T) {
	h := start(t, t.TempDir(), panics{})
	defer h.stop()
	statetest.Open(t, h, "db is down")
	if p := <-h.parked; p.Why != "panic: boom" {
		t.Fatalf("parked %+v", p)
	}
	h.passed(t, "panics")
}

type panics struct{}

func (panics) Name() string           { return "panics" }
func (panics) Wants(kind string) bool { return kind == "Opened" }
func (panics) Deliver(context.Context, follow.Batch) (follow.Done, error) {
	panic("boom")
}
