// Package statuspage tells people outside how the service does.
//
// What was published is read from the record (record.go): messages that went to the status page, in the words that were
// written for it, and nothing else. Of these facts a Page is composed for an instant (page.go), and of the Page the files
// (files.go): HTML, JSON and a feed. The Site follows the record, writes the files into a directory whole (write.go), and
// serves the same bytes from memory (serve.go). Push tells Atlassian's Statuspage the same (push.go).
package statuspage

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// Name is the follower's name; cursors hang on it.
const Name = "statuspage"

// Record is what is read of the store.
type Record interface {
	Incident(context.Context, state.Ref) (*incident.Incident, error)
	List(context.Context, state.Query) ([]incident.Summary, error)
	Records(ctx context.Context, id incident.ID, after uint64) iter.Seq2[state.Record, error]
	All(ctx context.Context, after uint64) iter.Seq2[state.Record, error]
}

// Clock is the wall clock, real or pushed by a test.
type Clock interface {
	Now() time.Time
	Until(time.Time) <-chan time.Time
}

// Options of a Site.
type Options struct {
	Settings
	Dir    string
	Record Record
	Clock  Clock
	Log    *slog.Logger
	Send   Send // nil where another page is what people read
}

// Site is the follower that keeps the page. It is never read back: what it knows comes from the record, once at the start
// and of an incident whenever that changes.
type Site struct {
	Options
	files atomic.Pointer[served]

	mu      sync.Mutex
	loaded  bool
	entries map[incident.ID]*Entry // those that were published
	stale   bool                   // they changed since the files were made

	trouble trouble
}

// trouble is why the directory cannot be written, and since when; who asks does not wait for a disk that hangs.
type trouble struct {
	mu    sync.Mutex
	why   string // empty: it can be
	since time.Time
}

func (t *trouble) set(err error, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		t.why = ""
		return
	case t.why == "":
		t.since = now
	}
	t.why = err.Error()
}

func (t *trouble) now() (why string, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.why, t.since
}

// New makes the site; nothing is read or written yet.
func New(o Options) *Site {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Site{Options: o, entries: map[incident.ID]*Entry{}}
}

// Name of the follower.
func (s *Site) Name() string { return Name }

// Wants what may change the page.
func (s *Site) Wants(kind string) bool { return slices.Contains(wants, kind) }

// Deliver brings the page up to what the record says of the incident. A directory that cannot be written is an outage: the
// same delivery is tried again, and meanwhile drbot itself serves what is right.
func (s *Site) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	entry, err := s.bring(ctx, b)
	if err == nil {
		err = stands(ctx, s.Record, s.Send, b, entry)
	}
	return follow.Done{}, err
}

// bring makes and writes what changed, and gives the entry of the batch's incident; nil where it has none.
func (s *Site) bring(ctx context.Context, b follow.Batch) (*Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return nil, follow.Unavailable{Err: err, NotSent: true}
	}
	ids, err := s.concerned(ctx, b)
	if err != nil {
		return nil, follow.Unavailable{Err: err, NotSent: true}
	}
	for _, id := range ids {
		if err := s.refresh(ctx, id); err != nil {
			return nil, follow.Unavailable{Err: err, NotSent: true}
		}
	}
	if why, _ := s.trouble.now(); !s.stale && why == "" {
		return s.entries[b.Incident], nil
	}
	if err := s.publish(); err != nil {
		return nil, follow.Unavailable{Err: err}
	}
	return s.entries[b.Incident], nil
}

// refresh reads again what was published of an incident. The caller holds the lock.
func (s *Site) refresh(ctx context.Context, id incident.ID) error {
	entry, err := Read(id, s.Record.Records(ctx, id, 0))
	if err != nil {
		return fmt.Errorf("read %s: %w", id, err)
	}
	if reflect.DeepEqual(entry, s.entries[id]) {
		return nil
	}
	s.stale = true
	if s.entries[id] = entry; entry == nil {
		delete(s.entries, id)
	}
	return nil
}

