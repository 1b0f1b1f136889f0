package attempt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

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
	if err := spawn(ctx, dir, secrets); err != nil {
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

// spawn starts the supervisor in its own session with two inherited pipes, secrets
// in and report out, and waits until it reports or is gone. What it decided is in
// the claim; an error means that it may have decided nothing.
func spawn(ctx context.Context, dir string, secrets map[string]secret.String) error {
	secretsOut, secretsIn, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	defer func() { _ = secretsIn.Close() }()
	reportOut, reportIn, err := os.Pipe()
	if err != nil {
		_ = secretsOut.Close()
		return fmt.Errorf("pipe: %w", err)
	}
	defer func() { _ = reportOut.Close() }()

	cmd, err := supervisorCommand(dir, secretsOut, reportIn)
	if err == nil {
		err = cmd.Start()
		_ = cmd.Stderr.(*os.File).Close()
	}
	_ = secretsOut.Close()
	_ = reportIn.Close()
	if err != nil {
		return fmt.Errorf("spawn supervisor: %w", err)
	}
	go func() { _ = cmd.Wait() }() // reaps it, whenever it ends; how it ended is in its record

	stop := context.AfterFunc(ctx, func() {
		_ = secretsIn.Close()
		_ = reportOut.Close()
	})
	defer stop()
	if err := sendSecrets(secretsIn, secrets); err != nil {
		return fmt.Errorf("hand over secrets: %w", err)
	}
	// One byte says that a claim stands, whoever's; the end without it that none may.
	if _, err := io.ReadFull(reportOut, make([]byte, 1)); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("supervisor ended before its claim: %s", lastWords(dir)))
	}
	return nil
}

func supervisorCommand(dir string, secretsOut, reportIn *os.File) (*exec.Cmd, error) {
	log, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &exec.Cmd{
		Path:        "/proc/self/exe",
		Args:        []string{supervisorName, dir},
		Env:         []string{"PATH=" + DefaultPath}, // nothing of drbot's own environment
		Dir:         "/",
		Stderr:      log,
		ExtraFiles:  []*os.File{secretsOut, reportIn}, // its descriptors 3 and 4
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}, nil
}

// sendSecrets writes one JSON object of base64 values: a secret may hold any bytes.
// The supervisor starts nothing unless the object arrived whole.
func sendSecrets(to *os.File, secrets map[string]secret.String) error {
	plain := make(map[string][]byte, len(secrets))
	for name, value := range secrets {
		plain[name] = []byte(value.Reveal())
	}
	if err := json.NewEncoder(to).Encode(plain); err != nil {
		return err
	}
	return to.Close()
}

// lastWords is the end of the supervisor's own log.
func lastWords(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil || len(raw) == 0 {
		return "it said nothing"
	}
	return Neutralise(string(raw[max(0, len(raw)-500):]))
}
