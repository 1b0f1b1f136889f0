package main

import (
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"
)

// TestWhatIsSentIsWhatTheFormShowed: the instants too, in channel and mail; shown for longer than five minutes, or once its
// promise has passed, it is shown again.
func TestWhatIsSentIsWhatTheFormShowed(t *testing.T) {
	t.Parallel()
	w, server, room := outside(t)
	w.at("02:10:10")
	fields := map[string]any{"What happened": "Looking at it, 👨‍👩‍👧 and می\u200cخواهم", "To": []string{"announcement", "mail", "executives"}}
	write := func() {
		w.say(w.ana, room, "/incident update")
		w.fill(w.ana, "Post update", fields)
	}
	write()
	shown := w.sought(w.ana, "Send", "👨‍👩‍👧 and می\u200cخواهم", "02:25", "03:10").Plain
	w.at("02:11:05")
	w.fill(w.ana, "Post update", map[string]any{})
	w.expect(w.dev, room, "Update 1 by @Ana Ruiz", "👨‍👩‍👧 and می\u200cخواهم", "Next update by 02:25.", "executives by 03:10")
	w.mailed(server, 1)
	_, raw := server.Mails()[0].Parts()
	raw, _, _ = strings.Cut(raw, "text/html")
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(raw)))
	w.ok(err)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "--" {
			break
		} else if !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "Content-") && !strings.Contains(shown, strings.ReplaceAll(line, "**", "")) {
			t.Errorf("mailed, and never shown: %q", line)
		}
	}
	if due := w.view(1).UpdateDue; due.UTC().Format("15:04:05") != "02:25:10" {
		t.Errorf("the next one is promised by %s", due)
	}

	write()
	w.sought(w.ana, "Send", "02:26")
	w.at("02:18:00")
	w.fill(w.ana, "Post update", map[string]any{})
	w.sought(w.ana, "Send", "02:33")
	if n := w.view(1).Updates; n != 1 {
		t.Errorf("%d updates", n)
	}
	w.fill(w.ana, "Post update", map[string]any{"Next update": "2m"})
	w.sought(w.ana, "Send", "02:20")
	w.clock.push(3 * time.Minute)
	w.fill(w.ana, "Post update", map[string]any{})
	w.sought(w.ana, "Send", "02:23")
	w.fill(w.ana, "Post update", map[string]any{})
	w.expect(w.dev, room, "Update 2 by @Ana Ruiz", "Next update by 02:23.")
	w.mailed(server, 2)

	w.say(w.ana, room, "/incident resolve")
	w.fill(w.ana, "Resolve INC-1", map[string]any{"Summary": "Logins work again", "anyway": "nothing is left", "to": []string{"executives"}})
	w.sought(w.ana, "Resolve and send", "The problem ended 26 Nov 02:21 UTC")
	w.clock.push(40 * time.Second)
	w.fill(w.ana, "Resolve INC-1", map[string]any{})
	w.mailed(server, 3)
	if _, text := server.Mails()[2].Parts(); !strings.Contains(text, "ended 26 Nov 02:21 UTC") {
		t.Errorf("mailed\n%s", text)
	}
	w.audited()
}
