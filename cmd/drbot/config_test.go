package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/state/follow"
)

// drbot runs one command line in its own folder with its own environment.
func drbot(t *testing.T, environment map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), env{
		args: args, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, clock: follow.Wall{},
		getenv: func(name string) string { return environment[name] },
	})
	return code, stdout.String(), stderr.String()
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const goodConfig = `runbook: ./RUNBOOK.md
slack: {announce: incidents}
people:
  - {name: Ana Ruiz, email: ana@example.com, slack: U0ANA, roles: [responder, operator]}
  - {name: Bea Ode, email: bea@example.com, slack: U0BEA, roles: [responder, approver, admin]}
`

func TestBadConfigurationSaysWhereAndWhat(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		env  map[string]string
		want string
	}{
		"unknown key":          {"runbook: x.md\nslak: {}\n", nil, `2:1: unknown key "slak" in the configuration; expected slack`},
		"unknown key deeper":   {"runbook: x.md\nslack: {anounce: incidents}\n", nil, `2:9: unknown key "anounce" in slack; expected announce`},
		"twice":                {"runbook: x.md\nrunbook: y.md\n", nil, "2:1: runbook again"},
		"no runbook":           {"listen: 127.0.0.1:0\n", nil, "runbook: is missing; name the Markdown file"},
		"no YAML":              {"runbook: [\n", nil, "drbot.yaml:"},
		"bad listen":           {"runbook: x.md\nlisten: here\n", nil, "2:9: listen: \"here\" is no host:port, like 127.0.0.1:8080"},
		"bad mode":             {"runbook: x.md\nslack: {mode: irc}\n", nil, `2:15: slack.mode: "irc" is neither socket nor http`},
		"bad role":             {"runbook: x.md\npeople: [{name: A, email: a@b.c, roles: [boss]}]\n", nil, `2:41: people[0] A: role "boss" is none of`},
		"two people, one id":   {"runbook: x.md\npeople: [{name: A, email: a@b.c, slack: U1}, {name: B, email: b@b.c, slack: U1}]\n", nil, "2:77: people[0] A and people[1] B share slack:U1"},
		"nobody breaks it":     {goodConfig + "break_glass: [bea@example.com, zoe@example.com]\n", nil, `6:32: break_glass[1]: no one in people has the email or the whole name "zoe@example.com"`},
		"no name":              {"runbook: x.md\npeople:\n  - {slack: U1}\n", nil, "3:5: people[0]: a person needs a name"},
		"same command twice":   {"runbook: x.md\nslack: {commands: {incident: x, recover: x}}\n", nil, "two names"},
		"secret of two places": {"runbook: x.md\nsecrets: {pg: {file: /a, env: B}}\n", nil, "secrets.pg: name either file or env"},
		"bad size":             {"runbook: x.md\nrunner: {output_limit: lots}\n", nil, "like 1GiB"},
		"bad severity":         {"runbook: x.md\nseverities: {high: {respond: 15m}}\n", nil, "severities.high"},
		"bad duration":         {"runbook: x.md\nseverities: {\"1\": {respond: soon}}\n", nil, "2:29: severities.1.respond is \"soon\"; expected a duration"},
		"another store":        {"runbook: x.md\n", map[string]string{"DATABASE_URL": "postgres://x"}, "DATABASE_URL is set"},
		"token file is gone":   {"runbook: x.md\n", map[string]string{"SLACK_BOT_TOKEN_FILE": "/nowhere"}, "SLACK_BOT_TOKEN_FILE: open /nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, filepath.Join(t.TempDir(), "drbot.yaml"), c.text)
			code, _, errs := drbot(t, c.env, "check", "--config", path)
			if code != exitConfig || !strings.Contains(errs, c.want) {
				t.Errorf("exit code %d: %s\nwant %d with %q", code, errs, exitConfig, c.want)
			}
		})
	}
	if code, _, errs := drbot(t, nil, "check", "--config", "/nowhere/drbot.yaml"); code != exitConfig || !strings.Contains(errs, "/nowhere/drbot.yaml") {
		t.Errorf("a configuration that is not there: %d %s", code, errs)
	}
}

