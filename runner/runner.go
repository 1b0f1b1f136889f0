// Package runner executes what was decided, and decides nothing.
//
// It follows the record: a question for the target becomes read-only attempts and their answer (reads.go), a step that
// is starting becomes an attempt once its bytes are again those that were approved (start.go), a cancel or an extension
// goes to the attempt's supervisor. A goroutine waits for each attempt and tells its end (watch.go). After a crash it
// looks at every active step first (recover.go): re-attach, settle, or say that nobody knows; never run again.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runner/attempt"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
)

// Outcomes takes what the runner found, as the event that it would like to see. The key is the same when the same thing
// is told again, and empty where that may count again. An error means that it is not kept, and it is told again later.
type Outcomes interface {
	Report(ctx context.Context, id incident.ID, key string, e incident.Event) error
}

// Options of a runner.
type Options struct {
	Store       state.Reader
	Outcomes    Outcomes
	Dir         string                   // runs/: one folder an attempt
	Reads       string                   // where read-only attempts live while they run; default: reads beside Dir
	Secrets     map[string]secret.String // every configured secret by its name
	OutputLimit int64                    // bytes kept of one output; 0: 1 GiB
	Limits      attempt.Limits           // of every step; zero: the defaults
	Far         incident.Far             // how other hosts are reached; without a scheme and a name
	Again       time.Duration            // between two tries to find a lost step elsewhere again; 0: 30 s
	Now         func() time.Time         // the record's clock; nil: the machine's
	Log         *slog.Logger
}

// Runner is the follower "runner".
type Runner struct {
	Options
	ctx  context.Context // ends with Close: goroutines stop waiting, steps go on
	stop context.CancelFunc
	all  sync.WaitGroup

	crew      *attempt.Crew
	recovered chan struct{} // closed once Recover is done
	once      sync.Once
	mu        sync.Mutex
	watched   map[string]bool          // attempts that a goroutine waits for
	sought    map[string]bool          // lost attempts elsewhere that a goroutine looks for
	tried     map[string]chan struct{} // attempts whose start was tried, never again in this process; closed once it was
	failed    string
	since     time.Time
}

// Name is the follower's: its cursors hang on it.
const Name = "runner"

// New makes a runner. It delivers nothing until Recover is done, and stops with Close.
func New(o Options) (*Runner, error) {
	if o.Store == nil || o.Outcomes == nil || o.Dir == "" {
		return nil, errors.New("a runner needs a store, outcomes and a directory")
	}
	if o.Reads == "" {
		o.Reads = filepath.Join(filepath.Dir(o.Dir), "reads")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Again <= 0 {
		o.Again = again
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Runner{Options: o, recovered: make(chan struct{}), watched: map[string]bool{}, sought: map[string]bool{}, tried: map[string]chan struct{}{}}
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.crew = attempt.NewCrew()
	return r, nil
}

// Close stops waiting for attempts. Their supervisors go on, and the next runner attaches to them.
func (r *Runner) Close() {
	r.stop()
	r.crew.Close()
	r.all.Wait()
}

// Health is how the runner stands, for /readyz.
type Health struct {
	Running []string  `json:"running,omitempty"` // attempts that are waited for
	Error   string    `json:"error,omitempty"`   // why an outcome could not be kept, until one is
	Since   time.Time `json:"since,omitzero"`
}

// Health answers how it stands.
func (r *Runner) Health() Health {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := Health{Error: r.failed, Since: r.since}
	for name := range r.watched {
		h.Running = append(h.Running, name)
	}
	slices.Sort(h.Running)
	return h
}

func (r *Runner) trouble(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.failed, r.since = "", time.Time{}
	case r.failed == "":
		r.failed, r.since = err.Error(), time.Now()
	}
}

// Output is the end of what an attempt printed, at most lines long, redacted and neutralised; while it runs too.
func (r *Runner) Output(_ context.Context, name string, lines int) (string, error) {
	excerpt, err := attempt.Tail(r.Dir, name, lines)
	if excerpt.NoText {
		return fmt.Sprintf("(no text: %d bytes)", excerpt.Total), err
	}
	return excerpt.Text, err
}

// Document is the whole output of an attempt as a file for a chat: redacted, and neutralised where it is text; of more than
// limit bytes the first and the last part (cut).
func (r *Runner) Document(name string, limit int64) (body []byte, text, cut bool, err error) {
	d, err := attempt.ReadDocument(r.Dir, name, limit)
	return d.Body, d.Text, d.Cut, err
}

// Print copies the whole output of an attempt, redacted and neutralised; follow: until the attempt ends.
func (r *Runner) Print(ctx context.Context, name string, w io.Writer, follow bool) error {
	return attempt.Print(ctx, r.Dir, name, w, follow)
}

// Tail is the last line that an attempt printed, and when; empty when it printed nothing.
func (r *Runner) Tail(name string) (at time.Time, line string) {
	excerpt, err := attempt.Tail(r.Dir, name, 1)
	if err != nil || excerpt.Text == "" {
		return time.Time{}, ""
	}
	info, err := os.Stat(filepath.Join(r.Dir, name, outputFile))
	if err != nil {
		return time.Time{}, ""
	}
	return info.ModTime().UTC(), excerpt.Text
}

// outputFile is the name that package attempt gives the output in an attempt's folder.
const outputFile = "output"

// Open reads the whole output of an attempt, redacted but not neutralised. Close it.
func (r *Runner) Open(name string) (io.ReadSeekCloser, error) {
	if name != filepath.Base(name) || name == "." || name == ".." {
		return nil, fmt.Errorf("attempt name %q", name)
	}
	return os.Open(filepath.Join(r.Dir, name, outputFile))
}

// spec reads a step as it was resolved at the plan. Bytes that are not those of the digest are an error: nothing may
// run from them (I2).
func (r *Runner) spec(ctx context.Context, digest string) (*incident.Spec, error) {
	blob, err := r.Store.Blob(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("read step %.12s: %w", digest, err)
	}
	if incident.Digest(blob) != digest {
		return nil, fmt.Errorf("read step %.12s: %w", digest, errTampered)
	}
	s := &incident.Spec{}
	return s, decode(blob, s)
}

var errTampered = errors.New("its bytes are not those that were planned")
