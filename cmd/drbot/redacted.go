package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/paper"
	"github.com/drbot/drbot/state/bolt"
)

// anew makes the files of an incident anew after a redaction, and names what of them drbot does not touch: the review that
// people wrote on in, archives that were exported before, and records that a restore set aside.
func (h *house) anew(pages *paper.Follower) func(context.Context, incident.ID) (commands.Stands, error) {
	return func(ctx context.Context, id incident.ID) (commands.Stands, error) {
		review, err := pages.Anew(ctx, id)
		if err != nil {
			return commands.Stands{}, err
		}
		found, err := filepath.Glob(filepath.Join(escapeGlob(h.config.Data), "evidence", id.String()+".*"))
		if err != nil {
			return commands.Stands{}, err
		}
		replaced, err := filepath.Glob(filepath.Join(escapeGlob(h.config.Data), bolt.File+".replaced-*"))
		return commands.Stands{Review: review, Packed: found, Replaced: replaced}, err
	}
}

// escapeGlob lets a path stand for itself in a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