// concerned are the incidents that a batch may change on the page. A redaction stands in the house's stream, and names the
// record whose words are gone.
func (s *Site) concerned(ctx context.Context, b follow.Batch) ([]incident.ID, error) {
	if b.Incident != 0 {
		if _, there := s.entries[b.Incident]; there || slices.ContainsFunc(b.Records, publishes) {
			return []incident.ID{b.Incident}, nil
		}
		return nil, nil
	}
	var ids []incident.ID
	for _, r := range b.Records {
		e, err := r.Event()
		gone, ok := e.(incident.Redacted)
		if err != nil || !ok {
			continue
		}
		for r, err := range s.Record.All(ctx, gone.Seq-1) {
			if err != nil {
				return nil, err
			}
			if _, there := s.entries[r.Incident]; there {
				ids = append(ids, r.Incident)
			}
			break
		}
	}
	return ids, nil
}

// publishes reports whether a record can bring an incident to the page.
func publishes(r state.Record) bool {
	return r.Kind == incident.UpdateSent{}.EventKind() || r.Kind == incident.Resolved{}.EventKind() || r.Kind == incident.Reopened{}.EventKind()
}

// load reads what was published, once. The caller holds the lock.
func (s *Site) load(ctx context.Context) error {
	if s.loaded {
		return nil
	}
	list, err := s.Record.List(ctx, state.Query{})
	if err != nil {
		return fmt.Errorf("list the incidents: %w", err)
	}
	oldest := s.Clock.Now().Add(-kept)
	for _, summary := range list {
		if summary.Drill || !summary.ResolvedAt.IsZero() && summary.ResolvedAt.Before(oldest) {
			continue
		}
		i, err := s.Record.Incident(ctx, state.Ref{ID: summary.ID})
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return fmt.Errorf("read %s: %w", summary.ID, err)
		}
		if err != nil || i.PublicAt.IsZero() {
			continue
		}
		entry, err := Read(i.ID, s.Record.Records(ctx, i.ID, 0))
		if err != nil {
			return fmt.Errorf("read %s: %w", i.ID, err)
		}
		if entry != nil {
			s.entries[i.ID] = entry
		}
	}
	s.loaded, s.stale = true, true
	return nil
}

// page composes the page as it stands now, and forgets what is out of the history. The caller holds the lock.
func (s *Site) page() Page {
	now := s.Clock.Now().UTC()
	maps.DeleteFunc(s.entries, func(_ incident.ID, e *Entry) bool { return !e.Ended.IsZero() && now.Sub(e.Ended) > kept })
	return Compose(s.Settings, slices.Collect(maps.Values(s.entries)), now)
}

// publish makes the files, shows them, and writes them. The caller holds the lock.
func (s *Site) publish() error {
	files, err := s.page().Files()
	if err != nil {
		return err
	}
	s.files.Store(serving(files))
	err = write(s.Dir, files)
	s.stale = err != nil
	s.trouble.set(err, s.Clock.Now())
	return err
}

const (
	firstRetry   = time.Second
	longestRetry = time.Minute
)

// Run makes the page at the start, and at the beginning of each day, with which the history moves. What cannot be read or
// written is tried again.
func (s *Site) Run(ctx context.Context) error {
	wait := firstRetry
	for ctx.Err() == nil {
		var again <-chan time.Time
		if err := s.again(ctx); err != nil {
			s.Log.Warn("the status page is not made; it is tried again", "error", err, "after", wait)
			again = time.After(wait) // a disk is outside: its time is real
			wait = min(2*wait, longestRetry)
		} else {
			wait = firstRetry
			again = s.Clock.Until(s.Clock.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour))
		}
		select {
		case <-ctx.Done():
		case <-again:
		}
	}
	return nil
}

func (s *Site) again(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return err
	}
	return s.publish()
}

// Degraded says what does not work, a sentence each.
func (s *Site) Degraded() []string {
	why, since := s.trouble.now()
	if why == "" {
		return nil
	}
	return []string{"The files of the status page cannot be written since " + since.UTC().Format("15:04 UTC") + ", so they show what they showed then: " + why}
}

// Published is what the record says now of a batch's incident, nil where nothing of it was published, and how the components
// do; for who tells others the same.
func (s *Site) Published(ctx context.Context, b follow.Batch) (*Entry, map[string]State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return nil, nil, err
	}
	ids, err := s.concerned(ctx, b)
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	if err := s.refresh(ctx, b.Incident); err != nil {
		return nil, nil, err
	}
	entry, states := s.entries[b.Incident], map[string]State{}
	for _, c := range s.page().Components {
		states[c.Name] = c.State
	}
	return entry, states, nil
}
