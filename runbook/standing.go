package runbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// StandingDays is how long an acceptance gives an approval in advance where the lock says nothing.
const StandingDays = 90

// standing refuses an approval in advance of what its giver has not seen whole: it is given by one person, with the
// acceptance of the entry, long before the incident.
func (c *lockCheck) standing(e *Entry) {
	s := e.Approvals.Standing
	if s == nil {
		return
	}
	fail := func(problem, want string) {
		c.s.fail(child(c.at, "approvals", "standing"), fmt.Sprintf("%s: standing: %s", e.ID, problem), want)
	}
	if len(s.Severity) == 0 || slices.ContainsFunc(s.Severity, func(n int) bool { return n < 1 || n > 4 }) {
		fail(fmt.Sprintf("severity %v", s.Severity), "severity: [1], each of 1 to 4")
	}
	if s.Days < 0 || s.Days > 365 {
		fail(fmt.Sprintf("days: %d", s.Days), "1 to 365 days from the acceptance on; without the key 90")
	}
	if a := c.l.Effective(*e).Approvals; a != nil && a.Need != 1 {
		fail(fmt.Sprintf("%d people must approve it, and one accepts the lock", a.Need), "need: 1, or no standing")
	}
	if e.Confirm != "" {
		fail("its approver types the target, and in advance nobody does", "no confirm, or no standing")
	}
	for _, p := range e.Parameters {
		if !p.foreseen() {
			fail(fmt.Sprintf("nobody has seen the value of %s when the lock is accepted", p.Name), "values of the run or the incident, or of an allowed set")
		}
	}
}

// foreseen reports whether a person who accepts the lock knows every value that the parameter can have.
func (p Parameter) foreseen() bool {
	switch p.From {
	case "run.id", "incident.id", "incident.opened_at":
		return p.Type != TypeSecret
	case "":
		return p.Type != TypeSecret && len(p.Allowed) > 0
	}
	return false
}

// Words say what whoever accepts the entry gives with it.
func (s *Standing) Words() string {
	levels := make([]string, len(s.Severity))
	for k, n := range s.Severity {
		levels[k] = "SEV-" + strconv.Itoa(n)
	}
	return fmt.Sprintf("who accepts this approves it in advance at %s, for %d days", strings.Join(levels, ", "), s.For())
}

// For is how many days from the acceptance on it holds.
func (s *Standing) For() int {
	if s.Days == 0 {
		return StandingDays
	}
	return s.Days
}

func standingWords(a, b *Approvals) []string {
	before, now := "", ""
	if a != nil && a.Standing != nil {
		before = a.Standing.Words()
	}
	if b != nil && b.Standing != nil {
		now = b.Standing.Words()
	}
	switch {
	case before == now:
		return nil
	case now == "":
		return []string{"no approval in advance any more"}
	}
	return []string{now}
}
