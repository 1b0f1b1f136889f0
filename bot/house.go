package bot

import (
	"context"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
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

// lockOffer is a loaded lock as it stands now.
func (b *Bot) lockOffer(ctx context.Context, e incident.RunbookLoaded) (templates.LockOffer, error) {
	return commands.LockOffer(ctx, b.Memory, e)
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
