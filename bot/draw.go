package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

const (
	noteHash  = "hash/" // of what a message shows, by object
	noteTopic = "topic" // channel=text
	drawWait  = 30 * time.Second
	sayWait   = 20 * time.Second
	sayPoll   = 25 * time.Millisecond
	drawNews  = 100 * time.Millisecond
)

// drawer redraws what is there: always from the head of the fold, most urgent first, within one budget for the
// workspace. What waits is a set, so the last state wins. The cursor moves only when everything that a record changed
// is drawn; the set itself may be lost with the process.
type drawer struct {
	*Bot
	mu    sync.Mutex
	dirty map[item]*wish
	shown map[item]shownAs

	closing map[item]bool                     // of what waits: it shows the end of its run
	moved   map[incident.ID]map[string]string // notes that the next delivery of the incident saves
	wake    chan struct{}
}

// item is one message.
type item struct {
	id     incident.ID
	object string
}

// wish is an item that waits for its redraw, and who waits with it.
type wish struct {
	since   time.Time
	urgency int
	waiters []chan error
}

type shownAs struct {
	hash string
	at   time.Time
}

func newDrawer(b *Bot) *drawer {
	return &drawer{Bot: b, dirty: map[item]*wish{}, shown: map[item]shownAs{}, closing: map[item]bool{}, moved: map[incident.ID]map[string]string{}, wake: make(chan struct{}, 1)}
}

// silent kinds change nothing that a card shows; they are the busiest.
var silent = []string{
	incident.Noted{}.EventKind(), incident.Pinned{}.EventKind(), incident.PinStays{}.EventKind(), incident.PinEdited{}.EventKind(), incident.Unpinned{}.EventKind(),
	incident.Refused{}.EventKind(), incident.ConfigLoaded{}.EventKind(), incident.HeadPosted{}.EventKind(),
	incident.ScriptRan{}.EventKind(), incident.ProcedureRan{}.EventKind(),
}

func (d *drawer) Name() string           { return Draw }
func (d *drawer) Wants(kind string) bool { return !slices.Contains(silent, kind) }

// Deliver waits until everything that differs from what is shown is drawn.
func (d *drawer) Deliver(ctx context.Context, batch follow.Batch) (follow.Done, error) {
	last := batch.Records[len(batch.Records)-1].Seq
	if err := d.awaitSay(ctx, batch.Incident, last); err != nil {
		return follow.Done{}, err
	}
	if batch.Incident == 0 {
		err := d.house(ctx, batch)
		return follow.Done{Notes: d.takeMoved(0)}, later(err)
	}
	err := d.drawAll(ctx, batch.Incident)
	return follow.Done{Notes: d.takeMoved(batch.Incident)}, later(err)
}

// awaitSay lets say go first: what it posts for these records is drawn by it, and a card without a place would be
// missed.
func (d *drawer) awaitSay(ctx context.Context, id incident.ID, seq uint64) error {
	until := time.Now().Add(sayWait)
	for {
		cursor, err := d.Memory.Cursor(ctx, Say, id)
		if err != nil {
			return err
		}
		if cursor.Through >= seq || !d.sayWants(ctx, id, cursor.Through, seq) {
			return nil
		}
		if time.Now().After(until) {
			return follow.Unavailable{Err: errors.New("the messages are not posted yet"), NotSent: true}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sayPoll):
		}
	}
}

// sayWants reports whether say still has something to post up to a record.
func (d *drawer) sayWants(ctx context.Context, id incident.ID, after, seq uint64) bool {
	for r, err := range d.Memory.Records(ctx, id, after) {
		if err != nil || r.Seq > seq {
			return false
		}
		if (sayer{}).Wants(r.Kind) {
			return true
		}
	}
	return false
}

// house redraws acceptance cards, and with the stop switch the cards of every open incident, on which it stands.
func (d *drawer) house(ctx context.Context, batch follow.Batch) error {
	var frozen, lock bool
	for _, r := range batch.Records {
		switch r.Kind {
		case incident.Redacted{}.EventKind():
			if err := d.redacted(ctx, r); err != nil {
				return err
			}
		case incident.Frozen{}.EventKind(), incident.Thawed{}.EventKind(), incident.AttemptFound{}.EventKind():
			frozen = true
		case incident.RunbookLoaded{}.EventKind(), incident.LockAccepted{}.EventKind():
			lock = true
		}
	}
	if frozen {
		if err := d.refresh(ctx); err != nil {
			return err
		}
	}
	if !lock {
		return nil
	}
	return d.drawAll(ctx, 0)
}

// redacted draws the messages of an incident without the words that are gone from its record (I42).
func (d *drawer) redacted(ctx context.Context, r state.Record) error {
	e, err := r.Event()
	if err != nil {
		return err
	}
	if of := e.(incident.Redacted).Incident; of != 0 {
		return d.drawAll(ctx, of)
	}
	return nil
}

