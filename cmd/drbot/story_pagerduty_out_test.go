package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/workspace/person"
)

// TestI48_I49_UpdatesPrioritiesAndResponders: what is sent here is published there, the severity sets the priority, people
// are asked to join the alert; what happened over half an hour of outage and a limit goes out after it, once and in order;
// and none of its echoes is taken for somebody's.
func TestI48_I49_UpdatesPrioritiesAndResponders(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "  priorities: {1: P1, 2: P2, SEV-3: P3}\n")
	w.alert(a, "Bea Ode has user PBEA", "Chen Li has user PCHEN")
	alert := a.Trigger("PDB1", "Users are gone", "high", "P1")
	room := w.awaitAlerted(1, "the incident", func(v commands.View) bool { return v.State == "open" })
	w.expect(w.ana, room, "INC-1")
	w.answers(w.ana, room, "/incident severity 2 half of it works", "SEV-1 → SEV-2")
	linked, severity := "INC-1 of drbot answers this, SEV-1.", "INC-1: SEV-1 → SEV-2 by Ana Ruiz: half of it works"
	w.awaitTold(a, alert, linked, severity, "priority_updated")
	if got := a.Priority(alert); got != "P2" {
		t.Errorf("the priority is %s", got)
	}
	w.answers(w.ana, room, "/incident page @Bea all logins fail", "PagerDuty is asked to page Bea Ode")
	w.expect(w.ana, room, "Paged Bea Ode by PagerDuty at ")
	asked := a.Responders(alert)
	if len(asked) != 1 || !strings.HasPrefix(asked[0], "PBEA pending: INC-1 SEV-2 needs Bea Ode: Users are gone (all logins fail) [drbot INC-1/") {
		t.Errorf("asked to join: %q", asked)
	}
	a.Reply(alert, "PBEA", true)
	w.awaitView(1, "who joins has answered", func(v commands.View) bool { return v.AckedBy == "Bea Ode" })
	w.expect(w.ana, room, "SEV-2 · INC-1", "Bea Ode paged", "Bea Ode joins")

	a.Away(true)
	w.say(w.ana, room, "/incident update Half of the logins work. next 30m")
	w.until("the update is sent", func() bool { return len(w.records("UpdateSent")) == 1 })
	w.until("drbot notices", func() bool { return strings.Contains(w.ready(), "PagerDuty is not reachable") })
	w.clock.push(10 * minute)
	w.answers(w.ana, room, "/incident severity 1 all of it fails again", "SEV-2 → SEV-1")
	w.answers(w.ana, room, "/incident severity 3 most of it works", "SEV-1 → SEV-3")
	w.clock.push(10 * minute)
	w.answers(w.ana, room, "/incident page @Chen one more pair of eyes", "PagerDuty did not take it", "Chen Li +34 600", "goes on trying")
	w.clock.push(10 * minute)
	a.Limit(2, "1")
	a.Away(false)
	bot := []string{
		linked, severity, "priority_updated", "responder.added", "status_update_published",
		"INC-1: SEV-2 → SEV-1 by Ana Ruiz: all of it fails again", "INC-1: SEV-1 → SEV-3 by Ana Ruiz: most of it works", "priority_updated", "responder.added",
	}
	w.until("all of it is told", func() bool { return slices.Equal(told(a, alert), bot) })
	if a.Priority(alert) != "P3" {
		t.Errorf("the priority is %s", a.Priority(alert))
	}
	for _, c := range a.Changes(alert) {
		if c.What == "status_update_published" && !strings.HasPrefix(c.Text, "INC-1 SEV-3: Half of the logins work. Next update by ") {
			t.Errorf("subscribers read %q", c.Text)
		}
	}
	w.until("every webhook is taken", func() bool { return a.Waiting() == 0 })
	if ids, _, _ := a.Pages(); len(ids) != 0 {
		t.Errorf("%d incidents of its own for people who could join", len(ids))
	}
	for _, r := range w.records("AlertSeen") {
		var seen struct {
			What, Text string
			Echo       bool
		}
		w.ok(json.Unmarshal(r.Payload, &seen))
		if own := seen.What == "status update published" || seen.What == "responder added"; own && !seen.Echo {
			t.Errorf("its own %s was taken for somebody's: %s", seen.What, seen.Text)
		}
	}
	if v := w.view(1); v.Severity != 3 || v.State != "open" {
		t.Errorf("its own echo left it SEV-%d %s", v.Severity, v.State)
	}
	w.until("told once", func() bool { return slices.Equal(told(a, alert), bot) })
	w.audited()
}

