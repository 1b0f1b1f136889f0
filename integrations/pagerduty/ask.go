package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// Run asks PagerDuty, at the start and every few minutes, what its webhooks may have left out, until ctx ends. That
// PagerDuty is away is no error: the next question comes.
func (l *Link) Run(ctx context.Context) error {
	l.remember(ctx)
	for ctx.Err() == nil {
		next := l.Now().Add(l.Every) // from the beginning of a comparison, since what changes during it may be missed by it
		if l.client != nil && !l.round(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.Until(next):
		}
	}
	return ctx.Err()
}

// round asks everything once; false: a page came between, and it is to be done again. A page does not wait for it.
func (l *Link) round(ctx context.Context) bool {
	if !l.rounds.quiet(ctx) {
		return true
	}
	mine, done := l.rounds.begin(ctx)
	defer done()
	if err := l.Ask(mine); err != nil && mine.Err() == nil {
		l.Log.Warn("PagerDuty was not compared with the record", "error", err)
	}
	if mine.Err() == nil {
		if err := l.Learn(mine); err != nil && mine.Err() == nil {
			l.Log.Warn("PagerDuty did not say who is on call, or who is who", "error", err)
		}
	}
	return mine.Err() == nil || ctx.Err() != nil
}

// remember finds when PagerDuty was last heard before this start, in what is known of the open incidents.
func (l *Link) remember(ctx context.Context) {
	_ = l.eachAlert(ctx, func(a *incident.Alert) error {
		for _, fact := range a.Facts {
			l.health.webhook(fact.At)
		}
		return nil
	})
}

// eachAlert goes over the alerts of the incidents that are not over.
func (l *Link) eachAlert(ctx context.Context, do func(*incident.Alert) error) error {
	open, err := l.Memory.List(ctx, state.Query{Open: true})
	if err != nil {
		return err
	}
	for _, s := range open {
		i, err := l.Memory.Incident(ctx, state.Ref{ID: s.ID})
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for k := range i.Alerts {
			if err := do(&i.Alerts[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Ask compares once: triggers that were missed are opened where a rule names them, and alerts of open incidents that
// PagerDuty does not list as open any more are read one by one.
func (l *Link) Ask(ctx context.Context) error {
	var there []trouble
	var at time.Time
	if services, opens := l.Rules.Services(); opens {
		var err error
		if there, at, err = l.openThere(ctx, services); err != nil {
			return err
		}
	}
	listed := map[string]bool{}
	for k := range there {
		listed[there[k].ID] = true
		if err := l.hear(ctx, answered(&there[k], l.instant(at))); err != nil {
			return err
		}
	}
	var missing []string
	if err := l.eachAlert(ctx, func(a *incident.Alert) error {
		if !listed[a.ID] && a.Fact(incident.AlertStatus) != incident.AlertResolved {
			missing = append(missing, a.ID)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, alert := range missing {
		i, at, err := l.status(ctx, alert)
		switch {
		case errors.Is(err, errGone):
			err = l.hear(ctx, commands.HearAlert{
				Alert: alert, Event: "gone/" + alert, What: commands.Asked, At: l.Now().UTC(), Text: "PagerDuty does not have it any more.",
				Facts: map[string]string{incident.AlertStatus: incident.AlertResolved},
			})
		case err == nil:
			err = l.hear(ctx, answered(i, l.instant(at)))
		case !errors.As(err, new(follow.Unavailable)): // this one cannot be read; the others can
			l.Log.Warn("an alert was not compared with the record", "alert", alert, "error", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	l.health.asked(l.Now())
	return nil
}

// instant is PagerDuty's clock; ours, where it did not say.
func (l *Link) instant(at time.Time) time.Time {
	if at.IsZero() {
		return l.Now().UTC()
	}
	return at
}

// hear hands an answer in. It has no key: it is kept where it differs from what is known.
func (l *Link) hear(ctx context.Context, e commands.HearAlert) error {
	e.Rules = l.Rules
	_, err := l.Handler.Handle(ctx, commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: e})
	if err != nil {
		return fmt.Errorf("keep what PagerDuty says of %s: %w", e.Alert, err)
	}
	return nil
}
