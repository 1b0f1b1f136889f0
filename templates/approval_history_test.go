package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// TestI43_DecidedCardShowsNoLaterHistory: what stands on the card is what the approver could read.
func TestI43_DecidedCardShowsNoLaterHistory(t *testing.T) {
	asked := time.Date(2026, 11, 24, 3, 14, 0, 0, time.UTC)
	i := incident.New(42)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: asked}, incident.Opened{Title: "users db", Severity: 1})
	i.Apply(incident.Stamp{Seq: 2, N: 2, Time: asked}, incident.RunPlanned{Run: 7, Steps: []incident.Step{{ID: "p1.s6", Number: "1.6", Spec: "s", Script: "x"}}})
	i.Apply(incident.Stamp{Seq: 3, N: 3, Time: asked}, incident.ApprovalAsked{
		Approval: 17, Run: 7, Step: "p1.s6", Need: 1, Action: incident.Action{Script: "x"}, Expires: asked.Add(15 * time.Minute),
	})
	card := func(last time.Time) string {
		f := Facts{Now: asked, History: map[string]History{"x": {Times: 3, Last: last, Outcome: "ok"}}}
		return Text(ApprovalCard(i, i.Approval(17), f))
	}
	if text := card(asked.Add(-time.Hour)); !strings.Contains(text, "3 times") {
		t.Errorf("an earlier history is missing:\n%s", text)
	}
	if text := card(asked.Add(time.Minute)); strings.Contains(text, "3 times") {
		t.Errorf("the card shows a run that began after it was asked:\n%s", text)
	}
}