// TestI48_WithoutTheAbilityAPageIsAnIncident: an account whose plan has no responder requests wakes people all the same.
func TestI48_WithoutTheAbilityAPageIsAnIncident(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "")
	a.Lack(pdtest.Coordinated)
	w.alert(a, "Bea Ode has user PBEA")
	a.Trigger("PDB1", "Users are gone", "high", "P1")
	room := w.awaitAlerted(1, "the incident", func(v commands.View) bool { return v.State == "open" })
	w.expect(w.ana, room, "INC-1")
	w.answers(w.ana, room, "/incident page @Bea", "PagerDuty is asked to page Bea Ode")
	w.paged(a, "PBEA")
	_, out, _ := w.drbot("check")
	if !strings.Contains(out, "cannot ask people to join an incident") {
		t.Errorf("check: %s", out)
	}
	w.audited()
}

// TestI50_ClocksCountFromTheTrigger: the alert came 17 minutes after its trigger; objectives and the time to answer count
// from the trigger, and the card says both instants.
func TestI50_ClocksCountFromTheTrigger(t *testing.T) {
	t.Parallel()
	w, a := duty(t, "")
	began := w.clock.Now()
	a.Trigger("PDB1", "Users are gone", "high", "P1")
	w.clock.push(17 * minute)
	w.serve()
	w.linked()
	room := w.awaitAlerted(1, "the missed trigger", func(v commands.View) bool { return v.State == "open" })
	v := w.view(1)
	if by := began.Add(15 * time.Minute); v.RespondBy == nil || v.RespondBy.Sub(by).Abs() > time.Minute {
		t.Errorf("an answer is due %v, triggered %v", v.RespondBy, began)
	}
	if v.RTO == nil || v.RTO.Ends == nil || v.RTO.Ends.Sub(began.Add(time.Duration(v.RTO.Seconds)*time.Second)).Abs() > time.Minute {
		t.Errorf("recovery is due by %+v, triggered %v", v.RTO, began)
	}
	if v.OpenedAt.Sub(began) < 17*time.Minute {
		t.Errorf("opened %v", v.OpenedAt)
	}
	w.expect(w.ana, room, "SEV-1 · INC-1", "Alert triggered", "arrived", "the clocks count from the trigger")
	w.expect(w.ana, room, "Late: SEV-1 asks for an answer within 15 min")
	w.audited()
}

// TestI51_WhoIsOnCallSurvivesARestart: during an outage of PagerDuty a start knows whom to call, with the age of that; a
// broken file stops nothing.
func TestI51_WhoIsOnCallSurvivesARestart(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "")
	w.alert(a, "Bea Ode has user PBEA")
	known := w.onCallLine("Ana Ruiz, then Bea Ode, then Chen Li")
	w.leave()
	a.Away(true)
	w.clock.push(20 * minute)
	w.serve()
	w.linked()
	if again := w.onCallLine("Ana Ruiz, then Bea Ode, then Chen Li"); again != known {
		t.Errorf("before %q, after the start %q", known, again)
	}
	w.leave()
	w.ok(os.WriteFile(w.path("data", onCallFile), []byte(`{"format":1,"policies":`), 0o600))
	w.serve()
	w.linked()
	w.until("drbot has tried", func() bool { return strings.Contains(w.ready(), "PagerDuty is not reachable") })
	_, err := w.ana.OpenHome(w.within())
	w.ok(err)
	_, err = w.ana.Await(w.within(), "App Home", func(s person.State) bool {
		return s.Home != nil && strings.Contains(s.Home.Plain, "PagerDuty not reachable") && !strings.Contains(s.Home.Plain, "On call for approvals")
	})
	w.ok(err)
	a.Away(false)
	w.clock.push(6 * minute)
	w.onCallLine("Ana Ruiz, then Bea Ode, then Chen Li")
	w.audited()
}

