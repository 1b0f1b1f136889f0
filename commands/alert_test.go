package commands_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

var alertRules = commands.AlertRules{
	{Urgency: "low", Title: regexp.MustCompile("(?i)noise"), Then: commands.ThenIgnore},
	{Service: "PDB1", Priority: []string{"P1"}, Then: commands.ThenOpen, Type: "Database corruption", Services: []string{"postgres"}, Attach: true},
	{Service: "PDB1", Then: commands.ThenTriage, Type: "Slow pages", Services: []string{"postgres"}},
	{Service: "PDRILL", Then: commands.ThenOpen, Drill: true, Severity: 2},
}

// alarm is one event of PagerDuty as the door hands it in.
func alarm(alert, event, what string, at time.Time, facts map[string]string) commands.HearAlert {
	all := map[string]string{
		incident.AlertService: "PDB1", incident.AlertUrgency: "high", incident.AlertTitle: "Disk of " + alert, incident.AlertNumber: "8812",
		incident.AlertPriority: "P3", incident.AlertStatus: incident.AlertTriggered,
	}
	for name, value := range facts {
		all[name] = value
	}
	return commands.HearAlert{Alert: alert, Event: event, What: what, At: at, Facts: all, Whole: true, Rules: alertRules}
}

// hear hands an event in under its keys, as a delivery does.
func (o *office) hear(e commands.HearAlert) commands.Reply {
	o.t.Helper()
	reply, err := o.Handle(o.t.Context(), heard(e))
	if err != nil {
		o.t.Fatal(err)
	}
	return reply
}

func heard(e commands.HearAlert) commands.Command {
	return commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: e, Keys: []string{"pagerduty/event/" + e.Event}, Keep: commands.KeepAlerts}
}

func (o *office) alerted(alert string) *incident.Incident {
	o.t.Helper()
	i, err := o.store.Incident(o.t.Context(), state.Ref{Index: "pagerduty", Value: alert})
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return i
}

// TestAnyOrderOfAnAlertsEventsEndsTheSame: any permutation of one incident's events, with duplicates and a crash between
// any two, ends in the same state: PagerDuty's facts by occurred_at, ties triggered < acknowledged < resolved, one
// incident of the claim; state and severity of the incident too.
func TestI47_AnyOrderOfAnAlertsEventsEndsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		start := time.Date(2026, 11, 24, 2, 50, 0, 0, time.UTC)
		kinds := []string{"triggered", "acknowledged", "unacknowledged", "resolved", "reopened", "escalated", "reassigned", "priority updated", "annotated", "status update published", "responder replied"}
		var events []commands.HearAlert
		at := start
		for n := range rapid.IntRange(1, 7).Draw(rt, "events") {
			what := "triggered"
			if n > 0 {
				what = rapid.SampledFrom(kinds).Draw(rt, "what")
			}
			at = at.Add(time.Duration(rapid.IntRange(0, 2).Draw(rt, "seconds")) * time.Second) // some at the same instant
			facts := map[string]string{
				incident.AlertStatus:    map[string]string{"acknowledged": incident.AlertAcked, "resolved": incident.AlertResolved}[what],
				incident.AlertPriority:  rapid.SampledFrom([]string{"P1", "P3"}).Draw(rt, "priority"),
				incident.AlertAssignees: rapid.SampledFrom([]string{"Ana", "Bea"}).Draw(rt, "assignees"),
			}
			if facts[incident.AlertStatus] == "" {
				facts[incident.AlertStatus] = incident.AlertTriggered
			}
			if what == "acknowledged" {
				facts[incident.AlertAcker] = "Bea"
			}
			e := alarm("PINC1", fmt.Sprintf("E%d", n), what, at, facts)
			e.Began = start
			switch what { // these tell nothing of the alert itself
			case "annotated", "status update published":
				e.Facts, e.Whole, e.Text = nil, false, fmt.Sprintf("text %d", n)
			case "responder replied":
				reply := rapid.SampledFrom([]string{"accepted", "declined"}).Draw(rt, "reply")
				e.Facts, e.Whole, e.Text = map[string]string{incident.AlertResponder + "PBEA": reply + " Bea"}, false, "Bea "+reply
			}
			events = append(events, e)
		}
		play := func(order []commands.HearAlert, crash []bool) string {
			o := opened(t)
			o.t = t
			dir := t.TempDir()
			_ = o.store.Close()
			reopen := func() {
				var err error
				if o.store, err = bolt.Open(dir, bolt.Options{Now: o.clock}); err != nil {
					rt.Fatal(err)
				}
				o.Store = o.store
			}
			reopen()
			for k, e := range order {
				o.hear(e)
				if crash[k] {
					_ = o.store.Close()
					reopen()
				}
			}
			i := o.alerted("PINC1")
			if i == nil {
				rt.Fatal("no incident has the alert")
			}
			if err := o.refolded(i.ID); err != nil {
				rt.Fatal(err)
			}
			all, err := o.store.List(t.Context(), state.Query{})
			if err != nil || len(all) != 1 {
				rt.Fatalf("%d incidents, %v", len(all), err)
			}
			facts, err := json.Marshal(i.Alerts[0].Facts)
			if err != nil {
				rt.Fatal(err)
			}
			texts := o.alertTexts(i.ID)
			_ = o.store.Close()
			return fmt.Sprintf("%s SEV-%d acked %v since %s %s %v", i.State, i.Severity, !i.AckedAt.IsZero(), i.Since(), facts, texts)
		}
		crashes := make([]bool, 4*len(events))
		want := play(events, crashes)
		order := rapid.Permutation(append(append([]commands.HearAlert{}, events...), rapid.SliceOfN(rapid.SampledFrom(events), 0, 5).Draw(rt, "again")...)).Draw(rt, "order")
		for k := range order {
			crashes[k%len(crashes)] = rapid.IntRange(0, 3).Draw(rt, "crash") == 0
		}
		for len(crashes) < len(order) {
			crashes = append(crashes, false)
		}
		if got := play(order, crashes); got != want {
			rt.Fatalf("in order: %s\nso:       %s", want, got)
		}
	})
}

