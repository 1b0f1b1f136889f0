package runbook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// Sections gives other words for the runbook's parts: a part's key and the heading under which this runbook keeps it. Keys are
// SectionKeys, and PART.COLUMN for the headings of a table's columns (severities.respond: Reaktionszeit). Columns that neither this nor the words that
// drbot knows name are read by their place, after a Warning, if what stands in them fits.
type Sections map[string]string

// SectionError is an entry of Sections that cannot be meant.
type SectionError struct {
	Key     string // as written
	Problem string
}

func (e *SectionError) Error() string { return "sections: " + e.Problem }

// Check refuses the first key, in their order, that is no part.
func (s Sections) Check() error {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		switch {
		case slices.Contains(SectionKeys, key) || slices.Contains(columnKeys(), key):
		case slices.Contains(SectionKeys, s[key]):
			return &SectionError{key, fmt.Sprintf("%q stands before its part; the form is part: heading, so %s: %s", key, s[key], key)}
		case strings.Contains(key, "."):
			return &SectionError{key, fmt.Sprintf("unknown column %q; the form is part.column: heading, the columns are %s", key, strings.Join(columnKeys(), ", "))}
		default:
			return &SectionError{key, fmt.Sprintf("unknown part %q; the form is part: heading, the part one of %s", key, strings.Join(SectionKeys, ", "))}
		}
	}
	return nil
}

// SectionKeys are the parts that can be mapped.
var SectionKeys = []string{
	"severities", "incident_types", "rto", "rpo", "procedures", "checklist", "templates",
	"initial", "update", "resolution", "status_page", "review", "review_template", "contacts",
}

// parser collects what the sections hold.
type parser struct {
	doc    *document
	names  map[string]string // lower-case heading -> part
	heads  map[string]string // part.column -> heading
	rb     *Runbook
	errs   []error
	seen   map[string]int    // part -> line of its table
	used   map[ast.Node]bool // fences and lists that have a verdict
	proc   *procedureInWork  // nil outside procedures
	titles map[string]bool   // lower-case headings
	next   int               // last checklist number given
}

