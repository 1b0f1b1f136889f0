package state_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a backend in memory whose commits fail when a test says so.
type disk struct {
	mu       sync.Mutex
	records  map[uint64]state.Record
	head     state.Head
	leaves   map[incident.ID]state.Leaf
	keys     map[string]state.Memory
	numbers  map[state.Table]map[string]uint64
	fail     error // of the next commits
	panics   bool
	sick     error // of reopening
	reopened int
	batches  int
}

func newDisk() *disk {
	return &disk{
		records: map[uint64]state.Record{}, leaves: map[incident.ID]state.Leaf{}, keys: map[string]state.Memory{},
		numbers: map[state.Table]map[string]uint64{state.Claims: {}, state.Indexes: {}, state.Counters: {}},
	}
}

func (d *disk) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *disk) Begin() (state.Tx, error) { return d, nil }
func (d *disk) Committed(*state.Batch)   {}
func (d *disk) Rollback()                {}
func (d *disk) Reopen() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reopened++
	return d.sick
}

func (d *disk) Head() (state.Head, error) { return d.head, nil }

func (d *disk) Page(id incident.ID) (state.Page, error) {
	l := d.leaves[id]
	return l.Page, nil
}

func (d *disk) Memory(key string) (*state.Memory, error) {
	if m, ok := d.keys[key]; ok {
		return &m, nil
	}
	return nil, nil
}

func (d *disk) Number(t state.Table, name string) (uint64, bool, error) {
	n, ok := d.numbers[t][name]
	return n, ok, nil
}

func (d *disk) Record(seq uint64) (state.Record, error) { return d.records[seq], nil }

func (d *disk) Stream(id incident.ID) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for seq := uint64(1); seq <= d.head.Seq; seq++ {
			if d.records[seq].Incident == id && !yield(d.records[seq], nil) {
				return
			}
		}
	}
}

func (d *disk) Commit(b *state.Batch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.batches++
	if d.panics {
		panic("a page faulted")
	}
	if d.fail != nil {
		return d.fail
	}
	for _, r := range b.Records {
		d.records[r.Seq], d.head = r.Record, state.Head{Seq: r.Seq, Hash: r.Hash}
	}
	for id, l := range b.Leaves {
		d.leaves[id] = l
	}
	for k, m := range b.Keys {
		d.keys[k] = m
	}
	for t, rows := range b.Numbers {
		for name, n := range rows {
			d.numbers[t][name] = n
		}
	}
	return nil
}

func queue(t *testing.T) (*state.Queue, *disk) {
	d := newDisk()
	q := state.NewQueue(d, time.Now)
	t.Cleanup(q.Close)
	return q, d
}

func opening() state.Change {
	return state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Opened{Title: "db is down", Severity: 1}}}, nil
	}}
}

func note(key string, seen func(*incident.Incident)) state.Change {
	return state.Change{Target: state.Ref{ID: 1}, Keys: []string{key}, Decide: func(v state.View) (state.Decision, error) {
		if seen != nil {
			seen(v.Incident())
		}
		return state.Decision{Events: []incident.Event{incident.StatusSet{Status: incident.Status(key)}}}, nil
	}}
}

func TestI23_FailedCommitFailsAllAndStopsUntilAReopenPasses(t *testing.T) {
	q, d := queue(t)
	ctx := t.Context()
	if _, err := q.Do(ctx, opening()); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	for _, c := range []struct {
		name string
		make func()
	}{
		{"error", func() { d.fail = full }},
		{"panic", func() { d.panics = true }},
	} {
		d.set(c.make)
		d.set(func() { d.sick = errors.New("still sick") })
		before := d.batches
		inside, release := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		lost := func(k int) {
			_, err := q.Do(ctx, state.Change{Target: state.Ref{ID: 1}, Keys: []string{fmt.Sprint(c.name, k)}, Decide: func(state.View) (state.Decision, error) {
				if k == 0 {
					close(inside)
					<-release
				}
				return state.Decision{Events: []incident.Event{incident.StatusSet{Status: "lost"}}}, nil
			}})
			if !errors.Is(err, state.ErrNotWritable) {
				t.Errorf("%s: change %d: %v", c.name, k, err)
			}
		}
		wg.Go(func() { lost(0) })
		<-inside
		for k := range 7 {
			wg.Go(func() { lost(k + 1) })
		}
		close(release)
		wg.Wait()
		if d.batches == before {
			t.Fatal("nothing was tried")
		}
		tried := d.batches
		if _, err := q.Do(ctx, note("while sick", nil)); !errors.Is(err, state.ErrNotWritable) {
			t.Fatalf("while it is sick: %v", err)
		}
		if err := q.Save(ctx, state.Place{Follower: "say", ID: 1}); !errors.Is(err, state.ErrNotWritable) {
			t.Fatalf("a cursor while it is sick: %v", err)
		}
		if err := q.Ready(ctx); !errors.Is(err, state.ErrNotWritable) {
			t.Fatalf("ready while it is sick: %v", err)
		}
		if d.batches != tried {
			t.Fatal("something was written before a reopen passed")
		}
		d.set(func() { d.fail, d.panics, d.sick = nil, false, nil })
		if err := q.Ready(ctx); err != nil {
			t.Fatalf("after it passed: %v", err)
		}
		r, err := q.Do(ctx, note("after "+c.name, func(i *incident.Incident) {
			if i.Status == "lost" {
				t.Error("the fold holds what was not committed")
			}
		}))
		if err != nil || r.Again {
			t.Fatalf("after it passed: %+v, %v", r, err)
		}
	}
	if d.head.Seq != 3 || d.reopened == 0 {
		t.Fatalf("%d records, %d reopens", d.head.Seq, d.reopened)
	}
	leaf, err := state.FoldRecords(1, d.Stream(1))
	if err != nil || string(leaf.Fold) != string(d.leaves[1].Fold) {
		t.Fatalf("stored\n%s\nfolded\n%s\n%v", d.leaves[1].Fold, leaf.Fold, err)
	}
}

