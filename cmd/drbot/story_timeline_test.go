package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/drbot/drbot/workspace/person"
)

// upload posts a message with a file.
func (w *town) upload(p *person.Person, room, thread, text, name string, content []byte) string {
	w.Helper()
	r, err := p.Upload(w.within(), room, thread, text, name, content)
	w.ok(err)
	return r.TS
}

// pin marks a message with 📌.
func (w *town) pin(p *person.Person, room, ts string) {
	w.Helper()
	_, err := p.React(w.within(), room, ts, "pushpin")
	w.ok(err)
}

// payloads waits until the record has n events of a kind.
func (w *town) payloads(kind string, n int) (all []map[string]any) {
	w.Helper()
	w.until(kind+" is recorded", func() bool { return len(w.records(kind)) >= n })
	records := w.records(kind)
	if len(records) != n {
		w.Fatalf("%d %s, want %d", len(records), kind, n)
	}
	for _, r := range records {
		one := map[string]any{}
		w.ok(json.Unmarshal(r.Payload, &one))
		all = append(all, one)
	}
	return all
}

// TestI48_WhatIsKeptOutlivesItsDeletion: a message with 📌 is kept with its time, author, link and file; an edit and the
// deletion follow, and the file stays, also in the evidence.
func TestI48_WhatIsKeptOutlivesItsDeletion(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	graph := bytes.Repeat([]byte("\x89PNG <script> "), 5000)
	ts := w.upload(w.bea, room, "", "the disk is <!channel> full", "../../graph & co.png", graph)
	w.pin(w.dev, room, ts)
	pinned := w.payloads("Pinned", 1)[0]
	if author := pinned["author"].(map[string]any)["name"]; author != "Bea Ode" || !strings.Contains(pinned["link"].(string), room) || pinned["by"].(map[string]any)["name"] != "Dev Nul" {
		t.Errorf("pinned %v", pinned)
	}
	kept := w.payloads("FileKept", 1)[0]
	file := w.path("data", "files", kept["digest"].(string))
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, graph) {
		t.Fatalf("the copy has %d bytes, %v", len(b), err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	w.expect(w.bea, room, "the disk is", "full") // drbot says ✅ on it
	_, err := w.bea.Edit(w.within(), room, ts, "the disk is full, all of it")
	w.ok(err)
	w.payloads("PinEdited", 1)
	_, err = w.bea.Delete(w.within(), room, ts)
	w.ok(err)
	w.payloads("PinDeleted", 1)
	big := w.upload(w.bea, room, "", "and the core", "core", make([]byte, 21<<20))
	w.pin(w.dev, room, big)
	w.payloads("Pinned", 2)
	other, err := w.bea.Post(w.within(), room, "", "never mind")
	w.ok(err)
	w.pin(w.dev, room, other.TS)
	w.payloads("Pinned", 3)
	_, err = w.dev.Unreact(w.within(), room, other.TS, "pushpin")
	w.ok(err)
	w.payloads("Unpinned", 1)
	w.answers(w.dev, room, "/incident note yesterday 22:10 the fan was loud", "Noted at ")
	w.answers(w.dev, room, "/incident timeline", "the fan was loud", "the disk is full, all of it", "graph & co.png", "copied as "+kept["digest"].(string)[:8], "edited; deleted at the chat", "it is longer than 20 MB")
	if code, out, _ := w.drbot("incident", "timeline", "1"); code != 0 || !strings.Contains(out, "the fan was loud") || strings.Contains(out, "never mind") {
		t.Errorf("exit %d: %s", code, out)
	}
	w.until("the page has it", func() bool {
		b, _ := os.ReadFile(w.path("data", "incidents", "INC-1-timeline.md"))
		return strings.Contains(string(b), "22:10:00 UTC") && strings.Contains(string(b), "deleted at the chat")
	})
	if code, out, errs := w.drbot("evidence", "export", "INC-1"); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	dir := w.verified(w.path("data", "evidence", "INC-1.tar.gz"))
	if b, err := os.ReadFile(filepath.Join(dir, "files", kept["digest"].(string))); err != nil || !bytes.Equal(b, graph) {
		t.Errorf("the evidence has %d bytes, %v", len(b), err)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "MANIFEST"))
	w.ok(err)
	if !strings.Contains(string(manifest), kept["digest"].(string)+"  files/"+kept["digest"].(string)) {
		t.Errorf("MANIFEST:\n%s", manifest)
	}
	w.audited()
}

