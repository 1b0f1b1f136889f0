package state

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drbot/drbot/incident"
)

const (
	// MaxBatch is how many changes share one commit; the wait of the last stays under a few milliseconds.
	MaxBatch = 512
	// foldBytes bounds the folds that the writer keeps decoded, in bytes of their JSON (about four times that in memory).
	foldBytes = 4 << 20
)

// Queue is the one writer of a store: a goroutine that owns the write transaction. It takes the first waiting change,
// drains what else waits, lets each decide on what the ones before it did, commits once and then answers all.
//
// A commit that failed fails everybody in it and stops writing: what the disk holds is unknown then. The next change
// first has the backend reopen; only when that passes is anything written again (I23, I54).
type Queue struct {
	backend Backend
	now     func() time.Time
	jobs    chan *job
	stop    chan struct{}
	done    chan struct{}
	closing sync.Once
	folds   *folds       // the writer's only
	stuck   atomic.Value // of stuckErr
}

type stuckErr struct{ err error }

// job is one thing that waits for the writer: a change, a cursor, a redaction, or nothing at all (a probe).
type job struct {
	ctx    context.Context
	change *Change
	place  *Place
	redact *redaction
	taken  atomic.Int32 // 0 waiting, 1 taken by the writer, 2 given up by the caller
	answer chan struct{}
	result Result
	err    error
}

// NewQueue starts the writer. now is the wall clock.
func NewQueue(b Backend, now func() time.Time) *Queue {
	q := &Queue{
		backend: b, now: now, jobs: make(chan *job, 2*MaxBatch), stop: make(chan struct{}), done: make(chan struct{}),
		folds: newFolds(foldBytes),
	}
	go q.run()
	return q
}

// Do commits one change. When ctx ends first the change is taken back, unless the writer has it already: then the
// answer is a moment away and Do waits for it.
func (q *Queue) Do(ctx context.Context, c Change) (Result, error) {
	if c.Decide == nil {
		return Result{}, errors.New("a change needs its Decide")
	}
	j := q.submit(ctx, &job{change: &c})
	return j.result, j.err
}

// Save commits a follower's cursor.
func (q *Queue) Save(ctx context.Context, p Place) error { return q.submit(ctx, &job{place: &p}).err }

// Redact blanks the words of one record and appends the tombstone to the house stream.
func (q *Queue) Redact(ctx context.Context, seq uint64, by incident.Person, why string) error {
	return q.submit(ctx, &job{redact: &redaction{seq: seq, by: by, why: why}}).err
}

// Ready answers nil while changes can be kept; after a failed commit it tries whether they can be again.
func (q *Queue) Ready(ctx context.Context) error {
	if q.trouble() == nil {
		select {
		case <-q.stop:
			return ErrClosed
		default:
			return nil
		}
	}
	return q.submit(ctx, &job{}).err
}

// Close lets what was taken finish, refuses what waits, and ends the writer.
func (q *Queue) Close() {
	q.closing.Do(func() { close(q.stop) })
	<-q.done
}

func (q *Queue) submit(ctx context.Context, j *job) *job {
	j.ctx, j.answer = ctx, make(chan struct{})
	refused := func(err error) *job { return &job{err: err} }
	select {
	case <-q.stop:
		return refused(ErrClosed)
	default:
	}
	select {
	case q.jobs <- j:
	case <-ctx.Done():
		return refused(ctx.Err())
	case <-q.done:
		return refused(ErrClosed)
	}
	select {
	case <-j.answer:
		return j
	case <-ctx.Done():
		if j.taken.CompareAndSwap(0, 2) {
			return refused(ctx.Err())
		}
	case <-q.done:
		if j.taken.CompareAndSwap(0, 2) {
			return refused(ErrClosed)
		}
	}
	<-j.answer
	return j
}

func (q *Queue) run() {
	defer close(q.done)
	for {
		select {
		case <-q.stop:
			return
		case first := <-q.jobs:
			q.batch(q.drain(first))
		}
	}
}

// drain takes what waits behind the first job. A redaction commits alone: it folds a whole incident again.
func (q *Queue) drain(first *job) []*job {
	var taken []*job
	take := func(j *job) {
		if j.taken.CompareAndSwap(0, 1) {
			taken = append(taken, j)
		}
	}
	take(first)
	for len(taken) < MaxBatch {
		select {
		case j := <-q.jobs:
			take(j)
		default:
			return taken
		}
	}
	return taken
}

// batch commits the jobs in runs: redactions alone, everything else together.
func (q *Queue) batch(jobs []*job) {
	for start := 0; start < len(jobs); {
		end := start + 1
		for jobs[start].redact == nil && end < len(jobs) && jobs[end].redact == nil {
			end++
		}
		q.commit(jobs[start:end])
		start = end
	}
}

// commit is one transaction. Nobody is answered before it is durable, and everybody is answered at its end.
func (q *Queue) commit(jobs []*job) {
	err := q.attempt(jobs)
	for _, j := range jobs {
		if err != nil {
			j.result, j.err = Result{}, err
		}
		close(j.answer)
	}
}

func (q *Queue) attempt(jobs []*job) (err error) {
	if q.trouble() != nil {
		if err := q.backend.Reopen(); err != nil {
			return q.fail(err)
		}
		q.stuck.Store(stuckErr{})
	}
	var tx Tx
	defer func() {
		if p := recover(); p != nil {
			err = q.fail(fmt.Errorf("commit: %v", p))
		}
		if err != nil && tx != nil {
			tx.Rollback()
		}
	}()
	if tx, err = q.backend.Begin(); err != nil {
		return q.fail(err)
	}
	b, err := newBuilding(q, tx)
	if err != nil {
		return q.fail(err)
	}
	for _, j := range jobs {
		b.do(j)
	}
	if err := b.finish(); err != nil {
		return q.fail(err)
	}
	if b.batch.Empty() {
		tx.Rollback()
		return nil
	}
	if err := tx.Commit(&b.batch); err != nil {
		return q.fail(err)
	}
	q.folds.trim()
	q.backend.Committed(&b.batch)
	return nil
}

// fail remembers that nothing may be written, and forgets every decoded fold: some hold what was not committed.
func (q *Queue) fail(err error) error {
	q.folds.clear()
	if !errors.Is(err, ErrNotWritable) {
		err = &Trouble{Kind: ErrNotWritable, Why: err}
	}
	q.stuck.Store(stuckErr{err})
	return err
}

func (q *Queue) trouble() error {
	s, _ := q.stuck.Load().(stuckErr)
	return s.err
}
