package commands_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

// TestI42_ALongReviewGoesWithItsRecord: the text that stands beside the record is deleted with it, unless another version
// has the same.
func TestI42_ALongReviewGoesWithItsRecord(t *testing.T) {
	o, id, _ := owed(t)
	long := "# Review\n\nthe password is hunter2" + strings.Repeat(" and so on", 1000)
	o.save(ana, 0, long)
	o.save(ana, 1, "# Review\n\nshort")
	o.save(ana, 2, long)
	var saved []incident.ReviewSaved
	var at []uint64
	for r, err := range o.store.Records(t.Context(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, _ := r.Event(); r.Kind == "ReviewSaved" {
			saved, at = append(saved, e.(incident.ReviewSaved)), append(at, r.Seq)
		}
	}
	if len(saved) != 3 || saved[0].Blob == "" || saved[0].Blob != saved[2].Blob {
		t.Fatalf("%+v", saved)
	}
	for n, k := range []int{0, 2} {
		if err := o.store.Redact(t.Context(), at[k], incident.Person{Key: "chen@example.com", Name: "Chen Li"}, "a secret"); err != nil {
			t.Fatal(err)
		}
		if _, err := o.store.Blob(t.Context(), saved[0].Blob); (err == nil) != (n == 0) {
			t.Errorf("after %d redactions: %v", n+1, err)
		}
	}
}
