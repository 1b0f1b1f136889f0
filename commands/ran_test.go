package commands_test

import (
	"encoding/json"
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// What ran is counted in the decision that ends it: each attempt once, a repeated report not again, and folding the
// house's records from the start gives the same bytes.
func TestI52_AttemptsAndRunsAreCountedInTheHouse(t *testing.T) {
	r := recovery(t).rig()
	r.plan()
	r.must(r.say(ana, "/recover start"))
	r.answer()
	text := r.next().Script
	first := r.next().Attempt
	r.ended(incident.Failed, nil)
	count := func() incident.Ran {
		t.Helper()
		house, err := r.store.House(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return house.Scripts[text]
	}
	if got := count(); got.Times != 1 || got.Outcome != incident.Failed {
		t.Fatalf("after a failure: %+v", got)
	}
	r.report("ended/"+first, incident.StepEnded{Run: r.run().N, Step: r.next().ID, Attempt: first, Outcome: incident.Failed})
	if got := count(); got.Times != 1 {
		t.Fatalf("a repeated report counted: %+v", got)
	}
	r.must(r.press(ana, "recover retry", r.run().Name()+"/"+r.next().ID))
	if r.run().Asking != "" {
		r.answer()
	}
	r.ended(incident.Succeeded, nil)
	if got := count(); got.Times != 2 || got.Outcome != incident.Succeeded || got.Drill {
		t.Fatalf("a retry did not count: %+v", got)
	}
	r.must(r.press(ana, "recover cancel", r.run().Name(), "reason", "enough"))
	house, err := r.store.House(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := house.Procedures["p1"]; got.Times != 1 || got.Outcome != incident.EndCancelled || got.Usually() != 0 {
		t.Fatalf("the run: %+v", got)
	}
	leaf, err := state.FoldRecords(0, r.store.Records(t.Context(), 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if stored, _ := json.Marshal(house); string(stored) != string(leaf.Fold) {
		t.Fatalf("the folds differ:\n%s\n%s", stored, leaf.Fold)
	}
	if _, err := r.store.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The form that ends the incident knows from the run which backup is in place and what it lacks.
func TestResolveFormSaysWhatTheRunRestored(t *testing.T) {
	r := recovery(t).rig()
	impact := func() string {
		t.Helper()
		reply := r.say(ana, "/incident resolve")
		if reply.Form == nil {
			t.Fatalf("no form: %+v", reply)
		}
		for _, f := range reply.Form.Fields {
			if f.ID == "lost" {
				return f.Value
			}
		}
		t.Fatal("the form has no data impact")
		return ""
	}
	if got := impact(); got != "" {
		t.Errorf("before any run it says %q", got)
	}
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	r.answer()
	r.ended(incident.Succeeded, nil)
	r.must(r.press(ana, "recover cancel", r.run().Name(), "reason", "the rest by hand"))
	if got, want := impact(), "Restored from backup backup_1, taken 24 Nov 02:00 UTC; writes after it are lost (58 min)."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
