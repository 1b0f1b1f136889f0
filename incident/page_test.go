package incident

import (
	"fmt"
	"testing"
	"time"
)

// TestI50_CallsRepeatUntilSomebodyAnswers: each contact at its time, a repeating one again and again, one sentence after a
// downtime; putting them off moves them and leaves the breach; the first work ends them all.
func TestI50_CallsRepeatUntilSomebodyAnswers(t *testing.T) {
	s := &story{t: t, i: New(42)}
	s.apply(night, Opened{Title: "users db", Severity: 1, Policy: Policy{RespondBy: night.Add(15 * time.Minute), Calls: []Call{
		{Role: "On-call", At: night, Every: 10 * time.Minute}, {Role: "Lead", At: night.Add(15 * time.Minute)},
	}}})
	s.expect(0, "call/0")
	s.expect(9*time.Minute, "respond/50 late 1m30s")
	hushed, err := s.i.Hush(night.Add(9*time.Minute), Person{Key: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	s.apply(night.Add(9*time.Minute), hushed...)
	s.expect(12 * time.Minute)
	s.expect(15*time.Minute, "respond/100")
	s.expect(24*time.Minute, fmt.Sprintf("respond/again/%d", night.Add(15*time.Minute).Unix()), "call/0", "call/1")
	s.expect(2*time.Hour, "call/0 late 1h30m0s")
	s.apply(night.Add(2*time.Hour), SeveritySet{From: 1, To: 2, Policy: Policy{RespondBy: night.Add(5 * time.Hour), Calls: []Call{{Role: "Lead", At: night.Add(2 * time.Hour)}}}})
	s.expect(2*time.Hour + time.Minute)
	s.apply(night.Add(2*time.Hour+time.Minute), StatusSet{By: Person{Key: "ana"}, Status: Identified})
	s.expect(9 * time.Hour)
	if _, err := s.i.Hush(night.Add(9*time.Hour), Person{Key: "ana"}); err == nil {
		t.Error("calls were put off that nobody makes")
	}
}

// TestI50_TheFirstWorkIsAnAnswer: what only a responder does stops the calls, and stays an answer; a note does not.
func TestI50_TheFirstWorkIsAnAnswer(t *testing.T) {
	ana := Person{Key: "ana", Name: "Ana"}
	for name, c := range map[string]struct {
		did  []Event
		want bool
	}{
		"impact":            {[]Event{ImpactSet{By: ana, Text: "nobody can pay"}}, true},
		"services":          {[]Event{ServicesSet{By: ana, Services: []string{"postgres"}}}, true},
		"a status":          {[]Event{StatusSet{By: ana, Status: Identified}, StatusSet{By: ana, Status: Investigating}}, true},
		"a role, left":      {[]Event{RoleTaken{By: ana, Role: Scribe, Who: ana}, RoleLeft{By: ana, Role: Scribe}}, true},
		"a note":            {[]Event{Noted{By: ana, Text: "slow"}}, false},
		"drbot by itself":   {[]Event{ImpactSet{By: Bot, Text: "alert"}}, false},
		"the calls put off": {[]Event{CallsHushed{By: ana, Until: night.Add(time.Minute)}}, false},
	} {
		s := &story{t: t, i: New(42)}
		s.apply(night, Opened{Title: "users db", Severity: 1, Policy: Policy{RespondBy: night.Add(15 * time.Minute)}})
		s.apply(night.Add(time.Minute), c.did...)
		if began := s.i.BegunBy.Same(ana) && s.i.BegunAt.Equal(night.Add(time.Minute)); s.i.Answered() != c.want || began != c.want {
			t.Errorf("%s: answered %t, begun by %v at %s", name, s.i.Answered(), s.i.BegunBy, s.i.BegunAt)
		}
	}
}

// TestI47_APageIsTakenOnce: its answer and its webhook come in either order, twice, and make one link; a failure is said
// once; what PagerDuty made of it neither ends the incident nor keeps it open.
func TestI47_APageIsTakenOnce(t *testing.T) {
	for _, webhookFirst := range []bool{true, false} {
		s := open(t, time.Hour, 0)
		ask, err := s.i.AskPage(PageAsked{By: Person{Key: "ana"}, Why: PageByHand, Kind: PagePerson, ID: "PBEA", Whom: "Bea"}, "", "")
		if err != nil {
			t.Fatal(err)
		}
		s.apply(night, ask...)
		s.apply(night, s.i.FailPage(1, "no answer", false, false)...)
		if len(s.i.FailPage(1, "no answer", false, false)) > 0 {
			t.Error("it fails twice")
		}
		seen := AlertSeen{Alert: "Q1", Event: "e1", What: "triggered", At: night, Facts: map[string]string{AlertStatus: AlertTriggered}}
		if webhookFirst {
			s.apply(night, s.i.Link(s.i.LinkPage(1, "Q1", "#1"), nil, seen, PagerDuty("", ""), Policy{})...)
			s.apply(night, s.i.TakePage(1, "Q1", "#1", []string{"Bea"})...)
		} else {
			s.apply(night, s.i.TakePage(1, "Q1", "#1", []string{"Bea"})...)
			s.apply(night, s.i.Hear(seen, PagerDuty("", ""), Policy{})...)
		}
		if len(s.i.TakePage(1, "Q1", "#1", nil)) > 0 || len(s.i.FailPage(1, "late", true, false)) > 0 {
			t.Error("it is taken twice")
		}
		p := s.i.Page(1)
		if len(s.i.Alerts) != 1 || s.i.PageOf("Q1") != p || p.PagedAt.IsZero() || s.i.Alerts[0].Since != p.Seq || s.i.Needed(p, night) {
			t.Errorf("webhook first %v: %+v %+v", webhookFirst, s.i.Alerts, p)
		}
		over := AlertSeen{Alert: "Q1", Event: "e2", What: "resolved", At: night.Add(time.Minute), Facts: map[string]string{AlertStatus: AlertResolved}}
		s.apply(night, s.i.Hear(over, PagerDuty("", ""), Policy{})...)
		if !s.i.Active() {
			t.Error("a page that is over ended the incident")
		}
	}
}

// TestPagesAreNeeded: for an approval until it is decided, for a contact until somebody answers, by hand for half an hour.
func TestPagesAreNeeded(t *testing.T) {
	s := open(t, time.Hour, 0)
	for _, why := range []string{PageByHand, PageForApproval, PageForContact} {
		ask, err := s.i.AskPage(PageAsked{Why: why, Approval: 1}, "", "")
		if err != nil {
			t.Fatal(err)
		}
		s.apply(night, ask...)
	}
	s.i.Approvals = []*Approval{{N: 1, State: Pending, Expires: night.Add(time.Minute)}}
	needed := func(at time.Time) (list [3]bool) {
		for k := range list {
			list[k] = s.i.Needed(&s.i.Pages[k], at)
		}
		return list
	}
	if got := needed(night); got != [3]bool{true, true, true} {
		t.Error(got)
	}
	s.apply(night, Acknowledged{By: Person{Key: "bea"}})
	if got := needed(night.Add(2 * time.Minute)); got != [3]bool{true, false, false} {
		t.Error(got)
	}
	if got := needed(night.Add(PageLives)); got != [3]bool{} {
		t.Error(got)
	}
	cannot, _ := s.i.AskPage(PageAsked{Why: PageByHand}, "PagerDuty is not configured here", "it is away too")
	if s.apply(night, cannot...); len(cannot) != 2 || !s.i.Page(4).Over {
		t.Errorf("%v", cannot)
	}
	s.i.Pages = make([]Page, maxPages)
	if _, err := s.i.AskPage(PageAsked{Why: PageByHand}, "", ""); err == nil {
		t.Error("pages have no bound")
	}
}
