package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// TestI50_ChangingTheSeverityWinsNoTime: a raise asks for an answer from now on and puts nothing off, a lower severity has its
// time from the opening, and no part of the time that was over at the change is called late.
func TestI50_ChangingTheSeverityWinsNoTime(t *testing.T) {
	o := opened(t)
	id, _ := o.begin("sev2 Slow pages: users gone")
	start := o.read(id).OpenedAt
	for k, c := range []struct {
		at   time.Duration
		to   string
		want time.Duration // an answer is due
	}{
		{20 * time.Minute, "1", 35 * time.Minute}, {33 * time.Minute, "2", time.Hour}, {35 * time.Minute, "1", 50 * time.Minute}, {48 * time.Minute, "2", time.Hour},
		{50 * time.Minute, "1", time.Hour}, {65 * time.Minute, "1", time.Hour}, {66 * time.Minute, "2", time.Hour},
	} {
		o.pass(start.Add(c.at).Sub(o.clock()))
		if o.read(id).Severity != int(c.to[0]-'0') {
			o.typed(ana, "", "/incident severity "+id.String()+" "+c.to+" for the reason that I give")
		}
		i := o.read(id)
		if got := i.RespondBy.Sub(start).Round(time.Second); got != c.want {
			t.Errorf("%d: at %s to SEV-%s: an answer is due at %s", k, c.at, c.to, got)
		}
		for _, d := range i.Deadlines() {
			if strings.HasPrefix(d.Key, incident.DueRespond+"/") && !strings.HasPrefix(d.Key, incident.DueRespond+"/100/") && d.Due.Before(start.Add(c.at).Add(-time.Second)) && i.RespondSet.Equal(o.clock()) {
				t.Errorf("%d: at %s %s is due at %s", k, c.at, d.Key, d.Due.Sub(start))
			}
		}
	}
}
