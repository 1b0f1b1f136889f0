package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// onCallFile is where who is on call is kept over a start, so that a start during an outage of PagerDuty still knows whom to
// call. It is a cache and no record: without it, or with a broken one, drbot starts and knows nobody until PagerDuty says.
const onCallFile = "oncall.json"

func (h *house) onCallPath() string { return filepath.Join(h.config.Data, onCallFile) }

// restoreDuty takes it back.
func (h *house) restoreDuty() {
	kept, err := os.ReadFile(h.onCallPath())
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = h.office.Duty.Restore(kept, h.clock.Now())
	}
	if err != nil {
		h.log.Warn("who is on call is not known before PagerDuty says so", "error", err)
	}
}

// keepDuty writes it whole or not at all.
func (h *house) keepDuty() {
	kept, err := h.office.Duty.Kept()
	if err == nil {
		err = os.WriteFile(h.onCallPath()+".new", kept, 0o600)
	}
	if err == nil {
		err = os.Rename(h.onCallPath()+".new", h.onCallPath())
	}
	if err != nil {
		h.log.Warn("who is on call is not kept for the next start", "error", err)
	}
}
