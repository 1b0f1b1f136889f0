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
		return nil, b.went(ctx, x, r)
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

// joined tells who comes later what is going on, alone.
func (b *Bot) joined(ctx context.Context, x event) (func(context.Context), error) {
	if err := b.came(ctx, x); err != nil {
		return nil, err
	}
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
