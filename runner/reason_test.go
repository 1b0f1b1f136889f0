package runner_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// TestARefusedPrecheckSaysWhatItSaid: what it printed on standard output after that is not the reason.
func TestARefusedPrecheckSaysWhatItSaid(t *testing.T) {
	r := newRig(t, once, func(l *runbook.Lock) {
		l.Steps[1].Precheck = "echo 'the plan deletes 1: plan anew' >&2\nsleep 0.1\necho '1=delete'\nexit 1\n"
	})
	r.serve()
	r.must(r.say(ana, "database BACKUP=b1"))
	r.until("planned", func(run *incident.Run) bool { return run.Asking == "" })
	r.must(r.say(ana, "start"))
	run := r.until("paused", func(run *incident.Run) bool { return run.State == incident.Paused })
	if !strings.HasSuffix(run.Why, "precheck of 1.2: exit 1: the plan deletes 1: plan anew") {
		t.Errorf("%q", run.Why)
	}
}
