package pagerduty

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// alarmed is a rig whose incident has an alert; priorities are those of the configuration.
func alarmed(t *testing.T, priorities map[int]string) (*rig, string) {
	r := rigged(t)
	paging(r)
	r.Priorities = priorities
	return r, r.link("one")
}

func (r *rig) did(id, what string) (n int) {
	for _, c := range r.account.Changes(id) {
		if c.What == what {
			n++
		}
	}
	return n
}

// TestI49_ARequestToJoinIsMadeOnce: a lost answer and a crash after the call find it in the alert's log.
func TestI49_ARequestToJoinIsMadeOnce(t *testing.T) {
	r, id := alarmed(t, nil)
	rec := r.record(ask(incident.PagePerson, "PBEA"))
	if err := r.deliver(rec, false); err != nil {
		t.Fatal(err)
	}
	want := commands.PageTaken{Incident: 7, Page: 1, Alert: id, Name: id, Woke: []string{"Bea"}, Joins: true}
	if taken, ok := r.keeper.last().(commands.PageTaken); !ok || taken.Alert != want.Alert || !slices.Equal(taken.Woke, want.Woke) || !taken.Joins {
		t.Errorf("%+v", r.keeper.last())
	}
	for range 2 {
		if err := r.deliver(rec, true); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.account.Responders(id); len(got) != 1 || got[0] != "PBEA pending: INC-7 SEV-2 needs Bea Ode: Users are gone (all fail) [drbot INC-7/3]" {
		t.Errorf("asked %q", got)
	}
	if ids, _, _ := r.account.Pages(); len(ids) != 0 {
		t.Error("and an incident of its own was made")
	}
	if err := r.Ask(t.Context()); err != nil { // what PagerDuty then lists of it can be read
		t.Error(err)
	}
	if err := r.deliver(r.record(incident.Resolved{By: ana, Summary: "done"}), false); err != nil || r.account.Status(id) != "resolved" {
		t.Errorf("%v: %s", err, r.account.Status(id))
	}
}

// TestI48_WhereNobodyCanBeAskedToJoin: without the ability, on an alert that is over or gone, and for an approval, the page
// is an incident of its own.
func TestI48_WhereNobodyCanBeAskedToJoin(t *testing.T) {
	for name, set := range map[string]func(*rig, string, *incident.PageAsked){
		"no ability": func(r *rig, _ string, _ *incident.PageAsked) { r.account.Lack(pdtest.Coordinated) },
		"resolved":   func(r *rig, id string, _ *incident.PageAsked) { r.account.Set(id, "resolved", "PBEA") },
		"gone":       func(r *rig, id string, _ *incident.PageAsked) { r.account.Delete(id) },
		"service":    func(_ *rig, _ string, e *incident.PageAsked) { e.Kind, e.ID = incident.PageService, "PDB1" },
	} {
		t.Run(name, func(t *testing.T) {
			r, id := alarmed(t, nil)
			e := ask(incident.PagePerson, "PBEA")
			set(r, id, &e)
			if err := r.deliver(r.record(e), false); err != nil {
				t.Fatal(err)
			}
			if ids, _, _ := r.account.Pages(); len(ids) != 1 || len(r.account.Responders(id)) != 0 {
				t.Errorf("%d incidents of pages", len(ids))
			}
			if taken, ok := r.keeper.last().(commands.PageTaken); !ok || taken.Joins {
				t.Errorf("%+v", r.keeper.last())
			}
		})
	}
	r, id := alarmed(t, nil)
	if err := r.deliver(r.record(ask(incident.PagePolicy, "PPOL1")), false); err != nil || len(r.account.Responders(id)) != 1 {
		t.Errorf("a policy: %v, %v", err, r.account.Responders(id))
	}
	r, id = alarmed(t, nil)
	r.account.Shift("PPOL1")
	if err := r.deliver(r.record(ask(incident.PagePolicy, "PPOL1")), false); err != nil {
		t.Fatal(err)
	}
	if taken, ok := r.keeper.last().(commands.PageTaken); !ok || !taken.Joins || len(taken.Woke) != 0 || len(r.account.Responders(id)) != 0 {
		t.Errorf("nobody on call: %+v", r.keeper.last())
	}
}

// TestI48_ARequestToJoinWaits: it is told once, and made once when PagerDuty is back.
func TestI48_ARequestToJoinWaits(t *testing.T) {
	r, id := alarmed(t, nil)
	rec := r.record(ask(incident.PagePerson, "PBEA"))
	r.account.Away(true)
	if err := r.deliver(rec, false); !unavailable(err) {
		t.Errorf("away: %v", err)
	}
	r.account.Away(false)
	r.account.Limit(1, "7")
	later := follow.Unavailable{}
	if err := r.deliver(rec, true); !errors.As(err, &later) || later.RetryAfter != 7*time.Second {
		t.Errorf("limited: %v", err)
	}
	if err := r.deliver(rec, true); err != nil || len(r.account.Responders(id)) != 1 {
		t.Errorf("%v, %v", err, r.account.Responders(id))
	}
}

// TestI49_AnUpdateIsPublishedOnce, whatever crashes between; and of a restricted incident none is (I56).
func TestI49_AnUpdateIsPublishedOnce(t *testing.T) {
	r, id := alarmed(t, nil)
	rec := r.record(incident.UpdateSent{By: ana, Number: 1, Text: "Half of it works.", Due: time.Date(2026, 11, 24, 3, 30, 0, 0, time.UTC)})
	for k := range 3 {
		if err := r.deliver(rec, k > 0); err != nil {
			t.Fatal(err)
		}
		r.notes = map[string]string{}
	}
	if n := r.did(id, "status_update_published"); n != 1 {
		t.Errorf("published %d times", n)
	}
	if c := r.account.Changes(id); c[len(c)-1].Text != "INC-7 SEV-2: Half of it works. Next update by 03:30 UTC. [drbot INC-7/3]" {
		t.Errorf("subscribers read %q", c[len(c)-1].Text)
	}
	long := r.record(incident.UpdateSent{By: ana, Number: 2, Text: strings.Repeat("ä", 3000)})
	if err := r.deliver(long, false); err != nil {
		t.Fatal(err)
	}
	if c := r.account.Changes(id); !strings.HasSuffix(c[len(c)-1].Text, " [drbot INC-7/4]") || len(c[len(c)-1].Text) > 4000 {
		t.Error("a long one loses its mark")
	}
	r.keeper.fold.Restricted = true
	if err := r.deliver(r.record(incident.UpdateSent{By: ana, Number: 3, Text: "hush"}), false); err != nil || r.did(id, "status_update_published") != 2 {
		t.Errorf("restricted: %v", err)
	}
}

// TestI48_TheSeveritySetsThePriority: the one that holds now, once, never of what is over, and a name that PagerDuty does
// not have is seen while everything else is told.
func TestI48_TheSeveritySetsThePriority(t *testing.T) {
	r, first := alarmed(t, map[int]string{1: "p1", 2: "P2", 3: "PNONE"})
	second := r.link("two")
	over := r.link("over")
	r.account.Set(over, "resolved", "PBEA")
	r.keeper.fold.Severity = 4
	was := r.record(incident.SeveritySet{By: ana, From: 4, To: 2})
	now := r.record(incident.SeveritySet{By: ana, From: 2, To: 1})
	for k, rec := range []state.Record{was, now, now} {
		if err := r.deliver(rec, k > 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{first, second} {
		if r.account.Priority(id) != "P1" || r.did(id, "priority_updated") != 1 || r.notesOf(id) != 2 {
			t.Errorf("%s has %s, set %d times, %d notes", id, r.account.Priority(id), r.did(id, "priority_updated"), r.notesOf(id))
		}
	}
	if r.account.Priority(over) != "" {
		t.Error("of a resolved one too")
	}
	err := r.deliver(r.record(incident.SeveritySet{By: ana, From: 1, To: 3}), false)
	if !errors.Is(err, errPriority) || unavailable(err) || r.notesOf(first) != 3 || r.notesOf(second) != 3 || !strings.Contains(err.Error(), "PNONE") {
		t.Errorf("an unknown name: %v, %d and %d notes", err, r.notesOf(first), r.notesOf(second))
	}
	if err := r.deliver(r.record(incident.SeveritySet{By: incident.PagerDuty("", ""), From: 3, To: 1}), false); err != nil || r.did(first, "priority_updated") != 1 {
		t.Errorf("what came from there went back: %v", err)
	}
	r.keeper.fold.Restricted = true
	if err := r.deliver(r.record(incident.SeveritySet{By: ana, From: 1, To: 2}), false); err != nil || r.account.Priority(first) != "P1" {
		t.Errorf("restricted: %v, %s", err, r.account.Priority(first))
	}
}

func TestCheckNamesPrioritiesAndAbilities(t *testing.T) {
	r := rigged(t)
	o := r.Options
	o.Secrets, o.Priorities = []secret.String{secret.New("a secret that is long enough")}, map[int]string{1: "P1", 2: "Sev2"}
	found := func() (all string) {
		for _, f := range Check(t.Context(), o, false) {
			all += f.Level + ": " + f.What + " " + f.Fix + "\n"
		}
		return all
	}
	if got := found(); !strings.Contains(got, `error: pagerduty.priorities: PagerDuty has no priority "Sev2", which SEV-2 is mapped to. It has: P1, P2.`) || strings.Contains(got, `"P1"`) || strings.Contains(got, "cannot ask people") {
		t.Errorf("%s", got)
	}
	r.account.Lack(pdtest.Coordinated)
	if got := found(); !strings.Contains(got, "note: This account of PagerDuty cannot ask people to join") {
		t.Errorf("%s", got)
	}
	bare, err := pdtest.Start(pdtest.Options{Token: "secret-token", Users: []pdtest.User{{ID: "PBOT", Name: "drbot", Email: "drbot@example.com"}}, Services: []pdtest.Place{{ID: "PDB1"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	o.APIURL = bare.URL()
	if got := found(); !strings.Contains(got, "error: pagerduty.priorities: this account of PagerDuty has no priorities.") {
		t.Errorf("%s", got)
	}
}

func TestRespondersAreReadInEitherShape(t *testing.T) {
	for raw, want := range map[string]struct {
		names string
		said  bool
	}{
		`{"state":"pending","user":{"summary":"Bea"}}`:            {"Bea", true},
		`[{"user":{"summary":"Bea"}},{"user":{"summary":"Ana"}}]`: {"Bea Ana", true},
		`[]`: {"", true}, ``: {"", false}, `7`: {"", false}, `{}`: {"", false},
	} {
		if names, said := responders([]byte(raw)); strings.Join(names, " ") != want.names || said != want.said {
			t.Errorf("%s: %v %v", raw, names, said)
		}
	}
}

// TestI47_EventsAboutResponders: a request's message comes back with every answer to it; only the request is drbot's own.
func TestI47_EventsAboutResponders(t *testing.T) {
	body := func(what, state string) []byte {
		return []byte(`{"event":{"id":"E1","event_type":"incident.responder.` + what + `","resource_type":"incident","occurred_at":"2026-11-24T02:58:00Z","data":{"type":"incident_responder","incident":{"id":"PINC1"},"user":{"id":"PBEA","summary":"Bea"},"message":"INC-7 needs you [drbot INC-7/3]","state":"` + state + `"}}}`)
	}
	added, replied := decode(body("added", "pending"), time.Now()), decode(body("replied", "accepted"), time.Now())
	if !added.Echo || added.Facts["responder/PBEA"] != "pending Bea" || added.Alert != "PINC1" || added.Whole {
		t.Errorf("%+v", added)
	}
	if replied.Echo || replied.Facts["responder/PBEA"] != "accepted Bea" || replied.Text != "Bea accepted" {
		t.Errorf("%+v", replied)
	}
}
