package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// item is a numbered item while it is read: what it says, and its fences with the words before each.
type item struct {
	title, condition string
	texts            []string
	parts            []itemPart
	line             int
	list             ast.Node // the list that it stands in; nil: none
	label            string   // the last words since the last fence
	between          []string // the words before those, since the last fence
	summary          bool     // the label is the summary of a part that opens
	forbid           string   // the words that forbid all of it
	inline           []inlineCommand
}

// itemPart is one fence of an item.
type itemPart struct {
	Command
	v     verdict
	node  ast.Node
	label string
	// What the words since the fence before make of it, see hear.
	between   []string
	option    string // it is one of several ways: its name
	side      string // it may be one
	or        bool   // it is another way than the one before
	way       bool   // the one after it is another way
	condition string // it depends on something
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?:]\s`)
	optionWords = regexp.MustCompile(`(?i)^(?:=== ["“](.+)["”]|((?:option|alternative|variant|variante|method|way|möglichkeit)\s+[a-z0-9]{1,3}\b.{0,80})|` +
		`((?:if (?:you |it |this |we )?(?:use |are |is |runs? )?)?(?:(?:on|for|with|using|in|via) )?(?:an? |the )?(?:` + platforms + `)\b[^.]{0,40}))$`)
)

func (p *parser) newItem(line int) *item {
	if len(p.proc.items) == maxSteps {
		p.fail(line, fmt.Sprintf("procedure %d has more than %d steps", p.proc.Number, maxSteps), "several procedures")
	}
	p.proc.items = append(p.proc.items, &item{line: line, forbid: forbidden(p.proc.Title)})
	return p.proc.items[len(p.proc.items)-1]
}

// name titles an item by its first paragraph: by its bold start, else by all of it, without a condition in brackets.
func (it *item) name(text, strong string) {
	text = spoken(text)
	it.title = strings.TrimSpace(inBrackets.ReplaceAllString(text, ""))
	if strong != "" {
		it.title = strings.TrimSpace(inBrackets.ReplaceAllString(strong, ""))
	}
	it.condition = titleCondition(text, strong)
	it.forbid = or(it.forbid, forbidden(text))
	it.title = strings.TrimRight(strings.Join(strings.Fields(it.title), " "), " .:")
}

// say puts words before the next fence.
func (it *item) say(text string) {
	if it.label != "" {
		it.between = append(it.between, it.label)
	}
	it.label, it.summary = text, false
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
			it.say(text)
			if len(it.parts) == 0 {
				it.condition = or(it.condition, ownCondition(text))
			}
		}
		it.texts = append(it.texts, p.doc.full(n))
		p.inlineCommands(it, n)
	case *ast.Heading:
		it.say(p.doc.plain(n))
		it.title = or(it.title, it.label)
		it.texts = append(it.texts, p.doc.full(n))
	case *ast.HTMLBlock:
		p.readHTML(it, t)
	case *east.Table:
		it.texts = append(it.texts, p.tableText(t))
		p.other(n, "manual", "a table in a step: shown")
	default:
		if text := p.doc.full(n); text != "" {
			it.texts = append(it.texts, text)
		}
		p.readInner(it, n)
	}
}

// readInner reads a block of a nested list, whose text the item has already.
func (p *parser) readInner(it *item, n ast.Node) {
	switch {
	case isCode(n):
		p.addPart(it, n)
	case n.Kind() == ast.KindParagraph || n.Kind() == ast.KindTextBlock:
		it.say(p.doc.plain(n))
		p.inlineCommands(it, n)
	default:
		for c := n.FirstChild(); c != nil && n.Type() == ast.TypeBlock; c = c.NextSibling() {
			p.readInner(it, c)
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
	it.take(itemPart{Command: c, v: classify(c.Lang, src), node: n})
}

// take adds a command or fence with the words before it.
func (it *item) take(part itemPart) {
	part.hear(it)
	v := part.v
	part.judged = &v
	it.label, it.between, it.summary = "", nil, false
	it.parts = append(it.parts, part)
}

// itemSteps makes an item one step, a choice, or several sub-steps.
func (p *parser) itemSteps(it *item, n int) []Step {
	it.useInline()
	s := Step{
		ID: fmt.Sprintf("%s.s%d", p.proc.ID, n), Number: fmt.Sprintf("%d.%d", p.proc.Number, n), Title: it.title, Condition: it.condition, Kind: Manual,
		Text: strings.Join(it.texts, "\n"), Line: it.line,
	}
	if s.Title == "" {
		s.Title = "Step " + s.Number
	}
	groups, unsure := it.ways()
	if unsure {
		it.doubt()
	}
	if len(groups) == 1 && len(groups[0].parts) > 1 && !unsure {
		p.choose(&s, groups[0].parts)
		p.besides(&s, it)
		return []Step{s}
	}
	runs, whole := 0, s
	for _, part := range it.parts {
		if runnable(part.v) {
			runs++
		}
		whole.add(part)
	}
	if runs == 0 && whole.Kind == Manual && callStart.MatchString(s.Text) {
		whole.Kind, whole.Calls = Call, []string{s.Text} // words; resolveCalls makes them ids
	}
	if runs < 2 {
		for _, part := range it.parts {
			p.block(part.node, part.v.verdict, part.v.why)
			if runnable(part.v) {
				whole.Condition = both(whole.Condition, part.condition)
			}
		}
		return []Step{whole}
	}
	if unsure {
		groups = nil
	}
	return p.splitItem(s, whole, it, groups)
}

// besides shows the fences of an item that are no way of its choice.
func (p *parser) besides(s *Step, it *item) {
	for _, part := range it.parts {
		if !part.acts() {
			s.Text = strings.TrimSpace(s.Text + "\n" + strings.TrimRight(part.Source, "\n"))
			p.block(part.node, part.v.verdict, part.v.why)
		}
	}
}

// both joins two conditions.
func both(a, b string) string {
	if a == "" || b == "" || a == b {
		return or(a, b)
	}
	return a + ", and " + b
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

// splitItem makes a sub-step of each command, and one of each group of ways; a fence that is only shown goes with the command before it.
func (p *parser) splitItem(s, whole Step, it *item, groups []wayGroup) []Step {
	var out []Step
	has, chosen := false, false // the last sub-step has its command; it is a choice of fences
	way := map[*itemPart][]*itemPart{}
	for _, g := range groups {
		for _, part := range g.parts {
			if len(g.parts) > 1 {
				way[part] = g.parts
			}
		}
	}
	for i := range it.parts {
		part := &it.parts[i]
		ways := way[part]
		if ways != nil && ways[0] != part {
			continue // with the first way
		}
		if acts := runnable(part.v) || ways != nil; len(out) == 0 || has && acts {
			out = append(out, subStep(s, &whole, part, len(out)+1))
			has, chosen = false, false
		}
		sub := &out[len(out)-1]
		if ways != nil {
			if len(sub.Commands) > 0 { // what is only shown stands before it
				out = append(out, subStep(s, &whole, part, len(out)+1))
				sub = &out[len(out)-1]
			}
			p.choose(sub, ways)
			has, chosen = true, true
			continue
		}
		p.block(part.node, part.v.verdict, part.v.why)
		if chosen && !runnable(part.v) { // its branches are its bytes
			sub.Text = strings.TrimSpace(sub.Text + "\n" + strings.TrimRight(part.Source, "\n"))
			continue
		}
		sub.add(*part)
		if runnable(part.v) {
			sub.Condition = both(sub.Condition, part.condition)
			has = true
		}
	}
	for i := range out { // two of one name could not be told apart when their commands change
		if slices.ContainsFunc(out[:i], func(o Step) bool { return o.Title == out[i].Title }) {
			out[i].Title = fmt.Sprintf("%s, part %d", s.Title, i+1)
		}
	}
	return out
}

// subStep begins the n-th of an item.
func subStep(s Step, whole *Step, part *itemPart, n int) Step {
	s.Item, s.whole = s.Number, whole
	s.ID, s.Number = fmt.Sprintf("%s.%d", s.ID, n), fmt.Sprintf("%s.%d", s.Number, n)
	if n > 1 {
		title := s.Title
		s.Title, s.Text, s.Line = fmt.Sprintf("%s, part %d", title, n), part.label, part.Line
		if l := firstSentence(part.label); l != "" && len(l) <= 60 {
			s.Title = title + ": " + l
		}
	}
	return s
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
