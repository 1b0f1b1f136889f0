package bolt_test

import (
	"errors"
	"path/filepath"
	"testing"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/statetest"
)

// TestI53_EarlierFileHasFigures takes the derived indexes out of a file: what is asked of it stays right, read-only and
// for writing, before and after an incident is written again.
func TestI53_EarlierFileHasFigures(t *testing.T) {
	dir := t.TempDir()
	open := func() *bolt.Store {
		s, err := bolt.Open(dir, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	for range 3 {
		statetest.Open(t, s, "db is down")
	}
	do(t, s, statetest.Events(state.Ref{ID: 2}, incident.Resolved{By: statetest.Ana, FalseAlarm: true}, incident.Closed{Why: "false alarm"}))
	check := func(s *bolt.Store, when string) {
		t.Helper()
		all, err := s.Figures(t.Context(), state.Query{})
		alive, aliveErr := s.Figures(t.Context(), state.Query{Alive: true})
		lines, listErr := s.List(t.Context(), state.Query{Alive: true})
		if err := errors.Join(err, aliveErr, listErr); err != nil || len(all) != 3 || len(alive) != 2 || len(lines) != 2 {
			t.Fatalf("%s: %d figures, %d and %d of those not closed (%v)", when, len(all), len(alive), len(lines), err)
		}
		for _, f := range all {
			i, err := s.Incident(t.Context(), state.Ref{ID: f.ID})
			if err != nil || i.Figures() != f {
				t.Fatalf("%s: the figures of %s are %+v (%v)", when, f.ID, f, err)
			}
		}
		if _, err := s.Verify(t.Context()); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
	}
	check(s, "as it was written")
	shut(t, s)
	db, err := bbolt.Open(filepath.Join(dir, bolt.File), 0o600, nil)
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			return errors.Join(tx.DeleteBucket([]byte("alive")), tx.DeleteBucket([]byte("figures")))
		})
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	reading, err := bolt.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	check(reading, "read-only")
	shut(t, reading)
	s = open()
	check(s, "opened again")
	do(t, s, statetest.Events(state.Ref{ID: 1}, incident.Acknowledged{By: statetest.Ana}))
	check(s, "written again")
	shut(t, s)
}

func do(t *testing.T, s *bolt.Store, c state.Change) {
	t.Helper()
	if _, err := s.Do(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func shut(t *testing.T, s *bolt.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
