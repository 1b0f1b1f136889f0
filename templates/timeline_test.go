package templates

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
)

// kept is a message on the timeline and what became of it.
func kept() []Happened {
	pinned := incident.Pinned{
		By: bea, Channel: "C42", TS: "1764039600.000100", Author: eva, At: at("02:57"), Text: "the disk is full", Link: "https://example.slack.com/archives/C42/p1764039600000100", Mark: true,
		Files: []incident.File{{ID: "F1", Name: "df.txt", Size: 812}, {ID: "F2", Name: "core.dump", Size: 40 << 20, Why: "longer than 20 MB"}, {ID: "F3", Name: "graph.png", Size: 20480}, {ID: "F4", Name: "later.png", Size: 3 << 20}},
	}
	file := func(id, name, digest, why string) incident.FileKept {
		return incident.FileKept{Channel: "C42", TS: pinned.TS, ID: id, Name: name, Digest: digest, Why: why}
	}
	other := incident.Pinned{By: bea, Channel: "C42", TS: "2", Author: eva, At: at("02:59"), Text: "never mind"}
	return []Happened{
		{at("02:58"), incident.Opened{By: ana, Title: "Users database corrupted", Severity: 1}},
		{at("03:00"), pinned}, {at("03:00"), file("F1", "df.txt", strings.Repeat("4f2c19aa", 8), "")}, {at("03:01"), file("F3", "graph.png", "", "it was deleted before drbot copied it")},
		{at("03:02"), incident.PinEdited{Channel: "C42", TS: pinned.TS, Text: "the disk is full, all of it"}}, {at("03:02"), other}, {at("03:03"), incident.PinDeleted{Channel: "C42", TS: pinned.TS}},
		{at("03:04"), incident.Noted{By: eva, At: at("02:50"), Text: "switch in rack 2 rebooted"}}, {at("03:05"), incident.Unpinned{By: bea, Channel: "C42", TS: "2"}}, {at("03:06"), nil},
	}
}

func timelineCards(add func(string, Message)) {
	i := identified().Incident
	add("timeline/kept", Timeline(i, Entries(i, kept()), 0))
	add("timeline/empty", Timeline(i, nil, 1))
	var many []Entry
	for k := range 60 {
		many = append(many, Entry{At: at("03:00").Add(time.Duration(k) * time.Minute), Text: fmt.Sprintf("Ana Ruiz noted: line %d", k+1)})
	}
	add("timeline/middle", Timeline(i, many, 2))
	TimelineFile(i, many, nil)
	again := append(kept(), kept()[1])
	Recorded(i, again)
	add("timeline/long", Timeline(i, []Entry{{At: at("03:00"), Text: "Ana Ruiz noted: " + strings.Repeat("word ", 80), Long: 40_000}}, 0))
	owing := reviewed().Incident
	owing.Review.Actions = append(owing.Review.Actions, incident.Task{Key: "a9", Title: "Alert", DoneBy: ana, DoneAt: at("09:00")})
	ReviewNow(owing, "")
}

// The file has every entry at its time, with UTC and the local time of the place.
func TestTimelineFile(t *testing.T) {
	i := identified().Incident
	golden(t, "timeline/madrid.md", string(TimelineFile(i, Entries(i, kept()), time.FixedZone("", 3600))))
	golden(t, "timeline/utc.md", string(TimelineFile(i, Entries(i, kept()), time.UTC)))
	if got := BothTimes(at("23:30"), time.FixedZone("", 3600)); got != "2026-11-24 23:30:00 UTC · 2026-11-25 00:30:00 +01:00" {
		t.Error(got)
	}
}

// A kept message of several lines has them in the files, as code that none of its words can end; it is one line in Slack and in
// the review.
func TestI48_AKeptMessageKeepsItsLinesInFiles(t *testing.T) {
	i := identified().Incident
	text := "```\r\npanic: runtime error\n\tmain.go:7 +0x1d\n\n# Heading\n- [ ] box  \n</pre><script>\u202e\n````\n~~~\n      deep\n"
	events := []Happened{{at("03:00"), incident.Pinned{By: bea, Channel: "C42", TS: "3", Author: eva, At: at("03:10"), Text: text, Link: "https://example.slack.com/archives/C42/p3"}}, {at("03:20"), incident.Noted{By: eva, At: at("03:20"), Text: "after"}}}
	want := "Eva Roy wrote (kept by Bea Ode) <https://example.slack.com/archives/C42/p3>:\n\n      ```\n      panic: runtime error\n          main.go:7 +0x1d\n\n      # Heading\n      - [ ] box\n      </pre><script>\n      ````\n      ~~~\n            deep\n- 2026"
	if file := string(TimelineFile(i, Recorded(i, events), time.UTC)); !strings.Contains(file, want) {
		t.Errorf("the file:\n%s\nwant %s", file, want)
	}
	if plain := Recorded(i, events)[0].Plainly(); !strings.HasPrefix(plain, "Eva Roy wrote (kept by Bea Ode) https://example.slack.com/archives/C42/p3:\n\n      ```\n") {
		t.Error(plain)
	}
	for _, text := range []string{string(ReviewDraft(i, Entries(i, events), Facts{}, "")), TextIn(Timeline(i, Entries(i, events), 0), 0)} {
		if strings.Contains(text, "\n      panic") || !strings.Contains(text, "panic: runtime error main.go:7 +0x1d # Heading - [ ] box") && !strings.Contains(text, `panic: runtime error main.go:7 +0x1d \# Heading`) {
			t.Errorf("%.2000s", text)
		}
	}
}

