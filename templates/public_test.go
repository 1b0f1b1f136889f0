package templates

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// publicForm has every field with a public source, one without, and what a runbook says besides.
var publicForm = Form4{Key: StatusPage, Body: `**State now: [[page_status]]**
Number [[id]], [[severity]]

_[[date]], [[time]]_ · [[update_message]]

There is [[issue]].

What it touches:
- [[services]]

**What you may see:**
* [[symptoms]]

Our people are at it.

Whom to ask:
- [[impact]]

Written [[last_updated]]`}

const publicWords = "Logins fail\n\nNobody can log in since 03:00.\n- The page of the login stays white\n- Payments are refused\n\nNews by 04:00."

func publicMessage() Public {
	return Public{Severity: 1, Status: incident.Identified, Components: []string{"Login", "Payments"}, Words: publicWords, First: true, At: at("03:30"), Now: at("03:30")}
}

// TestOnPage is the runbook's message in each state of an incident and of maintenance: never a placeholder, never a line that is
// not true then.
func TestOnPage(t *testing.T) {
	for name, change := range map[string]func(*Public, *Form4){
		"outage":  func(*Public, *Form4) {},
		"partial": func(p *Public, _ *Form4) { p.Severity, p.First, p.Components = 2, false, p.Components[:1] },
		"watched": func(p *Public, _ *Form4) {
			p.Status, p.Words, p.First = incident.Monitoring, "It is back, and we watch it.", false
		},
		"untouched":  func(p *Public, _ *Form4) { p.Components, p.Words = nil, "Logins fail." },
		"edited":     func(p *Public, _ *Form4) { p.Now = at("03:50") },
		"over":       func(p *Public, _ *Form4) { p.Status, p.First = incident.Over, false },
		"scheduled":  func(p *Public, _ *Form4) { p.Severity, p.Phase = 4, incident.Scheduled },
		"inprogress": func(p *Public, _ *Form4) { p.Severity, p.Phase, p.First = 4, incident.InProgress, false },
		"completed":  func(p *Public, _ *Form4) { p.Severity, p.Phase, p.First = 4, incident.Completed, false },
		"calledoff": func(p *Public, _ *Form4) {
			p.Severity, p.Status, p.Phase, p.First = 4, incident.Over, "called off", false
		},
		"nosymptoms": func(_ *Public, f *Form4) { f.Body = "[[issue]].\n[[update_message]] (us)" },
		"onlylist": func(p *Public, f *Form4) {
			p.Words, f.Body = "- No logins\n- No payments", "At [[time]]: [[update_message]]"
		},
		"lostlist": func(_ *Public, f *Form4) { f.Body = "[[update_message]]\n\nSigns ([[severity]]): [[symptoms]]" },
	} {
		p, form := publicMessage(), publicForm
		change(&p, &form)
		page := OnPage(form, p)
		if page == nil {
			t.Errorf("%s: the words stand as they were typed", name)
			continue
		}
		golden(t, "page/"+name+".txt", "Title: "+page.Title+"\n\n"+page.Text)
		for _, never := range []string{"[[", "**", "_", "Number", "Whom to ask", "  "} {
			if strings.Contains(page.Text, never) {
				t.Errorf("%s holds %q:\n%s", name, never, page.Text)
			}
		}
		for _, word := range strings.Fields(strings.NewReplacer("- ", "", "\n", " ").Replace(p.Words)) { // nothing that was typed is lost
			if !strings.Contains(page.Title+" "+page.Text, word) {
				t.Errorf("%s lost %q:\n%s", name, word, page.Text)
			}
		}
	}
}

// TestOnPage_LosesNoTypedWord, of random messages in random states: whatever the runbook asks for, all that was typed is read,
// in lines, without a placeholder.
func TestOnPage_LosesNoTypedWord(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	fields := append([]string{"severity", "impact", "title"}, incident.PublicFields...)
	shapes := []string{"[[%s]]", "- [[%s]]", "* [[%s]]", "Words: [[%s]]", "**[[%s]]**", "_Words_ [[%s]] (words)", "Words:", "", "Words."}
	typed := []string{"alpha", "beta beta", "- gamma", "- delta [[severity]]", "", "* epsilon", "zeta:"}
	for range 3000 {
		var body, words []string
		for range 1 + r.IntN(8) {
			line := ""
			for range 1 + r.IntN(2) {
				if shape := shapes[r.IntN(len(shapes))]; strings.Contains(shape, "%s") {
					line += strings.Replace(shape, "%s", fields[r.IntN(len(fields))], 1)
				} else {
					line += shape
				}
			}
			body = append(body, line)
		}
		for range 1 + r.IntN(6) {
			words = append(words, typed[r.IntN(len(typed))])
		}
		p := Public{
			Severity: 1 + r.IntN(4), Status: []incident.Status{incident.Investigating, incident.Monitoring, incident.Over}[r.IntN(3)], Phase: []incident.Phase{"", "", incident.Scheduled, incident.Completed}[r.IntN(4)],
			Components: []string{"Login", "Payments"}[:r.IntN(3)], Words: incident.Written(strings.Join(words, "\n")), First: r.IntN(2) == 0, At: at("03:30"), Now: at("03:40"),
		}
		if p.Words == "" {
			continue
		}
		page := OnPage(Form4{Body: strings.Join(body, "\n")}, p)
		if page == nil {
			continue
		}
		for word := range strings.FieldsSeq(p.Words) {
			if word = strings.Trim(word, "-*:"); !strings.Contains(page.Title+" "+page.Text, word) {
				t.Fatalf("%q is lost of\n%s\nin\n%s\nas\n%s", word, p.Words, strings.Join(body, "\n"), page.Text)
			}
		}
		if rest := strings.ReplaceAll(page.Text, "[[severity]]", ""); strings.Contains(rest, "[[") || strings.Contains(rest, "\n\n\n") {
			t.Fatalf("of\n%s\nin\n%s\nas\n%s", p.Words, strings.Join(body, "\n"), page.Text)
		}
	}
}

