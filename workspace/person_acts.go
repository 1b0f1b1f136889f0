package workspace

import (
	"slices"

	"github.com/drbot/drbot/workspace/person"
)

// post writes a person's message. A line that begins with "/" is a command in
// Slack, so it is refused here.
func (w *Workspace) post(u *user, in lineIn) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, err := w.desk(u, in.Channel)
	if err != nil {
		return person.Reply{}, err
	}
	if in.Text == "" && len(in.Files) == 0 {
		return person.Reply{}, refuse("no_text", "write something")
	}
	m := &message{user: u.ID, text: w.typed(in.Text, false)}
	if in.Thread != "" {
		parent := ch.find(in.Thread)
		if parent == nil || parent.only != "" {
			return person.Reply{}, refuse("thread_not_found", "no such thread")
		}
		m.thread = orElse(parent.thread, parent.ts).(string)
	}
	for _, f := range in.Files {
		up := &file{id: w.id("F"), name: f.Name, title: f.Name, size: len(f.Content), content: f.Content, created: w.now().Unix(), user: u.ID, channels: []string{ch.id}, complete: true}
		w.files[up.id] = up
		m.files, m.subtype = append(m.files, up.id), "file_share"
	}
	w.publish(ch, m, false)
	return person.Reply{Seq: w.journal.seq, Channel: ch.id, TS: m.ts}, nil
}

// pointed is the message that an act names.
func (w *Workspace) pointed(u *user, channel, ts string) (*channel, *message, error) {
	ch, err := w.room(u, channel)
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(ts)
	if m == nil || (m.only != "" && m.only != u.ID) {
		return nil, nil, refuse("message_not_found", "no such message")
	}
	return ch, m, nil
}

func (w *Workspace) edit(u *user, in lineIn) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.pointed(u, in.Channel, in.TS)
	if err != nil {
		return person.Reply{}, err
	}
	if m.user != u.ID || m.subtype != "" && m.subtype != "file_share" {
		return person.Reply{}, refuse("cant_update_message", "only its author edits a message")
	}
	m.text, m.edited, m.editor = w.typed(in.Text, false), w.stamp(), u.ID
	w.touch(ch, m)
	return person.Reply{Seq: w.journal.seq, Channel: ch.id, TS: m.ts}, nil
}

func (w *Workspace) deleteMessage(u *user, in lineIn) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.pointed(u, in.Channel, in.TS)
	if err != nil {
		return person.Reply{}, err
	}
	w.remove(ch, m)
	for _, id := range m.files { // what was uploaded with a message goes with it
		if f := w.files[id]; f != nil && f.user == m.user {
			delete(w.files, id)
		}
	}
	return person.Reply{Seq: w.journal.seq, Channel: ch.id}, nil
}

func (w *Workspace) reactAs(u *user, in markIn) (person.Reply, error) {
	return w.mark(u, in, func(ch *channel, m *message) *fail {
		if in.Remove {
			return w.unreact(ch, m, in.Name, u.ID)
		}
		return w.react(ch, m, in.Name, u.ID)
	})
}

func (w *Workspace) pinAs(u *user, in markIn) (person.Reply, error) {
	return w.mark(u, in, func(ch *channel, m *message) *fail {
		if in.Remove {
			return w.unpin(ch, m, u.ID)
		}
		return w.pin(ch, m, u.ID)
	})
}

func (w *Workspace) mark(u *user, in markIn, do func(*channel, *message) *fail) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.pointed(u, in.Channel, in.TS)
	if err != nil {
		return person.Reply{}, err
	}
	if m.only != "" {
		return person.Reply{}, refuse("message_not_found", "an ephemeral message takes no marks")
	}
	if bad := do(ch, m); bad != nil {
		return person.Reply{}, asError(bad)
	}
	return person.Reply{Seq: w.journal.seq, Channel: ch.id, TS: m.ts}, nil
}

// channelAs does what a person does to a channel by hand.
func (w *Workspace) channelAs(u *user, in channelIn) (person.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	done := func(ch *channel, bad *fail) (person.Reply, error) {
		if bad != nil {
			return person.Reply{}, asError(bad)
		}
		return person.Reply{Seq: w.journal.seq, Channel: ch.id}, nil
	}
	users, err := w.named2ids(in.Users)
	if err != nil {
		return person.Reply{}, err
	}
	switch in.Do {
	case "create":
		return done(w.create(in.Name, in.Private, u.ID))
	case "dm":
		if len(users) != 1 {
			return person.Reply{}, refuse("users_list_not_supplied", "name one user")
		}
		ch, _ := w.dm(u.ID, users[0])
		return done(ch, nil)
	}
	ch, err := w.room(u, in.Channel)
	if err != nil {
		return person.Reply{}, err
	}
	return done(ch, w.channelDo(ch, u, in, users))
}

func (w *Workspace) channelDo(ch *channel, u *user, in channelIn, users []string) *fail {
	if ch.archived && !slices.Contains([]string{"unarchive", "delete", "leave"}, in.Do) {
		return no("is_archived")
	}
	switch in.Do {
	case "join":
		if ch.kind != "public" && !ch.has(u.ID) {
			return no("channel_not_found")
		}
		w.join(ch, u.ID, "")
		return nil
	case "leave":
		return w.leave(ch, u.ID)
	case "invite":
		return w.invite(ch, users, u.ID, false)
	case "kick":
		if len(users) != 1 || !ch.has(users[0]) {
			return no("not_in_channel")
		}
		return w.leave(ch, users[0])
	case "archive":
		return w.archive(ch, u.ID)
	case "unarchive":
		return w.unarchive(ch, u.ID)
	case "rename":
		return w.rename(ch, in.Name, u.ID)
	case "topic":
		return w.setTopic(ch, in.Name, u.ID)
	case "delete":
		return w.deleteChannel(ch)
	}
	return no("unknown_method")
}

func (w *Workspace) named2ids(names []string) ([]string, error) {
	var ids []string
	for _, n := range names {
		u := w.userBy(n)
		if u == nil {
			return nil, refuse("user_not_found", "no user %q", n)
		}
		ids = append(ids, u.ID)
	}
	return ids, nil
}
