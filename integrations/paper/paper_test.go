package paper_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/paper"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

type memory struct {
	inc    *incident.Incident
	events []incident.Event
	err    error
}

func (m *memory) Incident(_ context.Context, r state.Ref) (*incident.Incident, error) {
	if m.err != nil {
		return nil, m.err
	}
	if m.inc == nil || r.ID != m.inc.ID {
		return nil, state.ErrNotFound
	}
	return m.inc.Clone(), nil
}

func (m *memory) Records(context.Context, incident.ID, uint64) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for n, e := range m.events {
			payload, err := incident.Encode(e)
			if !yield(state.Record{Seq: uint64(n + 1), N: uint64(n + 1), Time: m.inc.OpenedAt, Kind: e.EventKind(), Payload: payload}, err) {
				return
			}
		}
	}
}

func facts(context.Context, *incident.Incident) templates.Facts {
	return templates.Facts{Host: "ops1", Contacts: []templates.Contact{{Name: "Ana Ruiz", Key: "ana@example.com", Phone: "+34 600 000 001", Roles: []string{"operator"}}}}
}

func opened(t *testing.T) (*memory, *paper.Follower, string) {
	t.Helper()
	i := incident.New(42)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: time.Date(2026, 11, 24, 2, 58, 0, 0, time.UTC)},
		incident.Opened{By: incident.Person{Key: "ana@example.com", Name: "Ana Ruiz"}, Title: "Users database corrupted", Severity: 1})
	m := &memory{inc: i}
	dir := filepath.Join(t.TempDir(), "incidents")
	f, err := paper.New(dir, m, facts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, f, dir
}

// Every event rewrites the page, whole, readable by the owner alone.
func TestI55_EveryEventRewritesThePage(t *testing.T) {
	m, f, dir := opened(t)
	var _ follow.Follower = f
	file := filepath.Join(dir, "INC-42.md")
	for n, e := range []incident.Event{
		incident.Acknowledged{By: incident.Person{Key: "ana@example.com", Name: "Ana Ruiz"}},
		incident.ImpactSet{Text: "Nobody can log in"},
		incident.SeveritySet{From: 1, To: 2, Reason: "half of them can"},
	} {
		m.events = append(m.events, e)
		m.inc.Apply(incident.Stamp{Seq: uint64(n + 2), N: uint64(n + 2), Time: m.inc.Time.Add(time.Minute)}, e)
		if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 42, Records: []state.Record{{Seq: uint64(n + 2), Kind: e.EventKind()}}}); err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if want := string(templates.Paper(m.inc, facts(t.Context(), m.inc))); string(page) != want {
			t.Fatalf("after %s the page is not the fold's", e.EventKind())
		}
		line, _ := templates.InWords(e)
		if timeline, err := os.ReadFile(filepath.Join(dir, "INC-42-timeline.md")); err != nil || !strings.Contains(string(timeline), "2026-11-24 02:58:00 UTC") || strings.Count(string(timeline), "\n- ") != n+1 || !strings.Contains(string(timeline), line[:12]) {
			t.Fatalf("after %s the timeline is\n%s, %v", e.EventKind(), timeline, err)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("mode %v, %v", info.Mode(), err)
		}
	}
	page, _ := os.ReadFile(file)
	for _, want := range []string{"SEV-2", "Nobody can log in", "Ana Ruiz: \\+34", "With drbot dead"} {
		if !strings.Contains(string(page), strings.ReplaceAll(want, `\+`, "+")) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if names, _ := os.ReadDir(dir); len(names) != 2 {
		t.Errorf("%d files are left: the page and the timeline are two", len(names))
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v", info.Mode())
	}
}

// A crash while the page was written leaves a half page beside it; the old page stands, the next one takes over.
func TestHalfPageIsTakenOver(t *testing.T) {
	_, f, dir := opened(t)
	half := filepath.Join(dir, "INC-42.md.new")
	if err := os.WriteFile(half, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 42}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the half page is still there: %v", err)
	}
}

func TestHouseHasNoPage(t *testing.T) {
	_, f, dir := opened(t)
	if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 0, Records: []state.Record{{Seq: 9}}}); err != nil {
		t.Fatal(err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 0 {
		t.Errorf("a page for the house: %v", names)
	}
}

// A disk that does not take the page is an outage; an incident that is not there is a fault that parks.
func TestOutageAndFault(t *testing.T) {
	m, f, dir := opened(t)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	var gone follow.Unavailable
	if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 42}); !errors.As(err, &gone) {
		t.Errorf("a directory that is gone: %v", err)
	}
	m.err = errors.New("store: closed")
	if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 42}); !errors.As(err, &gone) {
		t.Errorf("a store that does not answer: %v", err)
	}
	m.err = nil
	if _, err := f.Deliver(t.Context(), follow.Batch{Incident: 7}); err == nil || errors.As(err, &gone) {
		t.Errorf("an incident that is not there: %v", err)
	}
}
