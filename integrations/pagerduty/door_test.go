package pagerduty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/pagerduty/pdtest"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
)

// keeper is a Handler and a Memory of one incident.
type keeper struct {
	mu    sync.Mutex
	heard []commands.HearAlert
	other []any // outcomes that are no events
	keys  [][]string
	err   error
	fold  *incident.Incident
}

func (k *keeper) Handle(_ context.Context, c commands.Command) (commands.Reply, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return commands.Reply{}, k.err
	}
	if e, ok := c.Outcome.(commands.HearAlert); ok {
		k.heard = append(k.heard, e)
	} else {
		k.other = append(k.other, c.Outcome)
	}
	k.keys = append(k.keys, c.Keys)
	return commands.Reply{}, nil
}

// last is the newest outcome that is no event.
func (k *keeper) last() any {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.other) == 0 {
		return nil
	}
	return k.other[len(k.other)-1]
}

func (k *keeper) Incident(context.Context, state.Ref) (*incident.Incident, error) {
	if k.fold == nil {
		return nil, state.ErrNotFound
	}
	return k.fold, nil
}

func (k *keeper) List(context.Context, state.Query) ([]incident.Summary, error) {
	if k.fold == nil {
		return nil, nil
	}
	return []incident.Summary{k.fold.Summarise()}, nil
}

func door(t *testing.T, k *keeper, secrets ...string) http.Handler {
	t.Helper()
	o := Options{Handler: k, Memory: k}
	for _, s := range secrets {
		o.Secrets = append(o.Secrets, secret.New(s))
	}
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	l.Routes(mux)
	return mux
}

