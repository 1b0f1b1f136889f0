package main

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/workspace/person"
)

// TestI47_AnIncidentFromOpenToReopen plays an incident's life in words: what its channel holds, what each verb says and does.
func TestI47_AnIncidentFromOpenToReopen(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.serve()
	w.linked()
	room := w.open(w.ana, "Database corruption: Users <!channel> `gone`")
	s, err := w.ana.State(w.within())
	w.ok(err)
	c, _ := s.Channel(room)
	if !strings.HasPrefix(c.Name, "inc-1-users-channel-gone") || !strings.Contains(c.Topic, "SEV-1") || c.Kind != "public" {
		t.Errorf("channel %s (%s), topic %q", c.Name, c.Kind, c.Topic)
	}
	card, ok := c.Message(c.Pins[0])
	if !ok || !holdsAll(card.Plain, []string{"SEV-1 · INC-1", "Investigating since", "0 of 3"}) {
		t.Errorf("the pinned card: %s", card.Plain)
	}
	for _, m := range c.Posted() {
		if len(m.Pings.Everybody) > 0 {
			t.Errorf("I41: a title pings everybody: %s", m.Plain)
		}
	}
	titles := ""
	for _, b := range c.Bookmarks {
		titles += b.Title + " "
	}
	if !holdsAll(titles, []string{"card", "Checklist"}) {
		t.Errorf("bookmarks %s", titles)
	}
	w.expect(w.ana, room, "Checklist", "Both people are here")
	w.expect(w.dev, "incidents", "SEV-1 INC-1", "Users")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	w.answers(w.ana, room, "/incident impact nobody can log in", "nobody can log in")
	w.answers(w.ana, room, "/incident services users", "RTO ends", "Critical")
	w.answers(w.ana, room, "/incident status identified", "identified")
	w.answers(w.ana, room, "/incident role scribe <@U0DEV|dev>", "Dev Nul is scribe")
	_, err = w.eve.Join(w.within(), room)
	w.ok(err)
	w.answers(w.eve, room, "/incident note switch in rack 2 rebooted", "Noted at")
	w.answers(w.ana, room, "/incident update We restore the backup next 30m", "Update 1 of INC-1 is sent", "promised by")
	w.expect(w.dev, room, "Update 1 by @Ana Ruiz", "We restore the backup")
	w.expect(w.dev, "incidents", "We restore the backup", "Status: Identified")
	w.answers(w.ana, "incidents", "/incident list", "SEV-1 INC-1", "identified", "Ana Ruiz")
	w.answers(w.ana, "incidents", "/incident show 1", "nobody can log in")
	w.answers(w.dev, room, "/incident sevrity 2", "Did you mean `severity`")
	w.expect(w.ana, room, "SEV-1 · INC-1", "Identified since", "commander @Ana Ruiz", "nobody can log in")
	w.answers(w.ana, room, "/incident severity 3", "SEV-1 → SEV-3") // the first ten minutes need no reason
	w.answers(w.ana, room, "/incident severity 2 more people call", "SEV-3 → SEV-2")
	w.clock.push(11 * minute)
	w.answers(w.ana, room, "/incident severity 3", "needs a reason")
	w.answers(w.ana, room, "/incident severity 3 a part works again", "SEV-2 → SEV-3")
	w.expect(w.dev, room, "SEV-2 → SEV-3 by @Ana Ruiz: a part works again")
	w.say(w.ana, room, "/incident resolve logins work")
	if r := w.fill(w.ana, "Resolve", map[string]any{"summary": "Logins work."}); r.Result != "errors" {
		t.Errorf("resolved with open items and no reason: %+v", r)
	}
	w.fill(w.ana, "Resolve", map[string]any{"summary": "Logins work.", "anyway": "the rest goes on in the review"})
	w.expect(w.dev, room, "INC-1 resolved", "Review: @Ana Ruiz writes", "Logins work.")
	w.answers(w.ana, room, "/incident update too late", "resolved", "Reopen")
	w.answers(w.ana, room, "/incident reopen logins fail again", "open again as SEV-3")
	w.say(w.ana, room, "/incident resolve false-alarm the probe was wrong")
	w.awaitView(1, "closed as a false alarm", func(v commands.View) bool { return v.State == "closed" && v.FalseAlarm })
	w.audited()
}

// TestI56_ARestrictedIncidentShowsItsNumberAlone: from its type on, nothing but the number leaves its private channel.
func TestI56_ARestrictedIncidentShowsItsNumberAlone(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.serve()
	w.linked()
	room := w.open(w.bea, "Data breach: payroll leaked")
	public := w.open(w.ana, "slow pages of the shop")
	s, err := w.bea.State(w.within())
	w.ok(err)
	if c, _ := s.Channel(room); c.Kind != "private" || strings.Contains(c.Name+c.Topic, "payroll") && c.Kind != "private" {
		t.Errorf("channel %+v", c.Name)
	}
	w.expect(w.dev, "incidents", "Restricted incident INC-1 is open.")
	w.answers(w.dev, "incidents", "/incident list", "INC-1 · restricted", "INC-2")
	w.answers(w.dev, "incidents", "/incident show 1", "INC-1")
	_, err = w.dev.OpenHome(w.within())
	w.ok(err)
	// A type set later to a restricted one moves the incident into a new private channel, and the old one keeps one line.
	w.answers(w.ana, public, "/incident type Data breach", "Data breach")
	w.expect(w.ana, public, "restricted")
	_, err = w.chen.Await(w.within(), "the new private channel", func(s person.State) bool {
		c, ok := s.Channel("inc-2")
		return ok && c.Kind == "private" && len(c.Pins) > 0
	})
	w.ok(err)
	seen, err := w.dev.State(w.within())
	w.ok(err)
	for _, c := range seen.Channels {
		if c.ID == room {
			t.Error("Dev sees the private channel")
		}
		for _, m := range c.Messages {
			if strings.Contains(m.Plain+m.Text, "payroll") {
				t.Errorf("Dev reads in #%s: %s", c.Name, m.Plain)
			}
		}
	}
	if seen.Home != nil && strings.Contains(seen.Home.Plain, "payroll") {
		t.Errorf("Dev's App Home: %s", seen.Home.Plain)
	}
	if _, out, _ := w.drbot("incident", "list"); strings.Contains(out, "payroll") {
		t.Errorf("the terminal tells nobody in particular: %s", out)
	}
	if _, out, _ := w.drbot("incident", "show", "1", "--json"); strings.Contains(out, "payroll") {
		t.Errorf("the terminal tells nobody in particular: %s", out)
	}
}
