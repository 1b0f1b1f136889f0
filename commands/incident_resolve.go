package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// resolveIncident ends the work. What is left open is listed, and needs a reason to resolve anyway; a run blocks.
func resolveIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	r := incident.Resolved{By: c.person}
	tell, err := tellingOf(c)
	if err != nil {
		return Reply{}, err
	}
	c.Text = tell.text
	word, rest := head(c.Text)
	switch {
	case len(c.Fields) > 0:
		r.Summary, r.RootCause, r.DataImpact, r.Reason = c.Field("summary"), c.Field("cause"), c.Field("lost"), c.Field("anyway")
		if r.Summary == "" {
			return Reply{Errors: map[string]string{"summary": "One sentence for everybody who was told."}}, nil
		}
	case strings.EqualFold(word, "false-alarm"):
		r = incident.Resolved{By: c.person, FalseAlarm: true, Reason: rest}
	case word == "":
		return resolveForm(ctx, o, c, "")
	default:
		r.Summary, r.Reason = cutAnyway(c.Text)
		if r.Reason == "" && c.Actor.Slack != "" {
			return resolveForm(ctx, o, c, r.Summary)
		}
	}
	if !r.FalseAlarm {
		r.DataImpact = or(r.DataImpact, o.lostData(ctx, c))
	}
	r.Summary, r.RootCause, r.DataImpact, r.Reason = cut(r.Summary, 2000), cut(r.RootCause, 2000), cut(r.DataImpact, 1000), cut(r.Reason, 500)
	if len(c.Fields) > 0 && c.Actor.Slack != "" {
		if reply, err := o.previewEnd(ctx, c, r, tell); err != nil || reply.Form != nil {
			return reply, err
		}
	}
	var end hearers
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		events, err := o.resolving(v.Now(), i, r, tell)
		end = endedBy(events)
		return events, err
	}, func(i *incident.Incident) string { return o.resolvedSaid(i, end) })
	if refusal := (*incident.Refusal)(nil); len(c.Fields) > 0 && errors.As(err, &refusal) && strings.HasPrefix(refusal.Say, "Still open") {
		return Reply{Errors: map[string]string{"anyway": refusal.Error()}}, nil
	}
	return c.atField("summary", reply, err)
}

// resolvedSaid answers a resolution: who hears of it after a second look, and who does not.
func (o *Office) resolvedSaid(i *incident.Incident, end hearers) string {
	untold := end.untold(o.open(i, i.Told()))
	known := facts{"Closed": o.closedTo(i), "Second": named(end.second), "Untold": named(untold), "To": typedAs(untold)}
	if i.Window != nil {
		return planSaid(i, "over", known)
	}
	if i.FalseAlarm {
		return said("falsealarm", about(i, facts{"Heard": o.heardOutside(i)}))
	}
	known["After"], known["Review"], known["Owner"] = i.ResolvedAt.Sub(i.OpenedAt), nil, ""
	if i.Review != nil {
		known["Review"], known["Owner"] = when(i.Review.Due), i.Review.Owner.Name
	}
	return said("resolved", about(i, known))
}

var anyway = regexp.MustCompile(`(?i)\banyway:`)

// cutAnyway takes "anyway: <reason>" off the end: the one-line way to resolve with something left open.
func cutAnyway(text string) (summary, reason string) {
	if all := anyway.FindAllStringIndex(text, -1); len(all) > 0 {
		at := all[len(all)-1]
		return strings.TrimSpace(text[:at[0]]), strings.TrimSpace(text[at[1]:])
	}
	return text, ""
}

// resolveForm shows first what is open (UX §9).
func resolveForm(ctx context.Context, o *Office, c *call, summary string) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	// The rule itself says whether a run blocks; its events are dropped.
	if _, err := i.Resolve(incident.Resolved{By: c.person, Summary: "…", Reason: "…"}, nil); err != nil {
		return Reply{}, err
	}
	impact, err := o.dataImpact(ctx, i)
	if err != nil {
		return Reply{}, err
	}
	if i.Window != nil {
		impact = ""
	}
	f := o.endForm(i, incident.Resolved{Summary: or(summary, i.Summary), RootCause: or(i.RootCause, "under review"), DataImpact: or(i.DataImpact, impact)})
	f.Fields = append(f.Fields, o.tellFields(i)...)
	o.askProbes(ctx, c, i)
	return c.form(o, f, "The summary is missing.")
}

