package main

import (
	"context"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/templates"
)

// facts are what cards need besides the fold.
func (h *house) facts(ctx context.Context, i *incident.Incident) templates.Facts {
	f := templates.Facts{
		Now: h.clock.Now(), Commands: templates.Commands{Incident: h.config.Commands.Incident, Recover: h.config.Commands.Recover},
		Host: h.config.Commands.Host, Degraded: h.degraded(), Approvers: h.book.Table().With(incident.Approver), Operators: h.book.Table().With(incident.Operator),
		Breakers: h.book.Table().Breakers(),
	}
	if house, err := h.store.House(ctx); err == nil {
		f.House = house
		f.History, f.Usual = history(house.Scripts), usual(house.Procedures)
	}
	f.Contacts, f.Zone = contacts(h.book.Table()), h.zone()
	h.runFacts(ctx, i, &f)
	if i != nil {
		f.Saved = templates.Back(i, f.Specs)
	}
	return f
}

// contacts are the people with the ways to reach them.
func contacts(t *people.Table) []templates.Contact {
	var list []templates.Contact
	for _, p := range t.All() {
		list = append(list, templates.Contact{Name: p.Name, Key: p.Key(), Slack: p.Slack, Phone: p.Phone, Roles: p.Roles})
	}
	return list
}

// runFacts adds the texts of the live run's steps and what its running step says.
func (h *house) runFacts(ctx context.Context, i *incident.Incident, f *templates.Facts) {
	if i == nil {
		return
	}
	f.Specs, f.Scripts, f.Live = map[string]*incident.Spec{}, map[string]string{}, map[string]templates.Tail{}
	for _, r := range i.Runs {
		specs, err := h.office.Specs(ctx, r)
		if err != nil {
			h.log.Error("read the steps of a run", "incident", i.ID.String(), "run", r.Name(), "error", err)
			continue
		}
		for digest, spec := range specs {
			f.Specs[digest] = spec
			f.Scripts[incident.Digest([]byte(spec.Script))] = spec.Script
		}
		for k := range r.Steps {
			if s := &r.Steps[k]; s.State == incident.StepRuns {
				if at, line := h.runner.Tail(s.Attempt); line != "" {
					f.Live[r.Name()+"/"+s.ID] = templates.Tail{At: at, Line: line}
				}
			}
		}
	}
}

// history is how often each text ran, by its sha256; never nil, since what is not in it never ran.
func history(scripts map[string]incident.Ran) map[string]templates.History {
	all := make(map[string]templates.History, len(scripts))
	for sum, r := range scripts {
		h := templates.History{Times: r.Times, Last: r.Last, Drill: r.Drill, Outcome: r.Outcome, Took: r.Took, Usual: r.Usually()}
		switch r.Outcome {
		case incident.Succeeded:
			h.Outcome = "ok"
		case incident.OutcomeUnknown:
			h.Outcome = "ended without a result"
		}
		all[sum] = h
	}
	return all
}

// usual is how long procedures take, by their ids; one that never went through is not in it.
func usual(procedures map[string]incident.Ran) map[string]templates.Usual {
	all := map[string]templates.Usual{}
	for id, r := range procedures {
		if took := r.Usually(); took > 0 {
			all[id] = templates.Usual{Took: took, Drills: r.Drills, Last: r.Last, OK: r.Outcome == incident.EndDone}
		}
	}
	return all
}
