package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// whereQuestion is asked of every step while no target, or more than one, is declared; it says nothing about the command.
const whereQuestion = "where does it run? Set target"

// Report says what Compile did: an account of every fence and list, and how far the steps are.
type Report struct {
	Ready   int          `json:"ready"`   // steps that can run once accepted
	Decide  int          `json:"decide"`  // steps that wait for an answer
	Manual  int          `json:"manual"`  // steps for people
	Changes []Difference `json:"changes"` // against the lock before
	Fences  []Block      `json:"fences"`
	Lists   []Block      `json:"lists"`
}

// Summary is the first line of a report: "12 of 28 steps ready, 9 need one answer, 7 stay manual".
func (r Report) Summary() string {
	return fmt.Sprintf("%d of %d steps ready, %d need one answer, %d stay manual", r.Ready, r.Ready+r.Decide+r.Manual, r.Decide, r.Manual)
}

// Compile writes the lock of a runbook. What prev holds for a step that is found again (by its bytes, else by its title) is kept: its id and
// every answer that a person gave. A step whose command changed gets the new bytes and must be accepted anew; if its old bytes had been
// rewritten by hand, it waits for somebody to do that again. An id is never given twice. Equal input gives equal bytes, and compiling again
// changes nothing.
func Compile(rb *Runbook, prev *Lock) (*Lock, Report) {
	old := prev
	if old == nil {
		old = &Lock{Format: lockFormat}
	}
	out := &Lock{Format: lockFormat, Defaults: old.Defaults, Targets: old.Targets, Retired: slices.Clone(old.Retired)}
	if prev == nil {
		out.Defaults = Defaults{builtin[Read], builtin[Change], builtin[Destructive]}
	}
	m := match(rb, old)
	for i, p := range rb.Procedures {
		for j := range p.Steps {
			s := &p.Steps[j]
			e := propose(s, out)
			if was := m.entries[i][j]; was != nil {
				e = keep(*was, s, e)
			}
			e.ID, e.Procedure, e.Title = m.ids[i][j], m.procedures[i], s.Title
			out.add(e, old)
			if e.Choice {
				out.addBranches(s, e, old)
			}
		}
	}
	for _, e := range m.left {
		out.Retired = append(out.Retired, e.ID)
	}
	dropDangling(out)
	slices.SortStableFunc(out.Steps, func(a, b Entry) int { return compareIDs(a.ID, b.ID) })
	slices.SortFunc(out.Retired, compareIDs)
	return out, report(rb, out, old)
}

// add keeps an entry, and its undo with it.
func (l *Lock) add(e Entry, old *Lock) {
	l.Steps = append(l.Steps, e)
	if u := undoOf(old, e.ID); u != nil {
		l.Steps = append(l.Steps, *u)
	}
}

// addBranches compiles each branch of a choice as a step of its own.
func (l *Lock) addBranches(s *Step, parent Entry, old *Lock) {
	ids, entries := giveBranches(s.Alternatives, parent.ID, old)
	for k, a := range s.Alternatives {
		if ids[k] == "" {
			continue
		}
		part := a.step(s)
		e := propose(part, l)
		if entries[k] != nil {
			e = keep(*entries[k], part, e)
		}
		e.ID, e.Procedure, e.Title, e.ChoiceOf, e.Label = ids[k], parent.Procedure, s.Title, parent.ID, a.Label
		l.add(e, old)
	}
}

// step is one branch as a step, judged by its own text.
func (a Alternative) step(whole *Step) *Step {
	c := Command{Lang: a.Lang, Source: a.Source, SHA256: digest([]byte(a.Source)), Line: a.Line}
	one := &Step{Title: whole.Title, Kind: Manual, Line: a.Line, Commands: []Command{c}, SourceSHA256: c.SHA256}
	if v := classify(c.Lang, c.Source).verdict; v == "executable" || v == "blocked" {
		one.Kind = Executable
	}
	return one
}

// propose writes what the Markdown alone says about a step, and asks the rest.
func propose(s *Step, l *Lock) Entry {
	e := Entry{SourceSHA256: s.SourceSHA256, Condition: s.Condition}
	switch s.Kind {
	case Choice:
		e.Choice = true
		return e
	case Executable:
	default:
		e.Manual = true
		return e
	}
	var texts, langs []string
	for _, c := range s.Commands {
		v := classify(c.Lang, c.Source)
		if v.verdict != "executable" && v.verdict != "blocked" {
			continue
		}
		texts, langs = append(texts, c.Source), append(langs, c.Lang)
		e.Decide = append(e.Decide, v.open...)
	}
	if len(texts) > 1 {
		e.Decide = append(e.Decide, fmt.Sprintf("%d commands in one step: keep one text in run, or split the step", len(texts)))
	}
	e.Run = strings.Join(texts, "\n")
	e.SHA256 = digest([]byte(e.Run))
	if !slices.Contains(langs, "sql") {
		e.Interpreter = Bash
		found := InferRisk(Bash, e.Run)
		e.Risk = found.Risk
		if len(found.Unknown) > 0 {
			e.Risk = Worse(e.Risk, Change)
		}
	} else {
		e.Risk = InferRisk("sql", e.Run).Risk
	}
	targets := make([]string, 0, len(l.Targets))
	for name := range l.Targets {
		targets = append(targets, name)
	}
	if len(targets) == 1 {
		e.Target = targets[0]
	} else {
		e.Decide = append(e.Decide, whereQuestion)
	}
	return e
}