// askProbes asks for the addresses whose items are open, because somebody is about to say that it is over. The form does
// not wait for the answers, and is there if they cannot be asked for: the items then stay open, as it says.
func (o *Office) askProbes(ctx context.Context, c *call, i *incident.Incident) {
	if len(i.AskProbes(o.clock(ctx, i))) == 0 {
		return
	}
	_, _ = o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.AskProbes(v.Now()), nil
	}, func(*incident.Incident) string { return "" })
}

// endForm are the fields of a resolution itself.
func (o *Office) endForm(i *incident.Incident, r incident.Resolved) templates.Form {
	f := templates.Form{Verb: "incident resolve", Object: objectOf(i), Title: "Resolve " + i.ID.String(), Submit: "Resolve"}
	if i.Window != nil {
		return planEnd(i, f, r)
	}
	f.Fields = []templates.Field{
		{ID: "summary", Label: "Summary", Kind: templates.FieldArea, Value: r.Summary, Max: 2000},
		{ID: "cause", Label: "Root cause", Kind: templates.FieldArea, Optional: true, Value: r.RootCause, Max: 2000},
		{ID: "lost", Label: "Data impact", Kind: templates.FieldArea, Optional: true, Value: r.DataImpact, Max: 1000},
	}
	if open := i.LeftOpen(); len(open) > 0 {
		lines := [][]templates.Span{{templates.T(said("stillopen", facts{"Open": strings.Join(open, "; ")}))}}
		names, more := i.OpenItems()
		for _, name := range names {
			lines = append(lines, []templates.Span{templates.T("◻ " + name)})
		}
		if more > 0 {
			lines = append(lines, []templates.Span{templates.T("and " + strconv.Itoa(more) + " more")})
		}
		f.Intro = []templates.Block{templates.Lines{Lines: lines}}
		f.Fields = append(f.Fields, templates.Field{
			ID: "anyway", Label: "Resolve anyway: why", Kind: templates.FieldText, Value: r.Reason, Hint: "Or close what is open first.", Max: 500,
		})
	}
	return f
}

// dataImpact is what the runs know of the data; empty when no backup is known to be in place.
func (o *Office) dataImpact(ctx context.Context, i *incident.Incident) (string, error) {
	specs := map[string]*incident.Spec{}
	for _, r := range i.Runs {
		of, err := o.Specs(ctx, r)
		if err != nil {
			return "", err
		}
		maps.Copy(specs, of)
	}
	return templates.DataImpact(templates.Back(i, specs)), nil
}

// reopenIncident goes on with it.
func reopenIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	reason := or(c.Field("reason"), c.Text)
	if reason == "" && len(c.Fields) == 0 {
		i, err := o.look(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		return c.form(o, templates.Form{Verb: "incident reopen", Object: objectOf(i), Title: "Reopen " + i.ID.String(), Submit: "Reopen", Fields: []templates.Field{
			{ID: "reason", Label: "Why", Kind: templates.FieldText, Max: 500},
		}}, "The reason is missing.")
	}
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		policy := o.policy(i, i.Severity, v.Now())
		if i.Window != nil {
			policy = incident.Policy{}
		}
		policy.RespondBy = i.RespondBy // clocks go on from the first opening
		return i.Reopen(c.person, reason, policy)
	}, func(i *incident.Incident) string {
		misled := o.open(i, i.Misled())
		heard := facts{"Heard": named(misled), "To": typedAs(misled)}
		if i.Window != nil {
			return planSaid(i, "reopened", heard)
		}
		return said("reopened", promised(i, heard))
	})
	return c.atField("reason", reply, err)
}

// requeueDelivery lists what was given up, with why, or lets one go again.
func requeueDelivery(ctx context.Context, o *Office, c *call) (Reply, error) {
	if c.Text == "" {
		i, err := o.look(ctx, c)
		if err != nil {
			return Reply{}, err
		}
		lines := []string{said("parked", facts{"ID": i.ID, "Count": len(i.Parked), "Typed": o.typedAs(c.verb)})}
		for _, p := range i.Parked {
			lines = append(lines, said("parkedline", facts{"Seq": p.Seq, "Follower": p.Follower, "At": p.At, "Why": cut(p.Why, 100)}))
		}
		return Reply{Say: templates.Message{Text: cut(strings.Join(lines, "\n"), 2500)}, ID: i.ID, Seq: i.Seq, Data: i.Parked}, nil
	}
	word, follower := head(c.Text)
	var seq uint64
	if _, err := fmt.Sscanf(word, "%d", &seq); err != nil {
		return Reply{}, incident.Refuse(incident.BadInput, "%q is no number of a delivery.", cut(word, 40)).Then("`requeue` alone lists them.")
	}
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Requeue(c.person, follower, seq)
	}, func(i *incident.Incident) string { return said("requeued", facts{"Seq": seq}) })
}
