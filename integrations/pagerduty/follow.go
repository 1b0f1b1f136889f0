package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// Follower tells PagerDuty what people here did about its incidents. What was done there comes back as facts and is never
// told again, so that the two cannot answer each other for ever.
type Follower struct{ *Link }

var wants = []string{
	incident.AlertLinked{}.EventKind(), incident.Acknowledged{}.EventKind(), incident.SeveritySet{}.EventKind(), incident.StatusSet{}.EventKind(),
	incident.Accepted{}.EventKind(), incident.Declined{}.EventKind(), incident.PageAsked{}.EventKind(), incident.Resolved{}.EventKind(), incident.Reopened{}.EventKind(),
	incident.UpdateSent{}.EventKind(), incident.Approved{}.EventKind(), incident.Denied{}.EventKind(), incident.Withdrawn{}.EventKind(), incident.Expired{}.EventKind(), incident.GlassBroken{}.EventKind(),
}

// Notes of the cursor.
const (
	noteDone = "done" // "118/PINC1,PINC2": alerts that were told of a record whose delivery is not over
	noteGone = "gone" // "PINC1,PINC2": alerts that PagerDuty does not have any more
)

// Name of the follower.
func (Follower) Name() string { return Name }

// Wants what is told there.
func (Follower) Wants(kind string) bool { return slices.Contains(wants, kind) }

// Once: a note that is written twice is read twice.
func (Follower) Once(state.Record) bool { return true }

// Deliver tells every alert of the incident about one record. Those that were told stand in the notes, so that an error
// at one of them repeats nothing at the others.
func (f Follower) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	done := follow.Done{Notes: map[string]string{}}
	for _, r := range b.Records {
		if err := f.tell(ctx, b, r, done.Notes); err != nil {
			if later := (follow.Unavailable{}); errors.As(err, &later) && b.Incident != 0 {
				err = errors.Join(err, f.stuck(ctx, b.Incident, r.Seq, later))
			}
			return done, err
		}
		done.Through = r.Seq
		done.Notes[noteDone] = ""
	}
	return done, nil
}

// errDeleted parks a delivery: people see once that PagerDuty has lost the incident.
var errDeleted = errors.New("PagerDuty does not have this incident any more; it is told nothing further")

func (f Follower) tell(ctx context.Context, b follow.Batch, r state.Record, notes map[string]string) error {
	if b.Incident == 0 || r.Redacted {
		return nil
	}
	e, err := r.Event()
	if err != nil {
		return err
	}
	i, err := f.Memory.Incident(ctx, state.Ref{ID: b.Incident})
	if err != nil {
		return follow.Unavailable{Err: err, NotSent: true}
	}
	gone := list(b.Notes[noteGone], "")
	if b.Again && len(gone) > 0 { // a person says that it is there: it is told of this and of all that comes, unless it is not
		gone, notes[noteGone] = nil, ""
	}
	if done, err := f.paging(ctx, i, r, e, b.Unsure, gone); done || err != nil {
		return err
	}
	did := list(b.Notes[noteDone], fmt.Sprintf("%d/", r.Seq))
	lost := false
	var odd error
	for k := range i.Alerts {
		a := &i.Alerts[k]
		if slices.Contains(did, a.ID) || slices.Contains(gone, a.ID) || !concerns(e, a, r.Seq) {
			continue
		}
		err := f.one(ctx, i, a, r, e, b.Unsure)
		if errors.Is(err, errGone) {
			gone, lost = append(gone, a.ID), true
			notes[noteGone] = strings.Join(gone, ",")
			continue
		}
		if errors.Is(err, errPriority) && !unavailable(err) {
			odd, err = err, nil // the others are told all the same
		}
		if err != nil {
			return err
		}
		did = append(did, a.ID)
		notes[noteDone] = fmt.Sprintf("%d/%s", r.Seq, strings.Join(did, ","))
	}
	if lost {
		return errDeleted
	}
	return odd
}

// unavailable reports whether an error is worth another try.
func unavailable(err error) bool { return errors.As(err, new(follow.Unavailable)) }

// list reads a note: ids behind a prefix that must be there.
func list(note, prefix string) []string {
	rest, ok := strings.CutPrefix(note, prefix)
	if !ok || rest == "" {
		return nil
	}
	return strings.Split(rest, ",")
}

// concerns reports whether an alert is told of a record: not of what happened before it belonged to the incident.
func concerns(e incident.Event, a *incident.Alert, seq uint64) bool {
	if l, ok := e.(incident.AlertLinked); ok {
		return l.Alert == a.ID
	}
	return a.Since < seq
}

