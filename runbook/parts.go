package runbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Runbooks of alerts: a heading names the alert, and headings below it say what it means, how to look and what to do. They are one procedure,
// by the alert's name: a heading that says only "Mitigation" names nothing.

var (
	partTitle = re(`(?i)^[\W_]*(?:possible |root |full |likely )?(?:meaning|impact|severity|summary|description|overview|symptoms?|causes?|context|background|dashboards?|diagnos(?:is|tics?)|investigation|triage|mitigations?|resolutions?|remediations?|troubleshooting|` +
		`solutions?|fix(?:es)?|steps?|actions?|verif(?:y|ication)|validation|roll[ -]?back|escalations?|notes?|prerequisites?|requirements?|references?|links?|see also|(?:additional|further) (?:resources|reading|information)|` +
		`bedeutung|auswirkung(?:en)?|diagnose|ursachen?|behebung|lösung|maßnahmen|schritte|eskalation)(?: (?:steps?|actions?|procedures?))?\W*$`)
	actingPart  = re(`(?i)^[\W_]*(?:diagnos|investigation|triage|mitigation|resolution|remediation|troubleshooting|solution|fix|steps?\b|actions?\b|behebung|lösung|maßnahmen|schritte)`)
	meaningPart = re(`(?i)^[\W_]*(?:meaning|summary|description|symptoms?|bedeutung)`)
)

// inParts says that the headings right below a section are the parts of one procedure, of which some are to be done, and that nothing else
// is done below it.
func (p *parser) inParts(s section, kids []section) bool {
	some := false
	for i := 0; i < len(kids); {
		end := i + 1
		for end < len(kids) && kids[end].level > kids[i].level {
			end++
		}
		part, acts := partTitle.MatchString(kids[i].title), slices.ContainsFunc(kids[i:end], p.runs)
		if !part && (acts || slices.ContainsFunc(kids[i:end], hasOrderedList)) {
			return false
		}
		some = some || part && actingPart.MatchString(kids[i].title) && (acts || slices.ContainsFunc(kids[i:end], p.listsCommands))
		i = end
	}
	return some && s.level > 0 && !hasOrderedList(s) && !partTitle.MatchString(s.title)
}

// partBlock reads one block of such a procedure: numbered items and commands after prose are steps, in the order of the text.
func (p *parser) partBlock(n ast.Node) {
	switch t := n.(type) {
	case *ast.List:
		does := actingPart.MatchString(p.proc.part) || p.runsIn(t) || p.hasInline(t)
		switch {
		case t.IsOrdered() && does && !preparing.MatchString(p.proc.lead) && !preparing.MatchString(p.proc.part):
			p.leftWords()
			p.listItems(t)
		case hasBoxes(t):
			p.block(n, "manual", fmt.Sprintf("boxes of procedure %d: shown with it", p.proc.Number))
			p.note(p.listText(t, ""))
		default:
			p.proseBlock(n)
		}
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		if it := p.last(); it != nil && it.list != nil && len(p.proc.words) == 0 && p.proc.heading == "" {
			p.addPart(it, n) // at the margin after its item
			return
		}
		p.proseFence(n)
	default:
		p.proseBlock(n)
	}
}

// leftWords keeps the paragraphs after which no command came: what the alert means, or a note.
func (p *parser) leftWords() {
	text := strings.Join(p.proc.words, "\n")
	p.proc.words = nil
	switch {
	case text == "":
	case p.proc.mode == inAlert && p.proc.Scenario == "" && meaningPart.MatchString(p.proc.part):
		p.proc.Scenario = text
	case p.proc.mode == inAlert && p.proc.part != "":
		p.note(p.proc.part + ": " + text)
	default:
		p.note(text)
	}
}
