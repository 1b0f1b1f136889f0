package commands_test

import (
	"slices"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// TestI50_AContactWhomPagerDutyEscalatesToIsNotPagedTwice, and everybody else is paged: that PagerDuty escalates an alert to some
// people wakes no others.
func TestI50_AContactWhomPagerDutyEscalatesToIsNotPagedTwice(t *testing.T) {
	for name, c := range map[string]struct {
		rule commands.ContactRule
		want []string
	}{
		"the alert's policy":  {commands.ContactRule{Policy: "PPOL"}, nil},
		"the alert's service": {commands.ContactRule{Service: "PDB1"}, nil},
		"another policy":      {commands.ContactRule{Policy: "PWEB"}, []string{"PWEB"}},
		"another service":     {commands.ContactRule{Service: "P4SEC"}, []string{"P4SEC"}},
		"a person":            {commands.ContactRule{Person: "bea@example.com"}, []string{"PBEA"}},
	} {
		o := opened(t)
		o.rota()
		o.book.Contacts = []runbook.Contact{{Role: "On-call", Contact: "[PagerDuty]", Text: "Immediate", Immediate: true}}
		o.conf.Contacts = map[string]commands.ContactRule{"on-call": c.rule}
		e := alarm("P1", "E1", "triggered", o.clock(), map[string]string{
			incident.AlertPriority: "P1", incident.AlertStatus: incident.AlertTriggered, incident.AlertPolicy: "Default", incident.AlertService: "PDB1",
		})
		e.Rules = commands.AlertRules{{Service: "PDB1", Then: commands.ThenOpen}}
		o.hear(e)
		id := incident.ID(1)
		o.pass(time.Minute)
		o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.Tick{Incident: id}})
		var got []string
		for range o.read(id).Pages {
			got = append(got, o.lastPage(id).ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: paged %v", name, got)
		}
	}
}
