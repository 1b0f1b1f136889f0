package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// night gives a town of one destructive step a PagerDuty with a rota: Ana, who will ask, then Bea, then Chen.
func night(t *testing.T, b book, more string, set ...func(*town)) (*town, *pdtest.Account) {
	t.Helper()
	var account *pdtest.Account
	w := settle(t, b, func(w *town, _ *workspace.Options) {
		for _, s := range set {
			s(w)
		}
		var err error
		account, err = pdtest.Start(pdtest.Options{
			Token: pdToken, Now: w.clock.Now,
			Users: []pdtest.User{
				{ID: "PANA", Name: "Ana Ruiz", Email: "ana@example.com"}, {ID: "PBEA", Name: "Bea Ode", Email: "bea@example.com"},
				{ID: "PCHEN", Name: "Chen Li", Email: "chen@example.com"}, {ID: "PBOT", Name: "drbot", Email: "drbot@example.com"},
			},
			Services:   []pdtest.Place{{ID: "PDB1", Name: "Users database", Policy: "PPOL1"}, {ID: "PHR", Name: "Payroll", Policy: "PPOL2"}},
			Priorities: []string{"P1", "P2", "P3", "P4"},
			Policies:   []pdtest.Place{{ID: "PPOL1", Name: "Approvers"}, {ID: "PPOL2", Name: "Nobody"}},
		})
		w.ok(err)
		t.Cleanup(account.Close)
		account.Shift("PPOL1", "PANA", "PBEA", "PCHEN")
		w.extra += "pagerduty:\n  from: drbot@example.com\n  approvers: PPOL1\n  services:\n    PDB1: {type: Database corruption, services: [users]}\n    PHR: {type: Data breach, services: [payroll]}\n" + more
	})
	w.env["PAGERDUTY_API_TOKEN"], w.env["PAGERDUTY_WEBHOOK_SECRET"], w.env["PAGERDUTY_API_URL"] = pdToken, pdSecret, account.URL()
	return w, account
}

// alert serves, points the webhooks at drbot, lets Bea accept the lock, and waits until PagerDuty's people are known.
func (w *town) alert(a *pdtest.Account, known ...string) {
	w.Helper()
	w.alarmed(a)
	w.accept(w.bea)
	w.until("PagerDuty's people are known", func() bool {
		text := ""
		for _, r := range w.records("PeopleChanged") {
			text += string(r.Payload)
		}
		return holdsAll(text, known)
	})
	_, err := w.ana.OpenHome(w.within())
	w.ok(err)
	_, err = w.ana.Await(w.within(), "App Home with who is on call", func(s person.State) bool {
		return s.Home != nil && strings.Contains(s.Home.Plain, "On call for approvals at ")
	})
	w.ok(err)
}

// paged waits until PagerDuty has woken people, one list for each page.
func (w *town) paged(a *pdtest.Account, want ...string) (ids, titles []string) {
	w.Helper()
	w.until("PagerDuty wakes "+strings.Join(want, ", then "), func() bool {
		var woke [][]string
		ids, titles, woke = a.Pages()
		var got []string
		for _, list := range woke {
			got = append(got, strings.Join(list, "+"))
		}
		return slices.Equal(got, want)
	})
	w.until("the record has it", func() bool { return len(w.records("Paged")) == len(want) })
	return ids, titles
}

