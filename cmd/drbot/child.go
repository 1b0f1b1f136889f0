package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// executable is this program, which the demo starts again as its parts.
func executable() (string, error) { return os.Executable() }

// child is one part of the demo, a process of its own.
type child struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser // its lifeline
	done  chan struct{}
	err   error
}

// spawn starts this program again. first is written to its standard input, which stays open.
func spawn(name string, first any, out, log io.Writer, environment []string, args ...string) (*child, error) {
	self, err := executable()
	if err != nil {
		return nil, err
	}
	c := &child{name: name, cmd: exec.Command(self, args...), done: make(chan struct{})}
	c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = environment, out, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is the demo's to pass on
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	if first != nil {
		if err := json.NewEncoder(c.stdin).Encode(first); err != nil {
			return nil, errors.Join(fmt.Errorf("tell %s its options: %w", name, err), c.stop())
		}
	}
	return c, nil
}

// stop asks the process to end and waits for it.
func (c *child) stop() error {
	_ = c.stdin.Close()
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(15 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
	return nil
}

// partEnded says that a part of the demo is gone that cannot be started again as it was.
type partEnded struct {
	name string
	err  error
}

func (e *partEnded) Error() string {
	how := "by itself"
	if e.err != nil {
		how = e.err.Error()
	}
	return e.name + " has ended (" + how + "), and what it knew is gone: start the demo again"
}

// mourn ends the whole when the process ends before ctx does.
func (c *child) mourn(ctx context.Context, end context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
	case <-c.done:
		end(&partEnded{c.name, c.err})
	}
}

// kept runs a child again whenever it dies, until ctx ends.
type kept struct {
	start func() (*child, error)
	now   chan *child // the running one, taken and put back
}

func keep(ctx context.Context, log io.Writer, start func() (*child, error)) (*kept, error) {
	c, err := start()
	if err != nil {
		return nil, err
	}
	k := &kept{start: start, now: make(chan *child, 1)}
	k.now <- c
	go k.watch(ctx, c, log)
	return k, nil
}

func (k *kept) watch(ctx context.Context, c *child, log io.Writer) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.done:
		}
		if ctx.Err() != nil {
			return
		}
		say(log, "%s ended (%v) and is started again", c.name, c.err)
		next, err := k.start()
		if err != nil {
			say(log, "%s does not start: %v", c.name, err)
			return
		}
		<-k.now
		k.now <- next
		c = next
	}
}

// kill ends the running child with SIGKILL; it is started again.
func (k *kept) kill() error {
	c := <-k.now
	k.now <- c
	return c.cmd.Process.Kill()
}

func (k *kept) stop() error {
	c := <-k.now
	k.now <- c
	return c.stop()
}