// keep carries a person's answers over to the step as it is now.
func keep(was Entry, s *Step, proposed Entry) Entry {
	was.Condition = s.Condition
	switch {
	case proposed.Choice && was.Run == "" && !was.Manual: // a choice, or a question of an older lock which it was
		was.SourceSHA256, was.Choice, was.Decide = s.SourceSHA256, true, nil
		return was
	case was.Choice:
		proposed.Leaves, proposed.Closes, proposed.For = was.Leaves, was.Closes, was.For
		return proposed
	case was.SourceSHA256 == s.SourceSHA256:
		return was
	}
	if was.Manual {
		was.SourceSHA256 = s.SourceSHA256
		return was
	}
	if proposed.Run == "" { // the command is gone, or became a choice
		proposed.Leaves, proposed.Closes, proposed.For = was.Leaves, was.Closes, was.For
		return proposed
	}
	now := was
	now.SourceSHA256, now.Run, now.SHA256 = proposed.SourceSHA256, proposed.Run, proposed.SHA256
	if was.Run == "" {
		now.Interpreter, now.Risk, now.Target, now.Decide = proposed.Interpreter, proposed.Risk, proposed.Target, proposed.Decide
		return now
	}
	now.Risk = Worse(was.Risk, proposed.Risk)
	now.Decide = slices.Clone(was.Decide)
	if was.SHA256 != was.SourceSHA256 {
		now.Decide = append(now.Decide, "the command changed in the Markdown, and its run had been rewritten by hand: rewrite it again")
	}
	for _, question := range proposed.Decide {
		if asksValue(question) && !slices.Contains(now.Decide, question) && !answers(now.Parameters, question) {
			now.Decide = append(now.Decide, question)
		}
	}
	return now
}

func asksValue(question string) bool { return strings.HasSuffix(question, "make it a parameter") }

// answers says that a free variable is a parameter already.
func answers(ps []Parameter, question string) bool {
	return slices.ContainsFunc(ps, func(p Parameter) bool { return strings.HasPrefix(question, "$"+p.Name+" ") })
}

// dropDangling removes references to entries that are gone, so that the lock can be read again.
func dropDangling(l *Lock) {
	byID := map[string]*Entry{}
	for i := range l.Steps {
		byID[l.Steps[i].ID] = &l.Steps[i]
	}
	for i := range l.Steps {
		e := &l.Steps[i]
		for _, ref := range []*string{&e.Verify, &e.Undo} {
			if *ref != "" && byID[*ref] == nil {
				e.Decide = appendOnce(e.Decide, *ref+" is gone: name another step, or none")
				*ref = ""
			}
		}
		if v := byID[e.Verify]; v != nil && v.Risk != Read {
			e.Decide = appendOnce(e.Decide, e.Verify+" proves this step and is no reading any more: name another")
			e.Verify = ""
		}
		for j := range e.Parameters {
			p := &e.Parameters[j]
			if i := strings.LastIndexByte(p.From, '.'); strings.HasPrefix(p.From, "p") && i > 0 && byID[p.From[:i]] == nil {
				e.Decide = appendOnce(e.Decide, fmt.Sprintf("%s came from %s, which is gone: say where it comes from", p.Name, p.From))
				p.From = ""
			}
		}
	}
}

func appendOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(slices.Clone(list), s)
}

func report(rb *Runbook, l, old *Lock) Report {
	joined := rb.join(l, nil, "/")
	r := Report{Fences: list(joined.Fences), Lists: list(joined.Lists), Changes: list(Diff(old, l))} // never null in JSON
	for _, p := range joined.Procedures {
		for _, s := range p.Steps {
			switch s.state() {
			case "ready":
				r.Ready++
			case "decide":
				r.Decide++
			default:
				r.Manual++
			}
		}
	}
	return r
}

// state is where a step stands for the report; a choice is ready when all its branches are, or are for people.
func (s *Step) state() string {
	switch {
	case s.Ready:
		return "ready"
	case s.Entry == nil || s.Entry.Manual:
		return "manual"
	case !s.Entry.Choice:
		return "decide"
	case s.Why == WhyChoose && !slices.ContainsFunc(s.Alternatives, func(a Alternative) bool { return a.Why != "" }):
		return "ready"
	case s.Kind == Manual:
		return "manual"
	}
	return "decide"
}
