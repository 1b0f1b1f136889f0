package templates

import "github.com/drbot/drbot/incident"

func handoverCards(add func(string, Message)) {
	offered := func() *story {
		return waiting().say("03:20", incident.RoleOffered{Offer: 1, By: ana, From: ana, To: chen, Roles: []incident.Role{incident.Commander, incident.Scribe}, Run: 7})
	}
	draw := func(name string, s *story) { add("handover/"+name, Handover(s.Incident, s.Offer(1))) }
	draw("offered", offered())
	draw("taken", offered().say("03:21", incident.OfferEnded{Offer: 1, By: chen, How: incident.OfferTaken}))
	draw("declined", offered().say("03:21", incident.OfferEnded{Offer: 1, By: chen, How: incident.OfferDeclined}))
	draw("replaced", offered().say("03:21", incident.OfferEnded{Offer: 1, By: ana, How: incident.OfferReplaced}))
	draw("ended", offered().say("03:21", incident.Resolved{By: ana}))
	draw("gone", offered().say("03:21", incident.RoleTaken{By: eva, Role: incident.Commander, Who: eva}, incident.RoleTaken{By: eva, Role: incident.Scribe, Who: eva}, incident.RunEnded{Run: 7, How: incident.EndDone}))
	draw("away", waiting().say("03:20", incident.RoleOffered{Offer: 1, By: bea, From: ana, To: chen, Run: 7}))
}
