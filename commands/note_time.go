package commands

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// A note may begin with the instant at which it happened, in UTC. What looks like a time and is none that drbot reads is
// refused: taken for words, the note would stand at another instant than the one that was meant, and nobody would see it.

// readThen reads the instant that a note begins with, and what follows; dated is false where the text is all there is. zone is
// where people work: a time of today that has not come in UTC, and has there, is asked about.
func readThen(text string, now time.Time, zone *time.Location) (at time.Time, note string, dated bool, err error) {
	at, note, dated = parseThen(text, now)
	if !dated {
		if mistimed(text) {
			err = noTime(text)
		}
		return at, text, false, err
	}
	next, after := head(note)
	if inUTC.MatchString(next) {
		return at, after, true, localTime(text, at, now, zone)
	}
	if next = strings.Trim(next, "()[],;"); otherZone.MatchString(next) || halfOfDay.MatchString(next) || lasting.MatchString(next) {
		return at, note, true, noTime(text)
	}
	return at, note, true, localTime(text, at, now, zone)
}

// localTime asks about a bare time that the day before is meant by in UTC, and today by where people work.
func localTime(text string, at, now time.Time, zone *time.Location) error {
	word, rest := head(text)
	next, _ := head(rest)
	if zone == nil || !bareClock.MatchString(unbracketed(word)) || inUTC.MatchString(next) || at.UTC().YearDay() == now.UTC().YearDay() {
		return nil
	}
	day := now.In(zone)
	there := time.Date(day.Year(), day.Month(), day.Day(), at.UTC().Hour(), at.UTC().Minute(), at.UTC().Second(), 0, zone)
	if there.After(now) || there.Equal(at) {
		return nil
	}
	typed := at.UTC().Format("15:04")
	return incident.Refuse(incident.BadInput, "%s UTC has not come yet today; in %s it was %s UTC. The note is not kept.", typed, zone, there.UTC().Format("15:04")).
		Then("Write %s, or yesterday %s.", there.UTC().Format("15:04"), typed)
}

// unbracketed is a word without the brackets and the punctuation that people put around a time.
func unbracketed(word string) string { return strings.TrimRight(strings.Trim(word, "[]()"), ":,;])") }

// parseThen reads the instant that a note begins with, UTC: 15:04 (the last one), 10m ago, yesterday 15:04, 2026-11-24 15:04,
// 2026-11-24T15:04. It may stand in brackets. Without one the text is all there is.
func parseThen(text string, now time.Time) (at time.Time, rest string, ok bool) {
	if m := ago.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		unit := time.Minute
		if strings.HasPrefix(strings.ToLower(m[2]), "h") {
			unit = time.Hour
		}
		if span := time.Duration(n) * unit; err == nil && span <= 24*time.Hour {
			return now.Add(-span), strings.TrimSpace(text[len(m[0]):]), true
		}
		return time.Time{}, text, false
	}
	word, rest := head(text)
	word = unbracketed(word)
	if at, ok = clockOf(word, now); ok {
		return at, rest, true
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", time.RFC3339} {
		if at, err := time.Parse(layout, word); err == nil {
			return at.UTC(), rest, true
		}
	}
	day := now.UTC().AddDate(0, 0, -1)
	if !strings.EqualFold(word, "yesterday") {
		var err error
		if day, err = time.Parse(time.DateOnly, word); err != nil {
			return time.Time{}, text, false
		}
	}
	word, after := head(rest)
	clock, err := time.Parse("15:04", strings.TrimSuffix(unbracketed(word), "Z"))
	if err != nil {
		return time.Time{}, text, false
	}
	return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, time.UTC), after, true
}

// clockOf reads 15:04 and 15:04:05 as the last instant of that name.
func clockOf(word string, now time.Time) (time.Time, bool) {
	word = strings.TrimSuffix(word, "Z")
	if at, ok := parseClock(word, now, true); ok {
		return at, true
	}
	exact, err := time.Parse(time.TimeOnly, word)
	if err != nil {
		return time.Time{}, false
	}
	day := now.UTC()
	at := time.Date(day.Year(), day.Month(), day.Day(), exact.Hour(), exact.Minute(), exact.Second(), 0, time.UTC)
	if at.After(now) {
		at = at.AddDate(0, 0, -1)
	}
	return at, true
}

