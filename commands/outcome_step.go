package commands

import (
	"context"
	"fmt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Outcomes of the runner, each about one run of the incident that it names. One that the run has left behind changes
// nothing.
type (
	// RecordReads: what the runner read for a plan, an approval or a start.
	RecordReads struct {
		Incident incident.ID
		incident.ReadsDone
	}
	// StartStep: the process of an attempt was or is being started.
	StartStep struct {
		Incident incident.ID
		incident.StepStarted
	}
	// NotStartStep: the process does not exist and never will.
	NotStartStep struct {
		Incident incident.ID
		incident.StepNotStarted
	}
	// EndStep: the exit record. Produced goes by the names that the step wrote.
	EndStep struct {
		Incident incident.ID
		incident.StepEnded
	}
	// LoseStep: the process is gone and left no result (I26).
	LoseStep struct {
		Incident incident.ID
		incident.StepUnknown
	}
	// SeeSurvivors: the runner looked again for the processes of a lost step.
	SeeSurvivors struct {
		Incident incident.ID
		incident.StepSurvivors
	}
)

// Report takes an event of the runner as an outcome; it is what package runner calls. A key is kept for ever; an empty one
// tells the same again.
func (o *Office) Report(ctx context.Context, id incident.ID, key string, e incident.Event) error {
	c := Command{Verb: "outcome", Actor: Actor{Bot: true}}
	if key != "" {
		c.Keys = []string{key}
	}
	switch e := e.(type) {
	case incident.ReadsDone:
		c.Outcome = RecordReads{id, e}
	case incident.StepStarted:
		c.Outcome = StartStep{id, e}
	case incident.StepNotStarted:
		c.Outcome = NotStartStep{id, e}
	case incident.StepEnded:
		c.Outcome = EndStep{id, e}
	case incident.StepUnknown:
		c.Outcome = LoseStep{id, e}
	case incident.StepSurvivors:
		c.Outcome = SeeSurvivors{id, e}
	case incident.AttemptFound:
		c.Outcome = AttemptFound{Attempt: e.Attempt}
	default:
		return fmt.Errorf("the runner reports no %s", e.EventKind())
	}
	_, err := o.Handle(ctx, c)
	return err
}

// stepOutcome carries out what the runner reports; known is false for an outcome of another kind.
func (o *Office) stepOutcome(ctx context.Context, c Command) (reply Reply, known bool, err error) {
	switch e := c.Outcome.(type) {
	case RecordReads:
		reply, err = o.settleRun(ctx, c, e.Incident, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			return i.ReadsDone(d, e.ReadsDone)
		})
	case StartStep:
		reply, err = o.settleRun(ctx, c, e.Incident, func(_ incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			return i.Started(e.StepStarted), nil
		})
	case NotStartStep:
		reply, err = o.settleRun(ctx, c, e.Incident, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			return i.NotStarted(d, e.StepNotStarted), nil
		})
	case EndStep:
		reply, err = o.settleRun(ctx, c, e.Incident, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			return i.Ended(d, given(d, i, e.StepEnded)), nil
		})
	case LoseStep:
		reply, err = o.settleRun(ctx, c, e.Incident, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			return i.Lost(d, e.StepUnknown), nil
		})
	case SeeSurvivors:
		reply, err = o.settleRun(ctx, c, e.Incident, func(_ incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			return i.Survivors(e.StepSurvivors), nil
		})
	default:
		return Reply{}, false, nil
	}
	return reply, true, err
}

// settleRun commits an outcome with the steps of the live run at hand, since it may lead to the next approval or start.
func (o *Office) settleRun(ctx context.Context, c Command, id incident.ID, decide func(incident.Desk, *incident.Incident) ([]incident.Event, error)) (Reply, error) {
	return o.onRun(ctx, state.Ref{ID: id}, func(specs map[string]*incident.Spec) (Reply, error) {
		return o.settle(ctx, c, id, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
			if !fits(i, specs) {
				return nil, errMoved
			}
			return decide(o.desk(v, specs), i)
		})
	})
}

// given holds what a step gave against what its lock entry promised, and names it as the run does: "p1.s5.BACKUP". A
// value that is not as promised makes the step a failed one.
func given(d incident.Desk, i *incident.Incident, e incident.StepEnded) incident.StepEnded {
	r := i.Run(e.Run)
	if r == nil || r.Step(e.Step) == nil || e.Outcome != incident.Succeeded {
		e.Produced = nil
		return e
	}
	spec := d.Specs[r.Step(e.Step).Spec]
	if spec == nil || len(spec.Gives) == 0 {
		e.Produced = nil
		return e
	}
	if problem := madeErrors(spec, e.Produced); problem != "" {
		e.Outcome, e.Why, e.Produced = incident.Failed, problem, nil
		return e
	}
	named := map[string]string{}
	for _, p := range spec.Gives {
		named[p.Key] = e.Produced[p.Name]
	}
	e.Produced = named
	return e
}
