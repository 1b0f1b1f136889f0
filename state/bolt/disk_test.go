package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/statetest"
)

// tmpfs mounts a small disk. Only root may; without it the test says so.
func tmpfs(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", bytes)); err != nil {
		t.Skip("cannot mount a small disk here: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	if err := f.Close(); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func TestI54_DiskFullLosesNothingAndPasses(t *testing.T) {
	dir := tmpfs(t, 32<<20)
	data := filepath.Join(dir, "data")
	s := open(t, data, "say")
	id := statetest.Open(t, s, "disk fills up")
	var kept []string
	big := strings.Repeat("x", 3000)
	note := func(text string) error {
		c := statetest.Events(state.Ref{ID: id}, incident.Noted{By: statetest.Ana, Text: text + big})
		c.Keys = []string{text}
		_, err := s.Do(context.Background(), c)
		if err == nil {
			kept = append(kept, text+big)
		}
		return err
	}
	for k := range 20 {
		if err := note(fmt.Sprint("before ", k)); err != nil {
			t.Fatal(err)
		}
	}
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	var full error
	for k := 0; full == nil && k < 20_000; k++ {
		full = note(fmt.Sprint("while ", k))
	}
	if !errors.Is(full, state.ErrNotWritable) || !strings.Contains(full.Error(), "free space on the disk of "+data) {
		t.Fatalf("a full disk says: %v", full)
	}
	for k := range 5 {
		if err := note(fmt.Sprint("still ", k)); err != nil && !errors.Is(err, state.ErrNotWritable) {
			t.Fatal(err)
		}
	}
	if i, err := s.Incident(t.Context(), state.Ref{ID: id}); err != nil || i.N != uint64(len(kept)+1) {
		t.Fatalf("reads go on: %+v, %v", i, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatalf("when there is space again: %v", err)
	}
	if err := note("after"); err != nil {
		t.Fatalf("when there is space again: %v", err)
	}
	check := func() {
		t.Helper()
		if got := statetest.Texts(t, s, id); strings.Join(got, "\n") != strings.Join(kept, "\n") {
			t.Fatalf("%d notes are there, %d were acknowledged", len(got), len(kept))
		}
		if _, err := s.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, data, "say")
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestI54_ReadOnlyDiskSaysWhatToDo(t *testing.T) {
	dir := tmpfs(t, 32<<20)
	s := open(t, dir, "say")
	statetest.Open(t, s, "x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("cannot make a disk read-only here: ", err)
	}
	if _, err := bolt.Open(dir, bolt.Options{}); !errors.Is(err, state.ErrNotWritable) || !strings.Contains(err.Error(), "make it writable") {
		t.Errorf("open: %v", err)
	}
	r, err := bolt.OpenReadOnly(dir)
	if err != nil {
		t.Fatalf("reading needs no writable disk: %v", err)
	}
	if i, err := r.Incident(t.Context(), state.Ref{ID: 1}); err != nil || i.Title != "x" {
		t.Errorf("%+v, %v", i, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}
