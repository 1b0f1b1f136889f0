package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/integrations/pagerduty"
	"github.com/drbot/drbot/state/follow"
)

// readiness is what /readyz answers: 200 while commands can be accepted and kept, whatever else is down.
type readiness struct {
	Ready     bool              `json:"ready"`
	Problem   string            `json:"problem,omitempty"`
	Degraded  []string          `json:"degraded"` // links that are down, a sentence each
	Followers []follow.Health   `json:"followers"`
	PagerDuty *pagerduty.Health `json:"pagerduty,omitempty"`
	Runbook   string            `json:"runbook"`
	Version   string            `json:"version"`
}

func (h *house) readiness(ctx context.Context) readiness {
	r := readiness{Degraded: h.degraded(), PagerDuty: h.pagerdutyHealth(), Followers: h.loop.Health(), Version: release(), Runbook: h.runbook().Digest}
	if r.Degraded == nil {
		r.Degraded = []string{}
	}
	switch err := h.store.Ready(ctx); {
	case !h.ready.Load():
		r.Problem = "starting"
	case err != nil:
		r.Problem = err.Error()
	default:
		r.Problem = nearlyFull(h.config.Data)
		r.Ready = r.Problem == ""
	}
	return r
}

// leastSpace is what a commit may need on the disk.
const leastSpace = 1 << 20

// nearlyFull says how little room the disk of the data directory has left; "" where that is enough. The record is
// allocated ahead, so it may take more for a while. A disk that does not tell is not full.
func nearlyFull(dir string) string {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return ""
	}
	return fullWords(dir, st.Bavail*uint64(st.Bsize))
}

func fullWords(dir string, left uint64) string {
	switch {
	case left >= leastSpace:
		return ""
	case left == 0:
		return "the disk of " + dir + " is full: the record takes what fits into its file and no more; free space there"
	}
	return fmt.Sprintf("the disk of %s is nearly full: %d KiB are left; free space there before the record cannot be written", dir, left>>10)
}

// mux is the HTTP door: Slack's when it is configured so, health, readiness and metrics.
func (h *house) mux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		answer := h.readiness(ctx)
		w.Header().Set("Content-Type", "application/json")
		if !answer.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			h.log.Warn("answer /readyz", "error", err)
		}
	})
	mux.Handle("GET /metrics", h.metrics())
	h.pagerdutyRoutes(mux)
	h.statusRoutes(mux)
	if h.bot != nil && h.config.SlackHTTP {
		h.bot.Routes(mux)
	}
	return h.counted(mux)
}
