package follow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime/debug"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// batchSize bounds the records of one delivery.
const batchSize = 64

// worker brings one follower up to date with one incident.
type worker struct {
	*runner
	id     incident.ID
	cursor state.Cursor
	sure   bool // the tries that failed just now had certainly no effect
	unsure bool // what the last call was told
	gained bool // a call got further before its error, or a whole one before it succeeded
	single bool // a batch failed: its records go one by one until the one at fault is found
}

// run delivers until nothing is left. Its error is one that waits: the vendor, the store or a command was not available.
func (w *worker) run(ctx context.Context) error {
	var err error
	if w.cursor, err = w.loop.store.Cursor(ctx, w.follower.Name(), w.id); err != nil {
		return err
	}
	for first := true; ctx.Err() == nil; first = false {
		part, more, err := w.next(ctx)
		if err == nil && !more && first {
			return w.keep(ctx, w.cursor.Through, nil, true) // it was past everything: only the mark is left
		}
		if err != nil || !more {
			return err
		}
		if err := w.part(ctx, part); err != nil {
			return err
		}
		w.sure, w.gained = false, true
		if _, paced := w.follower.(Paced); paced {
			return nil
		}
	}
	return ctx.Err()
}

// part is a stretch of an incident's records that one call delivers: the wanted ones, and how far the stretch reaches.
type part struct {
	records []state.Record
	through uint64
	once    bool
	requeue *incident.DeliveryRequeued
	at      uint64 // of the requeue
}

// next reads the stretch after the cursor.
func (w *worker) next(ctx context.Context) (p part, more bool, err error) {
	size := batchSize
	if w.single {
		size = 1
	}
	seen := 0
	for r, err := range w.records(ctx) {
		if err != nil {
			return p, false, err
		}
		if asked := w.asked(r); asked != nil {
			if seen == 0 {
				return part{requeue: asked, at: r.Seq, through: r.Seq}, true, nil
			}
			break
		}
		wanted := w.follower.Wants(r.Kind)
		once := wanted && w.once(r)
		if once && len(p.records) > 0 {
			break
		}
		seen++
		p.through = r.Seq
		if !wanted {
			continue
		}
		p.records, p.once = append(p.records, r), once
		if once || len(p.records) == size {
			break
		}
	}
	return p, seen > 0, nil
}

// picker is a store that does not decode what nobody wants; the others yield everything.
type picker interface {
	Picked(ctx context.Context, id incident.ID, after uint64, wants func(kind string) bool) iter.Seq2[state.Record, error]
}

// records are those after the cursor.
func (w *worker) records(ctx context.Context) iter.Seq2[state.Record, error] {
	if s, ok := w.loop.store.(picker); ok {
		return s.Picked(ctx, w.id, w.cursor.Through, func(kind string) bool {
			return w.follower.Wants(kind) || kind == (incident.DeliveryRequeued{}).EventKind()
		})
	}
	return w.loop.store.Records(ctx, w.id, w.cursor.Through)
}

func (w *worker) once(r state.Record) bool {
	o, ok := w.follower.(Once)
	return ok && o.Once(r)
}

// asked reads a requeue that is meant for this follower.
func (w *worker) asked(r state.Record) *incident.DeliveryRequeued {
	if r.Kind != (incident.DeliveryRequeued{}).EventKind() {
		return nil
	}
	e, err := r.Event()
	if q, ok := e.(incident.DeliveryRequeued); err == nil && ok && q.Follower == w.follower.Name() {
		return &q
	}
	return nil
}

// part delivers one stretch and saves the place.
func (w *worker) part(ctx context.Context, p part) error {
	if p.requeue != nil {
		return w.requeued(ctx, p)
	}
	if len(p.records) == 0 {
		return w.save(ctx, p.through, nil)
	}
	w.unsure = false
	if p.once {
		seq := p.records[0].Seq
		w.unsure = w.cursor.Trying == seq && !w.sure
		if w.cursor.Trying != seq {
			if err := w.try(ctx, seq); err != nil {
				return err
			}
		}
	}
	done, err := w.deliver(ctx, Batch{Incident: w.id, Records: p.records, Notes: maps.Clone(w.cursor.Notes), Unsure: w.unsure})
	return w.settle(ctx, p, done, err)
}

// try saves that a call which must not repeat is about to happen. Only after that may it happen (I49).
func (w *worker) try(ctx context.Context, seq uint64) error {
	c := w.cursor
	c.Trying, c.Tries = seq, c.Tries+1
	if err := w.loop.store.Save(ctx, w.follower.Name(), w.id, c); err != nil {
		return err
	}
	w.cursor = c
	return nil
}