func TestI47_ResolvedBeforeTriggeredIsKeptAndApplied(t *testing.T) {
	o := opened(t)
	at := o.clock()
	o.hear(alarm("PINC1", "E2", "resolved", at.Add(time.Minute), map[string]string{incident.AlertStatus: incident.AlertResolved}))
	o.hear(alarm("PINC1", "E1", "triggered", at, nil))
	i := o.alerted("PINC1")
	if i.State != incident.StateClosed || i.Alerts[0].Fact(incident.AlertStatus) != incident.AlertResolved {
		t.Errorf("%s, %+v", i.State, i.Alerts)
	}
	o.hear(alarm("PINC1", "E3", "reopened", at.Add(2*time.Minute), nil))
	if i = o.alerted("PINC1"); i.State != incident.StateTriage {
		t.Errorf("opened again it is %s", i.State)
	}
}

func TestAlertsOpenAttachWaitOrPass(t *testing.T) {
	o := opened(t)
	at := o.clock()
	o.hear(alarm("P1", "E1", "triggered", at, map[string]string{incident.AlertPriority: "P1"}))
	first := o.alerted("P1")
	if first.State != incident.StateOpen || first.Severity != 1 || first.Type != "Database corruption" || first.RTO.Name != "Critical" || first.Source != "PagerDuty #8812" {
		t.Errorf("opened %+v", first)
	}
	o.hear(alarm("P2", "E2", "triggered", at, map[string]string{incident.AlertPriority: "P1"}))
	if second := o.alerted("P2"); second.ID != first.ID || len(second.Alerts) != 2 {
		t.Errorf("not attached: %+v", second)
	}
	o.hear(alarm("P3", "E3", "triggered", at, nil))
	if waits := o.alerted("P3"); waits.State != incident.StateTriage || waits.Severity != 3 || waits.UpdateEvery != 0 {
		t.Errorf("waits as %s SEV-%d", waits.State, waits.Severity)
	}
	o.hear(alarm("P4", "E4", "triggered", at, map[string]string{incident.AlertUrgency: "low", incident.AlertTitle: "Noise of the probe"}))
	unread := commands.HearAlert{Event: "E5", What: "pagey.ping", At: at, Passed: "it is about no incident"}
	o.hear(unread)
	o.hear(unread)
	early := commands.HearAlert{Alert: "P9", Event: "E6", What: "annotated", At: at, Text: "hello", Rules: alertRules}
	o.hear(early)
	if n := o.records(0, "AlertPassed"); n != 3 || o.alerted("P4") != nil || o.alerted("P9") != nil {
		t.Errorf("%d events were passed over", n)
	}
	o.hear(alarm("P5", "E7", "triggered", at, map[string]string{incident.AlertService: "PUNKNOWN", incident.AlertTitle: strings.Repeat("long <!channel>\n", 40)}))
	if waits := o.alerted("P5"); waits.State != incident.StateTriage || len([]rune(waits.Title)) > incident.MaxTitle {
		t.Errorf("an unknown service: %+v", waits)
	}
	o.hear(alarm("P6", "E8", "triggered", at, map[string]string{incident.AlertService: "PDRILL", incident.AlertTitle: "\u200b"}))
	if drill := o.alerted("P6"); !drill.Drill || drill.Severity != 2 || drill.Title != "PagerDuty #8812" {
		t.Errorf("a drill: %+v", drill)
	}
}

