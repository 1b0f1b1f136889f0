package main

import (
	"strings"
	"testing"
	"time"
)

// TestI49_AMailThatWaitedIsNotSentAfterAFalseAlarm: nobody outside reads of an incident of which drbot just said that nobody is told.
func TestI49_AMailThatWaitedIsNotSentAfterAFalseAlarm(t *testing.T) {
	t.Parallel()
	w, server := listed(t)
	w.serve()
	w.linked()
	room := w.begun("Database corruption: users gone")
	w.answers(w.ana, room, "/incident update First --to mail", "Update 1 of INC-1 is sent")
	w.mailed(server, 2)
	server.Stop()
	w.answers(w.ana, room, "/incident update Second waits --to mail", "Update 2 of INC-1 is sent")
	w.until("the outage is told", func() bool { return strings.Contains(w.ready(), "mail waits") })
	w.answers(w.ana, room, "/incident edit 2 Second waits longer", "version 2")
	w.answers(w.ana, room, "/incident resolve false-alarm it was a test", "INC-1")
	server.Start()
	w.answers(w.ana, room, "/incident reopen it is real", "INC-1 is open again")
	w.answers(w.ana, room, "/incident update Third --to mail", "Update 3 of INC-1 is sent")
	w.until("the third leaves, after all that waited", func() bool {
		w.clock.push(time.Minute)
		return len(server.Mails()) >= 4
	})
	for _, m := range server.Mails() {
		if _, body := m.Parts(); strings.Contains(body, "waits") {
			t.Errorf("mailed after the false alarm\n%s", body)
		}
	}
	w.audited()
}

// TestI49_AMailThatWaitedAndWasEditedSaysBoth: when its first words were written and when it leaves; it promises nothing that has
// passed.
func TestI49_AMailThatWaitedAndWasEditedSaysBoth(t *testing.T) {
	t.Parallel()
	w, server := listed(t)
	w.serve()
	w.linked()
	room := w.begun("Database corruption: users gone")
	w.at("02:00:00")
	server.Stop()
	w.answers(w.ana, room, "/incident update First words --to mail next 20m", "Update 1 of INC-1 is sent")
	w.until("the outage is told", func() bool { return strings.Contains(w.ready(), "mail waits") })
	w.at("04:00:00")
	w.answers(w.ana, room, "/incident edit 1 Better words", "version 2")
	server.Start()
	w.at("04:03:00")
	w.until("it leaves", func() bool {
		w.clock.push(time.Second)
		return len(server.Mails()) == 2
	})
	for _, m := range server.Mails() {
		h, raw := m.Parts()
		body := strings.ReplaceAll(raw, "=\r\n", "")
		if strings.Contains(h["Subject"], "Correction") || !strings.Contains(body, "Better words") || strings.Contains(body, "02:20 UTC") {
			t.Errorf("%s\n%s", h["Subject"], body)
		}
		if !strings.Contains(body, " 02:00 UTC, sent ") || !strings.Contains(body, " 04:0") || !strings.Contains(body, "this mail had to wait") {
			t.Errorf("it does not say that it waited:\n%s", body)
		}
	}
	w.audited()
}
