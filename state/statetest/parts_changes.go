package statetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// noted is a change that adds a line under delivery keys and answers with it.
func noted(id incident.ID, text string, keep time.Duration, keys ...string) state.Change {
	return state.Change{Target: state.Ref{ID: id}, Keys: keys, Keep: keep, Decide: func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Noted{By: Ana, Text: text}}, Answer: []byte("noted " + text)}, nil
	}}
}

// decided is a change of an incident by a function.
func decided(id incident.ID, decide func(state.View) (state.Decision, error)) state.Change {
	return state.Change{Target: state.Ref{ID: id}, Decide: decide}
}

func survives(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	want := []string{"a", "b", "c"}
	for _, text := range want {
		Note(t, b, id, text)
	}
	b.Reopen("say", "paper")
	if got := Texts(t, b, id); !slices.Equal(got, want) {
		t.Fatalf("after a restart: %v", got)
	}
	if i := b.Get(state.Ref{ID: id}); i.N != 4 || i.Title != "db is down" || i.State != incident.StateOpen {
		t.Fatalf("after a restart: %+v", i)
	}
}

func knownKey(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	first := b.Must(noted(id, "a", time.Hour, "event-1", "hook-1"))
	for _, keys := range [][]string{{"event-1"}, {"hook-1"}, {"other", "event-1"}} {
		again := b.Must(noted(id, "again", time.Hour, keys...))
		if !again.Again || again.ID != first.ID || again.Seq != first.Seq || string(again.Answer) != "noted a" {
			t.Fatalf("keys %v: %+v", keys, again)
		}
	}
	b.Reopen("say", "paper")
	if again := b.Must(noted(id, "again", time.Hour, "hook-1")); !again.Again || string(again.Answer) != "noted a" {
		t.Fatalf("after a restart: %+v", again)
	}
	if got := Texts(t, b, id); !slices.Equal(got, []string{"a"}) {
		t.Fatalf("effects: %v", got)
	}
	silent := state.Change{Target: state.Ref{ID: id}, Keys: []string{"silent"}, Decide: func(state.View) (state.Decision, error) {
		return state.Decision{Answer: []byte("nothing to do")}, nil
	}}
	if r := b.Must(silent); r.Again || r.Seq != 0 || string(r.Answer) != "nothing to do" {
		t.Fatalf("a change that writes nothing: %+v", r)
	}
	if b.Must(silent).Again {
		t.Fatal("a change that writes nothing keeps no key")
	}
	answer := strings.Repeat("é", 2000)
	lengthy := state.Change{Target: state.Ref{ID: id}, Keys: []string{"long"}, Decide: func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Noted{By: Ana, Text: "long"}}, Answer: []byte(answer)}, nil
	}}
	if r := b.Must(lengthy); string(r.Answer) != answer {
		t.Fatalf("the first answer is whole, not %d bytes", len(r.Answer))
	}
	if r := b.Must(lengthy); !r.Again || len(r.Answer) > 1024 || !strings.HasPrefix(answer, string(r.Answer)) {
		t.Fatalf("the kept answer has %d bytes", len(r.Answer))
	}
	for _, key := range []string{"", strings.Repeat("x", 40_000)} {
		if _, err := b.Do(t.Context(), noted(id, "x", 0, key)); err == nil {
			t.Errorf("a key of %d bytes was taken", len(key))
		}
	}
}

func sameAtOnce(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	var wg sync.WaitGroup
	answers := make([]state.Result, 64)
	for k := range answers {
		wg.Go(func() {
			r, err := b.Do(context.Background(), noted(id, fmt.Sprint(k%4), time.Hour, fmt.Sprint("delivery-", k%4)))
			if err != nil {
				t.Error(err)
			}
			answers[k] = r
		})
	}
	wg.Wait()
	if got := Texts(t, b, id); len(got) != 4 {
		t.Fatalf("effects: %v", got)
	}
	for k, r := range answers {
		if first := answers[k%4]; r.Seq != first.Seq || string(r.Answer) != string(first.Answer) {
			t.Errorf("delivery %d answered %+v, its first %+v", k, r, first)
		}
	}
}

func keysExpire(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	b.Must(noted(id, "hour", time.Hour, "hour"))
	b.Must(noted(id, "ever", 0, "ever"))
	for k := range 250 {
		b.Must(noted(id, "minute", time.Minute, fmt.Sprint("minute-", k)))
	}
	b.Clock.Push(59 * time.Minute)
	if !b.Must(noted(id, "x", time.Hour, "hour")).Again {
		t.Fatal("a key was forgotten early")
	}
	b.Clock.Push(time.Minute)
	if b.Must(noted(id, "hour again", time.Hour, "hour")).Again {
		t.Fatal("a key was kept over its time")
	}
	if !b.Must(noted(id, "x", time.Hour, "hour")).Again {
		t.Fatal("a key that was given again is not known")
	}
	for k := range 5 {
		Note(t, b, id, fmt.Sprint("sweep ", k))
	}
	b.Clock.Push(1000 * time.Hour)
	Note(t, b, id, "sweep")
	if !b.Must(noted(id, "x", 0, "ever")).Again {
		t.Fatal("a key without an end was forgotten")
	}
}

