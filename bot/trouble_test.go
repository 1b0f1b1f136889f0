package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/workspace/person"
)

// fault puts trouble in and takes it out at the end.
func (w *world) fault(f person.Fault) string {
	w.t.Helper()
	id, err := w.client.Inject(w.ctx, f)
	must(w.t, err)
	return id
}

// hits waits until a fault was met so many times, or is used up.
func (w *world) met(id string) {
	w.t.Helper()
	w.eventually("the fault is met", func() bool {
		all, err := w.client.Faults(w.ctx)
		must(w.t, err)
		return !slices.ContainsFunc(all, func(f person.Fault) bool { return f.ID == id && f.Hits == 0 })
	})
}

// posted counts messages of drbot's in a channel by a word in them.
func (w *world) posted(p *person.Person, channel, word string) int {
	w.t.Helper()
	s, err := p.State(w.ctx)
	must(w.t, err)
	c, _ := s.Channel(channel)
	n := 0
	for _, m := range c.Posted() {
		if strings.Contains(m.Plain, word) {
			n++
		}
	}
	return n
}

// TestI49_LostAnswersPostOnce: every call that makes something is done and its answer lost, and drbot is killed in
// between; afterwards there is one announcement, one channel, one card, one checklist.
func TestI49_LostAnswersPostOnce(t *testing.T) {
	for _, method := range []string{"chat.postMessage", "conversations.create", "pins.add", "conversations.setTopic", "bookmarks.add", "conversations.invite"} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			w.eventually("the lock's card is whole", func() bool {
				c, err := w.drbot.store.Cursor(w.ctx, bot.Say, 0)
				return err == nil && c.Through >= 3
			})
			w.fault(person.Fault{Kind: "lose_answer", Method: method, Count: 1})
			_, err := w.ana.Command(w.within(), "C0INCIDENTS", "/incident open Users db")
			must(t, err)
			w.eventually("the answer is lost", func() bool {
				all, err := w.client.Faults(w.ctx)
				must(t, err)
				return len(all) == 0
			})
			w.restart()
			card, err := w.ana.AwaitMessage(w.within(), "inc-1-users-db", "Checklist 0 of")
			must(t, err)
			_, err = w.ana.Await(w.within(), "the whole channel", func(s person.State) bool {
				c, _ := s.Channel(card.Channel)
				return len(c.Pins) == 1 && len(c.Bookmarks) >= 2 && c.Topic != ""
			})
			must(t, err)
			if n := w.posted(w.ana, "incidents", "INC-1 Users db"); n != 1 {
				t.Errorf("%d announcements", n)
			}
			if n := w.posted(w.ana, card.Channel, "INC-1 · Users db"); n != 1 {
				t.Errorf("%d cards", n)
			}
			if n := w.posted(w.ana, card.Channel, "Checklist 0 of"); n != 1 {
				t.Errorf("%d checklists", n)
			}
			s, err := w.ana.State(w.ctx)
			must(t, err)
			if slices.ContainsFunc(s.Channels, func(c person.Channel) bool { return c.Name == "inc-1-users-db-2" }) {
				t.Error("a second channel was made")
			}
		})
	}
}

// TestForeignNameIsLeftAlone: a channel of that name which drbot did not make is not taken.
func TestForeignNameIsLeftAlone(t *testing.T) {
	w := newWorld(t, worldOptions{})
	_, err := w.bea.CreateChannel(w.ctx, "inc-1-users-db", false)
	must(t, err)
	room := w.open("Users db")
	s, err := w.ana.State(w.ctx)
	must(t, err)
	if c, _ := s.Channel(room); c.Name != "inc-1-users-db-2" {
		t.Errorf("channel %s", c.Name)
	}
}

