package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// procedureInWork is the procedure whose section is being read.
type procedureInWork struct {
	Procedure
	level int // of its heading
}

var (
	procedureHeading = regexp.MustCompile(`(?i)^procedure\s+(\d{1,4})\s*[:.)\-–—]\s*(.*)$`)
	onCondition      = regexp.MustCompile(`(?i)\((if\s[^)]*|optional|when\s[^)]*)\)`)
)

// procedureHeading opens a procedure at its heading and closes the one before, where the heading is not inside it.
func (p *parser) procedureHeading(s section, part string) {
	if p.proc != nil && s.level <= p.proc.level {
		p.endProcedure()
	}
	if p.proc != nil || s.level == 0 {
		return
	}
	m := procedureHeading.FindStringSubmatch(s.title)
	switch {
	case m != nil:
		n, _ := strconv.Atoi(m[1]) // the pattern allows four digits
		p.proc = &procedureInWork{Procedure{Number: n, Title: m[2], Line: s.line}, s.level}
	case part == "procedures" && hasOrderedList(s):
		p.proc = &procedureInWork{Procedure{Number: len(p.rb.Procedures) + 1, Title: s.title, Line: s.line}, s.level}
	default:
		return
	}
	p.proc.ID = fmt.Sprintf("p%d", p.proc.Number)
	for _, other := range p.rb.Procedures {
		if other.Number == p.proc.Number {
			p.fail(s.line, fmt.Sprintf("procedure %d again", other.Number), fmt.Sprintf("a number of its own; the first is at line %d", other.Line))
		}
	}
}

func hasOrderedList(s section) bool {
	return slices.ContainsFunc(s.blocks, func(n ast.Node) bool {
		l, ok := n.(*ast.List)
		return ok && l.IsOrdered()
	})
}

func (p *parser) endProcedure() {
	if p.proc == nil {
		return
	}
	if len(p.proc.Steps) == 0 {
		p.warn(p.proc.Line, "no-steps", fmt.Sprintf("procedure %d has no numbered list, so it has no steps", p.proc.Number), "number its steps 1., 2., …")
	}
	p.rb.Procedures = append(p.rb.Procedures, p.proc.Procedure)
	p.proc = nil
}

// procedureBlock reads one block directly under a procedure's heading.
func (p *parser) procedureBlock(n ast.Node) {
	switch t := n.(type) {
	case *ast.List:
		if t.IsOrdered() && (len(p.proc.Steps) == 0 || t.Start == len(p.proc.Steps)+1) {
			p.steps(t)
			return
		}
		p.block(n, "display", "a second list of the procedure, no steps")
		p.proc.Notes = append(p.proc.Notes, p.listText(t, ""))
	case *ast.FencedCodeBlock:
		if len(p.proc.Steps) == 0 {
			p.block(n, "manual", "stands before the first step")
			return
		}
		p.stepFence(&p.proc.Steps[len(p.proc.Steps)-1], t)
	case *ast.Blockquote:
		for c := t.FirstChild(); c != nil; c = c.NextSibling() {
			p.procedureBlock(c)
		}
	case *ast.Paragraph, *ast.TextBlock:
		p.procedureText(n)
	}
}

func (p *parser) procedureText(n ast.Node) {
	label, rest, ok := p.doc.strongStart(n)
	switch l := strings.ToLower(label); {
	case ok && strings.HasPrefix(l, "scenario"):
		p.proc.Scenario = rest
	case ok && rest == "" && (l == "steps" || l == "procedure"):
	case ok && l == "note":
		p.proc.Notes = append(p.proc.Notes, rest)
	default:
		p.proc.Notes = append(p.proc.Notes, p.doc.plain(n))
	}
}

func (p *parser) steps(list *ast.List) {
	p.block(list, "executable", "the steps of procedure "+strconv.Itoa(p.proc.Number))
	kinds := map[Kind]int{}
	first := len(p.proc.Steps)
	for n := list.FirstChild(); n != nil; n = n.NextSibling() {
		p.step(n)
	}
	for _, s := range p.proc.Steps[first:] {
		kinds[s.Kind]++
	}
	if kinds[Executable]+kinds[Choice] == 0 {
		l := &p.rb.Lists[len(p.rb.Lists)-1]
		l.Verdict = "manual"
	}
}

// step reads one item: its first paragraph names it, its fences are its commands, everything else is its text.
func (p *parser) step(item ast.Node) {
	n := len(p.proc.Steps) + 1
	s := Step{ID: fmt.Sprintf("%s.s%d", p.proc.ID, n), Number: fmt.Sprintf("%d.%d", p.proc.Number, n), Kind: Manual, Line: p.doc.line(item)}
	var texts []string
	for c := item.FirstChild(); c != nil; c = c.NextSibling() {
		switch t := c.(type) {
		case *ast.FencedCodeBlock:
			p.stepFence(&s, t)
		case *ast.List:
			texts = append(texts, p.listText(t, ""))
			_ = p.innerFences(t)
		case *ast.Paragraph, *ast.TextBlock:
			text := p.doc.plain(c)
			if s.Title == "" {
				s.Title = strings.TrimSpace(onCondition.ReplaceAllString(text, ""))
				if strong, _, ok := p.doc.strongStart(c); ok {
					s.Title = strong
				}
				if m := onCondition.FindStringSubmatch(text); m != nil {
					s.Condition = m[1]
				}
			}
			texts = append(texts, text)
		default:
			if text := p.doc.plain(c); text != "" {
				texts = append(texts, text)
			}
		}
	}
	if s.Title = strings.TrimRight(s.Title, " .:"); s.Title == "" {
		s.Title = "Step " + s.Number
	}
	s.Text = strings.Join(texts, "\n")
	p.proc.Steps = append(p.proc.Steps, s)
}

