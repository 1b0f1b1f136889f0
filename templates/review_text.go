package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// The text of a review on its way to people and back: as a file with a line that says which version it is, and in parts
// that a form of the chat can hold.

// reviewMark is the first line of a printed review. Whoever saves the file says with it which version they edited.
var reviewMark = regexp.MustCompile(`^<!-- INC-([0-9]{1,18}) review version ([0-9]{1,9}) -->\n`)

// ReviewMarked is a text with its line.
func ReviewMarked(id incident.ID, version int, text string) string {
	return fmt.Sprintf("<!-- %s review version %d -->\n%s", id, version, text)
}

// ReviewUnmarked takes that line off again; ok is false where it is missing.
func ReviewUnmarked(file string) (id incident.ID, version int, text string, ok bool) {
	file = strings.ReplaceAll(strings.TrimPrefix(file, "\ufeff"), "\r\n", "\n")
	m := reviewMark.FindStringSubmatch(file)
	if m == nil {
		return 0, 0, file, false
	}
	var n uint64
	if _, err := fmt.Sscan(m[1]+" "+m[2], &n, &version); err != nil {
		return 0, 0, file, false
	}
	return incident.ID(n), version, file[len(m[0]):], true
}

// maxPart is how many characters of a review one form shows; Slack takes 3,000 in an input, and what is written there may
// be longer than what was.
const maxPart = 2_400

// ReviewPart is a piece of a review that is edited by itself. Its parts, put behind one another, are the text.
type ReviewPart struct {
	Title string // its heading
	N, Of int    // of the parts under that heading
	Text  string
}

// ID names the part by what stands in it, so that a form cannot save over what somebody else wrote meanwhile.
func (p ReviewPart) ID() string {
	sum := sha256.Sum256([]byte(p.Title + "\x00" + p.Text))
	return fmt.Sprintf("%d.%s", p.N, hex.EncodeToString(sum[:6]))
}

// Label is its line in a menu.
func (p ReviewPart) Label() string {
	title := p.Title
	if title == "" {
		title = Say("reviewcard.top", nil)
	}
	return short(Say("reviewcard.part", map[string]any{"Title": flat(title, 60), "N": p.N, "Of": p.Of}), 75)
}

// ReviewParts cuts a text at its headings, and what is longer at ends of lines.
func ReviewParts(text string) []ReviewPart {
	var parts []ReviewPart
	for _, s := range reviewSections(text) {
		pieces := cutLines(s.Text, maxPart)
		for k, piece := range pieces {
			parts = append(parts, ReviewPart{Title: s.Title, N: k + 1, Of: len(pieces), Text: piece})
		}
	}
	return parts
}

// reviewSections cuts a text at its headings alone.
func reviewSections(text string) []ReviewPart {
	var parts []ReviewPart
	var title string
	var section strings.Builder
	flush := func() {
		if section.Len() > 0 {
			parts = append(parts, ReviewPart{Title: title, Text: section.String()})
		}
		section.Reset()
	}
	fence := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimLeft(line, " ")
		if mark := fenceOf(trimmed); fence == "" && mark != "" {
			fence = mark
		} else if fence != "" && strings.HasPrefix(trimmed, fence) && strings.Trim(strings.TrimSpace(trimmed), fence[:1]) == "" {
			fence = ""
		}
		if m := ownHeading.FindStringSubmatch(strings.TrimRight(line, "\r\n")); fence == "" && m != nil && len(m[1]) <= 3 {
			flush()
			title = m[2]
		}
		section.WriteString(line)
	}
	flush()
	return parts
}

// fenceOf is the mark that opens a block of code; "" where a line opens none.
func fenceOf(line string) string {
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}

// cutLines splits a text into pieces of at most n characters, at ends of lines where there are some; an empty text is none.
func cutLines(s string, n int) []string {
	var pieces []string
	for s != "" {
		end := len(s)
		if utf8.RuneCountInString(s) > n {
			end = 0
			for range n {
				_, size := utf8.DecodeRuneInString(s[end:])
				end += size
			}
			if at := strings.LastIndexByte(s[:end], '\n'); at > 0 {
				end = at + 1
			}
		}
		pieces = append(pieces, s[:end])
		s = s[end:]
	}
	return pieces
}

// ReviewChanged says in lines what differs between two texts: "- " what was, "+ " what is, at most n lines.
func ReviewChanged(before, after string, n int) string {
	a, b := strings.Split(strings.TrimRight(before, "\n"), "\n"), strings.Split(strings.TrimRight(after, "\n"), "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	lines := apart(a, b)
	if more := len(lines) - n; more > 0 {
		lines = append(lines[:n], Say("more.lines", map[string]any{"Count": more}))
	}
	return strings.Join(lines, "\n")
}

// maxCompared bounds the table of the comparison; beyond it everything counts as changed.
const maxCompared = 1 << 21

// apart are the lines of both that the other lacks, by their longest common sequence.
func apart(a, b []string) []string {
	var lines []string
	if len(a)*len(b) > maxCompared {
		for _, line := range a {
			lines = append(lines, "- "+line)
		}
		for _, line := range b {
			lines = append(lines, "+ "+line)
		}
		return lines
	}
	common := make([][]int32, len(a)+1)
	for k := range common {
		common[k] = make([]int32, len(b)+1)
	}
	for x := len(a) - 1; x >= 0; x-- {
		for y := len(b) - 1; y >= 0; y-- {
			if common[x][y] = max(common[x+1][y], common[x][y+1]); a[x] == b[y] {
				common[x][y] = common[x+1][y+1] + 1
			}
		}
	}
	x, y := 0, 0
	for x < len(a) || y < len(b) {
		switch {
		case x < len(a) && y < len(b) && a[x] == b[y]:
			x, y = x+1, y+1
		case y == len(b) || x < len(a) && common[x+1][y] >= common[x][y+1]:
			lines = append(lines, "- "+a[x])
			x++
		default:
			lines = append(lines, "+ "+b[y])
			y++
		}
	}
	return lines
}
