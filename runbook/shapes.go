package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// A procedure is found by its shape: a heading "Procedure 2: …"; a numbered list with commands; headings that are numbered like steps; prose
// with commands under a heading that speaks of recovery. Where a runbook says "Procedure N:" or the configuration maps its procedures, nothing
// else is one.

// mode is where a procedure keeps its steps.
type mode int

const (
	inList     mode = iota // items of numbered lists
	inHeadings             // headings "1. …", "Step 2: …"
	inProse                // each command, named by the sentence before it
	inAlert                // both of these, in parts under headings like "Diagnosis"
)

var (
	procedureHeading = regexp.MustCompile(`(?i)^(?:\d{1,3}(?:\.\d{1,3})*\.?\s+)?procedure(?:\s+(\d{1,4})\s*[:.)\-–—]|\s*[:–—])\s*(.*)$`)
	// stepHeading takes "1. Stop", not "1.1 Stop": that is a section's number.
	stepHeading   = regexp.MustCompile(`(?i)^(?:step\s+\d{1,3}\s*[:.)\-–—]\s*(.+)|\d{1,3}\s*[.):](?:\s+(.+)|([^\d\s].*)))$`)
	recoveryWords = regexp.MustCompile(`(?i)\b(restor|recover|fail(ing)? ?over|fail(ing)? ?back|rebuil|roll(ing)? ?back|switch|promot|repair|restart|rotat|revok|respon|contain|evacuat|reinstat|bring|revert|rescue|salvage|emergency|outage|` +
		`wiederanlauf|wiederherstell|wiederaufn|zurückspiel|rückspiel|notfall|ausfall|neustart|umschalt|störung|reprise|restaura|récupér|bascul|redémarr|recuper|reinici|ripristin|riavvi|herstel|herstart)`)
	describing = regexp.MustCompile(`(?i)\b(prerequisite|requirement|background|overview|appendix|glossary|what (an?|the) |questions?|faq|install|monitoring|reference|history|architecture|contents|about|alternatives|backup strategy)`)
)

// found is a procedure that begins at a section.
type found struct {
	mode   mode
	number int // 0: it has none of its own
	title  string
	until  int // the first section that is not its own
}

// explicit says that the runbook names its procedures.
func (p *parser) explicit(secs []section) bool {
	return slices.ContainsFunc(secs, func(s section) bool { return procedureHeading.MatchString(s.title) || p.part(s) == "procedures" })
}

// shape looks for a procedure that begins at section i.
func (p *parser) shape(secs []section, i int, explicit bool) *found {
	s := secs[i]
	end := i + 1
	for end < len(secs) && s.level > 0 && secs[end].level > s.level {
		end++
	}
	kids := secs[i+1 : end]
	steps := slices.DeleteFunc(slices.Clone(kids), func(k section) bool { return len(k.path) != len(s.path)+1 })
	if m := procedureHeading.FindStringSubmatch(s.title); m != nil {
		f := &found{inProse, 0, m[2], end}
		f.number, _ = strconv.Atoi(m[1]) // the pattern allows four digits, or none
		if m[1] == "" {
			f.title = upperFirst(f.title)
		}
		switch {
		case slices.ContainsFunc(secs[i:end], hasOrderedList) && !numbered(steps):
			f.mode = inList
		case numbered(steps):
			f.mode = inHeadings
		}
		return f
	}
	mapped := p.part(s) == "procedures"
	if explicit && !mapped || describing.MatchString(s.title) {
		return nil
	}
	title := s.title
	if title == "" {
		title = "Runbook"
	}
	switch {
	case !numbered(steps) && p.inParts(s, kids):
		return &found{inAlert, 0, title, end}
	case hasOrderedList(s) && (mapped || p.runs(s) || recovers(s) && p.listsCommands(s)), (mapped || recovers(s)) && p.tablesCommands(s):
		return &found{inList, 0, title, i + 1}
	case s.level > 0 && numbered(steps) && slices.ContainsFunc(kids, p.runs):
		return &found{inHeadings, 0, title, end}
	case s.level == 0 || s.level == 1 && len(kids) > 0 || slices.ContainsFunc(kids, hasOrderedList):
	case (mapped && len(kids) == 0 || recoveryWords.MatchString(s.title)) && slices.ContainsFunc(secs[i:end], p.runs):
		return &found{inProse, 0, title, end}
	}
	return nil
}