func post(h http.Handler, body []byte, signatures ...string) int {
	r := httptest.NewRequest(http.MethodPost, "/pagerduty/webhook", bytes.NewReader(body))
	r.Header.Set("X-Webhook-Id", "W1")
	for _, s := range signatures {
		r.Header.Add("X-PagerDuty-Signature", s)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func hook(what, status string) []byte {
	return pdtest.Webhook("QINC1", "Users are gone", "PDB1", status, what, 8812, time.Date(2026, 11, 24, 2, 58, 0, 5e6, time.UTC))
}

// TestI14_I46_WhatTheDoorAnswers: 202 only for what is signed and kept; 401 only for what is surely forged; everything
// that cannot be judged or kept comes again.
func TestI14_I46_WhatTheDoorAnswers(t *testing.T) {
	body := hook("triggered", "triggered")
	good, other := pdtest.Sign(body, "one"), pdtest.Sign(body, "two")
	for _, c := range []struct {
		name       string
		secrets    []string
		signatures []string
		want       int
	}{
		{"signed", []string{"one"}, []string{good}, 202},
		{"two secrets here", []string{"old", "one"}, []string{good}, 202},
		{"two secrets there", []string{"one"}, []string{other + "," + good}, 202},
		{"with a space", []string{"one"}, []string{other + ", " + good}, 202},
		{"two header lines", []string{"one"}, []string{other, good}, 202},
		{"another version beside it", []string{"one"}, []string{"v2=abcd," + good}, 202},
		{"upper case digits", []string{"one"}, []string{"v1=" + strings.ToUpper(good[3:])}, 202},
		{"another secret", []string{"one"}, []string{other}, 401},
		{"no digits", []string{"one"}, []string{"v1="}, 401},
		{"half a signature", []string{"one"}, []string{good[:20]}, 401},
		{"no signature", []string{"one"}, nil, 503},
		{"an unknown version", []string{"one"}, []string{"v2=abcd"}, 503},
		{"no secret", nil, []string{good}, 503},
		{"an empty secret, signed with it", []string{""}, []string{pdtest.Sign(body, "")}, 503},
		{"an empty secret beside one, signed with it", []string{"", "one"}, []string{pdtest.Sign(body, "")}, 401},
	} {
		k := &keeper{}
		if got := post(door(t, k, c.secrets...), body, c.signatures...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		if kept := len(k.heard); kept != 0 != (c.want == 202) {
			t.Errorf("%s: %d events were kept", c.name, kept)
		}
	}
	if got := post(door(t, &keeper{err: errors.New("disk full")}, "one"), body, good); got != 503 {
		t.Errorf("not kept and answered %d", got)
	}
	huge := bytes.Repeat([]byte(" "), maxBody+1)
	if got := post(door(t, &keeper{}, "one"), huge, pdtest.Sign(huge, "one")); got != 503 {
		t.Errorf("a body without end: %d", got)
	}
	large := []byte(`{"event":{"id":"E1","event_type":"incident.annotated","data":{"type":"incident_note","content":"` + strings.Repeat("x", 256<<10) + `","incident":{"id":"QINC1"}}}}`)
	k := &keeper{}
	if got := post(door(t, k, "one"), large, pdtest.Sign(large, "one")); got != 202 || len(k.heard[0].Text) > maxText {
		t.Errorf("256 KB: %d", got)
	}
}

func TestWhatTheDoorReads(t *testing.T) {
	k := &keeper{}
	h := door(t, k, "one")
	send := func(body []byte) commands.HearAlert {
		t.Helper()
		if got := post(h, body, pdtest.Sign(body, "one")); got != 202 {
			t.Fatalf("%s: %d", body, got)
		}
		return k.heard[len(k.heard)-1]
	}
	e := send(hook("triggered", "triggered"))
	if e.Alert != "QINC1" || e.What != "triggered" || !e.Whole || e.Passed != "" || e.At.Nanosecond() != 5e6 {
		t.Errorf("%+v", e)
	}
	for name, want := range map[string]string{
		incident.AlertStatus: "triggered", incident.AlertTitle: "Users are gone", incident.AlertNumber: "8812", incident.AlertService: "PDB1", incident.AlertPriority: "-",
		incident.AlertUrgency: "high", incident.AlertPolicy: "Default",
	} {
		if e.Facts[name] != want {
			t.Errorf("%s is %q", name, e.Facts[name])
		}
	}
	if keys := k.keys[0]; len(keys) != 2 || keys[1] != "pagerduty/webhook/W1" || !strings.HasPrefix(keys[0], "pagerduty/event/01") {
		t.Errorf("keys %v", keys)
	}
	if e := send(hook("acknowledged", "acknowledged")); e.Facts[incident.AlertAcker] != "PagerDuty" {
		t.Errorf("%+v", e.Facts)
	}
	body := func(kind, data string) []byte {
		return fmt.Appendf(nil, `{"event":{"id":"E1","event_type":%q,"resource_type":"incident","occurred_at":"2026-11-24T02:58:00Z","agent":{"id":"PBEA","type":"user_reference","summary":"Bea"},"data":%s}}`, kind, data)
	}
	if e := send(body("incident.annotated", `{"type":"incident_note","content":"SEV-1 → SEV-2 [drbot INC-1/7]","incident":{"id":"QINC1"}}`)); !e.Echo || e.Alert != "QINC1" || e.Agent.ID != "PBEA" || e.Whole {
		t.Errorf("our own note: %+v", e)
	}
	if e := send(body("incident.responder.added", `{"type":"incident_responder","state":"pending","user":{"id":"P1","summary":"Chen"},"incident":{"id":"QINC1"}}`)); e.What != "responder added" || e.Text != "Chen pending" {
		t.Errorf("%+v", e)
	}
	if e := send(body("incident.something_new", `{"type":"incident","id":"QINC1","number":"x","priority":{"id":"P1","summary":"P1"},"assignees":7,"title":3,"urgency":"odd"}`)); e.What != "something new" || e.Passed != "" || len(e.Facts) != 1 {
		t.Errorf("an unknown type: %+v", e)
	}
	for _, passed := range [][]byte{
		[]byte("{"), []byte("[]"), []byte("null"), []byte(`{"event":7}`), body("pagey.ping", `{"message":"Hello","type":"ping"}`), body("incident.triggered", `{"type":"incident"}`), body("incident.triggered", `null`),
		[]byte(`{"event":{"id":"E9","event_type":"service.updated","resource_type":"service","data":{"type":"service","id":"PDB1"}}}`),
		body("incident.triggered", `{"type":"incident","id":"`+strings.Repeat("Q", 200)+`"}`),
	} {
		if e := send(passed); e.Passed == "" {
			t.Errorf("%s: %+v", passed, e)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(hook("triggered", "triggered"))
	f.Add([]byte(`{"event":{"event_type":"incident.annotated","data":{"type":"incident_note","incident":{"id":"Q"}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := decode(body, time.Unix(0, 0))
		if e.Passed == "" && (e.Alert == "" || len(e.Alert) > 100) || e.What == "" || len(e.What) > 100 || len(e.Text) > maxText {
			t.Errorf("%q: %+v", body, e)
		}
		for name, value := range e.Facts {
			if len(value) > maxFact {
				t.Errorf("%s has %d bytes", name, len(value))
			}
		}
	})
}
