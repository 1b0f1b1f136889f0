package bolt_test

import (
	"testing"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/statetest"
)

// TestPicked_WantedRecordsAreWholeAndTheOthersPassBy: in the same order as Records, whatever their payloads say.
func TestPicked_WantedRecordsAreWholeAndTheOthersPassBy(t *testing.T) {
	s := open(t, t.TempDir())
	id := statetest.Open(t, s, `a title with "kind":"Noted" in it`)
	for k := range 300 {
		var e incident.Event = incident.Noted{By: ana, Text: `"kind":"Acknowledged"`}
		if k%7 == 0 {
			e = incident.Acknowledged{By: incident.Person{Key: `"kind":"Noted"`}}
		}
		if _, err := s.Do(t.Context(), statetest.Events(state.Ref{ID: id}, e)); err != nil {
			t.Fatal(err)
		}
	}
	var all []state.Record
	for r, err := range s.Records(t.Context(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	n := 0
	for r, err := range s.Picked(t.Context(), id, 0, func(kind string) bool { return kind == "Acknowledged" }) {
		if err != nil {
			t.Fatal(err)
		}
		want := all[n]
		switch {
		case r.Seq != want.Seq || r.Kind != want.Kind || r.Incident != id:
			t.Fatalf("record %d is %+v, want %+v", n, r, want)
		case r.Kind == "Acknowledged" && (r.Hash != want.Hash || string(r.Payload) != string(want.Payload)):
			t.Fatalf("record %d is not whole", n)
		case r.Kind != "Acknowledged" && (r.Payload != nil || r.Hash != ""):
			t.Fatalf("record %d was read though nobody wants it", n)
		}
		n++
	}
	if n != len(all) || n != 301 {
		t.Fatalf("%d of %d records", n, len(all))
	}
}
