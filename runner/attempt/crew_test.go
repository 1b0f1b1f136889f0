package attempt

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// waiting gives the supervisor that waits.
func (c *Crew) waiting(t *testing.T) *hand {
	t.Helper()
	c.busy.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spare == nil {
		t.Fatal("no supervisor waits")
	}
	return c.spare
}

func TestI20_ACrewStartsManyAtOnceAndEachOnce(t *testing.T) {
	crew, runs, count := NewCrew(), filepath.Join(t.TempDir(), "runs"), filepath.Join(t.TempDir(), "count")
	defer crew.Close()
	var all sync.WaitGroup
	for n := range 8 {
		for range 2 {
			all.Go(func() {
				j := bashJob(fmt.Sprintf("a%d", n), "echo run >> "+count+"\n")
				if err := crew.Start(testContext(t), runs, j, nil); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for n := range 8 {
		if r := wait(t, runs, fmt.Sprintf("a%d", n)); r.Outcome != Succeeded {
			t.Errorf("%+v", r)
		}
	}
	if ran := lines(t, count); ran != 8 {
		t.Errorf("8 attempts ran %d times", ran)
	}
}

func TestI26_ASupervisorThatDiedWaitingIsReplaced(t *testing.T) {
	crew, runs := NewCrew(), filepath.Join(t.TempDir(), "runs")
	defer crew.Close()
	fd, err := unix.PidfdOpen(crew.waiting(t).pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
		t.Fatal(err)
	}
	awaitExit(t, fd)
	if err := crew.Start(testContext(t), runs, bashJob("a1", "echo hi"), nil); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, runs, "a1"); r.Outcome != Succeeded {
		t.Fatalf("%+v", r)
	}
}

func TestAWaitingSupervisorEndsWithItsCrew(t *testing.T) {
	crew := NewCrew()
	fd, err := unix.PidfdOpen(crew.waiting(t).pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	crew.Close()
	awaitExit(t, fd)
	runs := filepath.Join(t.TempDir(), "runs")
	if err := crew.Start(testContext(t), runs, bashJob("a1", "true"), nil); err != nil {
		t.Fatal("a closed crew still starts, by itself: ", err)
	}
	wait(t, runs, "a1")
}
