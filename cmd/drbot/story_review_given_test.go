package main

import (
	"strings"
	"testing"
	"time"
)

// TestReview_IsGivenToWhoCanDoIt: nobody writes a review that they may not edit; whoever is given a task can do it from its
// message; a word of grammar without its number makes no action item.
func TestReview_IsGivenToWhoCanDoIt(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.resolve(room, "It works again")
	w.answers(w.ana, room, "/incident review owner <@U0EVE>", "is no responder and could not write it")
	for _, line := range []string{"done", "in progress", "blocked: the vendor", "status", "list", "delete", "in progress since noon"} {
		w.answers(w.ana, room, "/incident action "+line, "of which action item?")
	}
	w.answers(w.ana, room, "/incident action add Done means tested", "a1 “Done means tested” is open")
	w.answers(w.ana, room, "/incident action fix it due 2w by <@U0EVE>", "a2 “fix it” is open, with Eve Roy, due")
	w.answers(w.ana, room, "/incident action look at it me due 2d", "a3 “look at it” is open, with Ana Ruiz, due")
	w.answers(w.ana, room, "/incident action a1 done: not needed", "a1 “Done means tested” is done (not needed)")
	told := w.expect(w.eve, w.space.BotUserID(), "gave you a2", "/incident task 1")
	w.pressOn(w.eve, told, "incident.task.done")
	w.until("Eve's item is done", func() bool { return w.taskOf(1, "a2").DoneBy == "Eve Roy" })
	w.audited()
}

// TestReview_OwesWhoLeft: a task of somebody who is not here any more is named as such, and who hears of it as their manager
// still reads a whole sentence.
func TestReview_OwesWhoLeft(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	w.people[1].more = ", manager: dev@example.com"
	w.configure()
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.resolve(room, "It works again")
	w.answers(w.ana, room, "/incident action fix it @Bea due 1d", "a1 “fix it” is open")
	w.clock.push(5 * 24 * time.Hour)
	w.expect(w.dev, w.space.BotUserID(), "a1 fix it", "You hear of it as Bea Ode's manager")
	w.leave()
	w.people = append(w.people[:1], w.people[2:]...)
	w.configure()
	w.serve()
	w.linked()
	w.answers(w.ana, room, "/incident review", "Not here any more, so give it to somebody else: a1 is with Bea Ode")
	w.answers(w.ana, room, "/incident task a1 me", "a1 “fix it” is open, with Ana Ruiz")
	state, err := w.dev.State(w.within())
	w.ok(err)
	c, _ := state.Channel(w.space.BotUserID())
	for _, m := range c.Posted() {
		if strings.Contains(m.Plain, "hear of it as .") {
			t.Errorf("%s", m.Plain)
		}
	}
	w.audited()
}
