package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	bbolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/drbot/drbot/state"
)

const (
	// mapSize is reserved address space, not memory: a file that outgrows its map could be mapped anew only when no
	// reader is at work, and the writer would wait for them.
	mapSize = 16 << 30
	// lockStep is how often it is tried meanwhile.
	lockStep = 20 * time.Millisecond
	// lockWait is how long another holder of the file is waited for.
	lockWait = 300 * time.Millisecond
	// newest is how many of the newest records opening compares with their hashes and links.
	newest = 16
)

// Open opens the record in a data directory, or makes it. ErrInUse names who holds it, ErrNewer and ErrDamaged leave it
// as it is, ErrNotWritable says what to do. Opening never replays the log.
func Open(dir string, o Options) (*Store, error) {
	path := filepath.Join(dir, File)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, troubled(path, err)
	}
	s := &Store{path: path, followers: slices.Clone(o.Followers), log: o.Log, committed: o.Committed, wake: map[string]chan struct{}{}, pointed: map[string]pointed{}}
	found, err := inspect(path)
	if err != nil {
		return nil, err
	}
	if found == 0 {
		if err := lost(path, o.Traces); err != nil {
			return nil, err
		}
	}
	if found != 0 && found < format {
		if err := migrate(path, found, migrations, o.Log); err != nil {
			return nil, err
		}
	}
	if s.db, err = openFile(path); err != nil {
		return nil, err
	}
	if err := writePid(path); err != nil && o.Log != nil {
		o.Log.Warn("the next one will not hear who holds the record", "error", err) // a full disk is no reason not to start
	}
	if found == 0 {
		err = syncDir(dir) // or the new file's name may be lost with the power
	}
	if err == nil {
		err = s.register()
	}
	if err != nil {
		_ = s.shut()
		return nil, troubled(path, err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	s.queue = state.NewQueue(s, now)
	return s, nil
}

// OpenReadOnly opens a record for show, list, audit and backup beside no running serve. path is the data directory or
// the file itself, so that a backup is read where it lies. Nothing is written, not even a missing file.
func OpenReadOnly(path string) (*Store, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, File)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %w", state.ErrNotFound, err)
	}
	db, err := guarded(path, true)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, readOnly: true, db: db, wake: map[string]chan struct{}{}, pointed: map[string]pointed{}}
	found, err := stamp(db)
	if err == nil && found < format {
		err = &state.Trouble{Kind: state.ErrNotFound, Why: fmt.Errorf("%s has format %d", path, found), Next: "start drbot serve once: it keeps a copy and brings the file to this version"}
	}
	if err == nil {
		err = fresh(db)
	}
	if err != nil {
		_ = s.shut()
		return nil, err
	}
	return s, nil
}

// inspect looks at a file before anything may write to it. It answers its format: 0 when there is no file yet.
func inspect(path string) (int, error) {
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && st.Size() == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, troubled(path, err)
	}
	db, err := guarded(path, true)
	if err != nil {
		return 0, err
	}
	defer func() { _ = safely(db.Close) }()
	found, err := stamp(db)
	if err == nil && found == format {
		err = fresh(db)
	}
	return found, err
}

// lost refuses to begin a new record over the traces of an earlier one: its incidents would get the same numbers again.
func lost(path string, traces []string) error {
	for _, name := range traces {
		folder := filepath.Join(filepath.Dir(path), name)
		switch left, err := os.ReadDir(folder); {
		case err == nil && len(left) > 0:
			return &state.Trouble{
				Kind: state.ErrDamaged, Why: fmt.Errorf("%s is empty or gone, and %s holds files of an earlier record", path, folder),
				Next: "restore a backup with: drbot restore; or, to begin a new record, name another directory",
			}
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return notWritable(path, err)
		}
	}
	return nil
}

// openFile opens the file for writing, with every bucket and the stamp in it. The newest records are compared again:
// the file may have changed since it was inspected.
func openFile(path string) (*bbolt.DB, error) {
	db, err := guarded(path, false)
	if err != nil {
		return nil, err
	}
	err = safely(func() error {
		if done, err := laid(db); err != nil {
			return err
		} else if done {
			return derive(db)
		}
		return db.Update(func(tx *bbolt.Tx) error {
			for _, name := range slices.Concat(buckets, derived) {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			return tx.Bucket(metaBucket).Put(formatKey, u64(format))
		})
	})
	if err != nil {
		err = troubled(path, err)
	} else {
		err = fresh(db)
	}
	if err != nil {
		_ = safely(db.Close)
		return nil, err
	}
	return db, nil
}

// laid reports whether the stamp is there: a file that drbot just made has none yet.
func laid(db *bbolt.DB) (done bool, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		done = tx.Bucket(metaBucket) != nil
		return nil
	})
	return done, err
}

