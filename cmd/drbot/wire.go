package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/evidence"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/mail"
	"github.com/drbot/drbot/integrations/pagerduty"
	"github.com/drbot/drbot/integrations/paper"
	"github.com/drbot/drbot/integrations/probe"
	"github.com/drbot/drbot/integrations/statuspage"
	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/runner"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/follow"
)

// house is every room, wired. Only this file knows them all.
type house struct {
	config    *config
	log       *slog.Logger
	store     *bolt.Store
	book      *people.Book
	office    *commands.Office
	bot       *bot.Bot        // nil without Slack
	pagerduty *pagerduty.Link // nil where it is not configured
	status    *statuspage.Site
	push      *statuspage.Push
	mail      *mail.Link // nil where it is not configured
	runner    *runner.Runner
	loop      *follow.Loop
	terminal  *terminal.Door
	clock     follow.Clock
	outcomes  outcomes
	ready     atomic.Bool
	meters    *meters

	loading sync.Mutex
	loaded  atomic.Pointer[runbook.Runbook]

	getenv   func(string) string
	reread   atomic.Pointer[config] // by SIGHUP; nil: not yet
	lastRead *config                // the same as it was written, under loading
}

// followers are the names that the store keeps cursors for; a new name starts at the head.
var followers = []string{bot.Say, bot.Draw, bot.Keep, runner.Name, paper.Name, probe.Name}

// wire makes every room. Whatever is outside (Slack, targets) may be down; only the record and the configuration must
// be there.
func wire(ctx context.Context, c *config, e env, log *slog.Logger) (_ *house, err error) {
	h := &house{config: c, log: log, clock: e.clock, getenv: e.getenv, book: people.NewBook(c.People), meters: newMeters()}
	if h.store, err = openRecord(c, bolt.Options{Followers: c.Mail.follows(c.StatusPage.follows(c.PagerDuty.follows(followers))), Now: e.clock.Now, Log: log, Committed: h.meters.committed, Traces: []string{"incidents", "runs"}}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.store.Close())
		}
	}()
	h.outcomes = outcomes{h}
	if err := h.loadFirst(ctx); err != nil {
		return nil, err
	}
	flags := &people.Cache{}
	h.office = &commands.Office{
		Store: h.store, Flags: flags, People: h.book.Table, Duty: &people.Duty{}, Runbook: h.runbook,
		Config: h.commandsConfig, Reload: h.reload,
	}
	if h.runner, err = h.newRunner(e); err != nil {
		return nil, err
	}
	h.office.Runs, h.office.Facts = h.runner, h.facts
	h.office.Draft, h.office.Clock, h.office.Forget = h.reviewDraft, h.clock.Now, forgetIn(filepath.Join(c.Data, evidence.Kept))
	h.remember(ctx)
	if err := h.report(ctx); err != nil {
		return nil, err
	}
	pages, err := paper.New(filepath.Join(c.Data, "incidents"), h.store, h.facts, h.reviewDraft)
	if err != nil {
		return nil, err
	}
	h.office.Anew = h.anew(pages)
	if err := h.runner.Recover(ctx); err != nil {
		return nil, fmt.Errorf("look at the steps that ran: %w", err)
	}
	list := []follow.Follower{h.runner, pages, h.prober()}
	if err := h.openPagerDuty(); err != nil {
		return nil, err
	}
	if c.PagerDuty.tells() {
		list = append(list, pagerduty.Follower{Link: h.pagerduty})
	}
	list = append(list, h.openStatusPage()...)
	list = append(list, h.openMail()...)
	if !c.Slack.Bot.IsZero() {
		if h.bot, err = bot.New(h.botOptions(e, flags)); err != nil {
			return nil, &exitError{exitConfig, err}
		}
		list = append(list, h.bot.Followers()...)
	} else {
		log.Warn("SLACK_BOT_TOKEN is not set: drbot works at the terminal only")
	}
	h.loop = follow.NewLoop(h.store, h.outcomes, follow.Options{Log: log}, list...)
	h.terminal = &terminal.Door{
		Handler: h.office, Record: h.store, Data: c.Data, Zone: h.zone, Release: release(), Outputs: h.runner, Steps: c.Commands.RunAs, Group: c.SocketGroup, Log: log, Now: e.clock.Now,
	}
	return h, nil
}

