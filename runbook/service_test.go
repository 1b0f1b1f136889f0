package runbook

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// The examples' procedures are tried text by text, with real bash and real SQLite files; the runner's own tests try how it is run.

const demoRunbook = "../examples/demo/DISASTER_RECOVERY.md"

// service is a folder as the demo's runbook describes it.
type service struct {
	t        *testing.T
	dir      string
	data     string            // the folder of the live files
	tables   map[string]string // aragora_<file>.db -> its table
	rb       *Runbook
	produced map[string]string
}

func openService(t *testing.T) *service {
	t.Helper()
	s := serviceOf(t, demoRunbook, "data", map[string]string{"users": "users", "debates": "debates"})
	s.write("desired", "up\n")
	return s
}

func serviceOf(t *testing.T, runbook, data string, tables map[string]string) *service {
	t.Helper()
	rb, err := Load(runbook, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, dir: t.TempDir(), data: data, tables: tables, rb: rb, produced: map[string]string{}}
	for _, d := range []string{data, "backups", "bin"} {
		must(t, os.Mkdir(filepath.Join(s.dir, d), 0o755))
	}
	s.write("bin/servicectl", "#!/bin/bash\nset -eu\ncd \"$(dirname \"$0\")/..\"\ncase $1 in\nstart) echo up > desired ;;\nstop) echo down > desired ;;\n"+
		"status) if [ \"$(cat desired)\" = up ]; then echo active; else echo inactive; exit 3; fi ;;\nesac\n")
	must(t, os.Chmod(filepath.Join(s.dir, "bin/servicectl"), 0o755))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *service) path(name string) string { return filepath.Join(s.dir, name) }

func (s *service) write(name, text string) {
	s.t.Helper()
	must(s.t, os.WriteFile(s.path(name), []byte(text), 0o644))
}

func (s *service) open(file string) *sql.DB {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path(file)+"?_pragma=journal_mode(wal)&_pragma=wal_autocheckpoint(0)")
	must(s.t, err)
	db.SetMaxOpenConns(1)
	return db
}

// fill writes n rows of each kind, one a second from start.
func (s *service) fill(n int, start time.Time) {
	for file, table := range s.tables {
		db := s.open(s.data + "/aragora_" + file + ".db")
		_, err := db.Exec("CREATE TABLE IF NOT EXISTS " + table + " (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL)")
		must(s.t, err)
		tx, err := db.Begin()
		must(s.t, err)
		for i := range n {
			_, err = tx.Exec("INSERT INTO "+table+" (name, created_at) VALUES (?, ?)", fmt.Sprintf("%s %d", table, i), start.Add(time.Duration(i)*time.Second).Format("2006-01-02T15:04:05Z"))
			must(s.t, err)
		}
		must(s.t, tx.Commit())
		must(s.t, db.Close())
	}
}

// backup writes one set as the demo does: copies by VACUUM INTO, then the manifest, then the hashes.
func (s *service) backup(at time.Time) string {
	name := at.Format("backup_20060102_150405")
	must(s.t, os.Mkdir(s.path("backups/"+name), 0o755))
	rows, newest := map[string]int{}, ""
	var sums strings.Builder
	for what, table := range s.tables {
		db := s.open(s.data + "/aragora_" + what + ".db")
		file := "backups/" + name + "/aragora_" + what + ".db"
		_, err := db.Exec("VACUUM INTO ?", s.path(file))
		must(s.t, err)
		var n int
		var last string
		must(s.t, db.QueryRow("SELECT count(*), max(created_at) FROM "+table).Scan(&n, &last))
		rows[what], newest = n, max(newest, last)
		must(s.t, db.Close())
		fmt.Fprintf(&sums, "%s  aragora_%s.db\n", s.sum(file), what)
	}
	manifest := fmt.Sprintf("taken_at=%s\nnewest_row=%s\n", at.Format(time.RFC3339), newest)
	for what := range s.tables {
		manifest += fmt.Sprintf("rows.%s=%d\n", what, rows[what])
	}
	s.write("backups/"+name+"/MANIFEST", manifest)
	fmt.Fprintf(&sums, "%s  MANIFEST\n", s.sum("backups/"+name+"/MANIFEST"))
	s.write("backups/"+name+"/SHA256SUMS", sums.String())
	return name
}

