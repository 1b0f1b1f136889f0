package runbook

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	spanWords = regexp.MustCompile(`(?i)^(?:<=?|≤|~|under|within|less than|up to|at most|max(?:imal)?\.?|every|unter|innerhalb(?: von)?|binnen|bis zu|höchstens|weniger als|moins de|sous|jusqu'à|menos de|en|hasta|entro|meno di|entre|minder dan|alle|toutes les|cada|ogni)?\s*(\d+(?:\.\d+)?)[\s-]*(\pL+)\.?$`)
	spanUnits = map[string]time.Duration{}
)

// unitNames are the units as runbooks write them; an s may follow.
var unitNames = map[time.Duration]string{
	time.Second:        "s sec second sekunde sekunden seconde segundo secondo secondi",
	time.Minute:        "m min minute minuten minuto minuti minuut",
	time.Hour:          "h hr hour std stunde stunden heure hora ora ore uur uren",
	24 * time.Hour:     "d day tag tage tagen jour día dia giorno giorni dag dagen",
	7 * 24 * time.Hour: "w wk week woche wochen semaine semana settimana settimane weken",
}

func init() {
	for unit, names := range unitNames {
		for _, n := range strings.Fields(names) {
			spanUnits[n] = unit
		}
	}
}

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

// InDays reports whether it was said in days or weeks, which are those of the calendar, and not in hours.
func (d Deadline) InDays() bool {
	m := spanWords.FindStringSubmatch(strings.TrimSpace(d.Text))
	if m == nil {
		return false
	}
	unit, ok := spanUnits[strings.ToLower(m[2])]
	if !ok {
		unit = spanUnits[strings.TrimSuffix(strings.ToLower(m[2]), "s")]
	}
	return unit >= 24*time.Hour
}

// interval reads how often something happens: "Hourly snapshots", "every 15 minutes".
func interval(s string) time.Duration {
	s = strings.ToLower(s)
	for _, w := range []struct {
		word string
		d    time.Duration
	}{{"hourly", time.Hour}, {"daily", 24 * time.Hour}, {"nightly", 24 * time.Hour}, {"weekly", 7 * 24 * time.Hour},
		{"stündlich", time.Hour}, {"täglich", 24 * time.Hour}, {"nächtlich", 24 * time.Hour}, {"wöchentlich", 7 * 24 * time.Hour}} {
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
