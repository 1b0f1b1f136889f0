package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

func refs(t *testing.T, b *Bench) {
	opening := state.Change{Target: state.Ref{Index: "pagerduty", Value: "P1"}, New: true, Decide: func(v state.View) (state.Decision, error) {
		if v.Incident().Exists() {
			return state.Decision{Events: []incident.Event{incident.Noted{Text: "again"}}}, nil
		}
		return state.Decision{
			Events: []incident.Event{Opening("by alert", v.Now())}, Index: []state.Ref{{Index: "pagerduty", Value: "P1"}, {Index: "channel", Value: "C1"}},
		}, nil
	}}
	first, second := b.Must(opening), b.Must(opening)
	if first.ID != 1 || second.ID != 1 || second.Seq != first.Seq+1 {
		t.Fatalf("the same alert opened %+v and %+v", first, second)
	}
	for _, ref := range []state.Ref{{ID: 1}, {Index: "channel", Value: "C1"}, {Index: "pagerduty", Value: "P1"}} {
		if i := b.Get(ref); i.ID != 1 {
			t.Errorf("%+v is %s", ref, i.ID)
		}
	}
	for _, ref := range []state.Ref{{ID: 2}, {Index: "channel", Value: "P1"}, {}} {
		if _, err := b.Incident(t.Context(), ref); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("%+v: %v", ref, err)
		}
	}
	b.Must(state.Change{Target: state.Ref{Index: "channel", Value: "C9"}, Decide: func(v state.View) (state.Decision, error) {
		if v.Incident() != nil {
			t.Error("a Ref that names none has no incident")
		}
		if o := v.Other(state.Ref{Index: "channel", Value: "C1"}); o == nil || o.ID != 1 {
			t.Errorf("the other is %v", o)
		}
		if v.Other(state.Ref{ID: 9}) != nil {
			t.Error("another that is not there")
		}
		return state.Decision{House: []incident.Event{incident.Refused{By: Ana, What: "note", Kind: "not found", Why: "no such channel"}}}, nil
	}})
}

func numbers(t *testing.T, b *Bench) {
	give := func(n int) (got []uint64) {
		b.Must(state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
			for range n {
				got = append(got, v.Next("run"))
			}
			return state.Decision{Events: []incident.Event{Opening("x", v.Now())}}, nil
		}})
		return got
	}
	if got := give(2); !slices.Equal(got, []uint64{1, 2}) {
		t.Fatalf("got %v", got)
	}
	for range 3 {
		_, _ = b.Do(t.Context(), state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
			if v.Next("run") != 3 || v.Incident().ID != 2 {
				t.Error("a refusal spent a number")
			}
			return state.Decision{}, errors.New("no")
		}})
	}
	r := b.Must(state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
		return state.Decision{House: []incident.Event{incident.Refused{By: Ana, What: "open"}}}, nil
	}})
	if r.ID != 0 {
		t.Fatalf("%s was not opened", r.ID)
	}
	b.Reopen("say", "paper")
	if got := give(1); !slices.Equal(got, []uint64{3}) {
		t.Fatalf("after a restart %v", got)
	}
	if i := b.Get(state.Ref{ID: 2}); i.ID != 2 {
		t.Fatal(i)
	}
}

func claim(id incident.ID, names ...string) state.Change {
	return decided(id, func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Noted{Text: "claim"}}, Claim: names}, nil
	})
}

func release(id incident.ID, names ...string) state.Change {
	return decided(id, func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Noted{Text: "release"}}, Release: names}, nil
	})
}

func claims(t *testing.T, b *Bench) {
	one, two := Open(t, b, "one"), Open(t, b, "two")
	b.Must(claim(one, "lock:db1", "lock:db2"))
	b.Must(claim(one, "lock:db1")) // its own, again
	before := len(Texts(t, b, two))
	var held *state.ClaimError
	if _, err := b.Do(t.Context(), claim(two, "lock:free", "lock:db1")); !errors.As(err, &held) || held.Holder != one || held.Name != "lock:db1" {
		t.Fatalf("a claim that another holds: %v", err)
	}
	if len(Texts(t, b, two)) != before {
		t.Fatal("a refused claim wrote its events")
	}
	b.Must(release(two, "lock:db1")) // not its own: nothing
	b.Reopen("say", "paper")
	if _, err := b.Do(t.Context(), claim(two, "lock:db1")); !errors.As(err, &held) {
		t.Fatalf("after a restart: %v", err)
	}
	b.Must(release(one, "lock:db1"))
	b.Must(claim(two, "lock:db1", "lock:free"))
	if _, err := b.Do(t.Context(), claim(one, "lock:db1")); !errors.As(err, &held) || held.Holder != two {
		t.Fatalf("after it was released and claimed: %v", err)
	}
}