// TestI42_TheApproverDoesNotAnswer: the approvers are asked at once, whoever is on call and may decide is paged at 3 min,
// the next at 6, and approves from a phone; every step of it is in the record, and PagerDuty stops waking people.
func TestI42_TheApproverDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "", func(w *town) { w.extra = "break_glass: [dev@example.com]\n" })
	w.alert(a, "Bea Ode has user PBEA of PagerDuty", "Chen Li has user PCHEN of PagerDuty")
	room := w.open(w.dev, "Database corruption: users gone")
	w.say(w.dev, room, "/incident ack")
	w.start(w.ana, room, "rescue")
	w.button(w.bea, room, "recover.approve", "Approve step 1.1")
	w.expect(w.bea, w.space.BotUserID(), "asks you to approve")
	w.clock.push(3*minute + 1e9)
	w.expect(w.bea, room, "has waited for 3 min")
	ids, titles := w.paged(a, "PBEA") // Ana is first on call, and asked for it herself
	if !strings.Contains(titles[0], "INC-1 needs your approval: A1, step 1.1 on db1") || strings.Contains(titles[0], "restore") {
		t.Errorf("the phone shows %q", titles[0])
	}
	w.expect(w.ana, room, "SEV-1 · INC-1", "Bea Ode paged")
	a.Set(ids[0], "acknowledged", "PBEA") // half asleep
	w.clock.push(3 * minute)
	w.expect(w.bea, room, "has waited for 6 min", "may break the glass")
	w.paged(a, "PBEA", "PCHEN")
	w.pressOn(w.chen, w.button(w.chen, room, "recover.approve", "Approve step 1.1"), "recover.approve")
	w.awaitRun(1, "ended")
	w.until("PagerDuty wakes nobody any more", func() bool {
		ids, _, _ := a.Pages()
		return a.Status(ids[0]) == "resolved" && a.Status(ids[1]) == "resolved"
	})
	w.until("every webhook is taken", func() bool { return a.Waiting() == 0 })
	var story []string
	for _, r := range w.records("ApprovalAsked", "DeadlineSpoken", "PageAsked", "Paged", "Approved", "StepStarting") {
		var e struct {
			Key, Whom string
			Woke      []string
			By        struct{ Name string }
		}
		w.ok(json.Unmarshal(r.Payload, &e))
		if r.Kind == "DeadlineSpoken" && !strings.HasPrefix(e.Key, "nudge/") {
			continue
		}
		story = append(story, strings.TrimSpace(r.Kind+" "+e.Key+e.Whom+strings.Join(e.Woke, ",")))
	}
	want := []string{"ApprovalAsked", "DeadlineSpoken nudge/A1/1", "PageAsked Bea Ode", "Paged Bea Ode", "DeadlineSpoken nudge/A1/2", "PageAsked Chen Li", "Paged Chen Li", "Approved", "StepStarting"}
	if !slices.Equal(story, want) {
		t.Errorf("the record tells\n%s", strings.Join(story, "\n"))
	}
	if n := len(w.records("Opened")); n != 1 {
		t.Errorf("its own pages opened %d incidents", n-1)
	}
	if v := w.view(1); v.AckedBy != "Dev Nul" || len(v.Pages) != 2 || v.Pages[1].Whom != "Chen Li" || v.Pages[1].Approval != "A1" || v.Pages[1].PagedAt == nil {
		t.Errorf("acknowledged by %s", v.AckedBy)
	}
	w.audited()
}

// TestI51_PagesWhilePagerDutyIsAway: a page that PagerDuty does not take prints names and phone numbers, in the channel and
// at the terminal; it is sent when PagerDuty is back, once, and the incident goes on meanwhile.
func TestI51_PagesWhilePagerDutyIsAway(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "")
	atTerminal, _, _ := w.shells()
	w.alert(a, "Bea Ode has user PBEA")
	room := w.open(w.ana, "Database corruption: users gone")
	w.answers(w.ana, room, "/incident page @Bea all logins fail", "PagerDuty is asked to page Bea Ode")
	w.expect(w.ana, room, "Paged Bea Ode by PagerDuty at ")
	_, titles := w.paged(a, "PBEA")
	if titles[0] != "INC-1 SEV-1 needs Bea Ode: users gone (all logins fail)" {
		t.Errorf("the phone shows %q", titles[0])
	}
	a.Away(true)
	if out := atTerminal.hears(0, "PagerDuty did not take it", "incident", "page", "1", "approvers", "who is there?"); !holdsAll(out, []string{"it answers 503", "Bea Ode +34 600", "On call as of", "Ana Ruiz, then Bea Ode, then Chen Li"}) {
		t.Errorf("at the terminal: %s", out)
	}
	w.expect(w.ana, room, "PagerDuty did not take it: it answers 503", "@Bea Ode", "Bea Ode +34 600", "drbot goes on trying")
	w.answers(w.ana, room, "/incident note 1 hour and nobody", "Noted")
	w.clock.push(10 * minute)
	a.Away(false)
	w.paged(a, "PBEA", "PANA")
	w.expect(w.ana, room, "at first", "and took it")
	if n := len(w.records("PageFailed")); n != 1 {
		t.Errorf("%d failures are recorded", n)
	}

	a.Away(true)
	w.answers(w.ana, room, "/incident page users", "PagerDuty is asked to page users")
	w.until("it failed", func() bool { return len(w.records("PageFailed")) == 2 })
	w.clock.push(60 * minute)
	a.Away(false)
	w.until("what is too old wakes nobody", func() bool { return len(w.records("PageFailed")) == 3 })
	w.paged(a, "PBEA", "PANA")
	w.answers(w.ana, room, "/incident page @Dev", "PagerDuty did not take it (Dev Nul has no account in PagerDuty that drbot knows). Dev Nul +34 600")
	w.answers(w.ana, room, "/incident page payroll", "PagerDuty is asked to page payroll")
	w.expect(w.ana, room, "PagerDuty did not take it: nobody is on call there")
	w.answers(w.ana, room, "/incident page nobody-such", "is nobody here whom drbot could page", "approvers, payroll, users")
	w.answers(w.eve, "incidents", "/incident page INC-1 @Bea", "You may open incidents and add notes")
	w.resolve(room, "It works again.")
	w.until("PagerDuty's pages are over", func() bool {
		ids, _, _ := a.Pages()
		return !slices.ContainsFunc(ids, func(id string) bool { return a.Status(id) != "resolved" })
	})
	w.audited()
}

