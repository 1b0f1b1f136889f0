package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// Message is one of the four messages in the runbook's own words, or the built-in one where it has none.
func (o *Office) Message(key string) templates.Form4 {
	if t := o.Runbook().Template(key); t != nil {
		return templates.Form4{Key: t.Key, Subject: t.Subject, Body: t.Body}
	}
	return templates.BuiltIn(key)
}

// outward fills a message that a person sends to people outside the response. own are that person's words. What nobody
// can know yet has no line, the end says it as such; any other missing fact is named, and nothing is sent.
func (o *Office) outward(key string, after *incident.Incident, now time.Time, own templates.Values) (templates.Filled, error) {
	values := templates.Known(after, templates.Facts{Now: now})
	for field, unknown := range map[string]string{"root_cause": "under review", "data_impact": "none known"} {
		if len(values[field]) == 0 {
			values.Set(field, unknown)
		}
	}
	if len(values["next_update"]) == 0 && after.Window == nil {
		values.Set("next_update", "when there is news")
	}
	for field, words := range own {
		values.Set(field, words...)
	}
	if after.Window != nil {
		return templates.FillMaintenance(key, values), nil
	}
	filled, missing := templates.Fill(templates.Without(o.Message(key), values, "eta", "next_steps", "actions", "update_every"), values)
	if len(missing) > 0 {
		return filled, incident.Refuse(incident.BadInput, "Not sent: the runbook's message needs facts that nobody gave: %s.", strings.Join(missing, ", ")).
			Then("Say them first, like: /%s impact nobody can log in", o.command("incident"))
	}
	return filled, nil
}

// lostData is what the runs know of the data now, for a message; empty when nothing is known, or the runs cannot be read:
// a message does not wait for that.
func (o *Office) lostData(ctx context.Context, c *call) string {
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return ""
	}
	lost, err := o.dataImpact(ctx, i)
	if err != nil {
		return ""
	}
	return lost
}

