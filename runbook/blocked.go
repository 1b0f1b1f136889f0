package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// What keeps a reviewed entry from being sent for approval, said as the questions that lift it.

// pastedWords stand in every question about a value that something would read as code.
const pastedWords = " would be read as code by "

// codeValues are the questions about values that stand in a text which something reads as a language, and which their type lets be anything there.
func (e *Entry) codeValues() (questions []string, lines map[string]int) {
	lines = map[string]int{}
	if e.Interpreter != Bash || len(e.Parameters) == 0 {
		return nil, lines
	}
	var names []string
	for _, p := range e.Parameters {
		names = append(names, p.Name)
	}
	for _, text := range []string{e.Run, e.Precheck} {
		all, ok := pastes(text, names)
		if !ok {
			q := "${" + names[0] + "}" + pastedWords + "something: the command does not parse as bash, so where its values stand cannot be seen"
			questions, lines[q] = appendOnce(questions, q), 1
			continue
		}
		for _, place := range all {
			i := slices.Index(names, place.name)
			if i < 0 || place.admits(e.Parameters[i]) {
				continue
			}
			q := "${" + place.name + "}" + pastedWords + place.reader + ": " + strings.ReplaceAll(place.fix, "${NAME}", "${"+place.name+"}")
			if _, had := lines[q]; !had {
				questions, lines[q] = append(questions, q), place.line
			}
		}
	}
	return questions, lines
}

// askCode brings the questions about values that would be read as code up to date; the others keep their places.
func (e *Entry) askCode() {
	now, _ := e.codeValues()
	e.Decide = slices.DeleteFunc(slices.Clone(e.Decide), func(d string) bool { return strings.Contains(d, pastedWords) && !slices.Contains(now, d) })
	for _, q := range now {
		e.Decide = appendOnce(e.Decide, q)
	}
}

// asks are the questions that are open: those of the lock, else those that its texts raise.
func (e *Entry) asks() []string {
	if len(e.Decide) > 0 || e.Manual || e.Run == "" {
		return e.Decide
	}
	q, _ := e.trouble()
	if q == "" {
		return nil
	}
	return []string{q}
}

// trouble is the first thing about an entry's text that must not run, as a question, and where it stands in the command; empty: nothing.
func (e *Entry) trouble() (question string, line int) {
	if at := hiddenIn(e.Run); at != "" {
		return at + hiddenQuestion, 0
	}
	if e.Interpreter != Bash {
		for _, p := range placeholders(e.Run) {
			if !e.kept(p) {
				return p + sqlSlotQuestion, lineWith(e.Run, p)
			}
		}
		return "", 0
	}
	for _, p := range placeholders(e.Run) {
		if !e.kept(p) {
			return p + " is a placeholder: make it a parameter", lineWith(e.Run, p)
		}
	}
	sh, err := readShell(e.Run)
	if err != nil && len(e.Parameters) == 0 {
		return "", 0 // destructive, and bash will say what is wrong
	}
	if err == nil {
		for _, v := range sh.free() {
			if !slices.ContainsFunc(e.Parameters, func(p Parameter) bool { return p.Name == v }) && !e.On.gives(v) {
				return "$" + v + " is set nowhere: make it a parameter", lineWith(e.Run, v)
			}
		}
	}
	if code, lines := e.codeValues(); len(code) > 0 {
		return code[0], lines[code[0]]
	}
	return "", 0
}

// Blocked says why an entry cannot be sent for approval, whatever the values; empty: it can.
func (e *Entry) Blocked() string {
	switch {
	case e.Manual:
		return "a person does it"
	case len(e.Decide) > 0:
		return "needs a decision: " + e.Decide[0]
	case e.Run == "":
		return "has no command"
	}
	q, line := e.trouble()
	q, _, _ = strings.Cut(q, ": make it a parameter")
	if v, ok := strings.CutSuffix(q, " is set nowhere"); ok {
		return "reads " + v + ", which is no parameter"
	}
	if strings.Contains(q, pastedWords) {
		return fmt.Sprintf("line %d: %s", line, q)
	}
	return q
}

// kept says that somebody decided that a token is text and waits for no value: a rewrite to itself records it.
func (e *Entry) kept(token string) bool { return slices.Contains(e.Rewrites, Rewrite{token, token}) }

// lineWith is the line of a command on which a token stands; 0: on none.
func lineWith(text, token string) int {
	i := strings.Index(text, token)
	if i < 0 {
		return 0
	}
	return strings.Count(text[:i], "\n") + 1
}
