package main

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/mail/mailtest"
)

// listed is a town with a mailing list of two, which nobody looks at a second time.
func listed(t *testing.T) (*town, *mailtest.Server) {
	t.Helper()
	w, server := mailing(t, "severities: {\"1\": {update: 1h}}\n")
	w.extra = strings.NewReplacer("second_look: [mail]", "second_look: []", "to: [list@example.com]", "to: [list@example.com, two@example.com]").Replace(w.extra)
	w.configure()
	return w, server
}

// begun is an incident that has what an update and an end need.
func (w *town) begun(title string) (room string) {
	w.Helper()
	room = w.open(w.ana, title)
	w.answers(w.ana, room, "/incident ack", "You command")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	return room
}

// TestI49_WhatHoldsNoMoreIsNotMailed: the mail server is away while a resolution is taken back and an update edited; drbot is
// killed meanwhile. Nobody reads that it is over, and everybody reads the right words, once.
func TestI49_WhatHoldsNoMoreIsNotMailed(t *testing.T) {
	t.Parallel()
	w, server := listed(t)
	w.spawn()
	w.linked()
	room := w.begun("Database corruption: users gone")
	w.answers(w.ana, room, "/incident update First --to mail", "Update 1 of INC-1 is sent")
	w.mailed(server, 2)
	server.Stop()
	w.answers(w.ana, room, "/incident update Second wrong 4711 --to mail", "Update 2 of INC-1 is sent")
	w.until("the outage is told", func() bool { return strings.Contains(w.ready(), "mail waits") })
	w.answers(w.ana, room, "/incident edit 2 Second right", "version 2")
	w.answers(w.ana, room, "/incident resolve logins work anyway: nothing is left --to mail", "is resolved")
	w.answers(w.ana, room, "/incident reopen it is back", "INC-1")
	w.life.kill()
	server.Start()
	w.spawn()
	w.linked()
	w.mailed(server, 4)
	w.answers(w.ana, room, "/incident update Third --to mail", "Update 3 of INC-1 is sent")
	for k, subject := range w.mailed(server, 6) { // the third comes after all that waited
		_, body := server.Mails()[k].Parts()
		if strings.Contains(subject, "Correction") || strings.Contains(subject, "Resolved") || strings.Contains(body, "4711") {
			t.Errorf("mailed %s\n%s", subject, body)
		}
	}
	if _, body := server.Mails()[2].Parts(); !strings.Contains(body, "Second right") {
		t.Errorf("the second:\n%s", body)
	}
	w.audited()
}

// TestI48_AnAddressAtWhichTheServerHangsUpStarvesNobody: the others of both incidents read what is written; the address is
// named, and after a day its mail is given up, visibly.
func TestI48_AnAddressAtWhichTheServerHangsUpStarvesNobody(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]mailtest.Trouble{"hangs up": {HangUp: true}, "421": {Reply: "421 4.7.0 try later", HangUp: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := listed(t)
			server.Trouble("RCPT list@example.com", trouble)
			w.serve()
			w.linked()
			room, other := w.begun("Database corruption: users gone"), w.begun("Database corruption: orders gone")
			w.answers(w.ana, room, "/incident update Looking --to mail", "Update 1 of INC-1 is sent")
			w.answers(w.ana, other, "/incident update Looking --to mail", "Update 1 of INC-2 is sent")
			for _, line := range w.mailed(server, 2) {
				if !strings.HasPrefix(line, "two@example.com: ") {
					t.Errorf("mailed %s", line)
				}
			}
			w.until("the address is named", func() bool { return strings.Contains(w.ready(), "puts off list@example.com since") })
			w.answers(w.ana, room, "/incident update Found it --to mail", "Update 2 of INC-1 is sent")
			w.mailed(server, 3)
			w.clock.push(25 * time.Hour) // over a day
			w.expect(w.ana, other, "delivery", "list@example.com")
			server.Trouble("RCPT list@example.com", mailtest.Trouble{})
			w.audited()
		})
	}
}
