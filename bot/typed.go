package bot

import (
	"context"
	"strings"

	"github.com/drbot/drbot/commands"
)

// slashed carries a slash command out.
func (b *Bot) slashed(ctx context.Context, s slash, r receipt) answer {
	to := caller{user: s.UserID, channel: s.ChannelID, hook: s.ResponseURL, trigger: s.TriggerID}
	group := b.group(s.Command)
	if group == "" {
		return b.inAck(commands.Reply{Say: sayUnknownCommand(s.Command)}, to, r)
	}
	if b.sharedChannel(ctx, s.ChannelID) {
		return b.inAck(commands.Reply{Say: sayShared()}, to, r)
	}
	b.learnNow(ctx, s.UserID)
	c := b.parsed(ctx, group, s.Text)
	c.Actor = commands.Actor{Slack: s.UserID, Name: b.nameOf(s.UserID, s.UserName), Foreign: b.foreign(s.TeamID)}
	c.Channel, c.Keys, c.Keep = s.ChannelID, r.keys, r.keep
	reply, err := b.handle(ctx, c)
	switch {
	case err != nil:
		return b.inAck(commands.Reply{Say: sayNotRecorded(err, b.Incident)}, to, r)
	case reply.Form != nil:
		return b.replied(reply, nil, c, to)
	}
	if c.Verb == "incident open" && reply.ID != 0 && reply.Done() {
		b.late.keep(reply.ID, caller{user: s.UserID, hook: s.ResponseURL, replace: true}, b.Now())
	}
	reply, known := b.withOutput(ctx, reply)
	a := b.inAck(reply, to, r)
	if !known {
		a = b.followed(a, reply, to)
	}
	return a
}

// inAck answers in the acknowledgement itself where it fits and is in time, else by response_url.
func (b *Bot) inAck(reply commands.Reply, to caller, r receipt) answer {
	if reply.Say.Empty() {
		return answer{}
	}
	later := func(ctx context.Context) { b.respond(ctx, to, reply.Say, reply.ID) }
	if r.late() {
		b.health.count("late")
		return answer{then: later}
	}
	id := reply.ID
	if len(reply.Say.Blocks) == 0 {
		id = 0 // a text has no links to look up
	}
	parts := render(spoken(reply.Say), b.frame(b.ctx, id))
	body := ephemeral(parts[0], false)
	if len(parts) > 1 || !small(body) {
		return answer{then: later}
	}
	return answer{body: body}
}

// group tells which of the two commands a name is; they are configuration.
func (b *Bot) group(name string) string {
	switch strings.TrimPrefix(name, "/") {
	case b.Incident:
		return "incident"
	case b.Recover:
		return "recover"
	}
	return ""
}

// nameOf is the name that Slack shows; the user name where nothing else is known.
func (b *Bot) nameOf(id, otherwise string) string {
	if flags, known := b.Flags.Get(id); known && flags.Name != "" {
		return flags.Name
	}
	return otherwise
}

// learnNow asks for the flags of a user whom nobody asked about yet, for a moment: decisions refuse who is unknown.
func (b *Bot) learnNow(ctx context.Context, id string) {
	if _, known := b.Flags.Get(id); !known {
		b.ask(ctx, learnPatience, func(ctx context.Context) { b.learn(ctx, id) })
	}
}
