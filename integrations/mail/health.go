package mail

import (
	"fmt"
	"maps"
	"slices"
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
	mu    sync.Mutex
	now   Health
	waits map[string]waiting // by address
	hung  map[string]hanging // by address
	turn  int                // of the last hang-up
}

// waiting is an address that the server puts off.
type waiting struct {
	why   string
	since time.Time
}

// hanging is an address at which the server hung up the last time.
type hanging struct {
	why  string
	turn int
}

func (h *health) hangs(address, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hung == nil {
		h.hung = map[string]hanging{}
	}
	h.turn++
	h.hung[address] = hanging{why, h.turn}
}

// hungUp is why, when it did the last time.
func (h *health) hungUp(address string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hung[address].why
}

func (h *health) answers(address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.hung, address)
}

// ordered are addresses in the order in which they are tried: those at which the server hung up last come last.
func (h *health) ordered(addresses []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.Clone(addresses)
	slices.SortStableFunc(list, func(a, b string) int { return h.hung[a].turn - h.hung[b].turn })
	return list
}

// late reports whether an address is put off.
func (h *health) late(address string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, is := h.waits[address]
	return is
}

func (h *health) delayed(address, why string, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waits == nil {
		h.waits = map[string]waiting{}
	}
	if w, ok := h.waits[address]; ok && w.since.Before(since) {
		since = w.since
	}
	h.waits[address] = waiting{why, since}
}

// settled: an address was mailed, or given up.
func (h *health) settled(address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waits, address)
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
	l.health.mu.Lock()
	defer l.health.mu.Unlock()
	var list []string
	for _, address := range slices.Sorted(maps.Keys(l.health.waits)) {
		w := l.health.waits[address]
		list = append(list, fmt.Sprintf("The mail server %s puts off %s since %s UTC (%s): mail waits for it.", l.Host, address, w.since.UTC().Format("15:04"), w.why))
	}
	return list
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
