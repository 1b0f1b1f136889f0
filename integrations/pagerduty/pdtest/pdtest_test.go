package pdtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func account(t *testing.T) *Account {
	t.Helper()
	a, err := Start(Options{Token: "t", Users: []User{{ID: "P1", Name: "Bea", Email: "bea@example.com"}}, Services: []Place{{ID: "PDB1", Name: "Users"}}, Priorities: []string{"P1"}, Retry: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for !holds() {
		select {
		case <-limit.C:
			t.Fatal("never: " + what)
		case <-tick.C:
		}
	}
}

// TestWebhooksComeInOrderAndAgain: an incident's webhooks wait for the first, which comes under one id until it is taken.
func TestWebhooksComeInOrderAndAgain(t *testing.T) {
	var mu sync.Mutex
	var ids, kinds []string
	fails := 2
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, r.Header.Get("X-Webhook-Id"))
		for _, secret := range []string{"one", "two"} {
			if !strings.Contains(r.Header.Get("X-PagerDuty-Signature"), Sign(body, secret)) {
				t.Errorf("no signature of %s", secret)
			}
		}
		if fails > 0 {
			fails--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, kind, _ := strings.Cut(string(body), `"event_type":"incident.`)
		kind, _, _ = strings.Cut(kind, `"`)
		kinds = append(kinds, kind)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer hook.Close()
	a := account(t)
	a.Subscribe(hook.URL, nil, "one", "two")
	id := a.Trigger("PDB1", "gone", "high", "")
	a.Set(id, "acknowledged", "P1")
	a.Set(id, "resolved", "P1")
	a.Set(id, "acknowledged", "P1") // opens it again
	until(t, "all are taken", func() bool { return a.Waiting() == 0 })
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"triggered", "acknowledged", "resolved", "reopened", "acknowledged"}; !slices.Equal(kinds, want) {
		t.Errorf("came %v", kinds)
	}
	if ids[0] != ids[1] || ids[1] != ids[2] || ids[2] == ids[3] {
		t.Errorf("ids %v", ids)
	}
}

// TestThreeRefusalsDisableForADay: then nothing is sent, and REST says so.
func TestThreeRefusalsDisableForADay(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer hook.Close()
	a := account(t)
	a.Subscribe(hook.URL, nil, "one")
	for range 3 {
		a.Trigger("PDB1", "gone", "high", "")
	}
	until(t, "it is disabled", func() bool { _, dropped, disabled := a.Subscription(); return disabled && len(dropped) == 3 })
	a.Trigger("PDB1", "gone", "high", "")
	if a.Waiting() != 0 {
		t.Error("a disabled subscription is sent to")
	}
}

// TestRESTIsStrict: what the real one refuses is refused, with its code.
func TestRESTIsStrict(t *testing.T) {
	a := account(t)
	id := a.Trigger("PDB1", "gone", "high", "")
	a.Set(id, "resolved", "P1")
	call := func(method, path, body string, change func(http.Header)) (int, string) {
		t.Helper()
		r, err := http.NewRequest(method, a.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Token token=t")
		r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("From", "bea@example.com")
		if change != nil {
			change(r.Header)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	open := a.Trigger("PDB1", "open", "high", "")
	resolve := `{"incidents":[{"id":"` + id + `","type":"incident","status":"resolved"}]}`
	for _, c := range []struct {
		name, method, path, body string
		change                   func(http.Header)
		want                     int
		text                     string
	}{
		{"no token", "GET", "/incidents", "", func(h http.Header) { h.Del("Authorization") }, 401, "2006"},
		{"no version", "GET", "/incidents", "", func(h http.Header) { h.Set("Accept", "*/*") }, 406, ""},
		{"no From", "PUT", "/incidents", resolve, func(h http.Header) { h.Del("From") }, 400, "Requester User Not Found"},
		{"From a stranger", "PUT", "/incidents", resolve, func(h http.Header) { h.Set("From", "x@example.com") }, 400, "Requester User Not Found"},
		{"resolved already", "PUT", "/incidents", resolve, nil, 400, "1001"},
		{"no type", "PUT", "/incidents", strings.Replace(resolve, `"type":"incident",`, "", 1), nil, 400, "type"},
		{"an unknown field", "PUT", "/incidents", strings.Replace(resolve, `"type"`, `"odd":1,"type"`, 1), nil, 400, "odd"},
		{"beyond 10000", "GET", "/incidents?offset=9990&limit=100", "", nil, 400, "10000"},
		{"an unknown parameter", "GET", "/incidents?odd=1", "", nil, 400, "odd"},
		{"an empty note", "POST", "/incidents/" + id + "/notes", `{"note":{"content":" "}}`, nil, 400, "note"},
		{"nobody's note", "POST", "/incidents/QNONE/notes", `{"note":{"content":"x"}}`, nil, 404, "2100"},
		{"a request of nobody", "POST", "/incidents/" + open + "/responder_requests", `{"requester_id":"bea@example.com","message":"x","responder_request_targets":[{"responder_request_target":{"id":"P1","type":"user_reference"}}]}`, nil, 400, "requester_id"},
		{"a request to nobody", "POST", "/incidents/" + open + "/responder_requests", `{"requester_id":"P1","message":"x","responder_request_targets":[]}`, nil, 400, "responder request"},
		{"a request to a stranger", "POST", "/incidents/" + open + "/responder_requests", `{"requester_id":"P1","message":"x","responder_request_targets":[{"responder_request_target":{"id":"PX","type":"user_reference"}}]}`, nil, 400, "Responder"},
		{"a request without From", "POST", "/incidents/" + open + "/responder_requests", `{}`, func(h http.Header) { h.Del("From") }, 400, "Requester User Not Found"},
		{"a request on what is over", "POST", "/incidents/" + id + "/responder_requests", `{"requester_id":"P1","message":"x","responder_request_targets":[{"responder_request_target":{"id":"P1","type":"user_reference"}}]}`, nil, 400, "Resolved"},
		{"a request", "POST", "/incidents/" + open + "/responder_requests", `{"requester_id":"P1","message":"x","responder_request_targets":[{"responder_request_target":{"id":"P1","type":"user_reference"}}]}`, nil, 200, `"state":"pending"`},
		{"an empty update", "POST", "/incidents/" + open + "/status_updates", `{"message":" "}`, nil, 400, "message"},
		{"an update with more", "POST", "/incidents/" + open + "/status_updates", `{"message":"x","odd":1}`, nil, 400, "odd"},
		{"an update", "POST", "/incidents/" + open + "/status_updates", `{"message":"x"}`, nil, 200, "status_update"},
		{"the log", "GET", "/incidents/" + open + "/log_entries", "", nil, 200, "status_update_log_entry"},
		{"priorities", "GET", "/priorities", "", nil, 200, `"name":"P1"`},
		{"an unknown priority", "PUT", "/incidents", `{"incidents":[{"id":"` + open + `","type":"incident","priority":{"id":"PX","type":"priority_reference"}}]}`, nil, 400, "1020"},
		{"an ability", "GET", "/abilities/" + Coordinated, "", nil, 204, ""},
		{"a page", "GET", "/incidents?limit=1", "", nil, 200, `"more":true`},
	} {
		if status, text := call(c.method, c.path, c.body, c.change); status != c.want || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", c.name, status, text)
		}
	}
	a.Lack(Coordinated)
	if status, _ := call("GET", "/abilities/"+Coordinated, "", nil); status != 402 {
		t.Errorf("without the ability: %d", status)
	}
	if status, _ := call("POST", "/incidents/"+open+"/responder_requests", `{"requester_id":"P1","message":"x","responder_request_targets":[{"responder_request_target":{"id":"P1","type":"user_reference"}}]}`, nil); status != 402 {
		t.Errorf("a request without the ability: %d", status)
	}
	a.Limit(1, "3")
	if status, _ := call("GET", "/incidents", "", nil); status != 429 {
		t.Errorf("limited: %d", status)
	}
	a.Away(true)
	if status, _ := call("GET", "/incidents", "", nil); status != 503 {
		t.Errorf("away: %d", status)
	}
}
