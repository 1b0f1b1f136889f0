package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

const unheard = "Bea and Chen were called twice and nobody answers"

// called is the request of step 1.6 after n calls.
func called(n int) *story {
	s := waiting()
	for k, clock := range []string{"03:17", "03:20"}[:n] {
		s.say(clock, incident.DeadlineSpoken{Key: "nudge/A17/" + string(rune('1'+k)), Due: at(clock)})
	}
	return s
}

func broken() *story {
	return called(2).say("03:21", incident.GlassBroken{Approval: 17, Run: 7, Step: "p1.s6", By: eva, Target: "db1", Reason: unheard, StartBy: at("03:31")})
}

func (s *story) listed(people ...incident.Person) Facts {
	f := s.facts()
	f.Breakers = people
	f.Contacts = []Contact{{Name: bea.Name, Key: bea.Key, Phone: "+34 600 111 222"}, {Name: "Nobody asked", Key: "other", Phone: "+1"}}
	return f
}

func glassCards(add func(string, Message)) {
	lateCards(add)
	nudge := func(name string, n int, late time.Duration, listed ...incident.Person) {
		s := called(n)
		e := Nudged{Nth: n, Due: at([]string{"", "03:17", "03:20"}[n]), Late: late}
		add("nudge/"+name, Nudge(s.Incident, s.Approval(17), e, s.listed(listed...)))
	}
	soon := called(1)
	add("nudge/soon", Nudge(soon.Incident, soon.Approval(17), Nudged{Nth: 1, Due: soon.Approval(17).At.Add(4 * time.Second)}, soon.listed()))
	soon.say("03:18", incident.Denied{Approval: 17, Run: 7, By: bea, Reason: "wrong backup"})
	add("nudge/over", Nudge(soon.Incident, soon.Approval(17), Nudged{Nth: 1, Due: at("03:17")}, soon.listed()))
	add("nudge/told", AskedOver(soon.Incident, soon.Approval(17)))
	soon.Restricted = true
	add("nudge/toldsecret", AskedOver(soon.Incident, soon.Approval(17)))
	nudge("first", 1, 0, eva)
	nudge("glass", 2, 0, eva, ana)
	nudge("late", 2, 5*time.Minute)
	hushed := called(2).say("03:21", incident.NudgesHushed{Approval: 17, By: bea, Until: at("03:24")})
	add("nudge/hushed", Nudge(hushed.Incident, hushed.Approval(17), Nudged{Nth: 2, Due: at("03:20")}, hushed.listed(eva)))
	add("nudge/earlier", Nudge(hushed.Incident, hushed.Approval(17), Nudged{Nth: 1, Due: at("03:17")}, hushed.listed(eva)))
	add("page/offer", PagingOffer("You asked for this, so someone else decides: Bea Ode.", hushed.Approval(17)))
	add("approval/glass", ApprovalCard(called(2).Incident, called(2).Approval(17), called(2).listed(eva)))
	s := broken()
	add("approval/glassbroken", ApprovalCard(s.Incident, s.Approval(17), s.listed(eva)))
	add("broken/here", Broken(s.Incident, s.event(), false))
	add("broken/house", Broken(s.Incident, s.event(), true))
	s.Restricted = true
	add("broken/restricted", Broken(s.Incident, s.event(), true))
	s = ended(started(broken(), "03:21:01", "p1.s6", 17), "03:27", "p1.s6", "")
	add("run/glass", RunCard(s.Incident, s.Run(7), s.listed(eva)))
	s.say("03:31", incident.RunEnded{Run: 7, How: incident.EndDone}, incident.Resolved{By: ana, Summary: "It is back"})
	add("resolution/glass", Resolution(s.Incident, Facts{}))
}

func (s *story) event() incident.GlassBroken {
	return incident.GlassBroken{Approval: 17, Run: 7, Step: "p1.s6", By: eva, Target: "db1", Reason: unheard}
}

// TestI16_GlassButtonWaits: no button before the second call, none without a list, none that a person who asked could use.
func TestI16_GlassButtonWaits(t *testing.T) {
	for name, c := range map[string]struct {
		calls  int
		listed []incident.Person
		want   bool
	}{
		"before":        {1, []incident.Person{eva}, false},
		"after":         {2, []incident.Person{eva}, true},
		"nobody listed": {2, nil, false},
		"only who asks": {2, []incident.Person{ana}, false},
	} {
		s := called(c.calls)
		got := false
		for _, b := range ApprovalCard(s.Incident, s.Approval(17), s.listed(c.listed...)).Blocks {
			if row, ok := b.(Actions); ok {
				for _, e := range row.Elements {
					if button, ok := e.(Button); ok && button.Verb == "recover break" {
						got = true
					}
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: the button is there: %t", name, got)
		}
	}
}

// TestI56_GlassOutsideOfARestrictedIncident names the incident and nothing else.
func TestI56_GlassOutsideOfARestrictedIncident(t *testing.T) {
	s := broken()
	s.Restricted = true
	m := Broken(s.Incident, s.event(), true)
	if text := m.Text + Text(m); strings.Contains(text, "1.6") || strings.Contains(text, "db1") || strings.Contains(text, eva.Name) || strings.Contains(text, "called") {
		t.Errorf("outside: %s", text)
	}
}

// TestI16_TheReviewSaysWhoBrokeTheGlass, and the resolution counts it as no approval.
func TestI16_TheReviewSaysWhoBrokeTheGlass(t *testing.T) {
	s := ended(started(broken(), "03:21:01", "p1.s6", 17), "03:27", "p1.s6", "").
		say("03:31", incident.RunEnded{Run: 7, How: incident.EndDone}, incident.Resolved{By: ana, Summary: "It is back"})
	draft := string(ReviewDraft(s.Incident, nil, Facts{}, ""))
	if !strings.Contains(draft, "Eva Roy broke the glass after 7 min: "+unheard) || !strings.Contains(draft, "glass broken 1 time") {
		t.Errorf("the draft:\n%s", draft)
	}
	if text := Text(Resolution(s.Incident, Facts{})); !strings.Contains(text, "glass broken 1 time") {
		t.Errorf("the resolution:\n%s", text)
	}
}
