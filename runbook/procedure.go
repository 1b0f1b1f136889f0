package runbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// procedureInWork is the procedure whose sections are being read.
type procedureInWork struct {
	Procedure
	mode    mode
	until   int // index of the first section that is not its own
	items   []*item
	margin  bool     // the block before was a fence at the margin
	lead    string   // the words just before this block
	part    string   // the heading of the part of the procedure that this block is in
	heading string   // in prose: the heading since the last step
	words   []string // in prose: the paragraphs since the last step
}

func (p *parser) endProcedure() {
	if p.proc == nil {
		return
	}
	p.leftWords()
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
	switch t := n.(type) {
	case *ast.Blockquote:
		for c := t.FirstChild(); c != nil; c = c.NextSibling() {
			p.procedureBlock(c)
		}
		return
	case *east.Table:
		if p.proc.mode != inHeadings || len(p.proc.items) == 0 {
			p.tableBlock(t)
			return
		}
	}
	switch p.proc.mode {
	case inHeadings:
		p.headingBlock(n)
	case inProse:
		p.proseBlock(n)
	case inAlert:
		p.partBlock(n)
	default:
		p.listBlock(n, margin)
	}
	if t := n.Kind(); t == ast.KindParagraph || t == ast.KindTextBlock {
		p.proc.lead = p.doc.plain(n)
	} else {
		p.proc.lead = ""
	}
}

// note keeps words of a procedure that belong to no step.
func (p *parser) note(text string) {
	if text = strings.TrimSpace(text); text != "" {
		p.proc.Notes = append(p.proc.Notes, text)
	}
}

// last is the item before; nil: none yet.
func (p *parser) last() *item {
	if n := len(p.proc.items); n > 0 {
		return p.proc.items[n-1]
	}
	return nil
}

func (p *parser) listBlock(n ast.Node, margin bool) {
	switch t := n.(type) {
	case *ast.List:
		why := "a second list of the procedure, no steps"
		if t.IsOrdered() {
			if why = p.noSteps(t, margin); why == "" {
				p.listItems(t)
				return
			}
		}
		p.block(n, "display", why)
		p.note(p.listText(t, ""))
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		if p.last() == nil {
			p.earlyFence(n)
			return
		}
		p.addPart(p.last(), n)
	case *ast.Paragraph, *ast.TextBlock:
		p.tell(n)
	case *ast.HTMLBlock:
		p.htmlNote(t)
	default:
		p.note(p.doc.full(n))
	}
}

// earlyFence is one before the first step: shown, and for people.
func (p *parser) earlyFence(n ast.Node) {
	p.block(n, "manual", "stands before the first step")
	p.note(p.doc.code(n))
}

// tell takes a paragraph beside the steps: a note, and the words before a fence at the margin.
func (p *parser) tell(n ast.Node) {
	text := p.doc.plain(n)
	it := p.last()
	if it != nil {
		it.say(text)
		if tabMark.MatchString(text) {
			return
		}
	}
	p.procedureText(n)
}

var tabMark = re(`^=== ["“].*["”]$`)

func (p *parser) htmlNote(n *ast.HTMLBlock) {
	text, summary := p.doc.htmlText(n)
	if it := p.last(); it != nil && text != "" {
		it.say(or(summary, text))
		it.summary = summary != ""
	}
	p.note(text)
	p.accountHTML(n)
}

func (p *parser) listItems(l *ast.List) {
	back := rollbackPart.MatchString(p.proc.part) || rollbackOne.MatchString(p.proc.lead)
	for in := l.FirstChild(); in != nil; in = in.NextSibling() {
		it := p.newItem(p.doc.line(in))
		it.list = l
		it.forbid = or(it.forbid, or(forbidden(p.proc.lead), forbidden(p.proc.part)))
		for c := in.FirstChild(); c != nil; c = c.NextSibling() {
			p.read(it, c)
		}
		if back {
			it.condition = or(it.condition, "to roll back")
		}
	}
}

// preparing is what stands before a list of what has to be there, not of what is done.
var preparing = re(`(?i)^\W*(?:prerequisites?|pre-?conditions?|requirements?|assumptions?|before (?:you|we) (?:start|begin)|you (?:will )?need(?: to have)?\s*:|you (?:will )?need (?:an?|the|access|two|some)\b|what (?:you|is) need|needed\s*:|background|symptoms?|when to use|` +
	`voraussetzung|vorbedingung|vorab\b|benötigt\w*\s*:|hintergrund|prérequis|conditions préalables|requisitos|prerrequisitos|pré-requisitos|prerequisiti|requisiti|vereisten|benodigd)`)

// noSteps says why an ordered list of a procedure holds no steps; empty: it does. Where lists without a command stood before the first with one,
// they were none: what must be there, who must be asked.
func (p *parser) noSteps(l *ast.List, margin bool) string {
	items := p.proc.items
	switch {
	case preparing.MatchString(p.proc.lead) || preparing.MatchString(p.proc.part):
		return "what has to be there before, no steps"
	case len(items) == 0 || l.Start == len(items)+1:
		return ""
	case l.Start == 1 && margin && items[len(items)-1].list != nil && items[len(items)-1].list.ChildCount() == 1:
		return ""
	}
	runs := p.runsIn(l) || p.hasInline(l)
	if l.Start == 1 && runs && !p.acts(items) {
		p.demote()
		return ""
	}
	if runs && (rollbackPart.MatchString(p.proc.part) || rollbackOne.MatchString(p.proc.lead)) {
		return ""
	}
	if runs {
		p.warn(p.doc.line(l), "second-list", "a second list with commands in one procedure: they are no steps", "go on with the numbers of the first list, or give it a procedure of its own")
	}
	return "a second list of the procedure, no steps"
}