// TestI46_PinsSetWhileDrbotWasAwayAreFound: what people kept, edited, deleted and let go meanwhile is found once, in the
// name of who did it; a restart finds nothing more.
func TestI46_PinsSetWhileDrbotWasAwayAreFound(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	first := w.upload(w.bea, room, "", "kept before", "before.txt", []byte("before"))
	edited, err := w.bea.Post(w.within(), room, "", "edited later")
	w.ok(err)
	loose, err := w.bea.Post(w.within(), room, "", "let go later")
	w.ok(err)
	for _, ts := range []string{first, edited.TS, loose.TS} {
		w.pin(w.dev, room, ts)
	}
	w.payloads("Pinned", 3)
	digest := w.payloads("FileKept", 1)[0]["digest"].(string)
	w.leave()

	missed := w.upload(w.bea, room, "", "kept meanwhile", "meanwhile.txt", []byte("meanwhile"))
	reply, err := w.bea.Post(w.within(), room, missed, "a reply that was kept")
	w.ok(err)
	w.pin(w.gus, room, missed) // a guest may see it and keeps nothing
	w.pin(w.ana, room, missed)
	w.pin(w.dev, room, reply.TS)
	_, err = w.bea.Edit(w.within(), room, edited.TS, "edited while it slept")
	w.ok(err)
	_, err = w.dev.Unreact(w.within(), room, loose.TS, "pushpin")
	w.ok(err)
	_, err = w.bea.Delete(w.within(), room, first)
	w.ok(err)

	for range 2 {
		w.serve()
		w.linked()
		pinned := w.payloads("Pinned", 5)
		w.payloads("FileKept", 2)
		w.payloads("Unpinned", 1)
		w.payloads("PinDeleted", 1)
		if e := w.payloads("PinEdited", 1); e[0]["text"] != "edited while it slept" {
			t.Errorf("edited %v", e)
		}
		by := map[any]any{}
		for _, p := range pinned[3:] {
			by[p["text"]] = p["by"].(map[string]any)["name"]
		}
		if by["kept meanwhile"] != "Ana Ruiz" || by["a reply that was kept"] != "Dev Nul" {
			t.Errorf("kept by %v", by)
		}
		if b, err := os.ReadFile(w.path("data", "files", digest)); err != nil || string(b) != "before" {
			t.Errorf("the copy: %q, %v", b, err)
		}
		w.audited()
		w.leave()
	}
}

// TestI40_AFileThatSlackDoesNotGiveIsFetchedLater: a download that fails holds up nothing, and is made good.
func TestI40_AFileThatSlackDoesNotGiveIsFetchedLater(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.inject(person.Fault{Method: "download", Kind: "status", Status: 503})
	ts := w.upload(w.bea, room, "", "look", "look.txt", []byte("look"))
	w.pin(w.dev, room, ts)
	w.payloads("Pinned", 1)
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.expect(w.ana, room, "commander @Ana Ruiz")
	if n := len(w.records("FileKept")); n != 0 {
		t.Errorf("%d files were kept", n)
	}
	w.heal()
	w.payloads("FileKept", 1)
	w.audited()
}

// TestI41_WhatWasEditedAwayIsInNoPaper: the draft of the review, the timeline's file and the evidence have a kept message as
// it reads now, with its address, and nothing of what was let go; a long one is kept whole.
func TestI41_WhatWasEditedAwayIsInNoPaper(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	post := func(text string) string {
		m, err := w.bea.Post(w.within(), room, "", text)
		w.ok(err)
		w.pin(w.ana, room, m.TS)
		return m.TS
	}
	secret := post("secret customer Mallory")
	w.payloads("Pinned", 1)
	loose := post("never mind Trent")
	w.payloads("Pinned", 2)
	whole := strings.Repeat("all of it 12345 ", 2_500)
	long := post(whole)
	if p := w.payloads("Pinned", 3)[2]; len(p["text"].(string)) < len(whole)-1 || p["all"] != nil {
		t.Errorf("%d of %d characters are kept", len(p["text"].(string)), len(whole))
	}
	_, err := w.bea.Edit(w.within(), room, secret, "a customer")
	w.ok(err)
	w.payloads("PinEdited", 1)
	_, err = w.ana.Unreact(w.within(), room, loose, "pushpin")
	w.ok(err)
	w.payloads("Unpinned", 1)
	_, err = w.bea.Delete(w.within(), room, long)
	w.ok(err)
	w.payloads("PinDeleted", 1)
	w.answers(w.ana, room, "/incident timeline", "characters)")
	w.answers(w.ana, room, "/incident resolve The logins work again anyway: the rest is for the review", "INC-1 is resolved")
	if code, out, errs := w.drbot("evidence", "export", "INC-1"); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	papers := map[string]string{}
	read := func(name, file string) {
		w.until(name+" is written", func() bool {
			b, err := os.ReadFile(file)
			papers[name] = string(b)
			return err == nil && strings.Contains(papers[name], "resolved it")
		})
	}
	read("evidence", filepath.Join(w.verified(w.path("data", "evidence", "INC-1.tar.gz")), "timeline.md"))
	read("timeline", w.path("data", "incidents", "INC-1-timeline.md"))
	read("review", w.path("data", "incidents", "INC-1-review.md"))
	for name, text := range papers {
		if strings.Contains(text, "Mallory") || strings.Contains(text, "Trent") {
			t.Errorf("the %s has what was taken away:\n%.3000s", name, text)
		}
		if !strings.Contains(text, ":00 +01:00") {
			t.Errorf("the %s has no local time:\n%.1000s", name, text)
		}
		if strings.Count(text, "a customer") != 1 || !strings.Contains(text, "/archives/"+room+"/p") || !strings.Contains(text, "deleted at the chat") {
			t.Errorf("the %s:\n%.3000s", name, text)
		}
		if has := strings.Count(text, "all of it 12345") >= 2_499; has == (name == "review") {
			t.Errorf("the %s has the whole of it: %v", name, has)
		}
	}
	w.audited()
}

