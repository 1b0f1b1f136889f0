package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// ReportFacts are the figures of a report, with the incidents whose reviews have open tasks, soonest first.
type ReportFacts struct {
	incident.Report
	Owing  []Owing
	Period string // as it is typed, for the buttons: "30d"
}

// Owing is an incident whose review has open tasks. Whoever may not read a restricted one gets its number alone.
type Owing struct {
	ID             incident.ID
	Title          string // "" where the reader may not read it
	Drill          bool
	Tasks          int
	Begun, Blocked int       // of them
	Due            time.Time // of the first
	Late           bool
}

// How much of a report one message shows.
const (
	reportTypes = 12 // rows of a page
	reportOwing = 12
	reportPages = 12 // of each of the two lists
)

// reportPart is one part of a report; it has rows, a table or lines.
type reportPart struct {
	title string
	rows  []Row
	head  []string
	table [][]string
	lines [][]Span
	note  string
}

// RestrictedType and UntypedType name the types that a report does not.
func RestrictedType() string { return Say("report.restricted", nil) }
func UntypedType() string    { return Say("report.untyped", nil) }

// reportHeader is the period in words; page 0 is the whole.
func reportHeader(r ReportFacts, page, pages int) string {
	facts := map[string]any{"From": "", "To": r.Now.UTC().Format("2 Jan 2006 15:04"), "Page": page, "Pages": pages}
	if !r.Since.IsZero() {
		facts["From"] = r.Since.UTC().Format("2 Jan 2006 15:04")
	}
	return Say("report.header", facts)
}

func reportText(r ReportFacts) string {
	return Say("report.text", map[string]any{"All": r.All, "N": r.Total.Incidents, "Drills": r.Drills.Incidents})
}

// ReportWhole is all of it for a terminal, which has room.
func ReportWhole(r ReportFacts) Message {
	m := Message{Text: reportText(r), Blocks: []Block{Header{Text: reportHeader(r, 0, 0)}}}
	for _, p := range reportParts(r) {
		if p.title != "" {
			m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{{T("")}, {B(p.title)}}})
		}
		m.Blocks = append(m.Blocks, p.blocks()...)
	}
	return m
}

// ReportMarkdown is all of it as a file.
func ReportMarkdown(r ReportFacts) string {
	parts := []string{"# " + literal(reportHeader(r, 0, 0))}
	for _, p := range reportParts(r) {
		if p.title != "" {
			parts = append(parts, "## "+literal(p.title))
		}
		if len(p.table) > 0 {
			lines := []string{markdownRow(p.head), strings.Repeat("|---", len(p.head)) + "|"}
			for _, row := range p.table {
				lines = append(lines, markdownRow(row))
			}
			parts = append(parts, strings.Join(lines, "\n"))
		}
		if len(p.rows) > 0 {
			parts = append(parts, markdownBlock(Rows{Rows: p.rows}))
		}
		for k, line := range p.lines {
			item := "- " + markdownSpans(line)
			if k > 0 {
				parts[len(parts)-1] += "\n" + item
				continue
			}
			parts = append(parts, item)
		}
		if p.note != "" {
			parts = append(parts, literal(p.note))
		}
	}
	return strings.Join(parts, "\n\n") + "\n"
}

func markdownRow(cells []string) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString("| " + literal(c) + " ")
	}
	return b.String() + "|"
}

func (p reportPart) blocks() []Block {
	var blocks []Block
	if len(p.rows) > 0 {
		blocks = append(blocks, Rows{Rows: p.rows})
	}
	if len(p.table) > 0 {
		blocks = append(blocks, Code{Text: aligned(p.head, p.table)})
	}
	if len(p.lines) > 0 {
		blocks = append(blocks, Lines{Lines: p.lines})
	}
	if p.note != "" {
		blocks = append(blocks, Note{Spans: []Span{T(p.note)}})
	}
	return blocks
}

