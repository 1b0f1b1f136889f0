package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/evidence"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/statetest"
)

// TestI43_TamperedEvidenceIsFound changes one thing at a time, with the manifest made anew where a forger would.
func TestI43_TamperedEvidenceIsFound(t *testing.T) {
	m := begin(t)
	m.play()
	archive := m.export()
	edit := func(name, from, to string) func(string) {
		return func(dir string) {
			path := filepath.Join(dir, name)
			b, err := os.ReadFile(path)
			m.ok(err)
			if !bytes.Contains(b, []byte(from)) {
				t.Fatalf("%s has no %q", name, from)
			}
			m.ok(os.WriteFile(path, bytes.Replace(b, []byte(from), []byte(to), 1), 0o600))
		}
	}
	headers := readLines[map[string]any](t, filepath.Join(m.unpack(archive), "record", "headers.jsonl"))
	denial := fmt.Sprintf("record/payloads/%.0f.json", headers[4]["seq"])
	for name, change := range map[string]func(string){
		"a payload":          edit(denial, "wrong backup", "right backup"),
		"a header":           edit("record/headers.jsonl", `"kind":"Denied"`, `"kind":"Approved"`),
		"the approved text":  edit("commands/r7-p1-s6-1/action.txt", "/srv/data", "/srv/date"),
		"the output":         edit("commands/r7-p1-s6-1/output", "3 files", "4 files"),
		"the lock":           edit("runbook/"+sum([]byte("format: 1\n"))+".lock.yaml", "1", "2"),
		"a record taken out": func(dir string) { cut(t, filepath.Join(dir, "record", "headers.jsonl"), 4) },
		"the script":         edit("commands/r7-p1-s6-1/script", "/srv/data", "/srv/date"),
		"a payload left out": func(dir string) { m.ok(os.Remove(filepath.Join(dir, denial))) },
		"another script":     edit("commands/r7-p1-s6-1/script", m.spec.Script, "true\n"),
		"the last taken out": func(dir string) { cut(t, filepath.Join(dir, "record", "headers.jsonl"), len(headers)-1) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := m.unpack(archive)
			change(dir)
			if out, err := check(dir); err == nil {
				t.Errorf("not found with the old manifest:\n%s", out)
			}
			forge(t, dir)
			if out, err := check(dir); err == nil {
				t.Errorf("not found with a forged manifest:\n%s", out)
			}
		})
	}
}

func cut(t *testing.T, path string, line int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Delete(strings.SplitAfter(string(b), "\n"), line, line+1)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// forge makes the manifest's sums fit again; its heads stay, as they were shown outside.
func forge(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "grep '^#' MANIFEST > ../heads; find * -type f ! -name MANIFEST | xargs sha256sum | cat ../heads - > ../new; mv ../new MANIFEST")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// whole is an archive with everything in it: a plan that was made twice, a kept file, and payloads that were blanked later,
// of the incident and of the house.
func (m *matter) whole() []byte {
	m.Helper()
	m.play()
	other, graph := []byte("# Runbook, once more\n"), []byte("PNG")
	m.do(state.Change{Decide: func(state.View) (state.Decision, error) {
		return state.Decision{House: []incident.Event{incident.Frozen{By: chen, Reason: "wait"}, incident.Thawed{By: chen, Reason: "go"}}, Blobs: [][]byte{other}}, nil
	}})
	m.events(incident.RunPlanned{Run: 8, By: statetest.Ana, Procedure: "p1", Title: "Recovery", Revision: sum(other)},
		incident.RunPlanned{Run: 8, By: statetest.Ana, Procedure: "p1", Title: "Recovery", Revision: sum([]byte("# Runbook\n")), Replaces: 8},
		incident.Pinned{Channel: "C1", TS: "17.1", Author: statetest.Bea, By: statetest.Ana, At: statetest.Start, Text: "look", Files: []incident.File{{ID: "F1", Name: "graph.png", Size: 3}}},
		incident.FileKept{Channel: "C1", TS: "17.1", ID: "F1", Name: "graph.png", Size: 3, Digest: sum(graph)})
	m.ok(os.MkdirAll(filepath.Join(m.data, evidence.Kept), 0o700))
	m.ok(os.WriteFile(filepath.Join(m.data, evidence.Kept, sum(graph)), graph, 0o600))
	for _, id := range []incident.ID{0, m.id} {
		for r, err := range m.store.Records(context.Background(), id, 0) {
			m.ok(err)
			if r.Kind == "Frozen" || r.Kind == "Noted" {
				m.ok(m.store.Redact(context.Background(), r.Seq, chen, "a password was pasted"))
			}
		}
	}
	return m.export()
}

// TestI43_NothingMayBeMissingOrOther takes out or changes every file that the script proves, one at a time, as who makes the
// manifest anew would.
func TestI43_NothingMayBeMissingOrOther(t *testing.T) {
	m := begin(t)
	archive := m.whole()
	whole := m.unpack(archive)
	if out, err := check(whole); err != nil {
		t.Fatalf("as it was packed: %v\n%s", err, out)
	}
	forge(t, whole)
	if out, err := check(whole); err != nil {
		t.Fatalf("with a manifest made anew: %v\n%s", err, out)
	}
	var proved []string
	m.ok(filepath.WalkDir(whole, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(whole, path)
		reading := strings.HasSuffix(name, ".md") && filepath.Dir(name) == "." || strings.HasSuffix(name, "s.jsonl") && filepath.Base(name) != "headers.jsonl"
		if err == nil && !d.IsDir() && !reading && !slices.Contains([]string{"MANIFEST", "job.json", "exit.json"}, d.Name()) {
			proved = append(proved, name)
		}
		return err
	}))
	if len(proved) < 30 {
		t.Fatalf("%d files: %v", len(proved), proved)
	}
	for _, name := range proved {
		t.Run(strings.ReplaceAll(name, "/", " "), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "copy")
			copied, err := exec.Command("cp", "-R", whole, dir).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, copied)
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), append(b, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
			forge(t, dir)
			if out, err := check(dir); err == nil {
				t.Errorf("a byte more is not found:\n%s", out)
			}
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			forge(t, dir)
			if out, err := check(dir); err == nil {
				t.Errorf("that it is gone is not found:\n%s", out)
			}
		})
	}
}

