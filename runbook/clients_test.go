package runbook

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/integrations/postgres/pgtest"
)

// byClient runs a fence's text as the compiler rewrites it, once for each hostile value that is not refused, with real bash, and compares what the
// client brought back: the value arrived as one argument and nothing else happened.
func byClient(t *testing.T, fence string, environ func(*exec.Cmd)) {
	t.Helper()
	r, err := fill(fence)
	must(t, err)
	if len(r.parameters) != 1 {
		t.Fatalf("%+v", r)
	}
	e := &Entry{ID: "p1.s1", Parameters: []Parameter{{Name: r.parameters[0].Name, Type: TypeText}}} // the widest type
	sent := 0
	for _, v := range hostile {
		b, err := Bind(e, map[string]string{e.Parameters[0].Name: v})
		if err != nil {
			continue
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", r.text)
		environ(cmd)
		cmd.Env = append(cmd.Env, b.Env...)
		out, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSuffix(string(out), "\n") != v {
			t.Errorf("%q -> %q with %q: %q %v", fence, r.text, v, out, err)
		}
		sent++
	}
	if sent < 20 {
		t.Errorf("only %d values were tried", sent)
	}
}

// TestI34_I37_HostileValuesThroughPsql: as a variable of psql, quoted by psql.
func TestI34_I37_HostileValuesThroughPsql(t *testing.T) {
	s := pgtest.Start(t)
	byClient(t, "psql -X -v ON_ERROR_STOP=1 -qAt -v v=<thing> <<'EOF'\nSELECT :'v';\nEOF\n", func(cmd *exec.Cmd) {
		own := s.Command(t, "psql")
		cmd.Env, cmd.Dir, cmd.SysProcAttr = append(own.Env, "PATH="+filepath.Dir(own.Path)+":/usr/bin:/bin"), own.Dir, own.SysProcAttr
	})
}

// TestI34_I37_HostileValuesThroughRedisCLI: as one argument of redis-cli.
func TestI34_I37_HostileValuesThroughRedisCLI(t *testing.T) {
	server, err := exec.LookPath("redis-server")
	if err != nil {
		pgtest.Missing(t, "redis-server")
	}
	if _, err := exec.LookPath("redis-cli"); err != nil {
		pgtest.Missing(t, "redis-cli")
	}
	socket := filepath.Join(pgtest.Folder(t), "s")
	cmd := exec.Command(server, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", t.TempDir())
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it holds nothing
		_ = cmd.Wait()
	})
	deadline := time.Now().Add(30 * time.Second)
	for exec.Command("redis-cli", "-e", "-s", socket, "PING").Run() != nil {
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not answer")
		}
	}
	byClient(t, "redis-cli -e -s \"$DRBOT_OUT\" SET k <thing> > /dev/null\nredis-cli -e -s \"$DRBOT_OUT\" --raw GET k\n", func(cmd *exec.Cmd) {
		cmd.Env = []string{"PATH=/usr/bin:/bin", "DRBOT_OUT=" + socket}
	})
}
