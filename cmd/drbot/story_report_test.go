package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/drbot/drbot/commands"
)

// TestI44_I56_AReportOfANight: one incident that was answered late, one that keeps its promises, a drill, a false alarm and a
// restricted one. The chat, the terminal, the file and the metrics say the same, with the drill apart and the restricted one
// nameless for whom it is not.
func TestI44_I56_AReportOfANight(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.answersEmptyReport()
	w.serve()
	w.linked()
	w.answers(w.ana, "incidents", "/incident report", "No incident was opened in this time")
	late := w.open(w.ana, "sev1 Database corruption: users gone")
	w.clock.push(20 * minute)
	w.expect(w.ana, late, "late")
	w.answers(w.ana, late, "/incident ack", "You command INC-1")
	w.answers(w.ana, late, "/incident update We restore the backup", "Update 1 of INC-1 is sent")
	w.clock.push(10 * minute)
	w.answers(w.ana, late, "/incident resolve logins work again anyway: a test", "INC-1 is resolved")
	drill := w.open(w.bea, "drill sev1 Database corruption: rehearsal")
	w.answers(w.bea, drill, "/incident ack", "You command INC-2")
	none := w.open(w.dev, "sev2 the probe")
	w.answers(w.dev, none, "/incident resolve false-alarm the probe was wrong", "INC-3")
	hidden := w.open(w.bea, "sev1 Data breach: payroll leaked")
	w.answers(w.bea, hidden, "/incident ack", "You command INC-4")

	v := w.report("--since", "2h")
	if v.Opened != 4 || v.Incidents.Count != 2 || v.Incidents.Open != 1 || v.Drills.Count != 1 || v.Restricted != 1 {
		t.Errorf("%d opened, %d counted, %d open, %d drills, %d restricted", v.Opened, v.Incidents.Count, v.Incidents.Open, v.Drills.Count, v.Restricted)
	}
	if len(v.LeftOut) != 1 || v.LeftOut[0] != (commands.ReasonView{Why: "false alarm", N: 1}) {
		t.Errorf("left out: %+v", v.LeftOut)
	}
	if i := v.Incidents; i.ToResolve.N != 1 || *i.ToResolve.Mean < 1800 || *i.ToResolve.Mean > 1800+300 || i.Updates.Late != 1 || i.Response.Broken != 1 || i.Response.Kept != 1 {
		t.Errorf("figures: %+v, updates %+v, response %+v", i.ToResolve, i.Updates, i.Response)
	}
	w.sameReport()
	for _, form := range []string{"--json", "--md", ""} {
		_, out, _ := w.drbot(strings.Fields("report --since all " + form)...)
		if strings.Contains(out, "payroll") || strings.Contains(out, "Data breach") {
			t.Errorf("I56: the terminal reads of a restricted incident: %s", out)
		}
	}
	w.answers(w.dev, "incidents", "/incident report 2h", "2 (1 open, 1 resolved, 1 restricted)", "1, apart from all of this", "false alarm 1", "SEV-1")
	w.press(w.dev, "incidents", "incident.report", "Report:")
	w.expect(w.dev, "incidents", "By type", "(restricted)")
	w.answers(w.dev, "incidents", "/incident report yesterday", "is no time to report on", "30d")
	w.metered()
	w.audited()
}

// answersEmptyReport: with no drbot at all there is nothing to report on, and that is said.
func (w *town) answersEmptyReport() {
	w.Helper()
	if code, _, errs := w.drbot("report"); code != exitFailed || !strings.Contains(errs, "not found") && !strings.Contains(errs, "no such file") {
		w.Errorf("without a record: exit %d: %s", code, errs)
	}
	for _, args := range [][]string{{"report", "--since", "soon"}, {"report", "--json", "--md"}, {"report", "more"}} {
		if code, _, errs := w.drbot(args...); code != exitUsage {
			w.Errorf("%q: exit %d: %s", args, code, errs)
		}
	}
}

// report is what `drbot report --json` says.
func (w *town) report(args ...string) (v commands.ReportView) {
	w.Helper()
	code, out, errs := w.drbot(append([]string{"report", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &v); code != exitDone || err != nil {
		w.Fatalf("report: exit %d: %s%s", code, out, errs)
	}
	return v
}

// sameReport compares the forms of a report with each other.
func (w *town) sameReport() {
	w.Helper()
	_, table, _ := w.drbot("report", "--since", "2h")
	code, md, errs := w.drbot("report", "--since", "2h", "--md")
	if code != exitDone || !strings.HasPrefix(md, "# Report: ") || !strings.Contains(md, "| SEV-1 | 2 | 1 |") {
		w.Errorf("as Markdown: exit %d: %s%s", code, errs, md)
	}
	for _, text := range []string{"longest 20 min", "false alarm 1", "Drills, in none of the figures above", "1 late"} {
		if !strings.Contains(table, text) || !strings.Contains(md, text) {
			w.Errorf("%q is missing at the terminal or in the file:\n%s", text, table)
		}
	}
}

// metered reads /metrics: every name as Prometheus wants it, and drills in none of the incidents.
func (w *town) metered() {
	w.Helper()
	response, err := http.Get(w.door() + "/metrics")
	w.ok(err)
	body, err := io.ReadAll(response.Body)
	w.ok(err)
	w.ok(response.Body.Close())
	problems, err := promlint.New(strings.NewReader(string(body))).Lint()
	w.ok(err)
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "drbot_") {
			w.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for _, line := range []string{
		`drbot_incidents_open{severity="1"} 1`, `drbot_incidents_open{severity="2"} 0`, "drbot_incidents_unacknowledged 0", "drbot_ready 1", "drbot_runs_active 0",
		"drbot_approvals_waiting 0", "drbot_deliveries_parked 0", `drbot_deliveries_outstanding_incidents{follower="paper"}`, "drbot_store_commit_duration_seconds_count",
		"drbot_build_info{", `drbot_slack_up{link="slack api"} 1`, "drbot_reminders_overdue_incidents", "go_goroutines",
	} {
		if !strings.Contains(string(body), line) {
			w.Errorf("/metrics lacks %s:\n%s", line, body)
		}
	}
}
