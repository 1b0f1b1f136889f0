package workspace

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/drbot/drbot/workspace/person"
)

// maxShownText is how much of a text file a person's state carries.
const maxShownText = 64 << 10

func (w *Workspace) showUsers() []person.User {
	out := []person.User{}
	for _, id := range w.order {
		out = append(out, showUser(w.users[id]))
	}
	return out
}

func showUser(u *user) person.User {
	return person.User{
		ID: u.ID, Name: u.Name, RealName: u.RealName, Email: u.Email, TeamID: u.TeamID,
		Bot: u.Bot, Guest: u.Guest || u.UltraRestricted, Deactivated: u.Deactivated,
	}
}

// stateFor is everything that a person sees now.
func (w *Workspace) stateFor(u *user) person.State {
	s := person.State{
		Seq: w.journal.seq, Now: w.now(), Me: showUser(u), Users: w.showUsers(), Commands: w.opt.Commands, Links: len(w.socket.links),
		Groups: []person.Group{}, Shortcuts: []person.Shortcut{}, Channels: []person.Channel{}, Modals: []person.View{},
	}
	for _, g := range w.groups {
		s.Groups = append(s.Groups, person.Group{ID: g.ID, Handle: g.Handle, Name: g.Name, Members: slices.Clone(g.Members)})
	}
	for _, c := range w.opt.Shortcuts {
		s.Shortcuts = append(s.Shortcuts, person.Shortcut(c))
	}
	for _, id := range w.chanIDs {
		if ch := w.channels[id]; ch.visible(u.ID) {
			s.Channels = append(s.Channels, w.showChannel(ch, u))
		}
	}
	for _, v := range w.modals[u.ID] {
		s.Modals = append(s.Modals, w.showView(v))
	}
	if v := w.homes[u.ID]; v != nil {
		h := w.showView(v)
		s.Home = &h
	}
	return s
}

func (w *Workspace) showChannel(ch *channel, u *user) person.Channel {
	c := person.Channel{
		ID: ch.id, Name: ch.name, Kind: ch.kind, Member: ch.has(u.ID), Archived: ch.archived, Creator: ch.creator,
		Topic: ch.topic.value, Purpose: ch.purpose.value, Members: slices.Clone(ch.members), PreviousNames: slices.Clone(ch.previous),
		Messages: []person.Message{},
	}
	if ch.kind == "im" {
		c.With = ch.other(u.ID)
		c.Name = w.users[c.With].Name
	}
	for _, b := range ch.bookmarks {
		c.Bookmarks = append(c.Bookmarks, person.Bookmark{ID: b.id, Title: b.title, Link: b.link, Emoji: b.emoji})
	}
	for _, p := range ch.pins {
		c.Pins = append(c.Pins, p.ts)
	}
	for _, m := range ch.messages {
		if m.only == "" || m.only == u.ID {
			c.Messages = append(c.Messages, w.showMessage(ch, m, u))
		}
	}
	return c
}

func (w *Workspace) showMessage(ch *channel, m *message, u *user) person.Message {
	p := person.Message{
		Channel: ch.id, TS: m.ts, ThreadTS: m.thread, User: m.user, BotID: m.botID, Subtype: m.subtype, Text: m.text,
		Plain: w.plainOf(m.text, m.blocks), Pinned: ch.pinned(m.ts), Ephemeral: m.only != "", Edited: m.edited != "",
		Broadcast: m.broadcast, Pings: m.pings, Mentions: pingsOf(m, false),
	}
	if m.thread == "" {
		p.Replies = len(ch.replies(m.ts))
	}
	if len(m.blocks) > 0 {
		p.Blocks, _ = json.Marshal(m.blocks) // came from JSON
		p.Elements = w.pressed[heldKey(u.ID, m)].elementsOf(m.blocks, nil)
	}
	if m.metadata != nil {
		p.Metadata, _ = json.Marshal(m.metadata)
	}
	for _, r := range m.reactions {
		p.Reactions = append(p.Reactions, person.Reaction{Name: r.name, Users: slices.Clone(r.users)})
	}
	for _, id := range m.files {
		if f := w.files[id]; f != nil {
			x := person.File{ID: f.id, Name: f.name, Title: f.title, Size: f.size}
			if len(f.content) <= maxShownText && utf8.Valid(f.content) {
				x.Text = string(f.content)
			}
			p.Files = append(p.Files, x)
		}
	}
	return p
}

func (w *Workspace) showView(v *view) person.View {
	p := person.View{
		ID: v.id, ExternalID: v.str("external_id"), Hash: v.hash, Type: v.kind, CallbackID: v.str("callback_id"),
		Title: textOf(v.given["title"]), Submit: textOf(v.given["submit"]), Close: textOf(v.given["close"]),
		PrivateMetadata: v.str("private_metadata"), Plain: w.plainOf("", v.blocks()), Say: v.say,
		Elements: v.state.elementsOf(v.blocks(), v.errors),
	}
	p.Blocks, _ = json.Marshal(v.blocks()) // came from JSON
	return p
}