func numbered(kids []section) bool {
	return slices.ContainsFunc(kids, func(s section) bool { return stepHeading.MatchString(s.title) })
}

func hasOrderedList(s section) bool {
	return slices.ContainsFunc(s.blocks, func(n ast.Node) bool {
		l, ok := n.(*ast.List)
		return ok && l.IsOrdered()
	})
}

// runs says that a command stands somewhere in the section.
func (p *parser) runs(s section) bool { return slices.ContainsFunc(s.blocks, p.runsIn) }

func (p *parser) runsIn(n ast.Node) bool {
	some := false
	_ = ast.Walk(n, func(in ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && isCode(in) && runnable(classify(p.doc.lang(in), p.doc.code(in))) {
			some = true
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return some
}

// recovers says that a heading, or one above it, speaks of recovery.
func recovers(s section) bool {
	return recoveryWords.MatchString(s.title) || slices.ContainsFunc(s.path, recoveryWords.MatchString)
}

// listsCommands says that an ordered list of the section has a command in its text.
func (p *parser) listsCommands(s section) bool {
	return slices.ContainsFunc(s.blocks, func(n ast.Node) bool {
		l, ok := n.(*ast.List)
		return ok && l.IsOrdered() && p.hasInline(l)
	})
}

// tablesCommands says that a table of the section has a command in each of its numbered rows.
func (p *parser) tablesCommands(s section) bool {
	return slices.ContainsFunc(s.blocks, func(n ast.Node) bool {
		t, ok := n.(*east.Table)
		if !ok {
			return false
		}
		_, _, steps := commandTable(p.doc.table(t))
		return steps
	})
}

func upperFirst(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

func isCode(n ast.Node) bool {
	return n.Kind() == ast.KindFencedCodeBlock || n.Kind() == ast.KindCodeBlock
}

func runnable(v verdict) bool {
	return v.verdict == "executable" || v.verdict == "blocked" || v.verdict == "choice"
}

// openProcedure begins one at its heading, and ends the one before.
func (p *parser) openProcedure(secs []section, i int, explicit bool) {
	if p.proc != nil && i >= p.proc.until {
		p.endProcedure()
	}
	if p.proc != nil {
		return
	}
	f := p.shape(secs, i, explicit)
	if f == nil {
		return
	}
	if len(p.rb.Procedures) >= maxSteps {
		if len(p.rb.Procedures) == maxSteps && len(p.errs) == 0 {
			p.fail(secs[i].line, fmt.Sprintf("more than %d procedures", maxSteps), "several runbooks")
		}
		return
	}
	if m := procedureHeading.FindStringSubmatch(secs[i].title); f.number == 0 && (m == nil || m[1] == "") {
		f.number = 1
		for _, other := range p.rb.Procedures {
			f.number = max(f.number, other.Number+1)
		}
	}
	p.proc = &procedureInWork{Procedure: Procedure{Number: f.number, written: f.number, Title: f.title, Line: max(1, secs[i].line)}, mode: f.mode, until: f.until}
	p.proc.ID = fmt.Sprintf("p%d", f.number)
	for _, other := range p.rb.Procedures {
		if other.Number == f.number {
			p.fail(p.proc.Line, fmt.Sprintf("procedure %d again", other.Number), fmt.Sprintf("a number of its own; the first is at line %d", other.Line))
		}
	}
}

// stepHeadingItem begins a step at a heading inside a procedure. Another heading there names what comes after it.
func (p *parser) stepHeadingItem(s section, first bool) {
	if p.proc == nil || first {
		return
	}
	if p.proc.mode == inAlert {
		p.leftWords()
	}
	p.proc.margin, p.proc.lead, p.proc.part = false, "", s.title
	m := stepHeading.FindStringSubmatch(s.title)
	switch {
	case p.proc.mode == inHeadings && m != nil:
		it := p.newItem(s.line)
		it.name(strings.TrimSpace(m[1]+m[2]+m[3]), "")
	case p.proc.mode == inProse || p.proc.mode == inAlert:
		p.proc.heading = s.title
	default:
		if it := p.last(); it != nil {
			it.say(s.title)
		}
		if !plainHeading.MatchString(s.title) {
			p.note(s.title)
		}
	}
}

// plainHeading says nothing that the steps under it do not say.
var plainHeading = re(`(?i)^(?:steps?|procedure|scenario|notes?)\W*$`)
