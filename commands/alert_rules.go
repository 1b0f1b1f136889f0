package commands

import (
	"regexp"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
)

// What a rule makes of an alert that no incident has.
const (
	ThenOpen   = "open"
	ThenTriage = "triage"
	ThenIgnore = "ignore"
)

// AlertRule says what an alert opens. Every condition that is set must hold.
type AlertRule struct {
	Service  string   // PagerDuty's id
	Urgency  string   // high | low
	Priority []string // names; any of them
	Title    *regexp.Regexp

	Then     string // ThenOpen …
	Attach   bool   // to an open incident that this rule opened before, if there is one
	Type     string // of the runbook
	Severity int    // 0: the type's
	Services []string
	Drill    bool

	implied bool // no rule of the configuration: what nothing else matched
}

// AlertRules in their order: the first one that matches counts. What none matches waits in triage.
type AlertRules []AlertRule

// match finds the rule for an event. An event that does not tell all that rules ask for matches the last one only.
func (rules AlertRules) match(e HearAlert) AlertRule {
	for _, r := range rules {
		if e.Whole && r.holds(e.Facts) {
			return r
		}
	}
	return AlertRule{Then: ThenTriage, implied: true}
}

func (r AlertRule) holds(facts map[string]string) bool {
	return (r.Service == "" || r.Service == facts[incident.AlertService]) &&
		(r.Urgency == "" || r.Urgency == facts[incident.AlertUrgency]) &&
		(len(r.Priority) == 0 || slices.ContainsFunc(r.Priority, func(p string) bool { return strings.EqualFold(p, facts[incident.AlertPriority]) })) &&
		(r.Title == nil || r.Title.MatchString(facts[incident.AlertTitle]))
}

// passes says why an event opens nothing; empty: it does.
func (r AlertRule) passes(e HearAlert) string {
	switch {
	case r.Then == ThenIgnore:
		return "a rule of the configuration ignores it"
	case e.What == Asked && r.implied:
		return "no rule names it"
	case e.Facts[incident.AlertStatus] == "" && r.implied:
		return "it tells too little to open an incident"
	}
	return ""
}

// same names what alerts of one trouble have in common: type and services, else PagerDuty's service.
func (r AlertRule) same(e HearAlert) string {
	if r.Type == "" && len(r.Services) == 0 {
		return e.Facts[incident.AlertService]
	}
	return strings.ToLower(r.Type) + "/" + strings.ToLower(strings.Join(r.Services, ","))
}

// Services are those of PagerDuty that the rules open something for; none where one of them is about any service. false:
// no rule opens anything.
func (rules AlertRules) Services() (ids []string, opens bool) {
	every := false
	for _, r := range rules {
		if r.Then == ThenIgnore {
			continue
		}
		opens, every = true, every || r.Service == ""
		if !slices.Contains(ids, r.Service) {
			ids = append(ids, r.Service)
		}
	}
	if every {
		ids = nil
	}
	return ids, opens
}
