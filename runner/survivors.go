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

// far reports whether a lost attempt was started on another host.
func (r *Runner) far(w watch) bool {
	status, err := attempt.Inspect(r.Dir, w.attempt)
	return err == nil && status.Far != ""
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
	e := incident.StepSurvivors{Run: w.run, Step: w.step, Attempt: w.attempt, Left: live}
	err := r.Outcomes.Report(ctx, w.id, "", e) // without a key: the same may be seen again later
	r.trouble(err)
	return err == nil && len(live) == 0
}

// beside says why a step may not begin: processes of an earlier attempt of it, of which nobody knows how it ended, live (I26, I30).
func (r *Runner) beside(e incident.StepStarting, s *incident.Step) (string, error) {
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
