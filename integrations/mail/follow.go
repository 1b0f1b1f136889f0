package mail

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	noteState = "mails/"  // by sequence: how far the mails of a record are whose delivery is not over, or was parked
	noteFirst = "thread/" // by audience: the Message-ID that its thread begins with
	noteLast  = "last/"   // by audience: the one that was sent last
)

// Name of the follower.
func (*Link) Name() string { return Name }

// Wants what is told to people.
func (*Link) Wants(kind string) bool { return slices.Contains(wants, kind) }

// Deliver mails what each record told. An address that the server puts off is waited for, and keeps neither the others nor
// later records from theirs: those are mailed ahead, and the notes say who has what.
func (l *Link) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	done := follow.Done{Notes: map[string]string{}}
	p := &pass{b: b, notes: done.Notes, waits: map[string]string{}}
	for _, r := range b.Records {
		err := l.tell(ctx, p, r)
		var away follow.Unavailable
		switch {
		case errors.As(err, &away):
			return done, err
		case len(p.waits) > 0: // a refusal is told when its turn comes
		case err != nil:
			return done, err
		default:
			done.Through = r.Seq
		}
	}
	return done, p.waiting()
}

// pass is one call of Deliver.
type pass struct {
	b     follow.Batch
	notes map[string]string // that change
	waits map[string]string // addresses that were put off, with why
}

func (p *pass) note(key string) string {
	if value, changed := p.notes[key]; changed {
		return value
	}
	return p.b.Notes[key]
}

// set changes a note; one that stays as it is makes no progress.
func (p *pass) set(key, value string) {
	if p.note(key) != value {
		p.notes[key] = value
	}
}

func (p *pass) waiting() error {
	if len(p.waits) == 0 {
		return nil
	}
	var list []string
	for _, address := range slices.Sorted(maps.Keys(p.waits)) {
		list = append(list, fmt.Sprintf("%s (%s)", address, p.waits[address]))
	}
	return follow.Unavailable{Err: fmt.Errorf("mail waits for %s", strings.Join(list, ", ")), NotSent: true}
}

// told is one mail of a record, before it has its addressees.
type told struct {
	to      []incident.Audience
	number  int
	version int
	letter  func(incident.Audience) templates.Letter
}

func (l *Link) tell(ctx context.Context, p *pass, r state.Record) error {
	if p.b.Incident == 0 || r.Redacted {
		p.set(noteState+strconv.FormatUint(r.Seq, 10), "")
		return nil
	}
	e, err := r.Event()
	if err != nil {
		return err
	}
	i, err := l.Read.Incident(ctx, state.Ref{ID: p.b.Incident})
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
	return l.each(ctx, p, r, i, what)
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
		t = told{to: mailed(e.To), number: e.Number, version: 1, letter: func(a incident.Audience) templates.Letter {
			if a == incident.AudienceExecutives {
				return templates.Mailed(i, e.ToExecutives(), at)
			}
			return templates.Mailed(i, e, at)
		}}
	case incident.UpdateEdited:
		t = told{to: mailed(e.To), number: e.Number, version: e.Version, letter: func(a incident.Audience) templates.Letter {
			if a == incident.AudienceExecutives {
				return templates.MailedEdit(i, e.ToExecutives(), at)
			}
			return templates.MailedEdit(i, e, at)
		}}
	case incident.Resolved:
		t = told{to: mailed(e.To), version: 1, letter: func(incident.Audience) templates.Letter { return templates.MailedEnd(i, e, at) }}
	}
	return t
}

// each mails every address that does not have it yet. An address that is refused for good is told when the others have
// theirs.
func (l *Link) each(ctx context.Context, p *pass, r state.Record, i *incident.Incident, what told) error {
	var line sender
	defer func() { line.close() }()
	at := progressOf(p, r)
	for _, audience := range what.to {
		m := l.message(i, r, audience, what)
		m.first, m.last = at.thread(p, audience, m.id)
		addresses := l.To
		if audience == incident.AudienceExecutives {
			addresses = l.Executives
		}
		if len(addresses) == 0 {
			return fmt.Errorf("mail: nobody is configured for %s", audience)
		}
		for _, address := range addresses {
			who := string(audience) + ":" + address
			if at.Have[who] || at.Refused[who] != "" {
				continue
			}
			if err := l.offer(ctx, &line, p, at, m, who); err != nil {
				at.save(p)
				return err
			}
		}
	}
	return at.over(p)
}

// offer mails one address, and notes what became of it; an error is an outage.
func (l *Link) offer(ctx context.Context, line *sender, p *pass, at *progress, m message, who string) error {
	_, address, _ := strings.Cut(who, ":")
	var gone *refusal
	var later *delay
	var err error
	if why := p.waits[address]; why != "" { // what was written first is read first
		err = &delay{why}
	} else {
		err = l.one(ctx, line, m, address)
	}
	switch {
	case errors.As(err, &gone):
		at.Refused[who] = gone.why
		l.health.settled(address)
	case errors.As(err, &later):
		now := l.Now()
		if at.Late[who].IsZero() {
			at.Late[who] = now.UTC().Truncate(time.Second)
		}
		if p.b.Again || now.Sub(at.Late[who]) >= GiveUp {
			at.Refused[who] = later.why
			l.health.settled(address)
			return nil
		}
		p.waits[address] = later.why
		l.health.delayed(address, later.why, at.Late[who])
	case err != nil:
		return err
	default:
		at.Have[who] = true
		delete(at.Late, who)
		l.health.settled(address)
	}
	return nil
}

// message gives a mail its identity: the same for the same message to the same audience, whenever it is sent.
func (l *Link) message(i *incident.Incident, r state.Record, audience incident.Audience, what told) message {
	name := fmt.Sprintf("update-%d.v%d", what.number, what.version)
	if what.number == 0 {
		name = fmt.Sprintf("resolution-%d", r.Seq)
	}
	hash := r.Hash[:min(12, len(r.Hash))] // another record gives the same numbers again
	_, domain, _ := strings.Cut(l.from().Address, "@")
	return message{id: fmt.Sprintf("%s.%s.%s.%s@%s", strings.ToLower(i.ID.String()), name, audience, hash, domain), date: r.Time, letter: what.letter(audience)}
}
