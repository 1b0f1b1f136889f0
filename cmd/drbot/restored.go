package main

import (
	"context"
	"errors"
	"time"

	"github.com/drbot/drbot/bot"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
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
