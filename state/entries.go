package state

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
)

// entry is one event on its way into the record. The event that is folded is read back from the payload that is
// stored, so that folding the record from its start gives the same fold to the byte (I52).
type entry struct {
	to      *fold
	event   incident.Event
	payload []byte
}

// entries encodes a decision's events in their order: the incident's own, the other incidents', the house's.
func (b *building) entries(v *view, d Decision) ([]entry, error) {
	if len(d.Events) > 0 && v.fold == nil {
		return nil, errors.New("events need an incident that exists")
	}
	all, err := encode(nil, v.fold, d.Events)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(d.Also)) {
		f, err := b.fold(id)
		if err != nil {
			return nil, err
		}
		if f == nil {
			return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
		}
		if all, err = encode(all, f, d.Also[id]); err != nil {
			return nil, err
		}
	}
	return encode(all, v.house, d.House)
}

func encode(all []entry, to *fold, events []incident.Event) ([]entry, error) {
	for _, e := range events {
		payload, err := incident.Encode(e)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.EventKind(), err)
		}
		back, err := incident.Decode(e.EventKind(), payload)
		if err != nil {
			return nil, err
		}
		all = append(all, entry{to: to, event: back, payload: payload})
	}
	return all, nil
}

// apply folds the entries and makes their records. A fold that panics is thrown away with its half-applied state: the
// next look at it starts from the last commit and the batch's earlier records.
func (b *building) apply(entries []entry, now time.Time) (records []Stored, err error) {
	touched := map[*fold]bool{}
	tails := map[*fold]Digest{}
	defer func() {
		if p := recover(); p != nil {
			err = caught("fold", p)
		}
		if err != nil {
			for f := range touched {
				b.queue.folds.drop(f.id)
			}
		}
	}()
	head := b.head
	for _, e := range entries {
		f := e.to
		if !touched[f] {
			touched[f], tails[f] = true, f.tail
		}
		at := incident.Stamp{Seq: head.Seq + 1, N: f.place().N + 1, Time: now}
		if newest := f.place().Time; at.Time.Before(newest) {
			at.Time = newest
		}
		f.apply(at, e.event)
		r, err := seal(Record{
			Seq: at.Seq, Incident: f.id, N: at.N, Time: at.Time, Kind: e.event.EventKind(), Digest: Sum(e.payload),
			Prev: head.Hash, PrevIncident: tails[f], Payload: e.payload,
		})
		if err != nil {
			return nil, err
		}
		tails[f], head = r.Hash, Head{Seq: r.Seq, Hash: r.Hash}
		records = append(records, r)
	}
	for f := range touched {
		f.promise()
	}
	for f := range touched {
		f.tail = tails[f]
		b.queue.folds.put(f)
	}
	return records, nil
}

// seal gives a record its hash.
func seal(r Record) (Stored, error) {
	head, err := r.Header()
	if err != nil {
		return Stored{}, err
	}
	r.Hash = Sum(head)
	return Stored{Record: r, Head: head}, nil
}
