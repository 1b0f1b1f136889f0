package attempt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAHostsFaultIsNamed: what a step's host lacks, by what the real shell and the real kernel say.
func TestAHostsFaultIsNamed(t *testing.T) {
	noMode := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(noMode, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		"no_such_restore_tool --all": "a program that it needs is not there",
		noMode:                       "may not be run",
		"kill -KILL $$":              "something other than drbot killed it",
		"ulimit -f 8\nhead -c 1000000 /dev/zero > \"$HOME/big\"": "the size that a file may have",
		"exit 3": "",
		"read -r -p 'sure? ' answer\n[ \"$answer\" = yes ]":      "it asked for input and there is none: interactive commands cannot run here",
		"if read -rp 'sure? ' answer; then echo yes; fi; exit 1": "it asked for input and there is none",
		"echo checked; read -p sure answer":                      "", // what it said may be the reason
		"grep -q absent /dev/null # read -p is not run":          "",
	} {
		_, r := run(t, bashJob("a1", script), nil)
		if r.Outcome != Failed || (r.Why == "") != (want == "") || !strings.Contains(r.Why, want) {
			t.Errorf("%s: %+v", script, r)
		}
	}
}

// TestAFullDiskOfTheTargetIsNamed: the step fails by its own means, at once, and the record is whole.
func TestAFullDiskOfTheTargetIsNamed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("no mount here:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	j := bashJob("a1", "echo restoring\nhead -c 5000000 /dev/zero > users.db\necho not reached\n")
	j.Dir = disk
	runs, r := run(t, j, nil)
	if r.Outcome != Failed || r.Exit != 1 || !strings.Contains(r.Why, "a disk that it writes to is full; make room") || r.OutputError != "" || strings.Contains(r.LastLines, "not reached") {
		t.Fatalf("%+v", r)
	}
	if s, err := Inspect(runs, "a1"); err != nil || s.State != StateEnded || !strings.Contains(outputOf(t, runs, "a1"), "restoring\n") {
		t.Fatalf("%+v %v", s, err)
	}
}

// TestI30_AStepThatForksAndExitsIsEndedWhole: the work goes on behind its back, so it is no success that anybody could build on: what is
// left is named and ended.
func TestI30_AStepThatForksAndExitsIsEndedWhole(t *testing.T) {
	runs, r := run(t, bashJob("a1", "( sleep 1000 ) > /dev/null 2>&1 &\nsetsid sleep 2000 > /dev/null 2>&1 < /dev/null &\nexit 0\n"), nil)
	if r.Kept || len(r.Survivors) < 2 || !strings.Contains(strings.Join(r.Survivors, "|"), "sleep 2000") {
		t.Fatalf("%+v", r)
	}
	noneLeft(t, runs, "a1")
}
