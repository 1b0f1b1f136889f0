package statetest

import (
	"slices"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// figures proves that figures follow the folds through every change of life, and that a query picks among them as it
// picks among summaries.
func figures(t *testing.T, b *Bench) {
	for k := range 4 {
		b.Clock.Push(time.Minute)
		if id := Open(t, b, "an incident"); id != incident.ID(k+1) {
			t.Fatalf("the %d. incident is %s", k+1, id)
		}
	}
	picked := func(q state.Query) (ids []incident.ID) {
		list, err := b.Figures(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			ids = append(ids, f.ID)
		}
		return ids
	}
	b.Clock.Push(time.Minute)
	b.Must(Events(state.Ref{ID: 1}, incident.Acknowledged{By: Ana}))
	b.Clock.Push(time.Minute)
	b.Must(Events(state.Ref{ID: 2}, incident.Resolved{By: Ana}))
	b.Must(Events(state.Ref{ID: 3}, incident.Resolved{By: Ana, FalseAlarm: true}, incident.Closed{Why: "false alarm"}))
	Note(t, b, 4, "a note changes no figure")
	for _, c := range []struct {
		q    state.Query
		want []incident.ID
	}{
		{state.Query{}, []incident.ID{1, 2, 3, 4}},
		{state.Query{Open: true}, []incident.ID{1, 4}},
		{state.Query{Alive: true}, []incident.ID{1, 2, 4}},
		{state.Query{Since: Start.Add(3 * time.Minute)}, []incident.ID{3, 4}},
		{state.Query{Alive: true, Since: Start.Add(3 * time.Minute)}, []incident.ID{4}},
		{state.Query{Limit: 2}, []incident.ID{1, 2}},
	} {
		if got := picked(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%+v picks figures of %v, want %v", c.q, got, c.want)
		}
		list, err := b.List(t.Context(), c.q)
		if err != nil || len(list) != len(c.want) {
			t.Errorf("%+v picks %d figures and %d summaries (%v)", c.q, len(c.want), len(list), err)
		}
	}
	b.Must(Events(state.Ref{ID: 3}, incident.Reopened{By: Ana, Reason: "it was none"}))
	if got := picked(state.Query{Alive: true}); !slices.Equal(got, []incident.ID{1, 2, 3, 4}) {
		t.Errorf("after it was reopened: %v", got)
	}
	b.figured()
}

// figured compares every incident's figures with those of its fold.
func (b *Bench) figured() {
	b.T.Helper()
	list, err := b.Figures(b.T.Context(), state.Query{})
	if err != nil {
		b.T.Fatalf("figures: %v", err)
	}
	all, err := b.List(b.T.Context(), state.Query{})
	if err != nil || len(list) != len(all) {
		b.T.Fatalf("%d incidents and %d figures (%v)", len(all), len(list), err)
	}
	for _, f := range list {
		if want := b.Get(state.Ref{ID: f.ID}).Figures(); f != want {
			b.T.Fatalf("figures of %s are\n%+v, its fold has\n%+v", f.ID, f, want)
		}
	}
}
