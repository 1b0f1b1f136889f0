package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

var queryAll = state.Query{}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	botToken, appToken, signing = "xoxb-test", "xapp-test", "shhh"
	patience                    = 8 * time.Second
)

// world is a workspace with drbot in it: store, office, followers and doors are the real ones; only the runner is
// played by the test.
type world struct {
	t      *testing.T
	ctx    context.Context
	dir    string
	space  *workspace.Workspace
	client *person.Client
	ana    *person.Person
	bea    *person.Person
	guest  *person.Person
	table  *people.Table
	book   *runbook.Runbook
	drbot  *drbot
	http   *httptest.Server // where Slack sends to, in HTTP mode
	opt    worldOptions

	failing sync.Map // steps that the runner fails
	holding sync.Map // steps that go on and on
}

func (w *world) fails(step string) { w.failing.Store(step, true) }
func (w *world) holds(step string) { w.holding.Store(step, true) }
func (w *world) heals(step string) { w.failing.Delete(step) }

type worldOptions struct {
	http   bool
	limits bool
	events []string
	review func(context.Context, incident.ID, uint64) ([]byte, error)
	facts  func(context.Context, *incident.Incident) templates.Facts
	before func(*world)                                                                   // runs before drbot starts
	office func(commands.Command, func() (commands.Reply, error)) (commands.Reply, error) // stands before the office
}

// drbot is one life of the process.
type drbot struct {
	store  *bolt.Store
	office *commands.Office
	bot    *bot.Bot
	stop   func()
}

func newWorld(t *testing.T, opt worldOptions) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	t.Cleanup(cancel)
	w := &world{t: t, ctx: ctx, dir: t.TempDir(), opt: opt}
	w.table, w.book = testTable(t), demoBook(t)
	options := workspace.Options{
		BotToken: botToken, AppToken: appToken, SigningSecret: signing, Commands: []string{"/incident", "/recover"}, Limits: opt.limits, Events: opt.events,
		Users: []workspace.User{
			{ID: "U0ANA", Name: "ana", RealName: "Ana Ruiz", Email: "ana@example.com"},
			{ID: "U0BEA", Name: "bea", RealName: "Bea Ode", Email: "bea@example.com"},
			{ID: "U0DAN", Name: "dan", RealName: "Dan Roe"},
			{ID: "U0GUEST", Name: "guest", RealName: "A Guest", Guest: true},
		},
		Channels: []workspace.Channel{{ID: "C0INCIDENTS", Name: "incidents"}, {ID: "C0HOUSE", Name: "drbot"}},
	}
	for _, s := range bot.Shortcuts() {
		options.Shortcuts = append(options.Shortcuts, workspace.Shortcut{Name: s.Name, Kind: s.Kind, CallbackID: s.CallbackID})
	}
	if opt.http {
		mux := http.NewServeMux()
		w.http = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if w.drbot == nil {
				http.Error(rw, "down", http.StatusBadGateway)
				return
			}
			mux := http.NewServeMux()
			w.drbot.bot.Routes(mux)
			mux.ServeHTTP(rw, r)
		}))
		_ = mux
		t.Cleanup(w.http.Close)
		options.HTTP = &workspace.HTTPDelivery{
			CommandsURL: w.http.URL + "/slack/commands", InteractivityURL: w.http.URL + "/slack/interactivity", EventsURL: w.http.URL + "/slack/events",
		}
	}
	var err error
	w.space, err = workspace.Start(context.Background(), options)
	must(t, err)
	t.Cleanup(func() { _ = w.space.Close() })
	w.client, err = person.Dial(ctx, w.space.URL())
	must(t, err)
	t.Cleanup(w.client.Close)
	w.ana, w.bea, w.guest = w.client.As("U0ANA"), w.client.As("U0BEA"), w.client.As("U0GUEST")
	if opt.before != nil {
		opt.before(w)
	}
	w.start()
	t.Cleanup(func() { w.drbot.stop() })
	return w
}

