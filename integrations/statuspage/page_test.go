package statuspage_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
)

var update = flag.Bool("update", false, "write the golden files anew")

func files(t *testing.T, p statuspage.Page) map[string]string {
	t.Helper()
	list, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range list {
		all[f.Name] = string(f.Body)
	}
	if list[len(list)-1].Name != "index.html" {
		t.Errorf("the first page is not the last file: %s", list[len(list)-1].Name)
	}
	return all
}

// TestGolden_MainStory: every file of the site on a bad night, and of a quiet one.
func TestGolden_MainStory(t *testing.T) {
	for name, p := range map[string]statuspage.Page{
		"night":  statuspage.Compose(settings, mainStory(t), night.Add(55*time.Minute)),
		"quiet":  statuspage.Compose(statuspage.Settings{Title: "Example status", Components: settings.Components}, nil, night),
		"shaped": statuspage.Compose(settings, shapedStory(t), night.Add(40*time.Minute)),
	} {
		dir := filepath.Join("testdata", name)
		have := files(t, p)
		delete(have, "style.css") // as it stands in pages/
		delete(have, "icon.svg")
		if *update {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		for file, body := range have {
			path := filepath.Join(dir, file)
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(want, []byte(body)) {
				t.Errorf("%s/%s is not its golden file (%v); run with -update and read the difference", name, file, err)
			}
		}
	}
}

// TestI41_NothingInternalReachesThePage: what responders write among themselves is in no file, in no form.
func TestI41_NothingInternalReachesThePage(t *testing.T) {
	for name, body := range files(t, statuspage.Compose(settings, mainStory(t), night.Add(55*time.Minute))) {
		for _, word := range []string{"payroll", "db1", "s3:", "42,113", "Ana", "Bea", "example.com/", "R7", "INC-", "legal", "elastic", "node 3", "pay1", "heap", "U0", "ledger", "cert", "drill", "corruption"} {
			if strings.Contains(strings.ReplaceAll(body, "https://status.example.com/", ""), word) {
				t.Errorf("%s holds %q", name, word)
			}
		}
		if strings.Contains(name, "42") && !strings.Contains(name, "/") {
			t.Errorf("%s tells a number", name)
		}
	}
}

// TestReopenedAndResolvedAreShown, in drbot's own sentence where nobody wrote another.
func TestReopenedAndResolvedAreShown(t *testing.T) {
	w := newTape(t, 1, night, incident.Opened{Severity: 3}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Slow.", Status: incident.Investigating}).
		add(2, incident.Resolved{By: ana}).add(3, incident.Reopened{By: ana, Reason: "secret"}).add(4, incident.Resolved{By: ana, To: everybody, Public: "Fast."}).
		add(5, incident.Reopened{By: ana, Reason: "secret"}).add(6, incident.Merged{Into: 9, By: ana})
	want := "investigating: Slow. | resolved: This incident has been resolved. | investigating: This is open again: work on it goes on. | resolved: Fast. | " +
		"investigating: This is open again: work on it goes on. | resolved: This is now handled together with another incident."
	var said []string
	for _, u := range w.read().Updates {
		said = append(said, string(u.Stage)+": "+u.Words)
	}
	if got := strings.Join(said, " | "); got != want {
		t.Errorf("got %s", got)
	}
}

// TestI44_DrillsAreNeverPublished, whatever a message of theirs says.
func TestI44_DrillsAreNeverPublished(t *testing.T) {
	d := newTape(t, 1, night, incident.Opened{Title: "x", Severity: 1, Drill: true}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "words", Status: incident.Investigating}).add(2, incident.Resolved{By: ana, To: everybody, Public: "over"})
	if e := d.read(); e != nil {
		t.Errorf("published: %+v", e)
	}
}

func compose(at time.Time, tapes ...*tape) statuspage.Page {
	var entries []*statuspage.Entry
	for _, w := range tapes {
		if e := w.read(); e != nil {
			entries = append(entries, e)
		}
	}
	return statuspage.Compose(settings, entries, at)
}

func component(p statuspage.Page, name string) statuspage.State {
	for _, c := range p.Components {
		if c.Name == name {
			return c.State
		}
	}
	return -1
}

// TestComponentStates: of severity and status of what was published last; the worst incident wins; a change that nobody was
// told of shows with the next message.
func TestComponentStates(t *testing.T) {
	sent := func(n int, s incident.Status) incident.Event {
		return incident.UpdateSent{By: ana, Number: n, To: everybody, Public: "words", Status: s}
	}
	a := newTape(t, 1, night, incident.Opened{Severity: 2, Services: []string{"Users"}})
	b := newTape(t, 2, night, incident.Opened{Severity: 3, Services: []string{"users", "search"}})
	expect := func(what string, login, search, whole statuspage.State) {
		t.Helper()
		p := compose(night.Add(9*time.Hour), a, b)
		if component(p, "Login") != login || component(p, "Search") != search || p.State != whole {
			t.Errorf("%s: login %s, search %s, whole %s", what, component(p, "Login").Words(), component(p, "Search").Words(), p.State.Words())
		}
	}
	expect("nothing published", statuspage.Operational, statuspage.Operational, statuspage.Operational)
	a.add(1, sent(1, incident.Investigating))
	expect("SEV-2", statuspage.Partial, statuspage.Operational, statuspage.Partial)
	a.add(2, incident.SeveritySet{By: ana, From: 2, To: 1, Reason: "worse"})
	expect("raised, not said", statuspage.Partial, statuspage.Operational, statuspage.Partial)
	a.add(3, sent(2, incident.Identified))
	b.add(3, sent(1, incident.Investigating))
	expect("SEV-1 and SEV-3", statuspage.Major, statuspage.Degraded, statuspage.Major)
	a.add(4, sent(3, incident.Monitoring))
	expect("watched", statuspage.Degraded, statuspage.Degraded, statuspage.Degraded)
	a.add(5, incident.Resolved{By: ana})
	b.add(5, incident.Resolved{By: ana, FalseAlarm: true, Reason: "x"})
	expect("over", statuspage.Operational, statuspage.Operational, statuspage.Operational)
	a.add(6, incident.Reopened{By: ana, Reason: "again"})
	expect("again", statuspage.Major, statuspage.Operational, statuspage.Major)
}

// TestMaintenance: scheduled, in progress as drbot speaks the window's instant, completed when a person says so; moved and called off.
func TestMaintenance(t *testing.T) {
	from, until := night.Add(2*time.Hour), night.Add(3*time.Hour)
	key := func(what string, at time.Time) incident.DeadlineSpoken {
		return incident.DeadlineSpoken{Key: "window/" + what + "/" + at.UTC().Format("20060102T150405Z"), Due: at}
	}
	w := newTape(t, 1, night, incident.Opened{Severity: 4, Services: []string{"users"}}).
		add(0, incident.WindowSet{By: ana}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins pause.", Status: incident.Investigating})
	if p := compose(night.Add(time.Minute), w); len(p.Scheduled) != 1 || p.State != statuspage.Operational || !strings.Contains(files(t, p)["index.html"], "the time will be said here") {
		t.Errorf("without a time: %+v", p)
	}
	w.add(2, incident.WindowSet{By: ana, From: from, Until: until})
	if p := compose(night.Add(3*time.Minute), w); len(p.Scheduled) != 1 || p.Scheduled[0].Stage != statuspage.Scheduled || !p.Scheduled[0].Began.Equal(from) {
		t.Errorf("scheduled: %+v", p.Scheduled)
	}
	w.add(120, key("begin", from))
	if p := compose(from.Add(time.Minute), w); len(p.Current) != 1 || p.Current[0].Stage != statuspage.InProgress || p.State != statuspage.Maintenance || component(p, "Login") != statuspage.Maintenance {
		t.Errorf("in progress: %+v", p)
	}
	w.add(180, key("end", until))
	if p := compose(until.Add(time.Minute), w); len(p.Current) != 1 || p.Current[0].Stage != statuspage.InProgress || p.State != statuspage.Maintenance {
		t.Errorf("over its window: %+v", p)
	}
	w.add(181, incident.WindowSet{By: ana, From: from, Until: until.Add(time.Hour)})
	if p := compose(until.Add(2*time.Minute), w); len(p.Current) != 1 || p.Current[0].Stage != statuspage.InProgress {
		t.Errorf("longer: %+v", p)
	}
	w.add(200, incident.Resolved{By: ana})
	if p := compose(until.Add(time.Hour), w); len(p.Past) != 1 || p.Past[0].Updates[0].Stage != statuspage.Completed || p.Past[0].Updates[0].Words != "This maintenance is completed." {
		t.Errorf("resolved: %+v", p.Past)
	}
	w.add(300, incident.Reopened{By: ana, Reason: "one table is left"})
	if p := compose(until.Add(3*time.Hour), w); len(p.Current) != 1 || p.Current[0].Stage != statuspage.InProgress || component(p, "Login") != statuspage.Maintenance {
		t.Errorf("reopened: %+v", p)
	}
	off := newTape(t, 2, night, incident.Opened{Severity: 4, Services: []string{"users"}}).
		add(1, incident.WindowSet{By: ana, From: from, Until: until}, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins pause.", Status: incident.Investigating}).
		add(2, incident.Resolved{By: ana, Summary: "later", CalledOff: true})
	p := compose(until.Add(time.Hour), off)
	if len(p.Past) != 1 || p.Past[0].Stage != statuspage.Canceled || p.Past[0].Updates[0].Words != "This maintenance was canceled: it does not take place." {
		t.Errorf("called off: %+v", p.Past)
	}
	if page := files(t, p)["index.html"]; !strings.Contains(page, "Canceled") || !strings.Contains(page, "Would have affected: <bdi>Login") || strings.Contains(page, "Completed") || strings.Contains(page, "(Operational)") {
		t.Error(page)
	}
}

// TestSecondLookHoldsThePage: a resolution whose words wait for another person is not announced before; sent back, not until
// other words have left.
func TestSecondLookHoldsThePage(t *testing.T) {
	w := newTape(t, 1, night, incident.Opened{Severity: 1, Services: []string{"users"}}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins fail.", Status: incident.Investigating}).
		add(2, incident.Resolved{By: ana, To: everybody[:2]}, incident.UpdateDrafted{Draft: 1, Number: 0, Version: 1, By: ana, To: everybody[2:], Public: "unseen words", Status: incident.Over})
	if p := compose(night.Add(time.Hour), w); len(p.Current) != 1 || p.State != statuspage.Major || len(p.Current[0].Updates) != 1 {
		t.Errorf("ahead of the second look: %+v", p)
	}
	w.add(3, incident.UpdateReviewed{Draft: 1, By: bea, Why: "name no customer"})
	if p := compose(night.Add(time.Hour), w); len(p.Current) != 1 || p.State != statuspage.Major || len(p.Current[0].Updates) != 1 {
		t.Errorf("ahead of what was sent back: %+v", p)
	}
	w.add(4, incident.UpdateDrafted{Draft: 2, Number: 0, Version: 1, By: ana, To: everybody[2:], Public: "Logins work.", Status: incident.Over})
	w.add(5, incident.UpdateReviewed{Draft: 2, By: bea, Accepted: true}, incident.UpdateSent{By: ana, Number: 0, To: everybody[2:], Public: "Logins work.", Status: incident.Over, Draft: 2})
	p := compose(night.Add(time.Hour), w)
	if len(p.Past) != 1 || len(p.Past[0].Updates) != 2 || p.Past[0].Updates[0].Words != "Logins work." || !p.Past[0].Ended.Equal(night.Add(2*time.Minute)) {
		t.Errorf("after it: %+v", p.Past)
	}
}

// TestSecondLookHoldsMaintenanceInProgress: the phase that the page shows is the one before the end, and not that of the last
// words.
func TestSecondLookHoldsMaintenanceInProgress(t *testing.T) {
	from := night.Add(time.Hour)
	w := newTape(t, 1, night, incident.Opened{Severity: 4, Services: []string{"users"}}).
		add(0, incident.WindowSet{By: ana, From: from, Until: from.Add(time.Hour)}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins pause.", Status: incident.Investigating}).
		add(60, incident.DeadlineSpoken{Key: "window/begin/" + from.UTC().Format("20060102T150405Z"), Due: from}).
		add(100, incident.Resolved{By: ana, To: everybody[:2]}, incident.UpdateDrafted{Draft: 1, Version: 1, By: ana, To: everybody[2:], Public: "Done.", Status: incident.Over})
	if p := compose(from.Add(50*time.Minute), w); len(p.Current) != 1 || p.Current[0].Stage != statuspage.InProgress || p.State != statuspage.Maintenance {
		t.Errorf("while the end waits: %+v", p)
	}
}

// TestI44_WhatNeverWasPublicStaysSo: a reopening while the words for the end wait, or were sent back, leaves no end and no
// "open again" behind; an end that the public read stays, and so does its reopening.
func TestI44_WhatNeverWasPublicStaysSo(t *testing.T) {
	over := func(draft int) []incident.Event {
		return []incident.Event{incident.Resolved{By: ana, To: everybody[:2]}, incident.UpdateDrafted{Draft: draft, Version: 1, By: ana, To: everybody[2:], Public: "unseen words", Status: incident.Over}}
	}
	back := incident.UpdateReviewed{Draft: 2, By: bea, Why: "name no customer"}
	w := newTape(t, 1, night, incident.Opened{Severity: 1, Services: []string{"users"}}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins fail.", Status: incident.Investigating}).
		add(2, over(1)...).add(72, incident.Reopened{By: ana, Reason: "secret"})
	for _, what := range []string{"while it waits", "after it was sent back"} {
		page := files(t, compose(night.Add(2*time.Hour), w))
		for _, name := range []string{"index.html", "history.html", "status.json", "feed.atom"} {
			if body := page[name]; strings.Contains(body, "has been resolved") || strings.Contains(body, "open again") || strings.Contains(body, "unseen") {
				t.Errorf("%s: %s tells of an end:\n%s", what, name, body)
			}
		}
		if e := w.read(); len(e.Updates) != 1 || e.Stage != statuspage.Investigating || !e.Ended.IsZero() {
			t.Errorf("%s: %+v", what, e)
		}
		if what == "while it waits" {
			w.add(80, over(2)...).add(81, back, incident.Reopened{By: ana, Reason: "secret"})
		}
	}
	w.add(90, incident.Resolved{By: ana}).add(91, incident.Reopened{By: ana, Reason: "again"})
	if e := w.read(); len(e.Updates) != 3 || e.Updates[1].Stage != statuspage.Resolved || e.Updates[2].Stage != statuspage.Investigating {
		t.Errorf("an end that was shown: %+v", e)
	}
}

// TestHistoryIsOf90Days, and the bytes depend on nothing but the facts and the day.
func TestHistoryIsOf90Days(t *testing.T) {
	w := newTape(t, 1, night, incident.Opened{Severity: 3}).add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Slow.", Status: incident.Investigating}).add(2, incident.Resolved{By: ana})
	for days, want := range map[int]int{0: 1, 89: 1, 91: 0} {
		if p := compose(night.Add(time.Duration(days)*24*time.Hour), w); len(p.Past) != want {
			t.Errorf("after %d days: %d", days, len(p.Past))
		}
	}
	entries := mainStory(t)
	first := files(t, statuspage.Compose(settings, entries, night.Add(55*time.Minute)))
	for k := range entries {
		entries[0], entries[k] = entries[k], entries[0]
		for name, body := range files(t, statuspage.Compose(settings, entries, night.Add(time.Hour))) {
			if first[name] != body {
				t.Errorf("%s changed with the order of the incidents", name)
			}
		}
	}
}
