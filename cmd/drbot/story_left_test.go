package main

import (
	"testing"

	"github.com/drbot/drbot/commands"
)

// toTell is the proving runbook with items that say who was told.
func toTell() book {
	b := proving()
	b.tail += `- [ ] Users notified
- [ ] Users notified of recovery
- [ ] Stakeholders informed
- [ ] Decide whether customers must be informed
`
	return b
}

// TestI42_UsersAreToldWhenAMailHasLeft: while the mail server is down nobody was told, whatever was let go; the item says what
// waits. Of an end that was none nothing is ever ticked, and when the server is back the mail itself is the proof.
func TestI42_UsersAreToldWhenAMailHasLeft(t *testing.T) {
	t.Parallel()
	w, server := mailingBook(t, toTell(), "")
	w.serve()
	w.linked()
	room := w.begun("Database corruption: users gone")
	server.Stop()
	w.answers(w.ana, room, "/incident update We know --to mail", "second look")
	w.answers(w.bea, room, "/incident release m1", "leaves for the mailing list")
	told, after := w.item(1, "Users notified"), w.item(1, "Users notified of recovery")
	w.awaitView(1, "the item says what waits", func(v commands.View) bool {
		return itemOf(v, told.ID).Waits == "when update 1 to the mailing list has left, which waits"
	})
	for _, text := range []string{"Users were told", "Users notified", "Stakeholders informed"} {
		if it := w.item(1, text); it.State != "open" {
			t.Errorf("%+v", it)
		}
	}
	w.answers(w.dev, room, "/incident checklist "+told.ID+" done", "is not so yet", "when update 1 to the mailing list has left, which waits", "done anyway")
	w.answers(w.ana, room, "/incident resolve fine anyway: nothing is left --to mail", "is resolved")
	w.answers(w.bea, room, "/incident release m2", "leaves for the mailing list")
	w.answers(w.ana, room, "/incident reopen it is back", "INC-1")
	server.Start()
	w.mailed(server, 1)
	w.awaitItem(1, "Users notified", "done", "update 1 to the mailing list")
	w.awaitItem(1, "Stakeholders informed", "done", "update 1 to the mailing list")
	w.answers(w.ana, room, "/incident timeline", "Update 1 has reached the mailing list")
	if it := w.item(1, after.Text); it.State != "open" {
		t.Errorf("%+v", it)
	}
	if it := w.item(1, "Decide whether customers must be informed"); it.State != "open" || it.Waits != "" {
		t.Errorf("what was decided is proved by a mail: %+v", it)
	}
	w.audited()
}

// TestI42_UsersAreToldWhenThePageIsWritten: the same for the status page.
func TestI42_UsersAreToldWhenThePageIsWritten(t *testing.T) {
	t.Parallel()
	w, _ := mailingBook(t, toTell(), "statuspage: {title: Shop status, url: \"https://status.example.com\", components: {Login: [users]}}\n")
	w.serve()
	w.linked()
	room := w.begun("Database corruption: users gone")
	w.answers(w.ana, room, "/incident update We know --to status --public Logins fail.", "Update 1 of INC-1 is sent")
	w.awaitItem(1, "Users notified", "done", "update 1 to the status page")
	w.answers(w.ana, room, "/incident resolve fine anyway: nothing is left --to status --public Logins work.", "is resolved")
	w.awaitItem(1, "Users notified of recovery", "done", "the resolution to the status page")
	w.audited()
}
