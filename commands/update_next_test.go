package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// TestAPromiseThatCannotBeReadIsAskedAbout: it is not published as words, and one of tomorrow is no slip.
func TestAPromiseThatCannotBeReadIsAskedAbout(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	for line, want := range map[string]string{
		"Two next 30d":     "“next 30d” is no time",
		"Two next 25:00":   "“next 25:00” is no time",
		"Two next 30 min":  "“next 30 min” is no time",
		"Two next 3 hours": "“next 3 hours” is no time",
		"Two next 2h":      "is too far for the next update",
		"Two next 02:57":   "25 Nov 02:57 UTC is too far",
	} {
		if r := o.typed(ana, channel, "/incident update "+line); r.Done() || !strings.Contains(r.Say.Text, want) {
			t.Errorf("%s: %+v", line, r)
		}
	}
	if n := len(events[incident.UpdateSent](o, id)); n != 0 {
		t.Fatalf("%d are published", n)
	}
	for line, next := range map[string]time.Duration{"One next 1h": time.Hour, "What is next": 0, "See you next 30d.": 0} {
		o.typed(ana, channel, "/incident update "+line)
		if due := o.read(id).UpdateDue.Sub(o.now); next > 0 && due != next {
			t.Errorf("%s: in %s", line, due)
		}
	}
}

// TestABareSnoozeIsNeverEarlier: what was put off by more stays so.
func TestABareSnoozeIsNeverEarlier(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident snooze 45m")
	due := o.read(id).UpdateDue
	o.typed(ana, channel, "/incident snooze")
	if now := o.read(id).UpdateDue; now.Sub(due) != 15*time.Minute {
		t.Errorf("due %s, then %s", due, now)
	}
}
