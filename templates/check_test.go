package templates

import "github.com/drbot/drbot/incident"

func checkCards(add func(string, Message)) {
	draw := func(name string, asked, done *incident.ReadsDone) {
		s := lost()
		s.Run(7).Step("p1.s6").Verify = "p1.s7"
		if asked != nil {
			s.say("03:20", incident.ReadsAsked{Run: 7, Step: "p1.s6", For: incident.ReadForCheck, Ask: s.Run(7).Ask + 1, By: ana})
		}
		if done != nil {
			done.Run, done.Step, done.For, done.Ask, done.Identity = 7, "p1.s6", incident.ReadForCheck, s.Run(7).Ask, s.Run(7).Identity
			s.say("03:21", *done)
		}
		add("check/"+name, Unknown(s.Incident, s.Run(7), s.Run(7).Step("p1.s6"), s.facts()))
	}
	draw("offered", nil, nil)
	draw("runs", &incident.ReadsDone{}, nil)
	draw("passed", &incident.ReadsDone{}, &incident.ReadsDone{Facts: []incident.Fact{{Name: "step 1.7", Value: "2000 of 2000 rows\nok"}}})
	draw("failed", &incident.ReadsDone{}, &incident.ReadsDone{Failure: "step 1.7: users 1,900, manifest says 2,000"})
}