// What was edited away, and what was let go, stands in no view and no file: the record alone has it. What became of a
// message says which one that was, and an address is one.
func TestI41_WhatWasLetGoStaysInTheRecord(t *testing.T) {
	i := identified().Incident
	secret := incident.Pinned{By: bea, Channel: "C42", TS: "3", Author: eva, At: at("03:10"), Text: "customer Mallory", Link: "https://example.slack.com/archives/C42/p3"}
	loose := incident.Pinned{By: bea, Channel: "C42", TS: "4", Author: eva, At: at("03:11"), Text: "oops Trent", Link: "javascript:alert(1)"}
	long := incident.Pinned{By: bea, Channel: "C42", TS: "5", Author: eva, At: at("03:12"), Text: strings.Repeat("word ", 8_100), Link: "https://x> <script>"}
	off := incident.Unpinned{By: ana, Channel: "C42", TS: "4"}
	events := []Happened{
		{at("03:10"), secret}, {at("03:11"), incident.PinEdited{Channel: "C42", TS: "3", Text: "a customer"}},
		{at("03:12"), loose}, {at("03:13"), off}, {at("03:13"), loose}, {at("03:14"), off}, {at("03:15"), long},
		{at("03:16"), incident.PinDeleted{Channel: "C42", TS: "5"}}, {at("03:17"), incident.Noted{By: eva, At: at("03:17"), Text: strings.Repeat("note ", 400)}},
	}
	all := Recorded(i, events)
	if len(all) != len(events) {
		t.Fatalf("%d entries of %d events", len(all), len(events))
	}
	file := string(TimelineFile(i, all, time.UTC))
	review := string(ReviewDraft(i, Entries(i, events), Facts{}, ""))
	page := TextIn(Timeline(i, Entries(i, events), 0), 0)
	for name, text := range map[string]string{"file": file, "review": review, "page": page} {
		for _, gone := range []string{"Mallory", "Trent", "javascript", "script>"} {
			if strings.Contains(text, gone) {
				t.Errorf("the %s has %q:\n%.3000s", name, gone, text)
			}
		}
		if strings.Count(text, "a customer") != 1 || !strings.Contains(text, "40,500 characters") && name != "file" || !strings.Contains(text, "2,000 characters") && name == "page" {
			t.Errorf("the %s:\n%.3000s", name, text)
		}
	}
	for _, want := range []string{
		"Bea Ode kept the message of Eva Roy of 03:11 UTC; it was let go later", "The message of Eva Roy of 03:10 UTC was edited", "Ana Ruiz took the message of Eva Roy of 03:11 UTC off the timeline",
		"The message of Eva Roy of 03:12 UTC was deleted at the chat", strings.Repeat("word ", 8_099), strings.Repeat("note ", 399), "<https://example.slack.com/archives/C42/p3>",
	} {
		if !strings.Contains(file, want) {
			t.Errorf("the file lacks %.80q:\n%.2000s", want, file)
		}
	}
	if !strings.Contains(review, "<https://example.slack.com/archives/C42/p3>") {
		t.Errorf("the review has no link:\n%.2000s", review)
	}
	kept := Recorded(i, []Happened{{at("03:12"), loose}, {at("03:13"), off}, {at("03:14"), loose}, {at("03:15"), nil}, {at("03:16"), incident.PinEdited{Channel: "C42", TS: "9"}}})
	if !strings.Contains(kept[0].Text, "kept again later") || !strings.Contains(kept[2].Text, "Trent") || kept[4].Text != "The message that was kept was edited" {
		t.Errorf("%+v", kept)
	}
}

// A timeline of any length is whole over its pages, in the order of what happened, inside Slack's limits.
func TestTimeline_OfAnyLengthInPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := identified().Incident
		n := rapid.OneOf(rapid.IntRange(0, 200), rapid.Just(2000)).Draw(t, "entries")
		text := rapid.SampledFrom(append([]string{strings.Repeat("<!channel> `x` ", 400), strings.Repeat("ع", 4_000), strings.Repeat("🧯", 2000)}, hostile...)).Draw(t, "text")
		var events []Happened
		for k := range n {
			events = append(events, Happened{at("03:00").Add(time.Duration(k) * time.Second), incident.Noted{By: eva, At: at("03:00").Add(time.Duration(k) * time.Second), Text: fmt.Sprintf("e%d %s", k, text)}})
		}
		entries := Entries(i, events)
		next := 0
		for page := 1; page <= max(1, (n+entriesAPage-1)/entriesAPage); page++ {
			m := Timeline(i, entries, page)
			checkLimits(t, m)
			all := strings.Fields(TextIn(m, 0))
			for slices.Contains(all, fmt.Sprintf("e%d", next)) {
				next++
			}
			if want := n - (max(1, (n+entriesAPage-1)/entriesAPage)-page)*entriesAPage; next != want {
				t.Fatalf("page %d ends before entry %d of %d", page, next, want)
			}
		}
	})
}

// 2,000 entries render within what an export may take.
func BenchmarkTimelineFile(b *testing.B) {
	i := identified().Incident
	var events []Happened
	for k := range 2000 {
		when := at("03:00").Add(time.Duration(k) * time.Second)
		events = append(events, Happened{when, incident.Noted{By: eva, At: when, Text: fmt.Sprintf("line %d: %s", k, strings.Repeat("word ", 20))}})
	}
	for b.Loop() {
		TimelineFile(i, Entries(i, events), time.UTC)
	}
}

func BenchmarkTimelinePage(b *testing.B) {
	i := identified().Incident
	var events []Happened
	for k := range 2000 {
		when := at("03:00").Add(time.Duration(k) * time.Second)
		events = append(events, Happened{when, incident.Noted{By: eva, At: when, Text: fmt.Sprintf("line %d: %s", k, strings.Repeat("word ", 20))}})
	}
	for b.Loop() {
		Timeline(i, Entries(i, events), 40)
	}
}
