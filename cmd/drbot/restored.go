package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/templates"
)

// redrawn lets the next drbot draw every message of a record that was restored: they show what came after the backup.
func redrawn(ctx context.Context, c *config, now func() time.Time) (err error) {
	s, err := bolt.Open(c.Data, bolt.Options{Followers: c.PagerDuty.follows(followers), Now: now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	all, err := s.List(ctx, state.Query{})
	if err != nil {
		return err
	}
	ids := []incident.ID{0} // the house
	for _, summary := range all {
		ids = append(ids, summary.ID)
	}
	for _, id := range ids {
		for _, follower := range []string{bot.Say, bot.Draw} {
			cursor, err := s.Cursor(ctx, follower, id)
			if err != nil {
				return err
			}
			if len(cursor.Notes) == 0 {
				continue
			}
			cursor.Notes = bot.Forgotten(cursor.Notes)
			if err := s.Save(ctx, follower, id, cursor); err != nil {
				return err
			}
		}
	}
	return nil
}

// undone names the records that the record before had blanked and the restored one has with their words.
func undone(ctx context.Context, aside, data string, out io.Writer) {
	if aside == "" {
		return
	}
	before, err := blanked(ctx, aside)
	var now map[uint64]wording
	if err == nil {
		now, err = blanked(ctx, data)
	}
	if err != nil {
		say(out, "Whether redactions are undone cannot be told: %v", err)
		return
	}
	var list []string
	for seq := range before {
		if was, is := before[seq], now[seq]; was.hash == is.hash && was.blank && !is.blank {
			list = append(list, fmt.Sprint(seq))
		}
	}
	if len(list) > 0 {
		slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
		say(out, "Redactions are undone by this: %s. Redact again: %s.", templates.Plural(len(list), "record"), strings.Join(list, ", "))
	}
}

// wording is a record by its hash, and whether its words were redacted, which changes no hash.
type wording struct {
	hash  string
	blank bool
}

// blanked lists the records of a file.
func blanked(ctx context.Context, path string) (_ map[uint64]wording, err error) {
	s, err := bolt.OpenReadOnly(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	all := map[uint64]wording{}
	for r, err := range s.All(ctx, 0) {
		if err != nil {
			return nil, err
		}
		all[r.Seq] = wording{r.Hash, r.Redacted}
	}
	return all, nil
}
