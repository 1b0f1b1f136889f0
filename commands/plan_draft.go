package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// planning is everything that a draft of a run is made from.
type planning struct {
	rb        *runbook.Runbook // only accepted entries are Ready
	procedure *runbook.Procedure
	inc       *incident.Incident
	run       uint64
	by        incident.Person
	config    Config
	desired   // as chosen; the rest comes from the run and from the lock's defaults
}

// drafted is a procedure resolved into a run: the event, and what its steps' digests name.
type drafted struct {
	planned incident.RunPlanned
	specs   map[string]*incident.Spec
	blobs   [][]byte
	given   inAdvance
}

// draft resolves every step: bytes, target, values, policy. What may not run becomes a step for a person, with why.
func (p planning) draft() (drafted, error) {
	d := drafted{
		planned: incident.RunPlanned{
			Run: p.run, By: p.by, Procedure: p.procedure.ID, Title: p.procedure.Title, Revision: p.rb.Digest, Lock: p.rb.LockDigest,
			Values: map[string]string{}, Branches: map[string]string{}, Reasons: p.reasons,
		},
		specs: map[string]*incident.Spec{},
	}
	if err := p.chooses(); err != nil {
		return drafted{}, err
	}
	taken := map[string]bool{}
	for k := range p.procedure.Steps {
		choice := &p.procedure.Steps[k]
		s, open, err := p.branch(choice, &d)
		if err != nil {
			return drafted{}, err
		}
		if open {
			step, spec := p.undecided(s)
			if err := d.add(&d.planned.Steps, step, spec); err != nil {
				return drafted{}, err
			}
			continue
		}
		undo := ""
		if u := p.undo(s); u != nil {
			undo = u.ID
			step := p.step(u, s.Number+"u", undoTitle(s, u))
			step.UndoOf = s.ID
			if err := d.add(&d.planned.Undos, step, p.spec(u, step.Title, "")); err != nil {
				return drafted{}, err
			}
			p.take(u, &d, taken)
		}
		step, spec := p.resolve(s)
		step.Undo, step.Condition = undo, s.Condition
		if s != choice {
			spec.ChoiceOf, spec.Branches = choice.ID, branches(choice)
		}
		if err := d.add(&d.planned.Steps, step, spec); err != nil {
			return drafted{}, err
		}
		if !step.Manual {
			p.take(s.Entry, &d, taken)
		}
	}
	for name := range p.values {
		if text := p.procedure.Takes(name); !taken[name] && text != nil {
			return drafted{}, incident.Refuse(incident.BadInput, "Step %s %s takes %s, and drbot does not run it: %s.", text.Number, text.Title, name, text.Why).
				Then("Plan it without %s and do that step by hand, or compile the lock, review and accept it.", name)
		}
		if !taken[name] {
			return drafted{}, incident.Refuse(incident.BadInput, "%s takes no value %s.", p.procedure.Title, name).
				Then("Values: %s.", words(slices.Sorted(maps.Keys(taken))))
		}
	}
	return d, nil
}

func undoTitle(s *runbook.Step, u *runbook.Entry) string {
	if u.Title != "" {
		return u.Title
	}
	return "Undo: " + s.Title
}

// add keeps a step with its spec as a blob under its digest.
func (d *drafted) add(to *[]incident.Step, step incident.Step, spec incident.Spec) error {
	blob, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encode step %s: %w", step.ID, err)
	}
	step.Spec = incident.Digest(blob)
	d.specs[step.Spec] = &spec
	d.blobs = append(d.blobs, blob)
	*to = append(*to, step)
	return nil
}

// take puts the values of an entry into the draft: chosen, of the run, or the lock's default.
func (p planning) take(e *runbook.Entry, d *drafted, taken map[string]bool) {
	facts := runbook.Facts{Run: incident.RunName(p.run), Incident: p.inc.ID.String(), OpenedAt: p.inc.OpenedAt}
	chosen := map[string]string{}
	for _, param := range e.Parameters {
		if asked(param) {
			taken[param.Name] = true
			chosen[param.Name] = p.values[param.Name]
		}
	}
	given := e.Resolve(facts, chosen)
	for _, param := range e.Parameters {
		if v, ok := given[param.Name]; ok && param.Type != runbook.TypeSecret {
			d.planned.Values[valueKey(param)] = v
		}
	}
}

// asked reports whether a person gives the value.
func asked(p runbook.Parameter) bool { return p.From == "" || p.From == "list" }

// valueKey names the value in the run: what a step gives goes by the step, everything else by the parameter.
func valueKey(p runbook.Parameter) string {
	switch p.From {
	case "", "list", "run.id", "incident.id", "incident.opened_at":
		return p.Name
	}
	return p.From
}

