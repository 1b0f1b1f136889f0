package attempt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits bound what a step may take of its host, so that one that went wrong ends alone: not drbot, not the database
// that is being repaired. Zero is the default, negative is none. A step that keeps survivors has none: the server that it
// starts would live under them.
type Limits struct {
	Memory    int64 `json:"memory,omitempty"`    // bytes: of the whole step in a cgroup, else of each of its processes
	Processes int64 `json:"processes,omitempty"` // at once
}

// Defaults of Limits. A restore may need nearly everything that the host has, so memory is a share of it. The processor is
// bounded only against drbot itself, in a cgroup: nothing on the host is more urgent than the step.
const (
	memoryShare      = 4 // three of four parts
	defaultProcesses = 4096
	cpuWeight        = 50  // drbot's own is 100
	oomScore         = 500 // of 1000: when the host runs out, the kernel ends the step before drbot or a database
)

// Applied is what bounded a step, for the record.
type Applied struct {
	By        string `json:"by"` // ByCgroup, ByRlimit or ByNone; in a claim ByAsked
	Memory    int64  `json:"memory,omitempty"`
	Processes int64  `json:"processes,omitempty"`
	Output    int64  `json:"output"`            // bytes kept
	Refused   string `json:"refused,omitempty"` // why nothing bounds it though limits were asked for
}

// What bounds a step.
const (
	ByCgroup = "cgroup" // the step as a whole
	ByRlimit = "rlimit" // each process by itself; their number only where the step has an account of its own
	ByNone   = "none"
	ByAsked  = "asked" // what a claim says of ByRlimit: the step must run before it can be bounded, and result says if it was
)

// Why nothing bounds a step though limits were asked for.
const (
	mayNot  = "the kernel does not let drbot limit another account's processes: it needs CAP_SYS_RESOURCE, or a cgroup of its own"
	tooLate = "the step had ended before it could be limited"
)

// Unlimited says why nothing would bound the memory and processes of steps that run as account, or "" where something does.
// It is of the process that asks: drbot's service may have other capabilities.
func Unlimited(account string) string {
	if account == "" {
		return "" // of its own account a process may limit any other
	}
	if parent, ok := nest(); ok && unix.Access(parent, unix.W_OK) == nil && controllers(parent) == nil {
		return ""
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has [2]unix.CapUserData
	if err := unix.Capget(&header, &has[0]); err != nil || has[0].Effective&(1<<unix.CAP_SYS_RESOURCE) == 0 {
		return mayNot
	}
	return ""
}

// complete fills the defaults in; after it zero is none.
func (l Limits) complete() Limits {
	if l.Memory == 0 {
		l.Memory = hostMemory() / memoryShare * (memoryShare - 1)
	}
	if l.Processes == 0 {
		l.Processes = defaultProcesses
	}
	return Limits{max(l.Memory, 0), max(l.Processes, 0)}
}

// hostMemory is the memory of the host in bytes, or 0 when the kernel does not say.
func hostMemory() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}

// bounds are the limits of one attempt and who keeps them.
type bounds struct {
	Applied
	group *cgroup // nil without
}

// newBounds makes the step's cgroup where this host lets drbot make one.
func newBounds(dir string, j Job) *bounds {
	b := &bounds{Applied: Applied{By: ByNone, Output: j.OutputLimit}}
	if j.Survivors == KeepSurvivors {
		return b
	}
	l := j.Limits.complete()
	b.By, b.Memory, b.Processes = ByRlimit, l.Memory, l.Processes
	if parent, ok := nest(); ok {
		if group, err := makeCgroup(parent, mark(dir), l); err == nil {
			b.By, b.group = ByCgroup, group
		}
	}
	if b.By == ByRlimit && j.User == "" {
		b.Processes = 0 // the kernel counts an account's processes, and these would be drbot's own too
	}
	return b
}

// bind bounds the step's processes from outside: after the start, because this process could not live under their limits.
// What they forked meanwhile is found as a descendant, and what a bound one forks is bound by birth.
func (b *bounds) bind() {
	if b.By == ByNone {
		return
	}
	limited := false
	bound := map[process]bool{}
	for again := true; again; {
		again = false
		for _, p := range descendants(os.Getpid()) {
			p = process{pid: p.pid, start: p.start}
			if !bound[p] {
				err := b.bindOne(p.pid)
				if errors.Is(err, unix.EPERM) {
					b.refused(mayNot)
					return
				}
				limited = limited || err == nil
				bound[p], again = true, true
			}
		}
	}
	if b.By == ByRlimit && !limited {
		b.refused(tooLate)
	}
}

// refused records that nothing bounds the step.
func (b *bounds) refused(why string) {
	b.Applied = Applied{By: ByNone, Output: b.Output, Refused: why}
}

// claimed is what is known before the step runs: its cgroup stands, and every other limit is only asked for.
func (b *bounds) claimed() *Applied {
	a := b.Applied
	if a.By == ByRlimit {
		a.By = ByAsked
	}
	return &a
}

// bindOne bounds one process. ESRCH: it is gone. EPERM: of another account, and drbot may not.
func (b *bounds) bindOne(pid int) error {
	var failed error
	set := func(what int, limit int64) {
		if limit > 0 {
			if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: uint64(limit), Max: uint64(limit)}, nil); err != nil && failed == nil {
				failed = err
			}
		}
	}
	if b.By == ByRlimit {
		// Not RLIMIT_AS: what is reserved and never touched (Go, Java, shared memory of a database) counts there.
		set(unix.RLIMIT_DATA, b.Memory)
		set(unix.RLIMIT_NPROC, b.Processes)
	}
	_ = os.WriteFile(filepath.Join("/proc", strconv.Itoa(pid), "oom_score_adj"), []byte(strconv.Itoa(oomScore)), 0)
	return failed
}

// reached says which limit ended a step that failed, or "". A cgroup counts; without one the peak of its largest process
// and what it said of it are all there is.
func (b *bounds) reached(peak int64, last string) string {
	switch {
	case b.group != nil && b.group.count("memory.events", "oom_kill") > 0:
		return fmt.Sprintf("it needed more than its memory limit of %s, and the kernel ended it; raise runner.memory_limit, or let it need less", size(b.Memory))
	case b.group != nil && b.group.count("pids.events", "max") > 0:
		return fmt.Sprintf("it reached its limit of %d processes at once (runner.process_limit)", b.Processes)
	case b.By == ByRlimit && b.Memory > 0 && (peak > b.Memory/2 || saysNoMemory(last)):
		return fmt.Sprintf("it ran out of its memory limit of %s a process, by all signs: its largest had %s; raise runner.memory_limit, or let it need less", size(b.Memory), size(peak))
	}
	return ""
}

// saysNoMemory finds what the C library, bash, Python, Java and Go say when memory is refused.
func saysNoMemory(last string) bool {
	last = strings.ToLower(last)
	for _, words := range []string{"cannot allocate", "out of memory", "memoryerror", "outofmemoryerror", "memory exhausted"} {
		if strings.Contains(last, words) {
			return true
		}
	}
	return false
}

// size is bytes in the largest unit that they fill, with three digits.
func size(n int64) string {
	value, unit := float64(n), "bytes"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	return strconv.FormatFloat(value, 'g', 3, 64) + " " + unit
}

func (b *bounds) release() error {
	if b.group == nil {
		return nil
	}
	return b.group.remove()
}

// errNoCgroup: this host or this account lets nobody make one here.
var errNoCgroup = errors.New("no cgroup")
