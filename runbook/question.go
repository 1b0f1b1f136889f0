package runbook

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Question is one `decide:` line of a lock, as `drbot runbook decide` asks it.
type Question struct {
	ID       string   `json:"id"`             // names the question until it is answered, whatever else is: p1.s4/timeout; "target" is about the whole lock
	Step     string   `json:"step,omitempty"` // the entry's id; empty: it is about the whole lock
	Line     int      `json:"line"`           // of the step in the Markdown; 0: unknown
	Title    string   `json:"title"`          // of the step
	Ask      string   `json:"ask"`            // one sentence
	Text     string   `json:"text,omitempty"` // the command that it is about
	Proposal string   `json:"proposal"`       // the answer that is likely right; empty: none
	Options  []string `json:"options"`        // what is understood; a form in capitals, like NAME=DIR, stands for its values
}

// The answers that every question understands.
const (
	AnswerManual = "manual" // a person does the step; its command leaves the lock
	AnswerDone   = "done"   // somebody answered it in the lock itself: the line goes
)

// Questions lists what is left to decide, in the order of the lock; while no target is declared that comes first. rb gives lines; nil: none.
func (l *Lock) Questions(rb *Runbook) []Question {
	var out []Question
	if len(l.Targets) == 0 && slices.ContainsFunc(l.Steps, func(e Entry) bool { return slices.Contains(e.Decide, whereQuestion) }) {
		out = append(out, Question{ID: "target", Ask: "where do the steps run? Name a target and its folder", Proposal: "here=.", Options: []string{"NAME=DIR"}})
	}
	lines := map[string]int{}
	if rb != nil {
		for _, p := range rb.join(l, nil, "/").Procedures {
			for _, s := range p.Steps {
				lines[s.ID] = s.Line
				for _, a := range s.Alternatives {
					lines[a.ID] = a.Line
				}
			}
		}
	}
	for i := range l.Steps {
		e := &l.Steps[i]
		for _, ask := range e.asks() {
			if ask == whereQuestion && len(l.Targets) == 0 {
				continue
			}
			q := Question{ID: e.ID + "/" + questionKey(ask), Step: e.ID, Line: lines[e.ID], Title: e.Title, Ask: ask, Text: Visible(e.Run)}
			if e.Label != "" {
				q.Title += ": " + e.Label
			}
			q.Proposal, q.Options = l.propose(e, ask)
			q.Options = append(q.Options, AnswerManual)
			out = append(out, q)
		}
	}
	return out
}

// propose is the likely answer to a question, and the others.
func (l *Lock) propose(e *Entry, ask string) (proposal string, options []string) {
	switch {
	case ask == whereQuestion:
		names := slices.Sorted(maps.Keys(l.Targets))
		return names[0], append(names, "NAME=DIR")
	case ask == timeoutQuestion:
		return "30m", []string{"DURATION"}
	case ask == sqlQuestion:
		var here []string
		for _, name := range slices.Sorted(maps.Keys(l.Targets)) {
			if s := l.Targets[name].Server; s != nil && s.Kind == serverOf[SQL] {
				here = append(here, "sql "+name)
			}
		}
		all := append(here, "psql", "sqlite NAME=FILE", "sqlite NAME=FILE:write")
		return all[0], all
	case ask == outputQuestion:
		return "no", []string{"yes", "no"}
	case ask == againQuestion:
		return "use the new text", []string{"use the new text"}
	case strings.HasSuffix(ask, textQuestion):
		return "pattern " + plainValue, append([]string{"pattern RE2"}, types...)
	case strings.Contains(ask, producedQuestion):
		return "yes", []string{"yes", "no"}
	case strings.HasSuffix(ask, rootQuestion):
		return "", []string{"FOLDER", "."}
	case strings.Contains(ask, pastedWords):
		return e.proposeCode(ask), []string{"TYPE", "pattern RE2", AnswerDone}
	case strings.HasSuffix(ask, sqlSlotQuestion):
		return "parameter", []string{"parameter", "keep", AnswerDone}
	case slot0.MatchString(ask):
		if r, err := fill(e.Run); err == nil && len(r.parameters) > 0 && e.Interpreter == Bash {
			return "parameter", []string{"parameter", "keep", AnswerDone}
		}
		return "", []string{"keep", AnswerDone}
	}
	return "", []string{AnswerDone}
}

// questionKey names a question within its step by what it is about, so that answering another one changes no name.
func questionKey(ask string) string {
	fixed := map[string]string{whereQuestion: "target", timeoutQuestion: "timeout", sqlQuestion: "database", outputQuestion: "output", againQuestion: "again"}
	if key := fixed[ask]; key != "" {
		return key
	}
	if name, ok := strings.CutSuffix(ask, textQuestion); ok {
		return name
	}
	if name, _, ok := strings.Cut(ask, " is set in "); ok && strings.Contains(ask, producedQuestion) {
		return name + ".from"
	}
	if name, ok := strings.CutSuffix(ask, rootQuestion); ok {
		return name + ".root"
	}
	return digest([]byte(ask))[:6]
}

var slot0 = regexp.MustCompile(`^(\S.*) (?:is a placeholder|looks like a sample|is set nowhere): make it a parameter`)

