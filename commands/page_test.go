package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
)

// rota gives the office a PagerDuty whose approvers are, in this order, Ana, nobody known, and Bea.
func (o *office) rota() {
	o.people([]people.Entry{
		{Name: "Ana Ruiz", Email: "ana@example.com", Slack: "U0ANA", PagerDuty: "PANA", Phone: "+1 1", Roles: []string{"responder", "operator"}},
		{Name: "Bea Ode", Email: "bea@example.com", Slack: "U0BEA", PagerDuty: "PBEA", Phone: "+1 2", Roles: []string{"responder", "approver"}},
		{Name: "Chen Li", Email: "chen@example.com", Slack: "U0CHEN", Phone: "+1 3", Roles: []string{"approver", "admin"}},
	})
	o.Duty = &people.Duty{}
	o.Duty.Set(o.clock(), map[string][]people.OnCall{"PPOL": {{Level: 1, User: "PANA", Name: "Ana Ruiz"}, {Level: 2, User: "PX", Name: "Xen"}, {Level: 3, User: "PBEA", Name: "Bea Ode"}}, "PWEB": nil},
		[]people.Place{{ID: "PDB1", Name: "Users database", Policy: "PPOL"}})
	o.conf.Pager = commands.Pager{On: true, Approvers: "PPOL", Service: "PDB1", Services: map[string]string{"postgres": "PDB1"}}
	o.book.Contacts = []runbook.Contact{
		{Role: "Lead", Contact: "Bea, bea@example.com", After: 15 * time.Minute, Known: true, Text: "15 minutes"},
		{Role: "Web team", Contact: "[Contact]", Text: "As needed"}, {Role: "Nobody", Contact: "[Contact]", Immediate: true, Text: "Immediate"},
		{Role: "Security", Contact: "security@example.com", Severity: 1, Known: true, Text: "SEV-1 only"},
	}
	o.conf.Contacts = map[string]commands.ContactRule{"web team": {Policy: "PWEB"}}
}

// TestPageFindsWhom: a person, a service here and in PagerDuty, a contact of the runbook, the approvers; what is left of the
// line is the reason; who cannot be paged is called by phone, and the record says why.
func TestPageFindsWhom(t *testing.T) {
	o := opened(t)
	o.rota()
	o.typed(ana, "", "/incident open Database corruption: users gone")
	for _, c := range []struct{ line, kind, id, whom, reason, says string }{
		{"<@U0BEA|bea> all logins fail", "person", "PBEA", "Bea Ode", "all logins fail", "PagerDuty is asked to page Bea Ode"},
		{"Bea Ode now", "person", "PBEA", "Bea Ode", "now", "asked to page Bea Ode"},
		{"@bea", "person", "PBEA", "Bea Ode", "", "asked to page Bea Ode"},
		{"approvers", "policy", "PPOL", "the approvers", "", "On call as of 02:58 UTC: Ana Ruiz, then Xen, then Bea Ode"},
		{"postgres is slow", "service", "PDB1", "postgres", "is slow", "asked to page postgres"},
		{"users DATABASE please", "service", "PDB1", "Users database", "please", "asked to page Users database"},
		{"PDB1", "service", "PDB1", "Users database", "", "asked to page"},
		{"Web team", "policy", "PWEB", "Web team", "", "On call as of 02:58 UTC: nobody"},
		{"lead", "person", "PBEA", "Bea Ode", "", "asked to page Bea Ode"},
		{"@bea @Chen users gone", "person", "PBEA", "Bea Ode", "@Chen users gone", "One at a time: Chen Li is not paged."},
		{"@bea @3 users gone", "person", "PBEA", "Bea Ode", "@3 users gone", "says here when it did."},
		{"me", "person", "PANA", "Ana Ruiz", "", "asked to page Ana Ruiz"},
		{"@Chen", "person", "", "Chen Li", "", "PagerDuty did not take it (Chen Li has no account in PagerDuty that drbot knows). Chen Li +1 3"},
	} {
		r := o.typed(ana, "", "/incident page INC-1 "+c.line)
		i := o.read(1)
		p := i.Pages[len(i.Pages)-1]
		asked := o.lastPage(1)
		if !strings.Contains(r.Say.Text, c.says) || p.Whom != c.whom || asked.Kind != c.kind || asked.ID != c.id || asked.Reason != c.reason {
			t.Errorf("%q: %q\n%+v", c.line, r.Say.Text, asked)
		}
	}
	for line, says := range map[string]string{"nobody": "is nobody here whom drbot could page", "postgresql": "is nobody here", "Nobody": "A person as @name, or one of: approvers, postgres, Lead, Web team, Users database."} {
		if r := o.typed(ana, "", "/incident page INC-1 "+line); r.Kind != incident.BadInput || !strings.Contains(r.Say.Text, says) {
			t.Errorf("%q: %+v", line, r.Say.Text)
		}
	}
	if calls := o.read(1).Calls; len(calls) != 2 || calls[0].Role != "Lead" || calls[1].Role != "Security" {
		t.Errorf("%+v", calls)
	}
}

