package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/templates"
)

// submitted carries a form out. Wrong values come back at their field; what is refused as a whole comes back at the
// first one, so that nobody types twice.
func (b *Bot) submitted(ctx context.Context, x interaction, r receipt) answer {
	if x.View == nil {
		return answer{}
	}
	s := readSlip(x.View.PrivateMetadata)
	c := commands.Command{
		Verb: verbOf(x.View.CallbackID), Object: s.Object, Channel: s.Channel, Link: s.Link,
		Fields: fieldsOf(x.View, &s), Actor: b.actor(x), Keys: r.keys, Keep: r.keep,
	}
	to := caller{user: x.User.ID, channel: s.Channel, trigger: x.TriggerID}
	for _, who := range c.Fields["who"] {
		b.learnNow(ctx, who)
	}
	reply, err := b.handle(ctx, c)
	switch {
	case err != nil:
		return b.backInForm(x.View, s, sayNotRecorded(err, b.Incident).Text)
	case len(reply.Errors) > 0:
		return answer{body: slack.NewErrorsViewSubmissionResponse(errorsAt(x.View, reply.Errors))}
	case reply.Kind != "":
		return b.backInForm(x.View, s, reply.Say.Text)
	case reply.Form != nil:
		return b.turned(ctx, x, reply, to)
	case reply.Say.Empty():
		return answer{}
	}
	if c.Verb == "incident open" && reply.ID != 0 {
		to.channel = "" // its own channel follows; the answer is a direct message, as there is no channel to answer in
	}
	return answer{then: func(ctx context.Context) { b.respond(ctx, to, reply.Say, reply.ID) }}
}

// fieldsOf reads what was filled in: by field, whole values.
func fieldsOf(v *view, s *slip) map[string][]string {
	fields := map[string][]string{}
	for field, actions := range v.State.Values {
		a, ok := actions[inputID]
		if !ok {
			continue
		}
		switch {
		case a.SelectedOption != nil:
			fields[field] = []string{s.value(a.SelectedOption.Value)}
		case a.SelectedUser != "":
			fields[field] = []string{a.SelectedUser}
		case a.Type == "checkboxes":
			ticked := []string{}
			for _, o := range a.SelectedOptions {
				ticked = append(ticked, s.value(o.Value))
			}
			fields[field] = ticked
		case a.Value != "":
			fields[field] = []string{a.Value}
		}
	}
	return fields
}

// errorsAt puts errors at fields that the form has: another key makes Slack say only "trouble connecting".
func errorsAt(v *view, errs map[string]string) map[string]string {
	at := map[string]string{}
	for field, say := range errs {
		if _, ok := v.State.Values[field]; !ok {
			field = firstField(v)
		}
		if field != "" {
			at[field] = cut(clean(say), maxLabel)
		}
	}
	return at
}

// firstField is the first input of a form; "" where it has none.
func firstField(v *view) string {
	for _, block := range v.Blocks {
		if _, ok := v.State.Values[block.BlockID]; ok {
			return block.BlockID
		}
	}
	return ""
}

// backInForm says something in the form: at its first field, or in its place where it has none.
func (b *Bot) backInForm(v *view, s slip, text string) answer {
	if field := firstField(v); field != "" {
		return answer{body: slack.NewErrorsViewSubmissionResponse(map[string]string{field: cut(clean(text), maxLabel)})}
	}
	told := modal(templates.Form{Verb: verbOf(v.CallbackID), Object: s.Object, Title: "drbot", Intro: say(text).Blocks}, s, b.frame(b.ctx, 0))
	return answer{body: slack.NewUpdateViewSubmissionResponse(&told)}
}

// Callback ids of the shortcuts, as the manifest names them.
const (
	shortcutOpen     = "open_incident"
	shortcutOpenFrom = "open_from_message"
	shortcutTimeline = "add_to_timeline"
)

// shortcut carries one of the three shortcuts out. Opening gives the form, outside of any incident.
func (b *Bot) shortcut(ctx context.Context, x interaction, r receipt) answer {
	to := x.caller()
	if b.sharedChannel(ctx, to.channel) {
		return answer{then: func(ctx context.Context) { b.respond(ctx, to, sayShared(), 0) }}
	}
	switch x.CallbackID {
	case shortcutOpen, shortcutOpenFrom:
		c := commands.Command{Verb: "incident start", Actor: b.actor(x), Keys: r.keys, Keep: r.keep}
		if x.CallbackID == shortcutOpenFrom && x.Message != nil {
			c.Verb = "incident from message"
			c.Text, c.Link = cut(b.worded(typedText(x.Message.Text)), maxInput), b.permalink(place{to.channel, x.Message.TS})
		}
		reply, err := b.handle(ctx, c)
		return b.replied(reply, err, c, to)
	case shortcutTimeline:
		if x.Message == nil {
			return answer{}
		}
		at := place{to.channel, x.Message.TS}
		c := b.pinCommand(at, *x.Message)
		c.Actor, c.Keys, c.Keep = b.actor(x), r.keys, r.keep
		reply, err := b.handle(ctx, c)
		told := b.replied(reply, err, c, to)
		if err != nil || !reply.Done() {
			return told
		}
		return answer{then: func(ctx context.Context) {
			b.mark(ctx, at, true)
			if told.then != nil {
				told.then(ctx)
			}
		}}
	}
	return answer{}
}
