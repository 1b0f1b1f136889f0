package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
)

// lookAgain is how long lies between two looks at the processes that a lost step left on this host.
const lookAgain = 2 * time.Second

// host is the other host that a lost attempt was begun on, if it may still run there; empty: this one.
func (r *Runner) host(w watch) string {
	status, err := attempt.Inspect(r.Dir, w.attempt)
	if err != nil || status.State == attempt.StateRunning || status.State == attempt.StateEnded && len(status.Result.Survivors) == 0 {
		return ""
	}
	return status.Far
}

// outlived tells which processes of a lost step live, and reports whether there is nothing more to look for. One that starts and ends
// others all the while is not told of each time: only when none of those that were named lives.
func (r *Runner) outlived(ctx context.Context, w watch, s *incident.Step, live []string) bool {
	if len(live) == 0 && len(s.Left) == 0 {
		return true
	}
	return r.survive(ctx, w, s, incident.StepSurvivors{Left: live}) == nil && len(live) == 0
}

// survive tells what lives of a lost step, unless the record says so.
func (r *Runner) survive(ctx context.Context, w watch, s *incident.Step, e incident.StepSurvivors) error {
	still := func(name string) bool { return slices.Contains(e.Left, name) }
	if len(e.Left) > 0 && slices.ContainsFunc(s.Left, still) {
		return nil
	}
	e.Run, e.Step, e.Attempt = w.run, w.step, w.attempt
	if e.Left = slices.Clone(e.Left); len(e.Left) > 0 {
		hide, err := secret.NewRedactor(slices.Collect(maps.Values(r.Secrets))...)
		if err != nil {
			return err
		}
		for k, name := range e.Left {
			e.Left[k] = hide.Text(name)
		}
	}
	err := r.Outcomes.Report(ctx, w.id, "", e) // without a key: the same may be seen again later
	r.trouble(err)
	return err
}

// outlivedFar asks another host what is left of a step whose supervisor there is gone.
func (r *Runner) outlivedFar(ctx context.Context, w watch, s *incident.Step, host string) bool {
	told, err := attempt.Ask(ctx, r.Dir, w.attempt)
	e := incident.StepSurvivors{Left: told.Left, Far: host, Away: err != nil}
	return r.survive(ctx, w, s, e) == nil && err == nil && len(told.Left) == 0
}

// answerTime is how long a host that is attached to again has to send the end of a step that is over.
const answerTime = 5 * time.Second

// runs reports whether an attempt that was attached to again goes on.
func (r *Runner) runs(ctx context.Context, name string) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, _ = attempt.Wait(ctx, r.Dir, name)
	status, err := attempt.Inspect(r.Dir, name)
	return err == nil && status.State == attempt.StateRunning
}

// beside says why a step may not begin: something of an attempt of it, of which nobody knows how it ended, lives; on another host also of
// another step on the same target, since a person's word may have freed that (I22, I26, I30).
func (r *Runner) beside(ctx context.Context, i *incident.Incident, e incident.StepStarting, s *incident.Step) (string, error) {
	if far := r.elsewhere(e.Action.Host); far != nil {
		return r.besideFar(ctx, far, e, s)
	}
	for n := 1; n < s.Attempts; n++ {
		name := incident.AttemptName(e.Run, e.Step, n)
		live, err := attempt.Leftover(r.Dir, name)
		if err != nil {
			return "", fmt.Errorf("look at attempt %s: %w", name, err)
		}
		if len(live) > 0 {
			return fmt.Sprintf("its attempt %d still runs: %s; end that on its host, then run it again", n, strings.Join(live, ", ")), nil
		}
	}
	return "", nil
}

// besideFar asks the other host. What cannot be asked may run.
func (r *Runner) besideFar(ctx context.Context, far *incident.Far, e incident.StepStarting, s *incident.Step) (string, error) {
	names, err := attempt.Open(r.Dir, far.Scheme, far.Name)
	if err != nil {
		return "", fmt.Errorf("look at what ran on %s: %w", far.Name, err)
	}
	for _, name := range names {
		if name == e.Attempt {
			continue
		}
		run, other, err := r.attempted(ctx, name)
		if err != nil {
			return "", fmt.Errorf("read the step of %s: %w", name, err)
		}
		if other == nil || other.Lock != s.Lock {
			continue
		}
		what := fmt.Sprintf("step %s of %s", other.Number, incident.RunName(run))
		told, err := attempt.Ask(ctx, r.Dir, name)
		switch {
		case err != nil:
			return fmt.Sprintf("%s may still run on %s, which cannot be asked: %v", what, far.Name, err), nil
		case told.Running:
			return fmt.Sprintf("%s still runs on %s; wait for its end, or end it there, then go on", what, far.Name), nil
		case len(told.Left) > 0:
			return fmt.Sprintf("processes of %s still run on %s: %s; wait for their end, or end them there, then go on", what, far.Name, strings.Join(told.Left, ", ")), nil
		}
	}
	return "", nil
}

// attempted finds the run and the step of an attempt in the record; nil when it has none.
func (r *Runner) attempted(ctx context.Context, name string) (n uint64, s *incident.Step, err error) {
	if _, err := fmt.Sscanf(name, "r%d-", &n); err != nil {
		return 0, nil, nil // no name of ours
	}
	i, err := r.Store.Incident(ctx, state.Ref{Index: "run", Value: incident.RunName(n)})
	if errors.Is(err, state.ErrNotFound) {
		return n, nil, nil
	}
	if err != nil {
		return n, nil, err
	}
	run := i.Run(n)
	if run == nil {
		return n, nil, nil
	}
	for _, list := range [][]incident.Step{run.Steps, run.Undos} {
		for k := range list {
			for at := 1; at <= list[k].Attempts; at++ {
				if incident.AttemptName(n, list[k].ID, at) == name {
					return n, &list[k], nil
				}
			}
		}
	}
	return n, nil, nil
}
