package attempt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The files of an attempt. All are 0600 in a directory of 0700.
const (
	jobFile     = "job.json"       // what was asked; never changes
	lockFile    = "lock"           // flocked by the supervisor while it lives
	claimFile   = "claim"          // who decided that it starts, or that it never will
	outputFile  = "output"         // what the step printed, redacted, stdout and stderr as they came
	exitFile    = "exit.json"      // the Result
	exitPart    = "exit.json.part" // its room, allocated before the start, so that a full disk cannot lose the result
	controlFile = "control"        // the supervisor's socket
	logFile     = "supervisor.log" // what the supervisor itself had to say
	workDir     = "work"           // HOME of the step, and its directory when the job names none
)

// exitRoom is allocated for the exit record, in bytes.
const exitRoom = 64 << 10

// Outcome is how an attempt ended.
type Outcome string

// Outcomes.
const (
	Succeeded  Outcome = "succeeded"
	Failed     Outcome = "failed"
	TimedOut   Outcome = "timedout"
	Cancelled  Outcome = "cancelled"
	NotStarted Outcome = "notstarted"
	Unknown    Outcome = "unknown"
)

// Unverified is the Expectation of a step that succeeded without an Expect.
const Unverified = "ran, not verified"

// Result is the exit record.
type Result struct {
	Version      int               `json:"version"`
	Attempt      string            `json:"attempt"`
	Outcome      Outcome           `json:"outcome"`
	Why          string            `json:"why,omitempty"` // of a cancel, a limit, a refusal, or of Unknown
	Exit         int               `json:"exit"`          // -1 when a signal ended it or it never ran
	Signal       int               `json:"signal,omitempty"`
	Started      time.Time         `json:"started"`
	Ended        time.Time         `json:"ended"`
	OutputBytes  int64             `json:"output_bytes"` // all of it, after redaction
	KeptBytes    int64             `json:"kept_bytes"`   // what the output file holds
	OutputSHA256 string            `json:"output_sha256"`
	NoText       bool              `json:"no_text,omitempty"`      // see IsText
	OutputError  string            `json:"output_error,omitempty"` // why less was kept than the limit allows
	Expectation  string            `json:"expectation,omitempty"`  // "" ok, else what differed, or Unverified
	Survivors    []string          `json:"survivors,omitempty"`    // "pid command"
	Kept         bool              `json:"kept,omitempty"`         // survivors were left alone
	Produced     map[string]string `json:"produced,omitempty"`
	LastLines    string            `json:"last_lines,omitempty"` // at most 20 lines and 4 KiB, neutralised
	Said         string            `json:"said,omitempty"`       // last line of standard error that is not empty, at most 500 bytes, neutralised
	Extended     []time.Time       `json:"extended,omitempty"`   // the limits set by Extend
	Limits       *Applied          `json:"limits,omitempty"`
}

// claim is written once for an attempt, whole, by the first who gets there.
type claim struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	Host    string    `json:"host"`
	Boot    string    `json:"boot"` // kernel's boot id
	PID     int       `json:"pid"`
	Limits  *Applied  `json:"limits,omitempty"` // that the step is to run under; see ByAsked
	// Refused says why nothing starts. Empty: the supervisor with PID goes on to execute.
	Refused string `json:"refused,omitempty"`
}

func newClaim(refused string) claim {
	host, _ := os.Hostname() // a nameless host still claims
	return claim{Version: Version, At: time.Now().UTC(), Host: host, Boot: bootID(), PID: os.Getpid(), Refused: refused}
}

func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// writeClaim returns fs.ErrExist when somebody else's claim stands.
func writeClaim(dir string, c claim) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := writeOnce(dir, claimFile, raw); err != nil {
		return fmt.Errorf("claim attempt: %w", err)
	}
	return nil
}

// readClaim returns fs.ErrNotExist when there is none.
func readClaim(dir string) (claim, error) {
	var c claim
	raw, err := os.ReadFile(filepath.Join(dir, claimFile))
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("read claim: %w", err)
	}
	return c, nil
}

// refuse makes sure that the attempt never starts, and says so. If a supervisor
// claimed it first, that stands and refuse returns nil: it started.
func refuse(dir, why string) error {
	err := writeClaim(dir, newClaim(why))
	if errors.Is(err, fs.ErrExist) {
		return claimed(dir)
	}
	if err != nil {
		return fmt.Errorf("%s; and this could not be recorded: %w", why, err)
	}
	return fmt.Errorf("%w: %s", ErrNotStarted, why)
}

// claimed reads a standing claim: nil when it lets the step start.
func claimed(dir string) error {
	c, err := readClaim(dir)
	if err == nil && c.Refused != "" {
		return fmt.Errorf("%w: %s", ErrNotStarted, c.Refused)
	}
	return err
}

// readResult returns fs.ErrNotExist when there is no exit record.
func readResult(dir string) (Result, error) {
	var r Result
	raw, err := os.ReadFile(filepath.Join(dir, exitFile))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("read exit record: %w", err)
	}
	return r, nil
}

// writeOnce makes dir/name with these bytes, durable, or returns fs.ErrExist. It
// links a finished file into place: as exclusive as O_EXCL, and after a crash at
// any instant the file is there whole or not at all.
func writeOnce(dir, name string, raw []byte) error {
	tmp, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(raw)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Link(tmp.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// reserve allocates the room of the exit record.
func reserve(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, exitPart), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	blank := []byte(strings.Repeat(" ", exitRoom))
	if _, err := f.WriteAt(blank, 0); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// writeResult puts the exit record into its reserved room and names it.
func writeResult(dir string, room *os.File, r Result) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := room.WriteAt(raw, 0); err != nil {
		return err
	}
	if err := room.Truncate(int64(len(raw))); err != nil {
		return err
	}
	if err := room.Sync(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, exitPart), filepath.Join(dir, exitFile)); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// tryLock takes the attempt's flock without waiting; false means that somebody
// else holds it. exclusive is for supervisors alone: those who only look share.
func tryLock(dir string, exclusive bool) (*os.File, bool, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	for {
		err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil {
		return f, true, nil
	}
	_ = f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("lock attempt: %w", err)
}
