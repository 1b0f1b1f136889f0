package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// reasonField is what follows a value's name in the form and at the terminal: why an unverified one is taken.
const reasonField = ".reason"

// planRun drafts a run from words, a button or the form's first page. Nothing runs but the readings of the target.
func planRun(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return Reply{}, err
	}
	if err := o.may(c, i); err != nil {
		return o.turnedAway(ctx, c)
	}
	said, values, reasons, err := parseValues(c.Text)
	if err != nil {
		return Reply{}, err
	}
	rb := o.Runbook()
	id := or(c.Field("procedure"), procedureOf(c.Object))
	if id == "" && said == "" {
		return o.planAgain(ctx, c, i, rb, values, reasons)
	}
	found := procedures(rb, id, said, o.meant(rb, i))
	switch len(found) {
	case 0:
		return o.listing(i, rb, fmt.Sprintf("No procedure is called “%s”.", cut(said, 60))), nil
	case 1:
		return o.plan(ctx, c, found[0], values, reasons)
	}
	return several(i, found), nil
}

// procedureOf reads "42/p1", the object of a button that plans one procedure.
func procedureOf(object string) string {
	_, id, _ := strings.Cut(object, "/")
	if !strings.HasPrefix(id, "p") || strings.Contains(id, ".") {
		return ""
	}
	return id
}

// planAgain opens the draft that stands, with new values where some were typed, or asks for the procedure.
func (o *Office) planAgain(ctx context.Context, c *call, i *incident.Incident, rb *runbook.Runbook, values, reasons map[string]string) (Reply, error) {
	r := i.LiveRun()
	if r == nil || r.State != incident.Draft {
		if c.Actor.Slack == "" {
			return o.listing(i, rb, "Which procedure? Plan one by its words."), nil
		}
		return Reply{Form: o.procedureForm(i, rb)}, nil
	}
	if len(values) > 0 {
		k := slices.IndexFunc(rb.Procedures, func(p runbook.Procedure) bool { return p.ID == r.Procedure })
		if k < 0 {
			return Reply{}, incident.Refuse(incident.NotFound, "The runbook has no procedure %s any more.", r.Procedure).Then("Plan another one.")
		}
		kept, why := askedOf(&rb.Procedures[k], r)
		maps.Copy(kept, values)
		maps.Copy(why, reasons)
		return o.plan(ctx, c, &rb.Procedures[k], kept, why)
	}
	specs, err := o.Specs(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Form: planForm(i, r, specs), Say: templates.Message{Text: planned(i, r)}, ID: i.ID}, nil
}

// plan commits the draft. A draft that stands keeps its number: it is the same plan, changed.
func (o *Office) plan(ctx context.Context, c *call, p *runbook.Procedure, values, reasons map[string]string) (Reply, error) {
	var d drafted
	var run uint64
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		var err error
		if d, err = o.draft(v, i, c, p.ID, values, reasons); err != nil {
			return nil, err
		}
		run, c.blobs = d.planned.Run, d.blobs
		for _, s := range d.planned.Steps {
			if list := valueErrors(d.specs[s.Spec], d.planned.Values, nil); len(list) > 0 {
				return nil, incident.Refuse(incident.BadInput, "%s.", list[0].Error())
			}
		}
		return i.Plan(o.desk(v, d.specs), d.planned, reads(d))
	}, func(i *incident.Incident) string { return planned(i, i.Run(run)) })
	if err != nil || !reply.Done() || reply.Again {
		return reply, err
	}
	i, err := o.Store.Incident(ctx, state.Ref{ID: reply.ID})
	if err != nil {
		return Reply{}, err
	}
	if r := i.Run(run); r != nil && r.State == incident.Draft && c.Actor.Slack != "" {
		if form := planForm(i, r, d.specs); len(form.Fields) > 0 || r.Asking != "" && needsForm(d) {
			reply.Form = form
		}
	}
	return reply, nil
}

