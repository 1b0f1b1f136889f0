package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	callWords   = regexp.MustCompile(`(?i)\b(?:follow|run|see|execute|use|perform|go through)\b(.*?)\bprocedures?\b((?:\s*(?:,|and|or|then|&|to)?\s*\d{1,4}\b)*)`)
	callNumbers = regexp.MustCompile(`\d+`)
	// callStart is prose that is a call: "Follow Procedure 2 for every tenant".
	callStart = regexp.MustCompile(`(?i)^\s*(?:follow|run|execute|perform|go through)\b[^.\n]*\bprocedures?\b`)
)

// resolveCalls turns the words of a call into the ids of the procedures that they name: by number, else those whose title has all the words.
func (rb *Runbook) resolveCalls() {
	for i := range rb.Procedures {
		p := &rb.Procedures[i]
		for j := range p.Steps {
			s := &p.Steps[j]
			if s.Kind != Call {
				continue
			}
			words := s.Calls[0]
			s.Calls = rb.called(words, p)
			if len(s.Calls) == 0 {
				rb.Warnings = append(rb.Warnings, Finding{s.Line, "call", LevelWarning, fmt.Sprintf("step %s calls %q, which names no procedure", s.Number, words), `write "Follow procedure 2"`, p.File})
			}
		}
	}
}

func (rb *Runbook) called(words string, by *Procedure) []string {
	m := callWords.FindStringSubmatch(words)
	if m == nil {
		return nil
	}
	var ids []string
	numbers := callNumbers.FindAllString(m[2], -1)
	for _, n := range numbers {
		if p := rb.numbered(n, by); p != nil && p.ID != by.ID && !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	if len(numbers) > 0 {
		return ids
	}
	want := slices.DeleteFunc(strings.Fields(strings.ToLower(m[1])), func(w string) bool { return w == "the" })
	for _, other := range rb.Procedures {
		title := strings.ToLower(other.Title)
		if other.ID != by.ID && len(want) > 0 && !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(title, w) }) {
			ids = append(ids, other.ID)
		}
	}
	return ids
}

// numbered finds the procedure that a file means by a number: its own first, which may have another number among those of all files.
func (rb *Runbook) numbered(n string, by *Procedure) *Procedure {
	var found *Procedure
	for i := range rb.Procedures {
		p := &rb.Procedures[i]
		if p.File == by.File && strconv.Itoa(p.written) == n {
			return p
		}
		if strconv.Itoa(p.Number) == n {
			found = p
		}
	}
	return found
}
