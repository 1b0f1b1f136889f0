package statetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// model compares a store with a few maps under any decisions, in any order, with duplicates, refusals, panics, clocks
// that jump and restarts between.
func model(t *testing.T, fresh func(t *testing.T) OpenFunc) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{
			Bench: NewBench(rt, fresh(t), "say", "paper"), notes: map[incident.ID][]string{}, state: map[incident.ID]incident.State{},
			claims: map[string]incident.ID{}, keys: map[string]string{}, through: map[incident.ID]uint64{}, seq: map[incident.ID]uint64{},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"open": m.opens, "note": m.note, "again": m.again, "claim": m.claim, "release": m.release, "refuse": m.refuse, "panic": m.panic,
			"resolve": m.resolve, "also": m.also, "house": m.housekeeping, "cursor": m.cursor, "clock": m.clock, "restart": m.restart,
			"redact": m.redact, "": m.check,
		})
		m.Audit()
	})
}

type machine struct {
	*Bench
	notes   map[incident.ID][]string
	state   map[incident.ID]incident.State
	claims  map[string]incident.ID
	keys    map[string]string // for ever: key -> answer
	through map[incident.ID]uint64
	seq     map[incident.ID]uint64
	total   uint64
	houseN  uint64
	runs    uint64
}

// pick draws an incident that is there.
func (m *machine) pick(rt *rapid.T) incident.ID {
	if len(m.notes) == 0 {
		rt.Skip("nothing is open")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m.notes))).Draw(rt, "incident")
}

// wrote notes that a commit wrote n records of which the newest of id stands at seq.
func (m *machine) wrote(id incident.ID, n, seq uint64) {
	m.total += n
	m.seq[id] = seq
}

func (m *machine) opens(*rapid.T) {
	id := incident.ID(len(m.notes) + 1)
	r := m.Must(state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
		e := Opening(fmt.Sprint("incident ", v.Incident().ID), v.Now())
		return state.Decision{Events: []incident.Event{e}, Index: []state.Ref{{Index: "channel", Value: fmt.Sprint("C", v.Incident().ID)}}}, nil
	}})
	if r.ID != id || r.Seq != m.total+1 {
		m.T.Fatalf("opened %+v, want %s at %d", r, id, m.total+1)
	}
	m.notes[id], m.state[id] = nil, incident.StateOpen
	m.wrote(id, 1, r.Seq)
}

func (m *machine) note(rt *rapid.T) {
	id, key := m.pick(rt), fmt.Sprint("k", len(m.keys))
	text := rapid.StringN(0, 20, 9000).Draw(rt, "text") + key
	c := noted(id, text, 0, key)
	if rapid.Bool().Draw(rt, "by channel") {
		c.Target = state.Ref{Index: "channel", Value: fmt.Sprint("C", id)}
	}
	r := m.Must(c)
	if r.Again || r.ID != id || r.Seq != m.total+1 {
		m.T.Fatalf("noted %+v", r)
	}
	m.notes[id] = append(m.notes[id], text)
	m.keys[key] = string(cutTo("noted "+text, 1024))
	m.wrote(id, 1, r.Seq)
}

func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := 0
	for k := range s {
		if k <= n {
			cut = k
		}
	}
	return s[:cut]
}

func (m *machine) again(rt *rapid.T) {
	if len(m.keys) == 0 {
		rt.Skip("nothing was delivered")
	}
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(m.keys))).Draw(rt, "key")
	r := m.Must(noted(m.pick(rt), "a duplicate", 0, key))
	if !r.Again || string(r.Answer) != m.keys[key] && string(r.Answer) != state.Blanked {
		m.T.Fatalf("a duplicate answered %+v, want %q", r, m.keys[key])
	}
}

func (m *machine) claim(rt *rapid.T) {
	id, name := m.pick(rt), rapid.SampledFrom([]string{"lock:a", "lock:b", "lock:c"}).Draw(rt, "name")
	r, err := m.Do(context.Background(), claim(id, name))
	var held *state.ClaimError
	switch holder, taken := m.claims[name]; {
	case taken && holder != id:
		if !errors.As(err, &held) || held.Holder != holder {
			m.T.Fatalf("%s is held by %s, and %s claimed it: %v", name, holder, id, err)
		}
		return
	case err != nil:
		m.T.Fatal(err)
	}
	m.claims[name], m.notes[id] = id, append(m.notes[id], "claim")
	m.wrote(id, 1, r.Seq)
}

func (m *machine) release(rt *rapid.T) {
	id, name := m.pick(rt), rapid.SampledFrom([]string{"lock:a", "lock:b", "lock:c"}).Draw(rt, "name")
	r := m.Must(release(id, name))
	if m.claims[name] == id {
		delete(m.claims, name)
	}
	m.notes[id] = append(m.notes[id], "release")
	m.wrote(id, 1, r.Seq)
}

func (m *machine) refuse(rt *rapid.T) {
	refused := errors.New("no")
	c := decided(m.pick(rt), func(v state.View) (state.Decision, error) {
		v.Next("run")
		return state.Decision{Events: []incident.Event{incident.Noted{}}}, refused
	})
	if _, err := m.Do(context.Background(), c); !errors.Is(err, refused) {
		m.T.Fatal(err)
	}
}

