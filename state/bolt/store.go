// Package bolt keeps the record in one file.
//
// The queue of package state decides and this package commits: records, folds, indexes and followers' marks in one
// bbolt transaction. Readers copy out of short read transactions and never block the writer. Opening looks at the file
// read-only first (open.go), reads no more of the log than its newest records, and a damaged page is an error, never a
// panic. The keeper's work (verify.go, keep.go) walks everything, and only when asked.
package bolt

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// File is the name of the record in the data directory.
const File = "drbot.db"

// Options of a store.
type Options struct {
	// Followers are the names of everybody who follows; a new name starts at the head, one that was away catches up.
	Followers []string
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Log hears of migrations and of trouble with the file; nil is silent.
	Log *slog.Logger
	// Committed hears how long the transaction of each commit took, its deciding and its fsyncs with it; nil is not told.
	Committed func(took time.Duration)
	// Traces are the folders beside the file that only a record fills: an empty or missing file next to one of them
	// that holds anything is a lost record, not a first start.
	Traces []string
}

// Store is a state.Store on one file.
type Store struct {
	path      string
	readOnly  bool
	followers []string
	log       *slog.Logger
	committed func(took time.Duration)
	queue     *state.Queue

	mu  sync.RWMutex // held for reading by every transaction, for writing while the file is closed or opened again
	db  *bbolt.DB
	err error // why db is nil

	figuredMu sync.Mutex
	figured   map[incident.ID]incident.Figures // of incidents that no commit of this version wrote

	wakeMu  sync.Mutex
	wake    map[string]chan struct{}
	pointed map[string]pointed
}

var _ state.Store = (*Store)(nil)

// Do commits a change; see state.Queue.
func (s *Store) Do(ctx context.Context, c state.Change) (state.Result, error) {
	if s.readOnly {
		return state.Result{}, readOnly()
	}
	return s.queue.Do(ctx, c)
}

// Ready answers nil while changes can be kept, and tries to make it so after trouble; for /readyz.
func (s *Store) Ready(ctx context.Context) error {
	if s.readOnly {
		return readOnly()
	}
	return s.queue.Ready(ctx)
}

func readOnly() error {
	return &state.Trouble{Kind: state.ErrNotWritable, Why: errors.New("it was opened for reading only"), Next: "start drbot serve to decide anything"}
}

// Close ends the writer and closes the file.
func (s *Store) Close() error {
	if s.queue != nil {
		s.queue.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil && !s.readOnly {
		_ = os.Remove(pidFile(s.path)) // before the lock is free: the next holder writes its own
	}
	s.err = state.ErrClosed
	return s.shut()
}

func (s *Store) shut() error {
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db = nil
	return safely(db.Close)
}

func (s *Store) gone() error {
	if s.err != nil {
		return s.err
	}
	return state.ErrClosed
}

// Begin opens the write transaction for the queue.
func (s *Store) Begin() (state.Tx, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return nil, s.gone()
	}
	var tx *bbolt.Tx
	err := safely(func() (err error) { tx, err = s.db.Begin(true); return err })
	if err != nil {
		return nil, s.notWritable(err)
	}
	return writing{store: s, tx: tx, began: time.Now()}, nil
}

// Reopen closes the file and opens it again: what a failed commit left is unknown until the checks of opening passed.
//
// A long read (verify, backup) is not waited for: until it is done everybody could only wait, readers too.
func (s *Store) Reopen() error {
	for waited := time.Duration(0); !s.mu.TryLock(); waited += lockStep {
		if waited >= lockWait {
			return s.notWritable(errors.New("a commit failed, and the file cannot be opened again while a long read is at work"))
		}
		time.Sleep(lockStep)
	}
	defer s.mu.Unlock()
	if errors.Is(s.err, state.ErrClosed) {
		return s.err
	}
	if err := s.shut(); err != nil && s.log != nil {
		s.log.Warn("close the record after a failed commit", "error", err)
	}
	db, err := openFile(s.path)
	if err != nil {
		s.err = err
		return err
	}
	s.db, s.err = db, nil
	return nil
}

// Redact blanks the words of a record: see state.Queue.Redact.
func (s *Store) Redact(ctx context.Context, seq uint64, by incident.Person, why string) error {
	if s.readOnly {
		return readOnly()
	}
	return s.queue.Redact(ctx, seq, by, why)
}
