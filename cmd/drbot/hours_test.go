package main

import (
	"strings"
	"testing"
	"time"
)

const hoursBefore = "runbook: r.md\nslack: {mode: socket}\n"

func TestHoursOfTheConfiguration(t *testing.T) {
	read := func(hours string) (*config, error) {
		return readConfig([]byte(hoursBefore+hours), "/etc/drbot/drbot.yaml", func(string) string { return "" })
	}
	c, err := read("hours: {timezone: Europe/Madrid, days: [mon..thu, fri], from: 08:30, until: 24:00, holidays: [2026-12-25]}\n")
	if err != nil {
		t.Fatal(err)
	}
	h := c.Commands.Hours
	if h.Zone.String() != "Europe/Madrid" || h.Days != [7]bool{false, true, true, true, true, true, false} || h.From != 8*time.Hour+30*time.Minute || h.Until != 24*time.Hour || !h.Holidays["2026-12-25"] {
		t.Errorf("%+v", h)
	}
	if c, err = read(""); err != nil || c.Commands.Hours != nil {
		t.Errorf("without the key people always work: %+v, %v", c.Commands.Hours, err)
	}
	if c, err = read("hours: {}\n"); err != nil || c.Commands.Hours == nil || c.Commands.Hours.From != 9*time.Hour {
		t.Errorf("empty: %v", err)
	}
	if c, err = read("hours: {days: [fri..mon]}\n"); err != nil || c.Commands.Hours.Days != [7]bool{true, true, false, false, false, true, true} {
		t.Errorf("over the week's end: %v", err)
	}
	for hours, want := range map[string]string{
		"hours:\n  timezone: Mars/Base\n": "4:13: hours.timezone", "hours:\n  days: [someday]\n": "hours.days", "hours:\n  from: 25:00\n": "hours.from", "hours:\n  from: 10:00\n  until: 9:00\n": "hours.until",
		"hours:\n  holidays: [christmas]\n": "hours.holidays", "hours:\n  begin: 9\n": "begin",
	} {
		if _, err := read(hours); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", hours, err)
		}
	}
}
