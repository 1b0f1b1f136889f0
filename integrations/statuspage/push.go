package statuspage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// PushName is the name of the follower that tells Atlassian's Statuspage; cursors hang on it.
const PushName = "atlassian"

// Limits of Atlassian's API, in characters (developer.statuspage.io, create an incident).
const (
	maxName = 255
	maxBody = 25000
)

// Atlassian is where the page is pushed to.
type Atlassian struct {
	Page       string // its id there
	Token      secret.String
	APIURL     string            // empty: Atlassian's own
	Components map[string]string // name of a component here -> its id there
}

// Push keeps Atlassian's page at what the Site shows. It brings an incident there up to date with the entry here rather
// than sending record by record, and looks before it writes: what a try left behind whose answer was lost is found by the
// metadata that drbot attaches, and not written again (I49).
type Push struct {
	Atlassian
	Send   Send // that a message stands there; may be nil
	site   *Site
	client *client
	log    *slog.Logger
	wrong  trouble
}

// NewPush makes the follower that tells Atlassian what a site shows.
func NewPush(a Atlassian, site *Site) *Push {
	return &Push{Atlassian: a, site: site, client: newClient(a), log: site.Log}
}

// Name of the follower.
func (p *Push) Name() string { return PushName }

// Wants what may change a published incident.
func (p *Push) Wants(kind string) bool { return slices.Contains(wants, kind) }

// Notes of the cursor.
const (
	noteIncident = "incident" // its id there
	noteGone     = "gone"     // it was deleted there: it is told no further message, its components are kept right
	noteUpdate   = "update/"  // and a record: "<id there> <digest of the words>"
	noteFrame    = "frame"    // digest of name and window
	noteKind     = "kind"     // planned, or at once: what it was made as there, which never changes
)

// errDeleted parks a delivery: people see once that Atlassian has lost the incident.
var errDeleted = errors.New("the incident was deleted at Atlassian's Statuspage: no message of it goes there any more, its components are set back at its end")

// Deliver brings the incident there up to date. What was written before an error stands in the notes, so that nothing is
// written twice.
func (p *Push) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	if b.Incident == 0 {
		return follow.Done{}, nil
	}
	entry, states, err := p.site.Published(ctx, b)
	if err != nil {
		return follow.Done{}, follow.Unavailable{Err: err, NotSent: true}
	}
	if entry == nil {
		return follow.Done{}, nil
	}
	s := &telling{Push: p, entry: entry, item: entry.item(p.site.shown().Components), states: states, notes: maps.Clone(b.Notes), done: map[string]string{}}
	err = s.deliver(ctx, len(b.Records) == 1)
	var later follow.Unavailable
	if errors.As(err, &later) {
		p.wrong.set(later.Err, p.site.Clock.Now())
	} else {
		p.wrong.set(nil, time.Time{})
	}
	if err == nil && s.notes[noteIncident] != "" && s.notes[noteGone] == "" {
		err = stands(ctx, p.site.Record, p.Send, b, entry)
	}
	return follow.Done{Notes: s.done}, err
}

// Degraded says what does not work, a sentence each.
func (p *Push) Degraded() []string {
	why, since := p.wrong.now()
	if why == "" {
		return nil
	}
	return []string{"Atlassian's Statuspage is not told anything since " + since.UTC().Format("15:04 UTC") + "; what waits is told in order later: " + why}
}

// telling is one incident on its way to Atlassian.
type telling struct {
	*Push
	entry  *Entry
	item   Item
	states map[string]State
	notes  map[string]string // as they are
	done   map[string]string // what changed of them
	there  *incidentThere    // as it was read or answered last; nil: not read yet
}

func (s *telling) note(key, value string) {
	if s.notes == nil {
		s.notes = map[string]string{}
	}
	s.notes[key], s.done[key] = value, value
}

// deliver tells all of it, or of an incident that was deleted there what is left: how its components do. That it was deleted
// is noted when they are right and one record is at fault, so that a try which stops between is made again, and people are told.
func (s *telling) deliver(ctx context.Context, alone bool) error {
	if s.notes[noteGone] != "" {
		return s.setBack(ctx)
	}
	err := s.run(ctx)
	if !errors.Is(err, errGone) {
		return err
	}
	err = s.setBack(ctx)
	switch {
	case errors.As(err, new(follow.Unavailable)):
		return err
	case alone:
		s.note(noteGone, "yes")
	}
	if err != nil {
		return fmt.Errorf("%w; %w", errDeleted, err)
	}
	return errDeleted
}

func (s *telling) run(ctx context.Context) error {
	if s.notes[noteIncident] == "" && s.item.Window != nil && s.item.Window.From.IsZero() {
		return nil // Atlassian takes no maintenance without a time; it is told when there is one
	}
	if s.notes[noteIncident] == "" {
		there, err := s.client.find(ctx, s.entry.ID)
		if err != nil {
			return err
		}
		if there != nil {
			s.there = there
			s.note(noteIncident, there.ID)
			s.note(noteKind, s.kind())
		}
	}
	for k, u := range slices.Backward(s.item.Updates) { // oldest first
		seq := s.entry.Updates[len(s.item.Updates)-1-k].Seq
		if err := s.update(ctx, seq, u); err != nil {
			return err
		}
	}
	return s.frame(ctx)
}

