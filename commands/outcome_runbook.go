package commands

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

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

// lockDifference says in words what a lock changes against the one before, one line an entry. An accepted entry whose
// digest is the same is no difference.
func lockDifference(before, after *runbook.Lock) []string {
	was, is := entriesOf(before), entriesOf(after)
	var words []string
	for _, id := range slices.Sorted(maps.Keys(is)) {
		old, known := was[id]
		now := is[id]
		switch {
		case !known:
			words = append(words, fmt.Sprintf("%s is new: %s, %s on %s", id, now.Title, now.Risk, or(now.Target, "no target")))
		case old.Digest() != now.Digest():
			words = append(words, fmt.Sprintf("%s changed: %s", id, strings.Join(entryChanges(old, now, before, after), "; ")))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		if _, still := is[id]; !still {
			words = append(words, id+" is gone: "+was[id].Title)
		}
	}
	return words
}

func entriesOf(lock *runbook.Lock) map[string]runbook.Entry {
	entries := map[string]runbook.Entry{}
	if lock == nil {
		return entries
	}
	for id := range lock.Digests() {
		for _, e := range lock.Steps {
			if e.ID == id {
				entries[id] = lock.Effective(e)
			}
		}
	}
	return entries
}

// entryChanges names what differs; the whole text is on the acceptance card.
func entryChanges(old, now runbook.Entry, before, after *runbook.Lock) []string {
	var words []string
	say := func(what string, a, b any) {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			words = append(words, fmt.Sprintf("%s %v, was %v", what, b, a))
		}
	}
	say("risk", old.Risk, now.Risk)
	say("approvals", approvalWords(old.Approvals), approvalWords(now.Approvals))
	say("target", old.Target, now.Target)
	say("limit", old.Timeout, now.Timeout)
	say("interpreter", old.Interpreter, now.Interpreter)
	say("on failure", or(old.OnFailure, "none"), or(now.OnFailure, "none"))
	changed := func(what string, same bool) {
		if !same {
			words = append(words, what+" changed")
		}
	}
	changed("the text", old.Run == now.Run)
	changed("parameters", reflect.DeepEqual(old.Parameters, now.Parameters))
	changed("what counts as done", reflect.DeepEqual(old.Expect, now.Expect) && old.Verify == now.Verify)
	changed("checks before", old.Precheck == now.Precheck && old.List == now.List)
	changed("the undo", old.Undo == now.Undo)
	changed("where it runs", before.Targets[old.Target] == after.Targets[now.Target])
	if len(words) == 0 {
		words = []string{"details"}
	}
	return words
}

func approvalWords(a *runbook.Approvals) string {
	if a == nil || a.Need == 0 {
		return "none"
	}
	return fmt.Sprintf("%d of %s within %s", a.Need, or(strings.Join(a.From, " or "), "nobody"), a.Expires)
}
