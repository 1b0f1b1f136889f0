package main

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

const (
	pdToken  = "u+pagerduty-story-token"
	pdSecret = "pagerduty-story-secret-0123456789"
)

// duty gives a town a PagerDuty account, whose webhooks reach drbot once pointed there.
func duty(t *testing.T, more string) (*town, *pdtest.Account) {
	t.Helper()
	var account *pdtest.Account
	w := settle(t, small(), func(w *town, _ *workspace.Options) {
		var err error
		account, err = pdtest.Start(pdtest.Options{
			Token: pdToken, Now: w.clock.Now,
			Users:      []pdtest.User{{ID: "PANA", Name: "Ana Ruiz", Email: "ana@example.com"}, {ID: "PBEA", Name: "Bea Ode", Email: "bea@example.com"}, {ID: "PBOT", Name: "drbot", Email: "drbot@example.com"}},
			Services:   []pdtest.Place{{ID: "PDB1", Name: "Users database"}, {ID: "PWEB", Name: "Shop"}, {ID: "PHR", Name: "Payroll"}},
			Priorities: []string{"P1", "P2", "P3", "P4"},
			Policies:   []pdtest.Place{{ID: "PPOL1", Name: "Approvers"}},
		})
		w.ok(err)
		t.Cleanup(account.Close)
		w.extra += "pagerduty:\n  from: drbot@example.com\n  approvers: PPOL1\n  services:\n    PDB1: {type: Database corruption, services: [users]}\n    PHR: {type: Data breach}\n" + more
	})
	w.people[1].more = ", pagerduty: PBEA"
	w.configure()
	w.env["PAGERDUTY_API_TOKEN"], w.env["PAGERDUTY_WEBHOOK_SECRET"], w.env["PAGERDUTY_API_URL"] = pdToken, pdSecret, account.URL()
	return w, account
}

// alarmed serves, and points the account's webhooks at drbot.
func (w *town) alarmed(a *pdtest.Account) {
	w.Helper()
	w.serve()
	w.linked()
	a.Subscribe(w.door()+"/pagerduty/webhook", nil, pdSecret)
}

// awaitAlerted waits until alerts have opened an incident, and it is as it should be.
func (w *town) awaitAlerted(n int, what string, holds func(commands.View) bool) (room string) {
	w.Helper()
	w.until(what, func() bool { return len(w.records("Opened")) >= n })
	w.awaitView(n, what, holds)
	return w.awaitView(n, "its channel", func(v commands.View) bool { return v.Channel != "" }).Channel
}

// told are the changes of an alert that drbot made: "acknowledged", "resolved", and the texts of its notes.
func told(a *pdtest.Account, id string) []string {
	var list []string
	for _, c := range a.Changes(id) {
		switch {
		case c.By != "drbot@example.com":
		case c.What == "annotated":
			text, _, _ := strings.Cut(c.Text, " [drbot INC-")
			list = append(list, text)
		default:
			list = append(list, c.What)
		}
	}
	return list
}

func (w *town) awaitTold(a *pdtest.Account, id string, want ...string) {
	w.Helper()
	w.until("PagerDuty is told "+strings.Join(want, " | "), func() bool { return slices.Equal(told(a, id), want) })
}

