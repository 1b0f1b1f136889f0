package bot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// recorder is a Handler that keeps what it was given.
type recorder struct {
	mu    sync.Mutex
	got   []commands.Command
	reply commands.Reply
	err   error
}

func (r *recorder) Handle(_ context.Context, c commands.Command) (commands.Reply, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, c)
	return r.reply, r.err
}

func (r *recorder) commands() []commands.Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]commands.Command(nil), r.got...)
}

// nothing is a Memory without incidents; one has channel C1.
type nothing struct{ one *incident.Incident }

func (n nothing) Incident(_ context.Context, ref state.Ref) (*incident.Incident, error) {
	if n.one != nil && (ref.ID == n.one.ID || ref.Index == "channel" && ref.Value == n.one.Channel.ID) {
		return n.one.Clone(), nil
	}
	return nil, state.ErrNotFound
}
func (nothing) House(context.Context) (*incident.House, error) { return incident.NewHouse(), nil }
func (nothing) Records(context.Context, incident.ID, uint64) iter.Seq2[state.Record, error] {
	return func(func(state.Record, error) bool) {}
}
func (nothing) All(context.Context, uint64) iter.Seq2[state.Record, error] {
	return func(func(state.Record, error) bool) {}
}
func (nothing) List(context.Context, state.Query) ([]incident.Summary, error)    { return nil, nil }
func (nothing) Figures(context.Context, state.Query) ([]incident.Figures, error) { return nil, nil }
func (nothing) Blob(context.Context, state.Digest) ([]byte, error)               { return nil, state.ErrNotFound }
func (nothing) Due(context.Context, time.Time) ([]incident.ID, time.Time, error) {
	return nil, time.Time{}, nil
}
func (nothing) Cursor(context.Context, string, incident.ID) (state.Cursor, error) {
	return state.Cursor{}, nil
}

// door is a bot in HTTP mode whose Slack is nowhere.
func door(t testing.TB, r *recorder, log *slog.Logger) (*Bot, http.Handler) {
	t.Helper()
	return doorTo(t, r, log, "http://127.0.0.1:1/api/")
}

// doorTo is one whose Slack is at an address.
func doorTo(t testing.TB, r *recorder, log *slog.Logger, slack string) (*Bot, http.Handler) {
	t.Helper()
	flags := &people.Cache{}
	flags.Put("U0ANA", people.Flags{Name: "Ana Ruiz"})
	b, err := New(Options{
		BotToken: secret.New("xoxb"), SigningSecret: secret.New("shhh"), APIURL: slack, HTTP: true,
		Handler: r, Memory: nothing{}, Flags: flags, Now: func() time.Time { return at }, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	mux := http.NewServeMux()
	b.Routes(mux)
	return b, mux
}

func sign(secret string, stamp int64, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%d:%s", stamp, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// send posts a body that Slack signed at an instant.
func send(h http.Handler, path, body string, when time.Time) *httptest.ResponseRecorder {
	return post(h, path, body, sign("shhh", when.Unix(), body), strconv.FormatInt(when.Unix(), 10))
}

func post(h http.Handler, path, body, signature, stamp string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Signature", signature)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const openBody = "command=%2Fincident&text=open+users+%26lt%3Bdb%26gt%3B&user_id=U0ANA&user_name=ana&team_id=T1&channel_id=C1&trigger_id=1.2.3"

// TestI14_OnlySignedPayloadsCount: forged, unsigned, stale and oversize payloads reach nobody, and are logged once.
func TestI14_OnlySignedPayloadsCount(t *testing.T) {
	r := &recorder{}
	var logged strings.Builder
	b, h := door(t, r, slog.New(slog.NewTextHandler(&logged, nil)))
	now := strconv.FormatInt(at.Unix(), 10)
	for _, path := range []string{"/slack/commands", "/slack/interactivity", "/slack/events"} {
		for name, w := range map[string]*httptest.ResponseRecorder{
			"forged":   post(h, path, openBody, sign("other", at.Unix(), openBody), now),
			"unsigned": post(h, path, openBody, "", ""),
			"no stamp": post(h, path, openBody, sign("shhh", at.Unix(), openBody), ""),
			"changed":  post(h, path, openBody+"x", sign("shhh", at.Unix(), openBody), now),
			"stale":    send(h, path, openBody, at.Add(-5*time.Minute-time.Second)),
			"early":    send(h, path, openBody, at.Add(5*time.Minute+time.Second)),
			"empty":    post(h, path, "", sign("", at.Unix(), ""), now),
		} {
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s %s: %d", path, name, w.Code)
			}
		}
	}
	if w := send(h, "/slack/commands", strings.Repeat("x", maxBody+1), at); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("oversize: %d", w.Code)
	}
	long := &read{Reader: strings.NewReader(strings.Repeat("x", 1000))}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/slack/commands", long)); w.Code != http.StatusUnauthorized || long.times != 0 {
		t.Errorf("without a signature: %d, its body was read %d times", w.Code, long.times)
	}
	if got := r.commands(); len(got) != 0 {
		t.Errorf("reached the office: %+v", got)
	}
	if n := strings.Count(logged.String(), "level=WARN"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, logged.String())
	}
	if n := b.Counts()["forged"]; n != 23 {
		t.Errorf("counted %d", n)
	}
	if b.SigningSecret = secret.New(""); send(h, "/slack/commands", openBody, at).Code != http.StatusUnauthorized {
		t.Error("an empty secret proves something")
	}
}

