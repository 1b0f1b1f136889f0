package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var callWords = regexp.MustCompile(`(?i)\b(?:follow|run|see|execute|use)\b(.*?)\bprocedures?\b\s*(\d+)?`)

// callStart is prose that is a call: "Follow Procedure 2 for every tenant".
var callStart = regexp.MustCompile(`(?i)^\s*(?:follow|run|execute|perform|go through)\b[^.\n]*\bprocedures?\b`)

// resolveCalls turns the words of a call into the ids of the procedures whose title has all of them.
func (p *parser) resolveCalls() {
	for i := range p.rb.Procedures {
		for j := range p.rb.Procedures[i].Steps {
			s := &p.rb.Procedures[i].Steps[j]
			if s.Kind != Call {
				continue
			}
			words := s.Calls[0]
			s.Calls = p.called(words, p.rb.Procedures[i].ID)
			if len(s.Calls) == 0 {
				p.warn(s.Line, "call", fmt.Sprintf("step %s calls %q, which names no procedure", s.Number, words), `write "Follow procedure 2"`)
			}
		}
	}
}

func (p *parser) called(words, self string) []string {
	m := callWords.FindStringSubmatch(words)
	var ids []string
	for _, other := range p.rb.Procedures {
		if other.ID == self || m == nil {
			continue
		}
		if m[2] != "" {
			if m[2] == strconv.Itoa(other.Number) {
				ids = append(ids, other.ID)
			}
			continue
		}
		title := strings.ToLower(other.Title)
		if w := strings.Fields(strings.ToLower(m[1])); len(w) > 0 && !slices.ContainsFunc(w, func(x string) bool { return x != "the" && !strings.Contains(title, x) }) {
			ids = append(ids, other.ID)
		}
	}
	return ids
}
