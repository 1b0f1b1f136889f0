package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

const ownTemplate = `# Review: [Incident Title]

**When:** [Date]
**How long:** [X hours Y minutes]
**Severity:** [SEV-X]
**Author:** [Name]

## What happened
[Two paragraphs]

## Timeline
| Time | Event |
|------|-------|
| HH:MM | [Event] |

## Actions
| Action | Owner |
|--------|-------|
| [Action] | [Name] |

## Lessons
- [Item]
`

func reviewed() *story {
	s := resolved()
	s.Run(7).Choices = map[string][]incident.Choice{"BACKUP": {{Value: "/srv/backups/20261124_020000", State: "verified", TakenAt: at("02:00")}}}
	return s
}

func entries(i *incident.Incident, events map[string]incident.Event) []Entry {
	var list []Entry
	for clock, e := range events {
		entry, _ := EntryOf(i, at(clock), e)
		list = append(list, entry)
	}
	return list
}

func review(s *story, own string) string {
	f := s.facts()
	f.Saved = Back(s.Incident, f.Specs)
	f.Resolved = &incident.Resolved{Open: []string{"4 checklist items"}, Reason: "the rest is for the review"}
	return string(ReviewDraft(s.Incident, entries(s.Incident, map[string]incident.Event{
		"02:58": incident.Opened{By: ana, Title: s.Title, Severity: 1}, "03:16:04": incident.StepStarting{Run: 7, Step: "p1.s6", Attempt: "r7-p1-s6-1", Approval: 17, Host: "ops1"},
		"03:20": incident.Noted{By: eva, At: at("02:50"), Text: "users | complain <!here>"}, "03:31": incident.Resolved{By: ana, Summary: s.Summary},
	}), f, own))
}

// What is posted and exported says what the review owes then: in the sections that drbot wrote, or behind the text of
// people, whose own sections stay. Doing it again changes nothing.
func TestReviewNow(t *testing.T) {
	s := reviewed()
	draft := review(s, "")
	s.Review.Actions = append(s.Review.Actions, incident.Task{Key: "a9", Title: "Alert | when old", Owner: bea, Due: at("09:00"), Link: "https://tracker.example.com/OPS-7"})
	s.Review.Tasks[0].DoneBy, s.Review.Tasks[0].DoneAt = ana, at("08:00")
	people := "# Ours\n\n## Action items\n\nBob buys disks.\n\n## Lessons\n\n- none\n"
	table := "| a9 Alert \\| when old <https://tracker.example.com/OPS-7> | Bea Ode | 24 Nov 09:00 | open |"
	for name, text := range map[string]string{"draft": draft, "people": people} {
		now := ReviewNow(s.Incident, text)
		for _, want := range []string{table, "done by Ana Ruiz 24 Nov 08:00 UTC"} {
			if strings.Count(now, want) != 1 {
				t.Errorf("%s: %d times %q:\n%s", name, strings.Count(now, want), want, now)
			}
		}
		heads := 1
		if name == "people" {
			heads = 2
		}
		if strings.Count(now, "## Action items") != heads || strings.Count(now, "## What is owed") != 1 || ReviewNow(s.Incident, now) != now {
			t.Errorf("%s:\n%s\nagain:\n%s", name, now, ReviewNow(s.Incident, now))
		}
		if name == "people" && !strings.HasPrefix(now, people) {
			t.Errorf("the text of people is\n%s", now)
		}
	}
	if plain := "text\n"; ReviewNow(identified().Incident, plain) != plain {
		t.Error("a text without a review is changed")
	}
}

// Evidence has both times: where people are, beside UTC.
func TestReviewDraft_LocalTimes(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Skip(err)
	}
	s := reviewed()
	f := s.facts()
	f.Zone = madrid
	text := string(ReviewDraft(s.Incident, entries(s.Incident, map[string]incident.Event{"02:58": incident.Opened{By: ana, Title: s.Title, Severity: 1}}), f, ""))
	for _, want := range []string{"| What | UTC · Europe/Madrid | After |", "| UTC · Europe/Madrid | What |", "| 2026-11-24 02:58:00 · 03:58:00 +01:00 | Ana"} {
		if !strings.Contains(text, want) {
			t.Errorf("the draft lacks %q:\n%s", want, text)
		}
	}
}