func TestAlertsAnswersToQuestionsAreKeptWhereTheyDiffer(t *testing.T) {
	o := opened(t)
	at := o.clock()
	asked := alarm("P1", "Q1", commands.Asked, at, nil)
	o.hear(asked)
	o.hear(alarm("PX", "Q2", commands.Asked, at, map[string]string{incident.AlertService: "POTHER"}))
	if o.alerted("P1") == nil || o.alerted("PX") != nil {
		t.Fatal("a question opens what a rule names, and nothing else")
	}
	before := o.all()
	o.hear(alarm("P1", "Q3", commands.Asked, at.Add(time.Minute), nil))
	if o.all() != before {
		t.Error("an answer without news was kept")
	}
	o.hear(alarm("P1", "Q4", commands.Asked, at.Add(time.Minute), map[string]string{incident.AlertStatus: incident.AlertResolved}))
	if i := o.alerted("P1"); i.State != incident.StateClosed {
		t.Errorf("a missed resolution left it %s", i.State)
	}
}

func TestAlertResolvedWherePeopleWorkIsShownAndDecidesNothing(t *testing.T) {
	o := opened(t)
	at := o.clock()
	o.hear(alarm("P1", "E1", "triggered", at, map[string]string{incident.AlertPriority: "P1"}))
	o.do(commands.Command{Verb: "incident ack", Object: "1", Actor: ana})
	o.hear(alarm("P1", "E2", "resolved", at.Add(time.Minute), map[string]string{incident.AlertStatus: incident.AlertResolved}))
	if i := o.read(1); i.State != incident.StateOpen || !i.AlertsOver() {
		t.Fatalf("%s", i.State)
	}
	o.do(commands.Command{Verb: "incident resolve", Object: "1", Text: "works again anyway: all is well", Actor: commands.Actor{Unix: "ana"}})
	o.hear(alarm("P1", "E0", "escalated", at.Add(2*time.Minute), nil)) // came late, and reopens nothing
	if i := o.read(1); i.State != incident.StateResolved {
		t.Fatalf("%s", i.State)
	}
	o.pass(time.Hour)
	o.hear(alarm("P1", "E3", "reopened", o.clock().Add(time.Second), nil))
	if i := o.read(1); i.State != incident.StateOpen || i.Reopened != 1 {
		t.Errorf("PagerDuty opened it again, and it is %s", i.State)
	}
}

// TestI51_AReopeningThatWasMissedIsFound: the event never came; the answer to drbot's own question says it.
func TestI51_AReopeningThatWasMissedIsFound(t *testing.T) {
	o := opened(t)
	at := o.clock()
	is := func(status string) map[string]string { return map[string]string{incident.AlertStatus: status} }
	o.hear(alarm("P1", "E1", "triggered", at, map[string]string{incident.AlertPriority: "P1", incident.AlertStatus: incident.AlertTriggered}))
	o.do(commands.Command{Verb: "incident ack", Object: "1", Actor: ana})
	o.do(commands.Command{Verb: "incident resolve", Object: "1", Text: "works again anyway: all is well", Actor: commands.Actor{Unix: "ana"}})
	o.pass(time.Minute)
	o.hear(alarm("P1", "Q1", commands.Asked, o.clock(), is(incident.AlertAcked))) // it has not heard yet that people resolved it
	if i := o.read(1); i.State != incident.StateResolved {
		t.Fatalf("%s: PagerDuty only had not heard", i.State)
	}
	o.hear(alarm("P1", "E2", "resolved", o.clock().Add(time.Second), is(incident.AlertResolved)))
	o.pass(time.Hour)
	o.hear(alarm("P1", "Q2", commands.Asked, o.clock(), is(incident.AlertTriggered)))
	if i := o.read(1); i.State != incident.StateOpen || i.Reopened != 1 {
		t.Errorf("PagerDuty opened it again, and it is %s", i.State)
	}
}

// TestAlertTouchedByANote: whatever a person does here, PagerDuty does not end it alone any more.
func TestAlertTouchedByANote(t *testing.T) {
	for k, line := range []string{"note 1 we look", "severity 1 sev2 fewer than we thought", "status 1 identified", "impact 1 nobody can log in", "services 1 postgres"} {
		o := opened(t)
		o.hear(alarm("P1", "E1", "triggered", o.clock(), map[string]string{incident.AlertPriority: "P1"}))
		c := commands.ParseLine("incident", line)
		c.Actor = ana
		if r := o.do(c); !r.Done() {
			t.Fatalf("%s: %+v", line, r)
		}
		o.hear(alarm("P1", "E2", "resolved", o.clock().Add(time.Minute), map[string]string{incident.AlertStatus: incident.AlertResolved}))
		if i := o.read(1); i.State != incident.StateOpen {
			t.Errorf("%d: after %q it is %s", k, line, i.State)
		}
	}
}

