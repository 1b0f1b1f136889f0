package statuspage_test

import (
	"context"
	"iter"
	"sync"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// shelf is a store of tapes.
type shelf struct {
	mu    sync.Mutex
	tapes map[incident.ID]*tape
}

func newShelf(tapes ...*tape) *shelf {
	s := &shelf{tapes: map[incident.ID]*tape{}}
	for _, w := range tapes {
		s.tapes[w.id] = w
	}
	return s
}

func (s *shelf) fold(id incident.ID) *incident.Incident {
	i := incident.New(id)
	for _, r := range s.tapes[id].list {
		e, err := r.Event()
		if err != nil {
			panic(err)
		}
		i.Apply(r.Stamp(), e)
	}
	return i
}

func (s *shelf) Incident(_ context.Context, r state.Ref) (*incident.Incident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tapes[r.ID] == nil {
		return nil, state.ErrNotFound
	}
	return s.fold(r.ID), nil
}

func (s *shelf) List(context.Context, state.Query) (list []incident.Summary, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.tapes {
		list = append(list, s.fold(id).Summarise())
	}
	return list, nil
}

func (s *shelf) Records(_ context.Context, id incident.ID, after uint64) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for r, err := range s.All(context.Background(), after) {
			if r.Incident == id && !yield(r, err) {
				return
			}
		}
	}
}

func (s *shelf) All(_ context.Context, after uint64) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for _, w := range s.tapes {
			for _, r := range w.list {
				if r.Seq > after && !yield(r, nil) {
					return
				}
			}
		}
	}
}
