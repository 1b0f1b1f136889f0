package attempt

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/incident"
)

const (
	connectLimit = 30 * time.Second // from the client's start to the far end's first line
	hangUpLimit  = 2 * time.Second  // for the client to end by itself
	noiseLimit   = 200              // lines that an account's shell may print before the far end speaks
	saidLimit    = 8 << 10          // of the client's standard error
)

// line is a connection to the far end. Its frames end when it does, and broken says why.
type line struct {
	far    incident.Far
	cmd    *exec.Cmd
	in     io.WriteCloser
	frames chan frame
	said   *tail
	broken error // once frames is closed
	gone   chan struct{}
	once   sync.Once
}

// connect starts the client and returns once the far end answers. Its errors name the host and what to do.
func connect(ctx context.Context, f incident.Far) (*line, error) {
	link := linkOf(f.Scheme)
	if link == nil {
		return nil, fmt.Errorf("%s:%s: this drbot has no client for %s", f.Scheme, f.Name, f.Scheme)
	}
	program := f.Program
	if program == "" {
		program = "drbot"
	}
	cmd, err := link.Command(f, program, FarEnd)
	if err != nil {
		return nil, err
	}
	l := &line{far: f, cmd: cmd, frames: make(chan frame), said: &tail{limit: saidLimit}, gone: make(chan struct{})}
	cmd.Stderr, cmd.WaitDelay = l.said, hangUpLimit
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		l.in, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: start the client: %w", f.Name, err)
	}
	go l.read(stdout, link)
	limited, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	for noise := 0; noise < noiseLimit; noise++ {
		select {
		case first, open := <-l.frames:
			switch {
			case !open:
				return nil, l.broken
			case first.Drbot >= farVersion:
				return l, nil
			case first.Drbot > 0:
				l.hangUp()
				return nil, fmt.Errorf("%s: drbot there is older than this one needs; install this version there", f.Name)
			}
		case <-limited.Done():
			l.hangUp()
			return nil, fmt.Errorf("%s: drbot there did not answer within %s; try `%s` by hand", f.Name, connectLimit, byHand(cmd))
		}
	}
	l.hangUp()
	return nil, fmt.Errorf("%s: the account's shell prints too much before a command; quiet its start files", f.Name)
}

// Greet connects to another host, hears the drbot there, and hangs up.
func Greet(ctx context.Context, f incident.Far) error {
	l, err := connect(ctx, f)
	if err == nil {
		l.hangUp()
	}
	return err
}

// byHand is the client's call as a person makes it.
func byHand(cmd *exec.Cmd) string {
	words := cmd.Args
	return words[0] + " " + words[len(words)-3] + " " + words[len(words)-2] + " " + words[len(words)-1]
}

// read passes the far end's lines on. Before its first one, lines that are none of its own are an account's greeting, and count as empty.
func (l *line) read(stdout io.Reader, link Link) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, frameLimit)
	hello := false
	var broken error
	for broken == nil && lines.Scan() {
		var f frame
		err := json.Unmarshal(lines.Bytes(), &f)
		if err != nil && hello {
			broken = fmt.Errorf("%s: a line that is none of drbot's came back", l.far.Name)
			continue
		}
		hello = hello || f.Drbot > 0
		if err == nil && f.Broken != "" {
			broken = fmt.Errorf("%s: %s", l.far.Name, short(f.Broken))
			continue
		}
		select {
		case l.frames <- f:
		case <-l.gone:
			broken = errors.New("hung up")
		}
	}
	if broken == nil {
		broken = lines.Err()
	}
	if broken != nil {
		l.stop()
	}
	_, _ = io.Copy(io.Discard, stdout)
	_ = l.cmd.Wait() // its code says what matters
	if broken == nil {
		broken = link.Explain(l.far, l.cmd.ProcessState.ExitCode(), l.said.text())
	}
	l.broken = broken
	close(l.frames)
}

// tell sends one line. An error shows as the end of the frames.
func (l *line) tell(w wish) { _ = json.NewEncoder(l.in).Encode(w) }

// stop ends the client at once.
func (l *line) stop() { _ = l.cmd.Process.Signal(unix.SIGTERM) }

// hangUp ends the connection: the far end sees its input end, or the client is stopped. It returns when the client is gone.
func (l *line) hangUp() {
	l.once.Do(func() { close(l.gone) })
	_ = l.in.Close()
	patience := time.AfterFunc(hangUpLimit, l.stop)
	defer patience.Stop()
	kill := time.AfterFunc(2*hangUpLimit, func() { _ = l.cmd.Process.Kill() })
	defer kill.Stop()
	for range l.frames { // until the reader has seen the end
	}
}

// tail keeps the last bytes that are written to it.
type tail struct {
	mu    sync.Mutex
	limit int
	bytes bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes.Write(p)
	if extra := t.bytes.Len() - t.limit; extra > 0 {
		t.bytes.Next(extra)
	}
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes.String()
}
