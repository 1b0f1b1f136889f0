package templates

import (
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// What the run knows of the data stands in the form that ends the incident, and the message says whether the RPO held.
func TestDataImpactComesFromTheRun(t *testing.T) {
	if got := DataImpact(Back(resolved().Incident, resolved().specs)); got != "" {
		t.Errorf("no backup is known, and the form says %q", got)
	}
	s := resolved()
	s.Run(7).Choices = map[string][]incident.Choice{"BACKUP": {{Value: "/srv/backups/20261124_020000", State: "verified", TakenAt: at("02:00")}}}
	back := Back(s.Incident, s.specs)
	if want := "Restored from backup /srv/backups/20261124_020000, taken 24 Nov 02:00 UTC; writes after it are lost (58 min)."; DataImpact(back) != want {
		t.Errorf("got %q, want %q", DataImpact(back), want)
	}
	for limit, want := range map[time.Duration]string{
		0: "Lost 58 min of writes", time.Hour: "Lost 58 min of writes, RPO 1 h met", 30 * time.Minute: "Lost 58 min of writes, RPO 30 min missed",
	} {
		s.RPO.Limit = limit
		if got := words(lossLines(s.Incident, Facts{Saved: back})[0]); got != want {
			t.Errorf("RPO %v: got %q, want %q", limit, got, want)
		}
	}
}
