package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verified unpacks an archive and runs the script of its VERIFY.md, which finds it whole.
func (w *town) verified(file string) (dir string) {
	w.Helper()
	dir, said := w.checked(file)
	if !strings.HasSuffix(said, "\nwhole\n") {
		w.Errorf("VERIFY.md:\n%s", said)
	}
	return dir
}

// checked unpacks an archive and gives what the script of its VERIFY.md says.
func (w *town) checked(file string) (dir, said string) {
	w.Helper()
	dir = w.TempDir()
	if out, err := exec.Command("tar", "xzf", file, "-C", dir, "--strip-components=1").CombinedOutput(); err != nil {
		w.Fatalf("tar: %v: %s", err, out)
	}
	cmd := exec.Command("sh", "-c", "sed -n '/^```sh$/,/^```$/p' VERIFY.md | sed '/^```/d' | sh")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if (err == nil) != strings.HasSuffix(string(out), "\nwhole\n") {
		w.Errorf("VERIFY.md: %v\n%s", err, out)
	}
	return dir, string(out)
}

// TestI43_EvidenceOfARun: what the program packs, through its socket and from the file alone, an auditor can check, and it
// holds the text that was approved, who approved it and what it printed.
func TestI43_EvidenceOfARun(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	w.start(w.ana, room, "rescue")
	w.press(w.ana, room, "recover.confirm", "step 1.2 changes something on db1", "echo banner")
	w.pressOn(w.bea, w.button(w.bea, room, "recover.approve", "Approve step 1.3", "echo restore"), "recover.approve")
	w.press(w.ana, room, "recover.hand", "Call the hoster")
	w.fill(w.ana, "Step 1.4", map[string]any{"saw": "the hoster says it is fine"})
	w.awaitRun(1, "ended")
	if code, out, errs := w.drbot("evidence", "export", "INC-1"); code != 0 || !strings.Contains(out, "VERIFY.md") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	file := w.path("data", "evidence", "INC-1.tar.gz")
	dir := w.verified(file)
	commands, err := os.ReadFile(filepath.Join(dir, "commands.jsonl"))
	w.ok(err)
	for _, want := range []string{`"approval":"A1"`, `"Bea Ode"`, `"lock_entry"`, `"accepted":{"by":{"key":"bea@example.com"`, `"confirmed":{"what":"confirmed"`} {
		if !strings.Contains(string(commands), want) {
			t.Errorf("%s is not in\n%s", want, commands)
		}
	}
	if strings.Contains(string(commands), `"missing"`) || bytes.Count(commands, []byte("\n")) != 4 {
		t.Errorf("commands:\n%s", commands)
	}
	if code, _, errs := w.drbot("evidence", "export", "1"); code != exitFailed || !strings.Contains(errs, "never overwrites") {
		t.Errorf("a second export: exit %d: %s", code, errs)
	}
	for want, args := range map[int][]string{exitUsage: {"evidence", "export", "nothing"}, exitFailed: {"evidence", "export", "99", w.path("none.tar.gz")}} {
		if code, _, errs := w.drbot(args...); code != want {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
	if _, err := os.Lstat(w.path("none.tar.gz")); err == nil {
		t.Error("a failed export left a file")
	}
	w.leave()
	if code, out, errs := w.drbot("evidence", "export", "1", w.path("offline.tar.gz")); code != 0 {
		t.Fatalf("offline: exit %d: %s%s", code, out, errs)
	}
	w.verified(w.path("offline.tar.gz"))
	if code, _, errs := w.drbot("backup", w.path("copy.db")); code != 0 {
		t.Fatal(errs)
	}
	if code, _, errs := w.drbot("evidence", "export", "1", "--data", w.path("copy.db")); code != exitUsage || !strings.Contains(errs, "name FILE") {
		t.Errorf("of a backup, to nowhere: exit %d: %s", code, errs)
	}
	if code, _, errs := w.drbot("evidence", "export", "1", w.path("copy.tar.gz"), "--data", w.path("copy.db")); code != 0 {
		t.Fatalf("of a backup: exit %d: %s", code, errs)
	}
	if _, said := w.checked(w.path("copy.tar.gz")); !strings.Contains(said, "not whole: the 4 named above are not here") || strings.Count(said, "/output\n") != 4 {
		t.Errorf("of a backup, which has the record alone:\n%s", said)
	}
}