// onCallLine is what App Home says of who is on call.
func (w *town) onCallLine(names string) (line string) {
	w.Helper()
	w.until("App Home says who is on call", func() bool {
		_, err := w.ana.OpenHome(w.within())
		w.ok(err)
		s, err := w.ana.Await(w.within(), "App Home", func(s person.State) bool { return s.Home != nil })
		w.ok(err)
		_, after, found := strings.Cut(s.Home.Plain, "On call for approvals at ")
		line, _, _ = strings.Cut(after, "\n")
		return found && strings.Contains(after, names)
	})
	return line
}

// TestI8_I42_WhoAskedPagesThoseWhoDecide: the refusal offers to wake who can decide; each is woken once, also by the calls
// that come by themselves; and an approver who reads puts the next call off.
func TestI8_I42_WhoAskedPagesThoseWhoDecide(t *testing.T) {
	t.Parallel()
	w, a := night(t, one(), "")
	w.alert(a, "Bea Ode has user PBEA", "Chen Li has user PCHEN")
	room := w.open(w.dev, "Database corruption: users gone")
	w.say(w.dev, room, "/incident ack")
	w.start(w.ana, room, "rescue")
	card := w.button(w.ana, room, "recover.approve", "Approve step 1.1")
	w.pressOn(w.ana, card, "recover.approve")
	offer := w.button(w.ana, room, "recover.page", "You asked for this, so someone else decides: Bea Ode, Chen Li")
	w.pressOn(w.ana, offer, "recover.page")
	w.expect(w.ana, room, "PagerDuty is asked to page Bea Ode and Chen Li for A1")
	w.paged(a, "PBEA", "PCHEN")
	w.pressOn(w.ana, card, "recover.approve")
	w.until("both refusals are recorded", func() bool { return len(w.records("Refused")) == 2 })
	s, err := w.ana.State(w.within())
	w.ok(err)
	c, _ := s.Channel(room)
	for _, m := range c.Messages {
		if _, there := m.Element("recover.page"); there {
			t.Errorf("paged already, and offered again: %s", m.Plain)
		}
	}

	w.clock.push(3*minute + 1e9)
	call := w.button(w.bea, room, "recover.quiet", "has waited for 3 min")
	w.pressOn(w.bea, call, "recover.quiet")
	w.expect(w.bea, room, "nobody is called for A1 before")
	w.expect(w.dev, room, "has waited for 3 min", "Bea Ode put the next call off")
	w.clock.push(2*minute + 50e9)
	w.answers(w.dev, room, "/incident status identified", "identified")
	if keys := w.spokenKeys(); slices.Contains(keys, "nudge/A1/2") {
		t.Error("called although it was put off")
	}
	w.clock.push(minute)
	call = w.button(w.bea, room, "recover.quiet", "has waited for 6 min")
	w.pressOn(w.bea, call, "recover.quiet") // and once more, after the last call that is promised
	w.until("it is recorded", func() bool { return len(w.records("NudgesHushed")) == 2 })
	w.clock.push(3*minute + 5e9)
	w.until("who put it off is called again", func() bool { return slices.Contains(w.spokenKeys(), "nudge/A1/3") })
	w.paged(a, "PBEA", "PCHEN")
	w.pressOn(w.bea, w.button(w.bea, room, "recover.approve", "Approve step 1.1"), "recover.approve")
	w.awaitRun(1, "ended")
	w.until("PagerDuty wakes nobody any more", func() bool {
		ids, _, _ := a.Pages()
		return a.Status(ids[0]) == "resolved" && a.Status(ids[1]) == "resolved"
	})
	if n := len(w.records("PageAsked")); n != 2 {
		t.Errorf("%d pages", n)
	}
	w.audited()
}
