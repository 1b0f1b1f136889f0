package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// setSeverity raises at once; lowering asks for a reason. The card's menu opens its form, which chooses the type too.
func setSeverity(ctx context.Context, o *Office, c *call) (Reply, error) {
	word, reason := head(c.Text)
	if len(c.Fields) > 0 {
		word, reason = c.Field("severity"), c.Field("reason")
	} else if word == "" {
		return severityForm(ctx, o, c)
	}
	to := parseSeverity(word)
	if to == 0 {
		return Reply{}, incident.Refuse(incident.BadInput, "%q is no severity.", cut(word, 40)).Then("Write 1, sev1 or SEV-1; 1 is the worst, 4 the mildest.")
	}
	from := 0
	decide := func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		from = i.Severity
		if i.Window != nil {
			return nil, incident.Refuse(incident.WrongState, "%s is scheduled maintenance, which has no severity.", i.ID).Then("Choose another type first, like: type Database corruption")
		}
		kind := o.Runbook().Type(c.Field("type"))
		if kind == nil || kind.Name == i.Type {
			return i.SetSeverity(v.Now(), c.person, to, reason, o.changed(i, to, v.Now()))
		}
		events, err := o.retype(v, i, c.person, kind.Name, to, reason)
		return o.planned(v, i, c.person, events, err)
	}
	say := func(i *incident.Incident) string {
		return said("severity", promised(i, facts{"From": from, "To": i.Severity})) + stillOwed(i, i.Outlasting(), true)
	}
	reply, err := o.change(ctx, c, decide, say)
	return c.atField("reason", reply, err)
}

// retype sets type and severity of one form. Where the severity was left as it is, it becomes the type's, if that may
// be.
func (o *Office) retype(v state.View, i *incident.Incident, by incident.Person, kind string, to int, reason string) ([]incident.Event, error) {
	set := incident.TypeSet{By: by, Type: kind, Restricted: o.isRestricted(kind)}
	set.RTO, set.RPO = i.RTO, i.RPO
	if kinds := o.severityOf(o.Runbook().Type(kind)); to == i.Severity && (kinds < to || strings.TrimSpace(reason) != "") {
		to = kinds
	} else if to == i.Severity {
		return i.SetType(v.Now(), set, kinds, o.changed(i, kinds, v.Now()))
	}
	events, err := i.SetType(v.Now(), set, 0, incident.Policy{})
	if err != nil || to == i.Severity {
		return events, err
	}
	more, err := i.SetSeverity(v.Now(), by, to, reason, o.changed(i, to, v.Now()))
	return append(events, more...), err
}

func severityForm(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	var types []templates.Option
	for _, t := range o.Runbook().IncidentTypes {
		types = append(types, templates.Option{Value: t.Name, Label: t.Name, Hint: fmt.Sprintf("SEV-%d", o.severityOf(&t))})
	}
	if i.Window != nil && len(types) > 0 {
		return c.form(o, templates.Form{Verb: "incident type", Object: objectOf(i), Title: "Type", Submit: "Set", Fields: []templates.Field{
			{ID: "type", Label: "Type", Kind: templates.FieldSelect, Options: types, Value: i.Type},
		}}, "The type is missing.")
	}
	f := templates.Form{Verb: "incident severity", Object: objectOf(i), Title: "Severity and type", Submit: "Set", Fields: []templates.Field{
		{ID: "severity", Label: "Severity", Kind: templates.FieldSelect, Options: severityOptions(o), Value: fmt.Sprint(i.Severity)},
		{ID: "reason", Label: "Reason", Kind: templates.FieldText, Optional: true, Hint: "Needed to lower it.", Max: 500},
	}}
	if len(types) > 0 {
		f.Fields = append(f.Fields, templates.Field{ID: "type", Label: "Type", Kind: templates.FieldSelect, Options: types, Value: i.Type, Optional: true})
	}
	return c.form(o, f, "The severity is missing.")
}

// setType chooses the type; its severity comes along, unless that would lower it after the first ten minutes.
func setType(ctx context.Context, o *Office, c *call) (Reply, error) {
	typed := strings.TrimSpace(or(c.Field("pick"), or(c.Field("type"), c.Text)))
	if typed == "" {
		return severityForm(ctx, o, c)
	}
	kind := o.Runbook().Type(typed)
	if kind == nil {
		var names []string
		for _, t := range o.Runbook().IncidentTypes {
			names = append(names, t.Name)
		}
		return Reply{}, incident.Refuse(incident.BadInput, "The runbook has no type %q, or several that begin so.", cut(typed, 60)).
			Then("It has: %s.", or(strings.Join(names, ", "), "none"))
	}
	decide := func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		set := incident.TypeSet{By: c.person, Type: kind.Name, Restricted: o.isRestricted(kind.Name), RTO: i.RTO, RPO: i.RPO}
		to := o.severityOf(kind)
		events, err := i.SetType(v.Now(), set, to, o.changed(i, to, v.Now()))
		return o.planned(v, i, c.person, events, err)
	}
	return o.change(ctx, c, decide, func(i *incident.Incident) string {
		if i.Window != nil {
			return planSaid(i, "typed", nil)
		}
		milder := 0
		if to := o.severityOf(kind); to != i.Severity {
			milder = to
		}
		return said("typed", promised(i, facts{"Type": i.Type, "Milder": milder}))
	})
}