// resolve makes the step of the run. Anything but a Ready entry is done by hand and says why.
func (p planning) resolve(s *runbook.Step) (incident.Step, incident.Spec) {
	why := s.Why
	if s.Ready {
		if why = p.secretsMissing(s.Entry); !p.meant(s.Entry) {
			why = "meant for " + strings.Join(s.Entry.For, ", ")
		}
		if why == "" {
			return p.step(s.Entry, s.Number, s.Title), p.spec(s.Entry, s.Title, handText(s))
		}
	}
	step := incident.Step{ID: s.ID, Number: s.Number, Title: s.Title, Manual: true, Why: why}
	if s.Entry != nil && s.Entry.Manual {
		step.Leaves = s.Entry.Leaves
	}
	return step, incident.Spec{ID: s.ID, Title: s.Title, Text: handText(s), Calls: p.calls(s), Closes: closes(s)}
}

// calls are the procedures that a step names, as far as the runbook has them.
func (p planning) calls(s *runbook.Step) []incident.Called {
	var list []incident.Called
	for _, id := range s.Calls {
		if k := slices.IndexFunc(p.rb.Procedures, func(q runbook.Procedure) bool { return q.ID == id }); k >= 0 && id != p.procedure.ID {
			list = append(list, incident.Called{ID: id, Title: p.rb.Procedures[k].Title})
		}
	}
	return list
}

func closes(s *runbook.Step) []string {
	if s.Entry == nil || !s.Entry.Manual {
		return nil // a drifted entry proves nothing
	}
	return s.Entry.Closes
}

// handText is what a person needs to do the step without drbot.
func handText(s *runbook.Step) string {
	parts := []string{s.Text}
	if s.Condition != "" {
		parts = append(parts, "Only "+s.Condition+".")
	}
	for _, c := range s.Commands {
		parts = append(parts, strings.TrimRight(c.Source, "\n"))
	}
	return strings.TrimSpace(strings.Join(parts, "\n\n"))
}

// meant reports whether the step is for incidents of this type. Of another type it stays in the run, as text: a step that
// is silently left out could be the one that makes the next one safe.
func (p planning) meant(e *runbook.Entry) bool {
	return len(e.For) == 0 || p.inc.Type == "" || slices.Contains(e.For, p.inc.Type)
}

func (p planning) secretsMissing(e *runbook.Entry) string {
	for _, param := range e.Parameters {
		if param.Type == runbook.TypeSecret && !slices.Contains(p.config.Secrets, p.secret(param)) {
			return fmt.Sprintf("its secret %s is not configured", param.Name)
		}
	}
	if on := e.On; on != nil && on.Server != nil && on.Server.Secret != "" && !slices.Contains(p.config.Secrets, on.Server.Secret) {
		return fmt.Sprintf("the secret %s of its target is not configured", on.Server.Secret)
	}
	return ""
}

// secret is the name of the configured secret that a parameter means.
func (p planning) secret(param runbook.Parameter) string {
	if name := p.values[param.Name]; name != "" {
		return name
	}
	return param.Default
}

func (p planning) step(e *runbook.Entry, number, title string) incident.Step {
	s := incident.Step{
		ID: e.ID, Number: number, Title: title, Risk: incident.Risk(runbook.Worse(e.Risk, e.EffectiveRisk())), Entry: e.Digest(),
		Script: incident.Digest([]byte(e.Run)), Interpreter: e.Interpreter, Target: e.Target, Timeout: e.Timeout, Precheck: e.Precheck != "",
		Leaves: e.Leaves, OnFailure: e.OnFailure, Confirm: e.Confirm, Output: e.Output, Verify: e.Verify,
	}
	if e.On != nil {
		s.Lock, s.Probe = e.On.Lock, e.On.Probe != "" || e.On.Server != nil || e.On.Elsewhere()
	}
	for _, param := range e.Parameters {
		if key := valueKey(param); param.Type != runbook.TypeSecret && !slices.Contains(s.Params, key) {
			s.Params = append(s.Params, key)
		}
	}
	for _, made := range e.Produces {
		s.Produces = append(s.Produces, e.ID+"."+made.Name)
	}
	if a := e.Approvals; a != nil {
		s.Need, s.Expires, s.StartWithin = max(1, a.Need), a.Expires, a.StartWithin
		if a.Standing != nil {
			s.Standing = &incident.Standing{Severity: a.Standing.Severity, For: time.Duration(a.Standing.For()) * 24 * time.Hour}
		}
		for _, role := range a.From {
			s.From = append(s.From, incident.Right(role))
		}
	}
	return s
}

