package statetest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

func (b *Bench) behind(follower string) []incident.ID {
	b.T.Helper()
	ids, err := b.Behind(b.T.Context(), follower)
	if err != nil {
		b.T.Fatal(err)
	}
	return ids
}

func (b *Bench) save(follower string, id incident.ID, c state.Cursor) {
	b.T.Helper()
	if err := b.Save(b.T.Context(), follower, id, c); err != nil {
		b.T.Fatal(err)
	}
}

func followers(t *testing.T, b *Bench) {
	one := Open(t, b, "one")
	if got := b.behind("say"); !slices.Equal(got, []incident.ID{one}) {
		t.Fatalf("say is behind with %v", got)
	}
	b.Reopen("say", "paper", "pager") // pager is new
	if got := b.behind("pager"); len(got) != 0 {
		t.Fatalf("a new follower is behind with %v", got)
	}
	if c, err := b.Cursor(t.Context(), "pager", one); err != nil || c.Through != 1 {
		t.Fatalf("a new follower starts at %+v, %v", c, err)
	}
	b.save("say", one, state.Cursor{Through: 1})
	b.Reopen("paper", "pager") // say is away
	two := Open(t, b, "two")
	if err := b.Save(t.Context(), "say", one, state.Cursor{Through: 2}); err == nil {
		t.Fatal("a follower that is away saved")
	}
	b.Reopen("say", "paper", "pager")
	if got := b.behind("say"); !slices.Equal(got, []incident.ID{two}) {
		t.Fatalf("coming back it is behind with %v", got)
	}
	if got := b.behind("paper"); len(got) != 2 {
		t.Fatalf("paper is behind with %v", got)
	}
	b.Reopen("say", "paper")
}

func cursors(t *testing.T, b *Bench) {
	woken := b.Woken("say")
	for len(woken) > 0 {
		<-woken
	}
	id := Open(t, b, "db is down")
	select {
	case <-woken:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was woken by a commit")
	}
	first := Note(t, b, id, "a")
	second := Note(t, b, id, "b")
	c := state.Cursor{Through: first.Seq, Trying: second.Seq, Tries: 2, Notes: map[string]string{"card": "17.1"}}
	b.save("say", id, c)
	if got := b.behind("say"); !slices.Equal(got, []incident.ID{id}) {
		t.Fatalf("behind with %v", got)
	}
	b.Reopen("say", "paper")
	if got, err := b.Cursor(t.Context(), "say", id); err != nil || got.Through != c.Through || got.Trying != c.Trying || got.Tries != 2 || got.Notes["card"] != "17.1" {
		t.Fatalf("after a restart %+v, %v", got, err)
	}
	b.save("say", id, state.Cursor{Through: second.Seq})
	if got := b.behind("say"); len(got) != 0 {
		t.Fatalf("it passed everything and is behind with %v", got)
	}
	b.Must(state.Change{Decide: func(state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{incident.ConfigLoaded{Digest: "x"}}}, nil
	}})
	if got := b.behind("say"); !slices.Equal(got, []incident.ID{0}) {
		t.Fatalf("the house: %v", got)
	}
	if got := b.behind("paper"); !slices.Equal(got, []incident.ID{0, id}) {
		t.Fatalf("the other follower: %v", got)
	}
}

func redaction(t *testing.T, b *Bench) {
	const secret = "hunter2hunter2"
	opening := b.Must(state.Change{New: true, Keys: []string{"k"}, Decide: func(v state.View) (state.Decision, error) {
		e := Opening("password is "+secret, v.Now())
		e.Policy.UpdateEvery = 1234567890123456789
		return state.Decision{Events: []incident.Event{e}, Answer: []byte("opened: password is " + secret)}, nil
	}})
	note := Note(t, b, opening.ID, "and again "+secret)
	long := Note(t, b, opening.ID, strings.Repeat(secret, 1000))
	head, err := b.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := b.Get(state.Ref{ID: opening.ID})
	for _, seq := range []uint64{opening.Seq, note.Seq, long.Seq, note.Seq} {
		if err := b.Redact(t.Context(), seq, Bea, "a password"); err != nil {
			t.Fatal(err)
		}
	}
	i := b.Get(state.Ref{ID: opening.ID})
	if i.Title != state.Blanked || i.State != before.State || i.Severity != before.Severity || i.N != before.N ||
		!i.RespondBy.Equal(before.RespondBy) || i.UpdateEvery != before.UpdateEvery || i.OpenedBy.Key != Ana.Key {
		t.Errorf("what is left is %+v", i)
	}
	stones := 0
	for r, err := range b.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all, err := json.Marshal(r)
		if err != nil || strings.Contains(string(all), secret) {
			t.Errorf("record %d still says it: %v", r.Seq, err)
		}
		if e, err := r.Event(); err != nil {
			t.Error(err)
		} else if stone, ok := e.(incident.Redacted); ok {
			if stones++; stone.By != Bea || stone.Why != "a password" {
				t.Errorf("tombstone %+v", stone)
			}
		}
	}
	if stones != 3 {
		t.Errorf("%d tombstones of 3 redactions", stones)
	}
	if list, err := b.List(t.Context(), state.Query{}); err != nil || list[0].Title != state.Blanked {
		t.Errorf("the list says %+v, %v", list, err)
	}
	if again := b.Must(state.Change{New: true, Keys: []string{"k"}, Decide: func(state.View) (state.Decision, error) {
		return state.Decision{}, errors.New("decided again")
	}}); strings.Contains(string(again.Answer), secret) {
		t.Errorf("the remembered answer is %q", again.Answer)
	}
	if _, err := b.Verify(t.Context(), head); err != nil {
		t.Errorf("a head from before the redaction: %v", err)
	}
	for _, seq := range []uint64{0, 1000, 4} {
		if err := b.Redact(t.Context(), seq, Bea, "x"); err == nil {
			t.Errorf("record %d was redacted: there is none, or it is a tombstone", seq)
		}
	}
}

func heads(t *testing.T, b *Bench) {
	id := Open(t, b, "db is down")
	Note(t, b, id, "a")
	head, err := b.Verify(t.Context())
	if err != nil || head.Seq != 2 {
		t.Fatal(head, err)
	}
	Note(t, b, id, "b")
	if _, err := b.Verify(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []state.Head{{Seq: 2, Hash: state.Sum(nil)}, {Seq: 4, Hash: head.Hash}} {
		if _, err := b.Verify(t.Context(), head, wrong); !errors.Is(err, state.ErrDamaged) {
			t.Errorf("head %d: %v", wrong.Seq, err)
		}
	}
}
