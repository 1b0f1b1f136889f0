package attempt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/secret"
)

const (
	farFile  = "far.json" // what the attempt is called on the other host
	lostFile = "lost"     // why its supervisor here gave up for now

	firstRedial = 500 * time.Millisecond
	lastRedial  = 10 * time.Second
	hearLimit   = 5 * time.Second  // for the far end to hear a wish, before the connection counts as dead
	farMargin   = 30 * time.Second // beyond limit and grace, for the far supervisor to say how it ended

	defaultPatience = 2 * time.Minute
)

// elsewhere is a supervisor's loop around a step on another host.
type elsewhere struct {
	s      *supervisor
	name   string // of the attempt there
	attach bool   // it may stand there already: never start it
	line   *line  // nil: none at the moment
	dialed chan dialed
	got    int64 // bytes of output

	cancel   string // why, until the far end heard it
	extend   time.Time
	asked    int // wishes that the far end has not heard on this line
	unheard  <-chan time.Time
	redial   <-chan time.Time
	pause    time.Duration
	patience <-chan time.Time
	since    time.Time // the connection is gone
	trouble  string    // why
}

type dialed struct {
	line *line
	err  error
}

// supervise returns the result, or says why nobody knows it.
func (e *elsewhere) supervise(ctx context.Context) (*Result, string) {
	e.dialed = make(chan dialed, 1)
	defer func() {
		if e.line != nil && e.s.job.Run == "" {
			e.line.tell(wish{Forget: true}) // a reading leaves nothing behind
		}
		e.drop()
	}()
	e.greet()
	for {
		var frames <-chan frame
		if e.line != nil {
			frames = e.line.frames
		}
		select {
		case f, open := <-frames:
			if !open {
				e.lose(e.line.broken.Error())
				continue
			}
			if r := e.take(f); r != nil {
				return r, ""
			}
		case d := <-e.dialed:
			e.connected(d)
		case <-e.redial:
			e.redial = nil
			go func() {
				l, err := connect(ctx, *e.s.job.Far)
				e.dialed <- dialed{l, err}
			}()
		case <-e.unheard:
			e.lose("it did not hear for " + hearLimit.String())
		case r := <-e.s.requests:
			r.answer <- e.obey(r)
		case <-e.patience:
			return nil, fmt.Sprintf("no connection to %s for %s: %s; it may still run there", e.s.job.Far.Name, e.wait(), e.trouble)
		case <-e.s.limit.C:
			return nil, fmt.Sprintf("%s did not say how it ended within %s of its limit; it may still run there", e.s.job.Far.Name, farMargin)
		}
	}
}

func (e *elsewhere) wait() time.Duration {
	if p := e.s.job.Far.Patience; p > 0 {
		return p
	}
	return defaultPatience
}

// greet says on a new line what this is about.
func (e *elsewhere) greet() {
	e.asked, e.unheard = 0, nil
	if e.attach {
		e.line.tell(wish{Attach: e.name, From: e.got})
	} else {
		e.attach = true // whatever becomes of it
		e.line.tell(e.start())
	}
	if e.cancel != "" {
		e.wish(wish{Cancel: e.cancel})
	}
	if !e.extend.IsZero() {
		e.wish(wish{Extend: time.Until(e.extend)})
	}
}

// start is the job as the other host gets it: with the secrets of the step, and no other.
func (e *elsewhere) start() wish {
	job := e.s.job
	job.Far, job.Attempt, job.User = nil, e.name, ""
	w := wish{Start: &job, Secrets: map[string][]byte{}}
	wanted := slices.Clone(job.Secrets)
	if job.Server != nil && job.Server.Secret != "" {
		wanted = append(wanted, ServerPassword)
	}
	for _, name := range wanted {
		w.Secrets[name] = e.s.secrets[name]
	}
	return w
}

func (e *elsewhere) wish(w wish) {
	e.asked++
	e.unheard = time.After(hearLimit)
	e.line.tell(w)
}

