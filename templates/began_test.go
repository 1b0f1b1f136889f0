package templates

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

// TestI50_TheCardSaysWhoBegan: after a first action nobody is missed any more, and an acknowledgement says who answered.
func TestI50_TheCardSaysWhoBegan(t *testing.T) {
	s := opening()
	if card := Text(Card(s.Incident, Facts{})); !strings.Contains(card, "nobody answered yet") {
		t.Errorf("nobody did anything:\n%s", card)
	}
	s = s.say("02:59", incident.StatusSet{By: ana, Status: incident.Identified})
	if card := Text(Card(s.Incident, Facts{})); !strings.Contains(card, ana.Name+" began 02:59") || strings.Contains(card, "nobody answered yet") {
		t.Errorf("a status was set:\n%s", card)
	}
	s = s.say("03:00", incident.Acknowledged{By: bea})
	if card := Text(Card(s.Incident, Facts{})); !strings.Contains(card, bea.Name+" answered 03:00") || strings.Contains(card, "began") {
		t.Errorf("acknowledged:\n%s", card)
	}
}
