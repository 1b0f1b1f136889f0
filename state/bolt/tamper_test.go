package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/statetest"
)

// recorded is a store with two incidents, a long payload and a redaction; it answers its head.
func recorded(t *testing.T, dir string) state.Head {
	t.Helper()
	s, err := Open(dir, Options{Followers: []string{"say"}, Now: statetest.NewClock(statetest.Start).Now})
	if err != nil {
		t.Fatal(err)
	}
	one, two := statetest.Open(t, s, "one"), statetest.Open(t, s, "two")
	for k := range 30 {
		statetest.Note(t, s, one, strings.Repeat("a", 1+k%7*1000))
		statetest.Note(t, s, two, "b")
	}
	if err := s.Redact(t.Context(), 7, statetest.Bea, "x"); err != nil {
		t.Fatal(err)
	}
	head, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return head
}

// tamper edits a closed store as somebody with a key to the file would.
func tamper(t *testing.T, dir string, edit func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, File), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(edit); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// again lays a record out anew with another header and payload, and a hash that fits.
func again(r state.Record) []byte {
	r.Digest = state.Sum(r.Payload)
	head, err := r.Header()
	if err != nil {
		panic(err)
	}
	r.Hash = state.Sum(head)
	row, _, err := encodeRecord(state.Stored{Record: r, Head: head})
	if err != nil {
		panic(err)
	}
	return row
}

func read(tx *bbolt.Tx, seq uint64) state.Record {
	r, err := reader{tx}.record(seq)
	if err != nil {
		panic(err)
	}
	return r
}

func TestI42_TamperingIsFound(t *testing.T) {
	noted := []byte(`{"by":{"key":"mallory"},"at":"2026-03-02T09:00:00Z","text":"forged"}`)
	for name, edit := range map[string]func(*bbolt.Tx) error{
		"payload": func(tx *bbolt.Tx) error {
			b := tx.Bucket(recordBucket)
			return b.Put(u64(4), bytes.Replace(b.Get(u64(4)), []byte(`"b"`), []byte(`"c"`), 1))
		},
		"long payload": func(tx *bbolt.Tx) error {
			b := tx.Bucket(payloadBucket)
			k, v := b.Cursor().First()
			return b.Put(k, bytes.Replace(v, []byte("aaaa"), []byte("aaab"), 1))
		},
		"header": func(tx *bbolt.Tx) error {
			b := tx.Bucket(recordBucket)
			return b.Put(u64(4), bytes.Replace(b.Get(u64(4)), []byte(`"kind":"Noted"`), []byte(`"kind":"Nated"`), 1))
		},
		"edit with a hash that fits": func(tx *bbolt.Tx) error {
			r := read(tx, 4)
			r.Payload = noted
			return tx.Bucket(recordBucket).Put(u64(4), again(r))
		},
		"removal": func(tx *bbolt.Tx) error {
			return errors.Join(tx.Bucket(recordBucket).Delete(u64(4)), tx.Bucket(streamBucket).Delete(pair(2, 4)))
		},
		"insertion": func(tx *bbolt.Tx) error {
			b := tx.Bucket(recordBucket)
			last, _ := b.Cursor().Last()
			for seq := number(last); seq >= 10; seq-- {
				r := read(tx, seq)
				r.Seq++
				if err := b.Put(u64(seq+1), again(r)); err != nil {
					return err
				}
			}
			return nil
		},
		"reordering": func(tx *bbolt.Tx) error {
			one, two := read(tx, 9), read(tx, 11)
			one.Payload, two.Payload = two.Payload, one.Payload
			b := tx.Bucket(recordBucket)
			return errors.Join(b.Put(u64(9), again(one)), b.Put(u64(11), again(two)))
		},
		"another incident's": func(tx *bbolt.Tx) error {
			return errors.Join(tx.Bucket(streamBucket).Delete(pair(2, 10)), tx.Bucket(streamBucket).Put(pair(1, 10), nil))
		},
		"blank without a tombstone": func(tx *bbolt.Tx) error {
			b := tx.Bucket(recordBucket)
			row, err := blanked(b.Get(u64(4)), []byte(`{"by":{"key":"ana@example.com"},"text":"[redacted]"}`))
			return errors.Join(err, b.Put(u64(4), row))
		},
		"what a redaction left": func(tx *bbolt.Tx) error {
			b := tx.Bucket(recordBucket)
			row, err := blanked(b.Get(u64(7)), noted)
			return errors.Join(err, b.Put(u64(7), row))
		},
		"fold": func(tx *bbolt.Tx) error {
			b := tx.Bucket(foldBucket)
			fold, _ := unsealed(b.Get(u64(1)))
			return b.Put(u64(1), sealed(bytes.Replace(fold, []byte(`"severity":1`), []byte(`"severity":4`), 1)))
		},
		"fold without its checksum": func(tx *bbolt.Tx) error {
			b := tx.Bucket(foldBucket)
			return b.Put(u64(1), bytes.Replace(b.Get(u64(1)), []byte(`"severity":1`), []byte(`"severity":4`), 1))
		},
		"due": func(tx *bbolt.Tx) error {
			b := tx.Bucket(tailBucket)
			row := bytes.Clone(b.Get(u64(1)))
			row[15]++
			return b.Put(u64(1), row)
		},
		"end": func(tx *bbolt.Tx) error {
			last, _ := tx.Bucket(recordBucket).Cursor().Last()
			return tx.Bucket(recordBucket).Delete(bytes.Clone(last))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			recorded(t, dir)
			tamper(t, dir, edit)
			s, err := Open(dir, Options{Followers: []string{"say"}})
			if err == nil {
				_, err = s.Verify(t.Context())
				_ = s.Close()
			}
			if !errors.Is(err, state.ErrDamaged) {
				t.Errorf("not found: %v", err)
			}
		})
	}
}

