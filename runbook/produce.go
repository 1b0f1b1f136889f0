package runbook

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A variable that one step sets and a later one reads: each step is a shell of its own, so the value is produced by the first and comes to the
// second as a parameter, instead of being asked of a person who would have to copy it.

// producedQuestion follows "NAME is set in p1.s1".
const producedQuestion = ": take it from there? "

// offerProduced asks, for each value that a new entry needs, whether it comes from an earlier step of the procedure.
func (l *Lock) offerProduced(e *Entry, procedure string) {
	if e.Interpreter != Bash {
		return
	}
	for _, p := range e.Parameters {
		if p.From != "" || p.Sample != "" || p.Label != "" || p.Type == TypeSecret {
			continue
		}
		for i := range slices.Backward(l.Steps) {
			from := &l.Steps[i]
			if from.Procedure != procedure || from.UndoOf != "" || from.ChoiceOf != "" || from.Interpreter != Bash || !setsPlainly(from.Run, p.Name) {
				continue
			}
			e.Decide = append(e.Decide, fmt.Sprintf("%s is set in %s%s%s then has produces: [{name: %s}] and ends with %s; here the parameter has from: %s.%s",
				p.Name, from.ID, producedQuestion, from.ID, p.Name, produceLine(p.Name), from.ID, p.Name))
			break
		}
	}
}

func produceLine(name string) string {
	return fmt.Sprintf(`printf '%s=%%s\n' "$%s" >> "$DRBOT_OUT"`, name, name)
}

// setsPlainly says that a text sets a variable in its own shell, at its top.
func setsPlainly(text, name string) bool {
	sh, err := readShell(text)
	if err != nil {
		return false
	}
	sets := func(a *syntax.Assign) bool { return a.Name != nil && a.Name.Value == name && a.Value != nil }
	return slices.ContainsFunc(sh.file.Stmts, func(s *syntax.Stmt) bool {
		switch c := s.Cmd.(type) {
		case *syntax.CallExpr:
			return len(c.Args) == 0 && slices.ContainsFunc(c.Assigns, sets)
		case *syntax.DeclClause:
			return slices.ContainsFunc(c.Args, sets)
		}
		return false
	})
}

// answerProduced makes an earlier step give a value to this one.
func (l *Lock) answerProduced(e *Entry, ask, answer string, no func(string) error) error {
	head, _, _ := strings.Cut(ask, producedQuestion)
	name, id, _ := strings.Cut(head, " is set in ")
	from, i := l.entry(id), slices.IndexFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
	switch {
	case answer == "no":
		return nil
	case answer != "yes":
		return no("yes or no")
	case from == nil || from.Manual || from.Interpreter != Bash || i < 0 || !setsPlainly(from.Run, name):
		return no("no: " + id + " does not set it any more")
	}
	e.Parameters = slices.Clone(e.Parameters)
	p := &e.Parameters[i]
	p.From = id + "." + name
	e.Decide = slices.DeleteFunc(e.Decide, func(d string) bool { return d == name+textQuestion })
	if slices.ContainsFunc(from.Produces, func(o Produce) bool { return o.Name == name }) {
		return nil
	}
	line := produceLine(name) + "\n"
	run := from.Run
	if !strings.HasSuffix(run, "\n") {
		line = "\n" + line
	}
	from.setRun(run+line, Bash)
	from.Rewrites = append(slices.Clone(from.Rewrites), Rewrite{From: "", To: line})
	from.Produces = append(slices.Clone(from.Produces), Produce{Name: name, Type: p.Type, Pattern: p.Pattern})
	return nil
}
