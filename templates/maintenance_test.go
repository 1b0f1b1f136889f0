package templates

import (
	"strings"
	"testing"
	"time"

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

// maintained42 is planned for the night.
func maintained42() *incident.Incident {
	return opening().say("02:59", incident.WindowSet{By: ana, From: at("22:00"), Until: at("23:30")}).Incident
}

// windowCards are the messages of a window's whole life.
func windowCards(add func(string, Message)) {
	window := incident.WindowSet{By: ana, From: at("22:00"), Until: at("23:30")}
	taken := []incident.Event{incident.RoleTaken{By: ana, Role: incident.Commander, Who: ana}, window}
	planned := opening().say("02:59", taken...)
	said := func(what, when string, late time.Duration) Windowed { return Windowed{what, at(when), late} }
	add("messages/windowunplanned", Card(opening().say("02:59", incident.WindowSet{By: ana}).Incident, Facts{}))
	add("messages/windowcard", Card(planned.Incident, Facts{}))
	add("messages/windowwelcome", Welcome(planned.Incident, Facts{}))
	begin, soon, end := keyOf(planned.Incident, "window/begin"), keyOf(planned.Incident, "window/soon"), keyOf(planned.Incident, "window/end")
	add("messages/windowbegin", WindowSaid(planned.Incident, said("begin", "22:00", 0)))
	add("messages/windowbeginlate", WindowSaid(planned.Incident, said("begin", "22:00", 10*time.Minute)))
	add("messages/windowbegintold", WindowTold(planned.Incident, said("begin", "22:00", 10*time.Minute)))
	planned.say("22:00", incident.DeadlineSpoken{Key: begin})
	add("messages/windowsoon", WindowSaid(planned.Incident, said("soon", "23:30", 0)))
	planned.say("23:15", incident.DeadlineSpoken{Key: soon}).say("23:30", incident.DeadlineSpoken{Key: end})
	add("messages/windowend", WindowSaid(planned.Incident, said("end", "23:30", 0)))
	add("messages/windowendlate", WindowSaid(planned.Incident, said("end", "23:30", 20*time.Minute)))
	add("messages/windowendtold", WindowTold(planned.Incident, said("end", "23:30", 0)))
	add("card/windowoverrun", Card(planned.Incident, Facts{}))
	add("announcement/windowoverrun", Announcement(planned.Incident, Facts{}, ""))
	during := opening()
	during.During = &incident.During{Incident: 7, Services: []string{"accounts"}, Until: at("23:00")}
	add("card/during", Card(during.Incident, Facts{}))
	add("announcement/during", Announcement(during.Incident, Facts{}, ""))
	longer := opening().say("02:59", taken...).say("22:10", incident.WindowSet{By: ana, From: at("21:00"), Until: at("23:59")}).Incident
	add("messages/windowlonger", WindowSaid(longer, said("soon", "23:30", 0)))
	add("messages/windownobodylate", WindowSaid(longer, said("begin", "21:00", 70*time.Minute)))
	over := planned.say("23:40", incident.Resolved{By: ana, Summary: "db1 is moved"}).Incident
	add("messages/windowbeginover", WindowSaid(over, said("begin", "22:00", 0)))
	add("messages/windowendover", WindowSaid(over, said("end", "23:30", 0)))
	ordinary := opening().say("02:59", taken...).say("03:01", incident.WindowSet{By: ana, Off: true})
	add("messages/windowgone", WindowSaid(ordinary.Incident, said("end", "23:30", 0)))
	again := ordinary.say("03:02", incident.WindowSet{By: ana}).Incident
	add("messages/windowanew", WindowSaid(again, said("begin", "22:00", 0)))
	off := opening().say("02:59", taken...).say("20:00", incident.Resolved{By: ana, Summary: "the new disks did not come", CalledOff: true}).Incident
	add("card/windowoff", Card(off, Facts{}))
	add("announcement/windowoff", Announcement(off, Facts{}, ""))
	add("resolution/windowoff", Resolution(off, Facts{}))
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

// TestMaintenance_AnIncidentOfItBeginsThen: people outside do not read that it has gone on since it was planned.
func TestMaintenance_AnIncidentOfItBeginsThen(t *testing.T) {
	t.Parallel()
	i := opening().say("02:58", incident.WindowSet{By: ana}).say("05:00", incident.WindowSet{By: ana, Off: true}).Incident
	i.Planned, i.Became = true, at("05:00")
	v := Known(i, Facts{Now: at("05:10")})
	if got := strings.Join(append(v["duration"], v["started"]...), ", "); got != "10 min, 24 Nov 05:00 UTC" {
		t.Errorf("%q", got)
	}
}
