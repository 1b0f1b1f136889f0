package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/incident"
)

// reported are figures of some incidents of a month, told as a report.
func reported() ReportFacts {
	day := func(d, hour, minute int) time.Time { return time.Date(2026, 11, d, hour, minute, 0, 0, time.UTC) }
	all := []incident.Figures{
		{ID: 31, Severity: 1, Type: "Database corruption", State: incident.StateClosed, Opened: day(2, 2, 0), Start: day(2, 1, 58), Acked: day(2, 2, 4), Resolved: day(2, 2, 40), Response: incident.VerdictKept, Updates: incident.Cadence{Kept: 2}, RTO: time.Hour, RPO: time.Hour, Restored: true, Runs: 1, Decided: 3, Deciding: incident.Span{Sum: 6 * time.Minute, Longest: 4 * time.Minute}, ByHand: 1},
		{ID: 33, Severity: 1, Type: "Database corruption", State: incident.StateResolved, Opened: day(9, 11, 0), Start: day(9, 11, 0), Acked: day(9, 11, 22), Resolved: day(9, 13, 30), Reopened: 1, Response: incident.VerdictBroken, Updates: incident.Cadence{Kept: 5, Late: 1, Missed: 1}, Moved: 1, RTO: time.Hour, RPO: time.Hour, Runs: 2, Decided: 1, Deciding: incident.Span{Sum: 9 * time.Minute, Longest: 9 * time.Minute}, Lapsed: 1, Skipped: 2, Glass: 1, Anyway: 3, Tasks: 3, Begun: 1, Blocked: 1, TaskDue: day(16, 11, 0)},
		{ID: 35, Severity: 3, Type: "Memory leak", State: incident.StateResolved, Opened: day(11, 9, 0), Start: day(11, 9, 0), Resolved: day(11, 10, 0), Response: incident.VerdictKept, Tasks: 1, TaskDue: day(27, 9, 0)},
		{ID: 36, Severity: 1, Type: "Data breach", State: incident.StateResolved, Restricted: true, Opened: day(12, 9, 0), Start: day(12, 9, 0), Acked: day(12, 9, 1), Resolved: day(12, 12, 0), Response: incident.VerdictKept, Executives: incident.Cadence{Kept: 2, Late: 1}, Mailed: incident.Cadence{Kept: 3, Missed: 1}, Tasks: 2, TaskDue: day(19, 9, 0)},
		{ID: 37, Severity: 2, State: incident.StateOpen, Opened: day(25, 2, 0), Start: day(25, 2, 0), Response: incident.VerdictWaits, UpdateDue: day(25, 2, 30), RTO: 4 * time.Hour, RPO: time.Hour},
		{ID: 38, Severity: 1, Type: "Database corruption", State: incident.StateClosed, Drill: true, Opened: day(13, 14, 0), Start: day(13, 14, 0), Acked: day(13, 14, 1), Resolved: day(13, 14, 9), Response: incident.VerdictKept, RTO: time.Hour, RPO: time.Hour, Restored: true, Runs: 1, Tasks: 1},
		{ID: 39, Severity: 2, State: incident.StateClosed, Out: incident.OutFalseAlarm, Opened: day(14, 9, 0)},
		{ID: 40, Severity: 2, State: incident.StateClosed, Out: incident.OutFalseAlarm, Opened: day(15, 9, 0)},
		{ID: 41, Severity: 3, State: incident.StateClosed, Out: incident.OutMaintenance, Opened: day(16, 9, 0)},
	}
	label := func(f incident.Figures) string {
		switch {
		case f.Restricted:
			return RestrictedType()
		case f.Type == "":
			return UntypedType()
		}
		return f.Type
	}
	lost := map[incident.ID]time.Duration{31: 57 * time.Minute, 38: 3 * time.Minute}
	return ReportFacts{
		Report: incident.Tell(all, day(1, 0, 0), day(25, 3, 0), lost, label), Period: "2026-11-01",
		Owing: []Owing{
			{ID: 33, Title: "orders are slow | all of `them` <!channel>", Tasks: 3, Begun: 1, Blocked: 1, Due: day(16, 11, 0), Late: true},
			{ID: 36, Tasks: 2, Due: day(19, 9, 0), Late: true}, {ID: 35, Title: "workers restart", Tasks: 1, Due: day(27, 9, 0)}, {ID: 38, Title: "users db", Drill: true, Tasks: 1},
		},
	}
}

