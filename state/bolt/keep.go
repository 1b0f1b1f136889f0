package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/state"
)

// Backup writes a hot copy that opens like the file itself. The writer goes on meanwhile; pages that it frees are only
// used again after the copy, so the file may grow by what is written during it.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	return s.view(ctx, func(r reader) error {
		_, err := r.tx.WriteTo(until{ctx, w})
		return err
	})
}

// until ends a copy with its context.
type until struct {
	ctx context.Context
	w   io.Writer
}

func (u until) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(p)
}

// Restore puts a backup into a data directory after it was verified there. A record that lies there already is moved
// aside and its new name answered; one that somebody holds is left alone (ErrInUse). Incidents, runs and approvals are
// numbered on from whichever of the two had come further: the numbers since the backup stand in the chat and on disk.
func Restore(ctx context.Context, src, dir string, now time.Time, heads ...state.Head) (aside string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", troubled(dir, err)
	}
	target := filepath.Join(dir, File)
	fresh := target + ".restoring"
	defer func() { _ = os.Remove(fresh) }()
	if err := copyFile(src, fresh); err != nil {
		return "", err
	}
	if err := verifyFile(ctx, fresh, heads); err != nil {
		return "", fmt.Errorf("verify %s: %w", src, err)
	}
	numbers := given(target) // before it is held: reading it takes the same lock
	release, err := hold(target, syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer release()
	if err := numberOn(fresh, numbers); err != nil {
		return "", err
	}
	if _, err := os.Stat(target); err == nil {
		aside = target + ".replaced-" + now.UTC().Format("20060102T150405Z")
		if err := os.Link(target, aside); err != nil {
			return "", fmt.Errorf("keep the old record: %w", err)
		}
	}
	if err := os.Rename(fresh, target); err != nil {
		return "", notWritable(target, err)
	}
	return aside, syncDir(dir)
}

// given reads the last numbers that a record has given; none of one that is not there or cannot be read, which is often
// why a backup is restored.
func given(path string) map[string]uint64 {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	db, err := guarded(path, true)
	if err != nil {
		return nil
	}
	numbers := map[string]uint64{}
	err = safely(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			return tx.Bucket(counterBucket).ForEach(func(kind, last []byte) error {
				numbers[string(kind)] = number(last)
				return nil
			})
		})
	})
	if err := errors.Join(err, safely(db.Close)); err != nil {
		return nil
	}
	return numbers
}

// numberOn raises the last numbers of a record that nobody holds.
func numberOn(path string, numbers map[string]uint64) error {
	if len(numbers) == 0 {
		return nil
	}
	db, err := guarded(path, false)
	if err != nil {
		return err
	}
	err = safely(func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket(counterBucket)
			for kind, last := range numbers {
				if number(b.Get([]byte(kind))) >= last {
					continue
				}
				if err := b.Put([]byte(kind), u64(last)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return errors.Join(err, safely(db.Close))
}

func verifyFile(ctx context.Context, path string, heads []state.Head) error {
	s, err := OpenReadOnly(path)
	if err != nil {
		return err
	}
	_, err = s.Verify(ctx, heads...)
	return errors.Join(err, s.Close())
}

// migrations brings a file of format n+1 to format n+2 with its n-th step. The first release has none.
var migrations []func(*bbolt.Tx) error

// migrate keeps a copy of the file beside it, and then runs the steps in one transaction with the new stamp.
func migrate(path string, from int, steps []func(*bbolt.Tx) error, log *slog.Logger) error {
	if from < 1 || from > len(steps) {
		return damaged(fmt.Errorf("its format is %d, which no drbot wrote", from))
	}
	kept := fmt.Sprintf("%s.format-%d", path, from)
	if err := copyFile(path, kept); err != nil {
		return fmt.Errorf("keep a copy before the migration: %w", err)
	}
	if log != nil {
		log.Info("migrate the record", "from", from, "to", len(steps)+1, "copy", kept)
	}
	db, err := guarded(path, false)
	if err != nil {
		return err
	}
	err = safely(func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			for k, step := range steps[from-1:] {
				if err := step(tx); err != nil {
					return fmt.Errorf("migrate format %d: %w", from+k, err)
				}
			}
			return tx.Bucket(metaBucket).Put(formatKey, u64(uint64(len(steps)+1)))
		})
	})
	return errors.Join(err, safely(db.Close))
}

// copyFile copies durably to a file of the owner alone. What is there under that name already is replaced.
func copyFile(src, dst string) (err error) {
	from, err := os.Open(src)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(dst, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return notWritable(dst, err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if _, err := io.Copy(to, from); err != nil {
		return notWritable(dst, err)
	}
	return to.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
