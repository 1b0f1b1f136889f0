package attempt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/drbot/drbot/secret"
)

// supervisorName is argv[0] of a supervisor: what `ps` shows and SupervisorMain looks for.
const supervisorName = "drbot-supervisor"

// Start makes the attempt durable, spawns its supervisor and returns once the
// claim exists: nil means that the step's process was or is being started and
// only Wait or Inspect know its end. ErrNotStarted means that it never will be,
// and that this is recorded in the attempt's directory. secrets holds every
// registered secret, to be hidden in the output; the step gets those that the job
// names. Starting the same attempt twice executes it once. The supervisor does
// not depend on ctx after Start returned.
func Start(ctx context.Context, runsDir string, j Job, secrets map[string]secret.String) error {
	return (*Crew)(nil).Start(ctx, runsDir, j, secrets)
}

// Start is like the function, with the supervisor that waits.
func (c *Crew) Start(ctx context.Context, runsDir string, j Job, secrets map[string]secret.String) error {
	if !attemptName.MatchString(j.Attempt) {
		return fmt.Errorf("%w: attempt name %q", ErrNotStarted, j.Attempt)
	}
	dir, err := attemptDir(runsDir, j.Attempt)
	if err != nil {
		return err
	}
	j = j.complete()
	if err := lay(dir, j); err != nil {
		return err
	}
	switch err := claimed(dir); {
	case err == nil, errors.Is(err, ErrNotStarted):
		return err
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := j.check(); err != nil {
		return refuse(dir, err.Error())
	}
	if err := j.checkSecrets(secrets); err != nil {
		return refuse(dir, err.Error())
	}
	if err := c.spawn(ctx, dir, secrets); err != nil {
		return refuse(dir, err.Error())
	}
	return claimed(dir)
}

func attemptDir(runsDir, attempt string) (string, error) {
	if !attemptName.MatchString(attempt) {
		return "", fmt.Errorf("attempt name %q", attempt)
	}
	return filepath.Abs(filepath.Join(runsDir, attempt))
}

// layDir makes the attempt's directory, durable.
func layDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("make runs directory: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make attempt directory: %w", err)
	}
	return syncDir(filepath.Dir(dir))
}

// lay writes job.json once. An equal one may stand there from a Start that was cut short.
func lay(dir string, j Job) error {
	if err := layDir(dir); err != nil {
		return err
	}
	raw, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("write job: %w", err)
	}
	err = writeOnce(dir, jobFile, raw)
	if !errors.Is(err, fs.ErrExist) {
		if err != nil {
			return fmt.Errorf("write job: %w", err)
		}
		return nil
	}
	standing, err := os.ReadFile(filepath.Join(dir, jobFile))
	if err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	if !bytes.Equal(standing, raw) {
		return fmt.Errorf("%w: %s", ErrOtherJob, j.Attempt)
	}
	return nil
}

// spawn has a supervisor take the attempt on: the one that waits, or a new one. One that died waiting is replaced;
// should it have taken the attempt on all the same, the claim is one.
func (c *Crew) spawn(ctx context.Context, dir string, secrets map[string]secret.String) error {
	defer c.refill()
	if spare := c.take(); spare != nil {
		if gone, err := spare.lead(ctx, dir, secrets); !gone {
			return err
		}
	}
	h, err := recruit()
	if err != nil {
		return err
	}
	_, err = h.lead(ctx, dir, secrets)
	return err
}

// lastWords is the end of the supervisor's own log.
func lastWords(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil || len(raw) == 0 {
		return "it said nothing"
	}
	return Neutralise(string(raw[max(0, len(raw)-500):]))
}
