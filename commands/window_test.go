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
	if reply := o.typed(ana, channel, "/incident severity 2 smaller than thought"); !reply.Done() || o.read(id).UpdateEvery != 0 {
		t.Errorf("%+v: promises updates", reply)
	}
	for _, wrong := range []string{"", "22:00", "soon 2h", "22:00 21:59x", "22:00 200h", "01:00 00:30x"} {
		if reply := o.typed(commands.Actor{Unix: "ana", Terminal: true}, channel, strings.TrimSpace("/incident window "+wrong)); reply.Done() {
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
	tick(incident.Completed)
	tick(incident.Completed)
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
	if i := o.read(id); i.State != incident.StateClosed || i.Review != nil {
		t.Errorf("%s, review %+v", i.State, i.Review)
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
	if i := o.read(id); i.Phase() != incident.Completed {
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
	for _, text := range []string{"/incident window 22:00 2h", "/incident update Logins are slow tonight --to announcement", "/incident resolve db1 is moved anyway: no checklist"} {
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