// TestI42_CutOfTheEndNeedsAHead: an older copy of the file, and a record that was written anew from its start, are each
// whole in themselves. Only a head that was shown outside finds them.
func TestI42_CutOfTheEndNeedsAHead(t *testing.T) {
	dir, older := t.TempDir(), t.TempDir()
	recorded(t, dir)
	b, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(older, File), b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	statetest.Note(t, s, 1, "shown")
	head, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cut, err := Open(older, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cut.Close() }()
	if _, err := cut.Verify(t.Context()); err != nil {
		t.Fatalf("an older copy is whole: %v", err)
	}
	if _, err := cut.Verify(t.Context(), head); !errors.Is(err, state.ErrDamaged) {
		t.Errorf("a cut of the end: %v", err)
	}
	statetest.Note(t, cut, 1, "written in its place")
	if _, err := cut.Verify(t.Context(), head); !errors.Is(err, state.ErrDamaged) {
		t.Errorf("another end: %v", err)
	}
}

func TestFold_OfAnotherVersionOrDamagedIsFoldedAgain(t *testing.T) {
	dir := t.TempDir()
	recorded(t, dir)
	tamper(t, dir, func(tx *bbolt.Tx) error {
		b := tx.Bucket(foldBucket)
		fold, _ := unsealed(b.Get(u64(1)))
		old := bytes.Replace(fold, fmt.Appendf(nil, `{"v":%d`, incident.FoldVersion), []byte(`{"v":0,"gone":"field"`), 1)
		return errors.Join(b.Put(u64(1), sealed(old)), b.Put(u64(2), []byte("not a fold at all")))
	})
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for id := incident.ID(1); id <= 2; id++ {
		i, err := s.Incident(t.Context(), state.Ref{ID: id})
		if err != nil || i.Version != incident.FoldVersion || i.N != 31 {
			t.Errorf("%s: %+v, %v", id, i, err)
		}
		statetest.Note(t, s, id, "and it goes on")
	}
	if _, err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestI53_MigrationKeepsACopy(t *testing.T) {
	dir := t.TempDir()
	recorded(t, dir)
	path := filepath.Join(dir, File)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ran := false
	steps := []func(*bbolt.Tx) error{func(tx *bbolt.Tx) error { ran = true; return tx.Bucket(metaBucket).Put([]byte("new"), []byte("x")) }}
	if err := migrate(path, format, steps, nil); err != nil || !ran {
		t.Fatal(ran, err)
	}
	kept, err := os.ReadFile(path + ".format-1")
	if err != nil || !bytes.Equal(kept, before) {
		t.Fatalf("the copy differs (%v)", err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, state.ErrNewer) {
		t.Fatalf("an older drbot opens the migrated file: %v", err)
	}
	broken := []func(*bbolt.Tx) error{func(*bbolt.Tx) error { return errors.New("step fails") }}
	if err := os.Rename(path+".format-1", path); err != nil {
		t.Fatal(err)
	}
	if err := migrate(path, format, broken, nil); err == nil {
		t.Fatal("a migration that fails is an error")
	}
	s, err := Open(dir, Options{Followers: []string{"say"}})
	if err != nil {
		t.Fatalf("after a migration that failed: %v", err)
	}
	if _, err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestBackup_OpensVerifiesAndRestores(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	recorded(t, dir)
	s, err := Open(dir, Options{Followers: []string{"say"}})
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(elsewhere, "drbot.backup")
	f, err := os.OpenFile(copied, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	head, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Backup(t.Context(), f), f.Close()); err != nil {
		t.Fatal(err)
	}
	later := statetest.Open(t, s, "after the backup")
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	if _, err := Restore(t.Context(), copied, dir, at); !errors.Is(err, state.ErrInUse) {
		t.Fatalf("restore over a live file: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), copied, dir, at, state.Head{Seq: head.Seq + 1, Hash: head.Hash}); !errors.Is(err, state.ErrDamaged) {
		t.Fatalf("restore of a record without what was shown: %v", err)
	}
	aside, err := Restore(t.Context(), copied, dir, at, head)
	if err != nil || aside != filepath.Join(dir, "drbot.db.replaced-20260302T090000Z") {
		t.Fatal(aside, err)
	}
	for path, records := range map[string]uint64{dir: head.Seq, aside: head.Seq + 1} {
		r, err := OpenReadOnly(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Verify(t.Context()); err != nil || got.Seq != records {
			t.Errorf("%s: %d records, %v", path, got.Seq, err)
		}
		if _, err := r.Do(t.Context(), state.Change{}); !errors.Is(err, state.ErrNotWritable) {
			t.Errorf("a decision offline: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	s, err = Open(dir, Options{Followers: []string{"say"}})
	if err != nil {
		t.Fatal(err)
	}
	if next := statetest.Open(t, s, "after the restore"); next != later+1 {
		t.Errorf("the restored record opens INC-%d after INC-%d was seen", next, later)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, []byte("cut short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), copied, dir, at); !errors.Is(err, state.ErrDamaged) {
		t.Errorf("restore of a damaged backup: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.restoring")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestExport_CarriesWhatVerifyNeeds(t *testing.T) {
	dir := t.TempDir()
	recorded(t, dir)
	s, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for r, err := range s.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back state.Record
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatal(err)
		}
		if err := back.Check(); err != nil {
			t.Error(err)
		}
	}
}
