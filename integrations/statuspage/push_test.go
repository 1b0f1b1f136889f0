package statuspage_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
	"github.com/drbot/drbot/integrations/statuspage/atlassiantest"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state/follow"
)

const (
	token = "atlassian-test-token"
	page  = "kctbh9vrtdwd"
)

// pushing gives Atlassian's page beside a shelf.
func pushing(t *testing.T, s *shelf, c *frozen) (*caller, *statuspage.Push, *atlassiantest.Account) {
	t.Helper()
	account, err := atlassiantest.Start(atlassiantest.Options{Token: token, Page: page, Components: map[string]string{"clogin": "Login", "cpay": "Payments", "cother": "Docs"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Close)
	p := statuspage.NewPush(to(account), newSite(t.TempDir(), s, c))
	return calling(p), p, account
}

func to(a *atlassiantest.Account) statuspage.Atlassian {
	return statuspage.Atlassian{Page: page, Token: secret.New(token), APIURL: a.URL(), Components: map[string]string{"Login": "clogin", "Payments": "cpay"}}
}

// story is what an incident there says, oldest first.
func story(i atlassiantest.Incident) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s]", i.Name, i.Impact)
	for _, u := range i.Updates {
		fmt.Fprintf(&b, "\n%s: %s", u.Status, u.Body)
	}
	return b.String()
}

func only(t *testing.T, a *atlassiantest.Account) atlassiantest.Incident {
	t.Helper()
	list := a.Incidents()
	if len(list) != 1 {
		t.Fatalf("%d incidents: %+v", len(list), list)
	}
	if f := a.Faults(); len(f) > 0 {
		t.Fatalf("refused: %q", f)
	}
	return list[0]
}

// TestI48_I49_PushedOnceInOrder: through an outage, a limit and lost answers, each message stands there once, in order, and
// components turn with them.
func TestI48_I49_PushedOnceInOrder(t *testing.T) {
	w := newTape(t, 42, night, incident.Opened{Title: "secret", Severity: 1, Services: []string{"users"}})
	loop, push, account := pushing(t, newShelf(w), at(60))
	var later follow.Unavailable
	expect := func(what string, err error, unavailable bool) {
		t.Helper()
		if errors.As(err, &later) != unavailable || !unavailable && err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if said := len(push.Degraded()) > 0; said != unavailable {
			t.Errorf("%s: said: %v", what, push.Degraded())
		}
	}
	w.add(5, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins fail.", Status: incident.Investigating})
	account.Down(http.StatusTooManyRequests, 90*time.Second)
	expect("limited", loop.deliver(t, w), true)
	if later.RetryAfter != 90*time.Second || !later.NotSent {
		t.Errorf("a limit: %+v", later)
	}
	account.Down(0, 0)
	account.Lose(1)
	expect("the answer is lost", loop.deliver(t, w), true)
	expect("and found", loop.deliver(t, w), false)
	if got, want := story(only(t, account)), "Incident: Login [critical]\ninvestigating: Logins fail."; got != want {
		t.Fatalf("%s", got)
	}
	if account.Component("clogin") != "major_outage" {
		t.Errorf("login %s", account.Component("clogin"))
	}
	account.Down(http.StatusServiceUnavailable, 0)
	w.add(6, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "We <b>know</b> why.", Status: incident.Identified})
	w.add(7, incident.UpdateSent{By: ana, Number: 3, To: everybody[:2], Text: "inside"}, incident.UpdateEdited{Number: 1, Version: 2, By: ana, To: everybody, Public: "Logins fail for everybody\nWe look into it."})
	w.add(8, incident.UpdateSent{By: ana, Number: 4, To: everybody, Public: "It works again; we watch it.", Status: incident.Monitoring})
	expect("down", loop.deliver(t, w), true)
	account.Down(0, 0)
	account.Lose(2)
	expect("an answer is lost", loop.deliver(t, w), true)
	expect("another answer is lost", loop.deliver(t, w), true)
	expect("and both found", loop.deliver(t, w), false)
	if account.Component("clogin") != "degraded_performance" {
		t.Errorf("login %s", account.Component("clogin"))
	}
	w.add(9, incident.Resolved{By: ana, To: everybody, Public: "Logins work."})
	expect("the end", loop.deliver(t, w), false)
	want := "Logins fail for everybody [critical]\ninvestigating: We look into it.\nidentified: We ‹b>know‹/b> why.\nmonitoring: It works again; we watch it.\nresolved: Logins work."
	if got := story(only(t, account)); got != want {
		t.Errorf("got:\n%s", got)
	}
	if account.Component("clogin") != "operational" || account.Component("cother") != "operational" {
		t.Errorf("login %s", account.Component("clogin"))
	}
	writes := account.Writes()
	fresh := calling(push) // a cursor that was lost: the metadata says what stands there
	if err := fresh.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	if got := story(only(t, account)); got != want || account.Writes() > writes+1 {
		t.Errorf("after the cursor was lost, %d writes more:\n%s", account.Writes()-writes, got)
	}
}

