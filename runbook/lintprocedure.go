package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// procedure judges the order and completeness of one procedure.
func (l *linter) procedure(p *Procedure) {
	first := func(words ...string) int {
		return slices.IndexFunc(p.Steps, func(s Step) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(s.Title), w) })
		})
	}
	changes := slices.ContainsFunc(p.Steps, func(s Step) bool { return stepRisk(&s) == Destructive })
	if changes && first("verif", "health", "compare", "check") < 0 {
		l.add(p.Line, "no-verification", LevelError, fmt.Sprintf("procedure %d changes things and proves nothing afterwards", p.Number), "a last step that compares with what was backed up")
	}
	undo := strings.Contains(strings.ToLower(p.text()), "undo") || slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Undo != nil || s.Entry != nil && s.Entry.Undo != "" })
	if changes && !undo {
		l.add(p.Line, "no-undo", LevelWarning, fmt.Sprintf("procedure %d has no way back", p.Number), "keep what is replaced, and name the step that brings it back")
	}
	if keep := first("preserve", "evidence", "collect"); keep > 0 {
		for _, s := range p.Steps[:keep] {
			if stepRisk(&s) == Destructive && !gentler(&s) {
				l.add(s.Line, "destroys-before-preserving", LevelError, fmt.Sprintf("step %s destroys what step %s is to preserve", s.Number, p.Steps[keep].Number), "collect first, or contain by isolation")
			}
		}
	}
	if deploy := first("deploy"); deploy >= 0 {
		for _, s := range p.Steps[deploy+1:] {
			if t := strings.ToLower(s.Title); strings.Contains(t, "restore database") || strings.Contains(t, "restore secret") {
				l.add(s.Line, "order", LevelError, fmt.Sprintf("step %s comes after the deployment, which cannot start without it", s.Number), "secrets and databases first")
			}
		}
	}
	for i := range p.Steps {
		l.step(&p.Steps[i])
	}
}

func (p *Procedure) text() string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(s.Text + "\n")
		for _, c := range s.Commands {
			b.WriteString(c.Source)
		}
	}
	return b.String()
}

// stepRisk is what the lock says of a step, the worst of its branches where it has some, else what its fences show.
func stepRisk(s *Step) Risk {
	r := Read
	if s.Choosable() {
		for _, a := range s.Alternatives {
			if a.Entry != nil && !a.Entry.Manual {
				r = Worse(r, a.Entry.Risk)
			}
		}
		return r
	}
	if s.Entry != nil && !s.Entry.Manual {
		return s.Entry.Risk
	}
	for _, c := range s.Commands {
		if c.Lang == "sql" {
			r = Worse(r, InferRisk("sql", c.Source).Risk)
		} else if slices.Contains([]string{"bash", "sh", "shell"}, c.Lang) {
			r = Worse(r, InferRisk(Bash, c.Source).Risk)
		}
	}
	return r
}

// gentler says that a choice has a way that destroys nothing.
func gentler(s *Step) bool {
	return s.Choosable() && slices.ContainsFunc(s.Alternatives, func(a Alternative) bool { return a.Ready && a.Entry.Risk != Destructive })
}

// step says what keeps one step from running, and what its verdict hides.
func (l *linter) step(s *Step) {
	if s.Condition != "" && !s.Ready {
		l.add(s.Line, "condition", LevelNote, fmt.Sprintf("step %s is only %q: drbot asks and records the answer", s.Number, s.Condition), "say in the text how to tell")
	}
	if s.Ready || s.Entry != nil && s.Entry.Manual {
		return
	}
	if s.Choosable() {
		for _, a := range s.Alternatives {
			switch {
			case a.Why == WhyNoEntry, a.Why == WhyDiffers, Drifted(a.Why):
				l.unlike(s.Line, "step "+s.Number+", "+a.Label, a.Why)
			case a.Why != "":
				l.add(s.Line, "decide", LevelError, fmt.Sprintf("step %s, %s: %s", s.Number, a.Label, a.Why), "answer it in the lock and remove the line")
			}
		}
		return
	}
	for _, c := range s.Commands {
		v := c.verdict()
		switch v.verdict {
		case "choice":
			l.add(c.Line, "alternatives", LevelWarning, fmt.Sprintf("step %s: %s", s.Number, v.why), "one fence for each, and a sentence on when")
			for _, a := range v.branches {
				l.values(s, classify(c.Lang, a.Source), c.Line+a.Line)
			}
		case "configuration":
			l.add(c.Line, "settings", LevelError, fmt.Sprintf("step %s: %s", s.Number, v.why), "a fence of its own, tagged ini")
		case "manual":
			if v.call == "" {
				fix := "give the statement with -c or -f"
				if strings.HasSuffix(v.why, asksSomebody) {
					fix = "take the question out: the approval, or a parameter of the plan, is the answer"
				}
				l.add(c.Line, "interactive", LevelError, fmt.Sprintf("step %s: %s", s.Number, v.why), fix)
			}
		case "blocked":
			l.values(s, v, c.Line)
		}
	}
	switch {
	case s.Why == WhyNoEntry && l.rb.Lock == nil:
	case s.Why == WhyNoEntry, s.Why == WhyDiffers, Drifted(s.Why):
		l.unlike(s.Line, "step "+s.Number, s.Why)
	case strings.HasPrefix(s.Why, "needs a decision"):
		l.add(s.Line, "decide", LevelError, fmt.Sprintf("step %s %s", s.Number, s.Why), "answer it in the lock and remove the line")
	}
}

