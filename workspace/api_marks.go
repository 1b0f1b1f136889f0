package workspace

import (
	"net/url"
	"slices"
)

// Pins, bookmarks and reactions.
var markMethods = map[string]method{
	"pins.add":         {tier: tier2, scopes: []string{"pins:write"}, run: (*Workspace).pinsAdd},
	"pins.remove":      {tier: tier2, scopes: []string{"pins:write"}, run: (*Workspace).pinsRemove},
	"pins.list":        {tier: tier2, scopes: []string{"pins:read"}, run: (*Workspace).pinsList},
	"bookmarks.add":    {tier: tier2, scopes: []string{"bookmarks:write"}, run: (*Workspace).bookmarksAdd},
	"bookmarks.edit":   {tier: tier2, scopes: []string{"bookmarks:write"}, run: (*Workspace).bookmarksEdit},
	"bookmarks.remove": {tier: tier2, scopes: []string{"bookmarks:write"}, run: (*Workspace).bookmarksRemove},
	"bookmarks.list":   {tier: tier3, scopes: []string{"bookmarks:read", "bookmarks:write"}, run: (*Workspace).bookmarksList},
	"reactions.add":    {tier: tier3, scopes: []string{"reactions:write"}, run: (*Workspace).reactionsAdd},
	"reactions.remove": {tier: tier2, scopes: []string{"reactions:write"}, run: (*Workspace).reactionsRemove},
	"reactions.get":    {tier: tier3, scopes: []string{"reactions:read"}, run: (*Workspace).reactionsGet},
}

const (
	maxPins      = 100
	maxBookmarks = 100
	maxReactions = 50 // different emoji on one message: too_many_emoji is 23 for one app, 50 over all
)

// aimed is the message that pins and reactions name.
func (w *Workspace) aimed(r *request) (*channel, *message, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(r.str("timestamp"))
	if m == nil || m.only != "" {
		return nil, nil, no("message_not_found")
	}
	return ch, m, nil
}

func (w *Workspace) pinsAdd(r *request) (obj, *fail) {
	ch, m, err := w.aimed(r)
	if err != nil {
		return nil, err
	}
	if !ch.has(w.botUser) {
		return nil, no("not_in_channel")
	}
	return nil, w.pin(ch, m, w.botUser)
}

func (w *Workspace) pin(ch *channel, m *message, by string) *fail {
	switch {
	case ch.archived:
		return no("is_archived")
	case ch.pinned(m.ts):
		return no("already_pinned")
	case len(ch.pins) >= maxPins:
		return no("too_many_pins")
	}
	ch.pins = append(ch.pins, pin{m.ts, by, w.now().Unix()})
	w.journal.add(change{Kind: "message", Channel: ch.id, TS: m.ts, Thread: m.thread})
	w.emitPin("pin_added", ch, m, by)
	return nil
}

func (w *Workspace) pinsRemove(r *request) (obj, *fail) {
	ch, m, err := w.aimed(r)
	if err != nil {
		return nil, err
	}
	return nil, w.unpin(ch, m, w.botUser)
}

func (w *Workspace) unpin(ch *channel, m *message, by string) *fail {
	if !ch.pinned(m.ts) {
		return no("no_pin")
	}
	ch.pins = slices.DeleteFunc(slices.Clone(ch.pins), func(p pin) bool { return p.ts == m.ts })
	w.journal.add(change{Kind: "message", Channel: ch.id, TS: m.ts, Thread: m.thread})
	w.emitPin("pin_removed", ch, m, by)
	return nil
}

func (w *Workspace) pinsList(r *request) (obj, *fail) {
	ch, err := w.readable(r)
	if err != nil {
		return nil, err
	}
	items := []any{}
	for i := len(ch.pins) - 1; i >= 0; i-- {
		p := ch.pins[i]
		if m := ch.find(p.ts); m != nil {
			items = append(items, obj{"type": "message", "channel": ch.id, "created": p.at, "created_by": p.by, "message": w.wire(m, false)})
		}
	}
	return obj{"items": items}, nil
}

func (w *Workspace) shelf(r *request) (*channel, *fail) {
	ch, err := w.target(r.str("channel_id"))
	if err != nil {
		return nil, err
	}
	if !ch.has(w.botUser) {
		return nil, no("not_in_channel")
	}
	if ch.archived && r.method != "bookmarks.list" {
		return nil, no("is_archived")
	}
	return ch, nil
}

func wireBookmark(ch *channel, b *bookmark) obj {
	return obj{
		"id": b.id, "channel_id": ch.id, "title": b.title, "link": b.link, "emoji": b.emoji, "type": "link", "icon_url": "",
		"date_created": b.created, "date_updated": b.updated, "rank": "U", "app_id": AppID,
	}
}

func webLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (w *Workspace) bookmarksAdd(r *request) (obj, *fail) {
	ch, err := w.shelf(r)
	switch {
	case err != nil:
		return nil, err
	case r.str("title") == "":
		return nil, no("invalid_arguments")
	case r.str("type") != "link":
		return nil, no("invalid_bookmark_type")
	case !webLink(r.str("link")):
		return nil, no("invalid_link")
	case len(ch.bookmarks) >= maxBookmarks:
		return nil, no("too_many_bookmarks")
	}
	b := &bookmark{id: w.id("Bk"), title: r.str("title"), link: r.str("link"), emoji: r.str("emoji"), created: w.now().Unix()}
	ch.bookmarks = append(ch.bookmarks, b)
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	return obj{"bookmark": wireBookmark(ch, b)}, nil
}

func (c *channel) bookmark(id string) *bookmark {
	for _, b := range c.bookmarks {
		if b.id == id {
			return b
		}
	}
	return nil
}

func (w *Workspace) bookmarksEdit(r *request) (obj, *fail) {
	ch, err := w.shelf(r)
	if err != nil {
		return nil, err
	}
	b := ch.bookmark(r.str("bookmark_id"))
	switch {
	case b == nil:
		return nil, no("not_found")
	case r.has("link") && !webLink(r.str("link")):
		return nil, no("invalid_link")
	}
	for k, at := range map[string]*string{"title": &b.title, "link": &b.link, "emoji": &b.emoji} {
		if r.has(k) {
			*at = r.str(k)
		}
	}
	b.updated = w.now().Unix()
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	return obj{"bookmark": wireBookmark(ch, b)}, nil
}

func (w *Workspace) bookmarksRemove(r *request) (obj, *fail) {
	ch, err := w.shelf(r)
	if err != nil {
		return nil, err
	}
	b := ch.bookmark(r.str("bookmark_id"))
	if b == nil {
		return nil, no("not_found")
	}
	ch.bookmarks = slices.DeleteFunc(slices.Clone(ch.bookmarks), func(x *bookmark) bool { return x == b })
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	return nil, nil
}

func (w *Workspace) bookmarksList(r *request) (obj, *fail) {
	ch, err := w.shelf(r)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, b := range ch.bookmarks {
		out = append(out, wireBookmark(ch, b))
	}
	return obj{"bookmarks": out}, nil
}

func (w *Workspace) reactionsAdd(r *request) (obj, *fail) {
	ch, m, err := w.aimed(r)
	if err != nil {
		return nil, err
	}
	return nil, w.react(ch, m, r.str("name"), w.botUser)
}

func (w *Workspace) react(ch *channel, m *message, name, by string) *fail {
	switch {
	case ch.archived:
		return no("is_archived")
	case !emojiName.MatchString(":" + name + ":"):
		return no("invalid_name")
	}
	i := slices.IndexFunc(m.reactions, func(r reaction) bool { return r.name == name })
	switch {
	case i >= 0 && slices.Contains(m.reactions[i].users, by):
		return no("already_reacted")
	case i < 0 && len(m.reactions) >= maxReactions:
		return no("too_many_emoji")
	case i < 0:
		m.reactions = append(m.reactions, reaction{name: name, users: []string{by}})
	default:
		m.reactions[i].users = append(m.reactions[i].users, by)
	}
	w.journal.add(change{Kind: "message", Channel: ch.id, TS: m.ts, Thread: m.thread})
	w.emitReaction("reaction_added", ch, m, by, name)
	return nil
}

func (w *Workspace) reactionsRemove(r *request) (obj, *fail) {
	ch, m, err := w.aimed(r)
	if err != nil {
		return nil, err
	}
	return nil, w.unreact(ch, m, r.str("name"), w.botUser)
}

func (w *Workspace) unreact(ch *channel, m *message, name, by string) *fail {
	i := slices.IndexFunc(m.reactions, func(r reaction) bool { return r.name == name })
	if i < 0 || !slices.Contains(m.reactions[i].users, by) {
		return no("no_reaction")
	}
	users := slices.DeleteFunc(slices.Clone(m.reactions[i].users), func(u string) bool { return u == by })
	if m.reactions[i].users = users; len(users) == 0 {
		m.reactions = slices.Delete(m.reactions, i, i+1)
	}
	w.journal.add(change{Kind: "message", Channel: ch.id, TS: m.ts, Thread: m.thread})
	w.emitReaction("reaction_removed", ch, m, by, name)
	return nil
}

func (w *Workspace) reactionsGet(r *request) (obj, *fail) {
	ch, m, err := w.aimed(r)
	if err != nil {
		return nil, err
	}
	return obj{"type": "message", "channel": ch.id, "message": w.wire(m, false)}, nil
}
