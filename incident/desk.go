package incident

import (
	"maps"
	"slices"
	"time"
)

// Desk is what decisions about runs need besides the incident: plain values that the caller completed.
type Desk struct {
	At           time.Time
	House        *House
	Rights       Rights
	Basis        string                       // revision of the configuration that the rights come from
	Approvers    func(from []Right) []Person  // who may decide now
	Breakers     []Person                     // who may break the glass (I16)
	NextApproval func() uint64                // the next approval's number
	Specs        map[string]*Spec             // of the run's steps, by digest
	Holder       func(lock string) (ID, bool) // who holds a target lock
	// Check holds the values of a step against what its lock entry declares (I34 to I37); choices are the lines that
	// were read for the run, nil when none were.
	Check func(s *Spec, values map[string]string, choices map[string][]Choice) error
}

// draft is a working copy: a decision adds events to it and reads what they lead to.
type draft struct {
	*Incident
	at     time.Time
	events []Event
}

func (i *Incident) draft(at time.Time) *draft { return &draft{Incident: i.Clone(), at: at} }

func (d *draft) add(events ...Event) {
	for _, e := range events {
		d.Apply(Stamp{Seq: d.Seq, N: d.N + 1, Time: d.at}, e)
		d.events = append(d.events, e)
	}
}

// Clone copies everything that Apply may change in place.
func (i *Incident) Clone() *Incident {
	c := *i
	c.Spoken, c.Pins, c.Parked = slices.Clone(i.Spoken), slices.Clone(i.Pins), slices.Clone(i.Parked)
	c.Messages, c.Outgoing, c.Owed = slices.Clone(i.Messages), slices.Clone(i.Outgoing), slices.Clone(i.Owed)
	c.Readers = slices.Clone(i.Readers)
	c.PinFacts, c.Proofs = maps.Clone(i.PinFacts), maps.Clone(i.Proofs)
	c.Checklist, c.Services = slices.Clone(i.Checklist), slices.Clone(i.Services)
	c.Glass, c.Offers = slices.Clone(i.Glass), slices.Clone(i.Offers)
	c.Alerts, c.Pages, c.Calls = cloneAlerts(i.Alerts), slices.Clone(i.Pages), slices.Clone(i.Calls)
	if i.Roles != nil {
		c.Roles = make(map[Role]Person, len(i.Roles))
		for role, p := range i.Roles {
			c.Roles[role] = p
		}
	}
	c.Review, c.Before = i.Review.clone(), i.Before.clone()
	c.Runs = make([]*Run, len(i.Runs))
	for k, r := range i.Runs {
		run := *r
		run.Steps = slices.Clone(r.Steps)
		if r.Values != nil {
			run.Values = make(map[string]string, len(r.Values))
			for name, value := range r.Values {
				run.Values[name] = value
			}
		}
		c.Runs[k] = &run
	}
	c.Approvals = make([]*Approval, len(i.Approvals))
	for k, a := range i.Approvals {
		approval := *a
		approval.Votes = slices.Clone(a.Votes)
		c.Approvals[k] = &approval
	}
	if len(c.Runs) == 0 {
		c.Runs = nil
	}
	if len(c.Approvals) == 0 {
		c.Approvals = nil
	}
	return &c
}

func (d Desk) mayAny(key string, from []Right) bool {
	return slices.ContainsFunc(from, func(r Right) bool { return d.Rights.May(key, r) })
}
