package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/integrations/ssh/sshtest"
	"github.com/drbot/drbot/runbook"
)

// remote makes the town's target another host, behind a real sshd.
func (w *town) remote() *sshtest.Server {
	w.Helper()
	s := sshtest.Start(w)
	src, err := os.ReadFile(w.path("RUNBOOK.lock.yaml"))
	w.ok(err)
	lock, err := runbook.ReadLock(src)
	w.ok(err)
	target := lock.Targets["db1"]
	target.Host, target.Dir = "ssh:"+sshtest.Host, w.path("work")
	lock.Targets["db1"] = target
	w.ok(os.WriteFile(w.path("RUNBOOK.lock.yaml"), lock.Marshal(), 0o600))
	self, err := executable()
	w.ok(err)
	w.extra = fmt.Sprintf("runner: {ssh: {config: %s, program: %s, patience: 8s}}\n", s.Config, self)
	w.configure()
	return s
}

// TestI26: a step runs on another host; drbot is killed and the connection cut; the next drbot attaches to it again. Then the host is
// gone for longer: nobody knows, and it is found again when it is back. Nothing runs twice.
func TestI26_KilledDuringAStepOnAnotherHost(t *testing.T) {
	t.Parallel()
	w := settle(t, long())
	host := w.remote()
	w.spawn()
	w.linked()
	w.accept(w.bea)
	room, card := w.asked("Database corruption: users gone")
	w.expect(w.bea, room, "ssh:db1", "remote machine")
	w.pressOn(w.bea, card, "recover.approve")
	w.until("the step runs", func() bool { return w.ran("restore") == 1 })
	w.life.kill()
	host.Cut()
	w.spawn()
	w.linked()
	w.awaitStep(1, "1.2", "running")
	host.Stop()
	v := w.awaitStep(1, "1.2", "unknown")
	if stepState(v, "1.3") != "todo" {
		t.Errorf("1.3 is %s", stepState(v, "1.3"))
	}
	w.expect(w.ana, room, "❓ R1 step 1.2 ended without a result", "no connection to db1", "it may still run there")
	w.enough()
	host.Launch(t)
	w.awaitStep(1, "1.2", "done")
	w.say(w.ana, room, "/recover resume")
	w.awaitStep(1, "1.4", "hand")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	w.audited()
}

// A host that cannot be trusted stops the plan with what to do; nothing was sent there.
func TestAHostThatIsNotKnownStopsThePlan(t *testing.T) {
	t.Parallel()
	w := settle(t, one())
	host := w.remote()
	c, err := loadConfig(w.config(), func(string) string { return "" })
	w.ok(err)
	if found := checkRemote(w.within(), c); len(found) != 0 {
		t.Errorf("check: %+v", found)
	}
	host.Know(t, "other")
	if found := checkRemote(w.within(), c); len(found) != 1 || found[0].Level != "error" || !strings.Contains(found[0].What, "Target db1 cannot be reached: db1: its host key has changed") {
		t.Errorf("check: %+v", found)
	}
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.say(w.ana, room, "/recover rescue")
	w.expect(w.ana, room, "its host key has changed", "ssh-keygen -R db1")
	if w.ran("restore") != 0 {
		t.Error("it ran")
	}
}
