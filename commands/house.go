package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// houseVerbs lists what is decided about drbot itself.
func houseVerbs() []Verb {
	return []Verb{
		{Group: "runbook", Name: "accept", May: incident.Approver, Scope: InHouse, Grammar: "[<lock sha256>]", Example: "accept", Does: "Lets the entries of the loaded lock run.", Deed: "accept a lock", Decides: true, do: acceptLock},
		{Group: "runbook", Name: "reload", May: incident.Operator, Also: incident.Approver, Scope: InHouse, Example: "reload", Does: "Reads runbook and lock again; an approver other than you accepts what changed.", Deed: "reload the runbook", do: reloadRunbook},
	}
}

// acceptLock is an approver's word for every entry that nobody accepted yet (I5). The object, when given, is the digest
// of the lock that the person read: a newer one is another card.
func acceptLock(ctx context.Context, o *Office, c *call) (Reply, error) {
	read := strings.ToLower(or(c.Object, c.Text))
	house, err := o.Store.House(ctx)
	if err != nil {
		return Reply{}, err
	}
	loaded := house.Runbook
	difference, err := o.loadedDifference(ctx, loaded.LockDigest)
	if err != nil {
		return Reply{}, err
	}
	var entries []string
	return o.house(ctx, c, func(v state.View) ([]incident.Event, error) {
		now := v.House()
		if now.Runbook.LockDigest != loaded.LockDigest || read != "" && (len(read) < 8 || !strings.HasPrefix(now.Runbook.LockDigest, read)) {
			return nil, incident.Refuse(incident.TooLate, "Another lock is loaded by now.").Then("Read the newest acceptance card.")
		}
		entries = now.Open()
		return now.Accept(c.person, o.People(), o.People().Digest(), entries, difference)
	}, func() string {
		return said("accepted", facts{"Count": len(entries), "Lock": loaded.LockDigest})
	})
}

// loadedDifference finds what the newest load of a lock said that it changes.
func (o *Office) loadedDifference(ctx context.Context, lock string) ([]string, error) {
	var words []string
	for record, err := range o.Store.Records(ctx, 0, 0) {
		if err != nil {
			return nil, err
		}
		if record.Kind != (incident.RunbookLoaded{}).EventKind() || record.Redacted {
			continue
		}
		event, err := record.Event()
		if err != nil {
			return nil, err
		}
		if e, ok := event.(incident.RunbookLoaded); ok && e.LockDigest == lock {
			words = slices.Clone(e.Difference)
		}
	}
	return words, nil
}

// reloadRunbook reads the files again; what they hold comes back as the outcome RunbookLoaded, with the person as its
// loader.
func reloadRunbook(ctx context.Context, o *Office, c *call) (Reply, error) {
	if o.Reload == nil {
		return Reply{}, incident.Refuse(incident.WrongState, "Nothing is loaded here.")
	}
	err := o.mayAnywhere(c)
	if err == nil && c.Actor.Slack != "" {
		err = incident.Refuse(incident.NotAllowed, "A runbook is reloaded at the terminal.").Then("On the host: drbot runbook reload")
	}
	if err != nil {
		return o.house(ctx, c, func(state.View) ([]incident.Event, error) { return nil, err }, nil)
	}
	say, err := o.Reload(ctx, c.person)
	if err != nil {
		return Reply{}, incident.Refuse(incident.BadInput, "Not reloaded, the runbook before stays: %v", err)
	}
	return Reply{Say: templates.Message{Text: say}}, nil
}
