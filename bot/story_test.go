package bot_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/workspace/person"
)

// open opens an incident as Ana and gives its channel's id.
func (w *world) open(line string) string {
	w.t.Helper()
	before, err := w.ana.State(w.ctx)
	must(w.t, err)
	r, err := w.ana.Command(w.within(), "C0INCIDENTS", "/incident open "+line)
	must(w.t, err)
	if r.Say != "" || r.Text == "" {
		w.t.Fatalf("opening answered %+v", r)
	}
	room := ""
	_, err = w.ana.Await(w.within(), "the incident's channel", func(s person.State) bool {
		for _, c := range s.Channels {
			_, old := before.Channel(c.ID)
			if !old && len(c.Pins) > 0 && len(c.Bookmarks) >= 2 {
				room = c.ID
			}
		}
		return room != ""
	})
	must(w.t, err)
	return room
}

func (w *world) fold(id incident.ID) *incident.Incident {
	w.t.Helper()
	i, err := w.drbot.store.Incident(w.ctx, state.Ref{ID: id})
	must(w.t, err)
	return i
}

func TestOpeningMakesTheChannel(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Database corruption: Users <!channel> `gone`")
	s, err := w.ana.State(w.ctx)
	must(t, err)
	c, _ := s.Channel(room)
	if !strings.HasPrefix(c.Name, "inc-1-users-channel-gone") || !strings.Contains(c.Topic, "SEV-1") {
		t.Errorf("channel %s, topic %q", c.Name, c.Topic)
	}
	if i := w.fold(1); i.Channel.ID != room {
		t.Errorf("bound to %+v", i.Channel)
	}
	for _, m := range c.Posted() {
		if len(m.Pings.Everybody) > 0 || len(m.Mentions.Everybody) > 0 {
			t.Errorf("I41: a title pings everybody: %s", m.Plain)
		}
	}
	announcement, err := w.bea.AwaitMessage(w.within(), "incidents", "INC-1")
	must(t, err)
	if !strings.Contains(announcement.Plain, "Users") {
		t.Errorf("announcement: %s", announcement.Plain)
	}
	_, err = w.bea.Await(w.within(), "the way from the announcement to the channel", func(s person.State) bool {
		c, _ := s.Channel("C0INCIDENTS")
		m, _ := c.Message(announcement.TS)
		for _, e := range m.Elements {
			if e.Label == "Open channel" && strings.HasSuffix(e.URL, "/archives/"+room) && strings.HasPrefix(e.URL, w.space.URL()) {
				return true
			}
		}
		return false
	})
	must(t, err)
	_, err = w.ana.AwaitMessage(w.within(), "incidents", "INC-1: #inc-1")
	must(t, err)
}

// recover plans and starts procedure 1 as Ana.
func (w *world) recover(room string) {
	w.t.Helper()
	lock := w.awaitButton(w.bea, "drbot", "runbook.accept")
	_, err := w.bea.PressConfirmed(w.within(), person.Pick{Channel: lock.Channel, TS: lock.TS, ActionID: "runbook.accept"})
	must(w.t, err)
	w.eventually("the lock is accepted", func() bool {
		house, err := w.drbot.store.House(w.ctx)
		return err == nil && len(house.Open()) == 0
	})
	r, err := w.ana.Command(w.within(), room, "/recover database recovery")
	must(w.t, err)
	if r.Say != "" {
		w.t.Fatalf("recover: %+v", r)
	}
	var form person.View
	_, err = w.ana.Await(w.within(), "the filled plan form", func(s person.State) bool {
		var ok bool
		if form, ok = s.Modal(); !ok {
			return false
		}
		e, ok := form.Element("Backup")
		return ok && len(e.Options) > 0
	})
	must(w.t, err)
	r, err = w.ana.Submit(w.within(), form.ID, nil)
	must(w.t, err)
	if r.Result == "errors" {
		w.t.Fatalf("submit: %+v", r)
	}
	card := w.awaitButton(w.ana, room, "recover.start")
	r, err = w.ana.PressConfirmed(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "recover.start"})
	must(w.t, err)
}

func (w *world) awaitButton(p *person.Person, room, action string) person.Message {
	w.t.Helper()
	var found person.Message
	_, err := p.Await(w.within(), "a button "+action, func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Messages {
			if _, ok := m.Element(action); ok {
				found = m
				return true
			}
		}
		return false
	})
	must(w.t, err)
	return found
}

func TestRunFromPlanToApproval(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Database corruption: Users db is gone")
	w.recover(room)
	card := w.awaitButton(w.bea, room, "recover.approve")
	for _, want := range []string{"Approve step", "db1", "servicectl stop", "sha256"} {
		if !strings.Contains(card.Plain, want) {
			t.Errorf("the card lacks %q:\n%s", want, card.Plain)
		}
	}
	dm, err := w.bea.AwaitMessage(w.within(), w.space.BotUserID(), "asks you to approve")
	must(t, err)
	if len(dm.Elements) > 0 {
		t.Errorf("a direct message holds buttons: %+v", dm.Elements)
	}
	// The requester does not decide (I8).
	_, err = w.ana.PressConfirmed(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "recover.approve"})
	must(t, err)
	_, err = w.ana.AwaitMessage(w.within(), room, "someone else")
	must(t, err)
	_, err = w.bea.PressConfirmed(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "recover.approve"})
	must(t, err)
	_, err = w.bea.AwaitMessage(w.within(), room, "Bea Ode approved")
	must(t, err)
	s, err := w.bea.State(w.ctx)
	must(t, err)
	c, _ := s.Channel(room)
	decided, _ := c.Message(card.TS)
	if _, still := decided.Element("recover.approve"); still {
		w.t.Error("the decided card still has its button")
	}
}

// TestOpeningWithoutAChecklist: a runbook that has none makes no message of nothing, and no bookmark to it.
func TestOpeningWithoutAChecklist(t *testing.T) {
	w := newWorld(t, worldOptions{before: func(w *world) { w.book.Checklist = runbook.Checklist{} }})
	_, err := w.ana.Command(w.within(), "C0INCIDENTS", "/incident open Users db")
	must(t, err)
	w.eventually("the channel is filled", func() bool {
		c, err := w.drbot.store.Cursor(w.ctx, bot.Say, 1)
		return err == nil && w.fold(1).Channel.ID != "" && c.Through >= w.fold(1).Seq
	})
	c, _ := mustState(t, w.ana, w).Channel(w.fold(1).Channel.ID)
	if len(c.Posted()) != 1 || len(c.Bookmarks) != 1 || len(c.Pins) != 1 {
		t.Errorf("%d messages, bookmarks %v, pins %v", len(c.Posted()), c.Bookmarks, c.Pins)
	}
}
