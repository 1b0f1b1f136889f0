package workspace

import (
	"bytes"
	"html/template"
	"strings"
	"time"
)

// row is a message as the page draws it.
type row struct {
	TS, Thread, Channel                          string
	Face                                         face
	At                                           int64
	Clock                                        string
	Body                                         template.HTML
	System, Ephemeral, Edited, Pinned, Broadcast bool
	Follows, InThread, Mine                      bool
	Card                                         bool // has blocks: stands under its own name
	Replies                                      int
	LastReply                                    int64
	Reactions                                    []reactionView
	Files                                        []fileView
	Shortcuts                                    []Shortcut
	Day                                          string // set on the first message of a day
	DayAt                                        int64
	PinnedBy                                     string
}

type reactionView struct {
	Name, Sign, Who string
	Count           int
	Mine            bool
}

type fileView struct {
	ID, Name, Title, Text, As string
	Size                      int
	Cut                       bool
}

// together is how close messages of one author stand under one name.
const together = 5 * time.Minute

// preview is how much of a file the page shows.
const preview = 1200

func (w *Workspace) rowOf(ch *channel, m *message, u *user) row {
	t := at(m.ts)
	r := row{
		TS: m.ts, Thread: m.thread, Channel: ch.id, Face: w.faceOf(m.user), At: t.Unix(), Clock: t.Format("15:04"),
		Ephemeral: m.only != "", Edited: m.edited != "", Pinned: ch.pinned(m.ts), Broadcast: m.broadcast, Mine: m.user == u.ID,
		System: strings.HasPrefix(m.subtype, "channel_") || strings.HasPrefix(m.subtype, "group_"),
	}
	if len(m.blocks) > 0 {
		r.Card = true
		r.Body = w.blocksHTML(m.blocks, w.pressed[heldKey(u.ID, m)], nil, u)
	} else {
		p := &pen{w: w, html: true}
		if m.noMrkdwn {
			p.text(entities.Replace(m.text))
		} else {
			p.mrkdwn(m.text)
		}
		r.Body = template.HTML(p.b.String()) //nolint:gosec // the pen escapes
	}
	if m.thread == "" && m.only == "" {
		if replies := ch.replies(m.ts); len(replies) > 0 {
			r.Replies, r.LastReply = len(replies), at(replies[len(replies)-1].ts).Unix()
		}
	}
	for _, p := range ch.pins {
		if p.ts == m.ts {
			r.PinnedBy = w.faceOf(p.by).Name
		}
	}
	for _, s := range w.opt.Shortcuts {
		if s.Kind == "message" {
			r.Shortcuts = append(r.Shortcuts, s)
		}
	}
	w.addMarks(&r, m, u)
	return r
}

func (w *Workspace) addMarks(r *row, m *message, u *user) {
	for _, x := range m.reactions {
		v := reactionView{Name: x.name, Sign: emoji(x.name), Count: len(x.users)}
		if v.Sign == "" {
			v.Sign = ":" + x.name + ":"
		}
		var names []string
		for _, id := range x.users {
			v.Mine = v.Mine || id == u.ID
			names = append(names, w.faceOf(id).Name)
		}
		v.Who = strings.Join(names, ", ") + " reacted with :" + x.name + ":"
		r.Reactions = append(r.Reactions, v)
	}
	for _, id := range m.files {
		f := w.files[id]
		if f == nil {
			continue
		}
		text := strings.ToValidUTF8(string(f.content[:min(len(f.content), preview)]), "�")
		r.Files = append(r.Files, fileView{f.id, f.name, f.title, text, u.ID, f.size, len(f.content) > preview})
	}
}

// drawRows draws messages, each under its author's name or below the last one.
func (w *Workspace) drawRows(rows []row) template.HTML {
	var b bytes.Buffer
	for i := range rows {
		r := &rows[i]
		day := time.Unix(r.At, 0).UTC().Format("Monday, 2 January")
		if i == 0 || day != time.Unix(rows[i-1].At, 0).UTC().Format("Monday, 2 January") {
			r.Day, r.DayAt = day, r.At
		} else if p := rows[i-1]; p.Face.ID == r.Face.ID && !p.System && !r.System && p.Ephemeral == r.Ephemeral && !r.Broadcast && !r.Pinned && !r.Card && r.At-p.At < int64(together.Seconds()) {
			r.Follows = true
		}
		if err := pages.ExecuteTemplate(&b, "message.html", r); err != nil {
			w.log.Error("draw message", "ts", r.TS, "error", err)
		}
	}
	return template.HTML(b.String()) //nolint:gosec // just escaped by html/template
}

// shownMessages bounds what the page draws of a long channel.
const shownMessages = 300

func (w *Workspace) messagesHTML(ch *channel, u *user) template.HTML {
	var rows []row
	for _, m := range ch.messages {
		inChannel := m.thread == "" || m.broadcast || m.only != ""
		if inChannel && (m.only == "" || m.only == u.ID) {
			rows = append(rows, w.rowOf(ch, m, u))
		}
	}
	rows = rows[max(0, len(rows)-shownMessages):]
	if len(rows) == 0 {
		return `<p class="empty">Nothing was written here yet.</p>`
	}
	return w.drawRows(rows)
}

func (w *Workspace) threadHTML(ch *channel, ts string, u *user) template.HTML {
	parent := ch.find(ts)
	if parent == nil {
		return `<p class="empty">This thread is gone.</p>`
	}
	var rows []row
	for _, m := range ch.messages {
		if (m.ts == ts || m.thread == ts) && (m.only == "" || m.only == u.ID) {
			r := w.rowOf(ch, m, u)
			r.InThread, r.Broadcast, r.Replies = true, false, 0
			rows = append(rows, r)
		}
	}
	return w.drawRows(rows)
}
