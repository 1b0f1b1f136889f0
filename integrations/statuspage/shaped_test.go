package statuspage_test

import (
	"errors"
	"html"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

// shapedForm is a message for the status page such as a runbook has.
var shapedForm = templates.Form4{Key: templates.StatusPage, Body: `**Status now: [[page_status]]**

[[date]] [[time]] - [[update_message]]

There is [[issue]].

What is affected:
- [[services]]

What you may see:
- [[symptoms]]

We work on it. You read more here.

Written: [[last_updated]]`}

// shaped are the typed words in that form.
func shaped(p templates.Public) *incident.PageWords { return templates.OnPage(shapedForm, p) }

// shapedStory is a night that is told in the runbook's form, and the end of another incident.
func shapedStory(t *testing.T) []*statuspage.Entry {
	t.Helper()
	first := templates.Public{
		Severity: 1, Status: incident.Investigating, Components: []string{"Login", "Payments"}, First: true, At: night.Add(15 * time.Minute), Now: night.Add(15 * time.Minute),
		Words: "Logins fail for everybody\nSince 02:00 nobody can log in, and payments are delayed.\n\nWe look into it.\n- The login shows a white page\n- A payment is shown as pending for up to an hour",
	}
	second := templates.Public{Severity: 1, Status: incident.Identified, Components: first.Components, At: night.Add(30 * time.Minute), Now: night.Add(34 * time.Minute), Words: "We know the cause and restore the backup of 02:00.\n- Logins fail"}
	logins := newTape(t, 42, night, incident.Opened{Title: "Users DB corrupted on db1", Severity: 1, Services: []string{"users", "ledger"}}).
		add(15, incident.UpdateSent{By: bea, Number: 1, To: everybody, Public: first.Words, Page: shaped(first), Status: incident.Investigating}).
		add(30, incident.UpdateSent{By: bea, Number: 2, To: everybody, Public: "x", Page: &incident.PageWords{Text: "x"}, Status: incident.Identified}).
		add(34, incident.UpdateEdited{Number: 2, Version: 2, By: bea, To: everybody, Public: second.Words, Page: shaped(second)})
	ended := templates.Public{Severity: 3, Status: incident.Over, At: night.Add(-30 * time.Minute), Now: night.Add(-30 * time.Minute), Words: "Search is as fast as it was."}
	slow := templates.Public{Severity: 3, Status: incident.Monitoring, Components: []string{"Search"}, First: true, At: night.Add(-time.Hour), Now: night.Add(-time.Hour), Words: "Search answers slowly."}
	search := newTape(t, 7, night.Add(-2*time.Hour), incident.Opened{Title: "elastic node 3 OOM", Severity: 3, Services: []string{"search"}}).
		add(60, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: slow.Words, Page: shaped(slow), Status: incident.Monitoring}).
		add(90, incident.Resolved{By: ana, To: everybody, Public: ended.Words, Page: shaped(ended)})
	return []*statuspage.Entry{logins.read(), search.read()}
}

// TestShaped_TheTitleComesFromTheTypedWords, and what is shown is the form around them; words without one stand as typed.
func TestShaped_TheTitleComesFromTheTypedWords(t *testing.T) {
	have := files(t, statuspage.Compose(settings, shapedStory(t), night.Add(40*time.Minute)))
	index := have["index.html"]
	for _, want := range []string{
		">Logins fail for everybody</a>", `<p dir="auto">Status now: Major outage</p>`, "<p dir=\"auto\">What is affected:</p>\n<ul class=\"items\">\n<li dir=\"auto\">Login</li>\n<li dir=\"auto\">Payments</li>\n</ul>",
		`<li dir="auto">Logins fail</li>`, ">Incident: Search</a>", "24 Nov 2026 02:30 UTC - We know the cause",
	} {
		if !strings.Contains(index, want) {
			t.Errorf("the first page lacks %q", want)
		}
	}
	if strings.Count(index, "Logins fail for everybody") != 1 || strings.Contains(index, "**") {
		t.Error("the title stands in the text too, or the form's emphasis")
	}
	late := newTape(t, 8, night, incident.Opened{Severity: 2}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Title\ntext", Status: incident.Investigating}).
		add(2, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "More\nwords", Page: &incident.PageWords{Title: "More", Text: "It is now so: words"}, Status: incident.Investigating})
	p := compose(night.Add(time.Hour), late)
	if i := p.Current[0]; i.Title != "Title" || i.Updates[1].Words != "text" || i.Updates[0].Words != "More\nIt is now so: words" {
		t.Errorf("%+v", i)
	}
}

