package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
)

// owing is a review with two tasks of the runbook and an action item.
func owing() *story {
	day := func(n int) time.Time { return at("03:31").Add(time.Duration(n) * 24 * time.Hour) }
	s := done().say("03:31", incident.Resolved{By: ana, Summary: "The users database is back", RootCause: "a full disk", Reason: "the rest is for the review"},
		incident.ReviewOpened{Owner: ana, Tasks: []incident.Task{
			{Key: "t1", Title: "Draft the review", Owner: ana, Due: day(1), Remind: day(1).Add(-12 * time.Hour), Escalate: day(2)},
			{Key: "t2", Title: "Find the root cause", Owner: bea, Due: day(7), Remind: day(6), Escalate: day(8)},
		}})
	return s.say("03:40", incident.ActionAdded{By: ana, Action: "a1", Text: "Alert when a backup is old", Link: "https://tracker.example.com/OPS-7"})
}

func reviewCards(add func(string, Message)) {
	s := owing()
	reviewAnswers()
	parts := ReviewParts("<!-- before -->\n# Review\n\nA text.\n\n## Timeline\n\nWhat happened.\n")
	add("review/open", ReviewCard(s.Incident, parts, at("03:45")))
	saved := s.copy().say("09:00", incident.ReviewSaved{By: bea, Version: 1, Text: "x", Size: 1}, incident.TaskDone{By: ana, Task: "t1"}, incident.ReviewPosted{By: ana, Version: 1})
	add("review/saved", ReviewCard(saved.Incident, parts, at("03:31").Add(8*24*time.Hour)))
	over := saved.copy().say("09:10", incident.ReviewClosed{By: ana, Reason: "later", Open: []string{"a1"}})
	over.Drill = true
	add("review/closed", ReviewCard(over.Incident, parts, at("09:11")))
	none := opening().say("03:04", incident.Resolved{By: ana}, incident.ReviewOpened{Owner: ana})
	add("review/bare", ReviewCard(none.Incident, nil, at("03:05")))
	add("review/posted", ReviewPosted(saved.Incident, incident.ReviewPosted{By: ana, Version: 1}))
	add("review/given", ReviewGiven(s.Incident, bea))
	begun := s.copy().say("08:00", incident.TaskStatusSet{By: bea, Task: "t2", Status: incident.TaskBlocked, Why: "the vendor has the logs"}, incident.TaskStatusSet{By: ana, Task: "a1", Status: incident.TaskBegun})
	add("review/statuses", ReviewCard(begun.Incident, nil, at("09:00")))
	add("task/blocked", TaskMessage(begun.Incident, TaskTold{Key: "t2", Step: incident.TaskLate, Due: s.Review.Task("t2").Due, At: s.Review.Task("t2").Due, To: bea.Slack}, TaskReader{Person: bea}))
	back := saved.copy().say("09:20", incident.Reopened{By: ana, Reason: "it fails again"}, incident.Resolved{By: ana, Summary: "now it is"})
	back = back.say("09:50", incident.ReviewOpened{Owner: bea, Tasks: []incident.Task{
		{Title: "Draft the review", Owner: ana, Due: at("03:31").Add(48 * time.Hour), DoneBy: ana, DoneAt: at("09:00"), Earlier: true}, {Title: "Find the root cause", Owner: chen, Due: at("03:31").Add(8 * 24 * time.Hour)},
	}})
	add("review/again", ReviewCard(back.Incident, parts, at("09:55")))
	add("review/postedagain", ReviewPosted(back.Incident, incident.ReviewPosted{By: bea, Version: 1}))
	var versions []ReviewVersion
	for n := range 32 {
		versions = append(versions, ReviewVersion{N: n + 1, By: bea, At: at("09:00").Add(time.Duration(n) * time.Hour), Size: 900 * (n + 1)})
	}
	add("review/versions", ReviewVersions(saved.Incident, versions))
	add("review/noversions", ReviewVersions(s.Incident, nil))
	add("review/version", ReviewVersionText(saved.Incident, versions[2], "# Review\n\nWhat <b>happened</b>.\n\n"+strings.Repeat("A line of it.\n", 700), 1))
	add("review/version0", ReviewVersionText(saved.Incident, ReviewVersion{}, "# Review\n", 9))
	add("resolution/again", Resolution(back.Incident, Facts{}))
	add("task/kept", TaskKept(back.Incident, back.Review.Task("t2")))
	add("task/given", TaskGiven(s.Incident, s.Review.Task("t2"), ana))
	add("task/givenundated", TaskGiven(s.Incident, s.Review.Task("a1"), ana))

	t1 := s.Review.Task("t1")
	to := func(p incident.Person, as string) TaskReader { return TaskReader{Person: p, As: as} }
	told := func(step string, late time.Duration, to incident.Person) TaskTold {
		return TaskTold{Key: "t1", Step: step, Due: t1.Due, At: t1.Due.Add(late), Late: late, To: to.Slack}
	}
	add("task/remind", TaskMessage(s.Incident, TaskTold{Key: "t1", Step: incident.TaskRemind, Due: t1.Due, At: t1.Remind, To: ana.Slack}, to(ana, "")))
	add("task/late", TaskMessage(s.Incident, told(incident.TaskLate, 0, ana), to(ana, "")))
	add("task/down", TaskMessage(s.Incident, told(incident.TaskLate, 40*time.Minute, ana), to(ana, "")))
	add("task/escalated", TaskMessage(s.Incident, told(incident.TaskEscalate, 0, bea), to(bea, Say("task.manager", map[string]any{"Owner": "Ana Ruiz"}))))
	add("task/lead", TaskMessage(s.Incident, told(incident.TaskEscalate, 0, chen), to(chen, Say("task.lead", nil))))
	add("task/writer", TaskMessage(s.Incident, told(incident.TaskEscalate, 0, chen), to(chen, Say("task.writer", nil))))
	secret := s.copy()
	secret.Restricted = true
	add("task/restricted", TaskMessage(secret.Incident, told(incident.TaskEscalate, 0, bea), TaskReader{Person: bea, Outside: true}))
	secret = secret.say("09:00", incident.TaskDone{By: ana, Task: "t1"})
	add("task/restrictedover", TaskMessage(secret.Incident, told(incident.TaskEscalate, 0, bea), TaskReader{Person: bea, Outside: true}))
	add("task/unheard", TaskUnheard(s.Incident, told(incident.TaskEscalate, 0, chen)))
	add("task/unheardrestricted", TaskUnheard(secret.Incident, told(incident.TaskEscalate, 0, chen)))
	add("task/heard", TaskUnheard(saved.Incident, told(incident.TaskEscalate, 0, chen)))
	add("task/done", TaskMessage(saved.Incident, told(incident.TaskLate, 0, ana), to(ana, "")))
	given := s.copy().say("09:00", incident.TaskSet{By: ana, Task: "t1", Owner: bea})
	add("task/passed", TaskMessage(given.Incident, told(incident.TaskLate, 0, ana), to(ana, "")))
	moved := s.copy().say("09:00", incident.TaskSet{By: ana, Task: "t1", Due: t1.Due.Add(24 * time.Hour)})
	add("task/moved", TaskMessage(moved.Incident, told(incident.TaskLate, 0, ana), to(ana, "")))
	later := s.copy().say("09:00", incident.TaskSnoozed{By: ana, Task: "t1", Until: t1.Due.Add(24 * time.Hour)})
	add("task/later", TaskMessage(later.Incident, told(incident.TaskLate, 0, ana), to(ana, "")))
	add("task/again", TaskMessage(s.Incident, TaskTold{Key: "t1", Step: incident.TaskAgain, Due: t1.Due.Add(24 * time.Hour), At: t1.Due.Add(24 * time.Hour), To: ana.Slack}, to(ana, "")))
	again := s.copy().say("09:00", incident.Reopened{By: ana, Reason: "it fails again"})
	add("task/gone", TaskMessage(again.Incident, told(incident.TaskLate, 0, ana), to(ana, "")))
}

