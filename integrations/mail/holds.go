package mail

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// deciding are the events by which the record says what still holds of what waits.
var deciding = append(slices.Clone(wants), incident.Reopened{}.EventKind(), incident.Declined{}.EventKind(), incident.Merged{}.EventKind(), incident.TypeSet{}.EventKind())

// version is one of a message, in the record that told it.
type version struct {
	record state.Record
	event  incident.Event
	what   told
}

// standing is what the record says of a message to an audience.
type standing struct {
	versions []version // oldest first; of some the words may be redacted
	gone     bool      // it holds no more
}

// ends reports whether an event makes what waits untrue, with nothing that follows it to the same people: of an end, that it was
// none; of an update, that there is no such incident, or that it does not take place.
func ends(e incident.Event, number int) bool {
	switch e := e.(type) {
	case incident.Reopened:
		return number == 0
	case incident.Resolved:
		return number > 0 && (e.FalseAlarm || e.CalledOff)
	case incident.Declined, incident.Merged:
		return true
	}
	return false
}

// written is when those who read it now for the first time, or another version of it again, could have read it.
func (s standing) written(again bool) time.Time {
	if again {
		return s.newest().written()
	}
	return s.versions[0].written()
}

// newest is the one that is read: of those whose words were not redacted.
func (s standing) newest() version {
	for _, v := range slices.Backward(s.versions) {
		if !v.record.Redacted {
			return v
		}
	}
	return s.versions[len(s.versions)-1]
}

// promised are the instants by which its words may promise the next one.
func (s standing) promised(i *incident.Incident) []time.Time {
	list := []time.Time{i.UpdateDue, i.ExecutivesDue}
	for _, v := range s.versions {
		if e, ok := v.event.(incident.UpdateSent); ok {
			list = append(list, e.Due, e.ExecutivesDue)
		}
		if waited := v.waited(); waited != nil {
			list = append(list, waited.Promised...)
		}
	}
	return list
}

// waited is of a message that left after its second look; nil: it did not wait for one.
func (v version) waited() *incident.Waited {
	switch e := v.event.(type) {
	case incident.UpdateSent:
		return e.Waited
	case incident.UpdateEdited:
		return e.Waited
	}
	return nil
}

// written is when its words were.
func (v version) written() time.Time {
	if waited := v.waited(); waited != nil {
		return waited.Written
	}
	return v.record.Time
}

// first is the message as it was written, without words that were redacted; nil: the record does not have it.
func (s standing) first() incident.Event {
	for _, v := range s.versions {
		if e, ok := v.event.(incident.UpdateSent); ok && v.record.Redacted {
			e.Opening, e.Subject, e.Executives = "", "", nil
			return e
		}
		if _, edit := v.event.(incident.UpdateEdited); !edit {
			return v.event
		}
	}
	return nil
}

// older are the versions before one that is an edit: what was written does not change, so they are read once a delivery.
func (l *Link) older(ctx context.Context, i *incident.Incident, v version) ([]version, error) {
	if _, edit := v.event.(incident.UpdateEdited); !edit {
		return nil, nil
	}
	var list []version
	err := l.look(ctx, i, 0, func(o version) bool {
		_, reopened := o.event.(incident.Reopened)
		switch {
		case o.record.Seq >= v.record.Seq:
		case reopened && v.what.number == 0:
			list = nil // of another end
		case o.what.number == v.what.number:
			list = append(list, o)
		}
		return o.record.Seq < v.record.Seq
	})
	return list, err
}

// standing looks at the record anew: between two addresses somebody may edit a message, or reopen the incident.
func (l *Link) standing(ctx context.Context, t *turn, audience incident.Audience) (standing, error) {
	v := t.v
	is := standing{}
	for _, o := range append(slices.Clone(t.older), v) {
		if slices.Contains(o.what.to, audience) {
			is.versions = append(is.versions, o)
		}
	}
	var closed error
	err := l.look(ctx, t.i, v.record.Seq-1, func(o version) bool {
		typed, _ := o.event.(incident.TypeSet)
		switch {
		case o.record.Seq == v.record.Seq:
			is.gone = o.record.Redacted
		case typed.Restricted:
			closed, is.gone = restricted(t.i), true
		case ends(o.event, v.what.number):
			is.gone = true
		case o.what.number == v.what.number && slices.Contains(o.what.to, audience):
			is.versions = append(is.versions, o)
		}
		return !is.gone
	})
	if err == nil {
		err = closed
	}
	return is, err
}

func restricted(i *incident.Incident) error {
	return fmt.Errorf("%s is restricted: nothing of it is mailed", i.ID)
}

// look walks what the record says after a place, until more is false.
func (l *Link) look(ctx context.Context, i *incident.Incident, after uint64, each func(version) (more bool)) error {
	for r, err := range l.Read.Records(ctx, i.ID, after) {
		if err != nil {
			return follow.Unavailable{Err: err, NotSent: true}
		}
		if !slices.Contains(deciding, r.Kind) {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return err
		}
		if !each(version{r, e, read(i, e, r.Time)}) {
			return nil
		}
	}
	return nil
}

// letter is what somebody reads: the newest version, and as a correction only if they may have read another one.
func (l *Link) letter(i *incident.Incident, is standing, audience incident.Audience, again bool) templates.Letter {
	v := is.newest()
	if edit, edited := v.event.(incident.UpdateEdited); edited && !again {
		switch first := is.first().(type) {
		case incident.UpdateSent:
			return read(i, asFirst(first, edit), v.record.Time).letter(audience)
		case incident.Resolved:
			first.By, first.Summary, first.Subject, first.Outward = edit.By, edit.Text, edit.Subject, edit.Outward
			return read(i, first, v.record.Time).letter(audience)
		}
	}
	return v.what.letter(audience)
}

// asFirst is an update that was edited before anybody read it.
func asFirst(e incident.UpdateSent, edit incident.UpdateEdited) incident.UpdateSent {
	opening := e.ToExecutives().Opening
	e.Executives = &incident.Apart{Outward: edit.ToExecutives().Outward, Opening: opening}
	e.By, e.Text, e.Next, e.Outward = edit.By, edit.Text, edit.Next, edit.Outward
	if e.Opening == "" { // else the subject is that of the opening
		e.Subject = edit.Subject
	}
	return e
}

// had reports whether an address may have read another version than the newest: who is still waited for has not, and neither
// has who was refused.
func (p *pass) had(is standing, at *progress, who string) bool {
	for _, v := range is.versions {
		if v.record.Seq == is.newest().record.Seq {
			continue
		}
		other := at
		if key := noteOf(v.record.Seq); key != at.key {
			if v.record.Seq > at.seq { // its turn comes
				continue
			}
			if p.note(key) == "" {
				return true // everybody has it
			}
			other = loadProgress(p, v.record.Seq)
		}
		if asked := other.Asked[who]; other.Have[who] || asked != 0 && asked != is.newest().record.Seq {
			return true
		}
	}
	return false
}

// through notes at every other version of a message that an address needs it no more: it has the newest one.
func (p *pass) through(is standing, at *progress, who string) {
	for _, v := range is.versions {
		key := noteOf(v.record.Seq)
		if key == at.key || v.record.Seq < at.seq && p.note(key) == "" {
			continue
		}
		other := loadProgress(p, v.record.Seq)
		other.has(who)
		other.save(p)
	}
}

func noteOf(seq uint64) string { return noteState + strconv.FormatUint(seq, 10) }
