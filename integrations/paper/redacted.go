package paper

import (
	"context"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Anew makes the files of an incident anew, since words of its record were redacted (I42). left is the path of a review
// that people changed: it stays as they wrote it, "" where there is none.
func (f *Follower) Anew(ctx context.Context, id incident.ID) (left string, err error) {
	f.one.Lock()
	defer f.one.Unlock()
	i, err := f.incident(ctx, id)
	if err != nil {
		return "", err
	}
	if (i.Review != nil || i.Before != nil) && f.review != nil {
		if left, err = f.draft(ctx, i); err != nil {
			return "", err
		}
	}
	return left, f.pages(ctx, i)
}

// redacted does so for each redaction of the house's stream. Who redacts has it done at once; here it is made good where
// drbot ended in between.
func (f *Follower) redacted(ctx context.Context, records []state.Record) error {
	for _, r := range records {
		if r.Kind != (incident.Redacted{}).EventKind() {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return err
		}
		if of := e.(incident.Redacted).Incident; of != 0 {
			if _, err := f.Anew(ctx, of); err != nil {
				return err
			}
		}
	}
	return nil
}
