package main

import (
	"strings"
	"testing"
)

// TestI50_APromiseOutsideIsKeptByItsRelease: the list was mailed "the next update comes by"; what waits for its second look then
// is called late, once, to who may let it go, and counts as late when it has left.
func TestI50_APromiseOutsideIsKeptByItsRelease(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "severities: {\"1\": {update: 1h}}\n")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident update Looking --to mail", "Update 1 of INC-1 is sent")
	w.answers(w.bea, room, "/incident release m1", "It leaves for")
	w.mailed(server, 1)
	w.at("02:54:00")
	w.answers(w.ana, room, "/incident update Found it --to mail", "Update 2 of INC-1 is sent")
	w.at("02:59:00")
	w.clock.push(minute)
	w.expect(w.bea, room, "Late since 0", "the mailing list has no update yet, and was promised one", "message m2", "update 2 by Ana Ruiz", "Every responder but Ana Ruiz may let it go", "@Bea Ode")
	w.answers(w.ana, room, "/incident note still at it", "Noted")
	if n := w.count(w.bea, room, "the mailing list has no update yet"); n != 1 {
		t.Errorf("said %d times", n)
	}
	w.answers(w.bea, room, "/incident release m2", "It leaves for")
	w.mailed(server, 2)
	w.until("what was late is closed", func() bool {
		return w.count(w.bea, room, "the mailing list has no update yet") == 0 && w.count(w.bea, room, "what was promised by mail is sent") == 1
	})
	w.answers(w.ana, room, "/incident resolve logins work anyway: nothing is left", "is resolved")
	w.expect(w.ana, room, "INC-1 resolved")
	if code, out, complaint := w.drbot("incident", "review", "1", "--draft"); code != 0 {
		t.Errorf("%d %s %s", code, out, complaint)
	} else if want := "Cadence of updates by mail missed: 0 of 1 promised ones came in time, 1 late"; !strings.Contains(out, want) {
		t.Errorf("the review does not say %q:\n%s", want, out)
	}
	w.audited()
}

// TestExecutivesWaitForASecondLook: their reminder says that what was written waits, and offers no second message.
func TestExecutivesWaitForASecondLook(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "severities: {\"1\": {update: 1h, executives: 2h}}\n")
	w.extra = strings.Replace(w.extra, "second_look: [mail]", "second_look: [mail, executives]", 1)
	w.configure()
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident update Looking --to executives", "Update 1 of INC-1 is sent")
	w.at("04:10:00")
	w.expect(w.bea, room, "executives have no update yet, and were promised one", "message m1", "update 1 by Ana Ruiz", "may let it go", "@Bea Ode")
	w.answers(w.bea, room, "/incident release m1", "It leaves for")
	w.mailed(server, 1)
	w.audited()
}

// TestWhoWasMailedTheEndHearsThatItIsNone: the reopening offers the words, a person sends them, and until then they are owed.
func TestWhoWasMailedTheEndHearsThatItIsNone(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "severities: {\"1\": {update: 1h, executives: 4h}}\n")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident resolve logins work --to announcement,mail,executives anyway: nothing is left", "is resolved")
	w.answers(w.bea, room, "/incident release m1", "It leaves for the mailing list")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident reopen logins fail again", "It was mailed to executives and the mailing list that it is over", "--to executives,mail")
	w.expect(w.dev, room, "INC-1 goes on", "executives, the mailing list it was mailed that it is over", "“It is not over, and open again: logins fail again.")
	w.at("03:00:00") // an hour is over
	w.expect(w.dev, room, "update 1 @Ana Ruiz")
	w.press(w.ana, room, "incident.send", "INC-1 goes on")
	w.expect(w.bea, room, "Second look", "It is not over, and open again")
	subjects := w.mailed(server, 3)
	if !strings.HasPrefix(subjects[2], "boss@example.com") {
		t.Errorf("mailed %q", subjects)
	}
	w.expect(w.bea, room, "the mailing list has no update yet, and was promised one", "message m2", "@Bea Ode")
	w.answers(w.bea, room, "/incident release m2", "It leaves for the mailing list")
	w.mailed(server, 4)
	w.until("nothing offers the draft any more", func() bool { return w.pressable(w.ana, room, "incident.send") == 0 })
	w.audited()
}
