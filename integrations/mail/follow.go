package mail

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
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

// Deliver mails what each record told and still holds. An address that the server puts off, or hangs up at, is waited for, and
// keeps neither the others nor later records from theirs: those are mailed ahead, and the notes say who has what.
func (l *Link) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	done := follow.Done{Notes: map[string]string{}}
	p := &pass{b: b, notes: done.Notes, waits: map[string]string{}, answered: map[string]bool{}}
	for _, r := range b.Records {
		err := l.tell(ctx, p, r)
		var away follow.Unavailable
		switch {
		case errors.As(err, &away):
			l.judge(p)
			return done, err
		case len(p.waits) > 0: // a refusal is told when its turn comes
		case err != nil:
			return done, err
		default:
			done.Through = r.Seq
		}
	}
	if rest := l.judge(p); len(rest) > 0 {
		return done, l.silent(rest)
	}
	return done, p.waiting()
}

// pass is one call of Deliver.
type pass struct {
	b        follow.Batch
	notes    map[string]string // that change
	waits    map[string]string // addresses that were put off, with why
	answered map[string]bool   // addresses of which the server said anything
	doubts   []doubt           // in their order
	again    int               // hang-ups at addresses where it hung up before
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
	switch {
	case p.b.Incident == 0:
		return nil
	case r.Redacted: // who has it stays known: an edit is no correction to the others
		loadProgress(p, r.Seq).save(p)
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
	v := version{r, e, read(i, e, r.Time)}
	if len(v.what.to) == 0 {
		return nil
	}
	switch { // the decision said so already; a record of another configuration may not
	case i.Restricted:
		return restricted(i)
	case i.Drill && !l.Drills:
		return errors.New("drills are not mailed here (mail.drills)")
	}
	return l.each(ctx, p, i, v)
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

// turn is a record whose mails are sent.
type turn struct {
	*pass
	i     *incident.Incident
	v     version
	older []version // of the same message
	at    *progress
	line  sender
	left  map[incident.Audience]bool // the record has it that somebody of them was reached
}

// each mails every address that does not have it yet. An address that is refused for good is told when the others have
// theirs.
func (l *Link) each(ctx context.Context, p *pass, i *incident.Incident, v version) error {
	older, err := l.older(ctx, i, v)
	if err != nil {
		return err
	}
	t := &turn{pass: p, i: i, v: v, older: older, at: progressOf(p, v.record), left: map[incident.Audience]bool{}}
	defer func() { t.line.close() }()
	for _, audience := range v.what.to {
		addresses := l.To
		if audience == incident.AudienceExecutives {
			addresses = l.Executives
		}
		if len(addresses) == 0 {
			return fmt.Errorf("mail: nobody is configured for %s", audience)
		}
		for _, address := range l.health.ordered(addresses) {
			to := reader{audience, address}
			if !t.at.Have[to.key()] && t.at.Refused[to.key()] == "" {
				err = l.offer(ctx, t, to)
			}
			if err == nil && t.at.Have[to.key()] {
				err = l.reached(ctx, t, audience)
			}
			if err != nil {
				t.at.save(p)
				return err
			}
		}
	}
	return t.at.over(p)
}

// reached lets the record say that a message left for the first of an audience.
func (l *Link) reached(ctx context.Context, t *turn, a incident.Audience) error {
	if t.left[a] || l.Send == nil {
		return nil
	}
	for _, m := range t.i.Leaving(a, t.v.record.N) {
		if m.Number != t.v.what.number {
			continue
		}
		key := fmt.Sprintf("%s/left/%d/%s", Name, t.v.record.Seq, a)
		if err := l.Send(ctx, commands.MessageLeft{Incident: t.i.ID, MessageLeft: m}, key); err != nil {
			return follow.Unavailable{Err: fmt.Errorf("write that mail left: %w", err), NotSent: true}
		}
	}
	t.left[a] = true
	return nil
}

// reader is an address of an audience.
type reader struct {
	audience incident.Audience
	address  string
}

func (r reader) key() string { return string(r.audience) + ":" + r.address }

// offer mails one address, and notes what became of it; an error is an outage.
func (l *Link) offer(ctx context.Context, t *turn, to reader) error {
	is, err := l.standing(ctx, t, to.audience)
	if err != nil {
		return err
	}
	if is.gone { // whoever has it hears by what follows, or by nobody
		delete(t.at.Late, to.key())
		l.health.settled(to.address)
		return nil
	}
	m := l.message(t.i, is, to.audience, t.had(is, t.at, to.key()))
	m.first, m.last = t.at.thread(t.pass, to.audience)
	err = l.try(ctx, t, m, to.address)
	var gone *refusal
	var later *delay
	var hung *hangUp
	if errors.As(err, &hung) {
		if hung.asked && t.at.Asked[to.key()] == 0 {
			t.at.Asked[to.key()] = is.newest().record.Seq
			t.at.threaded(t.pass, to.audience, m.id)
		}
		if err = l.hung(t, to, hung); err == nil {
			return nil
		}
	}
	switch {
	case errors.As(err, &gone):
		t.at.Refused[to.key()] = gone.why
		l.health.settled(to.address)
	case errors.As(err, &later):
		l.later(t.pass, t.at, to, later.why)
	case err != nil:
		return err
	default:
		t.at.has(to.key())
		t.at.threaded(t.pass, to.audience, m.id)
		t.through(is, t.at, to.key())
		l.health.settled(to.address)
	}
	return nil
}

// later notes that an address is put off, and refuses it when it was for long.
func (l *Link) later(p *pass, at *progress, to reader, why string) {
	who, address := to.key(), to.address
	now := l.Now()
	if at.Late[who].IsZero() {
		at.Late[who] = now.UTC().Truncate(time.Second)
	}
	if p.b.Again || now.Sub(at.Late[who]) >= GiveUp {
		at.Refused[who] = why
		l.health.settled(address)
		return
	}
	p.waits[address] = why
	l.health.delayed(address, why, at.Late[who])
}

// message gives a mail its identity: the same for the same words to the same audience, whenever they are sent.
func (l *Link) message(i *incident.Incident, is standing, audience incident.Audience, had bool) message {
	v := is.newest()
	name := fmt.Sprintf("update-%d.v%d", v.what.number, v.what.version)
	if v.what.number == 0 {
		name = fmt.Sprintf("resolution-%d", v.record.Seq)
	}
	hash := v.record.Hash[:min(12, len(v.record.Hash))] // another record gives the same numbers again
	_, domain, _ := strings.Cut(l.from().Address, "@")
	return message{id: fmt.Sprintf("%s.%s.%s.%s@%s", strings.ToLower(i.ID.String()), name, audience, hash, domain), date: v.record.Time, letter: templates.Delayed(l.letter(i, is, audience, had), is.written(had), l.Now(), is.promised(i)...)}
}
