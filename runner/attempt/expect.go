package attempt

import (
	"fmt"

	"github.com/drbot/drbot/runbook"
)

// differs compares an ended step with what the lock expects; "" means as expected.
// An exit code other than the expected one is a failure with or without an Expect.
func (j Job) differs(r Result, stdout []byte, whole bool) string {
	if r.Signal != 0 {
		return fmt.Sprintf("ended by signal %d", r.Signal)
	}
	expect := (*runbook.Expect)(j.Expect)
	if what := expect.Check(r.Exit, stdout); what != "" {
		if !whole {
			what += " (only the first MiB of output was compared)"
		}
		return what
	}
	if !whole && expect != nil && len(expect.Not) > 0 {
		return "the output is over 1 MiB: too long to say that it lacks what it must not hold"
	}
	for _, name := range j.Produces {
		if _, ok := r.Produced[name]; !ok {
			return fmt.Sprintf("the step produced no %s", name)
		}
	}
	return ""
}