var (
	ago       = regexp.MustCompile(`(?i)^([0-9]{1,4}) ?(m|mins?|minutes?|h|hrs?|hours?) ago\b[:,;]?`)
	bareClock = regexp.MustCompile(`^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$`)
	clockLike = regexp.MustCompile(`(?i)^[0-9]{1,2}([:.h][0-9]{2}([:.][0-9]{2})?(z|h|hrs|uhr|[ap]\.?m\.?|[+-][0-9:]{1,5})?|[ap]\.?m\.?)$`)
	dayLike   = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}\b)`)
	halfOfDay = regexp.MustCompile(`(?i)^[ap]\.?m\.?$`)
	dayNumber = regexp.MustCompile(`^[0-9]{1,2}(\.|st|nd|rd|th)?$`)
	monthName = regexp.MustCompile(`^(May|(?i:jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december))\.?$`)
	weekday   = regexp.MustCompile(`^(?i:mon|tues?|wed|thu|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)$`)
	inUTC     = regexp.MustCompile(`^[\[(]?(?i:utc|gmt|z)[\])]?[:,;]?$`)
	lasting   = regexp.MustCompile(`^(?i:h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?|uhr|o'clock|ago)$`)
	// otherZone are the names of zones in capitals, as small letters many are words; offsets, and names like Europe/Madrid.
	otherZone = regexp.MustCompile(`^(C[ES]T|CEST|CDT|E[ES]T|EEST|EDT|M[DS]T|MSK|P[DS]T|AK[DS]T|HST|WES?T|BST|IST|JST|KST|SGT|HKT|AE[DS]T|ACST|AWST|NZ[DS]T|A[DS]T|BRT|ART|PKT|WIB|(?i:cet|cest|utc|gmt)[+-][0-9:]{1,5}|cet|cest|[+-][0-9]{1,2}(:?[0-9]{2})?|[A-Z][a-zA-Z_]+/[A-Z][a-zA-Z_/]+)$`)
)

// mistimed reports whether a note begins with what looks like a time and is none that drbot reads.
func mistimed(text string) bool {
	word, rest := head(text)
	next, after := head(rest)
	word, next = unbracketed(word), unbracketed(next)
	half, _ := head(after)
	switch {
	case clockLike.MatchString(word), dayLike.MatchString(word), ago.MatchString(text):
		return true
	case dayNumber.MatchString(word):
		return monthName.MatchString(next) || halfOfDay.MatchString(next)
	case monthName.MatchString(word):
		return dayNumber.MatchString(next)
	case strings.EqualFold(word, "yesterday"), strings.EqualFold(word, "noon"), strings.EqualFold(word, "midnight"):
		return true
	case strings.EqualFold(word, "tomorrow"), strings.EqualFold(word, "today"), strings.EqualFold(word, "tonight"), weekday.MatchString(word):
		return clockLike.MatchString(next) || halfOfDay.MatchString(unbracketed(half))
	}
	return false
}

func noTime(text string) error {
	word, rest := head(text)
	next, after := head(rest)
	third, _ := head(after)
	if b := unbracketed(next); clockLike.MatchString(b) || halfOfDay.MatchString(b) || otherZone.MatchString(b) || lasting.MatchString(b) || monthName.MatchString(b) || monthName.MatchString(unbracketed(word)) {
		word += " " + next
		if b := unbracketed(third); halfOfDay.MatchString(b) || otherZone.MatchString(b) || clockLike.MatchString(b) || strings.EqualFold(b, "ago") {
			word += " " + third
		}
	}
	return incident.Refuse(incident.BadInput, "“%s” is no time that drbot reads; the note is not kept.", cut(word, 40)).
		Then("Write 15:04, yesterday 15:04 or 2026-11-24 15:04, in UTC and in 24 hours, or 10m ago; or begin with another word.")
}