func TestBatch_SharesCommitsAndStaysBounded(t *testing.T) {
	q, d := queue(t)
	if _, err := q.Do(t.Context(), opening()); err != nil {
		t.Fatal(err)
	}
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = q.Do(context.Background(), state.Change{Target: state.Ref{ID: 1}, Decide: func(state.View) (state.Decision, error) {
			close(inside)
			<-release
			return state.Decision{}, errors.New("only holds the writer")
		}})
	})
	<-inside
	waiting := make(chan struct{}, 2*state.MaxBatch)
	for k := range 2 * state.MaxBatch {
		wg.Go(func() {
			waiting <- struct{}{}
			if _, err := q.Do(context.Background(), note(fmt.Sprint(k), nil)); err != nil {
				t.Error(err)
			}
		})
	}
	for range 2 * state.MaxBatch {
		<-waiting
	}
	close(release)
	wg.Wait()
	if d.head.Seq != 2*state.MaxBatch+1 {
		t.Fatalf("%d records", d.head.Seq)
	}
	if d.batches > state.MaxBatch {
		t.Fatalf("%d changes took %d commits", 2*state.MaxBatch, d.batches)
	}
}

func TestClose_RefusesWhatWaits(t *testing.T) {
	q, _ := queue(t)
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := q.Do(context.Background(), state.Change{New: true, Decide: func(state.View) (state.Decision, error) {
			close(inside)
			<-release
			return state.Decision{Events: []incident.Event{incident.Opened{Title: "x"}}}, nil
		}})
		if err != nil {
			t.Errorf("what was taken finishes: %v", err)
		}
	})
	<-inside
	for range 4 {
		wg.Go(func() {
			if _, err := q.Do(context.Background(), opening()); err != nil && !errors.Is(err, state.ErrClosed) {
				t.Errorf("what waits: %v", err)
			}
		})
	}
	go close(release)
	q.Close()
	wg.Wait()
	if _, err := q.Do(t.Context(), opening()); !errors.Is(err, state.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	if err := q.Ready(t.Context()); !errors.Is(err, state.ErrClosed) {
		t.Errorf("ready after the end: %v", err)
	}
}

func TestRedaction_LeavesShapeAndNumbers(t *testing.T) {
	event := incident.Opened{
		Title: "secret", Severity: 2, Type: "Data breach", By: incident.Person{Key: "ana@example.com", Name: "secret"},
		Policy:    incident.Policy{UpdateEvery: 1<<62 + 1, RespondBy: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)},
		Checklist: []incident.Item{{ID: "c1", Text: "secret"}},
	}
	payload, err := incident.Encode(event)
	if err != nil {
		t.Fatal(err)
	}
	left, err := state.Left(payload)
	if err != nil {
		t.Fatal(err)
	}
	back, err := incident.Decode("Opened", left)
	if err != nil {
		t.Fatal(err)
	}
	got := back.(incident.Opened)
	if got.Title != state.Blanked || got.By.Name != state.Blanked || got.Checklist[0].Text != state.Blanked {
		t.Errorf("words are left: %+v", got)
	}
	if got.Severity != 2 || got.Type != event.Type || got.By.Key != event.By.Key || got.UpdateEvery != event.UpdateEvery ||
		!got.RespondBy.Equal(event.RespondBy) || got.Checklist[0].ID != "c1" {
		t.Errorf("too little is left: %+v", got)
	}
}

// TestRedaction_HowIsPeoplesWords, but for those by which drbot says how something ended.
func TestRedaction_HowIsPeoplesWords(t *testing.T) {
	for _, c := range []struct {
		event incident.Event
		words bool
	}{
		{incident.TaskDone{Task: "t1", How: "with the secret"}, true}, {incident.ItemDone{Item: "c1", How: "with the secret"}, true},
		{incident.RunEnded{Run: 1, How: incident.EndDone}, false}, {incident.OfferEnded{Offer: 1, How: incident.OfferTaken}, false},
	} {
		payload, err := incident.Encode(c.event)
		if err != nil {
			t.Fatal(err)
		}
		left, err := state.Left(payload)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(left), state.Blanked) != c.words {
			t.Errorf("%T: %s", c.event, left)
		}
	}
}
