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
		{Group: "runbook", Name: "text", May: incident.Everyone, Scope: Anywhere, Hidden: true, Deed: "read a lock", Does: "Shows the loaded lock's difference and what waits in it.", do: lockText},
		{Group: "runbook", Name: "reload", May: incident.Operator, Also: incident.Approver, Scope: InHouse, Example: "reload", Does: "Reads runbook and lock again; an approver other than you accepts what changed.", Deed: "reload the runbook", do: reloadRunbook},
	}
}

// acceptLock is an approver's word for every entry that nobody accepted yet (I5). The object is the digest of the lock that
// the person read, or its first digits as they typed them: a newer lock is another card.
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
		if len(read) < 8 {
			return nil, incident.Refuse(incident.BadInput, "A lock is accepted by at least the first eight digits of its sha256.").Then("`drbot runbook accept` shows the lock and asks for them.")
		}
		if now.Runbook.LockDigest != loaded.LockDigest || !strings.HasPrefix(now.Runbook.LockDigest, read) {
			return nil, incident.Refuse(incident.TooLate, "Another lock is loaded by now, so nothing was accepted.").Then("Read the newest acceptance card, or `drbot runbook accept`.")
		}
		events, err := now.Accept(c.person, o.People(), o.People().Digest(), now.Open(), difference)
		if err == nil {
			entries = events[0].(incident.LockAccepted).Entries
		}
		return events, err
	}, func() string {
		return said("accepted", facts{"Count": len(entries), "Lock": loaded.LockDigest})
	})
}

// loadedDifference finds what the newest load of a lock said that it changes.
func (o *Office) loadedDifference(ctx context.Context, lock string) ([]string, error) {
	e, err := o.load(ctx, lock)
	return slices.Clone(e.Difference), err
}

// load finds the newest load of a lock; empty where its record was redacted.
func (o *Office) load(ctx context.Context, lock string) (newest incident.RunbookLoaded, err error) {
	for record, err := range o.Store.Records(ctx, 0, 0) {
		if err != nil {
			return newest, err
		}
		if record.Kind != (incident.RunbookLoaded{}).EventKind() || record.Redacted {
			continue
		}
		event, err := record.Event()
		if err != nil {
			return newest, err
		}
		if e, ok := event.(incident.RunbookLoaded); ok && e.LockDigest == lock {
			newest = e
		}
	}
	return newest, nil
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
