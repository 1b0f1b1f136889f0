package main

import (
	"strings"
	"testing"
	"time"
)

// TestI44_AReopeningBeforeTheEndWasPublic: while the words for the end wait for their second look, or were sent back, the page
// says that it goes on; a reopening then leaves no "resolved" and no "open again" on it, nor at Atlassian's.
func TestI44_AReopeningBeforeTheEndWasPublic(t *testing.T) {
	t.Parallel()
	w, account := publishedBook(t, small(), "messages: {second_look: [status]}\n")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone on db1")
	w.answers(w.ana, room, "/incident services users", "Critical")
	w.say(w.ana, room, `/incident update First --to status --public "Nobody can log in."`)
	w.press(w.bea, room, "incident.release", "Second look", "Nobody can log in.")
	w.shows("", "Major outage", "Nobody can log in.")
	again := func() {
		t.Helper()
		w.shows("", "Major outage", "Nobody can log in.", "!resolved", "!open again")
		w.answers(w.ana, room, "/incident reopen it is back", "open again")
	}
	w.answers(w.ana, room, `/incident resolve done anyway: x --to status --public "It is over."`, "resolved")
	w.clock.push(70 * time.Minute)
	again()
	w.answers(w.ana, room, `/incident resolve done anyway: x --to status --public "It is over now."`, "resolved")
	w.answers(w.bea, room, "/incident sendback m3 name the hour", "It goes back to Ana Ruiz")
	again()
	w.say(w.ana, room, `/incident update Second --to status --public "We restore a backup."`)
	w.press(w.bea, room, "incident.release", "Second look", "We restore a backup.")
	w.shows("", "We restore a backup.", "Nobody can log in.", "!resolved", "!open again")
	w.shows("history.html", "!resolved", "!open again")
	w.shows("feed.atom", "We restore a backup.", "!resolved", "!open again")
	if words := strings.Join(w.publicWords(), " | "); words != "We restore a backup. | Nobody can log in." {
		t.Errorf("status.json: %s", words)
	}
	w.until("Atlassian's page says the same", func() bool {
		return pushedThere(account) == "Incident: Login and Shop | investigating: Nobody can log in. | investigating: We restore a backup."
	})
	if faults := account.Faults(); len(faults) > 0 {
		t.Errorf("Atlassian refused: %q", faults)
	}
	w.audited()
}

// TestI49_DeletedAtAtlassians: an incident that somebody deleted there is told of once, and its component is set back at the
// end, after a restart, and with a reopening.
func TestI49_DeletedAtAtlassians(t *testing.T) {
	t.Parallel()
	w, account := published(t)
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone on db1")
	w.answers(w.ana, room, "/incident services users", "Critical")
	login := func(state string) {
		t.Helper()
		w.until("Login is "+state+" there", func() bool { return account.Component("clogin") == state })
	}
	w.answers(w.ana, room, `/incident update First --to status --public "Nobody can log in."`, "Update 1")
	login("major_outage")
	account.Delete(account.Incidents()[0].ID)
	w.answers(w.ana, room, "/incident status monitoring", "monitoring")
	w.answers(w.ana, room, `/incident update Second --to status --public "It works again; we watch it."`, "Update 2")
	login("degraded_performance")
	w.expect(w.ana, room, "was deleted at Atlassian's Statuspage", "set back at its end")
	w.life.stop()
	w.serve()
	w.linked()
	w.answers(w.ana, room, `/incident resolve done anyway: x --to status --public "It is over."`, "resolved")
	login("operational")
	w.answers(w.ana, room, "/incident reopen it is back", "open again")
	login("degraded_performance") // its status is monitoring still
	w.answers(w.ana, room, "/incident resolve done anyway: x", "resolved")
	login("operational")
	if faults, n := account.Faults(), len(account.Incidents()); len(faults) > 0 || n > 0 {
		t.Errorf("Atlassian refused %q, and has %d incidents", faults, n)
	}
	w.audited()
}
