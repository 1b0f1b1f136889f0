package workspace_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// httpApp is an app that is reached by signed requests.
type httpApp struct {
	t      *testing.T
	mu     sync.Mutex
	events []string
	tries  map[string]int
	nums   []string
	reject int // how many deliveries of an event get 503
}

func (a *httpApp) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	v, err := slack.NewSecretsVerifier(r.Header, secret)
	if err == nil {
		_, _ = v.Write(raw)
		err = v.Ensure()
	}
	if err != nil {
		a.t.Errorf("signature: %v", err)
		http.Error(rw, "no", http.StatusUnauthorized)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(raw)))
	switch r.URL.Path {
	case "/commands":
		cmd, err := slack.SlashCommandParse(r)
		if err != nil || cmd.ResponseURL == "" || cmd.TriggerID == "" {
			a.t.Errorf("%+v %v", cmd, err)
		}
		_ = json.NewEncoder(rw).Encode(map[string]any{"response_type": "in_channel", "text": "heard " + cmd.Text})
	case "/interactivity":
		ic, err := slack.InteractionCallbackParse(r)
		if err != nil || ic.Type != slack.InteractionTypeShortcut {
			a.t.Errorf("%+v %v", ic, err)
		}
	case "/events":
		a.event(rw, r, raw)
	}
}

func (a *httpApp) event(rw http.ResponseWriter, r *http.Request, raw []byte) {
	ev, err := slackevents.ParseEvent(raw, slackevents.OptionNoVerifyToken())
	if err != nil {
		a.t.Error(err)
		return
	}
	if ev.Type == slackevents.URLVerification {
		_, _ = io.WriteString(rw, ev.Data.(*slackevents.EventsAPIURLVerificationEvent).Challenge)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	id := ev.Data.(*slackevents.EventsAPICallbackEvent).EventID
	a.tries[id]++
	if a.reject > 0 {
		a.reject--
		http.Error(rw, "starting", http.StatusServiceUnavailable)
		return
	}
	a.nums = append(a.nums, r.Header.Get("X-Slack-Retry-Num")+r.Header.Get("X-Slack-Retry-Reason"))
	a.events = append(a.events, ev.InnerEvent.Type)
}

func TestSignedHTTPDelivery(t *testing.T) {
	app := &httpApp{t: t, tries: map[string]int{}}
	srv := httptest.NewServer(app)
	defer srv.Close()
	k := start(t, func(o *workspace.Options) {
		o.Now = nil // slack-go checks signatures against the real clock
		o.HTTP = &workspace.HTTPDelivery{CommandsURL: srv.URL + "/commands", InteractivityURL: srv.URL + "/interactivity", EventsURL: srv.URL + "/events"}
	})
	k.must(k.w.VerifyEventsURL(k.ctx))
	r, err := k.ana.Command(k.ctx, "incidents", "/incident open x & y")
	k.must(err)
	if r.Text != "heard open x & y" {
		t.Fatalf("%+v", r)
	}
	r, err = k.ana.Shortcut(k.ctx, "open_incident", "", "")
	k.must(err)
	if r.Say != "" {
		t.Fatal(r.Say)
	}
	app.mu.Lock()
	app.reject = 2
	app.mu.Unlock()
	_, _, _, err = k.api.JoinConversationContext(k.ctx, "C0GENERAL")
	k.must(err)
	// Joining makes a message and member_joined_channel; both are refused twice
	// in all, tried again at once, and one may wait for its minute.
	k.waitDelivered(func(d []person.Delivered) bool {
		n := 0
		for _, x := range d {
			if x.Kind == "events_api" && x.Acked {
				n++
			} else if x.Attempt > 1 {
				k.must(k.c.Advance(k.ctx, time.Minute))
			}
		}
		return n == 2
	})
	app.mu.Lock()
	defer app.mu.Unlock()
	retried := strings.Join(app.nums, " ")
	if !strings.Contains(retried, "http_error") {
		t.Fatalf("no retry headers: %q", retried)
	}
}

// waitDelivered looks at the deliveries after every change until they suit.
func (k *kit) waitDelivered(suits func([]person.Delivered) bool) {
	k.t.Helper()
	for k.ctx.Err() == nil {
		d, err := k.c.Deliveries(k.ctx)
		k.must(err)
		if suits(d) {
			return
		}
		// Acknowledgements change nothing that a person sees: poll with the
		// shortest wait of the long poll.
		_, err = k.ana.StateAfter(k.ctx, 1<<40, 10*time.Millisecond)
		k.must(err)
	}
	k.t.Fatal("deliveries never suited")
}

func TestFaults(t *testing.T) {
	k := start(t)
	post := func() error {
		_, _, err := k.api.PostMessageContext(k.ctx, "C0INC", slack.MsgOptionText("x", false))
		return err
	}
	inject := func(f person.Fault) string {
		t.Helper()
		id, err := k.c.Inject(k.ctx, f)
		k.must(err)
		return id
	}
	count := func() int { return len(k.channel("incidents").Posted()) }

	inject(person.Fault{Kind: "error", Method: "chat.postMessage", Error: "edit_window_closed", Count: 1})
	wantErr(t, post(), "edit_window_closed")
	k.must(post())

	inject(person.Fault{Kind: "rate_limit", Method: "chat.postMessage", RetryAfter: 17, Count: 1})
	if err := post(); err == nil || !strings.Contains(err.Error(), "17s") {
		t.Fatal(err)
	}
	before := count()
	inject(person.Fault{Kind: "lose_answer", Method: "chat.postMessage", Count: 1})
	if err := post(); err == nil {
		t.Fatal("an answer came")
	}
	if count() != before+1 {
		t.Fatal("the work was not done")
	}
	id := inject(person.Fault{Kind: "refuse"})
	if err := post(); err == nil {
		t.Fatal("the workspace answered in an outage")
	}
	k.must(k.c.Clear(k.ctx, id))
	k.must(post())
	inject(person.Fault{Kind: "status", Status: 503})
	if err := post(); err == nil || !strings.Contains(err.Error(), "503") {
		t.Fatal(err)
	}
	k.must(k.c.Clear(k.ctx, ""))

	inject(person.Fault{Kind: "hold", Method: "chat.postMessage"})
	done := make(chan error, 1)
	go func() { done <- post() }()
	for k.ctx.Err() == nil {
		f, err := k.c.Faults(k.ctx)
		k.must(err)
		if len(f) == 1 && f[0].Hits == 1 {
			break
		}
	}
	k.must(k.c.Clear(k.ctx, ""))
	k.must(<-done)
	if _, err := k.c.Inject(k.ctx, person.Fault{Kind: "meteor"}); err == nil {
		t.Fatal("an unknown trouble was taken")
	}
	calls, err := k.c.Calls(k.ctx, "chat.postMessage")
	k.must(err)
	if len(calls) < 7 || strings.Contains(string(calls[0].Args), botToken) {
		t.Fatalf("%d calls, first %s", len(calls), calls[0].Args)
	}
}

func TestDuplicatesReplaysAndReconnects(t *testing.T) {
	k := start(t)
	ids := make(chan string, 10)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.EnvelopeID != "" {
			c.Ack(*e.Request)
			ids <- e.Request.EnvelopeID
		}
	})
	_, err := k.c.Inject(k.ctx, person.Fault{Kind: "duplicate", Method: "slash_commands", Count: 1})
	k.must(err)
	_, err = k.ana.Command(k.ctx, "incidents", "/incident list")
	k.must(err)
	first := <-ids
	if second := <-ids; second != first {
		t.Fatalf("%s, %s", first, second)
	}
	d, err := k.c.Deliveries(k.ctx)
	k.must(err)
	k.must(k.c.Replay(k.ctx, d[0].Seq))
	if third := <-ids; third != first {
		t.Fatal(third)
	}
	for _, cut := range []bool{false, true} {
		k.must(k.c.Disconnect(k.ctx, "warning", cut))
		// slack-go leaves the old link and comes back by itself.
		_, err = k.ana.Await(k.ctx, "a new link", func(s person.State) bool { return s.Links == 1 })
		k.must(err)
	}
	for k.ctx.Err() == nil {
		r, err := k.ana.Command(k.ctx, "incidents", "/incident list")
		k.must(err)
		if r.Say == "" {
			break // a command that met the gap between two links says so, as at Slack
		}
	}
}

