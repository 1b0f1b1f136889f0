package main

import (
	"encoding/pem"
	"mime"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/workspace"
)

// mailing gives a town a mail server; the mailing list reads a message only after a second look. It begins at 01:59.
func mailing(t *testing.T, more string) (*town, *mailtest.Server) {
	t.Helper()
	return mailingBook(t, small(), more)
}

// mailingBook is mailing with a runbook; options come last.
func mailingBook(t *testing.T, b book, more string, options ...func(*town, *workspace.Options)) (*town, *mailtest.Server) {
	t.Helper()
	server := mailtest.New(t)
	server.User, server.Password = "drbot", "a password of the story"
	server.Start()
	w := settle(t, b, append([]func(*town, *workspace.Options){func(w *town, _ *workspace.Options) {
		ca := w.path("mail-ca.pem")
		w.ok(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate()}), 0o600))
		w.ok(os.WriteFile(w.path("mail-password"), []byte(server.Password+"\n"), 0o600))
		w.extra += "mail: {host: localhost, port: " + strconv.Itoa(server.Port()) + ", ca: mail-ca.pem, user: drbot, password: {file: mail-password}, from: drbot <drbot@example.com>, to: [list@example.com], executives: [boss@example.com]}\n" +
			"messages: {second_look: [mail]}\n" + more
		now := w.clock.Now().UTC()
		w.pushTo(time.Date(now.Year(), now.Month(), now.Day()+1, 1, 59, 0, 0, time.UTC))
	}}, options...)...)
	return w, server
}

// mailed waits for so many mails, and gives the subjects of all.
func (w *town) mailed(s *mailtest.Server, n int) (subjects []string) {
	w.Helper()
	w.until("mail "+strconv.Itoa(n), func() bool { return len(s.Mails()) >= n })
	for _, m := range s.Mails() {
		headers, _ := m.Parts()
		subject, err := new(mime.WordDecoder).DecodeHeader(headers["Subject"])
		w.ok(err)
		subjects = append(subjects, m.To+": "+subject)
	}
	if len(subjects) != n {
		w.Fatalf("mailed %q", subjects)
	}
	return subjects
}

// at is a time of the story's night.
func (w *town) at(clock string) {
	w.Helper()
	t, err := time.Parse("15:04:05", clock)
	w.ok(err)
	now := w.clock.Now().UTC()
	w.pushTo(time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC))
}

// TestI48_I49_MailWaitsForItsServer: down, told on the card, and sent once when it is back; an address that is refused parks.
func TestI48_I49_MailWaitsForItsServer(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "severities: {\"1\": {executives: 1h}}\n")
	if code, out, errs := w.drbot("check", "--offline"); strings.Contains(out+errs, "mail") {
		t.Errorf("check: exit %d: %s%s", code, out, errs)
	}
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	server.Stop()
	w.answers(w.ana, room, "/incident update Looking --to executives", "Update 1 of INC-1 is sent")
	w.until("the outage is told", func() bool { return strings.Contains(w.ready(), "mail waits") })
	w.leave()
	server.Trouble("RCPT boss@example.com", mailtest.Trouble{Reply: "550 5.1.1 no such user", Times: 1})
	server.Start()
	w.serve()
	w.linked()
	w.expect(w.ana, room, "delivery", "no such user")
	w.answers(w.chen, room, "/incident requeue", "mail")
	seq := ""
	w.until("the number of the parked mail", func() bool {
		s, err := w.chen.State(w.within())
		w.ok(err)
		c, _ := s.Channel(room)
		for _, m := range c.Messages {
			if found := parkedMail.FindStringSubmatch(m.Plain); found != nil {
				seq = found[1]
			}
		}
		return seq != ""
	})
	w.answers(w.chen, room, "/incident requeue "+seq, "is delivered again")
	w.mailed(server, 1)
	w.clock.push(56 * minute)
	w.expect(w.dev, room, "Update for executives due")
	w.press(w.ana, room, "incident.send", "Update for executives due")
	w.mailed(server, 2)
	w.audited()
}

// parkedMail is a line of the parked deliveries.
var parkedMail = regexp.MustCompile(`(\d+) · mail · `)

// TestAnEditFollowsWhereTheUpdateStands, in the channel and in the announcement's thread; the record keeps both.
func TestAnEditFollowsWhereTheUpdateStands(t *testing.T) {
	t.Parallel()
	w := settle(t, small(), quick)
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident update From the 02:00 backup", "Update 1 of INC-1 is sent")
	w.expect(w.dev, room, "Update 1 by @Ana Ruiz", "From the 02:00 backup")
	w.answers(w.ana, room, "/incident edit 1 From the 01:00 backup", "version 2")
	w.until("both are edited, in place", func() bool {
		return w.count(w.dev, room, "From the 01:00 backup", "edited", "@Ana Ruiz") == 1 && w.count(w.dev, room, "From the 02:00 backup") == 0
	})
	code, out, errs := w.drbot("audit", "export")
	if code != 0 || !strings.Contains(out, "From the 02:00 backup") || !strings.Contains(out, "From the 01:00 backup") {
		t.Errorf("the record has not both: exit %d: %s%s", code, out, errs)
	}
	w.audited()
}

// TestASecondLookCallsWhoMustAct: those who may decide are called by the card, and its writer by a message when it goes back.
func TestASecondLookCallsWhoMustAct(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident update Looking --to mail", "Update 1 of INC-1 is sent")
	w.expect(w.dev, room, "Second look: Ana Ruiz", "@Bea Ode", "Every responder but Ana Ruiz may decide")
	w.answers(w.bea, room, "/incident sendback m1 too vague", "It goes back")
	w.expect(w.ana, room, "@Ana Ruiz, nothing went to the mailing list", "too vague")
	if n := len(server.Mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
	w.audited()
}

// TestI56_WhatWasAnnouncedIsTakenBackWhenAnIncidentBecomesRestricted: the replies in its thread too, and an edit goes to whom it
// may go.
func TestI56_WhatWasAnnouncedIsTakenBackWhenAnIncidentBecomesRestricted(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: was public")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident update All gone --to announcement,executives", "Update 1 of INC-1 is sent")
	w.mailed(server, 1)
	told := func() (n int) {
		s, err := w.ana.State(w.within())
		w.ok(err)
		for _, c := range s.Channels {
			for _, m := range c.Messages {
				if c.Name == "incidents" && strings.Contains(m.Plain, "All gone") {
					n++
				}
			}
		}
		return n
	}
	w.until("it is announced", func() bool { return told() > 0 })
	w.answers(w.ana, room, "/incident type Data breach", "INC-1 is Data breach")
	w.until("it is not to be read there any more", func() bool { return told() == 0 })
	w.audited()
}

// TestAReopeningIsToldWhereTheEndWas: by a message of its own in the channel and in the announcement's thread.
func TestAReopeningIsToldWhereTheEndWas(t *testing.T) {
	t.Parallel()
	w := settle(t, small(), quick)
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident resolve logins work anyway: nothing is left", "is resolved")
	w.answers(w.ana, room, "/incident reopen they do not", "INC-1")
	w.expect(w.dev, room, "INC-1 goes on: Ana Ruiz reopened it", "they do not")
	w.until("the announcement's thread says it", func() bool {
		s, err := w.dev.State(w.within())
		w.ok(err)
		for _, c := range s.Channels {
			for _, m := range c.Messages {
				if c.Name == "incidents" && m.ThreadTS != "" && strings.Contains(m.Plain, "INC-1 is not over") {
					return true
				}
			}
		}
		return false
	})
	w.audited()
}