// TestI51_APageSaysAtOnceThatPagerDutyIsAway: something else of the incident waits to be told already; whoever pages has the phone
// numbers in the first answer, and so has the channel; the page is sent once when PagerDuty is back.
func TestI51_APageSaysAtOnceThatPagerDutyIsAway(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "")
	w.alert(a, "Bea Ode has user PBEA")
	id := a.Trigger("PDB1", "Users are gone", "high", "P1")
	room := w.awaitAlerted(1, "the incident of the alert", func(v commands.View) bool { return v.Severity != 0 })
	w.awaitTold(a, id, "INC-1 of drbot answers this, SEV-1.")
	w.expect(w.ana, room, "SEV-1 · INC-1")
	a.Away(true)
	w.answers(w.ana, room, "/incident severity 2 half of it works", "SEV-2")
	w.until("drbot knows", func() bool { return strings.Contains(w.ready(), "PagerDuty is not reachable since") })
	w.answers(w.ana, room, "/incident page @Bea all logins fail", "PagerDuty did not take it (not reachable since ", "it answers 503). Bea Ode +34 600", "drbot goes on trying")
	w.expect(w.ana, room, "PagerDuty did not take it: not reachable since ", "Call @Bea Ode by phone", "Bea Ode +34 600")
	a.Away(false)
	w.until("she is asked to join", func() bool { return len(a.Responders(id)) == 1 })
	w.expect(w.ana, room, "at first", "and took it")
	if n := len(w.records("PageFailed")); n != 1 || len(w.records("Paged")) != 1 {
		t.Errorf("%d failures, %d pages", n, len(w.records("Paged")))
	}
	w.audited()
}

// TestI56_APageOfARestrictedIncidentShowsItsNumber, and without PagerDuty the answer has the phone numbers.
func TestI56_APageOfARestrictedIncidentShowsItsNumber(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "")
	w.alert(a, "Bea Ode has user PBEA")
	room := w.open(w.ana, "Data breach: odd exports of payroll")
	w.answers(w.ana, room, "/incident page @Bea odd exports", "PagerDuty is asked")
	_, titles := w.paged(a, "PBEA")
	if titles[0] != "INC-1 needs you" {
		t.Errorf("the phone shows %q", titles[0])
	}
	w.leave()
	w.extra = ""
	w.configure()
	w.serve()
	w.linked()
	w.answers(w.ana, room, "/incident page @Bea odd exports", "PagerDuty did not take it (PagerDuty is not configured here). Bea Ode +34 600")
	w.expect(w.ana, room, "PagerDuty did not take it: PagerDuty is not configured here", "Bea Ode +34 600")
	w.audited()
}

const contactTable = `
## Emergency contacts

| Role | Contact | Escalation time |
|------|---------|-----------------|
| On-call engineer | [PagerDuty] | Immediate |
| Engineering lead | [Contact] | 15 minutes |
| Security team | security@example.com | SEV-1 only |
| Infrastructure | [Contact] | As needed |
`

