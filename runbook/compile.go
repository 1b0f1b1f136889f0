package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Report says what Compile did: an account of every fence and list, and how far the steps are.
type Report struct {
	Ready   int          `json:"ready"`   // steps that can run once accepted
	Decide  int          `json:"decide"`  // steps that wait for an answer
	Manual  int          `json:"manual"`  // steps for people
	Changes []Difference `json:"changes"` // against the lock before
	Fences  []Block      `json:"fences"`
	Lists   []Block      `json:"lists"`
	Others  []Block      `json:"others"` // tables and HTML in procedures, commands in a line of text
	// Rewrites is every place where what runs is not what the Markdown says.
	Rewrites []ShownRewrite `json:"rewrites"`
}

// ShownRewrite is a rewrite with the step that it is in.
type ShownRewrite struct {
	Step string `json:"step"` // the entry's id
	Line int    `json:"line"` // of its command in the Markdown
	Rewrite
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
	rb = rb.inOnePiece(old)
	m := match(rb, old)
	for i, p := range rb.Procedures {
		for j, before := 0, ""; j < len(p.Steps); j++ {
			s := &p.Steps[j]
			e := propose(s, out)
			if was := m.entries[i][j]; was != nil {
				e = keep(*was, s, e)
			} else {
				out.offerProduced(&e, m.procedures[i])
			}
			e.ID, e.Procedure, e.Title, e.After = m.ids[i][j], m.procedures[i], s.Title, before
			before = e.ID
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
	for i, p := range rb.Procedures {
		out.guard(m.procedures[i], p.Title)
	}
	slices.SortStableFunc(out.Steps, func(a, b Entry) int { return compareIDs(a.ID, b.ID) })
	slices.SortFunc(out.Retired, compareIDs)
	return out, report(rb, out, old)
}

// sensitive are the words of a procedure whose steps print what not everybody in the channel may read.
var sensitive = regexp.MustCompile(`(?i)\b(?:security|breach|intrusion|intruder|compromised?|forensics?|ransomware|attack(?:er)?)\b`)

// guard keeps what the steps of a security procedure print to a file, where the lock does not say otherwise.
func (l *Lock) guard(procedure, title string) {
	for k := range l.Steps {
		e := &l.Steps[k]
		if e.Procedure == procedure && e.Output == "" && e.Run != "" && !e.Manual && sensitive.MatchString(title) {
			e.Output = "file"
		}
	}
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
		e.ID, e.Procedure, e.Title, e.After, e.ChoiceOf, e.Label = ids[k], parent.Procedure, s.Title, parent.After, parent.ID, a.Label
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
	joined.fresh(old)
	r := Report{Fences: list(joined.Fences), Lists: list(joined.Lists), Others: list(joined.Others), Changes: list(Diff(old, l))} // never null in JSON
	r.Rewrites = []ShownRewrite{}
	for _, p := range joined.Procedures {
		for _, s := range p.Steps {
			r.rewrites(&s)
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

// fresh says of the commands whose entry was written or changed just now that nobody reviewed it yet.
func (rb *Runbook) fresh(old *Lock) {
	reviewed := map[string]bool{}
	for _, digest := range old.Digests() {
		reviewed[digest] = true
	}
	now := map[Block]string{} // by file and what verdicts said
	for _, p := range rb.Procedures {
		for _, s := range p.Steps {
			if s.Ready && !reviewed[s.Entry.digest] {
				now[Block{File: p.File, Why: "step " + s.Number + reviewedFence}] = "step " + s.Number + ", new or changed in the lock: it runs once somebody accepted it"
			}
		}
	}
	for _, blocks := range [][]Block{rb.Fences, rb.Others} {
		for i := range blocks {
			if why := now[Block{File: blocks[i].File, Why: blocks[i].Why}]; why != "" {
				blocks[i].Why = why
			}
		}
	}
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

// rewrites adds those of a step and its branches.
func (r *Report) rewrites(s *Step) {
	add := func(e *Entry, line int) {
		if e != nil {
			for _, w := range e.Rewrites {
				r.Rewrites = append(r.Rewrites, ShownRewrite{e.ID, line, w})
			}
		}
	}
	if len(s.Commands) > 0 {
		add(s.Entry, s.Commands[0].Line)
	}
	for _, a := range s.Alternatives {
		add(a.Entry, a.Line)
	}
}
