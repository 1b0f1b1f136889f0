package attempt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/secret"
)

const (
	// drain is how long a step may still print and its children still end after
	// its direct child ended (I30).
	drain = 2 * time.Second
	// unkillable is how long the supervisor waits for processes after SIGKILL; one
	// that hangs in the kernel must not keep the step from ending.
	unkillable = 5 * time.Second
	// lockWait bounds how long a second supervisor of one attempt stays to see the claim of the first.
	lockWait = 30 * time.Second
)

// SupervisorMain must be called first in main and in every TestMain of a test
// that calls Start: when this process was spawned as a supervisor or as a step of
// sqlite or of one of the executors it does that work and exits, and never returns.
// Otherwise it returns false at once. Without executors a job may be bash or sqlite.
func SupervisorMain(with ...Executor) (ran bool) {
	executors = with
	if len(os.Args) == 2 && os.Args[1] == FarEnd {
		syscall.Exit(farEndMain())
	}
	switch os.Args[0] {
	case supervisorName:
		syscall.Exit(superviseMain()) // not os.Exit: nothing waits to be run, and a race build sleeps a second
	case sqliteName:
		syscall.Exit(sqliteMain())
	case executorName:
		syscall.Exit(executorMain())
	}
	return false
}

// supervisor owns one attempt. Its fields belong to the one loop that runs it.
type supervisor struct {
	dir      string
	job      Job
	secrets  map[string][]byte
	redactor *secret.Redactor
	lock     *os.File
	room     *os.File // of the exit record
	out      *output
	child    *child     // nil: it runs elsewhere
	far      *elsewhere // nil: it runs here
	attach   bool       // to a step elsewhere that was claimed before
	requests chan request
	dead     chan os.Signal // SIGCHLD

	started  time.Time
	until    time.Time // the limit
	limit    *time.Timer
	grace    <-chan time.Time
	extended []time.Time
	stopped  Outcome // TimedOut or Cancelled once it is being stopped
	why      string
	state    *os.ProcessState // of the direct child, once it ended
	sawEOF   bool
}

func superviseMain() int {
	// Whatever else was inherited must not reach the step.
	_ = unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
	ordersIn, report := os.NewFile(3, "orders"), os.NewFile(4, "report")
	// The command goes on when drbot, its terminal or its unit is stopped. Notify,
	// not Ignore: what is ignored would stay ignored in the step.
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGPIPE, unix.SIGUSR1, unix.SIGUSR2)
	unix.Umask(0o022)

	s := &supervisor{requests: make(chan request), dead: make(chan os.Signal, 1)}
	signal.Notify(s.dead, unix.SIGCHLD)
	if !s.ordered(ordersIn) {
		return 0
	}
	if err := s.begin(report); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// ordered waits for the orders. Without whole ones there is nothing to do: whoever gave them has gone.
func (s *supervisor) ordered(from *os.File) bool {
	defer func() { _ = from.Close() }()
	var o orders
	if err := json.NewDecoder(from).Decode(&o); err != nil || o.Dir == "" {
		return false
	}
	s.dir, s.secrets, s.attach = o.Dir, o.Secrets, o.Attach
	if log, err := os.OpenFile(filepath.Join(s.dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err == nil {
		_ = unix.Dup3(int(log.Fd()), 2, 0)
		_ = log.Close()
	}
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(s.dir)), 0) // for `ps`: the arguments name no attempt
	return true
}

// begin decides with one claim whether the step starts, tells Start, and runs it.
func (s *supervisor) begin(report *os.File) (err error) {
	defer func() { _ = report.Close() }()
	if s.attach {
		return s.beginAgain(report)
	}
	if s.lock, err = acquire(s.dir); err != nil {
		return err // without the lock nothing is decided: Start refuses
	}
	if s.lock == nil {
		_, err = report.WriteString("c")
		return err
	}
	defer func() { _ = s.lock.Close() }()

	listener, err := s.prepare()
	if err == nil {
		c := newClaim("")
		if s.child != nil {
			c.Limits = s.child.bounds.claimed()
		}
		err = writeClaim(s.dir, c)
	} else {
		err = refuse(s.dir, s.redact(err.Error()))
	}
	_, _ = report.WriteString("c") // Start may be dead by now; the claim stands
	_ = report.Close()
	if err != nil {
		return err
	}
	if s.far != nil {
		return s.runFar(listener)
	}
	return s.run(listener)
}

