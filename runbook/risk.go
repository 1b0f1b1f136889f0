package runbook

import (
	"fmt"
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
	case SQLite:
		r.sql(sqliteWords, text)
	case SQL:
		r.sql(postgresWords, text)
	case Redis:
		r.redis(text)
	case HTTP: // GET and HEAD are all that its executor knows
	default:
		r.raise(Destructive, fmt.Sprintf("interpreter %q is not known", interpreter))
	}
	return r
}

func (r *Inferred) bash(text string) { r.nestedBash(text, 0) }

func (r *Inferred) nestedBash(text string, depth int) {
	sh, err := readShell(text)
	if err != nil {
		r.raise(Destructive, "does not parse: "+err.Error())
		return
	}
	for _, c := range sh.calls() {
		r.call(c, sh.funcs, depth)
	}
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		switch t := n.(type) {
		case *syntax.Redirect:
			r.redirect(t)
		case *syntax.Stmt:
			r.inPlace(t)
		case *syntax.Assign:
			if t.Name != nil {
				r.assign(t.Name.Value)
			}
		}
		return true
	})
}

// steering are the variables that decide which program another one runs.
var steering = strings.Fields(`LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH GCONV_PATH BASH_ENV ENV PS4 PROMPT_COMMAND PAGER MANPAGER GIT_PAGER PSQL_PAGER LESSOPEN EDITOR VISUAL
	GIT_SSH GIT_SSH_COMMAND GIT_EXTERNAL_DIFF KUBECTL_EXTERNAL_DIFF PERL5LIB PERL5OPT PYTHONPATH PYTHONSTARTUP RUBYOPT NODE_OPTIONS`)

// assign raises for a variable that steers what other commands run.
func (r *Inferred) assign(name string) {
	switch {
	case slices.Contains(steering, name):
		r.raise(Destructive, "sets "+name+", which decides what else runs")
	case name == "PATH":
		r.raise(Change, "sets PATH")
	}
}

// inPlace raises for a file that a command reads and its redirection empties before.
func (r *Inferred) inPlace(s *syntax.Stmt) {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok {
		return
	}
	for _, d := range s.Redirs {
		if to := known(d.Word); d.Op == syntax.RdrOut && to != "" && to != "/dev/null" && slices.ContainsFunc(c.Args, func(w *syntax.Word) bool { return known(w) == to }) {
			r.raise(Destructive, "empties "+shown(to)+" and reads it")
		}
	}
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

func describe(name string, rest []string) string {
	if len(rest) > 3 {
		rest = append(slices.Clone(rest[:3]), "…")
	}
	return strings.TrimSpace(shown(name + " " + strings.Join(rest, " ")))
}
