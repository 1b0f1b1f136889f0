package attempt

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

// sqliteJob works on one database "db" in a fresh directory, made by the sqlite3
// program that is the judge of these tests, or by drbot itself where there is none.
func sqliteJob(t testing.TB, attempt, script string, write bool) Job {
	t.Helper()
	dir := t.TempDir()
	return Job{Attempt: attempt, Interpreter: SQLite, Script: []byte(script), SHA256: incident.Digest([]byte(script)), Dir: dir,
		Databases: []Database{{Name: "db", File: "it's #1 ?.db", Write: write}}}
}

// seed makes the job's database from SQL.
func seed(t testing.TB, j Job, sql string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(j.Dir, j.Databases[0].File), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := j
	w.Attempt = j.Attempt + "seed"
	w.Script, w.SHA256 = []byte(sql), incident.Digest([]byte(sql))
	w.Databases = []Database{{Name: "db", File: j.Databases[0].File, Write: true}}
	if runs, r := run(t, w, nil); r.Outcome != Succeeded {
		t.Fatalf("seed: %+v\n%s", r, outputOf(t, runs, w.Attempt))
	}
}

const users = `CREATE TABLE db.users(id INTEGER PRIMARY KEY, name TEXT, seen DATE, raw BLOB, ok BOOLEAN);
INSERT INTO users VALUES (1, 'ana', '2026-01-13', x'00ff', 1), (2, NULL, NULL, NULL, 0), (3, 'tab	and
line \', '', '', 1.5);
CREATE TRIGGER db.t AFTER INSERT ON users BEGIN DELETE FROM users WHERE id=99; SELECT 1; END;`

func TestSQLitePrintsTables(t *testing.T) {
	j := sqliteJob(t, "s1", "-- all; of them\nSELECT * FROM users ORDER BY id; SELECT ';' AS \"a;b\", count(*) FROM users WHERE id > :MIN", false)
	seed(t, j, users)
	j.Env = []Var{{Name: "MIN", Value: "1"}}
	runs, r := run(t, j, nil)
	want := "id\tname\tseen\traw\tok\n1\tana\t2026-01-13\tX'00ff'\t1\n2\t\\N\t\\N\t\\N\t0\n3\ttab\\tand\\nline \\\\\t\t\t1.5\n\na;b\tcount(*)\n;\t2\n"
	if got := outputOf(t, runs, "s1"); got != want || r.Outcome != Succeeded {
		t.Fatalf("%q\n%q\n%+v", got, want, r)
	}
	if _, err := exec.LookPath("sqlite3"); err == nil {
		out, err := exec.Command("sqlite3", filepath.Join(j.Dir, j.Databases[0].File), "PRAGMA integrity_check").CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "ok" {
			t.Fatalf("sqlite3 says %s %v", out, err)
		}
	}
}

func TestI32_ASQLErrorFails(t *testing.T) {
	j := sqliteJob(t, "s1", "INSERT INTO users(id) VALUES (7); SELECT * FROM nowhere; SELECT 'not reached'", true)
	seed(t, j, users)
	runs, r := run(t, j, nil)
	got := outputOf(t, runs, "s1")
	if r.Outcome != Failed || r.Exit != 1 || !strings.Contains(got, "error: statement 2: no such table: nowhere") || strings.Contains(got, "not reached") {
		t.Fatalf("%q %+v", got, r)
	}

	j.Attempt, j.KeepGoing = "s2", true
	j.Databases = append(j.Databases, Database{Name: "gone", File: "gone.db"})
	runs, r = run(t, j, nil)
	got = outputOf(t, runs, "s2")
	if r.Exit != 1 || !strings.Contains(got, "error: open gone.db: ") || !strings.Contains(got, "error: statement 2: ") || !strings.Contains(got, "\nnot reached\n") {
		t.Fatalf("%q %+v", got, r)
	}
	if _, err := os.Stat(filepath.Join(j.Dir, "gone.db")); !os.IsNotExist(err) {
		t.Fatal("a missing database was made")
	}
}

func TestReadOnlySQLiteWritesNowhere(t *testing.T) {
	for name, script := range map[string]string{
		"insert": "INSERT INTO users(id) VALUES (9)",
		"attach": "ATTACH 'other.db' AS other; CREATE TABLE other.t(x)",
		"vacuum": "VACUUM db INTO 'other.db'",
		"pragma": "PRAGMA db.user_version=5; PRAGMA writable_schema=ON; DELETE FROM db.sqlite_schema",
	} {
		t.Run(name, func(t *testing.T) {
			j := sqliteJob(t, "s1", script, false)
			seed(t, j, users)
			path := filepath.Join(j.Dir, j.Databases[0].File)
			before, _ := os.ReadFile(path)
			runs, r := run(t, j, nil)
			after, _ := os.ReadFile(path)
			if r.Outcome != Failed || string(before) != string(after) {
				t.Fatalf("%+v %s", r, outputOf(t, runs, "s1"))
			}
			if files, _ := os.ReadDir(j.Dir); len(files) != 1 {
				t.Fatalf("made a file: %v", files)
			}
		})
	}
}
