package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
)

// TestI50_WhatAReviewOwesOutlivesAReopening: action items have a status and a text of their own words; after a reopening who
// owes what and what was done stay, whom the new date concerns is told, and the text says that the record went on after it.
func TestI50_WhatAReviewOwesOutlivesAReopening(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	socket, key := keyring(t)
	w.people[1].more = ", ssh_key: \"" + key + "\""
	w.configure()
	bea, drbot := shell{w, socket}, w.space.BotUserID()
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident resolve The logins work again anyway: the rest is for the review", "INC-1 is resolved")
	w.button(w.ana, room, "incident.review", "Review due")

	w.answers(w.ana, room, "/incident action Find what is due to whom, with <@U0DEV|dev> and <!here>", "a1 “Find what is due to whom, with @Dev Nul and @here” is open, and nobody's, without a date")
	w.answers(w.ana, room, "/incident action a1 <@U0BEA|bea> due 2w", "is open, with Bea Ode, due")
	w.expect(w.bea, drbot, "gave you a1")
	w.answers(w.bea, room, "/incident action a1 in progres", "“in progres” is no change of a1")
	w.answers(w.bea, room, "/incident action a1 in progress", "a1 “Find what is due to whom, with @Dev Nul and @here” is in progress, with Bea Ode")
	w.home(w.bea, "a1 Find what is due to whom, with @Dev Nul and @here · in progress · due")
	w.answers(w.bea, room, "/incident action a1 blocked: the vendor has the logs", "is blocked (the vendor has the logs), with Bea Ode")
	w.answers(w.ana, room, "/incident action a1 text Write down who waits for what", "a1 “Write down who waits for what” is blocked")
	w.answers(w.ana, room, "/incident timeline", "added the action item a1: Find what is due to whom", "said that the review's a1 “Find what is due to whom, with @Dev Nul and @here” is in progress",
		"changed the action item a1 “Find what is due to whom, with @Dev Nul and @here”: Write down who waits for what")
	if a := w.taskOf(1, "a1"); a.Status != "blocked" || a.Why != "the vendor has the logs" {
		t.Errorf("%+v", a)
	}

	w.answers(w.ana, room, "/incident task t1 done", "t1 “Timeline written” is done")
	w.answers(w.ana, room, "/incident task t2 <@U0DEV|dev>", "with Dev Nul")
	w.answers(w.ana, room, "/incident review owner <@U0BEA|bea>", "Bea Ode writes the review")
	for n, words := range []string{"what happened first", "what happened"} {
		text := "<!-- INC-1 review version " + string(rune('0'+n)) + " -->\n# Review\n\n" + words + ".\n"
		w.ok(os.WriteFile(w.path("r.md"), []byte(text), 0o600))
		bea.hears(0, "of the review of INC-1 is saved", "incident", "review", "1", "--save", w.path("r.md"))
	}
	w.answers(w.ana, room, "/incident review versions", "version 2 · @Bea Ode", "version 1 · @Bea Ode")
	w.answers(w.ana, room, "/incident review version 1", "Bea Ode saved it", "what happened first.")
	bea.hears(0, "<!-- INC-1 review version 1 -->\n# Review\n\nwhat happened first.", "incident", "review", "1", "--version", "1")
	bea.hears(exitFailed, "no version \"7\"", "incident", "review", "1", "--version", "7")
	bea.hears(exitUsage, "--draft is version 0", "incident", "review", "1", "--version", "1", "--draft")

	before := w.taskOf(1, "t2").Due
	w.answers(w.ana, room, "/incident reopen the logins fail again", "INC-1")
	w.clock.push(50 * minute)
	w.answers(w.ana, room, "/incident resolve They work again anyway: the rest is for the review", "INC-1 is resolved")
	w.expect(w.ana, room, "Review due", "Bea Ode writes", "who owes what stays as before it was reopened")
	w.expect(w.dev, drbot, "was reopened and is resolved again", "t2 Root cause known of its review is still yours", "now due")
	w.answers(w.ana, room, "/incident review", "Bea Ode writes it", "The record went on: INC-1 was reopened after version 2 was saved", "✅ t1 Timeline written", "before the incident was reopened",
		"t2 Root cause known", "@Dev Nul", "a1 Write down who waits for what · blocked (the vendor has the logs)")
	if a := w.taskOf(1, "t2"); a.Owner != "Dev Nul" || !a.Due.After(*before) {
		t.Errorf("%+v, before due %s", a, before)
	}
	w.answers(w.bea, room, "/incident review post", "goes into its channel")
	w.expect(w.dev, room, "posted the review of INC-1", "version 2", "The record went on after version 2 was saved")
	w.until("its text stands in the thread", func() bool { return w.attached(w.ana, room, "INC-1-review.html") == 1 })

	w.clock.push(30 * 24 * time.Hour)
	w.answers(w.ana, room, "/incident note 2025-12-31 10:00 old one", "Noted at 31 Dec 2025 10:00 UTC.")
	if code, out, _ := w.drbot("incident", "timeline", "1", "--json"); code != 0 || !strings.Contains(out, "2025-12-31T10:00:00Z") {
		t.Errorf("%d %s", code, out)
	}
	w.home(w.dev, "⚠ INC-1 · t2 Root cause known · late since")
	w.awaitView(1, "its review is in its view", func(v commands.View) bool {
		return v.Review != nil && len(v.Review.Actions) == 1 && v.Review.Actions[0].Status == "blocked"
	})
	w.until("its file has what was said then", func() bool {
		b, _ := os.ReadFile(filepath.Join(w.path("data"), "incidents", "INC-1-timeline.md"))
		return strings.Contains(string(b), "Find what is due to whom")
	})
	w.audited()
}
