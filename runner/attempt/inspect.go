package attempt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// State is what is known of an attempt.
type State string

// States. StateNotStarted and StateEnded are for ever; StateUnknown is until a
// person decides.
const (
	StateRunning    State = "running"
	StateEnded      State = "ended"
	StateNotStarted State = "notstarted"
	StateUnknown    State = "unknown"
)

// Status is the answer of Inspect.
type Status struct {
	State       State
	Since       time.Time // of the claim
	LastOutput  time.Time // zero: it printed nothing yet
	OutputBytes int64     // in the output file
	Result      Result    // of StateEnded; filled for StateNotStarted and StateUnknown too
	Why         string    // of StateNotStarted and StateUnknown
	// Leftover lists processes ("pid command") that carry the mark of an Unknown
	// attempt: its supervisor is gone and they are not.
	Leftover []string
	Far      string // the other host that it was started on, unless its end is known; Reattach may find one of StateUnknown
}

// Inspect applies the recovery rules: the exit record counts; else a held flock
// means that it runs; else without a claim Inspect claims it itself, so that it
// never starts; else it is Unknown.
func Inspect(runsDir, attempt string) (Status, error) {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return Status{}, err
	}
	if err := layDir(dir); err != nil {
		return Status{}, err
	}
	lock, free, err := tryLock(dir, false)
	if err != nil {
		return Status{}, err
	}
	if free {
		defer func() { _ = lock.Close() }() // held shared meanwhile: no supervisor slips in
	}
	status := Status{}
	c, claimErr := readClaim(dir)
	status.Since = c.At
	if info, err := os.Stat(filepath.Join(dir, outputFile)); err == nil {
		status.OutputBytes = info.Size()
		if info.Size() > 0 {
			status.LastOutput = info.ModTime().UTC()
		}
	}
	status.Result, err = readResult(dir)
	switch {
	case err == nil:
		status.State = StateEnded
		if status.Result.Outcome == Unknown {
			status.Far = farHost(dir)
		}
		if status.Result.Outcome == NotStarted {
			status.State, status.Why = StateNotStarted, status.Result.Why
		}
		return status, nil
	case claimErr == nil && c.Refused != "":
		return status.notStarted(attempt, c.Refused), nil
	case !free:
		status.State, status.Far = StateRunning, farHost(dir)
		return status, nil
	case errors.Is(claimErr, fs.ErrNotExist):
		why := "drbot was restarted before the step began; nothing ran"
		if err := refuse(dir, why); !errors.Is(err, ErrNotStarted) {
			return Status{}, errors.Join(errors.New("claim an attempt nobody claimed"), err)
		}
		return status.notStarted(attempt, why), nil
	}
	return status.unknown(dir, attempt, err, claimErr), nil
}

// Leftover lists the living processes ("pid command") of an attempt on this host that runs or ended without a result. Of one
// that has an exit record, or no folder any more, there are none.
func Leftover(runsDir, attempt string) ([]string, error) {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	status, err := Inspect(runsDir, attempt)
	if status.State == StateRunning {
		return marked(dir), err
	}
	return status.Leftover, err
}

func (s Status) notStarted(attempt, why string) Status {
	s.State, s.Why = StateNotStarted, why
	s.Result = Result{Version: Version, Attempt: attempt, Outcome: NotStarted, Why: why, Exit: -1, Ended: s.Since}
	return s
}

func (s Status) unknown(dir, attempt string, recordErr, claimErr error) Status {
	s.State = StateUnknown
	s.Why = "what watched it is gone and left no result"
	if !errors.Is(recordErr, fs.ErrNotExist) {
		s.Why = recordErr.Error()
	} else if claimErr != nil {
		s.Why = claimErr.Error()
	}
	if s.Far = farHost(dir); s.Far != "" {
		s.Why += "; on " + s.Far + " it may still run"
	}
	if lost, err := os.ReadFile(filepath.Join(dir, lostFile)); err == nil {
		s.Why = string(lost)
	}
	s.Leftover = marked(dir)
	j, err := readJob(dir)
	keeps := err == nil && j.Survivors == KeepSurvivors
	s.Result = Result{Version: Version, Attempt: attempt, Outcome: Unknown, Why: s.Why, Exit: -1,
		Started: s.Since, KeptBytes: s.OutputBytes, Survivors: s.Leftover, Kept: keeps}
	return s
}

// Wait blocks until the attempt ended, never started or is Unknown, and returns
// its Result; it may be asked by any process, any number of times. It waits on the
// supervisor's socket, which falls with the supervisor however that ends.
func Wait(ctx context.Context, runsDir, attempt string) (Result, error) {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return Result{}, err
	}
	for {
		status, err := Inspect(runsDir, attempt)
		if err != nil {
			return Result{}, err
		}
		if status.State != StateRunning {
			return status.Result, nil
		}
		if err := awaitFall(ctx, dir); err != nil {
			return Result{}, fmt.Errorf("wait for %s: %w", attempt, err)
		}
	}
}

// Attempts lists the attempts on disk, sorted. A runs directory that does not
// exist has none.
func Attempts(runsDir string) ([]string, error) {
	entries, err := os.ReadDir(runsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && attemptName.MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}
