package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// addNote puts a line on the timeline. This is the busiest verb: nothing here reads or copies the incident.
func addNote(ctx context.Context, o *Office, c *call) (Reply, error) {
	text, field := c.Text, "text"
	if len(c.Fields) > 0 {
		if typed := strings.TrimSpace(c.Field("at")); typed != "" {
			if _, rest, dated, err := readThen(typed, time.Time{}, nil); !dated || rest != "" || err != nil {
				return c.atField("at", Reply{}, noTime(typed))
			}
			field = "at"
		}
		text = strings.TrimSpace(c.Field("at") + " " + c.Field("text"))
	} else if text == "" {
		return noteForm(ctx, o, c)
	}
	var zone *time.Location
	if h := o.Config().Hours; h != nil {
		zone = h.Zone
	}
	var at time.Time
	var day string
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		then, note, dated, err := readThen(text, v.Now(), zone)
		if err != nil {
			return nil, err
		}
		field, at, day = "text", v.Now(), ""
		if dated {
			switch now := at.UTC(); {
			case then.UTC().Year() != now.Year(): // a slip of the year is seen
				day = then.UTC().Format("2 Jan 2006 15:04")
			case then.UTC().YearDay() != now.YearDay():
				day = then.UTC().Format("2 Jan 15:04")
			}
			at = then
		}
		return i.Note(v.Now(), c.person, at, note)
	}, func(*incident.Incident) string { return said("noted", facts{"At": at, "Day": day}) })
	return c.atField(field, reply, err)
}

func noteForm(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	return c.form(o, templates.Form{Verb: "incident note", Object: objectOf(i), Title: "Note", Submit: "Note", Fields: []templates.Field{
		{ID: "text", Label: "What happened", Kind: templates.FieldArea, Max: 3000},
		{ID: "at", Label: "When (UTC)", Kind: templates.FieldText, Optional: true, Placeholder: "15:04", Hint: "Empty: now. Also 10m ago, and of another day yesterday 15:04 or 2026-11-24 15:04.", Max: 20},
	}}, "The note is missing.")
}

// showTimeline answers the one who asked with a page of the timeline, the newest unless one is named.
func showTimeline(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	var events []templates.Happened
	for r, err := range o.Store.Records(ctx, i.ID, 0) {
		if err != nil {
			return Reply{}, err
		}
		h := templates.Happened{At: r.Time}
		if !r.Redacted {
			if h.E, err = r.Event(); err != nil {
				return Reply{}, err
			}
		}
		events = append(events, h)
	}
	entries := templates.Entries(i, events)
	page := pageOf(c.Object)
	if word, _ := head(c.Text); word != "" {
		if page = pageOf("/" + word); page == 0 {
			return Reply{}, incident.Refuse(incident.BadInput, "%q is no page.", cut(word, 40)).Then("Like: timeline 2")
		}
	}
	view := make([]ViewEntry, len(entries))
	for k, e := range entries {
		view[k] = ViewEntry{At: e.At.UTC(), Text: e.Text, Link: e.Link}
	}
	return Reply{Say: templates.Timeline(i, entries, page), ID: i.ID, Seq: i.Seq, Data: view}, nil
}

// ViewEntry is a line of `incident timeline --json`, which has every page.
type ViewEntry struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	Link string    `json:"link,omitempty"`
}

// verbPin keeps a message.
const verbPin = "incident pin"

// pinned splits the object of a message: "42/1700000000.000100", "C0123/1700000000.000100", or "42/C0123/1700000000.000100" where
// an incident was chosen for a message of another channel. What was typed before a restart is not known any more.
func pinned(c *call) (channel, ts string, err error) {
	unclear := incident.Refuse(incident.BadInput, "drbot cannot tell which message that is.")
	if strings.Contains(c.Object, typedMark) {
		return "", "", unclear.Then("It was restarted meanwhile: use Add to timeline on the message once more.")
	}
	parts := strings.Split(c.Object, "/")
	ts = parts[len(parts)-1]
	switch _, number := incident.ParseID(parts[0]); {
	case len(parts) == 3:
		channel = parts[1]
	case len(parts) == 2 && number != nil && parts[0] != "":
		channel = or(c.Channel, parts[0])
	case len(parts) == 2:
		channel = c.Channel
	}
	if ts == "" || len(ts) > 40 || channel == "" {
		return "", "", unclear
	}
	return channel, ts, nil
}

// placeOf is the place of the message that a choice of an incident carries on with.
func placeOf(c *call) (place string, ok bool) {
	if c.verb.Full() != verbPin {
		return "", false
	}
	channel, ts, err := pinned(c)
	return channel + "/" + ts, err == nil
}

// maxKeptFiles is how many files a message brings along; Slack takes ten with one.
const maxKeptFiles = 20

// pin keeps a message on the timeline with its own time, author and files. Doing it again changes nothing.
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
	var files []incident.File
	for _, text := range c.Fields["files"] {
		var f incident.File
		if err := json.Unmarshal([]byte(text), &f); err != nil || f.ID == "" || len(files) == maxKeptFiles {
			return Reply{}, incident.Refuse(incident.BadInput, "drbot cannot tell which files that message has.")
		}
		files = append(files, f)
	}
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Pin(incident.Pinned{
			By: c.person, Channel: channel, TS: ts, Author: author, At: messageTime(ts, v.Now()), Text: c.Text, Link: c.Link,
			Files: files, Mark: c.Field("mark") != "",
		}), nil
	}, func(i *incident.Incident) string {
		return said("kept", facts{"ID": i.ID, "Here": channel == i.Channel.ID})
	})
}

// messageTime reads the instant out of a chat message's ts; now, where it is none.
func messageTime(ts string, now time.Time) time.Time {
	var seconds int64
	if n, err := fmt.Sscanf(ts, "%d", &seconds); n != 1 || err != nil || seconds <= 0 || seconds > now.Unix() {
		return now
	}
	return time.Unix(seconds, 0).UTC()
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
