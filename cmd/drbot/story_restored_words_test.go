package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestI42_ARestoreSaysWhatItReadsAgain: a backup has what was redacted after it, and its restore names those records.
func TestI42_ARestoreSaysWhatItReadsAgain(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	socket, key := keyring(t)
	w.people[2].more = ", ssh_key: \"" + key + "\""
	w.configure()
	w.up()
	chen := shell{w, socket}
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/incident note hunterword5 typed by mistake")
	w.say(w.ana, room, "/incident note hunterword6 typed by mistake")
	w.payloads("Noted", 2)
	first, second := w.records("Noted")[0].Seq, w.records("Noted")[1].Seq
	chen.hears(0, "is blank now", "audit", "redact", fmt.Sprint(first), "--why", "pw")
	w.backup("early.db")
	chen.hears(0, "Backups that were taken before have it", "audit", "redact", fmt.Sprint(second), "--why", "pw")
	w.backup("late.db")
	w.leave()
	code, out, errs := w.drbot("restore", w.path("late.db"))
	if code != 0 || strings.Contains(out, "Redactions are undone") {
		t.Errorf("the late one: %d %s%s", code, out, errs)
	}
	w.clock.push(minute)
	code, out, errs = w.drbot("restore", w.path("early.db"))
	if code != 0 || !strings.Contains(out, fmt.Sprintf("Redactions are undone by this: 1 record. Redact again: %d.", second)) {
		t.Errorf("the early one: %d %s%s", code, out, errs)
	}
	w.serve()
	w.linked()
	chen.hears(0, "a record that a restore set aside", "audit", "redact", fmt.Sprint(second), "--why", "pw")
	w.audited()
}
