package runbook

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Characters that nobody sees, or sees elsewhere, in a command: what a reviewer reads is then not what runs.

// blanks are letters and marks that show nothing; unicode calls them visible.
const blanks = "\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5"

// unseen says that a character of a command does not show. Line ends and tabs lay a text out.
func unseen(r rune) bool {
	return r != '\n' && r != '\t' && hidden(r) || strings.ContainsRune(blanks, r) || r == utf8.RuneError
}

// hiddenIn names the first character of a command that does not show, with its place; empty: there is none. A carriage return before a
// line's end is none.
func hiddenIn(text string) string {
	line, column := 1, 0
	for i, r := range text {
		switch column++; {
		case r == '\n':
			line, column = line+1, 0
		case r == '\r' && strings.HasPrefix(text[i+1:], "\n"):
		case unseen(r):
			return fmt.Sprintf("%s on line %d, column %d", nameRune(r), line, column)
		}
	}
	return ""
}

// nameRune names a character by its code point, and in words where they are known.
func nameRune(r rune) string {
	words := map[rune]string{
		'\u00a0': "no-break space", '\u00ad': "soft hyphen", '\u200b': "zero width space", '\u200c': "zero width non-joiner", '\u200d': "zero width joiner", '\u200e': "left-to-right mark",
		'\u200f': "right-to-left mark", '\u202a': "left-to-right embedding", '\u202b': "right-to-left embedding", '\u202c': "end of direction", '\u202d': "left-to-right override",
		'\u202e': "right-to-left override", '\u2060': "word joiner", '\u2066': "left-to-right isolate", '\u2067': "right-to-left isolate", '\u2068': "first strong isolate", '\u2069': "end of isolate",
		'\ufeff': "byte order mark", '\x1b': "escape", '\r': "carriage return", 0: "NUL", utf8.RuneError: "a byte that is no text",
	}
	name := fmt.Sprintf("U+%04X", r)
	if w := words[r]; w != "" {
		return name + " (" + w + ")"
	}
	if unicode.IsControl(r) {
		return name + " (control character)"
	}
	return name
}

const hiddenQuestion = " does not show, so nobody can review it: take it out of the command"

// hidden says of each line of a command what does not show in it.
func (l *linter) hidden(src string, first int) {
	for i, line := range strings.Split(src, "\n") {
		if at := hiddenIn(strings.TrimSuffix(line, "\r")); at != "" {
			what, place, _ := strings.Cut(at, " on line 1, ")
			l.add(first+i, "hidden-character", LevelError, what+" at "+place+" does not show: what a reviewer reads is not what runs", "type the line again without it")
		}
	}
}

// escapeHidden writes what does not show as YAML's escapes. Such characters stand only in double quotes (see encodeString).
func escapeHidden(lock []byte) []byte {
	if hiddenIn(string(lock)) == "" {
		return lock
	}
	var b strings.Builder
	for _, r := range string(lock) {
		switch {
		case !unseen(r) || r == utf8.RuneError:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, "\\U%08X", r)
		default:
			fmt.Fprintf(&b, "\\u%04X", r)
		}
	}
	return []byte(b.String())
}

// Visible gives a text with what does not show written out, for places where people read it.
func Visible(text string) string {
	if hiddenIn(text) == "" {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == '\r' && strings.HasPrefix(text[i+1:], "\n"), !unseen(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}