// acquire takes the flock, or returns nil when a claim stands: another supervisor
// or Inspect was first, and there is nothing left to do.
func acquire(dir string) (*os.File, error) {
	for end := time.Now().Add(lockWait); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		lock, free, err := tryLock(dir, true)
		if err != nil {
			return nil, err
		}
		if _, err := readClaim(dir); !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if free {
			return lock, nil
		}
	}
	return nil, errors.New("the attempt's lock is held and nobody claims it")
}

// prepare does everything that may fail before the claim.
func (s *supervisor) prepare() (net.Listener, error) {
	var all []secret.String
	for _, value := range s.secrets {
		all = append(all, secret.New(string(value)))
	}
	var err error
	if s.redactor, err = secret.NewRedactor(all...); err != nil {
		return nil, err
	}
	if s.job, err = readJob(s.dir); err != nil {
		return nil, err
	}
	if s.job.Far != nil {
		if err := s.prepareFar(s.attach); err != nil {
			return nil, err
		}
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become sub-reaper: %w", err)
	}
	// A core file would hold the step's secrets. (Inherited by the step.)
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return nil, fmt.Errorf("forbid core files: %w", err)
	}
	if s.room, err = reserve(s.dir); err != nil {
		return nil, fmt.Errorf("reserve room for the exit record: %w", err)
	}
	if s.out, err = newOutput(filepath.Join(s.dir, outputFile), s.job.OutputLimit, s.redactor); err != nil {
		return nil, err
	}
	if s.far != nil {
		return listen(s.dir)
	}
	if s.child, err = newChild(s.dir, s.job, s.secrets); err != nil {
		return nil, err
	}
	return listen(s.dir)
}

func (s *supervisor) redact(text string) string {
	if s.redactor == nil {
		return text
	}
	return s.redactor.Text(text)
}

// run executes the claimed step to its end and records it.
func (s *supervisor) run(listener net.Listener) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s.started = time.Now()
	ends, err := s.child.start(s.out)
	if err != nil {
		r := Result{Outcome: NotStarted, Why: s.redact(err.Error()), Exit: -1, Ended: time.Now().UTC()}
		return s.record(r)
	}
	s.until = s.started.Add(s.job.Timeout)
	s.limit = time.NewTimer(s.job.Timeout)
	go serveControl(ctx, listener, s.requests)
	s.follow(ends)
	result := s.settle(ends)
	err = s.record(result)
	_ = listener.Close()
	stop()
	_ = os.Remove(filepath.Join(s.dir, controlFile))
	_ = s.lock.Close()
	if result.Kept {
		s.keepDraining()
	}
	return errors.Join(err, s.out.sync())
}

// follow returns when the step is over: its direct child ended and everything
// drained, or time is up for what is left.
func (s *supervisor) follow(ends <-chan *os.ProcessState) {
	var drained, reap <-chan time.Time
	eof := s.out.done
	for {
		if s.state != nil && s.sawEOF && (s.keeps() || len(s.living()) == 0) {
			return
		}
		select {
		case s.state = <-ends:
			if s.stopped == "" {
				drained = time.After(drain)
			}
		case <-eof:
			s.sawEOF, eof = true, nil
		case <-drained:
			return
		case <-s.grace:
			return
		case <-s.limit.C:
			if s.state == nil && s.stopped == "" {
				s.stop(TimedOut, "limit of "+s.until.Sub(s.started).Round(time.Second).String()+" reached")
			}
		case <-s.dead: // an orphan ended; many may, so look at most every 100 ms
			if reap == nil {
				reap = time.After(100 * time.Millisecond)
			}
			if s.state != nil {
				s.reap()
			}
		case <-reap:
			reap = nil
			s.reap()
		case r := <-s.requests:
			r.answer <- s.obey(r)
		}
	}
}