// read counts how often somebody reads.
type read struct {
	io.Reader
	times int
}

func (r *read) Read(p []byte) (int, error) {
	r.times++
	return r.Reader.Read(p)
}

// TestI14_ReplayCarriesItsKey: a request is known by its trigger when it comes again, with the same signature or a later one, or by
// its signature where it has none; a socket's by envelope and trigger, an event by its id.
func TestI14_ReplayCarriesItsKey(t *testing.T) {
	r := &recorder{reply: commands.Reply{Say: templates.Message{Text: "done & <ok>"}}}
	b, h := door(t, r, nil)
	for k := range 2 {
		w := send(h, "/slack/commands", openBody, at.Add(time.Duration(k)*time.Second))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "done &amp;amp; &amp;lt;ok") && !strings.Contains(w.Body.String(), `done \u0026amp; \u0026lt;ok\u0026gt;`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	got := r.commands()
	if len(got) != 2 || got[0].Keys[0] != got[1].Keys[0] || got[0].Keys[0] != "slack/trigger/1.2.3" || got[0].Keep != 15*time.Minute {
		t.Fatalf("%+v", got)
	}
	if c := got[0]; c.Verb != "incident open" || c.Text != "users <db>" || c.Channel != "C1" || c.Actor.Slack != "U0ANA" || c.Actor.Name != "Ana Ruiz" {
		t.Errorf("%+v", c)
	}
	b.delivered(context.Background(), frameIn{Type: "slash_commands", EnvelopeID: "E1", Payload: []byte(`{"command":"/incident","text":"list","user_id":"U0ANA","trigger_id":"9.9"}`)})
	c := r.commands()[2]
	if strings.Join(c.Keys, " ") != "slack/envelope/E1 slack/trigger/9.9" || c.Keep != time.Hour {
		t.Errorf("%v %s", c.Keys, c.Keep)
	}
	if got := eventReceipt(envelope{EventID: "Ev1"}, receipt{keys: []string{"x"}}); got.keys[0] != "slack/event/Ev1" || got.keep != 24*time.Hour {
		t.Errorf("%+v", got)
	}
}

func TestURLVerification(t *testing.T) {
	_, h := door(t, &recorder{}, nil)
	if w := send(h, "/slack/events", `{"type":"url_verification","challenge":"abc"}`, at); w.Code != http.StatusOK || w.Body.String() != "abc" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestI46_NotKeptIsSaid: while the record cannot be written, a person hears that nothing was done, and an event is not
// acknowledged.
func TestI46_NotKeptIsSaid(t *testing.T) {
	r := &recorder{err: errors.New("disk full on ops1")}
	b, h := door(t, r, nil)
	w := send(h, "/slack/commands", openBody, at)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Not recorded, so nothing was done: disk full on ops1") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.Memory = nothing{one: openIncident()}
	if w := send(h, "/slack/events", `{"type":"event_callback","event_id":"Ev1","event":{"type":"channel_archive","channel":"C1","user":"U0ANA"}}`, at); w.Code != http.StatusServiceUnavailable {
		t.Errorf("an event that was not kept was answered %d", w.Code)
	}
	payload := url.Values{"payload": {`{"type":"view_submission","user":{"id":"U0ANA"},"view":{"callback_id":"incident.note","private_metadata":"{\"o\":\"1\",\"c\":\"C1\"}","blocks":[{"block_id":"text"}],"state":{"values":{"text":{"v":{"type":"plain_text_input","value":"x"}}}}}}`}}.Encode()
	if w := send(h, "/slack/interactivity", payload, at); !strings.Contains(w.Body.String(), `"text":"Not recorded`) {
		t.Errorf("%s", w.Body)
	}
}

func openIncident() *incident.Incident {
	i := incident.New(1)
	i.Apply(incident.Stamp{Seq: 1, N: 1, Time: at}, incident.Opened{Title: "Users db", Severity: 1})
	i.Apply(incident.Stamp{Seq: 2, N: 2, Time: at}, incident.ChannelBound{ID: "C1", Name: "inc-1"})
	return i
}

// TestI15_ButtonsOfOthersDoNothing: only messages that this app posted carry buttons that mean something.
func TestI15_ButtonsOfOthersDoNothing(t *testing.T) {
	press := func(message, container string) string {
		return url.Values{"payload": {`{"type":"block_actions","api_app_id":"A0","user":{"id":"U0ANA"},"channel":{"id":"C1"},"container":` + container + `,` + message +
			`"actions":[{"type":"button","action_id":"recover.approve","value":"A17"}]}`}}.Encode()
	}
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"own":       {press(`"message":{"ts":"1.2","bot_id":"B0","app_id":"A0"},`, `{"type":"message"}`), 1},
		"other app": {press(`"message":{"ts":"1.2","bot_id":"B9","app_id":"A9"},`, `{"type":"message"}`), 0},
		"a person":  {press(`"message":{"ts":"1.2","user":"U0BAD"},`, `{"type":"message"}`), 0},
		"nothing":   {press(``, `{"type":"message"}`), 0},
		"ephemeral": {press(``, `{"type":"message","is_ephemeral":true}`), 1},
		"home":      {press(`"view":{"type":"home"},`, `{"type":"view"}`), 1},
	} {
		r := &recorder{}
		_, h := door(t, r, nil)
		if w := send(h, "/slack/interactivity", test.body, at); w.Code != http.StatusOK {
			t.Errorf("%s: %d", name, w.Code)
		}
		if got := r.commands(); len(got) != test.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestBoxesGiveWhatWasAndIs: what is ticked goes along with what the boxes showed; foreign values do not.
func TestBoxesGiveWhatWasAndIs(t *testing.T) {
	r := &recorder{}
	_, h := door(t, r, nil)
	body := func(block string) string {
		return url.Values{"payload": {`{"type":"block_actions","api_app_id":"A0","user":{"id":"U0ANA","team_id":"T2"},"team":{"id":"T1"},"channel":{"id":"C1"},
"message":{"ts":"1.2","app_id":"A0","blocks":[{"type":"unknown","elements":7},{"block_id":"c/during/1/d","elements":[{"type":"checkboxes","options":[{"value":"c1"},{"value":"c2"}]}]}]},
"actions":[{"type":"checkboxes","block_id":"` + block + `","action_id":"incident.checklist","selected_options":[{"value":"c2"},{"value":"c99"}]}]}`}}.Encode()
	}
	send(h, "/slack/interactivity", body("c/during/1/d"), at)
	send(h, "/slack/interactivity", body("c/during/1/other"), at)
	got := r.commands()
	if len(got) != 1 || strings.Join(got[0].Fields["was"], ",") != "c1" || strings.Join(got[0].Fields["now"], ",") != "c2" || got[0].Verb != "incident checklist" {
		t.Fatalf("%+v", got)
	}
	if !got[0].Actor.Foreign {
		t.Error("a user of another team is not foreign")
	}
}

func TestWrongFieldsComeBack(t *testing.T) {
	body := url.Values{"payload": {`{"type":"view_submission","user":{"id":"U0ANA"},"view":{"callback_id":"recover.choose","private_metadata":"{\"o\":\"R7\",\"c\":\"C1\",\"v\":{\"#0\":\"long\"}}",
"blocks":[{"block_id":"b/0/x"},{"block_id":"backup"}],"state":{"values":{"backup":{"v":{"type":"static_select","selected_option":{"value":"#0"}}}}}}}`}}.Encode()
	r := &recorder{reply: commands.Reply{Errors: map[string]string{"nowhere": "wrong"}}}
	_, h := door(t, r, nil)
	if w := send(h, "/slack/interactivity", body, at); !strings.Contains(w.Body.String(), `"errors":{"backup":"wrong"}`) {
		t.Errorf("%s", w.Body)
	}
	if c := r.commands()[0]; c.Verb != "recover choose" || c.Object != "R7" || c.Channel != "C1" || c.Field("backup") != "long" {
		t.Errorf("%+v", c)
	}
	r.reply = commands.Reply{Kind: incident.NotAllowed, Say: templates.Message{Text: "Only operators plan runs."}}
	if w := send(h, "/slack/interactivity", body, at.Add(time.Second)); !strings.Contains(w.Body.String(), `"errors":{"backup":"Only operators`) {
		t.Errorf("%s", w.Body)
	}
	form := templates.Form{Verb: "recover choose", Object: "R7", Title: "Again"}
	r.reply = commands.Reply{Form: &form}
	if w := send(h, "/slack/interactivity", body, at.Add(2*time.Second)); !strings.Contains(w.Body.String(), `"response_action":"update"`) {
		t.Errorf("%s", w.Body)
	}
}

// FuzzDoors: whatever comes with a good signature, nothing panics and no answer takes another form.
func FuzzDoors(f *testing.F) {
	f.Add(openBody)
	f.Add("payload=" + url.QueryEscape(`{"type":"block_actions","user":{"id":"U0ANA"},"actions":[{"type":"overflow"}],"view":null,"message":{"blocks":{}}}`))
	f.Add("payload=" + url.QueryEscape(`{"type":"view_submission","user":{"id":"U0ANA"},"view":{"state":{"values":{"x":{"v":{}}}},"private_metadata":"[1"}}`))
	f.Add("payload=" + url.QueryEscape(`{"type":"message_action","callback_id":"add_to_timeline","user":{"id":"U0ANA"},"message":{"ts":"x"}}`))
	f.Add(`{"type":"event_callback","event":{"type":"reaction_added","reaction":"pushpin","item":{"type":"message","channel":"C1","ts":"1.2"},"user":"U0ANA"}}`)
	f.Add(`{"type":"event_callback","event":{"type":"user_change","user":{"id":"U1","is_bot":true}}}`)
	f.Add(`{"type":"event_callback","event":{"type":"channel_rename","channel":{"id":7}}}`)
	r := &recorder{}
	_, h := door(f, r, nil)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/slack/commands", "/slack/interactivity", "/slack/events"} {
			switch w := send(h, path, body, at); w.Code {
			case http.StatusOK, http.StatusBadRequest, http.StatusServiceUnavailable:
			default:
				t.Fatalf("%s %q: %d", path, body, w.Code)
			}
		}
	})
}
