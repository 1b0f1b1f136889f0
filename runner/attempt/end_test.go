package attempt

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/secret"
)

func TestI30_TimeoutReachesASetsidGrandchild(t *testing.T) {
	ready := newFifo(t)
	j := bashJob("a1", `setsid bash -c 'trap "" TERM HUP; echo ready > `+ready.path+`; while :; do sleep 1000; done' &
wait`)
	j.Timeout = 500 * time.Millisecond
	runs := filepath.Join(t.TempDir(), "runs")
	start(t, runs, j, nil)
	ready.line(t)
	r := wait(t, runs, "a1")
	if r.Outcome != TimedOut || r.Why == "" || len(r.Survivors) == 0 {
		t.Fatalf("%+v", r)
	}
	noneLeft(t, runs, "a1")
}

func TestI30_SigtermIgnoredIsKilledAfterTheGrace(t *testing.T) {
	ready, runs := newFifo(t), filepath.Join(t.TempDir(), "runs")
	start(t, runs, bashJob("a1", "trap '' TERM\necho ready > "+ready.path+"\nwhile :; do sleep 1000 || true; done"), nil)
	ready.line(t)
	if err := Cancel(testContext(t), runs, "a1", "Ana: wrong target"); err != nil {
		t.Fatal(err)
	}
	if err := Cancel(testContext(t), runs, "a1", "again"); err != nil {
		t.Fatal(err)
	}
	r := wait(t, runs, "a1")
	if r.Outcome != Cancelled || r.Why != "Ana: wrong target" || r.Signal != 9 || r.Exit != -1 {
		t.Fatalf("%+v", r)
	}
	noneLeft(t, runs, "a1")
	if err := Cancel(testContext(t), runs, "a1", "late"); !errors.Is(err, ErrNotRunning) {
		t.Fatal(err)
	}
}

func TestI30_SigtermIsHeard(t *testing.T) {
	ready, runs := newFifo(t), filepath.Join(t.TempDir(), "runs")
	j := bashJob("a1", "trap 'echo cleaning up; exit 3' TERM\necho ready > "+ready.path+"\nsleep 1000 & wait")
	j.Grace = time.Minute
	start(t, runs, j, nil)
	ready.line(t)
	if err := Cancel(testContext(t), runs, "a1", "stop"); err != nil {
		t.Fatal(err)
	}
	r := wait(t, runs, "a1")
	if r.Outcome != Cancelled || r.Exit != 3 || r.LastLines != "cleaning up" {
		t.Fatalf("%+v", r)
	}
}

func TestI30_AGrandchildThatHoldsThePipeIsListedAndKilled(t *testing.T) {
	runs, r := run(t, bashJob("a1", "sleep 1000 &\ndisown\necho hi"), nil)
	if r.Outcome != Succeeded || r.Expectation != Unverified || len(r.Survivors) != 1 || !strings.HasSuffix(r.Survivors[0], " sleep 1000") || r.Kept {
		t.Fatalf("%+v", r)
	}
	if outputOf(t, runs, "a1") != "hi\n" {
		t.Fatal(outputOf(t, runs, "a1"))
	}
	noneLeft(t, runs, "a1")
}

func TestI30_AChildThatEndsInTheDrainIsNoSurvivor(t *testing.T) {
	ready := newFifo(t)
	runs := filepath.Join(t.TempDir(), "runs")
	start(t, runs, bashJob("a1", "setsid bash -c 'read -r x < "+ready.path+"; echo late' &\necho early"), nil)
	ready.send(t)
	if r := wait(t, runs, "a1"); len(r.Survivors) != 0 || r.LastLines != "early\nlate" {
		t.Fatalf("%+v", r)
	}
}

func TestI30_KeptSurvivorsLiveOnAndMayPrint(t *testing.T) {
	release, alive := newFifo(t), newFifo(t)
	j := bashJob("a1", "setsid bash -c 'read -r x < "+release.path+"; echo printing; echo alive > "+alive.path+"' &\necho up")
	j.Survivors = KeepSurvivors
	runs, r := run(t, j, nil)
	if r.Outcome != Succeeded || !r.Kept || len(r.Survivors) != 1 || r.LastLines != "up" {
		t.Fatalf("%+v", r)
	}
	if s, err := Inspect(runs, "a1"); err != nil || s.State != StateEnded {
		t.Fatalf("%+v %v", s, err)
	}
	release.send(t)
	if got := alive.line(t); got != "alive" {
		t.Fatal(got)
	}
}

func TestI30_ProcessesThatRestartEachOtherAllEnd(t *testing.T) {
	ready, runs := newFifo(t), filepath.Join(t.TempDir(), "runs")
	start(t, runs, bashJob("a1", `trap '' TERM
again() { while :; do setsid bash -c 'trap "" TERM; sleep 1000 & wait' & wait $! || true; done; }
for i in 1 2 3 4; do again & done
echo ready > `+ready.path+`
wait`), nil)
	ready.line(t)
	if err := Cancel(testContext(t), runs, "a1", "stop"); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, runs, "a1"); r.Outcome != Cancelled {
		t.Fatalf("%+v", r)
	}
	noneLeft(t, runs, "a1")
}

