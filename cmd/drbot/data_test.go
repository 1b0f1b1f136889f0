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

// starts runs serve until it ends by itself, or until it is ready, and gives its exit code and log.
func starts(t *testing.T, config string) (code int, log string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &untilReady{cancel: cancel}
	code = run(ctx, env{
		args: []string{"serve", "--config", config}, stdin: strings.NewReader(""), stdout: out, stderr: out,
		getenv: func(string) string { return "" }, clock: follow.Wall{},
	})
	return code, out.b.String()
}

// untilReady is a log that stops what writes it once that is ready.
type untilReady struct {
	b      bytes.Buffer
	cancel context.CancelFunc
}

func (u *untilReady) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("msg=ready")) {
		u.cancel()
	}
	return u.b.Write(p)
}

// dataConfig is a configuration with its runbook and the data directory that is named.
func dataConfig(t *testing.T, dir, data string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "..", "examples", "harmless", "RUNBOOK.md"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "RUNBOOK.md"), string(src))
	return writeFile(t, filepath.Join(dir, "drbot.yaml"), goodConfig+"listen: 127.0.0.1:0\ndata: "+data+"\n")
}

// TestTheDataDirectoryIsDrbotsAlone: contract, data: one directory, 0700.
func TestTheDataDirectoryIsDrbotsAlone(t *testing.T) {
	dir := t.TempDir()
	config := dataConfig(t, dir, "./open")
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o755); err != nil { //nolint:gosec // that it is open is the point
		t.Fatal(err)
	}
	if code, out, _ := drbot(t, nil, "check", "--offline", "--config", config); code != exitFailed || !strings.Contains(out, "Other accounts may look into "+open+" (mode 0755)") {
		t.Errorf("check: exit %d\n%s", code, out)
	}
	code, log := starts(t, config)
	st, err := os.Stat(open)
	if err != nil {
		t.Fatal(err)
	}
	if code != exitDone || st.Mode().Perm() != 0o700 || !strings.Contains(log, "it is closed now") {
		t.Errorf("exit %d, mode %v\n%s", code, st.Mode(), log)
	}
	if _, log = starts(t, config); strings.Contains(log, "it is closed now") {
		t.Errorf("it is said again:\n%s", log)
	}
}

// A start that ends does not promise to go on.
func TestAStartWithoutDataSaysThatItEnds(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), "")
	code, log := starts(t, dataConfig(t, dir, "./file"))
	if code != exitConfig || !strings.Contains(log, "file is a file; drbot keeps its record in a directory") {
		t.Errorf("a file: exit %d\n%s", code, log)
	}
	code, log = starts(t, dataConfig(t, dir, "/proc/drbot"))
	if code != exitFailed || strings.Contains(log, "goes on by itself") || !strings.Contains(log, "drbot did not start; make /proc/drbot writable") {
		t.Errorf("a directory that cannot be written: exit %d\n%s", code, log)
	}
}

func TestASocketThatItsGroupCannotReach(t *testing.T) {
	dir := t.TempDir()
	config := dataConfig(t, dir, "./data")
	src, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, string(src)+"terminal: {group: nogroup}\n")
	if _, out, _ := drbot(t, nil, "check", "--offline", "--config", config); !strings.Contains(out, "Group nogroup cannot reach drbot's socket") {
		t.Error(out)
	}
}

// TestCheckKnowsTokensByTheirBeginning: T16.
func TestCheckKnowsTokensByTheirBeginning(t *testing.T) {
	config := dataConfig(t, t.TempDir(), "./data")
	for _, c := range []struct{ bot, app, want string }{
		{"xapp-1", "xoxb-1", "Swap the two."},
		{"xapp-1", "xapp-2", "SLACK_BOT_TOKEN holds an app-level token"},
		{"xoxb-1", "xoxb-2", "SLACK_APP_TOKEN holds a bot token"},
	} {
		code, out, _ := drbot(t, map[string]string{"SLACK_BOT_TOKEN": c.bot, "SLACK_APP_TOKEN": c.app}, "check", "--config", config)
		if code != exitFailed || !strings.Contains(out, c.want) || strings.Contains(out, "did not take") {
			t.Errorf("%s and %s: exit %d\n%s", c.bot, c.app, code, out)
		}
	}
	away := map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": "http://127.0.0.1:1/api/"}
	if code, out, _ := drbot(t, away, "check", "--config", config); code != exitFailed || !strings.Contains(out, "Slack cannot be reached, so the tokens are not checked") {
		t.Errorf("Slack away: exit %d\n%s", code, out)
	}
}
