package attempt

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/drbot/drbot/secret"
)

const (
	farPoll  = 50 * time.Millisecond // between two looks at the output
	farKept  = 30 * 24 * time.Hour   // how long the directory of an attempt that ended stays
	farState = "drbot/remote"        // in the account's state directory
)

// farEnd serves one connection on standard input and output, and ends with it. What it started goes on.
type farEnd struct {
	runs string
	mu   sync.Mutex
	out  *json.Encoder
}

func farEndMain() int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	f := &farEnd{out: json.NewEncoder(os.Stdout)}
	f.say(frame{Drbot: farVersion})
	if err := f.serve(ctx, os.Stdin); err != nil {
		f.say(frame{Broken: err.Error()})
		return 1
	}
	return 0
}

// say writes one line. When nobody reads it any more the connection is over, which the reading side notices.
func (f *farEnd) say(line frame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.out.Encode(line)
}

func (f *farEnd) serve(ctx context.Context, in io.Reader) error {
	var err error
	if f.runs, err = farRuns(); err != nil {
		return err
	}
	lines := json.NewDecoder(bufio.NewReader(in))
	lines.DisallowUnknownFields()
	var first wish
	if err := lines.Decode(&first); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read what to do: %w", err)
	}
	name, err := f.begin(ctx, first)
	if name == "" || err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() { over <- f.follow(ctx, name, first.From) }()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for {
			var w wish
			if lines.Decode(&w) != nil {
				return
			}
			f.obey(ctx, name, w)
		}
	}()
	select {
	case err := <-over:
		if err != nil {
			return err
		}
		<-heard // whoever asked has the result, may say forget, and hangs up
	case <-heard:
	}
	return nil
}

// begin starts an attempt, or finds it. An attempt that is not there when it is looked for never starts (Inspect).
func (f *farEnd) begin(ctx context.Context, w wish) (name string, err error) {
	f.sweep()
	switch {
	case w.Start != nil:
		name = w.Start.Attempt
		secrets := make(map[string]secret.String, len(w.Secrets))
		for key, value := range w.Secrets {
			secrets[key] = secret.New(string(value))
		}
		err = Start(ctx, f.runs, *w.Start, secrets)
	case w.Attach != "":
		name = w.Attach
		var status Status
		status, err = Inspect(f.runs, name)
		if err == nil && status.State == StateNotStarted {
			err = fmt.Errorf("%w: %s", ErrNotStarted, status.Why)
		}
	default:
		return "", errors.New("the first line is neither a start nor an attach")
	}
	if errors.Is(err, ErrNotStarted) {
		f.say(frame{Refused: reasonOf(err)})
		return "", nil
	}
	if err == nil {
		f.say(frame{Claimed: true})
	}
	return name, err
}

func (f *farEnd) obey(ctx context.Context, name string, w wish) {
	switch {
	case w.Cancel != "":
		_ = Cancel(ctx, f.runs, name, w.Cancel) // one that just ended says so with its result
		f.say(frame{Heard: true})
	case w.Extend > 0:
		_ = Extend(ctx, f.runs, name, time.Now().Add(w.Extend)) // a limit that is later already stays
		f.say(frame{Heard: true})
	case w.Forget:
		f.remove(name)
	}
}

// follow sends what is printed, and the result after the last of it.
func (f *farEnd) follow(ctx context.Context, name string, from int64) error {
	ended := make(chan error, 1)
	var result Result
	go func() {
		var err error
		result, err = Wait(ctx, f.runs, name)
		ended <- err
	}()
	look := time.NewTicker(farPoll)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if err := f.copyOutput(name, &from); err != nil {
				return err
			}
		case err := <-ended:
			if err == nil {
				err = f.copyOutput(name, &from)
			}
			if err == nil {
				f.say(frame{Result: &result})
			}
			return err
		}
	}
}

func (f *farEnd) copyOutput(name string, from *int64) error {
	file, err := os.Open(filepath.Join(f.runs, name, outputFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	defer func() { _ = file.Close() }()
	buf := make([]byte, frameBytes)
	for {
		n, err := file.ReadAt(buf, *from)
		if n > 0 {
			f.say(frame{Output: buf[:n]})
			*from += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read output: %w", err)
		}
	}
}

// remove forgets an attempt that ended.
func (f *farEnd) remove(name string) {
	dir, err := attemptDir(f.runs, name)
	if err != nil {
		return
	}
	if _, err := readResult(dir); err == nil {
		_ = os.RemoveAll(dir) // what is left is swept later
	}
}

// sweep forgets the attempts that ended long ago.
func (f *farEnd) sweep() {
	names, _ := Attempts(f.runs) // none is fine, and a start says what is wrong
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(f.runs, name, exitFile)); err == nil && time.Since(info.ModTime()) > farKept {
			f.remove(name)
		}
	}
}

// farRuns is where attempts of other hosts live: in the account's own state directory.
func farRuns() (string, error) {
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, farState), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the account's directory: %w", err)
	}
	return filepath.Join(home, ".local/state", farState), nil
}