// settle saves what a delivery did, and parks the record at fault.
func (w *worker) settle(ctx context.Context, p part, done Done, err error) error {
	if err == nil {
		through := max(p.through, done.Through)
		if last := p.records[len(p.records)-1].Seq; done.Through != 0 && done.Through < last {
			if through = done.Through; through <= w.cursor.Through {
				return fmt.Errorf("the follower answered %d and was past it", done.Through)
			}
		}
		w.succeeded()
		return w.save(ctx, through, done.Notes)
	}
	if ctx.Err() != nil {
		return ctx.Err() // drbot stops: Trying says that the call may have happened
	}
	left := p.records
	for len(left) > 0 && left[0].Seq <= done.Through {
		left = left[1:]
	}
	if moved := len(left) < len(p.records); moved || len(done.Notes) > 0 {
		through := w.cursor.Through
		if moved {
			through = min(done.Through, p.through)
		}
		if err := w.keep(ctx, through, done.Notes, !moved); err != nil {
			return err
		}
		w.gained = true
	}
	if _, later := unavailable(err); later {
		return err
	}
	if len(left) == 0 {
		return w.save(ctx, p.through, nil)
	}
	if len(left) > 1 {
		w.single = true
		return nil
	}
	return w.park(ctx, left[0], p.through, err, "")
}

// park gives a delivery up, visibly, and goes on. What cannot tell of a parked delivery is not parked in its turn: two
// broken followers would tell each other for ever.
func (w *worker) park(ctx context.Context, r state.Record, through uint64, why error, again string) error {
	w.single = false
	w.mu.Lock()
	w.health.Parked++
	w.mu.Unlock()
	w.log.Error("delivery parked", "incident", w.id.String(), "record", r.Seq, "kind", r.Kind, "error", why)
	if r.Kind != (incident.DeliveryParked{}).EventKind() {
		key := fmt.Sprintf("%s/%d%s", w.follower.Name(), r.Seq, again)
		p := Parking{Follower: w.follower.Name(), Incident: w.id, Seq: r.Seq, Why: why.Error(), Key: key}
		if err := w.loop.outcomes.Park(ctx, p); err != nil {
			return err
		}
	}
	return w.save(ctx, through, nil)
}

// requeued delivers a parked record again, alone, at the place where a person asked for it.
func (w *worker) requeued(ctx context.Context, p part) error {
	var parked state.Record
	for r, err := range w.loop.store.Records(ctx, w.id, p.requeue.Seq-1) {
		if err != nil {
			return err
		}
		parked = r
		break
	}
	if parked.Seq != p.requeue.Seq || p.requeue.Seq >= p.at {
		return w.save(ctx, p.through, nil) // no such record: nothing to deliver
	}
	if err := w.try(ctx, p.at); err != nil {
		return err
	}
	done, err := w.deliver(ctx, Batch{
		Incident: w.id, Records: []state.Record{parked}, Notes: maps.Clone(w.cursor.Notes), Unsure: w.once(parked), Again: true,
	})
	if err == nil {
		w.succeeded()
		return w.save(ctx, p.through, done.Notes)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, later := unavailable(err); later {
		return err
	}
	return w.park(ctx, parked, p.through, err, fmt.Sprintf("/%d", p.at))
}

// deliver calls the follower. Its panic is an error of that record.
func (w *worker) deliver(ctx context.Context, b Batch) (done Done, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.loop.options.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			w.log.Error("delivery panicked", "incident", w.id.String(), "error", err, "stack", string(debug.Stack()))
		}
	}()
	done, err = w.follower.Deliver(ctx, b)
	if err != nil && ctx.Err() != nil && !errors.Is(err, context.DeadlineExceeded) {
		err = Unavailable{Err: err} // whatever it made of our own deadline
	}
	return done, err
}

// save moves the cursor past what is done with.
func (w *worker) save(ctx context.Context, through uint64, notes map[string]string) error {
	return w.keep(ctx, through, notes, false)
}

// keep saves the place and the notes; trying keeps the mark of a call that is still to be repeated.
func (w *worker) keep(ctx context.Context, through uint64, notes map[string]string, trying bool) error {
	c := w.cursor
	c.Through = through
	if !trying {
		c.Trying, c.Tries = 0, 0
	}
	if len(notes) > 0 {
		c.Notes = maps.Clone(c.Notes)
		if c.Notes == nil {
			c.Notes = map[string]string{}
		}
		for k, v := range notes {
			if c.Notes[k] = v; v == "" {
				delete(c.Notes, k)
			}
		}
	}
	if err := w.loop.store.Save(ctx, w.follower.Name(), w.id, c); err != nil {
		return err
	}
	w.cursor = c
	return nil
}
