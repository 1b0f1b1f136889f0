package runbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// Short runbooks have their commands in the line: "1. Restart it: `systemctl restart nginx`", or in a table with a column Command. In an item
// without a fence such a command is the step's; beside a fence it is a word of the text.

// maxInline is how long a command in a line may be, in bytes.
const maxInline = 1000

// inlineCommand is one in the text of an item.
type inlineCommand struct {
	itemPart
	before string // the sentence before it
}

var (
	orderToRun = re(`(?i)(?:^|\b)(?:run|execute|type|enter|issue|start with|invoke|do|führe|ausführen|exécutez?|lancez|ejecut[ae]r?|eseguire|voer)\W*$`)
	startsSpan = re(`(?:^|[:>])\s*$`)
	doesWhat   = re(`(?i)^\s+(?:is|are|was|were|has|have|will|can|may|might|must|should|would|does|did|zeigt|liest|schreibt|affiche|muestra|[a-z]{3,}[^aius\W]s|[a-z]+ies|[a-z]+es)(?:[\s.,]|$)`)
	looksRun   = re(`\s(?:-{1,2}[A-Za-z]|/|\./|~/|\$)|^[./~]\S*/\S+\s`)
	commandCol = re(`(?i)^(?:commands?|cmd|shell|befehle?|kommandos?|commandes?|comandos?|comand[oi])$`)
	numberCol  = re(`(?i)^(?:#|no\.?|nr\.?|n°|step|schritt|étape|paso|passo|stap)$`)
	actionCol  = re(`(?i)^(?:actions?|steps?|tasks?|what|description|purpose|schritte?|aktion(?:en)?|aufgabe|was|beschreibung|étapes?|tâche|acción|paso|tarea|azione|passo|actie|stap)$`)
)

// inlineCommands notes the commands in a paragraph of an item.
func (p *parser) inlineCommands(it *item, n ast.Node) {
	if len(it.inline) >= maxParts {
		return
	}
	for _, c := range p.doc.inline(n) {
		if len(it.inline) < maxParts {
			it.inline = append(it.inline, c)
		}
	}
}

// inline finds the pieces of code in a paragraph that are commands.
func (d *document) inline(n ast.Node) []inlineCommand {
	var out []inlineCommand
	before := ""
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		span, ok := c.(*ast.CodeSpan)
		if !ok {
			before = lastWords(before + d.inlineText(c))
			continue
		}
		text, sentence := d.plain(span), lastSentence(before)
		before = lastWords(before + "`…`")
		if len(text) > maxInline || len(out) == maxParts {
			continue
		}
		if v, lang := inlineVerdict(text, sentence); runnable(v) && !(sentence == "" && d.explains(span)) {
			part := itemPart{Command: Command{Lang: lang, Source: text, SHA256: digest([]byte(text)), Line: d.line(span), inText: true}, v: v, node: span}
			out = append(out, inlineCommand{part, sentence})
		}
	}
	return out
}

// explains says that a sentence that begins with code goes on to say what that does: "`pg_restore -l x` lists a dump".
func (d *document) explains(span ast.Node) bool {
	next := span.NextSibling()
	return next != nil && doesWhat.MatchString(d.inlineText(next))
}

// inlineText is one inline node as text.
func (d *document) inlineText(n ast.Node) string {
	if t, ok := n.(*ast.Text); ok {
		s := string(t.Segment.Value(d.src))
		if t.SoftLineBreak() || t.HardLineBreak() {
			s += " "
		}
		return s
	}
	return d.plain(n)
}

// lastWords keeps as much before a piece of code as a sentence can have.
func lastWords(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[len(s)-most:], "")
}

func lastSentence(s string) string {
	if at := sentenceEnd.FindAllStringIndex(s, -1); at != nil {
		for i := len(at) - 1; i >= 0; i-- {
			if rest := strings.TrimSpace(s[at[i][1]:]); rest != "" && s[at[i][0]] != ':' {
				return rest
			}
		}
	}
	return strings.TrimSpace(s)
}

// inlineVerdict judges a piece of code in a sentence: it is a command where its program is known, or the sentence says to run it.
func inlineVerdict(text, before string) (verdict, string) {
	if len(strings.Fields(text)) < 2 || strings.Contains(text, "\n") || neverInside.MatchString(before) || forbidden(before) != "" {
		return verdict{}, ""
	}
	if v := classify("", text); runnable(v) {
		return v, ""
	}
	if !prose(text) && (orderToRun.MatchString(before) || startsSpan.MatchString(before) && looksRun.MatchString(text)) {
		return classify("bash", text), "bash"
	}
	return verdict{}, ""
}

