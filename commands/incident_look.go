package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// lookVerbs lists what becomes of messages after they were written: the second look, and edits.
func lookVerbs() []Verb {
	return []Verb{
		{
			Group: "incident", Name: "release", May: incident.Responder, Scope: OfIncident, Grammar: "<m1>", Example: "release m1", Deed: "take second looks", Decides: true,
			Does: "Lets a message leave the house after a second look at it; not by who wrote it.", do: release,
		},
		{
			Group: "incident", Name: "sendback", May: incident.Responder, Scope: OfIncident, Grammar: "<m1> <reason>", Example: "sendback m1 name no customer", Deed: "take second looks",
			Does: "Sends such a message back to who wrote it, with why.", do: sendBack,
		},
		{
			Group: "incident", Name: "edit", May: incident.Responder, Scope: OfIncident, Grammar: "<number>|resolution [<text>] [--public <text>]", Example: "edit 2 Restoring from the 01:00 backup", Deed: "edit updates",
			Does: "Makes another version of an update or resolution that was sent, and carries it to everybody who read it.", do: editUpdate,
		},
	}
}

// looked names the message of a second look: a button's "42/m3", or m3 typed.
func looked(c *call) (n int, rest string, err error) {
	_, name, _ := strings.Cut(c.Object, "/")
	if rest = c.Text; name == "" {
		name, rest = head(c.Text)
	}
	n, err = strconv.Atoi(strings.TrimPrefix(strings.ToLower(name), "m"))
	if err != nil || n <= 0 {
		return 0, "", incident.Refuse(incident.BadInput, "%q is no message that waits for a second look.", cut(name, 40)).Then("They are named like m1.")
	}
	return n, rest, nil
}

// release lets it leave.
func release(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, _, err := looked(c)
	if err != nil {
		return Reply{}, err
	}
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		if err := o.mayLook(c.person); err != nil {
			return nil, err
		}
		if m := i.Outgone(n); m != nil && m.State == incident.LookWaits {
			if err := o.reachable(i, m.To); err != nil { // the incident may have become restricted since
				return nil, err
			}
		}
		return i.Look(v.Now(), c.person, n, true, "")
	}, func(i *incident.Incident) string {
		return said("released", about(i, facts{"To": named(i.Outgone(n).To)}))
	})
}

// sendBack asks for the reason where it is missing.
func sendBack(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, why, err := looked(c)
	if err != nil {
		return Reply{}, err
	}
	if why = or(c.Field("why"), why); why == "" && len(c.Fields) == 0 {
		i, err := o.look(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return c.form(o, templates.Form{Verb: "incident sendback", Object: fmt.Sprintf("%s/m%d", objectOf(i), n), Title: "Send back", Submit: "Send back", Fields: []templates.Field{
			{ID: "why", Label: "Why", Kind: templates.FieldText, Max: 500},
		}}, "The reason is missing.")
	}
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		if err := o.mayLook(c.person); err != nil {
			return nil, err
		}
		return i.Look(v.Now(), c.person, n, false, why)
	}, func(i *incident.Incident) string {
		return said("sentback", about(i, facts{"By": i.Outgone(n).By.Name}))
	})
	return c.atField("why", reply, err)
}
