package bolt_test

import (
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

var ana = incident.Person{Key: "ana@example.com", Name: "Ana Ruiz"}

func open(t *testing.T, dir string, followers ...string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(dir, bolt.Options{Followers: followers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore_OpensNotesAndVerifies(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "paper")
	r, err := s.Do(t.Context(), state.Change{New: true, Keys: []string{"k1"}, Decide: func(v state.View) (state.Decision, error) {
		return state.Decision{
			Events: []incident.Event{incident.Opened{By: ana, Title: "db is down", Severity: 1, Policy: incident.Policy{RespondBy: v.Now().Add(time.Hour)}}},
			Index:  []state.Ref{{Index: "channel", Value: "C1"}}, Claim: []string{"pd:P1"}, Answer: []byte("opened"),
		}, nil
	}})
	if err != nil || r.ID != 1 || r.Seq != 1 {
		t.Fatal(r, err)
	}
	for range 100 {
		if _, err := s.Do(t.Context(), state.Change{Target: state.Ref{Index: "channel", Value: "C1"}, Decide: func(v state.View) (state.Decision, error) {
			return state.Decision{Events: []incident.Event{incident.Noted{By: ana, At: v.Now(), Text: "x"}}}, nil
		}}); err != nil {
			t.Fatal(err)
		}
	}
	i, err := s.Incident(t.Context(), state.Ref{ID: 1})
	if err != nil || i.N != 101 || i.Title != "db is down" {
		t.Fatal(i, err)
	}
	head, err := s.Verify(t.Context())
	if err != nil || head.Seq != 101 {
		t.Fatal(head, err)
	}
	if err := s.Redact(t.Context(), 1, ana, "password in the title"); err != nil {
		t.Fatal(err)
	}
	if i, _ := s.Incident(t.Context(), state.Ref{ID: 1}); i.Title != state.Blanked || i.State != incident.StateOpen {
		t.Fatal(i)
	}
	if _, err := s.Verify(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, "paper")
	if _, err := s.Verify(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	if behind, err := s.Behind(t.Context(), "paper"); err != nil || len(behind) != 2 {
		t.Fatal(behind, err)
	}
}
