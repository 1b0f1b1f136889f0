package commands

import (
	"context"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// handoverVerbs lists how people hand on what they hold; the answers are only behind the buttons of the offer.
func handoverVerbs() []Verb {
	return []Verb{
		{
			Group: "incident", Name: "handover", May: incident.Responder, Scope: InChannel, Grammar: "@who", Example: "handover @Chen", Deed: "hand over",
			Does: "Offers your roles and your run to a person; you keep them until they are taken.", do: handOver(false),
		},
		{
			Group: "recover", Name: "handover", May: incident.Operator, Also: incident.Responder, Scope: InChannel, Grammar: "[R7] @who", Example: "handover @Chen",
			Deed: "hand runs over", Does: "Offers the run alone; the commander may offer that of an operator who is away.", do: handOver(true),
		},
		{
			Group: "incident", Name: "take", May: incident.Everyone, Scope: InChannel, Hidden: true, Deed: "take over", Decides: true,
			Does: "Takes what was offered.", do: answerOffer((*incident.Incident).TakeOver),
		},
		{
			Group: "incident", Name: "notnow", May: incident.Everyone, Scope: InChannel, Hidden: true, Deed: "answer offers",
			Does: "Leaves it where it is.", do: answerOffer(func(i *incident.Incident, _ incident.Rights, by incident.Person, n uint64) ([]incident.Event, error) {
				return i.NotNow(by, n)
			}),
		},
	}
}

// handOver makes an offer; without a person a button brings the form.
func handOver(runOnly bool) func(context.Context, *Office, *call) (Reply, error) {
	return func(ctx context.Context, o *Office, c *call) (Reply, error) {
		run, _, typed := target(c)
		typed = or(c.Field("who"), typed)
		if typed == "" && c.Actor.Slack != "" {
			i, err := o.look(ctx, c)
			if err != nil {
				return Reply{}, err
			}
			object := objectOf(i)
			if run != 0 {
				object = incident.RunName(run)
			}
			return Reply{Form: &templates.Form{Verb: c.verb.Full(), Object: object, Title: "Hand over", Submit: "Offer", Fields: []templates.Field{
				{ID: "who", Label: "To", Kind: templates.FieldPerson},
			}}}, nil
		}
		to, err := o.someone(c, typed)
		if err != nil {
			return c.atField("who", Reply{}, err)
		}
		reply, err := o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			if err := mayHold(c, i, to); err != nil {
				return nil, err
			}
			return i.HandOver(d.Rights, incident.Hand{By: c.person, To: to, Run: run, RunOnly: runOnly})
		}, func(i *incident.Incident) string {
			return said("offered", about(i, facts{"To": to.Name}))
		})
		return c.atField("who", reply, err)
	}
}

// answerOffer takes an offer or leaves it; the button's object is "42/h3".
func answerOffer(decide func(*incident.Incident, incident.Rights, incident.Person, uint64) ([]incident.Event, error)) func(context.Context, *Office, *call) (Reply, error) {
	return func(ctx context.Context, o *Office, c *call) (Reply, error) {
		_, name, _ := strings.Cut(c.Object, "/h")
		n, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			return Reply{}, incident.Refuse(incident.BadInput, "That is no offer.")
		}
		return o.steer(ctx, c, func(d incident.Desk, i *incident.Incident) ([]incident.Event, error) {
			return decide(i, d.Rights, c.person, n)
		}, func(i *incident.Incident) string {
			offer := i.Offer(n)
			if offer == nil {
				return ""
			}
			return said("answered", about(i, facts{"How": offer.How, "From": offer.From.Name, "What": templates.Names(offer.What(), "and")}))
		})
	}
}
