package evidence_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/evidence"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/statetest"
)

// matter is a store with one incident in which a destructive step was asked for twice, approved once and run, and a data
// directory with what it printed.
type matter struct {
	*testing.T
	store *bolt.Store
	clock *statetest.Clock
	data  string
	id    incident.ID
	spec  incident.Spec
	act   incident.Action
}

var chen = incident.Person{Key: "chen@example.com", Name: "Chen Li", Slack: "U0CHEN", Proof: "slack:U0CHEN"}

const printed = "copied 3 files\n\"bytes\":1,\"kept\":1,\"output\":\"no\"\n"

func begin(t *testing.T) *matter {
	t.Helper()
	m := &matter{T: t, data: t.TempDir(), clock: statetest.NewClock(statetest.Start)}
	var err error
	m.store, err = bolt.Open(m.data, bolt.Options{Now: m.clock.Now})
	m.ok(err)
	t.Cleanup(func() { _ = m.store.Close() })
	m.spec = incident.Spec{ID: "p1.s6", Title: "Restore <everything>", Interpreter: "bash", Script: "cp -- \"$BACKUP\" /srv/data # <b>\n", Target: "db1"}
	m.act = incident.Action{
		Interpreter: "bash", Target: "db1", Host: "ops1", Identity: map[string]string{"digest": strings.Repeat("e", 64), "path": "/srv"},
		Env: []incident.Var{{Name: "BACKUP", Value: `x","attempt":"r9-evil-1","digest":"` + strings.Repeat("0", 64)}}, Secrets: []string{"pg"},
		Script: incident.Digest([]byte(m.spec.Script)), Timeout: time.Minute,
	}
	return m
}

func (m *matter) ok(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m *matter) do(c state.Change) {
	m.Helper()
	m.clock.Push(time.Minute)
	r, err := m.store.Do(context.Background(), c)
	m.ok(err)
	if c.New {
		m.id = r.ID
	}
}

func (m *matter) events(events ...incident.Event) {
	m.Helper()
	m.do(statetest.Events(state.Ref{ID: m.id}, events...))
}