// update writes one message, or its new words.
func (s *telling) update(ctx context.Context, seq uint64, u Said) error {
	key := noteUpdate + strconv.FormatUint(seq, 10)
	words := digest(u.Words)
	id, have, written := strings.Cut(s.notes[key], " ")
	switch {
	case written && have == words:
		return nil
	case written && id != "":
		if err := s.client.edit(ctx, s.notes[noteIncident], id, inert(u.Words, maxBody)); err != nil {
			return err
		}
		s.note(key, id+" "+words)
		return nil
	case written:
		s.log.Warn("an edit does not reach Atlassian's Statuspage: which message it is of is not known there", "incident", s.entry.Incident.String(), "record", seq)
		s.note(key, " "+words)
		return nil
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	body := s.body(seq, u)
	if s.there == nil || s.there.through() < seq {
		answer, err := s.client.write(ctx, s.notes[noteIncident], body)
		if err != nil {
			return err
		}
		s.there = answer
		if s.notes[noteIncident] == "" {
			s.note(noteIncident, answer.ID)
			s.note(noteKind, s.kind())
		}
		s.note(noteFrame, s.framed())
	}
	s.touch(body)
	id = ""
	if s.there.through() == seq && len(s.there.Updates) > 0 {
		id = s.there.Updates[0].ID
	}
	s.note(key, id+" "+words)
	return nil
}

// read gets the incident as it is there, unless this delivery has it already.
func (s *telling) read(ctx context.Context) error {
	if s.there != nil || s.notes[noteIncident] == "" {
		return nil
	}
	var err error
	s.there, err = s.client.get(ctx, s.notes[noteIncident])
	return err
}

// frame writes a new name or a moved window, where no message carried it.
func (s *telling) frame(ctx context.Context) error {
	want := s.framed()
	if s.notes[noteIncident] == "" || s.notes[noteFrame] == want {
		return nil
	}
	body := incidentBody{Name: inert(s.item.Title, maxName)}
	s.window(&body)
	quiet := false
	body.Notify = &quiet
	if _, err := s.client.write(ctx, s.notes[noteIncident], body); err != nil {
		return err
	}
	s.note(noteFrame, want)
	return nil
}

func (s *telling) framed() string {
	w := Window{}
	if s.item.Window != nil {
		w = *s.item.Window
	}
	return digest(fmt.Sprint(s.item.Title, stamp(w.From), stamp(w.Until)))
}

// body is what is written for a message: the incident as it is from then on.
func (s *telling) body(seq uint64, u Said) incidentBody {
	b := incidentBody{
		Name: inert(s.item.Title, maxName), Status: statusThere(u.Stage, s.kind()), Body: inert(u.Words, maxBody), Impact: impactOf(s.entry),
		Metadata: map[string]markThere{"drbot": {Entry: s.entry.ID, Through: strconv.FormatUint(seq, 10)}},
	}
	s.window(&b)
	for _, name := range templates.Touched(s.site.Components, s.entry.Touched) {
		id, ok := s.Components[name]
		if !ok {
			continue
		}
		b.ComponentIDs = append(b.ComponentIDs, id)
		if s.item.Window != nil && u.Stage == Scheduled {
			continue // Atlassian turns it when the window begins
		}
		if b.Components == nil {
			b.Components = map[string]string{}
		}
		b.Components[id] = s.states[line(name)].Name()
	}
	return b
}

// kinds of incidents there.
const (
	planned = "planned"
	atOnce  = "at once"
)

// kind is what the incident was made as there, or will be.
func (s *telling) kind() string {
	switch {
	case s.notes[noteKind] != "":
		return s.notes[noteKind]
	case s.item.Window != nil:
		return planned
	}
	return atOnce
}

// window lets Atlassian begin a maintenance at its instant; that it is completed, a person says.
func (s *telling) window(b *incidentBody) {
	if s.item.Window == nil || s.item.Window.From.IsZero() || s.kind() != planned {
		return
	}
	b.From, b.Until = stamp(s.item.Window.From), stamp(s.item.Window.Until)
	b.Begins, b.Turns = true, true
}

// statusThere is Atlassian's word for a stage. What was planned and became an incident here, or the other way round, keeps
// its kind there.
func statusThere(s Stage, kind string) string {
	switch {
	case kind == planned && (s == Resolved || s == Canceled):
		s = Completed
	case kind == planned && (s == Investigating || s == Identified || s == Monitoring):
		s = InProgress
	case kind == atOnce && (s == Completed || s == Canceled):
		s = Resolved
	case kind == atOnce && (s == Scheduled || s == InProgress):
		s = Identified
	}
	return strings.ReplaceAll(string(s), " ", "_")
}

// impactOf overrides what Atlassian would make of the components; a maintenance is one there too.
func impactOf(e *Entry) string {
	switch {
	case e.Window != nil:
		return "maintenance"
	case e.Severity == 1:
		return "critical"
	case e.Severity == 2:
		return "major"
	}
	return "minor"
}

// inert is text that Atlassian's page cannot take for markup, within a limit.
func inert(s string, limit int) string {
	s = strings.ReplaceAll(s, "<", "‹")
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit-1]) + "…"
	}
	return s
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
