package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/workspace"
	"github.com/drbot/drbot/workspace/person"
)

// The stories of this package play incidents the way they happen: the whole program, its real files and processes, and
// people in a workspace that speaks Slack's wire protocol. Time passes when the test pushes the clock.

// patience bounds one wait. Nothing takes that long; a story that hangs says what it waited for.
const patience = 60 * time.Second

const minute = time.Minute

// pushed is the real clock and what a test pushed it by.
type pushed struct {
	mu      sync.Mutex
	skew    time.Duration
	waiting map[chan time.Time]time.Time
}

func (c *pushed) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// now has no monotonic reading: a pushed clock is a wall clock that somebody sets.
func (c *pushed) now() time.Time { return time.Now().Round(0).Add(c.skew) }

func (c *pushed) Until(t time.Time) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	if c.waiting == nil {
		c.waiting = map[chan time.Time]time.Time{}
	}
	c.waiting[ch] = t
	time.AfterFunc(t.Sub(c.now()), func() { c.fire(ch) }) // as a timer does, whatever the clock is set to meanwhile
	return ch
}

// fire ends the waits whose instant has come, and the one whose timer ran.
func (c *pushed) fire(timer chan time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch, t := range c.waiting {
		if now := c.now(); ch == timer || !now.Before(t) {
			ch <- now
			delete(c.waiting, ch)
		}
	}
}

func (c *pushed) push(d time.Duration) {
	c.mu.Lock()
	c.skew += d
	c.mu.Unlock()
	c.fire(nil)
}

// citizen is a line of `people` in drbot.yaml.
type citizen struct{ name, slack, roles, more string }

// town is a workspace with people in it, a folder with drbot's configuration, and one drbot at a time.
type town struct {
	*testing.T
	dir    string
	clock  *pushed
	space  *workspace.Workspace
	client *person.Client
	people []citizen
	extra  string // further lines of drbot.yaml
	mode   string
	env    map[string]string
	life   *life

	ana, bea, chen, dev, eve, gus, fay *person.Person // eve is in no configuration, gus a guest, fay of another workspace
}

// life is one drbot, in this process or in one of its own.
type life struct {
	log  func() string
	stop func() int // politely; gives the exit code
	kill func()     // with SIGKILL; only a process of its own
	code chan int
}

const botToken, appToken, signingSecret = "xoxb-story", "xapp-story", "story-secret"

// settle makes a town. options may change the workspace before it starts.
func settle(t *testing.T, b book, options ...func(*town, *workspace.Options)) *town {
	t.Helper()
	if testing.Short() {
		t.Skip("stories start the whole program")
	}
	w := &town{T: t, dir: t.TempDir(), clock: &pushed{}, mode: "socket", people: []citizen{
		{"Ana Ruiz", "U0ANA", "responder, operator", ""}, {"Bea Ode", "U0BEA", "responder, approver", ""},
		{"Chen Li", "U0CHEN", "responder, operator, approver, admin", ""}, {"Dev Nul", "U0DEV", "responder", ""},
	}}
	t.Cleanup(w.attemptsEnd) // after drbot has ended, before the folder goes
	o := workspace.Options{
		BotToken: botToken, AppToken: appToken, SigningSecret: signingSecret, Commands: []string{"/incident", "/recover"}, Now: w.clock.Now,
		Channels: []workspace.Channel{{ID: "C0INCIDENTS", Name: "incidents"}, {ID: "C0HOUSE", Name: "drbot"}, {ID: "C0RANDOM", Name: "random"}},
		Users: []workspace.User{
			{ID: "U0ANA", Name: "ana", RealName: "Ana Ruiz", Email: "ana@example.com"}, {ID: "U0BEA", Name: "bea", RealName: "Bea Ode", Email: "bea@example.com"},
			{ID: "U0CHEN", Name: "chen", RealName: "Chen Li", Email: "chen@example.com"}, {ID: "U0DEV", Name: "dev", RealName: "Dev Nul", Email: "dev@example.com"},
			{ID: "U0EVE", Name: "eve", RealName: "Eve Roy"}, {ID: "U0GUS", Name: "gus", RealName: "Gus Guest", Guest: true},
			{ID: "U0FAY", Name: "fay", RealName: "Fay Far", TeamID: "T0OTHER"},
		},
	}
	for _, s := range bot.Shortcuts() {
		o.Shortcuts = append(o.Shortcuts, workspace.Shortcut{Name: s.Name, Kind: s.Kind, CallbackID: s.CallbackID})
	}
	for _, set := range options {
		set(w, &o)
	}
	var err error
	w.space, err = workspace.Start(context.Background(), o)
	w.ok(err)
	t.Cleanup(func() { _ = w.space.Close() })
	w.client, err = person.Dial(w.within(), w.space.URL())
	w.ok(err)
	t.Cleanup(w.client.Close)
	w.ana, w.bea, w.chen, w.dev = w.client.As("U0ANA"), w.client.As("U0BEA"), w.client.As("U0CHEN"), w.client.As("U0DEV")
	w.eve, w.gus, w.fay = w.client.As("U0EVE"), w.client.As("U0GUS"), w.client.As("U0FAY")
	w.env = map[string]string{
		"SLACK_BOT_TOKEN": botToken, "SLACK_APP_TOKEN": appToken, "SLACK_SIGNING_SECRET": signingSecret, "SLACK_API_URL": w.space.APIURL(),
	}
	w.write(b)
	t.Cleanup(w.leave)
	return w
}

