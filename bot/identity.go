package bot

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/people"
)

// identity is who we are at Slack, once Slack has said so.
type identity struct {
	mu    sync.RWMutex
	known bool
	who   slack.AuthTestResponse
}

// whoami asks Slack once, and remembers.
func (b *Bot) whoami(ctx context.Context) (slack.AuthTestResponse, error) {
	if who, ok := b.me(); ok {
		return who, nil
	}
	who, err := b.api.AuthTestContext(ctx)
	if err != nil {
		return slack.AuthTestResponse{}, troubled(err)
	}
	b.self.mu.Lock()
	defer b.self.mu.Unlock()
	b.self.known, b.self.who = true, *who
	return *who, nil
}

// me is who we are, where it is known already.
func (b *Bot) me() (slack.AuthTestResponse, bool) {
	b.self.mu.RLock()
	defer b.self.mu.RUnlock()
	return b.self.who, b.self.known
}

// introduce learns who we are and what Slack says of the configured people, so that no decision has to wait for it.
func (b *Bot) introduce(ctx context.Context) {
	wait := time.Second
	for ctx.Err() == nil {
		if _, err := b.whoami(ctx); err == nil && b.learnPeople(ctx) && b.learnChannels(ctx) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
			wait = min(2*wait, time.Minute)
		}
	}
}

func (b *Bot) learnPeople(ctx context.Context) bool {
	if b.People == nil {
		return true
	}
	all := true
	for _, entry := range b.People().All() {
		if entry.Slack != "" {
			all = b.learn(ctx, entry.Slack) && all
		}
	}
	return all
}

// learnChannels resolves the configured channels. Without one there is nothing to learn.
func (b *Bot) learnChannels(ctx context.Context) bool {
	if b.Announce == "" {
		return true
	}
	_, err := b.announceID(ctx)
	if err == nil {
		_, err = b.houseID(ctx)
	}
	if err != nil {
		b.Log.Warn("a configured channel is not known yet", "error", err)
	}
	return err == nil
}

// learn asks Slack for a user's flags, once.
func (b *Bot) learn(ctx context.Context, id string) bool {
	if _, known := b.Flags.Get(id); known || id == "" {
		return true
	}
	user, err := b.api.GetUserInfoContext(ctx, id)
	if err != nil {
		t := troubled(err)
		if t.code == "user_not_found" || t.code == "user_not_visible" {
			b.Flags.Put(id, people.Flags{Foreign: true})
			return true
		}
		b.Log.Debug("flags of a user are not known yet", "user", id, "error", t)
		return false
	}
	b.Flags.Put(id, people.Flags{
		Guest: user.IsRestricted || user.IsUltraRestricted, Deactivated: user.Deleted, Bot: user.IsBot,
		Foreign: user.IsStranger || b.foreign(user.TeamID), Name: displayName(user),
	})
	return true
}

func displayName(u *slack.User) string {
	for _, name := range []string{u.RealName, u.Profile.DisplayName, u.Name} {
		if name != "" {
			return name
		}
	}
	return u.ID
}

// foreign reports whether a team is known to be another one than ours.
func (b *Bot) foreign(team string) bool {
	who, known := b.me()
	return known && team != "" && team != who.TeamID && (who.EnterpriseID == "" || team != who.EnterpriseID)
}

// base is the workspace's address with a slash, "" while it is not known.
func (b *Bot) base() string {
	who, known := b.me()
	if !known || who.URL == "" {
		return ""
	}
	return strings.TrimSuffix(who.URL, "/") + "/"
}

// permalink is the address of a message. Slack's format is stable, and building it costs no call.
func (b *Bot) permalink(at place) string {
	if b.base() == "" || at.ts == "" {
		return ""
	}
	return b.base() + "archives/" + at.channel + "/p" + strings.ReplaceAll(at.ts, ".", "")
}

// channelLink opens a channel in the client of whoever clicks it: at the workspace's own address, or by Slack's redirect
// while that is not known.
func (b *Bot) channelLink(channel string) string {
	if b.base() == "" {
		return "https://slack.com/app_redirect?channel=" + channel
	}
	return b.base() + "archives/" + channel
}

// place is a message: its channel's id and its ts.
type place struct{ channel, ts string }

func (p place) String() string { return p.channel + "/" + p.ts }

// placeOf reads a Note ("channel/ts") back.
func placeOf(note string) (place, bool) {
	channel, ts, ok := strings.Cut(note, "/")
	return place{channel, ts}, ok && channel != "" && ts != ""
}
