package bot_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/workspace/person"
)

// TestADenialCallsPeople: the redraw of the approval's card notifies nobody, so a run that drbot stops is a new message,
// once, which calls the operator, says what to do next, and closes to a line when the run goes on.
func TestADenialCallsPeople(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Database corruption: Users db is gone")
	w.recover(room)
	w.awaitButton(w.bea, room, "recover.approve")
	reply, err := w.drbot.office.Handle(w.ctx, commands.Command{
		Verb: "recover deny", Actor: commands.Actor{Slack: "U0BEA"}, Object: "A1", Channel: room, Fields: map[string][]string{"reason": {"Wrong target"}},
	})
	must(t, err)
	if !reply.Done() {
		t.Fatal(reply.Say.Text)
	}
	m, err := w.ana.AwaitMessage(w.within(), room, "stopped before 1.2")
	must(t, err)
	for _, want := range []string{"A1 was denied by Bea Ode: Wrong target", "nothing of 1.2 ran", "Go on asks for approval anew"} {
		if !strings.Contains(m.Plain, want) {
			t.Errorf("%q is not in %s", want, m.Plain)
		}
	}
	if len(m.Pings.Users) == 0 || len(m.Pings.Everybody) > 0 {
		t.Errorf("pings %+v", m.Pings)
	}
	_, err = w.ana.Press(w.within(), person.Pick{Channel: room, TS: m.TS, ActionID: "recover.resume"})
	must(t, err)
	_, err = w.ana.Await(w.within(), "the message closes", func(s person.State) bool {
		c, _ := s.Channel(room)
		now, _ := c.Message(m.TS)
		_, still := now.Element("recover.resume")
		return !still && strings.Contains(now.Plain, "Step 1.2 goes on")
	})
	must(t, err)
	if n := w.posted(w.ana, room, "stopped before"); n != 0 {
		t.Errorf("%d messages still say that it stopped", n)
	}
	if r := w.fold(1).Runs[0]; r.Stop != (incident.Stop{N: 1, Step: "p1.s2", Kind: incident.StopDenied}) {
		t.Errorf("%+v", r.Stop)
	}
}
