package main

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/integrations/mail/mailtest"
)

// looking is a town in which the mailing list and the status page read nothing without a second look.
func looking(t *testing.T) (w *town, server *mailtest.Server, room string) {
	t.Helper()
	w, server = mailing(t, "severities: {\"1\": {update: 30m}}\nstatuspage: {title: Shop status, url: \"https://status.example.com\", components: {Login: [users]}}\n")
	w.extra = strings.Replace(w.extra, "second_look: [mail]", "second_look: [mail, status]", 1)
	w.configure()
	w.serve()
	w.linked()
	room = w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	return w, server, room
}

// onPage waits until the status page's file says all of it.
func (w *town) onPage(words ...string) {
	w.Helper()
	w.until("the status page says "+strings.Join(words, " | "), func() bool {
		page := w.file("index.html")
		for _, word := range words {
			if !strings.Contains(page, word) {
				return false
			}
		}
		return true
	})
}

// TestAnEditOfWhatWasSentBackAsksAgain: the most natural thing to do after "too vague". What a newer message displaced is not
// sent late, and words that would go nowhere are refused.
func TestAnEditOfWhatWasSentBackAsksAgain(t *testing.T) {
	t.Parallel()
	w, server, room := looking(t)
	w.answers(w.ana, room, `/incident update First --to mail,status --public "First public"`, "Update 1 of INC-1 is sent", "To the mailing list and the status page it goes after a second look")
	w.answers(w.bea, room, "/incident sendback m1 too vague", "It goes back to Ana Ruiz")
	w.answers(w.ana, room, `/incident edit 1 First, and better --public "Better public"`, "Update 1 of INC-1 is version 2 now", "To the mailing list and the status page it goes after a second look")
	w.expect(w.bea, room, "Second look", "update 1", "First, and better", "Better public", "(m2)")
	w.answers(w.bea, room, "/incident release m2", "It leaves for the mailing list and the status page")
	w.mailed(server, 1)
	if _, text := server.Mails()[0].Parts(); !strings.Contains(text, "First, and better") || strings.Contains(text, "version 2") {
		t.Errorf("who reads it for the first time reads\n%s", text)
	}
	w.onPage("Better public")

	w.answers(w.ana, room, "/incident update Second --to mail", "Update 2 of INC-1 is sent")
	w.answers(w.bea, room, "/incident sendback m3 name no customer", "It goes back")
	w.answers(w.ana, room, "/incident update Third --to mail", "Update 3")
	w.answers(w.ana, room, "/incident edit 2 Second, and better", "Update 2 of INC-1 is version 2 now", "To the mailing list it never went, and it does not now: tell them with an update --to mail")
	w.answers(w.ana, room, "/incident edit 2 Second, and best --public nobody reads this", "these words would go nowhere")
	w.answers(w.bea, room, "/incident release m4", "It leaves for the mailing list")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident resolve done anyway: nothing is left", "is resolved")
	w.answers(w.ana, room, "/incident edit 2 Second, and over", "is version 3 now. To the mailing list it never went, and it does not now.")
	w.audited()
}

// TestWhatWasSentBackIsWrittenAnewInItsForm: with its words, promise and audiences.
func TestWhatWasSentBackIsWrittenAnewInItsForm(t *testing.T) {
	t.Parallel()
	w, server, room := looking(t)
	w.answers(w.ana, room, `/incident update First long text of mine --steps "Read the logs" --to mail,status --next 50m --public "First public"`, "Update 1 of INC-1 is sent")
	w.answers(w.bea, room, "/incident sendback m1 name no customer", "It goes back")
	w.press(w.ana, room, "incident.update", "nothing went to the mailing list, the status page", "name no customer")
	form := w.sought(w.ana, "Preview", "sent it back to @Ana Ruiz", "name no customer")
	values := map[string]string{}
	for _, f := range form.Elements {
		values[f.Label] = strings.Join(f.Selected, ",")
	}
	for label, want := range map[string]string{
		"What happened": "First long text of mine", "Next steps": "Read the logs", "Next update": "50m", "Words for the status page": "First public", "To": "responders,mail,status",
	} {
		if values[label] != want {
			t.Errorf("%s: %q", label, values[label])
		}
	}
	w.fill(w.ana, "Post update", map[string]any{"What happened": "First text"})
	w.sought(w.ana, "Send", "First text")
	w.fill(w.ana, "Post update", map[string]any{})
	w.answers(w.bea, room, "/incident release m2", "It leaves for the mailing list and the status page")
	w.mailed(server, 1)
	w.audited()
}

