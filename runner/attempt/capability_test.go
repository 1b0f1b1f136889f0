package attempt

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestI57_NoCapabilityOfDrbotReachesAStep: drbot as an account of its own, with what the unit gives it to change
// accounts. A step that inherited that could make itself root.
func TestI57_NoCapabilityOfDrbotReachesAStep(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be given capabilities")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "drbot-capability-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, runs := filepath.Join(dir, "drbot"), filepath.Join(dir, "runs")
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	to, err := os.OpenFile(self, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(to, from)
	}
	_, _ = from.Close(), to.Close()
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err == nil {
		err = os.Mkdir(runs, 0o700)
	}
	if err == nil {
		err = os.Chown(runs, nobody, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
	job, err := json.Marshal(bashJob("a1", "grep -E '^Cap(Prm|Eff|Amb)' /proc/self/status\n"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{
		Path: self, Args: []string{starterName, runs}, Stdin: bytes.NewReader(job), Dir: "/",
		SysProcAttr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: []uintptr{unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_KILL}},
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	for testContext(t).Err() == nil {
		if _, err := readResult(filepath.Join(runs, "a1")); err == nil {
			break
		}
	}
	r := wait(t, runs, "a1")
	if r.Outcome != Succeeded || strings.Count(r.LastLines, "0000000000000000") != 3 {
		t.Fatalf("%+v", r)
	}
}
