package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// What was reviewed of a step besides its bytes: that what runs is the Markdown's text, the step's title, its place in the order, and the
// language of its fence. Each is in the lock, so each is part of the entry's digest and is accepted with it; where the Markdown says
// another one than the lock, the step is text until it was compiled, reviewed and accepted again. A lock that says nothing of a title, a
// place or a language is an older one: what it lacks was never reviewed, and adding or taking away the key changes the digest.

// Why a step is not Ready although its bytes are the reviewed ones.
const (
	WhyDiffers = "the text that runs differs from the runbook"
	WhyTitle   = WhyChanged + ": its title"
	WhyMoved   = WhyChanged + ": its place in the order"
	WhyFence   = WhyChanged + ": the language of its fence"
)

// Drifted says that a step is text because the Markdown is no longer what was reviewed.
func Drifted(why string) bool { return strings.HasPrefix(why, WhyChanged) }

// Older says that a lock is of a form before the order of the steps and the languages of their fences were written down: an exchange of
// either is not seen until it is compiled.
func (l *Lock) Older() bool {
	runs := false
	for _, e := range l.Steps {
		if e.After != "" || e.Fence != "" {
			return false
		}
		runs = runs || e.Run != ""
	}
	return runs
}

// OlderForm is what people are told of such a lock.
const OlderForm = "The lock is of an older form, which says neither the order of the steps nor the languages of their fences, so a change of these is not seen: compile it, review and accept"

// Text is a step, or a branch of one, that drbot shows and does not run although it is a command.
type Text struct{ Number, Title, Why string }

func (t Text) String() string { return fmt.Sprintf("%s %s (%s)", t.Number, t.Title, t.Why) }

// Texts are the commands that are text because the Markdown and the lock do not agree, in the runbook's order. Without a lock all are, and
// none is named.
func (rb *Runbook) Texts() []Text {
	var out []Text
	if rb.Lock == nil {
		return nil
	}
	text := func(why string) bool { return why == WhyNoEntry || why == WhyDiffers || Drifted(why) }
	for _, p := range rb.Procedures {
		for _, s := range p.Steps {
			if text(s.Why) {
				out = append(out, Text{s.Number, s.Title, s.Why})
				continue
			}
			for _, a := range s.Alternatives {
				if text(a.Why) {
					out = append(out, Text{s.Number, s.Title + ", " + a.Label, a.Why})
				}
			}
		}
	}
	return out
}

// Takes gives the step that would take a value if it were not text; nil: none.
func (p *Procedure) Takes(name string) *Text {
	for _, s := range p.Steps {
		if s.Entry != nil && s.Entry.has(name) && s.Why != "" && !s.Ready {
			return &Text{s.Number, s.Title, s.Why}
		}
		for _, a := range s.Alternatives {
			if a.Entry != nil && a.Entry.has(name) && a.Why != "" && !a.Ready {
				return &Text{s.Number, s.Title + ", " + a.Label, a.Why}
			}
		}
	}
	return nil
}

// untaggedFence is how the lock writes the language of a fence without one.
const untaggedFence = "untagged"

// fences are the languages of a step's fences, as the lock keeps them.
func fences(commands []Command) string {
	var words []string
	for _, c := range commands {
		words = append(words, or(c.Lang, untaggedFence))
	}
	return strings.Join(words, " ")
}

// drift says what of a step, besides its bytes, is not what was reviewed; empty: nothing.
func (e *Entry) drift(title string, commands []Command) string {
	switch {
	case e.Title != "" && e.Title != title:
		return WhyTitle
	case e.Fence != "" && e.Fence != fences(commands):
		return WhyFence
	case e.Run != "" && !e.runsOne(commands):
		return WhyDiffers
	}
	return ""
}

// runsOne says that what runs is one of the fences, with the rewrites that the entry shows and no other.
func (e *Entry) runsOne(commands []Command) bool {
	for _, c := range commands {
		if derives(c.Source, e.Run, e.Rewrites) {
			return true
		}
		// Of a transcript the commands alone run: the prompts and the output are taken off by the parser, not by a rewrite.
		if v := c.verdict(); v.run != "" && derives(v.run, e.Run, e.Rewrites) {
			return true
		}
	}
	return false
}

// maxTries bounds the places at which rewrites are tried; a compiled lock needs one for each.
const maxTries = 20000

// derives says that run is source in which, at any places, a shown `from` became its `to`, and that is the same byte for byte elsewhere.
// One from nothing stands at the end (the line that produces a value); one of the whole text (SQL put into a here-document) was made last.
func derives(source, run string, rewrites []Rewrite) bool {
	var within []Rewrite
	for _, r := range slices.Backward(rewrites) {
		switch {
		case r.From != "":
			within = append(within, r)
		case !strings.HasSuffix(run, r.To):
			return false
		default:
			run = strings.TrimSuffix(run, r.To)
		}
	}
	for len(within) > 0 && within[0].To == run {
		run, within = within[0].From, within[1:]
	}
	type spot struct{ source, run int }
	open, seen := []spot{{}}, map[spot]bool{}
	for len(open) > 0 && len(seen) < maxTries {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		for {
			for _, r := range within {
				next := spot{at.source + len(r.From), at.run + len(r.To)}
				if strings.HasPrefix(source[at.source:], r.From) && strings.HasPrefix(run[at.run:], r.To) && !seen[next] {
					seen[next] = true
					open = append(open, next)
				}
			}
			if at.source == len(source) && at.run == len(run) {
				return true
			}
			if at.source == len(source) || at.run == len(run) || source[at.source] != run[at.run] {
				break
			}
			at.source, at.run = at.source+1, at.run+1
		}
	}
	return false
}

// moved says for each step of a procedure that it comes after another reviewed step than the lock says. Steps that the lock does not know
// are text in between, and those that are gone from the Markdown are passed over: neither moves the steps around it.
func moved(l *Lock, entries []*Entry) []bool {
	here, said := map[string]bool{}, false
	for _, e := range entries {
		if e != nil {
			here[e.ID], said = true, said || e.After != ""
		}
	}
	out := make([]bool, len(entries))
	if !said {
		return out // an older lock
	}
	before := ""
	for j, e := range entries {
		if e == nil {
			continue
		}
		after := e.After
		for n := 0; after != "" && !here[after] && n <= len(l.Steps); n++ {
			gone := l.entry(after)
			if gone == nil {
				break
			}
			after = gone.After
		}
		out[j] = after != before
		before = e.ID
	}
	return out
}

// sameFence says that the step's fences are of the languages that were reviewed; bash, sh and shell are one.
func (e *Entry) sameFence(commands []Command) bool {
	plain := strings.NewReplacer("shell", Bash, "sh", Bash, Bash, Bash)
	return e.Fence == "" || plain.Replace(e.Fence) == plain.Replace(fences(commands))
}
