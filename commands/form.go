package commands

import (
	"context"
	"errors"
	"strconv"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// form answers with a form where the door can open one; at the terminal it says what is missing. Text is the one-line
// way, for a door whose form did not open.
func (c *call) form(o *Office, f templates.Form, missing string) (Reply, error) {
	if c.Actor.Slack == "" {
		return Reply{}, incident.Refuse(incident.BadInput, "%s", missing).Then("Like: %s", shellExample(c.verb))
	}
	like := o.typedAs(c.verb)
	if c.verb.Example != "" {
		like = "/" + o.command(c.verb.Group) + " " + c.verb.Example
	}
	return Reply{Form: &f, Say: templates.Message{Text: said("noform", facts{"Like": like})}}, nil
}

// atField shows a refusal of what was filled in at its field; other answers pass.
func (c *call) atField(field string, r Reply, err error) (Reply, error) {
	if refusal := (*incident.Refusal)(nil); len(c.Fields) > 0 && errors.As(err, &refusal) && refusal.Kind == incident.BadInput {
		return Reply{Errors: map[string]string{field: refusal.Error()}}, nil
	}
	return r, err
}

// look reads the call's incident for an answer or a form. Who may not see it is refused, and that is recorded.
func (o *Office) look(ctx context.Context, c *call) (*incident.Incident, error) {
	if c.ref == (state.Ref{}) {
		return nil, state.ErrNotFound
	}
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return nil, err
	}
	if refusal := o.may(c, i); refusal != nil {
		nothing := func(state.View, *incident.Incident) ([]incident.Event, error) { return nil, refusal }
		if _, err := o.change(ctx, c, nothing, nil); err != nil {
			return nil, err
		}
		return nil, refusal
	}
	return i, nil
}

// objectOf is an incident as buttons and forms carry it.
func objectOf(i *incident.Incident) string { return strconv.FormatUint(uint64(i.ID), 10) }
