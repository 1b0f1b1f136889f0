package paper

import (
	"context"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// timeline is every event of the record in words, at the time that it is about, with UTC and the local time of the
// people.
func (f *Follower) timeline(ctx context.Context, i *incident.Incident, zone *time.Location) ([]byte, error) {
	var events []templates.Happened
	for r, err := range f.read.Records(ctx, i.ID, 0) {
		if err != nil {
			return nil, err
		}
		h := templates.Happened{At: r.Time}
		if !r.Redacted {
			if h.E, err = r.Event(); err != nil {
				return nil, err
			}
		}
		events = append(events, h)
	}
	entries := slices.DeleteFunc(templates.Recorded(i, events), func(e templates.Entry) bool { return e.Text == "" })
	slices.SortStableFunc(entries, func(a, b templates.Entry) int { return a.At.Compare(b.At) })
	return templates.TimelineFile(i, entries, zone), nil
}
