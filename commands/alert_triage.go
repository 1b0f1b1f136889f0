package commands

import (
	"context"
	"strconv"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// alertVerbs decide about incidents that an alert opened and that wait to be accepted.
func alertVerbs() []Verb {
	list := []Verb{
		{Name: "accept", May: incident.Responder, Scope: OfIncident, Grammar: "[N]", Example: "accept", Does: "Makes an incident of an alert that waits.", Deed: "accept incidents", do: acceptIncident},
		{Name: "decline", May: incident.Responder, Scope: OfIncident, Grammar: "<reason>", Example: "decline the probe is new", Does: "Closes an alert that waits: it is no incident.", Deed: "decline incidents", do: declineIncident},
		{Name: "merge", May: incident.Responder, Scope: OfIncident, Grammar: "<N>", Example: "merge 42", Does: "Lets the alerts of this incident go on with another one, and closes it.", Deed: "merge incidents", do: mergeIncident},
	}
	for k := range list {
		list[k].Group = "incident"
	}
	return list
}

// acceptIncident makes an incident of what waits; its promises count from now.
func acceptIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Accept(c.person, o.changed(i, i.Severity, v.Now()))
	}, func(i *incident.Incident) string {
		return said("triage", promised(i, facts{"Did": "accepted", "Into": incident.ID(0)}))
	})
}

// declineIncident closes it with a reason.
func declineIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	reason := or(c.Field("reason"), c.Text)
	if reason == "" && len(c.Fields) == 0 {
		i, err := o.look(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return c.form(o, templates.Form{Verb: "incident decline", Object: objectOf(i), Title: "Decline " + i.ID.String(), Submit: "Decline", Fields: []templates.Field{
			{ID: "reason", Label: "Why it is no incident", Kind: templates.FieldText, Max: 500},
		}}, "The reason is missing.")
	}
	reply, err := o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Decline(c.person, cut(reason, 500))
	}, func(i *incident.Incident) string {
		return said("triage", promised(i, facts{"Did": "declined", "Into": incident.ID(0)}))
	})
	return c.atField("reason", reply, err)
}

// mergeIncident decides on the other incident, to which the alerts, their claims and their names move.
func mergeIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	typed := or(c.Field("into"), c.Text)
	if typed == "" && len(c.Fields) == 0 {
		typed = o.mergeTarget(ctx, c)
	}
	if typed == "" && len(c.Fields) == 0 {
		return mergeForm(ctx, o, c)
	}
	into, err := incident.ParseID(typed)
	if err != nil {
		return c.atField("into", Reply{}, incident.Refuse(incident.BadInput, "%q is no incident number.", cut(typed, 40)).Then("Like: merge 42"))
	}
	if c.ref == (state.Ref{}) {
		return Reply{}, state.ErrNotFound
	}
	reply, err := o.do(ctx, state.Change{Target: state.Ref{ID: into}, Keys: c.Keys, Keep: c.Keep, Decide: func(v state.View) (state.Decision, error) {
		if !v.Incident().Exists() {
			return state.Decision{}, incident.Refuse(incident.NotFound, "There is no %s.", into)
		}
		return o.decideMerge(v, c)
	}})
	return c.atField("into", reply, err)
}

// mergeTarget reads `merge INC-42` in another incident's channel: there the number is where to, and the channel's own
// incident is what is merged.
func (o *Office) mergeTarget(ctx context.Context, c *call) string {
	if c.Channel == "" || c.ref.ID == 0 {
		return ""
	}
	here, err := o.Store.Incident(ctx, state.Ref{Index: "channel", Value: c.Channel})
	if err != nil || here.ID == c.ref.ID {
		return ""
	}
	into := c.ref.ID.String()
	c.ref = state.Ref{ID: here.ID}
	return into
}

// decideMerge takes what the other incident's decision needs: rights on both, the rule, claims and names.
func (o *Office) decideMerge(v state.View, c *call) (state.Decision, error) {
	other, i := v.Incident(), v.Other(c.ref)
	if !i.Exists() || !other.Exists() {
		return state.Decision{}, state.ErrNotFound
	}
	err := o.may(c, i)
	if err == nil && other.Restricted && !inside(other, c.person, c.Channel) {
		err = restricted(other.ID)
	}
	var own, others []incident.Event
	if err == nil {
		own, others, err = i.MergeInto(other, c.person)
	}
	if err != nil {
		d, err := refused(c, other.Exists(), err)
		if len(d.Events) > 0 { // the refusal belongs to the incident that was to be merged
			d.Also, d.Events = map[incident.ID][]incident.Event{i.ID: d.Events}, nil
		}
		return d, err
	}
	d := effects(folded(v, other, others), others)
	d.Also = map[incident.ID][]incident.Event{i.ID: own}
	for k := range i.Alerts {
		d.Claim, d.Index = append(d.Claim, alertClaim(i.Alerts[k].ID)), append(d.Index, alertRef(i.Alerts[k].ID))
	}
	d.Answer, err = answer{Say: said("triage", promised(i, facts{"Did": "merged", "Into": other.ID}))}.encode()
	return d, err
}

// mergeForm offers the other open incidents.
func mergeForm(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	open, err := o.Store.List(ctx, state.Query{Open: true, Limit: 50})
	if err != nil {
		return Reply{}, err
	}
	var options []templates.Option
	for _, s := range open {
		if s.ID == i.ID || s.Restricted != i.Restricted || s.Restricted || s.Drill != i.Drill {
			continue
		}
		options = append(options, templates.Option{Value: strconv.FormatUint(uint64(s.ID), 10), Label: cut(s.ID.String()+" "+s.Title, 70)})
	}
	if len(options) == 0 {
		return Reply{}, incident.Refuse(incident.NotFound, "No other incident is open that %s could be merged into.", i.ID)
	}
	return c.form(o, templates.Form{Verb: "incident merge", Object: objectOf(i), Title: "Merge " + i.ID.String(), Submit: "Merge", Fields: []templates.Field{
		{ID: "into", Label: "Into", Kind: templates.FieldSelect, Options: options},
	}}, "The other incident is missing.")
}