func TestUsageErrorsExitWithTwo(t *testing.T) {
	for _, args := range [][]string{
		{"invented"}, {"demo", "--damage", "oldest"}, {"demo", "--json"}, {"audit"}, {"audit", "invented"}, {"serve", "now"}, {"approve"},
		{"incident", "--invented"}, {"restore"}, {"audit", "redact", "x"}, {"runbook", "compile", "--report", "xml"},
	} {
		if code, _, errs := drbot(t, nil, args...); code != exitUsage || errs == "" {
			t.Errorf("drbot %s: exit code %d, %q", strings.Join(args, " "), code, errs)
		}
	}
}

func TestCheckFindsWhatWouldNotWork(t *testing.T) {
	dir := t.TempDir()
	runbook, err := os.ReadFile(filepath.Join("..", "..", "examples", "harmless", "RUNBOOK.md"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "RUNBOOK.md"), string(runbook))
	check := func(config string) (int, string) {
		code, out, errs := drbot(t, map[string]string{"SLACK_BOT_TOKEN": "xoxb-1"}, "check", "--offline", "--config", writeFile(t, filepath.Join(dir, "drbot.yaml"), config))
		return code, out + errs
	}
	alone := strings.Replace(goodConfig, "[responder, operator]", "[responder, operator, approver]", 1)
	alone = alone[:strings.Index(alone, "  - {name: Bea")]
	for name, c := range map[string]struct{ config, want string }{
		"nobody but the requester": {alone, "Nobody but the requester can approve what Ana Ruiz asks for"},
		"nobody approves":          {strings.Replace(goodConfig, "approver, ", "", 1), "Nobody may approve."},
		"nobody runs":              {strings.Replace(goodConfig, ", operator", "", 1), "Nobody may plan and run recoveries."},
		"no such runbook":          {strings.Replace(goodConfig, "RUNBOOK.md", "OTHER.md", 1), "The runbook cannot be read"},
		"an unreadable secret":     {goodConfig + "secrets: {pg: {env: PG}}\n", "The secret pg cannot be read"},
	} {
		if code, said := check(c.config); code != exitFailed || !strings.Contains(said, c.want) {
			t.Errorf("%s: exit code %d\n%s", name, code, said)
		}
	}
	lockPath := filepath.Join(dir, "RUNBOOK.lock.yaml")
	if code, said := check(goodConfig); code != exitDone || !strings.Contains(said, "drbot can serve") || !strings.Contains(said, "⚠ There is no "+lockPath) ||
		!strings.Contains(said, "`drbot runbook compile "+filepath.Join(dir, "RUNBOOK.md")+"` writes it") {
		t.Errorf("no lock: exit code %d\n%s", code, said)
	}
	lock, err := os.ReadFile(filepath.Join("..", "..", "examples", "harmless", "RUNBOOK.lock.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, lockPath, string(lock))
	if code, said := check(goodConfig); code != exitDone || !strings.Contains(said, "⚠ Runbook") || !strings.Contains(said, "lock entries wait for an approver; nothing runs before that.") ||
		strings.Contains(said, "There is no "+lockPath) || strings.Contains(said, "A careful reader") {
		t.Errorf("a good configuration: exit code %d\n%s", code, said)
	}
	writeFile(t, lockPath, strings.Replace(string(lock), "    risk: destructive\n", "    risk: destructive\n    decide: [where it runs]\n", 1))
	if code, said := check(goodConfig); code != exitDone || !strings.Contains(said, "⚠ 1 step does not run before the lock's open questions are answered.") || !strings.Contains(said, "`drbot runbook decide ") {
		t.Errorf("an open question: exit code %d\n%s", code, said)
	}
	writeFile(t, filepath.Join(dir, "RUNBOOK.lock.yaml"), "format: 1\nsteps: [\n")
	if code, said := check(goodConfig); code != exitFailed || !strings.Contains(said, "The lock is not used") {
		t.Errorf("a damaged lock: exit code %d\n%s", code, said)
	}
	writeFile(t, filepath.Join(dir, "RUNBOOK.md"), "# Nothing here\n")
	if code, said := check(goodConfig); code != exitFailed || !strings.Contains(said, "no procedure; expected a heading") {
		t.Errorf("a runbook without procedures: exit code %d\n%s", code, said)
	}
}

func TestACompileErrorNamesItsFile(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "EMPTY.md"), "# Nothing here\n")
	for _, verb := range []string{"show", "lint", "compile", "decide"} {
		if code, _, errs := drbot(t, nil, "runbook", verb, path); code != exitFailed || !strings.Contains(errs, path+":1:") {
			t.Errorf("runbook %s: exit %d: %s", verb, code, errs)
		}
	}
}
