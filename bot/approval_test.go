package bot_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/workspace/person"
)

// approveNext waits for a card with its button and approves it as Bea.
func (w *world) approveNext(room, number string) person.Message {
	w.t.Helper()
	var card person.Message
	_, err := w.bea.Await(w.within(), "the card of "+number, func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Messages {
			if _, ok := m.Element("recover.approve"); ok && strings.Contains(m.Plain, "Approve step "+number+" ") {
				card = m
			}
		}
		return card.TS != ""
	})
	must(w.t, err)
	_, err = w.bea.PressConfirmed(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "recover.approve"})
	must(w.t, err)
	return card
}

// TestI3_WholeTextBeforeTheButton: the text of step 1.6 is too long for a card. While its file cannot be uploaded
// nobody can approve; afterwards the file holds every byte.
func TestI3_WholeTextBeforeTheButton(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Database corruption: Users db is gone")
	w.recover(room)
	fault := w.fault(person.Fault{Kind: "error", Method: "files.completeUploadExternal", Error: "internal_error"})
	w.approveNext(room, "1.2")
	w.met(fault)
	card, err := w.bea.AwaitMessage(w.within(), room, "Approve step 1.6 ")
	must(t, err)
	if _, ok := card.Element("recover.approve"); ok {
		t.Fatal("the button is there before the text")
	}
	must(t, w.client.Clear(w.ctx, fault))
	w.approveNext(room, "1.6")
	script := ""
	for _, r := range w.fold(1).Runs {
		spec, err := w.drbot.office.Spec(w.ctx, r.Step("p1.s6").Spec)
		must(t, err)
		script = spec.Script
	}
	c, _ := mustState(t, w.bea, w).Channel(room)
	whole := false
	for _, m := range c.Messages {
		for _, f := range m.Files {
			whole = whole || m.ThreadTS == card.TS && strings.Contains(f.Text, script)
		}
	}
	if !whole || script == "" {
		t.Errorf("the thread holds no file with the whole text\n%s", mustState(t, w.bea, w).Brief())
	}
}

// TestFailureCallsPeople: a failed step is a new message with its ways out, which closes to a line when the run goes on.
func TestFailureCallsPeople(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.fails("p1.s3")
	room := w.open("Database corruption: Users db is gone")
	w.recover(room)
	w.approveNext(room, "1.2")
	m := w.awaitButton(w.ana, room, "recover.retry")
	if !strings.Contains(m.Plain, "stopped at 1.3") || len(m.Pings.Users) == 0 || len(m.Pings.Everybody) > 0 {
		t.Errorf("%+v %s", m.Pings, m.Plain)
	}
	w.heals("p1.s3")
	_, err := w.ana.PressConfirmed(w.within(), person.Pick{Channel: room, TS: m.TS, ActionID: "recover.retry"})
	must(t, err)
	_, err = w.ana.Await(w.within(), "the message closes", func(s person.State) bool {
		c, _ := s.Channel(room)
		now, _ := c.Message(m.TS)
		_, still := now.Element("recover.retry")
		return !still
	})
	must(t, err)
}

// TestI15_OnlyInTheOwnChannel: an approval that is pressed elsewhere is refused by the office, whatever the door let by.
func TestI15_OnlyInTheOwnChannel(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Database corruption: Users db is gone")
	w.recover(room)
	w.awaitButton(w.bea, room, "recover.approve")
	r, err := w.ana.Command(w.within(), "C0INCIDENTS", "/recover pause R1")
	must(t, err)
	if !strings.Contains(r.Text, "own channel") {
		t.Errorf("%+v", r)
	}
	if a := w.fold(1).Approvals; len(a) != 1 || a[0].State != incident.Pending {
		t.Errorf("%+v", a)
	}
}

// TestMessageEconomy: in the incident's channel there is one message for each thing that people must see (UX §11).
func TestMessageEconomy(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Database corruption: Users db is gone")
	w.recover(room)
	for _, number := range []string{"1.2", "1.6", "1.8"} {
		w.approveNext(room, number)
	}
	w.eventually("the run is done", func() bool { r := w.fold(1).Runs; return len(r) == 1 && r[0].State == incident.Ended })
	for _, line := range []string{"/incident update First words next 30m", "/incident update Second words next 30m", "/incident resolve logins work again"} {
		r, err := w.ana.Command(w.within(), room, line)
		must(t, err)
		if v, ok := mustState(t, w.ana, w).Modal(); ok {
			_, err = w.ana.Submit(w.within(), v.ID, map[string]any{})
			must(t, err)
		}
		_ = r
	}
	if w.fold(1).State == incident.StateOpen {
		form, err := w.ana.AwaitModal(w.within(), "Resolve")
		must(t, err)
		fill := map[string]any{}
		for _, e := range form.Elements {
			if e.Type == "plain_text_input" && len(e.Selected) == 0 {
				fill[e.BlockID] = "because it is over"
			}
		}
		r, err := w.ana.Submit(w.within(), form.ID, fill)
		must(t, err)
		if r.Result == "errors" {
			t.Fatalf("%+v", r)
		}
	}
	_, err := w.ana.AwaitMessage(w.within(), room, "resolved")
	must(t, err)
	w.eventually("say is done", func() bool {
		c, err := w.drbot.store.Cursor(w.ctx, "slack.say", 1)
		return err == nil && c.Through >= w.fold(1).Seq
	})
	c, _ := mustState(t, w.ana, w).Channel(room)
	n := 0
	for _, m := range c.Posted() {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			n++
		}
	}
	if n != 9 {
		t.Errorf("%d messages, the story has 9\n", n)
		for _, m := range c.Posted() {
			t.Logf("%s %.80q", m.ThreadTS, m.Plain)
		}
	}
	house, _ := mustState(t, w.ana, w).Channel("incidents")
	top, replies := 0, 0
	for _, m := range house.Posted() {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			top++
		} else {
			replies++
		}
	}
	if top != 1 || replies != 3 {
		t.Errorf("announcement channel: %d messages, %d replies", top, replies)
	}
}
