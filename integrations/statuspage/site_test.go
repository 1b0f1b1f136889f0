package statuspage_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// frozen is a clock that stands.
type frozen struct{ now time.Time }

func (c *frozen) Now() time.Time                   { return c.now }
func (c *frozen) Until(time.Time) <-chan time.Time { return nil }
func at(minutes int) *frozen                       { return &frozen{night.Add(time.Duration(minutes) * time.Minute)} }
func newSite(dir string, s *shelf, c *frozen) *statuspage.Site {
	return statuspage.New(statuspage.Options{Settings: settings, Dir: dir, Record: s, Clock: c})
}

// caller is the follower loop as far as these tests need it: a cursor, its notes, and the records after it.
type caller struct {
	f       follow.Follower
	through map[incident.ID]uint64
	notes   map[incident.ID]map[string]string
}

func calling(f follow.Follower) *caller {
	return &caller{f: f, through: map[incident.ID]uint64{}, notes: map[incident.ID]map[string]string{}}
}

// deliver gives one incident's wanted records one by one, and stops at an error, whose record comes again.
func (c *caller) deliver(t *testing.T, w *tape) error {
	t.Helper()
	if c.notes[w.id] == nil {
		c.notes[w.id] = map[string]string{}
	}
	for _, r := range w.list {
		if r.Seq <= c.through[w.id] || !c.f.Wants(r.Kind) {
			continue
		}
		done, err := c.f.Deliver(t.Context(), follow.Batch{Incident: w.id, Records: []state.Record{r}, Notes: maps.Clone(c.notes[w.id])})
		maps.Copy(c.notes[w.id], done.Notes)
		if err != nil {
			if !errors.As(err, new(follow.Unavailable)) {
				c.through[w.id] = r.Seq // parked
			}
			return err
		}
		c.through[w.id] = r.Seq
	}
	return nil
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestI48_TheSiteFollowsTheRecord: nothing published, nothing said; a message, its edit and the resolution are on the page
// when their delivery is over, and a site that starts anew makes the same page of the record alone.
func TestI48_TheSiteFollowsTheRecord(t *testing.T) {
	w := newTape(t, 42, night, incident.Opened{Title: "secret", Severity: 1, Services: []string{"users"}})
	s, c, dir := newShelf(w), at(60), filepath.Join(t.TempDir(), "data", "statuspage")
	site := newSite(dir, s, c)
	loop := calling(site)
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	w.add(5, incident.UpdateSent{By: ana, Number: 1, To: everybody[:2], Text: "inside"})
	w.add(6, incident.UpdateSent{By: ana, Number: 2, To: everybody, Text: "inside", Public: "Logins fail.", Status: incident.Investigating})
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	if page := read(t, dir, "index.html"); !strings.Contains(page, "Logins fail.") || strings.Contains(page, "inside") {
		t.Errorf("after a message:\n%s", page)
	}
	w.add(7, incident.UpdateEdited{Number: 2, Version: 2, By: ana, To: everybody, Public: "Some logins fail."}).add(9, incident.Resolved{By: ana, To: everybody, Public: "Logins work."})
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	entry := w.read()
	if page := read(t, dir, "incidents/"+entry.ID+".html"); !strings.Contains(page, "Some logins fail.") || !strings.Contains(page, "edited") || !strings.Contains(page, "Logins work.") {
		t.Errorf("after the resolution:\n%s", page)
	}
	again := t.TempDir()
	runOnce(t, newSite(again, s, c), func() bool { return exists(filepath.Join(again, "index.html")) })
	same(t, dir, again)
	for _, f := range []string{"index.html.new", "status.json.new"} {
		if exists(filepath.Join(dir, f)) {
			t.Errorf("%s is left", f)
		}
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// runOnce runs a site until something holds.
func runOnce(t *testing.T, s *statuspage.Site, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = s.Run(ctx) })
	defer all.Wait()
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Error("the page never came")
			return
		}
	}
}

