package templates

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// alerted waits to be accepted, with an alert that PagerDuty told of.
func alerted() *story {
	s := &story{Incident: incident.New(42), specs: map[string]*incident.Spec{}}
	return s.say("02:58", incident.Opened{
		By: incident.PagerDuty("", ""), Title: "Users database <!channel> corrupted", Severity: 1, Triage: true, Source: "PagerDuty #8812",
		Policy: incident.Policy{RespondBy: at("03:13")}, RTO: incident.Objective{Name: "Critical", Limit: time.Hour},
	}, incident.AlertLinked{By: incident.PagerDuty("", ""), Alert: "PINC1", Name: "#8812", How: "opened"}, incident.AlertSeen{
		Alert: "PINC1", Event: "01A", What: "triggered", At: at("02:57"), Facts: map[string]string{
			incident.AlertStatus: incident.AlertTriggered, incident.AlertNumber: "8812", incident.AlertPriority: "P1", incident.AlertAssignees: "Bea `Ode`",
		},
	}, incident.AlertLinked{By: ana, Alert: "PINC2", How: "merged", From: 40}, incident.AlertLinked{By: ana, Alert: "PINC3", How: "merged", From: 40},
		incident.AlertLinked{By: ana, Alert: "PINC4", How: "merged", From: 40})
}
