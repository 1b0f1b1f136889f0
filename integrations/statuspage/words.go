package statuspage

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShown bounds an update on the first page; its own page has all of it.
const maxShown = 1200

// clean makes text of people fit for HTML, XML and JSON alike: no control characters, none that no document may hold, and
// none that turns the direction of what stands after it. Lines keep their breaks and lose their ends.
func clean(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "�")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r', r == '\u2028', r == '\u2029', r == '\u0085', r == '\f', r == '\v':
			return '\n'
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0xFEFF, nowhere(r):
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for k := range lines {
		lines[k] = strings.TrimFunc(lines[k], unicode.IsSpace)
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// line is clean text of one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// nowhere are the code points that Unicode promises never to use; HTML refuses them.
func nowhere(r rune) bool { return r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE }

// named makes a title of what is touched.
func named(components []string, planned bool) string {
	list := strings.Join(components, ", ")
	if len(components) > 1 {
		list = strings.Join(components[:len(components)-1], ", ") + " and " + components[len(components)-1]
	}
	switch {
	case planned && list == "":
		return "Scheduled maintenance"
	case planned:
		return "Scheduled maintenance: " + list
	case list == "":
		return "Service incident"
	}
	return "Incident: " + list
}

// part is a piece of a text: a paragraph, or a list.
type part struct {
	List  bool
	Lines []string
}

// parts parts a text at its empty lines, and where a list begins or ends.
func parts(words string) []part {
	var all []part
	open := false
	for line := range strings.SplitSeq(words, "\n") {
		if line == "" {
			open = false
			continue
		}
		item, list := item(line)
		if last := len(all) - 1; !open || all[last].List != list {
			all = append(all, part{List: list})
		}
		last := &all[len(all)-1]
		last.Lines, open = append(last.Lines, item), true
	}
	return all
}

// item is a line of a list without its mark.
func item(line string) (text string, ok bool) {
	for _, mark := range []string{"- ", "* ", "• "} {
		if text, ok := strings.CutPrefix(line, mark); ok && strings.TrimSpace(text) != "" {
			return strings.TrimSpace(text), true
		}
	}
	return line, false
}

// short cuts a text for the first page, between words where there are any.
func short(words string) (text string, cut bool) {
	if utf8.RuneCountInString(words) <= maxShown {
		return words, false
	}
	runes := []rune(words)[:maxShown]
	text = string(runes)
	if at := strings.LastIndexFunc(text, unicode.IsSpace); at > len(text)*3/4 {
		text = text[:at]
	}
	return strings.TrimSpace(text) + " …", true
}

// keyOf is the public name of one update: it tells no number.
func keyOf(entry string, seq uint64) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(entry+"/"), seq))
	return hex.EncodeToString(sum[:16])
}

// urn is a name for feeds that stays whatever address the page has.
func urn(key string) string {
	sum := sha256.Sum256([]byte(key))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // RFC 9562, version 8
	h := hex.EncodeToString(sum[:16])
	return "urn:uuid:" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