// TestI48_I49_FromAlertToResolutionOverAnOutage: the alert opens the incident, an acknowledgement here acknowledges there,
// a severity change is a note, and what happened while PagerDuty was away for half an hour is told after it, once and in
// order.
func TestI48_I49_FromAlertToResolutionOverAnOutage(t *testing.T) {
	t.Parallel()
	w, a := duty(t, "")
	w.alarmed(a)
	alert := a.Trigger("PDB1", "Users <!channel> are gone", "high", "P1")
	room := w.awaitAlerted(1, "the incident", func(v commands.View) bool {
		return v.State == "open" && v.Type == "Database corruption" && v.Severity == 1
	})
	w.expect(w.ana, room, "SEV-1 · INC-1", "PagerDuty", "#8812 triggered", "P1")
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	linked := "INC-1 of drbot answers this, SEV-1."
	w.awaitTold(a, alert, linked, "acknowledged")
	w.answers(w.ana, room, "/incident severity 2 half of it works", "SEV-1 → SEV-2")
	severity := "INC-1: SEV-1 → SEV-2 by Ana Ruiz: half of it works"
	w.awaitTold(a, alert, linked, "acknowledged", severity)
	w.expect(w.ana, room, "#8812 acknowledged")
	if v := w.view(1); len(v.Alerts) != 1 || v.Alerts[0].Facts["priority"] != "P1" {
		t.Errorf("show --json: %+v", v.Alerts)
	}
	_, err := w.ana.OpenHome(w.within())
	w.ok(err)
	_, err = w.ana.Await(w.within(), "App Home with PagerDuty", func(s person.State) bool {
		return s.Home != nil && strings.Contains(s.Home.Plain, "PagerDuty ok, last webhook ")
	})
	w.ok(err)
	if !strings.Contains(w.ready(), "last_webhook") {
		t.Errorf("/readyz: %s", w.ready())
	}

	a.Away(true)
	w.answers(w.ana, room, "/incident status identified", "identified")
	w.until("drbot notices", func() bool { return strings.Contains(w.ready(), "PagerDuty is not reachable") })
	w.clock.push(15 * minute)
	w.answers(w.ana, room, "/incident severity 3 most of it works", "SEV-2 → SEV-3")
	w.clock.push(15 * minute)
	_, _, errs := w.drbot("incident", "show", "1")
	if errs != "" {
		t.Error(errs)
	}
	w.resolve(room, "It works again.")
	w.awaitView(1, "resolved", func(v commands.View) bool { return v.State == "resolved" })
	if got := a.Status(alert); got != "acknowledged" {
		t.Errorf("while it is away it is %s", got)
	}
	a.Away(false)
	want := []string{
		linked, "acknowledged", severity, "INC-1 is identified, by Ana Ruiz.", "INC-1: SEV-2 → SEV-3 by Ana Ruiz: most of it works", "resolved",
		"Resolution Note: INC-1 was resolved by Ana Ruiz: It works again.",
	}
	w.awaitTold(a, alert, want...)
	w.until("every webhook is taken", func() bool { return a.Waiting() == 0 })
	v := w.view(1)
	if v.State != "resolved" {
		t.Errorf("its own echo left it %s", v.State)
	}
	for _, r := range w.records("AlertSeen") {
		var seen struct {
			What, Text string
			Echo       bool
		}
		w.ok(json.Unmarshal(r.Payload, &seen))
		if seen.What == "annotated" && !seen.Echo {
			t.Errorf("its own note was taken for somebody's: %s", seen.Text)
		}
	}
	if _, dropped, disabled := a.Subscription(); len(dropped) > 0 || disabled {
		t.Errorf("dropped %v, disabled %v", dropped, disabled)
	}
	w.until("the link is well", func() bool { return !strings.Contains(w.ready(), "not reachable") })
	w.awaitTold(a, alert, want...)
	w.audited()
}

// ready is what /readyz answers.
func (w *town) ready() string {
	w.Helper()
	answer, err := http.Get(w.door() + "/readyz")
	w.ok(err)
	defer func() { _ = answer.Body.Close() }()
	var b strings.Builder
	var r readiness
	w.ok(json.NewDecoder(answer.Body).Decode(&r))
	w.ok(json.NewEncoder(&b).Encode(r))
	return b.String()
}

// resolve ends an incident from its form.
func (w *town) resolve(room, summary string) {
	w.Helper()
	w.say(w.ana, room, "/incident resolve")
	w.fill(w.ana, "Resolve", map[string]any{"summary": summary, "anyway": "the rest goes on in the review"})
}

