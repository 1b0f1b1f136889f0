package templates

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// owedCards are the messages about what audiences outside were promised and were not sent.
func owedCards(add func(string, Message)) {
	i := restoring().Incident
	i.Updates, i.UpdateEvery, i.UpdateDue = 2, time.Hour, at("05:00")
	i.Owed = []incident.Debt{{To: incident.AudienceMail, Due: at("04:00"), Update: 1, Late: at("04:00")}}
	d := Overdue{Due: at("04:00")}
	add("messages/owed", Missing(i, d))
	draft := Drafted{Text: "Restoring.", ID: "0123456789ab"}
	add("messages/owedsoonlate", OwedSoon(i, d, draft))
	i.Owed[0].Late = time.Time{}
	add("messages/owedsoon", OwedSoon(i, d, draft))
	add("messages/owedsoonover", OwedSoon(i, Overdue{Due: at("03:00")}, draft))
	i.Messages = []incident.Sent{{Number: 1, Version: 1, To: incident.Audiences}}
	add("messages/reminderwaits", Reminder(i, Promised{Number: 3, Due: at("05:00")}, draft))
	i.Owed = append(i.Owed, incident.Debt{To: incident.AudienceExecutives, Due: at("04:00"), Update: 1, Late: at("04:00")})
	add("messages/owedboth", Missing(i, d))
	i.Outgoing = []incident.Outgoing{{At: at("03:50"), State: incident.LookWaits, UpdateDrafted: incident.UpdateDrafted{
		Draft: 4, Number: 2, Version: 1, By: ana, To: []incident.Audience{incident.AudienceExecutives, incident.AudienceMail}, Text: "Found it", Asked: []incident.Person{bea},
	}}}
	add("messages/owedheld", Missing(i, d))
	for k := range i.Owed {
		i.Owed[k].Late = time.Time{}
	}
	add("messages/owedsoonheld", OwedSoon(i, d, draft))
	down := d
	down.Late = 40 * time.Minute
	add("messages/owedhelddown", Missing(i, down))
	add("messages/owedover", Missing(i, Overdue{Due: at("03:00")}))
	i.ExecutivesEvery, i.ExecutivesDue = time.Hour, at("04:00")
	p := Promised{Executives: true, Due: at("04:00")}
	add("messages/executivesheld", Reminder(i, p, draft))
	i.Spoken = append(i.Spoken, keyOf(i, incident.DueExecutives+"/late/"))
	p.Missed = true
	add("messages/executiveslatesoon", Reminder(i, Promised{Executives: true, Due: at("04:00")}, draft))
	add("messages/executivesheldlate", Reminder(i, p, draft))
	over := i.Clone()
	over.State, over.ResolvedAt = incident.StateResolved, at("04:30")
	add("messages/owedend", Missing(over, d))
	over.ResolvedAt = at("03:58")
	over.Outgoing = []incident.Outgoing{{At: at("04:01"), State: incident.LookWaits, UpdateDrafted: incident.UpdateDrafted{
		Draft: 5, Version: 1, By: ana, To: []incident.Audience{incident.AudienceMail, incident.AudienceStatus}, Text: "Over", Asked: []incident.Person{bea},
	}}}
	add("messages/endlate", Missing(over, d))
	add("messages/endwaits", EndHeld(over, &over.Outgoing[0], 0))
	add("messages/enddown", EndHeld(over, &over.Outgoing[0], 40*time.Minute))
	add("messages/endcard", Card(over, Facts{Now: at("04:10")}))
	over.Outgoing[0].State, over.Outgoing[0].DecidedBy, over.Outgoing[0].Decided, over.Outgoing[0].Why = incident.LookBack, bea, at("04:02"), "Too vague."
	add("messages/endback", EndHeld(over, &over.Outgoing[0], 0))
	over.Outgoing[0].State = incident.LookPassed
	add("messages/endsettled", EndHeld(over, &over.Outgoing[0], 0))
	add("messages/owedread", Missing(sinceUpdate(i), d))
}

// sinceUpdate is a promise of which nothing was written for anybody since.
func sinceUpdate(i *incident.Incident) *incident.Incident {
	i = i.Clone()
	i.Outgoing, i.Messages = nil, []incident.Sent{{Number: i.Updates, Version: 1, To: incident.Audiences}}
	return i
}
