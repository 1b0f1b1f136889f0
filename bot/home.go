package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// publishHome draws App Home for who looks at it: links only, nothing is decided there (I15).
func (b *Bot) publishHome(ctx context.Context, user string) {
	office, ok := b.Handler.(homer)
	if !ok || user == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	b.learn(ctx, user)
	view, err := office.Home(ctx, commands.Actor{Slack: user, Name: b.nameOf(user, "")})
	m := templates.Home(b.homeFacts(ctx, view))
	if refusal := asRefusal(err); refusal != nil {
		m = say(refusal.Error())
	} else if err != nil {
		m = say("drbot cannot read its record now: " + err.Error())
	}
	_, err = b.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: homeView(m, b.frame(ctx, 0))})
	if err != nil && !is(err, "not_enabled") {
		b.Log.Warn("App Home was not drawn", "user", user, "error", troubled(err))
	}
}

func (b *Bot) homeFacts(ctx context.Context, v commands.HomeView) templates.HomeFacts {
	h := templates.HomeFacts{Facts: templates.Facts{Now: b.Now(), Commands: templates.Commands{Incident: b.Incident, Recover: b.Recover}}, Record: "ok"}
	if v.Known {
		h.Me = templates.Contact{Name: v.Person.Name, Key: v.Person.Key, Slack: v.Person.Slack, Roles: v.Roles}
	}
	for _, w := range v.Waiting {
		h.Waiting = append(h.Waiting, templates.HomeWaiting{Text: w.Text, Ends: w.Ends, URL: b.linkTo(ctx, w.Incident, w.Object, w.Channel)})
	}
	for _, line := range v.Open {
		open := templates.HomeIncident{Summary: line.Summary, You: line.You}
		if line.Channel != "" {
			open.URL = b.channelLink(line.Channel)
		}
		h.Open = append(h.Open, open)
	}
	for _, task := range v.Tasks {
		h.Tasks = append(h.Tasks, templates.HomeTask{Title: task.Incident.String() + " · " + task.Title, Due: task.Due, Status: task.Status, URL: b.channelLink(task.Channel)})
	}
	h.Links = []string{slackInWords(b.Health())}
	if b.Watch != nil {
		h.Links = append(h.Links, b.Watch()...)
	}
	if house, err := b.Memory.House(ctx); err == nil {
		h.House, h.Runbook = house, house.Runbook.Digest
	} else {
		h.Record = err.Error()
	}
	return h
}

// slackInWords is the state of all connections to Slack as one: away since the first of them was.
func slackInWords(links []Link) string {
	var away time.Time
	for _, link := range links {
		if !link.Up && !link.Since.IsZero() && (away.IsZero() || link.Since.Before(away)) {
			away = link.Since
		}
	}
	if away.IsZero() {
		return "Slack ok"
	}
	return "Slack not reachable since " + away.UTC().Format("15:04 UTC")
}

// linkTo is the address of an object's message, else of the incident's channel.
func (b *Bot) linkTo(ctx context.Context, id incident.ID, object, channel string) string {
	if link := b.frame(ctx, id).link; link != nil && link(object) != "" {
		return link(object)
	}
	if channel == "" {
		return ""
	}
	return b.channelLink(channel)
}

// asRefusal finds a lawful no in an error.
func asRefusal(err error) *incident.Refusal {
	refusal := (*incident.Refusal)(nil)
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}
