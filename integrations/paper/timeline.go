package paper

import (
	"context"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// timeline is every event of the record in words, at the time that it is about, with UTC and the local time of this
// machine.
func (f *Follower) timeline(ctx context.Context, i *incident.Incident) ([]byte, error) {
	var entries []templates.Entry
	for r, err := range f.read.Records(ctx, i.ID, 0) {
		if err != nil {
			return nil, err
		}
		if r.Redacted {
			entries = append(entries, templates.Entry{At: r.Time, Text: templates.Say("review.redacted", nil)})
			continue
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		if entry, ok := templates.EntryOf(i, r.Time, e); ok {
			entries = append(entries, entry)
		}
	}
	slices.SortStableFunc(entries, func(a, b templates.Entry) int { return a.At.Compare(b.At) })
	return templates.TimelineFile(i, entries, time.Local), nil
}
