// Package pgtest starts real PostgreSQL servers for tests: Debian's, under an account that is not root, in a temporary
// directory, on a free port, with a password. They end with the test.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/drbot/drbot/incident"
)

// Password opens the user postgres of every server here.
const Password = "not a secret, but quoted: it's \"hard\""

// Server is one cluster.
type Server struct {
	Dir  string // postgresql.conf and the rest are in Dir/data; the account of the server owns it
	Port int
	cmd  *exec.Cmd
}

// Bin gives the directory of the newest PostgreSQL on this host. Without one the test is skipped, or, where DRBOT_TEST_SERVERS
// says that they are there (make test sets it after it installed them), fails.
func Bin(t testing.TB) string {
	t.Helper()
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(dirs, func(a, b string) int { return version(a) - version(b) })
	if len(dirs) == 0 {
		Missing(t, "PostgreSQL (Debian: postgresql)")
	}
	return dirs[len(dirs)-1]
}

func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

// Missing ends a test that needs a program which is not on this host.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("DRBOT_TEST_SERVERS") != "" {
		t.Fatalf("this test needs %s; make tools installs it", what)
	}
	t.Skipf("this test needs %s; make tools installs it", what)
}

// Account is the one that servers run under: the present one, or nobody where that is root.
func Account(t testing.TB) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// AccountName is its name.
func AccountName(t testing.TB) string {
	t.Helper()
	u, err := user.Current()
	if who := Account(t); who != nil {
		u, err = user.LookupId(strconv.Itoa(int(who.Uid)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// Folder makes an empty directory with a short path, which the servers' account owns.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "drbot-server-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if who := Account(t); who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// FreePort is one that nobody listens on at the moment.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// Start makes a cluster and runs it. Settings are lines of postgresql.conf.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	return StartOn(t, FreePort(t), settings...)
}

// StartOn is Start on a port that is known to be free.
func StartOn(t testing.TB, port int, settings ...string) *Server {
	t.Helper()
	s := &Server{Dir: Folder(t), Port: port}
	file := filepath.Join(s.Dir, "password")
	s.write(t, file, Password+"\n")
	s.Run(t, "initdb", "-D", s.Data(), "-U", "postgres", "-A", "scram-sha-256", "--pwfile", file, "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8")
	lines := append([]string{
		"listen_addresses = '127.0.0.1'", fmt.Sprintf("port = %d", s.Port), fmt.Sprintf("unix_socket_directories = '%s'", s.Dir),
		"fsync = off", "max_connections = 50", "log_destination = stderr", "timezone = UTC",
	}, settings...)
	s.write(t, filepath.Join(s.Data(), "postgresql.auto.conf"), strings.Join(lines, "\n")+"\n")
	s.Launch(t)
	return s
}

// Data is the cluster's directory.
func (s *Server) Data() string { return filepath.Join(s.Dir, "data") }

func (s *Server) write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if who := Account(t); who != nil {
		if err := os.Chown(path, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}

// Run executes one of PostgreSQL's programs under the server's account.
func (s *Server) Run(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := s.Command(t, program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

// Command is one of PostgreSQL's programs that reaches this server by itself.
func (s *Server) Command(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(Bin(t), program), args...)
	cmd.Dir = s.Dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + s.Dir, "LC_ALL=C.UTF-8"}
	for _, v := range s.Server().Environment(Password) {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: Account(t)}
	return cmd
}

// Launch starts the server, again after a Stop too, and waits until it answers.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	s.cmd = s.Command(t, "postgres", "-D", s.Data())
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(t) })
	s.await(t)
}

func (s *Server) await(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := s.Dial(ctx, "postgres")
		if err == nil {
			_ = conn.Close(ctx)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			said, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
			t.Fatalf("PostgreSQL does not answer: %v\n%s", err, said)
		}
	}
}

// Stop ends the server at once, as a power cut does not: it may still be started again.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Error(err)
	}
	s.cmd = nil
}

// Server is how to reach it.
func (s *Server) Server() incident.Server {
	return incident.Server{Kind: incident.Postgres, Host: "127.0.0.1", Port: s.Port, Database: "postgres", User: "postgres", Secret: "pg"}
}

// Dial opens a session of the user postgres; the caller closes it.
func (s *Server) Dial(ctx context.Context, database string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=%s sslmode=disable", s.Port, database))
	if err != nil {
		return nil, err
	}
	c.Password = Password
	return pgx.ConnectConfig(ctx, c)
}

// Connect opens a session that ends with the test.
func (s *Server) Connect(t testing.TB, database string) *pgx.Conn {
	t.Helper()
	conn, err := s.Dial(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Exec runs statements in a session of its own.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	conn, err := s.Dial(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range statements {
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%.80s: %v", sql, err)
		}
	}
}

// Query gives the first column of the first row, as text.
func (s *Server) Query(t testing.TB, database, sql string, args ...any) string {
	t.Helper()
	conn, err := s.Dial(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var value *string
	if err := conn.QueryRow(context.Background(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%.80s: %v", sql, err)
	}
	if value == nil {
		return `\N`
	}
	return *value
}