func TestOrphansDoNotStealTheExitCode(t *testing.T) {
	_, r := run(t, bashJob("a1", "for i in $(seq 60); do ( ( exit 3 ) & ) ; done\nsetsid bash -c 'exit 4' &\nexit 7"), nil)
	if r.Exit != 7 || r.Outcome != Failed || r.Expectation != "exit 7" {
		t.Fatalf("%+v", r)
	}
}

func TestI31_TheLimitCanBeExtended(t *testing.T) {
	ready, runs := newFifo(t), filepath.Join(t.TempDir(), "runs")
	j := bashJob("a1", "echo ready > "+ready.path+"\nsleep 1.2\necho finished")
	j.Timeout = time.Second
	start(t, runs, j, nil)
	ready.line(t)
	if err := Extend(testContext(t), runs, "a1", time.Now().Add(-time.Minute)); err == nil {
		t.Fatal("shortened")
	}
	if err := Extend(testContext(t), runs, "a1", time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	r := wait(t, runs, "a1")
	if r.Outcome != Succeeded || len(r.Extended) != 1 {
		t.Fatalf("%+v", r)
	}
	if err := Extend(testContext(t), runs, "a1", time.Now().Add(time.Hour)); !errors.Is(err, ErrNotRunning) {
		t.Fatal(err)
	}
}

func TestI31_EveryJobHasALimit(t *testing.T) {
	if j := (Job{}).complete(); j.Timeout != DefaultTimeout || j.Grace != DefaultGrace || j.OutputLimit != DefaultOutputLimit {
		t.Fatalf("%+v", j)
	}
}

func TestCancelBeforeTheStartWins(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	if err := layDir(filepath.Join(runs, "a1")); err != nil {
		t.Fatal(err)
	}
	if err := Cancel(testContext(t), runs, "a1", "changed my mind"); err != nil {
		t.Fatal(err)
	}
	if err := Start(testContext(t), runs, bashJob("a1", "true"), nil); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), "changed my mind") {
		t.Fatal(err)
	}
}

func TestControlWorksInADeepDirectory(t *testing.T) {
	ready := newFifo(t)
	runs := filepath.Join(t.TempDir(), strings.Repeat("d", 100), strings.Repeat("e", 100), "runs")
	start(t, runs, bashJob("a1", "echo ready > "+ready.path+"\nsleep 1000"), nil)
	ready.line(t)
	if err := Cancel(testContext(t), runs, "a1", "stop"); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, runs, "a1"); r.Outcome != Cancelled || r.Signal != 15 {
		t.Fatalf("%+v", r)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	ready, runs := newFifo(t), filepath.Join(t.TempDir(), "runs")
	start(t, runs, bashJob("a1", "echo ready > "+ready.path+"\nsleep 1000"), nil)
	ready.line(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Wait(ctx, runs, "a1"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := Cancel(ctx, runs, "a1", "x"); err == nil {
		t.Fatal("asked with an ended context")
	}
	if err := Cancel(testContext(t), runs, "a1", "stop"); err != nil {
		t.Fatal(err)
	}
	wait(t, runs, "a1")
}

func TestSQLiteIsKilledAtItsLimit(t *testing.T) {
	j := sqliteJob(t, "s1", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n", false)
	seed(t, j, "SELECT 1")
	j.Timeout, j.Grace = 300*time.Millisecond, time.Minute
	runs, r := run(t, j, nil)
	if r.Outcome != TimedOut || r.Signal != 15 {
		t.Fatalf("%+v", r)
	}
	noneLeft(t, runs, "s1")
}

func TestAStepThatCannotBeExecutedIsNotStarted(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	for name, change := range map[string]func(*Job){
		"no-dir":      func(j *Job) { j.Dir = "/no/such/directory" },
		"no-user":     func(j *Job) { j.User = "no-such-account" },
		"root":        func(j *Job) { j.User = "root" },
		"interpreter": func(j *Job) { j.Interpreter = "zsh" },
		"no-secret":   func(j *Job) { j.Secrets = []string{"PGPASSWORD"} },
		"env-name":    func(j *Job) { j.Env = []Var{{Name: "BASH_ENV", Value: "/tmp/x"}} },
		"too-long":    func(j *Job) { j.Env = []Var{{Name: "LONG", Value: strings.Repeat("x", 1<<20)}} },
		"version":     func(j *Job) { j.Version = 99 },
	} {
		j := bashJob(name, "true")
		change(&j)
		err := Start(testContext(t), runs, j, map[string]secret.String{"OTHER": secret.New("other secret")})
		s, inspectErr := Inspect(runs, name)
		if name == "too-long" { // only exec itself can say so, after the claim
			if r := wait(t, runs, name); err != nil || r.Outcome != NotStarted || !strings.Contains(r.Why, "argument list too long") {
				t.Errorf("%s: %v %+v", name, err, r)
			}
			continue
		}
		if !errors.Is(err, ErrNotStarted) || inspectErr != nil || s.State != StateNotStarted || s.Why == "" {
			t.Errorf("%s: %v, %+v %v", name, err, s, inspectErr)
		}
	}
}
