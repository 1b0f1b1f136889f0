package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Inferred is what a text shows about its own risk. It can only raise what the lock says: a text that looks harmless may still be wrong
// to run, so Read never lowers anything.
type Inferred struct {
	Risk    Risk
	Why     []string // one reason for each thing above Read, in order
	Unknown []string // programs that nothing is known about; a new entry with one is proposed as Change
}

var riskOrder = map[Risk]int{Read: 0, Change: 1, Destructive: 2}

// Worse gives the higher of two risks; one that is none of the three counts as Destructive.
func Worse(a, b Risk) Risk {
	rank := func(r Risk) int {
		if n, ok := riskOrder[r]; ok {
			return n
		}
		return riskOrder[Destructive]
	}
	if rank(a) >= rank(b) {
		if _, ok := riskOrder[a]; !ok {
			return Destructive
		}
		return a
	}
	return Worse(b, Read)
}

func (r *Inferred) raise(to Risk, why string) {
	if to != Read && !slices.Contains(r.Why, why) {
		r.Why = append(r.Why, why)
	}
	r.Risk = Worse(r.Risk, to)
}

// InferRisk reads a text for an interpreter. What does not parse, and what no interpreter here knows, is destructive (I45).
func InferRisk(interpreter, text string) Inferred {
	r := Inferred{Risk: Read}
	switch interpreter {
	case Bash:
		r.bash(text)
	case SQLite, SQL:
		r.sql(text)
	case Redis:
		r.redis(text)
	case HTTP: // GET and HEAD are all that its executor knows
	default:
		r.raise(Destructive, fmt.Sprintf("interpreter %q is not known", interpreter))
	}
	return r
}

func (r *Inferred) bash(text string) {
	sh, err := readShell(text)
	if err != nil {
		r.raise(Destructive, "does not parse: "+err.Error())
		return
	}
	for _, c := range sh.calls() {
		r.call(c, sh.funcs, 0)
	}
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.Redirect); ok {
			r.redirect(d)
		}
		return true
	})
}

// redirect raises for a file that is written; the null device, the step's own streams and DRBOT_OUT are nothing.
func (r *Inferred) redirect(d *syntax.Redirect) {
	switch d.Op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrInOut, syntax.RdrClob, syntax.AppClob, syntax.RdrAll, syntax.RdrAllClob, syntax.AppAll, syntax.AppAllClob:
	default:
		return
	}
	to := known(d.Word)
	if d.Op == syntax.RdrInOut && strings.HasPrefix(to, "/dev/tcp/") {
		return // a connection; what is sent over it the text shows
	}
	if to == "/dev/null" || to == "/dev/stderr" || to == "/dev/stdout" || isVariable(d.Word, "DRBOT_OUT") {
		return
	}
	appends := d.Op == syntax.AppOut || d.Op == syntax.AppClob || d.Op == syntax.AppAll || d.Op == syntax.AppAllClob
	r.raise(when(!appends && livesThere(to), Destructive, Change), "writes "+shown(to))
}

func isVariable(w *syntax.Word, name string) bool {
	parts := w.Parts
	if len(parts) == 1 {
		if q, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = q.Parts
		}
	}
	if len(parts) != 1 {
		return false
	}
	p, ok := parts[0].(*syntax.ParamExp)
	return ok && p.Param != nil && p.Param.Value == name && p.Exp == nil && p.Repl == nil && p.Slice == nil && p.Index == nil
}

func shown(word string) string { return strings.ReplaceAll(word, "\x00", "…") }

// call judges one command. depth bounds `bash -c` in `bash -c`.
func (r *Inferred) call(c call, funcs map[string]bool, depth int) {
	words := unwrap(c.words)
	if len(words) == 0 {
		return
	}
	name := words[0]
	if i := strings.LastIndexByte(name, '/'); i >= 0 && !strings.Contains(name, "\x00") && slices.Contains([]string{"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"}, name[:i]) {
		name = name[i+1:]
	}
	rest := words[1:]
	switch {
	case strings.Contains(name, "\x00"), len(name) > 2 && strings.ContainsAny(name, "{*?[~"):
		r.raise(Destructive, "runs a program whose name is not written out")
	case funcs[name]:
	case slices.Contains(destroyers, name):
		r.raise(Destructive, describe(name, rest))
	case slices.Contains(changers, name):
		r.raise(when(overwrites(name, rest), Destructive, Change), describe(name, rest))
	case slices.Contains(readers, name):
	case strings.HasPrefix(name, "mkfs"):
		r.raise(Destructive, describe(name, rest))
	default:
		if risk, ok := judge(name, rest); ok {
			r.raise(risk, describe(name, rest))
			return
		}
		r.nested(name, rest, c.input, depth)
	}
}