// reports are those of the goldens.
func reports() map[string]ReportFacts {
	now := at("03:00")
	return map[string]ReportFacts{
		"month": reported(), "empty": {Report: incident.Tell(nil, time.Time{}, now, nil, nil), Period: "all"},
		"overdue": {Report: incident.Tell([]incident.Figures{
			{ID: 1, Severity: 1, Opened: now.Add(-time.Hour), Start: now.Add(-time.Hour), State: incident.StateOpen, UpdateDue: now.Add(-time.Minute)},
			{ID: 2, Severity: 1, Opened: now.Add(-time.Hour), Start: now.Add(-time.Hour), State: incident.StateOpen, UpdateDue: now.Add(-time.Minute)},
		}, time.Time{}, now, nil, func(incident.Figures) string { return UntypedType() }), Period: "all"},
		"drills": {Report: incident.Tell([]incident.Figures{{ID: 1, Drill: true, Opened: now, Start: now, State: incident.StateOpen, Lapsed: 1}}, now, now, nil, nil), Period: "30d"},
	}
}

// many is a report with so many incidents of as many types.
func many(n int, name string, title func() string) (r ReportFacts) {
	var all []incident.Figures
	for k := range n {
		f := incident.Figures{ID: incident.ID(k + 1), Severity: k % 40, Type: name + fmt.Sprint(k), Opened: at("02:00"), Start: at("02:00"), Tasks: k % 3, RTO: time.Hour, RPO: time.Hour}
		f.Updates, f.Decided, f.Runs = incident.Cadence{Kept: 1 << 40, Late: 1 << 40}, 1<<40, 1<<40
		all = append(all, f)
		r.Owing = append(r.Owing, Owing{ID: f.ID, Title: title(), Tasks: 1, Due: at("03:00")})
	}
	r.Report, r.Period = incident.Tell(all, time.Time{}, at("09:00"), nil, func(f incident.Figures) string { return f.Type }), "2026-11-01T00:00Z"
	return r
}

// reportAll says every sentence of reports.
func reportAll() {
	for _, r := range reports() {
		ReportWhole(r)
		ReportPage(r, 1)
	}
	ReportPage(many(150, "type", func() string { return "title" }), 2)
}

func TestReportGoldens(t *testing.T) {
	for name, r := range reports() {
		whole := ReportWhole(r)
		if strings.Contains(Text(whole), "(sentence ") {
			t.Fatalf("a sentence failed:\n%s", Text(whole))
		}
		golden(t, "report/"+name+".txt", TextIn(whole, 100)+"\n")
		golden(t, "report/"+name+".md", ReportMarkdown(r))
		for page := range 4 {
			m := ReportPage(r, page)
			checkLimits(t, m)
			if page > 0 {
				golden(t, fmt.Sprintf("report/%s-%d.json", name, page), structure(t, m))
			}
		}
	}
}

// TestI44_ReportKeepsDrillsApart: with and without its drill a report has the same figures.
func TestI44_ReportKeepsDrillsApart(t *testing.T) {
	r := reported()
	first := Text(Message{Blocks: []Block{Rows{Rows: tallyRows(r.Total, r.Restricted)}}})
	if strings.Contains(first, "6 min, longest 8 min") || r.Total.Incidents != 5 || r.Drills.Incidents != 1 {
		t.Errorf("%s", first)
	}
}

// TestI56_ReportHidesRestricted: neither title nor type of a restricted incident stands in any form.
func TestI56_ReportHidesRestricted(t *testing.T) {
	r := reported()
	for name, text := range map[string]string{"terminal": Text(ReportWhole(r)), "markdown": ReportMarkdown(r), "chat": Text(ReportPage(r, 1)) + Text(ReportPage(r, 2)) + Text(ReportPage(r, 3))} {
		if strings.Contains(text, "Data breach") || !strings.Contains(text, "INC-36 ") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// TestI41_ReportIsInert: words of people are no markup in a file.
func TestI41_ReportIsInert(t *testing.T) {
	if md := ReportMarkdown(reported()); !strings.Contains(md, "\\| all of \\`them\\` \\<\\!channel\\>") {
		t.Errorf("%s", md)
	}
}

// TestReportOfAnySizeFits: thousands of types and of reviews, with any names, fit every page, and every page is reached.
func TestReportOfAnySizeFits(t *testing.T) {
	text := rapid.OneOf(rapid.StringN(0, 400, -1), rapid.SampledFrom(hostile), rapid.Just(strings.Repeat("Wörter und ", 400)))
	rapid.Check(t, func(t *rapid.T) {
		r := many(rapid.SampledFrom([]int{0, 3, 12, 13, 150}).Draw(t, "incidents"), text.Draw(t, "name"), func() string { return text.Draw(t, "title") })
		pages := 1 + len(listPages(r))
		for page := 1; page <= pages; page++ {
			m := ReportPage(r, page)
			checkLimits(t, m)
			for _, b := range m.Blocks {
				if a, ok := b.(Actions); ok && len(a.Elements) > 4 {
					t.Fatalf("page %d has %d buttons", page, len(a.Elements))
				}
			}
		}
	})
}
