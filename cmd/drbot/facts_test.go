package main

import (
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// What the house counted becomes what cards say; a procedure that never went through promises no duration.
func TestHistoryInWords(t *testing.T) {
	when := time.Date(2026, 11, 12, 10, 0, 0, 0, time.UTC)
	got := history(map[string]incident.Ran{
		"restore": {Times: 3, Last: when, Drill: true, Outcome: incident.Succeeded, Took: 6 * time.Minute, Good: []time.Duration{9 * time.Minute, 5 * time.Minute, 6 * time.Minute}},
		"lost":    {Times: 1, Last: when, Outcome: incident.OutcomeUnknown}, "stop": {Times: 1, Last: when, Outcome: incident.TimedOut},
	})
	for sum, want := range map[string]templates.History{
		"restore": {Times: 3, Last: when, Drill: true, Outcome: "ok", Took: 6 * time.Minute, Usual: 6 * time.Minute},
		"lost":    {Times: 1, Last: when, Outcome: "ended without a result"}, "stop": {Times: 1, Last: when, Outcome: "timed out"}, "never": {},
	} {
		if got[sum] != want {
			t.Errorf("%s: got %+v, want %+v", sum, got[sum], want)
		}
	}
	if empty := history(nil); empty == nil {
		t.Error("a house that counted nothing has no history, and cards would not say that a text never ran")
	}
	usually := usual(map[string]incident.Ran{
		"p1": {Times: 4, Drills: 3, Last: when, Outcome: incident.EndCancelled, Good: []time.Duration{9 * time.Minute}}, "p2": {Times: 1, Outcome: incident.EndCancelled},
	})
	if len(usually) != 1 || usually["p1"] != (templates.Usual{Took: 9 * time.Minute, Drills: 3, Last: when}) {
		t.Errorf("got %+v", usually)
	}
}