// reviewAnswers are what commands answer about reviews, each with its facts.
func reviewAnswers() []string {
	var said []string
	for _, one := range []struct {
		name  string
		facts map[string]any
	}{
		{"saved", map[string]any{"ID": "INC-42", "Drill": true, "Version": 3}}, {"same", nil},
		{"given", map[string]any{"ID": "INC-42", "Drill": false, "Who": "Bea Ode"}}, {"posted", map[string]any{"ID": "INC-42", "Drill": false}},
		{"closed", map[string]any{"ID": "INC-42", "Drill": false, "Open": 0}}, {"closed", map[string]any{"ID": "INC-42", "Drill": false, "Open": 1}}, {"closed", map[string]any{"ID": "INC-42", "Drill": false, "Open": 2}},
		{"changed", map[string]any{"Base": 2}}, {"keep", nil},
		{"partchanged", map[string]any{"Who": "Bea Ode", "Version": 4, "At": at("09:00"), "Changed": "- a\n+ b"}},
	} {
		said = append(said, Say("answer-review."+one.name, one.facts))
	}
	for _, f := range []map[string]any{
		{"State": "done", "Why": "", "Owner": "Ana Ruiz", "Due": at("09:00"), "Until": time.Time{}}, {"State": "open", "Why": "", "Owner": "", "Due": time.Time{}, "Until": time.Time{}}, {"State": "in progress", "Why": "", "Owner": "Ana Ruiz", "Due": at("09:00"), "Until": at("12:00")},
		{"State": "blocked", "Why": "the vendor has the logs", "Owner": "", "Due": at("09:00"), "Until": time.Time{}},
	} {
		f["Drill"], f["Key"], f["Title"], f["Now"] = false, "t1", "Draft the review", at("03:45")
		said = append(said, Say("answer-task.set", f))
	}
	big := ReviewCard(owing().Incident, make([]ReviewPart, maxParts+1), at("03:45"))
	return append(said, Text(big))
}

