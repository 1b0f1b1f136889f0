package commands

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// runbookLoaded makes a revision the one that new runs use. Its bytes are kept, so that a run keeps its revision over
// restarts (I4), and the next load can say what changed.
func (o *Office) runbookLoaded(ctx context.Context, c Command, e RunbookLoaded) (Reply, error) {
	house, err := o.Store.House(ctx)
	if err != nil {
		return Reply{}, err
	}
	var before *runbook.Lock
	// What waits is compared with what was accepted, not with another load that nobody accepted: else its words would be lost with the next load.
	if reviewed := cmp.Or(house.Reviewed, house.Runbook.LockDigest); reviewed != "" && (house.Reviewed != "" || reviewed != e.Runbook.LockDigest) {
		if old, err := o.Store.Blob(ctx, reviewed); err == nil {
			before, _ = runbook.ReadLock(old) // unreadable to this version: every entry counts as new
		}
	}
	loaded := incident.RunbookLoaded{
		Digest: e.Runbook.Digest, LockDigest: e.Runbook.LockDigest, Loader: e.Loader,
		Entries: entryDigests(e.Runbook.Lock), Difference: lockDifference(before, e.Runbook), Numbers: movedNumbers(e.Runbook),
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
func lockDifference(before *runbook.Lock, now *runbook.Runbook) []string {
	runs := map[string]bool{}
	for _, lock := range []*runbook.Lock{before, now.Lock} {
		if lock != nil {
			for _, digest := range lock.Digests() {
				runs[digest] = true
			}
		}
	}
	names := entryNames(before, now)
	var words []string
	for _, d := range runbook.Diff(before, now.Lock) {
		if d.Target || runs[d.Before] || runs[d.After] {
			words = append(words, d.Line(names[d.ID], before == nil))
		}
	}
	return append(words, unlikeMarkdown(now, names)...)
}

// unlikeMarkdown names the entries whose text is not the Markdown's with its shown rewrites. They do not run, accepted or not.
func unlikeMarkdown(now *runbook.Runbook, names map[string]string) []string {
	var words []string
	for _, p := range now.Procedures {
		for _, s := range p.Steps {
			if s.Why == runbook.WhyDiffers {
				words = append(words, names[s.ID]+": "+s.Why+", so it does not run")
			}
			for _, a := range s.Alternatives {
				if a.Why == runbook.WhyDiffers {
					words = append(words, names[a.ID]+": "+a.Why+", so it does not run")
				}
			}
		}
	}
	return words
}

// entryNames are the entries of both locks as people know them, by id: the present number and the title. An entry that is
// gone has no number any more and keeps its title and id.
func entryNames(before *runbook.Lock, now *runbook.Runbook) map[string]string {
	names := map[string]string{}
	if before != nil {
		for _, e := range before.Steps {
			names[e.ID] = strings.TrimSpace(e.Title + " (" + e.ID + ")")
		}
	}
	numbers := presentNumbers(now)
	if now.Lock != nil {
		for _, e := range now.Lock.Steps {
			if number := numbers[e.ID]; number != "" {
				names[e.ID] = strings.TrimSpace(number + " " + e.Title)
			} else {
				names[e.ID] = strings.TrimSpace(e.Title + " (" + e.ID + ")")
			}
		}
	}
	return names
}

// presentNumbers are the numbers of all entries that the Markdown still has, by id. The undo of 1.6 is 1.6u, a branch of it
// 1.6a.
func presentNumbers(now *runbook.Runbook) map[string]string {
	numbers := map[string]string{}
	if now.Lock == nil {
		return numbers
	}
	for _, p := range now.Procedures {
		for _, s := range p.Steps {
			numbers[s.ID] = s.Number
		}
	}
	// A branch's undo comes after its branch: what an entry belongs to is named before it, or is a step.
	for range 2 {
		for _, e := range now.Lock.Steps {
			if of := cmp.Or(e.UndoOf, e.ChoiceOf); of != "" && numbers[of] != "" {
				if rest, ok := strings.CutPrefix(e.ID, of); ok {
					numbers[e.ID] = numbers[of] + rest
				}
			}
		}
	}
	return numbers
}

// movedNumbers are the present numbers that are not what the id says.
func movedNumbers(now *runbook.Runbook) map[string]string {
	moved := presentNumbers(now)
	maps.DeleteFunc(moved, func(id, number string) bool { return number == templates.StepNumber(id) })
	if len(moved) == 0 {
		return nil
	}
	return moved
}

// lockSigned takes a signature over the loaded lock as its signer's word, by the rules of a press: an approver, and not the
// person who loaded it (I5). Where nothing is open it changes nothing.
func (o *Office) lockSigned(ctx context.Context, c Command, e LockSigned) (Reply, error) {
	difference, err := o.loadedDifference(ctx, e.LockDigest)
	if err != nil {
		return Reply{}, err
	}
	reply, err := o.settleHouse(ctx, c, func(v state.View) (state.Decision, error) {
		house := v.House()
		open := house.Open()
		if house.Runbook.LockDigest != e.LockDigest || len(open) == 0 {
			return state.Decision{}, nil
		}
		entry, known := o.People().Email(e.Principal)
		if !known {
			return state.Decision{}, incident.Refuse(incident.NotAllowed, "The lock is signed by %s, who is nobody in people.", e.Principal).Then("Add the email of an approver there, or to the allowed signers.")
		}
		events, err := house.Accept(entry.Person("ssh:"+e.Principal), rights{o.People(), o.Flags}, o.People().Digest(), open, difference)
		if err != nil {
			return state.Decision{}, err
		}
		accepted := events[0].(incident.LockAccepted)
		accepted.Signature = incident.Digest(e.Signature)
		return state.Decision{House: []incident.Event{accepted}, Blobs: [][]byte{e.Signature}}, nil
	})
	if refusal := (*incident.Refusal)(nil); errors.As(err, &refusal) {
		return Reply{Kind: refusal.Kind, Say: templates.Message{Text: refusal.Error()}}, nil
	}
	return reply, err
}
