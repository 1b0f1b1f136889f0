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
