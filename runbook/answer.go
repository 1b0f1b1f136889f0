package runbook

import (
	"fmt"
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
	p.Type, p.Pattern = answer, ""
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

// sqlSlotQuestion follows a placeholder or a sample in SQL.
const sqlSlotQuestion = " is a placeholder in SQL: bind it as :NAME and declare the parameter"

// answerSQLSlot binds a token of a SQL text as a parameter: :NAME for it, with the quotes around it.
func (e *Entry) answerSQLSlot(token string, no func(string) error) error {
	at := strings.Index(e.Run, token)
	if at < 0 || e.Interpreter == Bash {
		return no("keep, or manual: the text cannot be rewritten here")
	}
	all := append(slots(placeholderForms, e.Run), slots(sampleForms, e.Run)...)
	found := slices.IndexFunc(all, func(s slot) bool { return s.text == token })
	if found < 0 {
		return no("keep, or manual: the text cannot be rewritten here")
	}
	all[found].variable = "" // `where id=<USER_ID>` sets nothing
	p := guess(all[found], e.Run[max(0, at-40):at])
	was, run := e.Run, e.Run
	for _, quoted := range []string{"'" + token + "'", token} {
		run = strings.ReplaceAll(run, quoted, ":"+p.Name)
		if run != was {
			e.Rewrites = append(slices.Clone(e.Rewrites), Rewrite{quoted, ":" + p.Name})
			was = run
		}
	}
	if words := postgresWords; words.openAt(run, strings.Index(run, ":"+p.Name)) != 0 {
		return no("manual: it stands inside a longer text; write it as its parts joined by ||, in run")
	}
	e.Run, e.SHA256 = run, digest([]byte(run))
	if !slices.ContainsFunc(e.Parameters, func(o Parameter) bool { return o.Name == p.Name }) {
		e.Parameters = append(slices.Clone(e.Parameters), p)
	}
	if p.Type == TypeText && p.Pattern == "" && len(p.Allowed) == 0 {
		e.Decide = appendOnce(e.Decide, p.Name+textQuestion)
	}
	return nil
}

// has says that an entry has a parameter of this name.
func (e *Entry) has(name string) bool {
	return slices.ContainsFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
}

// slotToken is the token that a question is about; empty: it is about no token.
func slotToken(ask string) string {
	if token, ok := strings.CutSuffix(ask, sqlSlotQuestion); ok {
		return token
	}
	if m := slot0.FindStringSubmatch(ask); m != nil && !strings.HasPrefix(m[1], "$") {
		return m[1]
	}
	return ""
}

// codeName is the parameter that a question about code is about.
func codeName(ask string) string {
	name, _, _ := strings.Cut(ask, pastedWords)
	return strings.Trim(name, "${}")
}

// proposeCode is a type that the place admits, narrow enough that nothing in it is code; empty: none is.
func (e *Entry) proposeCode(ask string) string {
	for _, try := range []string{"pattern [A-Za-z0-9][A-Za-z0-9_.-]*", TypeInt} { // arithmetic takes no pattern of letters
		next := *e
		if err := next.answerType(codeName(ask), try, func(want string) error { return &ValueError{Want: want} }); err != nil {
			return ""
		}
		if left, _ := next.codeValues(); !slices.ContainsFunc(left, func(q string) bool { return codeName(q) == codeName(ask) }) {
			return try
		}
	}
	return ""
}

// settled checks an answer against the text: what the question was about must be gone.
func (e *Entry) settled(q Question, answer string) error {
	still := func(line int, what string) error {
		return &ValueError{q.ID, fmt.Sprintf("%s is still there at line %d of the command", what, line), "another text in run of " + e.ID + " and its sha256, or one of " + strings.Join(appendOnce(q.Options, AnswerManual), ", ")}
	}
	switch token := slotToken(q.Ask); {
	case strings.Contains(q.Ask, pastedWords):
		left, lines := e.codeValues()
		for _, ask := range left {
			if codeName(ask) == codeName(q.Ask) && (ask == q.Ask || answer == AnswerDone) {
				return still(lines[ask], "${"+codeName(ask)+"}")
			}
		}
	case answer != AnswerDone:
	case strings.HasSuffix(q.Ask, hiddenQuestion):
		if at := hiddenIn(e.Run); at != "" {
			return &ValueError{q.ID, at + " is still there", "the command without it"}
		}
	case token != "" && strings.Contains(e.Run, token):
		return still(lineWith(e.Run, token), token)
	case strings.HasPrefix(q.Ask, "mend the command"):
		if _, err := readShell(e.Run); err != nil {
			return &ValueError{q.ID, "it still does not parse as bash: " + err.Error(), "a command that bash can read"}
		}
	case strings.HasPrefix(q.Ask, "take the prompts off") && hasPrompt(e.Run):
		return still(1, "a prompt")
	case strings.HasPrefix(q.Ask, "$") && slot0.MatchString(q.Ask):
		name := strings.TrimPrefix(slot0.FindStringSubmatch(q.Ask)[1], "$")
		sh, err := readShell(e.Run)
		if err == nil && slices.Contains(sh.free(), name) && !e.has(name) && !e.On.gives(name) {
			return still(lineWith(e.Run, name), "$"+name)
		}
	case len(e.Decide) == 0:
		if ask, line := e.trouble(); ask != "" && (ask == q.Ask || slot0.MatchString(ask)) {
			return still(line, strings.TrimSuffix(ask, " is set nowhere: make it a parameter"))
		}
	}
	return nil
}