// refresh draws what changed outside of the incidents themselves, and does not wait for it.
func (d *drawer) refresh(ctx context.Context) error {
	open, err := d.Memory.List(ctx, state.Query{Open: true})
	if err != nil {
		return err
	}
	for _, summary := range open {
		changed, err := d.changed(ctx, summary.ID)
		if err != nil {
			return err
		}
		d.want(summary.ID, changed, nil)
	}
	return nil
}

// drawAll asks for every redraw of an incident and waits.
func (d *drawer) drawAll(ctx context.Context, id incident.ID) error {
	changed, err := d.changed(ctx, id)
	if err != nil || len(changed) == 0 {
		return err
	}
	drawn := make(chan error, len(changed))
	d.want(id, changed, drawn)
	timeout := time.NewTimer(drawWait)
	defer timeout.Stop()
	news := time.NewTicker(drawNews)
	defer news.Stop()
	var trouble error
	var seen uint64
	for left := len(changed); left > 0; {
		select {
		case err := <-drawn:
			trouble = errors.Join(trouble, err)
			left--
		case <-news.C:
			seen = d.news(ctx, id, seen)
		case <-timeout.C:
			return follow.Unavailable{Err: errors.New("redraws wait for their turn"), NotSent: true}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return trouble
}

// news puts what newer records have changed among what waits, although this delivery has not ended: an approval that was
// given, or the end of a run, must not wait until the least urgent message of an older record had its turn. Those records
// are delivered later, and what is still to draw then is waited for as ever. It gives the newest record that it saw.
func (d *drawer) news(ctx context.Context, id incident.ID, seen uint64) uint64 {
	if id == 0 {
		return seen
	}
	i, err := d.Memory.Incident(ctx, state.Ref{ID: id})
	if err != nil || i.Seq == seen {
		return seen
	}
	if changed, err := d.changed(ctx, id); err == nil && len(changed) > 0 {
		d.want(id, changed, nil)
	}
	return i.Seq
}

// want puts messages among those that wait, all at once, so that the most urgent of them is the first.
func (d *drawer) want(id incident.ID, objects []string, waiter chan error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, object := range objects {
		it := item{id, object}
		w := d.dirty[it]
		if w == nil {
			w = &wish{since: time.Now()}
			d.dirty[it] = w
		}
		if w.urgency = urgency(object); d.closing[it] {
			w.urgency = min(w.urgency, urgentEnd)
		}
		if waiter != nil {
			w.waiters = append(w.waiters, waiter)
		}
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// changed lists the messages of an incident that would look different now.
func (d *drawer) changed(ctx context.Context, id incident.ID) ([]string, error) {
	scene, err := d.scene(ctx, id)
	if err != nil {
		return nil, err
	}
	var objects []string
	for _, object := range scene.objects() {
		m, _, ok := scene.message(object)
		if ok && scene.hash(m) != d.known(item{id, object}, scene.notes) {
			objects = append(objects, object)
			d.closes(item{id, object}, scene.ended(object))
		}
	}
	if topic := scene.topic(); topic != "" && topic != d.known(item{id, noteTopic}, nil) && topic != scene.notes[noteTopic] {
		objects = append(objects, noteTopic)
	}
	return objects, nil
}

// closes remembers that a message shows the end of its run. Nothing else says it, and everybody waits for it: it comes as
// soon as a failure does.
func (d *drawer) closes(it item, ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ended {
		d.closing[it] = true
	} else {
		delete(d.closing, it)
	}
}

// known is what a message shows: as drawn by this process, else as the notes say.
func (d *drawer) known(it item, notes map[string]string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.shown[it]; ok {
		return s.hash
	}
	return notes[noteHash+it.object]
}

// Forgotten are the notes of a follower without what its messages show: after a record was restored nobody knows that, so
// each is drawn again. Where they stand is as it was.
func Forgotten(notes map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range notes {
		if !strings.HasPrefix(key, noteHash) && key != noteTopic {
			kept[key] = value
		}
	}
	return kept
}

// hashOf tells drawings apart by what they show.
func hashOf(m templates.Message, f frame) string {
	f.drawing = ""
	part := render(spoken(m), f)[0]
	encoded, err := json.Marshal(struct {
		Text   string
		Blocks any
	}{part.text, part.blocks})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// noteMoved keeps a note for the next delivery.
func (d *drawer) noteMoved(it item, notes map[string]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.moved[it.id] == nil {
		d.moved[it.id] = map[string]string{}
	}
	for key, value := range notes {
		d.moved[it.id][key] = value
	}
}

func (d *drawer) takeMoved(id incident.ID) map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	notes := d.moved[id]
	delete(d.moved, id)
	return notes
}

// lose reports that an incident's channel cannot be drawn in any more.
func (d *drawer) lose(ctx context.Context, i *incident.Incident, at place, why string) error {
	if at.channel != i.Channel.ID || d.cameBack(ctx, at.channel) {
		return nil
	}
	return d.outcome(ctx, commands.LoseChannel{Incident: i.ID, Channel: at.channel, Why: why}, []string{Draw + "/" + at.channel + "/lost/" + strings.ReplaceAll(why, " ", "-")}, time.Hour)
}