// TestAResolutionThatWasSentBackIsWrittenAnew: without a reopening; the status page shows no end before its words have left, and
// the card says so.
func TestAResolutionThatWasSentBackIsWrittenAnew(t *testing.T) {
	t.Parallel()
	w, server, room := looking(t)
	w.answers(w.ana, room, `/incident update First --to mail,status --public "First public"`, "Update 1 of INC-1 is sent")
	w.answers(w.bea, room, "/incident release m1", "It leaves for")
	w.mailed(server, 1)
	w.onPage("First public", "Major outage")
	w.answers(w.ana, room, `/incident resolve done anyway: nothing is left --to mail,status --public "It is over"`, "INC-1 is resolved", "To the mailing list and the status page it goes after a second look")
	w.expect(w.bea, room, "Second look", "the resolution", "Until then the status page stays as it was")
	w.answers(w.bea, room, "/incident sendback m2 too vague", "It goes back")
	w.expect(w.ana, room, "nothing went to the mailing list, the status page", "too vague", "The status page stays as it was until other words leave")
	if page := w.file("index.html"); strings.Contains(page, "Resolved") || !strings.Contains(page, "Major outage") {
		t.Errorf("the page runs ahead:\n%s", page)
	}
	w.press(w.ana, room, "incident.edit", "nothing went to the mailing list, the status page")
	w.fill(w.ana, "Edit the resolution", map[string]any{"Summary": "Logins work again", "Words for the status page": "Everybody can log in."})
	w.expect(w.bea, room, "Second look", "the resolution", "(m3)", "Logins work again", "Everybody can log in.")
	w.answers(w.bea, room, "/incident release m3", "It leaves for")
	w.mailed(server, 2)
	if _, text := server.Mails()[1].Parts(); !strings.Contains(text, "Logins work again") || strings.Contains(text, "version 2") {
		t.Errorf("the list reads\n%s", text)
	}
	w.onPage("All systems operational")
	if feed := w.file("feed.atom"); !strings.Contains(feed, "Everybody can log in.") || strings.Contains(feed, "It is over") {
		t.Errorf("the feed says\n%s", feed)
	}
	w.audited()
}

// TestAResolutionSaysWhoHearsOfIt: after a second look, or not at all; what a reopening displaced is called that.
func TestAResolutionSaysWhoHearsOfIt(t *testing.T) {
	t.Parallel()
	w, server, room := looking(t)
	w.answers(w.ana, room, "/incident update First --to mail,executives", "Update 1 of INC-1 is sent")
	w.answers(w.bea, room, "/incident release m1", "It leaves for")
	w.mailed(server, 2)
	w.answers(w.ana, room, "/incident resolve done anyway: nothing is left --to mail", "To the mailing list it goes after a second look", "Nobody tells executives, who had heard of it, that it is over", "--to executives")
	w.expect(w.bea, room, "Second look", "the resolution", "(m2)")
	w.answers(w.ana, room, "/incident reopen it is back", "INC-1 is open again")
	w.expect(w.bea, room, "It did not leave: @Ana Ruiz reopened INC-1")
	w.answers(w.bea, room, "/incident release m2", "Ana Ruiz reopened INC-1", "it told of an end that was none")
	w.audited()
}

// TestAnEditOfAnOldUpdateSaysWhatItSaid of the incident's age, and the promise that stands now; what was typed as bold is bold for
// everybody.
func TestAnEditOfAnOldUpdateSaysWhatItSaid(t *testing.T) {
	t.Parallel()
	w, server, room := outside(t)
	w.at("02:00:00")
	w.answers(w.ana, room, "/incident update The **backup** is there --to announcement,executives", "Update 1 of INC-1 is sent")
	w.mailed(server, 1)
	w.expect(w.dev, room, "Update 1 by @Ana Ruiz: The backup is there")
	w.at("02:11:00")
	w.answers(w.ana, room, "/incident update Second --to announcement", "Update 2 of INC-1 is sent")
	w.answers(w.ana, room, "/incident edit 1 The **old** backup is there", "Update 1 of INC-1 is version 2 now")
	w.mailed(server, 2)
	_, text := server.Mails()[1].Parts()
	text = strings.NewReplacer("=\r\n", "", "=\n", "").Replace(text)
	if !strings.Contains(text, "it takes the place of update 1, and of no other message") || !strings.Contains(text, "The old backup") {
		t.Errorf("the correction says\n%s", text)
	}
	said := ""
	w.until("the announcement's thread has it", func() bool {
		s, err := w.dev.State(w.within())
		w.ok(err)
		for _, c := range s.Channels {
			for _, m := range c.Messages {
				if c.Name == "incidents" && strings.Contains(m.Plain, "The old backup") {
					said = m.Plain
				}
			}
		}
		return said != ""
	})
	if strings.Contains(said, "12 min") || !strings.Contains(said, "02:26 UTC") {
		t.Errorf("the thread says\n%s", said)
	}
	w.audited()
}
