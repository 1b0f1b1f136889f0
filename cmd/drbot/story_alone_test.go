package main

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/workspace/person"
)

// standing are drbot's messages of a channel that stand there now.
func (w *town) standing(p *person.Person, room string) []person.Message {
	w.Helper()
	s, err := p.State(w.within())
	w.ok(err)
	c, _ := s.Channel(room)
	return c.Posted()
}

// pressable counts the messages of a channel that have a button, but for its cards.
func (w *town) pressable(p *person.Person, room, action string) int {
	n := 0
	for _, m := range w.standing(p, room) {
		if _, ok := m.Element(action); ok && !strings.Contains(m.Plain, "Opened ") {
			n++
		}
	}
	return n
}

// TestI50_AnIncidentThatIsLeftAlone: nobody looks for a night. Three calls for an answer, each in the place of the one
// before it, one reminder and one line that says since when the update is late; nothing else speaks (UX §11), and once
// somebody comes all of it is one line each.
func TestI50_AnIncidentThatIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := settle(t, small(), quick)
	w.serve()
	w.linked()
	room := w.open(w.eve, "Database corruption: users gone")
	quiet := len(w.standing(w.dev, room))
	newest := ""
	for _, after := range []time.Duration{8 * minute, 3 * minute, 2 * minute} { // one call, the reminder, another call
		w.clock.push(after)
		w.until("the next message", func() bool {
			all := w.standing(w.dev, room)
			last := all[len(all)-1].TS
			if last == newest || len(all) == quiet {
				return false
			}
			newest = last
			return true
		})
	}
	w.clock.push(2*minute + 10*time.Second) // a longer push would look as if drbot had been away
	w.expect(w.dev, room, "Late since")
	for range 20 {
		w.clock.push(4 * minute)
		w.answers(w.ana, room, "/incident note still here", "Noted")
	}
	w.until("the last call alone", func() bool {
		return w.pressable(w.dev, room, "incident.ack") == 1 && w.count(w.dev, room, "Late: SEV-1 asks for an answer") == 1
	})
	if n := len(w.standing(w.dev, room)); n != quiet+3 {
		t.Errorf("%d messages more after 93 min, want a call, a reminder and one that says late:", n-quiet)
		for _, m := range w.standing(w.dev, room) {
			t.Log(m.Plain)
		}
	}
	w.until("the reminder gives its buttons to the late message", func() bool { return w.pressable(w.dev, room, "incident.send") == 1 })

	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.until("the calls close", func() bool {
		return w.pressable(w.dev, room, "incident.ack") == 0 && w.count(w.dev, room, "Ana Ruiz answered", "an answer was due") == 1
	})
	w.answers(w.ana, room, "/incident snooze 15m", "is due")
	w.until("what was moved closes", func() bool {
		return w.pressable(w.dev, room, "incident.send") == 0 && w.count(w.dev, room, "Late since", "is due", "now") == 1
	})
	w.clock.push(11 * minute)
	w.until("the reminder of the new time", func() bool { return w.pressable(w.dev, room, "incident.send") == 1 })
	w.clock.push(5 * minute)
	w.until("late once more", func() bool { return w.count(w.dev, room, "Late since") == 2 })
	w.answers(w.ana, room, "/incident update We are at it", "Update 1 of INC-1 is sent")
	w.until("the update closes both", func() bool {
		return w.pressable(w.dev, room, "incident.send") == 0 && w.count(w.dev, room, "Late since", "update 1", "is sent") == 2 && w.count(w.dev, room, "Due ", "did not come") == 0
	})
	w.audited()
}

// TestI50_AFalseAlarmClosesItsCalls: nothing that is over can be pressed.
func TestI50_AFalseAlarmClosesItsCalls(t *testing.T) {
	t.Parallel()
	w := settle(t, small(), quick)
	w.serve()
	w.linked()
	room := w.open(w.eve, "Database corruption: users gone")
	w.clock.push(16 * minute)
	w.until("call and late update", func() bool {
		return w.pressable(w.dev, room, "incident.ack") > 0 && w.pressable(w.dev, room, "incident.send") > 0
	})
	w.answers(w.ana, room, "/incident resolve false-alarm the probe was wrong", "false alarm")
	w.until("both close", func() bool {
		return w.pressable(w.dev, room, "incident.ack")+w.pressable(w.dev, room, "incident.send") == 0
	})
	w.expect(w.dev, room, "Nobody answered before the end")
	w.expect(w.dev, room, "Late since", "was not sent before the end")
}

// TestI42_TheHeadIsShownOnceADay in the house channel, and `drbot audit verify` takes it as it stands there.
func TestI42_TheHeadIsShownOnceADay(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.serve()
	w.linked()
	house := "C0HOUSE"
	w.clock.push(24*time.Hour + 2*time.Minute)
	head := w.expect(w.dev, house, "record head ")
	w.until("it is on the record", func() bool { return len(w.records("HeadPosted")) == 1 })
	w.clock.push(48 * time.Hour)
	w.clock.push(2 * time.Minute)
	w.open(w.ana, "Database corruption: users gone")
	w.clock.push(2 * time.Minute)
	w.until("the next one", func() bool { return w.count(w.dev, house, "record head ") == 2 })
	if n := len(w.records("HeadPosted")); n > 2 {
		t.Errorf("%d heads in three days", n)
	}
	w.leave()
	words := strings.Fields(head.Plain)
	code, out, bad := w.drbot("audit", "verify", "--head", words[2]+":"+words[3])
	if code != 0 {
		t.Errorf("%s: %s%s", head.Plain, out, bad)
	}
}
