package bot

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Link is the state of one connection, for /readyz and the card's first line.
type Link struct {
	Name  string    `json:"name"` // "slack api", "slack socket"
	Up    bool      `json:"up"`
	Since time.Time `json:"since"` // zero: not tried yet
	Why   string    `json:"why,omitempty"`
	Open  int       `json:"open,omitempty"` // Socket Mode links that are up
}

// health knows since when Slack answers or does not.
type health struct {
	now    func() time.Time
	mu     sync.Mutex
	web    Link
	links  int
	socket Link
	back   func(since time.Time) // told when Slack answers again, and since when it did not
	asked  time.Time             // when a question was last asked although Slack was away
	told   time.Time             // until when outages were told of
	counts map[string]uint64
}

// anew reports whether an outage that ends now was not told yet: what calls and links miss at the same time is one.
func (h *health) anew(since, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if since.Before(h.told) {
		return false
	}
	h.told = now
	return true
}

// api notes one call's luck.
func (h *health) api(up bool, why string) {
	h.mu.Lock()
	before := h.web
	if before.Up != up || before.Since.IsZero() {
		h.web = Link{Up: up, Since: h.now(), Why: why}
	}
	h.mu.Unlock()
	h.returned(before, up)
}

// askAgain is how often Slack is asked something while it is away.
const askAgain = 5 * time.Second

// away reports whether Slack did not answer the last call, and whether it is time to ask again.
func (h *health) away(now time.Time) (away, again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.web.Up || h.web.Since.IsZero() {
		return false, true
	}
	if again = now.Sub(h.asked) >= askAgain; again {
		h.asked = now
	}
	return true, again
}

// link notes that one more or less socket is open.
func (h *health) link(by int, why string) {
	h.mu.Lock()
	before := h.socket
	h.links += by
	up := h.links > 0
	if up != before.Up || before.Since.IsZero() {
		h.socket = Link{Up: up, Since: h.now(), Why: why}
	}
	h.mu.Unlock()
	h.returned(before, up)
}

// returned tells when something answers again, or for the first time.
func (h *health) returned(before Link, up bool) {
	if up && !before.Up && h.back != nil {
		h.back(before.Since)
	}
}

// count counts what happens, for metrics: "forged", "malformed", "refused", "late", "busy".
func (h *health) count(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts == nil {
		h.counts = map[string]uint64{}
	}
	h.counts[what]++
}

// ask asks Slack something that an answer is better with, and waits for it a moment. While Slack is away nobody waits:
// a single question goes on behind the answers, to find out whether it is back.
func (b *Bot) ask(ctx context.Context, patience time.Duration, question func(context.Context)) {
	away, again := b.health.away(time.Now())
	if !away {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		question(ctx)
	} else if again {
		b.after(func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, askAgain)
			defer cancel()
			question(ctx)
		})
	}
}

// Health tells the state of the links.
func (b *Bot) Health() []Link {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	web := b.health.web
	web.Name = "slack api"
	list := []Link{web}
	if !b.HTTP {
		socket := b.health.socket
		socket.Name, socket.Open = "slack socket", b.health.links
		list = append(list, socket)
	}
	return list
}

// Counts gives what was counted since the start.
func (b *Bot) Counts() map[string]uint64 {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	counts := make(map[string]uint64, len(b.health.counts))
	for what, n := range b.health.counts {
		counts[what] = n
	}
	return counts
}

// Degraded says what of Slack does not work, a sentence each.
func (b *Bot) Degraded() []string {
	for _, link := range b.Health() {
		if !link.Up && !link.Since.IsZero() {
			return []string{fmt.Sprintf("Slack is not reachable since %s UTC (%s): decide at the terminal.", link.Since.UTC().Format("15:04"), link.Why)}
		}
	}
	return nil
}
