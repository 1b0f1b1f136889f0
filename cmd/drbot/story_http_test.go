package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// get asks drbot's HTTP door; 0 while there is none.
func (w *town) get(path string) (int, string) {
	w.Helper()
	res, err := http.Get(w.door() + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	w.ok(err)
	return res.StatusCode, string(b)
}

// door is where drbot listens; it says so in its data directory.
func (w *town) door() string {
	address, _ := os.ReadFile(w.path("data", "address"))
	return "http://" + strings.TrimSpace(string(address))
}

// overHTTP lets the workspace send signed requests to a name that stays when drbot is started again.
func overHTTP(w *town, o *workspace.Options) {
	w.mode = "http"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.ok(err)
	proxy := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		to, err := url.Parse(w.door())
		if err != nil || to.Host == "" {
			http.Error(rw, "drbot is down", http.StatusBadGateway)
			return
		}
		httputil.NewSingleHostReverseProxy(to).ServeHTTP(rw, r)
	})}
	go func() { _ = proxy.Serve(l) }()
	w.Cleanup(func() { _ = proxy.Close() })
	base := "http://" + l.Addr().String()
	o.HTTP = &workspace.HTTPDelivery{CommandsURL: base + "/slack/commands", InteractivityURL: base + "/slack/interactivity", EventsURL: base + "/slack/events"}
}

// post sends a body to a door with a signature made of secret at an instant.
func (w *town) post(path, secret string, at time.Time, body string) (int, string) {
	w.Helper()
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	req, err := http.NewRequestWithContext(w.within(), http.MethodPost, w.door()+path, strings.NewReader(body))
	w.ok(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	w.ok(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	w.ok(err)
	return res.StatusCode, string(b)
}

// TestI14_I47_SignedHTTP plays the whole story over signed requests: what Slack did not sign, or long ago, changes
// nothing; the same delivery again leaves one effect and gives the same answer.
func TestI14_I47_SignedHTTP(t *testing.T) {
	t.Parallel()
	w := settle(t, one(), overHTTP)
	w.serve()
	w.until("the HTTP door is open", func() bool { code, _ := w.get("/healthz"); return code == http.StatusOK })
	w.accept(w.bea)
	w.inject(person.Fault{Kind: "duplicate", Count: 40})
	room, card := w.asked("Database corruption: users gone")
	w.answers(w.ana, room, "/incident note first", "Noted at")
	w.heal()
	if n := len(w.records("Opened")); n != 1 {
		t.Errorf("I47: opened %d times", n)
	}
	before := len(w.records())
	form := url.Values{"command": {"/incident"}, "text": {"note forged"}, "user_id": {"U0ANA"}, "channel_id": {room}, "team_id": {workspace.TeamID}, "trigger_id": {"t1"}}.Encode()
	press := url.Values{"payload": {`{"type":"block_actions","user":{"id":"U0BEA"},"channel":{"id":"` + room + `"},"actions":[{"action_id":"recover.approve","type":"button","value":"A1"}],"container":{"type":"message","channel_id":"` + room + `","message_ts":"` + card.TS + `"}}`}}.Encode()
	event := `{"type":"event_callback","event_id":"Ev1","event":{"type":"channel_archive","channel":"` + room + `","user":"U0ANA"}}`
	for path, body := range map[string]string{"/slack/commands": form, "/slack/interactivity": press, "/slack/events": event} {
		for name, forged := range map[string]struct {
			secret string
			at     time.Time
		}{"another secret": {"guess", w.clock.Now()}, "no secret": {"", w.clock.Now()}, "old": {signingSecret, w.clock.Now().Add(-6 * minute)}, "future": {signingSecret, w.clock.Now().Add(6 * minute)}} {
			if code, said := w.post(path, forged.secret, forged.at, body); code != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d %s", path, name, code, said)
			}
		}
		if code, _ := w.post(path, signingSecret, w.clock.Now(), strings.Repeat("x", 2<<20)); code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d for 2 MB", path, code)
		}
		if code, _ := w.post(path, signingSecret, w.clock.Now(), "{[%zz"); code < 400 || code >= 500 {
			t.Errorf("%s: %d for nonsense", path, code)
		}
	}
	if after := len(w.records()); after != before {
		t.Errorf("I14: %d records came of it", after-before)
	}
	at := w.clock.Now()
	first := ""
	for k := range 4 {
		again := strings.Replace(form, "forged", "again", 1)
		code, body := w.post("/slack/commands", signingSecret, at.Add(time.Duration(k)*time.Second), again) // signed anew, as who sends again does
		var answer struct{ Text string }
		w.ok(json.Unmarshal([]byte(body), &answer))
		if first == "" {
			first = answer.Text
		}
		if code != http.StatusOK || answer.Text != first || !strings.Contains(first, "Noted at") {
			t.Errorf("I47: %d %q, at first %q", code, answer.Text, first)
		}
		w.clock.push(minute)
	}
	if n := len(w.records("Noted")); n != 2 {
		t.Errorf("I47: %d notes", n)
	}
	w.pressOn(w.bea, card, "recover.approve")
	w.awaitRun(1, "ended")
	if n := w.ran("restore"); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	w.audited()
}
