package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/workspace/person"
)

// What stories are told with: a small runbook, and say, press, expect.

// step is one step of a small runbook; without a text a person does it.
type step struct {
	title, run string
	set        func(*runbook.Entry) // what its lock entry says besides
	undo       string               // text of its undo
}

// book is one procedure "Rescue" on one target, whose folder is work/.
type book struct {
	steps  []step
	second []step // of a procedure "Second", on the same target
	probe  string
	locked func(*runbook.Lock)
	tail   string // further sections
}

// mark is a text that leaves a line with its attempt in ran.txt, from which a story counts executions.
func mark(name string) string { return fmt.Sprintf("echo %s >> ran.txt\necho did %s\n", name, name) }

func destructive(e *runbook.Entry) { e.Risk = runbook.Destructive }

// small is a runbook with a step of each sort.
func small() book {
	return book{steps: []step{
		{title: "Look", run: "echo all is there\n"},
		{title: "Put the banner up", run: mark("banner")},
		{title: "Restore", run: mark("restore"), set: destructive, undo: mark("unrestore")},
		{title: "Call the hoster"},
		{title: "Check", run: "cat ran.txt\n"},
	}}
}

const bookHead = `# Recovery of a small thing

## Severities

| Level | Name | Definition | Response time |
|-------|------|------------|---------------|
| SEV-1 | Critical | Nobody can work | < 15 minutes |
| SEV-2 | High | An important part does not work | < 1 hour |
| SEV-3 | Medium | A part is slow | < 4 hours |
| SEV-4 | Low | A nuisance | < 24 hours |

## Incident types

| Type | Severity | Description |
|------|----------|-------------|
| Database corruption | SEV-1 | A file is damaged |
| Slow pages | SEV-3 | Pages take long |
| Data breach | SEV-1 | Somebody read what is not theirs |

## Recovery time objectives

| Tier | RTO | Description |
|------|-----|-------------|
| Critical | 1 hour | Accounts |

`

const bookTail = `
## Checklist

### Before

- [ ] Both people are here

### After

- [ ] The banner is down
- [ ] Users were told
`

func (b book) markdown() string {
	var md strings.Builder
	md.WriteString(bookHead)
	for k, steps := range [][]step{b.steps, b.second} {
		if len(steps) == 0 {
			continue
		}
		fmt.Fprintf(&md, "## Procedure %d: %s\n\n**Scenario:** The thing is broken\n\n**Steps:**\n\n", k+1, []string{"Rescue", "Second"}[k])
		for n, s := range steps {
			fmt.Fprintf(&md, "%d. **%s.** Do it.\n", n+1, s.title)
			if s.run != "" {
				md.WriteString("    ```bash\n")
				for line := range strings.Lines(s.run) {
					md.WriteString("    " + line)
				}
				md.WriteString("    ```\n")
			}
			md.WriteString("\n")
		}
	}
	return md.String() + bookTail + b.tail
}

// write compiles the lock as `drbot runbook compile` would, and gives the answers that a reviewer would.
func (b book) write(t *testing.T, dir string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "work"), 0o700))
	rb, err := runbook.Parse([]byte(b.markdown()), nil)
	must(err)
	probe := b.probe
	if probe == "" {
		probe = "printf 'host=%s\\n' \"$(uname -n)\"\nprintf 'folder=%s\\n' \"$(pwd -P)\"\n"
	}
	lock, _ := runbook.Compile(rb, &runbook.Lock{Format: 1, Targets: map[string]runbook.Target{
		"db1": {Host: "local", Dir: "./work", Path: "/usr/bin:/bin", Probe: probe},
	}})
	var undos []runbook.Entry
	for k, steps := range [][]step{b.steps, b.second} {
		for n, s := range steps {
			e := entry(lock, fmt.Sprintf("p%d.s%d", k+1, n+1))
			if e == nil {
				t.Fatalf("the lock has no entry for step %d of procedure %d", n+1, k+1)
			}
			if e.Decide = nil; !e.Manual {
				e.Timeout = 30 * minute
			}
			if s.set != nil {
				s.set(e)
			}
			e.Leaves = "After " + s.title + "."
			if s.undo != "" {
				e.Undo = e.ID + "u"
				sum := sha256.Sum256([]byte(s.undo))
				undos = append(undos, runbook.Entry{
					ID: e.Undo, Procedure: e.Procedure, Title: "Undo: " + s.title, UndoOf: e.ID, Run: s.undo, SHA256: hex.EncodeToString(sum[:]),
					Interpreter: runbook.Bash, Target: "db1", Risk: runbook.Destructive, Leaves: "As before " + s.title + ".",
				})
			}
		}
	}
	lock.Steps = append(lock.Steps, undos...)
	if b.locked != nil {
		b.locked(lock)
	}
	must(os.WriteFile(filepath.Join(dir, "RUNBOOK.md"), []byte(b.markdown()), 0o600))
	must(os.WriteFile(filepath.Join(dir, "RUNBOOK.lock.yaml"), lock.Marshal(), 0o600))
}