// Parse reads a runbook, or a bundle of several (see ReadSource). What it does not understand becomes a Warning; what would mislead (a severity
// that is none of 1 to 4, two procedures of one number, a placeholder that no fact fills) is an error of type *Error, several joined. A text
// without any procedure is refused.
func Parse(src []byte, opt Sections) (*Runbook, error) {
	if len(src) > maxMarkdown {
		return nil, &Error{Problem: fmt.Sprintf("%d bytes of Markdown", len(src)), Want: fmt.Sprintf("at most %d", maxMarkdown)}
	}
	files, err := unbundle(src)
	if err != nil {
		return nil, err
	}
	if files != nil {
		return parseBundle(src, files, opt)
	}
	p, err := newParser(src, opt)
	if err != nil {
		return nil, err
	}
	p.readAll()
	p.rb.Warnings = append(p.rb.Warnings, notThere(opt, p.titles)...)
	if len(p.rb.Procedures) == 0 && len(p.errs) == 0 {
		return nil, p.rb.noProcedure(p.nearest())
	}
	if len(p.rb.Severities) == 0 {
		p.rb.Warnings = append(p.rb.Warnings, noSeverities())
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	p.rb.resolveCalls()
	return p.rb, nil
}

// NoProcedure is a text without any procedure; what became of its fences and lists is known all the same.
type NoProcedure struct {
	Cause  *Error
	Report Report
}

func (e *NoProcedure) Error() string { return e.Cause.Error() }
func (e *NoProcedure) Unwrap() error { return e.Cause }

func (rb *Runbook) noProcedure(nearest string) error {
	e := &Error{Line: 1, Problem: "no procedure" + nearest, Want: `a heading like "Procedure 1: Database recovery" with a numbered list under it`}
	return &NoProcedure{e, Report{Fences: list(rb.Fences), Lists: list(rb.Lists), Others: list(rb.Others), Changes: []Difference{}, Rewrites: []ShownRewrite{}}}
}

// nearest says which part of the text comes next to a procedure, and what it lacks.
func (p *parser) nearest() string {
	for _, s := range p.doc.sections() {
		for _, n := range s.blocks {
			l, ordered := n.(*ast.List)
			title := or(s.title, "the beginning")
			switch {
			case ordered && l.IsOrdered() && (p.runsIn(n) || p.hasInline(n)):
				return fmt.Sprintf("; the nearest is the list at line %d under %q: its heading has no word of recovery", p.doc.line(n), title)
			case ordered && l.IsOrdered():
				return fmt.Sprintf("; the nearest is the list at line %d under %q: none of its items has a command that is known as one", p.doc.line(n), title)
			case isCode(n) && p.runsIn(n):
				return fmt.Sprintf("; the nearest is the command at line %d under %q: its heading has no word of recovery, and no numbered list holds it", p.doc.line(n), title)
			}
		}
	}
	return ""
}

// notThere names the configured headings that stand nowhere.
func notThere(opt Sections, titles map[string]bool) []Finding {
	var out []Finding
	for _, key := range slices.Sorted(maps.Keys(opt)) {
		heading := strings.TrimSpace(opt[key])
		if strings.Contains(key, ".") || heading == "" || titles[strings.ToLower(heading)] {
			continue
		}
		out = append(out, Finding{0, "section-missing", LevelWarning, fmt.Sprintf("sections: %s is said to stand under %q, and no heading is called so", key, heading), "write the heading as it is in the runbook" + similar(strings.ToLower(heading), titles), ""})
	}
	return out
}

// similar offers the heading that shares the longest start.
func similar(want string, titles map[string]bool) string {
	best, most := "", 3
	for _, t := range slices.Sorted(maps.Keys(titles)) {
		n := 0
		for n < len(t) && n < len(want) && t[n] == want[n] {
			n++
		}
		if n > most {
			best, most = t, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; near is %q", best)
}

func noSeverities() Finding {
	return Finding{Rule: "no-severities", Level: LevelWarning, Message: "no table of severities", Fix: `a table with the columns Level, Name, Definition, Response Time`}
}

func newParser(src []byte, opt Sections) (*parser, error) {
	if err := plainText(src); err != nil {
		return nil, err
	}
	p := &parser{names: map[string]string{}, heads: map[string]string{}, seen: map[string]int{}, used: map[ast.Node]bool{}}
	if err := opt.Check(); err != nil {
		return nil, err
	}
	for key, heading := range opt {
		if heading = strings.TrimSpace(heading); strings.Contains(key, ".") {
			p.heads[key] = heading
		} else {
			p.names[strings.ToLower(heading)] = key
		}
	}
	var err error
	if p.doc, err = openDocument(src); err != nil {
		return nil, err
	}
	p.rb = &Runbook{Source: slices.Clone(src), Digest: digest(src)}
	return p, nil
}

// readAll goes through the sections in order.
func (p *parser) readAll() {
	secs := p.doc.sections()
	explicit := p.explicit(secs)
	p.titles = map[string]bool{}
	for i, s := range secs {
		p.titles[strings.ToLower(s.title)] = true
		was := p.proc
		p.openProcedure(secs, i, explicit)
		p.stepHeadingItem(s, p.proc != was)
		p.section(s)
	}
	p.endProcedure()
	p.finish()
}

// plainText refuses what is no text: such bytes would be read in one way here and in another by whoever reviews them.
func plainText(src []byte) error {
	for i, line := range bytes.Split(src, []byte("\n")) {
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return &Error{Line: i + 1, Problem: "not UTF-8 text", Want: "UTF-8 without NUL bytes"}
		}
	}
	return nil
}

// digest is the sha256 of b in hex.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (p *parser) fail(line int, problem, want string) {
	p.errs = append(p.errs, &Error{Line: line, Problem: problem, Want: want})
}

func (p *parser) warn(line int, rule, message, fix string) {
	p.rb.Warnings = append(p.rb.Warnings, Finding{line, rule, LevelWarning, message, fix, ""})
}

// part says which part of the runbook a section belongs to by the config's words; "" leaves it to the shape.
func (p *parser) part(s section) string {
	if k := p.names[strings.ToLower(s.title)]; k != "" {
		return k
	}
	for i := len(s.path) - 1; i >= 0; i-- {
		if k := p.names[strings.ToLower(s.path[i])]; k != "" {
			return k
		}
	}
	return ""
}

func (p *parser) section(s section) {
	if s.level == 1 && p.rb.Title == "" {
		p.rb.Title = s.title
	}
	part := p.part(s)
	under := strings.ToLower(strings.Join(append(slices.Clone(s.path), s.title), " / "))
	for _, n := range s.blocks {
		switch t := n.(type) {
		case *east.Table:
			read := p.table(p.doc.table(t), part)
			if p.proc != nil && !read {
				p.procedureBlock(n)
			} else if command, _, _ := commandTable(p.doc.table(t)); command >= 0 && !read {
				p.other(n, "manual", "a table of commands outside every procedure")
			}
		case *ast.List:
			if p.proc != nil {
				p.procedureBlock(n)
			} else {
				p.list(t, s, part)
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			if p.proc == nil {
				p.fence(t, s, part, under)
			} else {
				p.procedureBlock(n)
			}
		default:
			if p.proc != nil {
				p.procedureBlock(n)
			}
		}
	}
}

// fence is one outside every procedure: a template, or something that is only shown.
func (p *parser) fence(f ast.Node, s section, part, under string) {
	line, lang, src := p.doc.line(f), p.doc.lang(f), p.doc.code(f)
	switch {
	case part == "review_template", part == "" && lang != "" && strings.Contains(under, "review"):
		p.rb.Review.Template = src
		p.block(f, "template", "the review's own text")
	case lang == "" || lang == "text" || lang == "markdown" || lang == "md":
		if key := templateKey(part, under, s.title); key != "" {
			p.template(key, s.title, src, line+1)
			p.block(f, "template", "message "+key)
			return
		}
		p.block(f, "display", "no command, and under no heading of a message")
	default:
		v := classify(lang, src)
		if v.verdict != "configuration" && v.verdict != "display" {
			v.verdict, v.why = "manual", "stands outside every procedure"
		}
		p.block(f, v.verdict, v.why)
	}
}

// block gives a fence or an outermost list its verdict.
func (p *parser) block(n ast.Node, verdict, why string) {
	if p.used[n] {
		return
	}
	p.used[n] = true
	b := Block{p.doc.line(n), verdict, why, ""}
	switch {
	case n.Kind() == ast.KindList:
		p.rb.Lists = append(p.rb.Lists, b)
	case isCode(n):
		p.rb.Fences = append(p.rb.Fences, b)
	default:
		p.rb.Others = append(p.rb.Others, b)
	}
}

// other gives what is no fence and no list its verdict: tables and HTML in procedures, commands in a line.
func (p *parser) other(n ast.Node, verdict, why string) { p.block(n, verdict, why) }

// finish accounts for the blocks that nothing took, and refuses what cannot be worked with.
func (p *parser) finish() {
	_ = ast.Walk(p.doc.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.(type) {
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			p.block(n, "display", "stands where no step or message is read")
		case *ast.HTMLBlock:
			p.htmlFences(n)
		case *ast.List:
			p.block(n, "display", "neither steps nor a checklist")
			return ast.WalkSkipChildren, p.innerFences(n)
		}
		return ast.WalkContinue, nil
	})
	byLine := func(a, b Block) int { return a.Line - b.Line }
	slices.SortStableFunc(p.rb.Fences, byLine)
	slices.SortStableFunc(p.rb.Lists, byLine)
	slices.SortStableFunc(p.rb.Others, byLine)
}

// innerFences accounts for fences inside a list.
func (p *parser) innerFences(list ast.Node) error {
	return ast.Walk(list, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && isCode(n) {
			p.block(n, "display", "stands in a list that is no procedure")
		}
		return ast.WalkContinue, nil
	})
}

// htmlFences accounts for the fences that Markdown does not see, since they stand in HTML without an empty line before them.
func (p *parser) htmlFences(n ast.Node) {
	open := false
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		if line := strings.TrimSpace(string(seg.Value(p.doc.src))); strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~") {
			if open = !open; open {
				p.rb.Fences = append(p.rb.Fences, Block{p.doc.lineAt(seg.Start), "display", "stands in HTML, where no step is read: an empty line before it makes it a fence", ""})
			}
		}
	}
}
