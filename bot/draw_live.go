package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// liveEvery is how often drbot looks what running steps write (UX rule 9: a message's output at most every 10 s).
const liveEvery = 10 * time.Second

// live redraws run cards from the output of their running steps until ctx ends. Output makes no event, so no delivery does.
func (d *drawer) live(ctx context.Context) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := d.glance(ctx); err != nil && ctx.Err() == nil {
				d.Log.Warn("what running steps write was not shown", "error", err)
			}
		}
	}
}

// glance asks for the redraw of the run cards, and of the warnings about a limit, that a running step's output has changed.
// Output is the least urgent of all: while other messages wait for their turn it waits for the next look.
func (d *drawer) glance(ctx context.Context) error {
	if d.waiting() > 0 {
		return nil
	}
	open, err := d.Memory.List(ctx, state.Query{Open: true})
	if err != nil {
		return err
	}
	for _, summary := range open {
		i, err := d.Memory.Incident(ctx, state.Ref{ID: summary.ID})
		if err != nil {
			return err
		}
		if !runs(i) {
			continue
		}
		changed, err := d.changed(ctx, i.ID)
		if err != nil {
			return err
		}
		changed = slices.DeleteFunc(changed, func(object string) bool { return object[0] != 'R' && !strings.HasPrefix(object, "warning/") })
		if len(changed) > 0 {
			d.want(i.ID, changed, nil)
		}
	}
	return nil
}

// waiting counts the redraws that wait for their turn.
func (d *drawer) waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.dirty)
}

// runs reports whether a step of the incident may be writing.
func runs(i *incident.Incident) bool {
	return slices.ContainsFunc(i.Runs, func(r *incident.Run) bool {
		return slices.ContainsFunc(r.Steps, func(s incident.Step) bool { return s.State.Active() })
	})
}
