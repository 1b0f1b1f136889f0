package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
)

// takeBack plans the undo of a step whose run has ended, as a run with that one step. What may run is asked of the runbook
// as it is loaded now, and it must be what the ended run was planned with: its values are for that text and no other.
func (o *Office) takeBack(ctx context.Context, c *call, n uint64, step string) (Reply, error) {
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return Reply{}, err
	}
	was := map[string]*incident.Spec{}
	if r, s, err := i.TakeBack(n, step); err == nil {
		for _, u := range r.Undos {
			if u.ID == s.Undo {
				was[u.Spec], _ = o.Spec(ctx, u.Spec) // the decision says what is not at hand
			}
		}
	}
	var d drafted
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		r, s, err := i.TakeBack(n, step)
		if err != nil {
			return nil, err
		}
		if d, err = o.draftUndo(v, i, c, undoing{r, s, was}); err != nil {
			return nil, err
		}
		c.blobs, d.given = d.blobs, inAdvance{v.House(), v.Now()}
		return i.Plan(o.desk(v, d.specs), d.planned, reads(d))
	}, func(i *incident.Incident) string { return planned(i, i.Run(d.planned.Run), d.specs, d.given) })
}

// undoing is a step of an ended run, and what its undo was, by the digest of its spec.
type undoing struct {
	run  *incident.Run
	step *incident.Step
	was  map[string]*incident.Spec
}

// draftUndo resolves the undo of a step of an ended run, with that run's values and secrets.
func (o *Office) draftUndo(v state.View, i *incident.Incident, c *call, what undoing) (drafted, error) {
	r, s := what.run, what.step
	k := slices.IndexFunc(r.Undos, func(u incident.Step) bool { return u.ID == s.Undo })
	if k < 0 {
		return drafted{}, incident.Refuse(incident.NotFound, "The undo of step %s is not in the plan of %s.", s.Number, r.Name()).Then(byHand)
	}
	old := r.Undos[k]
	was := what.was[old.Spec]
	if was == nil {
		return drafted{}, incident.Refuse(incident.Blocked, "The text of step %s of %s is not at hand any more.", old.Number, r.Name()).Then(byHand)
	}
	rb := o.Runbook().Accepted(func(digest string) bool { _, ok := v.House().Accepted[digest]; return ok })
	p := planning{rb: rb, inc: i, by: c.person, config: o.Config(), desired: desired{values: secretsOf(was)}}
	u := p.undoOf(r, s)
	if u == nil || u.Digest() != old.Entry {
		if accepted := v.House().Accepted; accepted[old.Entry].At.IsZero() {
			return drafted{}, incident.Refuse(incident.Blocked, "What undoes step %s is not accepted as %s had it: its lock entry was changed, or left out, since.", s.Number, r.Name()).
				Then("Load that lock again and have it accepted, or take the step back by hand and note what was done.")
		}
		return drafted{}, incident.Refuse(incident.Blocked, "Step %s of %s is not in the runbook as it was reviewed any more.", s.Number, r.Name()).
			Then("Compile the lock, review and accept it, or take the step back by hand and note what was done.")
	}
	if why := p.secretsMissing(u); why != "" {
		return drafted{}, incident.Refuse(incident.Blocked, "Step %s does not run: %s.", old.Number, why).Then(byHand)
	}
	title := undoTitle(&runbook.Step{Title: s.Title}, u)
	again := p.step(u, old.Number, title)
	again.UndoOf = s.ID
	d := drafted{
		planned: incident.RunPlanned{
			By: c.person, Procedure: r.Procedure, Title: "Undo " + s.Number + " of " + r.Name(), Revision: rb.Digest, Lock: rb.LockDigest,
			Values: map[string]string{}, Reasons: map[string]string{}, Undoes: i.Undoing(r, s, again.Target),
		},
		specs: map[string]*incident.Spec{},
	}
	for _, name := range again.Params {
		value, ok := r.Values[name]
		if !ok {
			return drafted{}, incident.Refuse(incident.Blocked, "%s has no value %s, which step %s takes.", r.Name(), name, old.Number).Then(byHand)
		}
		d.planned.Values[name] = value
		if why := r.Reasons[name]; why != "" {
			d.planned.Reasons[name] = why
		}
	}
	d.planned.Run = v.Next("run") // only now: a refusal spends no number
	return d, d.add(&d.planned.Steps, again, p.spec(u, title, ""))
}

// secretsOf are the names of the configured secrets that a step was planned with, by parameter.
func secretsOf(s *incident.Spec) map[string]string {
	names := map[string]string{}
	for _, line := range s.Secrets {
		if param, secret, ok := strings.Cut(line, "="); ok {
			names[param] = secret
		}
	}
	return names
}

const byHand = "Take it back by hand, from the runbook's text, and note what was done."

// undoOf finds the undo of a step of an ended run in the runbook as it is now; nil where it is not to be run.
func (p *planning) undoOf(r *incident.Run, s *incident.Step) *runbook.Entry {
	for k := range p.rb.Procedures {
		if p.procedure = &p.rb.Procedures[k]; p.procedure.ID != r.Procedure {
			continue
		}
		for n := range p.procedure.Steps {
			now := &p.procedure.Steps[n]
			if branch := r.Branches[now.ID]; branch != "" {
				one, err := now.Choose(branch)
				if err != nil {
					continue // that branch is gone from the runbook
				}
				now = one
			}
			if now.ID == s.ID {
				return p.undo(now)
			}
		}
	}
	return nil
}

// fixed refuses to change the plan of an undo: its values are those of the run that it takes a step of back.
func fixed(r *incident.Run) error {
	return incident.Refuse(incident.WrongState, "%s takes back %s, with the values of %s; nothing of it is chosen.", r.Name(), r.Undoes.Name(), incident.RunName(r.Undoes.Run)).
		Then("Start it, or discard it.")
}
