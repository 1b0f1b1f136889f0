package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// setStatus says how far the work is.
func setStatus(ctx context.Context, o *Office, c *call) (Reply, error) {
	word := strings.ToLower(strings.TrimSpace(or(c.Field("pick"), or(c.Field("status"), c.Text))))
	if word == "" {
		i, err := o.look(ctx, c)
		if err == nil && i.Window != nil {
			err = noStatus(i)
		}
		if err != nil {
			return Reply{}, err
		}
		return c.form(o, templates.Form{Verb: "incident status", Object: objectOf(i), Title: "Status", Submit: "Set", Fields: []templates.Field{
			{ID: "status", Label: "Status", Kind: templates.FieldSelect, Options: statusOptions(), Value: string(i.Status)},
		}}, "The status is missing.")
	}
	status := incident.Status(word)
	if !slices.Contains(incident.Statuses, status) {
		return Reply{}, incident.Refuse(incident.BadInput, "%q is no status.", cut(word, 40)).Then("It is investigating, identified or monitoring; the end is `resolve`.")
	}
	reply, err := o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		if i.Window != nil {
			return nil, noStatus(i)
		}
		return i.SetStatus(c.person, status)
	}, func(i *incident.Incident) string { return said("status", about(i, facts{"Status": i.Status})) })
	return c.atField("status", reply, err)
}

// noStatus refuses a status of maintenance, which follows its window.
func noStatus(i *incident.Incident) error {
	return incident.Refuse(incident.WrongState, "%s is scheduled maintenance: %s.", i.ID, i.Phase()).Then("It begins with its window, and `resolve` completes it.")
}

func statusOptions() []templates.Option {
	var list []templates.Option
	for _, s := range incident.Statuses {
		list = append(list, templates.Option{Value: string(s), Label: strings.ToUpper(string(s[:1])) + string(s[1:])})
	}
	return list
}

// setImpact says what users notice.
func setImpact(ctx context.Context, o *Office, c *call) (Reply, error) {
	text := or(c.Field("impact"), c.Text)
	if text == "" && len(c.Fields) == 0 {
		i, err := o.look(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return c.form(o, templates.Form{Verb: "incident impact", Object: objectOf(i), Title: "Impact", Submit: "Set", Fields: []templates.Field{
			{ID: "impact", Label: "What users notice", Kind: templates.FieldArea, Value: i.Impact, Max: 500},
		}}, "The impact is missing.")
	}
	reply, err := o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.SetImpact(c.person, text)
	}, func(i *incident.Incident) string {
		return said("impact", about(i, facts{"Impact": cut(i.Impact, 200)}))
	})
	return c.atField("impact", reply, err)
}

// setServices names what is affected; the objectives follow.
func setServices(ctx context.Context, o *Office, c *call) (Reply, error) {
	names := c.Fields["services"]
	if len(c.Fields) == 0 {
		names = strings.FieldsFunc(c.Text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	}
	if len(names) == 0 || len(names) > 20 || slices.ContainsFunc(names, func(n string) bool { return len(n) > 80 }) {
		return Reply{}, incident.Refuse(incident.BadInput, "Name 1 to 20 services, each within 80 characters.").Then("Like: /%s services postgres", o.command("incident"))
	}
	var unknown []string
	config := o.Config()
	for k, name := range names {
		if _, ok := lookup(config.Services, name); !ok {
			unknown = append(unknown, name)
			continue
		}
		for known := range config.Services {
			if strings.EqualFold(known, name) {
				names[k] = known
			}
		}
	}
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		set := incident.ServicesSet{By: c.person, Services: names}
		set.RTO, set.RPO = o.objectives(names)
		return i.SetServices(set)
	}, func(i *incident.Incident) string {
		shown := facts{
			"Services": cut(strings.Join(i.Services, ", "), 300), "Unknown": cut(strings.Join(unknown, ", "), 200),
			"Ends": nil, "Tier": i.RTO.Name, "Limit": i.RTO.Limit,
		}
		if i.Window != nil {
			shown["Unknown"] = ""
		} else if i.RTO.Limit > 0 {
			shown["Ends"] = i.Since().Add(i.RTO.Limit)
		}
		return said("services", about(i, shown))
	})
}
