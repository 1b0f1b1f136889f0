package main

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/workspace/person"
)

// TestI56_WhoIsInTheChannelReads: in a restricted incident everybody who is in its channel can be given something, nobody else
// can; and neither task nor role is read of by who left the channel, was put out of it, or left while drbot was away.
func TestI56_WhoIsInTheChannelReads(t *testing.T) {
	t.Parallel()
	w := settle(t, reviewing(), atWork)
	w.serve()
	w.linked()
	room := w.open(w.ana, "Data breach: secretword leaked")
	w.answers(w.ana, room, "/incident checklist c1 @Bea due 20m", "c1")
	w.answers(w.ana, room, "/incident role communications @Dev", "Dev Nul is not in the channel", "Invite them into the channel first.")
	_, err := w.ana.Invite(w.within(), room, "U0DEV")
	w.ok(err)
	w.reads(w.dev, true)
	w.answers(w.ana, room, "/incident role communications @Dev", "Dev")
	w.say(w.ana, room, "/incident resolve gone anyway: the rest")
	w.answers(w.ana, room, "/incident task t2 @Dev", "t2")
	w.answers(w.ana, room, "/incident action do something @Bea due 2d", "a1")
	_, err = w.ana.Remove(w.within(), room, "U0DEV")
	w.ok(err)
	w.reads(w.dev, false)
	w.answers(w.dev, "incidents", "/incident review 1", "restricted to the people in its channel")
	_, err = w.ana.Invite(w.within(), room, "U0DEV")
	w.ok(err)
	w.reads(w.dev, true)
	_, err = w.dev.Leave(w.within(), room)
	w.ok(err)
	w.reads(w.dev, false)
	told, heard := w.dms(w.dev, "secretword"), w.dms(w.dev, "INC-1")
	w.clock.push(10 * 24 * time.Hour)
	w.until("Dev hears of t2 by the number", func() bool { return w.dms(w.dev, "INC-1") > heard })
	if n := w.dms(w.dev, "secretword"); n != told {
		t.Errorf("%d direct messages say what it is about, %d before he left", n, told)
	}
	// Who goes while drbot does not hear it is missed when it hears again; who stays needs nobody's word for it.
	w.reads(w.bea, true)
	w.leave()
	_, err = w.bea.Leave(w.within(), room)
	w.ok(err)
	w.serve()
	w.linked()
	w.reads(w.bea, false)
	w.reads(w.ana, true)
	w.answers(w.ana, room, "/incident task t1 @Bea", "is not in the channel")
	w.audited()
}

// reads waits until a person reads of INC-1 outside of its channel, or is refused.
func (w *town) reads(p *person.Person, may bool) {
	w.Helper()
	w.until("what who left or came may read", func() bool { return strings.Contains(w.hearsOf(p), "secretword") == may })
}

// hearsOf is what `/incident show 1` answers a person elsewhere.
func (w *town) hearsOf(p *person.Person) (heard string) {
	w.Helper()
	before, err := p.State(w.within())
	w.ok(err)
	old := map[string]bool{}
	for _, c := range before.Channels {
		for _, m := range c.Messages {
			old[m.TS] = true
		}
	}
	r := w.say(p, "incidents", "/incident show 1")
	_, err = p.Await(w.within(), "an answer about INC-1", func(s person.State) bool {
		heard = r.Text
		for _, c := range s.Channels {
			for _, m := range c.Messages {
				if m.Ephemeral && !old[m.TS] {
					heard += "\n" + m.Plain
				}
			}
		}
		return strings.Contains(heard, "secretword") || strings.Contains(heard, "restricted to the people in its channel")
	})
	w.ok(err)
	return heard
}
