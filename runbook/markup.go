package runbook

import (
	"bytes"
	"regexp"
	"strings"
)

// Many runbooks hold marks that are no Markdown: components of MDX, shortcodes, tabs and notes of MkDocs. plainMarkup makes the few that hide
// commands readable, line for line, outside fences: a component's own line becomes empty, a tab's becomes `=== "label"`, and what is indented
// under a tab or note moves to the left. Everything else stays text.

var (
	component = regexp.MustCompile(`^\s*</?([A-Z][\w.]*)(\s[^<>]*)?/?>\s*$`)
	shortcode = regexp.MustCompile(`^\s*\{\{[<%]\s*(/?\w[\w-]*)\b([^{}]*?)[>%]\}\}\s*$`)
	tabLabel  = regexp.MustCompile(`\b(?:label|title|name|header)=["'{]*([^"'}]+)`)
	tabValue  = regexp.MustCompile(`(?:\bvalue=)?["']([^"']+)`)
	indented  = regexp.MustCompile(`^(\s*)(?:===|!!!|\?\?\?\+?)(?:\+|!)?\s+\S`)
	footnote  = regexp.MustCompile(`^( {0,3})\[(\^[^\]\s]{1,60}\]:)`) // it would be read as the address of a link
	fenceMark = regexp.MustCompile("^[ \t>]*(?:[-*+] +|\\d{1,9}[.)] +)*(`{3,}|~{3,})(.*)$")
)

// fenceState follows fences through lines.
type fenceState struct{ mark string }

// step tells whether the line is inside a fence, or opens or closes one.
func (f *fenceState) step(line string) bool {
	m := fenceMark.FindStringSubmatch(line)
	switch {
	case f.mark == "" && m != nil && !(m[1][0] == '`' && strings.Contains(m[2], "`")):
		f.mark = m[1]
		return true
	case f.mark == "":
		return false
	case m != nil && m[1][0] == f.mark[0] && len(m[1]) >= len(f.mark) && strings.TrimSpace(m[2]) == "":
		f.mark = ""
	}
	return true
}

func plainMarkup(src []byte) []byte {
	if !bytes.Contains(src, []byte("<")) && !bytes.Contains(src, []byte("{{")) && !bytes.Contains(src, []byte("===")) && !bytes.Contains(src, []byte("!!!")) && !bytes.Contains(src, []byte("???")) && !bytes.Contains(src, []byte("[^")) {
		return src
	}
	lines := strings.Split(string(src), "\n")
	var fence fenceState
	tabs := []int{} // indents of the tabs and notes that are open
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		width := len(line) - len(strings.TrimLeft(line, " "))
		if fence.mark == "" {
			for len(tabs) > 0 && width < tabs[len(tabs)-1]+4 {
				tabs = tabs[:len(tabs)-1]
			}
		}
		cut := min(4*len(tabs), width)
		line = line[cut:]
		if lines[i] = line; fence.step(line) {
			continue
		}
		if indented.MatchString(line) {
			tabs = append(tabs, width)
		} else {
			lines[i] = withoutComponent(footnote.ReplaceAllString(line, `$1\[$2`))
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// withoutComponent is an empty line for a component's line, and a tab's mark for a tab's.
func withoutComponent(line string) string {
	m := component.FindStringSubmatch(line)
	if m == nil {
		m = shortcode.FindStringSubmatch(line)
	}
	if m == nil {
		return line
	}
	name := strings.ToLower(m[1])
	if (name == "tab" || name == "tabitem") && !strings.HasPrefix(strings.TrimSpace(line), "</") {
		for _, form := range []*regexp.Regexp{tabLabel, tabValue} {
			if l := form.FindStringSubmatch(m[2]); l != nil {
				return line[:len(line)-len(strings.TrimLeft(line, " "))] + `=== "` + strings.TrimSpace(l[1]) + `"`
			}
		}
	}
	return ""
}