// useInline makes the commands in the text the step's, where no fence holds one.
func (it *item) useInline() {
	if slices.ContainsFunc(it.parts, func(part itemPart) bool { return part.v.verdict != "display" && part.v.verdict != "output" }) {
		return
	}
	shown := it.parts // what they print, or words
	it.parts = nil
	for _, c := range it.inline {
		it.label, it.between = c.before, nil
		if condition(c.before) == "" && !orWord.MatchString(c.before) {
			it.label = ""
		}
		it.take(c.itemPart)
	}
	if len(it.parts) > 0 {
		it.title = or(firstSentence(it.title), it.title)
	}
	it.parts = append(it.parts, shown...)
}

// hasInline says that an item of an ordered list holds a command in its text.
func (p *parser) hasInline(n ast.Node) bool {
	some := false
	_ = ast.Walk(n, func(in ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && (in.Kind() == ast.KindParagraph || in.Kind() == ast.KindTextBlock) && len(p.doc.inline(in)) > 0 {
			some = true
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return some
}

// commandTable finds the columns of a table whose rows are steps: what is run, and what that is for. -1: none.
func commandTable(t table) (command, action int, steps bool) {
	command, action = -1, -1
	numbers := false
	for i, h := range t.head {
		h = strings.TrimSpace(h)
		switch {
		case commandCol.MatchString(h) && command < 0:
			command = i
		case numberCol.MatchString(h) && t.counts(i):
			numbers = true
		case actionCol.MatchString(h) && action < 0:
			action = i
		}
	}
	return command, action, command >= 0 && len(t.rows) > 0 && numbers
}

// counts says that a column holds 1, 2, 3 …
func (t table) counts(column int) bool {
	for i, r := range t.rows {
		if strings.TrimRight(strings.TrimSpace(r.cell(column)), ".)") != strconv.Itoa(i+1) {
			return false
		}
	}
	return true
}

// tableBlock reads a table inside a procedure: numbered rows with a command are its steps where it has none yet; every other is shown.
func (p *parser) tableBlock(n *east.Table) {
	t := p.doc.table(n)
	command, action, steps := commandTable(t)
	switch {
	case steps && len(p.proc.items) == 0:
		p.tableSteps(n, t, command, action)
		p.other(n, "executable", "the steps of procedure "+strconv.Itoa(p.proc.Number))
		return
	case command >= 0:
		p.other(n, "manual", "a table of commands whose rows are not numbered from 1 with no steps before it: steps or ways? Number them in a column #, or make it a numbered list")
	default:
		p.other(n, "display", "a table in a procedure: shown")
	}
	p.note(p.tableText(n))
}

func (p *parser) tableSteps(n *east.Table, t table, command, action int) {
	r := n.FirstChild() // the head
	for i := range t.rows {
		r = r.NextSibling()
		it := p.newItem(t.rows[i].line)
		cell := r.FirstChild()
		for k := 0; cell != nil; k, cell = k+1, cell.NextSibling() {
			text := p.doc.full(cell)
			switch {
			case k == command:
				p.cellCommands(it, cell, t.rows[i].line)
			case text == "" || k < len(t.head) && numberCol.MatchString(t.head[k]) && text == t.rows[i].cells[k] && t.counts(k):
			case k == action:
				it.name(text, "")
				it.texts = append(it.texts, text)
			default:
				it.texts = append(it.texts, t.head[min(k, len(t.head)-1)]+": "+text)
			}
		}
		if it.title == "" {
			it.title = fmt.Sprintf("Row %d", i+1)
		}
	}
}

// cellCommands takes what a cell under Command says.
func (p *parser) cellCommands(it *item, cell ast.Node, line int) {
	var spans []string
	for c := cell.FirstChild(); c != nil; c = c.NextSibling() {
		if span, ok := c.(*ast.CodeSpan); ok {
			spans = append(spans, p.doc.plain(span))
		}
	}
	if len(spans) == 0 {
		spans = []string{p.doc.plain(cell)}
		if prose(spans[0]) || len(strings.Fields(spans[0])) == 0 {
			it.texts = append(it.texts, spans[0])
			return
		}
	}
	for _, text := range spans {
		v, lang := classify("", text), ""
		if !runnable(v) {
			v, lang = classify("bash", text), "bash"
		}
		it.inline = append(it.inline, inlineCommand{itemPart{Command: Command{Lang: lang, Source: text, SHA256: digest([]byte(text)), Line: line, inText: true}, v: v, node: cell}, ""})
	}
}

// tableText is a table as lines.
func (p *parser) tableText(n *east.Table) string {
	var lines []string
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var cells []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			cells = append(cells, p.doc.full(c))
		}
		lines = append(lines, strings.Join(cells, " | "))
	}
	return strings.Join(lines, "\n")
}
