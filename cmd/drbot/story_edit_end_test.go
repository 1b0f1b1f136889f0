package main

import (
	"strings"
	"testing"
)

// TestAResolutionIsEditedWhereItStands: in the channel and the announcement's thread; a mail cannot be taken back and is followed
// by a correction, after its second look.
func TestAResolutionIsEditedWhereItStands(t *testing.T) {
	t.Parallel()
	w, server := mailing(t, "")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident edit resolution too early", "INC-1 has no resolution")
	w.answers(w.ana, room, "/incident resolve db7 of Mallory works --to announcement,mail,executives anyway: nothing is left", "is resolved")
	w.answers(w.bea, room, "/incident release m1", "It leaves for the mailing list")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident edit resolution Logins work again", "The resolution of INC-1 is version 2 now", "To the mailing list it goes after a second look")
	w.expect(w.dev, room, "INC-1 resolved", "Logins work again", "edited")
	w.expect(w.bea, room, "Second look", "the resolution, version 2", "Logins work again")
	w.answers(w.bea, room, "/incident release m2", "It leaves for the mailing list")
	for _, subject := range w.mailed(server, 4)[2:] {
		if !strings.Contains(subject, "Correction: ") {
			t.Errorf("mailed %q", subject)
		}
	}
	_, text := server.Mails()[3].Parts()
	if !strings.Contains(text, "This is version 2 of the resolution") || !strings.Contains(text, "Logins work again") || strings.Contains(text, "Mallory") {
		t.Errorf("the correction says\n%s", text)
	}
	w.until("the announcement's thread has the new words alone", func() bool {
		s, err := w.dev.State(w.within())
		w.ok(err)
		now := ""
		for _, c := range s.Channels {
			for _, m := range c.Messages {
				if c.Name == "incidents" {
					now += m.Plain + "\n"
				}
			}
		}
		return strings.Contains(now, "Logins work again") && !strings.Contains(now, "Mallory")
	})
	w.answers(w.ana, room, "/incident edit resolution Logins work again", "Nothing of the resolution would change")
	w.audited()
}
