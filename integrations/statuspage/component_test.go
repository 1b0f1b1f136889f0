package statuspage_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage/atlassiantest"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// deleting tells an incident there, and lets somebody delete it.
func deleting(t *testing.T, more ...*tape) (*tape, *caller, *atlassiantest.Account) {
	t.Helper()
	w := newTape(t, 1, night, incident.Opened{Severity: 1, Services: []string{"users"}}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins fail.", Status: incident.Investigating})
	loop, _, account := pushing(t, newShelf(append(more, w)...), at(60))
	if err := loop.deliver(t, w); err != nil {
		t.Fatal(err)
	}
	if got := account.Component("clogin"); got != "major_outage" {
		t.Fatalf("login %s", got)
	}
	account.Delete(only(t, account).ID)
	return w, loop, account
}

func turned(t *testing.T, what string, a *atlassiantest.Account, login string, writes int) {
	t.Helper()
	if got, n := a.Component("clogin"), a.Writes(); got != login || n != writes {
		t.Errorf("%s: login %s after %d writes, want %s after %d", what, got, n, login, writes)
	}
	if f := a.Faults(); len(f) > 0 || a.Component("cother") != "operational" {
		t.Errorf("%s: refused %q, another component %s", what, f, a.Component("cother"))
	}
}

// TestI49_DeletedThereItsComponentIsSetBack: it follows while the incident goes on, is set back at the end, once, though an
// answer is lost and a limit is between, and turns with a reopening. No incident is made again, nothing else is touched.
func TestI49_DeletedThereItsComponentIsSetBack(t *testing.T) {
	w, loop, account := deleting(t)
	expect := func(what string, err error, unavailable bool, login string, writes int) {
		t.Helper()
		if errors.As(err, new(follow.Unavailable)) != unavailable || !unavailable && err != nil {
			t.Errorf("%s: %v", what, err)
		}
		turned(t, what, account, login, writes)
	}
	w.add(2, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "We watch it.", Status: incident.Monitoring})
	account.Lose(1)
	expect("the answer is lost", loop.deliver(t, w), true, "degraded_performance", 2)
	if err := loop.deliver(t, w); err == nil || errors.As(err, new(follow.Unavailable)) || !strings.Contains(err.Error(), "was deleted at Atlassian's") {
		t.Errorf("nobody is told: %v", err)
	}
	turned(t, "parked", account, "degraded_performance", 2)
	w.add(3, incident.ServicesSet{By: ana, Services: []string{"users", "payments"}}, incident.UpdateSent{By: ana, Number: 3, To: everybody, Public: "Payments too.", Status: incident.Identified})
	expect("worse, and another component", loop.deliver(t, w), false, "major_outage", 3)
	if got := account.Component("cpay"); got != "operational" {
		t.Errorf("a component that no message there set: %s", got)
	}
	w.add(4, incident.Resolved{By: ana})
	account.Down(http.StatusTooManyRequests, time.Minute)
	expect("limited", loop.deliver(t, w), true, "major_outage", 3)
	account.Down(0, 0)
	expect("the end", loop.deliver(t, w), false, "operational", 4)
	account.Turn("clogin", "partial_outage") // by a person
	w.add(5, incident.UpdateEdited{Number: 2, Version: 2, By: ana, To: everybody, Public: "We watched it."})
	expect("after the end", loop.deliver(t, w), false, "partial_outage", 4)
	w.add(6, incident.Reopened{By: ana, Reason: "x"})
	expect("open again", loop.deliver(t, w), false, "major_outage", 5)
	w.add(7, incident.Resolved{By: ana})
	expect("over again", loop.deliver(t, w), false, "operational", 6)
	if n := len(account.Incidents()); n != 0 {
		t.Errorf("%d incidents", n)
	}
}

// TestPush_DeletedBesideAnother: a component stays in the state of another incident, which sets it back in its turn.
func TestPush_DeletedBesideAnother(t *testing.T) {
	other := newTape(t, 2, night, incident.Opened{Severity: 3, Services: []string{"users"}}).
		add(2, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Slow.", Status: incident.Investigating})
	w, loop, account := deleting(t, other)
	if err := loop.deliver(t, other); err != nil {
		t.Fatal(err)
	}
	w.add(3, incident.Resolved{By: ana})
	if err := loop.deliver(t, w); err == nil {
		t.Error("nobody is told")
	}
	turned(t, "the end", account, "degraded_performance", 3)
	other.add(4, incident.Resolved{By: ana})
	if err := loop.deliver(t, other); err != nil {
		t.Error(err)
	}
	turned(t, "the other's end", account, "operational", 4)
}

// TestI48_DeletedIsSaidOfOneRecord: where several come at once, none is passed over before people are told.
func TestI48_DeletedIsSaidOfOneRecord(t *testing.T) {
	w, loop, _ := deleting(t)
	w.add(2, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: "more", Status: incident.Identified}, incident.Resolved{By: ana})
	done, err := loop.f.Deliver(t.Context(), follow.Batch{Incident: w.id, Records: []state.Record{w.list[2], w.list[3]}, Notes: loop.notes[w.id]})
	if err == nil || done.Notes["gone"] != "" {
		t.Errorf("at once: %v, %v", err, done.Notes)
	}
	if err := loop.deliver(t, w); err == nil {
		t.Error("nobody is told")
	}
	if err := loop.deliver(t, w); err != nil {
		t.Error(err)
	}
}

// TestPush_DeletedMaintenance: what the window turned is turned back at its end; what it did not is left alone, and so is a
// component that is not there any more.
func TestPush_DeletedMaintenance(t *testing.T) {
	from := night.Add(3 * time.Hour)
	for have, want := range map[string]string{"under_maintenance": "operational", "partial_outage": "partial_outage"} {
		w := newTape(t, 1, night, incident.Opened{Severity: 4, Services: []string{"users"}}).
			add(1, incident.WindowSet{By: ana, From: from, Until: from.Add(time.Hour)}, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: "Logins pause.", Status: incident.Investigating})
		loop, _, account := pushing(t, newShelf(w), at(5))
		if err := loop.deliver(t, w); err != nil {
			t.Fatal(err)
		}
		account.Turn("clogin", have)
		account.Delete(only(t, account).ID)
		w.add(200, incident.Resolved{By: ana})
		if err := loop.deliver(t, w); err == nil {
			t.Error("nobody is told")
		}
		turned(t, have, account, want, map[bool]int{true: 1, false: 2}[have == want])
	}
	w, loop, account := deleting(t)
	account.Remove("clogin")
	w.add(3, incident.Resolved{By: ana})
	if err := loop.deliver(t, w); err == nil || errors.As(err, new(follow.Unavailable)) {
		t.Errorf("the component is gone too: %v", err)
	}
}
