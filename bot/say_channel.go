package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/slack-go/slack"
	"golang.org/x/text/unicode/norm"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

const (
	maxChannelName = 80
	maxSuffix      = 9
	noteChannel    = "channel" // the id, from its making until it is bound
)

// opened announces the incident and makes its channel. Trouble with the announcement does not keep the channel waiting.
func (t *talk) opened() error {
	announced := t.announce()
	if announced != nil && troubled(announced).away && troubled(announced).code == "" {
		return announced // Slack is away: the channel cannot be made either
	}
	if err := t.makeChannel(t.i.Restricted); err != nil {
		return err
	}
	return announced
}

// announce posts the one message in the announcement channel; of a restricted incident it says its number alone (I56).
func (t *talk) announce() error {
	if t.Announce == "" {
		return nil
	}
	channel, err := t.announceID(t.ctx)
	if err != nil {
		return err
	}
	message := templates.Announcement(t.i, t.facts(), t.initial(t.i, t.facts()))
	_, err = t.post(posting{object: "announcement", channel: channel, message: message})
	return err
}

// makeChannel makes the incident's own channel and binds it.
func (t *talk) makeChannel(private bool) error {
	if t.i.Channel.ID != "" && t.i.Channel.Lost == "" && t.i.Channel.Private == private {
		return nil
	}
	made, err := t.channelFor(private)
	if err != nil {
		return err
	}
	t.keep(noteChannel, made.ID)
	bind := commands.BindChannel{Incident: t.id, Channel: made.ID, Name: made.Name, Private: private}
	return t.outcome(t.ctx, bind, []string{Say + "/" + t.seq() + "/channel"}, 0)
}

// channelFor makes a channel under the first name that is free. A taken name is adopted when this bot made it and no
// incident holds it: then an earlier try made it and did not live to say so (I49).
func (t *talk) channelFor(private bool) (*slack.Channel, error) {
	base := channelName(t.i)
	for n := 1; n <= maxSuffix; n++ {
		name := base
		if n > 1 {
			name = cutName(base, maxChannelName-2) + fmt.Sprintf("-%d", n)
		}
		made, err := t.api.CreateConversationContext(t.ctx, slack.CreateConversationParams{ChannelName: name, IsPrivate: private})
		if err == nil {
			return made, nil
		}
		if !is(err, "name_taken") {
			return nil, troubled(err)
		}
		there, err := t.findChannel(t.ctx, name)
		if err != nil {
			return nil, err
		}
		if there != nil && !there.IsArchived && there.IsPrivate == private {
			if free, err := t.adoptable(there); err != nil || free {
				return there, err
			}
		}
	}
	return nil, fmt.Errorf("every name from #%s to #%s-%d is taken: rename one of them", base, base, maxSuffix)
}

// adoptable reports whether a channel is ours and nobody's.
func (t *talk) adoptable(c *slack.Channel) (bool, error) {
	me, err := t.whoami(t.ctx)
	if err != nil {
		return false, err
	}
	if c.Creator != me.UserID || c.IsExtShared {
		return false, nil
	}
	_, err = t.Memory.Incident(t.ctx, state.Ref{Index: "channel", Value: c.ID})
	if errors.Is(err, state.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// channelName is inc-42-users-database, drill-42-… for a drill; of a restricted incident the number alone.
func channelName(i *incident.Incident) string {
	prefix := "inc"
	if i.Drill {
		prefix = "drill"
	}
	name := fmt.Sprintf("%s-%d", prefix, uint64(i.ID))
	if slug := slug(i.Title); slug != "" && !i.Restricted {
		name += "-" + slug
	}
	return cutName(name, 60)
}

func cutName(name string, n int) string {
	if len(name) > n {
		name = name[:n]
	}
	return strings.TrimRight(name, "-")
}

// slug keeps what Slack takes in a channel's name: small letters, digits, hyphens. Accents are dropped.
func slug(title string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		default:
			if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
				b.WriteByte('-')
			}
		}
	}
	return strings.Trim(b.String(), "-")
}

// bound fills a channel that was bound: people, topic, card, checklist, bookmarks.
func (t *talk) bound(e incident.ChannelBound) error {
	if t.i.Channel.ID != e.ID || t.i.Channel.Lost != "" {
		return nil // another channel took its place meanwhile
	}
	if err := t.invite(e); err != nil {
		return t.channelTrouble(err)
	}
	if err := t.members(t.ctx, t.i); err != nil {
		return t.channelTrouble(err)
	}
	card, err := t.post(posting{object: "card", channel: e.ID, message: templates.Card(t.i, t.facts())})
	if err != nil {
		return t.channelTrouble(err)
	}
	var list place
	if len(t.i.Checklist) > 0 {
		if list, err = t.post(posting{object: "checklist", channel: e.ID, message: templates.Checklist(t.i)}); err != nil {
			return t.channelTrouble(err)
		}
	}
	if err := t.pin(card); err != nil {
		return err
	}
	if err := t.topic(e.ID); err != nil {
		return err
	}
	title := "Incident card"
	if t.i.Window != nil {
		title = "Maintenance card"
	}
	if err := t.bookmark(e.ID, "card", title, t.permalink(card)); err != nil {
		return err
	}
	if err := t.bookmark(e.ID, "checklist", "Checklist", t.permalink(list)); err != nil {
		return err
	}
	if err := t.waited(); err != nil {
		return err
	}
	if to, ok := t.late.take(t.id, t.Now()); ok {
		t.after(func(ctx context.Context) {
			t.respond(ctx, to, sayChannelIs(t.i.ID.String(), t.channelLink(e.ID), e.Name), 0)
		})
	}
	return nil
}

