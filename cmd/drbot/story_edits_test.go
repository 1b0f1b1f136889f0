package main

import (
	"strings"
	"testing"
)

const aPage = "statuspage: {title: Shop status, url: \"https://status.example.com\", serve: true, components: {Login: [users]}}\n"

// TestAnEndWithoutWordsIsGivenThemLater: they take the place of drbot's sentence on the page; better words for a message take no
// name away there; a correction does not put an editor's name to what another sent.
func TestAnEndWithoutWordsIsGivenThemLater(t *testing.T) {
	t.Parallel()
	w, server, room := promising(t, aPage)
	w.answers(w.ana, room, "/incident services users", "users")
	w.answers(w.ana, room, "/incident update We look --to mail,status --public \"Logins fail\nNobody can log in.\"", "Update 1")
	w.shows("", "Logins fail", "Nobody can log in.")
	w.answers(w.ana, room, `/incident edit 1 --public "Nobody can log in since two."`, "version 2")
	w.shows("status.json", `"Logins fail"`, "Nobody can log in since two.", "!Incident: Login")
	w.shows("feed.atom", "Logins fail", "!Incident: Login")
	w.answers(w.ana, room, "/incident resolve logins work anyway: nothing is left", "is resolved")
	w.shows("status.json", "This incident has been resolved.")
	w.mailed(server, 2)

	w.say(w.ana, room, "/incident edit resolution")
	w.formSays(w.ana, "Edit the resolution", "Words for the status page")
	w.answers(w.ana, room, `/incident edit resolution Everybody can log in --public "Logins work."`, "The resolution of INC-1 is version 2 now")
	w.shows("status.json", `"Logins work."`, "!This incident has been resolved.", `"state": "operational"`, `"Logins fail"`)
	w.answers(w.dev, room, `/incident edit resolution All can log in again --public "Logins work again."`, "version 3")
	w.shows("status.json", `"Logins work again."`, "!Logins work.\"")
	w.mailed(server, 4)
	_, text := server.Mails()[3].Parts()
	if !strings.Contains(text, "This is version 3 of the resolution") || strings.Contains(text, "Dev Nul sent") {
		t.Errorf("the correction says\n%s", text)
	}
	w.audited()
}

// TestI50_AnEditLeavesWhatExecutivesWerePromised: it stands in the message that promised it, whatever went to others since.
func TestI50_AnEditLeavesWhatExecutivesWerePromised(t *testing.T) {
	t.Parallel()
	w, server, room := promising(t, "severities: {\"1\": {update: 15m, executives: 1h}}\n")
	w.at("02:00:00")
	w.answers(w.ana, room, "/incident update First --to executives", "Update 1")
	w.mailed(server, 1)
	w.answers(w.ana, room, "/incident update Second --to announcement", "Update 2")
	w.answers(w.ana, room, "/incident edit 1 First mended", "version 2")
	w.expect(w.dev, room, "First mended", "Next update for executives by 03:00", "edited")
	w.answers(w.ana, room, "/incident update Third --to executives", "Update 3")
	w.answers(w.ana, room, "/incident edit 1 First once more", "version 3")
	w.until("the newer message alone promises it", func() bool {
		return w.count(w.dev, room, "First once more", "edited") == 1 && w.count(w.dev, room, "First once more", "for executives by") == 0 &&
			w.count(w.dev, room, "Third", "Next update for executives by 03:0") == 1
	})
	w.audited()
}

// TestWordsForThePageGoNowhereInSilence: a form that has them, and no tick for the page, is asked about.
func TestWordsForThePageGoNowhereInSilence(t *testing.T) {
	t.Parallel()
	w, _, room := promising(t, aPage)
	w.say(w.ana, room, "/incident update")
	r := w.fill(w.ana, "Post update", map[string]any{"What happened": "We look", "to": []string{"mail"}, "public": "Logins fail."})
	if said := r.Text + strings.Join(valuesOf(r.Errors), " "); !strings.Contains(said, "no tick at it") {
		t.Errorf("answered %+v", r)
	}
	w.fill(w.ana, "Post update", map[string]any{"to": []string{"mail", "status"}})
	w.sought(w.ana, "Send", "Status page", "Logins fail.")
	w.audited()
}

func valuesOf(m map[string]string) (list []string) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

// TestI50_WhatIsLetGoLatePromisesNothingThatHasPassed: it says when it was written and when it was let go; the card said so.
func TestI50_WhatIsLetGoLatePromisesNothingThatHasPassed(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "severities: {\"1\": {update: 15m, executives: 1h}}\n")
	w.extra = strings.Replace(w.extra, "second_look: [mail]", "second_look: [mail, executives]", 1)
	w.configure()
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.at("02:00:00")
	w.answers(w.ana, room, "/incident update First --to mail,executives", "Update 1 of INC-1 is sent")
	w.expect(w.bea, room, "Second look", "First", "Mails that leave more than 10 minutes after it was written say so")
	w.at("03:20:00")
	w.press(w.bea, room, "incident.release", "Second look")
	w.mailed(server, 2)
	for _, m := range server.Mails() {
		_, text := m.Parts()
		if !strings.Contains(text, "02:00 UTC, sent ") || !strings.Contains(text, "03:20 UTC: this mail had to wait.") ||
			strings.Contains(text, "02:15 UTC") || strings.Contains(text, "03:00 UTC") || !strings.Contains(text, "when there is news") {
			t.Errorf("%s is mailed\n%s", m.To, text)
		}
	}
	w.audited()
}
