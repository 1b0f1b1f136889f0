package bot

import (
	"context"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/templates"
)

// turned shows the next form in the place of the one that was submitted. On a socket an acknowledgement has little room: a
// form that does not fit follows by views.update. It is known there by the name that the acknowledgement gives the view, so
// that it cannot come before it.
func (b *Bot) turned(ctx context.Context, x interaction, reply commands.Reply, to caller) answer {
	form, s, f := *reply.Form, readSlip(x.View.PrivateMetadata), b.frame(ctx, reply.ID)
	next := modal(form, slip{Channel: s.Channel, Link: s.Link}, f)
	body := slack.NewUpdateViewSubmissionResponse(&next)
	if small(body) {
		return answer{body: body}
	}
	name := cut("turned/"+x.View.ID+"/"+newDrawing(), maxID)
	short := modal(templates.Form{Verb: form.Verb, Object: s.Object, Title: form.Title, Intro: say("One moment…").Blocks}, s, f)
	short.ExternalID, next.ExternalID = name, name
	return answer{body: slack.NewUpdateViewSubmissionResponse(&short), then: func(ctx context.Context) {
		err := b.turn(ctx, next)
		if err == nil {
			return
		}
		b.health.count("form not turned")
		b.Log.Warn("a form did not turn to what follows", "command", form.Verb, "error", troubled(err))
		b.respond(ctx, to, sayNotTurned(form, wordsIn(x.View, &s)), 0)
	}}
}

const (
	turnPatience = 10 * time.Second
	turnAgain    = 200 * time.Millisecond
)

// turn fills a form that an acknowledgement announced, once Slack has that.
func (b *Bot) turn(ctx context.Context, next slack.ModalViewRequest) error {
	ctx, cancel := context.WithTimeout(ctx, turnPatience)
	defer cancel()
	for {
		_, err := b.api.UpdateViewContext(ctx, next, next.ExternalID, "", "")
		if err == nil || is(err, "invalid_arguments", "view_too_large") {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(turnAgain):
		}
	}
}

// wordsIn is what a person typed into a form's text fields.
func wordsIn(v *view, s *slip) []string {
	var words []string
	for _, block := range v.Blocks {
		if a, ok := v.State.Values[block.BlockID][inputID]; ok && strings.TrimSpace(a.Value) != "" {
			words = append(words, s.value(a.Value))
		}
	}
	return words
}
