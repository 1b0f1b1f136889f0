package templates

import "github.com/drbot/drbot/incident"

// handCards are the messages of steps that wait for a person's word: needed or not, which branch, another procedure.
func handCards(add func(string, Message)) {
	hand := func(name string, s *story) {
		r := s.Run(7)
		add("hand/"+name, Hand(s.Incident, r, r.Step("p1.s8"), s.facts()))
		add("run/"+name, RunCard(s.Incident, r, s.facts()))
	}
	conditional := func() *story {
		s := ended(started(restored(), "03:22", "p1.s7", 0), "03:23", "p1.s7", "2000 of 2000 rows")
		s.Run(7).Step("p1.s8").Condition = "if the hoster still blocks"
		return s
	}
	todo := conditional()
	todo.Run(7).Step("p1.s8").State = incident.StepTodo
	add("run/condition", RunCard(todo.Incident, todo.Run(7), todo.facts()))
	asked := func() *story { return conditional().say("03:23", incident.ConditionAsked{Run: 7, Step: "p1.s8"}) }
	hand("needed/asks", asked())
	answer := incident.ConditionAnswered{Run: 7, Step: "p1.s8", By: ana, Condition: "if the hoster still blocks"}
	answer.Why = "the block is gone"
	hand("needed/no", asked().say("03:24", answer))
	answer.Needed, answer.Why = true, ""
	hand("needed/yes", asked().say("03:24", answer, incident.HandAsked{Run: 7, Step: "p1.s8"}))
	unknown := asked()
	unknown.specs = nil
	hand("needed/notext", unknown)

	calls := func(s *story) *story {
		s.specs["hand"].Calls = []incident.Called{{ID: "p2", Title: "Configuration recovery"}, {ID: "p5", Title: "Full rebuild"}}
		return s
	}
	hand("calls/asks", calls(byHand()))
	hand("calls/ended", calls(byHand()).say("03:25", incident.StepByHand{Run: 7, Step: "p1.s8", By: ana, Saw: "planned next"}, incident.RunEnded{Run: 7, How: incident.EndDone}))

	choice := ready()
	s := choice.Run(7).Step("p1.s8")
	s.Choose, s.Title, s.Why = true, "Start it where it runs", ""
	hand("choice", choice)
}
