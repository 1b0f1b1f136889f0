package attempt

import (
	"fmt"
	"syscall"

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

// judge says how it ended: the exit code alone proves nothing (I32).
func (s *supervisor) judge(r *Result) {
	produced, err := s.child.produced(s.redactor)
	if err != nil {
		r.Expectation = s.redact(err.Error())
	}
	r.Produced = produced
	stdout, whole := s.out.stdout()
	if differs := s.job.differs(*r, stdout, whole); differs != "" {
		r.Expectation = differs
	}
	switch {
	case s.stopped != "":
		r.Outcome = s.stopped
	case r.Expectation != "":
		r.Outcome = Failed
		if r.Why = s.child.bounds.reached(s.peak(), r.LastLines); r.Why == "" {
			r.Why = named(*r, string(s.job.Script))
		}
	default:
		r.Outcome = Succeeded
		if s.job.Expect == nil {
			r.Expectation = Unverified
		}
	}
}

// peak is the most memory that the direct child or one that it waited for had at once, in bytes.
func (s *supervisor) peak() int64 {
	if s.state == nil {
		return 0
	}
	return s.state.SysUsage().(*syscall.Rusage).Maxrss << 10
}
