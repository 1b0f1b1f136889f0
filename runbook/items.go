package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// item is a numbered item while it is read: what it says, and its fences with the words before each.
type item struct {
	title, condition string
	texts            []string
	parts            []itemPart
	line             int
	list             ast.Node // the list that it stands in; nil: none
	label            string   // the words since the last fence
}

// itemPart is one fence of an item.
type itemPart struct {
	Command
	v      verdict
	node   ast.Node
	label  string
	option string // the words that make it one of several ways
}

var (
	onCondition = regexp.MustCompile(`(?i)\((if\s[^)]*|optional|when\s[^)]*)\)`)
	sentenceEnd = regexp.MustCompile(`[.!?:]\s`)
	optionWords = regexp.MustCompile(`(?i)^(?:=== ["“](.+)["”]|((?:option|alternative|variant|method|way)\s+[a-z0-9]{1,3}\b.{0,80})|((?:on |for |with |using |if you use )?(?:kubernetes|k8s|systemd|docker(?:[ -]compose)?|helm|nomad|ecs|aws|gcp|azure|bare metal|linux|macos|windows|debian|ubuntu|rhel|alpine)\b[^.]{0,40}))$`)
)

func (p *parser) newItem(line int) *item {
	if len(p.proc.items) == maxSteps {
		p.fail(line, fmt.Sprintf("procedure %d has more than %d steps", p.proc.Number, maxSteps), "several procedures")
	}
	p.proc.items = append(p.proc.items, &item{line: line})
	return p.proc.items[len(p.proc.items)-1]
}

// name titles an item by its first paragraph: by its bold start, else by all of it, without the condition.
func (it *item) name(text, strong string) {
	it.title = strings.TrimSpace(onCondition.ReplaceAllString(text, ""))
	if strong != "" {
		it.title = strong
	}
	if m := onCondition.FindStringSubmatch(text); m != nil {
		it.condition = m[1]
	}
	it.title = strings.TrimRight(strings.Join(strings.Fields(it.title), " "), " .:")
}

// read adds a block of the item.
func (p *parser) read(it *item, n ast.Node) {
	switch t := n.(type) {
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		p.addPart(it, n)
	case *ast.List:
		it.texts = append(it.texts, p.listText(t, ""))
		for in := t.FirstChild(); in != nil; in = in.NextSibling() {
			for c := in.FirstChild(); c != nil; c = c.NextSibling() {
				p.readInner(it, c)
			}
		}
	case *ast.Paragraph, *ast.TextBlock:
		text := p.doc.plain(n)
		if it.title == "" {
			strong, _, _ := p.doc.strongStart(n)
			it.name(text, strong)
		} else {
			it.label = text
		}
		it.texts = append(it.texts, text)
	default:
		if text := p.doc.plain(n); text != "" {
			it.texts = append(it.texts, text)
		}
		p.readFences(it, n)
	}
}

// readInner reads a block of a nested list, whose text the item has already.
func (p *parser) readInner(it *item, n ast.Node) {
	switch {
	case isCode(n):
		p.addPart(it, n)
	case n.Kind() == ast.KindParagraph || n.Kind() == ast.KindTextBlock:
		it.label = p.doc.plain(n)
	default:
		for c := n.FirstChild(); c != nil && n.Type() == ast.TypeBlock; c = c.NextSibling() {
			p.readInner(it, c)
		}
	}
}

// readFences finds fences in quotes.
func (p *parser) readFences(it *item, n ast.Node) {
	for c := n.FirstChild(); c != nil && n.Type() == ast.TypeBlock; c = c.NextSibling() {
		if isCode(c) {
			p.addPart(it, c)
		} else {
			p.readFences(it, c)
		}
	}
}

func (p *parser) addPart(it *item, n ast.Node) {
	if len(it.parts) == maxParts {
		p.fail(p.doc.line(n), fmt.Sprintf("a step with more than %d fences", maxParts), "several steps")
	}
	if len(it.parts) >= maxParts || len(p.proc.items) > maxSteps {
		return // refused already
	}
	src := p.doc.code(n)
	c := Command{Lang: p.doc.lang(n), Source: src, SHA256: digest([]byte(src)), Line: p.doc.firstLine(n)}
	v := classify(c.Lang, src)
	c.judged = &v
	part := itemPart{Command: c, v: v, node: n, label: strings.TrimRight(it.label, " .:")}
	if m := optionWords.FindStringSubmatch(part.label); m != nil {
		part.option = m[1] + m[2] + m[3]
	}
	it.label = ""
	it.parts = append(it.parts, part)
}

