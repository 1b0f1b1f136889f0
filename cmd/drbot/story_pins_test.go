package main

import (
	"testing"

	"github.com/drbot/drbot/commands"
)

// TestI46_WhatSomebodyKeepsOutlivesAnothersPin: a message that stands there by somebody's 📌 stays when another person kept it
// with the shortcut meanwhile, also when the 📌 goes while drbot is away; and what was marked while an incident was closed
// and drbot away is found when it is opened again.
func TestI46_WhatSomebodyKeepsOutlivesAnothersPin(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	for n, text := range []string{"the disk is full", "the replica is fine", "let go"} {
		m, err := w.bea.Post(w.within(), room, "", text)
		w.ok(err)
		w.pin(w.dev, room, m.TS)
		w.payloads("Pinned", n+1)
		if text != "let go" {
			_, err = w.bea.Shortcut(w.within(), "add_to_timeline", room, m.TS)
			w.ok(err)
			w.payloads("PinStays", n+1)
		}
		if n == 1 {
			w.leave()
		}
		_, err = w.dev.Unreact(w.within(), room, m.TS, "pushpin")
		w.ok(err)
		if n == 1 {
			w.serve()
			w.linked()
		}
	}
	w.payloads("Unpinned", 1) // the last one, after the others had their turn
	w.say(w.ana, room, "/incident resolve it works again anyway: the rest")
	w.say(w.ana, room, "/incident review close anyway: enough")
	w.awaitView(1, "it is closed", func(v commands.View) bool { return v.State == "closed" })
	w.leave()
	late, err := w.bea.Post(w.within(), room, "", "seen while it was closed")
	w.ok(err)
	w.pin(w.ana, room, late.TS)
	w.serve()
	w.linked()
	w.say(w.ana, room, "/incident reopen it fails again")
	w.payloads("Pinned", 4)
	w.audited()
}
