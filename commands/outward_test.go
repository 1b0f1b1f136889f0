package commands_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// sent is the newest event of a kind.
func (o *office) sent(id incident.ID, kind string) incident.Event {
	o.t.Helper()
	var found incident.Event
	for r, err := range o.store.Records(o.t.Context(), id, 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		if r.Kind == kind {
			if found, err = r.Event(); err != nil {
				o.t.Fatal(err)
			}
		}
	}
	return found
}

func TestUpdateGoesOutInTheRunbooksWords(t *testing.T) {
	o := opened(t)
	o.book.Templates = []runbook.Template{
		{Key: "update", Body: "**Status:** [[status]]\n\n[[description]]\n\nNext:\n- [[next_steps]]\nReady: [[eta]]\nImpact: [[impact]]"},
		{Key: "resolution", Body: "Over since [[resolution_time]] after [[duration]]. Cause: [[root_cause]]. Data: [[data_impact]]. Done: [[actions]]"},
	}
	id, channel := o.begin("users database is gone")
	reply := o.typed(ana, channel, "/incident update restoring the 02:00 backup")
	if reply.Kind != incident.BadInput || !strings.Contains(reply.Say.Text, "facts that nobody gave: impact") {
		t.Fatalf("a missing fact: %+v", reply)
	}
	if o.records(id, "UpdateSent") != 0 {
		t.Fatal("it was sent all the same")
	}
	o.typed(ana, channel, "/incident impact nobody can log in")
	if reply = o.typed(ana, channel, "/incident update restoring the 02:00 backup [[impact]]"); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	got := o.sent(id, "UpdateSent").(incident.UpdateSent).Outward
	want := "**Status:** Investigating\n\nrestoring the 02:00 backup [[impact]]\n\nImpact: nobody can log in"
	if got != want {
		t.Errorf("went out:\n%s\nwant:\n%s", got, want)
	}
	if reply = o.typed(ana, channel, "/incident resolve false-alarm no"); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	if e := o.sent(id, "Resolved").(incident.Resolved); e.Outward != "" {
		t.Errorf("a false alarm told people %q", e.Outward)
	}
}
