package main

import (
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/workspace/person"
)

// inject puts trouble into the workspace.
func (w *town) inject(f person.Fault) {
	w.Helper()
	_, err := w.client.Inject(w.within(), f)
	w.ok(err)
}

// heal takes all trouble out.
func (w *town) heal() {
	w.Helper()
	w.ok(w.client.Clear(w.within(), ""))
}

// onceEach holds that no message of the channels stands there twice: each carries in its metadata what it was made for.
func (w *town) onceEach(channels ...string) {
	w.Helper()
	s, err := w.chen.State(w.within())
	w.ok(err)
	for _, name := range channels {
		c, ok := s.Channel(name)
		if !ok {
			w.Fatalf("no channel %s", name)
		}
		seen := map[string]bool{}
		for _, m := range c.Posted() {
			if key := string(m.Metadata); m.BotID != "" && key != "" {
				if seen[key] {
					w.Errorf("twice in #%s: %s\n%s", c.Name, key, m.Plain)
				}
				seen[key] = true
			}
		}
		if len(seen) == 0 {
			w.Errorf("nothing in #%s carries metadata", c.Name)
		}
	}
}

// long is a runbook whose second step runs until somebody says that it is enough.
func long() book {
	return book{steps: []step{
		{title: "Look", run: "echo all is there\n"},
		{title: "Restore", run: "echo restore >> ran.txt\nwhile [ ! -e enough ]; do sleep 0.1; done\necho restored\n", set: destructive},
		{title: "Check", run: "cat ran.txt\n"},
		{title: "Ring the bell"},
	}}
}

func (w *town) enough() {
	w.Helper()
	w.ok(os.WriteFile(w.path("work", "enough"), nil, 0o600))
}

// TestI40_I48: Slack goes away while a step runs. The step ends all the same, the next ones run, and when Slack is back
// everything is told in its order and once.
func TestI40_I48_SlackAwayWhileAStepRuns(t *testing.T) {
	t.Parallel()
	w := settle(t, long())
	w.up()
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.until("the step runs", func() bool { return w.ran("restore") == 1 })
	w.inject(person.Fault{Kind: "refuse"})
	w.enough()
	w.awaitStep(1, "1.4", "hand")
	w.clock.push(5 * minute)
	code, out, _ := w.drbot("incident", "show", "1")
	if code != 0 || !strings.Contains(out, "INC-1") {
		t.Errorf("the terminal: %d %s", code, out)
	}
	w.heal()
	w.linked()
	hand := w.button(w.ana, room, "recover.hand", "Ring the bell")
	w.expect(w.ana, room, "R1 · Rescue", "✅ 1.2 Restore", "✅ 1.3 Check", "✋ 1.4")
	w.expect(w.ana, room, "Slack was away")
	w.pressOn(w.ana, hand, "recover.hand")
	w.fill(w.ana, "Step 1.4", map[string]any{"saw": "it rang"})
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("I40: it ran %d times", n)
	}
	w.onceEach(room, "incidents", "drbot")
	w.audited()
}

// TestI49: Slack does what it was asked and the answer is lost: what stands there is found again, not made twice.
func TestI49_AnswersLostAfterTheDeed(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	for _, method := range []string{"conversations.create", "chat.postMessage", "conversations.invite", "pins.add", "bookmarks.add"} {
		w.inject(person.Fault{Kind: "lose_answer", Method: method, Count: 1})
	}
	room, card := w.asked("Database corruption: users gone")
	w.inject(person.Fault{Kind: "lose_answer", Method: "chat.postMessage", Count: 1})
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitRun(1, "ended")
	w.expect(w.ana, room, "✅ 1.1 Restore")
	w.onceEach(room, "incidents")
	s, err := w.ana.State(w.within())
	w.ok(err)
	channels := 0
	for _, c := range s.Channels {
		if strings.HasPrefix(c.Name, "inc-1") {
			channels++
			if len(c.Pins) != 1 {
				t.Errorf("%d pins", len(c.Pins))
			}
		}
	}
	if channels != 1 {
		t.Errorf("%d channels", channels)
	}
}

// TestI49_KilledBetweenPostAndBookkeeping: drbot posts, the answer is lost, and drbot is killed before it could look.
func TestI49_KilledBetweenPostAndBookkeeping(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.spawn()
	w.linked()
	w.accept(w.bea)
	for _, method := range []string{"conversations.create", "chat.postMessage"} {
		w.inject(person.Fault{Kind: "lose_answer", Method: method})
	}
	w.say(w.ana, "incidents", "/incident open Database corruption: users gone")
	w.expect(w.ana, "incidents", "SEV-1 INC-1")
	w.life.kill()
	w.heal()
	w.spawn()
	w.linked()
	w.expect(w.ana, "inc-1-users-gone", "Checklist")
	w.until("the card is pinned", func() bool {
		s, err := w.ana.State(w.within())
		w.ok(err)
		c, _ := s.Channel("inc-1-users-gone")
		return len(c.Pins) == 1
	})
	w.onceEach("inc-1-users-gone", "incidents")
}

// TestUX9: a card that Slack does not let drbot edit any more is posted anew and pinned; the old pin goes.
func TestI48_ACardThatCannotBeEditedIsPostedAnew(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	s, err := w.ana.State(w.within())
	w.ok(err)
	c, _ := s.Channel(room)
	old := c.Pins[0]
	w.inject(person.Fault{Kind: "error", Method: "chat.update", Error: "edit_window_closed", Count: 20})
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	_, err = w.ana.Await(w.within(), "the new card, pinned alone", func(s person.State) bool {
		c, _ := s.Channel(room)
		if len(c.Pins) != 1 || c.Pins[0] == old {
			return false
		}
		m, _ := c.Message(c.Pins[0])
		return strings.Contains(m.Plain, "nobody can log in")
	})
	w.ok(err)
	w.heal()
	w.answers(w.ana, room, "/incident status identified", "identified")
	w.expect(w.ana, room, "SEV-1 · INC-1", "Identified since", "nobody can log in")
}

// TestI48_RateLimited: Slack says "too many"; everything comes, later, in order and once.
func TestI48_RateLimited(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	for _, method := range []string{"chat.postMessage", "chat.update", "conversations.create"} {
		w.inject(person.Fault{Kind: "rate_limit", Method: method, RetryAfter: 1, Count: 2})
	}
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitRun(1, "ended")
	w.expect(w.ana, room, "✅ 1.1 Restore")
	w.onceEach(room, "incidents")
}

// TestI48_ChannelArchivedByHand: the house channel hears that the incident has no channel any more, the record says so,
// and the incident goes on elsewhere.
func TestI48_ChannelArchivedByHand(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	other := w.open(w.ana, "Slow pages: the shop")
	_, err := w.dev.Archive(w.within(), room)
	w.ok(err)
	w.expect(w.chen, "drbot", "INC-1", "archived by hand")
	if n := len(w.records("ChannelLost")); n != 1 {
		t.Errorf("%d times lost", n)
	}
	w.answers(w.ana, "incidents", "/incident status identified", "INC-1", "INC-2")
	w.answers(w.ana, other, "/incident ack", "You command INC-2")
	w.expect(w.ana, other, "commander @Ana Ruiz")
	w.audited()
}
