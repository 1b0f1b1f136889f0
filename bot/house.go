package bot

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

// lockCard asks in the house channel for the acceptance of what a load brought, where anything is open (I5, I15).
func (t *talk) lockCard(e incident.RunbookLoaded) error {
	offer, err := t.lockOffer(t.ctx, e)
	if err != nil || offer.Replaced || offer.AcceptedBy.Key != "" || len(offer.Entries) == 0 {
		return err
	}
	channel, err := t.houseID(t.ctx)
	if err != nil {
		return err
	}
	key := templates.LockKey(e.LockDigest)
	_, err = t.card(key, channel, key, func(f templates.Facts) templates.Message { return templates.LockCard(offer, f) })
	return err
}

// lockOffer is a loaded lock as it stands now: what is open in it, or who accepted it. The bytes come from the record,
// not from a file that may have changed since.
func (b *Bot) lockOffer(ctx context.Context, e incident.RunbookLoaded) (templates.LockOffer, error) {
	offer := templates.LockOffer{Digest: e.LockDigest, Loader: e.Loader, Difference: e.Difference}
	house, err := b.Memory.House(ctx)
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
	source, err := b.Memory.Blob(ctx, e.LockDigest)
	if err != nil {
		return offer, err
	}
	lock, err := runbook.ReadLock(source)
	if err != nil {
		return offer, err
	}
	digests := lock.Digests()
	used := map[string]bool{}
	for _, step := range lock.Steps {
		// Accepted entries stay on the card that was accepted; on a later card only what is open is shown.
		if digest, ok := digests[step.ID]; !ok || len(open) > 0 && !open[digest] {
			continue
		}
		whole := lock.Effective(step)
		used[whole.Target] = true
		offer.Entries = append(offer.Entries, templates.LockEntry{
			Number: cmp.Or(e.Numbers[step.ID], templates.StepNumber(step.ID)), Title: whole.Title, Interpreter: whole.Interpreter, Target: whole.Target,
			Risk: string(whole.Risk), Script: scriptOf(whole),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if target, ok := lock.Targets[name]; ok {
			offer.Targets = append(offer.Targets, templates.LockTarget{Name: name, Words: target.Words(), Path: target.Path, Probe: target.Probe})
		}
	}
	return offer, nil
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

func lastAcceptance(house *incident.House) (incident.Person, time.Time) {
	var last incident.Acceptance
	for _, a := range house.Accepted {
		if a.At.After(last.At) || last.By.Key == "" {
			last = a
		}
	}
	return last.By, last.At
}

// loads finds the loads of the runbook by their card's name.
func (b *Bot) loads(ctx context.Context) (map[string]incident.RunbookLoaded, error) {
	found := map[string]incident.RunbookLoaded{}
	for r, err := range b.Memory.Records(ctx, 0, 0) {
		if err != nil {
			return nil, err
		}
		if r.Kind != (incident.RunbookLoaded{}).EventKind() || r.Redacted {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		if loaded, ok := e.(incident.RunbookLoaded); ok && loaded.LockDigest != "" {
			found[templates.LockKey(loaded.LockDigest)] = loaded
		}
	}
	return found, nil
}
