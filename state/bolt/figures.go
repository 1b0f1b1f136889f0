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

// Two indexes say of every incident what lists and reports ask: whether it is not closed, and its figures. Both are
// derived: a file that lacks them, or figures of another version, is read through the folds instead.

// derive makes the indexes of a file that an earlier version wrote. Figures are written with the next commit of each
// incident, and worked out when they are asked for until then.
func derive(db *bbolt.DB) error {
	missing := false
	err := db.View(func(tx *bbolt.Tx) error {
		missing = slices.ContainsFunc(derived, func(name []byte) bool { return tx.Bucket(name) == nil })
		return nil
	})
	if err != nil || !missing {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for _, name := range derived {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(summaryBucket).ForEach(func(k, v []byte) error {
			var line incident.Summary
			if err := json.Unmarshal(v, &line); err != nil {
				return damaged(fmt.Errorf("summary of incident %d: %w", number(k), err))
			}
			return writing{tx: tx}.marked(aliveBucket, k, line.Alive())
		})
	})
}

// picked calls f for the incidents among which a query picks; only state and instant are left to look at.
func (r reader) picked(q state.Query, f func(incident.ID) error) error {
	walk := r.tx.Bucket(summaryBucket)
	switch {
	case q.Open:
		walk = r.tx.Bucket(openBucket)
	case q.Alive && r.tx.Bucket(aliveBucket) != nil:
		walk = r.tx.Bucket(aliveBucket)
	}
	if walk == nil {
		return damaged(fmt.Errorf("its lists are missing"))
	}
	return walk.ForEach(func(k, _ []byte) error { return f(incident.ID(number(k))) })
}

// figuresHead is the instant of the opening and the version, which stand before the JSON so that most rows of another
// period are passed by undecoded.
const figuresHead = 9

func encodeFigures(f *incident.Figures) ([]byte, error) {
	line, err := json.Marshal(f)
	return append(append(u64(instant(f.Opened)), byte(incident.FiguresVersion)), line...), err
}

func (w writing) figures(key []byte, f *incident.Figures) error {
	if f == nil {
		return nil
	}
	row, err := encodeFigures(f)
	if err != nil || slices.Equal(w.tx.Bucket(figuresBucket).Get(key), row) {
		return err
	}
	return w.put(figuresBucket, key, row)
}

// Figures reads them, by id. Those that no commit of this version wrote are worked out from their folds, once.
func (s *Store) Figures(ctx context.Context, q state.Query) ([]incident.Figures, error) {
	var (
		list  []incident.Figures
		stale []incident.ID
		since = instant(q.Since)
	)
	err := s.view(ctx, func(r reader) error {
		rows := r.tx.Bucket(figuresBucket)
		return r.picked(q, func(id incident.ID) error {
			var row []byte
			if rows != nil {
				row = rows.Get(u64(uint64(id)))
			}
			if len(row) < figuresHead || row[figuresHead-1] != incident.FiguresVersion {
				stale = append(stale, id)
				return nil
			}
			if number(row) < since {
				return nil
			}
			var f incident.Figures
			if err := json.Unmarshal(row[figuresHead:], &f); err != nil {
				return damaged(fmt.Errorf("figures of incident %d: %w", id, err))
			}
			list = append(list, f)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	for _, id := range stale {
		f, err := s.worked(ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	list = slices.DeleteFunc(list, func(f incident.Figures) bool {
		return f.Opened.Before(q.Since) || q.Alive && f.State == incident.StateClosed && f.Tasks == 0
	})
	slices.SortFunc(list, func(a, b incident.Figures) int { return int(a.ID) - int(b.ID) })
	if q.Limit > 0 && len(list) > q.Limit {
		list = list[:q.Limit]
	}
	return list, nil
}

// worked are figures from a fold. They are remembered: whatever changes them writes a row that is read instead.
func (s *Store) worked(ctx context.Context, id incident.ID) (incident.Figures, error) {
	s.figuredMu.Lock()
	defer s.figuredMu.Unlock()
	if f, ok := s.figured[id]; ok {
		return f, nil
	}
	i, err := s.Incident(ctx, state.Ref{ID: id})
	if err != nil {
		return incident.Figures{}, fmt.Errorf("figures of %s: %w", id, err)
	}
	if s.figured == nil {
		s.figured = map[incident.ID]incident.Figures{}
	}
	s.figured[id] = i.Figures()
	return s.figured[id], nil
}

// figures compares a stored row with what the records give.
func (v *verifier) figures(id incident.ID, f *incident.Figures) error {
	rows := v.tx.Bucket(figuresBucket)
	if f == nil || rows == nil {
		return nil
	}
	row := rows.Get(u64(uint64(id)))
	if len(row) < figuresHead || row[figuresHead-1] != incident.FiguresVersion {
		return nil // they are worked out when they are asked for
	}
	want, err := encodeFigures(f)
	if err == nil && !slices.Equal(row, want) {
		err = fmt.Errorf("the figures of %s are not what its records give", id)
	}
	return err
}
