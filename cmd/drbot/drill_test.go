package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/runbook"
)

// A drill destroys real data and brings them back with the project's own runbook: its reviewed texts, word for word, on
// servers of this host, through approvals of two people in the chat.

// drill is one of them.
type drill struct {
	*town
	room   string
	number int
	parts  []phase
	since  time.Time
	marks  map[string]time.Time
}

// drilled settles a town with Aragora's runbook. change sets the targets, and the values that name places, to those of this
// host; no text is touched.
func drilled(t *testing.T, secrets map[string]string, change func(*runbook.Lock)) *drill {
	t.Helper()
	w := settle(t, small())
	md, lock := aragoraBook(t)
	change(lock)
	for name, target := range lock.Targets { // all of it is made for the drill
		target.Drill = true
		lock.Targets[name] = target
	}
	w.ok(os.WriteFile(w.path("RUNBOOK.md"), md, 0o600))
	w.ok(os.WriteFile(w.path("RUNBOOK.lock.yaml"), lock.Marshal(), 0o600))
	w.extra = "secrets: {"
	for name, value := range secrets {
		file := w.path("secret-" + name)
		w.ok(os.WriteFile(file, []byte(value), 0o600))
		w.extra += fmt.Sprintf("%s: {file: %s}, ", name, file)
	}
	w.extra = strings.TrimSuffix(w.extra, ", ") + "}\n"
	w.configure()
	d := &drill{town: w, marks: map[string]time.Time{}}
	w.up()
	d.since = time.Now()
	return d
}

func aragoraBook(t *testing.T) ([]byte, *runbook.Lock) {
	t.Helper()
	md, err := os.ReadFile(filepath.Join("..", "..", "examples", "aragora", "DISASTER_RECOVERY.md"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join("..", "..", "examples", "aragora", "DISASTER_RECOVERY.lock.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lock, err := runbook.ReadLock(src)
	if err != nil {
		t.Fatal(err)
	}
	return md, lock
}

// place gives every parameter of a name another only value.
func place(l *runbook.Lock, name, value string) {
	for k := range l.Steps {
		for j := range l.Steps[k].Parameters {
			if p := &l.Steps[k].Parameters[j]; p.Name == name && p.From == "" { // what a step produces is not given
				p.Allowed, p.Default = []string{value}, value
			}
		}
	}
}

// part ends a phase.
func (d *drill) part(name string) {
	now := time.Now()
	d.parts = append(d.parts, phase{name, now.Sub(d.since).Seconds()})
	d.marks[name], d.since = now, now
}

// begin opens the incident and plans the procedure with the newest backup, by the form that the person sees.
func (d *drill) begin(title, procedure string) {
	d.Helper()
	d.room, d.number = d.open(d.ana, "drill "+title), 1
	d.part("open")
	d.say(d.ana, d.room, "/recover "+procedure)
	d.fill(d.ana, "Plan", nil)
	d.press(d.ana, d.room, "recover.start")
	d.part("plan")
}

// reach lets both people do what is asked of them until the step is in the state. Bea approves, Ana confirms, does by hand
// what is for people, and never decides what she asked for.
func (d *drill) reach(number, state string) commands.View {
	d.Helper()
	confirmed, decided := map[string]bool{}, map[string]bool{}
	limit := time.Now().Add(time.Minute)
	for {
		v := d.view(d.number)
		run := v.Runs[len(v.Runs)-1]
		if stepState(v, number) == state {
			return v
		}
		failed := slices.ContainsFunc(run.Steps, func(s commands.ViewStep) bool { return s.State == "failed" || s.State == "unknown" })
		if failed || run.State == "paused" || run.State == "ended" || time.Now().After(limit) {
			d.stuck(v, number, state)
		}
		for _, a := range v.Approvals {
			if a.State == "pending" && !decided[a.ID] {
				decided[a.ID] = true
				d.press(d.bea, d.room, "recover.approve", a.ID)
			}
		}
		for _, s := range run.Steps {
			if s.State == "done" || s.State == "by hand" || s.State == "undone" && s.Risk != "change" {
				continue
			}
			key := run.ID + s.ID + s.Attempt
			switch {
			case confirmed[key]:
			case s.State == "hand":
				confirmed[key] = true
				d.say(d.ana, d.room, "/recover hand "+s.Number+" I looked, and it is so")
			case s.State == "todo" && s.Risk == "change":
				confirmed[key] = true
				d.say(d.ana, d.room, "/recover step")
			}
			break // only the first that is not over
		}
		d.breathe()
	}
}

// breathe waits a moment between two looks.
func (d *drill) breathe() { <-time.After(20 * time.Millisecond) }

func (d *drill) stuck(v commands.View, number, state string) {
	d.Helper()
	var b strings.Builder
	for _, s := range v.Runs[len(v.Runs)-1].Steps {
		fmt.Fprintf(&b, "%s %s: %s %s %s\n", s.Number, s.Title, s.State, s.Note, s.Why)
		if s.Attempt != "" {
			out, _ := os.ReadFile(filepath.Join(d.path("data", "runs", s.Attempt), "output"))
			for line := range strings.Lines(string(out)) {
				b.WriteString("    | " + line)
			}
		}
	}
	for _, a := range v.Approvals {
		fmt.Fprintf(&b, "%+v\n", a)
	}
	d.Fatalf("step %s is never %s; the run is %s\n%s", number, state, v.Runs[len(v.Runs)-1].State, b.String())
}

// outputs are what all attempts of the newest run said.
func (d *drill) outputs(v commands.View) string {
	d.Helper()
	var b strings.Builder
	for _, s := range v.Runs[len(v.Runs)-1].Steps {
		if s.Attempt != "" {
			out, _ := os.ReadFile(filepath.Join(d.path("data", "runs", s.Attempt), "output"))
			b.Write(out)
		}
	}
	return b.String()
}

// report prints how long each step and phase took, and what was lost.
func (d *drill) report(v commands.View, rpo time.Duration) {
	d.Helper()
	for _, s := range v.Runs[len(v.Runs)-1].Steps {
		if s.StartedAt != nil && s.EndedAt != nil {
			d.Logf("  step %-5s %-42s %6.2f s", s.Number, s.Title, s.EndedAt.Sub(*s.StartedAt).Seconds())
		}
	}
	total := 0.0
	for _, p := range d.parts {
		d.Logf("%-34s %6.2f s", p.Name, p.Seconds)
		total += p.Seconds
	}
	d.Logf("achieved RTO %.2f s, achieved RPO %.2f s (by the heartbeat)", total, rpo.Seconds())
	d.audited()
}

func TestDrill_SQLite(t *testing.T) {
	o, _ := headless(t)
	o.check(t)
	for _, p := range o.Phases {
		t.Logf("%-34s %6.2f s", p.Name, p.Seconds)
	}
	t.Logf("achieved RTO %.2f s, achieved RPO %.2f s (by the newest row)", o.RTO, o.RPO)
}
