package templates

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

func maintenanceCards(add func(string, Message)) {
	facts := Facts{ChannelURL: "https://example.slack.com/archives/C1"}
	tell := func(i *incident.Incident) Message {
		return Announcement(i, facts, Announced(i, facts, BuiltIn(Initial)))
	}
	window := incident.WindowSet{By: ana, From: at("22:00"), Until: at("23:30")}
	add("announcement/windowunplanned", tell(opening().say("02:59", incident.WindowSet{By: ana}).Incident))
	planned := opening().say("02:59", window).Incident
	add("announcement/windowplanned", tell(planned))
	begun := opening().say("02:59", window, incident.DeadlineSpoken{Key: keyOf(planned, "window/begin")}).Incident
	add("announcement/windowbegun", tell(begun))
	add("card/windowbegun", Card(begun, Facts{}))
	moved := opening().say("02:59", window).say("23:20", incident.Resolved{By: ana, Summary: "db1 is moved"}).Incident
	add("announcement/windowover", tell(moved))
	add("card/windowover", Card(moved, Facts{}))
	add("resolution/window", Resolution(moved, Facts{Head: "12:77ab01c4dd"}))
}

// TestMaintenanceSpeaksOfItsWindow: mail and topic say what, when and how far; no severity, no RTO, no review.
func TestMaintenanceSpeaksOfItsWindow(t *testing.T) {
	planned := opening().say("02:59", incident.WindowSet{By: ana, From: at("22:00"), Until: at("23:30")}).Incident
	moved := opening().say("02:59", incident.WindowSet{By: ana, From: at("22:00"), Until: at("23:30")}).say("23:20", incident.Resolved{By: ana, Summary: "db1 is moved"}).Incident
	v := Known(planned, Facts{})
	v.Set("update_message", "We move db1 tonight.")
	first, end := FillMaintenance(Progress, v), FillMaintenance(Resolved, Known(moved, Facts{}))
	all := "Subject: " + first.Subject + "\n\n" + first.Body + "\n\nSubject: " + end.Subject + "\n\n" + end.Body + "\n\nTopic: " + Topic(planned) + "\nTopic: " + Topic(moved) + "\n"
	golden(t, "messages/maintenance.txt", all)
	for _, word := range []string{"SEV-", "RTO", "eview", "nvestigating", "incident", "[["} {
		if strings.Contains(all, word) {
			t.Errorf("it says %q:\n%s", word, all)
		}
	}
}