// TestPush_TwoIncidentsOneComponent: it turns to the worse of both, and back only with the last.
func TestPush_TwoIncidentsOneComponent(t *testing.T) {
	a := newTape(t, 1, night, incident.Opened{Severity: 1, Services: []string{"users"}}).add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "A.", Status: incident.Investigating})
	b := newTape(t, 2, night, incident.Opened{Severity: 3, Services: []string{"users", "ledger"}}).add(2, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "B.", Status: incident.Investigating})
	loop, _, account := pushing(t, newShelf(a, b), at(60))
	for k, step := range []struct {
		w          *tape
		e          incident.Event
		login, pay string
	}{
		{a, nil, "major_outage", "operational"}, {b, nil, "major_outage", "degraded_performance"}, {a, incident.Resolved{By: ana}, "degraded_performance", "degraded_performance"},
		{b, incident.Resolved{By: ana}, "operational", "operational"}, {b, incident.Reopened{By: ana, Reason: "x"}, "degraded_performance", "degraded_performance"},
	} {
		if step.e != nil {
			step.w.add(10+k, step.e)
		}
		if err := loop.deliver(t, step.w); err != nil {
			t.Fatal(err)
		}
		if login, pay := account.Component("clogin"), account.Component("cpay"); login != step.login || pay != step.pay {
			t.Errorf("step %d: login %s, payments %s", k, login, pay)
		}
	}
}

// TestPush_Maintenance: told when there is a time, moved with the window, completed.
func TestPush_Maintenance(t *testing.T) {
	from := night.Add(3 * time.Hour)
	w := newTape(t, 1, night, incident.Opened{Severity: 4, Services: []string{"users"}}).add(0, incident.WindowSet{By: ana}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins pause.", Status: incident.Investigating})
	loop, _, account := pushing(t, newShelf(w), at(5))
	deliver := func() {
		t.Helper()
		if err := loop.deliver(t, w); err != nil {
			t.Fatal(err)
		}
	}
	deliver()
	if n := len(account.Incidents()); n != 0 {
		t.Fatalf("%d incidents without a time", n)
	}
	w.add(2, incident.WindowSet{By: ana, From: from, Until: from.Add(time.Hour)})
	deliver()
	if i := only(t, account); i.Status != "scheduled" || i.From != "2026-11-24T05:00:00Z" || i.Impact != "maintenance" || account.Component("clogin") != "operational" {
		t.Errorf("scheduled: %+v", i)
	}
	w.add(3, incident.WindowSet{By: ana, From: from.Add(time.Hour), Until: from.Add(2 * time.Hour)})
	deliver()
	if i := only(t, account); i.From != "2026-11-24T06:00:00Z" || len(i.Updates) != 1 {
		t.Errorf("moved: %+v", i)
	}
	w.add(4, incident.Resolved{By: ana, CalledOff: true})
	deliver()
	if i := only(t, account); i.Status != "completed" || story(i) != "Scheduled maintenance: Login [maintenance]\nscheduled: Logins pause.\ncompleted: This maintenance was canceled: it does not take place." {
		t.Errorf("called off: %s", story(i))
	}
}

// TestI48_WhatCanNeverSucceedIsParked: an incident that people deleted there is said once, and told nothing further; others go on.
func TestI48_WhatCanNeverSucceedIsParked(t *testing.T) {
	w := newTape(t, 1, night, incident.Opened{Severity: 1}).add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: strings.Repeat("Ω", 40000), Status: incident.Investigating})
	loop, _, account := pushing(t, newShelf(w), at(60))
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	account.Delete(only(t, account).ID)
	w.add(2, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "more", Status: incident.Identified})
	if err := loop.deliver(t, w); err == nil || errors.As(err, new(follow.Unavailable)) {
		t.Errorf("deleted: %v", err)
	}
	w.add(3, incident.Resolved{By: ana})
	if err := loop.deliver(t, w); err != nil || len(account.Incidents()) != 0 {
		t.Errorf("after it: %v", err)
	}
}

// TestI48_A404OfSomethingBetweenDeletesNothing: what a gateway answers for every path says nothing of one incident.
func TestI48_A404OfSomethingBetweenDeletesNothing(t *testing.T) {
	w := newTape(t, 1, night, incident.Opened{Severity: 1}).add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "first", Status: incident.Investigating})
	loop, _, account := pushing(t, newShelf(w), at(60))
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	w.add(2, incident.Resolved{By: ana})
	account.Down(404, 0)
	if err := loop.deliver(t, w); !errors.As(err, new(follow.Unavailable)) {
		t.Error(err)
	}
	account.Down(0, 0)
	if err := loop.deliver(t, w); err != nil || !strings.Contains(story(only(t, account)), "resolved") {
		t.Errorf("back: %v, %s", err, story(only(t, account)))
	}
}

// TestPush_Check names what is wrong with token, page and components.
func TestPush_Check(t *testing.T) {
	_, _, account := pushing(t, newShelf(), at(0))
	good := to(account)
	for want, change := range map[string]func(*statuspage.Atlassian){
		"":                            func(*statuspage.Atlassian) {},
		"does not take the token":     func(a *statuspage.Atlassian) { a.Token = secret.New("wrong") },
		"has no page “nosuch”":        func(a *statuspage.Atlassian) { a.Page = "nosuch" },
		"has no component “cnothing”": func(a *statuspage.Atlassian) { a.Components = map[string]string{"Login": "cnothing"} },
		"does not answer":             func(a *statuspage.Atlassian) { a.APIURL = "http://127.0.0.1:1" },
	} {
		a := good
		change(&a)
		found := a.Check(context.Background())
		if want == "" && len(found) > 0 || want != "" && (len(found) != 1 || !strings.Contains(found[0].What, want) || found[0].Fix == "") {
			t.Errorf("%q: %+v", want, found)
		}
	}
}
