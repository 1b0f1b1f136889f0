package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/cmd/drbot/aragora"
	"github.com/drbot/drbot/examples"
)

type demoOptions struct {
	headless, asJSON bool
	dir, damage      string
	kill             bool
}

func (p program) demo() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "An incident from the damage to the review, on this machine, with nothing installed", Args: cobra.NoArgs,
		Long: "Demo starts a service over two SQLite databases with hourly backups, drbot, and a chat in your browser. Destroy a\n" +
			"database, open an incident, recover it with a second person's approval. --headless plays that story by itself and\n" +
			"ends with 0 only if every row of the newest verified backup is back and the service answers.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.damage != "" && o.damage != "newest" {
				return usage("--damage knows `newest`: damage the newest backup set")
			}
			if o.asJSON && !o.headless {
				return usage("--json goes with --headless")
			}
			return p.runDemo(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.headless, "headless", false, "play the story by itself and check it")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "with --headless: the last line is JSON")
	cmd.Flags().StringVar(&o.dir, "dir", "", "folder of the demo, kept afterwards (default: a temporary one)")
	cmd.Flags().StringVar(&o.damage, "damage", "", "newest: damage the newest backup set on purpose")
	cmd.Flags().BoolVar(&o.kill, "kill", false, "with --headless: kill drbot during the restore step")
	if err := cmd.Flags().MarkHidden("kill"); err != nil {
		panic(err)
	}
	return cmd
}

// The people of the demo. Ana operates; Bea and Chen may approve.
var cast = []struct{ id, name, real, email, roles string }{
	{"U0ANA", "ana", "Ana Ruiz", "ana@example.com", "responder, operator"},
	{"U0BEA", "bea", "Bea Ode", "bea@example.com", "responder, approver"},
	{"U0CHEN", "chen", "Chen Li", "chen@example.com", "responder, operator, approver, admin"},
}

// demo is the running whole.
type demo struct {
	program
	dir, chat string
	options   demoOptions
	service   *child
	chatProc  *child
	pager     *pager
	drbot     *kept
	log       io.Writer
}