// TestI47_TwiceIsOnce: every payload comes twice; each has one effect and the same answer.
func TestI47_TwiceIsOnce(t *testing.T) {
	for _, http := range []bool{false, true} {
		w := newWorld(t, worldOptions{http: http})
		w.fault(person.Fault{Kind: "duplicate"})
		room := w.open("Users db")
		_, err := w.ana.Command(w.within(), room, "/incident note the disk was full")
		must(t, err)
		card := w.awaitButton(w.ana, room, "incident.ack")
		_, err = w.ana.Press(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "incident.ack"})
		must(t, err)
		_, err = w.ana.AwaitMessage(w.within(), room, "commander @Ana")
		must(t, err)
		counts := map[string]int{}
		for r, err := range w.drbot.store.Records(w.ctx, 1, 0) {
			must(t, err)
			counts[r.Kind]++
		}
		if counts["Opened"] != 1 || counts["Noted"] != 1 || counts["Acknowledged"] != 1 || counts["RoleTaken"] != 1 {
			t.Errorf("http %t: %v", http, counts)
		}
		all, err := w.drbot.store.List(w.ctx, queryAll)
		must(t, err)
		if len(all) != 1 {
			t.Errorf("http %t: %d incidents", http, len(all))
		}
	}
}

// TestI56_RestrictedShowsItsNumber: outside of its channel nothing is said but the number.
func TestI56_RestrictedShowsItsNumber(t *testing.T) {
	w := newWorld(t, worldOptions{})
	r, err := w.bea.Command(w.within(), "C0INCIDENTS", "/incident open Data breach: customer list on pastebin")
	must(t, err)
	if r.Text == "" {
		t.Fatalf("%+v", r)
	}
	w.eventually("its channel", func() bool { return w.fold(1).Channel.ID != "" })
	room := w.fold(1).Channel.ID
	_, err = w.bea.AwaitMessage(w.within(), room, "pastebin")
	must(t, err)
	announcement, err := w.client.As("U0DAN").AwaitMessage(w.within(), "incidents", "INC-1")
	must(t, err)
	if strings.Contains(announcement.Plain+announcement.Text, "pastebin") || strings.Contains(announcement.Plain, "Data breach") {
		t.Errorf("announced: %s", announcement.Plain)
	}
	_, err = w.bea.Command(w.within(), room, "/incident update The list is down next 30m")
	must(t, err)
	_, err = w.bea.AwaitMessage(w.within(), room, "The list is down")
	must(t, err)
	s, err := w.client.As("U0DAN").State(w.ctx)
	must(t, err)
	for _, c := range s.Channels {
		if c.ID == room || strings.Contains(c.Name, "pastebin") {
			t.Errorf("Dan sees #%s", c.Name)
		}
		for _, m := range c.Messages {
			if strings.Contains(m.Plain+m.Text, "pastebin") || strings.Contains(m.Plain+m.Text, "list is down") {
				t.Errorf("Dan reads in #%s: %s", c.Name, m.Plain)
			}
		}
	}
	c, _ := mustState(t, w.bea, w).Channel(room)
	for _, m := range c.Posted() {
		if strings.Contains(m.Text, "pastebin") {
			t.Errorf("a locked phone shows %q", m.Text)
		}
	}
}

func mustState(t *testing.T, p *person.Person, w *world) person.State {
	t.Helper()
	s, err := p.State(w.ctx)
	must(t, err)
	return s
}