// run starts what lives until the end.
func (h *house) run(run func(string, func(context.Context) error)) {
	run("followers", func(ctx context.Context) error { h.loop.Run(ctx); return nil })
	run("clock", func(ctx context.Context) error { follow.RunClock(ctx, h.store, h.clock, h.outcomes, h.log); return nil })
	if h.bot != nil {
		run("slack", h.bot.Run)
	}
	if h.pagerduty != nil {
		run("pagerduty", h.pagerduty.Run)
	}
	if h.status != nil {
		run("status page", h.status.Run)
	}
}

func (h *house) close() {
	if h.bot != nil {
		h.bot.Close()
	}
	if h.pagerduty != nil {
		h.pagerduty.Close()
	}
	h.runner.Close()
	if err := h.store.Close(); err != nil {
		h.log.Error("close the record", "error", err)
	}
}

// degraded says which links are down, for the card, /readyz and check.
func (h *house) degraded() []string {
	var list []string
	if h.bot == nil {
		list = append(list, "Slack is not configured: drbot works at the terminal only.")
	} else {
		list = append(list, h.bot.Degraded()...)
	}
	if h.pagerduty != nil {
		list = append(list, h.pagerduty.Degraded()...)
	}
	list = append(list, h.statusDegraded()...)
	list = append(list, h.mailDegraded()...)
	if rb := h.runbook(); rb.LockError != nil {
		list = append(list, "The lock is not used, every step is by hand: "+rb.LockError.Error())
	}
	return list
}

func (h *house) botOptions(e env, flags *people.Cache) bot.Options {
	c := h.config
	return bot.Options{
		BotToken: c.Slack.Bot, AppToken: c.Slack.App, SigningSecret: c.Slack.Signing, APIURL: c.Slack.APIURL, HTTP: c.SlackHTTP,
		Incident: c.Commands.Incident, Recover: c.Commands.Recover, Announce: c.Announce, House: c.House,
		Handler: h.office, Messages: h.office.Message, Memory: h.store, Flags: flags, People: h.office.People, Facts: h.facts, Outputs: h.runner, Review: h.reviewDraft, Files: filepath.Join(c.Data, evidence.Kept), Watch: h.watch, Outlets: h.outlets, Found: h.learned, Now: e.clock.Now, Log: h.log,
	}
}

// commandsConfig completes the configuration with the channels' ids, once Slack has said them.
func (h *house) commandsConfig() commands.Config {
	cc := h.settings().Commands
	if h.bot != nil {
		cc.AnnounceID, cc.HouseID = h.bot.Channels()
	}
	return cc
}

func (h *house) newRunner(e env) (*runner.Runner, error) {
	secrets := map[string]secret.String{}
	for name, source := range h.config.Secrets {
		value, err := source.value(e.getenv)
		if err != nil {
			h.log.Warn("a secret cannot be read; steps that need it do not start", "secret", name, "error", err)
			continue
		}
		secrets[name] = value
	}
	return runner.New(runner.Options{
		Dir: filepath.Join(h.config.Data, "runs"), Store: h.store, Outcomes: h.office, Secrets: secrets,
		OutputLimit: h.config.OutputLimit, Far: h.config.Far, Limits: h.config.StepLimits, Now: e.clock.Now, Log: h.log,
	})
}

// report records what was loaded at this start: configuration, people, runbook.
func (h *house) report(ctx context.Context) error {
	src, err := os.ReadFile(h.config.File)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(src)
	for _, o := range []any{
		commands.ConfigLoaded{Digest: hex.EncodeToString(sum[:]), By: incident.Bot}, commands.RunbookLoaded{Runbook: h.runbook()},
	} {
		if err := h.outcomes.send(ctx, o); err != nil {
			return fmt.Errorf("record what was loaded: %w", err)
		}
	}
	return h.signed(ctx, h.runbook())
}