// TestI51_MissedWebhooksAreAskedFor: drbot was down for a trigger and for a resolution, and finds both.
func TestI51_MissedWebhooksAreAskedFor(t *testing.T) {
	t.Parallel()
	w, a := duty(t, "")
	missed := a.Trigger("PDB1", "Users are gone", "high", "")
	a.Trigger("PWEB", "No rule names it", "high", "")
	w.serve()
	w.linked()
	w.awaitAlerted(1, "the missed trigger", func(v commands.View) bool { return v.State == "open" })
	a.Set(missed, "resolved", "PBEA")
	w.clock.push(6 * minute)
	w.awaitView(1, "the missed resolution", func(v commands.View) bool { return v.State == "closed" })
	if n := len(w.records("Opened")); n != 1 {
		t.Errorf("%d incidents were opened", n)
	}
	if r := w.ready(); !strings.Contains(r, "last_asked") {
		t.Errorf("/readyz: %s", r)
	}
	w.audited()
}

// TestI56_PagerDutyReadsANumberAlone: of a restricted incident a note says its number.
func TestI56_PagerDutyReadsANumberAlone(t *testing.T) {
	t.Parallel()
	w, a := duty(t, "")
	w.alarmed(a)
	alert := a.Trigger("PHR", "Odd exports of payroll", "high", "")
	w.awaitTold(a, alert, "INC-1 goes on in drbot.")
	for _, text := range told(a, alert) {
		if strings.Contains(text, "payroll") || strings.Contains(text, "SEV") {
			t.Errorf("PagerDuty reads %q", text)
		}
	}
	w.audited()
}

// TestI14_I46: what no rule opens waits, is accepted, declined or merged by buttons; the older of two
// secrets still counts.
func TestI14_I46_AlertsWaitToBeAccepted(t *testing.T) {
	t.Parallel()
	w, a := duty(t, "  rules:\n    - {service: PWEB, title: \"(?i)slow\", then: triage, type: Slow pages}\n    - {urgency: low, then: ignore}\n")
	w.alarmed(a)
	first := a.Trigger("PWEB", "The shop is slow", "high", "")
	room := w.awaitAlerted(1, "it waits", func(v commands.View) bool { return v.State == "triage" && v.Severity == 3 })
	a.Trigger("PWEB", "A probe failed", "low", "")
	second := a.Trigger("PDB1", "Users are gone", "high", "P1")
	other := w.awaitAlerted(2, "the other incident", func(v commands.View) bool { return v.State == "open" })
	card := w.button(w.ana, room, "incident.accept", "The shop is slow")
	w.pressOn(w.ana, card, "incident.merge")
	w.fill(w.ana, "Merge INC-1", map[string]any{"into": "2"})
	w.awaitView(1, "merged", func(v commands.View) bool { return v.State == "closed" })
	w.expect(w.ana, other, "#8812 triggered", "#8814 triggered")
	w.expect(w.ana, room, "Merged into INC-2")
	w.answers(w.ana, other, "/incident ack", "You command INC-2")
	w.until("both are acknowledged", func() bool { return a.Status(first) == "acknowledged" && a.Status(second) == "acknowledged" })

	a.Rotate("a new secret of 32 characters ..", pdSecret)
	third := a.Trigger("PWEB", "The shop is very slow", "high", "")
	late := w.awaitAlerted(3, "signed with the older of two secrets", func(v commands.View) bool { return v.State == "triage" })
	card = w.button(w.ana, late, "incident.accept", "The shop is very slow")
	w.pressOn(w.ana, card, "incident.accept")
	w.awaitView(3, "accepted", func(v commands.View) bool { return v.State == "open" })
	w.awaitTold(a, third, "INC-3 of drbot answers this, SEV-3, to be accepted.", "INC-3 was accepted by Ana Ruiz.")
	w.audited()
}