func entry(l *runbook.Lock, id string) *runbook.Entry {
	for k := range l.Steps {
		if l.Steps[k].ID == id {
			return &l.Steps[k]
		}
	}
	return nil
}

// ran counts the lines of work/ran.txt that a step left.
func (w *town) ran(name string) int {
	w.Helper()
	b, err := os.ReadFile(w.path("work", "ran.txt"))
	if err != nil && !os.IsNotExist(err) {
		w.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		if line == name+"\n" {
			n++
		}
	}
	return n
}

// say types a command; Slack itself must have nothing to complain about.
func (w *town) say(p *person.Person, channel, line string) person.Reply {
	w.Helper()
	r, err := p.Command(w.within(), channel, line)
	w.ok(err)
	if r.Say != "" {
		w.Fatalf("%s: Slack says %q", line, r.Say)
	}
	return r
}

// answers types a command and holds that drbot's answer contains each text. An answer that comes by response_url is
// looked for among what the person sees.
func (w *town) answers(p *person.Person, channel, line string, texts ...string) {
	w.Helper()
	before, err := p.State(w.within())
	w.ok(err)
	r := w.say(p, channel, line)
	heard := ""
	_, err = p.Await(w.within(), fmt.Sprintf("%q answered with %q", line, texts), func(s person.State) bool {
		heard = r.Text
		old := map[string]bool{}
		for _, c := range before.Channels {
			for _, m := range c.Messages {
				old[m.TS] = true
			}
		}
		for _, c := range s.Channels {
			for _, m := range c.Messages {
				if m.Ephemeral && !old[m.TS] {
					heard += "\n" + m.Plain
				}
			}
		}
		return holdsAll(heard, texts)
	})
	w.ok(err)
}

func holdsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// button waits for the newest message of a channel that holds something to press, and whose text contains all of parts.
func (w *town) button(p *person.Person, channel, action string, parts ...string) person.Message {
	w.Helper()
	var found person.Message
	_, err := p.Await(w.within(), fmt.Sprintf("a button %s in %s with %q", action, channel, parts), func(s person.State) bool {
		c, _ := s.Channel(channel)
		for _, m := range c.Messages {
			if _, ok := m.Element(action); ok && holdsAll(m.Plain, parts) {
				found = m
			}
		}
		return found.TS != ""
	})
	w.ok(err)
	return found
}

// press presses the newest such button, and says yes where the client asks.
func (w *town) press(p *person.Person, channel, action string, parts ...string) person.Reply {
	w.Helper()
	m := w.button(p, channel, action, parts...)
	return w.pressOn(p, m, action)
}

func (w *town) pressOn(p *person.Person, m person.Message, action string) person.Reply {
	w.Helper()
	r, err := p.PressConfirmed(w.within(), person.Pick{Channel: m.Channel, TS: m.TS, ActionID: action})
	w.ok(err)
	if r.Say != "" {
		w.Fatalf("%s: Slack says %q", action, r.Say)
	}
	return r
}

