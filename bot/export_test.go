package bot

import (
	"context"
	"time"
)

// SetAwayLong shortens what counts as a long outage.
func (b *Bot) SetAwayLong(d time.Duration) { b.awayLong = d }

// Glance looks what running steps write, as the timer does, and says how many redraws that asks for.
func (b *Bot) Glance(ctx context.Context) (int, error) {
	err := b.drawer.glance(ctx)
	return b.drawer.waiting(), err
}

// WhoAt says which word of a line is a person.
var WhoAt = whoAt