// TestI46_I47_KilledAmidTheWebhooks: what was answered 202 survives kill -9, what was not comes again, and none of it
// counts twice; the acknowledgement that was on its way is made once.
func TestI46_I47_KilledAmidTheWebhooks(t *testing.T) {
	t.Parallel()
	w, a := duty(t, "")
	w.spawn()
	w.linked()
	a.Subscribe(w.door()+"/pagerduty/webhook", nil, pdSecret)
	alert := a.Trigger("PDB1", "Users are gone", "high", "P1")
	room := w.awaitAlerted(1, "the incident", func(v commands.View) bool { return v.State == "open" })
	a.Away(true)
	w.expect(w.ana, room, "INC-1") // she is in it
	w.answers(w.ana, room, "/incident ack", "You command INC-1")
	a.Note(alert, "the disk is full", "PBEA")
	w.life.kill()
	a.Prioritise(alert, "P2", "PBEA")
	a.Set(alert, "acknowledged", "PBEA")
	other := a.Trigger("PDB1", "The other half is gone too", "high", "P1")
	a.Away(false)
	w.ok(os.Remove(w.path("data", "address")))
	w.spawn()
	w.linked()
	a.Move(w.door() + "/pagerduty/webhook")
	w.until("every webhook is taken", func() bool { return a.Waiting() == 0 })
	w.awaitAlerted(2, "the second incident", func(v commands.View) bool { return v.State == "open" })
	v := w.awaitView(1, "the facts", func(v commands.View) bool {
		return v.Alerts[0].Status == "acknowledged" && v.Alerts[0].Facts["priority"] == "P2"
	})
	if v.AckedBy != "Ana Ruiz" {
		t.Errorf("acknowledged by %s", v.AckedBy)
	}
	w.awaitTold(a, other, "INC-2 of drbot answers this, SEV-1.")
	w.awaitTold(a, alert, "INC-1 of drbot answers this, SEV-1.") // acknowledged there meanwhile
	seen := map[string]int{}
	for _, r := range w.records("AlertSeen") {
		var s struct{ Event string }
		w.ok(json.Unmarshal(r.Payload, &s))
		if seen[s.Event]++; seen[s.Event] > 1 {
			t.Errorf("%s counts twice", s.Event)
		}
	}
	w.audited()
}

// TestI14_AWrongSecretIsFoundByCheck: check has a test event sent and finds the wrong secret before any alert is lost; refused
// webhooks disable the subscription, and check says so, with the fix.
func TestI14_AWrongSecretIsFoundByCheck(t *testing.T) {
	t.Parallel()
	w, a := duty(t, "")
	w.serve()
	w.linked()
	a.Subscribe(w.door()+"/pagerduty/webhook/", nil, pdSecret)
	if _, out, _ := w.drbot("check"); strings.Contains(out, "webhook subscription") && !strings.Contains(out, "goes over plain HTTP") || strings.Contains(out, "test event") {
		t.Errorf("with the right secret, check:\n%s", out)
	}
	a.Rotate("another secret than drbot has ....")
	if code, out, _ := w.drbot("check"); code != 1 || !holdsAll(out, []string{"its test event was refused here, as no secret of PAGERDUTY_WEBHOOK_SECRET signed it"}) {
		t.Errorf("before any alert, check: %d\n%s", code, out)
	}
	for range 3 {
		a.Trigger("PDB1", "Users are gone", "high", "P1")
	}
	w.until("the subscription is disabled", func() bool { _, _, disabled := a.Subscription(); return disabled })
	if n := len(w.records("Opened")); n != 0 {
		t.Errorf("%d incidents of forged webhooks", n)
	}
	code, out, _ := w.drbot("check")
	if code != 1 || !holdsAll(out, []string{"disabled for a day", "Set PAGERDUTY_WEBHOOK_SECRET to its secret, then enable it"}) {
		t.Errorf("check: %d\n%s", code, out)
	}
	w.clock.push(6 * minute)
	w.until("the question finds what was refused", func() bool { return len(w.records("Opened")) == 3 })
	w.audited()
}
