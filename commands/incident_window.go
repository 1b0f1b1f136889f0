package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
			Does: "Plans the window of scheduled maintenance, in UTC; with a day like 2026-11-25T22:00. `window off <why>` calls it off.", do: setWindow,
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
		events = slices.DeleteFunc(events, func(e incident.Event) bool { _, ok := e.(incident.SeveritySet); return ok }) // it has none
		return append(events, incident.WindowSet{By: by}), nil
	case planned:
		return slices.DeleteFunc(events, func(e incident.Event) bool { _, ok := e.(incident.SeveritySet); return ok }), nil
	case !planned && i.Window != nil:
		off := incident.WindowSet{By: by, Off: true}
		after.Apply(incident.Stamp{Seq: after.Seq, N: after.N + 1, Time: v.Now()}, off)
		off.Policy = o.changed(after, after.Severity, v.Now())
		for k, e := range events {
			if s, ok := e.(incident.SeveritySet); ok {
				s.Policy = off.Policy
				events[k] = s
			}
		}
		return append(events, off), nil
	}
	return events, nil
}

// maintaining finds maintenance in progress of any of these services. It is only said: the alert opens its incident as ever.
func (o *Office) maintaining(ctx context.Context, services []string) *incident.During {
	if len(services) == 0 {
		return nil
	}
	open, err := o.Store.List(ctx, state.Query{Open: true})
	if err != nil {
		return nil // nothing of an alert waits for this
	}
	for _, s := range open {
		if s.Phase != incident.InProgress || s.Restricted || s.Drill {
			continue
		}
		both := slices.DeleteFunc(slices.Clone(services), func(name string) bool {
			return !slices.ContainsFunc(s.Services, func(of string) bool { return strings.EqualFold(of, name) })
		})
		if len(both) > 0 {
			return &incident.During{Incident: s.ID, Services: both, Until: s.Until}
		}
	}
	return nil
}

// setWindow plans the window; without a word it offers the form.
func setWindow(ctx context.Context, o *Office, c *call) (Reply, error) {
	from, until := head(c.Text)
	if len(c.Fields) > 0 {
		from, until = c.Field("from"), c.Field("until")
	}
	if strings.EqualFold(from, "off") && len(c.Fields) == 0 {
		return callOff(ctx, o, c, until)
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
	}, o.windowAnswer)
	return c.atField("from", reply, err)
}

// callOff ends maintenance that has not begun; who was told of it is told of that.
func callOff(ctx context.Context, o *Office, c *call, why string) (Reply, error) {
	if why == "" {
		return Reply{}, incident.Refuse(incident.BadInput, "The reason is missing.").Then("Like: window off the new disks did not come")
	}
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		switch {
		case i.Exists() && i.Window == nil:
			return nil, incident.NoMaintenance(i)
		case i.Phase() == incident.InProgress:
			return nil, incident.Refuse(incident.WrongState, "%s is in progress.", i.ID).Then("`resolve` ends it, with how it went.")
		}
		return o.resolving(v.Now(), i, incident.Resolved{By: c.person, FalseAlarm: true, Reason: cut(why, 500)}, notice{})
	}, func(i *incident.Incident) string { return planSaid(i, "over", facts{"Closed": o.closedTo(i)}) })
}

// planSaid is an answer about maintenance: opened, typed, reopened or over.
func planSaid(i *incident.Incident, what string, more facts) string {
	all := about(i, facts{
		"What": what, "Title": i.Title, "Type": i.Type, "Phase": string(i.Phase()), "From": when(i.Window.From), "Until": when(i.Window.Until),
		"Commander": i.Roles[incident.Commander].Name, "Heard": "", "Closed": "", "Second": "", "Untold": "", "To": "",
	})
	maps.Copy(all, more)
	return said("planned", all)
}

// planEnd is the form that ends maintenance: it has no cause and loses no data, and before its window it is called off.
func planEnd(i *incident.Incident, f templates.Form, r incident.Resolved) templates.Form {
	f.Title, f.Submit = "Complete "+i.ID.String(), "Completed"
	field := templates.Field{ID: "summary", Label: "How it went", Kind: templates.FieldArea, Value: r.Summary, Max: 2000}
	off := i.BeforeWindow(i.Time)
	if off {
		f.Title, f.Submit, field.Label = "Call off "+i.ID.String(), "Call off", "Why it does not take place"
	}
	f.Fields = []templates.Field{field}
	if open := i.StillOpen(); len(open) > 0 && !off {
		f.Intro = []templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T(said("stillopen", facts{"Open": strings.Join(open, "; ")}))}}}}
		f.Fields = append(f.Fields, templates.Field{ID: "anyway", Label: "Complete it anyway: why", Kind: templates.FieldText, Value: r.Reason, Hint: "Or close what is open first.", Max: 500})
	}
	return f
}

// windowAnswer names who was mailed the window that was moved, and what did not leave with it.
func (o *Office) windowAnswer(i *incident.Incident) string {
	var looks []string
	for k := range i.Outgoing {
		if m := &i.Outgoing[k]; m.State == incident.LookMoved && i.Moved != nil && m.Decided.Equal(i.Moved.At) {
			looks = append(looks, fmt.Sprintf("m%d", m.Draft))
		}
	}
	return said("window", about(i, facts{
		"From": i.Window.From, "Until": i.Window.Until, "Heard": named(o.open(i, i.Outdated())), "Looks": strings.Join(looks, " and "),
	}))
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
	}, o.windowAnswer)
}

// maxClock is the longest window that is taken from clock times alone: 22:00 21:00 is a slip.
const maxClock = 12 * time.Hour

const dayForm = "2006-01-02T15:04"

// dated reports whether an instant was written with its day.
func dated(word string) bool { return strings.ContainsAny(word, "tT") }

// parseWindow reads an instant, and its end as an instant or a duration. A clock time is the next one that comes, and an
// end the next after the beginning.
func parseWindow(from, until string, now time.Time) (begin, end time.Time, err error) {
	wrong := func(word string) error {
		return incident.Refuse(incident.BadInput, "%q is no time of a window.", cut(word, 40)).Then("Like: window 22:00 2h, or window 2026-11-25T22:00 2026-11-25T23:30 (UTC).")
	}
	if until == "" {
		return begin, end, incident.Refuse(incident.BadInput, "The end of the window is missing.").Then("Like: window 22:00 2h, or window 22:00 23:30. To call it off: window off <why>")
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
	if end.Sub(begin) > maxClock && !(dated(from) && dated(until)) {
		return begin, end, incident.Refuse(incident.BadInput, "From %s to %s would be %s.", begin.Format("2 Jan 15:04"), end.Format("2 Jan 15:04"), templates.Duration(end.Sub(begin))).
			Then("A window of more than 12 h needs both days, like: window %s %s", begin.Format(dayForm), end.Format(dayForm))
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