// write puts the runbook, its lock and the configuration into the folder.
func (w *town) write(b book) {
	w.Helper()
	b.write(w.T, w.dir)
	w.configure()
}

// configure writes drbot.yaml anew.
func (w *town) configure() {
	w.Helper()
	var c strings.Builder
	fmt.Fprintf(&c, "listen: 127.0.0.1:0\nrunbook: ./RUNBOOK.md\nslack: {mode: %s, announce: incidents, house: drbot}\n", w.mode)
	c.WriteString("types: {Data breach: {restricted: true}}\nservices: {users: {tier: Critical, data: [User accounts]}}\n" + w.extra + "people:\n")
	for _, p := range w.people {
		first, _, _ := strings.Cut(p.name, " ")
		fmt.Fprintf(&c, "  - {name: %s, email: %s@example.com, slack: %q, phone: \"+34 600\", roles: [%s]%s}\n", p.name, strings.ToLower(first), p.slack, p.roles, p.more)
	}
	w.ok(os.WriteFile(w.config(), []byte(c.String()), 0o600))
}

func (w *town) config() string { return filepath.Join(w.dir, "drbot.yaml") }

func (w *town) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// serve runs drbot in this process until it is ready.
func (w *town) serve() {
	w.Helper()
	out := &scroll{}
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{log: out.String, code: make(chan int, 1), kill: func() { w.Fatal("a drbot in this process cannot be killed") }}
	go func() {
		l.code <- run(ctx, env{args: []string{"serve", "--config", w.config()}, stdin: strings.NewReader(""), stdout: out, stderr: out, getenv: w.getenv, clock: w.clock})
	}()
	l.stop = sync.OnceValue(func() int { cancel(); return <-l.code })
	w.begin(l)
}

// spawn runs drbot as a process of its own, which lives by the real clock.
func (w *town) spawn() {
	w.Helper()
	w.begin(w.process("serve", "--config", w.config()))
}

// process starts the program as a child; its output goes to a file that supervisors may inherit.
func (w *town) process(args ...string) *life {
	w.Helper()
	self, err := executable()
	w.ok(err)
	file, err := os.CreateTemp(w.dir, "log-*")
	w.ok(err)
	cmd := exec.Command(self, args...)
	cmd.Stdout, cmd.Stderr = file, file
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); w.env[name] == "" {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	w.ok(cmd.Start())
	w.ok(file.Close())
	l := &life{code: make(chan int, 1), log: func() string { b, _ := os.ReadFile(file.Name()); return string(b) }}
	go func() { _ = cmd.Wait(); l.code <- cmd.ProcessState.ExitCode() }()
	l.stop = sync.OnceValue(func() int { _ = cmd.Process.Signal(os.Interrupt); return <-l.code })
	l.kill = func() { _ = cmd.Process.Kill(); l.stop() }
	return l
}

