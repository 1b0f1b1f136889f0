package people

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

func table(t *testing.T, entries ...Entry) *Table {
	t.Helper()
	made, err := New(entries)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var known = []Entry{
	{Name: "Ana Ruiz", Email: "ana@example.com", Slack: "U0ANA", PagerDuty: "PANA", Phone: "+1", Roles: []string{"operator"}},
	{Name: "Bea Ode", Email: "Bea@example.com", Roles: []string{"approver"}},
	{Name: "Chen Li", Slack: "U0CHEN"},
}

// TestI9_I17_WhatIsFoundGrantsNothing: an id is found for who lacks it, by the email alone; nobody comes in, no role
// changes, nothing that the configuration says is replaced, and what is ambiguous is taken for nobody, with a sentence.
func TestI9_I17_WhatIsFoundGrantsNothing(t *testing.T) {
	b := NewBook(table(t, known...))
	var told [][]string
	hear := func(odd []string) { told = append(told, odd) }
	b.Learn(FromPagerDuty, []Found{
		{Email: "bea@EXAMPLE.com", ID: "PBEA", Phone: "+34 600"}, {Email: "ana@example.com", ID: "POTHER", Phone: "+99"}, {Email: "eve@example.com", ID: "PEVE"},
	}, hear)
	b.Learn(FromSlack, []Found{{Email: "bea@example.com", ID: "U0BEA"}}, hear)
	b.Learn(FromSlack, []Found{{Email: "bea@example.com", ID: "U0BEA"}}, hear)
	now := b.Table()
	bea, ok := now.Slack("U0BEA")
	if !ok || bea.PagerDuty != "PBEA" || bea.Phone != "+34 600" || !now.May(bea.Key(), incident.Approver) || now.May(bea.Key(), incident.Operator) {
		t.Errorf("%+v", bea)
	}
	if ana, _ := now.Email("ana@example.com"); ana.PagerDuty != "PANA" || ana.Phone != "+1" || len(ana.Found) > 0 || len(now.All()) != 3 {
		t.Errorf("%+v", ana)
	}
	if len(told) != 2 {
		t.Errorf("told %d times", len(told))
	}
	said := strings.Join(now.Changes(table(t, known...)), "; ")
	if said != "Bea Ode has user U0BEA of the chat, has user PBEA of PagerDuty, has the phone number +34 600, by the email" {
		t.Error(said)
	}

	again := NewBook(table(t, known...)) // a start with nobody to ask
	again.Restore(now.All())
	if again.Table().Digest() != now.Digest() {
		t.Error("a restart changes the table")
	}
	gone := slices.Clone(known)
	gone[0].Slack, gone[0].PagerDuty = "", "" // the configuration takes them away: they were never found
	again = NewBook(table(t, gone...))
	again.Restore(now.All())
	if _, known := again.Table().Slack("U0ANA"); known {
		t.Error("what the configuration took away came back")
	}

	b.Learn(FromPagerDuty, []Found{{Email: "bea@example.com", ID: "PBEA"}, {Email: "Bea@example.com", ID: "PBEA2"}}, hear)
	if _, found := b.Table().PagerDuty("PBEA"); found || len(told) != 3 || len(told[2]) != 1 || !strings.Contains(told[2][0], "none of them is taken for Bea Ode") {
		t.Errorf("%v", told)
	}
	b.Learn(FromSlack, []Found{{Email: "bea@example.com", ID: "U0CHEN"}}, hear)
	if e, _ := b.Table().Slack("U0CHEN"); e.Name != "Chen Li" || !strings.Contains(strings.Join(told[len(told)-1], " "), "is Chen Li in drbot.yaml already") {
		t.Errorf("%+v %v", e, told[len(told)-1])
	}
	if text := strings.Join(b.Table().Changes(now), "; "); !strings.Contains(text, "has no more user U0BEA of the chat") {
		t.Error(text)
	}
}

func TestDutyIsReadWithItsAge(t *testing.T) {
	var none *Duty
	if _, _, known := none.On("P1"); known || none.Places() != nil {
		t.Error("nobody asked")
	}
	d := &Duty{}
	at := time.Unix(9, 0)
	d.Set(at, map[string][]OnCall{"P1": {{Level: 2, User: "B"}, {Level: 1, User: "A"}}, "P2": nil}, []Place{{ID: "S1"}})
	list, when, known := d.On("P1")
	if !known || !when.Equal(at) || len(list) != 2 || list[0].User != "A" || len(d.Places()) != 1 {
		t.Errorf("%v %v", list, when)
	}
	if list, _, known := d.On("P2"); !known || len(list) != 0 {
		t.Error("a policy with nobody is known")
	}
	if _, _, known := d.On("P3"); known {
		t.Error("a policy that was not asked for is not known")
	}
}
