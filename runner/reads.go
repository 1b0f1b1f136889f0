package runner

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner/attempt"
)

// Limits of one read-only text.
const (
	readTimeout = 30 * time.Second
	readGrace   = 2 * time.Second
	readLines   = 5000
	readPrefix  = "read-"
	readsAtOnce = 4
	readsLimit  = 90 * time.Second // of one question, within the time that a delivery has
)

// reading is one read-only text of a step and what becomes of its output.
type reading struct {
	what   string // for a failure: "probe of db1"
	script string // bash; empty: who is the server of the step's target?
	spec   *incident.Spec
	env    []incident.Var
	take   func(out string) error
	step   *incident.Step // a whole step, with its own interpreter and expectation, and not a text of bash
}

// reads answers a question about the target. A question that nobody waits for any more is not asked.
func (r *Runner) reads(ctx context.Context, id incident.ID, e incident.ReadsAsked) error {
	i, err := r.fold(ctx, id)
	if err != nil {
		return later(err)
	}
	run := i.Run(e.Run)
	if run == nil || run.State == incident.Ended || run.Ask != e.Ask || run.Asking == "" {
		return nil
	}
	done := incident.ReadsDone{Run: e.Run, Step: e.Step, For: e.For, Ask: e.Ask}
	limited, cancel := context.WithTimeout(ctx, readsLimit)
	defer cancel()
	list, err := r.readings(limited, run, e, &done)
	if err == nil {
		err = outside(i, list)
	}
	if err == nil {
		err = r.readAll(limited, list)
	}
	switch {
	case ctx.Err() != nil:
		return later(ctx.Err())
	case limited.Err() != nil:
		err = fmt.Errorf("reading the target took longer than %s", readsLimit)
	}
	if err != nil {
		done.Identity, done.Facts, done.Choices, done.Failure = nil, nil, nil, err.Error()
	}
	key := fmt.Sprintf("runner/reads/%s/%d", run.Name(), e.Ask)
	err = r.Outcomes.Report(ctx, id, key, done)
	r.trouble(err)
	return later(err)
}

// identities lists what says who a step's target is: its probe, its server, the host that it is reached on.
func (r *Runner) identities(spec *incident.Spec, take func(out string) error) []reading {
	var list []reading
	if spec.Probe != "" {
		list = append(list, reading{"probe of " + spec.Target, spec.Probe, spec, nil, take, nil})
	}
	if spec.Server != nil {
		list = append(list, reading{"identity of the server of " + spec.Target, "", spec, nil, take, nil})
	}
	if r.elsewhere(spec.Host) != nil {
		list = append(list, reading{"the host of " + spec.Target, attempt.WhoScript, spec, nil, take, nil})
	}
	return list
}

