// Package redistest starts real Redis servers for tests: Debian's, under an account that is not root, in a temporary
// directory, on a free port, with a password. They end with the test.
package redistest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/postgres/pgtest"
)

// Password opens every server here.
const Password = "not a secret"

// Server is one Redis.
type Server struct {
	Dir  string // of its data and its redis.conf; the account of the server owns it
	Port int
	cmd  *exec.Cmd
}

// Start runs a Redis on an empty directory. Settings are lines of redis.conf.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := New(t, settings...)
	s.Launch(t)
	return s
}

// New makes the directory and the configuration of a Redis that somebody else starts.
func New(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{Dir: pgtest.Folder(t), Port: pgtest.FreePort(t)}
	lines := append([]string{
		"bind 127.0.0.1", fmt.Sprintf("port %d", s.Port), "dir " + s.Dir, fmt.Sprintf("requirepass %q", Password), "daemonize no", "save \"\"", "repl-diskless-sync-delay 0",
		"logfile " + filepath.Join(s.Dir, "log"), "pidfile " + filepath.Join(s.Dir, "pid"),
	}, settings...)
	if err := os.WriteFile(s.Config(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if who := pgtest.Account(t); who != nil {
		if err := os.Chown(s.Config(), int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Config is the file that the server reads, and that CONFIG REWRITE writes.
func (s *Server) Config() string { return filepath.Join(s.Dir, "redis.conf") }

// Launch starts the server, again after a Stop too, and waits until it has loaded.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		pgtest.Missing(t, "Redis (Debian: redis-server, redis-tools)")
	}
	s.cmd = exec.Command(program, s.Config())
	s.cmd.Dir, s.cmd.Env = s.Dir, []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: pgtest.Account(t)}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(t) })
	s.Await(t)
}

// Await waits until the server answers and has loaded.
func (s *Server) Await(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := s.client()
	defer func() { _ = client.Close() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for client.Ping(ctx).Err() != nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			said, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
			t.Fatalf("Redis does not answer\n%s", said)
		}
	}
}

// Stop ends the server politely.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Server is how to reach it.
func (s *Server) Server() incident.Server {
	return incident.Server{Kind: incident.Redis, Host: "127.0.0.1", Port: s.Port, Secret: "redis"}
}

func (s *Server) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.Port), Password: Password, MaxRetries: -1})
}

// Client reaches it until the test ends.
func (s *Server) Client(t testing.TB) *redis.Client {
	t.Helper()
	c := s.client()
	t.Cleanup(func() { _ = c.Close() })
	return c
}
