package templates

import (
	"strconv"

	"github.com/drbot/drbot/incident"
)

// ReportPage is one page of a report for the chat, from 1: first the figures, then the types, then the open tasks. A number
// outside of them is the first page. The typist alone sees it, and its buttons open the others.
func ReportPage(r ReportFacts, page int) Message {
	pages := append([]reportPart{{}}, listPages(r)...)
	if page < 1 || page > len(pages) {
		page = 1
	}
	of := len(pages)
	if of == 1 {
		of = 0
	}
	m := Message{Text: reportText(r), Blocks: []Block{Header{Text: short(reportHeader(r, page, of), maxHeader)}}}
	if page == 1 {
		m.Blocks = append(m.Blocks, firstPage(r)...)
	} else {
		p := pages[page-1]
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{{B(p.title)}}})
		m.Blocks = append(m.Blocks, p.blocks()...)
	}
	if of > 0 {
		m.Blocks = append(m.Blocks, pageButtons(r.Period, page, of))
	}
	return fit(m)
}

// firstPage are the figures; drills have one row here, and all of theirs at the terminal.
func firstPage(r ReportFacts) []Block {
	p := overview(r)
	if d := r.Drills; d.Incidents > 0 {
		cells := tallyCells("", d)
		mean := func(c incident.Clock) string {
			if c.N == 0 {
				return "–"
			}
			return Duration(c.Mean)
		}
		p.rows = append(p.rows, labelled("drills", "report.drills", map[string]any{"N": d.Incidents, "Ack": mean(d.ToAck), "Resolve": mean(d.ToResolve), "RTO": cells[7]}))
	}
	blocks := p.blocks()
	if r.Total.Incidents > 0 {
		s := bySeverity(r)
		s.table = s.table[:min(len(s.table), reportTypes)]
		blocks = append(blocks, s.blocks()...)
	}
	if r.All > 0 {
		blocks = append(blocks, Note{Spans: Line("report.short", nil)})
	}
	return blocks
}

// listPages are the lists, so many rows a page. What is beyond the last page is counted on it.
func listPages(r ReportFacts) []reportPart {
	var pages []reportPart
	for k := 0; k < len(r.Types) && k < reportTypes*reportPages; k += reportTypes {
		pages = append(pages, byType(r.Types[k:min(k+reportTypes, len(r.Types))]))
	}
	if more := len(r.Types) - reportTypes*reportPages; more > 0 {
		pages[len(pages)-1].lines = [][]Span{Line("report.moretypes", map[string]any{"Count": more})}
	}
	for k := 0; k < len(r.Owing) && k < reportOwing*reportPages; k += reportOwing {
		pages = append(pages, owingPart(r.Owing[k:min(k+reportOwing, len(r.Owing))]))
	}
	if more := len(r.Owing) - reportOwing*reportPages; more > 0 {
		last := &pages[len(pages)-1]
		last.lines = append(last.lines, Line("report.moretasks", map[string]any{"Count": more}))
	}
	return pages
}

// pageButtons are the neighbours of a page, and the first and the last.
func pageButtons(period string, page, of int) Actions {
	var a Actions
	for n := 1; n <= of; n++ {
		if n != page && (n == 1 || n == of || n == page-1 || n == page+1) {
			a.Elements = append(a.Elements, Button{Verb: "incident report", Object: "page/" + strconv.Itoa(n) + "/" + period, Label: Say("report.button.page", map[string]any{"Page": n})})
		}
	}
	return a
}
