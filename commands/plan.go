package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	w, err := parseDesired(c.Text)
	if err != nil {
		return Reply{}, err
	}
	rb := o.Runbook()
	id := or(c.Field("procedure"), procedureOf(c.Object))
	if id == "" && w.said == "" {
		return o.planAgain(ctx, c, i, rb, w)
	}
	found := procedures(rb, id, w.said, o.meant(rb, i))
	switch len(found) {
	case 0:
		return o.listing(ctx, i, rb, fmt.Sprintf("No procedure is called “%s”.", cut(w.said, 60))), nil
	case 1:
		return o.plan(ctx, c, found[0], w)
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
func (o *Office) planAgain(ctx context.Context, c *call, i *incident.Incident, rb *runbook.Runbook, w desired) (Reply, error) {
	r := i.LiveRun()
	if r == nil || r.State != incident.Draft {
		if c.Actor.Slack == "" {
			return o.listing(ctx, i, rb, "Which procedure? Plan one by its words."), nil
		}
		if p := suggested(rb, o.meant(rb, i)); p != nil {
			return o.plan(ctx, c, p, w)
		}
		return Reply{Form: o.procedureForm(ctx, i, rb)}, nil
	}
	if r.Undoes != nil {
		return Reply{}, fixed(r)
	}
	if len(w.values)+len(w.branches) > 0 {
		k := slices.IndexFunc(rb.Procedures, func(p runbook.Procedure) bool { return p.ID == r.Procedure })
		if k < 0 {
			return Reply{}, incident.Refuse(incident.NotFound, "The runbook has no procedure %s any more.", r.Procedure).Then("Plan another one.")
		}
		kept := askedOf(&rb.Procedures[k], r)
		maps.Copy(kept.values, w.values)
		maps.Copy(kept.reasons, w.reasons)
		maps.Copy(kept.branches, w.branches)
		return o.plan(ctx, c, &rb.Procedures[k], kept)
	}
	specs, err := o.Specs(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	given, err := o.inAdvance(ctx, i)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Form: planForm(i, r, specs, given), Say: templates.Message{Text: planned(i, r, specs, given)}, ID: i.ID}, nil
}

// plan commits the draft. A draft that stands keeps its number: it is the same plan, changed.
func (o *Office) plan(ctx context.Context, c *call, p *runbook.Procedure, w desired) (Reply, error) {
	var d drafted
	var run uint64
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		var err error
		if d, err = o.draft(v, i, c, p.ID, w); err != nil {
			return nil, err
		}
		run, c.blobs = d.planned.Run, d.blobs
		d.planned.Asks = c.Actor.Slack != "" && needsForm(d, w)
		for _, s := range d.planned.Steps {
			if list := valueErrors(d.specs[s.Spec], d.planned.Values, nil); len(list) > 0 {
				return nil, incident.Refuse(incident.BadInput, "%s.", list[0].Error())
			}
		}
		return i.Plan(o.desk(v, d.specs), d.planned, reads(d))
	}, func(i *incident.Incident) string { return planned(i, i.Run(run), d.specs, d.given) })
	if err != nil || !reply.Done() || reply.Again {
		return reply, err
	}
	return o.withForm(ctx, c, reply, d)
}

// withForm adds the form of a draft that still asks for something.
func (o *Office) withForm(ctx context.Context, c *call, reply Reply, d drafted) (Reply, error) {
	i, err := o.Store.Incident(ctx, state.Ref{ID: reply.ID})
	if err != nil {
		return Reply{}, err
	}
	if r := i.Run(d.planned.Run); r != nil && r.State == incident.Draft && c.Actor.Slack != "" {
		if form := planForm(i, r, d.specs, d.given); r.Asks && (len(form.Fields) > 0 || r.Asking != "") {
			reply.Form = form
		}
	}
	return reply, nil
}

// draft resolves a procedure of the runbook as it is loaded now, with what is accepted inside the transaction (I5).
func (o *Office) draft(v state.View, i *incident.Incident, c *call, procedure string, w desired) (drafted, error) {
	rb := o.Runbook().Accepted(func(digest string) bool { _, ok := v.House().Accepted[digest]; return ok })
	k := slices.IndexFunc(rb.Procedures, func(p runbook.Procedure) bool { return p.ID == procedure })
	if k < 0 {
		return drafted{}, incident.Refuse(incident.NotFound, "The runbook has no procedure %s any more.", procedure).Then("Plan another one.")
	}
	p := planning{
		rb: rb, procedure: &rb.Procedures[k], inc: i, by: c.person, config: o.Config(), desired: w,
	}
	if live := i.LiveRun(); live != nil && live.State == incident.Draft && live.Undoes == nil {
		p.run = live.N
	} else {
		p.run = v.Next("run")
	}
	d, err := p.draft()
	d.given = inAdvance{v.House(), v.Now()}
	return d, err
}

// reads reports whether the runner has something to read for the plan. Which targets are read depends on the branches, so
// those are chosen first.
func reads(d drafted) bool {
	if slices.ContainsFunc(d.planned.Steps, func(s incident.Step) bool { return s.Choose }) {
		return false
	}
	for _, s := range d.specs {
		if s.Probe != "" || len(s.Lists) > 0 {
			return true
		}
	}
	return false
}

