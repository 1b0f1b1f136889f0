package runbook

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

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
	numbered := ""
	if list, ok := l.(*ast.List); ok && list.IsOrdered() {
		numbered = "c" + strconv.Itoa(p.next+1)
	}
	for n := l.FirstChild(); n != nil; n = n.NextSibling() {
		p.next++
		it := Item{ID: "c" + strconv.Itoa(p.next), List: numbered, Line: p.doc.line(n)}
		var texts []string
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if inner, ok := c.(*ast.List); ok {
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
