package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
)

// TestI6_TheHarmlessExample: the runbook that the README lets two people begin with runs as it is shipped.
func TestI6_TheHarmlessExample(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	for _, name := range []string{"RUNBOOK.md", "RUNBOOK.lock.yaml"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "examples", "harmless", name))
		w.ok(err)
		w.ok(os.WriteFile(w.path(name), b, 0o600))
	}
	w.serve()
	w.linked()
	if _, out, _ := w.drbot("check", "--offline"); !strings.Contains(out, "3 of 3 steps can run (procedures: 1). 4 lock entries wait for an approver; nothing runs before that.") {
		t.Errorf("before it is accepted: %s", out)
	}
	w.accept(w.bea)
	if _, out, _ := w.drbot("check", "--offline"); !strings.Contains(out, "· Runbook") || strings.Contains(out, "for an approver") {
		t.Errorf("once it is accepted: %s", out)
	}
	room := w.open(w.ana, "Rehearsal: two people try drbot")
	w.start(w.ana, room, "look around")
	w.press(w.bea, room, "recover.approve", "drbot-was-here")
	w.awaitRun(1, "ended")
	if _, err := os.Stat(w.path("drbot-was-here")); err != nil {
		t.Error(err)
	}
	w.expect(w.ana, room, "✅ 1.3", "the mark is there")
}

// TestI2: a target that is another one at the start than it was at the approval: nothing starts, and the approval is
// void.
func TestI2_AnotherTargetThanApproved(t *testing.T) {
	t.Parallel()
	b := one()
	b.probe = "printf 'server=%s\\n' \"$(cat server)\"\n"
	w := settle(t, b)
	server := func(name string) { w.ok(os.WriteFile(w.path("work", "server"), []byte(name+"\n"), 0o600)) }
	server("db1a")
	w.up()
	room, card := w.asked("Database corruption: users gone")
	server("db1b")
	w.pressOn(w.bea, card, "recover.approve")
	v := w.awaitView(1, "A1 is withdrawn", func(v commands.View) bool { return v.Approvals[0].State == "withdrawn" })
	if v.Runs[0].State != "paused" {
		t.Errorf("the run is %s", v.Runs[0].State)
	}
	w.expect(w.bea, room, "Withdrawn", "the target is another than was declared")
	w.expect(w.bea, room, "R1 · Rescue", "server was db1a, is db1b")
	w.expect(w.ana, room, "R1 stopped before", "@Ana", "server was db1a, is db1b", "find out which of the two is right")
	server("db1a")
	w.say(w.ana, room, "/recover resume")
	w.press(w.bea, room, "recover.approve", "A2")
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	w.audited()
}

// TestI38: a token that a step prints reaches neither the chat, nor the record, nor a file of drbot.
func TestI33_I38_NoTokensInAStep(t *testing.T) {
	t.Parallel()
	w := settle(t, book{steps: []step{{title: "Look", run: "env\ncat /proc/self/environ\n"}}})
	w.env["X_SECRET"] = "correct-horse-battery"
	w.extra = "secrets: {pg: {env: X_SECRET}}\n"
	w.configure()
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.awaitRun(1, "ended")
	w.answers(w.ana, room, "/recover output 1.1", "PATH=/usr/bin:/bin")
	for _, dir := range []string{"data"} {
		w.ok(filepath.WalkDir(w.path(dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if holdsAny(string(b), "xoxb-story", "xapp-story", "story-secret", "correct-horse") {
				t.Errorf("a secret stands in %s", path)
			}
			return err
		}))
	}
}
