package commands

import (
	"context"
	"fmt"
	"slices"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// Who asked for an approval cannot decide on it, and may not want to wait until drbot wakes somebody by itself: the refusal
// offers to wake those who can, each once for the request.

// offerPaging adds the button to a refusal of somebody who asked for the step.
func (o *Office) offerPaging(ctx context.Context, c *call, n uint64, reply Reply, err error) (Reply, error) {
	if err != nil || reply.Kind != incident.NotAllowed || c.Actor.Slack == "" {
		return reply, err
	}
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil {
		return reply, nil // the refusal stands without it
	}
	a := i.Approval(n)
	if a == nil || a.State != incident.Pending || len(unpaged(i, a)) == 0 {
		return reply, nil
	}
	if r := i.Run(a.Run); !c.person.Same(a.By) && (r == nil || !c.person.Same(r.Operator)) {
		return reply, nil
	}
	reply.Say = templates.PagingOffer(reply.Say.Text, a)
	return reply, nil
}

// unpaged are those who can still decide, and were not paged for it.
func unpaged(i *incident.Incident, a *incident.Approval) []incident.Person {
	paged, _ := i.PagedFor(a.N)
	return slices.DeleteFunc(deciding(i, a), func(p incident.Person) bool { return slices.ContainsFunc(paged, p.Same) })
}

// deciding are those who were asked and have not decided, but for who operates the run by now.
func deciding(i *incident.Incident, a *incident.Approval) []incident.Person {
	r := i.Run(a.Run)
	return slices.DeleteFunc(a.Open(), func(p incident.Person) bool { return r != nil && p.Same(r.Operator) })
}

// maxPagedThem bounds whom one press wakes.
const maxPagedThem = 8

// pageApprovers wakes those who may decide on a request.
func pageApprovers(ctx context.Context, o *Office, c *call) (Reply, error) {
	n, before := approvalNumber(c), 0
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		a := i.Approval(n)
		if a == nil || a.State != incident.Pending || !v.Now().Before(a.Expires) {
			return nil, incident.Refuse(incident.WrongState, "%s waits for nobody any more.", incident.ApprovalName(n))
		}
		before = len(i.Pages)
		them := unpaged(i, a)
		if len(them) == 0 {
			refusal := incident.Refuse(incident.WrongState, "Everybody who may decide on %s was paged already.", a.Name())
			if phones := templates.Phones(deciding(i, a), o.contacts()); phones != "" {
				refusal = refusal.Then("Call by phone: %s", phones)
			}
			return nil, refusal
		}
		var events []incident.Event
		for _, w := range o.wakeAll(i, them) {
			asked := w.asked(c.person, incident.PageForApproval, "")
			asked.Approval = n
			more, err := folded(v, i, events).AskPage(asked, w.cannot, w.away)
			if err != nil {
				return nil, err
			}
			events = append(events, more...)
		}
		return events, nil
	}, func(i *incident.Incident) string {
		var whom []string
		var left []incident.Person
		for _, p := range i.Pages[before:] {
			if p.Failed == "" {
				whom = append(whom, p.Whom)
				continue
			}
			left = append(left, p.Reach...)
		}
		return said("pagedthem", about(i, facts{"Name": incident.ApprovalName(n), "Whom": whom, "Reach": templates.Phones(left, o.contacts())}))
	})
}

// wakeAll is one page for each who can be paged; those who cannot share one, which says so. Where nobody can, the policy of
// the approvers is paged.
func (o *Office) wakeAll(i *incident.Incident, them []incident.Person) (list []wake) {
	var left []incident.Person
	for _, p := range them[:min(len(them), maxPagedThem)] {
		if w := o.wakePerson(i, p); w.cannot == "" {
			list = append(list, w)
			continue
		}
		left = append(left, p)
	}
	switch {
	case len(left) == 0:
	case len(list) == 0 && o.wakeApprovers(i).cannot == "":
		list = append(list, o.wakeApprovers(i))
	default:
		w := o.wakePerson(i, left[0])
		w.whom, w.reach = personNames(left), left
		if len(left) > 1 {
			w.cannot = fmt.Sprintf("%s have no account in PagerDuty that drbot knows", w.whom)
			if !o.Config().Pager.On {
				w.cannot = "PagerDuty is not configured here"
			}
		}
		list = append(list, w)
	}
	return list
}

func personNames(people []incident.Person) string {
	var names []string
	for _, p := range people {
		names = append(names, or(p.Name, p.Key))
	}
	return templates.Names(names, "and")
}

// quietNudges puts the next call for an approval off.
func quietNudges(ctx context.Context, o *Office, c *call) (Reply, error) {
	n := approvalNumber(c)
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.HushNudges(v.Now(), c.person, n)
	}, func(i *incident.Incident) string {
		a := i.Approval(n)
		if a == nil {
			return ""
		}
		return said("hushed", about(i, facts{"Name": a.Name(), "Until": a.Hushed, "Ends": a.Expires}))
	})
}