// acts says that some item has a command.
func (p *parser) acts(items []*item) bool {
	return slices.ContainsFunc(items, func(it *item) bool {
		return len(it.inline) > 0 || slices.ContainsFunc(it.parts, func(part itemPart) bool { return part.acts() || part.v.verdict == "manual" })
	})
}

// demote makes the items so far no steps.
func (p *parser) demote() {
	for _, it := range p.proc.items {
		for _, part := range it.parts {
			p.block(part.node, part.v.verdict, part.v.why)
		}
		if l, ok := it.list.(*ast.List); ok && !p.used[l] {
			p.block(l, "display", "stands before the list with the commands, no steps")
			p.note(p.listText(l, ""))
		}
	}
	p.proc.items = nil
}

func (p *parser) headingBlock(n ast.Node) {
	if it := p.last(); it != nil {
		if n.Kind() == ast.KindList {
			p.block(n, "manual", "what a person does in step "+it.title)
		}
		p.read(it, n)
		return
	}
	switch t := n.(type) {
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		p.earlyFence(n)
	case *ast.Paragraph, *ast.TextBlock:
		p.procedureText(n)
	case *ast.List:
		p.note(p.listText(t, ""))
	case *ast.HTMLBlock:
		p.htmlNote(t)
	default:
		p.note(p.doc.full(n))
	}
}

// proseBlock makes each command a step; the sentence before it names it.
func (p *parser) proseBlock(n ast.Node) {
	switch t := n.(type) {
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		p.proseFence(n)
	case *ast.Paragraph, *ast.TextBlock:
		label, _, ok := p.doc.strongStart(n)
		if l := strings.ToLower(label); ok && (strings.HasPrefix(l, "scenario") || l == "note" || l == "steps") || scenarioLine.MatchString(p.doc.plain(n)) {
			p.procedureText(n)
			return
		}
		p.proc.words = append(p.proc.words, p.doc.full(n))
	case *ast.List:
		p.block(n, "display", "a list beside the commands, no steps")
		p.note(p.listText(t, ""))
	case *ast.HTMLBlock:
		text, summary := p.doc.htmlText(t)
		if text = or(summary, text); text != "" {
			p.proc.words = append(p.proc.words, text)
		}
		p.accountHTML(t)
	default:
		p.note(p.doc.full(n))
	}
}

// proseFence is the next step, or belongs to the one before: as its output, or as another way to do it.
func (p *parser) proseFence(n ast.Node) {
	words, heading := p.proc.words, p.proc.heading
	it := p.last()
	v := classify(p.doc.lang(n), p.doc.code(n))
	if it != nil {
		if !runnable(v) && v.call == "" && len(words) == 0 {
			p.addPart(it, n)
			return
		}
		if p.anotherWay(it, words, heading) {
			it.texts = append(it.texts, words...)
			for _, w := range append([]string{heading}, words...) {
				it.say(w)
			}
			p.proc.words, p.proc.heading = nil, ""
			p.addPart(it, n)
			return
		}
	}
	it = p.newItem(p.doc.line(n))
	it.texts = words
	if it.name(strings.Join(words, " "), ""); it.title != "" {
		it.title = firstSentence(it.title)
	}
	it.condition = or(it.condition, condition(heading))
	it.forbid = or(it.forbid, forbidden(heading))
	if len(words) > 0 { // the last words before a command are nearest to it
		it.condition = or(it.condition, condition(words[len(words)-1]))
		it.forbid = or(it.forbid, forbidden(words[len(words)-1]))
	}
	it.title = or(it.title, heading)
	it.label = or(heading, it.title)
	if len(words) > 0 && optionWords.MatchString(strings.TrimRight(words[len(words)-1], " .:")) {
		it.label = words[len(words)-1]
	}
	p.proc.words, p.proc.heading = nil, ""
	p.addPart(it, n)
}

// anotherWay says that the words before a fence make it another way of the step before.
func (p *parser) anotherWay(it *item, words []string, heading string) bool {
	if len(it.parts) == 0 {
		return false
	}
	was := it.parts[len(it.parts)-1].option != ""
	return slices.ContainsFunc(append([]string{heading}, words...), func(w string) bool {
		w = strings.TrimRight(spoken(w), " .:")
		return orWord.MatchString(w) || was && optionWords.MatchString(w)
	})
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
		p.note(p.doc.full(n))
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
			} else if text := p.innerText(c); text != "" {
				lines = append(lines, indent+mark+text)
				mark = "  "
			}
		}
	}
	return strings.Join(lines, "\n")
}

// innerText is a block inside a list as text; code is shown by its step.
func (p *parser) innerText(n ast.Node) string {
	switch t := n.(type) {
	case *east.Table:
		return p.tableText(t)
	case *ast.HTMLBlock:
		text, _ := p.doc.htmlText(t)
		return text
	}
	return p.doc.full(n)
}
