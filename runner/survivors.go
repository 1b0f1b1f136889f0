package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
)

// lookAgain is how long lies between two looks at the processes that a lost step left on this host.
const lookAgain = 2 * time.Second

// host is the other host that a lost attempt was started on and that has not said how it ended; empty: this one.
func (r *Runner) host(w watch) string {
	status, err := attempt.Inspect(r.Dir, w.attempt)
	if err != nil || status.State != attempt.StateUnknown {
		return ""
	}
	return status.Far
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

// outlived tells which processes of a lost step live, and reports whether there is nothing more to look for. One that starts and ends
// others all the while is not told of each time: only when none of those that were named lives.
func (r *Runner) outlived(ctx context.Context, w watch, s *incident.Step, live []string) bool {
	still := func(name string) bool { return slices.Contains(live, name) }
	if len(live) == 0 && len(s.Left) == 0 {
		return true
	}
	if len(live) > 0 && slices.ContainsFunc(s.Left, still) {
		return false
	}
	return r.survive(ctx, w, s, live, "") == nil && len(live) == 0
}

// survive tells what lives of a lost step, unless the record says the same.
func (r *Runner) survive(ctx context.Context, w watch, s *incident.Step, live []string, far string) error {
	if slices.Equal(live, s.Left) {
		return nil
	}
	e := incident.StepSurvivors{Run: w.run, Step: w.step, Attempt: w.attempt, Left: live, Far: far}
	err := r.Outcomes.Report(ctx, w.id, "", e) // without a key: the same may be seen again later
	r.trouble(err)
	return err
}

// beside says why a step may not begin: processes of an earlier attempt of it, of which nobody knows how it ended, live (I26, I30).
func (r *Runner) beside(ctx context.Context, e incident.StepStarting, s *incident.Step) (string, error) {
	for n := 1; n < s.Attempts; n++ {
		name := incident.AttemptName(e.Run, e.Step, n)
		if why, err := r.besideFar(ctx, name, n); why != "" || err != nil {
			return why, err
		}
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

// besideFar asks another host about an earlier attempt there of which nobody knows how it ended. What cannot be asked may run.
func (r *Runner) besideFar(ctx context.Context, name string, n int) (why string, err error) {
	status, err := attempt.Look(r.Dir, name)
	if err != nil {
		return "", fmt.Errorf("look at attempt %s: %w", name, err)
	}
	if status.Far == "" {
		return "", nil
	}
	if status.State == attempt.StateUnknown {
		secrets, _ := r.secrets(nil, nil)
		if err := attempt.Reattach(ctx, r.Dir, name, secrets); err != nil {
			return fmt.Sprintf("its attempt %d may still run on %s, which cannot be asked: %s", n, status.Far, reason(err)), nil
		}
	}
	if r.runs(ctx, name) {
		return fmt.Sprintf("its attempt %d still runs on %s; wait for its end, or end it there, then run it again", n, status.Far), nil
	}
	status, err = attempt.Look(r.Dir, name)
	if err == nil && status.State == attempt.StateUnknown {
		return fmt.Sprintf("its attempt %d may still run on %s, which did not say how it ended", n, status.Far), nil
	}
	return "", err
}
