package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/drbot/drbot/workspace/person"
)

// offered are the labels of the newest choice of incidents that a person has in a channel.
func (w *town) offered(p *person.Person, room string) (all []string) {
	w.Helper()
	for _, e := range w.button(p, room, "incident.pin").Elements {
		all = append(all, e.Label)
	}
	return all
}

// TestI46_AMessageOfAnotherChannelIsKeptWhereItIsWanted: Add to timeline in a channel of no incident asks which, offers a
// restricted one to its people alone, and keeps the message with its author, time, link and file in the one that was chosen.
func TestI46_AMessageOfAnotherChannelIsKeptWhereItIsWanted(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	socket, key := keyring(t)
	w.people[2].more = ", ssh_key: \"" + key + "\""
	w.configure()
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.open(w.ana, "Data breach: secretword leaked")
	ts := w.upload(w.bea, "random", "", "the hoster writes:\nrack 7 is dark", "rack.txt", []byte("dark"))
	shortcut := func(p *person.Person) {
		w.Helper()
		_, err := p.Shortcut(w.within(), "add_to_timeline", "random", ts)
		w.ok(err)
	}
	shortcut(w.ana)
	if all := w.offered(w.ana, "random"); len(all) != 2 || strings.Contains(strings.Join(all, " "), "secretword") {
		t.Errorf("Ana is offered %q", all)
	}
	shortcut(w.dev)
	if all := w.offered(w.dev, "random"); len(all) != 1 || all[0] != "INC-1 users gone" {
		t.Fatalf("Dev is offered %q", all)
	}
	w.press(w.dev, "random", "incident.pin")
	pinned := w.payloads("Pinned", 1)[0]
	if pinned["text"] != "the hoster writes:\nrack 7 is dark" || pinned["author"].(map[string]any)["name"] != "Bea Ode" || pinned["by"].(map[string]any)["name"] != "Dev Nul" || pinned["ts"] != ts ||
		pinned["channel"] == room || !strings.Contains(pinned["link"].(string), pinned["channel"].(string)) {
		t.Errorf("pinned %v", pinned)
	}
	w.expect(w.dev, "random", "Kept on the timeline of INC-1, as it is now.")
	copied := w.payloads("FileKept", 1)[0]
	if digest, _ := copied["digest"].(string); digest != "" {
		if b, err := os.ReadFile(w.path("data", "files", digest)); err != nil || string(b) != "dark" {
			t.Errorf("the copy: %q, %v", b, err)
		}
	} else if !strings.Contains(copied["why"].(string), "may not read") {
		t.Errorf("copied %v", copied)
	}
	w.answers(w.ana, room, "/incident timeline", "the hoster writes: rack 7 is dark with rack.txt")
	lines := ":\n\n      the hoster writes:\n      rack 7 is dark\n"
	w.until("the timeline's file has its lines", func() bool {
		b, _ := os.ReadFile(w.path("data", "incidents", "INC-1-timeline.md"))
		return strings.Contains(string(b), lines)
	})
	if code, out, errs := w.drbot("evidence", "export", "INC-1"); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if b, err := os.ReadFile(filepath.Join(w.verified(w.path("data", "evidence", "INC-1.tar.gz")), "timeline.md")); err != nil || !strings.Contains(string(b), lines) {
		t.Errorf("the evidence, %v:\n%s", err, b)
	}

	w.leave()
	w.serve()
	w.linked()
	w.press(w.ana, "random", "incident.pin") // of before the restart
	w.expect(w.ana, "random", "use Add to timeline on the message once more")
	w.payloads("Pinned", 1)
	shell{w, socket}.hears(0, "The message itself in the channel that it was kept from", "audit", "redact", strconv.FormatUint(w.records("Pinned")[0].Seq, 10), "--why", "a password was pasted")
	w.audited()
}
