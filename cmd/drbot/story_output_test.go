package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// outputTo is what a lock entry says of its output.
func outputTo(where string) func(*runbook.Entry) {
	return func(e *runbook.Entry) { e.Output = where }
}

// printing is a book of one step, and a second one that a person does, so that the run stays open.
func printing(text string, set ...func(*runbook.Entry)) book {
	return book{steps: []step{{title: "Print", run: text, set: func(e *runbook.Entry) {
		for _, f := range set {
			f(e)
		}
	}}, {title: "Ring the bell"}}}
}

// unhurried is a chat that waits longer for an acknowledgement than Slack does: megabytes go through a machine that may be at
// work for others, and how soon drbot answers is not what these stories are about.
func unhurried(_ *town, o *workspace.Options) { o.AckTimeout = patience / 2 }

// fileOf waits for a file in a channel whose name ends so, and for it to stand in the thread of R1's card, once.
func (w *town) fileOf(p *person.Person, room, ending string) (person.Message, person.File) {
	w.Helper()
	var in person.Message
	var file person.File
	_, err := p.Await(w.within(), "a file "+ending, func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Messages {
			for _, f := range m.Files {
				if strings.HasSuffix(f.Name, ending) {
					in, file = m, f
				}
			}
		}
		return file.ID != ""
	})
	w.ok(err)
	s, err := p.State(w.within())
	w.ok(err)
	c, _ := s.Channel(room)
	card, ok := c.Message(in.ThreadTS)
	if !ok || !strings.HasPrefix(card.Plain, "R1 · ") && !strings.HasPrefix(card.Plain, "DRILL · R1") {
		w.Errorf("%s is in the thread of %q", file.Name, card.Plain)
	}
	if n := len(w.files(p, room)); n != 1 {
		w.Errorf("%d files in the channel", n)
	}
	return in, file
}

// inFile waits for a file whose name ends so and that holds all texts.
func (w *town) inFile(p *person.Person, room, ending string, texts ...string) {
	w.Helper()
	_, err := p.Await(w.within(), "a file "+ending, func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Messages {
			for _, f := range m.Files {
				if strings.HasSuffix(f.Name, ending) && holdsAll(f.Text, texts) {
					return true
				}
			}
		}
		return false
	})
	w.ok(err)
}

// files are the names of the files of steps that a person sees in a channel; "" is all channels.
func (w *town) files(p *person.Person, room string) (names []string) {
	w.Helper()
	s, err := p.State(w.within())
	w.ok(err)
	for _, c := range s.Channels {
		for _, m := range c.Messages {
			for _, f := range m.Files {
				if (room == "" || room == c.ID) && strings.Contains(f.Name, "-output-") {
					names = append(names, f.Name)
				}
			}
		}
	}
	return names
}

// content is what the channel's members download.
func (w *town) content(f person.File) []byte {
	w.Helper()
	if f.Text != "" {
		return []byte(f.Text)
	}
	r, err := http.Get(w.space.URL() + "person/files/" + f.ID + "?as=U0ANA")
	w.ok(err)
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	w.ok(err)
	return b
}

// seen is everything that a person reads anywhere, files' names and comments too.
func (w *town) seen(p *person.Person) string {
	w.Helper()
	s, err := p.State(w.within())
	w.ok(err)
	var all strings.Builder
	for _, c := range s.Channels {
		all.WriteString(c.Topic + "\n")
		for _, m := range c.Messages {
			all.WriteString(m.Plain + "\n" + m.Text + "\n" + string(m.Blocks) + "\n")
		}
	}
	return all.String()
}

// TestI39_I41_AWholeOutputIsAFile: 3,000 lines are a file in the thread of the run's card, whole and inert; the failure's card,
// which calls people first, links it, and so does `output`.
func TestI39_I41_AWholeOutputIsAFile(t *testing.T) {
	t.Parallel()
	w := settle(t, printing("seq -f 'line %g' 3000\nprintf '\\033]0;title\\a<!channel> \\033[31mred\\b\\n'\nexit 3\n"), unhurried)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	m, file := w.fileOf(w.ana, room, "R1-step-1.1-output-1.txt")
	text := string(w.content(file))
	if !strings.HasPrefix(text, "line 1\nline 2\n") || !strings.HasSuffix(text, "line 3000\n<!channel> red␈\n") || strings.Count(text, "\n") != 3001 {
		t.Errorf("%d bytes: %.60q", len(text), text)
	}
	if !strings.Contains(m.Plain, "Output of step 1.1 of R1: 28,9") || len(m.Pings.Everybody) > 0 {
		t.Errorf("beside it: %q, pings %v", m.Plain, m.Pings)
	}
	w.expect(w.ana, room, "⛔ R1 stopped at 1.1", "line 3000", "whole output ↗")
	w.answers(w.ana, room, "/recover output 1.1", "It printed 28,9", "line 3000", "whole output ↗")
	w.fileOf(w.ana, room, ".txt")
	w.onceEach(room)
	w.audited()
}

