// Package attempt runs one approved step as a process that outlives drbot.
// Start writes the job to disk and lets a detached supervisor (this same binary)
// claim and execute it; whoever comes later, after a crash or an upgrade too,
// asks Inspect or Wait, which trust only three things in the attempt's directory:
// a held flock (it runs), an exit record (it ended), a claim (it may have begun).
// What began and left no record is Unknown, and nothing here ever starts it again.
package attempt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

// Version is the format of job.json, claim, exit.json and the control socket.
// A supervisor outlives an upgrade of drbot, so a reader accepts older ones.
const Version = 1

// What a Job means where it says nothing.
const (
	DefaultTimeout     = 10 * time.Minute
	DefaultGrace       = 10 * time.Second
	DefaultOutputLimit = 1 << 30 // bytes kept; the rest is drained, counted and hashed
	DefaultPath        = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// Interpreters.
const (
	Bash   = "bash"
	SQLite = "sqlite"
)

// KeepSurvivors is the Survivors value of a step that starts a server on purpose.
const KeepSurvivors = "keep"

// Var is one declared parameter. bash gets it as an environment variable, the
// others as the bound parameter :NAME; it is never pasted into text. UTF-8 without NUL.
type Var = incident.Var

// Expect says when a step did what it should. Of the output, up to 1 MiB of
// standard output is compared, as redacted.
type Expect = incident.Expect

// Database is a file for the sqlite interpreter, which must exist. It is attached
// under its name to an empty main database in memory.
type Database = incident.Database

// Job is everything that decides what runs. It holds names of secrets, never values.
type Job struct {
	Version     int           `json:"version"` // 0 means Version
	Attempt     string        `json:"attempt"` // "a17": small letters, digits, - and _
	Incident    string        `json:"incident,omitempty"`
	Run         string        `json:"run,omitempty"`
	Step        string        `json:"step,omitempty"`
	Interpreter string        `json:"interpreter"`
	Script      []byte        `json:"script"`
	SHA256      string        `json:"sha256"` // of Script, hex; compared again just before the process starts
	Env         []Var         `json:"env,omitempty"`
	Secrets     []string      `json:"secrets,omitempty"` // given to the step like Env
	Dir         string        `json:"dir,omitempty"`     // absolute; "" is an empty directory of the attempt
	Path        string        `json:"path,omitempty"`    // PATH; "" is DefaultPath
	Timeout     time.Duration `json:"timeout"`           // 0 is DefaultTimeout; there is no "none"
	Grace       time.Duration `json:"grace"`             // between SIGTERM and SIGKILL; 0 is DefaultGrace
	OutputLimit int64         `json:"output_limit"`      // bytes; 0 is DefaultOutputLimit
	Limits      Limits        `json:"limits,omitzero"`
	Survivors   string        `json:"survivors,omitempty"`
	User        string        `json:"user,omitempty"`       // account of the step; "" is drbot's own
	Expect      *Expect       `json:"expect,omitempty"`     // nil: a success is "ran, not verified"
	Databases   []Database    `json:"databases,omitempty"`  // of sqlite; files relative to Dir
	KeepGoing   bool          `json:"keep_going,omitempty"` // sqlite: print a failing statement, go on, exit 1 at the end
	Produces    []string      `json:"produces,omitempty"`   // names the step must write as NAME=value to $DRBOT_OUT

	Server      *incident.Server `json:"server,omitempty"`      // of the target: an executor speaks to it, bash finds it in the environment
	ReadOnly    bool             `json:"read_only,omitempty"`   // of an executor: what would change something fails
	Identifiers []string         `json:"identifiers,omitempty"` // of Env: those that may stand for a name in SQL
	Identify    bool             `json:"identify,omitempty"`    // no script: print who the server is, lines name=value

	Far *incident.Far `json:"far,omitempty"` // the host where it runs; nil: this one
}

var (
	// ErrNotStarted means that the step's process does not exist and never will.
	ErrNotStarted = errors.New("not started")
	// ErrNotRunning means that no supervisor listens: ended, unknown or not yet there.
	ErrNotRunning = errors.New("attempt is not running")
	// ErrOtherJob means that this attempt's directory holds another job.
	ErrOtherJob = errors.New("attempt exists with another job")
)

var (
	attemptName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	envName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// reserved names and prefixes change what the loader, the shell or a client runs
// before the first byte of the approved script, or belong to drbot.
var (
	reservedNames = []string{"PATH", "HOME", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "IFS", "CDPATH", "GLOBIGNORE", "EXECIGNORE",
		"FIGNORE", "POSIXLY_CORRECT", "PROMPT_COMMAND", "PSQLRC", "PGSERVICEFILE", "PGSYSCONFDIR", "PYTHONSTARTUP", "PYTHONPATH",
		"PYTHONHOME", "PERL5OPT", "PERL5LIB", "RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "GCONV_PATH", "GLIBC_TUNABLES"}
	reservedPrefixes = []string{"LD_", "DYLD_", "BASH_", "DRBOT_"}
)

func reservedName(name string) bool {
	return slices.Contains(reservedNames, name) ||
		slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// complete fills the defaults in.
func (j Job) complete() Job {
	if j.Version == 0 {
		j.Version = Version
	}
	if j.Timeout == 0 {
		j.Timeout = DefaultTimeout
	}
	if j.Grace == 0 {
		j.Grace = DefaultGrace
	}
	if j.OutputLimit == 0 {
		j.OutputLimit = DefaultOutputLimit
	}
	if j.Path == "" {
		j.Path = DefaultPath
	}
	return j
}

// check refuses what could not run as it was approved. Start and the supervisor
// both ask: the file between them could have been touched.
func (j Job) check() error {
	switch {
	case j.Version != Version:
		return fmt.Errorf("job version %d is not known to this drbot (%d)", j.Version, Version)
	case !attemptName.MatchString(j.Attempt):
		return fmt.Errorf("attempt name %q", j.Attempt)
	case bytes.IndexByte(j.Script, 0) >= 0:
		return errors.New("script holds a NUL byte, which bash would drop")
	case j.Timeout < 0 || j.Grace < 0 || j.OutputLimit < 0:
		return errors.New("timeout, grace and output limit cannot be negative")
	case j.Dir != "" && !filepath.IsAbs(j.Dir):
		return fmt.Errorf("directory %q is not absolute", j.Dir)
	case j.Interpreter != SQLite && (len(j.Databases) > 0 || j.KeepGoing):
		return errors.New("databases and keep_going are for sqlite")
	case j.Survivors != "" && j.Survivors != KeepSurvivors && j.Survivors != "kill":
		return fmt.Errorf("survivors %q: use keep or kill", j.Survivors)
	}
	if err := errors.Join(j.checkExecutor(), j.checkFar()); err != nil {
		return err
	}
	return j.checkWords()
}

// checkWords looks at names and values. JSON would change bytes that are not
// UTF-8 and exec would cut at a NUL, so both are refused (I34).
func (j Job) checkWords() error {
	taken := map[string]bool{}
	for _, name := range slices.Concat(names(j.Env), j.Secrets) {
		if !envName.MatchString(name) || reservedName(name) {
			return fmt.Errorf("parameter name %q cannot be given to a process", name)
		}
		if taken[name] {
			return fmt.Errorf("parameter %s is given twice", name)
		}
		taken[name] = true
	}
	for _, name := range j.Produces {
		if !envName.MatchString(name) {
			return fmt.Errorf("produced name %q", name)
		}
	}
	words := []string{j.Dir, j.Path, j.User}
	if s := j.Server; s != nil {
		words = append(words, s.Host, s.Database, s.User, s.TLS)
	}
	for _, d := range j.Databases {
		words = append(words, d.Name, d.File)
	}
	for _, v := range j.Env {
		words = append(words, v.Value)
	}
	for _, word := range words {
		if strings.IndexByte(word, 0) >= 0 || !utf8.ValidString(word) {
			return fmt.Errorf("value %q holds a NUL or is not UTF-8", word)
		}
	}
	return nil
}

func names(vars []Var) []string {
	out := make([]string, len(vars))
	for i, v := range vars {
		out[i] = v.Name
	}
	return out
}

// checkSecrets makes sure that every named secret is there and can be hidden.
func (j Job) checkSecrets(secrets map[string]secret.String) error {
	for _, name := range j.Secrets {
		value, ok := secrets[name]
		if !ok || value.IsZero() {
			return fmt.Errorf("secret %s has no value", name)
		}
		if strings.IndexByte(value.Reveal(), 0) >= 0 {
			return fmt.Errorf("secret %s holds a NUL byte", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if _, err := secret.NewRedactor(secrets[name]); err != nil {
			return fmt.Errorf("secret %s: %w", name, err)
		}
	}
	return j.checkPassword(secrets)
}

// readJob reads job.json back, strictly: a field that this version does not know
// might be one that decides what runs.
func readJob(dir string) (Job, error) {
	raw, err := os.ReadFile(filepath.Join(dir, jobFile))
	if err != nil {
		return Job{}, fmt.Errorf("read job: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var j Job
	if err := dec.Decode(&j); err != nil {
		return Job{}, fmt.Errorf("read job: %w", err)
	}
	return j, j.check()
}
