package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// PlanForm is the form of a draft ("R7") as it is now: first "Reading…", then with what was read.
func (o *Office) PlanForm(ctx context.Context, run string) (*templates.Form, error) {
	i, err := o.Store.Incident(ctx, state.Ref{Index: "run", Value: run})
	if err != nil {
		return nil, err
	}
	for _, r := range i.Runs {
		if r.Name() != run {
			continue
		}
		specs, err := o.Specs(ctx, r)
		if err != nil {
			return nil, err
		}
		given, err := o.inAdvance(ctx, i)
		return planForm(i, r, specs, given), err
	}
	return nil, state.ErrNotFound
}

// maxOptions keeps a select within Slack's 100.
const maxOptions = 90

// planForm asks for every value that a person gives. Backups come verified ones first; rejected ones only as a hint.
func planForm(i *incident.Incident, r *incident.Run, specs map[string]*incident.Spec, given inAdvance) *templates.Form {
	form := &templates.Form{Verb: "recover choose", Object: r.Name(), ID: r.Name(), Title: "Plan recovery", Submit: "Show plan"}
	intro := [][]templates.Span{{templates.B(r.Name() + " · " + r.Title)}}
	switch {
	case r.State == incident.Draft && len(r.Undecided()) > 0:
		form.Intro = []templates.Block{templates.Lines{Lines: append(intro, []templates.Span{templates.T("First the choices: one branch of each step runs.")})}}
		form.Submit, form.Fields = "Next", branchFields(r, specs)
		return form
	case r.State != incident.Draft:
		form.Submit = ""
		form.Intro = []templates.Block{templates.Lines{Lines: append(intro, []templates.Span{templates.T("This plan is " + string(r.State) + " already.")})}}
		return form
	case r.Asking != "":
		form.Submit = "" // it comes with the fields
		form.Intro = []templates.Block{templates.Lines{Lines: append(intro, []templates.Span{templates.T("Reading backups…")})}}
		return form
	case r.Failure != "":
		form.Submit = "Read again"
		form.Intro = []templates.Block{templates.Lines{Lines: append(intro, []templates.Span{templates.T("Reading the target failed: " + r.Failure)})}}
		return form
	}
	intro = append(intro, []templates.Span{templates.T(shape(i, r, given))})
	for _, line := range textOnly(r) {
		intro = append(intro, []templates.Span{templates.T(line)})
	}
	form.Intro, form.Fields = []templates.Block{templates.Lines{Lines: intro}}, branchFields(r, specs)
	seen := map[string]bool{}
	for _, s := range slices.Concat(r.Steps, r.Undos) {
		for _, p := range specs[s.Spec].Params {
			if askedParam(p) && !seen[p.Name] {
				seen[p.Name] = true
				form.Fields = append(form.Fields, fields(i, r, s, p)...)
			}
		}
	}
	return form
}

func askedParam(p incident.Param) bool { return p.From == "" || p.From == "list" }

func fields(i *incident.Incident, r *incident.Run, s incident.Step, p incident.Param) []templates.Field {
	f := templates.Field{ID: p.Name, Label: cut(p.Called(), 60), Kind: templates.FieldText, Value: r.Values[p.Key], Hint: "Step " + s.Number}
	if p.Sample != "" {
		f.Hint += "; the runbook's example is " + cut(p.Sample, 60)
	}
	switch {
	case p.From == "list":
		return listFields(i, r, p, f)
	case len(p.Allowed) > 0 && len(p.Allowed) <= maxOptions:
		f.Kind = templates.FieldSelect
		for _, v := range p.Allowed {
			f.Options = append(f.Options, templates.Option{Value: v, Label: cut(v, 70)})
		}
	}
	return []templates.Field{f}
}

// listFields offers what the listing found; an unverified one brings the field for its reason along. What was rejected, and
// why, stands below the field.
func listFields(i *incident.Incident, r *incident.Run, p incident.Param, f templates.Field) []templates.Field {
	f.Kind = templates.FieldSelect
	reason := false
	for _, v := range p.Allowed {
		f.Options = append(f.Options, templates.Option{Value: v, Label: cut(templates.ChoiceName(i, r, p.Name, v), 75), Group: "Verified"})
	}
	for _, state := range []string{"verified", "unverified"} {
		for _, c := range newest(r.Choices[p.Name]) {
			if c.State != state || len(f.Options) == maxOptions {
				continue
			}
			option := templates.Option{Value: c.Value, Label: cut(choiceLabel(i, r, c), 75), Hint: cut(c.Note, 75), Group: "Verified"}
			if state == "unverified" {
				option.Group, reason = "Not verified: needs a reason", true
			}
			f.Options = append(f.Options, option)
		}
	}
	if rejected := templates.Rejected(i, newest(r.Choices[p.Name])); len(rejected) > 0 {
		f.Hint = cut(f.Hint+". Rejected: "+strings.Join(rejected, "; "), 1000)
	}
	if f.Value == "" && len(f.Options) > 0 && f.Options[0].Group == "Verified" {
		f.Value = f.Options[0].Value
	}
	if !reason {
		return []templates.Field{f}
	}
	return []templates.Field{f, {
		ID: p.Name + reasonField, Label: "Why an unverified one", Kind: templates.FieldText, Value: r.Reasons[p.Name], Optional: true, Max: 300,
	}}
}

