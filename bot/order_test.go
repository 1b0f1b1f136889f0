package bot

import (
	"testing"
	"time"
)

// What people decide by, and the end of a run, come before what they only read, and a burst of the latter leaves redraws over.
func TestRedrawsComeInTheirOrder(t *testing.T) {
	d := newDrawer(&Bot{})
	d.closes(item{1, "R7"}, true)
	d.want(1, []string{"told/A17/U0BEA", "checklist", "R7", "announcement", "card", "R8", "A17"}, nil)
	for _, want := range []string{"A17", "R7", "card", "announcement", "R8", "checklist", "told/A17/U0BEA"} {
		it, found, _ := d.next(time.Now())
		if !found || it.object != want {
			t.Fatalf("%q is drawn where %q should be", it.object, want)
		}
		delete(d.dirty, it)
	}
	var b budget
	for range redrawBurst / 2 {
		if wait := b.take(at, spare(leastUrgent)); wait != 0 {
			t.Fatalf("nothing is drawn for %s although nothing else waits", wait)
		}
	}
	if b.take(at, spare(leastUrgent)) == 0 || b.take(at, spare(urgency("A17"))) != 0 {
		t.Error("a burst of direct messages leaves nothing for an approval")
	}
}

// A message is redrawn at most every 3 s, whatever waits; the others go on meanwhile.
func TestOneMessageWaitsForItsTurnAlone(t *testing.T) {
	d := newDrawer(&Bot{})
	d.remember(item{1, "A17"}, "as before")
	d.want(1, []string{"A17", "R7"}, nil)
	it, found, wait := d.next(time.Now())
	if !found || it.object != "R7" || wait <= 0 || wait > redrawEvery {
		t.Errorf("%v %v %s", it, found, wait)
	}
}