// draft resolves a procedure of the runbook as it is loaded now, with what is accepted inside the transaction (I5).
func (o *Office) draft(v state.View, i *incident.Incident, c *call, procedure string, values, reasons map[string]string) (drafted, error) {
	rb := o.Runbook().Accepted(func(digest string) bool { _, ok := v.House().Accepted[digest]; return ok })
	k := slices.IndexFunc(rb.Procedures, func(p runbook.Procedure) bool { return p.ID == procedure })
	if k < 0 {
		return drafted{}, incident.Refuse(incident.NotFound, "The runbook has no procedure %s any more.", procedure).Then("Plan another one.")
	}
	p := planning{
		rb: rb, procedure: &rb.Procedures[k], inc: i, by: c.person, config: o.Config(), values: values, reasons: reasons,
	}
	if live := i.LiveRun(); live != nil && live.State == incident.Draft {
		p.run = live.N
	} else {
		p.run = v.Next("run")
	}
	return p.draft()
}

// reads reports whether the runner has something to read for the plan.
func reads(d drafted) bool {
	for _, s := range d.specs {
		if s.Probe != "" || len(s.Lists) > 0 {
			return true
		}
	}
	return false
}

func needsForm(d drafted) bool {
	for _, s := range d.specs {
		if slices.ContainsFunc(s.Params, askedParam) {
			return true
		}
	}
	return false
}

// askedOf gives what was chosen for a draft before.
func askedOf(p *runbook.Procedure, r *incident.Run) (values, reasons map[string]string) {
	values, reasons = map[string]string{}, map[string]string{}
	for k := range p.Steps {
		for _, e := range []*runbook.Entry{p.Steps[k].Entry, p.Steps[k].Undo} {
			if e == nil {
				continue
			}
			for _, param := range e.Parameters {
				if v, ok := r.Values[param.Name]; ok && asked(param) {
					values[param.Name] = v
				}
				if why, ok := r.Reasons[param.Name]; ok {
					reasons[param.Name] = why
				}
			}
		}
	}
	return values, reasons
}

var valueName = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)(\.reason)?=`)

// parseValues takes NAME=value and NAME.reason="why" out of a typed line; a value with spaces stands in double quotes.
func parseValues(text string) (said string, values, reasons map[string]string, err error) {
	values, reasons = map[string]string{}, map[string]string{}
	var other []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		m := valueName.FindStringSubmatch(text)
		if m == nil {
			word, rest := head(text)
			other, text = append(other, word), rest
			continue
		}
		rest := text[len(m[0]):]
		value := ""
		if strings.HasPrefix(rest, `"`) {
			quoted, e := strconv.QuotedPrefix(rest)
			if e != nil {
				return "", nil, nil, incident.Refuse(incident.BadInput, "The quotes of %s do not close.", m[1])
			}
			text = rest[len(quoted):]
			if value, e = strconv.Unquote(quoted); e != nil {
				return "", nil, nil, incident.Refuse(incident.BadInput, "The quotes of %s do not close.", m[1])
			}
		} else {
			value, text = head(" " + rest)
			if rest == "" || rest[0] == ' ' {
				value, text = "", rest
			}
		}
		if m[2] != "" {
			reasons[m[1]] = value
		} else {
			values[m[1]] = value
		}
	}
	return strings.Join(other, " "), values, reasons, nil
}

// procedures finds what words mean: an id or number, else every procedure whose title, or title and scenario, hold them.
func procedures(rb *runbook.Runbook, id, said string, first []string) []*runbook.Procedure {
	said = strings.ToLower(said)
	var inTitle, inText []*runbook.Procedure
	for _, p := range ordered(rb, first) {
		title := strings.ToLower(p.Title)
		switch {
		case id != "":
			if p.ID == id {
				return []*runbook.Procedure{p}
			}
			continue
		case said == strings.ToLower(p.ID) || said == strconv.Itoa(p.Number) || said == title:
			return []*runbook.Procedure{p}
		}
		if holds(title, said) {
			inTitle = append(inTitle, p)
		}
		if holds(title+" "+strings.ToLower(p.Scenario), said) {
			inText = append(inText, p)
		}
	}
	if len(inTitle) > 0 {
		return inTitle
	}
	return inText
}

