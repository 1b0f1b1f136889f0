package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// Messages that people keep on the timeline: with 📌, or with the shortcut. The record holds their words, time, author and
// files; what becomes of them here (an edit, a deletion, the last 📌 taken back) follows.

const (
	pushpin = "pushpin"
	kept    = "white_check_mark"
)

// reacted keeps a message with 📌 on the timeline, and lets it go with the last one.
func (b *Bot) reacted(ctx context.Context, x event, r receipt) (func(context.Context), error) {
	me, known := b.me()
	if x.Reaction != pushpin || x.Item.Type != "message" || known && x.User.ID == me.UserID {
		return nil, nil
	}
	i, err := b.ofChannel(ctx, x.Item.Channel)
	if err != nil || i == nil || b.sharedChannel(ctx, x.Item.Channel) {
		return nil, err
	}
	at := place{x.Item.Channel, x.Item.TS}
	m, found, err := b.read(ctx, at)
	if err != nil {
		return nil, err
	}
	b.learnNow(ctx, x.User.ID)
	actor := commands.Actor{Slack: x.User.ID, Name: b.nameOf(x.User.ID, ""), Foreign: b.foreign(x.User.TeamID)}
	var c commands.Command
	added := x.Type == "reaction_added"
	switch {
	case added && !found:
		return nil, nil // deleted meanwhile: there is nothing to keep
	case added:
		b.learnNow(ctx, m.User)
		c = b.pinCommand(at, messageOf(m))
		c.Fields["mark"] = []string{pushpin}
	case found && hasPushpin(m, me.UserID):
		return nil, nil // somebody else still wants it
	case holds(i, at) && !i.PinFacts[at.String()].Mark:
		return nil, nil // it was kept with the shortcut
	default:
		c = commands.Command{Verb: verbUnpin, Object: at.String(), Channel: at.channel}
	}
	c.Actor, c.Keys, c.Keep = actor, r.keys, r.keep
	reply, err := b.handle(ctx, c)
	if err != nil {
		return nil, err
	}
	if !reply.Done() {
		return func(ctx context.Context) {
			b.respond(ctx, caller{user: x.User.ID, channel: at.channel}, reply.Say, 0)
		}, nil
	}
	return func(ctx context.Context) { b.mark(ctx, at, added) }, nil
}

// Verbs of messages that are kept on the timeline.
const (
	verbPin   = "incident pin"
	verbUnpin = "incident unpin"
)

// pinCommand keeps a message with its own author, instant and text.
func (b *Bot) pinCommand(at place, m message) commands.Command {
	author := m.User
	name := b.nameOf(m.User, m.Username)
	if app := cmp.Or(m.Username, m.BotProfile.Name); m.BotID != "" && app != "" {
		name = app // as it called itself in this message
	}
	c := commands.Command{
		Verb: verbPin, Object: at.String(), Channel: at.channel, Text: b.worded(typedText(m.said())), Link: b.permalink(at),
		Fields: map[string][]string{
			"author": {author}, "author_name": {name},
		},
	}
	for _, f := range m.Files {
		if text, err := json.Marshal(f.kept()); err == nil && f.ID != "" {
			c.Fields["files"] = append(c.Fields["files"], string(text))
		}
	}
	return c
}

// read fetches one message, be it in the channel or in a thread.
func (b *Bot) read(ctx context.Context, at place) (slack.Message, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	history, err := b.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: at.channel, Latest: at.ts, Oldest: at.ts, Inclusive: true, Limit: 1,
	})
	if err != nil {
		return slack.Message{}, false, troubled(err)
	}
	for _, m := range history.Messages {
		if m.Timestamp == at.ts {
			return m, true, nil
		}
	}
	replies, _, _, err := b.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
		ChannelID: at.channel, Timestamp: at.ts, Latest: at.ts, Oldest: at.ts, Inclusive: true, Limit: 10,
	})
	if is(err, "thread_not_found", "message_not_found") {
		return slack.Message{}, false, nil
	}
	if err != nil {
		return slack.Message{}, false, troubled(err)
	}
	for _, m := range replies {
		if m.Timestamp == at.ts {
			return m, true, nil
		}
	}
	return slack.Message{}, false, nil
}

