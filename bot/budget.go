package bot

import (
	"sync"
	"time"
)

// Redraws of the whole workspace: Slack allows chat.update about 50 times a minute, drbot uses 40.
const (
	redrawsAMinute = 40
	redrawBurst    = 8
	redrawEvery    = 3 * time.Second // of one message
)

// budget is a bucket that fills at 40 a minute. It counts real time, since Slack does.
type budget struct {
	mu     sync.Mutex
	tokens float64
	at     time.Time
	until  time.Time // Slack said: not before this
}

// take spends one redraw, if more than spare ones stay; where there is none, it says how long until there is.
func (b *budget) take(now time.Time, spare float64) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.until) {
		return b.until.Sub(now)
	}
	if b.at.IsZero() {
		b.tokens = redrawBurst
	} else {
		b.tokens = min(redrawBurst, b.tokens+now.Sub(b.at).Seconds()*redrawsAMinute/60)
	}
	b.at = now
	if b.tokens < 1+spare {
		return max(time.Millisecond, time.Duration((1+spare-b.tokens)*60/redrawsAMinute*float64(time.Second)))
	}
	b.tokens--
	return 0
}

// pause stops redraws for a while, as Slack asked.
func (b *budget) pause(now time.Time, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(d); until.After(b.until) {
		b.until = until
	}
}

// giveBack returns a redraw that was not needed.
func (b *budget) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(redrawBurst, b.tokens+1)
}
