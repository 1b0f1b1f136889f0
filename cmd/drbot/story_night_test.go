package main

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// friday at one minute to two is when the night begins; people work from Monday to Friday.
func friday(w *town, o *workspace.Options) {
	atWork(w, o)
	now := w.clock.Now().UTC()
	w.pushTo(time.Date(now.Year(), now.Month(), now.Day(), 1, 59, 0, 0, time.UTC))
}

// TestI50_TheNight is an incident from its first minute to its last task: SEV-1 on a Friday at 02:00, updates at 02:15 and
// 02:30, the third forgotten and called late, drbot down from 03:00 to 03:40 and one sentence that says how late it is, the
// resolution, the review's tasks reminded of across the weekend, and closed. The mailing list and executives hear all of it.
func TestI50_TheNight(t *testing.T) {
	t.Parallel()
	w, server := mailingBook(t, reviewing(), "severities: {\"1\": {update: 15m, executives: 1h}}\n", friday)
	w.serve()
	w.linked()
	w.at("02:00:50") // each update is sent half a minute before its promise
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")

	w.firstUpdate(server, room)
	w.at("02:29:50")
	w.press(w.ana, room, "incident.send", "Update due")
	w.expect(w.dev, room, "Update 2 by @Ana Ruiz")
	w.release(w.bea, room, "update 2")
	w.mailed(server, 3)
	w.thirdIsForgotten(room)
	w.pushTo(w.promised().Add(40*minute + 5*time.Second))
	w.serve()
	w.linked()
	w.expect(w.dev, room, "40 min late, drbot was not running: update 3")
	w.expect(w.dev, room, "drbot was not running: update for executives")
	w.answers(w.ana, room, "/incident note back at it", "Noted")
	for _, once := range []string{"drbot was not running: update 3", "drbot was not running: update for executives"} {
		if n := w.count(w.dev, room, once); n != 1 {
			t.Errorf("told %d times: %s", n, once)
		}
	}
	w.answers(w.ana, room, "/incident update The 02:00 backup is in place --to announcement,mail,executives", "Update 3 of INC-1 is sent")
	w.expect(w.dev, room, "Update 3 by @Ana Ruiz (late)")
	w.mailed(server, 4)
	w.release(w.bea, room, "update 3")
	w.mailed(server, 5)

	w.at("03:50:00")
	w.nightEnds(server, room)
	w.weekend(room)
	w.closesReview(room)
	w.audited()
}

// promised is by when the next update is.
func (w *town) promised() time.Time {
	w.Helper()
	return *w.awaitView(1, "an update is promised", func(v commands.View) bool { return v.UpdateDue != nil }).UpdateDue
}

// firstUpdate goes through the form and its preview at 02:15, and by mail after Bea's second look.
func (w *town) firstUpdate(server *mailtest.Server, room string) {
	w.Helper()
	w.at("02:11:00")
	w.expect(w.dev, room, "Update due")
	w.at("02:15:20")
	w.press(w.ana, room, "incident.update", "Update due")
	fields := map[string]any{"What happened": "Looking at the users database", "To": []string{"announcement", "mail", "executives"}}
	w.fill(w.ana, "Post update", fields)
	w.until("what each audience will read", func() bool {
		s, err := w.ana.State(w.within())
		w.ok(err)
		form, ok := s.Modal()
		return ok && form.Submit == "Send" && strings.Contains(form.Plain, "Mailing list · list@example.com · only after a second look") && strings.Contains(form.Plain, "Subject: ")
	})
	w.fill(w.ana, "Post update", map[string]any{})
	w.expect(w.dev, room, "Update 1 by @Ana Ruiz", "Looking at the users database")
	w.expect(w.bea, room, "Second look", "Looking at the users database", "Let it go")
	if subjects := w.mailed(server, 1); !strings.HasPrefix(subjects[0], "boss@example.com: ") {
		w.Fatalf("mailed before the second look: %q", subjects)
	}
	w.until("the reminder is gone", func() bool { return w.count(w.ana, room, "Update due") == 0 })
	look := w.button(w.ana, room, "incident.release", "Second look")
	w.pressOn(w.ana, look, "incident.release")
	w.pressOn(w.bea, look, "incident.release")
	if subjects := w.mailed(server, 2); !strings.HasPrefix(subjects[1], "list@example.com: ") {
		w.Errorf("%q", subjects)
	}
	w.expect(w.dev, room, "@Bea Ode let it go")
}

