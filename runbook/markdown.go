package runbook

import (
	"bytes"
	"fmt"
	"sort"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The Markdown is read once by goldmark; everything after this file sees only sections with their blocks, and line numbers.

// document is a parsed file.
type document struct {
	src   []byte // without byte-order mark, line ends as \n, front matter blanked
	lines []int  // offset of each line's first byte
	root  ast.Node
}

// section is a heading with the blocks up to the next heading of any level.
type section struct {
	level  int // 0: before the first heading
	title  string
	line   int
	path   []string // titles of the headings above it, outermost first
	blocks []ast.Node
}

func openDocument(source []byte) (*document, error) {
	src := plainMarkup(normalize(source))
	d := &document{src: src, lines: []int{0}}
	for i, b := range src {
		if b == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	if line, depth := deepest(src); depth > maxNesting {
		return nil, &Error{Line: line, Problem: fmt.Sprintf("quotes or lists nested %d deep", depth), Want: fmt.Sprintf("at most %d", maxNesting)}
	}
	if line, mark, n := busiest(src); n > maxMarks {
		return nil, &Error{Line: line, Problem: fmt.Sprintf("a paragraph with %d times %c", n, mark), Want: fmt.Sprintf("at most %d; an empty line parts paragraphs", maxMarks)}
	}
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.TaskList))
	d.root = md.Parser().Parse(text.NewReader(src))
	return d, nil
}

// normalize keeps the number of lines: findings name lines of the file as it is.
func normalize(source []byte) []byte {
	src := bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	src = bytes.ReplaceAll(src, []byte("\r"), []byte("\n"))
	if !bytes.HasPrefix(src, []byte("---\n")) {
		return src
	}
	end := bytes.Index(src[4:], []byte("\n---\n"))
	if end < 0 {
		return src
	}
	front := src[:4+end+5]
	if !bytes.Contains(front, []byte(":")) { // a rule, not front matter
		return src
	}
	return append(bytes.Repeat([]byte("\n"), bytes.Count(front, []byte("\n"))), src[len(front):]...)
}

// deepest finds the line with the most containers around it; goldmark recurses once for each, and reads a line once for each list that it may go
// on. A list counts while the lines under it are indented more than its mark.
func deepest(src []byte) (line, depth int) {
	var lists []int // columns of the marks of the lists that are open
	n := 0
	for l := range bytes.SplitSeq(src, []byte("\n")) {
		n++
		if len(bytes.TrimSpace(l)) == 0 {
			continue
		}
		column, quotes, marks := 0, 0, 0
		for i := 0; i < len(l); i++ {
			switch b := l[i]; {
			case b == ' ':
			case b == '\t':
				column += 3
			case b == '>':
				quotes++
			case listMark(l[i:]) > 0:
				for len(lists) > 0 && lists[len(lists)-1] >= column {
					lists = lists[:len(lists)-1]
				}
				lists = append(lists, column)
				marks++
				k := listMark(l[i:])
				i, column = i+k-1, column+k-1
			default:
				i = len(l)
			}
			column++
		}
		if t := bytes.TrimLeft(l, " \t"); len(t) > 0 && bytes.Trim(t, "-*+_ \t") == nil {
			lists = lists[:max(0, len(lists)-marks)] // a rule: one mark, many times
		}
		if d := quotes + len(lists); d > depth {
			line, depth = n, d
		}
	}
	return line, depth
}

// listMark is the length of a list's mark at the start of l; 0: none.
func listMark(l []byte) int {
	k := 0
	switch {
	case l[0] == '-' || l[0] == '*' || l[0] == '+':
		k = 1
	default:
		for k < len(l) && k < 9 && l[k] >= '0' && l[k] <= '9' {
			k++
		}
		if k == 0 || k == len(l) || l[k] != '.' && l[k] != ')' {
			return 0
		}
		k++
	}
	if k < len(l) && l[k] != ' ' && l[k] != '\t' {
		return 0
	}
	return k
}

// busiest finds the paragraph with the most of one inline mark; goldmark looks back from each to those before it.
func busiest(src []byte) (line int, mark byte, most int) {
	const marks = "[]*_`<!~"
	var counts [len(marks)]int
	n, first := 0, 1
	for l := range bytes.SplitSeq(src, []byte("\n")) {
		n++
		if len(bytes.TrimSpace(l)) == 0 {
			counts, first = [len(marks)]int{}, n+1
			continue
		}
		for i := range marks {
			if counts[i] += bytes.Count(l, []byte{marks[i]}); counts[i] > most {
				line, mark, most = first, marks[i], counts[i]
			}
		}
	}
	return line, mark, most
}

// lineAt gives the line, counted from 1, of a byte offset.
func (d *document) lineAt(offset int) int {
	return sort.Search(len(d.lines), func(i int) bool { return d.lines[i] > offset })
}

