package main

import (
	"testing"

	"github.com/drbot/drbot/commands"
)

// TestI8_HandOver: Ana offers what she holds, Dev may not take it, Chen takes it; then Chen operates, and his approval of
// what waits counts no more, nor does that of Ana, who asked.
func TestI8_HandOver(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident handover <@U0CHEN|chen>", "You hold no role")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.start(w.ana, room, "rescue")
	card := w.button(w.chen, room, "recover.approve", "Approve step 1.1")
	w.answers(w.ana, room, "/recover handover <@U0DEV|dev>", "is no operator")
	w.answers(w.ana, room, "/incident handover <@U0CHEN|chen>", "Offered to Chen Li")
	offer := w.button(w.dev, room, "incident.take", "hands you commander and R1", "@Chen Li", "keeps it until you take it")
	w.pressOn(w.dev, offer, "incident.take")
	w.expect(w.dev, room, "It is offered to Chen Li")
	w.pressOn(w.chen, offer, "incident.take")
	w.expect(w.ana, room, "✅ @Chen Li took over commander and R1 from @Ana Ruiz")
	w.expect(w.ana, room, "R1 · Rescue", "@Chen Li · locks")
	w.pressOn(w.chen, card, "recover.approve")
	w.expect(w.chen, room, "You asked for this, so someone else decides")
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitRun(1, "ended")
	v := w.awaitView(1, "Chen commands", func(v commands.View) bool { return v.Roles["commander"] == "Chen Li" })
	if v.Runs[0].Operator != "Chen Li" {
		t.Errorf("operator %s", v.Runs[0].Operator)
	}
	w.audited()
}
