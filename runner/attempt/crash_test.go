package attempt

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// waiting is a script that says when it runs, counts its runs, and waits to be let go.
func waiting(ready, release *fifo, count string) string {
	return "echo run >> " + count + "\necho $$ > " + ready.path + "\nread -r go < " + release.path + "\necho done\nexit 5\n"
}

func TestI26_KilledStarterIsReattached(t *testing.T) {
	ready, release, count := newFifo(t), newFifo(t), filepath.Join(t.TempDir(), "count")
	runs := filepath.Join(t.TempDir(), "runs")
	j := bashJob("a1", waiting(ready, release, count))
	starter := startElsewhere(t, runs, j)
	ready.line(t)
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait()

	s, err := Inspect(runs, "a1")
	if err != nil || s.State != StateRunning || s.Since.IsZero() {
		t.Fatalf("%+v %v", s, err)
	}
	if err := Start(testContext(t), runs, j, nil); err != nil { // what a careless follower would do
		t.Fatal(err)
	}
	release.send(t)
	r := wait(t, runs, "a1")
	if r.Outcome != Failed || r.Exit != 5 || !strings.Contains(r.LastLines, "done") || lines(t, count) != 1 {
		t.Fatalf("%+v, runs: %d", r, lines(t, count))
	}
	if s, err := Inspect(runs, "a1"); err != nil || s.State != StateEnded || s.Result.Exit != 5 {
		t.Fatalf("%+v %v", s, err)
	}
}

func TestI26_KilledSupervisorIsUnknownAndNeverRunAgain(t *testing.T) {
	ready, release, count := newFifo(t), newFifo(t), filepath.Join(t.TempDir(), "count")
	runs := filepath.Join(t.TempDir(), "runs")
	j := bashJob("a1", waiting(ready, release, count))
	start(t, runs, j, nil)
	pid := ready.line(t)
	waited := make(chan Result)
	go func() {
		r, _ := Wait(context.Background(), runs, "a1")
		waited <- r
	}()
	kill9(t, supervisorOf(t, runs, "a1"))

	if r := <-waited; r.Outcome != Unknown || len(r.Survivors) != 1 || !strings.HasPrefix(r.Survivors[0], pid+" bash") {
		t.Fatalf("%+v", r)
	}
	if err := Start(testContext(t), runs, j, nil); err != nil {
		t.Fatal(err)
	}
	if err := Cancel(testContext(t), runs, "a1", "x"); !errors.Is(err, ErrNotRunning) {
		t.Fatal(err)
	}
	s, err := Inspect(runs, "a1")
	if err != nil || s.State != StateUnknown || s.Why == "" || lines(t, count) != 1 {
		t.Fatalf("%+v %v", s, err)
	}
	release.send(t) // it ends of a broken pipe or of itself; nobody learns which
}

func TestI26_KilledBeforeTheClaimIsNotStarted(t *testing.T) {
	runs, count := filepath.Join(t.TempDir(), "runs"), filepath.Join(t.TempDir(), "count")
	j := bashJob("a1", "echo run >> "+count)
	dir := filepath.Join(runs, "a1")
	if err := layDir(dir); err != nil {
		t.Fatal(err)
	}
	held, free, err := tryLock(dir, false) // keeps the supervisor from its claim
	if err != nil || !free {
		t.Fatal(free, err)
	}
	result := make(chan error, 1)
	go func() { result <- Start(context.Background(), runs, j, nil) }()
	kill9(t, supervisorOf(t, runs, "a1"))
	if err := <-result; !errors.Is(err, ErrNotStarted) {
		t.Fatal(err)
	}
	_ = held.Close()
	for range 2 {
		if err := Start(testContext(t), runs, j, nil); !errors.Is(err, ErrNotStarted) {
			t.Fatal(err)
		}
	}
	s, err := Inspect(runs, "a1")
	if err != nil || s.State != StateNotStarted || s.Result.Outcome != NotStarted || lines(t, count) != 0 {
		t.Fatalf("%+v %v", s, err)
	}
}

func TestI26_AnAttemptNobodyClaimedIsClaimedByInspect(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	s, err := Inspect(runs, "a9") // drbot died between its record and the job file
	if err != nil || s.State != StateNotStarted {
		t.Fatalf("%+v %v", s, err)
	}
	if err := Start(testContext(t), runs, bashJob("a9", "true"), nil); !errors.Is(err, ErrNotStarted) {
		t.Fatal(err)
	}
}

func TestI26_DamagedRecordsAreUnknown(t *testing.T) {
	runs, _ := run(t, bashJob("a1", "true"), nil)
	damage(t, filepath.Join(runs, "a1", exitFile))
	if r := wait(t, runs, "a1"); r.Outcome != Unknown || r.Why == "" {
		t.Fatalf("%+v", r)
	}
	runs, _ = run(t, bashJob("a2", "true"), nil)
	damage(t, filepath.Join(runs, "a2", exitFile))
	damage(t, filepath.Join(runs, "a2", claimFile))
	if r := wait(t, runs, "a2"); r.Outcome != Unknown || r.Why == "" {
		t.Fatalf("%+v", r)
	}
}

func damage(t *testing.T, path string) {
	t.Helper()
	if err := unix.Truncate(path, 3); err != nil {
		t.Fatal(err)
	}
}

func TestI20_ManyStartsAreOneExecution(t *testing.T) {
	ready, release, count := newFifo(t), newFifo(t), filepath.Join(t.TempDir(), "count")
	runs := filepath.Join(t.TempDir(), "runs")
	j := bashJob("a1", waiting(ready, release, count))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := Start(context.Background(), runs, j, nil); err != nil {
				t.Error(err)
			}
		})
	}
	startElsewhere(t, runs, j)
	all.Wait()
	ready.line(t)
	release.send(t)
	if r := wait(t, runs, "a1"); r.Exit != 5 || lines(t, count) != 1 {
		t.Fatalf("%+v, runs: %d", r, lines(t, count))
	}
	other := bashJob("a1", "echo something else")
	if err := Start(testContext(t), runs, other, nil); !errors.Is(err, ErrOtherJob) {
		t.Fatal(err)
	}
	if names, err := Attempts(runs); err != nil || len(names) != 1 || names[0] != "a1" {
		t.Fatal(names, err)
	}
}

func TestSupervisorOutlivesTheSignalsOfAStop(t *testing.T) {
	ready, release, count := newFifo(t), newFifo(t), filepath.Join(t.TempDir(), "count")
	runs := filepath.Join(t.TempDir(), "runs")
	start(t, runs, bashJob("a1", waiting(ready, release, count)), nil)
	ready.line(t)
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGPIPE} {
		supervisorOf(t, runs, "a1").signal(sig)
	}
	release.send(t)
	if r := wait(t, runs, "a1"); r.Exit != 5 {
		t.Fatalf("%+v", r)
	}
}
