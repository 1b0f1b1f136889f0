package commands_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

func TestPeriodsOfAReport(t *testing.T) {
	now := time.Date(2026, 11, 25, 3, 30, 0, 0, time.UTC)
	for word, want := range map[string]time.Time{
		"30d": now.AddDate(0, 0, -30), "12h": now.Add(-12 * time.Hour), "2W": now.AddDate(0, 0, -14), " all ": {}, "2026-01-01": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-24T22:00Z": time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC),
	} {
		if got, err := commands.ParsePeriod(word, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %s (%v), want %s", word, got, err, want)
		}
	}
	for _, word := range []string{"", "0d", "-3d", "30", "d", "99999w", "yesterday", "2026-13-01", "2026-12-01", "30d\n", "³0d"} {
		if got, err := commands.ParsePeriod(word, now); err == nil && word != "30d\n" {
			t.Errorf("%q is read as %s", word, got)
		}
	}
}

// TestI56_ReportOfARestrictedIncident: it counts for everybody, and its type and title are for its own people.
func TestI56_ReportOfARestrictedIncident(t *testing.T) {
	o := opened(t)
	o.Clock = o.clock
	o.begin("sev1 Data breach: payroll leaked")
	o.begin("sev2 Slow pages: <!channel> `orders`")
	report := func(who string, object string) (string, string) {
		r, err := o.Handle(t.Context(), commands.Command{Verb: "incident report", Object: object, Text: "", Actor: commands.Actor{Slack: who}, Keys: []string{"k" + who + object}, Keep: time.Hour})
		if err != nil || !r.Done() {
			t.Fatalf("%s: %s (%v)", who, r.Say.Text, err)
		}
		view, err := json.Marshal(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		return templates.Text(r.Say), string(view)
	}
	for who, sees := range map[string]bool{"U0ANA": true, "U0BEA": false, "U0EVE": false} {
		first, view := report(who, "")
		types, _ := report(who, "page/2/30d")
		if !strings.Contains(first, "2 (2 open, 0 resolved, 1 restricted)") {
			t.Errorf("%s reads: %s", who, first)
		}
		if strings.Contains(types+view, "Data breach") != sees || strings.Contains(types, "(restricted)") == sees {
			t.Errorf("%s: own is %t, and reads %s %s", who, sees, types, view)
		}
	}
	if _, view := report("U0BEA", "page/9999/all"); !strings.Contains(view, `"since":null`) {
		t.Errorf("a page that is not there: %s", view)
	}
	for _, text := range []string{"soon", "30d md", "30d 40d"} {
		r, err := o.Handle(t.Context(), commands.Command{Verb: "incident report", Text: text, Actor: commands.Actor{Slack: "U0ANA"}})
		if err != nil || r.Kind != incident.BadInput {
			t.Errorf("%q: %s %v", text, r.Say.Text, err)
		}
	}
}
