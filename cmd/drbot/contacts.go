package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
)

// rawContact completes a contact of the runbook, by its role: how PagerDuty or drbot reaches it, and when it is called while
// nobody answers, where the runbook's own table says neither.
type rawContact struct {
	Person    string         `yaml:"person"`  // an email of people
	Policy    string         `yaml:"policy"`  // of PagerDuty
	Service   string         `yaml:"service"` // of PagerDuty
	Phone     string         `yaml:"phone"`
	After     *time.Duration `yaml:"after"`     // since the opening
	Condition string         `yaml:"condition"` // SEV-1: that severity or a worse one
	Repeat    time.Duration  `yaml:"repeat"`
}

var severityCondition = regexp.MustCompile(`^(?i:sev-?)?([1-4])$`)

// contacts checks the key, and completes what of PagerDuty is to be known and paged.
func (w *written) contacts(c *config) error {
	p := &c.PagerDuty
	c.Commands.Contacts = map[string]commands.ContactRule{}
	for _, role := range slices.Sorted(maps.Keys(w.Contacts)) {
		raw := w.Contacts[role]
		rule := commands.ContactRule{Person: raw.Person, Policy: raw.Policy, Service: raw.Service, Phone: raw.Phone, Every: raw.Repeat}
		fault := func(key, format string, args ...any) error {
			return w.places.fault(fmt.Errorf("contacts.%s.%s: "+format, append([]any{role, key}, args...)...), "contacts", role, key)
		}
		if _, known := c.People.Email(raw.Person); raw.Person != "" && !known {
			return fault("person", "%q is the email of nobody in people", raw.Person)
		}
		if raw.Policy != "" && raw.Service != "" || raw.Person != "" && raw.Policy+raw.Service != "" {
			return fault("policy", "name one of person, policy and service")
		}
		if raw.After != nil {
			if rule.After, rule.AtOnce = *raw.After, *raw.After == 0; rule.After < 0 || rule.After > 7*24*time.Hour {
				return fault("after", "%s is none of 0s to 168h", rule.After)
			}
		}
		if raw.Repeat != 0 && (raw.Repeat < time.Minute || raw.Repeat > 24*time.Hour) {
			return fault("repeat", "%s is none of 1m to 24h", raw.Repeat)
		}
		if raw.Condition != "" {
			m := severityCondition.FindStringSubmatch(raw.Condition)
			if m == nil {
				return fault("condition", "%q is no severity, like SEV-1", raw.Condition)
			}
			rule.Severity, _ = strconv.Atoi(m[1])
		}
		if raw.Policy != "" {
			p.Policies = append(p.Policies, raw.Policy)
		}
		if raw.Service != "" {
			p.Places = append(p.Places, raw.Service)
		}
		c.Commands.Contacts[role] = rule
	}
	pager := commands.Pager{On: p.tells(), Approvers: p.Approvers, Service: w.PagerDuty.Pages, Services: map[string]string{}}
	for _, id := range slices.Sorted(maps.Keys(w.PagerDuty.Services)) {
		p.Places = append(p.Places, id)
		pager.Service = cmp.Or(pager.Service, id)
		for _, name := range w.PagerDuty.Services[id].Services {
			pager.Services[name] = cmp.Or(pager.Services[name], id)
		}
	}
	if w.PagerDuty.Pages != "" {
		p.Places = append(p.Places, w.PagerDuty.Pages)
	}
	slices.Sort(p.Places)
	p.Places = slices.Compact(p.Places)
	c.Commands.Pager = pager
	return nil
}

// remember takes from the record what chat and PagerDuty had said of people, so that a start needs neither.
func (h *house) remember(ctx context.Context) {
	state, err := h.store.House(ctx)
	if err != nil || state.People == "" {
		return
	}
	var earlier []people.Entry
	if blob, err := h.store.Blob(ctx, state.People); err == nil && json.Unmarshal(blob, &earlier) == nil {
		h.book.Restore(earlier)
	}
}

// learned takes what chat or PagerDuty say of people; a change is recorded, and the record is posted (I17).
func (h *house) learned(ctx context.Context, source string, users []people.Found) {
	h.book.Learn(source, users, func(odd []string) {
		for _, what := range odd {
			h.log.Warn("people", "odd", what)
		}
		if err := h.outcomes.send(ctx, commands.PeopleLearned{Odd: odd}); err != nil {
			h.log.Error("record what was learned of people", "error", err)
		}
	})
}

// checkWaking says who would not be woken: contacts that nobody can reach, and approvers without an account.
func checkWaking(c *config, rb *runbook.Runbook) (found []finding) {
	roles := map[string]bool{}
	for _, k := range rb.Contacts {
		rule, set := c.Commands.Contacts[k.Role]
		roles[k.Role] = true
		if !k.Known && !set && (k.Immediate || k.After > 0 || k.Severity > 0) {
			found = append(found, finding{
				"warning", fmt.Sprintf("The runbook's contact “%s” reaches nobody, so nobody is called by it.", k.Role),
				fmt.Sprintf("Say who it is: contacts: {%s: {person: …}}, or {policy: …} or {service: …} of PagerDuty.", k.Role),
			})
		}
		if e, _ := c.People.Email(rule.Person); rule.Person != "" && e.Phone == "" && e.PagerDuty == "" && !c.PagerDuty.tells() {
			found = append(found, finding{"warning", fmt.Sprintf("contacts.%s: %s has no phone number and no account in PagerDuty.", k.Role, e.Name), "Add phone: to their line in people."})
		}
	}
	for _, role := range slices.Sorted(maps.Keys(c.Commands.Contacts)) {
		if !roles[role] {
			found = append(found, finding{"error", fmt.Sprintf("contacts: the runbook has no contact “%s”.", role), "Write the role as the runbook's emergency contacts have it."})
		}
	}
	if c.PagerDuty.tells() && c.PagerDuty.Approvers == "" {
		found = append(found, finding{"note", "pagerduty.approvers names no escalation policy: of approvers who do not answer those are paged who have an account, in the order of people.", "Name the policy of the approvers: pagerduty: {approvers: PPOL1}."})
	}
	return found
}