func (s *service) sum(file string) string {
	b, err := os.ReadFile(s.path(file))
	must(s.t, err)
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// attack deletes and falsifies rows and leaves it all in a hot -wal, as a killed process does.
func (s *service) attack() {
	for what, table := range s.tables {
		db := s.open(s.data + "/aragora_" + what + ".db")
		_, err := db.Exec("DELETE FROM " + table + " WHERE id % 20 = 0")
		must(s.t, err)
		_, err = db.Exec("UPDATE " + table + " SET name = 'attacker' WHERE id % 2 = 0")
		must(s.t, err)
		kept := map[string][]byte{}
		for _, end := range []string{"", "-wal", "-shm"} {
			f := s.path(s.data + "/aragora_" + what + ".db" + end)
			if kept[f], err = os.ReadFile(f); err != nil {
				s.t.Fatal(err)
			}
		}
		must(s.t, db.Close())
		for f, b := range kept {
			must(s.t, os.WriteFile(f, b, 0o644))
		}
	}
}

func (s *service) snapshot() map[string]string {
	out := map[string]string{}
	names, err := os.ReadDir(s.path(s.data))
	must(s.t, err)
	for _, n := range names {
		out[n.Name()] = s.sum(s.data + "/" + n.Name())
	}
	return out
}

type ended struct {
	code int
	out  string
}

// bash runs a text of the lock as the runner does: no profile, an empty input, a bare environment.
func (s *service) bash(text string, env []string) ended {
	s.t.Helper()
	script := filepath.Join(s.t.TempDir(), "script")
	must(s.t, os.WriteFile(script, []byte(text), 0o600))
	ctx, stop := context.WithTimeout(s.t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", script)
	cmd.Dir = s.dir
	cmd.Env = append([]string{"PATH=" + s.path("stubs") + ":/usr/bin:/bin"}, env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return ended{cmd.ProcessState.ExitCode(), string(out)}
}

// sqlite runs a text of the lock as the package comment says.
func (s *service) sqlite(e *Entry, values map[string]string) ended {
	db, err := sql.Open("sqlite", ":memory:")
	must(s.t, err)
	defer func() { must(s.t, db.Close()) }()
	db.SetMaxOpenConns(1)
	var out strings.Builder
	code := 0
	note := func(err error) bool {
		if err != nil {
			fmt.Fprintf(&out, "error: %v\n", err)
			code = 1
		}
		return err == nil || e.KeepGoing
	}
	for _, d := range e.Databases {
		mode := "ro"
		if d.Write {
			mode = "rw"
		}
		_, err := db.Exec("ATTACH DATABASE ? AS "+d.Name, "file:"+s.path(d.File)+"?mode="+mode)
		if !note(err) {
			return ended{code, out.String()}
		}
	}
	for stmt := range strings.SplitSeq(e.Run, ";\n") {
		if strings.TrimSpace(stmt) == "" {
			continue
		}
		var args []any
		for k, v := range values {
			if strings.Contains(stmt, ":"+k) {
				args = append(args, sql.Named(k, v))
			}
		}
		if !note(printRows(&out, db, stmt, args)) {
			break
		}
	}
	return ended{code, out.String()}
}

func printRows(out *strings.Builder, db *sql.DB, stmt string, args []any) error {
	rows, err := db.Query(stmt, args...)
	if err != nil {
		return err
	}
	names, err := rows.Columns()
	if err != nil {
		return errors.Join(err, rows.Close())
	}
	if out.Len() > 0 {
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, names[0])
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			return errors.Join(err, rows.Close())
		}
		fmt.Fprintln(out, text.String)
	}
	return errors.Join(rows.Err(), rows.Close())
}

// run runs one entry: values resolved and bound, precheck, text, collected values. It fails the test if the expectation does not hold.
func (s *service) run(e *Entry, chosen map[string]string) ended {
	s.t.Helper()
	r, why := s.try(e, chosen)
	if why != "" {
		s.t.Fatalf("%s: %s\n%s", e.ID, why, r.out)
	}
	return r
}

func (s *service) try(e *Entry, chosen map[string]string) (ended, string) {
	s.t.Helper()
	if e.List != "" {
		e = e.WithOptions(s.options(e))
	}
	b, err := Bind(e, e.Resolve(Facts{Run: "R7", Incident: "INC-42", Produced: s.produced}, chosen))
	must(s.t, err)
	if e.Precheck != "" {
		if r := s.bash(e.Precheck, b.Env); r.code != 0 {
			return r, "precheck: " + r.out
		}
	}
	var r ended
	given := filepath.Join(s.t.TempDir(), "out")
	must(s.t, os.WriteFile(given, nil, 0o600))
	if e.Interpreter == SQLite {
		r = s.sqlite(e, b.Values)
	} else {
		r = s.bash(e.Run, append(b.Env, "DRBOT_OUT="+given))
	}
	if why := e.Expect.Check(r.code, []byte(r.out)); why != "" {
		return r, why
	}
	text, err := os.ReadFile(given)
	must(s.t, err)
	values, err := e.Collect(text)
	if err != nil {
		return r, err.Error()
	}
	for k, v := range values {
		s.produced[k] = v
	}
	return r, ""
}

func (s *service) options(e *Entry) []Option {
	s.t.Helper()
	r := s.bash(e.List, nil)
	options, err := ParseOptions([]byte(r.out))
	if err != nil || r.code != 0 {
		s.t.Fatalf("list: %d, %v\n%s", r.code, err, r.out)
	}
	return options
}

// step gives an entry by the number that people see.
func (s *service) step(number string) *Entry {
	s.t.Helper()
	_, step := s.rb.Step(number)
	if step == nil || !step.Ready {
		s.t.Fatalf("step %s is not ready: %+v", number, step)
	}
	return step.Entry
}

// serve answers the health question as the demo's service does: by reading the files.
func (s *service) serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(s.t, err)
	s.write("port", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		db, err := sql.Open("sqlite", "file:"+s.path("data/aragora_users.db")+"?mode=ro")
		var n int
		if err == nil {
			err = errors.Join(db.QueryRow("SELECT count(*) FROM users").Scan(&n), db.Close())
		}
		if err != nil {
			http.Error(w, `{"status":"degraded"}`, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, `{"status":"healthy","users":%d}`, n)
	}), ReadHeaderTimeout: time.Second}
	done := make(chan struct{})
	go func() { _ = server.Serve(l); close(done) }()
	s.t.Cleanup(func() { _ = server.Close(); <-done })
}

func (s *service) names(file, table string) (total, attacker int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path(file)+"?mode=ro")
	must(s.t, err)
	must(s.t, db.QueryRow("SELECT count(*), count(*) FILTER (WHERE name = 'attacker') FROM "+table).Scan(&total, &attacker))
	must(s.t, db.Close())
	return total, attacker
}