// TestI48_OutageDelaysAndLosesNothing: Slack is away while drbot starts and while an incident is opened and worked on
// elsewhere; afterwards everything stands there, in order, once (I40, I51).
func TestI48_OutageDelaysAndLosesNothing(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	w.fault(person.Fault{Kind: "refuse"})
	ana := commands.Actor{Slack: "U0ANA"}
	for _, c := range []commands.Command{
		{Verb: "incident severity", Object: "1", Text: "2 only one table"}, {Verb: "incident update", Object: "1", Text: "First words next 30m"},
		{Verb: "incident update", Object: "1", Text: "Second words next 30m"}, {Verb: "incident open", Text: "Another one"},
	} {
		c.Actor = ana
		reply, err := w.drbot.office.Handle(w.ctx, c)
		must(t, err)
		if !reply.Done() {
			t.Fatalf("%s: %s", c.Verb, reply.Say.Text)
		}
	}
	w.eventually("drbot says that Slack is away", func() bool { return len(w.drbot.bot.Degraded()) > 0 })
	must(t, w.client.Clear(w.ctx, ""))
	_, err := w.ana.AwaitMessage(w.within(), room, "Second words")
	must(t, err)
	_, err = w.ana.AwaitMessage(w.within(), "inc-2-another-one", "INC-2")
	must(t, err)
	var order []string
	c, _ := mustState(t, w.ana, w).Channel(room)
	for _, m := range c.Posted() {
		for _, word := range []string{"SEV-1 → SEV-2", "First words", "Second words"} {
			if strings.Contains(m.Plain, word) {
				order = append(order, word)
			}
		}
	}
	if strings.Join(order, ", ") != "SEV-1 → SEV-2, First words, Second words" {
		t.Errorf("order: %v\n%s", order, mustState(t, w.ana, w).Brief())
	}
	if i := w.fold(1); len(i.Parked) > 0 {
		t.Errorf("parked: %+v", i.Parked)
	}
}

// TestI48_RefusedIsParkedAndTheRestGoesOn: what Slack will never take is parked with Slack's own words.
func TestI48_RefusedIsParkedAndTheRestGoesOn(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	_, err := w.ana.AwaitMessage(w.within(), "drbot", "Accept lock") // or the house's card meets the fault
	must(t, err)
	w.fault(person.Fault{Kind: "error", Method: "chat.postMessage", Error: "invalid_blocks", Count: 1})
	_, err = w.ana.Command(w.within(), room, "/incident update lost words next 30m")
	must(t, err)
	_, err = w.ana.Command(w.within(), room, "/incident update kept words next 30m")
	must(t, err)
	_, err = w.ana.AwaitMessage(w.within(), room, "kept words")
	must(t, err)
	w.eventually("it is parked", func() bool { return len(w.fold(1).Parked) == 1 })
	if p := w.fold(1).Parked[0]; p.Follower != bot.Say || !strings.Contains(p.Why, "invalid_blocks") {
		t.Errorf("%+v", p)
	}
	// A person asks for it again.
	r, err := w.bea.Command(w.within(), room, "/incident requeue")
	must(t, err)
	_, id, _ := strings.Cut(r.Text, "slack.say")
	if id == "" {
		t.Fatalf("requeue lists %q", r.Text)
	}
}

// TestRateLimitIsHonoured: Retry-After delays; nothing is parked.
func TestRateLimitIsHonoured(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	w.fault(person.Fault{Kind: "rate_limit", Method: "chat.postMessage", RetryAfter: 1, Count: 2})
	w.fault(person.Fault{Kind: "rate_limit", Method: "chat.update", RetryAfter: 1, Count: 2})
	_, err := w.ana.Command(w.within(), room, "/incident update some words next 30m")
	must(t, err)
	_, err = w.ana.Command(w.within(), room, "/incident impact nobody can log in")
	must(t, err)
	_, err = w.ana.AwaitMessage(w.within(), room, "some words")
	must(t, err)
	_, err = w.ana.AwaitMessage(w.within(), room, "nobody can log in")
	must(t, err)
	if n := w.posted(w.ana, room, "some words"); n != 1 {
		t.Errorf("%d updates", n)
	}
	if i := w.fold(1); len(i.Parked) > 0 {
		t.Errorf("%+v", i.Parked)
	}
}

