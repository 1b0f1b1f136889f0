package commands

import (
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// stillOwed ends an answer with those outside who were promised the next message and do not get it, and with the line that
// brings it to them: of an update that did not go there, or of one that was moved after they were mailed when it comes.
func stillOwed(i *incident.Incident, debts []incident.Debt, moved bool) string {
	var out strings.Builder
	for len(debts) > 0 {
		first := debts[0]
		var to []incident.Audience
		debts = slices.DeleteFunc(debts, func(o incident.Debt) bool {
			same := o.Due.Unix() == first.Due.Unix()
			if same {
				to = append(to, o.To)
			}
			return same
		})
		again := i.Again != nil && first.Update == i.Again.Updates
		out.WriteString(" " + said("owed", facts{
			"To": named(to), "Typed": typedAs(to), "Due": first.Due, "Day": otherDay(first.Due, i.Time), "Moved": moved, "Misled": again, "Window": first.Window,
		}))
	}
	return out.String()
}

// whyTicked says in the form of an update who outside is promised the next one, by when.
func whyTicked(i *incident.Incident, to []incident.Audience) string {
	var list []string
	add := func(a incident.Audience, due time.Time) {
		clock := due.UTC().Format("15:04")
		if otherDay(due, i.Time) {
			clock = due.UTC().Format("2 Jan 15:04")
		}
		list = append(list, named([]incident.Audience{a})+" by "+clock+" UTC")
	}
	for _, o := range i.Owed {
		add(o.To, o.Due)
	}
	if slices.Contains(to, incident.AudienceExecutives) && i.ExecutivesEvery > 0 && !i.ExecutivesDue.IsZero() {
		add(incident.AudienceExecutives, i.ExecutivesDue)
	}
	return said("promisees", facts{"Promised": strings.Join(list, ", ")})
}