func TestReviewAnswers(t *testing.T) {
	golden(t, "say/answer-review.txt", strings.Join(reviewAnswers(), "\n"))
}

// I41: whatever stands in the largest review, no message outgrows Slack's limits and no sentence fails.
func TestI41_TheLargestReviewFits(t *testing.T) {
	text := rapid.OneOf(rapid.StringN(0, 400, -1), rapid.SampledFrom(hostile), rapid.Just(strings.Repeat("Wörter und ", 100)))
	rapid.Check(t, func(t *rapid.T) {
		s := owing()
		s.Title, s.RootCause = text.Draw(t, "title"), text.Draw(t, "cause")
		s.Drill, s.Restricted = rapid.Bool().Draw(t, "drill"), rapid.Bool().Draw(t, "restricted")
		who := func() incident.Person {
			return incident.Person{Key: rapid.SampledFrom([]string{"", "x"}).Draw(t, "key"), Name: text.Draw(t, "name"), Slack: "U0X"}
		}
		r := s.Review
		r.Owner, r.SavedBy, r.Version, r.Outrun = who(), who(), 1, rapid.Bool().Draw(t, "outrun")
		for n := range rapid.IntRange(0, incident.MaxActions).Draw(t, "actions") {
			a := incident.Task{Key: fmt.Sprintf("a%d", n+2), Title: text.Draw(t, "action"), Owner: who(), Link: "https://x.example.com/" + strings.Repeat("y", 470)}
			if rapid.Bool().Draw(t, "dated") {
				a.Due = at("09:00")
			}
			if a.Status = rapid.SampledFrom([]incident.TaskStatus{incident.TaskOpen, incident.TaskBegun, incident.TaskBlocked}).Draw(t, "status"); a.Status != incident.TaskOpen {
				a.Why = text.Draw(t, "why")
			} else if rapid.Bool().Draw(t, "done") {
				a.DoneAt, a.DoneBy, a.Earlier = at("09:00"), who(), true
			}
			r.Actions = append(r.Actions, a)
		}
		r.Tasks[0].Title, r.Tasks[0].Status, r.Tasks[0].Why = text.Draw(t, "task"), incident.TaskBlocked, text.Draw(t, "blocked")
		var parts []ReviewPart
		for n := range rapid.IntRange(0, 120).Draw(t, "parts") {
			parts = append(parts, ReviewPart{Title: text.Draw(t, "heading"), N: n + 1, Of: 120, Text: "x"})
		}
		told := TaskTold{Key: "t1", Step: rapid.SampledFrom([]string{incident.TaskLate, incident.TaskEscalate, incident.TaskAgain}).Draw(t, "step"), Due: r.Tasks[0].Due, At: r.Tasks[0].Due.Add(time.Hour), Late: time.Hour, To: ana.Slack}
		for name, m := range map[string]Message{
			"card": ReviewCard(s.Incident, parts, at("09:00")), "posted": ReviewPosted(s.Incident, incident.ReviewPosted{By: who(), Version: 1}), "given": ReviewGiven(s.Incident, who()),
			"task": TaskMessage(s.Incident, told, TaskReader{Person: ana, As: text.Draw(t, "as")}), "outside": TaskMessage(s.Incident, told, TaskReader{Outside: true}), "unheard": TaskUnheard(s.Incident, told), "owner": TaskGiven(s.Incident, &r.Tasks[0], who()), "kept": TaskKept(s.Incident, &r.Tasks[0]),
			"versions": ReviewVersions(s.Incident, largestVersions(who())), "version": ReviewVersionText(s.Incident, ReviewVersion{N: 1 << 30, By: who(), At: at("09:00")}, strings.Repeat(text.Draw(t, "line")+"\n", 300), rapid.IntRange(0, 40).Draw(t, "page")),
		} {
			if strings.Contains(Text(m), "(sentence ") {
				t.Fatalf("%s: a sentence failed: %s", name, Text(m))
			}
			checkLimits(t, m)
		}
	})
}