// Answer records one answer: the question's line goes, and what it decides is set. Nothing else of the lock changes. An answer that is not
// understood, or that the step cannot take, is a *ValueError and changes nothing.
func (l *Lock) Answer(q Question, answer string) error {
	answer = strings.TrimSpace(answer)
	if q.ID == "target" {
		return l.answerTarget(answer)
	}
	e := l.entry(q.Step)
	if e == nil || !slices.Contains(e.asks(), q.Ask) {
		return &ValueError{q.ID, "is no open question of this lock", "one of Questions"}
	}
	next := *e
	next.Decide = slices.DeleteFunc(slices.Clone(e.Decide), func(d string) bool { return d == q.Ask })
	if answer == AnswerManual {
		next = Entry{
			ID: e.ID, Procedure: e.Procedure, Title: e.Title, UndoOf: e.UndoOf, ChoiceOf: e.ChoiceOf, Label: e.Label, Condition: e.Condition, Manual: true,
			SourceSHA256: e.SourceSHA256, Leaves: e.Leaves, Closes: e.Closes, For: e.For,
		}
	} else {
		if err := l.answer(&next, q, answer); err != nil {
			return err
		}
		next.askCode()
		if err := next.settled(q, answer); err != nil {
			return err
		}
	}
	if len(next.Decide) == 0 {
		next.Decide = nil
	}
	*e = next
	return nil
}

func (l *Lock) answer(e *Entry, q Question, answer string) error {
	no := func(want string) error {
		return &ValueError{q.ID, fmt.Sprintf("%q is no answer to %q", answer, q.Ask), want}
	}
	switch {
	case q.Ask == whereQuestion:
		name, err := l.target(answer)
		if err != nil {
			return err
		}
		e.Target = name
	case q.Ask == timeoutQuestion:
		d, err := time.ParseDuration(answer)
		if err != nil || d <= 0 {
			return no("a duration like 30m or 2h")
		}
		e.Timeout = d
	case q.Ask == sqlQuestion:
		if name, ok := strings.CutPrefix(answer, "sql "); ok {
			return l.answerServer(e, name, no)
		}
		return e.answerSQL(answer, no)
	case q.Ask == outputQuestion:
		if answer != "yes" && answer != "no" {
			return no("yes or no")
		}
		if answer == "no" {
			e.Expect = nil
		}
	case strings.HasSuffix(q.Ask, textQuestion):
		return e.answerType(strings.TrimSuffix(q.Ask, textQuestion), answer, no)
	case strings.Contains(q.Ask, producedQuestion):
		return l.answerProduced(e, q.Ask, answer, no)
	case strings.HasSuffix(q.Ask, rootQuestion):
		return e.answerRoot(strings.TrimSuffix(q.Ask, rootQuestion), answer, no)
	case strings.Contains(q.Ask, pastedWords) && answer != AnswerDone:
		return e.answerType(codeName(q.Ask), answer, no)
	case strings.HasSuffix(q.Ask, sqlSlotQuestion) && answer == "parameter":
		return e.answerSQLSlot(strings.TrimSuffix(q.Ask, sqlSlotQuestion), no)
	case slot0.MatchString(q.Ask) && answer == "parameter":
		return e.answerSlot(no)
	case slotToken(q.Ask) != "" && answer == "keep":
		e.Rewrites = append(slices.Clone(e.Rewrites), Rewrite{slotToken(q.Ask), slotToken(q.Ask)})
	case answer == AnswerDone, q.Ask == againQuestion && answer == "use the new text":
	default:
		return no("one of " + strings.Join(q.Options, ", "))
	}
	return nil
}

// target finds a target by name, or declares NAME=DIR.
func (l *Lock) target(answer string) (string, error) {
	name, dir, fresh := strings.Cut(answer, "=")
	name, dir = strings.TrimSpace(name), strings.TrimSpace(dir)
	_, known := l.Targets[name]
	switch {
	case !fresh && known:
		return name, nil
	case !fresh, !targetName.MatchString(name), dir == "", strings.ContainsAny(dir, "\x00\n"):
		return "", &ValueError{"target", fmt.Sprintf("%q is no target", answer), "a name under targets, or NAME=DIR for a new one"}
	case known:
		return "", &ValueError{"target", name + " is declared already", "its name alone"}
	}
	l.Targets = maps.Clone(l.Targets)
	if l.Targets == nil {
		l.Targets = map[string]Target{}
	}
	l.Targets[name] = Target{Host: "local", Dir: filepath.Clean(dir)}
	return name, nil
}

var targetName = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,40}$`)

// answerTarget sets the first target, and it everywhere.
func (l *Lock) answerTarget(answer string) error {
	name, err := l.target(answer)
	if err != nil {
		return err
	}
	for i := range l.Steps {
		e := &l.Steps[i]
		if !slices.Contains(e.Decide, whereQuestion) {
			continue
		}
		e.Target = name
		if e.Decide = slices.DeleteFunc(slices.Clone(e.Decide), func(d string) bool { return d == whereQuestion }); len(e.Decide) == 0 {
			e.Decide = nil
		}
	}
	return nil
}
