package commands

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// published is an incident as it was when a message for the status page was first written: an edit changes its words, and not
// what it told of severity and components.
type published struct {
	*incident.Incident
	at time.Time
}

// onPage puts the runbook's message for the status page around the words that were typed for it, in the events that carry
// them. first is of the message that is edited; nil: none is.
func (o *Office) onPage(i *incident.Incident, now time.Time, events []incident.Event, first *published) ([]incident.Event, error) {
	t := o.Runbook().Template(templates.StatusPage)
	if t == nil || i.Drill {
		return events, nil
	}
	form := templates.Form4{Key: t.Key, Body: t.Body}
	after := i.Clone()
	for k, e := range events {
		after.Apply(incident.Stamp{Seq: after.Seq, N: after.N + 1, Time: now}, e)
		p := templates.Public{First: i.PublicAt.IsZero(), At: now, Now: now}
		is := after
		anew := func(version int) {
			if version > 1 && first != nil {
				is, p.First, p.At = first.Incident, first.PublicAt.IsZero(), first.at
			}
		}
		var err error
		fill := func(words string, status incident.Status) *incident.PageWords {
			p.Severity, p.Phase, p.Components = is.Severity, is.Phase(), templates.Touched(o.Config().Outlets.Components, is.Services)
			p.Words, p.Status = words, status
			var page *incident.PageWords
			page, err = filledPage(form, p)
			return page
		}
		switch e := e.(type) {
		case incident.UpdateSent:
			e.Page = fill(e.Public, e.Status)
			events[k] = e
		case incident.UpdateDrafted:
			anew(e.Version)
			e.Page = fill(e.Public, e.Status)
			events[k] = e
		case incident.UpdateEdited:
			anew(e.Version)
			e.Page = fill(e.Public, e.Status)
			events[k] = e
		case incident.Resolved:
			e.Page = fill(e.Public, incident.Over)
			events[k] = e
		}
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}

// filledPage is the message as the page shows it; nil where nothing is said there, or the words stand as they were typed.
func filledPage(form templates.Form4, p templates.Public) (*incident.PageWords, error) {
	if p.Words == "" {
		return nil, nil
	}
	page := templates.OnPage(form, p)
	if page == nil {
		return nil, nil
	}
	if n := utf8.RuneCountInString(page.Text); n > incident.MaxPage {
		return nil, incident.Refuse(incident.BadInput, "With the runbook's words the text for the status page has %d characters; %d fit.", n, incident.MaxPage)
	}
	return page, nil
}

// firstPublic is the incident as it was when an update's words for the status page were first written; nil: it has none.
func (o *Office) firstPublic(ctx context.Context, id incident.ID, number int) (*published, error) {
	var first *published
	i := incident.New(id)
	for r, err := range o.Store.Records(ctx, id, 0) {
		if err != nil {
			return nil, err
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		switch e := e.(type) {
		case incident.UpdateSent:
			if e.Number == number && e.Draft == 0 && e.Public != "" {
				first = &published{i.Clone(), r.Time}
			}
		case incident.Resolved:
			if number == 0 && e.Public != "" {
				at := i.Clone()
				at.Apply(r.Stamp(), e)
				first = &published{at, r.Time}
			}
		case incident.UpdateDrafted:
			if e.Number == number && e.Version == 1 && e.Public != "" { // the newest: it took the place of those that waited
				first = &published{i.Clone(), r.Time}
			}
		}
		i.Apply(r.Stamp(), e)
	}
	return first, nil
}