// play writes the story.
func (m *matter) play() {
	m.Helper()
	markdown, lock, signature := []byte("# Runbook\n"), []byte("format: 1\n"), []byte("SSH SIGNATURE\n")
	spec, err := json.Marshal(m.spec)
	m.ok(err)
	digest := m.act.Digest([]byte(m.spec.Script))
	m.do(state.Change{Decide: func(state.View) (state.Decision, error) {
		return state.Decision{House: []incident.Event{
			incident.PeopleChanged{Digest: "people-1", Changes: []string{"Bea is an approver"}},
			incident.RunbookLoaded{Digest: state.Sum(markdown), LockDigest: state.Sum(lock), Loader: statetest.Ana, Entries: []string{"entry-6"}},
			incident.LockAccepted{LockDigest: state.Sum(lock), Entries: []string{"entry-6"}, By: chen, Basis: "people-1", Signature: state.Sum(signature)},
			incident.ScriptRan{Script: "another", Incident: 99, Attempt: "r1-p1-s1-1", Outcome: "succeeded"},
		}, Blobs: [][]byte{markdown, lock, spec, signature}}, nil
	}})
	m.do(state.Change{New: true, Decide: func(v state.View) (state.Decision, error) {
		return state.Decision{Events: []incident.Event{statetest.Opening("Users <database> is \"gone\"", v.Now())}}, nil
	}})
	step := incident.Step{ID: "p1.s6", Number: "1.6", Title: m.spec.Title, Risk: incident.Destructive, Spec: state.Sum(spec), Entry: "entry-6", Script: m.act.Script, Need: 1}
	asked := incident.ApprovalAsked{
		Approval: 1, Run: 7, Step: "p1.s6", By: statetest.Ana, Digest: digest, Action: m.act, Need: 1, From: []incident.Right{incident.Approver},
		Asked: []incident.Person{statetest.Bea}, Expires: statetest.Start.Add(time.Hour),
		Shown: &incident.Shown{Title: m.spec.Title, Before: &incident.Before{}, Why: &incident.Finding{Number: "1.4", Said: "14 damaged pages"}},
	}
	again := asked
	again.Approval = 2
	m.events(incident.RunPlanned{Run: 7, By: statetest.Ana, Procedure: "p1", Title: "Recovery", Revision: state.Sum(markdown), Lock: state.Sum(lock), Steps: []incident.Step{step}},
		incident.RunStarted{Run: 7, By: statetest.Ana}, asked)
	m.events(incident.Denied{Approval: 1, Run: 7, By: statetest.Bea, Reason: "wrong backup"}, incident.Refused{By: statetest.Ana, What: "approve A1", Kind: incident.NotAllowed, Why: "own"})
	m.events(again)
	m.events(incident.Approved{Approval: 2, Run: 7, By: statetest.Bea, Digest: digest, Basis: "people-1", StartBy: statetest.Start.Add(time.Hour)},
		incident.StepStarting{Run: 7, Step: "p1.s6", Attempt: "r7-p1-s6-1", Approval: 2, Digest: digest, Action: m.act, Host: "ops1", Until: statetest.Start.Add(time.Hour), Secrets: []string{"pg"}})
	m.events(incident.StepEnded{
		Run: 7, Step: "p1.s6", Attempt: "r7-p1-s6-1", Outcome: incident.Succeeded, Why: `"bytes":3,"kept":3`, Bytes: int64(len(printed)), Kept: int64(len(printed)),
		Output: state.Sum([]byte(printed)), Produced: map[string]string{"OUT": "1"},
	}, incident.RunEnded{Run: 7, How: incident.EndDone}, incident.Noted{By: statetest.Bea, At: statetest.Start, Text: "a line\nthat breaks"})
	dir := filepath.Join(m.data, evidence.Runs, "r7-p1-s6-1")
	m.ok(os.MkdirAll(dir, 0o700))
	for name, text := range map[string]string{"output": printed, "job.json": "{}", "exit.json": "{}", "supervisor.log": "not packed"} {
		m.ok(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	m.ok(os.MkdirAll(filepath.Join(m.data, evidence.Pages), 0o700))
	m.ok(os.WriteFile(filepath.Join(m.data, evidence.Pages, m.id.String()+"-review.md"), []byte("draft\n"), 0o600))
}

func (m *matter) export() []byte {
	m.Helper()
	var b bytes.Buffer
	m.ok(evidence.Export(context.Background(), evidence.Source{Store: m.store, Data: m.data, Zone: time.FixedZone("", 3600)}, m.id, &b))
	return b.Bytes()
}

// unpack uses tar, as an auditor does.
func (m *matter) unpack(archive []byte) string {
	m.Helper()
	dir := m.TempDir()
	cmd := exec.Command("tar", "xz", "-C", dir)
	cmd.Stdin = bytes.NewReader(archive)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.Fatalf("tar: %v: %s", err, out)
	}
	return filepath.Join(dir, m.id.String()+"-evidence")
}

// check runs the script of VERIFY.md as the page says.
func check(dir string) (string, error) {
	cmd := exec.Command("sh", "-c", "sed -n '/^```sh$/,/^```$/p' VERIFY.md | sed '/^```/d' | sh")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil && !strings.HasSuffix(string(out), "whole\n") {
		err = errors.New("it did not come to its end")
	}
	return string(out), err
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func readLines[V any](t *testing.T, path string) []V {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var list []V
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var v V
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		list = append(list, v)
	}
	return list
}

// TestI43_AuditorNeedsNoDrbot unpacks with tar, runs sha256sum over the manifest, runs the page's script, and recomputes
// the chain from the JSON lines by hand.
func TestI43_AuditorNeedsNoDrbot(t *testing.T) {
	m := begin(t)
	m.play()
	archive := m.export()
	if !bytes.Equal(archive, m.export()) {
		t.Error("the same evidence gave other bytes")
	}
	dir := m.unpack(archive)
	cmd := exec.Command("sha256sum", "-c", "--strict", "MANIFEST")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sha256sum -c: %v\n%s", err, out)
	}
	out, err := check(dir)
	if err != nil || strings.Contains(out, "not here") {
		t.Fatalf("VERIFY.md: %v\n%s", err, out)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "MANIFEST"))
	m.ok(err)
	for _, chain := range []string{"record", "house"} {
		prev := ""
		for _, r := range readLines[map[string]json.RawMessage](t, filepath.Join(dir, chain, "records.jsonl")) {
			if chain == "house" {
				prev = unquote(r["prev_incident"]) // of the house not every record is here; its headers are
			}
			header := "{"
			for k, name := range []string{"seq", "incident", "n", "time", "kind", "digest", "prev", "prev_incident"} {
				header += strings.Repeat(",", min(k, 1)) + fmt.Sprintf("%q:%s", name, r[name])
			}
			header += "}"
			switch {
			case unquote(r["prev_incident"]) != prev:
				t.Fatalf("record %s follows %s, not %s", r["seq"], r["prev_incident"], prev)
			case sum([]byte(header)) != unquote(r["hash"]):
				t.Fatalf("record %s: the hash is not that of %s", r["seq"], header)
			case sum(r["payload"]) != unquote(r["digest"]):
				t.Fatalf("record %s: the digest is not that of its payload", r["seq"])
			}
			prev = unquote(r["hash"])
		}
		if chain == "record" && !strings.Contains(string(manifest), "hash "+prev+"\n") {
			t.Errorf("the manifest does not name the head %s:\n%s", prev, manifest)
		}
	}
}

func unquote(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }

