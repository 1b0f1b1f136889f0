package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

func TestCardGivesTheDayOfAnInstantThatIsNotToday(t *testing.T) {
	opened := time.Date(2026, 11, 24, 10, 59, 0, 0, time.UTC)
	i := incident.New(42)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: opened}, incident.Opened{
		Title: "a nuisance", Severity: 4, Policy: incident.Policy{RespondBy: opened.Add(24 * time.Hour)},
	})
	text := Text(Card(i, Facts{Now: opened}))
	if !strings.Contains(text, "due 25 Nov 10:59 UTC") {
		t.Errorf("the card says:\n%s", text)
	}
	if !strings.Contains(text, "Opened 10:59 UTC") {
		t.Errorf("today's instants need no day:\n%s", text)
	}
}

// TestI55_ThePageGivesTheDayOfAnInstantThatIsNotToday: the page is read when drbot is dead, on whichever day that is.
func TestI55_ThePageGivesTheDayOfAnInstantThatIsNotToday(t *testing.T) {
	opened := time.Date(2026, 11, 24, 18, 59, 0, 0, time.UTC)
	i := incident.New(42)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: opened}, incident.Opened{
		Title: "a nuisance", Severity: 4, Policy: incident.Policy{RespondBy: opened.Add(6 * time.Hour)},
		Checklist: []incident.Item{{ID: "c1", Phase: "Before", Text: "Look"}, {ID: "c2", Phase: "Before", Text: "Call"}},
	})
	i.Apply(incident.Stamp{Seq: 2, N: 2, Time: opened.Add(time.Minute)}, incident.ItemDone{Item: "c1", How: "by hand", By: ana})
	page := string(Paper(i, Facts{}))
	for _, want := range []string{"work began 19:00 UTC", "since 18:59 UTC", ana.Name + " 19:00 by hand"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in:\n%s", want, page)
		}
	}
	i.Apply(incident.Stamp{Seq: 3, N: 3, Time: opened.Add(7 * time.Hour)}, incident.ItemDone{Item: "c2", By: ana})
	page = string(Paper(i, Facts{}))
	for _, want := range []string{"work began 24 Nov 19:00 UTC", "since 24 Nov 18:59 UTC", ana.Name + " 24 Nov 19:00 by hand"} {
		if !strings.Contains(page, want) {
			t.Errorf("the next day, %q is not in:\n%s", want, page)
		}
	}
}
