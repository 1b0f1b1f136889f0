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

// late is an incident whose alert triggered a while before it came, with two people who were asked to join it.
func late(began string) *story {
	s := &story{Incident: incident.New(42), specs: map[string]*incident.Spec{}}
	when := at(began)
	if began > "03:00" { // of the day before the day before
		when = when.AddDate(0, 0, -2)
	}
	return s.say("02:58", incident.Opened{
		By: incident.PagerDuty("", ""), Title: "Users database corrupted", Severity: 1, Source: "PagerDuty #8812",
		Policy: incident.Policy{RespondBy: at("03:13")}, RTO: incident.Objective{Name: "Critical", Limit: time.Hour},
	}, incident.AlertLinked{By: incident.PagerDuty("", ""), Alert: "PINC1", Name: "#8812", How: "opened", Began: when}, incident.AlertSeen{
		Alert: "PINC1", Event: "01A", What: "triggered", At: when, Facts: map[string]string{incident.AlertStatus: incident.AlertTriggered, incident.AlertNumber: "8812"},
	}, incident.AlertSeen{Alert: "PINC1", Event: "01B", What: "responder replied", At: at("02:59"), Facts: map[string]string{incident.AlertResponder + "P1": "accepted Bea `Ode`"}},
		incident.AlertSeen{Alert: "PINC1", Event: "01C", What: "responder added", At: at("02:59"), Facts: map[string]string{incident.AlertResponder + "P2": "pending Chen Li"}})
}

func lateCards(add func(string, Message)) {
	add("card/late", Card(late("02:41").Incident, Facts{}))
	add("card/toolate", Card(late("23:41").Incident, Facts{}))
}