// TestShaped_AMessageTellsWhatItsWriterSaw: what waited for a second look brings the state that its words tell.
func TestShaped_AMessageTellsWhatItsWriterSaw(t *testing.T) {
	w := newTape(t, 1, night, incident.Opened{Severity: 2, Services: []string{"users"}}).
		add(1, incident.UpdateDrafted{Draft: 1, Number: 1, Version: 1, By: ana, To: everybody[2:], Public: "Some logins fail.", Status: incident.Investigating}).
		add(2, incident.SeveritySet{By: ana, From: 2, To: 1, Reason: "worse"}).
		add(3, incident.UpdateReviewed{Draft: 1, By: bea, Accepted: true}, incident.UpdateSent{By: ana, Number: 1, To: everybody[2:], Public: "Some logins fail.", Status: incident.Investigating, Draft: 1})
	if p := compose(night.Add(time.Hour), w); p.State != statuspage.Partial {
		t.Errorf("%s", p.State.Words())
	}
}

// TestStates_AreThoseOfTheRunbooksMessage: one table for both.
func TestStates_AreThoseOfTheRunbooksMessage(t *testing.T) {
	for state, words := range map[statuspage.State]string{
		statuspage.Operational: "Operational", statuspage.Maintenance: "Under maintenance", statuspage.Degraded: "Degraded performance", statuspage.Partial: "Partial outage", statuspage.Major: "Major outage",
	} {
		if state.Words() != words {
			t.Errorf("%s: %q", state.Name(), state.Words())
		}
	}
}

// TestShaped_OnTheSourceRunbook: every line of its message stands on the page, its lists as lists. Its sentences are read from
// it, since they are not of this repository.
func TestShaped_OnTheSourceRunbook(t *testing.T) {
	src, err := os.ReadFile("../../../shared/seed/DISASTER_RECOVERY.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the source runbook is not beside this checkout (../shared/seed)")
	}
	if err != nil {
		t.Fatal(err)
	}
	rb, err := runbook.Parse(src, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := templates.Public{Severity: 1, Status: incident.Identified, Components: []string{"Login", "Payments"}, At: night, Now: night, First: true, Words: "Logins fail\nNobody can log in.\n- A white page\n- No mail"}
	form := templates.Form4{Body: rb.Template(templates.StatusPage).Body}
	page := templates.OnPage(form, p)
	if page == nil {
		t.Fatal("its message has no place for the words")
	}
	w := newTape(t, 1, night, incident.Opened{Severity: 1, Services: []string{"users", "payments"}}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: p.Words, Page: page, Status: incident.Identified})
	index := html.UnescapeString(files(t, compose(night.Add(time.Hour), w))["index.html"])
	for line := range strings.Lines(page.Text) {
		want := strings.TrimSpace(line)
		if item, ok := strings.CutPrefix(want, "- "); ok {
			want = `<li dir="auto">` + item + "</li>"
		}
		if !strings.Contains(index, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(index, `<ul class="items">`); n != 2 || strings.Contains(index, "**") || strings.Contains(index, "[") || !strings.Contains(index, ">Logins fail</a>") {
		t.Errorf("%d lists, or a mark of the text:\n%s", n, index)
	}
}