func same(t *testing.T, a, b string) {
	t.Helper()
	left, right := tree(t, a), tree(t, b)
	for name := range left {
		if left[name] != right[name] {
			t.Errorf("%s differs", name)
		}
	}
	if len(left) != len(right) {
		t.Errorf("%d files and %d", len(left), len(right))
	}
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		all[name] = read(t, dir, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestI48_ADirectoryThatCannotBeWritten delays the page and loses nothing: it is said, served right meanwhile, and written
// when it can be. What others keep in the directory stays.
func TestI48_ADirectoryThatCannotBeWritten(t *testing.T) {
	w := newTape(t, 42, night, incident.Opened{Severity: 1, Services: []string{"users"}}).
		add(5, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins fail.", Status: incident.Investigating})
	dir := filepath.Join(t.TempDir(), "statuspage")
	if err := os.WriteFile(dir, []byte("a file where the directory goes"), 0o600); err != nil {
		t.Fatal(err)
	}
	site := newSite(dir, newShelf(w), at(60))
	loop := calling(site)
	var later follow.Unavailable
	if err := loop.deliver(t, w); !errors.As(err, &later) {
		t.Fatalf("not an outage: %v", err)
	}
	if d := site.Degraded(); len(d) != 1 || !strings.Contains(d[0], "since 03:00 UTC") {
		t.Errorf("said: %q", d)
	}
	if code, body, _ := get(site, "/", nil); code != http.StatusOK || !strings.Contains(body, "Logins fail.") {
		t.Errorf("served %d: %s", code, body)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{dir, filepath.Join(dir, "incidents")} {
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range map[string]string{"robots.txt": "theirs", "incidents/about.html": "theirs", "incidents/0123456789ab.html": "ours, and old", "index.html.new": "half a"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	if d := site.Degraded(); len(d) != 0 {
		t.Errorf("still said: %q", d)
	}
	files := tree(t, dir)
	if files["robots.txt"] != "theirs" || files["incidents/about.html"] != "theirs" || files["incidents/0123456789ab.html"] != "" || files["index.html.new"] != "" {
		t.Errorf("left: %v", slicesOf(files))
	}
	if !strings.Contains(files["index.html"], "Logins fail.") {
		t.Error("the page is not there")
	}
}

func slicesOf(m map[string]string) (names []string) {
	for n := range m {
		names = append(names, n)
	}
	return names
}

// TestReaderNeverSeesHalfAPage: while the page is replaced again and again, every file is whole and every link of the first
// page leads to a file.
func TestReaderNeverSeesHalfAPage(t *testing.T) {
	dir := t.TempDir()
	w := newTape(t, 1, night, incident.Opened{Severity: 1}).add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Words 0.", Status: incident.Investigating})
	s := newShelf(w)
	site := newSite(dir, s, at(60))
	loop := calling(site)
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			page, err := os.ReadFile(filepath.Join(dir, "index.html"))
			if err != nil || !strings.HasSuffix(string(page), "</html>\n") {
				t.Errorf("half a page: %v", err)
				return
			}
			for _, part := range strings.Split(string(page), `href="`)[1:] {
				if name, _, _ := strings.Cut(part, `"`); !exists(filepath.Join(dir, name)) {
					t.Errorf("the page links to %s, which is not there", name)
					return
				}
			}
		}
	})
	for n := range 30 {
		more := newTape(t, incident.ID(100+n), night, incident.Opened{Severity: 2}).add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: strings.Repeat("Words. ", 1000), Status: incident.Identified})
		s.mu.Lock()
		s.tapes[more.id] = more
		s.mu.Unlock()
		if err := loop.deliver(t, more); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	all.Wait()
}

func get(h http.Handler, path string, head map[string]string) (int, string, http.Header) {
	r := httptest.NewRequest(http.MethodGet, "http://status.test/", nil)
	r.URL.Path = path
	for k, v := range head {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

// TestServing: known names alone, with what a cache needs; nothing else of the disk, no listing, no way out.
func TestServing(t *testing.T) {
	dir := t.TempDir()
	w := newTape(t, 42, night, incident.Opened{Severity: 1}).add(5, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins fail.", Status: incident.Investigating})
	site := newSite(dir, newShelf(w), at(60))
	if code, _, head := get(site, "/", nil); code != http.StatusServiceUnavailable || head.Get("Retry-After") == "" {
		t.Errorf("before it is made: %d", code)
	}
	if err := calling(site).deliver(t, w); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/": "text/html; charset=utf-8", "/index.html": "text/html; charset=utf-8", "/status.json": "application/json", "/feed.atom": "application/atom+xml; charset=utf-8",
		"/style.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml", "/history.html": "text/html; charset=utf-8", "/incidents/" + w.read().ID + ".html": "text/html; charset=utf-8",
	} {
		code, body, head := get(site, path, nil)
		if code != http.StatusOK || head.Get("Content-Type") != want || head.Get("ETag") == "" || !strings.Contains(head.Get("Cache-Control"), "max-age=") || head.Get("X-Content-Type-Options") != "nosniff" || body == "" {
			t.Errorf("%s: %d %v", path, code, head)
		}
		if code, body, _ := get(site, path, map[string]string{"If-None-Match": head.Get("ETag")}); code != http.StatusNotModified || body != "" {
			t.Errorf("%s again: %d", path, code)
		}
	}
	for _, path := range []string{"/incidents", "/incidents/", "/secret.txt", "/../drbot.db", "/..%2fdrbot.db", "/incidents/../../drbot.db", "//etc/passwd", "/index.html.new", "/index.html/", "/\x00", "/."} {
		if code, _, _ := get(site, path, nil); code != http.StatusNotFound {
			t.Errorf("%q: %d", path, code)
		}
	}
}

// TestRedactionTakesTheWordsAway: it stands in the house's stream.
func TestRedactionTakesTheWordsAway(t *testing.T) {
	dir := t.TempDir()
	w := newTape(t, 42, night, incident.Opened{Severity: 1}).
		add(5, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins fail.", Status: incident.Investigating}).
		add(6, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "The password is hunter2.", Status: incident.Investigating})
	site := newSite(dir, newShelf(w), at(60))
	if err := calling(site).deliver(t, w); err != nil {
		t.Fatal(err)
	}
	last := &w.list[len(w.list)-1]
	payload, err := incident.Encode(incident.UpdateSent{Number: 2})
	if err != nil {
		t.Fatal(err)
	}
	last.Payload, last.Redacted = payload, true
	gone := newTape(t, 0, night, incident.Opened{})
	gone.list = nil
	gone.add(7, incident.Redacted{Seq: last.Seq, By: bea, Why: "a secret"})
	if _, err := site.Deliver(t.Context(), follow.Batch{Records: gone.list}); err != nil {
		t.Fatal(err)
	}
	for name, body := range tree(t, dir) {
		if strings.Contains(body, "hunter2") {
			t.Errorf("%s still says it", name)
		}
	}
	if !strings.Contains(read(t, dir, "index.html"), "Logins fail.") {
		t.Error("the other words are gone too")
	}
}

// TestARedactedTitleNamesNothing: the page finds another name for the entry.
func TestARedactedTitleNamesNothing(t *testing.T) {
	w := newTape(t, 42, night, incident.Opened{Severity: 1, Services: []string{"users"}}).
		add(5, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: state.Blanked, Page: &incident.PageWords{Title: state.Blanked, Text: state.Blanked}, Status: incident.Investigating})
	w.list[len(w.list)-1].Redacted = true
	if p := compose(night.Add(time.Hour), w); len(p.Current) != 1 || p.Current[0].Title != "Incident: Login" {
		t.Errorf("%+v", p.Current)
	}
}
