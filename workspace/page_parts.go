package workspace

import (
	"hash/fnv"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// face is a user as the page draws one.
type face struct {
	ID, Name, Letter, Hue string
	Bot, Chosen           bool
	Note                  string
}

// hues is how many avatar colours the style sheet has.
const hues = 8

func (w *Workspace) faceOf(id string) face {
	u := w.users[id]
	if u == nil {
		return face{ID: id, Name: "Slackbot", Letter: "S", Hue: "0"}
	}
	r, _ := utf8.DecodeRuneInString(u.RealName)
	h := fnv.New32a()
	_, _ = h.Write([]byte(u.ID))
	f := face{ID: id, Name: u.RealName, Letter: strings.ToUpper(string(r)), Hue: strconv.Itoa(int(h.Sum32() % hues)), Bot: u.Bot}
	switch {
	case u.Deactivated:
		f.Note = "deactivated"
	case u.Guest || u.UltraRestricted:
		f.Note = "guest"
	case u.TeamID != TeamID:
		f.Note = "other workspace"
	}
	return f
}

// entry is a line of the sidebar.
type entry struct {
	ID, Name, Sign string
	Face           *face
	Here, Joined   bool
}

type sidebar struct {
	Look             looking
	Me, App          face
	People           []face
	Channels, Others []entry
	Direct           []entry
	Links            int
	OverHTTP         bool
}

func (w *Workspace) sidebarOf(l looking, u *user) sidebar {
	s := sidebar{Look: l, Me: w.faceOf(u.ID), App: w.faceOf(w.botUser), Links: len(w.socket.links), OverHTTP: w.opt.HTTP != nil}
	for _, id := range w.order {
		if !w.users[id].Bot {
			f := w.faceOf(id)
			f.Chosen = id == u.ID
			s.People = append(s.People, f)
		}
	}
	for _, id := range w.chanIDs {
		ch := w.channels[id]
		if !ch.visible(u.ID) {
			continue
		}
		e := entry{ID: id, Name: ch.name, Sign: "#", Here: id == l.Channel && !l.Home, Joined: ch.has(u.ID)}
		switch {
		case ch.kind == "im":
			f := w.faceOf(ch.other(u.ID))
			e.Name, e.Face = f.Name, &f
			s.Direct = append(s.Direct, e)
			continue
		case ch.kind == "private":
			e.Sign = "🔒"
		}
		if ch.archived {
			e.Sign = "▤"
		}
		if e.Joined && !ch.archived {
			s.Channels = append(s.Channels, e)
		} else {
			s.Others = append(s.Others, e)
		}
	}
	return s
}

type pinned struct{ TS, Who, Text string }

type head struct {
	Look             looking
	Name, Sign       string
	Topic            template.HTML
	Archived, Joined bool
	Direct           bool
	Members          []face
	Bookmarks        []bookmarkView
	Pins             []pinned
	Home             *face
}

type bookmarkView struct {
	Title, Link, Emoji string
	Ours               bool // a link to this workspace stays in this tab
}

func (w *Workspace) headOf(l looking, ch *channel, u *user) head {
	if l.Home {
		f := w.faceOf(w.botUser)
		return head{Look: l, Name: f.Name, Home: &f}
	}
	h := head{Look: l, Name: ch.name, Sign: "#", Archived: ch.archived, Joined: ch.has(u.ID), Direct: ch.kind == "im"}
	if ch.kind == "private" {
		h.Sign = "🔒"
	}
	if ch.kind == "im" {
		h.Name, h.Sign = w.faceOf(ch.other(u.ID)).Name, ""
	}
	p := &pen{w: w, html: true}
	p.line(escapes.Replace(ch.topic.value))
	h.Topic = template.HTML(p.b.String()) //nolint:gosec // the pen escapes
	for _, m := range ch.members {
		h.Members = append(h.Members, w.faceOf(m))
	}
	for _, b := range ch.bookmarks {
		e := emoji(strings.Trim(b.emoji, ":"))
		if e == "" {
			e = "🔗"
		}
		h.Bookmarks = append(h.Bookmarks, bookmarkView{b.title, b.link, e, strings.HasPrefix(b.link, w.URL())})
	}
	for _, pin := range ch.pins {
		if m := ch.find(pin.ts); m != nil {
			h.Pins = append(h.Pins, pinned{m.ts, w.faceOf(m.user).Name, firstLine(w.plainOf(m.text, m.blocks))})
		}
	}
	return h
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > 90 {
		return string(r[:90]) + "…"
	}
	return s
}

type composer struct {
	Look       looking
	Where, Why string
	Commands   []string
	People     []string
	Shortcuts  []Shortcut
	CanJoin    bool
}

func (w *Workspace) composerOf(l looking, ch *channel, u *user) composer {
	c := composer{Look: l, Commands: w.opt.Commands, Where: "#" + ch.name}
	for _, s := range w.opt.Shortcuts {
		if s.Kind == "global" {
			c.Shortcuts = append(c.Shortcuts, s)
		}
	}
	for _, id := range w.order {
		c.People = append(c.People, w.users[id].Name)
	}
	switch {
	case ch.kind == "im":
		c.Where = w.faceOf(ch.other(u.ID)).Name
	case u.Deactivated:
		c.Why = "This account is deactivated."
	case ch.archived:
		c.Why = "This channel is archived."
	case !ch.has(u.ID):
		c.Why, c.CanJoin = "You are looking at #"+ch.name+".", true
	}
	return c
}

type modalPage struct {
	View                 string
	Title, Submit, Close string
	Body                 template.HTML
	Say                  string
	Depth                int
	App                  face
}

func (w *Workspace) modalOf(v *view, u *user, depth int) modalPage {
	m := modalPage{
		View: v.id, Title: textOf(v.given["title"]), Submit: textOf(v.given["submit"]), Close: textOf(v.given["close"]),
		Say: v.say, Depth: depth, App: w.faceOf(w.botUser),
	}
	if m.Close == "" {
		m.Close = "Cancel"
	}
	m.Body = w.blocksHTML(v.blocks(), v.state, v.errors, u)
	return m
}

// blocksHTML draws blocks with their elements as this person's client has them.
func (w *Workspace) blocksHTML(blocks []any, held values, errors map[string]string, u *user) template.HTML {
	p := &pen{w: w, html: true}
	d := &drawer{pen: p, held: held, errors: errors, user: u}
	p.blocks(blocks, d.element)
	return template.HTML(p.b.String()) //nolint:gosec // the pen escapes
}

func (w *Workspace) homeHTML(u *user) template.HTML {
	v := w.homes[u.ID]
	if v == nil {
		return `<div class="home"><p class="empty">The app has published nothing here yet.</p></div>`
	}
	return `<div class="home" data-home="1">` + w.blocksHTML(v.blocks(), v.state, nil, u) + `</div>`
}

// at is a ts as time.
func at(ts string) time.Time {
	s, us, _ := strings.Cut(ts, ".")
	sec, _ := strconv.ParseInt(s, 10, 64)
	micro, _ := strconv.ParseInt(us, 10, 64)
	return time.Unix(sec, micro*1000).UTC()
}
