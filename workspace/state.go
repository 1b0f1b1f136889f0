package workspace

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// obj is a JSON object. Blocks stay in this form from the wire to the page, so
// that no struct of ours can drop a field that Slack would refuse.
type obj = map[string]any

type user struct {
	User
}

type channel struct {
	id, name, kind string // kind: public, private, im
	created        int64
	creator        string
	members        []string
	archived       bool
	topic, purpose remark
	previous       []string
	messages       []*message // by ts, replies and ephemeral ones included
	bookmarks      []*bookmark
	pins           []pin
}

type remark struct {
	value, creator string
	set            int64
}

type pin struct {
	ts, by string
	at     int64
}

type bookmark struct {
	id, title, link, emoji string
	created, updated       int64
}

type message struct {
	channel, ts, thread string
	user, botID         string
	subtype, text       string
	noMrkdwn            bool
	blocks              []any
	attachments         []any
	metadata            obj
	reactions           []reaction
	files               []string
	only                string // the one user who sees an ephemeral message
	broadcast           bool
	edited              string // ts of the last edit
	editor              string
	extra               obj // fields of a subtype, as inviter or topic
	pings               pings
}

type reaction struct {
	name  string
	users []string
}

type file struct {
	id, name, title string
	size            int
	content         []byte
	created         int64
	user            string
	channels        []string
	complete        bool
}

// populate fills the workspace from the options.
func (w *Workspace) populate() error {
	for _, u := range w.opt.Users {
		if u.ID == "" || u.Name == "" || w.users[u.ID] != nil {
			return fmt.Errorf("user %q (%s): a unique id and a name are required", u.Name, u.ID)
		}
		w.addUser(u)
	}
	if w.botUser == "" {
		w.addUser(User{ID: defBot, Name: "app", RealName: "app", Bot: true})
	}
	w.groups = slices.Clone(w.opt.UserGroups)
	if err := w.seedChannel(Channel{ID: general, Name: "general"}); err != nil {
		return err
	}
	for _, c := range w.opt.Channels {
		if c.Name == "general" {
			continue
		}
		if err := w.seedChannel(c); err != nil {
			return err
		}
	}
	return nil
}

func (w *Workspace) addUser(u User) {
	if u.TeamID == "" {
		u.TeamID = TeamID
	}
	if u.RealName == "" {
		u.RealName = u.Name
	}
	if u.Bot && w.botUser == "" {
		w.botUser = u.ID
	}
	w.users[u.ID] = &user{u}
	w.order = append(w.order, u.ID)
}

func (w *Workspace) seedChannel(c Channel) error {
	if code := nameTrouble(c.Name); code != "" {
		return fmt.Errorf("channel %q: %s", c.Name, code)
	}
	if w.named(c.Name) != nil || w.channels[c.ID] != nil {
		return fmt.Errorf("channel %q is there twice", c.Name)
	}
	kind := "public"
	if c.Private {
		kind = "private"
	}
	ch := w.newChannel(c.ID, c.Name, kind, w.botUser)
	ch.members = slices.Clone(c.Members)
	if c.Members == nil && !c.Private {
		for _, id := range w.order {
			if u := w.users[id]; !u.Bot && !u.Deactivated && !u.Guest && u.TeamID == TeamID {
				ch.members = append(ch.members, id)
			}
		}
	}
	for _, m := range ch.members {
		if w.users[m] == nil {
			return fmt.Errorf("channel %q: no user %s", c.Name, m)
		}
	}
	return nil
}

func (w *Workspace) newChannel(id, name, kind, creator string) *channel {
	if id == "" {
		id = w.id("C")
	}
	ch := &channel{id: id, name: name, kind: kind, creator: creator, created: w.now().Unix()}
	w.channels[id] = ch
	w.chanIDs = append(w.chanIDs, id)
	return ch
}

// now is the injected clock plus what the admin pushed it forward.
func (w *Workspace) now() time.Time { return w.opt.Now().Add(w.skew) }

// id makes an id of Slack's look that never repeats.
func (w *Workspace) id(prefix string) string {
	w.ids++
	return fmt.Sprintf("%s0%07s", prefix, strings.ToUpper(strconv.FormatInt(int64(w.ids)+36*36*36, 36)))
}

// stamp makes the next message ts: the time in microseconds, never twice.
func (w *Workspace) stamp() string {
	us := w.now().UnixMicro()
	if us <= w.lastTS {
		us = w.lastTS + 1
	}
	w.lastTS = us
	return fmt.Sprintf("%d.%06d", us/1e6, us%1e6)
}

func (w *Workspace) named(name string) *channel {
	for _, id := range w.chanIDs {
		if c := w.channels[id]; c != nil && c.kind != "im" && c.name == name {
			return c
		}
	}
	return nil
}

func (c *channel) has(user string) bool { return slices.Contains(c.members, user) }

// visible says whether the user may read the channel at all.
func (c *channel) visible(user string) bool { return c.kind == "public" || c.has(user) }

func (c *channel) find(ts string) *message {
	i, ok := slices.BinarySearchFunc(c.messages, ts, func(m *message, ts string) int { return strings.Compare(m.ts, ts) })
	if !ok {
		return nil
	}
	return c.messages[i]
}

func (c *channel) drop(ts string) {
	c.messages = slices.DeleteFunc(c.messages, func(m *message) bool { return m.ts == ts })
	c.pins = slices.DeleteFunc(c.pins, func(p pin) bool { return p.ts == ts })
}

func (c *channel) pinned(ts string) bool {
	return slices.ContainsFunc(c.pins, func(p pin) bool { return p.ts == ts })
}

func (c *channel) replies(ts string) []*message {
	var out []*message
	for _, m := range c.messages {
		if m.thread == ts && m.ts != ts && m.only == "" {
			out = append(out, m)
		}
	}
	return out
}

// other is the second member of a direct message, seen by user.
func (c *channel) other(user string) string {
	for _, m := range c.members {
		if m != user {
			return m
		}
	}
	return user
}

// dm finds or makes the direct message of two users.
func (w *Workspace) dm(a, b string) (*channel, bool) {
	for _, id := range w.chanIDs {
		c := w.channels[id]
		if c != nil && c.kind == "im" && c.has(a) && c.has(b) && (a == b) == (len(c.members) == 1) {
			return c, true
		}
	}
	c := w.newChannel(w.id("D"), "", "im", a)
	c.members = []string{a}
	if a != b {
		c.members = append(c.members, b)
	}
	w.journal.add(change{Kind: "channel", Channel: c.id})
	return c, false
}

// userBy finds a user by id, name, @name or e-mail.
func (w *Workspace) userBy(name string) *user {
	name = strings.TrimPrefix(name, "@")
	if u := w.users[name]; u != nil {
		return u
	}
	for _, id := range w.order {
		if u := w.users[id]; strings.EqualFold(u.Name, name) || (u.Email != "" && strings.EqualFold(u.Email, name)) || u.RealName == name {
			return u
		}
	}
	return nil
}

// cloneJSON copies a JSON value, so that a stored one is never shared.
func cloneJSON(v any) any {
	switch x := v.(type) {
	case obj:
		out := maps.Clone(x)
		for k := range out {
			out[k] = cloneJSON(out[k])
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = cloneJSON(x[i])
		}
		return out
	default:
		return v
	}
}