// itemSteps makes an item one step, a choice, or several sub-steps.
func (p *parser) itemSteps(it *item, n int) []Step {
	s := Step{
		ID: fmt.Sprintf("%s.s%d", p.proc.ID, n), Number: fmt.Sprintf("%d.%d", p.proc.Number, n), Title: it.title, Condition: it.condition, Kind: Manual,
		Text: strings.Join(it.texts, "\n"), Line: it.line,
	}
	if s.Title == "" {
		s.Title = "Step " + s.Number
	}
	runs, options := 0, 0
	for _, part := range it.parts {
		if runnable(part.v) {
			runs++
		}
		if part.option != "" {
			options++
		}
	}
	if options > 1 && options == len(it.parts) && options <= maxBranches {
		p.chooseParts(&s, it)
		return []Step{s}
	}
	whole := s
	for _, part := range it.parts {
		p.block(part.node, part.v.verdict, part.v.why)
		whole.add(part)
	}
	if runs == 0 && whole.Kind == Manual && callStart.MatchString(s.Text) {
		whole.Kind, whole.Calls = Call, []string{s.Text} // words; resolveCalls makes them ids
	}
	if runs < 2 {
		return []Step{whole}
	}
	return splitItem(s, whole, it)
}

// chooseParts makes fences that are labelled as ways one choice.
func (p *parser) chooseParts(s *Step, it *item) {
	s.Kind = Choice
	for _, part := range it.parts {
		s.Commands = append(s.Commands, part.Command)
		s.Alternatives = append(s.Alternatives, Alternative{Label: part.option, Lang: part.Lang, Source: part.Source, Line: part.Line})
		p.block(part.node, "choice", fmt.Sprintf("one of %d ways: %s", len(it.parts), part.option))
	}
	s.SourceSHA256 = sourceDigest(s.Commands)
}

// add puts a fence into a step and settles what kind of step it is: a choice wins over a command, a command over a call.
func (s *Step) add(part itemPart) {
	s.Commands = append(s.Commands, part.Command)
	s.SourceSHA256 = sourceDigest(s.Commands)
	switch v := part.v; {
	case v.verdict == "choice":
		s.Kind = Choice
		for _, a := range v.branches {
			a.Line += part.Line
			s.Alternatives = append(s.Alternatives, a)
		}
	case runnable(v) && s.Kind != Choice:
		s.Kind = Executable
	case v.call != "" && s.Kind == Manual:
		s.Kind = Call
		s.Calls = []string{v.call} // words; resolveCalls makes them ids
	}
}

// splitItem makes a sub-step of each command; a fence that is only shown goes with the command before it.
func splitItem(s, whole Step, it *item) []Step {
	var out []Step
	has := false // the last sub-step has its command
	for _, part := range it.parts {
		if len(out) == 0 || has && runnable(part.v) {
			sub := s
			n := len(out) + 1
			sub.Item, sub.whole = s.Number, &whole
			sub.ID, sub.Number = fmt.Sprintf("%s.%d", s.ID, n), fmt.Sprintf("%s.%d", s.Number, n)
			if n > 1 {
				sub.Title, sub.Text, sub.Line = fmt.Sprintf("%s, part %d", s.Title, n), part.label, part.Line
				if l := firstSentence(part.label); l != "" && len(l) <= 60 {
					sub.Title = s.Title + ": " + l
				}
			}
			out = append(out, sub)
			has = false
		}
		out[len(out)-1].add(part)
		has = has || runnable(part.v)
	}
	for i := range out { // two of one name could not be told apart when their commands change
		if slices.ContainsFunc(out[:i], func(o Step) bool { return o.Title == out[i].Title }) {
			out[i].Title = fmt.Sprintf("%s, part %d", s.Title, i+1)
		}
	}
	return out
}

func firstSentence(text string) string {
	if at := sentenceEnd.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	return strings.TrimRight(text, " .:")
}

// inOnePiece gives the runbook with items in one piece where the lock holds them so: several fences under one entry, as older locks have them.
func (rb *Runbook) inOnePiece(l *Lock) *Runbook {
	known := map[string]bool{}
	for _, e := range l.Steps {
		if e.own() && e.SourceSHA256 != "" {
			known[e.SourceSHA256] = true
		}
	}
	joins := func(s Step) bool { return s.whole != nil && known[s.whole.SourceSHA256] }
	if !slices.ContainsFunc(rb.Procedures, func(p Procedure) bool { return slices.ContainsFunc(p.Steps, joins) }) {
		return rb
	}
	out := rb.copySteps()
	for i := range out.Procedures {
		var steps []Step
		for _, s := range out.Procedures[i].Steps {
			switch {
			case !joins(s):
				steps = append(steps, s)
			case len(steps) == 0 || steps[len(steps)-1].ID != s.whole.ID:
				steps = append(steps, *s.whole)
			}
		}
		out.Procedures[i].Steps = steps
	}
	return out
}
