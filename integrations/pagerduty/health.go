package pagerduty

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Health is how the link stands, for /readyz.
type Health struct {
	Up      bool      `json:"up"`
	Since   time.Time `json:"since,omitzero"`        // zero: not asked yet
	Why     string    `json:"why,omitempty"`         // it is down
	Webhook time.Time `json:"last_webhook,omitzero"` // the newest one that was kept
	Asked   time.Time `json:"last_asked,omitzero"`   // the last time that its open incidents were compared
	Forged  uint64    `json:"forged,omitempty"`      // webhooks with a wrong signature, since the start
	Pings   uint64    `json:"pings,omitempty"`       // test events that were taken, since the start
	Refused time.Time `json:"refused,omitzero"`      // the newest test event with a wrong signature
	Marks   []string  `json:"marks,omitempty"`       // of the secrets in use, for Check to compare; too short to find one by
}

type health struct {
	mu      sync.Mutex
	now     Health
	limited time.Time // until then it asks to wait
}

// api notes one call's luck.
func (h *health) api(at time.Time, up bool, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now.Up != up || h.now.Since.IsZero() {
		h.now.Up, h.now.Since = up, at
	}
	h.now.Why, h.limited = why, time.Time{}
}

// limit notes that PagerDuty answers, and asks to wait.
func (h *health) limit(at time.Time, wait time.Duration) {
	h.api(at, true, "")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.limited = at.Add(wait)
}

func (h *health) webhook(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.After(h.now.Webhook) {
		h.now.Webhook = at
	}
}

func (h *health) asked(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Asked = at
}

// forgery counts one, and reports whether it is the first.
func (h *health) forgery() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Forged++
	return h.now.Forged == 1
}

func (h *health) refused(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Refused = at
}

func (h *health) pinged() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Pings++
}

// Health answers how the link stands.
func (l *Link) Health() Health {
	l.health.mu.Lock()
	defer l.health.mu.Unlock()
	now := l.health.now
	now.Marks = l.marks()
	return now
}

// marks tell secrets apart, sorted. A short secret has none: it could be guessed by it.
func (l *Link) marks() []string {
	var all []string
	for _, s := range l.Secrets {
		if len(s.Reveal()) < minSecret {
			continue
		}
		mac := hmac.New(sha256.New, []byte(s.Reveal()))
		_, _ = mac.Write([]byte("which secret drbot judges webhooks with"))
		all = append(all, hex.EncodeToString(mac.Sum(nil)[:3]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sameMarks reports whether the drbot that serves has the secrets of here, as far as marks can tell.
func (l *Link) sameMarks(serving Health) bool {
	here := l.marks()
	return len(here) == 0 || len(serving.Marks) == 0 || slices.Equal(here, serving.Marks)
}

// Away says why PagerDuty would not take a page now, as the last call went; "": it would, or was not asked yet.
func (l *Link) Away() string {
	l.health.mu.Lock()
	defer l.health.mu.Unlock()
	switch h := l.health.now; {
	case !h.Up && !h.Since.IsZero():
		return fmt.Sprintf("not reachable since %s UTC, %s", h.Since.UTC().Format("15:04"), h.Why)
	case l.Now().Before(l.health.limited):
		return "it asks to wait"
	}
	return ""
}

// Degraded says what of PagerDuty does not work, a sentence each.
func (l *Link) Degraded() []string {
	var list []string
	if h := l.Health(); !h.Up && !h.Since.IsZero() {
		list = append(list, fmt.Sprintf("PagerDuty is not reachable since %s UTC (%s): what is told there waits.", h.Since.UTC().Format("15:04"), h.Why))
	}
	if !l.Token.IsZero() && l.From == "" {
		list = append(list, "PagerDuty is told nothing until pagerduty.from names a user.")
	}
	if l.deaf() {
		list = append(list, "PagerDuty's webhooks are put off until PAGERDUTY_WEBHOOK_SECRET is set.")
	}
	return list
}

// deaf reports that no webhook can be judged.
func (l *Link) deaf() bool {
	for _, s := range l.Secrets {
		if !s.IsZero() {
			return false
		}
	}
	return true
}

// Watch is the link in a line, for App Home.
func (l *Link) Watch() string {
	h := l.Health()
	line := "PagerDuty ok"
	switch {
	case l.client == nil, l.From == "":
		line = "PagerDuty is heard, and told nothing"
	case h.Since.IsZero():
		line = "PagerDuty not asked yet"
	case !h.Up:
		line = "PagerDuty not reachable since " + h.Since.UTC().Format("15:04 UTC")
	}
	if h.Webhook.IsZero() {
		return line + ", no webhook yet"
	}
	form := "15:04 UTC"
	if l.Now().Sub(h.Webhook) > 12*time.Hour {
		form = "2 Jan 15:04 UTC"
	}
	return line + ", last webhook " + h.Webhook.UTC().Format(form)
}
