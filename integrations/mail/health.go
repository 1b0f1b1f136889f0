package mail

import (
	"fmt"
	"sync"
	"time"
)

// Health is how the link stands, for /readyz.
type Health struct {
	Up    bool      `json:"up"`
	Since time.Time `json:"since,omitzero"` // zero: nothing was mailed yet
	Why   string    `json:"why,omitempty"`
}

type health struct {
	mu  sync.Mutex
	now Health
}

func (h *health) seen(at time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if up := err == nil; h.now.Up != up || h.now.Since.IsZero() {
		h.now.Up, h.now.Since = up, at
	}
	if h.now.Why = ""; err != nil {
		h.now.Why = plain(err)
	}
}

// Health answers how the link stands.
func (l *Link) Health() Health {
	l.health.mu.Lock()
	defer l.health.mu.Unlock()
	return l.health.now
}

// Degraded says what of the mail does not work, a sentence each.
func (l *Link) Degraded() []string {
	if l.Broken != nil {
		return []string{"Mail waits: " + plain(l.Broken) + "."}
	}
	if h := l.Health(); !h.Up && !h.Since.IsZero() {
		return []string{fmt.Sprintf("The mail server %s is not reachable since %s UTC (%s): mail waits.", l.Host, h.Since.UTC().Format("15:04"), h.Why)}
	}
	return nil
}

// Watch is the link in a line, for App Home.
func (l *Link) Watch() string {
	switch h := l.Health(); {
	case h.Since.IsZero():
		return "Mail not used yet"
	case !h.Up:
		return "Mail not reachable since " + h.Since.UTC().Format("15:04 UTC")
	}
	return "Mail ok"
}
