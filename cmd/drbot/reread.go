package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// What SIGHUP takes of drbot.yaml at once: who is who and who may what, and what decisions look up. Everything else is
// built in at the start (sockets, links, accounts, tokens) and is named when it changed, so that nobody takes it for read.

// rereadKeys are the keys of drbot.yaml that need no restart. Contacts are paged and called by what the link to PagerDuty
// knows of them since the start, so they wait.
var rereadKeys = []string{"people", "break_glass", "signers", "types", "severities", "procedures", "services", "hours"}

// settings is the configuration as it was read last; what needs a restart is in it as it was at the start.
func (h *house) settings() *config {
	if c := h.reread.Load(); c != nil {
		return c
	}
	return h.config
}

// withNew is the configuration with what of a newer one needs no restart.
func (c *config) withNew(newer *config) *config {
	next := *c
	next.People, next.Signers = newer.People, newer.Signers
	cc := &next.Commands
	cc.Updates, cc.Respond, cc.Restricted = newer.Commands.Updates, newer.Commands.Respond, newer.Commands.Restricted
	cc.Executives, cc.Maintenance = newer.Commands.Executives, newer.Commands.Maintenance
	cc.Procedures, cc.Services, cc.Hours = newer.Commands.Procedures, newer.Commands.Services, newer.Commands.Hours
	return &next
}

// differs names the keys of drbot.yaml that two configurations write in different ways.
func (c *config) differs(other *config) []string {
	var keys []string
	a, b := reflect.ValueOf(c.written), reflect.ValueOf(other.written)
	for k := range a.NumField() {
		if !reflect.DeepEqual(a.Field(k).Interface(), b.Field(k).Interface()) {
			keys = append(keys, a.Type().Field(k).Tag.Get("yaml"))
		}
	}
	sort.Strings(keys)
	return keys
}

// rereadConfig reads drbot.yaml again and records what changed in people and roles before it answers (I17). A file that
// cannot be used, or a record that cannot be written, leaves everything as it was.
func (h *house) rereadConfig(ctx context.Context) (string, error) {
	h.loading.Lock()
	defer h.loading.Unlock()
	src, err := os.ReadFile(h.config.File)
	if err != nil {
		return "", fmt.Errorf("drbot.yaml was not read again, what was loaded stays: %w", err)
	}
	newer, err := readConfig(src, h.config.File, h.getenv)
	if err != nil {
		return "", fmt.Errorf("drbot.yaml was not taken, what was loaded stays: %w", err)
	}
	was := h.settings()
	before := h.book.Table()
	h.reread.Store(h.config.withNew(newer))
	h.book.Configure(newer.People)
	sum := sha256.Sum256(src)
	if err := h.outcomes.send(ctx, commands.ConfigLoaded{Digest: hex.EncodeToString(sum[:]), By: incident.Bot}); err != nil {
		h.reread.Store(was)
		h.book.Configure(was.People)
		return "", fmt.Errorf("drbot.yaml was not taken, because that could not be recorded: %w", err)
	}
	if h.bot != nil {
		h.bot.LearnSoon()
	}
	return rereadWords(h.book.Table().Changes(before), newer.differs(h.config), newer.differs(h.last(newer))), nil
}

// last gives what was read the time before, and keeps what was read now. The caller holds the lock.
func (h *house) last(now *config) *config {
	before := h.lastRead
	if before == nil {
		before = h.config
	}
	h.lastRead = now
	return before
}

// rereadWords says what a reading changed: of people each, of the rest the keys; and what waits for a restart.
func rereadWords(staff, sinceStart, sinceLast []string) string {
	var said []string
	if len(staff) > 0 {
		said = append(said, strings.Join(staff, "; ")+".")
	}
	var taken, waits []string
	for _, key := range sinceLast {
		if slices.Contains(rereadKeys, key) && !(key == "people" && len(staff) > 0) {
			taken = append(taken, key)
		}
	}
	for _, key := range sinceStart {
		if !slices.Contains(rereadKeys, key) {
			waits = append(waits, key)
		}
	}
	if len(taken) > 0 {
		said = append(said, "Taken: "+strings.Join(taken, ", ")+".")
	}
	if len(waits) > 0 {
		said = append(said, "Changed and not in use until drbot is restarted: "+strings.Join(waits, ", ")+".")
	}
	if len(said) == 0 {
		return "drbot.yaml says what it said."
	}
	return "drbot.yaml: " + strings.Join(said, " ")
}
