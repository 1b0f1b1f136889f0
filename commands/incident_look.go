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

// editUpdate makes another version; what it changes stands in the record beside what it was.
func editUpdate(ctx context.Context, o *Office, c *call) (Reply, error) {
	_, name, _ := strings.Cut(c.Object, "/e")
	text := c.Text
	if name == "" {
		name, text = head(c.Text)
	}
	number, err := 0, error(nil)
	if !strings.EqualFold(name, "resolution") {
		number, err = strconv.Atoi(name)
	}
	if err != nil {
		return Reply{}, incident.Refuse(incident.BadInput, "%q is no number of an update.", cut(name, 40)).Then("Like: edit 2 <text>")
	}
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	was, err := o.wrote(ctx, i.ID, number)
	if err != nil {
		return Reply{}, err
	}
	n := notice{text: c.Field("text"), steps: c.Field("steps"), public: c.Field("public")}
	if len(c.Fields) == 0 {
		typed := *c
		typed.Text, typed.Object = text, ""
		if n, err = noticeOf(&typed); err != nil && n.public == "" {
			return Reply{}, err
		}
		if n.text == "" && n.public == "" {
			return o.editForm(c, i, was)
		}
		n.text, n.steps = or(n.text, was.Text), or(n.steps, was.Next)
	}
	first, err := o.firstPublic(ctx, i.ID, number)
	if err != nil {
		return Reply{}, err
	}
	lost := o.lostData(ctx, c)
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		if s := i.SentAs(number); s != nil { // who had it and may not have more keeps what they had
			i = i.Clone()
			to := i.SentAs(number)
			to.To = o.open(i, to.To)
		}
		events, err := i.Edit(c.person, number, was, incident.Word{Text: n.text, Steps: cut(n.steps, 1000), Public: n.public, Second: o.Config().Outlets.Second})
		if err != nil {
			return nil, err
		}
		if events, err = o.onPage(i, v.Now(), events, first); err != nil {
			return nil, err
		}
		return o.withOutward(i, v.Now(), events, lost)
	}, func(i *incident.Incident) string {
		version := 1
		if s := i.SentAs(number); s != nil {
			version = s.Version
		}
		return said("edited", about(i, facts{"Number": number, "Version": version, "Second": len(i.Waiting()) > 0}))
	})
	return c.atField("text", reply, err)
}

func (o *Office) editForm(c *call, i *incident.Incident, was incident.UpdateSent) (Reply, error) {
	f := templates.Form{Verb: "incident edit", Object: fmt.Sprintf("%s/e%d", objectOf(i), was.Number), Title: "Edit " + incident.MessageName(was.Number), Submit: "Save", Fields: []templates.Field{
		{ID: "text", Label: "What happened", Kind: templates.FieldArea, Value: was.Text, Max: incident.MaxUpdate},
		{ID: "steps", Label: "Next steps", Kind: templates.FieldArea, Value: was.Next, Optional: true, Max: 1000},
	}}
	if was.Number == 0 {
		f.Fields = f.Fields[:1]
		f.Fields[0].Label, f.Fields[0].Max = "Summary", 2000
	}
	if was.Public != "" {
		f.Fields = append(f.Fields, templates.Field{ID: "public", Label: "Words for the status page", Kind: templates.FieldArea, Value: was.Public, Max: incident.MaxUpdate})
	}
	return c.form(o, f, "The text is missing.")
}

// wrote is an update as it reads now: as it was sent, with the edits since.
func (o *Office) wrote(ctx context.Context, id incident.ID, number int) (was incident.UpdateSent, err error) {
	found := false
	for r, err := range o.Store.Records(ctx, id, 0) {
		if err != nil {
			return was, err
		}
		switch r.Kind {
		case incident.UpdateSent{}.EventKind(), incident.UpdateDrafted{}.EventKind(), incident.UpdateEdited{}.EventKind(), incident.Resolved{}.EventKind():
		default:
			continue
		}
		e, err := r.Event()
		if err != nil {
			return was, err
		}
		switch e := e.(type) {
		case incident.UpdateSent:
			if e.Number == number && number > 0 && e.Draft == 0 {
				was, found = e, true
			}
			if e.Number == number && e.Public != "" {
				was.Public = e.Public
			}
		case incident.Resolved:
			if number == 0 {
				was, found = incident.UpdateSent{By: e.By, Text: e.Summary, Public: e.Public, Status: incident.Over}, !e.FalseAlarm
			}
		case incident.UpdateDrafted:
			if e.Number == number && e.Public != "" {
				was.Public = e.Public
			}
		case incident.UpdateEdited:
			if e.Number == number {
				was.Text, was.Next = or(e.Text, was.Text), e.Next
				was.Public = or(e.Public, was.Public)
			}
		}
	}
	if !found {
		return was, incident.Refuse(incident.NotFound, "%s has no %s.", id, strings.TrimPrefix(incident.MessageName(number), "the "))
	}
	return was, nil
}