func holds(text, said string) bool {
	for word := range strings.FieldsSeq(said) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return said != ""
}

// meant names the procedures for an incident's type: those of the configuration, else those whose lock entries say so,
// else those that share its words.
func (o *Office) meant(rb *runbook.Runbook, i *incident.Incident) []string {
	var ids []string
	for _, p := range rb.ProceduresFor(i.Type, o.Config().Procedures) {
		ids = append(ids, p.ID)
	}
	return ids
}

// ordered lists the procedures, those of the incident's type first.
func ordered(rb *runbook.Runbook, first []string) []*runbook.Procedure {
	var front, rest []*runbook.Procedure
	for _, id := range first {
		for k := range rb.Procedures {
			if rb.Procedures[k].ID == id {
				front = append(front, &rb.Procedures[k])
			}
		}
	}
	for k := range rb.Procedures {
		if !slices.Contains(first, rb.Procedures[k].ID) {
			rest = append(rest, &rb.Procedures[k])
		}
	}
	return append(front, rest...)
}

// choose takes the plan's form. What is wrong comes back at its field.
func choose(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, _, _ := target(c)
	values, reasons := map[string]string{}, map[string]string{}
	for name := range c.Fields {
		if base, ok := strings.CutSuffix(name, reasonField); ok {
			reasons[base] = strings.TrimSpace(c.Field(name))
		} else if v := c.Field(name); v != "" {
			values[name] = v
		}
	}
	maps.DeleteFunc(reasons, func(_, why string) bool { return why == "" })
	var wrong map[string]string
	var d drafted
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		r := i.Run(n)
		if r == nil || r.State != incident.Draft {
			return nil, incident.Refuse(incident.WrongState, "%s is no plan any more.", incident.RunName(n)).Then("Plan anew.")
		}
		var err error
		if d, err = o.draft(v, i, c, r.Procedure, values, reasons); err != nil {
			return nil, err
		}
		if wrong = wrongFields(d, r); len(wrong) > 0 {
			return nil, errFields
		}
		c.blobs = d.blobs
		same := d.planned.Revision == r.Revision && d.planned.Lock == r.Lock
		return i.Plan(o.desk(v, d.specs), d.planned, reads(d) && (!same || r.ReadsAt.IsZero() && r.Asking == "" || r.Failure != ""))
	}, func(i *incident.Incident) string { return planned(i, i.Run(d.planned.Run)) })
	if errors.Is(err, errFields) {
		return Reply{Errors: wrong}, nil
	}
	return reply, err
}

var errFields = errors.New("some fields are wrong")

// wrongFields says at which fields of the form something is wrong.
func wrongFields(d drafted, r *incident.Run) map[string]string {
	wrong := map[string]string{}
	for _, s := range slices.Concat(d.planned.Steps, d.planned.Undos) {
		spec := d.specs[s.Spec]
		choices := r.Choices
		for _, p := range spec.Params {
			switch {
			case !askedParam(p):
			case d.planned.Values[p.Key] == "":
				wrong[p.Name] = "Choose a value."
			case p.From == "list" && r.ReadsAt.IsZero():
				wrong[p.Name] = "The target is still being read. Send the form again in a moment."
			case p.From == "list" && unverified(choices[p.Name], d.planned.Values[p.Key]) && d.planned.Reasons[p.Name] == "":
				wrong[p.Name+reasonField] = "It is not verified: say why it is taken."
			}
		}
		for _, e := range valueErrors(spec, d.planned.Values, choices) {
			if wrong[e.Parameter] == "" {
				wrong[e.Parameter] = cut(e.Problem+wanted(e), 140)
			}
		}
	}
	return wrong
}

func wanted(e *runbook.ValueError) string {
	if e.Want == "" {
		return "."
	}
	return "; expected " + e.Want + "."
}

func unverified(lines []incident.Choice, v string) bool {
	return slices.ContainsFunc(lines, func(c incident.Choice) bool { return c.Value == v && c.State == "unverified" })
}
