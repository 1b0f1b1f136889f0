package attempt

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteName is argv[0] of the sqlite interpreter: this binary again, as the
// supervised child, so that it is killed, limited and recorded like any other.
const sqliteName = "drbot-sqlite"

// busyTimeout is how long a statement waits for another process's lock, in ms.
const busyTimeout = 5000

// sqlitePlan is what the interpreter gets on descriptor 4. Values never stand in
// argv or environment, which others could read.
type sqlitePlan struct {
	Databases []Database        `json:"databases"`
	KeepGoing bool              `json:"keep_going"`
	Values    map[string][]byte `json:"values"`
}

func (c *child) useSQLite(env []string, vars []Var) error {
	plan := sqlitePlan{Databases: c.job.Databases, KeepGoing: c.job.KeepGoing, Values: map[string][]byte{}}
	for _, v := range vars {
		plan.Values[v.Name] = []byte(v.Value)
	}
	return c.standIn(sqliteName, env, plan)
}

// sqliteMain runs the script on descriptor 3 and returns the exit code: 1 when any
// statement failed.
func sqliteMain() int {
	run, err := openSQLite()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	script, err := io.ReadAll(os.NewFile(3, "script"))
	if err == nil {
		err = run.script(string(script))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	if run.failed {
		return 1
	}
	return 0
}

// sqliteRun is one connection: an empty database in memory with the job's files
// attached. It speaks to the library itself, not through database/sql, which turns
// dates and booleans into something other than what is stored.
type sqliteRun struct {
	plan   sqlitePlan
	tls    *libc.TLS
	db     uintptr
	cell   uintptr // C memory for the two pointers that calls give back
	out    *bufio.Writer
	tables int  // printed so far
	failed bool // with KeepGoing
}

const pointer = 8 // bytes kept for one pointer, on every architecture

func openSQLite() (*sqliteRun, error) {
	run := &sqliteRun{tls: libc.NewTLS(), out: bufio.NewWriter(os.Stdout)}
	if err := json.NewDecoder(os.NewFile(4, "plan")).Decode(&run.plan); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	sqlite3.PatchIssue199()
	run.cell = libc.Xmalloc(run.tls, 2*pointer)
	name, err := libc.CString(":memory:")
	if err != nil || run.cell == 0 {
		return nil, errors.New("out of memory")
	}
	flags := int32(sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_URI)
	rc := sqlite3.Xsqlite3_open_v2(run.tls, name, run.cell, flags, 0)
	run.db = libc.AtomicLoadPUintptr(run.cell)
	if rc != sqlite3.SQLITE_OK {
		return nil, fmt.Errorf("open: %s", run.message())
	}
	sqlite3.Xsqlite3_busy_timeout(run.tls, run.db, busyTimeout)
	return run, nil
}

// script attaches the databases and executes the statements in order.
func (run *sqliteRun) script(script string) error {
	defer func() { _ = run.out.Flush() }()
	if err := run.statement("PRAGMA trusted_schema=OFF", nil); err != nil {
		return err
	}
	writes := false
	for _, d := range run.plan.Databases {
		writes = writes || d.Write
		if err := run.settle(run.attach(d)); err != nil {
			return err
		}
	}
	if !writes { // nor ATTACH nor VACUUM INTO may make or open another file
		sqlite3.Xsqlite3_limit(run.tls, run.db, sqlite3.SQLITE_LIMIT_ATTACHED, int32(len(run.plan.Databases)))
	}
	values := make(map[string]string, len(run.plan.Values))
	for name, value := range run.plan.Values {
		values[":"+name] = string(value)
	}
	for n := 1; script != ""; n++ {
		var one string
		one, script = run.split(script)
		err := run.statement(one, values)
		if err != nil {
			err = fmt.Errorf("statement %d: %w", n, err)
		}
		if err := run.settle(err); err != nil {
			return err
		}
	}
	return nil
}

// settle prints an error and goes on, if the lock says so.
func (run *sqliteRun) settle(err error) error {
	if err == nil || !run.plan.KeepGoing {
		return err
	}
	run.failed = true
	_, _ = fmt.Fprintln(run.out, "error:", err)
	return run.out.Flush()
}

// attach opens an existing file; mode=rw, unlike the default, does not make one,
// so that a typing error is not an empty and healthy database.
func (run *sqliteRun) attach(d Database) error {
	mode := "ro"
	if d.Write {
		mode = "rw"
	}
	path, err := filepath.Abs(d.File)
	if err != nil {
		return err
	}
	uri := url.URL{Scheme: "file", Path: path, RawQuery: "mode=" + mode}
	statement := `ATTACH :FILE AS "` + strings.ReplaceAll(d.Name, `"`, `""`) + `"`
	if err := run.statement(statement, map[string]string{":FILE": uri.String()}); err != nil {
		return fmt.Errorf("open %s: %w", d.File, err)
	}
	return nil
}

// split cuts the first statement off: up to the first semicolon at which SQLite
// itself calls the text complete, so that strings, comments and triggers hold theirs.
func (run *sqliteRun) split(script string) (one, rest string) {
	for from := 0; ; {
		n := strings.IndexByte(script[from:], ';')
		if n < 0 {
			return script, ""
		}
		from += n + 1
		text, err := libc.CString(script[:from])
		if err != nil {
			return script, ""
		}
		complete := sqlite3.Xsqlite3_complete(run.tls, text)
		libc.Xfree(run.tls, text)
		if complete != 0 {
			return script[:from], script[from:]
		}
	}
}

// statement prepares, binds, steps and prints one statement.
func (run *sqliteRun) statement(text string, values map[string]string) error {
	sql, err := libc.CString(text)
	if err != nil {
		return err
	}
	defer libc.Xfree(run.tls, sql)
	rc := sqlite3.Xsqlite3_prepare_v2(run.tls, run.db, sql, -1, run.cell, run.cell+pointer)
	if rc != sqlite3.SQLITE_OK {
		return errors.New(run.message())
	}
	stmt := libc.AtomicLoadPUintptr(run.cell)
	if stmt == 0 {
		return nil // white space or a comment
	}
	defer sqlite3.Xsqlite3_finalize(run.tls, stmt)
	if err := run.bind(stmt, values); err != nil {
		return err
	}
	return run.print(stmt)
}

// transient tells SQLite to copy what it is given (SQLITE_TRANSIENT).
const transient = ^uintptr(0)

func (run *sqliteRun) bind(stmt uintptr, values map[string]string) error {
	count := sqlite3.Xsqlite3_bind_parameter_count(run.tls, stmt)
	for i := int32(1); i <= count; i++ {
		name := libc.GoString(sqlite3.Xsqlite3_bind_parameter_name(run.tls, stmt, i))
		value, ok := values[name]
		if !ok {
			return fmt.Errorf("parameter %q has no value; parameters are written :NAME", name)
		}
		text, err := libc.CString(value)
		if err != nil {
			return err
		}
		rc := sqlite3.Xsqlite3_bind_text(run.tls, stmt, i, text, int32(len(value)), transient)
		libc.Xfree(run.tls, text)
		if rc != sqlite3.SQLITE_OK {
			return errors.New(run.message())
		}
	}
	return nil
}

// print steps through the rows: a line of names, then a line a row, tabs between
// the columns, an empty line between two tables.
func (run *sqliteRun) print(stmt uintptr) error {
	columns := sqlite3.Xsqlite3_column_count(run.tls, stmt)
	for row := 0; ; row++ {
		rc := sqlite3.Xsqlite3_step(run.tls, stmt)
		if rc != sqlite3.SQLITE_ROW && rc != sqlite3.SQLITE_DONE {
			_ = run.out.Flush()
			return errors.New(run.message())
		}
		if row == 0 && columns > 0 {
			if run.tables++; run.tables > 1 {
				_ = run.out.WriteByte('\n')
			}
			run.line(columns, func(i int32) string {
				return escapeCell(libc.GoString(sqlite3.Xsqlite3_column_name(run.tls, stmt, i)))
			})
		}
		if rc == sqlite3.SQLITE_DONE {
			return run.out.Flush()
		}
		run.line(columns, func(i int32) string { return run.value(stmt, i) })
	}
}

func (run *sqliteRun) line(columns int32, cell func(int32) string) {
	for i := range columns {
		if i > 0 {
			_ = run.out.WriteByte('\t')
		}
		_, _ = run.out.WriteString(cell(i)) // Flush reports
	}
	_ = run.out.WriteByte('\n')
}

// value prints one cell as PostgreSQL's COPY does: \N is NULL, so that no text can
// look like it; a blob is X'…'.
func (run *sqliteRun) value(stmt uintptr, i int32) string {
	switch sqlite3.Xsqlite3_column_type(run.tls, stmt, i) {
	case sqlite3.SQLITE_NULL:
		return `\N`
	case sqlite3.SQLITE_BLOB:
		data := sqlite3.Xsqlite3_column_blob(run.tls, stmt, i)
		size := int(sqlite3.Xsqlite3_column_bytes(run.tls, stmt, i))
		return "X'" + hex.EncodeToString(libc.GoBytes(data, size)) + "'"
	}
	text := sqlite3.Xsqlite3_column_text(run.tls, stmt, i)
	size := int(sqlite3.Xsqlite3_column_bytes(run.tls, stmt, i))
	return escapeCell(string(libc.GoBytes(text, size)))
}

var cellEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func escapeCell(text string) string { return cellEscapes.Replace(text) }

func (run *sqliteRun) message() string {
	return libc.GoString(sqlite3.Xsqlite3_errmsg(run.tls, run.db))
}