// line gives the line on which a block starts; a container starts where its first child does.
func (d *document) line(n ast.Node) int {
	if f, ok := n.(*ast.FencedCodeBlock); ok {
		if f.Info != nil {
			return d.lineAt(f.Info.Segment.Start)
		}
		if f.Lines().Len() > 0 {
			return d.lineAt(f.Lines().At(0).Start) - 1
		}
	}
	if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
		return d.lineAt(n.Lines().At(0).Start)
	}
	if t, ok := n.(*ast.Text); ok {
		return d.lineAt(t.Segment.Start)
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if l := d.line(c); l > 0 {
			return l
		}
	}
	if p := n.Pos(); p >= 0 && n.Type() == ast.TypeBlock {
		return d.lineAt(p)
	}
	return 0
}

// sections cuts the document at its headings.
func (d *document) sections() []section {
	secs := []section{{}}
	var stack []section
	for n := d.root.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			last := &secs[len(secs)-1]
			last.blocks = append(last.blocks, n)
			continue
		}
		for len(stack) > 0 && stack[len(stack)-1].level >= h.Level {
			stack = stack[:len(stack)-1]
		}
		s := section{level: h.Level, title: d.plain(h), line: d.line(h)}
		for _, above := range stack {
			s.path = append(s.path, above.title)
		}
		stack = append(stack, s)
		secs = append(secs, s)
	}
	return secs
}

// plain is the text of a node without marks: what a reader sees, soft line breaks as spaces.
func (d *document) plain(n ast.Node) string {
	var b strings.Builder
	d.writePlain(&b, n, false)
	return strings.TrimSpace(b.String())
}

// full is plain with the addresses of links, which a reader of plain text could not follow else.
func (d *document) full(n ast.Node) string {
	var b strings.Builder
	d.writePlain(&b, n, true)
	return strings.TrimSpace(b.String())
}

func (d *document) writePlain(b *strings.Builder, n ast.Node, addresses bool) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch t := c.(type) {
		case *ast.Text:
			b.Write(util.UnescapePunctuations(t.Segment.Value(d.src)))
			if t.SoftLineBreak() || t.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(t.Value)
		case *ast.AutoLink:
			b.Write(t.Label(d.src))
		case *ast.RawHTML:
			for i := range t.Segments.Len() {
				s := t.Segments.At(i)
				b.Write(s.Value(d.src))
			}
		case *east.TaskCheckBox:
		case *ast.Link:
			d.writeLink(b, c, t.Destination, addresses)
		case *ast.Image:
			d.writeLink(b, c, t.Destination, addresses)
		default:
			d.writePlain(b, c, addresses)
		}
	}
}

// writeLink leaves out an address inside the page, and one that is the text.
func (d *document) writeLink(b *strings.Builder, n ast.Node, to []byte, addresses bool) {
	d.writePlain(b, n, addresses)
	if addresses && len(to) > 0 && to[0] != '#' && !bytes.Contains([]byte(d.plain(n)), to) {
		fmt.Fprintf(b, " (%s)", to)
	}
}

// code is what stands between the fences, each line dedented as Markdown says.
func (d *document) code(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		b.Write(s.Value(d.src))
	}
	return b.String()
}

// lang is a fence's language, lower case; empty for none and for indented code. "bash{1,3}" and "bash:title" are bash.
func (d *document) lang(n ast.Node) string {
	f, ok := n.(*ast.FencedCodeBlock)
	if !ok {
		return ""
	}
	lang := strings.ToLower(string(f.Language(d.src)))
	if i := strings.IndexAny(lang, "{:,"); i >= 0 {
		lang = lang[:i]
	}
	return lang
}

// firstLine is the line of a block of code's first line of content.
func (d *document) firstLine(n ast.Node) int {
	if n.Kind() == ast.KindCodeBlock {
		return d.line(n)
	}
	return d.line(n) + 1
}

// strongStart splits a paragraph that begins with bold text: "**Note:** rest" gives "Note" and "rest".
func (d *document) strongStart(n ast.Node) (strong, rest string, ok bool) {
	e, isStrong := n.FirstChild().(*ast.Emphasis)
	if !isStrong || e.Level != 2 {
		return "", "", false
	}
	strong = d.plain(e)
	rest = strings.TrimSpace(strings.TrimPrefix(d.plain(n), strong))
	if s, found := strings.CutSuffix(strong, ":"); found {
		strong = s
	} else if r, found := strings.CutPrefix(rest, ":"); found {
		rest = strings.TrimSpace(r)
	}
	return strong, rest, true
}

// table is a GFM table as text.
type table struct {
	head []string
	rows []row
	line int
}

type row struct {
	cells []string
	line  int
}

func (d *document) table(n *east.Table) table {
	t := table{line: d.line(n)}
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var cells []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			cells = append(cells, d.plain(c))
		}
		if _, ok := r.(*east.TableHeader); ok {
			t.head = cells
			continue
		}
		t.rows = append(t.rows, row{cells, d.line(r)})
	}
	return t
}

// cell is empty for a column that is not there.
func (r row) cell(i int) string {
	if i < 0 || i >= len(r.cells) {
		return ""
	}
	return r.cells[i]
}
