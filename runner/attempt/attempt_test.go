package attempt

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

// helpers holds what a test may make this binary do in a process of its own.
var helpers = map[string]func(args []string){}

func TestMain(m *testing.M) {
	SupervisorMain()
	if len(os.Args) > 1 {
		if helper := helpers[os.Args[1]]; helper != nil {
			helper(os.Args[2:])
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

// bashJob is a job with its digest.
func bashJob(attempt, script string) Job {
	return Job{Attempt: attempt, Interpreter: Bash, Script: []byte(script), SHA256: incident.Digest([]byte(script)),
		Timeout: time.Minute, Grace: 500 * time.Millisecond}
}

// testContext ends before the test binary's own limit, so that a hang names its test.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// run starts a job and waits for its end.
func run(t testing.TB, j Job, secrets map[string]secret.String) (string, Result) {
	t.Helper()
	ctx, runs := testContext(t), filepath.Join(t.TempDir(), "runs")
	if err := Start(ctx, runs, j, secrets); err != nil {
		t.Fatalf("start: %v", err)
	}
	return runs, wait(t, runs, j.Attempt)
}

func wait(t testing.TB, runs, attempt string) Result {
	t.Helper()
	r, err := Wait(testContext(t), runs, attempt)
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	return r
}

func outputOf(t testing.TB, runs, attempt string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(runs, attempt, outputFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestBashRunsAndIsRecorded(t *testing.T) {
	j := bashJob("a1", "echo \"hello $WHO\"\necho warn >&2\necho KEY=val >> \"$DRBOT_OUT\"\n")
	j.Env = []Var{{Name: "WHO", Value: "world"}}
	j.Expect = &Expect{Stdout: "hello world"}
	j.Produces = []string{"KEY"}
	runs, r := run(t, j, nil)
	if r.Outcome != Succeeded || r.Exit != 0 || r.Expectation != "" || r.Produced["KEY"] != "val" {
		t.Fatalf("%+v", r)
	}
	if r.OutputBytes != r.KeptBytes || r.OutputSHA256 != incident.Digest([]byte(outputOf(t, runs, "a1"))) {
		t.Fatalf("output: %+v", r)
	}
}
