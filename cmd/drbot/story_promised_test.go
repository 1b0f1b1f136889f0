package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/workspace/person"
)

// promising is a town in which mails leave at once, and an incident that Ana commands.
func promising(t *testing.T, more string) (*town, *mailtest.Server, string) {
	t.Helper()
	w, server := mailing(t, more)
	w.extra = strings.Replace(w.extra, "second_look: [mail]", "second_look: []", 1)
	w.configure()
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	return w, server, room
}

// TestI50_AnUpdateForOthersKeepsNothingThatTheListWasPromised: the answer says whom it leaves out; they are reminded of, and
// called late, once each; and the figures count what they were promised by itself.
func TestI50_AnUpdateForOthersKeepsNothingThatTheListWasPromised(t *testing.T) {
	t.Parallel()
	w, server, room := promising(t, "severities: {\"1\": {update: 15m}}\n")
	w.at("02:00:00")
	w.answers(w.ana, room, "/incident update First --to mail", "promised by 02:15 UTC")
	w.mailed(server, 1)
	w.at("02:08:00")
	w.answers(w.ana, room, "/incident update For us only next 50m", "promised by 02:58 UTC",
		"This does not go to the mailing list, promised one by 02:15 UTC: /incident update <text> --to mail")
	w.at("02:10:10")
	w.expect(w.dev, room, "Update for the mailing list due 02:15", "@Ana Ruiz", "nobody can log in")
	w.at("02:15:10")
	w.expect(w.dev, room, "Late since 02:15", "the mailing list has no update yet", "update 2 did not go there")
	w.until("the reminder offers nothing any more", func() bool {
		return w.count(w.dev, room, "Due 02:15", "the mailing list", "did not come") == 1 && w.count(w.dev, room, "Update for the mailing list due") == 0
	})
	if n := w.pressable(w.ana, room, "incident.send"); n != 0 {
		t.Errorf("%d reminders that are over can be sent", n)
	}
	w.answers(w.ana, room, "/incident update For all now --to mail", "promised by 02:30 UTC")
	w.mailed(server, 2)
	w.until("what was late is closed", func() bool { return w.count(w.dev, room, "what was promised by mail is sent") == 1 })
	if n := w.count(w.dev, room, "Update due"); n != 0 {
		t.Errorf("responders were reminded %d times of what they were promised by 02:58", n)
	}
	w.answers(w.ana, room, "/incident resolve logins work anyway: nothing is left", "is resolved")
	w.expect(w.ana, room, "INC-1 resolved")
	if code, out, errs := w.drbot("incident", "review", "1", "--draft"); code != 0 || !strings.Contains(out, "Cadence of updates by mail missed: 0 of 1 promised ones came in time, 1 late") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	w.audited()
}

// TestI50_ASnoozeMovesNothingThatWasMailed: what was said in a mail stands; the reminder named the list before, so it is called
// late and not reminded of again.
func TestI50_ASnoozeMovesNothingThatWasMailed(t *testing.T) {
	t.Parallel()
	w, server, room := promising(t, "severities: {\"1\": {update: 15m}}\n")
	w.at("02:00:00")
	w.answers(w.ana, room, "/incident update First --to mail", "promised by 02:15 UTC")
	w.mailed(server, 1)
	w.at("02:10:10")
	w.expect(w.dev, room, "Update due 02:15", "Promised to the mailing list too")
	w.answers(w.ana, room, "/incident snooze 1h", "is due 03:10 UTC", "What was mailed stands for the mailing list, promised one by 02:15 UTC: /incident update <text> --to mail")
	w.at("02:15:10")
	w.expect(w.dev, room, "Late since 02:15", "the mailing list has read no update since update 1, and was promised one", "@Ana Ruiz")
	if n := w.count(w.dev, room, "for the mailing list due"); n != 0 {
		t.Errorf("reminded %d times of what the responders' reminder had named", n)
	}
	w.press(w.ana, room, "incident.update", "the mailing list has read no update since update 1")
	ticked(w, w.ana, "Promised the next one: the mailing list by 02:15 UTC", "mail", "responders")
	w.fill(w.ana, "Post update", map[string]any{"What happened": "It goes on"})
	w.sought(w.ana, "Send", "Mailing list")
	w.fill(w.ana, "Post update", map[string]any{})
	w.mailed(server, 2)
	w.until("what was late is closed", func() bool { return w.count(w.dev, room, "what was promised by mail is sent") == 1 })
	w.audited()
}

// TestWhoEditsTheReminderLetsNobodyDown: its form ticks whom Send would reach, and says why; the card's too.
func TestWhoEditsTheReminderLetsNobodyDown(t *testing.T) {
	t.Parallel()
	w, server, room := promising(t, "severities: {\"1\": {update: 15m, executives: 1h}}\n")
	w.at("02:00:00")
	w.answers(w.ana, room, "/incident update First --to mail,executives", "promised by 02:15 UTC. Executives are promised the next one by 03:00 UTC")
	w.mailed(server, 2)
	w.at("02:10:10")
	w.expect(w.dev, room, "Update due 02:15", "Promised to the mailing list too")
	w.press(w.ana, room, "incident.update", "INC-1", "SEV-1")
	form := ticked(w, w.ana, "Promised the next one: the mailing list by 02:15 UTC", "announcement", "mail", "responders")
	_, err := w.ana.CloseModal(w.within(), form.ID)
	w.ok(err)
	w.press(w.ana, room, "incident.update", "Update due 02:15")
	ticked(w, w.ana, "Promised the next one: the mailing list by 02:15 UTC", "announcement", "mail", "responders")
	w.fill(w.ana, "Post update", map[string]any{"What happened": "Better words"})
	w.sought(w.ana, "Send", "Mailing list", "Better words")
	w.fill(w.ana, "Post update", map[string]any{})
	w.mailed(server, 3)
	w.at("02:25:00")
	w.answers(w.ana, room, "/incident snooze 1h", "is due 03:25 UTC")
	w.at("02:55:10")
	w.expect(w.dev, room, "Update for executives due 03:00")
	w.press(w.ana, room, "incident.update", "Update for executives due 03:00")
	ticked(w, w.ana, "executives by 03:00 UTC", "executives", "responders")
	w.at("03:00:10")
	w.expect(w.dev, room, "Late since 03:00", "update for executives")
	w.expect(w.dev, room, "Due 03:00", "the update for executives did not come")
	w.answers(w.ana, room, "/incident update To the bosses alone --to executives next 2h", "promised by 03:15 UTC. Executives are promised the next one by 05:00 UTC")
	w.mailed(server, 4)
	if _, body := server.Mails()[3].Parts(); !strings.Contains(body, "05:00 UTC") {
		t.Errorf("the mail promises something else:\n%s", body)
	}
	w.audited()
}

// ticked waits for the form of an update whose hint says why, and compares whom it goes to.
func ticked(w *town, p *person.Person, why string, want ...string) (form person.View) {
	w.Helper()
	var to person.Element
	_, err := p.Await(w.within(), "the audiences with "+why, func(s person.State) bool {
		var ok bool
		if form, ok = s.Modal(); !ok || form.Submit != "Preview" {
			return false
		}
		k := slices.IndexFunc(form.Elements, func(e person.Element) bool { return e.BlockID == "to" })
		if k < 0 || !strings.Contains(form.Elements[k].Hint+form.Plain, why) {
			return false
		}
		to = form.Elements[k]
		return true
	})
	w.ok(err)
	if got := slices.Sorted(slices.Values(to.Selected)); !slices.Equal(got, want) {
		w.Errorf("ticked %q, not %q", got, want)
	}
	return form
}
