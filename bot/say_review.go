package bot

import (
	"strconv"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// resolutionKey names the message of a resolution; one after a reopening is another message.
func resolutionKey(i *incident.Incident) string {
	if i.Reopened == 0 {
		return "resolution"
	}
	return "resolution/" + strconv.Itoa(i.Reopened+1)
}

// noteHead keeps the head that a resolution showed, for its redraws: "head/resolution" -> "1234:<hash>".
const noteHead = "head/"

// review puts the draft of the review into the thread of the resolution, and then links it from there. The thread is in the
// incident's own channel, so a restricted incident's draft stays private. A file may come twice (I49).
func (t *talk) review() error {
	key := resolutionKey(t.i)
	at, ok := placeOf(t.note(key))
	if !ok || t.Review == nil || !t.usable() || at.channel != t.i.Channel.ID {
		return nil
	}
	object := templates.ReviewKey(t.i)
	if t.note(noteFile+object) == "" {
		draft, err := t.Review(t.ctx, t.id, t.record.Seq)
		if err != nil {
			return err
		}
		if _, err := t.post(posting{object: object, channel: at.channel, thread: at.ts, message: templates.ReviewReady(t.i)}); err != nil {
			return t.channelTrouble(err)
		}
		file, err := t.upload(t.ctx, at, &templates.Attachment{Name: templates.ReviewFile(t.i), Title: templates.ReviewFile(t.i), Text: draft})
		if err != nil {
			return t.channelTrouble(err)
		}
		t.keep(noteFile+object, file)
	}
	f := t.facts()
	f.Head = t.note(noteHead + key)
	return t.channelTrouble(t.redraw(t.ctx, at, templates.Resolution(t.i, f), t.frame()))
}

// reopened calls everybody who read of the end: an edit calls nobody. It says on the resolution that it holds no more, and
// takes its button away; what it said stays.
func (t *talk) reopened(e incident.Reopened) error {
	t.catchUpSoon() // nobody looked for 📌 in a channel whose incident was closed
	if err := t.goesOn(e); err != nil {
		return err
	}
	then := incident.New(t.id)
	for r, err := range t.Memory.Records(t.ctx, t.id, 0) {
		if err != nil {
			return err
		}
		if r.Seq >= t.record.Seq {
			break
		}
		e, err := r.Event()
		if err != nil {
			return err
		}
		then.Apply(r.Stamp(), e)
	}
	key := resolutionKey(then)
	at, ok := placeOf(t.note(key))
	if !ok || !t.usable() || at.channel != t.i.Channel.ID {
		return nil
	}
	f := t.facts()
	f.Head = t.note(noteHead + key)
	return t.channelTrouble(t.redraw(t.ctx, at, templates.Undone(then, e, t.record.Time, f), t.frame()))
}