func TestTenLinksAndNoMore(t *testing.T) {
	k := start(t)
	for range 10 {
		k.app(func(*socketmode.Client, socketmode.Event) {})
	}
	if n := k.state().Links; n != 10 {
		t.Fatal(n)
	}
	_, u, err := k.api.StartSocketModeContext(k.ctx)
	k.must(err)
	conn := dial(t, k, u)
	defer conn.Close()
	var m struct{ Type, Reason string }
	k.must(conn.ReadJSON(&m))
	if m.Type != "disconnect" || m.Reason != "too_many_websockets" {
		t.Fatalf("%+v", m)
	}
}

func TestAppHomeAndEventsOfAPerson(t *testing.T) {
	k := start(t)
	got := make(chan string, 50)
	k.app(func(c *socketmode.Client, e socketmode.Event) {
		if e.Type != socketmode.EventTypeEventsAPI {
			return
		}
		c.Ack(*e.Request)
		ev := e.Data.(slackevents.EventsAPIEvent)
		if h, ok := ev.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent); ok {
			home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
				slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", "Waiting for you", false, false)),
			}}}
			if _, err := k.api.PublishViewContext(k.ctx, slack.PublishViewContextRequest{UserID: h.User, View: home}); err != nil {
				t.Error(err)
			}
		}
		got <- ev.InnerEvent.Type
	})
	_, err := k.ana.OpenHome(k.ctx)
	k.must(err)
	_, err = k.ana.Await(k.ctx, "home", func(s person.State) bool { return s.Home != nil && strings.Contains(s.Home.Plain, "Waiting") })
	k.must(err)
	_, _, _, err = k.api.JoinConversationContext(k.ctx, "C0INC")
	k.must(err)
	p, err := k.ana.Post(k.ctx, "incidents", "", "@drbot look")
	k.must(err)
	_, err = k.ana.React(k.ctx, "incidents", p.TS, "pushpin")
	k.must(err)
	_, err = k.ana.Pin(k.ctx, "incidents", p.TS)
	k.must(err)
	_, err = k.ana.Unpin(k.ctx, "incidents", p.TS)
	k.must(err)
	_, err = k.bea.Leave(k.ctx, "incidents")
	k.must(err)
	_, err = k.ana.Rename(k.ctx, "incidents", "trouble")
	k.must(err)
	_, err = k.ana.Archive(k.ctx, "trouble")
	k.must(err)
	_, err = k.ana.Unarchive(k.ctx, "trouble")
	k.must(err)
	_, err = k.ana.DeleteChannel(k.ctx, "trouble")
	k.must(err)
	want := map[string]bool{
		"app_home_opened": true, "app_mention": true, "reaction_added": true, "pin_added": true, "pin_removed": true, "member_joined_channel": true,
		"member_left_channel": true, "channel_rename": true, "channel_archive": true, "channel_unarchive": true, "channel_deleted": true, "message": true,
	}
	for len(want) > 0 {
		select {
		case e := <-got:
			delete(want, e)
		case <-k.ctx.Done():
			t.Fatalf("never came: %v", want)
		}
	}
}
