package main

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

// outcomes turns what followers and loops found out into commands of drbot itself.
type outcomes struct{ h *house }

func (o outcomes) send(ctx context.Context, outcome any, keys ...string) error {
	reply, err := o.h.office.Handle(ctx, commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: outcome, Keys: keys})
	if err == nil && reply.Kind != "" {
		o.h.log.Warn("an outcome was refused", "outcome", fmt.Sprintf("%T", outcome), "why", reply.Say.Text)
	}
	return err
}

// Tick speaks what is due. An incident that is gone has nothing to say.
func (o outcomes) Tick(ctx context.Context, id incident.ID) error {
	err := o.send(ctx, commands.Tick{Incident: id})
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	return err
}

// Park records a delivery that was given up.
func (o outcomes) Park(ctx context.Context, p follow.Parking) error {
	return o.send(ctx, commands.ParkDelivery{Incident: p.Incident, Follower: p.Follower, Seq: p.Seq, Why: p.Why}, p.Key)
}

// ClockStepped ends every approval that could still start something.
func (o outcomes) ClockStepped(ctx context.Context, back time.Duration) error {
	return o.send(ctx, commands.ClockStepped{Back: back})
}
