package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const pageForm = `
## Communication templates

### Public status page

` + "```" + `
**It is now: [Page status]**

[Time] · [Update message]

There is [issue]. [Severity] [Incident ID] [Impact]

What is touched:
- [Service 1]
- [Service 2]

What people see:
- [Symptom 1]

Our people are at it.

_Written [Last updated]_
` + "```" + `
`

// TestI44_I48_TheRunbooksMessageShapesThePage: as its writer and the second look see it, so it leaves, to the page, its feed, its
// JSON and Atlassian's; with the edit and the end; nothing internal, no drill.
func TestI44_I48_TheRunbooksMessageShapesThePage(t *testing.T) {
	t.Parallel()
	b := small()
	b.tail = pageForm
	w, account := publishedBook(t, b, "messages: {second_look: [status]}\n")
	w.serve()
	w.linked()
	drill := w.open(w.ana, "drill Database corruption: rehearsal")
	w.say(w.ana, drill, `/incident update It goes on --to status --public "A rehearsal."`)
	room := w.open(w.ana, "Database corruption: users gone on db1")
	w.answers(w.ana, room, "/incident services users", "Critical")
	w.answers(w.ana, room, "/incident impact payroll is gone", "payroll")

	w.say(w.ana, room, "/incident update")
	w.fill(w.ana, "Post update", map[string]any{"text": "db1 lost its files", "to": []string{"status"}, "public": "Logins fail\nNobody can log in.\n- The page stays white"})
	seen := []string{"It is now: Major outage", "UTC · Nobody can log in.", "What is touched:", "- Login", "- Shop", "What people see:", "- The page stays white", "Our people are at it.", "Written "}
	w.formSays(w.ana, "Post update", append([]string{"Title: Logins fail"}, seen...)...)
	w.fill(w.ana, "Post update", map[string]any{})
	card := w.expect(w.bea, room, append([]string{"Second look", "Title: Logins fail"}, seen...)...)
	for _, never := range []string{"There is", "INC-2 ", "payroll", "**", "_Written", "[["} {
		if strings.Contains(card.Plain[strings.Index(card.Plain, "Title:"):], never) {
			t.Errorf("the card shows %q:\n%s", never, card.Plain)
		}
	}
	w.shows("", "All systems operational", "!Logins fail")
	w.press(w.bea, room, "incident.release", "Second look")
	w.shows("", "Logins fail", "It is now: Major outage", `<li dir="auto">Login</li>`, `<li dir="auto">Shop</li>`, `<li dir="auto">The page stays white</li>`, "Our people are at it.", "!payroll", "!db1", "!**", "!There is", "!rehearsal")

	words := w.publicWords()
	if !strings.Contains(words[0], "\nWhat is touched:\n- Login\n- Shop\n\nWhat people see:\n- The page stays white\n\nOur people are at it.\n\nWritten ") || strings.Contains(words[0], "Logins fail") {
		t.Errorf("status.json: %q", words)
	}
	for line := range strings.Lines(words[0]) {
		if line = strings.TrimSpace(line); !strings.Contains(card.Plain, line) {
			t.Errorf("the second look did not see %q:\n%s", line, card.Plain)
		}
	}
	w.shows("feed.atom", "Logins fail – Investigating", "It is now: Major outage", "The page stays white", "!**")
	w.until("Atlassian's page says the same", func() bool { return pushedThere(account) == "Logins fail | investigating: "+words[0] })

	w.answers(w.ana, room, "/incident severity 3 less than we thought", "SEV-3")
	w.answers(w.ana, room, `/incident edit 1 --public "Logins fail at times: some people can log in."`, "The new words of update 1 of INC-2 go to the status page after a second look")
	w.press(w.bea, room, "incident.release", "Second look", "Logins fail at times")
	w.shows("", "edited", "It is now: Major outage", "UTC · Logins fail at times: some people can log in.", "!stays white", "!What people see")
	w.until("Atlassian's page has the edit", func() bool {
		return pushedThere(account) == "Logins fail | investigating: "+w.publicWords()[0]
	})

	w.answers(w.ana, room, `/incident resolve anyway: the rest is in the review --to status --public "Logins work again."`, "resolved")
	w.press(w.bea, room, "incident.release", "Second look", "Logins work again")
	w.shows("", "All systems operational", "!Our people")
	w.until("the end is shown", func() bool { return len(w.publicWords()) == 2 })
	end := w.publicWords()[0]
	if lines := strings.Split(end, "\n"); len(lines) != 5 || lines[0] != "It is now: Operational" || !strings.HasSuffix(lines[2], "UTC · Logins work again.") || !strings.HasPrefix(lines[4], "Written ") {
		t.Errorf("the end: %q", end)
	}
	w.until("Atlassian's page is over", func() bool { return strings.HasSuffix(pushedThere(account), "| resolved: "+end) })
	if faults := account.Faults(); len(faults) > 0 {
		t.Errorf("Atlassian refused: %q", faults)
	}
	w.audited()
}

// publicWords are the messages of the only incident on the page, the newest first, as programs read them.
func (w *town) publicWords() (words []string) {
	w.Helper()
	type item struct{ Updates []struct{ Words string } }
	var s struct{ Incidents, History []item }
	_, body := w.get("/status/status.json")
	w.ok(json.Unmarshal([]byte(body), &s))
	for _, i := range append(s.Incidents, s.History...) {
		for _, u := range i.Updates {
			words = append(words, u.Words)
		}
	}
	return words
}
