package commands

import (
	"context"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// startRun starts a planned run, or lets a paused one go on; oneStep stops again after the next step. A change step that
// waits for the operator's word gets it from `step`.
func startRun(oneStep bool) func(context.Context, *Office, *call) (Reply, error) {
	return func(ctx context.Context, o *Office, c *call) (Reply, error) {
		n, _, _ := target(c)
		if n == 0 {
			n = typedRun(c.Text)
		}
		return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			if r := i.LiveRun(); oneStep && r != nil && r.Next() != nil && r.AwaitsConfirm(r.Next()) {
				return i.Confirm(d, c.person, n, "")
			}
			return i.Start(d, c.person, n, oneStep)
		}, doing)
	}
}

// typedRun reads R7 at the beginning of a text; 0 when there is none.
func typedRun(text string) uint64 {
	first, _ := head(text)
	n, _, _ := target(&call{Command: Command{Object: first}})
	return n
}

func pauseRun(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, _, _ := target(c)
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Pause(c.person, d.Rights, n)
	}, doing)
}

// confirmStep is the operator's own word on a change step; it is no approval.
func confirmStep(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, _ := target(c)
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Confirm(d, c.person, n, step)
	}, doing)
}

func retryStep(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, _ := target(c)
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Retry(d, c.person, n, step)
	}, doing)
}

func undoStep(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, _ := target(c)
	if i, err := o.Store.Incident(ctx, c.ref); err == nil && i.HasEnded(n) {
		return o.takeBack(ctx, c, n, step)
	}
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Undo(d, c.person, n, step)
	}, doing)
}

// freeze and thaw turn the stop switch; both are the house's.
func freeze(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.turn(ctx, c, (*incident.House).Freeze, "Freeze", "No step starts any more, by "+c.person.Name+": ")
}

func thaw(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.turn(ctx, c, (*incident.House).Thaw, "Thaw", "Steps may start again, by "+c.person.Name+": ")
}

// houseRule is a decision on stream 0 that needs a reason.
type houseRule func(*incident.House, incident.Person, incident.Rights, string) ([]incident.Event, error)

func (o *Office) turn(ctx context.Context, c *call, rule houseRule, title, say string) (Reply, error) {
	reason := or(c.Field("reason"), c.Text)
	if reason == "" && c.Actor.Slack != "" {
		if err := o.mayAnywhere(c); err != nil {
			return Reply{}, err
		}
		return Reply{Form: reasonForm(c, "", title, nil)}, nil
	}
	return o.house(ctx, c, func(v state.View) ([]incident.Event, error) {
		return rule(v.House(), c.person, rights{o.People(), o.Flags}, reason)
	}, func() string { return say + reason })
}

// reasonForm asks for the reason of a verb on an object.
func reasonForm(c *call, object, title string, intro []templates.Block) *templates.Form {
	return &templates.Form{
		Verb: c.verb.Full(), Object: or(object, c.Object), Title: cut(title, 24), Submit: "Send", Intro: intro,
		Fields: []templates.Field{{ID: "reason", Label: "Reason", Kind: templates.FieldText, Value: c.Text, Max: 300}},
	}
}
