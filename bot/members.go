package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Who is in the private channel of a restricted incident reads it, and nobody else (I56). Slack is asked when the channel
// is made, whenever somebody comes or goes, and when Slack answers again after it was away; the record keeps the answer, so
// that it holds over a restart and while Slack is away: then nobody new is let in.

// members asks Slack who is in the channel of a restricted incident, and keeps it. One asks at a time, so that an older
// answer is never kept after a newer one.
func (b *Bot) members(ctx context.Context, i *incident.Incident) error {
	if !i.Closed(i.Channel.ID) {
		return nil
	}
	b.asking.Lock()
	defer b.asking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, membersPatience)
	defer cancel()
	me, err := b.whoami(ctx)
	if err != nil {
		return err
	}
	var all []string
	for cursor := ""; ; {
		var page []string
		page, cursor, err = b.api.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: i.Channel.ID, Cursor: cursor, Limit: membersPage})
		if err != nil {
			return troubled(err)
		}
		for _, user := range page {
			if user != me.UserID {
				all = append(all, user)
				if !i.Members.Has(user) {
					b.learnNow(ctx, user)
				}
			}
		}
		if cursor == "" {
			break
		}
	}
	return b.outcome(ctx, commands.MembersAre{Incident: i.ID, Channel: i.Channel.ID, Users: all}, nil, 0)
}

const (
	membersPage     = 1000 // of users a call
	membersPatience = 5 * time.Second
)

// came keeps that somebody is in the channel now. Slack is believed when it is asked, not when it tells late. Whom drbot
// brings in itself at the beginning it reads together.
func (b *Bot) came(ctx context.Context, x event) error {
	i, err := b.ofChannel(ctx, x.Channel.ID)
	if err != nil || i == nil || i.Members.Has(x.User.ID) {
		return err
	}
	if me, known := b.me(); known && (x.User.ID == me.UserID || i.Members == nil && x.Inviter == me.UserID) {
		return nil
	}
	return b.members(ctx, i)
}

// went keeps that somebody is not in it any more, also where Slack does not answer who is.
func (b *Bot) went(ctx context.Context, x event, r receipt) error {
	i, err := b.ofChannel(ctx, x.Channel.ID)
	if err != nil || i == nil || !i.Closed(x.Channel.ID) || b.members(ctx, i) == nil {
		return err
	}
	b.asking.Lock()
	defer b.asking.Unlock()
	return b.outcome(ctx, commands.MemberLeft{Incident: i.ID, Channel: x.Channel.ID, User: x.User.ID}, r.keys, r.keep)
}

// mayRead reports whether a chat user may read of the incident, wherever they are (I56).
func (t *talk) mayRead(user string) bool {
	return !t.i.Restricted || commands.Insider(t.i, t.userOf(user))
}

// sayDecidesInside calls somebody who decides and is not in the channel; it says the number alone (I56).
func sayDecidesInside(i *incident.Incident) string {
	return drillWord(i) + i.ID.String() + " needs you: a decision waits in its private channel. Who leads it lets you in."
}

// userOf is the person behind a chat user.
func (t *talk) userOf(user string) incident.Person {
	if t.People != nil {
		if entry, ok := t.People().Slack(user); ok {
			return entry.Person("")
		}
	}
	return incident.Person{Key: "slack:" + user, Slack: user}
}

// membersAgain asks for every restricted incident, those that are over too, since what they say is read for years.
func (b *Bot) membersAgain(ctx context.Context) error {
	list, err := b.Memory.List(ctx, state.Query{})
	if err != nil {
		return err
	}
	var all []error
	pace := &pace{}
	for _, s := range list {
		if !s.Restricted || s.Channel == "" {
			continue
		}
		i, err := b.Memory.Incident(ctx, state.Ref{ID: s.ID})
		if err != nil {
			return err
		}
		err = pace.call(ctx, func() error { return b.members(ctx, i) })
		if err != nil && !is(err, "channel_not_found", "not_in_channel") { // nobody new is let in there
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}