func newest(lines []incident.Choice) []incident.Choice {
	sorted := slices.Clone(lines)
	slices.SortStableFunc(sorted, func(a, b incident.Choice) int { return b.TakenAt.Compare(a.TakenAt) })
	return sorted
}

// choiceLabel is "02:00 UTC, verified, loses 57 min": what was written after the backup until the incident began.
func choiceLabel(i *incident.Incident, r *incident.Run, c incident.Choice) string {
	one := *r
	one.Choices = map[string][]incident.Choice{"": {c}}
	return templates.ChoiceName(i, &one, "", c.Value)
}

// shape counts a run's steps: "9 steps, 3 approvals, 2 by hand".
func shape(i *incident.Incident, r *incident.Run, given inAdvance) string {
	hand, approvals, changed, open := 0, 0, 0, 0
	for k := range r.Steps {
		switch s := &r.Steps[k]; {
		case s.Choose:
			open++
		case s.Manual && s.Why != "":
			changed++
		case s.Manual:
			hand++
		case s.NeedsApproval():
			if _, _, ok := i.InAdvance(given.house, r, s, given.at); !ok {
				approvals += s.Need // nobody is asked for what the lock gave
			}
		}
	}
	text := templates.Plural(len(r.Steps), "step")
	if approvals > 0 {
		text += ", " + templates.Plural(approvals, "approval")
	}
	if hand > 0 {
		text += fmt.Sprintf(", %d by hand", hand)
	}
	if open > 0 {
		text += fmt.Sprintf(", %d to choose", open)
	}
	if changed > 0 {
		text += fmt.Sprintf(", %d as text only", changed)
	}
	return text
}

// maxTextOnly is how many steps that do not run a plan names, each with why.
const maxTextOnly = 6

// textOnly names the steps that have commands and do not run, each with why.
func textOnly(r *incident.Run) []string {
	var lines []string
	for k := range r.Steps {
		if s := &r.Steps[k]; s.Manual && s.Why != "" {
			lines = append(lines, cut(s.Number+" "+s.Title, 100)+": text only, "+s.Why)
		}
	}
	if more := len(lines) - maxTextOnly; more > 0 {
		lines = append(lines[:maxTextOnly], fmt.Sprintf("%d more are text only", more))
	}
	return lines
}

// inAdvance is what the house's accepted lock approves at a moment.
type inAdvance struct {
	house *incident.House
	at    time.Time
}

func (o *Office) inAdvance(ctx context.Context, i *incident.Incident) (inAdvance, error) {
	house, err := o.Store.House(ctx)
	given := inAdvance{house, i.Time}
	if o.Clock != nil {
		given.at = o.Clock()
	}
	return given, err
}

// planned says what the plan is and what it still lacks, with the choices that were read.
func planned(i *incident.Incident, r *incident.Run, specs map[string]*incident.Spec, given inAdvance) string {
	text := fmt.Sprintf("%s · %s is planned: %s.", r.Name(), r.Title, shape(i, r, given))
	only := ""
	for _, line := range textOnly(r) {
		only += "\n" + line
	}
	missing := r.Missing()
	switch {
	case len(r.Undecided()) > 0:
		return text + branchLines(r, specs) + only
	case r.Asking != "":
		return text + " The target is being read." + only
	case r.Failure != "":
		return text + " Reading the target failed: " + r.Failure + only
	case len(missing) == 0:
		return text + " Nothing runs until it is started." + only
	}
	text += " Still to choose: " + words(missing) + "."
	for _, name := range missing {
		for k, c := range newest(r.Choices[name]) {
			if k == 5 {
				break
			}
			text += fmt.Sprintf("\n%s=%s  %s", name, c.Value, choiceLabel(i, r, c))
			if c.State == "rejected" {
				text += ": " + c.Note
			}
		}
	}
	return text + only
}

// procedureForm is the first page of the plan's form.
func (o *Office) procedureForm(ctx context.Context, i *incident.Incident, rb *runbook.Runbook) *templates.Form {
	field := templates.Field{ID: "procedure", Label: "Procedure", Kind: templates.FieldSelect}
	first, lately := o.meant(rb, i), o.lately(ctx)
	for _, p := range ordered(rb, first) {
		group := "Others"
		if slices.Contains(first, p.ID) {
			group = "For " + i.Type
		}
		field.Options = append(field.Options, templates.Option{Value: p.ID, Label: cut(p.Title, 70), Hint: cut(or(lately(p.ID), p.Scenario), 75), Group: group})
	}
	if len(first) > 0 {
		field.Value = first[0]
	}
	return &templates.Form{
		Verb: "recover plan", Object: strconv.FormatUint(uint64(i.ID), 10), Title: "Plan recovery", Submit: "Next", Fields: []templates.Field{field},
	}
}

// several offers each procedure that the words may mean.
func several(i *incident.Incident, found []*runbook.Procedure) Reply {
	var buttons []templates.Element
	var names []string
	for _, p := range found[:min(len(found), 10)] {
		buttons = append(buttons, templates.Button{Verb: "recover plan", Object: strconv.FormatUint(uint64(i.ID), 10) + "/" + p.ID, Label: cut(p.Title, 70)})
		names = append(names, p.ID+" "+p.Title)
	}
	text := "Which one? " + strings.Join(names, " · ")
	return Reply{ID: i.ID, Say: templates.Message{Text: text, Blocks: []templates.Block{
		templates.Lines{Lines: [][]templates.Span{{templates.T("Which one?")}}}, templates.Actions{Elements: buttons},
	}}}
}
