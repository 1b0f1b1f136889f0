package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// maintaining is an office whose runbook has scheduled maintenance among its types.
func maintaining(t *testing.T) *office {
	o := opened(t)
	o.book.IncidentTypes = append(o.book.IncidentTypes, runbook.IncidentType{Name: "Scheduled maintenance", Severity: 4}, runbook.IncidentType{Name: "Planned move", Severity: 1})
	return o
}

// TestWindow_PromisesNothingAndSpeaksItsPhases: no answer is due, no update, nobody is called; the instants are spoken once,
// and after a downtime the last of them.
func TestWindow_PromisesNothingAndSpeaksItsPhases(t *testing.T) {
	o := maintaining(t)
	id, channel := o.begin("sev1 Scheduled maintenance: move db1")
	i := o.read(id)
	if i.Window == nil || !i.RespondBy.IsZero() || i.UpdateEvery != 0 || len(i.Calls) != 0 || i.Phase() != incident.Scheduled || len(i.Deadlines()) != 0 {
		t.Fatalf("%+v", i)
	}
	for _, line := range []string{"severity 2 smaller than thought", "status identified"} {
		if reply := o.typed(ana, channel, "/incident "+line); reply.Kind != incident.WrongState {
			t.Errorf("%s: %+v", line, reply)
		}
	}
	for wrong, says := range map[string]string{
		"": "missing", "22:00": "The end of the window is missing.", "soon 2h": `"soon" is no time`, "22:00 21:59x": `"21:59x" is no time`, "22:00 200h": "at most 7 days",
		"22:00 21:00": "From 24 Nov 22:00 to 25 Nov 21:00 would be 23 h. A window of more than 12 h needs both days", "off": "The reason is missing.",
	} {
		if reply := o.typed(commands.Actor{Unix: "ana", Terminal: true}, channel, strings.TrimSpace("/incident window "+wrong)); reply.Done() || !strings.Contains(reply.Say.Text, says) {
			t.Errorf("window %q: %+v", wrong, reply)
		}
	}
	if reply := o.typed(ana, channel, "/incident window 22:00 2h"); !reply.Done() || !strings.Contains(reply.Say.Text, "24 Nov 22:00 to 25 Nov 00:00 UTC") {
		t.Fatalf("%+v", reply)
	}
	tick := func(want incident.Phase) {
		t.Helper()
		o.outcome(commands.Tick{Incident: id})
		if got := o.read(id).Phase(); got != want {
			t.Errorf("at %s it is %s, want %s", o.now.Format("15:04"), got, want)
		}
	}
	o.pass(19*time.Hour + 2*time.Minute) // 22:00
	tick(incident.InProgress)
	o.pass(time.Hour + 45*time.Minute) // 23:45
	tick(incident.InProgress)
	if reply := o.do(commands.Command{Verb: "incident longer", Object: "1", Channel: channel, Actor: ana}); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	if i := o.read(id); i.Phase() != incident.InProgress || i.Window.Until.Format("15:04") != "00:30" {
		t.Errorf("%s until %s", i.Phase(), i.Window.Until)
	}
	o.pass(2 * time.Hour) // 01:45
	tick(incident.InProgress)
	tick(incident.InProgress)
	if !o.read(id).Overrun() {
		t.Error("it is not over its window")
	}
	var said []string
	for _, e := range events[incident.DeadlineSpoken](o, id) {
		said = append(said, strings.Join(strings.Split(e.Key, "/")[:2], "/"))
	}
	if got := strings.Join(said, " "); got != "window/begin window/soon window/end" {
		t.Errorf("spoken: %s", got)
	}
	if reply := o.typed(ana, channel, "/incident resolve db1 is moved anyway: no checklist"); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	if i := o.read(id); i.State != incident.StateClosed || i.Review != nil || i.Phase() != incident.Completed {
		t.Errorf("%s, review %+v", i.State, i.Review)
	}
	if reply := o.typed(ana, channel, "/incident reopen one table is left"); !reply.Done() || !strings.Contains(reply.Say.Text, "INC-1 goes on: maintenance in progress") {
		t.Errorf("%+v", reply)
	}
	tick(incident.InProgress)
	if n := len(events[incident.DeadlineSpoken](o, id)); n != 3 {
		t.Errorf("%d instants are spoken: what was over is said again", n)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestWindow_WholeWindowWithinADowntime is one sentence.
func TestWindow_WholeWindowWithinADowntime(t *testing.T) {
	o := maintaining(t)
	id, channel := o.begin("Scheduled maintenance: move db1")
	o.typed(ana, channel, "/incident window 03:00 1h")
	o.pass(3 * time.Hour)
	o.outcome(commands.Tick{Incident: id})
	said := events[incident.DeadlineSpoken](o, id)
	if len(said) != 1 || !strings.HasPrefix(said[0].Key, "window/end/") || said[0].Late != time.Hour+58*time.Minute {
		t.Errorf("%+v", said)
	}
	if i := o.read(id); i.Phase() != incident.InProgress || !i.Overrun() {
		t.Errorf("%s", i.Phase())
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestWindow_AnotherTypeMakesAnOrdinaryIncident, and back; the configuration names other types.
func TestWindow_AnotherTypeMakesAnOrdinaryIncident(t *testing.T) {
	o := maintaining(t)
	o.conf.Maintenance = map[string]bool{"planned move": true}
	id, channel := o.begin("Planned move: racks")
	if o.read(id).Window == nil {
		t.Fatal("the configured type is no maintenance")
	}
	if reply := o.typed(ana, channel, "/incident type Database corruption"); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	if i := o.read(id); i.Window != nil || i.UpdateEvery != 15*time.Minute || i.RespondBy.IsZero() {
		t.Errorf("%+v", i)
	}
	if reply := o.typed(ana, channel, "/incident window 22:00 2h"); reply.Kind != incident.WrongState {
		t.Errorf("%+v", reply)
	}
	o.typed(ana, channel, "/incident type Planned move")
	if i := o.read(id); i.Window == nil || i.UpdateEvery != 0 || !i.RespondBy.IsZero() {
		t.Errorf("%+v", i)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestWindow_WordsOfItsOwn: what is told of maintenance says what, when and how far; the runbook's words for incidents are
// not used, and nothing is asked for that it has not.
func TestWindow_WordsOfItsOwn(t *testing.T) {
	o := maintaining(t)
	id, channel := o.begin("sev1 Scheduled maintenance: move db1")
	for _, text := range []string{"/incident window 22:00 2h", "/incident update Logins are slow tonight --to announcement", "later", "/incident resolve db1 is moved anyway: no checklist"} {
		if text == "later" {
			o.pass(20 * time.Hour)
			o.outcome(commands.Tick{Incident: id})
			continue
		}
		if reply := o.typed(ana, channel, text); !reply.Done() {
			t.Fatalf("%s: %+v", text, reply)
		}
	}
	sent, over := events[incident.UpdateSent](o, id)[0], events[incident.Resolved](o, id)[0]
	if want := "Logins are slow tonight\n\nWhat: move db1\nWhen: 24 Nov 22:00 UTC to 25 Nov 00:00 UTC\nState: scheduled"; sent.Subject != "INC-1 maintenance scheduled: move db1" || sent.Outward != want {
		t.Errorf("%q\n%s", sent.Subject, sent.Outward)
	}
	if over.Subject != "INC-1 maintenance completed: move db1" || !strings.Contains(over.Outward, "Result: db1 is moved\nPlanned: 24 Nov 22:00") || strings.Contains(over.Outward, "review") {
		t.Errorf("%q\n%s", over.Subject, over.Outward)
	}
}

// TestWindow_CalledOff: before its window it is called off, by that word or by its end; who was told is told of that, and the
// report counts it as maintenance.
func TestWindow_CalledOff(t *testing.T) {
	for _, line := range []string{"window off the new disks did not come", "resolve the new disks did not come anyway: no checklist", "resolve false-alarm the new disks did not come"} {
		o := maintaining(t)
		id, channel := o.begin("sev1 Scheduled maintenance: move db1")
		o.typed(ana, channel, "/incident window 22:00 2h")
		if reply := o.typed(ana, channel, "/incident "+line); !reply.Done() || reply.Say.Text != "INC-1 is called off." {
			t.Fatalf("%s: %+v", line, reply)
		}
		i, over := o.read(id), events[incident.Resolved](o, id)[0]
		if i.Phase() != incident.CalledOff || i.FalseAlarm || i.Figures().Out != incident.OutMaintenance || i.State != incident.StateClosed {
			t.Errorf("%s: %s %+v", line, i.Phase(), over)
		}
		if over.Subject != "INC-1 maintenance called off: move db1" || !strings.Contains(over.Outward, "does not take place") || !strings.Contains(over.Outward, "Why: the new disks did not come") {
			t.Errorf("%s: %q\n%s", line, over.Subject, over.Outward)
		}
		if err := o.refolded(id); err != nil {
			t.Error(err)
		}
	}
}

// TestWindow_ItsClocksBeginWhenItBecomesAnIncident: what was opened as maintenance was none before; to and fro moves nothing.
func TestWindow_ItsClocksBeginWhenItBecomesAnIncident(t *testing.T) {
	o := maintaining(t)
	id, channel := o.begin("Scheduled maintenance: move db1")
	o.pass(5 * time.Hour)
	o.typed(ana, channel, "/incident type Database corruption")
	began := o.now
	for _, kind := range []string{"Scheduled maintenance", "Database corruption"} {
		if i := o.read(id); i.Window == nil && !i.Since().Equal(began) {
			t.Errorf("its clocks count from %s", i.Since())
		}
		o.pass(time.Hour)
		o.typed(ana, channel, "/incident type "+kind)
	}
	if i := o.read(id); !i.Since().Equal(began) || i.RespondBy.IsZero() {
		t.Errorf("its clocks count from %s", i.Since())
	}
	for _, s := range events[incident.SeveritySet](o, id) {
		if s.UpdateEvery == 0 {
			t.Errorf("%+v says that no updates are promised", s)
		}
	}
}