func (p planning) spec(e *runbook.Entry, title, text string) incident.Spec {
	s := incident.Spec{
		ID: e.ID, Title: title, Text: text, Interpreter: e.Interpreter, Script: e.Run, Target: e.Target, Host: p.config.Host,
		KeepGoing: e.KeepGoing, User: p.config.RunAs, Precheck: e.Precheck, Expect: (*incident.Expect)(e.Expect), Timeout: e.Timeout,
		Survivors: e.Survivors, Closes: e.Closes,
	}
	if e.On != nil {
		s.Dir, s.Path, s.Probe, s.Server, s.Drill = e.On.Dir, e.On.Path, e.On.Probe, e.On.Server.On(), e.On.Drill
		if e.On.Elsewhere() { // its account is the one that logs in there
			s.Host, s.User = e.On.Host, ""
		}
		s.ReadOnly = e.On.Server != nil && e.Interpreter != runbook.Bash && runbook.Worse(e.Risk, e.EffectiveRisk()) == runbook.Read
	}
	for _, db := range e.Databases {
		s.Databases = append(s.Databases, incident.Database(db))
	}
	for _, param := range e.Parameters {
		if param.Type == runbook.TypeSecret {
			s.Secrets = append(s.Secrets, param.Name+"="+p.secret(param))
			continue
		}
		s.Params = append(s.Params, declared(param))
		if param.From == "list" {
			if s.Lists == nil {
				s.Lists = map[string]string{}
			}
			s.Lists[param.Name] = e.List
		}
	}
	for _, made := range e.Produces {
		s.Produces = append(s.Produces, made.Name)
		s.Gives = append(s.Gives, incident.Param{Name: made.Name, Type: made.Type, Pattern: made.Pattern, Label: made.Label, Key: e.ID + "." + made.Name})
	}
	return s
}

func declared(p runbook.Parameter) incident.Param {
	return incident.Param{
		Name: p.Name, Type: p.Type, Label: p.Label, From: p.From, Pattern: p.Pattern, Allowed: p.Allowed, Min: p.Min, Max: p.Max,
		Default: p.Default, Sample: p.Sample, Key: valueKey(p),
	}
}

// valueErrors holds the values that are there against what a spec declares (I34 to I37). A listing that was not read
// yet is not held against its value; it is before the run starts.
func valueErrors(s *incident.Spec, values map[string]string, choices map[string][]incident.Choice) []*runbook.ValueError {
	entry := &runbook.Entry{ID: s.ID}
	given := map[string]string{}
	var list []*runbook.ValueError
	for _, p := range s.Params {
		v, ok := values[p.Key]
		if !ok {
			continue
		}
		param := runbook.Parameter{Name: p.Name, Type: p.Type, Pattern: p.Pattern, Allowed: p.Allowed, Min: p.Min, Max: p.Max, Sample: p.Sample}
		if p.From == "list" {
			if lines, read := choices[p.Name]; read {
				if problem := unlisted(v, p.Allowed, lines); problem != "" {
					list = append(list, &runbook.ValueError{Parameter: p.Name, Problem: problem})
					continue
				}
			}
			if param.Allowed = nil; param.Type == runbook.TypeChoice {
				param.Type = runbook.TypeText
			}
		}
		given[p.Name] = v
		entry.Parameters = append(entry.Parameters, param)
	}
	_, err := runbook.Bind(entry, given)
	return append(list, eachValueError(err)...)
}

// unlisted says why a value may not be taken from a listing; empty: it may.
func unlisted(v string, allowed []string, lines []incident.Choice) string {
	if slices.Contains(allowed, v) {
		return ""
	}
	for _, c := range lines {
		switch {
		case c.Value == v && c.State == "rejected":
			return fmt.Sprintf("%q was rejected: %s", v, c.Note)
		case c.Value == v:
			return ""
		}
	}
	return fmt.Sprintf("%q is not among the %d that were listed", v, len(lines))
}

func eachValueError(err error) []*runbook.ValueError {
	if err == nil {
		return nil
	}
	var list []*runbook.ValueError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			list = append(list, eachValueError(one)...)
		}
		return list
	}
	if one := (*runbook.ValueError)(nil); errors.As(err, &one) {
		return []*runbook.ValueError{one}
	}
	return []*runbook.ValueError{{Problem: err.Error()}}
}

// checkValues is valueErrors as decisions want it.
func checkValues(s *incident.Spec, values map[string]string, choices map[string][]incident.Choice) error {
	if list := valueErrors(s, values, choices); len(list) > 0 {
		return incident.Refuse(incident.BadInput, "Step %s: %s.", s.ID, list[0].Error()).Then("Plan again with another value.")
	}
	return nil
}

// madeErrors holds what a step gave against what its lock entry promised.
func madeErrors(s *incident.Spec, produced map[string]string) string {
	for _, p := range s.Gives {
		kind := p.Type
		if kind == "" {
			kind = runbook.TypeText
		}
		v, ok := produced[p.Name]
		if !ok {
			return "it gave no " + p.Name
		}
		one := &runbook.Entry{ID: s.ID, Parameters: []runbook.Parameter{{Name: p.Name, Type: kind, Pattern: p.Pattern}}}
		if _, err := runbook.Bind(one, map[string]string{p.Name: v}); err != nil {
			return err.Error()
		}
	}
	return ""
}

// words joins names for a sentence.
func words(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