// TestI42_TheCopyOfAFileGoesWithItsRecord: a file with a password in it is gone when its record is redacted, unless another
// record names the same bytes; the redaction of the message says where the file is.
func TestI42_TheCopyOfAFileGoesWithItsRecord(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	socket, key := keyring(t)
	w.people[2].more = ", ssh_key: \"" + key + "\""
	w.configure()
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	for n := range 2 {
		ts := w.upload(w.bea, room, "", "look", "creds.txt", []byte("hunter2secret"))
		w.pin(w.dev, room, ts)
		w.payloads("FileKept", n+1)
	}
	copied := w.path("data", "files", w.payloads("FileKept", 2)[0]["digest"].(string))
	chen, files := shell{w, socket}, w.records("FileKept")
	redact := func(r record, says string) {
		w.Helper()
		chen.hears(0, says, "audit", "redact", strconv.FormatUint(r.Seq, 10), "--why", "a password was pasted")
	}
	redact(w.records("Pinned")[0], fmt.Sprintf("stays with record %d: redact that one too", files[0].Seq))
	redact(files[0], fmt.Sprintf("record %d names it too", files[1].Seq))
	if _, err := os.Stat(copied); err != nil {
		t.Error(err)
	}
	for range 2 {
		redact(files[1], "The copy of the file is deleted.")
		if _, err := os.Stat(copied); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the copy is there: %v", err)
		}
	}
	w.audited()
}

// TestI46_PinsOfAReviewAreFoundToo: what people keep while drbot is away is found in the days of the review too.
func TestI46_PinsOfAReviewAreFoundToo(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident resolve The logins work again anyway: the rest is for the review", "INC-1 is resolved")
	w.button(w.ana, room, "incident.review", "Review due")
	w.leave()
	m, err := w.bea.Post(w.within(), room, "", "what the log said")
	w.ok(err)
	w.pin(w.ana, room, m.TS)
	for range 2 {
		w.serve()
		w.linked()
		if p := w.payloads("Pinned", 1)[0]; p["text"] != "what the log said" {
			t.Errorf("kept %v", p)
		}
		w.audited()
		w.leave()
	}
}

// TestI48_AShortcutsMessageStays: what somebody kept with the shortcut is not let go by somebody else's 📌, put on and off.
func TestI48_AShortcutsMessageStays(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	post := func(text string) string {
		m, err := w.bea.Post(w.within(), room, "", text)
		w.ok(err)
		return m.TS
	}
	stays, goes := post("this stays"), post("this goes")
	_, err := w.bea.Shortcut(w.within(), "add_to_timeline", room, stays)
	w.ok(err)
	w.payloads("Pinned", 1)
	w.pin(w.dev, room, goes)
	w.payloads("Pinned", 2)
	w.pin(w.dev, room, stays)
	for _, ts := range []string{stays, goes} {
		_, err := w.dev.Unreact(w.within(), room, ts, "pushpin")
		w.ok(err)
	}
	w.until("the other one is let go", func() bool {
		for _, r := range w.records("Unpinned") {
			if strings.Contains(string(r.Payload), goes) {
				return true
			}
		}
		return false
	})
	w.payloads("Unpinned", 1)
	w.answers(w.dev, room, "/incident timeline", "this stays")
	w.audited()
}
