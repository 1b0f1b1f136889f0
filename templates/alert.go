package templates

import (
	"github.com/drbot/drbot/incident"
)

// maxAlerts bounds the alerts that a card shows; the rest is a count.
const maxAlerts = 3

// alertLine is what PagerDuty says of the alerts of an incident.
func alertLine(i *incident.Incident) []Span {
	var parts [][]Span
	for k := range i.Alerts[:min(len(i.Alerts), maxAlerts)] {
		a := &i.Alerts[k]
		status := a.Facts[incident.AlertStatus]
		parts = append(parts, Line("card.alert", map[string]any{
			"Name": flat(a.Name(), 40), "Status": flat(status.Value, 20), "At": status.At, "Priority": flat(a.Fact(incident.AlertPriority), 40),
			"Assignees": flat(a.Fact(incident.AlertAssignees), 120), "Joining": joiningNames(a),
		}))
	}
	if n := len(i.Alerts) - maxAlerts; n > 0 {
		parts = append(parts, Line("more.lines", map[string]any{"Count": n}))
	}
	return join(parts...)
}

// joiningNames are those who answered a request to join, as far as a line has room.
func joiningNames(a *incident.Alert) (names []string) {
	for _, name := range a.Joining()[:min(len(a.Joining()), 4)] {
		names = append(names, flat(name, 60))
	}
	return names
}

// lateLine says that the alert came here a while after its trigger; nil: it came at once.
func lateLine(i *incident.Incident) []Span {
	a := i.Opener()
	if a == nil {
		return nil
	}
	late, counts := a.Late()
	if !late {
		return nil
	}
	return Line("card.late", map[string]any{"Began": a.Began, "Came": a.Came, "Counts": counts})
}

// triageActions are all that can be done with what nobody accepted yet.
func triageActions(i *incident.Incident) Actions {
	id := object(i)
	list := []Element{
		acceptButton(i),
		Button{Verb: "incident decline", Object: id, Label: Say("button.decline", nil)},
	}
	if len(i.Alerts) > 0 {
		list = append(list, Button{Verb: "incident merge", Object: id, Label: Say("button.merge", nil)})
	}
	return Actions{Elements: list}
}

// acceptButton makes an incident of it.
func acceptButton(i *incident.Incident) Button {
	return Button{Verb: "incident accept", Object: object(i), Label: Say("button.accept", nil), Style: "primary"}
}