// begin waits until a life is ready and, where there is a chat, until its links stand.
func (w *town) begin(l *life) {
	w.Helper()
	w.life = l
	w.until("drbot is ready", func() bool {
		select {
		case code := <-l.code:
			l.code <- code
			w.Fatalf("drbot ended with %d:\n%s", code, l.log())
		default:
		}
		return strings.Contains(l.log(), "msg=ready")
	})
}

// linked waits for drbot's links to the chat.
func (w *town) linked() {
	w.Helper()
	_, err := w.ana.Await(w.within(), "drbot's links", func(s person.State) bool { return s.Links >= 2 })
	w.ok(err)
}

// up serves, waits for the links, and lets Bea accept the lock.
func (w *town) up() {
	w.Helper()
	w.serve()
	w.linked()
	w.accept(w.bea)
}

// attemptsEnd takes away what a supervisor may still write into after drbot has ended: they outlive it.
func (w *town) attemptsEnd() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-tick.C {
		if errors.Join(os.RemoveAll(w.path("data", "reads")), os.RemoveAll(w.path("data", "runs"))) == nil {
			return
		}
	}
}

// leave ends the life that runs, if any, and shows its log when the story failed.
func (w *town) leave() {
	if w.life == nil {
		return
	}
	w.life.stop()
	if log := w.life.log(); w.Failed() {
		w.Logf("drbot said:\n%s", log[max(0, len(log)-4000):])
	}
	w.life = nil
}

func (w *town) getenv(name string) string { return w.env[name] }

// drbot runs a subcommand in this process.
func (w *town) drbot(args ...string) (code int, stdout, stderr string) {
	w.Helper()
	var out, errs bytes.Buffer
	e := env{args: append(args, "--config", w.config()), stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: w.getenv, clock: w.clock}
	code = run(w.within(), e)
	return code, out.String(), errs.String()
}

// view is what `incident show N --json` says.
func (w *town) view(n int) commands.View {
	w.Helper()
	code, out, errs := w.drbot("incident", "show", fmt.Sprint(n), "--json")
	var v commands.View
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil {
		w.Fatalf("show %d: exit %d: %s%s", n, code, out, errs)
	}
	return v
}

// awaitView waits until the incident is as it should be.
func (w *town) awaitView(n int, what string, holds func(commands.View) bool) commands.View {
	w.Helper()
	var v commands.View
	w.until(what, func() bool { v = w.view(n); return holds(v) })
	return v
}

// record is one line of `audit export`.
type record struct {
	Seq      uint64          `json:"seq"`
	Incident uint64          `json:"incident"`
	Time     time.Time       `json:"time"`
	Kind     string          `json:"kind"`
	Payload  json.RawMessage `json:"payload"`
}

// records reads the record, all of it or the kinds that are named.
func (w *town) records(kinds ...string) []record {
	w.Helper()
	code, out, errs := w.drbot("audit", "export")
	if code != 0 {
		w.Fatalf("audit export: exit %d: %s", code, errs)
	}
	var list []record
	for line := range strings.Lines(out) {
		var r record
		w.ok(json.Unmarshal([]byte(line), &r))
		if len(kinds) == 0 || slices.Contains(kinds, r.Kind) {
			list = append(list, r)
		}
	}
	return list
}

// audited holds that the record is whole.
func (w *town) audited() {
	w.Helper()
	if code, out, errs := w.drbot("audit", "verify"); code != 0 {
		w.Errorf("audit verify: exit %d: %s%s", code, out, errs)
	}
}

// until polls for what the workspace does not show.
func (w *town) until(what string, holds func() bool) {
	w.Helper()
	limit := time.NewTimer(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for !holds() {
		select {
		case <-limit.C:
			w.Fatalf("never: %s\n%s", what, w.life.log())
		case <-tick.C:
		}
	}
}

func (w *town) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.Cleanup(cancel)
	return ctx
}

func (w *town) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// scroll is a log that grows while others read it.
type scroll struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *scroll) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *scroll) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newestPlan names the run that was planned last: the card of one before may still stand as its plan.
func (w *town) newestPlan() string {
	w.Helper()
	plans := w.records("RunPlanned")
	var newest struct{ Run uint64 }
	if len(plans) > 0 {
		w.ok(json.Unmarshal(plans[len(plans)-1].Payload, &newest))
	}
	return incident.RunName(newest.Run)
}
