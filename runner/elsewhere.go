package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
)

// again is how long lies between two tries to find a step on another host that was lost.
const again = 30 * time.Second

// elsewhere says how the host of a step is reached; nil is this one.
func (r *Runner) elsewhere(host string) *incident.Far {
	scheme, name, far := incident.Elsewhere(host)
	if !far {
		return nil
	}
	f := r.Far
	f.Scheme, f.Name = scheme, name
	return &f
}

// outside holds every reading against the drill's fence: a reading reaches its target too (I44).
func outside(i *incident.Incident, list []reading) error {
	for _, one := range list {
		if why := i.OutsideDrill(one.spec); why != "" {
			return fmt.Errorf("%s: %s", one.what, why)
		}
	}
	return nil
}

// findAgain goes on looking for a step on another host of which nobody knows: it may still run there, or have ended, and its
// supervisor there keeps the record. The step stays unknown until that is read, or until a person says what became of it. A run that
// was cancelled meanwhile still ends what it left there.
func (r *Runner) findAgain(w watch) {
	r.onlyOne(r.sought, w.attempt, func() {
		for pause := time.Duration(0); ; {
			select {
			case <-r.ctx.Done():
				return
			case <-time.After(pause):
			}
			if r.found(w) {
				return
			}
			if pause = r.Again; r.host(w) == "" {
				pause = min(pause, lookAgain)
			}
		}
	})
}

// found reports whether there is nothing more to look for: it ended and that is told, it runs here, or nobody waits for it.
func (r *Runner) found(w watch) bool {
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	i, err := r.fold(ctx, w.id)
	if err != nil {
		return false
	}
	run := i.Run(w.run)
	if run == nil || run.State == incident.Ended && run.Cancel == "" {
		return true
	}
	if s := run.Step(w.step); s == nil || s.Attempt != w.attempt || s.State != incident.StepIsLost {
		return true
	}
	status, err := attempt.Inspect(r.Dir, w.attempt)
	if err != nil {
		return false
	}
	if status.State == attempt.StateEnded && status.Far != "" {
		return r.outlivedFar(ctx, w, run.Step(w.step), status.Far)
	}
	if status.State == attempt.StateUnknown {
		if status.Far == "" {
			return r.outlived(ctx, w, run.Step(w.step), status.Leftover)
		}
		secrets, _ := r.secrets(nil, nil)
		if err := attempt.Reattach(ctx, r.Dir, w.attempt, secrets); err != nil {
			r.Log.Info("not found again yet", "step", w.attempt, "host", status.Far, "error", err)
			_ = r.survive(ctx, w, run.Step(w.step), incident.StepSurvivors{Far: status.Far, Away: true})
			return false
		}
	}
	if err := r.cancelLost(ctx, w); err != nil {
		return false
	}
	if status.Far != "" && run.State != incident.Ended && r.runs(ctx, w.attempt) {
		_ = r.survive(ctx, w, run.Step(w.step), incident.StepSurvivors{Left: []string{"the step itself, on " + status.Far}, Far: status.Far})
	}
	result, err := attempt.Wait(r.ctx, r.Dir, w.attempt)
	if err != nil || result.Outcome == attempt.Unknown && !r.ended(w) {
		return false
	}
	r.tell(w, func() incident.Event { return w.ended(result) })
	return true
}

// cancelLost ends a step that is attached to again, if its run was cancelled meanwhile: nobody could reach it then.
func (r *Runner) cancelLost(ctx context.Context, w watch) error {
	i, err := r.fold(ctx, w.id)
	if err != nil {
		return err
	}
	run := i.Run(w.run)
	if run == nil || run.Cancel == "" {
		return nil
	}
	if s := run.Step(w.step); s == nil || s.State != incident.StepIsLost || s.Attempt != w.attempt {
		return nil
	}
	return over(attempt.Cancel(ctx, r.Dir, w.attempt, "cancelled: "+run.Cancel))
}

// cancelAllLost does so for every step of a run.
func (r *Runner) cancelAllLost(ctx context.Context, id incident.ID, n uint64) error {
	i, err := r.fold(ctx, id)
	if err != nil || i.Run(n) == nil {
		return err
	}
	run := i.Run(n)
	for k := range run.Steps {
		if s := &run.Steps[k]; s.State == incident.StepIsLost {
			if err := r.cancelLost(ctx, watch{id: id, run: n, step: s.ID, attempt: s.Attempt}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ended reports whether the attempt has a record: an unknown end that will never be known better.
func (r *Runner) ended(w watch) bool {
	status, err := attempt.Inspect(r.Dir, w.attempt)
	return err == nil && status.State != attempt.StateUnknown
}
