package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/secret"
)

// start makes the attempt of a StepStarting, if what would run is still what was approved and nothing stopped it
// meanwhile. An attempt is started at most once, by whoever tries.
func (r *Runner) start(ctx context.Context, id incident.ID, e incident.StepStarting) error {
	w := watch{id: id, run: e.Run, step: e.Step, attempt: e.Attempt}
	job, why, err := r.prepare(ctx, id, e)
	if err != nil {
		return later(err)
	}
	tried, first := r.try(e.Attempt)
	if !first {
		<-tried
		return r.settle(ctx, w)
	}
	defer close(tried)
	if why != "" {
		return r.refuse(ctx, w, why)
	}
	secrets, missing := r.secrets(e.Action.Secrets, e.Action.Server)
	if missing != "" {
		return r.refuse(ctx, w, "secret "+missing+" is not configured")
	}
	switch err := r.crew.Start(ctx, r.Dir, job, secrets); {
	case err == nil:
		r.watch(w)
		return nil
	case errors.Is(err, attempt.ErrOtherJob):
		return r.refuse(ctx, w, "its folder holds another job; look at runs/"+e.Attempt)
	case errors.Is(err, attempt.ErrNotStarted):
		return later(r.report(ctx, w, incident.StepNotStarted{Run: e.Run, Step: e.Step, Attempt: e.Attempt, Why: reason(err)}))
	default:
		r.Log.Error("start", "step", e.Attempt, "error", err)
		return r.settle(ctx, w) // the folder says whether it began
	}
}

// try marks an attempt as tried. Only the first may start it; others wait for the mark to be closed.
func (r *Runner) try(name string) (tried chan struct{}, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if tried, ok := r.tried[name]; ok {
		return tried, false
	}
	r.tried[name] = make(chan struct{})
	return r.tried[name], true
}

// refuse claims the attempt, so that nobody ever starts it, and says why.
func (r *Runner) refuse(ctx context.Context, w watch, why string) error {
	if _, err := attempt.Inspect(r.Dir, w.attempt); err != nil {
		r.Log.Warn("claim", "step", w.attempt, "error", err) // the record refuses it all the same
	}
	return later(r.report(ctx, w, incident.StepNotStarted{Run: w.run, Step: w.step, Attempt: w.attempt, Why: why}))
}

// prepare makes the job and says why it may not run. An error means that the store could not be read: then nothing
// starts, and it is tried again (I23).
func (r *Runner) prepare(ctx context.Context, id incident.ID, e incident.StepStarting) (job attempt.Job, why string, err error) {
	i, err := r.fold(ctx, id)
	if err != nil {
		return job, "", err
	}
	house, err := r.Store.House(ctx)
	if err != nil {
		return job, "", err
	}
	run := i.Run(e.Run)
	if run == nil || run.Step(e.Step) == nil {
		return job, "the run is over", nil
	}
	s := run.Step(e.Step)
	switch {
	case s.Attempt != e.Attempt || s.State != incident.StepStarts:
		return job, "the run went on without it", nil
	case run.Cancel != "":
		return job, "cancelled before it started: " + run.Cancel, nil
	case house.Frozen != nil:
		return job, "frozen by " + house.Frozen.By.Name + ": " + house.Frozen.Reason, nil
	}
	spec, err := r.spec(ctx, s.Spec)
	if errors.Is(err, errTampered) {
		return job, err.Error(), nil
	}
	if err != nil {
		return job, "", err
	}
	if why := i.OutsideDrill(spec); why != "" {
		return job, why, nil
	}
	if why := differs(i, s, spec, e); why != "" {
		return job, why, nil
	}
	why, err = r.beside(ctx, i, e, s)
	return r.job(i, spec, e), why, err
}

// differs recomputes the digest of what would run from the bytes at hand, and holds it against the record and against
// the approval (I1, I2).
func differs(i *incident.Incident, s *incident.Step, spec *incident.Spec, e incident.StepStarting) string {
	script := []byte(spec.Script)
	switch {
	case incident.Digest(script) != e.Action.Script || e.Action.Script != s.Script:
		return "its script is not the one that was recorded"
	case e.Action.Digest(script) != e.Digest:
		return "what would run is not what was recorded"
	case e.Approval == 0 && s.NeedsApproval():
		return "it has no approval"
	case e.Approval == 0:
		return ""
	}
	if a := i.Approval(e.Approval); a == nil || a.Digest != e.Digest || a.Step != e.Step || a.Run != e.Run {
		return "what would run is not what " + incident.ApprovalName(e.Approval) + " approved"
	}
	return ""
}

func (r *Runner) job(i *incident.Incident, spec *incident.Spec, e incident.StepStarting) attempt.Job {
	a := e.Action
	return attempt.Job{
		Attempt: e.Attempt, Incident: i.ID.String(), Run: incident.RunName(e.Run), Step: e.Step, Interpreter: a.Interpreter,
		Script: []byte(spec.Script), SHA256: a.Script, Env: a.Env, Secrets: envNames(a.Secrets), Dir: a.Dir, Path: a.Path, Timeout: a.Timeout,
		OutputLimit: r.OutputLimit, Limits: r.Limits, Survivors: a.Survivors, User: a.User, Expect: spec.Expect, Databases: a.Databases, KeepGoing: a.KeepGoing,
		Produces: spec.Produces, Server: a.Server, ReadOnly: a.ReadOnly, Identifiers: identifiers(spec),
		Far: r.elsewhere(a.Host),
	}
}

// identifiers are the parameters of a sql step that may stand for a name.
func identifiers(spec *incident.Spec) []string {
	var list []string
	for _, p := range spec.Params {
		if p.Type == runbook.TypeDBName && spec.Interpreter == runbook.SQL {
			list = append(list, p.Name)
		}
	}
	return list
}

// envNames are the variables of "PGPASSWORD=pg" references.
func envNames(references []string) []string {
	var names []string
	for _, ref := range references {
		name, _, _ := strings.Cut(ref, "=")
		names = append(names, name)
	}
	return names
}

// secrets gives every configured secret, to be hidden in the output, those of the step under their variables, and the password of its
// server.
func (r *Runner) secrets(references []string, server *incident.Server) (all map[string]secret.String, missing string) {
	configured := r.Secrets
	all = make(map[string]secret.String, len(configured)+len(references))
	for name, value := range configured {
		all["configured/"+name] = value
	}
	for _, ref := range references {
		name, of, ok := strings.Cut(ref, "=")
		if !ok {
			of = name
		}
		value, found := configured[of]
		if !found {
			return nil, of
		}
		all[name] = value
	}
	if server != nil && server.Secret != "" {
		value, found := configured[server.Secret]
		if !found {
			return nil, server.Secret
		}
		all[attempt.ServerPassword] = value
	}
	return all, ""
}

// reason is a start's refusal without the words that the record says anyway.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), attempt.ErrNotStarted.Error()+": ")
}

// decode reads a blob strictly: a field that this version does not know might be one that decides what runs.
func decode(blob []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(blob))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read step: %w", err)
	}
	return nil
}
