package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/secret"
)

// checked are the findings about subscriptions, a line each.
func checked(t *testing.T, o Options) string {
	t.Helper()
	var all []string
	for _, f := range Check(t.Context(), o, false) {
		if f.Fix == "" {
			t.Errorf("no fix for %q", f.What)
		}
		if !strings.Contains(f.What, "plain HTTP") {
			all = append(all, f.Level+": "+f.What)
		}
	}
	return strings.Join(all, "\n")
}

// TestI14_CheckProvesTheSecret: a test event that PagerDuty signs shows whether its secret is the configured one, and whether the
// address leads here.
func TestI14_CheckProvesTheSecret(t *testing.T) {
	r := rigged(t)
	r.Secrets = []secret.String{secret.New("a secret that is long enough")}
	mux := http.NewServeMux()
	r.Routes(mux)
	door := httptest.NewServer(mux)
	defer door.Close()
	r.account.Subscribe(door.URL+Path+"/", nil, "a secret that is long enough")
	o := r.Options
	o.Serving = func(context.Context) (Health, error) { return r.Health(), nil }
	if got := checked(t, o); got != "" || r.Health().Pings != 1 {
		t.Errorf("the right one: %q, %+v", got, r.Health())
	}
	r.account.Rotate("another one", "a secret that is long enough")
	if got := checked(t, o); got != "" {
		t.Errorf("while they rotate: %q", got)
	}
	r.account.Rotate("another secret of the same length")
	if got := checked(t, o); strings.Count(got, "\n") != 0 || !strings.Contains(got, "test event was refused here, as no secret of PAGERDUTY_WEBHOOK_SECRET signed it") {
		t.Errorf("a wrong one: %q", got)
	}
	if got := checked(t, o); strings.Contains(got, "\n") || !strings.Contains(got, "No further one was sent") || r.Health().Forged != 1 {
		t.Errorf("checked again: %q, %+v", got, r.Health())
	}
	other := o
	other.Secrets = []secret.String{secret.New("another secret of the same length")}
	if got := checked(t, other); !strings.HasPrefix(got, "warning: The drbot that serves has other secrets") || strings.Contains(got, "\n") || r.Health().Forged != 1 {
		t.Errorf("set, and not restarted yet: %q, %+v", got, r.Health())
	}
	r.account.Rotate("a secret that is long enough")
	o.Serving = func(context.Context) (Health, error) { return Health{}, errors.New("nobody serves") }
	if got := checked(t, o); !strings.HasPrefix(got, "note: No drbot serves here now") || strings.Contains(got, "\n") {
		t.Errorf("nobody serves: %q", got)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer elsewhere.Close()
	r.account.Subscribe(elsewhere.URL+Path, nil, "a secret that is long enough")
	o.Serving = func(context.Context) (Health, error) {
		h := r.Health()
		h.Refused = time.Time{} // it was started anew
		return h, nil
	}
	o.Patience = 50 * time.Millisecond
	r.account.Move(elsewhere.URL + Path)
	if got := checked(t, o); strings.Count(got, "error: ") != 2 || strings.Count(got, "did not come here") != 2 {
		t.Errorf("elsewhere: %q", got)
	}
}

// TestCheckComparesWhatIsMapped: a rule's priority that is none, a person with another's id, and a policy that is none, once.
func TestCheckComparesWhatIsMapped(t *testing.T) {
	r := rigged(t)
	o := r.Options
	o.Secrets, o.Policies = []secret.String{secret.New("a secret that is long enough")}, []string{"PNOPOL"}
	r.account.Subscribe("https://drbot.example.com"+Path, []string{}, "s")
	o.Rules = commands.AlertRules{{Priority: []string{"p1", "P7"}, Then: commands.ThenIgnore}}
	table, err := people.New([]people.Entry{
		{Name: "Ana", Email: "ana@example.com", PagerDuty: "PBOT"}, {Name: "Bea", Email: "bea@example.com"}, {Name: "Chen", Email: "chen@example.com", PagerDuty: "PBEA"},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.People = func() *people.Table { return table }
	want := []string{
		"note: people: Ana: PagerDuty's user PBOT is drbot <drbot@example.com>, not ana@example.com.",
		"error: people: Chen: PagerDuty's user PBEA is Bea <bea@example.com>, not chen@example.com.",
		"error: contacts: PagerDuty has no escalation policy PNOPOL.",
		`error: pagerduty.rules: PagerDuty has no priority "P7", so that rule never matches.`,
	}
	if got := checked(t, o); got != strings.Join(want, "\n") {
		t.Errorf("%s", got)
	}
}

// TestI49_WhoQuotesANoteIsHeard: drbot's own notes come back and are known; a person who copies one of them into theirs is heard.
func TestI49_WhoQuotesANoteIsHeard(t *testing.T) {
	r := rigged(t)
	table, err := people.New([]people.Entry{{Name: "Bea", Email: "bea@example.com", PagerDuty: "PBEA"}})
	if err != nil {
		t.Fatal(err)
	}
	r.People = func() *people.Table { return table }
	for _, c := range []struct {
		agent, text string
		own         bool
	}{
		{"PBOT", "INC-7: SEV-2 → SEV-1 by Ana [drbot INC-7/3]", true}, {"", "Resolution Note: it works [drbot INC-7/4]\n", true},
		{"PBEA", "INC-7: SEV-2 → SEV-1 by Ana [drbot INC-7/3]", false}, {"PBOT", "as [drbot INC-7/3] said: REPLACE THE DISK", false},
	} {
		for _, asked := range []bool{false, true} {
			if asked {
				if _, err := r.self(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			raw, err := json.Marshal(map[string]any{"event": map[string]any{
				"id": "e", "event_type": "incident.annotated", "resource_type": "incident", "agent": map[string]string{"id": c.agent, "type": "user_reference"},
				"data": map[string]any{"type": "incident_note", "content": c.text, "incident": map[string]string{"id": "Q1"}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			if e, _ := r.read(raw, ""); e.Echo != c.own {
				t.Errorf("%s %q: own %v", c.agent, c.text, e.Echo)
			}
		}
	}
}

// TestCheckNamesServicesThatNoSubscriptionTells: a subscription has a scope.
func TestCheckNamesServicesThatNoSubscriptionTells(t *testing.T) {
	r := rigged(t)
	o := r.Options
	o.Secrets = []secret.String{secret.New("a secret that is long enough")}
	r.account.Subscribe("https://drbot.example.com"+Path, []string{}, "s")
	r.account.Narrow("PWEB")
	if got := checked(t, o); !strings.Contains(got, "error: No webhook subscription is about the service PDB1") {
		t.Errorf("another service's: %q", got)
	}
	r.account.Subscribe("https://drbot.example.com"+Path, []string{}, "s")
	r.account.Narrow("PDB1")
	if got := checked(t, o); got != "" {
		t.Errorf("its own: %q", got)
	}
	for _, c := range []struct {
		of   reference
		want bool
	}{{reference{}, true}, {reference{ID: "P1", Type: "account_reference"}, true}, {reference{ID: "T1", Type: "team_reference"}, true}, {reference{ID: "T2", Type: "team"}, false}} {
		if got := (subscription{Filter: c.of}).tells("PDB1", []string{"T1"}); got != c.want {
			t.Errorf("%+v: %v", c.of, got)
		}
	}
}

// TestI47_AnEmptiedListOfAssigneesIsAFact: in a webhook and in REST's answer; a webhook without the list says nothing.
func TestI47_AnEmptiedListOfAssigneesIsAFact(t *testing.T) {
	read := func(list string) (string, bool) {
		var data map[string]json.RawMessage
		if err := json.Unmarshal([]byte(`{"title":"x"`+list+`}`), &data); err != nil {
			t.Fatal(err)
		}
		value, said := facts(data)[incident.AlertAssignees]
		return value, said
	}
	for list, want := range map[string]bool{"": false, `,"assignees":null`: false, `,"assignees":[]`: true} {
		if value, said := read(list); said != want || value != "" {
			t.Errorf("%q: %q %t", list, value, said)
		}
	}
	if value, said := answered(&trouble{ID: "P1"}, time.Now()).Facts[incident.AlertAssignees]; !said || value != "" {
		t.Errorf("asked: %q %t", value, said)
	}
}
