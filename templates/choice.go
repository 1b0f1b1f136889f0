package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// How a value that was listed is called: a backup by its time, whether it is verified, and what it gives up. A variable's
// name is for scripts and for what is typed at a terminal.

// newestWord is the value by which a lock says "the newest verified one, whichever that is when the step runs".
const newestWord = "newest"

// Newest is the newest verified line of a listing.
func Newest(lines []incident.Choice) (incident.Choice, bool) {
	var found incident.Choice
	for _, c := range lines {
		if c.State == "verified" && c.TakenAt.After(found.TakenAt) {
			found = c
		}
	}
	return found, !found.TakenAt.IsZero()
}

// ChoiceName is a value of a listing in one line: "11:05 UTC, verified, loses 3 min", "newest: 11:05 UTC, verified, …".
func ChoiceName(i *incident.Incident, r *incident.Run, name, value string) string {
	return words(choiceLine(i, r, name, value))
}

func choiceLine(i *incident.Incident, r *incident.Run, name, value string) []Span {
	lines := r.Choices[name]
	k := slices.IndexFunc(lines, func(c incident.Choice) bool { return c.Value == value })
	switch {
	case k >= 0:
		return choiceSpans(i, r, lines[k], false)
	case value == newestWord && len(lines) > 0:
		c, ok := Newest(lines)
		if !ok {
			return Line("choice.nonewest", nil)
		}
		return choiceSpans(i, r, c, true)
	}
	return []Span{{Text: flat(inert(value), 160), Style: Mono}}
}

func choiceSpans(i *incident.Incident, r *incident.Run, c incident.Choice, newest bool) []Span {
	lost := time.Duration(0)
	if !c.TakenAt.IsZero() {
		lost = max(0, i.LossUntil(c.TakenAt, r.ReadsAt).Sub(c.TakenAt))
		lost = (lost + time.Second - 1).Truncate(time.Second) // a part of a second is lost too
	}
	return Line("choice.line", map[string]any{
		"Newest": newest, "Value": flat(inert(c.Value), 60), "At": c.TakenAt, "Day": otherDay(c.TakenAt, i.OpenedAt), "State": c.State, "Lost": lost,
		"Known": !c.TakenAt.IsZero(),
	})
}

// otherDay reports whether an instant needs its day beside an incident that was opened on another.
func otherDay(a, b time.Time) bool {
	a, b = a.UTC(), b.UTC()
	return a.YearDay() != b.YearDay() || a.Year() != b.Year()
}

// Rejected names the lines that may not be taken, each with why: "02:50 UTC hash differs".
func Rejected(i *incident.Incident, lines []incident.Choice) []string {
	var list []string
	for _, c := range lines {
		if c.State == "rejected" {
			why := map[string]any{"At": c.TakenAt, "Day": otherDay(c.TakenAt, i.OpenedAt), "Value": flat(inert(c.Value), 60), "Why": flat(c.Note, 120), "Known": !c.TakenAt.IsZero()}
			list = append(list, Say("choice.rejected", why))
		}
	}
	return list
}

// maxChosen is how many values a plan shows.
const maxChosen = 10

// chosenRows are the values that people gave, under the names that the lock gives them, and which lines were rejected.
// What drbot fills in by itself, such as the run's number, is no choice and stays out.
func chosenRows(i *incident.Incident, r *incident.Run, specs map[string]*incident.Spec) []Row {
	var rows []Row
	var rejected []string
	seen := map[string]bool{}
	for _, list := range [][]incident.Step{r.Steps, r.Undos} {
		for k := range list {
			spec := specs[list[k].Spec]
			if spec == nil {
				continue
			}
			for _, p := range spec.Params {
				value, ok := r.Values[p.Key]
				if seen[p.Key] || p.From != "" && p.From != "list" {
					continue
				}
				seen[p.Key] = true
				rejected = append(rejected, Rejected(i, r.Choices[p.Key])...)
				if !ok || len(rows) == maxChosen {
					continue
				}
				spans := choiceLine(i, r, p.Key, value)
				if why := r.Reasons[p.Key]; why != "" {
					spans = append(spans, T(" · "+flat(why, 200)))
				}
				rows = append(rows, Row{Label: flat(p.Called(), 60), Spans: spans})
			}
		}
	}
	if len(rejected) > 0 {
		rows = append(rows, Row{Label: Say("label.rejected", nil), Spans: plain(short(strings.Join(rejected, " · "), 500))})
	}
	return rows
}
