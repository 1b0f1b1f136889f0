package main

import (
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/integrations/mail/mailtest"
)

// mailOf is the newest mail to an address, subject and text.
func (w *town) mailOf(s *mailtest.Server, to string) string {
	w.Helper()
	text := ""
	for _, m := range s.Mails() {
		if headers, body := m.Parts(); strings.Contains(m.To, to) {
			text = headers["Subject"] + "\n" + body
		}
	}
	return text
}

// TestMaintenance_AMovedWindowIsToldToWhoReadTheOldOne: what waits with the old one does not leave, the thread is told, and the
// draft for everybody who was mailed it stands in the channel; nobody sends it, that is called late once.
func TestMaintenance_AMovedWindowIsToldToWhoReadTheOldOne(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "")
	raw, err := os.ReadFile(w.config())
	w.ok(err)
	w.ok(os.WriteFile(w.config(), []byte(strings.Replace(string(raw), "types: {", "types: {Slow pages: {maintenance: true}, ", 1)), 0o600))
	w.at("18:00:00")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Slow pages: move db1")
	w.answers(w.ana, room, "/incident services users", "INC-1 affects users.")
	w.answers(w.ana, room, "/incident window 20:00 1h", "20:00", "21:00 UTC. Nobody is paged in it.")
	w.answers(w.ana, room, "/incident update Moving db1 tonight --to announcement,mail,executives", "Update 1 of INC-1 is sent")
	w.answers(w.bea, room, "/incident release m1", "")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident update Two tables more --to mail", "To the mailing list it goes after a second look")

	w.answers(w.ana, room, "/incident window 21:00 1h", "21:00", "22:00 UTC. Nobody is paged in it.", "the window was mailed as it was before: the draft in the channel tells the new one", "Nothing of m2 left")
	w.expect(w.dev, room, "Ana Ruiz moved the window: it is planned from 21:00 to 22:00 now, and was from 20:00 to 21:00", "the mailing list",
		"executives", "The window is moved: it is planned from", "message m2", "told of the old window", "@Ana Ruiz", "Send", "Edit…", "Write it anew…")
	w.expect(w.dev, "C0INCIDENTS", "The maintenance window is moved: it is from 21:00 to 22:00 now, and not from 20:00 to 21:00.")
	w.answers(w.bea, room, "/incident release m2", "it told of the old one")
	w.clock.push(16 * minute)
	w.expect(w.dev, room, "were mailed the window as it was before, and nobody has told them the new one", "@Ana Ruiz")

	w.press(w.ana, room, "incident.send", "moved the window")
	w.mailed(server, 3)
	w.answers(w.bea, room, "/incident release m3", "")
	w.mailed(server, 4)
	for _, to := range []string{"boss@", "list@"} {
		if text := w.mailOf(server, to); !strings.Contains(text, "When: ") || !strings.Contains(text, "21:00 UTC to ") || !strings.Contains(text, "The window is moved") {
			t.Errorf("%s was mailed %s", to, text)
		}
	}
	w.until("nothing is offered any more", func() bool {
		m := w.expect(w.dev, room, "Ana Ruiz moved the window")
		return !strings.Contains(m.Plain, "was mailed as it was before")
	})
	if n := w.count(w.dev, room, "nobody has told them the new one"); n != 0 {
		t.Errorf("%d messages still call it late", n)
	}

	w.answers(w.ana, room, "/incident window 23:00 1h", "tells the new one")
	w.answers(w.ana, room, "/incident window 21:00 1h", "Nobody is paged in it.")
	w.expect(w.dev, room, "it is planned from 21:00 to 22:00 now, and was from 23:00")
	w.until("who read this one is owed nothing", func() bool { return w.count(w.dev, room, "was mailed as it was before") == 0 })
	w.expect(w.dev, room, "The maintenance window was moved.")
	w.at("21:00:02")
	w.expect(w.dev, "C0INCIDENTS", "🔧 Maintenance is in progress since")
	w.answers(w.ana, room, "/incident window 23:30 1h", "tells the new one")
	w.until("the thread does not say that it is in progress", func() bool {
		return w.count(w.dev, "C0INCIDENTS", "Maintenance is in progress since") == 0
	})
	w.audited()
}

// TestMaintenance_WhatIsPromisedIsKept: a next update that somebody promised in maintenance is reminded of and called late, once
// each, and nobody is paged; so is what an incident had promised before it became maintenance.
func TestMaintenance_WhatIsPromisedIsKept(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "severities: {\"1\": {update: 15m, executives: 1h}}\n")
	w.planning()
	w.at("18:00:00")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Slow pages: move db1")
	w.answers(w.ana, room, "/incident services users", "INC-1 affects users.")
	w.answers(w.ana, room, "/incident window 23:00 1h", "Nobody is paged in it.")
	w.answers(w.ana, room, "/incident update Moving db1 tonight next 30m --to announcement", "Update 1 of INC-1 is sent. The next one is promised by 18:30 UTC")
	w.expect(w.dev, room, "update due 18:30")
	w.at("18:25:02")
	w.expect(w.dev, room, "18:30", "@Ana Ruiz", "Maintenance scheduled: move db1.", "Send")
	w.at("18:30:02")
	w.expect(w.dev, room, "Late since 18:30", "@Ana Ruiz")
	w.at("19:30:00")
	w.answers(w.ana, room, "/incident window 23:30 1h", "Nobody is paged in it.")
	w.answers(w.ana, room, "/incident update All is ready --to announcement", "Update 2 of INC-1 is sent.")
	w.expect(w.dev, room, "Update 2 by", "(late)")

	w.answers(w.ana, room, "/incident type Database corruption", "SEV-1. Updates every 15 min")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident update It broke --to announcement,mail,executives", "Update 3 of INC-1 is sent. The next one is promised by 19:45 UTC")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident type Slow pages", "INC-1 is scheduled maintenance now")
	w.at("19:45:02")
	w.expect(w.dev, room, "Late since 19:45", "@Ana Ruiz", "Promised to executives, the mailing list too")
	spoken := map[string]int{}
	for _, key := range w.spokenKeys() {
		spoken[key]++
		if spoken[key] > 1 || strings.HasPrefix(key, "respond/") || strings.HasPrefix(key, "call/") {
			t.Errorf("it spoke of %s", key)
		}
	}
	w.audited()
}

// TestMaintenance_ReopenedItIsOwed: who was mailed that it is over is told that it is not, or that is called late, to who
// reopened it where nobody leads.
func TestMaintenance_ReopenedItIsOwed(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "")
	w.planning()
	w.at("18:00:00")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Slow pages: move db1")
	w.answers(w.ana, room, "/incident services users", "INC-1 affects users.")
	w.answers(w.ana, room, "/incident window now 1h", "Nobody is paged in it.")
	w.answers(w.ana, room, "/incident update Moving db1 --to announcement,mail,executives", "Update 1 of INC-1 is sent")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident resolve all is moved anyway: no checklist", "INC-1 is completed.")
	w.mailed(server, 4)
	w.answers(w.dev, room, "/incident reopen forgot a table", "INC-1 goes on", "that it is over")
	w.expect(w.dev, room, "INC-1 goes on: Dev Nul reopened it", "@Dev Nul", "it was mailed that it is over", "Send")
	w.clock.push(16 * minute)
	w.expect(w.dev, room, "read that it is over, and nobody has told them that it goes on", "@Dev Nul")
	w.press(w.dev, room, "incident.send", "goes on: Dev Nul")
	w.mailed(server, 6)
	w.until("it is late no more", func() bool {
		return w.count(w.dev, room, "nobody has told them that it goes on") == 0
	})
	w.audited()
}