// TestOnPage_WithoutAPlaceForTheWords: then they stand as they were typed.
func TestOnPage_WithoutAPlaceForTheWords(t *testing.T) {
	for _, body := range []string{"", " \n", "State: [[page_status]]", "[[severity]]: [[update_message]]"} {
		if page := OnPage(Form4{Key: StatusPage, Body: body}, publicMessage()); page != nil {
			t.Errorf("%q: %+v", body, page)
		}
	}
}

func TestUnstyled(t *testing.T) {
	for text, want := range map[string]string{
		"**a** b **c**": "a b c", "**a": "**a", "_a b_": "a b", "__a__, (_b_)": "a, (b)", "_[[last_updated]]_": "[[last_updated]]", "[[update_message]] [[page_status]]": "[[update_message]] [[page_status]]",
		"snake_case and _x": "snake_case and _x", "**Now: _[[page_status]]_**": "Now: [[page_status]]",
	} {
		if got := unstyled(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestTheRunbooksBoldIsBold wherever it is shown, and never a pair of **.
func TestTheRunbooksBoldIsBold(t *testing.T) {
	i := restoring().Incident
	e := sentTo(i, "Restoring.", "Logins fail.")
	e.Outward, e.Opening = "**Status:** Identified", ""
	d := draftedFrom(e)
	for name, m := range map[string]Message{
		"announcement": Announcement(i, Facts{}, "**Status:** Identified"), "preview": previewed(i, e), "second look": SecondLook(i, &incident.Outgoing{UpdateDrafted: d, State: incident.LookWaits}, outletNames),
	} {
		bold := false
		each(m, func(s Span) { bold = bold || s.Text == "Status:" && s.Style == Bold })
		if text := Text(m); !bold || strings.Contains(text, "**") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// publicCards are what is shown of a message for the page before it leaves.
func publicCards(add func(string, Message)) {
	s := restoring()
	e := sentTo(s.Incident, "Restoring the users database.", publicWords)
	e.To, e.Page = []incident.Audience{incident.AudienceResponders, incident.AudienceStatus}, OnPage(publicForm, publicMessage())
	add("messages/previewpage", previewed(s.Incident, e))
	d := draftedFrom(e)
	d.To, d.Page = []incident.Audience{incident.AudienceStatus}, e.Page
	s.say("03:30", d)
	add("messages/lookpage", SecondLook(s.Incident, s.Outgone(3), outletNames))
	end := incident.Resolved{By: ana, Summary: "Restored.", To: []incident.Audience{incident.AudienceStatus}, Public: "Logins work again.", Page: &incident.PageWords{Text: "State now: Operational\n\nLogins work again."}}
	add("messages/previewpageend", previewed(s.Incident, end))
}

// TestLookSize_CountsWhatStandsOnThePage, not what was typed for it.
func TestLookSize_CountsWhatStandsOnThePage(t *testing.T) {
	d := incident.UpdateDrafted{Number: 1, Version: 1, Outward: "mail", Public: "typed", Page: &incident.PageWords{Text: strings.Repeat("x", 100)}}
	if n := LookSize(d); n != 104 {
		t.Error(n)
	}
}

// pageAll says what stands on the page in every state.
func pageAll() {
	p := publicMessage()
	for p.Severity = 1; p.Severity <= 3; p.Severity++ {
		for _, p.Phase = range []incident.Phase{"", incident.InProgress, incident.Completed} {
			OnPage(publicForm, p)
		}
	}
	Preview(restoring().Incident, []incident.Event{incident.UpdateSent{To: []incident.Audience{incident.AudienceStatus}, Public: "x", Page: &incident.PageWords{Title: "x", Text: "x"}, Due: time.Time{}}}, nil)
}
