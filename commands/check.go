package commands

import (
	"context"

	"github.com/drbot/drbot/incident"
)

// checkStep runs the reading that proves a step which ended without a result; what it shows comes on the step's card.
func checkStep(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, _ := target(c)
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Check(d, c.person, n, step)
	}, func(i *incident.Incident) string {
		return said("checking", about(i, nil))
	})
}
