package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/state/follow"
)

// TestDemoEndsWithAWordWhenItsChatDies: what the chat knew is gone with it, so the demo says so and stops.
func TestDemoEndsWithAWordWhenItsChatDies(t *testing.T) {
	if testing.Short() {
		t.Skip("the demo takes some seconds")
	}
	t.Parallel()
	out := &scroll{}
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	d := &demo{program: program{env: env{stdin: strings.NewReader(""), stdout: out, stderr: out, getenv: os.Getenv, clock: follow.Wall{}}}, dir: t.TempDir(), log: out}
	ended := make(chan error, 1)
	go func() { ended <- d.play(ctx) }()
	w := &town{T: t, life: &life{log: out.String}}
	w.until("the demo explains itself", func() bool { return strings.Contains(out.String(), "Ctrl-C stops it") })
	w.ok(d.chatProc.cmd.Process.Kill())
	if err := <-ended; err == nil || err.Error() != "the chat has ended (signal: killed), and what it knew is gone: start the demo again" {
		t.Errorf("%v\n%s", err, out)
	}
}
