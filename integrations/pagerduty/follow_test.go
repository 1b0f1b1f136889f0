package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ana = incident.Person{Key: "ana@example.com", Name: "Ana Ruiz", Proof: "slack:U0ANA"}

// rig is a follower on a strict account, with the incident in a fold.
type rig struct {
	*testing.T
	account *pdtest.Account
	follower
	keeper *keeper
	seq    uint64
	notes  map[string]string
}

type follower = Follower

func rigged(t *testing.T) *rig {
	t.Helper()
	account, err := pdtest.Start(pdtest.Options{
		Token: "secret-token", Users: []pdtest.User{{ID: "PBOT", Name: "drbot", Email: "drbot@example.com"}, {ID: "PBEA", Name: "Bea", Email: "bea@example.com"}},
		Services: []pdtest.Place{{ID: "PDB1", Name: "Users"}}, Policies: []pdtest.Place{{ID: "PPOL1", Name: "Approvers"}}, Priorities: []string{"P1", "P2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Close)
	k := &keeper{fold: incident.New(7)}
	l, err := New(Options{
		Token: secret.New("secret-token"), APIURL: account.URL() + "/", From: "drbot@example.com", Handler: k, Memory: k, Rules: commands.AlertRules{{Service: "PDB1", Then: commands.ThenOpen}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	r := &rig{T: t, account: account, follower: Follower{l}, keeper: k, notes: map[string]string{}}
	r.record(incident.Opened{By: incident.PagerDuty("", ""), Title: "Users are gone", Severity: 2})
	return r
}

// record folds an event and gives its record.
func (r *rig) record(e incident.Event) state.Record {
	r.Helper()
	r.seq++
	payload, err := json.Marshal(e)
	if err != nil {
		r.Fatal(err)
	}
	at := time.Unix(int64(r.seq), 0).UTC()
	r.keeper.fold.Apply(incident.Stamp{Seq: r.seq, N: r.seq, Time: at}, e)
	return state.Record{Seq: r.seq, Incident: 7, Kind: e.EventKind(), Payload: payload, Time: at}
}

// link ties a fresh alert to the incident, without telling it.
func (r *rig) link(title string) string {
	r.Helper()
	id := r.account.Trigger("PDB1", title, "high", "")
	r.record(incident.AlertLinked{By: incident.PagerDuty("", ""), Alert: id, How: "opened"})
	return id
}

// deliver hands one record over as the loop does, and keeps the notes.
func (r *rig) deliver(rec state.Record, unsure bool) error {
	r.Helper()
	done, err := r.Deliver(context.Background(), follow.Batch{Incident: 7, Records: []state.Record{rec}, Notes: r.notes, Unsure: unsure})
	for name, value := range done.Notes {
		if r.notes[name] = value; value == "" {
			delete(r.notes, name)
		}
	}
	return err
}

func (r *rig) notesOf(id string) int {
	n := 0
	for _, c := range r.account.Changes(id) {
		if c.What == "annotated" {
			n++
		}
	}
	return n
}

// TestI48_LimitsAndOutagesDelay: whatever keeps PagerDuty from answering is tried again, with the wait that it asks for.
func TestI48_LimitsAndOutagesDelay(t *testing.T) {
	r := rigged(t)
	id := r.link("one")
	severity := r.record(incident.SeveritySet{By: ana, From: 2, To: 1})
	later := follow.Unavailable{}
	for _, reset := range []struct {
		header string
		wait   time.Duration
	}{{"7", 7 * time.Second}, {"", time.Minute}, {"100000", maxWait}, {"x", time.Minute}} {
		r.account.Limit(1, reset.header)
		if err := r.deliver(severity, false); !errors.As(err, &later) || later.RetryAfter != reset.wait || !later.NotSent {
			t.Errorf("limited with %q: %v, %+v", reset.header, err, later)
		}
	}
	r.account.Away(true)
	if err := r.deliver(severity, false); !errors.As(err, &later) || later.NotSent || r.Health().Up || len(r.Degraded()) == 0 {
		t.Errorf("away: %v, %+v", err, r.Health())
	}
	r.account.Away(false)
	if err := r.deliver(severity, true); err != nil || r.notesOf(id) != 1 || !r.Health().Up {
		t.Errorf("back: %v, %d notes", err, r.notesOf(id))
	}
	wrong, err := New(Options{Token: secret.New("other"), APIURL: r.account.URL(), From: "drbot@example.com", Handler: r.keeper, Memory: r.keeper})
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if _, err = (Follower{wrong}).Deliver(t.Context(), follow.Batch{Incident: 7, Records: []state.Record{severity}}); !errors.As(err, &later) || !strings.Contains(wrong.Health().Why, "PAGERDUTY_API_TOKEN") {
		t.Errorf("a wrong token: %v", err)
	}
}

// TestI49_ANoteIsFoundAgain: after a crash between the call and its bookkeeping, at any of several alerts, each has the
// note once.
func TestI49_ANoteIsFoundAgain(t *testing.T) {
	r := rigged(t)
	first, second := r.link("one"), r.link("two")
	rec := r.record(incident.StatusSet{By: ana, Status: incident.Identified})
	if err := r.deliver(rec, false); err != nil {
		t.Fatal(err)
	}
	r.notes = map[string]string{} // the crash
	if err := r.deliver(rec, true); err != nil || r.notesOf(first) != 1 || r.notesOf(second) != 1 {
		t.Errorf("%v: %d and %d notes", err, r.notesOf(first), r.notesOf(second))
	}
	rec = r.record(incident.StatusSet{By: ana, Status: incident.Monitoring})
	if err := r.note(t.Context(), first, "as if the first had been written "+mark(r.keeper.fold, rec)); err != nil {
		t.Fatal(err)
	}
	if err := r.deliver(rec, true); err != nil || r.notesOf(first) != 2 || r.notesOf(second) != 2 {
		t.Errorf("half of it: %v: %d and %d notes", err, r.notesOf(first), r.notesOf(second))
	}
	rec = r.record(incident.SeveritySet{By: ana, From: 2, To: 1})
	r.notes[noteDone] = fmt.Sprintf("%d/%s", rec.Seq, first)
	if err := r.deliver(rec, false); err != nil || r.notesOf(first) != 2 || r.notesOf(second) != 3 || r.notes[noteDone] != "" {
		t.Errorf("the rest of it: %v: %d and %d notes, %v", err, r.notesOf(first), r.notesOf(second), r.notes)
	}
}

// TestTellingNeverOpensAgain: an acknowledgement that comes after PagerDuty's own resolution would open it again.
func TestI48_TellingNeverOpensAgain(t *testing.T) {
	r := rigged(t)
	id := r.link("one")
	ack := r.record(incident.Acknowledged{By: ana})
	r.account.Set(id, "resolved", "PBEA")
	if err := r.deliver(ack, false); err != nil || r.account.Status(id) != "resolved" {
		t.Errorf("%v: %s", err, r.account.Status(id))
	}
	end := r.record(incident.Resolved{By: ana, Summary: "done"})
	if err := r.deliver(end, false); err != nil {
		t.Error(err)
	}
	for _, e := range []incident.Event{
		incident.Acknowledged{By: incident.PagerDuty("PBEA", "Bea")}, incident.Resolved{By: incident.PagerDuty("PBEA", "Bea")}, incident.Reopened{By: incident.PagerDuty("", "")},
		incident.SeveritySet{By: incident.PagerDuty("", ""), From: 2, To: 1}, incident.Declined{By: incident.PagerDuty("", "")}, incident.Accepted{By: incident.PagerDuty("", "")},
	} {
		if err := r.deliver(r.record(e), false); err != nil {
			t.Error(err)
		}
	}
	if got := len(r.account.Changes(id)); got != 2 {
		t.Errorf("what was done there was told there: %+v", r.account.Changes(id))
	}
}

// TestDeletedIncident: it is seen once, and nothing waits for it.
func TestI48_ADeletedIncidentIsSeenOnce(t *testing.T) {
	r := rigged(t)
	gone, there := r.link("gone"), r.link("there")
	r.account.Delete(gone)
	later := follow.Unavailable{}
	if err := r.deliver(r.record(incident.SeveritySet{By: ana, From: 2, To: 1}), false); err == nil || errors.As(err, &later) || r.notesOf(there) != 1 {
		t.Errorf("%v, %d notes on the other", err, r.notesOf(there))
	}
	if err := r.deliver(r.record(incident.StatusSet{By: ana, Status: incident.Identified}), false); err != nil || r.notesOf(there) != 2 {
		t.Errorf("then: %v, %d notes on the other", err, r.notesOf(there))
	}
}

// TestI48_WhoAsksAgainIsTold: what PagerDuty did not have for a while is told again once a person asks for it, and then goes on.
func TestI48_WhoAsksAgainIsTold(t *testing.T) {
	r := rigged(t)
	id := r.link("one")
	r.notes[noteGone] = id
	severity := r.record(incident.SeveritySet{By: ana, From: 2, To: 1})
	done, err := r.Deliver(t.Context(), follow.Batch{Incident: 7, Records: []state.Record{severity}, Notes: r.notes, Again: true, Unsure: true})
	if gone, said := done.Notes[noteGone]; err != nil || r.notesOf(id) != 1 || !said || gone != "" {
		t.Errorf("%v, %d notes, %v", err, r.notesOf(id), done.Notes)
	}
	r.account.Delete(id)
	done, err = r.Deliver(t.Context(), follow.Batch{Incident: 7, Records: []state.Record{severity}, Notes: r.notes, Again: true, Unsure: true})
	if !errors.Is(err, errDeleted) || done.Notes[noteGone] != id {
		t.Errorf("it is gone indeed: %v, %v", err, done.Notes)
	}
}

// TestI56_ANoteOfARestrictedIncident holds nothing but the number.
func TestI56_ANoteOfARestrictedIncident(t *testing.T) {
	r := rigged(t)
	id := r.link("one")
	r.keeper.fold.Restricted, r.keeper.fold.Title = true, "hush title"
	for _, e := range []incident.Event{
		incident.SeveritySet{By: ana, From: 2, To: 1, Reason: "hush"}, incident.StatusSet{By: ana, Status: incident.Identified}, incident.Accepted{By: ana}, incident.Declined{By: ana, Reason: "hush"},
		incident.Reopened{By: ana, Reason: "hush"}, incident.Resolved{By: ana, Summary: "hush"},
	} {
		if err := r.deliver(r.record(e), false); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range r.account.Changes(id) {
		if c.What == "annotated" && !strings.HasPrefix(strings.TrimPrefix(c.Text, "Resolution Note: "), "INC-7 goes on in drbot. [drbot INC-7/") {
			t.Errorf("PagerDuty reads %q", c.Text)
		}
	}
}

func TestI51_AskingFindsWhatWasMissed(t *testing.T) {
	r := rigged(t)
	var ids []string
	for n := range 130 { // more than a page
		ids = append(ids, r.account.Trigger("PDB1", fmt.Sprint("number ", n), "high", "P2"))
	}
	closed, lost := r.link("closed"), r.link("lost")
	r.account.Set(closed, "resolved", "PBEA")
	r.account.Delete(lost)
	r.account.Set(ids[0], "acknowledged", "PBEA")
	if err := r.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard := map[string]commands.HearAlert{}
	for _, e := range r.keeper.heard {
		heard[e.Alert] = e
	}
	for k, id := range ids {
		e, want := heard[id], "triggered"
		if k == 0 {
			want = "acknowledged"
		}
		if e.Facts[incident.AlertStatus] != want || e.Facts[incident.AlertPriority] != "P2" || e.Facts[incident.AlertService] != "PDB1" || !e.Whole || e.At.IsZero() {
			t.Fatalf("%d: %+v", k, e)
		}
	}
	if heard[ids[0]].Facts[incident.AlertAcker] != "Bea" || heard[closed].Facts[incident.AlertStatus] != "resolved" || heard[lost].Facts[incident.AlertStatus] != "resolved" {
		t.Errorf("%+v\n%+v\n%+v", heard[ids[0]], heard[closed], heard[lost])
	}
	if r.Health().Asked.IsZero() {
		t.Error("it does not say when it asked")
	}
	r.account.Away(true)
	if err := r.Ask(t.Context()); err == nil {
		t.Error("an outage is no answer")
	}
}

func TestCheckNamesEachFaultWithItsFix(t *testing.T) {
	r := rigged(t)
	check := func(change func(*Options)) string {
		o := r.Options
		o.Secrets, o.Approvers = []secret.String{secret.New("a secret that is long enough")}, "PPOL1"
		change(&o)
		var all []string
		for _, f := range Check(t.Context(), o, false) {
			if f.Fix == "" {
				t.Errorf("no fix for %q", f.What)
			}
			all = append(all, f.Level+": "+f.What)
		}
		return strings.Join(all, "\n")
	}
	none := func(*Options) {}
	if got := check(none); !strings.Contains(got, "error: PagerDuty has no webhook subscription") || strings.Count(got, "error") != 1 {
		t.Errorf("without a subscription: %s", got)
	}
	r.account.Subscribe("http://drbot.example.com/pagerduty/webhook", []string{"incident.triggered", "incident.resolved", "incident.annotated"}, "s")
	if got := check(none); !strings.Contains(got, "does not tell of incident.acknowledged") || !strings.Contains(got, "plain HTTP") {
		t.Errorf("events: %s", got)
	}
	for want, change := range map[string]func(*Options){
		"PAGERDUTY_WEBHOOK_SECRET is not set":   func(o *Options) { o.Secrets = nil },
		"has 5 characters":                      func(o *Options) { o.Secrets = []secret.String{secret.New("short")} },
		"PAGERDUTY_API_TOKEN is not set":        func(o *Options) { o.Token = secret.New("") },
		"pagerduty.from is not set":             func(o *Options) { o.From = "" },
		"PagerDuty has no user nobody@example":  func(o *Options) { o.From = "nobody@example.com" },
		"PagerDuty has no escalation policy PX": func(o *Options) { o.Approvers = "PX" },
		"people: Eve: PagerDuty has no user PEVE": func(o *Options) {
			table, err := people.New([]people.Entry{{Name: "Eve", Email: "eve@example.com", PagerDuty: "PEVE"}, {Name: "Bea", Email: "bea@example.com", PagerDuty: "PBEA"}})
			if err != nil {
				t.Fatal(err)
			}
			o.People = func() *people.Table { return table }
		},
		"PagerDuty has no service PX":            func(o *Options) { o.Rules = commands.AlertRules{{Service: "PX"}} },
		"PagerDuty did not answer: look for drb": func(o *Options) { o.Token = secret.New("other") },
	} {
		if got := check(change); !strings.Contains(got, want) {
			t.Errorf("want %q in: %s", want, got)
		}
	}
	offline := Check(t.Context(), r.Options, true)
	if slices.ContainsFunc(offline, func(f Finding) bool { return strings.Contains(f.What, "subscription") }) {
		t.Errorf("asked offline: %v", offline)
	}
}