// readings lists what to read: for a plan every target's probe and every listing, else the step's probe and precheck.
func (r *Runner) readings(ctx context.Context, run *incident.Run, e incident.ReadsAsked, done *incident.ReadsDone) ([]reading, error) {
	steps := slices.Concat(run.Steps, run.Undos)
	if e.For != incident.ReadForPlan {
		s := run.Step(e.Step)
		if s == nil {
			return nil, fmt.Errorf("the run has no step %s", e.Step)
		}
		steps = []incident.Step{*s}
	}
	if e.For == incident.ReadForCheck {
		return r.proof(ctx, run, &steps[0], done)
	}
	var mu sync.Mutex // readings of one question run side by side
	var list []reading
	probed := map[string]bool{}
	for _, s := range steps {
		if s.Manual {
			continue
		}
		spec, err := r.spec(ctx, s.Spec)
		if err != nil {
			return nil, err
		}
		if !probed[spec.Target] {
			probed[spec.Target] = true
			list = append(list, r.identities(spec, func(out string) error {
				mu.Lock()
				defer mu.Unlock()
				return identify(done, spec.Target, out)
			})...)
		}
		env := known(spec, run.Values)
		if e.For != incident.ReadForPlan {
			if spec.Precheck != "" {
				list = append(list, reading{"precheck of " + s.Number, spec.Precheck, spec, env, func(out string) error {
					mu.Lock()
					defer mu.Unlock()
					done.Facts = facts(out)
					return nil
				}, nil})
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(spec.Lists)) {
			list = append(list, reading{"list of " + name, spec.Lists[name], spec, env, func(out string) error {
				lines, err := choices(out)
				mu.Lock()
				defer mu.Unlock()
				put(&done.Choices, name, lines)
				return err
			}, nil})
		}
	}
	return list, nil
}

// identify adds what was read of a target to what is known of it. Two readings that speak of the same thing are refused: one
// of them would be lost.
func identify(done *incident.ReadsDone, target, out string) error {
	names, err := identity(out)
	for name, value := range done.Identity[target] {
		if _, twice := names[name]; twice {
			return fmt.Errorf("its probe and its server both say %q", name)
		}
		if err == nil {
			names[name] = value
		}
	}
	put(&done.Identity, target, names)
	return err
}

func put[V any](m *map[string]V, name string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[name] = v
}

// known gives the parameters whose values are there already.
func known(spec *incident.Spec, values map[string]string) []incident.Var {
	var env []incident.Var
	for _, p := range spec.Params {
		if v, ok := values[p.Key]; ok {
			env = append(env, incident.Var{Name: p.Name, Value: v})
		}
	}
	return env
}

// readAll runs the readings, some at once; the first failure in their order is the answer.
func (r *Runner) readAll(ctx context.Context, list []reading) error {
	errs := make([]error, len(list))
	slots := make(chan struct{}, readsAtOnce)
	var all sync.WaitGroup
	for k, one := range list {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			out, err := r.read(ctx, one)
			if err == nil {
				err = one.take(out)
			}
			if err != nil {
				errs[k] = fmt.Errorf("%s: %w", one.what, err)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// read runs one text as an attempt of its own, away from the steps': it may be repeated, and nothing of it stays. What
// it printed counts only whole and with exit 0.
func (r *Runner) read(ctx context.Context, one reading) (string, error) {
	script := []byte(one.script)
	secrets, missing := r.secrets(one.spec.Secrets, one.spec.Server)
	if missing != "" {
		return "", fmt.Errorf("secret %s is not configured", missing)
	}
	var token [8]byte
	_, _ = rand.Read(token[:]) // never fails
	job := attempt.Job{
		Attempt: readPrefix + hex.EncodeToString(token[:]), Interpreter: attempt.Bash, Script: script, SHA256: incident.Digest(script), Env: one.env,
		Secrets: envNames(one.spec.Secrets), Dir: one.spec.Dir, Path: one.spec.Path, User: one.spec.User, Timeout: readTimeout, Grace: readGrace,
		OutputLimit: 1 << 20, Limits: r.Limits, Server: one.spec.Server, Far: r.elsewhere(one.spec.Host),
	}
	switch {
	case one.step != nil:
		proofJob(&job, one)
	case one.script == "":
		job.Interpreter, job.Identify, job.Env, job.Secrets = attempt.InterpreterOf(one.spec.Server.Kind), true, nil, nil
	}
	if err := r.crew.Start(ctx, r.Reads, job, secrets); err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(filepath.Join(r.Reads, job.Attempt)) }() // what is left is swept at the next start
	result, err := attempt.Wait(ctx, r.Reads, job.Attempt)
	if err != nil {
		return "", err
	}
	if result.Outcome != attempt.Succeeded {
		why := result.Why
		if why == "" {
			why = result.Expectation
		}
		return "", fmt.Errorf("%s%s", why, reasonGiven(result))
	}
	excerpt, err := attempt.Tail(r.Reads, job.Attempt, readLines)
	if err != nil {
		return "", err
	}
	if excerpt.Cut() {
		return "", fmt.Errorf("it printed %d bytes; 64 KiB and %d lines are read", excerpt.Total, readLines)
	}
	return excerpt.Text, nil
}

// reasonGiven is what a text that failed said itself: its last line on standard error, else its last line.
func reasonGiven(result attempt.Result) string {
	if result.Exit != 0 && result.Said != "" {
		return ": " + result.Said
	}
	return lastLine(result.LastLines)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return ": " + last
	}
	return ""
}

// identity reads a probe's name=value lines. Anything else is refused: half an identity would look like a whole one.
func identity(out string) (map[string]string, error) {
	names := map[string]string{}
	for line := range strings.SplitSeq(out, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if _, twice := names[name]; !ok || name == "" || twice {
			return nil, fmt.Errorf("it printed %q, which is no name=value line of its own", line)
		}
		names[name] = value
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("it printed nothing")
	}
	return names, nil
}

// facts reads a precheck's lines for the approval card; a line without a name stands for itself.
func facts(out string) []incident.Fact {
	var list []incident.Fact
	for line := range strings.SplitSeq(out, "\n") {
		if strings.TrimSpace(line) == "" || len(list) == 20 {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			name, value = "check", line
		}
		list = append(list, incident.Fact{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return list
}

func choices(out string) ([]incident.Choice, error) {
	options, err := runbook.ParseOptions([]byte(out))
	if err != nil {
		return nil, err
	}
	lines := []incident.Choice{}
	for _, o := range options {
		lines = append(lines, incident.Choice{Value: o.Value, State: o.State, TakenAt: o.At, Note: o.Note})
	}
	return lines, nil
}
