package attempt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is one line of the kernel's table. pid and start together name it for
// ever; a pid alone is used again.
type process struct {
	pid, ppid int
	state     byte // 'Z' ended and not yet reaped, 'T' stopped
	start     uint64
	name      string
}

// readProcess parses /proc/<pid>/stat (proc_pid_stat(5)). The name may hold spaces
// and parentheses, so it ends at the last ')'.
func readProcess(pid int) (process, bool) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	open, shut := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if err != nil || open < 0 || shut < open {
		return process{}, false
	}
	fields := strings.Fields(string(raw[shut+1:]))
	if len(fields) < 20 {
		return process{}, false
	}
	ppid, err := strconv.Atoi(fields[1])
	start, err2 := strconv.ParseUint(fields[19], 10, 64)
	if err != nil || err2 != nil {
		return process{}, false
	}
	return process{pid: pid, ppid: ppid, state: fields[0][0], start: start, name: string(raw[open+1 : shut])}, true
}

func allPIDs() []int {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = d.Close() }()
	entries, _ := d.Readdirnames(-1)
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// family lists all descendants of root, zombies too.
func family(root int) []process {
	children := map[int][]process{}
	for _, pid := range allPIDs() {
		if p, ok := readProcess(pid); ok {
			children[p.ppid] = append(children[p.ppid], p)
		}
	}
	found := slices.Clone(children[root])
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// descendants lists those that live.
func descendants(root int) []process {
	return slices.DeleteFunc(family(root), process.ended)
}

func (p process) ended() bool { return p.state == 'Z' || p.state == 'X' }

// zombies lists the direct children of parent that wait to be reaped.
func zombies(parent int) []process {
	return slices.DeleteFunc(family(parent), func(p process) bool { return p.ppid != parent || !p.ended() })
}

// signal signals this very process: through a descriptor that names it, after
// making sure that the pid was not given to another meanwhile.
func (p process) signal(sig unix.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil && !errors.Is(err, unix.ENOSYS) {
		return
	}
	now, ok := readProcess(p.pid)
	same := ok && now.start == p.start
	if err != nil { // before Linux 5.3
		if same {
			_ = unix.Kill(p.pid, sig)
		}
		return
	}
	if same {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
	_ = unix.Close(fd)
}

// describe is "pid command", at most 120 characters, with nothing in it that
// could move a cursor or ping a person's terminal.
func (p process) describe() string {
	command := p.name
	if raw, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/cmdline"); err == nil && len(raw) > 0 {
		command = strings.TrimSpace(string(bytes.ReplaceAll(raw, []byte{0}, []byte{' '})))
	}
	text := []rune(strings.ReplaceAll(Neutralise(command), "\n", " "))
	return fmt.Sprintf("%d %s", p.pid, string(text[:min(len(text), 120)]))
}

// killAll ends every descendant of root. It stops them first, all, until nothing
// is left that could fork, so that a process that forks faster than /proc is read
// cannot get away. It gives up at the deadline: some wait in the kernel.
func killAll(root int, until time.Time, reap func()) {
	for time.Now().Before(until) {
		for frozen := false; !frozen && time.Now().Before(until); {
			frozen = true
			for _, p := range descendants(root) {
				if p.state != 'T' && p.state != 'D' {
					p.signal(unix.SIGSTOP)
					frozen = false
				}
			}
		}
		left := descendants(root)
		for _, p := range left {
			p.signal(unix.SIGKILL)
		}
		reap()
		if len(left) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// mark is the value of $DRBOT_ATTEMPT: the attempt and which data directory's.
func mark(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Base(dir) + "-" + hex.EncodeToString(sum[:4])
}

// marked lists living processes that carry an attempt's mark in the environment
// they were started with.
func marked(dir string) []string {
	want := []byte("\x00DRBOT_ATTEMPT=" + mark(dir) + "\x00")
	var out []string
	for _, pid := range allPIDs() {
		env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil || !bytes.Contains(append([]byte{0}, env...), want) {
			continue
		}
		if p, ok := readProcess(pid); ok && !p.ended() {
			out = append(out, p.describe())
		}
	}
	return out
}