// TestI50_ContactsAreCalled: the runbook's contacts are called in their time, by PagerDuty where it is known and by mention and
// phone number else; who puts the calls off does not stop the clock; the breach is recorded; and the first answer ends it.
func TestI50_ContactsAreCalled(t *testing.T) {
	t.Parallel()
	b := one()
	b.tail = contactTable
	w, a := night(t, b, "contacts:\n  On-call engineer: {policy: PPOL1, repeat: 10m}\n  Engineering lead: {person: chen@example.com}\n")
	w.alert(a, "Chen Li has user PCHEN")
	room := w.open(w.dev, "Database corruption: users gone")
	w.paged(a, "PANA")
	w.expect(w.dev, room, "On-call engineer is called (immediate)", "PagerDuty pages On-call engineer", "Ana Ruiz +34 600")
	w.expect(w.dev, room, "Security team is called (sev-1 only)", "security@example.com")
	w.clock.push(8 * minute)
	w.expect(w.dev, room, "Nobody has answered yet", "@Ana Ruiz", "On call by PagerDuty")
	card := w.button(w.dev, room, "incident.quiet", "Nobody has answered yet")
	w.pressOn(w.dev, card, "incident.quiet")
	w.expect(w.dev, room, "Nobody is called for INC-1 before", "the time to answer goes on")
	w.clock.push(7*minute + 30e9)
	w.expect(w.dev, room, "Late: SEV-1 asks for an answer within 15 min")
	if n := len(w.records("Paged")); n != 1 {
		t.Errorf("%d pages while the calls were put off", n)
	}
	w.clock.push(8 * minute)
	w.expect(w.dev, room, "Still nobody has answered")
	w.expect(w.dev, room, "Engineering lead is called (15 minutes)", "@Chen Li", "PagerDuty pages Chen Li")
	w.until("both are paged", func() bool { _, _, woke := a.Pages(); return len(woke) == 3 })
	ids, _, _ := a.Pages()
	a.Set(ids[2], "acknowledged", "PCHEN")
	w.awaitView(1, "who acknowledges the page answers", func(v commands.View) bool { return v.AckedBy != "" })
	w.clock.push(30 * minute)
	w.answers(w.dev, room, "/incident note all quiet", "Noted")
	if n := len(w.records("PageAsked")); n != 3 {
		t.Errorf("%d pages after an answer", n)
	}
	if keys := w.spokenKeys(); !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "respond/100/") }) {
		t.Errorf("no breach among %v", keys)
	}
	_, err := w.dev.Await(w.within(), "the calls are over", func(s person.State) bool {
		c, _ := s.Channel(room)
		for _, m := range c.Messages {
			if strings.Contains(m.Plain, "Engineering lead was called") {
				return true
			}
		}
		return false
	})
	w.ok(err)
	w.audited()
}

func (w *town) spokenKeys() (keys []string) {
	w.Helper()
	for _, r := range w.records("DeadlineSpoken") {
		var e struct{ Key string }
		w.ok(json.Unmarshal(r.Payload, &e))
		keys = append(keys, e.Key)
	}
	return keys
}

// TestI9_I17_PeopleAreFoundByTheirEmail: who has no id in the configuration is found by the email, and may what the
// configuration says; an address that two users share is taken for neither; what was found holds after a restart with
// PagerDuty away, and each change is recorded and posted once.
func TestI9_I17_PeopleAreFoundByTheirEmail(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "")
	a.AddUser(pdtest.User{ID: "PBEA2", Name: "Bea Ode again", Email: "BEA@example.com"})
	w.people[2].slack = ""
	w.configure()
	w.alert(a, "Chen Li has user U0CHEN of the chat", "PCHEN of PagerDuty", "2 users of PagerDuty have the email of Bea Ode")
	w.expect(w.ana, "C0HOUSE", "2 users of PagerDuty have the email of Bea Ode: none of them is taken for Bea Ode")
	room, card := w.asked("Database corruption: users gone")
	w.pressOn(w.chen, card, "recover.approve")
	w.awaitRun(1, "ended")
	w.answers(w.ana, room, "/incident page @Bea", "Bea Ode has no account in PagerDuty that drbot knows")
	n := len(w.records("PeopleChanged"))
	w.leave()
	a.Away(true)
	w.serve()
	w.linked()
	w.answers(w.chen, room, "/incident note I am still here", "Noted")
	w.answers(w.chen, room, "/recover freeze a look", "No step starts any more")
	if m := len(w.records("PeopleChanged")); m != n {
		t.Errorf("a restart changed people %d times", m-n)
	}
	w.audited()
}