// take handles one line of the far end; a result ends the loop.
func (e *elsewhere) take(f frame) *Result {
	switch {
	case f.Refused != "":
		return &Result{Outcome: NotStarted, Why: f.Refused, Exit: -1}
	case f.Output != nil:
		e.got += int64(len(f.Output))
		e.s.out.take(f.Output)
	case f.Heard:
		if e.asked--; e.asked <= 0 {
			e.unheard, e.cancel, e.extend = nil, "", time.Time{}
		}
	case f.Result != nil:
		return f.Result
	}
	return nil
}

// lose goes on without a connection, and makes the next one soon.
func (e *elsewhere) lose(why string) {
	e.drop()
	e.trouble = why
	if e.patience == nil {
		e.since, e.pause = time.Now(), firstRedial
		e.patience = time.After(e.wait())
	}
	e.redial = time.After(e.pause)
	e.pause = min(2*e.pause, lastRedial)
}

func (e *elsewhere) drop() {
	if e.line != nil {
		e.line.hangUp()
		e.line = nil
	}
	e.unheard = nil
}

func (e *elsewhere) connected(d dialed) {
	if d.err != nil {
		e.lose(d.err.Error())
		return
	}
	e.line, e.patience = d.line, nil
	e.greet()
}

// obey takes a wish at once; it reaches the far end now or with the next connection.
func (e *elsewhere) obey(r request) answer {
	switch {
	case r.Version > Version:
		return answer{Error: fmt.Sprintf("this step was started by an older drbot, which does not know request version %d", r.Version)}
	case r.Cancel != "":
		e.cancel = r.Cancel
	case !r.Extend.After(e.s.until):
		return answer{Error: "the limit is already " + e.s.until.UTC().Format(time.RFC3339)}
	default:
		e.extend, e.s.until = r.Extend, r.Extend
		e.s.limit.Reset(time.Until(r.Extend) + e.s.job.Grace + farMargin)
	}
	switch {
	case e.line == nil:
	case r.Cancel != "":
		e.wish(wish{Cancel: r.Cancel})
	default:
		e.wish(wish{Extend: time.Until(r.Extend)})
	}
	return answer{}
}

// prepareFar makes the connection before the claim: what cannot be reached is not started.
func (s *supervisor) prepareFar(attach bool) (err error) {
	s.far = &elsewhere{s: s, attach: attach}
	mark, err := markFar(s.dir, s.job)
	if err != nil {
		return fmt.Errorf("name the attempt: %w", err)
	}
	s.far.name = mark.Name
	s.far.line, err = connect(context.Background(), *s.job.Far)
	return err
}

// runFar follows the claimed step on the other host to its end and records it. Without an end there is no record: the attempt is
// unknown until somebody attaches to it again.
func (s *supervisor) runFar(listener net.Listener) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s.started = time.Now()
	if c, err := readClaim(s.dir); err == nil {
		s.started = c.At
	}
	s.until = time.Now().Add(s.job.Timeout)
	s.limit = time.NewTimer(s.job.Timeout + s.job.Grace + farMargin)
	go serveControl(ctx, listener, s.requests)
	told, lost := s.far.supervise(ctx)
	var err error
	if told == nil {
		s.out.seal(&Result{}) // what was held back, for people
		err = os.WriteFile(filepath.Join(s.dir, lostFile), []byte(s.redact(lost)), 0o600)
	} else {
		err = s.record(s.farResult(*told))
	}
	_ = listener.Close()
	stop()
	_ = os.Remove(filepath.Join(s.dir, controlFile))
	_ = s.lock.Close()
	return errors.Join(err, s.out.sync())
}

// farOutcomes are the ends that a far supervisor may tell.
var farOutcomes = []Outcome{Succeeded, Failed, TimedOut, Cancelled, NotStarted, Unknown}