// one tells one alert of one record.
func (f Follower) one(ctx context.Context, i *incident.Incident, a *incident.Alert, r state.Record, e incident.Event, unsure bool) error {
	switch e := e.(type) {
	case incident.AlertLinked:
		if err := f.write(ctx, i, a, r, unsure, "linked", map[string]any{}); err != nil {
			return err
		}
		if acked := i.AckedAt; !acked.IsZero() && !acked.After(r.Time) && !i.AckedBy.InPagerDuty() {
			return f.acknowledge(ctx, a)
		}
		return nil
	case incident.Acknowledged:
		if e.By.InPagerDuty() {
			return nil
		}
		return f.acknowledge(ctx, a)
	case incident.Resolved:
		if e.By.InPagerDuty() {
			return nil
		}
		return f.resolve(ctx, i, a, r, e)
	case incident.SeveritySet:
		if e.From == e.To || e.From == 0 || e.By.InPagerDuty() {
			return nil
		}
		if err := f.write(ctx, i, a, r, unsure, "severity", map[string]any{"From": e.From, "To": e.To, "By": e.By.Name, "Reason": e.Reason}); err != nil {
			return err
		}
		return f.prioritise(ctx, i, a, e.To)
	case incident.UpdateSent:
		return f.publish(ctx, i, a, r, unsure, e)
	case incident.StatusSet:
		return f.write(ctx, i, a, r, unsure, "status", map[string]any{"Status": e.Status, "By": e.By.Name})
	case incident.Accepted:
		return f.person(ctx, i, a, r, unsure, "accepted", e.By, "")
	case incident.Declined:
		return f.person(ctx, i, a, r, unsure, "declined", e.By, e.Reason)
	case incident.Reopened:
		return f.person(ctx, i, a, r, unsure, "reopened", e.By, e.Reason)
	}
	return nil
}

// person writes a note about what a person here decided.
func (f Follower) person(ctx context.Context, i *incident.Incident, a *incident.Alert, r state.Record, unsure bool, did string, by incident.Person, reason string) error {
	if by.InPagerDuty() {
		return nil
	}
	return f.write(ctx, i, a, r, unsure, did, map[string]any{"By": by.Name, "Reason": reason})
}

// acknowledge tells that somebody is on it. An acknowledgement of an incident that is resolved there would open it again.
func (f Follower) acknowledge(ctx context.Context, a *incident.Alert) error {
	there, _, err := f.status(ctx, a.ID)
	if err != nil || there.Status != incident.AlertTriggered {
		return err
	}
	return f.manage(ctx, a.ID, incident.AlertAcked, "")
}

func (f Follower) resolve(ctx context.Context, i *incident.Incident, a *incident.Alert, r state.Record, e incident.Resolved) error {
	there, _, err := f.status(ctx, a.ID)
	if err != nil || there.Status == incident.AlertResolved {
		return err
	}
	reason := e.Summary
	if e.FalseAlarm {
		reason = e.Reason
	}
	words := f.words(i, "resolved", map[string]any{"By": e.By.Name, "Reason": reason})
	return f.manage(ctx, a.ID, incident.AlertResolved, words+" "+mark(i, r))
}

// write adds a note, unless it stands there from an earlier try.
func (f Follower) write(ctx context.Context, i *incident.Incident, a *incident.Alert, r state.Record, unsure bool, did string, facts map[string]any) error {
	mark := mark(i, r)
	if unsure {
		if there, err := f.noted(ctx, a.ID, mark); err != nil || there {
			return err
		}
	}
	return f.note(ctx, a.ID, f.words(i, did, facts)+" "+mark)
}

// mark tells a note of drbot from all others: an earlier try is found by it, and its echo known.
func mark(i *incident.Incident, r state.Record) string {
	return fmt.Sprintf("%s%s/%d]", marker, i.ID, r.Seq)
}

// words are the sentence of a note; of a restricted incident nothing but its number leaves its channel (I56).
func (f Follower) words(i *incident.Incident, did string, facts map[string]any) string {
	all := map[string]any{"ID": i.ID, "Drill": i.Drill, "Did": did, "Severity": i.Severity, "By": "", "Reason": "", "From": 0, "To": 0, "Status": "", "Triage": i.State == incident.StateTriage}
	for name, value := range facts {
		all[name] = value
	}
	if i.Restricted {
		all = map[string]any{"ID": i.ID, "Did": "restricted", "Drill": i.Drill, "Severity": 0, "By": "", "Reason": "", "From": 0, "To": 0, "Status": "", "Triage": false}
	}
	return cut(templates.Say("pagerduty-note", all), maxText)
}
