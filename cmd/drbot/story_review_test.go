package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// reviewTail asks for three things after an incident.
const reviewTail = `
## Review

| Task | Deadline |
|------|----------|
| Timeline written | 24 hours |
| Root cause known | 1 week |
`

// reviewing is a book with a review.
func reviewing() book { b := small(); b.tail = reviewTail; return b }

// atWork lets people work from Monday to Friday, gives Ana a manager, and begins on a Friday morning.
func atWork(w *town, _ *workspace.Options) {
	w.extra += "hours: {timezone: Europe/Madrid, days: [mon..fri], from: 09:00, until: 17:00, holidays: [2027-12-24]}\n"
	w.people[0].more = ", manager: dev@example.com"
	now := w.clock.Now().UTC()
	friday := time.Date(now.Year(), now.Month(), now.Day()+7+(12-int(now.Weekday()))%7, 9, 30, 0, 0, time.UTC)
	w.clock.push(friday.Sub(now))
}

// pushTo sets the clock to an instant.
func (w *town) pushTo(at time.Time) { w.clock.push(at.Sub(w.clock.Now())) }

// taskOf is a task of the incident's review as it is now.
func (w *town) taskOf(n int, key string) commands.ViewTask {
	w.Helper()
	code, out, errs := w.drbot("incident", "review", fmt.Sprint(n), "--json")
	var v commands.ReviewView
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil {
		w.Fatalf("review %d: exit %d: %s%s", n, code, out, errs)
	}
	for _, t := range slices.Concat(v.Tasks, v.Actions) {
		if t.Key == key {
			return t
		}
	}
	w.Fatalf("the review has no %s: %s", key, out)
	return commands.ViewTask{}
}

// dms counts the direct messages of a person that hold all texts.
func (w *town) dms(p *person.Person, texts ...string) int {
	w.Helper()
	return w.count(p, w.space.BotUserID(), texts...)
}

// TestI50_TheReviewAcrossAWeekend: resolved on a Friday, the tasks are reminded of on Monday, late after a restart once,
// escalated to the owner's manager and nobody else; done by a button; closed when everything has an owner and a date.
func TestI50_TheReviewAcrossAWeekend(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	w.serve()
	w.linked()
	drbot := w.space.BotUserID()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident resolve The logins work again anyway: the rest is for the review", "INC-1 is resolved", "Ana Ruiz writes")
	w.button(w.ana, room, "incident.review", "Review due")

	due := *w.taskOf(1, "t1").Due
	if due.Weekday() != time.Monday || due.Sub(w.clock.Now()) < 60*time.Hour {
		t.Errorf("24 hours from Friday morning end %s", due)
	}
	w.pushTo(due.Add(-26 * time.Hour)) // Sunday: nobody is called
	w.answers(w.ana, room, "/incident note all is quiet", "Noted")
	if n := w.dms(w.ana, "t1"); n != 0 {
		t.Errorf("%d messages about a task on a Sunday", n)
	}
	w.pushTo(due.Add(-20 * minute)) // half of its time was over on the weekend: Monday at nine
	w.expect(w.ana, drbot, "t1 Timeline written", "due")
	w.leave()
	w.pushTo(due.Add(40 * minute))
	w.serve()
	w.linked()
	late := w.expect(w.ana, drbot, "t1 Timeline written", "late since", "40 min late")
	w.answers(w.ana, room, "/incident note still here", "Noted")
	if n := w.dms(w.ana, "late since"); n != 1 {
		t.Errorf("after a downtime it speaks %d times", n)
	}
	w.pressOn(w.ana, late, "incident.task.later")
	w.expect(w.ana, drbot, "t1 Timeline written", "put off until")
	w.pushTo(due.Add(25 * time.Hour))
	told := w.expect(w.dev, drbot, "t1 Timeline written", "@Ana Ruiz", "You hear of it as Ana Ruiz's manager")
	if _, ok := told.Element("incident.task.done"); ok {
		t.Error("somebody else's task is done by a press")
	}
	w.press(w.ana, drbot, "incident.task.done", "t1 Timeline written", "late since")
	w.until("every message about the task closes", func() bool {
		return w.dms(w.dev, "t1 Timeline written", "✅ done") == 1 && w.dms(w.ana, "t1 Timeline written", "late since") == 0
	})
	if n := w.count(w.ana, room, "Timeline written"); n != 0 {
		t.Errorf("UX §11: the channel hears of tasks %d times", n)
	}
	w.closesReview(room)
	w.audited()
}

