package main

import (
	"slices"
	"testing"
)

// TestI50_AnEndThatWaitsIsAskedForUntilItLeaves: what the list was promised is called late after the resolution too; card and
// App Home say who does not know; it is reminded of an hour later and each day, and not once it has left.
func TestI50_AnEndThatWaitsIsAskedForUntilItLeaves(t *testing.T) {
	t.Parallel()
	w, server, room := looking(t)
	w.at("02:00:00")
	w.answers(w.ana, room, `/incident update First --to mail,status --public "First public"`, "promised by 02:30 UTC")
	w.answers(w.bea, room, "/incident release m1", "It leaves for")
	w.mailed(server, 1)
	w.at("02:10:00")
	w.answers(w.ana, room, `/incident resolve done anyway: nothing is left --to mail,status --public "It is over"`, "INC-1 is resolved")
	w.expect(w.bea, room, "The mailing list and the status page do not know yet that it is over: m2", "by @Ana Ruiz waits for a second look")
	w.home(w.bea, "INC-1 is over, and that has not gone to the mailing list and the status page: m2 waits for a second look")
	w.at("02:17:40")
	w.expect(w.bea, room, "Message m2", "has waited for a second look since 02:10")
	w.at("02:30:10")
	w.expect(w.bea, room, "Late since 02:30", "the mailing list does not know yet that it is over. Message m2", "by Ana Ruiz waits for its second look", "every responder but Ana Ruiz may let it go. @Bea Ode")
	w.at("03:30:10")
	w.expect(w.bea, room, "The mailing list and the status page do not know yet that it is over. Message m2", "by Ana Ruiz waits", "@Bea Ode")
	w.clock.push(24 * 60 * minute)
	w.until("one reminder stands", func() bool {
		return w.count(w.bea, room, "do not know yet that it is over. Message m2", "by Ana Ruiz waits") == 1 && slices.Contains(w.spokenKeys(), "end/2/1")
	})
	w.answers(w.bea, room, "/incident release m2", "It leaves for")
	w.mailed(server, 2)
	w.onPage("All systems operational")
	w.until("nothing is owed", func() bool {
		return w.count(w.bea, room, "know yet that it is over") == 0 && w.count(w.bea, room, "what was promised by mail is sent") == 1
	})
	w.clock.push(24 * 60 * minute)
	w.answers(w.bea, room, "/incident note all is quiet", "Noted")
	if n := w.count(w.bea, room, "know yet that it is over"); n != 0 {
		t.Errorf("reminded %d times of an end that has left", n)
	}
	w.audited()
}

// TestAnEndThatWasSentBackIsItsWriters: they are called, in the channel and in App Home, and write it anew from there.
func TestAnEndThatWasSentBackIsItsWriters(t *testing.T) {
	t.Parallel()
	w, server, room := looking(t)
	w.at("02:00:00")
	w.answers(w.ana, room, `/incident update First --to mail,status --public "First public"`, "promised by 02:30 UTC")
	w.answers(w.bea, room, "/incident release m1", "It leaves for")
	w.mailed(server, 1)
	w.answers(w.ana, room, `/incident resolve done anyway: nothing is left --to mail,status --public "It is over"`, "INC-1 is resolved")
	w.answers(w.bea, room, "/incident sendback m2 too vague", "It goes back")
	w.expect(w.dev, room, "m2", "by @Ana Ruiz was sent back, and nobody has written it anew")
	w.home(w.ana, "m2 was sent back to you")
	w.at("02:30:10")
	w.expect(w.ana, room, "Late since 02:30", "the mailing list does not know yet that it is over. @Ana Ruiz, Bea Ode sent message m2", "back: too vague")
	w.at("03:30:10")
	w.expect(w.ana, room, "The mailing list and the status page do not know yet that it is over. @Ana Ruiz, Bea Ode sent message m2")
	w.press(w.ana, room, "incident.edit", "The mailing list and the status page do not know yet that it is over")
	w.fill(w.ana, "Edit the resolution", map[string]any{"Summary": "Logins work again", "Words for the status page": "Everybody can log in."})
	w.expect(w.bea, room, "Second look", "the resolution", "(m3)")
	w.expect(w.dev, room, "know yet that it is over: m3", "by @Ana Ruiz waits for a second look")
	w.answers(w.bea, room, "/incident release m3", "It leaves for")
	w.mailed(server, 2)
	w.onPage("All systems operational")
	w.until("nothing is owed", func() bool { return w.count(w.bea, room, "know yet that it is over") == 0 })
	w.audited()
}

// TestI50_ALowerSeverityKeepsWhatExecutivesWereMailed: the answer says so; it is reminded of, and called late once, in words that
// are true.
func TestI50_ALowerSeverityKeepsWhatExecutivesWereMailed(t *testing.T) {
	t.Parallel()
	w, server, room := promising(t, "severities: {\"1\": {update: 15m, executives: 1h}}\n")
	w.at("02:00:00")
	w.answers(w.ana, room, "/incident update First --to mail,executives,announcement", "Executives are promised the next one by 03:00 UTC")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident severity 4 nearly nothing", "No update is promised.",
		"What was mailed stands for the mailing list, promised one by 02:15 UTC: /incident update <text> --to mail",
		"What was mailed stands for executives, promised one by 03:00 UTC: /incident update <text> --to executives")
	w.at("02:15:10")
	w.expect(w.dev, room, "Late since 02:15: the mailing list has read no update since update 1, and was promised one. @Ana Ruiz")
	w.at("02:55:10")
	w.expect(w.dev, room, "Update for executives due 03:00")
	w.at("03:00:10")
	w.expect(w.dev, room, "Late since 03:00: executives have read no update since update 1, and were promised one. @Ana Ruiz")
	w.answers(w.ana, room, "/incident update Second --to mail,executives", "Update 2 of INC-1 is sent")
	w.mailed(server, 4)
	w.until("nothing is owed", func() bool { return w.count(w.dev, room, "what was promised by mail is sent") == 2 })
	w.audited()
}
