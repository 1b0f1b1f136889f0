package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/workspace/person"
)

// TestLinksAreReplaced: Slack refreshes its links and cuts them; commands go on.
func TestLinksAreReplaced(t *testing.T) {
	w := newWorld(t, worldOptions{})
	for _, cut := range []bool{false, true, false} {
		must(t, w.client.Disconnect(w.ctx, "warning", cut))
		_, err := w.ana.Await(w.within(), "links", func(s person.State) bool { return s.Links >= 2 })
		must(t, err)
		w.eventually("a command is answered", func() bool {
			r, err := w.ana.Command(w.within(), "C0INCIDENTS", "/incident list")
			must(t, err)
			return r.Text != "" && r.Say == ""
		})
	}
}

// TestPinsAreKept: 📌 keeps a message with its author, a thread's too; an edit is followed, and the last one taken back
// lets it go.
func TestPinsAreKept(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	m, err := w.bea.Post(w.ctx, room, "", "the disk <was> full")
	must(t, err)
	reply, err := w.bea.Post(w.ctx, room, m.TS, "since two")
	must(t, err)
	for _, ts := range []string{m.TS, reply.TS} {
		_, err = w.ana.React(w.ctx, room, ts, "pushpin")
		must(t, err)
	}
	w.eventually("both are kept", func() bool { return len(w.fold(1).Pins) == 2 })
	_, err = w.ana.Await(w.within(), "✅", func(s person.State) bool {
		c, _ := s.Channel(room)
		kept, _ := c.Message(m.TS)
		return slices.ContainsFunc(kept.Reactions, func(r person.Reaction) bool { return r.Name == "white_check_mark" })
	})
	must(t, err)
	_, err = w.bea.Edit(w.ctx, room, m.TS, "the disk was nearly full")
	must(t, err)
	find := func(kind, word string) incident.Event {
		for r, err := range w.drbot.store.Records(w.ctx, 1, 0) {
			must(t, err)
			if e, _ := r.Event(); r.Kind == kind && strings.Contains(string(r.Payload), word) {
				return e
			}
		}
		return nil
	}
	w.eventually("the edit is followed", func() bool { return find("PinEdited", "nearly full") != nil })
	if p, ok := find("Pinned", "disk").(incident.Pinned); !ok || p.Author.Name != "Bea Ode" || p.By.Name != "Ana Ruiz" || p.At.After(time.Now()) {
		t.Errorf("%+v", p)
	}
	_, err = w.bea.React(w.ctx, room, m.TS, "pushpin")
	must(t, err)
	_, err = w.ana.Unreact(w.ctx, room, m.TS, "pushpin")
	must(t, err)
	_, err = w.ana.Unreact(w.ctx, room, reply.TS, "pushpin")
	must(t, err)
	w.eventually("one is let go", func() bool { return len(w.fold(1).Pins) == 1 })
	_, err = w.ana.Shortcut(w.within(), "add_to_timeline", room, reply.TS)
	must(t, err)
	w.eventually("it is kept by the shortcut", func() bool { return len(w.fold(1).Pins) == 2 })
}

// TestI9_GuestsDecideNothing: a guest is told so and nothing is recorded of what they ask.
func TestI9_GuestsDecideNothing(t *testing.T) {
	w := newWorld(t, worldOptions{})
	_, err := w.ana.Invite(w.ctx, "C0INCIDENTS", "U0GUEST")
	must(t, err)
	r, err := w.guest.Command(w.within(), "C0INCIDENTS", "/incident open x")
	must(t, err)
	if !strings.Contains(r.Text, "full members") {
		t.Errorf("%+v", r)
	}
}

