package paper_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/paper"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// A resolution writes the draft once, for the owner alone; another delivery of the same record changes nothing, a later
// resolution writes an untouched draft anew, and what a person wrote stays.
func TestReviewDraftNeverOverwritesWhatAPersonWrote(t *testing.T) {
	m, _, dir := opened(t)
	made := 0
	var broken error
	f, err := paper.New(dir, m, facts, func(_ context.Context, id incident.ID, seq uint64) ([]byte, error) {
		made++
		return fmt.Appendf(nil, "# Review of %s\n\nup to %d\n", id, seq), broken
	})
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{}
	deliver := func(seq uint64) error { // of a record that may be behind the newest one
		done, err := f.Deliver(t.Context(), follow.Batch{Incident: 42, Notes: notes, Records: []state.Record{{Seq: 2}}})
		maps.Copy(notes, done.Notes)
		if err == nil && done.Through != seq {
			t.Errorf("through %d, not %d", done.Through, seq)
		}
		return err
	}
	resolve := func(seq uint64) error {
		at := incident.Stamp{Seq: seq, N: seq, Time: m.inc.Time.Add(time.Minute)}
		m.inc.Apply(at, incident.Resolved{})
		m.inc.Apply(at, incident.ReviewOpened{})
		return deliver(seq)
	}
	file := filepath.Join(dir, "INC-42-review.md")
	read := func() string {
		t.Helper()
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := deliver(1); err != nil || made != 0 {
		t.Fatalf("a draft without a review: %v", err)
	}
	if err := resolve(9); err != nil {
		t.Fatal(err)
	}
	first := read()
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 || !strings.HasPrefix(first, "# Review of INC-42\n\nup to 9\n") {
		t.Fatalf("mode %v: %s", info.Mode(), first)
	}
	if err := deliver(9); err != nil || read() != first || made != 1 {
		t.Fatalf("a later record wrote another draft: %v", err)
	}
	clear(notes) // a crash between the file and the cursor
	if err := deliver(9); err != nil || read() != first {
		t.Fatalf("the same resolution wrote another draft: %v", err)
	}
	if err := resolve(20); err != nil || !strings.Contains(read(), "up to 20") {
		t.Fatalf("a later resolution left the old draft: %v %s", err, read())
	}
	edited := strings.Replace(read(), "up to 20", "It began with a full disk.", 1)
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := resolve(30); err != nil || read() != edited {
		t.Fatalf("a person's text is gone: %v", err)
	}
	if err := os.WriteFile(file, []byte("mine alone\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := resolve(40); err != nil || read() != "mine alone\n" {
		t.Fatalf("a file without drbot's last line was overwritten: %v", err)
	}
	broken = errors.New("store: closed")
	var away follow.Unavailable
	if err := resolve(50); !errors.As(err, &away) {
		t.Errorf("a record that cannot be read: %v", err)
	}
}

// A crash in the middle leaves the half file of the temporary name; the next delivery takes it over.
func TestHalfReviewDraftIsTakenOver(t *testing.T) {
	m, _, dir := opened(t)
	m.inc.Apply(incident.Stamp{Seq: 9, N: 9, Time: m.inc.Time}, incident.ReviewOpened{})
	f, err := paper.New(dir, m, facts, func(context.Context, incident.ID, uint64) ([]byte, error) { return []byte("whole\n"), nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "INC-42-review.md.new"), []byte("ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 42, Records: []state.Record{{Seq: 9}}}); err != nil {
		t.Fatal(err)
	}
	names, _ := os.ReadDir(dir)
	if b, err := os.ReadFile(filepath.Join(dir, "INC-42-review.md")); err != nil || !strings.HasPrefix(string(b), "whole\n") || len(names) != 3 {
		t.Fatalf("%v %q, %d files", err, b, len(names))
	}
}
