package runbook

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// HTML in a runbook is read for its words: the summary of a part that opens names what stands in it, everything else is shown as text. Code in
// HTML is never a command: Markdown ends it at the first empty line, so what a reader sees and what stands there differ.

var (
	htmlSummary = regexp.MustCompile(`(?is)<summary[^>]*>(.*?)</summary>`)
	htmlCode    = regexp.MustCompile(`(?i)<(?:pre|code)\b|CDATA`)
)

// htmlText is what a block of HTML shows, and the summary in it.
func (d *document) htmlText(n *ast.HTMLBlock) (text, summary string) {
	raw := d.htmlSource(n)
	if m := htmlSummary.FindStringSubmatch(raw); m != nil {
		summary = withoutTags(m[1])
	}
	return withoutTags(raw), summary
}

func (d *document) htmlSource(n *ast.HTMLBlock) string {
	raw := d.code(n)
	if n.HasClosure() {
		raw += string(n.ClosureLine.Value(d.src))
	}
	return raw
}

func withoutTags(s string) string {
	var lines []string
	for l := range strings.SplitSeq(html.UnescapeString(stripTags(s)), "\n") {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}

// stripTags puts a space for each tag and comment, in one pass: a pattern would look for the end of each open comment again and again.
func stripTags(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 || i+1 == len(s) {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		end, next := ">", s[1]
		switch {
		case strings.HasPrefix(s, "<!--"):
			end = "-->"
		case strings.HasPrefix(s, "<![CDATA["):
			s = s[len("<![CDATA["):]
			continue
		case next != '/' && next != '!' && (next|0x20 < 'a' || next|0x20 > 'z'):
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		j := strings.Index(s, end)
		if j < 0 {
			break
		}
		b.WriteByte(' ')
		s = s[j+len(end):]
	}
	b.WriteString(s)
	return strings.ReplaceAll(b.String(), "]]>", " ")
}

// readHTML takes a block of HTML in an item.
func (p *parser) readHTML(it *item, n *ast.HTMLBlock) {
	text, summary := p.doc.htmlText(n)
	if text == "" {
		return
	}
	it.texts = append(it.texts, text)
	switch {
	case summary != "":
		it.say(summary)
		it.summary = true
	case it.title == "":
		it.name(text, "")
	default:
		it.say(text)
	}
	p.accountHTML(n)
}

// accountHTML gives a block of HTML that shows something its verdict.
func (p *parser) accountHTML(n *ast.HTMLBlock) {
	switch text, summary := p.doc.htmlText(n); {
	case text == "" || text == summary:
	case htmlCode.MatchString(p.doc.htmlSource(n)):
		p.other(n, "display", "code in HTML, where no command is read: a fence makes it one")
	default:
		p.other(n, "display", "HTML: shown as text")
	}
}
