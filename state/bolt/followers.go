package bolt

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Committed wakes the followers.
func (s *Store) Committed(b *state.Batch) {
	if len(b.Records) == 0 {
		return
	}
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	for _, c := range s.wake {
		select {
		case c <- struct{}{}:
		default: // it has not looked since the last one
		}
	}
	for _, p := range s.pointed {
		if slices.ContainsFunc(b.Records, func(r state.Stored) bool { return p.wants(r.Kind) }) {
			select {
			case p.wake <- struct{}{}:
			default:
			}
		}
	}
}

// pointed is a follower that is woken for some kinds of records apart from all others.
type pointed struct {
	wants func(kind string) bool
	wake  chan struct{}
}

// WokenBy receives after commits that wrote records of kinds that the follower wants.
func (s *Store) WokenBy(follower string, wants func(kind string) bool) <-chan struct{} {
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	p := pointed{wants, make(chan struct{}, 1)}
	s.pointed[follower] = p
	return p.wake
}

// Woken receives after commits that wrote records. Any name has a channel, also one that does not follow (the clock).
func (s *Store) Woken(follower string) <-chan struct{} {
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	c := s.wake[follower]
	if c == nil {
		c = make(chan struct{}, 1)
		s.wake[follower] = c
	}
	return c
}

// Behind lists incidents (0: the house) with records that the follower has not passed.
func (s *Store) Behind(ctx context.Context, follower string) ([]incident.ID, error) {
	var behind []incident.ID
	err := s.view(ctx, func(r reader) error {
		prefix := append([]byte(follower), 0)
		c := r.tx.Bucket(pendingBucket).Cursor()
		for k, _ := c.Seek(prefix); len(k) == len(prefix)+8 && string(k[:len(prefix)]) == string(prefix); k, _ = c.Next() {
			behind = append(behind, incident.ID(number(k[len(prefix):])))
		}
		return nil
	})
	return behind, err
}

// Cursor reads a follower's place; without one it is where the follower began.
func (s *Store) Cursor(ctx context.Context, follower string, id incident.ID) (state.Cursor, error) {
	var c state.Cursor
	err := s.view(ctx, func(r reader) (err error) { c, err = r.cursor(follower, id); return err })
	return c, err
}

func (r reader) cursor(follower string, id incident.ID) (c state.Cursor, err error) {
	row := r.get(cursorBucket, placeKey(follower, id))
	if row == nil {
		return state.Cursor{Through: number(r.get(followerBucket, []byte(follower)))}, nil
	}
	if err := json.Unmarshal(row, &c); err != nil {
		return c, damaged(fmt.Errorf("cursor of %s: %w", follower, err))
	}
	return c, nil
}

// Save keeps a follower's place.
func (s *Store) Save(ctx context.Context, follower string, id incident.ID, c state.Cursor) error {
	if s.readOnly {
		return readOnly()
	}
	if !slices.Contains(s.followers, follower) {
		return fmt.Errorf("%q does not follow this store", follower)
	}
	return s.queue.Save(ctx, state.Place{Follower: follower, ID: id, Cursor: c})
}

// register gives new followers the head as their start, and marks for those that come back what they missed. Mostly
// nobody came or left, and then nothing is written: a full disk is no reason not to start.
func (s *Store) register() error {
	return safely(func() error {
		var rows map[string][]byte
		if err := s.db.View(func(tx *bbolt.Tx) (err error) {
			rows, _, err = reader{tx}.followers(s.followers)
			return err
		}); err != nil || len(rows) == 0 {
			return err
		}
		return s.db.Update(func(tx *bbolt.Tx) error {
			r := reader{tx}
			rows, returned, err := r.followers(s.followers)
			if err != nil {
				return err
			}
			for name, row := range rows {
				if err := tx.Bucket(followerBucket).Put([]byte(name), row); err != nil {
					return err
				}
			}
			for _, name := range returned {
				if err := r.back(name); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// followers works out which rows change when these names follow: start (8 bytes), and 1 while it is away.
func (r reader) followers(names []string) (rows map[string][]byte, returned []string, err error) {
	head, err := r.head()
	if err != nil {
		return nil, nil, damaged(err)
	}
	rows = map[string][]byte{}
	b := r.tx.Bucket(followerBucket)
	err = b.ForEach(func(k, v []byte) error {
		if len(v) != 9 {
			return damaged(fmt.Errorf("the row of follower %q has %d bytes", k, len(v)))
		}
		if v[8] == 0 && !slices.Contains(names, string(k)) {
			rows[string(k)] = append(slices.Clone(v[:8]), 1)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		switch row := b.Get([]byte(name)); {
		case row == nil:
			rows[name] = append(u64(head.Seq), 0)
		case row[8] != 0:
			rows[name], returned = append(slices.Clone(row[:8]), 0), append(returned, name)
		}
	}
	return rows, returned, nil
}

// back marks every incident that a returning follower has not passed. It reads one row an incident, once.
func (r reader) back(name string) error {
	return r.tx.Bucket(tailBucket).ForEach(func(k, v []byte) error {
		t, err := decodeTail(v)
		if err != nil {
			return damaged(err)
		}
		c, err := r.cursor(name, incident.ID(number(k)))
		if err != nil || c.Through >= t.seq {
			return err
		}
		return r.tx.Bucket(pendingBucket).Put(placeKey(name, incident.ID(number(k))), []byte{1})
	})
}
