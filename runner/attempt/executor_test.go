package attempt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

// fakeExecutor says what it got, and does what its script says.
type fakeExecutor struct{}

func (fakeExecutor) Interpreter() string { return "fake" }
func (fakeExecutor) Server() string      { return incident.Redis }

func (fakeExecutor) Run(ctx context.Context, w incident.Work, out io.Writer) error {
	verb, rest, _ := strings.Cut(w.Script, " ")
	switch verb {
	case "fail":
		_, _ = io.WriteString(out, "half\n")
		return errors.New("server says no: " + w.Password)
	case "wait":
		if err := os.WriteFile(rest, []byte("go\n"), 0); err != nil {
			return err
		}
		<-ctx.Done()
		_, _ = io.WriteString(out, "told the server\n")
		return nil
	}
	argv, _ := os.ReadFile("/proc/self/cmdline")
	_, err := fmt.Fprintf(out, "argv %q\nenv %q\n%s %d %q read-only=%t names=%v\n", argv, os.Environ(), w.Server.Host, w.Server.Port, w.Script, w.ReadOnly, w.Identifiers)
	for _, name := range slices.Sorted(maps.Keys(w.Values)) {
		_, _ = fmt.Fprintf(out, "%s=%q\n", name, w.Values[name])
	}
	_, _ = fmt.Fprintf(out, "password of %d bytes\n", len(w.Password))
	return err
}

func (fakeExecutor) Identify(_ context.Context, w incident.Work) ([]incident.Var, error) {
	return []incident.Var{{Name: "server", Value: w.Server.Host}, {Name: "system", Value: "7\nforged=line"}}, nil
}

const serverPassword = "a password of the server"

func fakeJob(attempt, script string) Job {
	j := bashJob(attempt, script)
	j.Interpreter, j.Server = "fake", &incident.Server{Kind: incident.Redis, Host: "db1", Port: 6379, Secret: "redis"}
	return j
}

var fakeSecrets = map[string]secret.String{ServerPassword: secret.New(serverPassword), "configured/redis": secret.New(serverPassword), "TOKEN": secret.New("token value")}

// TestI33_AnExecutorsProcessIsClean holds that values and passwords are in neither argv nor environment, and that nothing of
// drbot's environment is there.
func TestI33_AnExecutorsProcessIsClean(t *testing.T) {
	t.Setenv("SLACK_BOT_TOKEN", "leaked")
	t.Setenv("PGSERVICEFILE", "leaked")
	j := fakeJob("x1", "show 'me' :V")
	j.ReadOnly, j.Identifiers, j.Env, j.Secrets = true, []string{"V"}, []Var{{Name: "V", Value: "a\nb 'c' $(id)"}}, []string{"TOKEN"}
	runs, r := run(t, j, fakeSecrets)
	got := outputOf(t, runs, "x1")
	want := "db1 6379 \"show 'me' :V\" read-only=true names=[V]\nTOKEN=\"" + secret.Stars + "\"\nV=\"a\\nb 'c' $(id)\"\npassword of 24 bytes\n"
	if r.Outcome != Succeeded || !strings.HasSuffix(got, want) || !strings.Contains(got, `argv "drbot-executor\x00"`) {
		t.Errorf("%+v\n%s", r, got)
	}
	for _, word := range []string{"leaked", "server/password", "$(id)\" \"", "SLACK", "PGSERVICE", "TOKEN=t"} {
		if strings.Contains(got, word) {
			t.Errorf("%s:\n%s", word, got)
		}
	}
}

func TestI32_AnExecutorsErrorFails(t *testing.T) {
	runs, r := run(t, fakeJob("x1", "fail"), fakeSecrets)
	if got := outputOf(t, runs, "x1"); r.Outcome != Failed || r.Exit != 1 || !strings.Contains(got, "half\n") || !strings.Contains(got, "error: server says no: "+secret.Stars) {
		t.Errorf("%+v\n%s", r, got)
	}
}

// TestCancelAsksTheExecutorFirst holds that it can tell its server before it is killed.
func TestCancelAsksTheExecutorFirst(t *testing.T) {
	f := newFifo(t)
	runs := t.TempDir()
	j := fakeJob("x1", "wait "+f.path)
	j.Grace = DefaultGrace
	start(t, runs, j, fakeSecrets)
	f.line(t)
	if err := Cancel(testContext(t), runs, "x1", "enough"); err != nil {
		t.Fatal(err)
	}
	r := wait(t, runs, "x1")
	got := outputOf(t, runs, "x1")
	whole := strings.Replace(got, "told the server\n", "", 1) // two writers share one output and may meet in mid line
	if r.Outcome != Cancelled || r.Exit != 1 || whole == got || !strings.Contains(whole, "error: stopped") {
		t.Errorf("%+v\n%s", r, got)
	}
}

func TestIdentifyPrintsWholeLines(t *testing.T) {
	j := fakeJob("x1", "")
	j.Identify = true
	runs, r := run(t, j, fakeSecrets)
	if got := outputOf(t, runs, "x1"); r.Outcome != Succeeded || got != "server=db1\nsystem=7 forged=line\n" {
		t.Errorf("%+v\n%q", r, got)
	}
}

// TestBashFindsTheServer holds that the programs of a bash step reach the target's server and no other.
func TestBashFindsTheServer(t *testing.T) {
	j := bashJob("x1", `printf '%s\n' "$PGHOST" "$PGPORT" "$PGUSER" "$PGDATABASE" "$PGSSLMODE" "$PGSERVICEFILE" "$PGPASSFILE" "${#PGPASSWORD}"`)
	j.Server = &incident.Server{Kind: incident.Postgres, Host: "127.0.0.1", Port: 5433, Database: "postgres", User: "dr", Secret: "pg"}
	runs, r := run(t, j, fakeSecrets)
	if got := outputOf(t, runs, "x1"); r.Outcome != Succeeded || got != "127.0.0.1\n5433\ndr\npostgres\ndisable\n/dev/null\n/dev/null\n24\n" {
		t.Errorf("%+v\n%q", r, got)
	}
	j.Attempt, j.Env = "x2", []Var{{Name: "PGHOST", Value: "elsewhere"}}
	if err := Start(testContext(t), t.TempDir(), j, fakeSecrets); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), "PGHOST says which server it is") {
		t.Error(err)
	}
}

func TestExecutorsJobsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Job)
		want   string
	}{
		"unknown":    {func(j *Job) { j.Interpreter = "perl" }, `interpreter "perl" is not known; use bash, sqlite, fake`},
		"no server":  {func(j *Job) { j.Server = nil }, "fake needs a redis server"},
		"other kind": {func(j *Job) { j.Server = &incident.Server{Kind: incident.Postgres} }, "fake needs a redis server"},
		"bash reads": {func(j *Job) { j.Interpreter, j.ReadOnly = Bash, true }, "not for bash"},
		"identify":   {func(j *Job) { j.Identify = true }, "without a script"},
		"produces":   {func(j *Job) { j.Produces = []string{"X"} }, "produces nothing"},
		"word":       {func(j *Job) { j.Server.User = "a\x00b" }, "NUL"},
	} {
		j := fakeJob("x1", "show")
		c.change(&j)
		if err := Start(testContext(t), t.TempDir(), j, fakeSecrets); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Start(testContext(t), t.TempDir(), fakeJob("x1", "show"), nil); err == nil || !strings.Contains(err.Error(), "secret redis, the password of the server, has no value") {
		t.Error(err)
	}
}