// gate stands before the office, where a test wants to see or to break what comes.
type gate struct {
	*commands.Office
	before func(commands.Command, func() (commands.Reply, error)) (commands.Reply, error)
}

func (g gate) Handle(ctx context.Context, c commands.Command) (commands.Reply, error) {
	if g.before == nil {
		return g.Office.Handle(ctx, c)
	}
	return g.before(c, func() (commands.Reply, error) { return g.Office.Handle(ctx, c) })
}

// start begins a life of drbot on the data that is there.
func (w *world) start() {
	w.t.Helper()
	store, err := bolt.Open(w.dir, bolt.Options{Followers: []string{bot.Say, bot.Draw, "runner"}})
	must(w.t, err)
	flags := &people.Cache{}
	office := &commands.Office{
		Store: store, Flags: flags, People: func() *people.Table { return w.table }, Runbook: func() *runbook.Runbook { return w.book },
	}
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("BOT_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	b, err := bot.New(bot.Options{
		BotToken: secret.New(botToken), AppToken: secret.New(appToken), SigningSecret: secret.New(signing), APIURL: w.space.APIURL(), HTTP: w.opt.http,
		Announce: "incidents", House: "drbot", Handler: gate{office, w.opt.office}, Memory: store, Flags: flags, People: office.People, Log: log,
		Review: w.opt.review, Facts: w.opt.facts,
	})
	must(w.t, err)
	office.Config = func() commands.Config {
		c := commands.Config{
			Incident: "incident", Recover: "recover", Updates: map[int]time.Duration{1: 15 * time.Minute, 2: 30 * time.Minute}, Host: "ops1",
			Restricted: map[string]bool{"Data breach": true}, Procedures: map[string][]string{"Database corruption": {"p1"}}, RunAs: "drbot-run",
		}
		c.AnnounceID, c.HouseID = b.Channels()
		return c
	}
	ctx, cancel := context.WithCancel(context.Background())
	var life sync.WaitGroup
	loop := follow.NewLoop(store, outcomes{office}, follow.Options{Log: log}, append(b.Followers(), &runner{office: office, store: store, fails: &w.failing, holds: &w.holding})...)
	life.Go(func() { loop.Run(ctx) })
	life.Go(func() { _ = b.Run(ctx) })
	w.drbot = &drbot{store: store, office: office, bot: b}
	w.drbot.stop = sync.OnceFunc(func() {
		cancel()
		life.Wait()
		b.Close()
		_ = store.Close()
	})
	must(w.t, outcomes{office}.send(w.ctx, commands.ConfigLoaded{Digest: "c1", By: incident.Bot}))
	must(w.t, outcomes{office}.send(w.ctx, commands.RunbookLoaded{Runbook: w.book}))
	if !w.opt.http {
		_, err = w.ana.Await(w.ctx, "drbot's links", func(s person.State) bool { return s.Links >= 2 })
		must(w.t, err)
	}
	w.eventually("drbot knows who is who", func() bool {
		_, known := flags.Get("U0BEA")
		announce, house := b.Channels()
		return known && announce != "" && house != ""
	})
}

// restart ends the life as a kill would leave the data, and begins another.
func (w *world) restart() {
	w.t.Helper()
	w.drbot.stop()
	w.start()
}

// eventually polls for what the workspace does not show.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-w.ctx.Done():
			w.t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// within gives one wait its own end, so that a failing test says what it waited for.
func (w *world) within() context.Context {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	w.t.Cleanup(cancel)
	return ctx
}

type outcomes struct{ office *commands.Office }

func (o outcomes) send(ctx context.Context, what any, keys ...string) error {
	_, err := o.office.Handle(ctx, commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: what, Keys: keys})
	return err
}

func (o outcomes) Tick(ctx context.Context, id incident.ID) error {
	return o.send(ctx, commands.Tick{Incident: id})
}

