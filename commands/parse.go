package commands

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Names that a typed line begins with: an incident is INC-42 with every verb, and a bare number only where the verb's
// grammar begins with [N], since a number may also be a severity.
var (
	incidentName = regexp.MustCompile(`^(?i:inc-)[0-9]{1,18}$`)
	bareNumber   = regexp.MustCompile(`^[0-9]{1,18}$`)
	runName      = regexp.MustCompile(`^[RA][0-9]{1,18}$`)
	severityName = regexp.MustCompile(`^(?i:sev-?)?([1-4])$`)
	mention      = regexp.MustCompile(`^<@([UW][A-Z0-9]+)(?:\|([^>]*))?>$`)
	stepName     = regexp.MustCompile(`^(?i:[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}u?|p[0-9]{1,3}\.s[0-9]{1,3}(?:\.[0-9]{1,3})?[a-t]?u?)$`)
)

// Parse reads a line that was typed behind a slash command or at the terminal. It never fails: what it does not
// understand becomes a verb that says so, and text stays text (I7).
func Parse(group, text string) Command {
	text = strings.TrimSpace(text)
	word, rest := head(text)
	verb := byName[group+" "+strings.ToLower(word)]
	if verb == nil || verb.Hidden {
		return parseOther(group, text)
	}
	c := Command{Verb: verb.Full(), Text: rest}
	first, after := head(rest)
	switch {
	case incidentName.MatchString(first),
		strings.HasPrefix(verb.Grammar, "[N]") && bareNumber.MatchString(first):
		if id, err := incident.ParseID(first); err == nil {
			c.Object, c.Text = strconv.FormatUint(uint64(id), 10), after
		}
	case runName.MatchString(strings.ToUpper(first)) && verb.Scope == InChannel:
		c.Object, c.Text = strings.ToUpper(first), after
	}
	return c
}

func parseOther(group, text string) Command {
	switch {
	case group == "recover" && text == "":
		return Command{Verb: "recover list"}
	case group == "recover":
		return Command{Verb: "recover plan", Text: text}
	case text == "":
		return Command{Verb: group + " start"}
	}
	return Command{Verb: group + " what", Text: text}
}

// head splits the first word off.
func head(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	if k := strings.IndexFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }); k >= 0 {
		return text[:k], strings.TrimSpace(text[k:])
	}
	return text, ""
}

// parseSeverity reads 1, sev1 or SEV-1; 0 when it is none.
func parseSeverity(word string) int {
	if m := severityName.FindStringSubmatch(word); m != nil {
		return int(m[1][0] - '0')
	}
	return 0
}

// parseSpan reads 20m, 1h, 1h30m; 0 when it is none, or not between a minute and a day.
func parseSpan(word string) time.Duration {
	d, err := time.ParseDuration(strings.ToLower(word))
	if err != nil || d < time.Minute || d > 24*time.Hour {
		return 0
	}
	return d
}

// parseClock reads 15:04 as an instant near now, UTC: the last one when past, else the next one.
func parseClock(word string, now time.Time, past bool) (time.Time, bool) {
	clock, err := time.Parse("15:04", word)
	if err != nil {
		return time.Time{}, false
	}
	now = now.UTC()
	at := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, time.UTC)
	switch {
	case past && at.After(now):
		at = at.AddDate(0, 0, -1)
	case !past && !at.After(now):
		at = at.AddDate(0, 0, 1)
	}
	return at, true
}

// parseWhen reads how long until something: 20m, or until a clock time.
func parseWhen(word string, now time.Time) (time.Duration, bool) {
	if d := parseSpan(word); d > 0 {
		return d, true
	}
	if at, ok := parseClock(word, now, false); ok {
		return at.Sub(now), true
	}
	return 0, false
}
