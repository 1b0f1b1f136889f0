package commands

import (
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
// can know yet is said as such; any other missing fact is named, and nothing is sent.
func (o *Office) outward(key string, after *incident.Incident, now time.Time, own templates.Values) (string, error) {
	values := templates.Known(after, templates.Facts{Now: now})
	for field, unknown := range map[string]string{
		"eta": "not known yet", "next_steps": "being decided", "root_cause": "under review", "data_impact": "none known", "actions": "none recorded",
	} {
		if len(values[field]) == 0 {
			values.Set(field, unknown)
		}
	}
	if len(values["next_update"]) == 0 {
		values.Set("next_update", "when there is news")
	}
	for field, words := range own {
		values.Set(field, words...)
	}
	filled, missing := templates.Fill(o.Message(key), values)
	if len(missing) > 0 {
		return "", incident.Refuse(incident.BadInput, "Not sent: the runbook's message needs facts that nobody gave: %s.", strings.Join(missing, ", ")).
			Then("Say them first, like: /%s impact nobody can log in", o.command("incident"))
	}
	return filled.Body, nil
}

// withOutward puts the filled message into the event that sends it: what was said to whom is then in the record.
func (o *Office) withOutward(i *incident.Incident, now time.Time, events []incident.Event) ([]incident.Event, error) {
	after := i.Clone()
	for k, e := range events {
		after.Apply(incident.Stamp{Seq: after.Seq, N: after.N + 1, Time: now}, e)
		var err error
		switch e := e.(type) {
		case incident.UpdateSent:
			own := templates.Values{"description": {e.Text}, "update_message": {e.Text}}
			own.Set("next_steps", strings.Split(e.Next, "\n")...)
			e.Outward, err = o.outward(templates.Progress, after, now, own)
			events[k] = e
		case incident.Resolved:
			if e.FalseAlarm {
				continue
			}
			e.Outward, err = o.outward(templates.Resolved, after, now, nil)
			events[k] = e
		}
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}
