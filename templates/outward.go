package templates

import (
	"strings"

	"github.com/drbot/drbot/incident"
)

// Outward is one of the four messages as people outside the response read it: the runbook's own words, filled. Pairs of
// ** in the runbook's text are bold; nothing else in it is markup.
func Outward(i *incident.Incident, text string) Message {
	return fit(Message{Text: locked(i, i.ID.String()+": "+flat(openingLine(text), 200)), Blocks: wholeBlocks(bolded(allLines(text)))})
}

// bolded are lines with the runbook's pairs of ** as bold.
func bolded(lines [][]Span) [][]Span {
	for k, line := range lines {
		var spans []Span
		for _, s := range line {
			spans = append(spans, bolds(s)...)
		}
		lines[k] = spans
	}
	return lines
}

// Unmarked takes the pairs of ** off, which only a chat shows as bold: for every reader of plain text.
func Unmarked(text string) string {
	lines := strings.Split(text, "\n")
	for k, line := range lines {
		if strings.Count(line, "**")%2 == 0 {
			lines[k] = strings.ReplaceAll(line, "**", "")
		}
	}
	return strings.Join(lines, "\n")
}

func openingLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(strings.ReplaceAll(line, "**", "")); line != "" {
			return line
		}
	}
	return ""
}

// bolds splits a plain span at pairs of **.
func bolds(s Span) []Span {
	parts := strings.Split(s.Text, "**")
	if s.Style != Plain || s.Person != "" || s.URL != "" || s.Object != "" || !s.At.IsZero() || len(parts)%2 == 0 {
		return []Span{s}
	}
	var spans []Span
	for k, part := range parts {
		if part == "" {
			continue
		}
		span := Span{Text: part}
		if k%2 == 1 {
			span.Style = Bold
		}
		spans = append(spans, span)
	}
	if len(spans) == 0 {
		return []Span{{Text: ""}}
	}
	return spans
}
