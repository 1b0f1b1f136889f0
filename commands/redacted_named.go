package commands

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// naming finds the records of the incident that have words of a redacted one, which are for people to redact: later ones with a
// whole text of it that none before it had, and any with a word of letters and digits, as passwords are.
type naming struct {
	of            state.Record
	texts, tokens []string          // of the redacted record, as plain gives them
	found         map[uint64]string // kinds
}

// maxNamed is how many records an answer names one by one.
const maxNamed = 20

func namingOf(of state.Record) (*naming, error) {
	n := &naming{of: of, found: map[uint64]string{}}
	if of.Redacted {
		return n, nil
	}
	words, err := state.Words(of.Payload)
	if err != nil {
		return nil, err
	}
	named := peopleIn(of.Payload)
	for _, text := range words {
		if strings.HasPrefix(text, "https://") || slices.Contains(named, text) {
			continue
		}
		whole := plain(text)
		if utf8.RuneCountInString(whole) >= 10 {
			n.texts = append(n.texts, whole)
		}
		for token := range strings.FieldsSeq(whole) {
			if utf8.RuneCountInString(token) >= 6 && strings.ContainsFunc(token, unicode.IsDigit) && strings.ContainsFunc(token, unicode.IsLetter) {
				n.tokens = append(n.tokens, " "+token+" ")
			}
		}
	}
	return n, nil
}

// read looks at another record; they come in their order. A saved review is named by its version.
func (n *naming) read(r state.Record) error {
	if r.Redacted || r.Seq == n.of.Seq || r.Kind == (incident.ReviewSaved{}).EventKind() {
		return nil
	}
	words, err := state.Words(r.Payload)
	if err != nil {
		return err
	}
	whole := plain(strings.Join(words, "\n"))
	has := func(mark string) bool { return strings.Contains(whole, mark) }
	if r.Seq < n.of.Seq {
		n.texts = slices.DeleteFunc(n.texts, has)
	}
	if slices.ContainsFunc(n.tokens, has) || r.Seq > n.of.Seq && slices.ContainsFunc(n.texts, has) {
		n.found[r.Seq] = r.Kind
	}
	return nil
}

// lines say it, one for each record.
func (n *naming) lines() (lines []string) {
	for k, seq := range slices.Sorted(maps.Keys(n.found)) {
		if k == maxNamed {
			return append(lines, fmt.Sprintf("%d more records have words of it: `drbot audit export` shows them.", len(n.found)-k))
		}
		lines = append(lines, fmt.Sprintf("Record %d (%s) has words of it: redact it too.", seq, n.found[seq]))
	}
	return lines
}

// peopleIn are the names of the people in a payload: no record is a copy because they did that too.
func peopleIn(payload []byte) (names []string) {
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if name, ok := v["name"].(string); ok && v["key"] != nil {
				names = append(names, name)
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	var v any
	if json.Unmarshal(payload, &v) == nil {
		walk(v)
	}
	return names
}
