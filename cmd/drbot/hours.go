package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // hours.timezone is read on hosts without a zone database too

	"github.com/drbot/drbot/incident"
)

// rawHours is when people work, as it is written: hours: {timezone: Europe/Madrid, days: [mon..fri], from: "09:00",
// until: "17:00", holidays: [2026-12-25]}.
type rawHours struct {
	Timezone string   `yaml:"timezone"`
	Days     []string `yaml:"days"`
	From     string   `yaml:"from"`
	Until    string   `yaml:"until"`
	Holidays []string `yaml:"holidays"`
}

// dayNames in the order of time.Weekday.
var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// hours checks when people work; without the key they always do.
func (w *written) hours(c *config) error {
	raw := w.Hours
	if raw == nil {
		return nil
	}
	h := &incident.Hours{Zone: time.UTC, Holidays: map[string]bool{}}
	fault := func(key string, err error) error {
		return w.places.fault(fmt.Errorf("hours.%s: %w", key, err), "hours", key)
	}
	if raw.Timezone != "" {
		zone, err := time.LoadLocation(raw.Timezone)
		if err != nil || strings.EqualFold(raw.Timezone, "local") {
			return fault("timezone", fmt.Errorf("%q is no time zone, like Europe/Madrid", raw.Timezone))
		}
		h.Zone = zone
	}
	days := raw.Days
	if len(days) == 0 {
		days = []string{"mon", "tue", "wed", "thu", "fri"}
	}
	for _, name := range days {
		first, last, span := strings.Cut(name, "..")
		from, until := dayOf(first), dayOf(last)
		if !span {
			until = from
		}
		if from < 0 || until < 0 {
			return fault("days", fmt.Errorf("%q is no day, like mon, and no days, like mon..fri", name))
		}
		for k := from; ; k = (k + 1) % 7 {
			if h.Days[k] = true; k == until {
				break
			}
		}
	}
	var err error
	if h.From, err = clockOf(raw.From, 9*time.Hour); err != nil {
		return fault("from", err)
	}
	if h.Until, err = clockOf(raw.Until, 17*time.Hour); err != nil {
		return fault("until", err)
	}
	if h.From >= h.Until {
		return fault("until", errors.New("work ends before it begins"))
	}
	for _, day := range raw.Holidays {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fault("holidays", fmt.Errorf("%q is no day, like 2026-12-25", day))
		}
		h.Holidays[day] = true
	}
	c.Commands.Hours = h
	return nil
}

// zoneOf is where the people are: where they work, or else where drbot is.
func zoneOf(h *incident.Hours) *time.Location {
	if h == nil {
		return time.Local
	}
	return h.Zone
}

// zone is the zone of the people as configured now.
func (h *house) zone() *time.Location { return zoneOf(h.office.Config().Hours) }

// dayOf reads mon or Monday; -1: it is none.
func dayOf(name string) int {
	name = strings.ToLower(strings.TrimSpace(name))
	return slices.IndexFunc(dayNames, func(day string) bool {
		return name == day || name == strings.ToLower(time.Weekday(slices.Index(dayNames, day)).String())
	})
}

// clockOf reads 09:00, up to 24:00.
func clockOf(s string, absent time.Duration) (time.Duration, error) {
	if s == "" {
		return absent, nil
	}
	if s == "24:00" {
		return 24 * time.Hour, nil
	}
	at, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day, like 09:00", s)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, nil
}