// expect waits for a message with all texts, in what is read or in the notification.
func (w *town) expect(p *person.Person, channel string, texts ...string) person.Message {
	w.Helper()
	var found person.Message
	_, err := p.Await(w.within(), fmt.Sprintf("%q in %s", texts, channel), func(s person.State) bool {
		c, _ := s.Channel(channel)
		for k := len(c.Messages) - 1; k >= 0; k-- {
			if m := c.Messages[k]; holdsAll(m.Plain+"\n"+m.Text, texts) {
				found = m
				return true
			}
		}
		return false
	})
	w.ok(err)
	return found
}

// count is how many messages of a channel, that everybody sees, contain all texts.
func (w *town) count(p *person.Person, channel string, texts ...string) int {
	w.Helper()
	s, err := p.State(w.within())
	w.ok(err)
	c, _ := s.Channel(channel)
	n := 0
	for _, m := range c.Posted() {
		if holdsAll(m.Plain, texts) {
			n++
		}
	}
	return n
}

// fill waits for a form with the fields and submits it.
func (w *town) fill(p *person.Person, title string, values map[string]any) person.Reply {
	w.Helper()
	var form person.View
	_, err := p.Await(w.within(), "the form "+title, func(s person.State) bool {
		var ok bool
		if form, ok = s.Modal(); !ok || !strings.Contains(form.Title, title) || form.Submit == "" {
			return false
		}
		for name := range values {
			_, byName := form.Element(name)
			ok = ok && (byName || slices.ContainsFunc(form.Elements, func(e person.Element) bool { return e.BlockID == name }))
		}
		return ok
	})
	w.ok(err)
	r, err := p.Submit(w.within(), form.ID, values)
	w.ok(err)
	return r
}

// accept lets a person accept the lock in the house channel (I5).
func (w *town) accept(p *person.Person) {
	w.Helper()
	w.press(p, "drbot", "runbook.accept")
	w.until("the lock is accepted", func() bool { return len(w.records("LockAccepted")) > 0 })
}

// open opens an incident and gives its channel, once that has its card and bookmarks.
func (w *town) open(p *person.Person, line string) string {
	w.Helper()
	before, err := p.State(w.within())
	w.ok(err)
	w.say(p, "incidents", "/incident open "+line)
	room := ""
	_, err = p.Await(w.within(), "the channel of "+line, func(s person.State) bool {
		for _, c := range s.Channels {
			_, old := before.Channel(c.ID)
			bookmarks := 1
			if slices.ContainsFunc(c.Messages, func(m person.Message) bool { return strings.HasPrefix(m.Plain, "Checklist ") }) {
				bookmarks = 2 // a runbook without one has no link to it
			}
			if !old && c.Kind != "im" && len(c.Pins) > 0 && len(c.Bookmarks) >= bookmarks {
				room = c.ID
			}
		}
		return room != ""
	})
	w.ok(err)
	return room
}

// start plans and starts a procedure.
func (w *town) start(p *person.Person, room, procedure string) {
	w.Helper()
	w.say(p, room, "/recover "+procedure)
	w.press(p, room, "recover.start", w.newestPlan()+" · ")
}

// awaitStep waits until a step of the newest run is in a state.
func (w *town) awaitStep(n int, number, state string) commands.View {
	w.Helper()
	return w.awaitView(n, "step "+number+" is "+state, func(v commands.View) bool { return stepState(v, number) == state })
}

// stepState is the state of a step of the newest run.
func stepState(v commands.View, number string) string {
	if len(v.Runs) == 0 {
		return ""
	}
	for _, s := range v.Runs[len(v.Runs)-1].Steps {
		if s.Number == number {
			return s.State
		}
	}
	return ""
}

// awaitRun waits until the newest run is in a state.
func (w *town) awaitRun(n int, state string) commands.View {
	w.Helper()
	return w.awaitView(n, "the run is "+state, func(v commands.View) bool { return len(v.Runs) > 0 && v.Runs[len(v.Runs)-1].State == state })
}
