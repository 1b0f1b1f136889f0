package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// TestI42_ARedactedMessageNamesItsEdits: the words of a kept message stand in the records of its edits too; the redaction of one
// of them names the others, and with those redacted the words are in no evidence.
func TestI42_ARedactedMessageNamesItsEdits(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	socket, key := keyring(t)
	w.people[2].more = ", ssh_key: \"" + key + "\""
	w.configure()
	w.up()
	chen := shell{w, socket}
	room := w.open(w.ana, "Database corruption: users gone")
	messages, changes := 0, 0
	keep := func(text string, edits ...string) {
		m, err := w.bea.Post(w.within(), room, "", text)
		w.ok(err)
		w.pin(w.ana, room, m.TS)
		messages++
		w.payloads("Pinned", messages)
		for _, edit := range edits {
			_, err := w.bea.Edit(w.within(), room, m.TS, edit)
			w.ok(err)
			changes++
			w.payloads("PinEdited", changes)
		}
	}
	keep("pw hunterA here", "pw hunterA here, sorry", "pw is gone")
	keep("clean", "now with hunterB")
	keep("nothing of it")
	pinned, edited := w.records("Pinned"), w.records("PinEdited")
	redact := func(seq uint64, says string) string {
		t.Helper()
		return chen.hears(0, says, "audit", "redact", strconv.FormatUint(seq, 10), "--why", "a password was pasted")
	}
	redact(pinned[0].Seq, fmt.Sprintf("Records %d and %d have this message too, as it was kept or edited: redact those too.", edited[0].Seq, edited[1].Seq))
	redact(pinned[1].Seq, fmt.Sprintf("Record %d has this message too, as it was kept or edited: redact that one too.", edited[2].Seq))
	redact(edited[0].Seq, fmt.Sprintf("Record %d has this message too", edited[1].Seq))
	for _, seq := range []uint64{edited[1].Seq, edited[2].Seq, pinned[2].Seq} {
		if says := redact(seq, "is blank now"); strings.Contains(says, "this message too") {
			t.Errorf("record %d: %s", seq, says)
		}
	}
	if code, out, errs := w.drbot("evidence", "export", "INC-1"); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if has := within(t, w.verified(w.path("data", "evidence", "INC-1.tar.gz")), "hunter"); len(has) != 0 {
		t.Errorf("the evidence has it in %v", has)
	}
	w.audited()
}
