package main

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// quick promises an update every 15 min for the highest severity; the runbook asks for an answer within 15 min.
func quick(w *town, _ *workspace.Options) { w.extra = "severities: {\"1\": {update: 15m}}\n" }

// TestI50_TheUpdateCadence: a reminder with its draft, the update in its place, one line when it is missed, one after a
// downtime that says how late it is; and no restart ends it.
func TestI50_TheUpdateCadence(t *testing.T) {
	t.Parallel()
	w := settle(t, small(), quick)
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.clock.push(11 * minute)
	w.press(w.ana, room, "incident.send", "Update due")
	w.expect(w.dev, room, "Update 1 by @Ana Ruiz")
	w.until("no reminder stands after the update", func() bool { return w.count(w.ana, room, "Update due") == 0 })
	w.clock.push(11 * minute)
	w.expect(w.dev, room, "Update due")
	w.clock.push(5 * minute)
	w.expect(w.dev, room, "Late since", "update 2", "@Ana Ruiz")
	w.answers(w.ana, room, "/incident update We are late but at it", "Update 2 of INC-1 is sent")
	w.expect(w.dev, room, "Update 2 by @Ana Ruiz (late)")
	if n := w.count(w.ana, room, "Late since"); n > 1 {
		t.Errorf("told %d times that update 2 is late", n)
	}
	w.leave()
	w.clock.push(55 * minute) // it was due after 15
	w.serve()
	w.linked()
	late := w.expect(w.dev, room, "40 min late, drbot was not running: update 3")
	w.clock.push(2 * minute)
	w.answers(w.ana, room, "/incident note nothing new", "Noted")
	if n := w.count(w.dev, room, "drbot was not running"); n != 1 {
		t.Errorf("told %d times: %s", n, late.Plain)
	}
	w.clock.push(50 * minute) // the promise stands, and was spoken of
	w.answers(w.ana, room, "/incident update We are back", "Update 3 of INC-1 is sent")
	w.until("the line of update 3 closes", func() bool { return w.count(w.dev, room, "Late since", "update 3", "is sent") == 1 })
	w.clock.push(11 * minute) // the cadence goes on
	w.expect(w.dev, room, "Update due")
	w.answers(w.ana, room, "/incident snooze 15m", "is due")
	w.audited()
}

// TestI50_NobodyAnswers: one message at 50, 80 and 100 % of the response time, each with its people and in the place of the
// one before it; a restart changes nothing, and an answer leaves one line.
func TestI50_NobodyAnswers(t *testing.T) {
	t.Parallel()
	w := settle(t, small(), quick)
	w.serve()
	w.linked()
	room := w.open(w.eve, "Database corruption: users gone")
	w.clock.push(8 * minute)
	first := w.expect(w.ana, room, "Nobody has answered yet: SEV-1 asks for an answer by")
	w.leave()
	w.clock.push(4*minute + 30*time.Second)
	w.serve()
	w.linked()
	w.until("the second call, in the first one's place", func() bool {
		return w.count(w.ana, room, "Nobody has answered yet") == 1 && w.expect(w.ana, room, "Nobody has answered yet").TS != first.TS
	})
	w.clock.push(4 * minute)
	w.expect(w.ana, room, "Late: SEV-1 asks for an answer within 15 min, and nobody has answered")
	w.until("the late one stands alone", func() bool { return w.count(w.ana, room, "Nobody has answered yet") == 0 })
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.until("one line is left", func() bool { return w.count(w.ana, room, "an answer was due") == 1 })
	second := w.open(w.ana, "Database corruption: debates gone")
	w.answers(w.ana, second, "/incident ack", "You command INC-2")
	w.leave()
	w.clock.push(2 * time.Hour)
	w.serve()
	w.linked()
	w.expect(w.ana, second, "drbot was not running")
	if n := w.count(w.ana, second, "answer"); n > 1 { // its card alone
		t.Errorf("%d messages ask for an answer that was given", n)
	}
	w.audited()
}

// TestI54_TheClockIsSetBack: what was pending ends, the record says so, and time within an incident never decreases.
func TestI54_TheClockIsSetBack(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.clock.push(-10 * minute)
	w.awaitView(1, "A1 is withdrawn", func(v commands.View) bool { return v.Approvals[0].State == "withdrawn" })
	_, err := w.bea.PressConfirmed(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "recover.approve"})
	if err != nil && !strings.Contains(err.Error(), "element_not_found") { // its card may be drawn again already
		t.Fatal(err)
	}
	w.expect(w.bea, room, "Withdrawn")
	w.awaitRun(1, "paused")
	if n := len(w.records("ClockStepped")); n != 1 {
		t.Errorf("recorded %d times", n)
	}
	w.leave()
	w.clock.push(-20 * minute) // and once more while drbot is down
	w.serve()
	w.linked()
	w.until("it is recorded again", func() bool { return len(w.records("ClockStepped")) == 2 })
	w.say(w.ana, room, "/recover resume")
	w.press(w.bea, room, "recover.approve", "A2")
	w.awaitRun(1, "ended")
	last := map[uint64]time.Time{}
	for _, r := range w.records() {
		if r.Time.Before(last[r.Incident]) {
			t.Errorf("record %d is before its predecessor: %s, %s", r.Seq, r.Time, last[r.Incident])
		}
		last[r.Incident] = r.Time
	}
	w.audited()
}
