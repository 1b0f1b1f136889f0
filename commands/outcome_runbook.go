package commands

import (
	"context"
	"maps"
	"slices"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
)

// runbookLoaded makes a revision the one that new runs use. Its bytes are kept, so that a run keeps its revision over
// restarts (I4), and the next load can say what changed.
func (o *Office) runbookLoaded(ctx context.Context, c Command, e RunbookLoaded) (Reply, error) {
	house, err := o.Store.House(ctx)
	if err != nil {
		return Reply{}, err
	}
	var before *runbook.Lock
	if house.Runbook.LockDigest != "" {
		if old, err := o.Store.Blob(ctx, house.Runbook.LockDigest); err == nil {
			before, _ = runbook.ReadLock(old) // unreadable to this version: every entry counts as new
		}
	}
	loaded := incident.RunbookLoaded{
		Digest: e.Runbook.Digest, LockDigest: e.Runbook.LockDigest, Loader: e.Loader,
		Entries: entryDigests(e.Runbook.Lock), Difference: lockDifference(before, e.Runbook.Lock),
	}
	return o.settleHouse(ctx, c, func(v state.View) (state.Decision, error) {
		now := v.House().Runbook
		if now.Digest == loaded.Digest && now.LockDigest == loaded.LockDigest && slices.Equal(now.Entries, loaded.Entries) {
			return state.Decision{}, nil
		}
		d := houseEvent(loaded)
		d.Blobs = [][]byte{e.Runbook.Source}
		if len(e.Runbook.LockSource) > 0 {
			d.Blobs = append(d.Blobs, e.Runbook.LockSource)
		}
		return d, nil
	})
}

// entryDigests lists what an approver accepts, one digest an entry that can run, in the order of their ids.
func entryDigests(lock *runbook.Lock) []string {
	if lock == nil {
		return nil
	}
	digests := lock.Digests()
	var list []string
	for _, id := range slices.Sorted(maps.Keys(digests)) {
		if !slices.Contains(list, digests[id]) {
			list = append(list, digests[id])
		}
	}
	return list
}

// lockDifference says in words what a lock changes against the one before, one line an entry or target. What a person does
// before and after is no difference: nothing of it runs.
func lockDifference(before, after *runbook.Lock) []string {
	runs := map[string]bool{}
	for _, lock := range []*runbook.Lock{before, after} {
		if lock != nil {
			for _, digest := range lock.Digests() {
				runs[digest] = true
			}
		}
	}
	var words []string
	for _, d := range runbook.Diff(before, after) {
		if target := d.Before == "" && d.After == ""; target || runs[d.Before] || runs[d.After] {
			words = append(words, d.ID+": "+d.Text)
		}
	}
	return words
}
