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

		"Two next -5m":               "“next -5m” is no time",
		"Two next half an hour":      "“next half an hour” is no time",
		"Two next tomorrow":          "“next tomorrow” is no time",
		"Two. Next update: 15:30":    "“next update: 15:30” is no time",
		"Two, next update in 30 min": "“next update in 30 min” is no time",
		"Two next 30m next 45m":      "“next 30m” and “next 45m” are two times",
		"Two next 30m --next 45m":    "“next 30m” and “next 45m” are two times",
	} {
		if r := o.typed(ana, channel, "/incident update "+line); r.Done() || !strings.Contains(r.Say.Text, want) {
			t.Errorf("%s: %+v", line, r)
		}
	}
	if n := len(events[incident.UpdateSent](o, id)); n != 0 {
		t.Fatalf("%d are published", n)
	}
	for line, next := range map[string]time.Duration{"One next 1h": time.Hour, "What is next": 0, "See you next 30d.": 0, "It runs next Friday": 0} {
		o.typed(ana, channel, "/incident update "+line)
		if due := o.read(id).UpdateDue.Sub(o.now); next > 0 && due != next {
			t.Errorf("%s: in %s", line, due)
		}
	}
}

// TestASnoozeIsBounded: what is promised by the severity is not put off for the night, and an earlier one is said to be that.
func TestASnoozeIsBounded(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident severity 1 all of it")
	for _, line := range []string{"23h", "executives 23h", "90m", "0m"} {
		if r := o.typed(ana, channel, "/incident snooze "+line); r.Done() {
			t.Errorf("%s: %+v", line, r)
		}
	}
	o.typed(ana, channel, "/incident snooze 1h")
	due := o.read(id).UpdateDue
	if r := o.typed(ana, channel, "/incident snooze 5m"); !r.Done() || !strings.Contains(r.Say.Text, "earlier than before ("+due.UTC().Format("15:04")+")") {
		t.Errorf("%+v", r)
	}
	if r := o.typed(ana, channel, "/incident snooze 30m"); !r.Done() || strings.Contains(r.Say.Text, "earlier") {
		t.Errorf("%+v", r)
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