func (m *machine) panic(rt *rapid.T) {
	c := decided(m.pick(rt), func(v state.View) (state.Decision, error) {
		v.Incident().Title, v.House().Config = "half", "half"
		panic("boom")
	})
	if _, err := m.Do(context.Background(), c); err == nil {
		m.T.Fatal("a panic is no error")
	}
}

func (m *machine) resolve(rt *rapid.T) {
	id := m.pick(rt)
	event := rapid.SampledFrom([]incident.Event{incident.Resolved{By: Ana}, incident.Reopened{By: Ana}, incident.Closed{}}).Draw(rt, "event")
	r := m.Must(Events(state.Ref{ID: id}, event))
	m.state[id] = map[string]incident.State{
		"Resolved": incident.StateResolved, "Reopened": incident.StateOpen, "Closed": incident.StateClosed,
	}[event.EventKind()]
	m.wrote(id, 1, r.Seq)
}

func (m *machine) also(rt *rapid.T) {
	one, two := m.pick(rt), m.pick(rt)
	if one == two {
		rt.Skip("the same")
	}
	r := m.Must(decided(one, func(v state.View) (state.Decision, error) {
		if v.Next("run") != m.runs+1 {
			m.T.Fatalf("a number was spent twice or lost, want %d", m.runs+1)
		}
		return state.Decision{
			Events: []incident.Event{incident.Noted{Text: "one"}}, Also: map[incident.ID][]incident.Event{two: {incident.Noted{Text: "two"}}},
			House: []incident.Event{incident.ConfigLoaded{Digest: "x", By: Ana}},
		}, nil
	}))
	m.notes[one], m.notes[two] = append(m.notes[one], "one"), append(m.notes[two], "two")
	m.runs, m.houseN = m.runs+1, m.houseN+1
	m.wrote(one, 1, r.Seq-2)
	m.wrote(two, 1, r.Seq-1)
	m.wrote(0, 1, r.Seq)
}

func (m *machine) housekeeping(*rapid.T) {
	r := m.Must(state.Change{Decide: func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.Frozen{By: Bea, Reason: "x"}}, House: []incident.Event{incident.Thawed{By: Bea}}}, nil
	}})
	m.houseN += 2
	m.wrote(0, 2, r.Seq)
}

func (m *machine) cursor(rt *rapid.T) {
	id := m.pick(rt)
	through := rapid.Uint64Range(m.through[id], m.total).Draw(rt, "through")
	m.save("say", id, state.Cursor{Through: through, Notes: map[string]string{"n": fmt.Sprint(through)}})
	m.through[id] = through
}

func (m *machine) clock(rt *rapid.T) {
	m.Clock.Push(time.Duration(rapid.IntRange(-7200, 7200).Draw(rt, "seconds")) * time.Second)
}

func (m *machine) restart(*rapid.T) { m.Reopen("say", "paper") }

func (m *machine) redact(rt *rapid.T) {
	id := m.pick(rt)
	if len(m.notes[id]) == 0 {
		rt.Skip("nothing was noted")
	}
	k := rapid.IntRange(0, len(m.notes[id])-1).Draw(rt, "note")
	seen := 0
	for r, err := range m.Records(context.Background(), id, 0) {
		if err != nil {
			m.T.Fatal(err)
		}
		if r.Kind != "Noted" {
			continue
		}
		if seen++; seen != k+1 {
			continue
		}
		if err := m.Redact(context.Background(), r.Seq, Bea, "x"); err != nil {
			m.T.Fatal(err)
		}
		if !r.Redacted {
			m.houseN++
			m.wrote(0, 1, m.total+1)
		}
		if m.notes[id][k] != "" {
			m.notes[id][k] = state.Blanked
		}
		return
	}
}

// check compares everything that can be seen with the maps.
func (m *machine) check(*rapid.T) {
	ctx := context.Background()
	open := 0
	for id, want := range m.notes {
		i := m.Get(state.Ref{Index: "channel", Value: fmt.Sprint("C", id)})
		if i.ID != id || i.State != m.state[id] || i.Seq != m.seq[id] || i.Title != fmt.Sprint("incident ", uint64(id)) && i.Title != fmt.Sprint("incident ", id) {
			m.T.Fatalf("%s is %+v", id, i)
		}
		if got := Texts(m.T, m, id); !slices.Equal(got, want) {
			m.T.Fatalf("%s has the notes %q, want %q", id, got, want)
		}
		if m.state[id] == incident.StateOpen {
			open++
		}
	}
	if list, err := m.List(ctx, state.Query{Open: true}); err != nil || len(list) != open {
		m.T.Fatalf("%d are open, want %d (%v)", len(list), open, err)
	}
	if h, err := m.House(ctx); err != nil || h.N != m.houseN || h.Config == "half" {
		m.T.Fatalf("the house is %+v, want %d records (%v)", h, m.houseN, err)
	}
	behind := m.behind("say")
	for id, seq := range m.seq {
		if late := m.through[id] < seq; late != slices.Contains(behind, id) {
			m.T.Fatalf("%s: say is through %d of %d, and behind are %v", id, m.through[id], seq, behind)
		}
	}
}