// unlike says that lock and Markdown do not agree on a step.
func (l *linter) unlike(line int, step, why string) {
	fix := "drbot runbook compile, then review and accept"
	if why == WhyDiffers {
		fix = "change the command in the Markdown and compile; or show each difference under rewrites in the lock"
	}
	l.add(line, "lock", LevelError, fmt.Sprintf("%s: %s: it shows as text", step, why), fix)
}

// values names each value that a command lacks.
func (l *linter) values(s *Step, v verdict, line int) {
	switch v.verdict {
	case "blocked":
		for _, open := range v.open {
			l.add(line, "value", LevelWarning, fmt.Sprintf("step %s: %s", s.Number, open), "declare it under parameters in the lock")
		}
	case "configuration":
		l.add(line, "settings", LevelError, fmt.Sprintf("step %s: %s", s.Number, v.why), "a fence of its own, tagged ini")
	}
}

// lock judges the lock by itself.
func (l *linter) lock() {
	if l.rb.Lock == nil {
		l.add(0, "no-lock", LevelNote, "there is no lock, so every step is for people", "drbot runbook compile")
		return
	}
	known, said := map[string]place{}, map[string]bool{} // said: the Markdown says that there is no undo
	for _, p := range l.rb.Procedures {
		for _, s := range p.Steps {
			none := strings.Contains(strings.ToLower(s.Text), "no undo")
			known[s.ID], said[s.ID] = place{p.File, s.Line}, none
			for _, a := range s.Alternatives {
				known[a.ID], said[a.ID] = place{p.File, s.Line}, none
			}
		}
	}
	for _, e := range l.rb.Lock.Steps {
		at, ok := known[or(e.UndoOf, e.ID)]
		l.at, l.file = at.line, at.file
		if !ok {
			l.add(0, "lock", LevelWarning, e.ID+" is in the lock and in no procedure", "drbot runbook compile")
		}
		if e.Manual || e.Choice || len(e.Decide) > 0 {
			continue
		}
		l.entry(l.rb.Lock.Effective(e), said[e.ID])
		for _, t := range e.For {
			if l.rb.Type(t) == nil {
				l.add(l.at, "lock", LevelError, fmt.Sprintf("%s is for %q, which is no incident type", e.ID, t), "a name of the table of types")
			}
		}
		for _, text := range e.Closes {
			if l.rb.Item(text) == nil {
				l.add(l.at, "lock", LevelError, fmt.Sprintf("%s closes %q, which is no item of the checklist", e.ID, text), "the item's text, whole")
			}
		}
	}
}

// entry judges what a lock says of one step; final: people know that there is no way back.
func (l *linter) entry(e Entry, final bool) {
	l.clusters(e)
	if e.Expect == nil {
		l.add(l.at, "no-expect", LevelWarning, e.ID+" has no expectation: it ends as \"ran, not verified\"", "expect: what its output says when it worked")
	}
	if e.Leaves == "" {
		l.add(l.at, "no-leaves", LevelNote, e.ID+" does not say what is true after it", "leaves: one sentence")
	}
	if e.Risk == Destructive && e.Undo == "" && e.UndoOf == "" && !final {
		l.add(l.at, "no-undo", LevelWarning, e.ID+" is destructive and has no undo", "undo: the id of the entry that takes it back")
	}
	if own := l.rb.Lock.entry(e.ID); own != nil && own.Risk != e.Risk {
		l.add(l.at, "risk-raised", LevelWarning, fmt.Sprintf("%s is written as %s and counts as %s: %s", e.ID, own.Risk, e.Risk, strings.Join(InferRisk(e.Interpreter, e.Run).Why, ", ")), "write the higher risk")
	}
}

func (l *Lock) entry(id string) *Entry {
	for i := range l.Steps {
		if l.Steps[i].ID == id {
			return &l.Steps[i]
		}
	}
	return nil
}

// Item finds an item of the checklist by its id or its whole text; nil: none.
func (rb *Runbook) Item(name string) *Item {
	var find func(items []Item) *Item
	find = func(items []Item) *Item {
		for i := range items {
			if items[i].ID == name || strings.EqualFold(items[i].Text, strings.TrimSpace(name)) {
				return &items[i]
			}
			if inner := find(items[i].Items); inner != nil {
				return inner
			}
		}
		return nil
	}
	for _, p := range rb.Checklist.Phases {
		if i := find(p.Items); i != nil {
			return i
		}
	}
	return nil
}
