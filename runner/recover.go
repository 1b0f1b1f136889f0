package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/state"
)

// Recover is called once; deliveries wait for it. It tries until the record and the folders can be read, or ctx ends.
func (r *Runner) Recover(ctx context.Context) error {
	for pause := patience; ; pause = min(2*pause, maxPatience) {
		err := r.recoverAll(ctx)
		if r.trouble(err); err == nil {
			r.once.Do(func() { close(r.recovered) })
			return nil
		}
		r.Log.Error("recover", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// recoverAll looks at everything that may have been going on. Every step that may have a process is looked at: one that runs is
// attached to again, one that ended is settled, one that never began is said not to have, and of the rest nobody knows
// (I26). Attempts on disk that the record does not know freeze every start.
func (r *Runner) recoverAll(ctx context.Context) error {
	open, err := r.Store.List(ctx, state.Query{})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, summary := range open {
		if summary.State == incident.StateClosed {
			continue
		}
		i, err := r.fold(ctx, summary.ID)
		if err != nil {
			return err
		}
		for _, run := range i.Runs {
			remember(known, run)
			if err := r.recoverRun(ctx, i.ID, run); err != nil {
				return err
			}
		}
	}
	if err := r.strays(ctx, known); err != nil {
		return err
	}
	return r.sweep()
}

func (r *Runner) recoverRun(ctx context.Context, id incident.ID, run *incident.Run) error {
	if run.State == incident.Ended {
		return nil
	}
	for k := range run.Steps {
		s := &run.Steps[k]
		if s.State == incident.StepIsLost {
			r.findAgain(watch{id: id, run: run.N, step: s.ID, attempt: s.Attempt})
		}
		if !s.State.Active() {
			continue
		}
		if tried, first := r.try(s.Attempt); first {
			close(tried)
		}
		if err := r.settle(ctx, watch{id: id, run: run.N, step: s.ID, attempt: s.Attempt}); err != nil {
			return err
		}
		if run.Cancel != "" { // asked for, and perhaps not heard
			if err := over(attempt.Cancel(ctx, r.Dir, s.Attempt, "cancelled: "+run.Cancel)); err != nil {
				r.Log.Warn("cancel", "step", s.Attempt, "error", err)
			}
		}
	}
	return nil
}

// remember notes every attempt that a run has made.
func remember(known map[string]bool, run *incident.Run) {
	for _, list := range [][]incident.Step{run.Steps, run.Undos} {
		for k := range list {
			for n := 1; n <= list[k].Attempts; n++ {
				known[incident.AttemptName(run.N, list[k].ID, n)] = true
			}
		}
	}
}

// strays finds attempts on disk that the record does not know: it was restored from a backup, perhaps. They are told
// of, which freezes the runner, and those that do not run are moved aside, so that no later attempt takes their name
// for its own.
func (r *Runner) strays(ctx context.Context, known map[string]bool) error {
	names, err := attempt.Attempts(r.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if known[name] {
			continue
		}
		if err := r.older(ctx, known, name); err != nil {
			return err
		}
		if known[name] {
			continue
		}
		if err := r.Outcomes.Report(ctx, 0, "", incident.AttemptFound{Attempt: name}); err != nil {
			return err
		}
		status, err := attempt.Inspect(r.Dir, name)
		if err == nil && status.State != attempt.StateRunning {
			err = os.Rename(filepath.Join(r.Dir, name), filepath.Join(r.Dir, fmt.Sprintf(".stray-%s-%d", name, r.Now().Unix())))
		}
		if err != nil {
			r.Log.Error("stray attempt", "step", name, "error", err)
		}
	}
	return nil
}

// older reads the attempts of an older run's incident from the record.
func (r *Runner) older(ctx context.Context, known map[string]bool, name string) error {
	var n uint64
	if _, err := fmt.Sscanf(name, "r%d-", &n); err != nil {
		return nil // no name of ours: a stray
	}
	i, err := r.Store.Incident(ctx, state.Ref{Index: "run", Value: incident.RunName(n)})
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for record, err := range r.Store.Records(ctx, i.ID, 0) {
		if err != nil {
			return err
		}
		if record.Kind != (incident.StepStarting{}).EventKind() {
			continue
		}
		if e, err := record.Event(); err == nil {
			known[e.(incident.StepStarting).Attempt] = true
		}
	}
	return nil
}

// sweep removes read-only attempts that a crash left; one that still runs ends by its own limit.
func (r *Runner) sweep() error {
	names, err := attempt.Attempts(r.Reads)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, readPrefix) {
			continue
		}
		if status, err := attempt.Inspect(r.Reads, name); err == nil && status.State != attempt.StateRunning {
			_ = os.RemoveAll(filepath.Join(r.Reads, name)) // tried again at the next start
		}
	}
	return nil
}
