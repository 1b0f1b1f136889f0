package main

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/integrations/mail/mailtest"
	"github.com/drbot/drbot/workspace/person"
)

// outside is a town with every audience that there is.
func outside(t *testing.T) (*town, *mailtest.Server, string) {
	t.Helper()
	w, server := mailing(t, "severities: {\"1\": {executives: 1h}}\nstatuspage: {title: Shop status, url: \"https://status.example.com\", components: {Login: [users]}}\n")
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	return w, server, room
}

// sought waits until a person's form has a button of that name, and words.
func (w *town) sought(p *person.Person, submit string, words ...string) person.View {
	w.Helper()
	var form person.View
	_, err := p.Await(w.within(), "the form with "+submit, func(s person.State) bool {
		var ok bool
		if form, ok = s.Modal(); !ok || form.Submit != submit {
			return false
		}
		for _, word := range words {
			ok = ok && strings.Contains(form.Plain, word)
		}
		return ok
	})
	w.ok(err)
	return form
}

// TestALongMessageIsPreviewedForEverybody: over a socket an acknowledgement holds 20 KB, and the previews of all audiences are
// more; of an update and of a resolution. When Slack does not show them, the person has their words back, and nothing was sent.
func TestALongMessageIsPreviewedForEverybody(t *testing.T) {
	t.Parallel()
	w, server, room := outside(t)
	long := strings.Repeat("We read <&> the tables & compare.\n", 60)
	everybody := []string{"announcement", "mail", "executives", "status"}
	fields := map[string]any{"What happened": long, "To": everybody, "public": "Nobody can log in.\n" + strings.Repeat("<&>", 800)}
	write := func() {
		w.say(w.ana, room, "/incident update")
		w.fill(w.ana, "Post update", fields)
	}
	write()
	w.sought(w.ana, "Send", "Mailing list · list@example.com", "Executives", "Status page · https://status.example.com", "<&><&>")
	w.fill(w.ana, "Post update", map[string]any{})
	w.expect(w.dev, room, "Update 1 by @Ana Ruiz", "compare.")
	w.mailed(server, 1)

	w.inject(person.Fault{Kind: "error", Method: "views.update", Error: "fatal_error"})
	write()
	w.expect(w.ana, room, "Slack did not show the next page of “Post update”", "nothing was changed or sent", "We read <&> the tables")
	w.heal()
	if v := w.view(1); v.Updates != 1 {
		t.Errorf("%d updates", v.Updates)
	}

	w.say(w.ana, room, "/incident resolve")
	w.fill(w.ana, "Resolve INC-1", map[string]any{
		"Summary": "Logins work again", "Root cause": strings.Repeat("a disk <&> ", 80), "Data impact": strings.Repeat("some <&> ", 90), "anyway": "nothing is left",
		"to": everybody[:3], "public": "Everybody can log in.\n" + strings.Repeat("<&>", 850),
	})
	w.sought(w.ana, "Resolve and send", "Mailing list · list@example.com", "Everybody can log in.")
	w.fill(w.ana, "Resolve INC-1", map[string]any{})
	w.expect(w.dev, room, "INC-1", "Logins work again")
	w.mailed(server, 2)
	w.audited()
}
