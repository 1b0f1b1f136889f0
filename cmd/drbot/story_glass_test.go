package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// listing lets Dev, who approves nothing otherwise, break the glass.
func listing(w *town, _ *workspace.Options) { w.extra = "break_glass: [dev@example.com]\n" }

const because = "Bea and Chen were called twice and nobody answers"

// TestI16_NobodyApproves: the approvers are called again, then a listed person breaks the glass with a reason and the
// target; it is posted here and in the house channel, it opens a review item, and the mark stays.
func TestI16_NobodyApproves(t *testing.T) {
	t.Parallel()
	w := settle(t, one(), listing)
	w.up()
	w.expect(w.dev, "C0HOUSE", "Dev Nul is new: responder, may break the glass")
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.button(w.bea, room, "recover.approve", "Approve step 1.1")
	w.clock.push(3*minute + 1e9)
	w.expect(w.bea, room, "has waited for 3 min", "@Bea Ode")
	w.expect(w.bea, w.space.BotUserID(), "A1 still waits")
	w.clock.push(3 * minute)
	w.expect(w.bea, room, "has waited for 6 min", "may break the glass", "@Dev Nul")
	w.expect(w.dev, w.space.BotUserID(), "A1 still waits")
	card := w.button(w.dev, room, "recover.break", "Approve step 1.1")
	w.pressOn(w.bea, card, "recover.break")
	w.expect(w.bea, room, "You are not listed to break the glass: Dev Nul")
	w.pressOn(w.dev, card, "recover.break")
	w.fill(w.dev, "Break the glass on A1", map[string]any{"reason": because, "target": "db1"})
	w.awaitRun(1, "ended")
	w.expect(w.ana, room, "broke the glass on", "step 1.1 of R1", because, "The review has it")
	w.expect(w.ana, "C0HOUSE", "INC-1", "broke the glass", because)
	w.expect(w.ana, room, "R1 · Rescue", "⚠ Glass broken by @Dev Nul", "for step 1.1")
	for _, channel := range []string{room, w.space.BotUserID()} {
		w.nowhere(w.bea, channel, "still waits", "has waited", "asks you to approve")
		w.expect(w.bea, channel, "INC-1: A1 ↗, step 1.1 on db1 · ⚠ @Dev Nul broke the glass")
	}
	if n := len(w.records("StepStarting")); n != 1 || len(w.records("GlassBroken")) != 1 {
		t.Errorf("%d starts", n)
	}
	if code, _, errs := w.drbot("evidence", "export", "1", w.path("glass.tar.gz")); code != 0 {
		t.Fatal(errs)
	}
	commands, err := os.ReadFile(filepath.Join(w.verified(w.path("glass.tar.gz")), "commands.jsonl"))
	w.ok(err)
	if !strings.Contains(string(commands), `"glass":{"by":{"key":"dev@example.com"`) || !strings.Contains(string(commands), because) {
		t.Errorf("the evidence does not have it:\n%s", commands)
	}
	w.audited()
}

// nowhere waits until no message that somebody sees in a channel holds one of the texts.
func (w *town) nowhere(p *person.Person, channel string, texts ...string) {
	w.Helper()
	_, err := p.Await(w.within(), fmt.Sprintf("none of %q in %s", texts, channel), func(s person.State) bool {
		c, _ := s.Channel(channel)
		return !slices.ContainsFunc(c.Messages, func(m person.Message) bool {
			return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(m.Plain+m.Text, text) })
		})
	})
	w.ok(err)
}

// TestI16_GlassForm: what is missing comes back at its field and nothing starts; the list is checked at the start.
func TestI16_GlassForm(t *testing.T) {
	t.Parallel()
	w := settle(t, one(), listing)
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.button(w.bea, room, "recover.approve", "Approve step 1.1")
	w.clock.push(7 * minute)
	w.pressOn(w.dev, w.button(w.dev, room, "recover.break", "Approve step 1.1"), "recover.break")
	w.fill(w.dev, "Break the glass on A1", map[string]any{"reason": because, "target": "db2"})
	w.pressOn(w.bea, w.button(w.bea, room, "recover.approve", "Approve step 1.1"), "recover.approve")
	w.awaitRun(1, "ended")
	if broken, started := len(w.records("GlassBroken")), len(w.records("StepStarting")); broken != 0 || started != 1 {
		t.Errorf("%d glasses, %d starts", broken, started)
	}
	w.extra = "break_glass: [nobody@example.com]\n"
	w.configure()
	if code, _, errs := w.drbot("check"); code != exitConfig || !strings.Contains(errs, "break_glass[0]") {
		t.Errorf("check of an unknown name: exit %d: %s", code, errs)
	}
}