func (p program) runDemo(ctx context.Context, o demoOptions) error {
	d := &demo{program: p, options: o}
	dir, temporary, err := demoDir(o)
	if err != nil {
		return err
	}
	d.dir = dir
	log, err := os.OpenFile(filepath.Join(dir, "demo.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	d.log = log
	err = d.play(ctx)
	err = errors.Join(err, log.Close())
	switch {
	case err != nil && ctx.Err() == nil:
		say(p.stderr, "The folder %s is kept; demo.log in it says what the parts said.", dir)
	case temporary:
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// demoMark is the first line of the configuration that a demo writes.
const demoMark = "# Written by `drbot demo`.\n"

// demoDir answers the demo's folder. A folder with somebody's own drbot.yaml is never written to, and the story begins
// at the beginning: with people, an earlier demo goes on where it stood.
func demoDir(o demoOptions) (path string, temporary bool, err error) {
	if o.dir == "" {
		path, err = os.MkdirTemp("", "drbot-demo-")
		return path, true, err
	}
	if path, err = filepath.Abs(o.dir); err != nil {
		return "", false, err
	}
	written, err := os.ReadFile(filepath.Join(path, "drbot.yaml"))
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return "", false, err
	case !strings.HasPrefix(string(written), demoMark):
		return "", false, usage("%s has a drbot.yaml that no demo wrote; name an empty directory with --dir", path)
	case o.headless:
		return "", false, usage("%s holds an earlier demo, and the story begins with a new one; name an empty directory with --dir", path)
	}
	return path, false, os.MkdirAll(path, 0o700)
}

// play starts the parts, runs the story or waits for people, and stops the parts.
func (d *demo) play(ctx context.Context) (err error) {
	begin := d.clock.Now()
	ctx, end := context.WithCancelCause(ctx)
	cancel := func() { end(nil) }
	defer func() {
		if part := (*partEnded)(nil); errors.As(context.Cause(ctx), &part) {
			err = part // whatever else went wrong did so for want of it
		}
		cancel()
		err = errors.Join(err, d.stop())
	}()
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	var monitor sync.WaitGroup
	monitor.Go(func() { d.watch(ctx) })
	for _, c := range d.parts() {
		monitor.Go(func() { c.mourn(ctx, end) })
	}
	defer monitor.Wait()
	defer cancel()
	if d.options.headless {
		return d.story(ctx, begin)
	}
	d.explain()
	<-ctx.Done()
	say(d.stdout, "\nStopping.")
	return nil
}

// prepare lays out the folder: the service with its history, the runbook with its lock, the configuration.
func (d *demo) prepare(ctx context.Context) error {
	self, err := executable()
	if err != nil {
		return err
	}
	service := filepath.Join(d.dir, "service")
	if err := aragora.Prepare(ctx, service, self, d.clock.Now()); err != nil {
		return fmt.Errorf("prepare the service: %w", err)
	}
	for _, name := range []string{"DISASTER_RECOVERY.md", "DISASTER_RECOVERY.lock.yaml"} {
		b, err := examples.Demo.ReadFile("demo/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d.dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(d.dir, "drbot.yaml"), []byte(demoConfig()), 0o600)
}

func demoConfig() string {
	var b strings.Builder
	b.WriteString(demoMark + "listen: 127.0.0.1:0\nrunbook: ./DISASTER_RECOVERY.md\nslack: {mode: socket, announce: incidents}\ntypes: {Data breach: {restricted: true}}\n" +
		"services: {users: {tier: Critical, data: [User accounts]}, debates: {tier: High, data: [Debates]}}\n" +
		"statuspage: {title: Status of Aragora, dir: ./statuspage, components: {Login: [users], Debates: [debates]}}\nmessages: {second_look: [status]}\n" +
		"pagerduty: {from: " + pagerFrom + ", services: {" + pagerService + ": {type: Database corruption, services: [users]}}}\npeople:\n")
	for k, c := range cast {
		fmt.Fprintf(&b, "  - {name: %s, email: %s, slack: %s, pagerduty: P%s, phone: \"+34 600 000 00%d\", roles: [%s]}\n", c.real, c.email, c.id, strings.ToUpper(c.name), k+1, c.roles)
	}
	return b.String()
}

// start brings the parts up: the service, the chat, drbot.
func (d *demo) start(ctx context.Context) (err error) {
	environment := os.Environ()
	if d.service, err = spawn("the service", nil, d.log, d.log, environment, "demoservice", "keep", "--dir", filepath.Join(d.dir, "service")); err != nil {
		return err
	}
	bot, app, signing := freshToken("xoxb-"), freshToken("xapp-"), freshToken("")
	users := []map[string]any{{"ID": "U0DRBOT", "Name": "drbot", "RealName": "drbot", "Bot": true}}
	for _, c := range cast {
		users = append(users, map[string]any{"ID": c.id, "Name": c.name, "RealName": c.real, "Email": c.email})
	}
	options := map[string]any{
		"BotToken": bot, "AppToken": app, "SigningSecret": signing, "Users": users, "Commands": []string{"/incident", "/recover"},
		"Channels":  []map[string]any{{"ID": "C0INCIDENTS", "Name": "incidents"}},
		"Shortcuts": demoShortcuts(),
	}
	r, w := io.Pipe()
	if d.chatProc, err = spawn("the chat", options, w, d.log, environment, "workspace"); err != nil {
		return err
	}
	var said struct{ URL, API string }
	go func() { <-d.chatProc.done; _ = w.CloseWithError(errors.New("the chat ended; demo.log says why")) }()
	if err := json.NewDecoder(bufio.NewReader(r)).Decode(&said); err != nil {
		return fmt.Errorf("start the chat: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	d.chat = said.URL
	if environment, err = d.startPager(environment); err != nil {
		return err
	}
	environment = append(environment, "SLACK_BOT_TOKEN="+bot, "SLACK_APP_TOKEN="+app, "SLACK_SIGNING_SECRET="+signing, "SLACK_API_URL="+said.API)
	d.drbot, err = keep(ctx, d.log, func() (*child, error) {
		return spawn("drbot", nil, d.log, d.log, environment, "serve", "--config", filepath.Join(d.dir, "drbot.yaml"))
	})
	if err != nil {
		return err
	}
	if err := d.healthy(ctx, 30*time.Second); err != nil {
		return err
	}
	return d.backup(ctx)
}

// backup takes a set once the running service has written something new, and damages it where that was asked for.
func (d *demo) backup(ctx context.Context) error {
	service := filepath.Join(d.dir, "service")
	begin := d.clock.Now().UTC().Add(-time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, _, newest, err := aragora.Rows(ctx, service); err != nil || newest.After(begin) {
			break // what cannot be read is the backup's to say
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	if _, err := aragora.Backup(ctx, service, d.clock.Now()); err != nil {
		return fmt.Errorf("first backup: %w", err)
	}
	if d.options.damage != "newest" {
		return nil
	}
	name, err := aragora.DamageNewest(service)
	if err != nil {
		return fmt.Errorf("damage the newest backup: %w", err)
	}
	say(d.stdout, "Damaged the backup %s on purpose.", name)
	return nil
}

func (d *demo) stop() error {
	var err error
	if d.drbot != nil {
		err = errors.Join(err, d.drbot.stop())
	}
	for _, c := range d.parts() {
		err = errors.Join(err, c.stop())
	}
	return err
}

// parts are those that run once: the chat and PagerDuty keep what they know in memory, and the service's keeper restarts
// the service itself.
func (d *demo) parts() []*child {
	parts := []*child{d.chatProc, d.service}
	if d.pager != nil {
		parts = append(parts, d.pager.proc)
	}
	return slices.DeleteFunc(parts, func(c *child) bool { return c == nil })
}

// freshToken makes a secret for one demo.
func freshToken(prefix string) string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return prefix + hex.EncodeToString(b)
}

// healthy waits until the service answers that it reads both databases.
func (d *demo) healthy(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		status, err := d.health(ctx)
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service does not become healthy (HTTP %d): %w", status, errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

func (d *demo) health(ctx context.Context) (int, error) {
	url, err := aragora.URL(filepath.Join(d.dir, "service"))
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/health", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (d *demo) explain() {
	url, err := aragora.URL(filepath.Join(d.dir, "service"))
	if err != nil {
		url = "(not up yet)"
	}
	say(d.stdout, `
The chat      %s      you are Ana; switch to Bea at the top left
The service   %s      its page has a button that destroys the users database

Try this:
  1. In #incidents, as Bea: press Accept on the lock. Nothing runs before a second person has read it.
  2. On the service's page: Destroy the users database.
  3. PagerDuty's alert opens the incident. In its channel, as Ana: I'm on it, then Recover…, Show plan, Start.
     (Or open one yourself: /incident open Database corruption: nobody can log in)
  4. As Bea: read and approve what is asked of you.
  5. As Ana: Post update… to the status page; as Bea: let it go. Read it at file://%s
  6. As Ana: Resolve… when the service is healthy.

Everything is in %s. Ctrl-C stops it.`, d.chat, url, filepath.Join(d.dir, demoPage), d.dir)
}

func demoShortcuts() []map[string]string {
	var list []map[string]string
	for _, s := range bot.Shortcuts() {
		list = append(list, map[string]string{"Name": s.Name, "Kind": s.Kind, "CallbackID": s.CallbackID})
	}
	return list
}
