package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/paper"
)

// served is drbot as a process of its own: the test program stands in for it.
type served struct {
	cmd     *exec.Cmd
	address string
	ready   time.Duration // from the start of the process until it said that it is ready
	ended   chan struct{}
	log     string // the file that it logs to
}

var readyLine = regexp.MustCompile(`msg=ready .*listen=(\S+)`)

// layOut writes runbook, lock and configuration into a house's folder; mode is how Slack's requests come.
func layOut(b *testing.B, dir, mode string) {
	b.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"RUNBOOK.md", "RUNBOOK.lock.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "examples", "harmless", name))
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	var c strings.Builder
	c.WriteString("listen: 127.0.0.1:0\nrunbook: ./RUNBOOK.md\nslack: {mode: " + mode + ", announce: incidents}\npeople:\n")
	for _, id := range benchPeople {
		fmt.Fprintf(&c, "  - {name: %s, email: %s@example.com, slack: %s, roles: [responder, operator, approver]}\n", id, id, id)
	}
	if err := os.WriteFile(filepath.Join(dir, "drbot.yaml"), []byte(c.String()), 0o600); err != nil {
		b.Fatal(err)
	}
}

// serveChild starts drbot on a house and waits until it is ready. It ends with the benchmark.
func serveChild(b *testing.B, dir, slack string) *served {
	b.Helper()
	layOut(b, dir, "http")
	return serveHouse(b, dir, slack)
}

// serveHouse starts it on what was laid out.
func serveHouse(b *testing.B, dir, slack string) *served {
	b.Helper()
	self, err := executable()
	if err != nil {
		b.Fatal(err)
	}
	s := &served{cmd: exec.Command(self, "serve", "--config", filepath.Join(dir, "drbot.yaml")), ended: make(chan struct{}), log: filepath.Join(dir, "serve.log")}
	s.cmd.Env = append(os.Environ(), "SLACK_BOT_TOKEN="+botToken, "SLACK_APP_TOKEN="+appToken, "SLACK_SIGNING_SECRET="+signingSecret, "SLACK_API_URL="+slack)
	out, err := s.cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	file, err := os.Create(s.log)
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.stop)
	said := make(chan string, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				s.ready = time.Since(begin)
				said <- m[1]
			}
			_, _ = fmt.Fprintln(file, lines.Text())
		}
		_, _ = io.Copy(file, out) // after a line that was too long
		_ = file.Close()
		_ = s.cmd.Wait()
	}()
	select {
	case s.address = <-said:
	case <-s.ended:
		b.Fatalf("drbot ended:\n%s", readFile(b, s.log))
	}
	return s
}

// stop ends the process politely.
func (s *served) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.ended
}

// settle waits until the files of the incidents are written, so that no run begins with the work of the one before.
func (s *served) settle(b *testing.B) {
	b.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if s.behind(b) == 0 {
			return
		}
		pause := syscall.NsecToTimespec(int64(20 * time.Millisecond))
		_ = syscall.Nanosleep(&pause, nil)
	}
	b.Log("the incidents' files are still behind after 20 s")
}

// behind is of how many incidents the file is not written yet.
func (s *served) behind(b *testing.B) int {
	b.Helper()
	answer, err := http.Get("http://" + s.address + "/readyz")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var r readiness
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil || !r.Ready {
		b.Fatalf("not ready: %s, %v", r.Problem, err)
	}
	for _, f := range r.Followers {
		if f.Follower == paper.Name {
			return f.Behind
		}
	}
	return 0
}

// silence is a Slack that takes connections and never answers: the kernel takes them, nobody accepts.
var silence = sync.OnceValues(func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") })

// noSlack is its address.
func noSlack(b *testing.B) string {
	b.Helper()
	l, err := silence()
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + l.Addr().String() + "/api/"
}

func readFile(b *testing.B, path string) string {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}