// withOutward puts the filled message into the events that send it: what was said to whom is then in the record. One set of
// facts fills it for every channel; lost is what the runs know of the data.
func (o *Office) withOutward(i *incident.Incident, now time.Time, events []incident.Event, lost string) ([]incident.Event, error) {
	after := i.Clone()
	var every time.Duration // what its own words promise, where that is not the cadence
	for k, e := range events {
		after.Apply(incident.Stamp{Seq: after.Seq, N: after.N + 1, Time: now}, e)
		var err error
		var f templates.Filled
		switch e := e.(type) {
		case incident.UpdateSent:
			if !e.Due.IsZero() {
				every = e.Due.Sub(now)
			}
			w := wording{text: e.Text, steps: e.Next, lost: lost, every: every}
			f, err = o.update(after, now, w)
			e.Subject, e.Outward = f.Subject, f.Body
			if opening := o.notification(i, w.promising(after), now, e.To); err == nil && opening.Body != "" {
				e.Subject, e.Opening = opening.Subject, templates.Once(opening.Body, e.Outward)
			}
			e.Executives = o.apart(i, after, now, e.To, w)
			events[k] = e
		case incident.UpdateDrafted:
			e, err = o.awaiting(i, after, now, e, wording{text: e.Text, steps: e.Next, lost: lost, every: every})
			events[k] = e
		case incident.UpdateEdited:
			if e.Text == "" || !slices.ContainsFunc(e.To, func(a incident.Audience) bool { return a != incident.AudienceStatus }) {
				continue
			}
			w := wording{text: e.Text, steps: e.Next, lost: lost}
			if e.Number == 0 {
				f, err = o.outward(templates.Resolved, after, now, templates.Values{})
			} else {
				f, err = o.update(after, now, w)
			}
			if err == nil {
				e.Subject, e.Outward = f.Subject, f.Body
			}
			e.Executives = o.apart(i, after, now, e.To, w)
			events[k] = e
		case incident.Resolved:
			if e.FalseAlarm {
				continue
			}
			if f, err = o.outward(templates.Resolved, after, now, templates.Values{}); err == nil {
				e.Subject, e.Outward = f.Subject, f.Body
			}
			events[k] = e
		}
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}

// awaiting is a message that waits for its second look, with the words that will leave and with who looks at it.
func (o *Office) awaiting(i, after *incident.Incident, now time.Time, e incident.UpdateDrafted, w wording) (incident.UpdateDrafted, error) {
	f, err := o.drafted(after, now, e, w)
	if err != nil {
		return e, err
	}
	e.Subject, e.Outward = f.Subject, f.Body
	if opening := o.notification(i, w.promising(after), now, e.To); opening.Body != "" && e.Number > 0 {
		e.Subject, e.Opening = opening.Subject, templates.Once(opening.Body, e.Outward)
	}
	if e.Number > 0 {
		e.Due = after.UpdateDue
	}
	if e.Number > 0 && e.Version > 1 && slices.Contains(e.To, incident.AudienceExecutives) {
		e.ExecutivesDue = after.ExecutivesDue
	}
	if e.Number > 0 && e.Version == 1 && after.ExecutivesEvery > 0 && slices.Contains(e.To, incident.AudienceExecutives) {
		if e.ExecutivesDue.IsZero() {
			e.ExecutivesDue = now.Add(after.ExecutivesEvery).UTC()
		}
		theirs := after.Clone()
		theirs.ExecutivesDue = e.ExecutivesDue
		e.Executives = o.apart(i, theirs, now, e.To, w)
	} else if e.Number > 0 {
		e.Executives = o.apart(i, after, now, e.To, w)
	}
	if e.Asked, err = o.lookers(i, e.By); err != nil {
		return e, err
	}
	e.Only = len(o.Config().Outlets.SecondBy) > 0
	if n := templates.LookSize(e); n > templates.MaxLook {
		return e, incident.Refuse(incident.BadInput, "With the runbook's words it has %d characters; a second look can take in %d.", n, templates.MaxLook)
	}
	return e, nil
}

// wording is what a person adds to the facts.
type wording struct {
	text, steps, lost string
	every             time.Duration // to the next one that is promised with it; 0: the cadence's
}

// promising is an incident without its cadence where these words promise another next one: two promises in one message are
// none.
func (w wording) promising(i *incident.Incident) *incident.Incident {
	if w.every <= 0 || w.every == i.UpdateEvery {
		return i
	}
	i = i.Clone()
	i.UpdateEvery = 0
	return i
}

// apart is the message for executives where they are promised another next one than everybody else.
func (o *Office) apart(before, after *incident.Incident, now time.Time, to []incident.Audience, w wording) *incident.Apart {
	if after.ExecutivesEvery == 0 || !after.Active() || !slices.Contains(to, incident.AudienceExecutives) {
		return nil
	}
	theirs := after.Clone()
	if theirs.UpdateEvery, theirs.UpdateDue = after.ExecutivesEvery, after.ExecutivesDue; w.every > 0 {
		w.every = after.ExecutivesDue.Sub(now)
	}
	f, err := o.update(theirs, now, w)
	if err != nil {
		return nil // nobody is sent it: the same is missing in everybody's
	}
	return &incident.Apart{Outward: f.Body, Opening: templates.Once(o.notification(before, theirs, now, to).Body, f.Body)}
}

// update is a message in the runbook's words for updates.
func (o *Office) update(after *incident.Incident, now time.Time, w wording) (templates.Filled, error) {
	own := templates.Values{"description": {w.text}, "update_message": {w.text}}
	own.Set("next_steps", strings.Split(w.steps, "\n")...)
	own.Set("data_impact", w.lost)
	return o.outward(templates.Progress, w.promising(after), now, own)
}

// drafted is the message that waits for its second look: the resolution's after the end, an update's before.
func (o *Office) drafted(after *incident.Incident, now time.Time, e incident.UpdateDrafted, w wording) (templates.Filled, error) {
	if e.Number == 0 {
		return o.outward(templates.Resolved, after, now, templates.Values{})
	}
	return o.update(after, now, w)
}

// notification is the runbook's first message, for people who are mailed for the first time while the cause is still looked
// for; from the facts that there are, since nobody was asked for more. It is empty for everybody else.
func (o *Office) notification(before, after *incident.Incident, now time.Time, to []incident.Audience) templates.Filled {
	mailed := func(a incident.Audience) bool { return a == incident.AudienceMail || a == incident.AudienceExecutives }
	told := slices.ContainsFunc(before.Messages, func(s incident.Sent) bool { return slices.ContainsFunc(s.To, mailed) })
	if told || after.Window != nil || !slices.ContainsFunc(to, mailed) || after.Status != incident.Investigating || !after.Active() {
		return templates.Filled{}
	}
	return templates.FillKnown(o.Message(templates.Initial), templates.Known(after, templates.Facts{Now: now}))
}
