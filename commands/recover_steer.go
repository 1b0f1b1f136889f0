package commands

import (
	"context"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// peek reads the incident and the step that a form is about to ask for, and refuses who may not decide before it opens.
func (o *Office) peek(ctx context.Context, c *call) (*incident.Incident, *incident.Run, *incident.Step, error) {
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := o.may(c, i); err != nil {
		_, _ = o.turnedAway(ctx, c) // it says the same
		return nil, nil, nil, err
	}
	n, step, _ := target(c)
	r := i.LiveRun()
	if n != 0 {
		r = i.Run(n)
	}
	if r == nil || r.State == incident.Ended {
		return nil, nil, nil, incident.Refuse(incident.WrongState, "No run is going.").Then("Plan one first.")
	}
	s := r.Next()
	if step != "" {
		s = r.Step(step)
	}
	if s == nil {
		return nil, nil, nil, incident.Refuse(incident.NotFound, "%s has no step %q left.", r.Name(), step)
	}
	return i, r, s, nil
}

func stepObject(r *incident.Run, s *incident.Step) string { return r.Name() + "/" + s.ID }

// skipStep passes a step; a button brings the form for the reason.
func skipStep(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, rest := target(c)
	reason := or(c.Field("reason"), rest)
	if reason == "" && c.Actor.Slack != "" {
		_, r, s, err := o.peek(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return Reply{Form: reasonForm(c, stepObject(r, s), "Skip step "+s.Number, nil)}, nil
	}
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Skip(d, c.person, n, step, reason)
	}, doing)
}

// stepNeeded and stepNotNeeded answer a step's condition; the second brings the form for its reason.
func stepNeeded(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, rest := target(c)
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Answer(d, c.person, n, step, true, rest)
	}, doing)
}

func stepNotNeeded(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, rest := target(c)
	reason := or(c.Field("reason"), rest)
	if reason == "" && c.Actor.Slack != "" {
		_, r, s, err := o.peek(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return Reply{Form: reasonForm(c, stepObject(r, s), s.Number+" is not needed", nil)}, nil
	}
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Answer(d, c.person, n, step, false, reason)
	}, doing)
}

// handStep notes what a person did in the step's place, and what they saw: another fact than a skip.
func handStep(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, step, rest := target(c)
	did, saw := c.Field("did"), or(c.Field("saw"), rest)
	if saw == "" && c.Actor.Slack != "" {
		_, r, s, err := o.peek(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return Reply{Form: &templates.Form{
			Verb: c.verb.Full(), Object: stepObject(r, s), Title: cut("Step "+s.Number+" by hand", 22), Submit: "Done",
			Fields: []templates.Field{
				{ID: "did", Label: "What was done", Kind: templates.FieldArea, Optional: true, Max: 1000},
				{ID: "saw", Label: "What was seen", Kind: templates.FieldArea, Max: 1000},
			},
		}}, nil
	}
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.ByHand(d, c.person, n, step, did, saw)
	}, doing)
}

// extendStep moves the running step's limit.
func extendStep(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, _, rest := target(c)
	word, reason := head(rest)
	if c.Field("for") != "" {
		word, reason = c.Field("for"), c.Field("reason")
	}
	if (word == "" || reason == "") && c.Actor.Slack != "" {
		_, r, s, err := o.peek(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return Reply{Form: &templates.Form{
			Verb: c.verb.Full(), Object: stepObject(r, s), Title: cut("More time for "+s.Number, 22), Submit: "Extend",
			Fields: []templates.Field{
				{ID: "for", Label: "How much more, like 20m", Kind: templates.FieldText, Value: or(word, "20m"), Max: 10},
				{ID: "reason", Label: "Reason", Kind: templates.FieldText, Max: 300},
			},
		}}, nil
	}
	more := parseSpan(word)
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		return i.Extend(d, c.person, n, more, reason)
	}, func(i *incident.Incident) string {
		if r := i.LiveRun(); r != nil && r.Next() != nil {
			return "Step " + r.Next().Number + " may run until " + r.Next().Until.UTC().Format("15:04 UTC") + "."
		}
		return doing(i)
	})
}

// cancelRun says what the run leaves behind and asks; the form's answer, or a reason at the terminal, does it. A draft
// is simply discarded.
func cancelRun(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, _, _ := target(c)
	reason := strings.TrimSpace(c.Field("reason"))
	if c.Actor.Slack == "" {
		reason = or(reason, c.Text)
	}
	var left []string
	if reason == "" && c.Actor.Slack != "" {
		i, err := o.Store.Incident(ctx, c.ref)
		if err != nil {
			return Reply{}, err
		}
		if err := o.may(c, i); err != nil {
			return o.turnedAway(ctx, c)
		}
		r := i.LiveRun()
		if n != 0 {
			r = i.Run(n)
		}
		if r != nil && (r.State == incident.Running || r.State == incident.Paused) && r.Unstoppable() == nil {
			form := reasonForm(c, r.Name(), "Cancel "+r.Name(), leavesBlocks(r, i.Time))
			form.Submit, form.Close = "Cancel the run", "Back" // who means to cancel presses what says so
			return Reply{Form: form, Say: templates.Message{Text: "Cancel " + r.Name() + "?"}}, nil
		}
	}
	return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
		if r := i.LiveRun(); r != nil && (n == 0 || n == r.N) {
			if err := r.Unstoppable(); err != nil {
				return nil, err
			}
			left = leavesBehind(r, d.At)
		}
		return i.Cancel(d, c.person, n, reason)
	}, func(i *incident.Incident) string {
		if r := lastRun(i); r != nil && r.How == incident.EndDiscarded {
			return r.Name() + " is discarded. Nothing ran."
		}
		return strings.TrimSpace(ended(doing(i)) + " " + strings.Join(left, " "))
	})
}

// ended is a sentence with its full stop.
func ended(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