// nested judges the programs that run other texts.
func (r *Inferred) nested(name string, rest []string, input bool, depth int) {
	switch name {
	case "bash", "sh", "dash", "zsh", "ksh":
		i := slices.IndexFunc(rest, func(w string) bool { return strings.HasPrefix(w, "-") && strings.HasSuffix(w, "c") })
		switch {
		case i >= 0 && i+1 < len(rest) && !strings.Contains(rest[i+1], "\x00") && depth < 4:
			inner := InferRisk(Bash, rest[i+1])
			r.raise(inner.Risk, strings.Join(inner.Why, ", "))
			r.Unknown = append(r.Unknown, inner.Unknown...)
		case i >= 0 || input || len(rest) == 0:
			r.raise(Destructive, name+" runs a text that is not here")
		default:
			r.Unknown = append(r.Unknown, shown(name+" "+rest[0]))
		}
	case "xargs", "watch", "parallel":
		for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
			rest = rest[1:]
		}
		r.call(call{words: rest}, nil, depth+1)
	case "find":
		for i, w := range rest {
			switch w {
			case "-delete":
				r.raise(Destructive, "find -delete")
			case "-exec", "-execdir", "-ok":
				r.call(call{words: rest[i+1:]}, nil, depth+1)
			}
		}
	case "trap":
		if len(rest) > 0 && !strings.Contains(rest[0], "\x00") && depth < 4 {
			inner := InferRisk(Bash, rest[0])
			r.raise(inner.Risk, strings.Join(inner.Why, ", "))
		}
	case "exec":
		if len(rest) > 0 {
			r.call(call{words: rest}, nil, depth+1)
		}
	default:
		r.Unknown = append(r.Unknown, shown(name))
	}
}

func describe(name string, rest []string) string {
	if len(rest) > 3 {
		rest = append(slices.Clone(rest[:3]), "…")
	}
	return strings.TrimSpace(shown(name + " " + strings.Join(rest, " ")))
}

var (
	sqlNoise  = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"`)
	sqlWord   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	connects  = regexp.MustCompile(`(?m)^\\connect[ \t]+(:"[A-Z][A-Z0-9_]*"|[a-z_][a-z0-9_]*)[ \t]*$`)
	sqlShell  = regexp.MustCompile(`(?m)^\s*[.\\]\S*`)
	sqlDeeds  = regexp.MustCompile(`(?i)\b(insert|update|delete|replace|into|pg_promote|pg_terminate_backend|pg_cancel_backend|pg_switch_wal|pg_drop\w*|pg_create\w*|setval|nextval|lo_import|lo_export|lo_unlink|load_extension|writefile|dblink\w*|pg_read\w*|pg_ls\w*|edit)\b`)
	readsOnly = []string{
		"integrity_check", "quick_check", "foreign_key_check", "foreign_key_list", "table_info", "table_xinfo", "table_list", "index_list", "index_info",
		"database_list", "page_count", "page_size", "freelist_count", "user_version", "schema_version", "application_id", "journal_mode", "encoding", "compile_options", "data_version",
	}
)

// sql judges statement by statement, by the first word; strings and comments are left out.
func (r *Inferred) sql(text string) {
	bare := sqlNoise.ReplaceAllString(connects.ReplaceAllString(text, ""), " ") // another database of the same server, for the same reading
	if strings.ContainsAny(bare, `'"`) || strings.Contains(bare, "/*") {
		r.raise(Destructive, "does not parse: a quote or comment is left open")
		return
	}
	if m := sqlShell.FindString(bare); m != "" {
		r.raise(Destructive, strings.TrimSpace(m)+" is a command of a shell, no SQL")
		return
	}
	for stmt := range strings.SplitSeq(bare, ";") {
		words := sqlWord.FindAllString(strings.ToLower(stmt), 3)
		if len(words) == 0 {
			if strings.TrimSpace(stmt) != "" {
				r.raise(Destructive, "does not parse: "+strings.TrimSpace(stmt))
			}
			continue
		}
		r.statement(words, stmt)
	}
}

func (r *Inferred) statement(words []string, stmt string) {
	what := strings.ToUpper(strings.Join(words[:min(2, len(words))], " "))
	switch words[0] {
	case "select", "with", "values", "explain", "show", "table":
		if m := sqlDeeds.FindString(stmt); m != "" {
			r.raise(Destructive, what+" with "+m)
		}
	case "pragma":
		name := words[min(1, len(words)-1)]
		if len(words) > 2 && strings.Contains(stmt, ".") {
			name = words[2] // PRAGMA schema.name
		}
		if strings.Contains(stmt, "=") || !slices.Contains(readsOnly, name) {
			r.raise(Change, what)
		}
	case "begin", "commit", "end", "rollback", "savepoint", "release":
	case "insert", "create", "analyze", "vacuum", "reindex", "comment", "set":
		r.raise(Change, what)
	default:
		r.raise(Destructive, what)
	}
}
