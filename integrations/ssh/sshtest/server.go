// Package sshtest starts a real OpenSSH server for tests: on loopback, on a free port, with keys, known hosts and a
// configuration of the client of its own, in a temporary directory. It is strict: one key logs in, passwords, forwarding
// and terminals are off. It runs as the account of the test, which is the only one that can log in, and ends with the test.
package sshtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/postgres/pgtest"
)

// Host is the name of the server in the client's configuration.
const Host = "db1"

// Server is one sshd with everything around it.
type Server struct {
	Dir    string
	Port   int
	State  string // the state directory of what logs in
	Config string // of the client

	cmd *exec.Cmd
	log bytes.Buffer
}

// Start runs a server and writes the client's configuration, which knows it as Host. It skips the test where no sshd is installed.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{Dir: t.TempDir(), Port: pgtest.FreePort(t)}
	s.State, s.Config = filepath.Join(s.Dir, "state"), filepath.Join(s.Dir, "ssh_config")
	for _, name := range []string{"host", "other", "user", "stranger"} {
		s.keygen(t, name)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "authorized_keys", s.read(t, "user.pub"))
	s.Know(t, "host")
	s.write(t, "sshd_config", fmt.Sprintf(`ListenAddress 127.0.0.1
Port %d
HostKey %s/host
PidFile none
AuthorizedKeysFile %s/authorized_keys
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
AllowUsers %s
DisableForwarding yes
PermitTTY no
PermitUserEnvironment no
MaxSessions 1
MaxStartups 100
SetEnv XDG_STATE_HOME=%s
`, s.Port, s.Dir, s.Dir, me.Username, s.State))
	s.Login(t, "user")
	s.Launch(t)
	return s
}

// Login writes the client's configuration, with the key of that name.
func (s *Server) Login(t testing.TB, key string) {
	t.Helper()
	s.write(t, "ssh_config", fmt.Sprintf(`Host %s
  HostName 127.0.0.1
  Port %d
  IdentityFile %s/%s
  IdentitiesOnly yes
  UserKnownHostsFile %s/known_hosts
  GlobalKnownHostsFile /dev/null
  ForwardAgent yes
  RequestTTY force
  StrictHostKeyChecking no
  RemoteCommand echo not this
  ControlMaster auto
  ControlPath %s/shared
`, Host, s.Port, s.Dir, key, s.Dir, s.Dir))
}

// Know makes the key of that name the one that the client expects of the host: "host" is right, "other" another, "" none.
func (s *Server) Know(t testing.TB, key string) {
	t.Helper()
	line := ""
	if key != "" {
		line = fmt.Sprintf("[127.0.0.1]:%d %s", s.Port, s.read(t, key+".pub"))
	}
	s.write(t, "known_hosts", line)
}

// Launch starts the server, again after a Stop too, and waits until it listens.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	program := ""
	for _, path := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd"} {
		if _, err := os.Stat(path); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		pgtest.Missing(t, "OpenSSH's server (Debian: openssh-server)")
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // sshd drops its rights there
			t.Fatal(err)
		}
	}
	s.cmd = exec.Command(program, "-D", "-e", "-f", filepath.Join(s.Dir, "sshd_config"))
	s.cmd.Stderr, s.cmd.WaitDelay = &s.log, time.Second
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)))
		if err == nil {
			_ = conn.Close()
			return
		}
		<-tick.C
	}
	s.Stop()
	t.Fatalf("sshd does not listen:\n%s", s.log.String())
}

// Stop ends the server and every session, at once. What the sessions detached goes on.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	s.Cut()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
	s.log.Reset()
}

// Cut kills every session, and no more: the next connection works. It says how many there were.
func (s *Server) Cut() int {
	n := 0
	for _, pid := range children(s.cmd.Process.Pid) {
		for _, below := range children(pid) {
			if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", below)); strings.HasPrefix(string(comm), "sshd") {
				_ = syscall.Kill(below, syscall.SIGKILL)
			}
		}
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			n++
		}
	}
	return n
}

// Sessions counts the connections that are open.
func (s *Server) Sessions() int { return len(children(s.cmd.Process.Pid)) }

// children are the processes that a process started.
func children(pid int) []int {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, word := range strings.Fields(string(raw)) {
		if n, err := strconv.Atoi(word); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

func (s *Server) keygen(t testing.TB, name string) {
	t.Helper()
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		pgtest.Missing(t, "OpenSSH's client (Debian: openssh-client)")
	}
	if out, err := exec.Command(program, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(s.Dir, name)).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
}

func (s *Server) read(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (s *Server) write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
