package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

const (
	learnPatience = time.Second
	readPatience  = 1500 * time.Millisecond
	pushpin       = "pushpin"
	kept          = "white_check_mark"
)

// happened carries an event out. An error means that it was not kept, and that Slack should send it again.
func (b *Bot) happened(ctx context.Context, e envelope, r receipt) (func(context.Context), error) {
	r = eventReceipt(e, r)
	x := e.Event
	switch x.Type {
	case "reaction_added", "reaction_removed":
		return b.reacted(ctx, x, r)
	case "message":
		return nil, b.edited(ctx, x, r)
	case "member_joined_channel":
		return b.joined(ctx, x)
	case "member_left_channel":
		if me, known := b.me(); known && x.User.ID == me.UserID {
			return nil, b.channelGone(ctx, x.Channel.ID, "drbot was removed from it", r)
		}
	case "channel_archive", "group_archive":
		return nil, b.channelGone(ctx, x.Channel.ID, "archived by hand", r)
	case "channel_deleted", "group_deleted":
		return nil, b.channelGone(ctx, x.Channel.ID, "deleted by hand", r)
	case "channel_left", "group_left":
		return nil, b.channelGone(ctx, x.Channel.ID, "drbot was removed from it", r)
	case "channel_shared":
		b.places.forget(x.Channel.ID)
		return nil, b.channelGone(ctx, x.Channel.ID, "shared with another workspace", r)
	case "channel_unarchive", "group_unarchive", "channel_rename", "group_rename":
		return nil, b.channelNamed(ctx, x.Channel.ID, r)
	case "app_home_opened":
		if x.Tab == "" || x.Tab == "home" {
			return func(ctx context.Context) { b.publishHome(ctx, x.User.ID) }, nil
		}
	case "user_change", "team_join":
		b.userChanged(x.User)
	}
	return nil, nil
}

// ofChannel finds the incident whose own channel this is.
func (b *Bot) ofChannel(ctx context.Context, channel string) (*incident.Incident, error) {
	if channel == "" {
		return nil, nil
	}
	i, err := b.Memory.Incident(ctx, state.Ref{Index: "channel", Value: channel})
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	return i, err
}

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
	case found && hasPushpin(m, me.UserID):
		return nil, nil // somebody else still wants it
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
	verbPin     = "incident pin"
	verbUnpin   = "incident unpin"
	verbEditPin = "incident pin edited"
)

// pinCommand keeps a message with its own author, instant and text.
func (b *Bot) pinCommand(at place, m message) commands.Command {
	author := m.User
	name := b.nameOf(m.User, m.Username)
	if name == "" {
		name = m.BotProfile.Name
	}
	return commands.Command{
		Verb: verbPin, Object: at.String(), Channel: at.channel, Text: b.worded(typedText(m.Text)), Link: b.permalink(at),
		Fields: map[string][]string{
			"author": {author}, "author_name": {name},
		},
	}
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

// edited follows an edit of a message that is kept.
func (b *Bot) edited(ctx context.Context, x event, r receipt) error {
	if x.Subtype != "message_changed" || x.Message == nil || x.Message.BotID != "" {
		return nil
	}
	i, err := b.ofChannel(ctx, x.Channel.ID)
	if err != nil || i == nil {
		return err
	}
	at := place{x.Channel.ID, x.Message.TS}
	for _, pin := range i.Pins {
		if pin != at.String() {
			continue
		}
		_, err := b.handle(ctx, commands.Command{
			Verb: verbEditPin, Object: at.String(), Channel: at.channel, Text: b.worded(typedText(x.Message.Text)), Keys: r.keys, Keep: r.keep,
			Actor: commands.Actor{Slack: x.Message.User, Name: b.nameOf(x.Message.User, "")},
		})
		return err
	}
	return nil
}

// joined tells who comes later what is going on, alone.
func (b *Bot) joined(ctx context.Context, x event) (func(context.Context), error) {
	if me, known := b.me(); known && (x.User.ID == me.UserID || x.Inviter == me.UserID) {
		return nil, nil // whom drbot brings in at the opening sees the card anyway
	}
	b.learnNow(ctx, x.User.ID)
	i, err := b.ofChannel(ctx, x.Channel.ID)
	if err != nil || i == nil || !i.Active() {
		return nil, err
	}
	return func(ctx context.Context) {
		m := templates.Welcome(i, b.facts(ctx, i))
		b.respond(ctx, caller{user: x.User.ID, channel: x.Channel.ID}, m, i.ID)
	}, nil
}

// cameBack asks whether a channel that just refused a call can be used again: a call that was on its way while somebody
// took it out of the archive must not lose it a second time.
func (b *Bot) cameBack(ctx context.Context, channel string) bool {
	info, err := b.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
	return err == nil && !info.IsArchived && info.IsMember
}

// channelGone says that an incident's channel cannot be used any more.
func (b *Bot) channelGone(ctx context.Context, channel, why string, r receipt) error {
	i, err := b.ofChannel(ctx, channel)
	if err != nil || i == nil {
		return err
	}
	return b.outcome(ctx, commands.LoseChannel{Incident: i.ID, Channel: channel, Why: why}, r.keys, r.keep)
}

// channelNamed follows a channel that was renamed or came back.
func (b *Bot) channelNamed(ctx context.Context, channel string, r receipt) error {
	i, err := b.ofChannel(ctx, channel)
	if err != nil || i == nil || i.Channel.ID != channel {
		return err
	}
	within, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	now, err := b.api.GetConversationInfoContext(within, &slack.GetConversationInfoInput{ChannelID: channel})
	if err != nil {
		return troubled(err)
	}
	if now.IsArchived {
		return nil
	}
	bind := commands.BindChannel{Incident: i.ID, Channel: channel, Name: now.Name, Private: now.IsPrivate}
	return b.outcome(ctx, bind, r.keys, r.keep)
}

// outcome hands what happened at Slack to the decisions.
func (b *Bot) outcome(ctx context.Context, what any, keys []string, keep time.Duration) error {
	_, err := b.handle(ctx, commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: what, Keys: keys, Keep: keep})
	return err
}

func (b *Bot) userChanged(u idOrUser) {
	if !u.whole {
		return
	}
	name := u.RealName
	if name == "" {
		name = u.Name
	}
	b.Flags.Put(u.ID, people.Flags{
		Guest: u.IsRestricted || u.IsUltraRestricted, Deactivated: u.Deleted, Bot: u.IsBot,
		Foreign: u.IsStranger || b.foreign(u.TeamID), Name: name,
	})
}
