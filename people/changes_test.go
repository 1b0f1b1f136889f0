package people

import (
	"strings"
	"testing"
)

// TestI17_EachChangeOfAPersonIsSaid: whatever the configuration says otherwise of a person is in the words that are recorded and
// posted, with what it was, also beside a change of roles and in place of what was found.
func TestI17_EachChangeOfAPersonIsSaid(t *testing.T) {
	was := Entry{Name: "Bea Ode", Email: "bea@example.com", Slack: "U0BEA", PagerDuty: "PBEA", Phone: "+34 600", Unix: "bea", Roles: []string{"approver"}}
	for want, change := range map[string]func(*Entry){
		"Bea Ode: user of PagerDuty PCHEN, was PBEA":                                        func(e *Entry) { e.PagerDuty = "PCHEN" },
		"Bea Ode: phone +34 601, was +34 600":                                               func(e *Entry) { e.Phone = "+34 601" },
		"Bea Ode: phone none, was +34 600":                                                  func(e *Entry) { e.Phone = "" },
		"Bea Ode: manager ana@example.com, was none":                                        func(e *Entry) { e.Manager = "ana@example.com" },
		"Bea Ode: user of the chat U0EVE, was U0BEA":                                        func(e *Entry) { e.Slack = "U0EVE" },
		"Bea Ode: account on the machine root, was bea":                                     func(e *Entry) { e.Unix = "root" },
		"Eve Roy: name, was Bea Ode":                                                        func(e *Entry) { e.Name = "Eve Roy" },
		"Bea Ode: admin, was approver; user of the chat U0EVE, was U0BEA":                   func(e *Entry) { e.Roles, e.Slack = []string{"admin"}, "U0EVE" },
		"Bea Ode has user PNEW of PagerDuty, by the email|Bea Ode: phone none, was +34 600": func(e *Entry) { e.Phone, e.PagerDuty, e.Found = "", "PNEW", []string{FromPagerDuty} },
		"": func(*Entry) {},
	} {
		is := was
		change(&is)
		if got := strings.Join(table(t, is).Changes(table(t, was)), "|"); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	found := was
	found.Found = []string{FromPagerDuty}
	set := was
	set.PagerDuty = "PCHEN"
	if got := strings.Join(table(t, set).Changes(table(t, found)), "|"); got != "Bea Ode: user of PagerDuty PCHEN, was PBEA" {
		t.Errorf("in place of what was found: %q", got)
	}
}
