package commands_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// alertTexts are what PagerDuty said in words, as the incident's record has it, in the order of its events' ids.
func (o *office) alertTexts(id incident.ID) (list []string) {
	o.t.Helper()
	for r, err := range o.store.Records(o.t.Context(), id, 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		e, err := r.Event()
		if err != nil {
			o.t.Fatal(err)
		}
		if seen, ok := e.(incident.AlertSeen); ok && seen.Text != "" {
			list = append(list, seen.Event+" "+seen.What+" "+seen.Text)
		}
	}
	slices.Sort(list)
	return list
}

// TestI47_WhatIsSaidBeforeTheTriggerIsKept: in the house's record with its words, and in the incident once that is opened.
func TestI47_WhatIsSaidBeforeTheTriggerIsKept(t *testing.T) {
	o := opened(t)
	at := o.clock()
	note := commands.HearAlert{Alert: "P1", Event: "E2", What: "annotated", At: at.Add(time.Minute), Agent: commands.AlertAgent{ID: "PBEA", Name: "Bea"}, Text: "the disk is full", Rules: alertRules}
	o.hear(note)
	o.hear(note)
	for n := range 40 { // of alerts that nobody ever hears of again
		o.hear(commands.HearAlert{Alert: fmt.Sprintf("PX%d", n), Event: fmt.Sprintf("X%d", n), What: "annotated", At: at, Text: strings.Repeat("long ", 600), Rules: alertRules})
		if n == 20 {
			o.hear(commands.HearAlert{Alert: "P1", Event: "E3", What: "responder replied", At: at.Add(2 * time.Minute), Text: "Bea accepted", Facts: map[string]string{incident.AlertResponder + "PBEA": "accepted Bea"}, Rules: alertRules})
		}
	}
	house, err := o.store.House(t.Context())
	if err != nil || len(house.Early) != 30 || len(house.Early[0].Text) > 2000 {
		t.Fatalf("%d are kept, %v", len(house.Early), err)
	}
	o.hear(note) // sent again
	o.hear(commands.HearAlert{Alert: "P1", Event: "E4", What: "annotated", At: at.Add(3 * time.Minute), Text: "and the other one", Rules: alertRules})
	o.hear(alarm("P1", "E1", "triggered", at, map[string]string{incident.AlertPriority: "P1"}))
	i := o.alerted("P1")
	if got := o.alertTexts(i.ID); !slices.Equal(got, []string{"E3 responder replied Bea accepted", "E4 annotated and the other one"}) {
		t.Errorf("%q", got) // the first one was pushed out of what is at hand; the record has it
	}
	if i.AckedBy.Name != "Bea" {
		t.Errorf("who joins has answered: %+v", i.AckedBy)
	}
	if err := o.refolded(i.ID); err != nil {
		t.Error(err)
	}
}

// TestI50_ClocksCountFromTheTriggerWithinADay, never from the future.
func TestI50_ClocksCountFromTheTriggerWithinADay(t *testing.T) {
	for name, c := range map[string]struct {
		began   time.Duration // before it came
		counted bool
	}{"at once": {0, false}, "late": {17 * time.Minute, true}, "of yesterday": {23 * time.Hour, true}, "too old": {25 * time.Hour, false}, "of the future": {-time.Hour, false}} {
		o := opened(t)
		e := alarm("P1", "E1", "triggered", o.clock(), map[string]string{incident.AlertPriority: "P1"})
		e.Began = o.clock().Add(-c.began)
		o.hear(e)
		i := o.alerted("P1")
		since := i.OpenedAt
		if c.counted {
			since = e.Began
		}
		if !i.Since().Equal(since) || i.RespondBy.Sub(since) != 15*time.Minute || i.UpdateDue.Before(i.OpenedAt) {
			t.Errorf("%s: since %s, answer by %s, opened %s", name, i.Since(), i.RespondBy, i.OpenedAt)
		}
		for _, call := range i.Calls {
			if call.At.Before(i.OpenedAt) {
				t.Errorf("%s: %s is called before it came", name, call.Role)
			}
		}
	}
}
