package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state/bolt"
)

// checkLock says what of the runbook can run, and what keeps the rest from it: no lock, an answer that is missing, bytes
// that changed, nobody who accepted it.
func (p program) checkLock(ctx context.Context, c *config, rb *runbook.Runbook) []finding {
	var found []finding
	ready, steps, undecided := 0, 0, 0
	for _, proc := range rb.Procedures {
		for _, s := range proc.Steps {
			steps++
			switch {
			case s.Ready || s.Choosable():
				ready++
			case s.Entry != nil && len(s.Entry.Decide) > 0:
				undecided++
			case s.Why != "" && s.Entry != nil:
				found = append(found, finding{"warning", fmt.Sprintf("Step %s %s does not run: %s.", s.Number, s.Title, s.Why), "`drbot runbook compile --diff` says what changed; compile, review and accept it."})
			}
		}
	}
	if undecided > 0 {
		found = append(found, finding{"warning", words(undecided, "step does", "steps do") + " not run before the lock's open questions are answered.", "`drbot runbook decide " + c.Runbook + "` asks them one at a time."})
	}
	if rb.Lock == nil && rb.LockError == nil && steps > 0 {
		found = append(found, finding{
			"warning", "There is no " + runbook.LockPath(c.Runbook) + ": drbot runs no step, every one is by hand.",
			"`drbot runbook compile " + c.Runbook + "` writes it, `drbot runbook decide " + c.Runbook + "` asks what it leaves open; review it, and let an approver accept it.",
		})
	}
	can := finding{"note", fmt.Sprintf("Runbook %s: %d of %d steps can run (procedures: %d).", rb.Digest[:6], ready, steps, len(rb.Procedures)), ""}
	switch waits, known := p.notAccepted(ctx, c, rb); {
	case !known:
		can.Fix = "Whether an approver has accepted them is in the record, which this account cannot read now: `drbot recover list`."
	case waits != "":
		can.Level, can.What = "warning", can.What+" "+waits
		can.Fix = "While drbot serves: an approver who did not load it accepts it, on its card in the house channel or with `drbot runbook accept`."
	}
	return append(found, can)
}

// words is a count with its noun, and with its verb where there is one.
func words(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// notAccepted says how much of the lock nobody accepted yet, "" where all of it is; known is false where the record
// cannot be read.
func (p program) notAccepted(ctx context.Context, c *config, rb *runbook.Runbook) (waits string, known bool) {
	open := map[string]bool{}
	if rb.Lock != nil {
		for _, digest := range rb.Lock.Digests() {
			open[digest] = true
		}
	}
	all := len(open)
	if all == 0 {
		return "", true
	}
	if _, err := os.Stat(filepath.Join(c.Data, bolt.File)); err == nil { // else nothing was ever accepted
		house, err := p.houseNow(ctx)
		if err != nil {
			return "", false
		}
		for digest := range open {
			_, accepted := house.Accepted[digest]
			_, before := house.Away[digest]
			if accepted || before {
				delete(open, digest)
			}
		}
	}
	switch {
	case len(open) == 0:
		return "", true
	case len(open) == all:
		return words(all, "lock entry waits", "lock entries wait") + " for an approver; nothing runs before that.", true
	}
	return words(len(open), "of its entries waits", "of its entries wait") + " for an approver; what is not accepted does not run.", true
}
