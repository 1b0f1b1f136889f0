package bot

import (
	"context"
	"strings"

	"github.com/drbot/drbot/commands"
)

// interacted carries a press, a submission or a shortcut out.
func (b *Bot) interacted(ctx context.Context, x interaction, r receipt) answer {
	b.learnNow(ctx, x.User.ID)
	switch x.Type {
	case "block_actions":
		return b.pressed(ctx, x, r)
	case "view_submission":
		return b.submitted(ctx, x, r)
	case "shortcut", "message_action":
		return b.shortcut(ctx, x, r)
	}
	return answer{}
}

func (b *Bot) actor(x interaction) commands.Actor {
	name := x.User.Name
	if name == "" {
		name = x.User.Username
	}
	foreign := b.foreign(x.User.TeamID) || x.Team != nil && x.User.TeamID != "" && x.Team.ID != "" && x.User.TeamID != x.Team.ID
	return commands.Actor{Slack: x.User.ID, Name: b.nameOf(x.User.ID, name), Foreign: foreign}
}

// channel is where something was pressed; "" in App Home.
func (x interaction) channel() string {
	if x.Channel != nil && x.Channel.ID != "" {
		return x.Channel.ID
	}
	return x.Container.ChannelID
}

func (x interaction) caller() caller {
	return caller{user: x.User.ID, channel: x.channel(), hook: x.ResponseURL, trigger: x.TriggerID, replace: x.Container.IsEphemeral}
}

// pressed carries the use of a button, menu or box out. Slack sends one action a press; were it more, the first is
// meant.
func (b *Bot) pressed(ctx context.Context, x interaction, r receipt) answer {
	if len(x.Actions) == 0 {
		return answer{}
	}
	to := x.caller()
	if !b.ours(x) {
		b.health.count("refused")
		return answer{then: func(ctx context.Context) { b.respond(ctx, caller{user: to.user, channel: to.channel}, sayNotOurs(), 0) }}
	}
	if b.sharedChannel(ctx, to.channel) {
		return answer{then: func(ctx context.Context) { b.respond(ctx, to, sayShared(), 0) }}
	}
	c, ok := b.commandOf(x.Actions[0], x)
	if !ok {
		if x.Actions[0].Type == "checkboxes" {
			return answer{then: func(ctx context.Context) { b.respond(ctx, to, sayOldBoxes(), 0) }}
		}
		return answer{}
	}
	c.Actor, c.Channel, c.Keys, c.Keep = b.actor(x), to.channel, r.keys, r.keep
	reply, err := b.handle(ctx, c)
	return b.replied(reply, err, c, to)
}

// ours reports whether a press came from a message that this app posted, its own ephemeral answer, form or App Home
// (I15). Slack signs the payload and names in it the app that the press is for and the app that wrote the message.
func (b *Bot) ours(x interaction) bool {
	switch {
	case x.View != nil && x.Message == nil:
		return true // only this app opens views under its own token
	case x.Container.IsEphemeral:
		return true
	case x.Message == nil:
		return false
	}
	if me, known := b.me(); known && x.Message.BotID != "" {
		return x.Message.BotID == me.BotID
	}
	return x.APIAppID != "" && x.Message.AppID == x.APIAppID
}

// commandOf reads what an element means; false for a button that only opens a page, and for what makes no sense.
func (b *Bot) commandOf(a action, x interaction) (commands.Command, bool) {
	name, _, _ := strings.Cut(a.ActionID, "~")
	if name == actionOpen {
		return commands.Command{}, false
	}
	switch a.Type {
	case "button":
		return commands.Command{Verb: verbOf(a.ActionID), Object: a.Value}, true
	case "overflow":
		if a.SelectedOption == nil {
			return commands.Command{}, false
		}
		verb, object := chosen(a.SelectedOption.Value)
		return commands.Command{Verb: verb, Object: object}, true
	case "static_select":
		if a.SelectedOption == nil {
			return commands.Command{}, false
		}
		verb, object := pickOf(a.ActionID)
		return commands.Command{Verb: verb, Object: object, Fields: map[string][]string{"pick": {a.SelectedOption.Value}}}, true
	case "users_select":
		verb, object := pickOf(a.ActionID)
		return commands.Command{Verb: verb, Object: object, Fields: map[string][]string{"pick": {a.SelectedUser}}}, a.SelectedUser != ""
	case "checkboxes":
		return ticked(a, x)
	}
	return commands.Command{}, false
}

// ticked compares what is ticked now with what the boxes showed: two people who tick at once both win. Only values
// that the message itself offered count.
func ticked(a action, x interaction) (commands.Command, bool) {
	if x.Message == nil {
		return commands.Command{}, false
	}
	options := x.Message.Blocks.options(a.BlockID)
	group, was, ok := shown(a.BlockID, options)
	if !ok || len(options) == 0 {
		return commands.Command{}, false
	}
	offered := map[string]bool{}
	for _, value := range options {
		offered[value] = true
	}
	now := []string{}
	for _, o := range a.SelectedOptions {
		if offered[o.Value] {
			now = append(now, o.Value)
		}
	}
	group, _, _ = strings.Cut(group, "+")
	return commands.Command{Verb: verbOf(a.ActionID), Object: group, Fields: map[string][]string{"was": was, "now": now}}, true
}