// TestI39_WhatTheCardShowsWholeIsNoFile, and neither is nothing.
func TestI39_WhatTheCardShowsWholeIsNoFile(t *testing.T) {
	t.Parallel()
	b := printing("seq 1 10\n")
	b.steps = slices.Insert(b.steps, 1, step{title: "Say nothing", run: "true\n"})
	w := settle(t, b, unhurried)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.button(w.ana, room, "recover.hand")
	w.answers(w.ana, room, "/recover output 1.1", "1\n", "10")
	w.expect(w.ana, room, "✋ 1.3")
	if names := w.files(w.ana, ""); len(names) > 0 {
		t.Errorf("%q", names)
	}
}

// TestI49_KilledBetweenTheEndAndTheFile: the step ends while Slack takes no file; drbot is killed and started again, Slack takes
// the file and loses the answer, drbot is killed again: the file is there once.
func TestI49_KilledBetweenTheEndAndTheFile(t *testing.T) {
	t.Parallel()
	w := settle(t, printing("seq 1 3000\n"), unhurried)
	w.spawn()
	w.linked()
	w.accept(w.bea)
	room := w.open(w.ana, "Database corruption: users gone")
	w.inject(person.Fault{Kind: "refuse", Method: "files.getUploadURLExternal"})
	w.start(w.ana, room, "rescue")
	w.awaitStep(1, "1.2", "hand")
	w.life.kill()
	w.heal()
	w.inject(person.Fault{Kind: "lose_answer", Method: "files.completeUploadExternal"})
	w.spawn()
	w.linked()
	w.fileOf(w.ana, room, "-output-1.txt")
	w.life.kill()
	w.heal()
	w.spawn()
	w.linked()
	w.button(w.ana, room, "recover.hand", "Ring the bell") // it comes after the file
	w.fileOf(w.ana, room, "-output-1.txt")
	w.onceEach(room)
	w.audited()
}

// TestI40_AFileWaitsForSlack: Slack is away when a step ends; the run goes on, and the file comes when Slack is back.
func TestI40_AFileWaitsForSlack(t *testing.T) {
	t.Parallel()
	b := printing("while [ ! -e enough ]; do sleep 0.1; done\nseq 1 3000\n")
	b.steps = slices.Insert(b.steps, 1, step{title: "Check", run: "echo checked >> ran.txt\n", set: func(e *runbook.Entry) { e.Risk = runbook.Read }})
	w := settle(t, b, unhurried)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.awaitStep(1, "1.1", "running")
	w.inject(person.Fault{Kind: "refuse"})
	w.enough()
	w.until("the run goes on", func() bool { return len(w.records("StepEnded")) > 0 })
	w.heal()
	w.linked()
	w.fileOf(w.ana, room, "-output-1.txt")
	w.audited()
}

// TestI39_FiveMegabytes are whole in the file.
func TestI39_FiveMegabytes(t *testing.T) {
	t.Parallel()
	w := settle(t, printing("seq -f 'row %08.0f is where it belongs' 1 161291\n"), unhurried)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	_, file := w.fileOf(w.ana, room, "-output-1.txt")
	if file.Size < 5_000_000 {
		t.Errorf("%d bytes", file.Size)
	}
	text := w.content(file)
	if n := bytes.Count(text, []byte("\n")); n != 161291 || !bytes.HasSuffix(text, []byte("row 00161291 is where it belongs\n")) {
		t.Errorf("%d lines of %d bytes", n, len(text))
	}
	w.audited()
}

// TestI39_AMissingFileComesToWhoAsks: Slack refused the file for good, so its delivery is parked; `output` sends it, once, and the
// delivery, tried again, finds it.
func TestI39_AMissingFileComesToWhoAsks(t *testing.T) {
	t.Parallel()
	w := settle(t, printing("seq 1 3000\n"), unhurried)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.inject(person.Fault{Kind: "error", Method: "files.getUploadURLExternal", Error: "storage_limit_reached"})
	w.start(w.ana, room, "rescue")
	w.until("the file is parked", func() bool { return len(w.records("DeliveryParked")) == 1 })
	w.answers(w.ana, room, "/recover output 1.1", "Slack did not take the file of the whole output", "storage_limit_reached")
	w.heal()
	w.answers(w.ana, room, "/recover output 1.1", "It printed 13,893 bytes", "whole output ↗")
	w.fileOf(w.bea, room, "-output-1.txt")
	var parked incident.DeliveryParked
	w.ok(json.Unmarshal(w.records("DeliveryParked")[0].Payload, &parked))
	w.say(w.chen, room, fmt.Sprintf("/incident requeue %d", parked.Seq))
	w.until("it is tried again", func() bool { return len(w.records("DeliveryRequeued")) == 1 })
	w.answers(w.ana, room, "/recover output 1.1", "whole output ↗")
	w.fileOf(w.ana, room, "-output-1.txt")
	w.audited()
}

