package commands

import (
	"regexp"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// An item whose words say what the record could show, and that nothing here can ever prove, is a person's own: it would
// wait for ever otherwise. `drbot check` names such items, so that this is a choice.

// bind finds what proves an item: the configuration's word, else the lock's, else what the item says. may are the audiences
// that the incident can be told to.
func (o *Office) bind(rb *runbook.Runbook, text string, may []incident.Audience) *incident.Bind {
	rule, named := lookup(o.Config().Checklist, strings.TrimSpace(text))
	switch {
	case named && rule.Person:
		return nil
	case named && rule.Probe != "":
		return &incident.Bind{Rule: incident.RuleProbe, Probe: rule.Probe}
	case locked(rb, text):
		return &incident.Bind{Rule: incident.RuleStep}
	}
	b := incident.BindOf(text)
	if b == nil || !provable(rb, b, may) {
		return nil
	}
	return b
}

// provable reports whether anything can show what the item says. Of an item about a message it leaves the audiences that
// the incident can be told to: an announcement to colleagues tells no users.
func provable(rb *runbook.Runbook, b *incident.Bind, may []incident.Audience) bool {
	switch b.Rule {
	case incident.RuleTold:
		b.To = slices.DeleteFunc(b.To, func(a incident.Audience) bool { return !slices.Contains(may, a) })
		return len(b.To) > 0
	case incident.RuleBackup:
		return usable(rb) && slices.ContainsFunc(rb.Lock.Steps, func(e runbook.Entry) bool { return e.List != "" })
	case incident.RuleRestored:
		return usable(rb) && slices.ContainsFunc(rb.Procedures, returns)
	}
	return true
}

func usable(rb *runbook.Runbook) bool { return rb.Lock != nil && rb.LockError == nil }

// returns reports whether a run of the procedure can restore something and check it behind that.
func returns(p runbook.Procedure) bool {
	restored, listed := false, map[string]bool{} // listed: the steps at which a backup is chosen
	for k := range p.Steps {
		s := &p.Steps[k]
		checks := false
		for _, e := range entries(s) {
			read := e.EffectiveRisk() == runbook.Read && !e.Manual && !e.Choice
			checks = checks || read && e.Expect != nil
			takes := slices.ContainsFunc(e.Parameters, func(p runbook.Parameter) bool {
				return p.From == "list" || listed[p.From[:max(0, strings.LastIndexByte(p.From, '.'))]]
			})
			listed[e.ID] = listed[e.ID] || takes
			restored = restored || !read && (takes || incident.Restores(s.Title, e.Run))
		}
		if restored && checks {
			return true
		}
		restored = restored || s.Entry == nil && s.Kind == runbook.Manual && incident.Restores(s.Title, "")
	}
	return false
}

// entries are what the lock has of a step, of each of its branches where it has several.
func entries(s *runbook.Step) []*runbook.Entry {
	var list []*runbook.Entry
	if s.Entry != nil {
		list = append(list, s.Entry)
	}
	for k := range s.Alternatives {
		if e := s.Alternatives[k].Entry; e != nil {
			list = append(list, e)
		}
	}
	return list
}

// locked reports whether an entry of the lock says that its step does what the item says.
func locked(rb *runbook.Runbook, text string) bool {
	return usable(rb) && slices.ContainsFunc(rb.Lock.Steps, func(e runbook.Entry) bool {
		return slices.ContainsFunc(e.Closes, func(closes string) bool { return strings.EqualFold(strings.TrimSpace(closes), strings.TrimSpace(text)) })
	})
}

var healthy = regexp.MustCompile(`(?i)\bhealth ?checks?\b.*\b(pass|passes|passing|passed|green|ok)\b`)

// Unproven is an item that says what drbot could see, and that nothing here proves: people tick it.
type Unproven struct{ Text, Why, Fix string }

// Unproven lists them for a runbook with this configuration.
func (c Config) Unproven(rb *runbook.Runbook) []Unproven {
	var list []Unproven
	for _, phase := range rb.Checklist.Phases {
		list = c.unproven(rb, phase.Items, list)
	}
	return list
}

func (c Config) unproven(rb *runbook.Runbook, items []runbook.Item, list []Unproven) []Unproven {
	may := append([]incident.Audience{incident.AudienceAnnouncement}, c.Outlets.Open...)
	for _, it := range items {
		text := strings.TrimSpace(it.Text)
		if len(it.Items) > 0 {
			list = c.unproven(rb, it.Items, list)
			continue
		}
		if _, named := lookup(c.Checklist, text); named || locked(rb, text) {
			continue
		}
		b := incident.BindOf(text)
		switch {
		case b == nil && healthy.MatchString(text):
			list = append(list, Unproven{text, "no step and no address", "Name an address or a step: checklist: {…: {probe: …}}, or the item in the closes of the step that checks it."})
		case b == nil || provable(rb, b, may):
		case b.Rule == incident.RuleTold:
			list = append(list, Unproven{text, "neither mail: nor statuspage: is set, so no message reaches them", "Set one of them, or say that it is people's: checklist: {…: {person: true}}."})
		case b.Rule == incident.RuleBackup:
			list = append(list, Unproven{text, "no step of the lock lists backups", "Give the step that chooses one a list, or name the item in the closes of a step."})
		default:
			list = append(list, Unproven{text, "no procedure of the lock has a restore and behind it a check with an expectation", "Give the check an expect, or name the item in the closes of the step that proves it."})
		}
	}
	return list
}