func largestVersions(by incident.Person) []ReviewVersion {
	list := make([]ReviewVersion, 500)
	for k := range list {
		list[k] = ReviewVersion{N: k + 1, By: by, At: at("09:00"), Size: incident.MaxReview}
	}
	return list
}

// The parts of a review, put behind one another, are the review, and each fits a form.
func TestReviewPartsLoseNothing(t *testing.T) {
	line := rapid.SampledFrom([]string{"# Head\n", "## Times\n", "### Deep\n", "#### Deeper\n", "```\n", "~~~sh\n", "# in a fence?\n", "text\n", "\n", "| a | b |\n", strings.Repeat("long ", 900) + "\n", strings.Repeat("ü🙂", 2000), "\r\n"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(line, 0, 40).Draw(t, "lines"), "")
		whole := ""
		for _, p := range ReviewParts(text) {
			whole += p.Text
			if n := len([]rune(p.Text)); n == 0 || n > maxPart {
				t.Fatalf("a part has %d characters", n)
			}
			if len([]rune(p.Label())) > 75 || len(p.ID()) > 40 {
				t.Fatalf("%q, %q", p.Label(), p.ID())
			}
		}
		if whole != text {
			t.Fatal("the parts are not the text")
		}
	})
	fenced := ReviewParts("## A\n```\n## no heading\n```\n## B\n")
	if len(fenced) != 2 || fenced[1].Title != "B" {
		t.Errorf("a heading within code cut the text: %+v", fenced)
	}
}

func TestReviewMarkSaysWhichVersion(t *testing.T) {
	file := ReviewMarked(42, 3, "# Review\n")
	if id, version, text, ok := ReviewUnmarked(strings.ReplaceAll(file, "\n", "\r\n")); !ok || id != 42 || version != 3 || text != "# Review\n" {
		t.Errorf("%v %v %q %v", id, version, text, ok)
	}
	for _, file := range []string{"# Review\n", "\n" + file, "<!-- INC-42 review version x -->\n", ""} {
		if _, _, _, ok := ReviewUnmarked(file); ok {
			t.Errorf("%q has a mark", file)
		}
	}
}

func TestReviewChangedNamesTheLines(t *testing.T) {
	if got := ReviewChanged("a\nb\nc\nd\n", "a\nx\nc\nd\ne\n", 10); got != "- b\n+ x\n+ e" {
		t.Errorf("%q", got)
	}
	if got := ReviewChanged("a\n", "a\n", 10); got != "" {
		t.Errorf("%q", got)
	}
	if got := ReviewChanged(strings.Repeat("a\n", 3000), strings.Repeat("b\n", 3000), 3); strings.Count(got, "\n") != 3 {
		t.Errorf("%q", got)
	}
}

// The page stands by itself: it loads nothing, runs nothing, and no text of a review becomes markup of its own.
func TestI41_TheReviewsPageIsInert(t *testing.T) {
	i := owing().Incident
	i.Title = `<script>alert(1)</script>`
	page, err := ReviewHTML(i, "# Review\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) ![pixel](https://evil.example.com/p.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [ ] to do\n\nlogged <nil> of Map<String>, see https://ok.example.com/x\n\n<details>\nmore\n\n<!-- a note to oneself -->\n")
	if err != nil {
		t.Fatal(err)
	}
	html := string(page)
	for _, shown := range []string{"&lt;img src=x onerror=alert(1)&gt;", "logged &lt;nil&gt; of Map&lt;String&gt;", `<a href="https://ok.example.com/x">`, "&lt;details&gt;"} {
		if !strings.Contains(string(page), shown) {
			t.Errorf("the page lacks %q:\n%s", shown, page)
		}
	}
	for _, no := range []string{"<script", "<img", "javascript:", "<link", "<nil", "<details", "a note to oneself"} {
		if strings.Contains(html, no) {
			t.Errorf("the page has %q", no)
		}
	}
	for _, want := range []string{"<!DOCTYPE html>", `<html lang="en">`, "<main>", "default-src 'none'", "@page", "<table>", "<em>pixel</em>", "&lt;script&gt;"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	golden(t, "review/page.html", html)
}
