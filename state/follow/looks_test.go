package follow

import (
	"testing"
	"time"
)

// TestLooks_QuietNeverWaitsBusyHasItsRate: after a pause there are looks at once; who uses them all has ten a second.
func TestLooks_QuietNeverWaitsBusyHasItsRate(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var l looks
	for n := range looksAtOnce {
		if wait := l.take(now); wait > 0 {
			t.Fatalf("look %d waits %s", n+1, wait)
		}
	}
	for range 100 {
		wait := l.take(now)
		if wait != lookEvery {
			t.Fatalf("a busy follower waits %s", wait)
		}
		now = now.Add(wait)
	}
	now = now.Add(time.Hour)
	for n := range looksAtOnce {
		if wait := l.take(now); wait > 0 {
			t.Fatalf("after an hour look %d waits %s", n+1, wait)
		}
	}
}