// guarded opens a file with bbolt so that whatever its bytes are the answer is an error: bbolt panics on a file that is
// shorter than its meta page says, and a missing page faults in the memory map.
func guarded(path string, readOnly bool) (db *bbolt.DB, err error) {
	var file *os.File
	o := &bbolt.Options{
		Timeout: lockWait, FreelistType: bbolt.FreelistMapType, ReadOnly: readOnly, NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag, mode)
			file = f
			return f, err
		},
	}
	if !readOnly {
		o.InitialMmapSize = mapSize
	}
	if err := whole(path); err != nil {
		return nil, err
	}
	err = safely(func() (err error) { db, err = bbolt.Open(path, 0o600, o); return err })
	if err == nil {
		return db, nil
	}
	if file != nil {
		_ = file.Close() // after a panic bbolt leaves it open, and with it the lock
	}
	return nil, troubled(path, err)
}

// whole looks at the pages of a file before bbolt does, under bbolt's own lock: nobody writes meanwhile.
func whole(path string) error {
	release, err := hold(path, syscall.LOCK_SH)
	if err != nil {
		return err
	}
	defer release()
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return troubled(path, err)
	}
	defer func() { _ = f.Close() }()
	if err := sound(f); err != nil {
		return troubled(path, err)
	}
	return nil
}

// stamp reads the format of a file. A newer one is refused.
func stamp(db *bbolt.DB) (found int, err error) {
	err = safely(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			b := tx.Bucket(metaBucket)
			if b == nil || len(b.Get(formatKey)) != 8 {
				return damaged(errors.New("it has no format stamp; it may be another program's"))
			}
			if found = int(number(b.Get(formatKey))); found < 1 {
				return damaged(fmt.Errorf("its format is %d, which no drbot wrote", found))
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	if found > format {
		return found, &state.Trouble{
			Kind: state.ErrNewer, Why: fmt.Errorf("its format is %d, this drbot knows %d", found, format),
			Next: "start the newer drbot, or restore a backup that this one wrote",
		}
	}
	return found, nil
}

// fresh compares the newest records with their hashes, their links and the head.
func fresh(db *bbolt.DB) error {
	return safely(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			r := reader{tx}
			for _, name := range buckets {
				if tx.Bucket(name) == nil {
					return damaged(fmt.Errorf("its %s are missing", name))
				}
			}
			head, err := r.head()
			if err != nil {
				return damaged(err)
			}
			c := tx.Bucket(recordBucket).Cursor()
			k, v := c.Last()
			if number(k) != head.Seq {
				return damaged(fmt.Errorf("its newest record is %d, the head says %d", number(k), head.Seq))
			}
			want := head.Hash
			for n := 0; k != nil && n < newest; n++ {
				rec, err := r.decode(number(k), v)
				if err != nil {
					return err
				}
				if rec.Hash != want {
					return damaged(fmt.Errorf("record %d is not the one that the next links to", rec.Seq))
				}
				want = rec.Prev
				k, v = c.Prev()
			}
			return nil
		})
	})
}

func pidFile(path string) string { return strings.TrimSuffix(path, ".db") + ".pid" }

// writePid says who holds the file; the lock itself is bbolt's flock on it.
func writePid(path string) error {
	return os.WriteFile(pidFile(path), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)
}

// holder names the process that holds the file, as far as one can know.
func holder(path string) string {
	b, err := os.ReadFile(pidFile(path))
	pid, bad := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || bad != nil || pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "another process"
	}
	return "process " + strconv.Itoa(pid)
}

func damaged(err error) error {
	if errors.Is(err, state.ErrDamaged) {
		return err
	}
	return &state.Trouble{Kind: state.ErrDamaged, Why: err, Next: "keep the file as it is, and restore a backup with: drbot restore"}
}

func (s *Store) notWritable(err error) error { return notWritable(s.path, err) }

func notWritable(path string, err error) error {
	if errors.Is(err, state.ErrNotWritable) || errors.Is(err, state.ErrClosed) {
		return err
	}
	return &state.Trouble{
		Kind: state.ErrNotWritable, Why: err,
		Next: "nothing was done; free space on the disk of " + filepath.Dir(path) + " or make it writable, then try again: drbot goes on by itself",
	}
}

// troubled says in the store's errors why a file could not be opened.
func troubled(path string, err error) error {
	var known *state.Trouble
	var fault syscall.Errno
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, berrors.ErrTimeout):
		return &state.Trouble{Kind: state.ErrInUse, Why: fmt.Errorf("%s holds %s", holder(path), path), Next: "stop it first, or ask it through its socket"}
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return damaged(err)
	case errors.As(err, &fault), errors.Is(err, os.ErrPermission), errors.Is(err, context.DeadlineExceeded):
		return notWritable(path, err)
	}
	return damaged(err)
}