// closesReview is the end of it: an action item that nobody owes keeps the review open; posted once, closed, and what is owed
// still is reminded of until it is done.
func (w *town) closesReview(room string) {
	w.Helper()
	drbot := w.space.BotUserID()
	w.answers(w.ana, room, "/incident action Alert when a backup is old", "a1 “Alert when a backup is old” is open, and nobody's")
	w.say(w.ana, room, "/incident review close")
	w.fillReview(w.ana, "Close INC-1", "Not closed: a1")
	w.answers(w.ana, room, "/incident action a1 @Bea due 2w", "with Bea Ode, due")
	w.expect(w.bea, drbot, "@Ana Ruiz gave you a1")
	w.home(w.bea, "a1 Alert when a backup is old")
	w.press(w.ana, room, "incident.review", "Review due")
	w.expect(w.ana, room, "Review of INC-1", "✅ t1 Timeline written", "◻ t2 Root cause known", "not posted yet")
	w.press(w.ana, room, "incident.review.post", "Review of INC-1")
	w.expect(w.bea, room, "@Ana Ruiz posted the review of INC-1")
	w.until("its text and its page stand in the thread", func() bool { // the draft stands in another one
		return w.attached(w.ana, room, "INC-1-review.md") == 2 && w.attached(w.ana, room, "INC-1-review.html") == 1
	})
	w.answers(w.ana, room, "/incident review post", "posted already")
	w.answers(w.ana, room, "/incident task t2 done", "t2 “Root cause known” is done")
	w.answers(w.ana, room, "/incident review close", "INC-1 is closed. 1 task with an owner and a date goes on being reminded of.")
	w.awaitView(1, "it is closed", func(v commands.View) bool { return v.State == "closed" })
	w.pushTo(*w.taskOf(1, "a1").Due)
	w.expect(w.bea, drbot, "a1 Alert when a backup is old", "late since")
	w.press(w.bea, drbot, "incident.task.done", "a1", "late since")
	w.until("nothing is owed", func() bool { return w.taskOf(1, "a1").DoneAt != nil })
	spoken := len(w.spokenOf("review/"))
	w.clock.push(30 * 24 * time.Hour)
	w.answers(w.ana, room, "/incident note much later", "Noted")
	if n := len(w.spokenOf("review/")); n != spoken {
		w.Errorf("a closed incident that owes nothing spoke %d times", n-spoken)
	}
}

// attached counts the files of a name that a person sees in a channel.
func (w *town) attached(p *person.Person, room, name string) (n int) {
	w.Helper()
	s, err := p.State(w.within())
	w.ok(err)
	c, _ := s.Channel(room)
	for _, m := range c.Messages {
		for _, f := range m.Files {
			if f.Name == name {
				n++
			}
		}
	}
	return n
}

// fillReview reads the form that asks why a review is closed all the same, and leaves it.
func (w *town) fillReview(p *person.Person, title, says string) {
	w.Helper()
	var form person.View
	_, err := p.Await(w.within(), "the form "+title, func(s person.State) bool {
		var ok bool
		form, ok = s.Modal()
		return ok && strings.Contains(form.Title, title) && strings.Contains(form.Plain, says)
	})
	w.ok(err)
	_, err = p.CloseModal(w.within(), form.ID)
	w.ok(err)
}

