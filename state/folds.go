package state

import (
	"container/list"
	"encoding/json"
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
)

// fold is a stream as the writer holds it: decoded, with the place of its newest record.
type fold struct {
	id    incident.ID
	inc   *incident.Incident // nil for the house
	house *incident.House
	tail  Digest
	due   time.Time
	size  int // bytes of its JSON, for the bound of the cache

	figures incident.Figures // as they were written last
}

func newFold(id incident.ID) *fold {
	if id == 0 {
		return &fold{house: incident.NewHouse()}
	}
	return &fold{id: id, inc: incident.New(id)}
}

func readFold(id incident.ID, p Page) (*fold, error) {
	f := newFold(id)
	var err error
	if f.tail, f.size = p.Tail, len(p.Fold); id == 0 {
		err = json.Unmarshal(p.Fold, f.house)
	} else {
		err = json.Unmarshal(p.Fold, f.inc)
	}
	if err != nil {
		return nil, fmt.Errorf("read the fold of %s: %w", id, err)
	}
	return f, nil
}

// place is where the newest record of the stream stands.
func (f *fold) place() incident.Stamp {
	if f.inc == nil {
		return incident.Stamp{Seq: f.house.Seq, N: f.house.N, Time: f.house.Time}
	}
	return incident.Stamp{Seq: f.inc.Seq, N: f.inc.N, Time: f.inc.Time}
}

func (f *fold) apply(at incident.Stamp, e incident.Event) {
	if f.inc == nil {
		f.house.Apply(at, e)
		return
	}
	f.inc.Apply(at, e)
}

// promise derives the next deadline; it belongs to applying, so that a fold that cannot say it is never committed.
func (f *fold) promise() {
	if f.due = (time.Time{}); f.inc == nil {
		return
	}
	if d, ok := f.inc.NextDeadline(); ok {
		f.due = d.Due
	}
}

// leaf encodes the fold as it is stored.
func (f *fold) leaf() (Leaf, error) {
	var (
		l   = Leaf{Due: f.due, Page: Page{Seq: f.place().Seq, Tail: f.tail}}
		err error
	)
	if f.inc == nil {
		l.Fold, err = json.Marshal(f.house)
	} else {
		s := f.inc.Summarise()
		l.Incident = &s
		if now := f.inc.Figures(); now != f.figures {
			f.figures, l.Figures = now, &now
		}
		l.Fold, err = json.Marshal(f.inc)
	}
	f.size = len(l.Fold)
	return l, err
}

// FoldRecords folds a stream from its first record and encodes it as a store keeps it (I52).
func FoldRecords(id incident.ID, records func(yield func(Record, error) bool)) (Leaf, error) {
	f := newFold(id)
	for r, err := range records {
		if err != nil {
			return Leaf{}, err
		}
		e, err := r.Event()
		if err != nil {
			return Leaf{}, fmt.Errorf("record %d: %w", r.Seq, err)
		}
		f.apply(r.Stamp(), e)
		f.tail = r.Hash
	}
	f.promise()
	return f.leaf()
}

// folds keeps the most recently used folds decoded, bounded in bytes. Only the writer uses it; readers decode their own.
type folds struct {
	limit int
	by    map[incident.ID]*list.Element
	order *list.List // newest first
}

func newFolds(limit int) *folds {
	return &folds{limit: limit, by: map[incident.ID]*list.Element{}, order: list.New()}
}

func (c *folds) get(id incident.ID) *fold {
	e, ok := c.by[id]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*fold)
}

func (c *folds) put(f *fold) {
	c.drop(f.id)
	c.by[f.id] = c.order.PushFront(f)
}

func (c *folds) drop(id incident.ID) {
	if e, ok := c.by[id]; ok {
		c.order.Remove(e)
		delete(c.by, id)
	}
}

func (c *folds) clear() {
	clear(c.by)
	c.order.Init()
}

// trim forgets the least recently used folds until the rest fit. Sizes change with every commit, so it counts anew:
// the walk is short because folds are a few kilobytes each.
func (c *folds) trim() {
	size := 0
	for e := c.order.Front(); e != nil; {
		next := e.Next()
		f := e.Value.(*fold)
		if size += f.size; size > c.limit {
			c.order.Remove(e)
			delete(c.by, f.id)
		}
		e = next
	}
}
