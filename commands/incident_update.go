package commands

import (
	"context"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// sendUpdate sends the text now; without one it offers the form with a draft from the record.
func sendUpdate(ctx context.Context, o *Office, c *call) (Reply, error) {
	text, next, steps := c.Text, "", ""
	if len(c.Fields) > 0 {
		text, next, steps = c.Field("text"), c.Field("next"), c.Field("steps")
	} else {
		text, next = cutNext(text)
	}
	if len(c.Fields) == 0 && text == "" {
		return updateForm(ctx, o, c, next)
	}
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		events, err := updating(v, i, c, text, steps, next)
		if err != nil {
			return nil, err
		}
		return o.withOutward(i, v.Now(), events)
	}, updateAnswer)
	return c.atField("text", reply, err)
}

// updating is the update with the status that the form sets along.
func updating(v state.View, i *incident.Incident, c *call, text, steps, next string) ([]incident.Event, error) {
	var span time.Duration
	if next != "" {
		var ok bool
		if span, ok = parseWhen(next, v.Now()); !ok {
			return nil, incident.Refuse(incident.BadInput, "%q is no time for the next update.", cut(next, 40)).Then("Write 30m or 15:30 (UTC).")
		}
	}
	var events []incident.Event
	if status := incident.Status(c.Field("status")); status != "" && status != i.Status {
		set, err := i.SetStatus(c.person, status)
		if err != nil {
			return nil, err
		}
		events = set
	}
	sent, err := i.Update(v.Now(), c.person, text, cut(steps, 1000), span)
	return append(events, sent...), err
}

func updateAnswer(i *incident.Incident) string {
	due := when(i.UpdateDue)
	if i.UpdateEvery == 0 {
		due = nil
	}
	return said("updated", about(i, facts{"Number": i.Updates, "Due": due}))
}

// cutNext takes "next 30m" or "next 15:30" off the end.
func cutNext(text string) (rest, next string) {
	words := strings.Fields(text)
	if n := len(words); n >= 2 && strings.EqualFold(words[n-2], "next") {
		if _, ok := parseWhen(words[n-1], time.Unix(0, 0)); ok {
			at := strings.LastIndex(text, words[n-2])
			return strings.TrimSpace(text[:at]), words[n-1]
		}
	}
	return text, ""
}

func updateForm(ctx context.Context, o *Office, c *call, next string) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	if !i.Active() {
		return Reply{}, incident.Refuse(incident.WrongState, "%s is %s.", i.ID, i.State).Then("Reopen it first, with a reason.")
	}
	if next == "" && i.UpdateEvery > 0 {
		next = strings.TrimSuffix(strings.TrimSuffix(i.UpdateEvery.String(), "0s"), "0m")
	}
	return c.form(o, templates.Form{Verb: "incident update", Object: objectOf(i), Title: "Post update", Submit: "Send", Fields: []templates.Field{
		{ID: "status", Label: "Status", Kind: templates.FieldSelect, Options: statusOptions(), Value: string(i.Status), Optional: true},
		{ID: "text", Label: "What happened", Kind: templates.FieldArea, Value: Draft(i), Max: 3000},
		{ID: "steps", Label: "Next steps", Kind: templates.FieldArea, Optional: true, Max: 1000},
		{ID: "next", Label: "Next update", Kind: templates.FieldText, Value: next, Optional: true, Hint: "30m, or 15:30 UTC.", Max: 8},
	}}, "The update is missing.")
}

// sendDraft sends the reminder's draft. The button names the draft that was shown: when the record has moved on since,
// the words are others, and the person reads them first.
func sendDraft(ctx context.Context, o *Office, c *call) (Reply, error) {
	_, shown, _ := strings.Cut(c.Object, "/")
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		text := Draft(i)
		if shown != "" && shown != DraftID(text) {
			return nil, incident.Refuse(incident.WrongState, "More happened since that draft.").Then("Press Edit and send: %s", cut(text, 400))
		}
		events, err := i.Update(v.Now(), c.person, text, "", 0)
		if err != nil {
			return nil, err
		}
		return o.withOutward(i, v.Now(), events)
	}, updateAnswer)
}

// snoozeUpdate moves the next update, by 15 minutes where nothing else is said.
func snoozeUpdate(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		span, ok := parseWhen(or(c.Text, "15m"), v.Now())
		if !ok {
			return nil, incident.Refuse(incident.BadInput, "%q is no time.", cut(c.Text, 40)).Then("Write 15m or 15:30 (UTC).")
		}
		return i.Snooze(v.Now(), c.person, span)
	}, func(i *incident.Incident) string {
		return said("snoozed", about(i, facts{"Due": i.UpdateDue}))
	})
}
