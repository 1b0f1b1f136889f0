package statuspage

import (
	"context"
	"fmt"
	"slices"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// Send commits what became of a message; repeated under the same key it changes nothing.
type Send func(ctx context.Context, outcome any, keys ...string) error

// stands lets the record say of the messages up to a batch that they stand on the page.
func stands(ctx context.Context, record Record, send Send, b follow.Batch, entry *Entry) error {
	if send == nil || entry == nil || b.Incident == 0 || len(b.Records) == 0 {
		return nil
	}
	i, err := record.Incident(ctx, state.Ref{ID: b.Incident})
	if err != nil {
		return follow.Unavailable{Err: fmt.Errorf("read %s: %w", b.Incident, err), NotSent: true}
	}
	last := b.Records[len(b.Records)-1]
	for _, m := range i.Leaving(incident.AudienceStatus, last.N) {
		if !slices.ContainsFunc(entry.Updates, func(u Update) bool { return u.Number == m.Number && !u.Own }) {
			continue
		}
		key := fmt.Sprintf("%s/left/%d/%d", Name, last.Seq, m.Number)
		if err := send(ctx, commands.MessageLeft{Incident: i.ID, MessageLeft: m}, key); err != nil {
			return follow.Unavailable{Err: fmt.Errorf("write that the page has a message: %w", err), NotSent: true}
		}
	}
	return nil
}
