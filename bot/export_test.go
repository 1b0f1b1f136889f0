package bot

import "time"

// SetAwayLong shortens what counts as a long outage.
func (b *Bot) SetAwayLong(d time.Duration) { b.awayLong = d }
