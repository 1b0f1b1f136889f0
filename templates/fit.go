package templates

import (
	"strings"
	"unicode/utf8"
)

// Bounds of a whole message. Slack refuses one of 50 blocks and, undocumented, from about 11,000 characters of text.
const (
	maxBlocks = 45
	maxText   = 9_500
	maxBlock  = 2_900
)

// fit is the last guard before a message leaves this package: what a card of an ordinary incident never reaches is cut
// here, so that an extraordinary one still shows. Code is never cut: whoever makes it keeps it within wholeChars, and
// everything else makes room for it. Approval cards never rely on fit at all: see approval.go.
func fit(m Message) Message {
	m.Text = short(m.Text, 400)
	left := maxText
	for _, b := range m.Blocks {
		switch b.(type) {
		case Actions:
			left -= 400 // labels and dialogs
		case Code:
			left -= size(b)
		}
	}
	blocks := m.Blocks[:0:0]
	for _, b := range m.Blocks {
		if len(blocks) == maxBlocks {
			break
		}
		if _, ok := b.(Lines); ok && left < 40 {
			continue
		}
		room := min(left, maxBlock)
		b = fitBlock(b, max(room, 40))
		if _, ok := b.(Code); !ok {
			left -= size(b)
		}
		blocks = append(blocks, b)
	}
	m.Blocks = blocks
	return m
}

func fitBlock(b Block, room int) Block {
	switch b := b.(type) {
	case Header:
		return Header{Text: short(b.Text, maxHeader)}
	case Lines:
		lines := b.Lines[:0:0]
		for k, line := range b.Lines {
			n := spansSize(line) + 1
			if n > room {
				if cut := cutSpans(line, room-1); len(cut) > 0 && len(lines) == 0 {
					lines = append(lines, cut)
				} else if len(lines) > 0 {
					lines = append(lines, Line("more.lines", map[string]any{"Count": len(b.Lines) - k}))
				}
				break
			}
			room -= n
			lines = append(lines, line)
		}
		return Lines{Lines: lines}
	case Rows:
		rows := b.Rows[:0:0]
		for _, row := range b.Rows {
			row.Spans = cutSpans(row.Spans, max(40, min(room-utf8.RuneCountInString(row.Label), 700)))
			room -= utf8.RuneCountInString(row.Label) + spansSize(row.Spans) + 1
			rows = append(rows, row)
			if room < 40 {
				break
			}
		}
		return Rows{Rows: rows}
	case Note:
		return Note{Spans: cutSpans(b.Spans, min(room, 600))}
	}
	return b
}

func spansSize(spans []Span) int {
	n := 0
	for _, s := range spans {
		n += utf8.RuneCountInString(s.Text)
	}
	return n
}

func cutSpans(spans []Span, room int) []Span {
	if spansSize(spans) <= room {
		return spans
	}
	var out []Span
	for _, s := range spans {
		n := utf8.RuneCountInString(s.Text)
		if n > room {
			if room > 1 && s.Person == "" && s.Object == "" && s.At.IsZero() {
				s.Text = short(s.Text, room)
				out = append(out, s)
			} else {
				out = append(out, T("…"))
			}
			return out
		}
		room -= n
		out = append(out, s)
	}
	return out
}

// size is how much text a block shows, in characters.
func size(b Block) int {
	switch b := b.(type) {
	case Header:
		return utf8.RuneCountInString(b.Text)
	case Lines:
		n := 0
		for _, line := range b.Lines {
			n += spansSize(line) + 1
		}
		return n
	case Rows:
		n := 0
		for _, row := range b.Rows {
			n += utf8.RuneCountInString(row.Label) + spansSize(row.Spans) + 2
		}
		return n
	case Code:
		return utf8.RuneCountInString(b.Text)
	case Note:
		return spansSize(b.Spans)
	case Checks:
		n := 0
		for _, c := range b.Items {
			n += utf8.RuneCountInString(c.Text) + 2
		}
		return n
	}
	return 0
}

// textLines turns a text of several lines into lines of inert words, at most n characters in all.
func textLines(s string, n int) [][]Span {
	var lines [][]Span
	for _, line := range strings.Split(short(strings.TrimSpace(s), n), "\n") {
		lines = append(lines, []Span{T(flat(line, maxBlock))})
	}
	return lines
}
