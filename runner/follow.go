package runner

import (
	"context"
	"errors"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// Name is the follower's.
func (r *Runner) Name() string { return Name }

// Wants picks what asks for something to be done on a target.
func (r *Runner) Wants(kind string) bool {
	switch kind {
	case "ReadsAsked", "StepStarting", "CancelAsked", "StepExtended":
		return true
	}
	return false
}

// Prompt picks the same: somebody has just approved or cancelled, and waits.
func (r *Runner) Prompt(kind string) bool { return r.Wants(kind) }

// Deliver carries records out, in order, once Recover is done. It waits for reads, since nothing else of the incident runs meanwhile, and
// never for a step.
func (r *Runner) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	done := follow.Done{}
	select {
	case <-r.recovered:
	case <-ctx.Done():
		return done, later(ctx.Err())
	}
	for _, record := range b.Records {
		e, err := record.Event()
		if err == nil {
			err = r.one(ctx, b.Incident, e)
		}
		if err != nil {
			return done, err
		}
		done.Through = record.Seq
	}
	return done, nil
}

func (r *Runner) one(ctx context.Context, id incident.ID, e incident.Event) error {
	switch e := e.(type) {
	case incident.ReadsAsked:
		return r.reads(ctx, id, e)
	case incident.StepStarting:
		return r.start(ctx, id, e)
	case incident.CancelAsked:
		if e.Attempt == "" {
			return later(r.cancelAllLost(ctx, id, e.Run))
		}
		return later(over(attempt.Cancel(ctx, r.Dir, e.Attempt, "cancelled by "+e.By.Name+": "+e.Reason)))
	case incident.StepExtended:
		// The record's clock may be another than the supervisor's, so what is left goes over, not the instant.
		until := time.Now().Add(e.Until.Sub(r.Now()))
		if err := over(attempt.Extend(ctx, r.Dir, e.Attempt, until)); err != nil {
			r.Log.Warn("extend", "step", e.Attempt, "error", err) // a limit that is later already stays
		}
	}
	return nil
}

// over takes an attempt that is not running any more for one that needs neither a cancel nor more time.
func over(err error) error {
	if errors.Is(err, attempt.ErrNotRunning) {
		return nil
	}
	return err
}

// later has the same delivery tried again.
func later(err error) error {
	if err == nil {
		return nil
	}
	return follow.Unavailable{Err: err}
}

// fold reads the incident as it is now.
func (r *Runner) fold(ctx context.Context, id incident.ID) (*incident.Incident, error) {
	return r.Store.Incident(ctx, state.Ref{ID: id})
}
