package bot

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes a string safe to show: what would reorder, hide or end a line unseen becomes visible (I41). Line feeds
// and tabs stay; a carriage return at the end of a line does not.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	if strings.IndexFunc(s, unseen) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unseen(r):
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune(0x2400 + r) // control pictures: ESC shows as ␛
		default:
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		}
	}
	return b.String()
}

// unseen runes change what stands around them without being seen: controls, bidirectional marks, zero-width characters
// other than the joiner that emoji need.
func unseen(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == 0x2028, r == 0x2029, r == 0xFEFF, r == 0x200B:
		return true
	case r == 0x200E || r == 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069:
		return true
	case r >= 0xE0000 && r <= 0xE007F: // tags: invisible ASCII
		return true
	}
	return false
}

// cut shortens to n characters (code points, as Slack counts); what is cut ends in "…".
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	k := 0
	for at := range s {
		if k == n-1 {
			return strings.TrimRight(s[:at], " \n") + "…"
		}
		k++
	}
	return s
}

// line is a clean text of one line with at most n characters and at least one, as plain_text needs it.
func line(s string, n int) string {
	s = cut(strings.Join(strings.Fields(clean(s)), " "), n)
	if s == "" {
		return "–"
	}
	return s
}

// plain is a clean text of many lines with at most n characters and at least one.
func plain(s string, n int) string {
	s = cut(strings.TrimSpace(clean(s)), n)
	if s == "" {
		return "–"
	}
	return s
}

// pieces splits a text into parts of at most n characters, at ends of lines where there are some.
func pieces(s string, n int) []string {
	var parts []string
	for utf8.RuneCountInString(s) > n {
		end := offset(s, n)
		if k := strings.LastIndexByte(s[:end], '\n'); k > 0 {
			end = k + 1
		}
		parts = append(parts, s[:end])
		s = s[end:]
	}
	return append(parts, s)
}

// offset is the byte offset of the n-th character.
func offset(s string, n int) int {
	for at := range s {
		if n == 0 {
			return at
		}
		n--
	}
	return len(s)
}

// typedText undoes what Slack does to the three characters of its markup in what people type; its mentions and links stay (see worded).
func typedText(s string) string { return asTyped.Replace(s) }

var asTyped = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
