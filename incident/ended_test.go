package incident

import (
	"strings"
	"testing"
)

// A person who comes after the end of a run is told that it ended, and what is left to do.
func TestAfterTheEndOfARunItsEndIsNamed(t *testing.T) {
	i := &Incident{ID: 42, State: StateOpen, Runs: []*Run{{N: 8, State: Ended, How: EndDone}}}
	_, err := i.liveRun(0)
	refusedAs(t, "after the end", err, WrongState)
	if err == nil || !strings.HasPrefix(err.Error(), "R8 ended (done), and no other run is planned.") {
		t.Error(err)
	}
}
