package templates

import (
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// HomeFacts are what one person's App Home shows. The caller leaves out of a restricted incident of others everything
// but its number (I56): Summary then has its ID and Restricted alone, and Text says no more.
type HomeFacts struct {
	Facts
	Me      Contact // Key empty: not in the people table
	Waiting []HomeWaiting
	Open    []HomeIncident
	Tasks   []HomeTask
	Links   []string // "Slack ok", "PagerDuty not reachable since 03:05"
	Record  string   // "ok", or what is wrong
	Runbook string   // revision
	Changed int      // steps changed since review
}

// HomeWaiting is one thing that waits for the person.
type HomeWaiting struct {
	Text string
	Ends time.Time
	URL  string
}

// HomeIncident is one open incident; You are the person's parts in it.
type HomeIncident struct {
	Summary incident.Summary
	You     []string
	URL     string
}

// HomeTask is one task of the person's.
type HomeTask struct {
	Title  string
	Due    time.Time
	Status string // "in progress", "blocked"; "": nobody began
	URL    string
}

const homeRows = 15

// Home is App Home: links only, no decisions.
func Home(h HomeFacts) Message {
	m := Message{Text: Say("home.title", nil)}
	section := func(name string, lines [][]Span) {
		if len(lines) == 0 {
			lines = [][]Span{Line("home.none", nil)}
		}
		m.Blocks = append(m.Blocks, Header{Text: Say(name, nil)}, Lines{Lines: lines})
	}
	var lines [][]Span
	for k, w := range h.Waiting {
		if k == homeRows {
			lines = append(lines, Line("more.lines", map[string]any{"Count": len(h.Waiting) - k}))
			break
		}
		lines = append(lines, open(Line("home.waiting", map[string]any{"Text": flat(w.Text, 200), "Ends": w.Ends}), w.URL))
	}
	section("home.waits", lines)
	lines = nil
	for k, i := range h.Open {
		if k == homeRows {
			lines = append(lines, Line("more.lines", map[string]any{"Count": len(h.Open) - k}))
			break
		}
		if i.Summary.Restricted && i.Summary.Title == "" {
			lines = append(lines, Line("home.hidden", map[string]any{"S": i.Summary}))
			continue
		}
		lines = append(lines, open(Line("home.incident", map[string]any{"S": i.Summary, "Late": h.Now.After(i.Summary.UpdateDue), "Title": flat(i.Summary.Title, 100), "Part": flat(strings.Join(i.You, ", "), 60), "Commander": flat(i.Summary.Commander, 40)}), i.URL))
	}
	section("home.incidents", lines)
	m.Blocks = append(m.Blocks, Actions{Elements: []Element{Button{Verb: "incident start", Label: Say("button.openincident", nil), Object: "home"}}})
	lines = nil
	for k, t := range h.Tasks {
		if k == homeRows {
			lines = append(lines, Line("more.lines", map[string]any{"Count": len(h.Tasks) - k}))
			break
		}
		lines = append(lines, open(Line("home.task", map[string]any{"Title": flat(t.Title, 120), "Due": t.Due, "Late": !t.Due.IsZero() && h.Now.After(t.Due), "Status": t.Status}), t.URL))
	}
	section("home.tasks", lines)
	watch := [][]Span{}
	for _, link := range h.Links {
		watch = append(watch, plain(flat(link, 200)))
	}
	watch = append(watch, Line("home.watch", map[string]any{"Record": flat(h.Record, 200), "Runbook": short8(h.Runbook), "Changed": h.Changed}))
	if h.House != nil && h.House.Frozen != nil {
		watch = append([][]Span{Line("card.frozen", h.House.Frozen)}, watch...)
	}
	section("home.watches", watch)
	name := "home.you"
	if h.Me.Key == "" {
		name = "home.unknown"
	}
	section("home.me", [][]Span{Line(name, map[string]any{"Name": flat(h.Me.Name, 80), "Roles": flat(Names(h.Me.Roles, "and"), 120), "HasRoles": len(h.Me.Roles) > 0})})
	return fit(m)
}

// open adds the link to what a line is about. It shows something; *Open incident* makes a new one.
func open(line []Span, url string) []Span {
	if url == "" {
		return line
	}
	return append(line, T("  "), Span{Text: Say("home.show", nil), URL: url})
}