// TestI41_BytesThatAreNoText are named as that on the card and by `output`, and are no text file; the step is judged by its exit
// code alone.
func TestI41_BytesThatAreNoText(t *testing.T) {
	t.Parallel()
	w := settle(t, printing("head -c 300000 /dev/urandom\n"), unhurried)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	m, file := w.fileOf(w.ana, room, "R1-step-1.1-output-1.bin")
	if file.Size != 300_000 || !strings.Contains(m.Plain, "300,000 bytes, no text, sha256 ") {
		t.Errorf("%d bytes: %q", file.Size, m.Plain)
	}
	w.expect(w.ana, room, "✅ 1.1 Print · done in", "its output is no text: 300,000 bytes, sha256 ")
	w.answers(w.ana, room, "/recover output 1.1", "its output is no text: 300,000 bytes, sha256 ", "whole output ↗")
	if strings.Contains(w.seen(w.ana), "\uFFFD") {
		t.Error("something of it stands in a message")
	}
	w.audited()
}

// TestI38_OutputFileAndNone: what the lock keeps to the file stands in no message and only there; what it keeps out of the chat is
// in neither, and the terminal shows both whole. A restricted incident's file is in its own channel.
func TestI38_I56_OutputFileAndNone(t *testing.T) {
	t.Parallel()
	b := book{steps: []step{
		{title: "To a file", run: "echo customer $((4700 + 11))\n", set: outputTo("file")},
		{title: "To nobody", run: "seq 700001 702000\n", set: outputTo("none")},
		{title: "Fails", run: "echo relative $((800 + 15)) >&2\nexit 4\n", set: outputTo("file")},
		{title: "Ring the bell"},
	}}
	w := settle(t, b, unhurried)
	w.up()
	room := w.open(w.ana, "Data breach: a list is out")
	w.start(w.ana, room, "rescue")
	w.expect(w.ana, room, "⛔ R1 stopped at 1.3", "exit 4", "whole output ↗")
	_, err := w.ana.Await(w.within(), "two files", func(s person.State) bool { return len(w.files(w.ana, room)) == 2 })
	w.ok(err)
	w.answers(w.ana, room, "/recover output 1.1", "keeps the output to a file", "whole output ↗")
	w.answers(w.ana, room, "/recover output 1.2", "keeps the output out of the chat")
	for _, p := range []*person.Person{w.ana, w.bea, w.eve} {
		for _, private := range []string{"customer 4711", "700777", "701999", "relative 815"} {
			if strings.Contains(w.seen(p), private) {
				t.Errorf("%q stands in a message", private)
			}
		}
	}
	if names := w.files(w.eve, ""); len(names) > 0 {
		t.Errorf("I56: Eve sees %q", names)
	}
	w.audited()
}

// TestTheTerminalPrintsAllOfAnOutput, what the lock keeps out of the chat too; what a running step prints it follows to its end.
func TestTheTerminalPrintsAllOfAnOutput(t *testing.T) {
	t.Parallel()
	b := book{steps: []step{
		{title: "Print", run: "seq -f 'line %g' 3000\n", set: outputTo("none")},
		{title: "Wait", run: "echo begins\nwhile [ ! -e enough ]; do sleep 0.1; done\necho ends\n"},
		{title: "Ring the bell"},
	}}
	w := settle(t, b, unhurried)
	ana, _, _ := w.shells()
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.awaitStep(1, "1.2", "running")
	code, out, said := ana.types(nil, "recover", "output", "R1", "1.1")
	if code != 0 || !strings.HasPrefix(out, "line 1\nline 2\n") || !strings.HasSuffix(out, "line 3000\n") || strings.Count(out, "\n") != 3000 || !strings.Contains(said, "Step 1.1 · Print") {
		t.Errorf("exit %d: %d bytes, %.60q, %q", code, len(out), out, said)
	}
	w.until("it begins", func() bool {
		code, out, _ := ana.types(nil, "recover", "output", "R1", "1.2")
		return code == 0 && out == "begins\n"
	})
	followed := make(chan string)
	go func() {
		_, out, errs := ana.types(nil, "recover", "output", "R1", "1.2", "--follow")
		followed <- out + errs
	}()
	w.enough()
	if got := <-followed; !strings.HasPrefix(got, "begins\nends\n") {
		t.Errorf("followed: %q", got)
	}
	w.awaitStep(1, "1.3", "hand")
	w.audited()
}
