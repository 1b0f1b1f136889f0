package main

import (
	"strings"
	"testing"
)

// TestI48_WhatAnAppPostedIsKeptWhole: 📌 on a message whose words are in its blocks keeps those, with the app as its author.
func TestI48_WhatAnAppPostedIsKeptWhole(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	card := w.expect(w.ana, room, "commander @Ana Ruiz")
	w.pin(w.dev, room, card.TS)
	pinned := w.payloads("Pinned", 1)[0]
	text := pinned["text"].(string)
	if !strings.Contains(text, "Ana Ruiz") || !strings.Contains(text, "RTO") || !strings.Contains(text, "\n") || strings.Contains(text, "<@") {
		t.Errorf("kept %q", text)
	}
	if name := pinned["author"].(map[string]any)["name"]; name != "app" { // as its profile in this workspace says
		t.Errorf("the author is %q", name)
	}
	w.audited()
}