// farResult takes what the far supervisor told for what it is, another host's word: the output is the one that came, and texts are
// hidden and cut like a step's own.
func (s *supervisor) farResult(told Result) Result {
	r := Result{
		Outcome: told.Outcome, Why: s.farText(told.Why), Exit: told.Exit, Signal: told.Signal, Started: s.started.UTC(),
		Expectation: s.farText(told.Expectation), Kept: told.Kept, OutputError: s.farText(told.OutputError), Extended: told.Extended,
		Limits: told.Limits,
	}
	for _, text := range told.Survivors[:min(len(told.Survivors), 100)] {
		r.Survivors = append(r.Survivors, s.farText(text))
	}
	for _, name := range s.job.Produces {
		if value, ok := told.Produced[name]; ok && len(value) <= producedLimit {
			if r.Produced == nil {
				r.Produced = map[string]string{}
			}
			r.Produced[name] = s.redact(strings.ToValidUTF8(value, "\uFFFD"))
		}
	}
	if !slices.Contains(farOutcomes, r.Outcome) {
		r.Outcome, r.Why = Unknown, "its record there says "+short(string(told.Outcome))
	}
	if r.Outcome == Unknown {
		r.Why = "on " + s.job.Far.Name + ": " + r.Why
		r.Kept = true // nobody here can look at its survivors
	}
	got := s.far.got
	s.out.seal(&r)
	r.Said = lastSaid([]byte(s.farText(told.Said))) // both streams come as one
	switch {
	case told.KeptBytes != got && r.OutputError == "":
		r.OutputError = fmt.Sprintf("%d of %d bytes came from %s", got, told.KeptBytes, s.job.Far.Name)
	case told.OutputBytes > told.KeptBytes: // beyond the limit: counted and hashed there
		r.OutputBytes, r.OutputSHA256 = told.OutputBytes, s.farText(told.OutputSHA256)
	}
	r.Ended = time.Now().UTC()
	return r
}

func (s *supervisor) farText(text string) string {
	if len(text) > 4<<10 {
		text = text[:4<<10] + "…"
	}
	return s.redact(strings.ToValidUTF8(text, "\uFFFD"))
}

// beginAgain attaches to a step elsewhere that was claimed here and has no end yet. It never starts anything.
func (s *supervisor) beginAgain(report *os.File) (err error) {
	free := false
	if s.lock, free, err = tryLock(s.dir, true); err != nil {
		return err
	}
	if !free {
		_, err = report.WriteString("c") // somebody is attached
		return err
	}
	defer func() { _ = s.lock.Close() }()
	if err := claimed(s.dir); err != nil {
		return err
	}
	if _, err := readResult(s.dir); err == nil {
		_, err = report.WriteString("c")
		return err
	}
	listener, err := s.prepare()
	if err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(s.dir, lostFile))
	_, _ = report.WriteString("c")
	_ = report.Close()
	return s.runFar(listener)
}

// checkFar holds what a step elsewhere may not have.
func (j Job) checkFar() error {
	switch {
	case j.Far == nil:
		return nil
	case linkOf(j.Far.Scheme) == nil:
		return fmt.Errorf("%s:%s: this drbot has no client for %s", j.Far.Scheme, j.Far.Name, j.Far.Scheme)
	case j.User != "":
		return errors.New("the account of steps is one of this host; on another, the account that logs in runs them")
	}
	return nil
}

// reasonOf is a refusal without the words that say that it is one.
func reasonOf(err error) string { return strings.TrimPrefix(err.Error(), ErrNotStarted.Error()+": ") }

// Reattach finds a step elsewhere again whose connection was lost, or whose supervisor here is gone. Nil means that a supervisor is
// attached to it, or that it ended: Wait gives the end. It never starts anything. secrets are as for Start.
func Reattach(ctx context.Context, runsDir, attempt string, secrets map[string]secret.String) error {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return err
	}
	h, err := recruit()
	if err != nil {
		return err
	}
	h.attach = true
	_, err = h.lead(ctx, dir, secrets)
	return err
}
