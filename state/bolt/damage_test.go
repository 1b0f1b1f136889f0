package bolt_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bbolt "go.etcd.io/bbolt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/statetest"
)

// written is the bytes of a store with some incidents, a long payload, keys and cursors.
func written(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	s, err := bolt.Open(dir, bolt.Options{Followers: []string{"say"}})
	if err != nil {
		t.Fatal(err)
	}
	for k := range 4 {
		id := statetest.Open(t, s, "db is down")
		for n := range 12 {
			statetest.Note(t, s, id, strings.Repeat("lag ", 1+n*k*40))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, bolt.File))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// exercise opens whatever the bytes are and uses it. Every answer is well but a panic.
func exercise(t testing.TB, file []byte) error {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, bolt.File), file, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if s, err := bolt.OpenReadOnly(dir); err == nil {
		_, _ = s.List(ctx, state.Query{})
		if err := s.Close(); err != nil && !errors.Is(err, state.ErrDamaged) {
			t.Errorf("close: %v", err)
		}
	}
	s, err := bolt.Open(dir, bolt.Options{Followers: []string{"say"}})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	_, err = s.Verify(ctx)
	for id := incident.ID(0); id < 5; id++ {
		_, _ = s.Incident(ctx, state.Ref{ID: id})
		for _, bad := range s.Records(ctx, id, 0) {
			err = errors.Join(err, bad)
		}
		_, _ = s.Cursor(ctx, "say", id)
	}
	_, _ = s.Behind(ctx, "say")
	_, _ = s.Do(ctx, statetest.Events(state.Ref{ID: 2}, incident.Noted{Text: "after the damage"}))
	_ = s.Backup(ctx, io.Discard)
	return err
}

func TestI53_DamageIsAnErrorNeverAPanic(t *testing.T) {
	file := written(t)
	if err := exercise(t, file); err != nil {
		t.Fatalf("whole: %v", err)
	}
	refused := func(name string, damaged []byte) {
		t.Helper()
		if err := exercise(t, damaged); !errors.Is(err, state.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	used := len(bytes.TrimRight(file, "\x00"))
	for _, n := range []int{1, 100, 4096, 8192, 12288, used / 2, used - 4096} {
		refused("cut", file[:n])
	}
	refused("another program's", bytes.Repeat([]byte("not a database\n"), 4000))
	refused("zeros", make([]byte, 1<<16))
	both := bytes.Clone(file)
	both[30], both[4096+30] = both[30]^1, both[4096+30]^1
	refused("both meta pages", both)
	for at := 8192; at+4096 <= used; at += 4096 {
		page := bytes.Clone(file)
		copy(page[at:at+4096], make([]byte, 4096))
		_ = exercise(t, page) // a free page may be anything
	}
}

func TestI53_FlippedBitIsFoundWhereItMatters(t *testing.T) {
	file := written(t)
	words := []byte("lag lag lag lag")
	for at, n := bytes.Index(file, words), 0; at >= 0 && n < 20; n++ {
		flipped := bytes.Clone(file)
		flipped[at+3] ^= 0x40
		if err := exercise(t, flipped); err != nil && !errors.Is(err, state.ErrDamaged) {
			t.Errorf("byte %d: %v", at, err)
		}
		next := bytes.Index(file[at+4096:], words)
		if next < 0 {
			break
		}
		at += 4096 + next
	}
}

func TestI53_NewerIsRefusedAndNotModified(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, bolt.File)
	if err := os.WriteFile(path, written(t), 0o600); err != nil {
		t.Fatal(err)
	}
	stamp(t, path, 99)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(dir, bolt.Options{}); !errors.Is(err, state.ErrNewer) {
		t.Errorf("open: %v", err)
	}
	if _, err := bolt.OpenReadOnly(dir); !errors.Is(err, state.ErrNewer) {
		t.Errorf("open to read: %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the newer file was modified (%v)", err)
	}
	stamp(t, path, 0)
	if _, err := bolt.Open(dir, bolt.Options{}); !errors.Is(err, state.ErrDamaged) {
		t.Errorf("a format that no drbot wrote: %v", err)
	}
}

// TestI53_AnEmptiedRecordIsNoFirstStart: a file that lost its content beside an incident's page is refused and left.
func TestI53_AnEmptiedRecordIsNoFirstStart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, bolt.File)
	o := bolt.Options{Traces: []string{"incidents"}}
	if err := os.Mkdir(filepath.Join(dir, "incidents"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // what a first start leaves that lost its power
		t.Fatal(err)
	}
	s, err := bolt.Open(dir, o)
	if err != nil {
		t.Fatalf("no traces yet: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "incidents", "INC-1.md"), []byte("# INC-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = bolt.Open(dir, o); err != nil {
		t.Fatalf("a whole record beside its traces: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, harm := range map[string]func() error{
		"emptied": func() error { return os.Truncate(path, 0) },
		"gone":    func() error { return os.Remove(path) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		if _, err := bolt.Open(dir, o); !errors.Is(err, state.ErrDamaged) || !strings.Contains(err.Error(), "drbot restore") {
			t.Errorf("%s: %v", name, err)
		}
		if st, err := os.Stat(path); name == "emptied" && (err != nil || st.Size() != 0) {
			t.Errorf("%s: the file was touched (%v)", name, err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// stamp writes a format into a file, as another release would.
func stamp(t *testing.T, path string, format byte) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte{0, 0, 0, 0, 0, 0, 0, format})
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzI53_Open(f *testing.F) {
	file := written(f)
	used := len(bytes.TrimRight(file, "\x00"))
	f.Add(uint32(16), uint64(1), uint32(0))
	f.Add(uint32(4096+24), uint64(1<<40), uint32(0))
	f.Add(uint32(8200), ^uint64(0), uint32(0))
	f.Add(uint32(12300), uint64(0xff00), uint32(5000))
	f.Fuzz(func(t *testing.T, at uint32, flip uint64, cut uint32) {
		damaged := bytes.Clone(file[:used])
		damaged = append(damaged, make([]byte, 4096-used%4096)...)
		for k := range 8 {
			damaged[(int(at)+k)%len(damaged)] ^= byte(flip >> (8 * k))
		}
		_ = exercise(t, damaged[:len(damaged)-int(cut)%len(damaged)])
	})
}
