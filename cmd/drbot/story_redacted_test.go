package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestI42_ARedactionReachesEveryFile: the moment the answer is there, no file that drbot makes of the record has the words,
// nor has what it packs for auditors; what drbot cannot take away is named with what to do.
func TestI42_ARedactionReachesEveryFile(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	socket, key := keyring(t)
	w.people[2].more = ", ssh_key: \"" + key + "\""
	w.configure()
	w.up()
	chen := shell{w, socket}
	room := w.open(w.ana, "Database corruption: users gone")
	secret, err := w.bea.Post(w.within(), room, "", "passwd hunterword2 here")
	w.ok(err)
	w.pin(w.dev, room, secret.TS)
	w.payloads("Pinned", 1)
	w.say(w.ana, room, "/incident note hunterword5 typed by mistake")
	w.say(w.ana, room, "/incident impact hunterword7 for everybody")
	w.expect(w.ana, room, "hunterword7")
	w.resolve(room, "It works again")
	w.until("the draft is there", func() bool {
		return w.attached(w.ana, room, "INC-1-review.md") > 0 && len(w.filesWith("hunterword2")) == 2
	})
	w.tells("is written", "evidence", "export", "INC-1")
	redact := func(seq uint64) string {
		w.Helper()
		return chen.hears(0, "is blank now", "audit", "redact", strconv.FormatUint(seq, 10), "--why", "pw")
	}
	for word, seq := range map[string]uint64{
		"hunterword2": w.records("Pinned")[0].Seq, "hunterword5": w.records("Noted")[0].Seq, "hunterword7": w.records("ImpactSet")[0].Seq,
	} {
		says := redact(seq)
		for _, want := range []string{"files of INC-1 are made anew", "attached to the resolution in #inc-1", "INC-1.tar.gz was exported before"} {
			if !strings.Contains(says, want) {
				t.Errorf("the answer lacks %q: %s", want, says)
			}
		}
		if found := w.filesWith(word); len(found) != 0 {
			t.Errorf("%s is in %v", word, found)
		}
		if strings.Contains(says, "Version") || strings.Contains(says, "INC-1-review.md: people") {
			t.Errorf("nobody wrote a review: %s", says)
		}
	}
	w.tells("is written", "evidence", "export", "INC-1", w.path("clean.tar.gz"))
	if found := within(t, w.verified(w.path("clean.tar.gz")), "hunterword"); len(found) != 0 {
		t.Errorf("for auditors it is in %v", found)
	}
	w.until("the card is drawn without it", func() bool {
		state, err := w.ana.State(w.within())
		w.ok(err)
		c, _ := state.Channel(room)
		for _, m := range c.Messages {
			if m.User == w.space.BotUserID() && strings.Contains(m.Plain, "hunterword7") && !m.Ephemeral {
				return false
			}
		}
		return true
	})
	w.peoplesReview(chen, room)
	w.audited()
}

// peoplesReview: what people saved and wrote on in is theirs, and the answer says where it has the words.
func (w *town) peoplesReview(chen shell, room string) {
	w.Helper()
	w.say(w.ana, room, "/incident note hunterword9 typed by mistake")
	w.payloads("Noted", 2)
	file := w.path("review.md")
	w.ok(os.WriteFile(file, []byte("<!-- INC-1 review version 0 -->\n# Review\n\nThe password was *hunterword9*.\n"), 0o600))
	chen.hears(0, "", "incident", "review", "1", "--save", file)
	ours := w.path("data", "incidents", "INC-1-review.md")
	page, err := os.ReadFile(ours)
	w.ok(err)
	w.ok(os.WriteFile(ours, append([]byte("hunterword9, says Ana\n"), page...), 0o600))
	saved, noted := w.records("ReviewSaved")[0], w.records("Noted")[1]
	says := chen.hears(0, "is blank now", "audit", "redact", strconv.FormatUint(noted.Seq, 10), "--why", "pw")
	for _, want := range []string{"Version 1 of the review", "record " + strconv.FormatUint(saved.Seq, 10), "INC-1-review.md: people changed that file"} {
		if !strings.Contains(says, want) {
			w.Errorf("the answer lacks %q: %s", want, says)
		}
	}
	if found := w.filesWith("hunterword9"); len(found) != 1 || found[0] != ours {
		w.Errorf("it is in %v", found)
	}
}

// filesWith lists the files of the data directory that have a word; the record itself is audited elsewhere.
func (w *town) filesWith(word string) []string {
	w.Helper()
	return within(w.T, w.path("data", "incidents"), word)
}

func within(t *testing.T, dir, word string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), word) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// tells runs a command that needs nobody.
func (w *town) tells(words string, args ...string) {
	w.Helper()
	if code, out, errs := w.drbot(args...); code != 0 || !strings.Contains(out, words) {
		w.Fatalf("%v: exit %d: %s%s", args, code, out, errs)
	}
}
