package commands

import (
	"context"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// windowVerbs lists what scheduled maintenance has of its own.
func windowVerbs() []Verb {
	return []Verb{
		{
			Group: "incident", Name: "window", May: incident.Responder, Scope: OfIncident, Grammar: "<from> <until|2h>", Example: "window 22:00 2h", Deed: "plan maintenance",
			Does: "Plans the window of scheduled maintenance, in UTC; with a day like 2026-11-25T22:00.", do: setWindow,
		},
		{Group: "incident", Name: "longer", May: incident.Responder, Scope: OfIncident, Deed: "plan maintenance", Hidden: true, Does: "Moves the end of the window by half an hour.", do: longerWindow},
	}
}

// isMaintenance reports whether incidents of a type are planned: the seed's scheduled maintenance, or what the
// configuration marks as such.
func (o *Office) isMaintenance(kind string) bool {
	if marked, ok := lookup(o.Config().Maintenance, kind); ok {
		return marked
	}
	return strings.Contains(strings.ToLower(kind), "maintenance")
}

// planned adds to what changes an incident's type that it is maintenance from now on, or is none any more. It passes an
// error on.
func (o *Office) planned(v state.View, i *incident.Incident, by incident.Person, events []incident.Event, err error) ([]incident.Event, error) {
	if err != nil {
		return nil, err
	}
	after := i.Clone()
	for k, e := range events {
		after.Apply(incident.Stamp{Seq: i.Seq, N: i.N + uint64(k) + 1, Time: v.Now()}, e)
	}
	switch planned := o.isMaintenance(after.Type); {
	case planned && i.Window == nil:
		return append(events, incident.WindowSet{By: by}), nil
	case !planned && i.Window != nil:
		after.Window = nil
		return append(events, incident.WindowSet{By: by, Off: true, Policy: o.changed(after, after.Severity, v.Now())}), nil
	}
	return events, nil
}

// setWindow plans the window; without a word it offers the form.
func setWindow(ctx context.Context, o *Office, c *call) (Reply, error) {
	from, until := head(c.Text)
	if len(c.Fields) > 0 {
		from, until = c.Field("from"), c.Field("until")
	}
	if from == "" && len(c.Fields) == 0 {
		i, err := o.look(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		f := templates.Form{Verb: "incident window", Object: objectOf(i), Title: "Maintenance window", Submit: "Plan", Fields: []templates.Field{
			{ID: "from", Label: "From (UTC)", Kind: templates.FieldText, Hint: "22:00, or 2026-11-25T22:00.", Max: 20},
			{ID: "until", Label: "Until, or how long", Kind: templates.FieldText, Hint: "2h, 23:30, or 2026-11-25T23:30.", Max: 20},
		}}
		if w := i.Window; w != nil && !w.From.IsZero() {
			f.Fields[0].Value, f.Fields[1].Value = w.From.Format("2006-01-02T15:04"), w.Until.Format("2006-01-02T15:04")
		}
		return c.form(o, f, "The window is missing.")
	}
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		begin, end, err := parseWindow(from, until, v.Now())
		if err != nil {
			return nil, err
		}
		return i.SetWindow(v.Now(), c.person, begin, end)
	}, windowAnswer)
	return c.atField("from", reply, err)
}

func windowAnswer(i *incident.Incident) string {
	return said("window", about(i, facts{"From": i.Window.From, "Until": i.Window.Until}))
}

// longerWindow moves its end.
func longerWindow(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		if i.Window == nil || i.Window.Until.IsZero() {
			return nil, incident.Refuse(incident.WrongState, "%s has no window.", i.ID).Then("Like: window 22:00 2h")
		}
		until := i.Window.Until
		if now := v.Now(); until.Before(now) {
			until = now.Truncate(time.Minute)
		}
		return i.SetWindow(v.Now(), c.person, i.Window.From, until.Add(30*time.Minute))
	}, windowAnswer)
}

// parseWindow reads an instant, and its end as an instant or a duration. A clock time is the next one that comes, and an
// end the next after the beginning.
func parseWindow(from, until string, now time.Time) (begin, end time.Time, err error) {
	wrong := func(word string) error {
		return incident.Refuse(incident.BadInput, "%q is no time of a window.", cut(word, 40)).Then("Like: window 22:00 2h, or window 2026-11-25T22:00 2026-11-25T23:30 (UTC).")
	}
	if until == "" {
		return begin, end, wrong(until)
	}
	if begin, err = windowTime(from, now); err != nil {
		return begin, end, wrong(from)
	}
	if d, err := time.ParseDuration(strings.ToLower(until)); err == nil && d > 0 {
		return begin, begin.Add(d), nil
	}
	if end, err = windowTime(until, begin); err != nil {
		return begin, end, wrong(until)
	}
	return begin, end, nil
}

func windowTime(word string, after time.Time) (time.Time, error) {
	if strings.EqualFold(word, "now") {
		return after, nil
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04Z", time.RFC3339} {
		if t, err := time.Parse(form, strings.ToUpper(word)); err == nil {
			return t.UTC(), nil
		}
	}
	clock, err := time.Parse("15:04", word)
	if err != nil {
		return time.Time{}, err
	}
	after = after.UTC()
	at := time.Date(after.Year(), after.Month(), after.Day(), clock.Hour(), clock.Minute(), 0, 0, time.UTC)
	if at.Before(after.Truncate(time.Minute)) {
		at = at.AddDate(0, 0, 1)
	}
	return at, nil
}
