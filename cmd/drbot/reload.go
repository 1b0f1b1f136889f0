package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// runbook is the revision that new runs use.
func (h *house) runbook() *runbook.Runbook { return h.loaded.Load() }

// loadFirst reads the runbook at the start. A damaged lock leaves the text; a Markdown that cannot be read leaves the
// revision that was used last, because drbot starts on the day when the disk with the runbook does not.
func (h *house) loadFirst(ctx context.Context) error {
	rb, err := runbook.LoadText(h.config.Runbook, h.config.Sections)
	if err == nil {
		if rb.LockError != nil {
			h.log.Error("the lock is not used; every step is by hand", "error", rb.LockError)
		}
		h.loaded.Store(rb)
		return nil
	}
	kept, keptErr := h.lastRunbook(ctx)
	if keptErr != nil {
		return &exitError{exitConfig, fmt.Errorf("runbook: %w", err)}
	}
	kept.Warnings = append(kept.Warnings, runbook.Finding{Level: runbook.LevelError, Message: "the file could not be read, so the last revision is used: " + err.Error()})
	h.log.Error("the runbook cannot be read; the last revision is used", "error", err, "revision", kept.Digest)
	h.loaded.Store(kept)
	return nil
}

// lastRunbook makes the revision of the record from its blobs.
func (h *house) lastRunbook(ctx context.Context) (*runbook.Runbook, error) {
	house, err := h.store.House(ctx)
	if err != nil {
		return nil, err
	}
	if house.Runbook.Digest == "" {
		return nil, errors.New("no revision was used before")
	}
	src, err := h.store.Blob(ctx, house.Runbook.Digest)
	if err != nil {
		return nil, err
	}
	rb, err := runbook.Parse(src, h.config.Sections)
	if err != nil || house.Runbook.LockDigest == "" {
		return rb, err
	}
	lock, err := h.store.Blob(ctx, house.Runbook.LockDigest)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(h.config.Runbook)
	if rb.Files != nil {
		dir = h.config.Runbook // a folder, gone or not: its targets count from inside
	}
	return rb.Join(lock, dir)
}

// reload reads runbook and lock again and makes them the revision of new runs; a file that cannot be used changes
// nothing. It answers in words.
func (h *house) reload(ctx context.Context, by incident.Person) (string, error) {
	h.loading.Lock()
	defer h.loading.Unlock()
	rb, err := runbook.Load(h.config.Runbook, h.config.Sections)
	if err != nil {
		return "", incident.Refuse(incident.BadInput, "Nothing was reloaded: %v.", err).Then("Mend the file and reload again.")
	}
	before := h.runbook()
	same := rb.Digest == before.Digest && rb.LockDigest == before.LockDigest
	if !same {
		if err := h.outcomes.send(ctx, commands.RunbookLoaded{Runbook: rb, Loader: by}); err != nil {
			return "", err
		}
		h.loaded.Store(rb)
	}
	if err := h.signed(ctx, rb); err != nil { // it may come after the lock was loaded
		return "", err
	}
	house, err := h.store.House(ctx)
	if err != nil {
		return "", err
	}
	text := textOf(rb)
	if text != "" {
		h.log.Warn("reload", "revision", rb.Digest[:6], "text", text)
	}
	return reloaded(rb, same, len(house.Open())) + text, nil
}

// reloaded says what a reading found, and how much of it waits for acceptance.
func reloaded(rb *runbook.Runbook, same bool, open int) string {
	switch {
	case same && open > 0:
		return "Runbook and lock are the ones that are loaded. " + waiting(open) + "."
	case same:
		return "Runbook and lock are the ones that are loaded."
	case open > 0:
		return fmt.Sprintf("Loaded %s. %s; what is not accepted does not run.", rb.Digest[:6], waiting(open))
	}
	return fmt.Sprintf("Loaded %s. Every entry of the lock is accepted.", rb.Digest[:6])
}

// mostTexts bounds the steps that a reload names; `runbook show` has them all.
const mostTexts = 8

// textOf says which commands drbot does not run, since Markdown and lock do not agree on them, and what brings them back; empty: none.
func textOf(rb *runbook.Runbook) string {
	said := ""
	if texts := rb.Texts(); len(texts) > 0 {
		var names []string
		for _, t := range texts[:min(len(texts), mostTexts)] {
			names = append(names, t.String())
		}
		if more := len(texts) - len(names); more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		said = " Text, which drbot does not run until it was compiled, reviewed and accepted: " + strings.Join(names, "; ") + "."
	}
	if rb.Lock != nil && rb.Lock.Older() {
		said += " " + runbook.OlderForm + "."
	}
	return said
}

// waiting says how much of a lock nobody accepted yet.
func waiting(open int) string {
	if open == 1 {
		return "1 lock entry waits for an approver who accepts it"
	}
	return fmt.Sprintf("%d lock entries wait for an approver who accepts them", open)
}

// reloads answers SIGHUP: drbot.yaml first, then runbook and lock; one that cannot be read keeps the other from nothing.
// Nobody is the loader then, so any one approver accepts.
func (h *house) reloads(ctx context.Context, hup <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			for _, read := range []func() (string, error){
				func() (string, error) { return h.rereadConfig(ctx) },
				func() (string, error) { return h.reload(ctx, incident.Person{}) },
			} {
				if text, err := read(); err != nil {
					h.log.Error("reload", "error", err)
				} else {
					h.log.Info("reload", "result", text)
				}
			}
		}
	}
}
