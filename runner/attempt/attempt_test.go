package attempt

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

// starterName makes this test binary a drbot that starts an attempt and then does
// nothing more: one that can be killed.
const starterName = "test-starter"

func TestMain(m *testing.M) {
	SupervisorMain(fakeExecutor{})
	if os.Args[0] == starterName {
		starterMain(os.Args[1])
		return
	}
	goleak.VerifyTestMain(m)
}

// starterMain starts the job on standard input, says so, and waits to be killed.
func starterMain(runs string) {
	var j Job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		panic(err)
	}
	if err := Start(context.Background(), runs, j, nil); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString("started\n")
	select {}
}

// startElsewhere starts j from another process and returns that process, once its Start returned.
func startElsewhere(t *testing.T, runs string, j Job) *exec.Cmd {
	t.Helper()
	raw, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{starterName, runs}, Stdin: bytes.NewReader(raw), Stderr: os.Stderr}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("%q %v", line, err)
	}
	return cmd
}

// bashJob is a job with its digest.
func bashJob(attempt, script string) Job {
	return Job{Attempt: attempt, Interpreter: Bash, Script: []byte(script), SHA256: incident.Digest([]byte(script)),
		Timeout: time.Minute, Grace: 300 * time.Millisecond}
}

// testContext ends before the test binary's own limit, so that a hang names its test.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func start(t testing.TB, runs string, j Job, secrets map[string]secret.String) {
	t.Helper()
	if err := Start(testContext(t), runs, j, secrets); err != nil {
		t.Fatalf("start: %v", err)
	}
}

// run starts a job and waits for its end.
func run(t testing.TB, j Job, secrets map[string]secret.String) (string, Result) {
	t.Helper()
	runs := filepath.Join(t.TempDir(), "runs")
	start(t, runs, j, secrets)
	return runs, wait(t, runs, j.Attempt)
}

func wait(t testing.TB, runs, attempt string) Result {
	t.Helper()
	r, err := Wait(testContext(t), runs, attempt)
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	return r
}

func outputOf(t testing.TB, runs, attempt string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(runs, attempt, outputFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// fifo is how a script and its test talk: no side ever waits for a clock.
type fifo struct {
	path string
	f    *os.File
	r    *bufio.Reader
}

func newFifo(t testing.TB) *fifo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return &fifo{path, f, bufio.NewReader(f)}
}

// line waits for the next line.
func (f *fifo) line(t testing.TB) string {
	t.Helper()
	if err := f.f.SetReadDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, err := f.r.ReadString('\n')
	if err != nil {
		t.Fatalf("waiting for the script: %v", err)
	}
	return strings.TrimSpace(line)
}

func (f *fifo) send(t testing.TB) {
	t.Helper()
	if _, err := f.f.WriteString("go\n"); err != nil {
		t.Fatal(err)
	}
}

// supervisorOf finds the supervisor process of an attempt.
func supervisorOf(t *testing.T, runs, attempt string) process {
	t.Helper()
	want := filepath.Join(runs, attempt, logFile)
	for {
		for _, pid := range allPIDs() {
			log, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "fd", "2"))
			if p, ok := readProcess(pid); err == nil && log == want && ok && !p.ended() {
				return p
			}
		}
		if testContext(t).Err() != nil {
			t.Fatal("no supervisor")
		}
	}
}

// kill9 kills p and returns when it is gone.
func kill9(t *testing.T, p process) {
	t.Helper()
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
		t.Fatal(err)
	}
	awaitExit(t, fd)
}

// awaitExit waits on a process descriptor.
func awaitExit(t testing.TB, fd int) {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 60_000)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if n != 1 || err != nil {
			t.Fatalf("process did not end: %d %v", n, err)
		}
		return
	}
}

// noneLeft checks that no process of the attempt lives.
func noneLeft(t *testing.T, runs, attempt string) {
	t.Helper()
	if left := marked(filepath.Join(runs, attempt)); len(left) > 0 {
		t.Errorf("still alive: %q", left)
	}
}

func lines(t testing.TB, path string) int {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return bytes.Count(raw, []byte("\n"))
}