// needsForm reports whether a person still gives some value of the plan, or chooses a branch. What was typed was seen.
func needsForm(d drafted, w desired) bool {
	for _, s := range d.specs {
		if len(s.Branches) > 0 || slices.ContainsFunc(s.Params, func(p incident.Param) bool { return askedParam(p) && w.values[p.Name] == "" }) {
			return true
		}
	}
	return false
}

// askedOf gives what was chosen for a draft before.
func askedOf(p *runbook.Procedure, r *incident.Run) desired {
	w := desired{values: map[string]string{}, reasons: map[string]string{}, branches: map[string]string{}, kept: r.Branches}
	for k := range p.Steps {
		for _, e := range entriesOf(&p.Steps[k], r) {
			for _, param := range e.Parameters {
				if v, ok := r.Values[param.Name]; ok && asked(param) {
					w.values[param.Name] = v
				}
				if why, ok := r.Reasons[param.Name]; ok {
					w.reasons[param.Name] = why
				}
			}
		}
	}
	return w
}

// entriesOf are the entries of a step that the run takes values for: the step's own, or those of the chosen branch.
func entriesOf(s *runbook.Step, r *incident.Run) []*runbook.Entry {
	if branch := r.Branches[s.ID]; branch != "" {
		if one, err := s.Choose(branch); err == nil {
			s = one
		}
	}
	return slices.DeleteFunc([]*runbook.Entry{s.Entry, s.Undo}, func(e *runbook.Entry) bool { return e == nil })
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

// suggested is the procedure that nobody has to pick: the only one for the incident's type, or the only one there is.
func suggested(rb *runbook.Runbook, meant []string) *runbook.Procedure {
	if list := ordered(rb, meant); len(meant) == 1 && len(list) > 0 || len(list) == 1 {
		return list[0]
	}
	return nil
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

// choose takes the plan's form. What is wrong comes back at its field; a branch brings the form that its values need.
func choose(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, _, _ := target(c)
	var wrong map[string]string
	var d drafted
	moved, again := false, false
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		r := i.Run(n)
		if r == nil || r.State != incident.Draft {
			return nil, incident.Refuse(incident.WrongState, "%s is no plan any more.", incident.RunName(n)).Then("Plan anew.")
		}
		if r.Undoes != nil {
			return nil, fixed(r)
		}
		var err error
		again = r.Failure != "" && len(c.Fields) == 0 // the form that says so has one button: read again
		if d, err = o.draft(v, i, c, r.Procedure, formDesired(c, o.Runbook(), r)); err != nil {
			return nil, err
		}
		moved = again || !maps.Equal(d.planned.Branches, r.Branches)
		if wrong = wrongFields(d, r); len(wrong) > 0 && !moved {
			return nil, errFields
		}
		c.blobs, d.planned.Asks = d.blobs, again || len(wrong) > 0
		same := d.planned.Revision == r.Revision && d.planned.Lock == r.Lock && !moved
		return i.Plan(o.desk(v, d.specs), d.planned, reads(d) && (!same || r.ReadsAt.IsZero() && r.Asking == "" || r.Failure != ""))
	}, func(i *incident.Incident) string { return planned(i, i.Run(d.planned.Run), d.specs, d.given) })
	switch {
	case errors.Is(err, errFields):
		return Reply{Errors: wrong}, nil
	case err != nil || !d.planned.Asks || !reply.Done() || reply.Again:
		return reply, err
	}
	return o.withForm(ctx, c, reply, d)
}

var errFields = errors.New("some fields are wrong")

// formDesired reads the plan's form. While branches are to be chosen, or the target could not be read, it asks for nothing
// else, and what was said before stays.
func formDesired(c *call, rb *runbook.Runbook, r *incident.Run) desired {
	w := desired{values: map[string]string{}, reasons: map[string]string{}, branches: map[string]string{}, kept: r.Branches}
	if k := slices.IndexFunc(rb.Procedures, func(p runbook.Procedure) bool { return p.ID == r.Procedure }); k >= 0 && (len(r.Undecided()) > 0 || r.Failure != "") {
		w = askedOf(&rb.Procedures[k], r)
	}
	for name := range c.Fields {
		v := c.Field(name)
		if base, ok := strings.CutSuffix(name, reasonField); ok {
			if v = strings.TrimSpace(v); v != "" {
				w.reasons[base] = v
			}
		} else if v != "" && branchName.MatchString(name+"=") {
			w.branches[name] = v
		} else if v != "" {
			w.values[name] = v
		}
	}
	return w
}

// wrongFields says at which fields of the form something is wrong.
func wrongFields(d drafted, r *incident.Run) map[string]string {
	wrong := map[string]string{}
	for _, s := range slices.Concat(d.planned.Steps, d.planned.Undos) {
		spec := d.specs[s.Spec]
		choices := r.Choices
		if s.Choose {
			wrong[s.ID] = "Choose one."
		}
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