// TestI43_NothingMayBePutIn adds what no record names, and blanks what nobody blanked.
func TestI43_NothingMayBePutIn(t *testing.T) {
	m := begin(t)
	whole := m.unpack(m.whole())
	number := func(chain, kind string) string {
		for _, h := range readLines[map[string]any](t, filepath.Join(whole, chain, "headers.jsonl")) {
			if h["kind"] == kind {
				return fmt.Sprintf("%.0f.json", h["seq"])
			}
		}
		t.Fatalf("no %s", kind)
		return ""
	}
	denied, froze, redacted := number("record", "Denied"), number("house", "Frozen"), number("house", "Redacted")
	left, err := os.ReadFile(filepath.Join(whole, "record", "redacted", number("record", "Noted")))
	m.ok(err)
	for name, c := range map[string]struct{ out, in, text string }{
		"a payload of no record":           {"", "record/payloads/9999.json", "{}"},
		"a payload of the house":           {"", "house/payloads/9999.json", "{}"},
		"a number written in another way":  {"", "record/payloads/0" + denied, "{}"},
		"a command of no record":           {"", "commands/r9-fake/script", "true\n"},
		"a step of no record":              {"", "steps/" + sum([]byte("x")) + ".json", "x"},
		"a runbook of no record":           {"", "runbook/" + sum([]byte("x")) + ".md", "x"},
		"a file of no record":              {"", "files/" + sum([]byte("x")), "x"},
		"a page of its own":                {"", "confession.md", "x"},
		"a denial blanked":                 {"record/payloads/" + denied, "record/redacted/" + denied, "{}"},
		"a denial blanked like another":    {"record/payloads/" + denied, "record/redacted/" + denied, string(left)},
		"a tombstone blanked":              {"house/payloads/" + redacted, "house/redacted/" + redacted, "{}"},
		"both the payload and what's left": {"", "house/payloads/" + froze, "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "copy")
			if out, err := exec.Command("cp", "-R", whole, dir).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if c.out != "" {
				if err := os.Remove(filepath.Join(dir, c.out)); err != nil {
					t.Fatal(err)
				}
			}
			err := errors.Join(os.MkdirAll(filepath.Join(dir, filepath.Dir(c.in)), 0o700), os.WriteFile(filepath.Join(dir, c.in), []byte(c.text), 0o600))
			if err != nil {
				t.Fatal(err)
			}
			forge(t, dir)
			if out, err := check(dir); err == nil {
				t.Errorf("not found:\n%s", out)
			}
		})
	}
}

// TestI43_AHeadThatWasShownIsLookedFor: the script says which one record a head belongs to, given by its beginning or whole,
// and that none has another one; a file that the manifest does not name is no evidence.
func TestI43_AHeadThatWasShownIsLookedFor(t *testing.T) {
	m := begin(t)
	m.play()
	dir := m.unpack(m.export())
	headers, err := os.ReadFile(filepath.Join(dir, "record", "headers.jsonl"))
	m.ok(err)
	line := strings.Split(string(headers), "\n")[3]
	seq, _, _ := strings.Cut(strings.TrimPrefix(line, `{"seq":`), ",")
	for _, digits := range []int{8, 63, 64} {
		t.Setenv("HEAD", sum([]byte(line))[:digits])
		out, err := check(dir)
		if err != nil || !strings.Contains(out, "the head "+os.Getenv("HEAD")+" is record "+seq+"\n") || strings.Count(out, "the head") != 1 {
			t.Errorf("%d digits: %v\n%s", digits, err, out)
		}
	}
	for head, want := range map[string]string{"0123abcd": "no record has the head 0123abcd", "0": "8 digits"} {
		t.Setenv("HEAD", head)
		if out, err := check(dir); err == nil || !strings.Contains(out, want) {
			t.Errorf("another head: %v\n%s", err, out)
		}
	}
	t.Setenv("HEAD", "")
	m.ok(os.WriteFile(filepath.Join(dir, "commands", "more"), []byte("x"), 0o600))
	if out, err := check(dir); err == nil || !strings.Contains(out, "is not in MANIFEST") {
		t.Errorf("a file more: %v\n%s", err, out)
	}
}
