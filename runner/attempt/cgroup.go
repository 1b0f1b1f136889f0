package attempt

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cgroup is a step's own control group (cgroups(7), version 2), in which its direct child is born.
type cgroup struct {
	dir  string
	file *os.File
}

// ownGroup is the name of the group in which drbot itself runs: the unit's DelegateSubgroup. A group that bounds others
// holds no processes, so drbot must stand beside its steps.
const ownGroup = "main"

// nest finds the group in which drbot may make others: the one above its own, if that was delegated so, or the root of
// what it sees.
func nest() (parent string, ok bool) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", false
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", false
	}
	return nestOf(string(mounts), string(own))
}

func nestOf(mounts, own string) (parent string, ok bool) {
	mount, path := "", ""
	for line := range strings.Lines(mounts) { // proc_pid_mountinfo(5): the fifth field; the type stands after " - "
		fields := strings.Fields(line)
		if strings.Contains(line, " - cgroup2 ") && len(fields) > 4 {
			mount = fields[4]
		}
	}
	for line := range strings.Lines(own) {
		if p, found := strings.CutPrefix(strings.TrimSpace(line), "0::"); found {
			path = p
		}
	}
	switch {
	case mount == "" || path == "":
		return "", false
	case path == "/":
		return mount, true
	case filepath.Base(path) == ownGroup:
		return filepath.Join(mount, filepath.Dir(path)), true
	}
	return "", false
}

// controllers are needed of a parent; cpu is taken where it is there.
func controllers(parent string) error {
	file := filepath.Join(parent, "cgroup.subtree_control")
	has := func(name string) bool {
		raw, err := os.ReadFile(file)
		return err == nil && slices.Contains(strings.Fields(strings.ReplaceAll(string(raw), "+", "")), name)
	}
	if has("memory") && has("pids") && has("cpu") {
		return nil
	}
	if os.WriteFile(file, []byte("+memory +pids +cpu"), 0) != nil && !has("memory") {
		if err := os.WriteFile(file, []byte("+memory +pids"), 0); err != nil {
			return fmt.Errorf("%w: %w", errNoCgroup, err)
		}
	}
	if !has("memory") || !has("pids") {
		return errNoCgroup
	}
	return nil
}

// makeCgroup makes the group of one attempt.
func makeCgroup(parent, name string, l Limits) (*cgroup, error) {
	if err := controllers(parent); err != nil {
		return nil, err
	}
	g := &cgroup{dir: filepath.Join(parent, "step-"+name)}
	if err := os.Mkdir(g.dir, 0o755); err != nil && !os.IsExist(err) {
		return nil, fmt.Errorf("%w: %w", errNoCgroup, err)
	}
	limit := func(n int64) string {
		if n <= 0 {
			return "max"
		}
		return strconv.FormatInt(n, 10)
	}
	for _, set := range []struct {
		file, value string
		must        bool
	}{
		{"memory.max", limit(l.Memory), true}, {"pids.max", limit(l.Processes), true},
		{"memory.oom.group", "1", false}, {"cpu.weight", strconv.Itoa(cpuWeight), false},
	} {
		if err := os.WriteFile(filepath.Join(g.dir, set.file), []byte(set.value), 0o644); err != nil && set.must {
			_ = os.Remove(g.dir)
			return nil, fmt.Errorf("%w: %w", errNoCgroup, err)
		}
	}
	return g, g.open()
}

func (g *cgroup) open() (err error) {
	g.file, err = os.Open(g.dir)
	return err
}

// count reads one line of an events file.
func (g *cgroup) count(file, name string) int {
	raw, err := os.ReadFile(filepath.Join(g.dir, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if of, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && of == name {
			n, _ := strconv.Atoi(value)
			return n
		}
	}
	return 0
}

// remove waits a little for the last processes to be gone from it.
func (g *cgroup) remove() (err error) {
	_ = g.file.Close()
	for range 50 {
		if err = os.Remove(g.dir); err == nil || os.IsNotExist(err) {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("remove cgroup: %w", err)
}
