package main

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestI42_WhatWaitsForItsSecondLookGoesBackRedacted: nothing of it leaves, neither at once nor after a restart, its writer hears of
// it, and neither form nor record has the words again.
func TestI42_WhatWaitsForItsSecondLookGoesBackRedacted(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"as it was sent inside": "UpdateSent", "as it waits": "UpdateDrafted"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := mailingBook(t, small(), "severities: {\"1\": {update: 1h}}\n")
			socket, key := keyring(t)
			w.people[2].more = ", ssh_key: \"" + key + "\""
			w.configure()
			w.serve()
			w.linked()
			chen := shell{w, socket}
			room := w.begun("Database corruption: users gone")
			w.answers(w.ana, room, "/incident update First --to mail", "Update 1 of INC-1 is sent")
			w.answers(w.bea, room, "/incident release m1", "It leaves for the mailing list")
			w.mailed(server, 1)
			w.answers(w.ana, room, "/incident update Second hunterword2 --to mail", "Update 2 of INC-1 is sent")
			w.expect(w.bea, room, "Second look", "hunterword2", "(m2)")
			w.answers(w.bea, room, "/incident note hunterword2 is a password", "Noted")

			sent, drafted := w.newestOf("UpdateSent"), w.newestOf("UpdateDrafted")
			redacted, other := sent, drafted
			if kind == "UpdateDrafted" {
				redacted, other = drafted, sent
			}
			says := chen.hears(0, "Record "+redacted+" is blank now", "audit", "redact", redacted, "--why", "pw")
			for _, want := range []string{"what else the record has of it in messages: " + other, "Message m2 waited for its second look with these words: it goes back to Ana Ruiz, and nothing of it has left."} {
				if !strings.Contains(says, want) {
					t.Errorf("the answer lacks %q: %s", want, says)
				}
			}
			chen.hears(0, "is blank now", "audit", "redact", w.newestOf("Noted"), "--why", "pw")
			w.expect(w.bea, room, "@Chen Li sent it back to @Ana Ruiz", "Its words were redacted.")
			w.expect(w.ana, room, "nothing went to the mailing list: Chen Li sent update 2 (m2) back", "Its words were redacted.")
			w.answers(w.bea, room, "/incident release m2", "sent it back", "Its words were redacted.")
			w.leave()
			w.serve()
			w.linked()
			w.answers(w.bea, room, "/incident release m2", "sent it back", "Its words were redacted.")

			w.press(w.ana, room, "incident.update", "nothing went to the mailing list", "Its words were redacted.")
			form := w.sought(w.ana, "Preview", "Its words were redacted.")
			if strings.Contains(form.Plain, "hunterword") || strings.Contains(form.Plain, "[redacted]") {
				t.Errorf("the form has\n%s", form.Plain)
			}
			for _, f := range form.Elements {
				if strings.Contains(f.Value, "redacted") || f.Label == "To" && !strings.Contains(strings.Join(f.Selected, ","), "mail") {
					t.Errorf("%s: %q %q", f.Label, f.Value, f.Selected)
				}
			}
			w.answers(w.ana, room, "/incident edit 2 Second, clean", "Update 2 of INC-1 is version 2 now", "To the mailing list it goes after a second look")
			w.answers(w.bea, room, "/incident release m3", "It leaves for the mailing list")
			w.mailed(server, 2)
			if _, text := server.Mails()[1].Parts(); !strings.Contains(text, "Second, clean") || strings.Contains(text, "hunterword") || strings.Contains(text, "[redacted]") {
				t.Errorf("the list reads\n%s", text)
			}
			if code, out, errs := w.drbot("audit", "export"); code != 0 || strings.Contains(out, "hunterword") {
				t.Errorf("the record has it: %d %s", code, errs)
			}
			if found := w.filesWith("hunterword"); len(found) != 0 {
				t.Errorf("it is in %v", found)
			}
			w.until("no card has it", func() bool { return w.count(w.bea, room, "hunterword2") == 0 })
			w.audited()
		})
	}
}

// newestOf is the number of the newest record of a kind.
func (w *town) newestOf(kind string) string {
	w.Helper()
	list := w.records(kind)
	if len(list) == 0 {
		w.Fatalf("no %s", kind)
	}
	return strconv.FormatUint(list[len(list)-1].Seq, 10)
}

// TestI42_AMailThatWaitsWithARedactedImpactIsNotSent: the update was filled with it.
func TestI42_AMailThatWaitsWithARedactedImpactIsNotSent(t *testing.T) {
	t.Parallel()
	w, server := listed(t)
	socket, key := keyring(t)
	w.people[2].more = ", ssh_key: \"" + key + "\""
	w.configure()
	w.serve()
	w.linked()
	chen := shell{w, socket}
	room := w.begun("Database corruption: users gone")
	w.answers(w.ana, room, "/incident impact hunterword3 everybody", "hunterword3")
	server.Stop()
	w.answers(w.ana, room, "/incident update Looking --to mail", "Update 1 of INC-1 is sent")
	w.until("the outage is told", func() bool { return strings.Contains(w.ready(), "mail waits") })
	chen.hears(0, "what else the record has of it in messages: "+w.newestOf("UpdateSent"), "audit", "redact", w.newestOf("ImpactSet"), "--why", "pw")
	server.Start()
	w.answers(w.ana, room, "/incident impact everybody", "everybody")
	w.answers(w.ana, room, "/incident update Found it --to mail", "Update 2 of INC-1 is sent")
	w.until("the second leaves, after all that waited", func() bool {
		w.clock.push(time.Minute)
		return len(server.Mails()) >= 2
	})
	for _, m := range server.Mails() {
		if _, body := m.Parts(); strings.Contains(body, "hunterword") || strings.Contains(body, "[redacted]") {
			t.Errorf("mailed\n%s", body)
		}
	}
	if code, out, errs := w.drbot("audit", "export"); code != 0 || strings.Contains(out, "hunterword") {
		t.Errorf("the record has it: %d %s", code, errs)
	}
	w.audited()
}