func (o *office) lastPage(id incident.ID) (asked incident.PageAsked) {
	o.t.Helper()
	for r, err := range o.store.Records(o.t.Context(), id, 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		if e, err := r.Event(); err == nil {
			if p, ok := e.(incident.PageAsked); ok {
				asked = p
			}
		}
	}
	return asked
}

// TestNudgesPageWhoMayDecide: whoever is on call and may decide comes first, each person once; who asked and who has no
// account is passed over; where PagerDuty has not said who is on call its policy is paged; and a rota with nobody, or
// nobody with an account, is in the record.
func TestNudgesPageWhoMayDecide(t *testing.T) {
	pd := func(ids ...string) []people.Entry {
		entries := crew()
		for k := range entries {
			entries[k].PagerDuty = ids[k]
		}
		return entries
	}
	on := func(ids ...string) (list []people.OnCall) {
		for k, id := range ids {
			list = append(list, people.OnCall{Level: k + 1, User: id, Name: id})
		}
		return list
	}
	for name, c := range map[string]struct {
		staff []people.Entry
		duty  map[string][]people.OnCall
		pager commands.Pager
		want  []string
	}{
		"on call first":     {pd("PANA", "PBEA", "PCHEN", ""), map[string][]people.OnCall{"PPOL": on("PANA", "PCHEN")}, commands.Pager{On: true, Approvers: "PPOL", Service: "S"}, []string{"person PCHEN", "person PBEA"}},
		"not known yet":     {pd("PANA", "PBEA", "PCHEN", ""), nil, commands.Pager{On: true, Approvers: "PPOL", Service: "S"}, []string{"policy PPOL", "person PBEA"}},
		"nobody on call":    {pd("PANA", "PBEA", "", ""), map[string][]people.OnCall{"PPOL": nil}, commands.Pager{On: true, Approvers: "PPOL", Service: "S"}, []string{"person PBEA nobody is on call for approvals", "person  Chen Li has no account in PagerDuty that drbot knows nobody is on call for approvals"}},
		"no policy":         {pd("PANA", "", "PCHEN", ""), nil, commands.Pager{On: true, Service: "S"}, []string{"person PCHEN", "person  Bea Ode has no account in PagerDuty that drbot knows"}},
		"nobody has one":    {pd("", "", "", ""), nil, commands.Pager{On: true, Service: "S"}, []string{"person  Bea Ode has no account in PagerDuty that drbot knows"}},
		"without PagerDuty": {pd("", "PBEA", "PCHEN", ""), nil, commands.Pager{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := recovery(t).rig()
			r.people(c.staff)
			r.conf.Pager, r.Duty = c.pager, &people.Duty{}
			if c.duty != nil {
				r.Duty.Set(r.clock(), c.duty, nil)
			}
			r.toApproval()
			for range 3 {
				r.pass(3*time.Minute + time.Second)
				r.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.Tick{Incident: r.id}})
			}
			var got []string
			for k := range r.fold().Pages {
				p := &r.fold().Pages[k]
				asked := r.page(p.N)
				got = append(got, strings.TrimSpace(asked.Kind+" "+asked.ID+" "+strings.TrimSpace(p.Failed+" "+asked.Note)))
			}
			if strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// page is the event that asked for one.
func (o *office) page(n uint64) (asked incident.PageAsked) {
	o.t.Helper()
	for r, err := range o.store.Records(o.t.Context(), 1, 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		if e, err := r.Event(); err == nil {
			if p, ok := e.(incident.PageAsked); ok && p.Page == n {
				asked = p
			}
		}
	}
	return asked
}
