package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// ProcedureView is one procedure of `recover list --json`.
type ProcedureView struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Scenario string `json:"scenario,omitempty"`
	State    string `json:"state"` // "ready", "manual", "2 steps changed since review"
	ForType  bool   `json:"for_type,omitempty"`
	Lately   string `json:"lately,omitempty"` // "usually 9 min, last drill 12 Nov ok"
}

// listProcedures lists what could be planned. It needs no incident; in one, its type's procedures come first.
func listProcedures(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.Store.Incident(ctx, refOf(c.Object, c.Channel))
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return Reply{}, err
	}
	if err := o.mayAnywhere(c); err != nil {
		return Reply{}, err
	}
	if err != nil || i.Restricted && !inside(i, c.person, c.Channel) {
		i = nil
	}
	house, err := o.Store.House(ctx)
	if err != nil {
		return Reply{}, err
	}
	rb := o.Runbook().Accepted(func(digest string) bool { _, ok := house.Accepted[digest]; return ok })
	return o.listing(ctx, i, rb, ""), nil
}

// listing is the list with a sentence before it. i may be nil.
func (o *Office) listing(ctx context.Context, i *incident.Incident, rb *runbook.Runbook, say string) Reply {
	var first []string
	reply := Reply{}
	if i != nil {
		first, reply.ID = o.meant(rb, i), i.ID
	}
	var views []ProcedureView
	var lines [][]templates.Span
	var buttons []templates.Element
	text := say
	if say != "" {
		lines = append(lines, []templates.Span{templates.T(say)})
	}
	lately := o.lately(ctx)
	for _, p := range ordered(rb, first) {
		view := ProcedureView{ID: p.ID, Title: p.Title, Scenario: p.Scenario, State: readiness(p), ForType: slices.Contains(first, p.ID), Lately: lately(p.ID)}
		views = append(views, view)
		said := view.State
		if view.Lately != "" {
			said += " · " + view.Lately
		}
		line := fmt.Sprintf("%s · %s · %s", p.ID, p.Title, said)
		lines = append(lines, []templates.Span{templates.B(p.Title), templates.T(" · " + said)})
		if text != "" {
			text += "\n"
		}
		text += line
		if i != nil && i.Active() && len(buttons) < 5 && (len(first) == 0 || view.ForType) {
			object := strconv.FormatUint(uint64(i.ID), 10) + "/" + p.ID
			buttons = append(buttons, templates.Button{Verb: "recover plan", Object: object, Label: cut("Plan "+p.Title, 70)})
		}
	}
	if len(views) == 0 {
		text = "The runbook has no procedures."
		lines = [][]templates.Span{{templates.T(text)}}
	}
	reply.Data = views
	reply.Say = templates.Message{Text: text, Blocks: []templates.Block{templates.Lines{Lines: lines}}}
	if len(buttons) > 0 {
		reply.Say.Blocks = append(reply.Say.Blocks, templates.Actions{Elements: buttons})
	}
	return reply
}

// lately says of procedures how long they usually take and how the last time went; "" where one never ran.
func (o *Office) lately(ctx context.Context) func(id string) string {
	house, err := o.Store.House(ctx)
	if err != nil {
		return func(string) string { return "" } // the list is as good without
	}
	return func(id string) string {
		r, ok := house.Procedures[id]
		if !ok {
			return ""
		}
		last, how := "last run", r.Outcome
		if r.Drill {
			last = "last drill"
		}
		if how == incident.EndDone {
			how = "ok"
		}
		text := last + " " + r.Last.UTC().Format("2 Jan") + " " + how
		if took := r.Usually(); took > 0 {
			text = "usually " + templates.Duration(took) + ", " + text
		}
		return text
	}
}

// readiness says in a few words what of a procedure can run.
func readiness(p *runbook.Procedure) string {
	ready, why := 0, map[string]int{}
	for k := range p.Steps {
		switch s := &p.Steps[k]; {
		case s.Ready, s.Choosable():
			ready++
		case runbook.Drifted(s.Why):
			why[runbook.WhyChanged]++
		case s.Why == runbook.WhyAccepted:
			why[s.Why]++
		case s.Why != "":
			why["text only"]++
		}
	}
	for _, reason := range []string{runbook.WhyChanged, runbook.WhyAccepted} {
		if n := why[reason]; n == 1 {
			return "1 step " + reason
		} else if n > 1 {
			return fmt.Sprintf("%d steps %s", n, reason)
		}
	}
	switch {
	case ready == 0:
		return "manual"
	case why["text only"] > 0:
		return fmt.Sprintf("%d of %d steps ready", ready, len(p.Steps))
	}
	return "ready"
}

// listApprovals lists what waits, over all open incidents that the person may see.
func listApprovals(ctx context.Context, o *Office, c *call) (Reply, error) {
	if err := o.mayAnywhere(c); err != nil {
		return Reply{}, err
	}
	open, err := o.Store.List(ctx, state.Query{Open: true})
	if err != nil {
		return Reply{}, err
	}
	views := []ApprovalView{}
	var lines [][]templates.Span
	text := ""
	for _, s := range open {
		i, err := o.Store.Incident(ctx, state.Ref{ID: s.ID})
		if err != nil {
			return Reply{}, err
		}
		if i.Restricted && !inside(i, c.person, c.Channel) {
			continue
		}
		for _, a := range i.Approvals {
			if a.State != incident.Pending {
				continue
			}
			v := approvalView(i, a)
			views = append(views, v)
			text += fmt.Sprintf("%s step %s on %s, %s, asked by %s, ends %s\n", v.ID, v.Step, v.Target, v.Incident, v.By, a.Expires.UTC().Format("15:04 UTC"))
			lines = append(lines, []templates.Span{
				templates.Ref(a.Name(), a.Name()), templates.T(fmt.Sprintf(" step %s on %s, %s, asked by %s, ends ", v.Step, v.Target, v.Incident, v.By)), templates.At(a.Expires),
			})
		}
	}
	if len(views) == 0 {
		return Reply{Say: templates.Message{Text: "Nothing waits for an approval."}, Data: views}, nil
	}
	return Reply{Say: templates.Message{Text: text[:len(text)-1], Blocks: []templates.Block{templates.Lines{Lines: lines}}}, Data: views}, nil
}
