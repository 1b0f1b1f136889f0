package workspace_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/goleak"

	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	botToken = "xoxb-test"
	appToken = "xapp-test"
	secret   = "8f742231b10e8888abcd99yyyzzz85a5"
)

// clock is a clock that tests push.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) Push(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// kit is a workspace with slack-go as its app and two people.
type kit struct {
	t     *testing.T
	ctx   context.Context
	w     *workspace.Workspace
	api   *slack.Client
	c     *person.Client
	ana   *person.Person
	bea   *person.Person
	clock *clock
	hc    *http.Client
}

func options() workspace.Options {
	return workspace.Options{
		BotToken: botToken, AppToken: appToken, SigningSecret: secret,
		Users: []workspace.User{
			{ID: "U0ANA", Name: "ana", RealName: "Ana Ruiz", Email: "ana@example.com"},
			{ID: "U0BEA", Name: "bea", RealName: "Bea Ode", Email: "bea@example.com"},
			{ID: "U0GUEST", Name: "gus", RealName: "Gus Guest", Guest: true},
			{ID: "U0OLD", Name: "old", RealName: "Old Hand", Email: "old@example.com", Deactivated: true},
			{ID: "U0FAR", Name: "far", RealName: "Far Away", TeamID: "T0OTHER"},
			{ID: "U0BOT", Name: "drbot", RealName: "drbot", Bot: true},
		},
		Channels:   []workspace.Channel{{ID: "C0INC", Name: "incidents"}, {ID: "C0SEC", Name: "secret", Private: true, Members: []string{"U0ANA"}}},
		UserGroups: []workspace.UserGroup{{ID: "S0ON", Handle: "oncall", Name: "On call", Members: []string{"U0ANA"}}},
		Commands:   []string{"/incident", "/recover"},
	}
}

func start(t *testing.T, change ...func(*workspace.Options)) *kit {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	k := &kit{t: t, ctx: ctx, clock: newClock(), hc: &http.Client{Transport: &http.Transport{}}}
	opt := options()
	opt.Now = k.clock.Now
	for _, f := range change {
		f(&opt)
	}
	w, err := workspace.Start(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	k.w = w
	k.api = slack.New(botToken, slack.OptionAPIURL(w.APIURL()), slack.OptionHTTPClient(k.hc), slack.OptionAppLevelToken(appToken))
	if k.c, err = person.Dial(ctx, w.URL()); err != nil {
		t.Fatal(err)
	}
	k.ana, k.bea = k.c.As("U0ANA"), k.c.As("bea")
	t.Cleanup(func() {
		k.c.Close()
		k.hc.CloseIdleConnections()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		cancel()
	})
	return k
}

// app runs a socketmode client and hands its events to on.
func (k *kit) app(on func(*socketmode.Client, socketmode.Event)) (stop func()) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.ctx)
	c := socketmode.New(k.api, socketmode.OptionLog(log.New(io.Discard, "", 0)))
	connected := make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.RunContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
			k.t.Log("socketmode:", err)
		}
	})
	wg.Go(func() {
		for {
			select {
			case e := <-c.Events:
				if e.Type == socketmode.EventTypeHello {
					once.Do(func() { close(connected) })
				}
				on(c, e)
			case <-ctx.Done():
				return
			}
		}
	})
	select {
	case <-connected:
	case <-k.ctx.Done():
		k.t.Fatal("no hello")
	}
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	k.t.Cleanup(stop)
	return stop
}

func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) state() person.State {
	k.t.Helper()
	s, err := k.ana.State(k.ctx)
	k.must(err)
	return s
}

func (k *kit) channel(name string) person.Channel {
	k.t.Helper()
	c, ok := k.state().Channel(name)
	if !ok {
		k.t.Fatalf("no channel %s", name)
	}
	return c
}

// wantErr checks Slack's error code.
func wantErr(t *testing.T, err error, code string) {
	t.Helper()
	var ser slack.SlackErrorResponse
	if !errors.As(err, &ser) {
		t.Fatalf("got %v, want the Slack error %s", err, code)
	}
	if ser.Err != code {
		t.Fatalf("got %s %v, want %s", ser.Err, ser.ResponseMetadata.Messages, code)
	}
}