func TestReviewDraft(t *testing.T) {
	golden(t, "review/whole.md", review(reviewed(), ownTemplate))
	bare := opening().say("03:04", incident.Resolved{By: ana}, incident.ReviewOpened{Owner: ana})
	bare.RTO, bare.RPO, bare.Drill, bare.Restricted, bare.Checklist = incident.Objective{}, incident.Objective{}, true, true, nil
	golden(t, "review/bare.md", string(ReviewDraft(bare.Incident, nil, Facts{}, "")))
	late := failing().say("03:24", incident.StepSkipped{Run: 7, Step: "p1.s7", By: ana, Reason: "compared by eye"}, incident.RunEnded{Run: 7, How: incident.EndCancelled, Why: "by hand from here"}).
		say("03:30", incident.ItemDone{By: bea, Item: "c4", Anyway: "the disk is in the safe"}).
		say("03:40", incident.Resolved{By: ana, DataImpact: "nothing is missing"}, incident.ReviewOpened{Owner: ana})
	late.RespondBy, late.RTO.Limit = at("03:00"), 20*time.Minute
	golden(t, "review/late.md", string(ReviewDraft(late.Incident, nil, late.facts(), "")))
}

// A review is about what people saw and decided: drbot's questions to a target, and that a step which began also runs, stay
// in the record (T12).
func TestReviewDraftLeavesOutTheMachinesLines(t *testing.T) {
	s := reviewed()
	var list []Entry
	for _, e := range []incident.Event{
		incident.ReadsAsked{Run: 7, Step: "p1.s6", For: incident.ReadForStart}, incident.ReadsDone{Run: 7, Step: "p1.s6", For: incident.ReadForStart},
		incident.ReadsDone{Run: 7, For: incident.ReadForPlan, Failure: "db1: no such directory"}, incident.StepStarted{Run: 7, Step: "p1.s6"},
		incident.DeadlineSpoken{Key: "respond/50/1", Due: at("03:05")}, incident.DeadlineSpoken{Key: "respond/80/1", Due: at("03:10")},
		incident.DeadlineSpoken{Key: "respond/100/1", Due: at("03:13")}, incident.DeadlineSpoken{Key: "nudge/A17/1", Due: at("03:17")},
	} {
		entry, ok := EntryOf(s.Incident, at("03:00"), e)
		if !ok || entry.Text == "" {
			t.Errorf("the record has no words for %s", e.EventKind())
		}
		list = append(list, entry)
	}
	got := string(ReviewDraft(s.Incident, list, s.facts(), ""))
	for _, no := range []string{"asked what is true", "was read", "1.6 “Set aside and restore” of R7 runs"} {
		if strings.Contains(got, no) {
			t.Errorf("the review has %q", no)
		}
	}
	if n := strings.Count(got, "An answer was due"); n != 1 {
		t.Errorf("an answer was due %d times", n)
	}
	for _, want := range []string{"no such directory", "Half of the time to answer was over", "Four fifths of the time to answer were over", "called the approvers of A17 again"} {
		if !strings.Contains(got, want) {
			t.Errorf("the review lacks %q", want)
		}
	}
}

// The same record gives the same bytes, in the order of what happened; nothing of a value becomes markup.
func TestReviewDraftIsInertAndTheSameAgain(t *testing.T) {
	first := review(reviewed(), ownTemplate)
	for range 20 {
		if review(reviewed(), ownTemplate) != first {
			t.Fatal("two drafts of one record differ")
		}
	}
	noted := strings.Index(first, "complain")
	if noted < 0 || noted > strings.Index(first, "opened it as") {
		t.Error("a note does not stand at the time that it is about")
	}
	if !strings.Contains(first, `users \| complain \<\!here\>`) {
		t.Error("a note's text is not literal")
	}
	s := reviewed()
	s.Title = "x](http://evil) <!channel> `y` | z"
	for line := range strings.Lines(review(s, "# [Title]\n")) {
		if strings.Contains(strings.ReplaceAll(line, `\]`, ""), "](http") || strings.Contains(line, "<!channel>") {
			t.Errorf("a title is markup: %s", line)
		}
	}
}

func TestALongTimelineKeepsTheNewestEvents(t *testing.T) {
	var list []Entry
	for k := range maxTimeline + 7 {
		list = append(list, Entry{At: at("02:58").Add(time.Duration(k) * time.Second), Text: "said"})
	}
	got := string(ReviewDraft(resolved().Incident, list, Facts{}, ""))
	if strings.Count(got, "| said |") != maxTimeline || !strings.Contains(got, "7 earlier events") {
		t.Errorf("%d lines are shown", strings.Count(got, "| said |"))
	}
}