func nothingWritten(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	before, err := b.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no")
	change := decided(id, func(v state.View) (state.Decision, error) {
		v.Next("run")
		return state.Decision{Events: []incident.Event{incident.Noted{Text: "x"}}, Claim: []string{"lock:x"}}, refused
	})
	change.Keys = []string{"k"}
	if _, err := b.Do(t.Context(), change); !errors.Is(err, refused) || err.Error() != "no" {
		t.Fatalf("the decision's own error comes back, not %v", err)
	}
	panics := decided(id, func(v state.View) (state.Decision, error) {
		v.Incident().Title = "changed by a decision that panics"
		panic("boom")
	})
	if _, err := b.Do(t.Context(), panics); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Fatalf("a panic is an error of its change: %v", err)
	}
	unknown := decided(id, func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Noted{Text: "x"}, strange{}}}, nil
	})
	if _, err := b.Do(t.Context(), unknown); err == nil {
		t.Fatal("an event that cannot be read back was taken")
	}
	if _, err := b.Do(t.Context(), noted(77, "x", 0)); err == nil {
		t.Fatal("events to an incident that is not there were taken")
	}
	nobody := decided(id, func(state.View) (state.Decision, error) {
		return state.Decision{Also: map[incident.ID][]incident.Event{77: {incident.Noted{Text: "x"}}}}, nil
	})
	if _, err := b.Do(t.Context(), nobody); !errors.Is(err, state.ErrNotFound) {
		t.Fatalf("events to another incident that is not there: %v", err)
	}
	if after, err := b.Verify(t.Context()); err != nil || after != before {
		t.Fatalf("something was written: %+v, %v", after, err)
	}
	r := b.Must(decided(id, func(v state.View) (state.Decision, error) {
		if v.Incident().Title != "db is down" {
			t.Errorf("the title is %q", v.Incident().Title)
		}
		if _, taken := v.Claim("lock:x"); taken || v.Next("run") != 1 {
			t.Error("a refused decision left a claim or spent a number")
		}
		return state.Decision{}, nil
	}))
	if r.Again {
		t.Fatal("a refused decision left a key")
	}
}

type strange struct{}

func (strange) EventKind() string { return "NobodyKnowsThis" }

// sameBatch holds the writer inside one decision while others queue up behind it, so that these share a batch.
func sameBatch(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	do := func(c state.Change, want func(state.Result, error)) {
		wg.Go(func() { want(b.Do(context.Background(), c)) })
	}
	do(decided(id, func(state.View) (state.Decision, error) {
		close(inside)
		<-release
		return state.Decision{}, nil
	}), func(_ state.Result, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	var mu sync.Mutex
	var seen []uint64
	for k := range 40 {
		do(decided(id, func(v state.View) (state.Decision, error) {
			if k%4 == 3 {
				v.Incident().Title = "half done"
				panic("boom")
			}
			if v.Incident().Title != "db is down" {
				t.Errorf("the title is %q", v.Incident().Title)
			}
			n := v.Next("run")
			holder, taken := v.Claim("lock:db1")
			if n > 1 && (!taken || holder != id) || n == 1 && taken {
				t.Errorf("run %d sees the claim as %v", n, taken)
			}
			if v.Incident().N != n {
				t.Errorf("run %d sees %d records", n, v.Incident().N)
			}
			mu.Lock()
			seen = append(seen, n)
			mu.Unlock()
			return state.Decision{Events: []incident.Event{incident.Noted{Text: fmt.Sprint(n)}}, Claim: []string{"lock:db1"}}, nil
		}), func(_ state.Result, err error) {
			if (err != nil) != (k%4 == 3) {
				t.Errorf("change %d: %v", k, err)
			}
		})
	}
	close(release)
	wg.Wait()
	if slices.Sort(seen); len(seen) != 30 || seen[0] != 1 || seen[29] != 30 {
		t.Fatalf("numbers %v", seen)
	}
	if got := Texts(t, b, id); len(got) != 30 {
		t.Fatalf("%d notes", len(got))
	}
}

func cancelled(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		b.Must(decided(id, func(state.View) (state.Decision, error) {
			close(inside)
			<-release
			return state.Decision{}, nil
		}))
	})
	<-inside
	ctx, cancel := context.WithCancel(context.Background())
	wg.Go(func() {
		if _, err := b.Do(ctx, noted(id, "late", 0)); !errors.Is(err, context.Canceled) {
			t.Errorf("a change that was taken back: %v", err)
		}
		close(release)
	})
	cancel()
	wg.Wait()
	if got := Texts(t, b, id); len(got) != 0 {
		t.Fatalf("it was done all the same: %v", got)
	}
}

func many(t *testing.T, b *Bench) {
	ids := []incident.ID{Open(t, b, "one"), Open(t, b, "two"), Open(t, b, "three")}
	var wg sync.WaitGroup
	for k := range 32 {
		wg.Go(func() {
			for n := range 20 {
				r, err := b.Do(context.Background(), noted(ids[(k+n)%3], fmt.Sprint(k, "/", n), time.Hour, fmt.Sprint(k, "/", n)))
				if err != nil || r.Seq == 0 {
					t.Errorf("%+v, %v", r, err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				if _, err := b.Incident(context.Background(), state.Ref{ID: ids[k%3]}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, id := range ids {
		sum += len(Texts(t, b, id))
	}
	if sum != 32*20 {
		t.Fatalf("%d notes were kept", sum)
	}
}

func closed(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Do(t.Context(), noted(id, "x", 0)); !errors.Is(err, state.ErrClosed) {
		t.Errorf("do: %v", err)
	}
	if _, err := b.Incident(t.Context(), state.Ref{ID: id}); !errors.Is(err, state.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("close twice: %v", err)
	}
	b.start()
}