func TestAlertAcknowledgedInPagerDutyStopsTheClock(t *testing.T) {
	o := opened(t)
	entries := append([]people.Entry{}, staff...)
	entries[1].PagerDuty = "PBEA"
	o.people(entries)
	o.hear(alarm("P1", "E1", "triggered", o.clock(), map[string]string{incident.AlertPriority: "P1"}))
	ack := alarm("P1", "E2", "acknowledged", o.clock(), map[string]string{incident.AlertStatus: incident.AlertAcked, incident.AlertAcker: "Bea"})
	ack.Agent = commands.AlertAgent{ID: "PBEA", Name: "Bea of PagerDuty"}
	o.hear(ack)
	i := o.read(1)
	if i.AckedBy.Key != "bea@example.com" || i.AckedBy.Proof != "pagerduty:PBEA" || len(i.Roles) != 0 {
		t.Errorf("acknowledged by %+v, roles %v", i.AckedBy, i.Roles)
	}
}

func TestTriageAcceptDeclineMerge(t *testing.T) {
	o := opened(t)
	at := o.clock()
	for n := range 4 {
		o.hear(alarm(fmt.Sprintf("P%d", n+1), fmt.Sprintf("E%d", n), "triggered", at, nil))
	}
	if r := o.do(commands.Command{Verb: "incident accept", Object: "1", Actor: eva}); r.Done() {
		t.Error("accepted by somebody without a right")
	}
	if r := o.do(commands.Command{Verb: "incident accept", Object: "1", Actor: ana}); !r.Done() || o.read(1).State != incident.StateOpen || o.read(1).UpdateDue.IsZero() {
		t.Errorf("%+v", r)
	}
	if r := o.do(commands.Command{Verb: "incident accept", Object: "1", Actor: ana}); r.Kind != incident.WrongState {
		t.Errorf("twice: %+v", r)
	}
	if r := o.do(commands.Command{Verb: "incident decline", Object: "2", Text: "\u200b", Actor: ana, Fields: map[string][]string{"reason": {" "}}}); r.Errors["reason"] == "" {
		t.Errorf("without a reason: %+v", r)
	}
	if r := o.do(commands.Command{Verb: "incident decline", Object: "2", Text: "the probe is new", Actor: ana}); !r.Done() || o.read(2).State != incident.StateClosed {
		t.Errorf("%+v", r)
	}
	for _, text := range []string{"3", "2", "99", "x"} {
		if r := o.do(commands.Command{Verb: "incident merge", Object: "3", Text: text, Actor: ana}); r.Done() {
			t.Errorf("merged into %s", text)
		}
	}
	merge := commands.Command{Verb: "incident merge", Object: "3", Text: "1", Actor: ana, Keys: []string{"m"}, Keep: time.Hour}
	if r := o.do(merge); !r.Done() {
		t.Fatalf("%+v", r)
	}
	if again := o.do(merge); !again.Again {
		t.Errorf("%+v", again)
	}
	moved := o.alerted("P3")
	if moved.ID != 1 || len(moved.Alerts) != 2 || moved.Alerts[1].Fact(incident.AlertStatus) != incident.AlertTriggered || o.read(3).MergedInto != 1 || len(o.read(3).Alerts) != 0 {
		t.Errorf("%+v, %+v", moved, o.read(3))
	}
	o.hear(alarm("P3", "E9", "resolved", at.Add(time.Minute), map[string]string{incident.AlertStatus: incident.AlertResolved}))
	if i := o.read(1); i.Alert("P3").Fact(incident.AlertStatus) != incident.AlertResolved || o.read(3).State != incident.StateClosed {
		t.Errorf("%+v", i.Alerts)
	}
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.BindChannel{Incident: 4, Channel: "C4", Name: "inc"}})
	if r := o.typed(ana, "C4", "/incident merge"); r.Form == nil || r.Form.Object != "4" {
		t.Errorf("the form: %+v", r)
	}
	if r := o.typed(ana, "C4", "/incident merge INC-1"); !r.Done() || o.read(4).MergedInto != 1 {
		t.Errorf("%+v", r)
	}
	for n := range 4 {
		if err := o.refolded(incident.ID(n + 1)); err != nil {
			t.Error(err)
		}
	}
}

// TestMergeIntoNothingNamesTheNumber: the channel has its incident; it is the other one that is not there.
func TestMergeIntoNothingNamesTheNumber(t *testing.T) {
	o := opened(t)
	_, channel := o.begin("Slow pages: users gone")
	if reply := o.typed(ana, channel, "/incident merge 99"); reply.Done() || !strings.Contains(reply.Say.Text, "There is no INC-99.") {
		t.Errorf("%+v", reply)
	}
}
