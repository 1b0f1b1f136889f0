package commands

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// LockOffer is a loaded lock as it stands now: what is open in it, or who accepted it. The bytes come from the record, not
// from a file that may have changed since; the chat's card and the terminal show the same offer.
func LockOffer(ctx context.Context, s state.Reader, e incident.RunbookLoaded) (templates.LockOffer, error) {
	offer := templates.LockOffer{Digest: e.LockDigest, Loader: e.Loader, Difference: e.Difference}
	house, err := s.House(ctx)
	if err != nil || e.LockDigest == "" {
		return offer, err
	}
	if house.Runbook.LockDigest != e.LockDigest {
		offer.Replaced = true
		return offer, nil
	}
	offer.At = house.Runbook.At
	open := map[string]bool{}
	for _, digest := range house.Open() {
		open[digest] = true
	}
	if len(open) == 0 {
		offer.AcceptedBy, offer.AcceptedAt = lastAcceptance(house)
	}
	source, err := s.Blob(ctx, e.LockDigest)
	if err != nil {
		return offer, err
	}
	lock, err := runbook.ReadLock(source)
	if err != nil {
		return offer, err
	}
	offerEntries(&offer, lock, open, e.Numbers)
	return offer, nil
}

// offerEntries adds what is open in a lock, all of it where nothing is.
func offerEntries(offer *templates.LockOffer, lock *runbook.Lock, open map[string]bool, numbers map[string]string) {
	digests := lock.Digests()
	whole := runbook.Lock{Format: lock.Format, Targets: map[string]runbook.Target{}}
	for _, step := range lock.Steps {
		// Accepted entries stay on the card that was accepted; on a later card only what is open is shown.
		if digest, ok := digests[step.ID]; !ok || len(open) > 0 && !open[digest] {
			continue
		}
		e := lock.Effective(step)
		whole.Steps = append(whole.Steps, e)
		if target, ok := lock.Targets[e.Target]; ok {
			whole.Targets[e.Target] = target
		}
		offer.Entries = append(offer.Entries, templates.LockEntry{
			Number: cmp.Or(numbers[step.ID], templates.StepNumber(step.ID)), Title: e.Title, Interpreter: e.Interpreter, Target: e.Target,
			Risk: riskOf(e), Script: scriptOf(e),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(whole.Targets)) {
		target := whole.Targets[name]
		offer.Targets = append(offer.Targets, templates.LockTarget{Name: name, Words: target.Words(), Path: target.Path, Probe: target.Probe})
	}
	if len(whole.Steps) > 0 {
		offer.Whole = withoutHead(whole.Marshal())
	}
}

// withoutHead takes the comment off with which every lock file begins.
func withoutHead(lock []byte) string {
	text := string(lock)
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// scriptOf is everything of an entry that would run: its text, and what is read before and after it.
func scriptOf(e runbook.Entry) string {
	text := e.Run
	for _, extra := range []struct{ name, script string }{{"list", e.List}, {"precheck", e.Precheck}, {"verify", e.Verify}} {
		if strings.TrimSpace(extra.script) != "" {
			text = strings.TrimRight(text, "\n") + "\n# " + extra.name + ":\n" + extra.script
		}
	}
	return text
}

// riskOf is the class of an entry, and what else than that its text may run its acceptance gives.
func riskOf(e runbook.Entry) string {
	if e.Approvals != nil && e.Approvals.Standing != nil {
		return string(e.Risk) + ", " + e.Approvals.Standing.Words()
	}
	return string(e.Risk)
}

func lastAcceptance(house *incident.House) (incident.Person, time.Time) {
	var last incident.Acceptance
	for _, a := range house.Accepted {
		if a.At.After(last.At) || last.By.Key == "" {
			last = a
		}
	}
	return last.By, last.At
}
