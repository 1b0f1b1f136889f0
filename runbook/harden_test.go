package runbook

import (
	"strings"
	"testing"
)

// TestHardeningOffersTheExactLine: each tool that hides its failure gets the line that does not; the line itself is content.
func TestHardeningOffersTheExactLine(t *testing.T) {
	for line, want := range map[string]string{
		"psql -c 'SELECT 1'": "psql -v ON_ERROR_STOP=1 -X -c 'SELECT 1'", "sudo -u postgres psql -f x.sql": "sudo -u postgres psql -v ON_ERROR_STOP=1 -X -f x.sql", "psql -X -v ON_ERROR_STOP=1 -c 'SELECT 1'": "",
		"pg_restore -d x y.dump": "pg_restore --exit-on-error -d x y.dump", "pg_restore -f /dev/null y.dump": "", "redis-cli -h x DBSIZE": "redis-cli -e -h x DBSIZE", "redis-cli -e DBSIZE": "",
		"curl http://x/health": "curl -fsS --max-time 10 http://x/health", "curl -fsS http://x": "curl --max-time 10 -fsS http://x", "curl -fsS --max-time 5 http://x": "", "curl http://a.example.com/h": "curl -fsS --max-time 10 http://a.example.com/h",
		"sqlite3 f.db \"PRAGMA integrity_check\"": "sqlite3 \"file:f.db?mode=ro\" \"PRAGMA integrity_check\"", "sqlite3 \"file:f.db?mode=ro\" 'SELECT 1'": "", "kubectl scale deploy/x --replicas=0": "kubectl --context \"${CONTEXT}\" -n \"${NAMESPACE}\" scale deploy/x --replicas=0",
		"ssh db1 uptime": "ssh -o BatchMode=yes -o ConnectTimeout=10 db1 uptime", "terraform apply p": "terraform apply p -input=false", "apt-get install x": "apt-get -y install x",
		"docker exec -t x y": "docker exec without -t", "curl -fsS --max-time 5 <url> && psql -c 'SELECT 1' <db>": "psql -v ON_ERROR_STOP=1 -X -c 'SELECT 1' <db>",
	} {
		got := hardened(t, line)
		if got != want {
			t.Errorf("%s\n got %q\nwant %q", line, got, want)
		}
		if got != "" && !strings.Contains(got, "without") && hardened(t, got) != "" {
			t.Errorf("%s is not content with its own line: %s", got, hardened(t, got))
		}
	}
}

func hardened(t *testing.T, line string) string {
	t.Helper()
	rb := parse(t, "## Procedure 1: P\n\n1. **Do**\n   ```bash\n   "+line+"\n   ```\n")
	fix := ""
	for _, f := range Lint(rb, Env{}) {
		if f.Rule == "harden" {
			if f.Line != 5 {
				t.Errorf("%s: line %d", line, f.Line)
			}
			fix += f.Fix
		}
	}
	return fix
}

// TestDriftAsksWhereDrbotRuns: files and programs that a fence names and that are not there.
func TestDriftAsksWhereDrbotRuns(t *testing.T) {
	rb := parse(t, "## Procedure 1: P\n\n1. **Do**\n   ```bash\n   cd x && ./bin/tool.sh\n   orders-ctl stop\n   f() { ls; }; f\n   if ! pg_isready; then exit 1; fi\n   orders-ctl start\n   ```\n")
	var got []string
	for _, f := range Lint(rb, Env{Exists: func(p string) bool { return false }, Binary: func(p string) bool { return p == "ls" }}) {
		if f.Rule == "drift" {
			got = append(got, f.Message)
		}
	}
	if s := strings.Join(got, "; "); s != "bin/tool.sh does not exist here; orders-ctl is not installed here; pg_isready is not installed here" && s != "./bin/tool.sh does not exist here; orders-ctl is not installed here; pg_isready is not installed here" {
		t.Error(s)
	}
}
