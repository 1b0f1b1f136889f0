package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// wish is what somebody asks to be opened.
type wish struct {
	title, impact, link string
	kind                *runbook.IncidentType
	severity            int // 0: the type's
	drill, private      bool
	services            []string
}

// openIncident opens at once; without a word it offers the form.
func openIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	var w wish
	switch {
	case len(c.Fields) > 0:
		w = openFields(o.Runbook(), c)
	case c.Text == "":
		return c.form(o, openForm(o, ""), "What broke is missing.")
	default:
		w = parseOpen(o.Runbook(), c.Text)
	}
	w.link = c.Link
	if incident.Written(w.title) == "" && w.kind != nil {
		w.title = w.kind.Name
	}
	decide := func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		opened := o.opening(v, c.person, w)
		if o.isMaintenance(opened.Type) {
			opened.Policy, opened.Planned = incident.Policy{}, true
		}
		events, err := i.Begin(opened)
		return o.planned(v, i, c.person, events, err)
	}
	say := func(i *incident.Incident) string {
		if i.Window != nil {
			return planSaid(i, "opened", nil)
		}
		return said("opened", about(i, facts{"Severity": i.Severity}))
	}
	reply, err := o.commit(ctx, c, state.Change{New: true, Keys: c.Keys, Keep: c.Keep}, decide, say)
	return c.atField("title", reply, err)
}

// opening resolves a wish with runbook and configuration as they are now.
func (o *Office) opening(v state.View, by incident.Person, w wish) incident.Opened {
	rb, now := o.Runbook(), v.Now()
	opened := incident.Opened{
		By: by, Title: w.title, Severity: w.severity, Drill: w.drill, Restricted: w.private, Link: w.link, Revision: rb.Digest,
		Services: w.services, Impact: incident.Written(w.impact), LowerFree: now.Add(lowerFree).UTC(), Chosen: w.severity != 0,
	}
	if opened.Link != "" {
		opened.Source = "a message"
	}
	if w.kind != nil {
		opened.Type = w.kind.Name
		opened.Restricted = opened.Restricted || o.isRestricted(w.kind.Name)
	}
	if opened.Severity == 0 {
		opened.Severity = o.severityOf(w.kind)
	}
	opened.Checklist = o.checklist(rb, opened.Drill, opened.Restricted)
	opened.Policy = o.policy(&incident.Incident{Drill: opened.Drill, Restricted: opened.Restricted}, opened.Severity, now)
	opened.RTO, opened.RPO = o.objectives(w.services)
	return opened
}

// parseOpen reads [drill] [sev2] [private] [<type>:] <title>; the words before the title come in any order. A severity
// needs its "sev", since a title may begin with a number.
func parseOpen(rb *runbook.Runbook, text string) wish {
	var w wish
	for {
		word, rest := head(text)
		switch lower := strings.ToLower(word); {
		case lower == "drill" && !w.drill:
			w.drill = true
		case lower == "private" && !w.private:
			w.private = true
		case strings.HasPrefix(lower, "sev") && parseSeverity(word) > 0 && w.severity == 0:
			w.severity = parseSeverity(word)
		default:
			w.title = text
			if before, after, ok := strings.Cut(text, ":"); ok && strings.TrimSpace(after) != "" {
				if w.kind = rb.Type(before); w.kind != nil {
					w.title = strings.TrimSpace(after)
				}
			} else if kind := rb.Type(strings.TrimSuffix(text, ":")); kind != nil && strings.EqualFold(kind.Name, strings.TrimSpace(strings.TrimSuffix(text, ":"))) {
				w.kind, w.title = kind, kind.Name
			}
			return w
		}
		text = rest
	}
}

// openForm is the form of UX §3.
func openForm(o *Office, title string) templates.Form {
	rb := o.Runbook()
	types := []templates.Option{{Value: "-", Label: "Don't know yet", Hint: "SEV-1 until someone chooses"}}
	for _, t := range rb.IncidentTypes {
		types = append(types, templates.Option{Value: t.Name, Label: t.Name, Hint: fmt.Sprintf("SEV-%d", o.severityOf(&t))})
	}
	f := templates.Form{
		Verb: "incident open", Title: "Open incident", Submit: "Open",
		Fields: []templates.Field{
			{ID: "title", Label: "Title", Kind: templates.FieldText, Value: title, Placeholder: "What broke, as people see it", Max: incident.MaxTitle},
			{ID: "type", Label: "Type", Kind: templates.FieldSelect, Options: types, Value: "-", Optional: true},
			{ID: "severity", Label: "Severity", Kind: templates.FieldSelect, Options: severityOptions(o), Optional: true, Hint: "The type's, unless you choose."},
		},
	}
	if services := serviceOptions(o); len(services) > 0 {
		f.Fields = append(f.Fields, templates.Field{ID: "services", Label: "Affected services", Kind: templates.FieldChecks, Options: services, Optional: true})
	}
	f.Fields = append(f.Fields,
		templates.Field{ID: "impact", Label: "What users notice", Kind: templates.FieldText, Optional: true, Max: 500},
		templates.Field{ID: "visible", Label: "Who sees it", Kind: templates.FieldSelect, Optional: true, Value: "everyone", Options: []templates.Option{
			{Value: "everyone", Label: "Everyone"}, {Value: "restricted", Label: "Restricted: a private channel"},
		}},
		templates.Field{ID: "drill", Label: "Drill", Kind: templates.FieldChecks, Optional: true, Options: []templates.Option{{Value: "drill", Label: "This is a drill"}}})
	return f
}

func openFields(rb *runbook.Runbook, c *call) wish {
	w := wish{
		title: c.Field("title"), impact: c.Field("impact"), severity: parseSeverity(c.Field("severity")),
		private: c.Field("visible") == "restricted", drill: c.Field("drill") == "drill", services: c.Fields["services"],
	}
	if kind := c.Field("type"); kind != "" && kind != "-" {
		w.kind = rb.Type(kind)
	}
	return w
}

func severityOptions(o *Office) []templates.Option {
	var list []templates.Option
	for level := 1; level <= 4; level++ {
		option := templates.Option{Value: strconv.Itoa(level), Label: fmt.Sprintf("SEV-%d", level)}
		for _, row := range o.Runbook().Severities {
			if row.Level == level {
				option.Label, option.Hint = strings.TrimSpace(option.Label+" "+row.Name), row.Definition
			}
		}
		list = append(list, option)
	}
	return list
}

// serviceOptions lists at most 10, Slack's limit of boxes; more are named with the verb.
func serviceOptions(o *Office) []templates.Option {
	var list []templates.Option
	for name, mapping := range o.Config().Services {
		list = append(list, templates.Option{Value: name, Label: name, Hint: mapping.Tier})
	}
	slices.SortFunc(list, func(a, b templates.Option) int { return strings.Compare(a.Value, b.Value) })
	return list[:min(len(list), 10)]
}

// titleOf is the first line of a message, cut to what a title holds.
func titleOf(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	r := []rune(strings.Join(strings.Fields(line), " "))
	if len(r) > incident.MaxTitle {
		return string(r[:incident.MaxTitle-1]) + "…"
	}
	return string(r)
}

// drill stands first in everything that is said of a drill (UX rule 10).
func drill(i *incident.Incident) string {
	if i.Drill {
		return "DRILL "
	}
	return ""
}