func claimsMove(t *testing.T, b *Bench) {
	kept, merged, other := Open(t, b, "kept"), Open(t, b, "merged"), Open(t, b, "other")
	b.Must(claim(merged, "pd:P1"))
	b.Must(claim(other, "pd:P2"))
	merge := func(name string) error {
		_, err := b.Do(t.Context(), decided(kept, func(state.View) (state.Decision, error) {
			return state.Decision{
				Events: []incident.Event{incident.Noted{Text: "took over"}}, Claim: []string{name},
				Also: map[incident.ID][]incident.Event{merged: {incident.Closed{Why: "merged"}}},
			}, nil
		}))
		return err
	}
	var held *state.ClaimError
	if err := merge("pd:P2"); !errors.As(err, &held) || held.Holder != other {
		t.Fatalf("a third incident's claim: %v", err)
	}
	if err := merge("pd:P1"); err != nil {
		t.Fatal(err)
	}
	if i := b.Get(state.Ref{ID: merged}); i.State != incident.StateClosed {
		t.Fatalf("the merged one is %s", i.State)
	}
	if _, err := b.Do(t.Context(), claim(merged, "pd:P1")); !errors.As(err, &held) || held.Holder != kept {
		t.Fatalf("the claim did not move: %v", err)
	}
}

func house(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	r := b.Must(state.Change{Decide: func(v state.View) (state.Decision, error) {
		if v.Incident() != nil {
			t.Error("the house is no incident")
		}
		return state.Decision{Events: []incident.Event{incident.Frozen{By: Bea, Reason: "storage"}}}, nil
	}})
	if r.ID != 0 || r.Seq != 2 {
		t.Fatalf("%+v", r)
	}
	b.Must(decided(id, func(v state.View) (state.Decision, error) {
		if v.House().Frozen == nil {
			t.Error("a decision sees the house")
		}
		return state.Decision{Events: []incident.Event{incident.Noted{Text: "x"}}, House: []incident.Event{incident.Thawed{By: Bea, Reason: "done"}}}, nil
	}))
	h, err := b.House(t.Context())
	if err != nil || h.Frozen != nil || h.N != 2 || h.Seq != 4 {
		t.Fatalf("%+v, %v", h, err)
	}
	n := 0
	for r, err := range b.Records(t.Context(), 0, 0) {
		if err != nil || r.Incident != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		n++
	}
	if n != 2 {
		t.Fatalf("the house has %d records", n)
	}
}

func timeNeverDecreases(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	for k := range 20 {
		b.Clock.Push(time.Duration(10-7*(k%4)) * time.Second)
		b.Must(decided(id, func(v state.View) (state.Decision, error) {
			if v.Now().Before(v.Incident().Time) || v.Now().Location() != time.UTC {
				t.Errorf("now is %s, the newest record %s", v.Now(), v.Incident().Time)
			}
			return state.Decision{Events: []incident.Event{incident.Noted{At: v.Now()}}, House: []incident.Event{incident.ClockStepped{}}}, nil
		}))
	}
	b.Clock.Push(-240 * time.Hour)
	b.Reopen("say", "paper")
	Note(t, b, id, "much earlier, says the clock")
	for _, stream := range []incident.ID{0, id} {
		var last time.Time
		for r, err := range b.Records(t.Context(), stream, 0) {
			if err != nil || r.Time.Before(last) {
				t.Fatalf("record %d is from %s, the one before from %s (%v)", r.Seq, r.Time, last, err)
			}
			last = r.Time
		}
	}
}

