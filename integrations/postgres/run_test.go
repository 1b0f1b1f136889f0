package postgres

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/postgres/pgtest"
)

// work is a text for the server.
func work(s *pgtest.Server, script string) incident.Work {
	return incident.Work{Script: script, Server: s.Server(), Password: pgtest.Password}
}

// run executes a text and gives what it printed.
func run(t testing.TB, w incident.Work) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	err := Executor{Notes: os.Stderr}.Run(ctx, w, &out)
	return out.String(), err
}

// must is run of a text that goes through.
func must(t testing.TB, w incident.Work) string {
	t.Helper()
	out, err := run(t, w)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// TestServer runs everything that needs a server on one.
func TestServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	s := pgtest.Start(t)
	s.Exec(t, "postgres", "CREATE TABLE users(id int PRIMARY KEY, name text)", "INSERT INTO users VALUES (1, 'ana'), (2, NULL), (3, E'tab\\tand\\nline \\\\')")
	for name, test := range map[string]func(*testing.T, *pgtest.Server){
		"PrintsTables": printsTables, "I32_TheFirstErrorFails": firstErrorFails, "ReadsOnly": readsOnly, "I34_Hostile": hostile,
		"I33_Environment": environment, "Identify": identifies, "AloneOrInATransaction": transactions, "CancelReachesTheServer": cancels,
		"SplitsAsPsql": splitsAsPsql, "RefusedBeforeAnythingRuns": refused, "Names": quotesNames, "GoesElsewhere": goesElsewhere,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

func printsTables(t *testing.T, s *pgtest.Server) {
	w := work(s, "-- all; of them\nSELECT * FROM users ORDER BY id; SELECT ';' AS \"a;b\", count(*), true AS bool, now() > '2020-01-01' AS later FROM users WHERE id > :MIN::int;\nSET work_mem = '8MB';SELECT")
	w.Values = map[string]string{"MIN": "1"}
	want := "id\tname\n1\tana\n2\t\\N\n3\ttab\\tand\\nline \\\\\n\na;b\tcount\tbool\tlater\n;\t2\tt\tt\n\nSET\n\nSELECT 1\n"
	if got := must(t, w); got != want {
		t.Errorf("%q\n%q", got, want)
	}
	if got := must(t, work(s, "-- nothing\n ;; /* at /* all */ */ ;")); got != "" {
		t.Errorf("%q", got)
	}
	if got := must(t, work(s, "SELECT id FROM users WHERE false")); got != "id\n" {
		t.Errorf("%q", got)
	}
}

func firstErrorFails(t *testing.T, s *pgtest.Server) {
	out, err := run(t, work(s, "CREATE TABLE kept(x int);\n\nSELECT * FROM nowhere;\nSELECT 'not reached'"))
	if code(err) != "42P01" || !strings.Contains(err.Error(), `statement 2, line 3: relation "nowhere" does not exist (SQLSTATE 42P01)`) {
		t.Errorf("%v", err)
	}
	if out != "CREATE TABLE\n" || s.Query(t, "postgres", "SELECT to_regclass('kept')::text") != "kept" {
		t.Errorf("%q", out)
	}
	if out, err := run(t, work(s, "SELECT 1/(3-g) AS x FROM generate_series(1, 5) g")); code(err) != "22012" || !strings.HasPrefix(out, "x\n") {
		t.Errorf("an error after the first row: %q %v", out, err)
	}
	w := work(s, "SELECT 1")
	w.Password = "wrong"
	if _, err := run(t, w); code(err) != "28P01" {
		t.Errorf("%v", err)
	}
	w.Server.Port = pgtest.FreePort(t)
	if _, err := run(t, w); err == nil || !strings.Contains(err.Error(), "connect to postgres at 127.0.0.1 port") || !strings.HasSuffix(err.Error(), ": connect: connection refused") {
		t.Errorf("%v", err)
	}
}

// readsOnly holds that the server refuses, whatever a text that looks like a reading tries.
func readsOnly(t *testing.T, s *pgtest.Server) {
	s.Exec(t, "postgres", "CREATE FUNCTION sly() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO users VALUES (99); RETURN 1; END $$",
		"CREATE FUNCTION slyer() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO users VALUES (99); RETURN 1; END $$")
	for _, script := range []string{
		"SELECT sly()", "SELECT slyer()", "SELECT set_config('transaction_read_only', 'off', false); SELECT sly()", "SELECT set_config('default_transaction_read_only', 'off', false); COMMIT; SELECT sly()",
		"SET TRANSACTION READ WRITE; SELECT sly()", "COMMIT; SELECT sly()", "COMMIT AND CHAIN; SELECT sly()", "ROLLBACK; BEGIN; SELECT sly()", "END; SELECT sly()",
		"INSERT INTO users VALUES (98)", "WITH x AS (INSERT INTO users VALUES (97) RETURNING 1) SELECT * FROM x", "EXPLAIN ANALYZE INSERT INTO users VALUES (96)",
		"COPY users TO PROGRAM 'cat > /tmp/x'", "COPY users TO '/tmp/x'", "DO $$ BEGIN PERFORM sly(); END $$", "SELECT 1 INTO made",
		"PREPARE TRANSACTION 'x'", "SELECT pg_terminate_backend(1)",
	} {
		w := work(s, script)
		w.ReadOnly = true
		if out, err := run(t, w); err == nil {
			t.Errorf("%s: went through: %q", script, out)
		}
	}
	if n := s.Query(t, "postgres", "SELECT count(*)::text FROM users"); n != "3" {
		t.Errorf("%s rows", n)
	}
	w := work(s, "SELECT count(*) AS n FROM users; SHOW transaction_read_only; SHOW transaction_isolation")
	w.ReadOnly = true
	if got := must(t, w); got != "n\n3\n\ntransaction_read_only\non\n\ntransaction_isolation\nrepeatable read\n" {
		t.Errorf("%q", got)
	}
}

// corpus is what people and attackers type where a value is asked (I34).
var corpus = []string{
	"plain", "o'neil", `"quoted"`, `back\slash`, `\'; DROP TABLE users; --`, "'; DROP TABLE users; --", "$$; DROP TABLE users; $$", "$1", ":NAME", ":'NAME'", "%s%n", "`id`", "$(id)", "${HOME}",
	"-c", "--help", "a\nb", "a\r\nb", "a\tb", "\u202eevil", "\u0000"[:0] + " ", "*", "?", "[a-z]", "~", "#", "E'\\x41'", "NULL", `\N`, "é", "😀", "\xef\xbb\xbf", strings.Repeat("x", 3000), "/* */", "--", ";",
}

func hostile(t *testing.T, s *pgtest.Server) {
	for _, v := range corpus {
		w := work(s, "SELECT :V AS v, octet_length(:'V') AS n, encode(convert_to(:V, 'UTF8'), 'hex') AS hex")
		w.Values = map[string]string{"V": v}
		lines := strings.Split(must(t, w), "\n")
		if len(lines) != 3 || lines[1] != cellEscapes.Replace(v)+"\t"+itoa(len(v))+"\t"+hexOf(v) {
			t.Errorf("%q came as %q", v, lines[1])
		}
	}
	w := work(s, "SELECT :V")
	w.Values = map[string]string{"V": "a\x00b"}
	if _, err := run(t, w); err == nil {
		t.Error("a NUL went through")
	}
	w.Values["V"] = "\xff\xfe"
	if _, err := run(t, w); code(err) != "22021" {
		t.Errorf("bytes that are no UTF-8: %v", err)
	}
	if n := s.Query(t, "postgres", "SELECT count(*)::text FROM users"); n != "3" {
		t.Errorf("%s rows", n)
	}
}

// quotesNames holds that a value that stands for a name is that name.
func quotesNames(t *testing.T, s *pgtest.Server) {
	for _, v := range corpus {
		if len(v) > maxIdentifier {
			continue
		}
		w := work(s, `CREATE DATABASE :"NAME"; SELECT datname FROM pg_database WHERE datname = :NAME; ALTER DATABASE :"NAME" RENAME TO passing; DROP DATABASE passing`)
		w.Values, w.Identifiers = map[string]string{"NAME": v}, []string{"NAME"}
		if got := must(t, w); !strings.Contains(got, "datname\n"+cellEscapes.Replace(v)+"\n") {
			t.Errorf("%q: %q", v, got)
		}
	}
	w := work(s, `SELECT * FROM :"NAME"`)
	w.Values = map[string]string{"NAME": "users"}
	if _, err := run(t, w); err == nil || !strings.Contains(err.Error(), "its type is not db_identifier") {
		t.Errorf("%v", err)
	}
	w.Identifiers, w.Values["NAME"] = []string{"NAME"}, strings.Repeat("x", 64)
	if _, err := run(t, w); err == nil || !strings.Contains(err.Error(), "64 bytes") {
		t.Errorf("%v", err)
	}
}

// goesElsewhere holds that \connect reaches another database, and that a step that reads still only reads there.
func goesElsewhere(t *testing.T, s *pgtest.Server) {
	s.Exec(t, "postgres", "CREATE DATABASE side")
	s.Exec(t, "side", "CREATE TABLE t(x int)", "CREATE FUNCTION sly() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (99); RETURN 1; END $$")
	w := work(s, "SELECT current_database() AS here;\n-- there\n\\connect :\"NAME\"\nSELECT current_database() AS here;\n\\connect postgres\nSELECT current_database() AS here")
	w.Values, w.Identifiers, w.ReadOnly = map[string]string{"NAME": "side"}, []string{"NAME"}, true
	if got := must(t, w); got != "here\npostgres\n\nhere\nside\n\nhere\npostgres\n" {
		t.Errorf("%q", got)
	}
	w.Script = "\\connect side\nSELECT sly()"
	if _, err := run(t, w); code(err) != "25006" {
		t.Errorf("%v", err)
	}
	w.Script, w.ReadOnly = "BEGIN; SELECT 1;\n\\connect side\nSELECT 1", false
	if _, err := run(t, w); err == nil || !strings.Contains(err.Error(), "leaves a transaction open") {
		t.Errorf("%v", err)
	}
	w.Script = "\\connect nowhere\nSELECT 1"
	if _, err := run(t, w); code(err) != "3D000" {
		t.Errorf("%v", err)
	}
}

// environment holds that nothing around the process decides where it connects or what it runs (I33).
func environment(t *testing.T, s *pgtest.Server) {
	home := t.TempDir()
	for name, text := range map[string]string{".pgpass": "*:*:*:*:evil", ".pg_service.conf": "[evil]\nhost=evil", ".psqlrc": "\\! touch /tmp/evil"} {
		if err := os.WriteFile(home+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("PGHOST", "evil.invalid")
	t.Setenv("PGPORT", "1")
	t.Setenv("PGUSER", "evil")
	t.Setenv("PGDATABASE", "evil")
	t.Setenv("PGAPPNAME", "evil")
	t.Setenv("PGTZ", "Asia/Tokyo")
	t.Setenv("PGSSLMODE", "verify-full")
	want := "current_user\tcurrent_database\tcurrent_setting\tcurrent_setting\npostgres\tpostgres\tdrbot\tUTC\n"
	if got := must(t, work(s, "SELECT current_user, current_database(), current_setting('application_name'), current_setting('TimeZone')")); got != want {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGOPTIONS"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, home+"/.pg_service.conf")
			if _, err := run(t, work(s, "SELECT 1")); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
		})
	}
	w := work(s, "SELECT 1")
	w.Password = ""
	if _, err := run(t, w); code(err) == "" && err == nil {
		t.Error("a password file was read")
	}
}

func identifies(t *testing.T, s *pgtest.Server) {
	lines, err := Executor{}.Identify(context.Background(), work(s, ""))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range lines {
		got[v.Name] = v.Value
	}
	control := s.Run(t, "pg_controldata", s.Data())
	if !strings.Contains(control, got["system identifier"]+"\n") || len(got["system identifier"]) < 10 {
		t.Errorf("%v\n%s", got, control)
	}
	if got["server"] != "127.0.0.1" || got["database"] != "postgres" || got["in recovery"] != "no" || got["server version"] == "" || got["port"] == "" {
		t.Errorf("%v", got)
	}
}

// transactions holds that statements which must be alone are, that BEGIN … COMMIT is one transaction, and that nothing is left open.
func transactions(t *testing.T, s *pgtest.Server) {
	must(t, work(s, `CREATE DATABASE one; CREATE DATABASE two; BEGIN; ALTER DATABASE one RENAME TO broken; ALTER DATABASE two RENAME TO one; COMMIT; VACUUM users`))
	if got := s.Query(t, "postgres", "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname IN ('one', 'two', 'broken')"); got != "broken one" {
		t.Errorf("%q", got)
	}
	if _, err := run(t, work(s, `BEGIN; ALTER DATABASE one RENAME TO two; ALTER DATABASE broken RENAME TO postgres; COMMIT`)); code(err) == "" {
		t.Errorf("%v", err)
	}
	if got := s.Query(t, "postgres", "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname IN ('one', 'two', 'broken')"); got != "broken one" {
		t.Errorf("half a swap stayed: %q", got)
	}
	if _, err := run(t, work(s, "BEGIN; DELETE FROM users")); err == nil || !strings.Contains(err.Error(), "leaves a transaction open") {
		t.Errorf("%v", err)
	}
	if n := s.Query(t, "postgres", "SELECT count(*)::text FROM users"); n != "3" {
		t.Errorf("%s rows", n)
	}
}

// cancels holds that the end of a step is the end of its statement in the server.
func cancels(t *testing.T, s *pgtest.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Executor{}.Run(ctx, work(s, "SELECT pg_sleep(600)"), &bytes.Buffer{}) }()
	busy := func() string {
		return s.Query(t, "postgres", "SELECT count(*)::text FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'")
	}
	until(t, func() bool { return busy() == "1" })
	cancel()
	if err := <-ended; err == nil {
		t.Error("went through")
	}
	until(t, func() bool { return busy() == "0" })
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	limit, tick := time.NewTimer(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for !holds() {
		select {
		case <-limit.C:
			t.Fatal("never")
		case <-tick.C:
		}
	}
}

func refused(t *testing.T, s *pgtest.Server) {
	for script, want := range map[string]string{
		"SELECT 1; \\connect postgres":               "alone on its line",
		"SELECT 1\n\\connect postgres\n":             "between two statements",
		"SELECT 1;\n\\connect postgres evil":         "expected \\connect name",
		"SELECT 1;\n\\connect :\"GONE\"":             "has no value",
		"SELECT 1;\n\\connect service=evil":          "expected \\connect name",
		"SELECT 1; \\! id":                           "is a command of psql",
		"SELECT 1;\nSELECT :GONE":                    "statement 2, line 2: parameter :GONE has no value",
		"SELECT 1; SELECT 'open":                     "does not end",
		"SELECT 1; SELECT $$open":                    "does not end",
		"SELECT 1; /* open":                          "does not end",
		"SELECT 1; SELECT (2;":                       "ends within a statement",
		"SELECT 1; SELECT E'a'\n  'b\\'; c'":         "goes on in another line",
		"SELECT 1; SELECT E'a' -- x\n 'b\\'; c'":     "goes on in another line",
		"SELECT 1; SELECT $1":                        "parameters are written :NAME",
		"SELECT 1; COPY users FROM STDIN":            "COPY through the client",
		"SELECT 1; COPY users (id, name) to stdout;": "COPY through the client",
	} {
		out, err := run(t, work(s, script))
		if err == nil || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("%s: %q %v", script, out, err)
		}
	}
}