func messageOf(m slack.Message) message {
	out := message{User: m.User, Username: m.Username, BotID: m.BotID, Text: m.Text, TS: m.Timestamp}
	if m.BotProfile != nil {
		out.BotProfile.Name = m.BotProfile.Name
	}
	if text, err := json.Marshal(m.Blocks); err == nil {
		_ = json.Unmarshal(text, &out.Blocks) // which never fails
	}
	if text, err := json.Marshal(m.Attachments); err == nil {
		out.Attachments = text
	}
	for _, f := range m.Files {
		out.Files = append(out.Files, sharedFile{
			ID: f.ID, Name: f.Name, Title: f.Title, Mimetype: f.Mimetype, Mode: f.Mode, Size: int64(f.Size), External: f.IsExternal, URL: f.URLPrivate,
		})
	}
	return out
}

func hasPushpin(m slack.Message, me string) bool {
	for _, r := range m.Reactions {
		if r.Name != pushpin {
			continue
		}
		for _, user := range r.Users {
			if user != me {
				return true
			}
		}
	}
	return false
}

// mark shows with ✅ that a message is kept, or that it is no more. It is a courtesy: the record is the truth.
func (b *Bot) mark(ctx context.Context, at place, on bool) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var err error
	if ref := slack.NewRefToMessage(at.channel, at.ts); on {
		err = b.api.AddReactionContext(ctx, kept, ref)
	} else {
		err = b.api.RemoveReactionContext(ctx, kept, ref)
	}
	if err != nil && !is(err, "already_reacted", "no_reaction", "message_not_found") {
		b.Log.Warn("a kept message was not marked", "error", troubled(err))
	}
}

// edited follows an edit or a deletion of a message that is kept.
func (b *Bot) edited(ctx context.Context, x event, r receipt) error {
	at, changed := place{channel: x.Channel.ID}, commands.PinChanged{Channel: x.Channel.ID}
	switch {
	case x.Subtype == "message_changed" && x.Message != nil && x.Message.Subtype == "tombstone":
		at.ts, changed.Deleted = x.Message.TS, true // a deleted message with replies leaves a stone
	case x.Subtype == "message_changed" && x.Message != nil && x.Message.BotID == "":
		at.ts, changed.Text = x.Message.TS, b.worded(typedText(x.Message.said()))
	case x.Subtype == "message_deleted":
		at.ts, changed.Deleted = x.DeletedTS, true
	default:
		return nil
	}
	i, err := b.ofChannel(ctx, at.channel)
	if err != nil || i == nil || !holds(i, at) {
		return err
	}
	changed.Incident, changed.TS = i.ID, at.ts
	return b.outcome(ctx, changed, r.keys, r.keep)
}

// holds reports whether a message is on the incident's timeline.
func holds(i *incident.Incident, at place) bool {
	for _, pin := range i.Pins {
		if pin == at.String() {
			return true
		}
	}
	return false
}

// sharedFile is a file of a message, as Slack shows it.
type sharedFile struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	Mimetype string `json:"mimetype"`
	Mode     string `json:"mode"`
	Size     int64  `json:"size"`
	External bool   `json:"is_external"`
	URL      string `json:"url_private"`
}

// kept is the file as the record names it, with why it will not be copied where that is clear already.
func (f sharedFile) kept() incident.File {
	name := f.Name
	if name == "" {
		name = f.Title
	}
	k := incident.File{ID: f.ID, Name: cut(clean(name), 200), Type: cut(f.Mimetype, 100), Size: f.Size, URL: f.URL}
	switch {
	case f.Mode == "tombstone" || f.Mode == "hidden_by_limit":
		k.Why = "it was gone at Slack already"
	case f.External || f.Mode == "external":
		k.Why = "it is kept elsewhere, not at Slack"
	case f.Size > incident.MaxKeptFile:
		k.Why = "it is longer than 20 MB"
	case f.URL == "":
		k.Why = "Slack gave no address of it"
	}
	return k
}

// laxFiles holds the files that can be read and forgets the rest: one of an unknown shape must not cost the message.
type laxFiles []sharedFile

// UnmarshalJSON never fails.
func (l *laxFiles) UnmarshalJSON(raw []byte) error {
	var files []json.RawMessage
	if json.Unmarshal(raw, &files) != nil {
		return nil
	}
	for _, f := range files {
		var one sharedFile
		if json.Unmarshal(f, &one) == nil {
			*l = append(*l, one)
		}
	}
	return nil
}
