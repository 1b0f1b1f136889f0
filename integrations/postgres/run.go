// Package postgres runs the texts of the sql interpreter on a PostgreSQL server.
//
// A text is cut into statements as psql cuts it (split.go), and each goes to the server alone, over the protocol that
// takes one statement and its values apart: a value is never pasted into SQL. The first error ends the text. With
// ReadOnly the server itself refuses to write. Where to connect comes from the lock and nowhere else: none of
// libpq's variables, service files and password files has any effect (connect.go).
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// Executor is the interpreter sql.
type Executor struct {
	Notes io.Writer // what the server remarks (NOTICE, WARNING); nil: nowhere
}

// Interpreter is its name in the lock.
func (Executor) Interpreter() string { return runbook.SQL }

// Server is the kind of server that it speaks to.
func (Executor) Server() string { return incident.Postgres }

// maxIdentifier is how many bytes of a name PostgreSQL keeps; it would cut a longer one without an error.
const maxIdentifier = 63

// Run executes the statements in order. Without ReadOnly each of them commits by itself, as in psql, unless the text says BEGIN; a
// transaction that the text leaves open is rolled back and an error.
func (e Executor) Run(ctx context.Context, w incident.Work, out io.Writer) (err error) {
	list, err := split(w.Script)
	if err != nil {
		return err
	}
	ready := make([]bound, len(list))
	for k, s := range list { // all of them before the first one runs
		if ready[k], err = s.bind(w); err != nil {
			return fmt.Errorf("statement %d, line %d: %w", k+1, s.line, err)
		}
	}
	if found := runbook.InferRisk(runbook.SQL, w.Script); w.ReadOnly && found.Risk != runbook.Read {
		return fmt.Errorf("a step that reads cannot run this: %s", strings.Join(found.Why, ", "))
	}
	conn, err := e.begin(ctx, w)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // ends the session, and rolls back what is open
	p := printer{out: out}
	for k, b := range ready {
		if b.database != "" {
			if err := idle(conn, w); err != nil {
				return err
			}
			_ = conn.Close(ctx)
			w.Server.Database = b.database
			next, err := e.begin(ctx, w)
			if err != nil {
				return fmt.Errorf("line %d: %w", list[k].line, err)
			}
			conn = next
			continue
		}
		if err := p.print(conn.ExecParams(ctx, b.sql, b.values, nil, nil, nil)); err != nil {
			return fmt.Errorf("statement %d, line %d: %w", k+1, list[k].line, said(err))
		}
		if w.ReadOnly && conn.TxStatus() != 'T' {
			return fmt.Errorf("statement %d, line %d ended the transaction that only reads", k+1, list[k].line)
		}
	}
	return idle(conn, w)
}

// begin opens a session, and where the step only reads the transaction in which it does.
func (e Executor) begin(ctx context.Context, w incident.Work) (*pgconn.PgConn, error) {
	conn, err := e.connect(ctx, w)
	if err != nil || !w.ReadOnly {
		return conn, err
	}
	if err := freeze(ctx, conn); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// idle holds that a session may end here.
func idle(conn *pgconn.PgConn, w incident.Work) error {
	if !w.ReadOnly && conn.TxStatus() != 'I' {
		return errors.New("the text leaves a transaction open: it was rolled back")
	}
	return nil
}

// freeze opens a transaction in which the server refuses to write. After its first snapshot no SET can change that
// any more; every statement sees the same moment.
func freeze(ctx context.Context, conn *pgconn.PgConn) error {
	for _, sql := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", "SELECT 1"} {
		if _, err := conn.ExecParams(ctx, sql, nil, nil, nil, nil).Close(); err != nil {
			return fmt.Errorf("begin to read: %w", said(err))
		}
	}
	return nil
}

// bound is a statement as it is sent.
type bound struct {
	sql      string
	values   [][]byte
	database string // of \connect, instead of the rest
}

// bind gives every place its value: $1, $2 … beside the text, or a quoted name in it. Each place has a number of its
// own, so that the server may see one value as different types.
func (s statement) bind(w incident.Work) (bound, error) {
	if s.words != nil && s.words[0] == "copy" && (slices.Contains(s.words, "stdin") || slices.Contains(s.words, "stdout")) {
		return bound{}, errors.New("COPY through the client is not for a step: use SELECT, or psql in bash")
	}
	var b bound
	var sql strings.Builder
	for _, p := range s.pieces {
		v, ok := w.Values[p.text]
		switch {
		case p.kind == plain:
			sql.WriteString(p.text)
			continue
		case !ok:
			return b, fmt.Errorf("parameter :%s has no value; there is %s", p.text, words(w.Values))
		case strings.IndexByte(v, 0) >= 0:
			return b, fmt.Errorf("parameter :%s holds a NUL byte", p.text)
		case p.kind == value:
			b.values = append(b.values, []byte(v))
			fmt.Fprintf(&sql, "$%d", len(b.values))
			continue
		case !slices.Contains(w.Identifiers, p.text):
			return b, fmt.Errorf("parameter %s stands for a name, and its type is not db_identifier", p.text)
		case v == "" || len(v) > maxIdentifier:
			return b, fmt.Errorf("%q is %d bytes long; a name has 1 to %d", v, len(v), maxIdentifier)
		}
		if s.other {
			return bound{database: v}, nil
		}
		sql.WriteString(pgx.Identifier{v}.Sanitize())
	}
	if b.sql = sql.String(); s.other {
		return bound{database: b.sql}, nil
	}
	return b, nil
}

func words(values map[string]string) string {
	if len(values) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(values)), ", ")
}

// printer writes results as the sqlite interpreter does: a line of names, a line a row, tabs between the columns, \N
// for NULL, an empty line between two results. A statement that gives no table is a line of its own: "ALTER DATABASE".
type printer struct {
	out     io.Writer
	results int
	err     error
}

var cellEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func (p *printer) print(r *pgconn.ResultReader) error {
	var names []string
	header := func() {
		if names != nil || len(r.FieldDescriptions()) == 0 {
			return
		}
		for _, f := range r.FieldDescriptions() {
			names = append(names, cellEscapes.Replace(f.Name))
		}
		p.part()
		p.line(names)
	}
	for r.NextRow() {
		if header(); names == nil {
			continue // SELECT without a column
		}
		cells := make([]string, len(r.Values()))
		for k, v := range r.Values() {
			if cells[k] = `\N`; v != nil {
				cells[k] = cellEscapes.Replace(string(v))
			}
		}
		p.line(cells)
	}
	tag, err := r.Close()
	if err != nil {
		return err
	}
	if header(); names == nil && tag.String() != "" {
		p.part()
		p.line([]string{tag.String()})
	}
	return p.err
}

func (p *printer) part() {
	if p.results++; p.results > 1 {
		p.write("\n")
	}
}

func (p *printer) line(cells []string) { p.write(strings.Join(cells, "\t") + "\n") }

func (p *printer) write(text string) {
	if _, err := io.WriteString(p.out, text); p.err == nil {
		p.err = err
	}
}

// code is the SQLSTATE of an error; "" is none of the server's.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// said is an error of the server with its code, its detail and its hint.
func said(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	text := fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code)
	if e.Detail != "" {
		text += "\ndetail: " + e.Detail
	}
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return serverError{text, err}
}

type serverError struct {
	text string
	err  error
}

func (e serverError) Error() string { return e.text }
func (e serverError) Unwrap() error { return e.err }