func (o outcomes) Park(ctx context.Context, p follow.Parking) error {
	return o.send(ctx, commands.ParkDelivery{Incident: p.Incident, Follower: p.Follower, Seq: p.Seq, Why: p.Why}, p.Key)
}

func (o outcomes) ClockStepped(ctx context.Context, back time.Duration) error {
	return o.send(ctx, commands.ClockStepped{Back: back})
}

// runner answers what it is asked at once: every target is as declared, every step ends well unless fail names it.
type runner struct {
	office *commands.Office
	store  state.Reader
	fails  *sync.Map // steps that fail
	holds  *sync.Map // steps that do not end
}

func (r *runner) Name() string { return "runner" }
func (r *runner) Wants(kind string) bool {
	return kind == incident.ReadsAsked{}.EventKind() || kind == incident.StepStarting{}.EventKind()
}

func (r *runner) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	for _, record := range b.Records {
		e, err := record.Event()
		if err != nil {
			return follow.Done{}, err
		}
		key := fmt.Sprintf("runner/%d", record.Seq)
		switch e := e.(type) {
		case incident.ReadsAsked:
			err = r.office.Report(ctx, b.Incident, key, reads(e))
		case incident.StepStarting:
			err = r.office.Report(ctx, b.Incident, key+"/started", incident.StepStarted{Run: e.Run, Step: e.Step, Attempt: e.Attempt})
			if _, holds := r.holds.Load(e.Step); holds {
				break
			}
			outcome, exit, why := incident.Succeeded, 0, ""
			if _, fails := r.fails.Load(e.Step); fails {
				outcome, exit, why = incident.Failed, 1, "said no"
			}
			err = errors.Join(err, r.office.Report(ctx, b.Incident, key+"/ended", incident.StepEnded{
				Produced: produced(e.Step), Run: e.Run, Step: e.Step, Attempt: e.Attempt, Outcome: outcome, Exit: exit, Why: why, Last: "a line <!channel> `x`", Started: record.Time, Ended: record.Time,
			}))
		}
		if err != nil {
			return follow.Done{}, follow.Unavailable{Err: err}
		}
	}
	return follow.Done{}, nil
}

func produced(step string) map[string]string {
	if step == "p1.s5" {
		return map[string]string{"BACKUP": "backup_20261124_020000", "TAKEN_AT": "2026-11-24T02:00:00Z", "ROWS_USERS": "2000", "ROWS_DEBATES": "500", "NEWEST_ROW": "2026-11-24T01:59:00Z"}
	}
	return nil
}

func reads(e incident.ReadsAsked) incident.ReadsDone {
	done := incident.ReadsDone{Run: e.Run, Step: e.Step, For: e.For, Ask: e.Ask, Identity: map[string]map[string]string{"db1": {"host": "ops1"}}}
	if e.For == incident.ReadForPlan {
		at := time.Now().UTC().Truncate(time.Hour)
		done.Choices = map[string][]incident.Choice{"BACKUP": {
			{Value: "backup_good", State: "verified", TakenAt: at}, {Value: "backup_bad", State: "rejected", TakenAt: at.Add(-time.Hour), Note: "hash differs"},
		}}
	}
	return done
}

func testTable(t *testing.T) *people.Table {
	t.Helper()
	table, err := people.New([]people.Entry{
		{Name: "Ana Ruiz", Email: "ana@example.com", Slack: "U0ANA", Roles: []string{"responder", "operator", "approver"}},
		{Name: "Bea Ode", Email: "bea@example.com", Slack: "U0BEA", Roles: []string{"responder", "approver", "admin"}},
	})
	must(t, err)
	return table
}

func demoBook(t *testing.T) *runbook.Runbook {
	t.Helper()
	book, err := runbook.Load(filepath.Join("..", "examples", "demo", "DISASTER_RECOVERY.md"), nil)
	must(t, err)
	return book
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