func lists(t *testing.T, b *Bench) {
	for k, severity := range []int{3, 1, 2, 1} {
		b.Clock.Push(time.Minute)
		b.Must(state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
			e := Opening(fmt.Sprint("incident ", k+1), v.Now())
			e.Severity = severity
			return state.Decision{Events: []incident.Event{e}}, nil
		}})
	}
	order := func(q state.Query) (ids []incident.ID) {
		list, err := b.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range list {
			ids = append(ids, line.ID)
		}
		return ids
	}
	b.Must(Events(state.Ref{ID: 2}, incident.Resolved{By: Ana}))
	for _, c := range []struct {
		q    state.Query
		want []incident.ID
	}{
		{state.Query{}, []incident.ID{2, 4, 3, 1}},
		{state.Query{Open: true}, []incident.ID{4, 3, 1}},
		{state.Query{Limit: 2}, []incident.ID{2, 4}},
		{state.Query{Since: Start.Add(3 * time.Minute)}, []incident.ID{4, 3}},
	} {
		if got := order(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%+v lists %v, want %v", c.q, got, c.want)
		}
	}
	b.Must(Events(state.Ref{ID: 2}, incident.Reopened{By: Ana}))
	if got := order(state.Query{Open: true}); !slices.Equal(got, []incident.ID{2, 4, 3, 1}) {
		t.Errorf("after it was reopened: %v", got)
	}
	list, err := b.List(t.Context(), state.Query{Limit: 1})
	if want := b.Get(state.Ref{ID: 2}).Summarise(); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], want) {
		t.Errorf("the line is %+v, want %+v (%v)", list, want, err)
	}
}

func due(t *testing.T, b *Bench) {
	look := func(at time.Time) ([]incident.ID, time.Time) {
		ids, next, err := b.Due(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		return ids, next
	}
	if ids, next := look(Start); len(ids) != 0 || !next.IsZero() {
		t.Fatalf("an empty store: %v, %s", ids, next)
	}
	one := Open(t, b, "one")
	b.Clock.Push(time.Minute)
	two := Open(t, b, "two")
	first := Start.Add(7*time.Minute + 30*time.Second)
	if ids, next := look(b.Clock.Now()); len(ids) != 0 || !next.Equal(first) {
		t.Fatalf("%v, %s", ids, next)
	}
	if ids, next := look(first); !slices.Equal(ids, []incident.ID{one}) || !next.Equal(first.Add(time.Minute)) {
		t.Fatalf("%v, %s", ids, next)
	}
	b.Clock.Push(8 * time.Minute)
	for _, id := range []incident.ID{one, two} {
		b.Must(decided(id, func(v state.View) (state.Decision, error) {
			return state.Decision{Events: v.Incident().Tick(v.Now())}, nil
		}))
	}
	if ids, next := look(b.Clock.Now()); len(ids) != 0 || !next.After(b.Clock.Now()) {
		t.Fatalf("after they spoke: %v, %s", ids, next)
	}
	b.Must(Events(state.Ref{ID: one}, incident.Resolved{By: Ana}))
	b.Must(Events(state.Ref{ID: two}, incident.Resolved{By: Ana}))
	if ids, next := look(Start.Add(1000 * time.Hour)); len(ids) != 0 || !next.IsZero() {
		t.Fatalf("after all is resolved: %v, %s", ids, next)
	}
}

func blobs(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	small, large := []byte("runbook"), bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	b.Must(decided(id, func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Noted{}}, Blobs: [][]byte{small, large, {}}}, nil
	}))
	b.Reopen("say", "paper")
	for _, blob := range [][]byte{small, large, {}} {
		if got, err := b.Blob(t.Context(), state.Sum(blob)); err != nil || !bytes.Equal(got, blob) {
			t.Errorf("blob of %d bytes: %d bytes, %v", len(blob), len(got), err)
		}
	}
	if _, err := b.Blob(t.Context(), state.Sum([]byte("never kept"))); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a blob that is not there: %v", err)
	}
}

func long(t *testing.T, b *Bench) {
	id, other := Open(t, b, "db is down"), Open(t, b, "other")
	var want []string
	for k := range 600 {
		text := fmt.Sprint(k)
		if k%50 == 0 {
			text += strings.Repeat(" <long> ", 1000+k*10)
		}
		want = append(want, text)
		Note(t, b, id, text)
		if k%3 == 0 {
			Note(t, b, other, "between")
		}
	}
	if got := Texts(t, b, id); !slices.Equal(got, want) {
		t.Fatalf("%d notes, want %d", len(got), len(want))
	}
	n, last := 0, uint64(0)
	for r, err := range b.Records(t.Context(), id, 500) {
		if err != nil || r.Seq <= max(500, last) || r.Incident != id {
			t.Fatalf("%d after %d: %v", r.Seq, last, err)
		}
		last = r.Seq
		if n++; n == 10 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range b.All(ctx, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled read: %v", err)
		}
	}
}
