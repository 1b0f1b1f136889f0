package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state/follow"
)

const undecided = "# Small\n\n## Procedure 1: Restart\n\n**Scenario:** it hangs\n\n**Steps:**\n\n" +
	"1. **Look.**\n    ```bash\n    ls -l\n    ```\n\n" +
	"2. **Copy.**\n    ```bash\n    cp -a data /srv/kept\n    ```\n\n" +
	"3. **Restore \x1b[31mall\x1b[0m.**\n    ```bash\n    pg_restore --dbname=app backup.dump\n    ```\n"

// decides runs `drbot runbook decide` on a file with what a person types.
func decides(t *testing.T, typed string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), env{
		args: append([]string{"runbook", "decide"}, args...), stdin: strings.NewReader(typed), stdout: &stdout, stderr: &stderr,
		clock: follow.Wall{}, getenv: func(string) string { return "" },
	})
	return code, stdout.String(), stderr.String()
}

func lockOf(t *testing.T, path string) *runbook.Lock {
	t.Helper()
	src, err := os.ReadFile(runbook.LockPath(path))
	if err != nil {
		t.Fatal(err)
	}
	lock, err := runbook.ReadLock(src)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func openIn(t *testing.T, path string) []runbook.Question {
	t.Helper()
	code, out, errs := decides(t, "", "--json", path)
	var v struct {
		Questions []runbook.Question `json:"questions"`
		Summary   string             `json:"summary"`
	}
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil || v.Summary == "" {
		t.Fatalf("exit %d: %s%s (%v)", code, out, errs, err)
	}
	return v.Questions
}

func TestDecideAsksOneQuestionAtATime(t *testing.T) {
	path := writeFile(t, t.TempDir()+"/RUNBOOK.md", undecided)
	first := openIn(t, path)
	if len(first) < 2 || first[0].ID != "target" {
		t.Fatalf("%+v", first)
	}
	if _, err := os.Stat(runbook.LockPath(path)); err == nil {
		t.Fatal("--json wrote a lock")
	}
	// A wrong answer is asked again; Enter takes a proposal; - leaves one; q stops.
	code, out, errs := decides(t, "not a target\ndb1=/srv/app\n-\nq\n", path)
	if code != 0 || !strings.Contains(out, "is no target") || strings.Contains(out, "\x1b") {
		t.Fatalf("exit %d: %q %s", code, out, errs)
	}
	lock := lockOf(t, path)
	if lock.Targets["db1"].Dir != "/srv/app" {
		t.Errorf("%+v", lock.Targets)
	}
	left := openIn(t, path)
	if len(left) != len(first)-1 {
		t.Errorf("%d questions before, %d after one answer and one left for later", len(first), len(left))
	}
	last := strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n"):])
	if !strings.Contains(last, "steps ready") {
		t.Errorf("the summary is not the last line: %q", last)
	}
	// The end of the input stops it too, with everything that was answered kept.
	if code, out, _ := decides(t, "\n", path); code != 0 || len(openIn(t, path)) != len(left)-1 {
		t.Errorf("exit %d: %s", code, out)
	}
	for range 20 {
		if len(openIn(t, path)) == 0 {
			break
		}
		decides(t, "\nmanual\n", path)
	}
	code, out, _ = decides(t, "", path)
	if code != 0 || len(openIn(t, path)) != 0 || strings.Contains(out, "> ") || !strings.Contains(out, " 0 need one answer") {
		t.Errorf("nothing is left: exit %d: %s", code, out)
	}
}

func TestDecideTakesAnswersWithoutAsking(t *testing.T) {
	path := writeFile(t, t.TempDir()+"/RUNBOOK.md", undecided)
	if code, _, errs := decides(t, "", path, "--answer", "target=db1=/srv/app", "--answer", "p1.s3=perhaps"); code != exitFailed || !strings.Contains(errs, "p1.s3") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, err := os.Stat(runbook.LockPath(path)); err == nil {
		t.Fatal("one wrong answer wrote the others")
	}
	args := []string{path, "--answer", "target=db1=/srv/app"}
	for _, q := range openIn(t, path) {
		if q.Step != "" {
			args = append(args, "--answer", q.Step+"."+subject(q)+"="+q.Proposal)
		}
	}
	code, out, errs := decides(t, "", args...)
	if code != 0 || !strings.Contains(out, "3 of 3 steps ready") || strings.Contains(out, "> ") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if e := lockOf(t, path).Steps[2]; e.Target != "db1" || len(e.Decide) > 0 || e.Timeout == 0 {
		t.Errorf("%+v", e)
	}
	if code, _, errs := decides(t, "", path, "--answer", "p9.s1=x"); code != exitFailed || !strings.Contains(errs, "no one open question") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, _ := decides(t, "", path, "--answer", "target"); code != exitUsage {
		t.Errorf("exit %d", code)
	}
}
