package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/state/follow"
)

// headless plays the demo and gives its last line and all that it printed.
func headless(t *testing.T, args ...string) (demoOutcome, string) {
	t.Helper()
	if testing.Short() {
		t.Skip("the demo takes some seconds")
	}
	t.Parallel()
	var out, errs bytes.Buffer
	e := env{
		args: append([]string{"demo", "--headless", "--json", "--dir", t.TempDir()}, args...), stdin: strings.NewReader(""), stdout: &out, stderr: &errs,
		getenv: os.Getenv, clock: follow.Wall{},
	}
	if code := run(t.Context(), e); code != exitDone {
		log, _ := os.ReadFile(e.args[4] + "/demo.log")
		t.Fatalf("exit code %d\n%s\n%s\n%s", code, out.String(), errs.String(), log)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var o demoOutcome
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &o); err != nil {
		t.Fatalf("the last line is no JSON: %v\n%s", err, out.String())
	}
	return o, out.String()
}

func (o demoOutcome) check(t *testing.T) {
	t.Helper()
	if !o.Recovered || o.RowsExpected < 1000 || o.RowsRecovered != o.RowsExpected || o.Audit != "ok" || o.RTO <= 0 || len(o.Phases) != 9 {
		t.Errorf("outcome %+v", o)
	}
}

func TestDemoRecoversTheDatabase(t *testing.T) {
	o, _ := headless(t)
	o.check(t)
}

func TestDemoRefusesADamagedBackupAndTakesTheNext(t *testing.T) {
	o, said := headless(t, "--damage", "newest")
	o.check(t)
	if !strings.Contains(said, "hash differs") {
		t.Errorf("nobody was told why the damaged set was refused:\n%s", said)
	}
	if damaged := said[strings.Index(said, "backup_"):]; strings.HasPrefix(damaged, o.Backup) {
		t.Errorf("recovered from the damaged %s", o.Backup)
	}
}

// TestI26_KilledDuringTheRestore kills drbot with SIGKILL while the restore step runs: the step finishes once, the story
// completes, and the record verifies.
func TestI26_KilledDuringTheRestore(t *testing.T) {
	o, said := headless(t, "--kill")
	o.check(t)
	if !strings.Contains(said, "SIGKILL") {
		t.Errorf("nothing was killed:\n%s", said)
	}
}

// TestDemoLeavesForeignFolders: no configuration of somebody else is written over, and the story does not wait for what
// an earlier one already did.
func TestDemoLeavesForeignFolders(t *testing.T) {
	for name, c := range map[string]struct {
		written, says string
		args          []string
	}{
		"a team's own":  {"runbook: ./RUNBOOK.md\n", "that no demo wrote", nil},
		"earlier story": {demoConfig(), "an earlier demo", []string{"--headless"}},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "drbot.yaml")
		if err := os.WriteFile(file, []byte(c.written), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := run(t.Context(), env{
			args: append([]string{"demo", "--dir", dir}, c.args...), stdin: strings.NewReader(""), stdout: &out, stderr: &errs,
			getenv: os.Getenv, clock: follow.Wall{},
		})
		after, err := os.ReadFile(file)
		if code != exitUsage || !strings.Contains(errs.String(), c.says) || err != nil || string(after) != c.written {
			t.Errorf("%s: exit code %d, %s (%v)", name, code, errs.String(), err)
		}
	}
}
