package attempt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	askQuiet = 2 * time.Second // for a far end to send the result of an attempt that is over
	pastEnd  = 1 << 62         // no output from there
)

// Told is what another host says of an attempt that was begun there.
type Told struct {
	Running bool     // its supervisor there is at work
	Left    []string // without one: its processes that live
}

// Ask asks the other host of an attempt, whatever the record here says of it. It starts nothing and ends nothing. An error means that
// the host could not be asked.
func Ask(ctx context.Context, runsDir, attempt string) (Told, error) {
	dir, err := attemptDir(runsDir, attempt)
	if err != nil {
		return Told{}, err
	}
	job, err := readJob(dir)
	if err != nil {
		return Told{}, err
	}
	mark, err := readFarMark(dir)
	if err != nil || job.Far == nil {
		return Told{}, fmt.Errorf("read the name of %s on the other host: %w", attempt, err)
	}
	l, err := connect(ctx, *job.Far)
	if err != nil {
		return Told{}, err
	}
	defer l.hangUp()
	l.tell(wish{Attach: mark.Name, From: pastEnd})
	var quiet <-chan time.Time
	for {
		select {
		case f, open := <-l.frames:
			switch {
			case !open:
				return Told{}, l.broken
			case f.Refused != "":
				return Told{}, nil
			case f.Result != nil && f.Result.Outcome == Unknown:
				return Told{Left: f.Result.Survivors}, nil
			case f.Result != nil:
				return Told{}, nil
			case f.Claimed:
				quiet = time.After(askQuiet)
			}
		case <-quiet:
			return Told{Running: true}, nil
		case <-ctx.Done():
			return Told{}, ctx.Err()
		}
	}
}

// Open lists the attempts that were begun on a host of a scheme and of whose end nothing is recorded here, or that nobody knows.
func Open(runsDir, scheme, host string) ([]string, error) {
	names, err := Attempts(runsDir)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range names {
		dir := filepath.Join(runsDir, name)
		mark, err := readFarMark(dir)
		if err != nil && os.IsNotExist(err) || err == nil && mark.Host != scheme+":"+host {
			continue
		}
		if r, err := readResult(dir); err == nil && r.Outcome != Unknown {
			continue
		}
		open = append(open, name)
	}
	return open, nil
}
