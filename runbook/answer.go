package runbook

import (
	"path/filepath"
	"slices"
	"strings"
)

// answerSQL gives a SQL text an interpreter: drbot's SQLite, or psql by bash with its errors made to count.
func (e *Entry) answerSQL(answer string, no func(string) error) error {
	if answer == "psql" {
		if strings.Contains(e.Run, "\nSQL\n") {
			return no("manual: a line of it says SQL, which would end the here-document")
		}
		text := e.Run
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		before := "psql -X -v ON_ERROR_STOP=1 <<'SQL'\n"
		e.setRun(before+text+"SQL\n", Bash)
		e.Rewrites = append(slices.Clone(e.Rewrites), Rewrite{From: text, To: e.Run})
		return nil
	}
	words := strings.Fields(answer)
	if len(words) < 2 || words[0] != SQLite {
		return no("psql, or sqlite NAME=FILE")
	}
	var dbs []Database
	for _, w := range words[1:] {
		name, file, ok := strings.Cut(w, "=")
		file, write := strings.CutSuffix(file, ":write")
		if !ok || !schemaName.MatchString(name) || name == "main" || name == "temp" || !filepath.IsLocal(file) || slices.ContainsFunc(dbs, func(d Database) bool { return d.Name == name }) {
			return no("sqlite NAME=FILE, the file under the target's folder")
		}
		dbs = append(dbs, Database{Name: name, File: file, Write: write})
		if write {
			e.Risk = Worse(e.Risk, Change)
		}
	}
	e.Databases, e.Interpreter = dbs, SQLite
	return nil
}

// answerServer gives a SQL text to the server of a target, which then is where it runs.
func (l *Lock) answerServer(e *Entry, name string, no func(string) error) error {
	if s := l.Targets[name].Server; s == nil || s.Kind != serverOf[SQL] {
		return no("sql and the name of a target with a postgres server")
	}
	e.setRun(e.Run, SQL)
	e.Target = name
	e.Decide = slices.DeleteFunc(e.Decide, func(d string) bool { return d == whereQuestion })
	return nil
}

// setRun puts in another text; the risk only rises.
func (e *Entry) setRun(text, interpreter string) {
	e.Run, e.SHA256, e.Interpreter = text, digest([]byte(text)), interpreter
	e.Risk = Worse(e.Risk, InferRisk(interpreter, text).Risk)
}

// answerType says what a text parameter may be.
func (e *Entry) answerType(name, answer string, no func(string) error) error {
	e.Parameters = slices.Clone(e.Parameters)
	i := slices.IndexFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return no(AnswerManual)
	}
	p := &e.Parameters[i]
	if pattern, ok := strings.CutPrefix(answer, "pattern "); ok {
		if _, err := fullPattern(pattern); err != nil {
			return no("a pattern that RE2 understands: " + err.Error())
		}
		p.Pattern = pattern
		return nil
	}
	if !slices.Contains(types, answer) || answer == TypeChoice {
		return no("pattern RE2, or one of " + strings.Join(types, ", "))
	}
	p.Type = answer
	if answer == TypeSecret {
		p.Default = strings.ToLower(name)
	}
	return nil
}

// answerSlot makes every slot of the command a parameter, as a new compile would.
func (e *Entry) answerSlot(no func(string) error) error {
	r, err := fill(e.Run)
	if err != nil || e.Interpreter != Bash {
		return no("keep or manual: " + "the text cannot be rewritten here")
	}
	e.setRun(r.text, e.Interpreter)
	e.Rewrites = append(slices.Clone(e.Rewrites), r.rewrites...)
	e.Decide = slices.DeleteFunc(e.Decide, func(d string) bool { return slot0.MatchString(d) && !slices.Contains(r.open, d) })
	for _, d := range r.open {
		e.Decide = appendOnce(e.Decide, d)
	}
	for _, p := range r.parameters {
		if !slices.ContainsFunc(e.Parameters, func(o Parameter) bool { return o.Name == p.Name }) {
			e.Parameters = append(slices.Clone(e.Parameters), p)
		}
	}
	return nil
}
