package runner

import (
	"context"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
)

// watch is one attempt that is waited for.
type watch struct {
	id      incident.ID
	run     uint64
	step    string
	attempt string
}

// patience is how long an outcome that could not be kept waits for its next try: from the first to the last of these.
const (
	patience    = 200 * time.Millisecond
	maxPatience = 10 * time.Second
)

// onlyOne runs do in a goroutine of its own unless one for the attempt is at work; set holds those that are.
func (r *Runner) onlyOne(set map[string]bool, attempt string, do func()) {
	r.mu.Lock()
	known := set[attempt]
	set[attempt] = true
	r.mu.Unlock()
	if known {
		return
	}
	r.all.Go(func() {
		defer func() {
			r.mu.Lock()
			delete(set, attempt)
			r.mu.Unlock()
		}()
		do()
	})
}

// watch waits for the attempt in a goroutine of its own and tells that it began and how it ended.
func (r *Runner) watch(w watch) {
	r.onlyOne(r.watched, w.attempt, func() {
		r.tell(w, func() incident.Event {
			return incident.StepStarted{Run: w.run, Step: w.step, Attempt: w.attempt}
		})
		lost := false
		r.tell(w, func() incident.Event {
			result, err := attempt.Wait(r.ctx, r.Dir, w.attempt)
			if err != nil {
				if r.ctx.Err() == nil {
					r.Log.Error("wait", "step", w.attempt, "error", err)
				}
				return nil
			}
			lost = result.Outcome == attempt.Unknown
			return r.saw(w, result)
		})
		if lost {
			r.findAgain(w)
		}
	})
}

// tell makes an event and reports it, again and again until it is kept or the runner closes.
func (r *Runner) tell(w watch, event func() incident.Event) {
	for pause := patience; r.ctx.Err() == nil; pause = min(2*pause, maxPatience) {
		if e := event(); e != nil && r.report(r.ctx, w, e) == nil {
			return
		}
		select {
		case <-r.ctx.Done():
		case <-time.After(pause):
		}
	}
}

// report tells one outcome. Its key makes telling it twice the same as once (I47).
func (r *Runner) report(ctx context.Context, w watch, e incident.Event) error {
	err := r.Outcomes.Report(ctx, w.id, "runner/"+w.attempt+"/"+e.EventKind(), e)
	if err != nil && ctx.Err() == nil {
		r.Log.Error("report", "step", w.attempt, "kind", e.EventKind(), "error", err)
	}
	r.trouble(err)
	return err
}

// settle looks at an attempt that may or may not have begun, and tells what it found. A running one is watched.
func (r *Runner) settle(ctx context.Context, w watch) error {
	status, err := attempt.Inspect(r.Dir, w.attempt)
	if err != nil {
		return later(err)
	}
	if status.State == attempt.StateRunning {
		r.watch(w)
		return nil
	}
	err = r.report(ctx, w, r.saw(w, status.Result))
	if err == nil && status.State == attempt.StateUnknown {
		r.findAgain(w)
	}
	return later(err)
}

// saw is the event of a result, with the other host that has not said how it ended.
func (r *Runner) saw(w watch, result attempt.Result) incident.Event {
	e := w.ended(result)
	if lost, ok := e.(incident.StepUnknown); ok {
		lost.Far = r.host(w)
		return lost
	}
	return e
}

// outcomes are the record's words for the ends of an attempt.
var outcomes = map[attempt.Outcome]string{
	attempt.Succeeded: incident.Succeeded, attempt.Failed: incident.Failed, attempt.TimedOut: incident.TimedOut, attempt.Cancelled: incident.Cancelled,
}

// ended turns the result of an attempt into its event.
func (w watch) ended(result attempt.Result) incident.Event {
	switch result.Outcome {
	case attempt.NotStarted:
		return incident.StepNotStarted{Run: w.run, Step: w.step, Attempt: w.attempt, Why: result.Why}
	case attempt.Unknown:
		why := result.Why
		if len(result.Survivors) > 0 {
			why += incident.StillThere + strings.Join(result.Survivors, ", ")
		}
		return incident.StepUnknown{Run: w.run, Step: w.step, Attempt: w.attempt, Why: why, Left: result.Survivors, Unseen: result.Kept}
	}
	outcome, known := outcomes[result.Outcome]
	if !known {
		return incident.StepUnknown{Run: w.run, Step: w.step, Attempt: w.attempt, Why: "its record says " + string(result.Outcome)}
	}
	var why []string
	for _, part := range []string{result.Why, result.Expectation} {
		if part != "" {
			why = append(why, part)
		}
	}
	if result.OutputError != "" {
		why = append(why, "its output was not kept whole: "+result.OutputError)
	}
	last := result.LastLines
	if result.NoText {
		last = ""
	}
	return incident.StepEnded{
		Run: w.run, Step: w.step, Attempt: w.attempt, Outcome: outcome, Exit: result.Exit, Signal: result.Signal, Why: strings.Join(why, "; "),
		Started: result.Started.UTC(), Ended: result.Ended.UTC(), Bytes: result.OutputBytes, Kept: result.KeptBytes, Output: result.OutputSHA256,
		NoText: result.NoText, Last: last, Said: result.Said, Produced: result.Produced, Survived: result.Survivors, Lives: result.Kept,
	}
}
