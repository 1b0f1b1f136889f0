package templates

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// pageCards are what people read when somebody is woken, or cannot be.
func pageCards(add func(string, Message)) {
	f := Facts{Contacts: []Contact{{Name: "Bea Ode", Key: bea.Key, Phone: "+34 600 1"}}}
	asked := incident.PageAsked{By: ana, Page: 1, Why: incident.PageByHand, Kind: incident.PagePerson, ID: "PBEA", Whom: "Bea Ode", Reach: []incident.Person{bea, chen}}
	failed := incident.PageFailed{Page: 1, Why: "it answers 500."}
	for name, e := range map[string]incident.Event{"asked": nil, "failed": failed} {
		o := opening().say("03:04", asked)
		if e != nil {
			o.say("03:05", e)
			add("page/failed", PageFailed(o.Incident, o.Page(1), failed, f))
			add("page/nophone", PageFailed(o.Incident, o.Page(1), incident.PageFailed{Why: "nobody is on call there", Over: true}, Facts{}))
		}
		add("page/card/"+name, Card(o.Incident, f))
	}
	o := opening().say("03:04", asked, failed).say("03:09", incident.Paged{Page: 1, Alert: "Q1", Woke: []string{"Bea Ode"}})
	add("page/taken", PageFailed(o.Incident, o.Page(1), failed, f))
	add("page/card/paged", Card(o.Incident, f))
	called := Summoned{Role: "Engineering Lead", When: "15 minutes", Reach: "lead@example.com", At: at("03:15"), Page: o.Page(1), Late: time.Hour}
	add("call/made", CallContact(o.Incident, called, f))
	called.Page, called.Who = nil, bea
	add("call/unpaged", CallContact(o.Incident, called, f))
	own := opening().say("03:02", incident.AlertLinked{Alert: "Q1", Name: "#8812", How: "opened"}, incident.AlertSeen{Alert: "Q1", Event: "e", What: "triggered", At: at("03:02"), Facts: map[string]string{
		incident.AlertStatus: incident.AlertTriggered, incident.AlertPolicy: "Default", incident.AlertAssignees: "Xen, " + bea.Name,
	}})
	called.Who, called.Reach = incident.Person{}, ""
	add("call/own", CallContact(own.Incident, called, f))
	called.Who = bea
	o.say("03:20", incident.Acknowledged{By: ana})
	add("call/answered", CallContact(o.Incident, called, f))
	add("page/people", PeopleChanged(incident.PeopleChanged{Learned: true, Changes: []string{"Bea Ode has user PBEA of PagerDuty, by the email"}, Odd: []string{"2 users of PagerDuty have the email of Chen Li: none of them is taken for Chen Li."}}))
	i := opening().Incident
	duty := Duty{At: at("03:00"), Names: "Bea Ode, then Chen Li"}
	add("answer/again", Answer(i, Called{By: i.RespondBy, Duty: duty}, []incident.Person{ana}))
}
