package main

import (
	"testing"

	"github.com/drbot/drbot/runbook"
)

// TestI43_TheDecidedCardSaysWhatItsApproverSaw: a plan is nobody's before its form is sent; and the card of a text that had
// never run says so for ever, although it ran because of that card.
func TestI43_TheDecidedCardSaysWhatItsApproverSaw(t *testing.T) {
	t.Parallel()
	w := settle(t, one(func(e *runbook.Entry) {
		e.Parameters = []runbook.Parameter{{Name: "NAME", Type: runbook.TypeText, Label: "Name", Pattern: "[a-z]+", Default: "users"}}
	}))
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/recover rescue")
	if r := w.fill(w.ana, "Plan", map[string]any{"Name": "-rf"}); r.Result != "errors" {
		t.Errorf("%+v", r)
	}
	if n := w.count(w.bea, room, "A plan. Nothing runs until somebody presses Start."); n != 0 {
		t.Error("a plan stands in the channel while its form is open")
	}
	w.fill(w.ana, "Plan", map[string]any{"Name": "debates"})
	w.expect(w.bea, room, "A plan. Nothing runs until somebody presses Start.", "Name", "debates")
	w.press(w.ana, room, "recover.start")
	w.press(w.bea, room, "recover.approve", "Never run before")
	w.awaitRun(1, "ended")
	w.expect(w.bea, room, "approved", "A1", "Never run before")
	w.leave()
	w.serve()
	w.linked()
	w.expect(w.bea, room, "approved", "A1", "Never run before")
	w.audited()
}
