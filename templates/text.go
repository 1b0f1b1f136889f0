package templates

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// asTyped is what somebody gave as a reason, as it was typed, with its full stop.
func asTyped(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// terminal is the width of a terminal that did not say its own.
const terminal = 80

// Text is a message as a terminal of 80 columns shows it.
func Text(m Message) string { return TextIn(m, terminal) }

// TextIn is a message as a terminal of so many columns shows it: UTC, no markup. 0 columns fold nothing, which is for
// files and pipes. Text that is quoted to be checked is never wrapped or shortened, only indented.
func TextIn(m Message, columns int) string {
	if len(m.Blocks) == 0 {
		return wrap(visible(m.Text), "", "", columns)
	}
	var parts []string
	for _, b := range m.Blocks {
		if part := textBlock(b, columns); part != "" {
			parts = append(parts, part)
		}
	}
	if m.Attach != nil {
		parts = append(parts, indent(visible(string(m.Attach.Text)), "    "))
	}
	return strings.Join(parts, "\n")
}

func textBlock(b Block, columns int) string {
	switch b := b.(type) {
	case Header:
		return wrap(visible(b.Text), "", "", columns)
	case Lines:
		var lines []string
		for _, line := range b.Lines {
			lines = append(lines, wrap(words(line), "", "  ", columns))
		}
		return strings.Join(lines, "\n")
	case Rows:
		width := 0
		for _, row := range b.Rows {
			width = max(width, min(utf8.RuneCountInString(row.Label), 24))
		}
		var lines []string
		for _, row := range b.Rows {
			label := row.Label + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(row.Label)))
			lines = append(lines, wrap(words(row.Spans), label+"  ", strings.Repeat(" ", width+2), columns))
		}
		return strings.Join(lines, "\n")
	case Code:
		return indent(visible(b.Text), "    ")
	case Note:
		return wrap(words(b.Spans), "", "", columns)
	case Rule:
		return ""
	case Checks:
		var lines []string
		for _, c := range b.Items {
			lines = append(lines, wrap(visible(c.Text), box(c.Done)+" "+c.Value+" ", "      ", columns))
		}
		return strings.Join(lines, "\n")
	}
	return "" // buttons: a terminal has commands
}

func box(done bool) string {
	if done {
		return "[x]"
	}
	return "[ ]"
}

// words are the fallbacks of spans in a row.
func words(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		text := s.Text
		if text == "" && s.URL != "" {
			text = s.URL
		}
		b.WriteString(visible(strings.ReplaceAll(text, "\n", " ")))
	}
	return b.String()
}

func indent(s, by string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for k := range lines {
		lines[k] = strings.TrimRight(by+lines[k], " ")
	}
	return strings.Join(lines, "\n")
}

// wrap breaks text at spaces to so many columns, if any. A word that is wider than a line stays whole, so that it can be
// copied.
func wrap(text, first, rest string, columns int) string {
	var out []string
	for _, paragraph := range strings.Split(text, "\n") {
		line, empty := first, true
		for _, word := range strings.Fields(paragraph) {
			switch {
			case empty:
				line += word
			case columns > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns:
				out = append(out, line)
				line = rest + word
			default:
				line += " " + word
			}
			empty = false
		}
		out = append(out, strings.TrimRight(line, " "))
		first = rest
	}
	return strings.Join(out, "\n")
}

// Markdown is a message as a file shows it; everything in it stays what it is: no value becomes markup.
func Markdown(m Message) string {
	if len(m.Blocks) == 0 {
		return literal(m.Text)
	}
	var parts []string
	for _, b := range m.Blocks {
		if part := markdownBlock(b); part != "" {
			parts = append(parts, part)
		}
	}
	if m.Attach != nil {
		parts = append(parts, fenced(string(m.Attach.Text)))
	}
	return strings.Join(parts, "\n\n")
}

func markdownBlock(b Block) string {
	switch b := b.(type) {
	case Header:
		return "## " + literal(b.Text)
	case Lines:
		var lines []string
		for _, line := range b.Lines {
			lines = append(lines, markdownSpans(line))
		}
		return strings.Join(lines, "  \n")
	case Rows:
		var lines []string
		for _, row := range b.Rows {
			lines = append(lines, fmt.Sprintf("- **%s** %s", literal(row.Label), markdownSpans(row.Spans)))
		}
		return strings.Join(lines, "\n")
	case Code:
		return fenced(b.Text)
	case Note:
		return markdownSpans(b.Spans)
	case Rule:
		return "---"
	case Checks:
		var lines []string
		for _, c := range b.Items {
			lines = append(lines, "- "+box(c.Done)+" "+literal(c.Value+" "+c.Text))
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

func markdownSpans(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		text := visible(strings.ReplaceAll(s.Text, "\n", " "))
		switch {
		case s.URL != "" && text != "":
			b.WriteString(literal(text) + " (" + literal(s.URL) + ")")
		case s.Style == Mono && text != "":
			b.WriteString(codeSpan(text))
		case s.Style == Bold && strings.TrimSpace(text) != "":
			b.WriteString("**" + literal(strings.TrimSpace(text)) + "**")
			b.WriteString(text[len(strings.TrimRight(text, " ")):])
		default:
			b.WriteString(literal(text))
		}
	}
	return b.String()
}

// literal escapes everything that Markdown could take for markup.
func literal(s string) string {
	s = visible(strings.ReplaceAll(s, "\n", " "))
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]<>#|~!&@", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	out := b.String()
	// A list, a rule or a numbered item at the start of a line.
	if trimmed := strings.TrimLeft(out, " "); trimmed != "" && strings.ContainsRune("-+=", rune(trimmed[0])) {
		return `\` + trimmed
	}
	return out
}

// codeSpan is inline code around which stand more back-ticks than are in it.
func codeSpan(s string) string {
	ticks := strings.Repeat("`", longest(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// fenced is a code block whose fence is longer than any in the text.
func fenced(s string) string {
	fence := strings.Repeat("`", max(3, longest(s, '`')+1))
	return fence + "text\n" + strings.TrimRight(visible(s), "\n") + "\n" + fence
}

func longest(s string, c rune) int {
	most, run := 0, 0
	for _, r := range s {
		if r == c {
			run++
			most = max(most, run)
		} else {
			run = 0
		}
	}
	return most
}