// invite brings in who opened it and who may help; of a restricted incident, who opened it and the approvers.
func (t *talk) invite(e incident.ChannelBound) error {
	if t.note("invited/"+e.ID) != "" {
		return nil
	}
	who := []string{t.i.OpenedBy.Slack}
	for _, p := range t.i.Roles {
		who = append(who, p.Slack)
	}
	if t.People != nil {
		rights := []incident.Right{incident.Responder, incident.Operator, incident.Approver}
		if t.i.Restricted {
			rights = []incident.Right{incident.Approver}
		}
		for _, p := range t.People().With(rights...) {
			who = append(who, p.Slack)
		}
	}
	slices.Sort(who)
	who = slices.DeleteFunc(slices.Compact(who), func(id string) bool { return id == "" })
	for len(who) > 0 {
		n := min(len(who), 100)
		_, err := t.api.ForceInviteUsersToConversationContext(t.ctx, e.ID, who[:n]...)
		switch {
		case err == nil, is(err, "already_in_channel", "cant_invite_self"):
		case troubled(err).away, is(err, "channel_not_found", "is_archived", "not_in_channel"):
			return troubled(err)
		default: // guests and people who left stay out; the channel is there for the others
			t.Log.Warn("somebody was not invited", "incident", t.id.String(), "error", troubled(err))
		}
		who = who[n:]
	}
	t.keep("invited/"+e.ID, "1")
	return nil
}

// pin pins the card. A channel with too many pins keeps its card all the same.
func (t *talk) pin(at place) error {
	if t.note("pinned/"+at.ts) != "" {
		return nil
	}
	err := t.api.AddPinContext(t.ctx, at.channel, slack.NewRefToMessage(at.channel, at.ts))
	if err != nil && !is(err, "already_pinned", "too_many_pins") {
		return troubled(err)
	}
	t.keep("pinned/"+at.ts, "1")
	return nil
}

// topic sets the channel's topic; draw keeps it.
func (t *talk) topic(channel string) error {
	topic := templates.Topic(t.i)
	if t.note(noteTopic) == channel+"="+topic {
		return nil
	}
	if _, err := t.api.SetTopicOfConversationContext(t.ctx, channel, escape(topic)); err != nil {
		return troubled(err)
	}
	t.keep(noteTopic, channel+"="+topic)
	return nil
}

// bookmark puts a link into the channel's bar: a courtesy that nothing waits for but Slack itself.
func (t *talk) bookmark(channel, object, title, link string) error {
	note := "bookmark/" + channel + "/" + object
	if link == "" || t.note(note) != "" {
		return nil
	}
	if t.unsure {
		there, err := t.api.ListBookmarksContext(t.ctx, channel)
		if err == nil && slices.ContainsFunc(there, func(b slack.Bookmark) bool { return b.Title == title }) {
			t.keep(note, "1")
			return nil
		}
	}
	made, err := t.api.AddBookmarkContext(t.ctx, channel, slack.AddBookmarkParameters{Title: title, Type: "link", Link: link})
	if err != nil {
		if troubled(err).away {
			return troubled(err)
		}
		t.Log.Warn("a bookmark was not made", "incident", t.id.String(), "error", troubled(err))
		return nil
	}
	t.keep(note, made.ID)
	return nil
}

// withdrawn moves an incident whose type became a restricted one into a private channel: the old one is left with one
// line, and its cards with it; so are the replies to the announcement.
func (t *talk) withdrawn() error {
	old := t.i.Channel
	if !t.i.Restricted || old.ID == "" || old.Private || old.Lost != "" {
		return nil
	}
	moved := sayMoved(t.i)
	for object, note := range t.notes {
		at, ok := placeOf(note)
		if replied := strings.HasSuffix(object, "/announcement"); !ok || at.channel != old.ID && !replied || strings.Contains(object, "/bookmark") {
			continue
		}
		if err := t.redraw(t.ctx, at, moved, t.frame()); err != nil && troubled(err).away {
			return err
		}
	}
	if _, err := t.post(posting{object: "moved/" + old.ID, channel: old.ID, message: moved}); err != nil && troubled(err).away {
		return err
	}
	return t.makeChannel(true)
}