// TestI43_EveryQuestionHasItsAnswer reads from the archive alone what I43 asks for.
func TestI43_EveryQuestionHasItsAnswer(t *testing.T) {
	m := begin(t)
	m.play()
	dir := m.unpack(m.export())
	commands := readLines[evidence.Command](t, filepath.Join(dir, "commands.jsonl"))
	if len(commands) != 1 {
		t.Fatalf("%d commands", len(commands))
	}
	c := commands[0]
	text, err := os.ReadFile(filepath.Join(dir, "commands", c.Attempt, "action.txt"))
	m.ok(err)
	script, err := os.ReadFile(filepath.Join(dir, "commands", c.Attempt, "script"))
	m.ok(err)
	if string(script) != m.spec.Script || sum(text) != c.Digest || !strings.HasSuffix(string(text), m.spec.Script) {
		t.Errorf("bytes: %q, action %q", script, text)
	}
	switch {
	case c.Requester.Key != statetest.Ana.Key, c.Approval != "A2", len(c.Votes) != 1, c.Votes[0].By.Key != statetest.Bea.Key, c.Votes[0].At.IsZero():
		t.Errorf("people: %+v", c)
	case c.Votes[0].Basis.Revision != "people-1", c.Votes[0].Basis.Record == 0:
		t.Errorf("basis of the right: %+v", c.Votes[0].Basis)
	case c.Accepted == nil, c.Accepted.By.Key != chen.Key, c.Accepted.Record == 0:
		t.Errorf("acceptance: %+v", c.Accepted)
	case c.Host != "ops1", c.Exit == nil || *c.Exit != 0, c.Output != sum([]byte(printed)), !slices.Equal(c.Secrets, []string{"pg"}), len(c.Missing) > 0:
		t.Errorf("run: %+v", c)
	}
	requests := readLines[evidence.Request](t, filepath.Join(dir, "approvals.jsonl"))
	if len(requests) != 2 || requests[0].End != "denied" || requests[0].Why != "wrong backup" || requests[0].EndedBy.Key != statetest.Bea.Key ||
		requests[1].End != "used" || requests[1].Attempt != c.Attempt {
		t.Errorf("requests: %+v", requests)
	}
	if saw := requests[1].Shown; saw == nil || saw.Before == nil || saw.Before.Times != 0 || saw.Why == nil || saw.Why.Said != "14 damaged pages" {
		t.Errorf("what the approver saw: %+v", saw)
	}
	for _, name := range []string{"runbook/" + c.Runbook + ".md", "runbook/" + c.Lock + ".lock.yaml", "runbook/" + c.Accepted.Signature + ".sig", "review.md", "commands/" + c.Attempt + "/output"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	timeline, err := os.ReadFile(filepath.Join(dir, "timeline.md"))
	m.ok(err)
	if n := strings.Count(string(timeline), "\n- "); n != len(readLines[map[string]any](t, filepath.Join(dir, "record", "records.jsonl"))) || !strings.Contains(string(timeline), "Bea Ortiz denied A1: wrong backup") || !strings.Contains(string(timeline), ":00 +01:00 · ") {
		t.Errorf("timeline, %d lines:\n%s", n, timeline)
	}
}

// TestI43_RedactedStaysRedacted: what was blanked in the record does not come back through the runner's files.
func TestI43_RedactedStaysRedacted(t *testing.T) {
	m := begin(t)
	m.play()
	for r, err := range m.store.Records(context.Background(), m.id, 0) {
		m.ok(err)
		if r.Kind == "StepEnded" || r.Kind == "Denied" {
			m.ok(m.store.Redact(context.Background(), r.Seq, chen, "a password was pasted"))
		}
	}
	dir := m.unpack(m.export())
	if out, err := check(dir); err != nil {
		t.Fatalf("VERIFY.md: %v\n%s", err, out)
	}
	for _, word := range []string{"wrong backup", "copied 3 files"} {
		if out, err := exec.Command("grep", "-r", word, dir).CombinedOutput(); err == nil {
			t.Errorf("%q is in the evidence: %s", word, out)
		}
	}
	if out, err := exec.Command("grep", "-rl", "a password was pasted", filepath.Join(dir, "house")).CombinedOutput(); err != nil {
		t.Errorf("the reason of the redaction is not there: %v %s", err, out)
	}
}

// TestI43_FilesOfAStepAreNotTrusted: a step that ran as drbot's account may have put anything in its folder.
func TestI43_FilesOfAStepAreNotTrusted(t *testing.T) {
	m := begin(t)
	m.play()
	output := filepath.Join(m.data, evidence.Runs, "r7-p1-s6-1", "output")
	m.ok(os.Remove(output))
	m.ok(os.Symlink("/etc/passwd", output))
	dir := m.unpack(m.export())
	if _, err := os.Lstat(filepath.Join(dir, "commands", "r7-p1-s6-1", "output")); err == nil {
		t.Error("a link was followed")
	}
	out, err := check(dir)
	if err == nil || !strings.Contains(out, "not here: commands/r7-p1-s6-1/output") || !strings.Contains(out, "not whole") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := evidence.Export(context.Background(), evidence.Source{Store: m.store}, 99, &bytes.Buffer{}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("an incident that does not exist: %v", err)
	}
}