// keeps says whether survivors are left alone. A stopped step leaves nothing.
func (s *supervisor) keeps() bool { return s.job.Survivors == KeepSurvivors && s.stopped == "" }

func (s *supervisor) obey(r request) answer {
	switch {
	case r.Version > Version:
		return answer{Error: fmt.Sprintf("this step was started by an older drbot, which does not know request version %d", r.Version)}
	case s.state != nil && s.stopped == "":
		return answer{Error: "the step has just ended"}
	case s.stopped != "" && r.Cancel != "":
		return answer{} // it is being stopped already
	case s.stopped != "":
		return answer{Error: "the step is being stopped: " + s.why}
	case r.Cancel != "":
		s.stop(Cancelled, r.Cancel)
		return answer{}
	case !r.Extend.After(s.until):
		return answer{Error: "the limit is already " + s.until.UTC().Format(time.RFC3339)}
	}
	s.until = r.Extend
	s.extended = append(s.extended, r.Extend.UTC())
	s.limit.Reset(time.Until(r.Extend))
	return answer{}
}

// stop asks every process of the step to end and starts the grace period.
func (s *supervisor) stop(outcome Outcome, why string) {
	s.stopped, s.why = outcome, s.redact(why)
	for _, p := range s.living() {
		p.signal(unix.SIGTERM)
		p.signal(unix.SIGCONT) // a stopped process would not see it
	}
	s.grace = time.After(s.job.Grace)
}

// living lists the step's processes: whatever descends from this sub-reaper, in
// whatever session or group it put itself.
func (s *supervisor) living() []process { return descendants(os.Getpid()) }

// reap buries orphans that ended, by name: Wait4(-1) would steal the direct
// child's exit code.
func (s *supervisor) reap() {
	for _, p := range zombies(os.Getpid()) {
		if s.state == nil && p.pid == s.child.pid() {
			continue
		}
		_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
	}
}

// settle ends what is left and gathers the result.
func (s *supervisor) settle(ends <-chan *os.ProcessState) Result {
	left := s.living()
	r := Result{Limits: &s.child.bounds.Applied, Started: s.started.UTC(), Exit: -1, Extended: s.extended, Why: s.why, Kept: s.keeps() && len(left) > 0}
	for _, p := range left {
		r.Survivors = append(r.Survivors, s.redact(p.describe()))
	}
	if !s.keeps() {
		killAll(os.Getpid(), time.Now().Add(unkillable), s.reap)
		if s.state == nil {
			select {
			case s.state = <-ends:
			case <-time.After(unkillable):
			}
		}
		if !s.sawEOF {
			select {
			case <-s.out.done:
			case <-time.After(drain):
			}
		}
	}
	s.out.seal(&r)
	r.Ended = time.Now().UTC()
	if s.state != nil {
		r.Exit = s.state.ExitCode()
		if ws := s.state.Sys().(syscall.WaitStatus); ws.Signaled() {
			r.Signal = int(ws.Signal())
		}
	}
	s.judge(&r)
	s.child.clean(r.Kept)
	if err := s.child.bounds.release(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return r
}

// record writes the exit record. Should even its reserved room fail, it tries for
// ten minutes while the flock still says that the attempt is not settled.
func (s *supervisor) record(r Result) error {
	r.Version, r.Attempt = Version, s.job.Attempt
	var err error
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
		if err = writeResult(s.dir, s.room, r); err == nil {
			return nil
		}
		fmt.Fprintln(os.Stderr, "write exit record:", err)
	}
	return fmt.Errorf("write exit record: %w", err)
}

// keepDraining reads on for survivors that were left alone, lest their next line
// kills them with SIGPIPE. The attempt has ended: nothing more is recorded.
func (s *supervisor) keepDraining() {
	for !s.sawEOF {
		select {
		case <-s.out.done:
			s.sawEOF = true
		case <-s.dead:
			s.reap()
		}
	}
}