// stepFence adds a fence to a step and settles what kind of step it is: a choice wins over a command, a command over a call.
func (p *parser) stepFence(s *Step, f *ast.FencedCodeBlock) {
	src := p.doc.code(f)
	c := Command{Lang: p.doc.lang(f), Source: src, SHA256: digest([]byte(src)), Line: p.doc.line(f) + 1}
	s.Commands = append(s.Commands, c)
	s.SourceSHA256 = sourceDigest(s.Commands)
	v := classify(c.Lang, src)
	p.block(f, v.verdict, v.why)
	switch {
	case v.verdict == "choice":
		s.Kind = Choice
		for _, a := range v.branches {
			a.Line += c.Line
			s.Alternatives = append(s.Alternatives, a)
		}
	case (v.verdict == "executable" || v.verdict == "blocked") && s.Kind != Choice:
		s.Kind = Executable
	case v.call != "" && s.Kind == Manual:
		s.Kind = Call
		s.Calls = []string{v.call} // words; resolveCalls makes them ids
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

var callWords = regexp.MustCompile(`(?i)\b(?:follow|run|see|execute|use)\b(.*?)\bprocedures?\b\s*(\d+)?`)

// resolveCalls turns the words of a call into the ids of the procedures whose title has all of them.
func (p *parser) resolveCalls() {
	for i := range p.rb.Procedures {
		for j := range p.rb.Procedures[i].Steps {
			s := &p.rb.Procedures[i].Steps[j]
			if s.Kind != Call {
				continue
			}
			words := s.Calls[0]
			s.Calls = p.called(words, p.rb.Procedures[i].ID)
			if len(s.Calls) == 0 {
				p.warn(s.Line, "call", fmt.Sprintf("step %s calls %q, which names no procedure", s.Number, words), `write "Follow procedure 2"`)
			}
		}
	}
}

func (p *parser) called(words, self string) []string {
	m := callWords.FindStringSubmatch(words)
	var ids []string
	for _, other := range p.rb.Procedures {
		if other.ID == self || m == nil {
			continue
		}
		if m[2] != "" {
			if m[2] == strconv.Itoa(other.Number) {
				ids = append(ids, other.ID)
			}
			continue
		}
		title := strings.ToLower(other.Title)
		if w := strings.Fields(strings.ToLower(m[1])); len(w) > 0 && !slices.ContainsFunc(w, func(x string) bool { return x != "the" && !strings.Contains(title, x) }) {
			ids = append(ids, other.ID)
		}
	}
	return ids
}

// list reads a list outside procedures: a task list is a phase of the checklist.
func (p *parser) list(l *ast.List, s section, part string) {
	if part != "checklist" && !hasBoxes(l) {
		return
	}
	phase := Phase{Title: s.title, Line: s.line}
	if n := len(p.rb.Checklist.Phases); n > 0 && p.rb.Checklist.Phases[n-1].Line == s.line {
		phase = p.rb.Checklist.Phases[n-1]
		p.rb.Checklist.Phases = p.rb.Checklist.Phases[:n-1]
	}
	phase.Items = append(phase.Items, p.items(l)...)
	p.rb.Checklist.Phases = append(p.rb.Checklist.Phases, phase)
	p.block(l, "manual", "a checklist")
	_ = p.innerFences(l)
}

func hasBoxes(l ast.Node) bool {
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		if first := item.FirstChild(); first != nil && first.FirstChild() != nil {
			if _, ok := first.FirstChild().(*east.TaskCheckBox); ok {
				return true
			}
		}
	}
	return false
}

func (p *parser) items(l ast.Node) []Item {
	var out []Item
	for n := l.FirstChild(); n != nil; n = n.NextSibling() {
		p.next++
		it := Item{ID: "c" + strconv.Itoa(p.next), Line: p.doc.line(n)}
		var texts []string
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if inner, ok := c.(*ast.List); ok {
				it.Ordered = inner.IsOrdered()
				it.Items = append(it.Items, p.items(inner)...)
				continue
			}
			if box, ok := c.FirstChild().(*east.TaskCheckBox); ok {
				it.Done = box.IsChecked
			}
			if text := p.doc.plain(c); text != "" {
				texts = append(texts, text)
			}
		}
		it.Text = strings.TrimSuffix(strings.Join(texts, " "), ":")
		out = append(out, it)
	}
	return out
}
