package runbook

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	spanWords = regexp.MustCompile(`(?i)^(?:<=?|≤|~|under|within|less than|up to|at most|max\.?|every)?\s*(\d+(?:\.\d+)?)[\s-]*([a-z]+)\.?$`)
	spanUnits = map[string]time.Duration{
		"s": time.Second, "sec": time.Second, "second": time.Second,
		"m": time.Minute, "min": time.Minute, "minute": time.Minute,
		"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
		"d": 24 * time.Hour, "day": 24 * time.Hour,
		"w": 7 * 24 * time.Hour, "wk": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour,
	}
)

// span reads a duration as runbooks write it: "< 15 minutes", "1 week", "48h", "1h30m".
func span(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, true
	}
	m := spanWords.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	unit, ok := spanUnits[strings.ToLower(m[2])]
	if !ok {
		unit, ok = spanUnits[strings.TrimSuffix(strings.ToLower(m[2]), "s")]
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if !ok || err != nil || n*float64(unit) >= math.MaxInt64 {
		return 0, false
	}
	d := time.Duration(n * float64(unit))
	return d, d > 0
}

// interval reads how often something happens: "Hourly snapshots", "every 15 minutes".
func interval(s string) time.Duration {
	s = strings.ToLower(s)
	for _, w := range []struct {
		word string
		d    time.Duration
	}{{"hourly", time.Hour}, {"daily", 24 * time.Hour}, {"nightly", 24 * time.Hour}, {"weekly", 7 * 24 * time.Hour}} {
		if strings.Contains(s, w.word) {
			return w.d
		}
	}
	if i := strings.Index(s, "every "); i >= 0 {
		f := strings.Fields(s[i+len("every "):])
		for n := min(2, len(f)); n > 0; n-- {
			if d, ok := span(strings.TrimRight(strings.Join(f[:n], " "), ".,;)")); ok {
				return d
			}
		}
	}
	return 0
}
