package attempt

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// hog needs more and more memory, in one process.
const hog = "x=0123456789abcdef\nwhile :; do x=$x$x; done\n"

func TestAMemoryHogIsStoppedAndSaysWhy(t *testing.T) {
	j := bashJob("a1", hog)
	j.Limits.Memory = 128 << 20
	runs, r := run(t, j, nil)
	if r.Outcome != Failed || !strings.Contains(r.Why, "memory limit of 128 MiB") || r.Limits == nil || r.Limits.Memory != 128<<20 || r.Limits.By == ByNone {
		t.Fatalf("%+v", r)
	}
	c, err := readClaim(filepath.Join(runs, "a1"))
	claimed := *r.Limits
	if claimed.By == ByRlimit {
		claimed.By = ByAsked // the claim is written before any limit is set
	}
	if err != nil || c.Limits == nil || *c.Limits != claimed {
		t.Fatalf("the claim says %+v, %v", c.Limits, err)
	}
	_, r = run(t, bashJob("a1", "echo still here\n"), nil) // drbot and its next step live
	if r.Outcome != Succeeded {
		t.Fatalf("%+v", r)
	}
}

// TestLimitsReachWhatTheStepForks reads the limits from inside, in a grandchild of its own session too.
func TestLimitsReachWhatTheStepForks(t *testing.T) {
	for name, change := range map[string]func(*Job){
		"kill": func(*Job) {}, "keep": func(j *Job) { j.Survivors = KeepSurvivors }, "none": func(j *Job) { j.Limits.Memory = -1 },
	} {
		ready, release := newFifo(t), newFifo(t)
		j := bashJob("a1", "echo $$ > "+ready.path+"\nread -r go < "+release.path+"\nulimit -d\nulimit -c\nsetsid bash -c 'ulimit -d; cat /proc/self/oom_score_adj'\n")
		j.Limits.Memory = 256 << 20
		change(&j)
		runs := filepath.Join(t.TempDir(), "runs")
		start(t, runs, j, nil)
		score := filepath.Join("/proc", ready.line(t), "oom_score_adj")
		for name != "keep" && testContext(t).Err() == nil { // the last of what bounds it
			if now, err := os.ReadFile(score); err != nil || string(now) == "500\n" {
				break
			}
		}
		release.send(t)
		r := wait(t, runs, "a1")
		got := strings.Fields(r.LastLines)
		if len(got) != 4 || got[1] != "0" {
			t.Fatalf("%s: %+v", name, r)
		}
		want := "262144"
		if name != "kill" || r.Limits.By == ByCgroup {
			want = "unlimited"
		}
		if got[0] != want || got[2] != want || (got[3] == "500") != (name != "keep") {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
}

func TestDefaultLimitsLeaveRoomForARestore(t *testing.T) {
	l := Limits{}.complete()
	if host := hostMemory(); l.Memory < host/2 || l.Memory >= host || l.Processes < 1000 {
		t.Fatalf("%+v of %d", l, host)
	}
	if l = (Limits{-1, -1}).complete(); l != (Limits{}) {
		t.Fatalf("%+v", l)
	}
}

func TestNestIsDelegatedOrNone(t *testing.T) {
	const mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
	for own, want := range map[string]string{
		"0::/system.slice/drbot.service/main\n": "/sys/fs/cgroup/system.slice/drbot.service", // the unit of packaging/
		"0::/system.slice/drbot.service\n":      "",                                          // not delegated: systemd's own
		"0::/user.slice/session-1.scope\n":      "",
		"4:memory:/x\n0::/\n":                   "/sys/fs/cgroup",
		"4:memory:/x\n":                         "",
	} {
		if got, ok := nestOf(mounts, own); got != want || ok != (want != "") {
			t.Errorf("%q: %q", own, got)
		}
	}
	if _, ok := nestOf("", "0::/\n"); ok {
		t.Error("without cgroup v2")
	}
}

// TestACgroupsFiles stands a folder in for the kernel: what is written where, and what is read back.
func TestACgroupsFiles(t *testing.T) {
	parent := t.TempDir()
	control := filepath.Join(parent, "cgroup.subtree_control")
	if err := os.WriteFile(control, []byte("io\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := makeCgroup(parent, "r1-p1_s1-1", Limits{Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"memory.max": "1073741824", "pids.max": "max", "memory.oom.group": "1", "cpu.weight": "50"} {
		if got, err := os.ReadFile(filepath.Join(g.dir, file)); err != nil || string(got) != want {
			t.Errorf("%s: %q %v", file, got, err)
		}
	}
	b := bounds{Applied: Applied{By: ByCgroup, Memory: 1 << 30, Processes: 7}, group: g}
	if why := b.reached(2<<30, "out of memory"); why != "" {
		t.Errorf("the kernel counted nothing: %s", why)
	}
	if err := os.WriteFile(filepath.Join(g.dir, "pids.events"), []byte("max 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if why := b.reached(0, ""); !strings.Contains(why, "limit of 7 processes") {
		t.Error(why)
	}
	if err := os.WriteFile(filepath.Join(g.dir, "memory.events"), []byte("low 0\noom 1\noom_kill 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if why := b.reached(0, ""); !strings.Contains(why, "memory limit of 1 GiB") {
		t.Error(why)
	}
	if _, err := makeCgroup(filepath.Join(parent, "nowhere"), "x", Limits{}); !errors.Is(err, errNoCgroup) {
		t.Error(err)
	}
}

// TestAChildIsBornInItsCgroup uses the kernel's own tree where this account may write there.
func TestAChildIsBornInItsCgroup(t *testing.T) {
	parent, ok := nest()
	if !ok {
		t.Skip("no cgroup v2 here that drbot may use")
	}
	g := &cgroup{dir: filepath.Join(parent, "drbot-test-"+filepath.Base(t.TempDir()))}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		t.Skipf("no cgroup can be made here: %v", err)
	}
	if err := g.open(); err != nil {
		t.Fatal(err)
	}
	out, err := (&exec.Cmd{
		Path: "/bin/cat", Args: []string{"cat", "/proc/self/cgroup"},
		SysProcAttr: &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(g.file.Fd())},
	}).Output()
	if err != nil || !strings.Contains(string(out), "0::/"+filepath.Base(g.dir)) {
		t.Errorf("%q %v", out, err)
	}
	if err := g.remove(); err != nil {
		t.Error(err)
	}
	if err := unix.Access(g.dir, unix.F_OK); err == nil {
		t.Error("it is still there")
	}
}

// TestLimitsThatTheKernelRefusesAreSaid: of a step with an account of its own either the limits hold, or the record says
// that none does and why.
func TestLimitsThatTheKernelRefusesAreSaid(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("starts a process of another account, which needs root")
	}
	cmd := exec.Command("/bin/sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	b := &bounds{Applied: Applied{By: ByRlimit, Memory: 512 << 20, Processes: 100, Output: 7}}
	b.bind()
	limits, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "limits"))
	if err != nil {
		t.Fatal(err)
	}
	holds := strings.Contains(string(limits), "536870912")
	if said := b.By == ByRlimit; said != holds || holds == (b.Refused != "") || b.Output != 7 {
		t.Errorf("it says %+v, and the kernel:\n%s", b.Applied, limits)
	}
}

// TestAStepThatEndedBeforeItWasLimitedSaysSo: no process is there to be limited, so none was.
func TestAStepThatEndedBeforeItWasLimitedSaysSo(t *testing.T) {
	cmd := exec.Command("/bin/true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	b := &bounds{Applied: Applied{By: ByRlimit, Memory: 512 << 20}}
	if err := b.bindOne(cmd.Process.Pid); !errors.Is(err, unix.ESRCH) {
		t.Errorf("a process that is gone: %v", err)
	}
	if c := b.claimed(); c.By != ByAsked || c.Memory != 512<<20 || b.By != ByRlimit {
		t.Errorf("before the start it says %+v of %+v", c, b.Applied)
	}
	if b.refused(tooLate); b.By != ByNone || b.Memory != 0 || b.Refused != tooLate {
		t.Errorf("%+v", b.Applied)
	}
}

func TestUnlimitedIsAskedOfTheKernel(t *testing.T) {
	if why := Unlimited(""); why != "" {
		t.Errorf("of drbot's own account: %s", why)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "CapEff:")
	line, _, _ = strings.Cut(line, "\n")
	effective, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	parent, nested := nest()
	holds := effective&(1<<unix.CAP_SYS_RESOURCE) != 0 || nested && controllers(parent) == nil && unix.Access(parent, unix.W_OK) == nil
	if why := Unlimited("nobody"); (why == "") != holds {
		t.Errorf("capabilities %x, cgroup %v: it says %q", effective, nested, why)
	}
}
