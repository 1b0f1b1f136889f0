// Command drbot makes a disaster-recovery runbook act.
//
// main is a shell around run, which tests call with their own environment. One file holds one subcommand; wire.go
// alone knows every room. A subcommand that talks of incidents goes through the socket of the running drbot, and reads
// the data directory by itself only when nobody holds it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/drbot/drbot/state/follow"
)

// env is everything that a subcommand takes from outside.
type env struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	clock          follow.Clock
}

func main() {
	if supervised() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, env{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, clock: follow.Wall{}})
	stop()
	os.Exit(code)
}

// Exit codes of the contract.
const (
	exitDone   = 0
	exitFailed = 1 // or findings
	exitUsage  = 2
	exitConfig = 3
)

// exitError carries a code of the contract to run. A nil err was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "said already"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// findings ends with 1 after the command itself said why.
func findings() error { return &exitError{code: exitFailed} }

// run carries one command line out and gives the exit code.
func run(ctx context.Context, e env) int {
	cmd := root(e)
	cmd.SetArgs(e.args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	code := exitFailed
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.code
		err = exit.err
	}
	if err != nil {
		_, _ = fmt.Fprintln(e.stderr, "drbot: "+err.Error())
	}
	return code
}