// TestCardsThatCannotBeEditedArePostedAnew: the edit window closed, or somebody deleted the card.
func TestCardsThatCannotBeEditedArePostedAnew(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	card := w.awaitButton(w.ana, room, "incident.ack")
	fault := w.fault(person.Fault{Kind: "error", Method: "chat.update", Error: "edit_window_closed"})
	_, err := w.ana.Press(w.within(), person.Pick{Channel: room, TS: card.TS, ActionID: "incident.ack"})
	must(t, err)
	var anew person.Message
	_, err = w.ana.Await(w.within(), "a new card, pinned alone", func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Posted() {
			if m.TS != card.TS && strings.Contains(m.Plain, "INC-1 · Users db") {
				anew = m
			}
		}
		return anew.TS != "" && slices.Equal(c.Pins, []string{anew.TS})
	})
	must(t, err)
	must(t, w.client.Clear(w.ctx, fault))
	_, err = w.ana.Delete(w.ctx, room, anew.TS)
	must(t, err)
	_, err = w.ana.Command(w.within(), room, "/incident impact nobody can log in")
	must(t, err)
	_, err = w.ana.Await(w.within(), "a third card with the impact", func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Posted() {
			if m.TS != card.TS && m.TS != anew.TS && strings.Contains(m.Plain, "nobody can log in") && strings.Contains(m.Plain, "INC-1 · Users db") {
				return true
			}
		}
		return false
	})
	must(t, err)
}

// TestArchivedChannelIsSaid: the record knows it, the house channel reads it, and a channel that comes back is used.
func TestArchivedChannelIsSaid(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	_, err := w.ana.Archive(w.ctx, room)
	must(t, err)
	_, err = w.bea.AwaitMessage(w.within(), "drbot", "cannot be used any more")
	must(t, err)
	if lost := w.fold(1).Channel.Lost; !strings.Contains(lost, "archived") {
		t.Errorf("lost: %q", lost)
	}
	_, err = w.ana.Unarchive(w.ctx, room)
	must(t, err)
	w.eventually("it is used again", func() bool { return w.fold(1).Channel.Lost == "" })
	_, err = w.ana.Rename(w.ctx, room, "users-db-war-room")
	must(t, err)
	w.eventually("its new name is known", func() bool { return w.fold(1).Channel.Name == "users-db-war-room" })
}

// TestSlackWasAway: after an outage each open incident's channel reads one line, with what was decided elsewhere.
func TestSlackWasAway(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	w.drbot.bot.SetAwayLong(time.Nanosecond)
	w.fault(person.Fault{Kind: "refuse"})
	_, err := w.drbot.office.Handle(w.ctx, commands.Command{Verb: "incident impact", Object: "1", Text: "nobody can log in", Actor: commands.Actor{Slack: "U0ANA"}})
	must(t, err)
	w.eventually("Slack is away", func() bool { return !w.drbot.bot.Health()[0].Up })
	must(t, w.client.Clear(w.ctx, ""))
	_, err = w.ana.AwaitMessage(w.within(), room, "was away")
	must(t, err)
	_, err = w.ana.Await(w.within(), "a card without trouble", func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Posted() {
			if strings.Contains(m.Plain, "INC-1 · Users db") {
				return strings.Contains(m.Plain, "nobody can log in") && !strings.Contains(m.Plain, "not reachable")
			}
		}
		return false
	})
	must(t, err)
}

// TestRealLimits: with Slack's own rate limits nothing is lost, whatever has to wait.
func TestRealLimits(t *testing.T) {
	w := newWorld(t, worldOptions{limits: true})
	room := w.open("Users db")
	for _, text := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight"} {
		_, err := w.ana.Command(w.within(), room, "/incident update words "+text+" next 30m")
		must(t, err)
	}
	_, err := w.ana.Await(w.ctx, "all updates", func(s person.State) bool {
		c, _ := s.Channel(room)
		_, ok := c.Find("words eight")
		return ok
	})
	must(t, err)
	if n := w.posted(w.ana, room, "words "); n < 8 {
		t.Errorf("%d updates", n)
	}
	if i := w.fold(1); len(i.Parked) > 0 {
		t.Errorf("%+v", i.Parked)
	}
}
