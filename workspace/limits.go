package workspace

import (
	"math"
	"time"
)

// Slack's tiers, in calls a minute per method. [docs.slack.dev/apis/web-api/rate-limits]
const (
	tier1 = 1
	tier2 = 20
	tier3 = 50
	tier4 = 100
	// perChannel marks chat.postMessage: one a second in each channel with
	// short bursts, and some hundreds a minute over the workspace.
	perChannel = -1
	unlimited  = 0
)

const (
	postBurst        = 5
	postsPerMinute   = 300
	connectionsBurst = 10 // apps.connections.open: tier 1 by one page, 3 by another
)

// bucket fills at rate tokens a second up to its size.
type bucket struct {
	tokens float64
	at     time.Time
}

// spend takes one call from the method's bucket; the result is the seconds of
// Retry-After, 0 when the call may go.
func (w *Workspace) spend(name string, m method, a args) int {
	if !w.opt.Limits || m.tier == unlimited {
		return 0
	}
	if m.tier == perChannel {
		if s := w.take(name+" "+a.str("channel"), postBurst, 1); s > 0 {
			return s
		}
		return w.take(name, postsPerMinute, postsPerMinute/60.0)
	}
	return w.take(name, float64(m.tier), float64(m.tier)/60)
}

func (w *Workspace) take(key string, size, rate float64) int {
	now := w.now()
	b := w.buckets[key]
	if b == nil {
		b = &bucket{tokens: size, at: now}
		w.buckets[key] = b
	}
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.tokens = min(size, b.tokens+d*rate)
		b.at = now
	}
	if b.tokens < 1 {
		return max(1, int(math.Ceil((1-b.tokens)/rate)))
	}
	b.tokens--
	return 0
}