// aligned is a table in characters; the first column is of words, the others are numbers.
func aligned(head []string, rows [][]string) string {
	width := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for k, cell := range row {
			width[k] = max(width[k], utf8.RuneCountInString(cell))
		}
	}
	var lines []string
	for _, row := range append([][]string{head}, rows...) {
		var b strings.Builder
		for k, cell := range row {
			space := strings.Repeat(" ", width[k]-utf8.RuneCountInString(cell))
			if k == 0 {
				b.WriteString(cell + space)
			} else {
				b.WriteString("  " + space + cell)
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return strings.Join(lines, "\n")
}

// reportParts are the parts of the whole.
func reportParts(r ReportFacts) []reportPart {
	parts := []reportPart{overview(r)}
	if r.Total.Incidents > 0 {
		parts = append(parts, bySeverity(r), byType(r.Types))
	}
	if r.Drills.Incidents > 0 {
		parts = append(parts, reportPart{title: Say("report.title.drills", nil), rows: tallyRows(r.Drills, 0)})
	}
	if len(r.Owing) > 0 {
		parts = append(parts, owingPart(r.Owing))
	}
	clocks := reportPart{title: Say("report.title.clocks", nil)}
	for _, name := range []string{"start", "ack", "resolve", "updates", "rpo", "period"} {
		clocks.lines = append(clocks.lines, Line("report.clock."+name, nil))
	}
	return append(parts, clocks)
}

func overview(r ReportFacts) reportPart {
	if r.All == 0 {
		return reportPart{lines: [][]Span{Line("report.none", nil)}}
	}
	var p reportPart
	if r.Total.Incidents > 0 {
		p.rows = tallyRows(r.Total, r.Restricted)
	} else {
		p.lines = [][]Span{Line("report.nothing", nil)}
	}
	if r.Tasks.Tasks+r.Tasks.Drills > 0 || r.Total.Incidents > 0 {
		p.rows = append(p.rows, labelled("tasks", "report.tasks", map[string]any{"Tasks": r.Tasks.Tasks, "Incidents": r.Tasks.Incidents, "Late": r.Tasks.Late, "Begun": r.Tasks.Begun, "Blocked": r.Tasks.Blocked, "Drills": r.Tasks.Drills}))
	}
	if len(r.LeftOut) > 0 {
		p.rows = append(p.rows, labelled("out", "report.out", map[string]any{"Reasons": r.LeftOut}))
	}
	return p
}

func labelled(label, sentence string, facts map[string]any) Row {
	return Row{Label: Say("report.label."+label, nil), Spans: Line(sentence, facts)}
}

// tallyRows are the figures of a tally in words. What does not occur has no row.
func tallyRows(t incident.Tally, hidden int) []Row {
	rows := []Row{
		labelled("incidents", "report.incidents", map[string]any{"N": t.Incidents, "Open": t.Open, "Resolved": t.Resolved, "Reopened": t.Reopened, "Restricted": hidden}),
		labelled("ack", "report.clock", clockFacts(t.ToAck)),
		labelled("resolve", "report.clock", clockFacts(t.ToResolve)),
	}
	promise := func(label string, p incident.Promised) {
		if p.Of()+p.Waiting+p.Unmeasured > 0 {
			rows = append(rows, labelled(label, "report.promise", map[string]any{"Of": p.Of(), "Kept": p.Kept, "Percent": percent(p.Kept, p.Of()), "Waiting": p.Waiting, "Unmeasured": p.Unmeasured}))
		}
	}
	cadence := func(label string, c incident.Cadence, overdue, moved int) {
		if c.Promised()+overdue+moved > 0 {
			rows = append(rows, labelled(label, "report.cadence", map[string]any{
				"Of": c.Promised(), "Kept": c.Kept, "Percent": percent(c.Kept, c.Promised()), "Late": c.Late, "Missed": c.Missed, "Overdue": overdue, "Moved": moved,
			}))
		}
	}
	promise("response", t.Response)
	cadence("updates", t.Updates, t.Overdue, t.Moved)
	cadence("executives", t.Executives, 0, 0)
	cadence("mailed", t.Mailed, 0, 0)
	promise("rto", t.RTO)
	promise("rpo", t.RPO)
	if t.Lost.N+len(t.Lost.LeftOut) > 0 {
		rows = append(rows, labelled("lost", "report.clock", clockFacts(t.Lost)))
	}
	switch {
	case t.Decided > 0:
		mean := t.Deciding.Sum / time.Duration(t.Decided)
		rows = append(rows, labelled("approvals", "report.approvals", map[string]any{"Decided": t.Decided, "Mean": mean, "Longest": t.Deciding.Longest, "Lapsed": t.Lapsed}))
	case t.Lapsed > 0:
		rows = append(rows, labelled("approvals", "report.lapsed", map[string]any{"Lapsed": t.Lapsed}))
	}
	if t.Runs > 0 {
		rows = append(rows, labelled("runs", "report.runs", map[string]any{"Runs": t.Runs, "ByHand": t.ByHand, "Skipped": t.Skipped, "Glass": t.Glass}))
	}
	if t.Anyway > 0 {
		rows = append(rows, labelled("checklists", "report.anyway", map[string]any{"Count": t.Anyway}))
	}
	return rows
}

func clockFacts(c incident.Clock) map[string]any {
	return map[string]any{"N": c.N, "Mean": c.Mean, "Median": c.Median, "Longest": c.Longest, "LeftOut": c.LeftOut}
}

// percent rounds down, so that only all of them are 100 %.
func percent(kept, of int) int {
	if of == 0 {
		return 0
	}
	return 100 * kept / of
}

func bySeverity(r ReportFacts) reportPart {
	p := tablePart("severity")
	for _, s := range r.Severities {
		p.table = append(p.table, tallyCells("SEV-"+strconv.Itoa(s.Severity), s.Tally))
	}
	return p
}

func byType(types []incident.Part) reportPart {
	p := tablePart("type")
	for _, t := range types {
		p.table = append(p.table, tallyCells(flat(t.Name, 30), t.Tally))
	}
	return p
}

func tablePart(name string) reportPart {
	p := reportPart{title: Say("report.title."+name, nil), note: Say("report.columns", nil)}
	for _, c := range []string{name, "n", "open", "ack", "resolve", "response", "updates", "rto", "rpo"} {
		p.head = append(p.head, Say("report.column."+c, nil))
	}
	return p
}

func tallyCells(name string, t incident.Tally) []string {
	clock := func(c incident.Clock) string {
		if c.N == 0 {
			return "–"
		}
		return Duration(c.Mean) + " / " + Duration(c.Median)
	}
	share := func(kept, of int) string {
		if of == 0 {
			return "–"
		}
		return fmt.Sprintf("%d/%d", kept, of)
	}
	return []string{
		name, count(t.Incidents), count(t.Open), clock(t.ToAck), clock(t.ToResolve), share(t.Response.Kept, t.Response.Of()),
		share(t.Updates.Kept, t.Updates.Promised()), share(t.RTO.Kept, t.RTO.Of()), share(t.RPO.Kept, t.RPO.Of()),
	}
}

func owingPart(list []Owing) reportPart {
	p := reportPart{title: Say("report.title.tasks", nil)}
	for _, o := range list {
		facts := map[string]any{"ID": o.ID, "Title": flat(o.Title, 80), "Drill": o.Drill, "Tasks": o.Tasks, "Begun": o.Begun, "Blocked": o.Blocked, "Late": o.Late, "Day": ""}
		if !o.Due.IsZero() {
			facts["Day"] = o.Due.UTC().Format("2 Jan 2006")
		}
		p.lines = append(p.lines, Line("report.task", facts))
	}
	return p
}
