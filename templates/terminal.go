package templates

import (
	"github.com/drbot/drbot/incident"
)

// What is decided at a terminal is shown there as its card shows it, and then whole: a terminal has room, and no file to
// open beside it.

// whole is more lines, and more characters in one of them, than any difference has.
const whole = 1 << 20

// ApprovalWhole is the approval card at a terminal: the same questions in the same order, then the text that the digest is
// of, to the last byte.
func ApprovalWhole(i *incident.Incident, a *incident.Approval, text string, f Facts) Message {
	r := i.Run(a.Run)
	m := approvalHead(i, a, shownOn(i, a, stepOf(r, a), f))
	m.Blocks = append(m.Blocks, Code{Text: text}, footer(r, a, f))
	return m
}

// LockWhole is the acceptance card at a terminal: the whole difference in words, then every new or changed entry with all
// that it holds. Where nothing is to be accepted it says what became of the lock.
func LockWhole(o LockOffer) Message {
	m := lockHead(o, whole, whole)
	if o.open() && o.Whole != "" {
		m.Blocks = append(m.Blocks, Code{Text: o.Whole})
	}
	return m
}