// home waits until somebody's App Home shows a text.
func (w *town) home(p *person.Person, text string) {
	w.Helper()
	_, err := p.OpenHome(w.within())
	w.ok(err)
	_, err = p.Await(w.within(), "App Home with "+text, func(s person.State) bool { return s.Home != nil && strings.Contains(s.Home.Plain, text) })
	w.ok(err)
}

// TestReview_EditedInParts: a part is edited in a form while another person edits another, and at the terminal a whole file;
// whoever is late keeps what they wrote and hears what changed.
func TestReview_EditedInParts(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	socket, key := keyring(t)
	w.people[1].more = ", ssh_key: \"" + key + "\""
	w.configure()
	bea := shell{w, socket}
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident resolve The logins work again anyway: the rest is for the review", "INC-1 is resolved")
	w.button(w.ana, room, "incident.review", "Review due")

	draft := bea.hears(exitDone, "## In short", "incident", "review", "1")
	if first, _, _ := strings.Cut(draft, "\n"); first != "<!-- INC-1 review version 0 -->" {
		t.Errorf("the first line is %q", first)
	}
	file := filepath.Join(t.TempDir(), "review.md")
	w.ok(os.WriteFile(file, []byte(draft+"\n## Lessons\n\nWatch <!channel> the disk.\n"), 0o600))
	bea.hears(exitDone, "Version 1 of the review of INC-1 is saved", "incident", "review", "1", "--save", file)
	bea.hears(exitFailed, "Bea Ode saved version 1", "incident", "review", "1", "--save", file)
	if kept, err := os.ReadFile(file); err != nil || !strings.Contains(string(kept), "Watch <!channel>") {
		t.Error("what was not saved is not in its file any more")
	}

	w.say(w.ana, room, "/incident review")
	m := w.expect(w.ana, room, "Review of INC-1", "version 1 by")
	var option string
	for _, e := range m.Elements {
		for _, o := range e.Options {
			if o.Label == "Lessons" {
				option = o.Value
			}
		}
	}
	r, err := w.ana.Press(w.within(), person.Pick{Channel: room, TS: m.TS, ActionID: w.pickOf(m, "incident.review.part"), Chosen: []string{option}})
	w.ok(err)
	if r.Say != "" {
		t.Fatalf("Slack says %q", r.Say)
	}
	form := w.fill(w.ana, "Review of INC-1", map[string]any{"text": "## Lessons\n\nWatch the disk, every day."})
	if form.Say != "" {
		t.Errorf("Slack says %q", form.Say)
	}
	w.until("version 2 is saved", func() bool { return strings.Contains(bea.hears(exitDone, "", "incident", "review", "1"), "every day.") })
	if out := bea.hears(exitFailed, "+ Watch the disk, every day.", "incident", "review", "1", "--save", file); out != "" {
		t.Errorf("%s", out)
	}
	page := bea.hears(exitDone, "<!DOCTYPE html>", "incident", "review", "1", "--html")
	if strings.Contains(page, "<script") || !strings.Contains(page, "Watch the disk, every day.") {
		t.Error("the page is not the review")
	}
	bea.hears(exitDone, "## Timeline", "incident", "review", "1", "--draft")
	bea.hears(exitUsage, "belong to", "incident", "show", "1", "--html")
	w.ok(os.WriteFile(file, []byte("<!-- INC-1 review version 2 -->\n# Caf\xe9\n"), 0o600))
	bea.hears(exitUsage, "is not UTF-8 (line 2)", "incident", "review", "1", "--save", file)
	w.ok(os.WriteFile(file, []byte("# no first line\n"), 0o600))
	bea.hears(exitUsage, "does not say which version", "incident", "review", "1", "--save", file)
	w.audited()
}

// pickOf is the action id of a menu whose verb is known: what it is about stands behind it.
func (w *town) pickOf(m person.Message, verb string) string {
	w.Helper()
	for _, e := range m.Elements {
		if strings.HasPrefix(e.ActionID, verb) || strings.Contains(e.ActionID, verb) {
			return e.ActionID
		}
	}
	w.Fatalf("%q has no menu %s", m.Plain, verb)
	return ""
}
