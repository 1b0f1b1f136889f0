package mail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

var wants = []string{incident.UpdateSent{}.EventKind(), incident.UpdateEdited{}.EventKind(), incident.Resolved{}.EventKind()}

// Notes of the cursor.
const (
	noteDone  = "done"    // "118/ops@example.com,boss@example.com": addresses that have the mail of a record whose delivery is not over
	noteFirst = "thread/" // by audience: the Message-ID that its thread begins with
	noteLast  = "last/"   // by audience: the one that was sent last
)

// Name of the follower.
func (*Link) Name() string { return Name }

// Wants what is told to people.
func (*Link) Wants(kind string) bool { return slices.Contains(wants, kind) }

// Once: a mail that is sent twice is read twice.
func (*Link) Once(state.Record) bool { return true }

// Deliver mails what one record told.
func (l *Link) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	done := follow.Done{Notes: map[string]string{}}
	for _, r := range b.Records {
		if err := l.tell(ctx, b, r, done.Notes); err != nil {
			return done, err
		}
		done.Through, done.Notes[noteDone] = r.Seq, ""
	}
	return done, nil
}

// told is one mail of a record, before it has its addressees.
type told struct {
	to      []incident.Audience
	number  int
	version int
	letter  templates.Letter
}

func (l *Link) tell(ctx context.Context, b follow.Batch, r state.Record, notes map[string]string) error {
	if b.Incident == 0 || r.Redacted {
		return nil
	}
	e, err := r.Event()
	if err != nil {
		return err
	}
	i, err := l.Read.Incident(ctx, state.Ref{ID: b.Incident})
	if err != nil {
		return follow.Unavailable{Err: err, NotSent: true}
	}
	what := read(i, e, r.Time)
	if len(what.to) == 0 {
		return nil
	}
	switch { // the decision said so already; a record of another configuration may not
	case i.Restricted:
		return fmt.Errorf("%s is restricted: nothing of it is mailed", i.ID)
	case i.Drill && !l.Drills:
		return errors.New("drills are not mailed here (mail.drills)")
	}
	return l.each(ctx, b, r, i, what, notes)
}

// read is what an event told, and to which of the audiences that are mailed.
func read(i *incident.Incident, e incident.Event, at time.Time) (t told) {
	mailed := func(to []incident.Audience) (list []incident.Audience) {
		for _, a := range to {
			if a == incident.AudienceMail || a == incident.AudienceExecutives {
				list = append(list, a)
			}
		}
		return list
	}
	switch e := e.(type) {
	case incident.UpdateSent:
		t = told{to: mailed(e.To), number: e.Number, version: 1, letter: templates.Mailed(i, e, at)}
	case incident.UpdateEdited:
		t = told{to: mailed(e.To), number: e.Number, version: e.Version, letter: templates.MailedEdit(i, e, at)}
	case incident.Resolved:
		t = told{to: mailed(e.To), version: 1, letter: templates.MailedEnd(i, e, at)}
	}
	return t
}

// each mails every address that does not have it yet. An address that is refused for good is told when the others have
// theirs.
func (l *Link) each(ctx context.Context, b follow.Batch, r state.Record, i *incident.Incident, what told, notes map[string]string) error {
	have := map[string]bool{}
	if seq, list, ok := strings.Cut(b.Notes[noteDone], "/"); ok && seq == strconv.FormatUint(r.Seq, 10) {
		for _, address := range strings.Split(list, ",") {
			have[address] = true
		}
	}
	var line sender
	defer func() { line.close() }()
	var refused []string
	for _, audience := range what.to {
		m := l.message(i, r, audience, what)
		m.first, m.last = b.Notes[noteFirst+string(audience)], b.Notes[noteLast+string(audience)]
		addresses := l.To
		if audience == incident.AudienceExecutives {
			addresses = l.Executives
		}
		if len(addresses) == 0 {
			return fmt.Errorf("mail: nobody is configured for %s", audience)
		}
		for _, address := range addresses {
			if have[string(audience)+":"+address] {
				continue
			}
			err := l.one(ctx, &line, m, address)
			var gone *refusal
			switch {
			case errors.As(err, &gone):
				refused = append(refused, fmt.Sprintf("%s (%s)", address, gone.why))
				continue
			case err != nil:
				return err
			}
			have[string(audience)+":"+address] = true
			notes[noteDone] = done(r.Seq, have)
		}
		if m.first == "" {
			notes[noteFirst+string(audience)] = m.id
		}
		notes[noteLast+string(audience)] = m.id
	}
	if len(refused) > 0 {
		return fmt.Errorf("the mail server refused %s", strings.Join(refused, ", "))
	}
	return nil
}

func done(seq uint64, have map[string]bool) string {
	var list []string
	for address := range have {
		list = append(list, address)
	}
	slices.Sort(list)
	return fmt.Sprintf("%d/%s", seq, strings.Join(list, ","))
}

// message gives a mail its identity: the same for the same message to the same audience, whenever it is sent.
func (l *Link) message(i *incident.Incident, r state.Record, audience incident.Audience, what told) message {
	name := fmt.Sprintf("update-%d.v%d", what.number, what.version)
	if what.number == 0 {
		name = fmt.Sprintf("resolution-%d", r.Seq)
	}
	hash := r.Hash[:min(12, len(r.Hash))] // another record gives the same numbers again
	_, domain, _ := strings.Cut(l.from().Address, "@")
	return message{id: fmt.Sprintf("%s.%s.%s.%s@%s", strings.ToLower(i.ID.String()), name, audience, hash, domain), date: r.Time, letter: what.letter}
}
