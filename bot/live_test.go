package bot_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
	"github.com/drbot/drbot/workspace/person"
)

// A running step's newest line comes onto the run card although nothing happens, once for each line.
func TestLiveOutputRedrawsTheRunCard(t *testing.T) {
	var line atomic.Pointer[string]
	at := time.Date(2026, 11, 25, 3, 19, 0, 0, time.UTC)
	w := newWorld(t, worldOptions{facts: func(ctx context.Context, _ *incident.Incident) templates.Facts {
		f := templates.Facts{Now: at}
		if text := line.Load(); text != nil {
			f.Live = map[string]templates.Tail{"R1/p1.s1": {At: at, Line: *text}}
		}
		return f
	}})
	w.holds("p1.s1")
	room := w.open("Database corruption: Users db is gone")
	w.recover(room)
	w.eventually("the step runs", func() bool {
		i := w.fold(1)
		return len(i.Runs) > 0 && i.Runs[0].Steps[0].State == incident.StepRuns
	})
	settled := func() {
		w.eventually("nothing waits to be drawn", func() bool {
			c, err := w.drbot.store.Cursor(w.ctx, "slack.draw", 1)
			n, bad := w.drbot.bot.Glance(w.ctx)
			return err == nil && bad == nil && n == 0 && c.Through >= w.fold(1).Seq
		})
	}
	settled()
	for _, text := range []string{"copied 1.2 of 3.1 GB", "copied 2.4 of 3.1 GB"} {
		line.Store(&text)
		n, err := w.drbot.bot.Glance(w.ctx)
		must(t, err)
		if n != 1 {
			t.Errorf("%q: %d redraws", text, n)
		}
		_, err = w.ana.Await(w.within(), text, func(s person.State) bool {
			c, _ := s.Channel(room)
			for _, m := range c.Messages {
				if strings.Contains(m.Plain, text) {
					return true
				}
			}
			return false
		})
		must(t, err)
		settled()
	}
}
