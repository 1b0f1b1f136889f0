package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// A choice is a step of which one branch runs. Its lock entry says `choice: true` and runs nothing; each branch is an entry of its own
// (p1.s6a, with choice_of and label), with its bytes, target, risk, approvals and digest. Which branch runs is said when the run is planned.

// WhyChoose is why a choice is not Ready: somebody has to choose first.
const WhyChoose = "one of its branches is chosen when the run is planned"

// Choosable says that the step is a choice with at least one branch that could run.
func (s *Step) Choosable() bool {
	return s.Kind == Choice && slices.ContainsFunc(s.Alternatives, func(a Alternative) bool { return a.Ready })
}

// Choose gives the step as one branch makes it: its id, entry and undo, Ready or not. branch is a branch's id (p1.s6a), letter (a) or label, in
// any case. The step itself stays as it is.
func (s *Step) Choose(branch string) (*Step, error) {
	want := strings.ToLower(strings.TrimSpace(branch))
	for _, a := range s.Alternatives {
		if want == "" || want != a.ID && want != strings.ToLower(a.Label) && a.ID != s.ID+want {
			continue
		}
		one := *s
		one.ID, one.Entry, one.Undo, one.Ready, one.Why = a.ID, a.Entry, a.Undo, a.Ready, a.Why
		one.Number, one.Title = s.Number+strings.TrimPrefix(a.ID, s.ID), s.Title+": "+a.Label
		one.Kind, one.Alternatives = Executable, nil
		if a.Entry == nil || a.Entry.Manual {
			one.Kind = Manual
		}
		one.Commands = []Command{{Lang: a.Lang, Source: a.Source, SHA256: digest([]byte(a.Source)), Line: a.Line}}
		return &one, nil
	}
	var known []string
	for _, a := range s.Alternatives {
		known = append(known, fmt.Sprintf("%s (%s)", strings.TrimPrefix(a.ID, s.ID), a.Label))
	}
	return nil, &ValueError{s.ID, fmt.Sprintf("%q is none of its branches", branch), strings.Join(known, ", ")}
}

// branchesOf gives the entries of a choice, in their order.
func (l *Lock) branchesOf(id string) []*Entry {
	var out []*Entry
	for i := range l.Steps {
		if l.Steps[i].ChoiceOf == id {
			out = append(out, &l.Steps[i])
		}
	}
	return out
}

// maxBranches is how many letters there are before u, which means undo.
const maxBranches = 20

func letter(i int) string { return string(rune('a' + i)) }

// giveBranches finds the entry of each branch, by its bytes, then by its label; a branch without one gets the first letter that is free.
func giveBranches(as []Alternative, id string, l *Lock) (ids []string, entries []*Entry) {
	ids, entries = make([]string, len(as)), make([]*Entry, len(as))
	known := l.branchesOf(id)
	used := map[string]bool{}
	for _, e := range known {
		used[e.ID] = true
	}
	for _, r := range l.Retired {
		used[r] = true
	}
	taken := map[*Entry]bool{}
	for _, fits := range []func(a Alternative, e *Entry) bool{
		func(a Alternative, e *Entry) bool { return e.SourceSHA256 == digest([]byte(a.Source)) },
		func(a Alternative, e *Entry) bool { return e.Label == a.Label },
	} {
		for i, a := range as {
			for _, e := range known {
				if entries[i] == nil && !taken[e] && fits(a, e) {
					entries[i], ids[i], taken[e] = e, e.ID, true
				}
			}
		}
	}
	next := 0
	for i := range as {
		for ids[i] == "" {
			if next >= maxBranches {
				return ids, entries // parse never gives more; retired letters could
			}
			if c := id + letter(next); !used[c] {
				ids[i] = c
			}
			next++
		}
	}
	return ids, entries
}

// joinBranches settles each branch of a choice whose entry is a choice too. The branches of a fence that changed are text, all of them: what
// one line means depends on its neighbours.
func (s *Step) joinBranches(l *Lock, dir string) {
	s.Alternatives = slices.Clone(s.Alternatives)
	ids, entries := giveBranches(s.Alternatives, s.ID, l)
	ready := false
	for i := range s.Alternatives {
		a := &s.Alternatives[i]
		a.ID, a.Entry, a.Undo = ids[i], load(l, entries[i], dir), load(l, undoOf(l, ids[i]), dir)
		a.Ready, a.Why = false, ""
		switch {
		case s.Why != "":
			a.Why = s.Why
		case a.Entry == nil:
			a.Why = WhyNoEntry
		case a.Entry.Manual:
		case a.Entry.SourceSHA256 != digest([]byte(a.Source)):
			a.Why = WhyChanged
		case a.Entry.Label != a.Label:
			a.Why = WhyTitle
		case a.Entry.drift(s.Title, []Command{{Lang: a.Lang, Source: a.Source}}) != "":
			a.Why = a.Entry.drift(s.Title, []Command{{Lang: a.Lang, Source: a.Source}})
		default:
			a.Why = a.Entry.Blocked()
			a.Ready = a.Why == ""
		}
		ready = ready || a.Ready
	}
	if s.Why == "" && ready {
		s.Why = WhyChoose
	}
	if s.Why == "" {
		for _, a := range s.Alternatives {
			if a.Why != "" {
				s.Why = a.Label + ": " + a.Why
				return
			}
		}
		s.Kind = Manual // a person does any of them
	}
}

// acceptBranches keeps only the accepted branches Ready.
func (s *Step) acceptBranches(accepted func(digest string) bool) {
	s.Alternatives = slices.Clone(s.Alternatives)
	was, ready := s.Choosable(), false
	for i := range s.Alternatives {
		a := &s.Alternatives[i]
		if a.Ready && !accepted(a.Entry.Digest()) {
			a.Ready, a.Why = false, WhyAccepted
		}
		if a.Undo != nil && !accepted(a.Undo.Digest()) {
			a.Undo = nil
		}
		ready = ready || a.Ready
	}
	if was && !ready {
		s.Why = WhyAccepted
	}
}
