package commands

import (
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// defaultCadence is how often updates are promised, and how soon an answer is, where runbook and configuration say
// nothing. SEV-4 promises nothing.
var defaultCadence = map[int]time.Duration{1: 15 * time.Minute, 2: 30 * time.Minute, 3: time.Hour}

// lowerFree is how long after opening the severity may be lowered without a reason (UX §2).
const lowerFree = 10 * time.Minute

// policy is what is promised for a severity from an instant on.
func (o *Office) policy(i *incident.Incident, severity int, at time.Time) incident.Policy {
	p := incident.Policy{UpdateEvery: o.cadence(severity)}
	p.RespondBy, p.Calls = o.answerBy(severity, at, at)
	if every := o.Config().Executives[severity]; every > 0 && slices.Contains(o.audiences(i), incident.AudienceExecutives) {
		p.ExecutivesEvery = every // who may not be told is promised nothing
		p.ExecutivesDue = at.Add(p.ExecutivesEvery).UTC()
	}
	if p.UpdateEvery > 0 {
		p.UpdateDue = at.Add(p.UpdateEvery).UTC()
	}
	return p
}

// answerBy is when an answer is due, and whom drbot calls until then, from the instant at which it began on; nobody is
// called before now.
func (o *Office) answerBy(severity int, began, now time.Time) (respondBy time.Time, calls []incident.Call) {
	if respond := o.respond(severity); respond > 0 {
		respondBy = began.Add(respond).UTC()
	}
	return respondBy, o.calls(severity, began, now)
}

// changed is the policy of another severity for a running incident: an update that was promised earlier stays promised.
func (o *Office) changed(i *incident.Incident, severity int, at time.Time) incident.Policy {
	p := o.policy(i, severity, at)
	if i.Window != nil {
		return incident.Policy{} // nothing is promised of what is planned
	}
	if i.ExecutivesDue.After(at) && i.ExecutivesDue.Before(p.ExecutivesDue) {
		p.ExecutivesDue = i.ExecutivesDue
	}
	if i.UpdateDue.After(at) && i.UpdateDue.Before(p.UpdateDue) {
		p.UpdateDue = i.UpdateDue
	}
	p.Calls = o.calls(severity, i.Since(), at)
	switch {
	case !i.AckedAt.IsZero():
		p.RespondBy, p.Calls = i.RespondBy, nil
	case !i.RespondBy.IsZero() && !p.RespondBy.IsZero():
		p.RespondBy = o.answerAgain(i, severity, p.RespondBy)
	}
	return p
}

// answerAgain is when an answer is due after another change of severity: a lower one has its time from where the clocks began,
// a higher one its time from now on, and never puts off what was promised. Changing it to and fro wins nobody time.
func (o *Office) answerAgain(i *incident.Incident, severity int, fromNow time.Time) time.Time {
	if severity > i.Severity {
		if whole := i.Since().Add(o.respond(severity)).UTC(); whole.After(i.RespondBy) {
			return whole
		}
		return i.RespondBy
	}
	if fromNow.Before(i.RespondBy) {
		return fromNow
	}
	return i.RespondBy
}

func (o *Office) cadence(severity int) time.Duration {
	if every, set := o.Config().Updates[severity]; set {
		return every
	}
	return defaultCadence[severity]
}

// respond is the runbook's response time; the configuration fills what the runbook leaves open.
func (o *Office) respond(severity int) time.Duration {
	for _, row := range o.Runbook().Severities {
		if row.Level == severity && row.Respond > 0 {
			return row.Respond
		}
	}
	if respond, set := o.Config().Respond[severity]; set {
		return respond
	}
	return defaultCadence[severity]
}

// objectives are the strictest of the services' tiers and data. Of a service that the configuration does not know the
// strictest of the runbook are taken: a promise that is too early harms less than one that is too late.
func (o *Office) objectives(services []string) (rto, rpo incident.Objective) {
	rb, config := o.Runbook(), o.Config()
	tier := func(name string) { // "" is every tier
		for _, row := range rb.RTO {
			if name == "" || strings.EqualFold(row.Tier, name) {
				rto = stricter(rto, incident.Objective{Name: row.Tier, Limit: row.Target})
			}
		}
	}
	data := func(name string) {
		for _, row := range rb.RPO {
			if name == "" || strings.EqualFold(row.Data, name) {
				rpo = stricter(rpo, incident.Objective{Name: row.Data, Limit: row.Target})
			}
		}
	}
	known := len(services) > 0
	for _, name := range services {
		mapping, ok := lookup(config.Services, name)
		known = known && ok
		if mapping.Tier != "" {
			tier(mapping.Tier)
		}
		for _, kind := range mapping.Data {
			if kind != "" {
				data(kind)
			}
		}
	}
	if !known || rto.Limit == 0 {
		tier("")
	}
	if !known || rpo.Limit == 0 {
		data("")
	}
	return rto, rpo
}

func stricter(a, b incident.Objective) incident.Objective {
	if a.Limit == 0 || b.Limit > 0 && b.Limit < a.Limit {
		return b
	}
	return a
}

// isRestricted reports whether incidents of a type are private. Breaches and security are, unless the configuration
// says otherwise (I56).
func (o *Office) isRestricted(kind string) bool {
	if marked, ok := lookup(o.Config().Restricted, kind); ok {
		return marked
	}
	kind = strings.ToLower(kind)
	return strings.Contains(kind, "breach") || strings.Contains(kind, "security")
}

// lookup finds a name without regard to its case.
func lookup[V any](m map[string]V, name string) (V, bool) {
	if v, ok := m[name]; ok {
		return v, true
	}
	for key, v := range m {
		if strings.EqualFold(key, name) {
			return v, true
		}
	}
	var none V
	return none, false
}

// severityOf is the row of the type; without a type it is the highest there is.
func (o *Office) severityOf(kind *runbook.IncidentType) int {
	if kind != nil && kind.Severity >= 1 && kind.Severity <= 4 {
		return kind.Severity
	}
	return 1
}