// TestFormsAndHome: the shortcut opens the form, the checklist's boxes tick, App Home shows what waits.
func TestFormsAndHome(t *testing.T) {
	w := newWorld(t, worldOptions{})
	_, err := w.ana.Shortcut(w.within(), "open_incident", "", "")
	must(t, err)
	form, err := w.ana.AwaitModal(w.within(), "Open incident")
	must(t, err)
	r, err := w.ana.Submit(w.within(), form.ID, map[string]any{"title": "Users db"})
	must(t, err)
	if r.Result == "errors" {
		t.Fatalf("%+v", r)
	}
	w.eventually("it is open", func() bool {
		all, err := w.drbot.store.List(w.ctx, queryAll)
		return err == nil && len(all) == 1 && all[0].Channel != ""
	})
	room := w.fold(1).Channel.ID
	list := w.awaitButton(w.bea, room, "incident.checklist")
	var box person.Element
	for _, e := range list.Elements {
		if e.Type == "checkboxes" {
			box = e
			break
		}
	}
	_, err = w.bea.Press(w.within(), person.Pick{Channel: room, TS: list.TS, BlockID: box.BlockID, Chosen: []string{box.Options[0].Value}})
	must(t, err)
	_, err = w.bea.AwaitMessage(w.within(), room, "Checklist 1 of")
	must(t, err)
	_, err = w.bea.OpenHome(w.ctx)
	must(t, err)
	_, err = w.bea.Await(w.within(), "App Home", func(s person.State) bool {
		return s.Home != nil && strings.Contains(s.Home.Plain, "INC-1") && strings.Contains(s.Home.Plain, "Bea Ode")
	})
	must(t, err)
	_, err = w.client.As("U0DAN").Join(w.ctx, room)
	must(t, err)
	welcome, err := w.client.As("U0DAN").AwaitMessage(w.within(), room, "Everything else")
	must(t, err)
	if !welcome.Ephemeral {
		t.Error("the welcome is for everybody")
	}
}

// TestRole_OfSomebodyWhomDrbotYamlDoesNotHave: the answer names them as Slack does, by mention and by form.
func TestRole_OfSomebodyWhomDrbotYamlDoesNotHave(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("Users db")
	r, err := w.ana.Command(w.within(), room, "/incident role scribe <@U0DAN>")
	must(t, err)
	if r.Text != "Dan Roe is scribe of INC-1." {
		t.Errorf("%+v", r)
	}
	r, err = w.ana.Command(w.within(), room, "/incident role scribe <@U0NOBODY>")
	must(t, err)
	if strings.HasPrefix(r.Text, "U0NOBODY") || !strings.Contains(r.Text, "no full member") {
		t.Errorf("%+v", r)
	}
}

// TestWhatSlackMarksUpIsWords: people, channels and links stand in titles, notes and pins as somebody reads them; only
// where a verb takes a person a mention is one.
func TestWhatSlackMarksUpIsWords(t *testing.T) {
	w := newWorld(t, worldOptions{})
	room := w.open("<@U0BEA|bea> and <@U0NEW|newbie> cannot reach <#C0INCIDENTS|incidents>, <#C0INCIDENTS>, http://x.example (a <b)")
	if got, want := w.fold(1).Title, "@Bea Ode and @newbie cannot reach #incidents, #incidents, http://x.example (a <b)"; got != want {
		t.Errorf("title\n%s\nwant\n%s", got, want)
	}
	for line, want := range map[string]string{
		"/incident impact <@U0BEA> is locked out, <!channel>": "@Bea Ode is locked out, @channel",
		"/incident checklist c1 na <@U0BEA> did it":           "@Bea Ode did it",
	} {
		_, err := w.ana.Command(w.within(), room, line)
		must(t, err)
		if got := w.recorded(1); !strings.Contains(got, want) || strings.Contains(got, "<@U") {
			t.Errorf("%s: %q is not in the record, or raw", line, want)
		}
	}
	m, err := w.bea.Post(w.ctx, room, "", "<@U0ANA> look at <mailto:x@y.example|x@y.example>")
	must(t, err)
	_, err = w.ana.React(w.ctx, room, m.TS, "pushpin")
	must(t, err)
	w.eventually("the pin is kept", func() bool { return len(w.fold(1).Pins) == 1 })
	if got := w.recorded(1); !strings.Contains(got, "@Ana Ruiz look at x@y.example") {
		t.Error("the pin's text is raw")
	}
	r, err := w.ana.Command(w.within(), room, "/incident role scribe <@U0BEA|bea>")
	must(t, err)
	if r.Text != "Bea Ode is scribe of INC-1." {
		t.Errorf("%+v", r)
	}
}

// TestWhoseVerbsTakeAPerson: every verb whose grammar has a person keeps the mention.
func TestWhoseVerbsTakeAPerson(t *testing.T) {
	for _, v := range commands.Table {
		if _, known := bot.WhoAt[v.Full()]; known != strings.Contains(v.Grammar, "@who") {
			t.Errorf("%s %s", v.Full(), v.Grammar)
		}
	}
}

// recorded is everything that the record of an incident says, as it is written.
func (w *world) recorded(id incident.ID) string {
	var all strings.Builder
	for r, err := range w.drbot.store.Records(w.ctx, id, 0) {
		must(w.t, err)
		all.WriteString(strings.ReplaceAll(string(r.Payload), `\u003c`, "<"))
	}
	return all.String()
}
