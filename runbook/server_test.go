package runbook

import (
	"strings"
	"testing"
)

const serverLock = `format: 1
targets:
  db: {dir: ., server: {kind: postgres, host: 127.0.0.1, secret: pg}}
  cache: {dir: ., server: {kind: redis, host: /run/redis/redis.sock}}
  plain: {dir: .}
steps:
`

func lockWith(entry string) error {
	_, err := ReadLock([]byte(serverLock + entry))
	return err
}

func entryOf(interpreter, target, run string) string {
	return "  - {id: p1.s1, procedure: p1, source_sha256: " + digest([]byte(run)) + ", run: \"" + run + "\", sha256: " + digest([]byte(run)) +
		", interpreter: " + interpreter + ", target: " + target + ", risk: read}\n"
}

func TestInterpretersNeedTheirServer(t *testing.T) {
	for entry, want := range map[string]string{
		entryOf("sql", "db", "SELECT 1"): "", entryOf("redis", "cache", "DBSIZE"): "", entryOf("http", "plain", "GET http://db/"): "", entryOf("bash", "db", "true"): "",
		entryOf("sql", "cache", "SELECT 1"): "target cache has no postgres server", entryOf("redis", "plain", "DBSIZE"): "target plain has no redis server",
		entryOf("perl", "plain", "1"): `interpreter is "perl"`,
	} {
		if err := lockWith(entry); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", entry, err)
		}
	}
}

func TestServersAreChecked(t *testing.T) {
	for server, want := range map[string]string{
		"{kind: mysql, host: db}": `kind "mysql"`, "{kind: postgres}": `host ""`, "{kind: postgres, host: a b}": "host", "{kind: postgres, host: \"db,evil\"}": "host",
		"{kind: postgres, host: db=1}": "host", "{kind: postgres, host: /run/../etc}": "host", "{kind: postgres, host: db, port: 70000}": "port 70000",
		"{kind: postgres, host: db, database: \"a b\"}": "database", "{kind: postgres, host: db, user: \"a'b\"}": "user", "{kind: postgres, host: db, secret: \"a/b\"}": "secret",
		"{kind: postgres, host: db, tls: maybe}": "tls", "{kind: redis, host: db, database: two}": "Redis numbers them", "{kind: redis, host: db, database: \"3\", tls: /etc/ca.pem}": "",
		"{kind: postgres, host: db, password: hunter2}": "password",
	} {
		_, err := ReadLock([]byte("format: 1\ntargets:\n  x: {dir: ., server: " + server + "}\nsteps: []\n"))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", server, err)
		}
	}
}

// TestI45_RedisRisk: what is not known to read destroys.
func TestI45_RedisRisk(t *testing.T) {
	for text, want := range map[string]Risk{
		"DBSIZE\n# a remark\nGET heartbeat\nCONFIG GET dir": Read, "scan 0 MATCH session:* COUNT 100": Read, "BGSAVE": Change, "CONFIG REWRITE": Change, "SET a b": Destructive,
		"GET a\nFLUSHALL": Destructive, "CONFIG SET dir /": Destructive, "EVAL 'return 1' 0": Destructive, "NOSUCH": Destructive, "GET $x": Destructive, "GET 'open": Destructive, "": Read,
		"DEBUG SLEEP 1": Destructive, "SHUTDOWN": Destructive, "GET x; FLUSHALL": Destructive, "GET x && FLUSHALL": Destructive, "SORT a STORE b": Destructive,
	} {
		if got := InferRisk(Redis, text); got.Risk != want {
			t.Errorf("%q: %s %v, expected %s", text, got.Risk, got.Why, want)
		}
	}
	for text, want := range map[string]Risk{
		"\\connect aragora\nSELECT 1": Read, "\\connect :\"NAME\"\nSELECT 1;": Read, "\\connect aragora -h evil\nSELECT 1": Destructive, "\\! id": Destructive, "SELECT 1;\n\\connect x\nDROP TABLE y": Destructive,
		"SELECT '\n\\connect x\n'; DROP TABLE y": Destructive,
	} {
		if got := InferRisk(SQL, text); got.Risk != want {
			t.Errorf("%q: %s %v, expected %s", text, got.Risk, got.Why, want)
		}
	}
}

func TestWords(t *testing.T) {
	got, err := Words("SET \"a b\" 'c\"d' e\\ f :NAME \":NAME\" \":NAME\"x \"\\$x\\\\\" k:* \"\" # not this\n\n\tGET  é\n")
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	want := []Word{{Text: "SET"}, {Text: "a b"}, {Text: `c"d`}, {Text: "e f"}, {Text: "NAME", Parameter: true}, {Text: ":NAME"}, {Text: ":NAMEx"}, {Text: `$x\`}, {Text: "k:*"}, {Text: ""}}
	for k, w := range want {
		if got[0][k] != w {
			t.Errorf("word %d is %+v, expected %+v", k, got[0][k], w)
		}
	}
	for _, text := range []string{"GET $(id)", "GET \"`id`\"", "GET <(id)", "GET {a,b} | x", "GET x &", "! GET x", "A=1", "(GET x)", "GET x\\", "if true; then", ":NAME", "'' x", "f() { x; }"} {
		if words, err := Words(text); err == nil {
			t.Errorf("%q was read as %+v", text, words)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, text := range []string{"SET a b", "GET 'a b' \"c\" :D # e", "\\", "$", "a\x00b", "GET <<x\nx"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		commands, err := Words(text)
		if err != nil {
			return
		}
		if len(commands) > strings.Count(text, "\n")+1 {
			t.Fatalf("%q holds %d commands", text, len(commands))
		}
		for _, words := range commands {
			for _, w := range words {
				if len(w.Text) > len(text) || w.Parameter && !strings.Contains(text, ":"+w.Text) {
					t.Fatalf("%q: %+v", text, w)
				}
			}
		}
	})
}

func TestBashFindsItsTargetsServer(t *testing.T) {
	on := &Target{Server: &Server{Kind: "postgres", Host: "db1"}}
	e := &Entry{ID: "p1.s1", Interpreter: Bash, Run: `psql -h "$PGHOST" -p "$PGPORT" -d "$PGDATABASE"`, On: on}
	if why := e.Blocked(); why != "" {
		t.Error(why)
	}
	if e.On = nil; !strings.Contains(e.Blocked(), "reads $PG") {
		t.Errorf("%q", e.Blocked())
	}
	if e.On, e.Run = on, `redis-cli -h "$REDIS_HOST"`; !strings.Contains(e.Blocked(), "$REDIS_HOST") {
		t.Errorf("%q", e.Blocked())
	}
}
