package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// addNote puts a line on the timeline. This is the busiest verb: nothing here reads or copies the incident.
func addNote(ctx context.Context, o *Office, c *call) (Reply, error) {
	text := c.Text
	if len(c.Fields) > 0 {
		text = strings.TrimSpace(c.Field("at") + " " + c.Field("text"))
	} else if text == "" {
		return noteForm(ctx, o, c)
	}
	var at time.Time
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		at = v.Now()
		note := text
		word, rest := head(text)
		if then, ok := parseClock(strings.Trim(word, "[]"), at, true); ok {
			at, note = then, rest
		}
		return i.Note(v.Now(), c.person, at, note)
	}, func(*incident.Incident) string { return said("noted", facts{"At": at}) })
	return c.atField("text", reply, err)
}

func noteForm(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	return c.form(o, templates.Form{Verb: "incident note", Object: objectOf(i), Title: "Note", Submit: "Note", Fields: []templates.Field{
		{ID: "text", Label: "What happened", Kind: templates.FieldArea, Max: 3000},
		{ID: "at", Label: "When (UTC)", Kind: templates.FieldText, Optional: true, Placeholder: "15:04", Hint: "Empty: now.", Max: 5},
	}}, "The note is missing.")
}

// pinned splits the object of a message: "42/1700000000.000100" or "C0123/1700000000.000100".
func pinned(c *call) (channel, ts string, err error) {
	place, ts, ok := strings.Cut(c.Object, "/")
	if _, number := incident.ParseID(place); number != nil && place != "" {
		channel = place
	}
	channel = or(c.Channel, channel)
	if !ok || ts == "" || len(ts) > 40 || channel == "" {
		return "", "", incident.Refuse(incident.BadInput, "drbot cannot tell which message that is.")
	}
	return channel, ts, nil
}

// pin keeps a message on the timeline with its own time and author. Doing it again changes nothing.
func pin(ctx context.Context, o *Office, c *call) (Reply, error) {
	channel, ts, err := pinned(c)
	if err != nil {
		return Reply{}, err
	}
	author := incident.Person{Name: c.Field("author_name")} // a bot has no user
	if id := c.Field("author"); id != "" {
		author = incident.Person{Key: "slack:" + id, Name: or(c.Field("author_name"), id), Slack: id}
		if entry, ok := o.People().Slack(id); ok {
			author = entry.Person("")
		}
	}
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Pin(incident.Pinned{
			By: c.person, Channel: channel, TS: ts, Author: author, At: messageTime(ts, v.Now()), Text: c.Text, Link: c.Link,
		}), nil
	}, func(*incident.Incident) string { return said("kept", nil) })
}

// messageTime reads the instant out of a chat message's ts; now, where it is none.
func messageTime(ts string, now time.Time) time.Time {
	var seconds int64
	if n, err := fmt.Sscanf(ts, "%d", &seconds); n != 1 || err != nil || seconds <= 0 || seconds > now.Unix() {
		return now
	}
	return time.Unix(seconds, 0).UTC()
}

// editPin follows an edit of a kept message.
func editPin(ctx context.Context, o *Office, c *call) (Reply, error) {
	channel, ts, err := pinned(c)
	if err != nil {
		return Reply{}, err
	}
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.EditPin(channel, ts, cut(c.Text, incident.MaxText)), nil
	}, func(*incident.Incident) string { return said("rekept", nil) })
}

// unpin takes a message off again; the record keeps that it was there.
func unpin(ctx context.Context, o *Office, c *call) (Reply, error) {
	channel, ts, err := pinned(c)
	if err != nil {
		return Reply{}, err
	}
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Unpin(c.person, channel, ts), nil
	}, func(*incident.Incident) string { return said("unkept", nil) })
}
