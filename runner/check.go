package runner

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
)

// A check runs the reading that proves a step which ended without a result: the whole step as the run has it, with its own
// interpreter and expectation, as a reading that may be repeated and of which nothing stays.

const (
	checkTimeout = 75 * time.Second // within what one question may take
	checkLines   = 10
	checkChars   = 1500
)

// proof lists what a check reads: who the target is, and the step that proves s.
func (r *Runner) proof(ctx context.Context, run *incident.Run, s *incident.Step, done *incident.ReadsDone) ([]reading, error) {
	v := run.Proof(s)
	if v == nil {
		return nil, fmt.Errorf("no reading proves step %s", s.Number)
	}
	spec, err := r.spec(ctx, v.Spec)
	if err != nil {
		return nil, err
	}
	if incident.Digest([]byte(spec.Script)) != v.Script {
		return nil, fmt.Errorf("the text of step %s is not the one that was planned", v.Number)
	}
	action, err := spec.Resolve(v.Params, run.Values, nil)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	locked := func(take func(string) error) func(string) error {
		return func(out string) error { mu.Lock(); defer mu.Unlock(); return take(out) }
	}
	who := locked(func(out string) error { return identify(done, spec.Target, out) })
	list := []reading{{"step " + v.Number, spec.Script, spec, action.Env, locked(func(out string) error {
		if !v.Quoted() {
			out = ""
		}
		done.Facts = []incident.Fact{{Name: "step " + v.Number, Value: ending(out)}}
		return nil
	}), v}}
	if spec.Probe != "" {
		list = append(list, reading{"probe of " + spec.Target, spec.Probe, spec, nil, who, nil})
	}
	if spec.Server != nil {
		list = append(list, reading{"identity of the server of " + spec.Target, "", spec, nil, who, nil})
	}
	if r.elsewhere(spec.Host) != nil {
		list = append(list, reading{"the host of " + spec.Target, attempt.WhoScript, spec, nil, who, nil})
	}
	return list, nil
}

// proofJob makes the job of a whole step.
func proofJob(job *attempt.Job, one reading) {
	spec := one.spec
	job.Interpreter, job.Databases, job.KeepGoing, job.Expect = spec.Interpreter, spec.Databases, spec.KeepGoing, spec.Expect
	job.Produces, job.ReadOnly, job.Identifiers = spec.Produces, spec.ReadOnly, identifiers(spec)
	job.Timeout = min(spec.Timeout, checkTimeout)
}

// ending is the last lines of what was printed.
func ending(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	text := strings.Join(lines[max(0, len(lines)-checkLines):], "\n")
	if runes := []rune(text); len(runes) > checkChars {
		text = "…" + string(runes[len(runes)-checkChars:])
	}
	return text
}
