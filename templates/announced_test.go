package templates

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

// TestAnnouncementIsShort: what its header says is not said again, and of what is done only what is true now.
func TestAnnouncementIsShort(t *testing.T) {
	done := restored().say("03:24", incident.RunEnded{Run: 7, How: incident.EndDone})
	for name, c := range map[string]struct {
		s    *story
		want string
	}{
		"opened":  {opening(), ""},
		"led":     {identified(), "What is being done: Ana Ruiz leads the response · The next"},
		"running": {restoring(), "What is being done: Database recovery (SQLite) is under way since 24 Nov 03:08 UTC"},
		"done":    {done, "What is being done: Database recovery (SQLite) was done 24 Nov 03:24 UTC"},
	} {
		text := Announced(c.s.Incident, c.s.facts(), BuiltIn(Initial))
		for _, told := range []string{"Severity", "SEV-1", "Since:", "\n", "Stop the service", "Set the old files aside"} {
			if strings.Contains(text, told) {
				t.Errorf("%s: it says %q:\n%s", name, told, text)
			}
		}
		if !strings.Contains(text, c.want) || !strings.Contains(text, "Impact: nobody can log in") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	own := Form4{Body: "Team,\n\n**Severity:** [[severity]], hits [[impact]]\n**Since:** [[started]]\n\nNext: [[next_update]]"}
	if got := Announced(identified().Incident, Facts{}, own); got != "Team, **Severity:** SEV-1, hits nobody can log in · Next: 24 Nov 03:30 UTC" {
		t.Errorf("%s", got)
	}
}
