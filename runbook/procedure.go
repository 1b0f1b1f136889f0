package runbook

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// procedureInWork is the procedure whose sections are being read.
type procedureInWork struct {
	Procedure
	mode    mode
	until   int // index of the first section that is not its own
	items   []*item
	margin  bool     // the block before was a fence at the margin
	heading string   // in prose: the heading since the last step
	words   []string // in prose: the paragraphs since the last step
}

func (p *parser) endProcedure() {
	if p.proc == nil {
		return
	}
	for i, it := range p.proc.items {
		p.proc.Steps = append(p.proc.Steps, p.itemSteps(it, i+1)...)
	}
	p.listVerdicts()
	if len(p.proc.Steps) == 0 {
		p.warn(p.proc.Line, "no-steps", fmt.Sprintf("procedure %d has no numbered list, so it has no steps", p.proc.Number), "number its steps 1., 2., …")
	}
	p.rb.Procedures = append(p.rb.Procedures, p.proc.Procedure)
	p.proc = nil
}

// listVerdicts accounts for the lists that hold the steps: for people alone where none of their items has a command.
func (p *parser) listVerdicts() {
	runs := map[ast.Node]bool{}
	var lists []ast.Node
	for _, it := range p.proc.items {
		if it.list == nil {
			continue
		}
		if _, known := runs[it.list]; !known {
			lists = append(lists, it.list)
		}
		for _, part := range it.parts {
			runs[it.list] = runs[it.list] || runnable(part.v) || part.option != ""
		}
		runs[it.list] = runs[it.list] || false
	}
	for _, l := range lists {
		p.block(l, map[bool]string{true: "executable", false: "manual"}[runs[l]], "the steps of procedure "+strconv.Itoa(p.proc.Number))
	}
}

// procedureBlock reads one block directly under a procedure's heading.
func (p *parser) procedureBlock(n ast.Node) {
	margin := p.proc.margin
	p.proc.margin = isCode(n)
	if q, ok := n.(*ast.Blockquote); ok {
		for c := q.FirstChild(); c != nil; c = c.NextSibling() {
			p.procedureBlock(c)
		}
		return
	}
	switch p.proc.mode {
	case inHeadings:
		p.headingBlock(n)
	case inProse:
		p.proseBlock(n)
	default:
		p.listBlock(n, margin)
	}
}

func (p *parser) listBlock(n ast.Node, margin bool) {
	items := p.proc.items
	switch t := n.(type) {
	case *ast.List:
		if t.IsOrdered() && (len(items) == 0 || t.Start == len(items)+1 || margin && t.Start == 1 && items[len(items)-1].list.ChildCount() == 1) {
			for in := t.FirstChild(); in != nil; in = in.NextSibling() {
				it := p.newItem(p.doc.line(in))
				it.list = n
				for c := in.FirstChild(); c != nil; c = c.NextSibling() {
					p.read(it, c)
				}
			}
			return
		}
		p.block(n, "display", "a second list of the procedure, no steps")
		p.proc.Notes = append(p.proc.Notes, p.listText(t, ""))
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		if len(items) == 0 {
			p.block(n, "manual", "stands before the first step")
			return
		}
		p.addPart(items[len(items)-1], n)
	case *ast.Paragraph, *ast.TextBlock:
		p.procedureText(n)
	}
}

func (p *parser) headingBlock(n ast.Node) {
	if len(p.proc.items) > 0 {
		it := p.proc.items[len(p.proc.items)-1]
		if n.Kind() == ast.KindList {
			p.block(n, "manual", "what a person does in step "+it.title)
		}
		p.read(it, n)
		return
	}
	switch {
	case isCode(n):
		p.block(n, "manual", "stands before the first step")
	case n.Kind() == ast.KindParagraph || n.Kind() == ast.KindTextBlock:
		p.procedureText(n)
	}
}

// proseBlock makes each command a step; the sentence before it names it.
func (p *parser) proseBlock(n ast.Node) {
	switch {
	case isCode(n):
		src := p.doc.code(n)
		items := p.proc.items
		if v := classify(p.doc.lang(n), src); !runnable(v) && v.call == "" && len(items) > 0 && len(p.proc.words) == 0 {
			p.addPart(items[len(items)-1], n)
			return
		}
		it := p.newItem(p.doc.line(n))
		it.texts = p.proc.words
		text := strings.Join(p.proc.words, " ")
		if it.name(text, ""); it.title != "" {
			it.title = firstSentence(it.title)
		}
		it.title = or(it.title, p.proc.heading)
		p.proc.words, p.proc.heading = nil, ""
		p.addPart(it, n)
	case n.Kind() == ast.KindParagraph || n.Kind() == ast.KindTextBlock:
		label, _, ok := p.doc.strongStart(n)
		if l := strings.ToLower(label); ok && (strings.HasPrefix(l, "scenario") || l == "note" || l == "steps") || scenarioLine.MatchString(p.doc.plain(n)) {
			p.procedureText(n)
			return
		}
		p.proc.words = append(p.proc.words, p.doc.plain(n))
	case n.Kind() == ast.KindList:
		p.block(n, "display", "a list beside the commands, no steps")
	}
}

var scenarioLine = re(`(?i)^scenario\s*:\s*(.*)$`)

func (p *parser) procedureText(n ast.Node) {
	label, rest, ok := p.doc.strongStart(n)
	m := scenarioLine.FindStringSubmatch(p.doc.plain(n))
	switch l := strings.ToLower(label); {
	case ok && strings.HasPrefix(l, "scenario"):
		p.proc.Scenario = rest
	case m != nil:
		p.proc.Scenario = m[1]
	case ok && rest == "" && (l == "steps" || l == "procedure"):
	case ok && l == "note":
		p.proc.Notes = append(p.proc.Notes, rest)
	default:
		p.proc.Notes = append(p.proc.Notes, p.doc.plain(n))
	}
}

// sourceDigest is the digest that a lock compares with the Markdown: of one fence its bytes, of several the bytes joined with NUL.
func sourceDigest(cs []Command) string {
	all := make([]string, len(cs))
	for i, c := range cs {
		all[i] = c.Source
	}
	return digest([]byte(strings.Join(all, "\x00")))
}

// listText is a list as plain lines.
func (p *parser) listText(l *ast.List, indent string) string {
	var lines []string
	n := l.Start
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "- "
		if l.IsOrdered() {
			mark = strconv.Itoa(n) + ". "
			n++
		}
		for c := item.FirstChild(); c != nil; c = c.NextSibling() {
			if inner, ok := c.(*ast.List); ok {
				lines = append(lines, p.listText(inner, indent+"  "))
			} else if text := p.doc.plain(c); text != "" {
				lines = append(lines, indent+mark+text)
				mark = "  "
			}
		}
	}
	return strings.Join(lines, "\n")
}