// release lets a message go after a second look at its card.
func (w *town) release(p *person.Person, room, what string) {
	w.Helper()
	w.press(p, room, "incident.release", "Second look", what)
	w.expect(p, room, "let it go", what)
}

// thirdIsForgotten: called late once, put off for a quarter of an hour, reminded of again, and then drbot is down.
func (w *town) thirdIsForgotten(room string) {
	w.Helper()
	w.pushTo(w.promised().Add(61 * time.Second))
	w.expect(w.dev, room, "Late since", "update 3", "@Ana Ruiz")
	late := w.promised()
	w.press(w.ana, room, "incident.snooze", "Late since")
	w.until("it is put off", func() bool { return w.count(w.ana, room, "Late since", "is due") == 1 })
	if by := w.promised(); by.Sub(late) < 15*minute {
		w.Errorf("put off from %s to %s", late, by)
	}
	w.pushTo(w.promised().Add(-4 * minute))
	w.expect(w.dev, room, "Update due")
	w.pushTo(w.promised().Add(-minute))
	w.leave()
}

// nightEnds by a resolution: nobody's terminal resolves nothing; executives are mailed at once, the list after Bea's look.
func (w *town) nightEnds(server *mailtest.Server, room string) {
	w.Helper()
	code, out, errs := w.drbot("incident", "resolve", "1", "Logins work again anyway: nothing is left", "--to", "announcement,executives")
	if code == 0 { // the terminal of a test proves nobody
		w.Errorf("resolved by nobody: %s%s", out, errs)
	}
	w.answers(w.ana, room, "/incident resolve Logins work again --to announcement,executives,mail anyway: nothing is left", "is resolved")
	if subjects := w.mailed(server, 6); !strings.HasPrefix(subjects[5], "boss@example.com: ") || !strings.Contains(subjects[5], "resolved") {
		w.Errorf("%q", subjects)
	}
	w.release(w.bea, room, "the resolution")
	w.mailed(server, 7)
	first, _ := server.Mails()[1].Parts()
	last, _ := server.Mails()[6].Parts()
	if !strings.HasPrefix(last["References"], first["Message-ID"]) {
		w.Errorf("the end is in no thread: %v", last)
	}
}

// weekend: what is owed within 24 hours of a Friday's night is owed on Monday; reminded of in working hours, nobody is called
// on Saturday or Sunday, late on Monday, and done.
func (w *town) weekend(room string) {
	w.Helper()
	drbot := w.space.BotUserID()
	due := *w.taskOf(1, "t1").Due
	if due.Weekday() != time.Monday {
		w.Errorf("24 hours from Friday night end %s", due)
	}
	w.pushTo(due.Add(-64 * time.Hour)) // the end of work on Friday
	w.expect(w.ana, drbot, "t1 Timeline written", "due")
	w.pushTo(due.Add(-minute))
	w.answers(w.ana, room, "/incident note all was quiet", "Noted")
	if n := w.dms(w.ana, "t1"); n != 1 {
		w.Errorf("%d messages about a task before it is due", n)
	}
	w.pushTo(due.Add(40 * minute))
	w.expect(w.ana, drbot, "t1 Timeline written", "late since")
	w.press(w.ana, drbot, "incident.task.done", "t1 Timeline written", "late since")
	w.until("every message about the task closes", func() bool { return w.dms(w.ana, "t1 Timeline written", "late since") == 0 })
}
