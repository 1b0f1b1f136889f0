package main

import (
	"context"
	"fmt"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// reviewDraft makes the draft of a review from the record as it was when the newest review up to seq was opened, whatever
// happened since: the file and the upload say the same, also when one of them comes late.
func (h *house) reviewDraft(ctx context.Context, id incident.ID, seq uint64) ([]byte, error) {
	end := uint64(0)
	for r, err := range h.store.Records(ctx, id, 0) {
		if err != nil {
			return nil, err
		}
		if r.Seq <= seq && r.Kind == (incident.ReviewOpened{}).EventKind() {
			end = r.Seq
		}
	}
	if end == 0 {
		return nil, fmt.Errorf("no review of %s was opened up to record %d", id, seq)
	}
	then := incident.New(id)
	var events []templates.Happened
	var resolved *incident.Resolved
	for r, err := range h.store.Records(ctx, id, 0) {
		if err != nil {
			return nil, err
		}
		if r.Seq > end {
			break
		}
		e, err := r.Event()
		if err != nil {
			return nil, err
		}
		then.Apply(r.Stamp(), e)
		if last, ok := e.(incident.Resolved); ok {
			resolved = &last
		}
		if r.Redacted {
			e = nil
		}
		events = append(events, templates.Happened{At: r.Time, E: e})
	}
	facts := h.facts(ctx, then)
	facts.Resolved = resolved
	return templates.ReviewDraft(then, templates.Entries(then, events), facts, h.runbook().Review.Template), nil
}
