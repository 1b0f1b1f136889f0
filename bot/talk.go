package bot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// metadataType marks drbot's messages, so that after a crash they are found and not posted twice (I49).
const metadataType = "drbot"

// talk is the delivery of one record: what it is about, what was posted before, what is new.
type talk struct {
	*Bot
	ctx    context.Context
	id     incident.ID // 0: the house
	record state.Record
	i      *incident.Incident // as it is now; nil for the house
	notes  map[string]string  // of earlier deliveries
	fresh  map[string]string  // of this one
	unsure bool               // an earlier call may have happened: look before posting
	facts_ *templates.Facts
}

// note gives what is known of an object.
func (t *talk) note(key string) string {
	if v, ok := t.fresh[key]; ok {
		return v
	}
	return t.notes[key]
}

func (t *talk) keep(key, value string) { t.fresh[key] = value }

// facts are read once a delivery.
func (t *talk) facts() templates.Facts {
	if t.facts_ == nil {
		f := t.Bot.facts(t.ctx, t.i)
		t.facts_ = &f
	}
	f := *t.facts_
	f.Uploaded = maps.Clone(f.Uploaded)
	if f.Uploaded == nil {
		f.Uploaded = map[string]bool{}
	}
	for note := range t.fresh {
		if key, ok := strings.CutPrefix(note, noteFile); ok {
			f.Uploaded[key] = true
		}
	}
	return f
}

// frame draws with links to what was posted, this delivery's messages included.
func (t *talk) frame() frame {
	notes := maps.Clone(t.notes)
	if notes == nil {
		notes = map[string]string{}
	}
	maps.Copy(notes, t.fresh)
	return frame{drawing: newDrawing(), link: t.linker(notes)}
}

// hash tells drawings of a message apart, whatever their block ids.
func (t *talk) hash(m templates.Message) string { return hashOf(m, t.frame()) }

func newDrawing() string { return strconv.FormatInt(time.Now().UnixNano(), 36) }

// posting is one message to be: object names it among the notes.
type posting struct {
	object    string
	channel   string
	thread    string
	broadcast bool // a reply that the channel sees too
	message   templates.Message
}

// post posts a message once. What an earlier try of this record posted is in the notes, or is found by its metadata.
func (t *talk) post(p posting) (place, error) {
	if at, ok := placeOf(t.note(p.object)); ok && at.channel == p.channel {
		return at, nil
	}
	parts := render(spoken(p.message), t.frame())
	var first place
	drawn := false
	for k, part := range parts {
		object, thread := p.object, p.thread
		if k > 0 {
			object += "#" + strconv.Itoa(k+1)
			if thread == "" {
				thread = first.ts // what does not fit goes on in the thread
			}
		}
		at, found, err := t.postPart(p, part, object, thread, k == 0 && p.broadcast)
		if err != nil {
			return place{}, err
		}
		if k == 0 {
			first, drawn = at, !found
		}
	}
	t.keep(p.object, first.String())
	t.keep(noteHash+p.object, "")
	if drawn { // else it shows what was true then
		t.keep(noteHash+p.object, t.hash(p.message))
	}
	return first, nil
}

// postPart posts a part of a message, or finds the one that an earlier try posted.
func (t *talk) postPart(p posting, part part, object, thread string, broadcast bool) (at place, found bool, err error) {
	if t.unsure {
		at, found, err := t.find(t.ctx, place{p.channel, thread}, t.mark(object), t.record.Time)
		if err != nil || found {
			return at, found, err
		}
	}
	options := []slack.MsgOption{
		slack.MsgOptionText(escape(part.text), false), slack.MsgOptionBlocks(part.blocks...),
		slack.MsgOptionMetadata(t.mark(object).metadata()), slack.MsgOptionDisableLinkUnfurl(),
	}
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	if broadcast {
		options = append(options, slack.MsgOptionBroadcast())
	}
	channel, ts, err := t.api.PostMessageContext(t.ctx, p.channel, options...)
	if err != nil {
		return place{}, false, troubled(err)
	}
	return place{channel, ts}, false, nil
}

// mark is how a message of drbot's is known again. The hash is that of its record: a record that was restored from a backup
// gives the same numbers again, and what was posted for the first ones is of another record.
type mark struct{ object, incident, seq, hash string }

func (t *talk) mark(object string) mark {
	return mark{object, t.id.String(), strconv.FormatUint(t.record.Seq, 10), t.record.Hash[:min(16, len(t.record.Hash))]}
}

func (m mark) metadata() slack.SlackMetadata {
	return slack.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"object": m.object, "incident": m.incident, "seq": m.seq, "hash": m.hash}}
}

// matches compares object and incident; the record too, where the mark has one.
func (m mark) matches(d slack.SlackMetadata) bool {
	if d.EventType != metadataType {
		return false
	}
	same := func(key, want string) bool { return fmt.Sprint(d.EventPayload[key]) == want }
	return same("object", m.object) && same("incident", m.incident) && (m.seq == "" || same("seq", m.seq)) && (m.hash == "" || same("hash", m.hash))
}

// findPages bounds a search; a channel that had more than a thousand messages since is searched no further.
const findPages = 10

// find looks for a message of ours since an instant: in a channel, or in a thread of it (in.ts).
func (b *Bot) find(ctx context.Context, in place, m mark, since time.Time) (place, bool, error) {
	me, err := b.whoami(ctx)
	if err != nil {
		return place{}, false, err
	}
	return b.search(ctx, in, since, func(message slack.Message) bool {
		return message.BotID == me.BotID && m.matches(message.Metadata)
	})
}

// search looks for the first message that is the right one since an instant: in a channel, or in a thread of it (in.ts).
func (b *Bot) search(ctx context.Context, in place, since time.Time, right func(slack.Message) bool) (_ place, found bool, err error) {
	oldest := strconv.FormatInt(since.Add(-2*time.Minute).Unix(), 10)
	cursor := ""
	for range findPages {
		var list []slack.Message
		if in.ts == "" {
			answer, err := b.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: in.channel, Oldest: oldest, Cursor: cursor, Limit: 100, IncludeAllMetadata: true,
			})
			if err != nil {
				return place{}, false, troubled(err)
			}
			list, cursor = answer.Messages, answer.ResponseMetaData.NextCursor
		} else {
			list, _, cursor, err = b.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: in.channel, Timestamp: in.ts, Oldest: oldest, Cursor: cursor, Limit: 100, IncludeAllMetadata: true,
			})
			if err != nil {
				return place{}, false, troubled(err)
			}
		}
		for _, message := range list {
			if right(message) {
				return place{in.channel, message.Timestamp}, true, nil
			}
		}
		if cursor == "" {
			break
		}
	}
	return place{}, false, nil
}

// card posts a message whose long text is attached: first the message, then the file in its thread, and only then what
// can be pressed (I3).
func (t *talk) card(object, channel, upload string, draw func(templates.Facts) templates.Message) (place, error) {
	m := draw(t.facts())
	at, err := t.post(posting{object: object, channel: channel, message: m})
	if err != nil || m.Attach == nil || t.note(noteFile+upload) != "" {
		return at, err
	}
	file, err := t.upload(t.ctx, at, m.Attach)
	if err != nil {
		return at, err
	}
	t.keep(noteFile+upload, file)
	whole := draw(t.facts())
	if err := t.redraw(t.ctx, at, whole, t.frame()); err != nil {
		return at, err
	}
	t.keep(noteHash+object, t.hash(whole))
	return at, nil
}

// upload puts a whole text into the thread of its message.
func (b *Bot) upload(ctx context.Context, at place, a *templates.Attachment) (string, error) {
	file, err := b.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Filename: a.Name, Title: a.Title, FileSize: len(a.Text), Reader: bytes.NewReader(a.Text), Channel: at.channel, ThreadTimestamp: at.ts,
	})
	if err != nil {
		return "", troubled(err)
	}
	return file.ID, nil
}

// redraw edits a message in place, always with blocks and text: without blocks Slack would delete them.
func (b *Bot) redraw(ctx context.Context, at place, m templates.Message, f frame) error {
	drawn := render(spoken(m), f)[0]
	if !rich(drawn.blocks) { // a message that had rich text must keep some (block_mismatch)
		p := &page{frame: f, parts: []part{drawn}}
		p.lines([][]templates.Span{{templates.T(" ")}})
		drawn = p.parts[0]
	}
	_, _, _, err := b.api.UpdateMessageContext(ctx, at.channel, at.ts, slack.MsgOptionText(escape(drawn.text), false), slack.MsgOptionBlocks(drawn.blocks...))
	if err != nil {
		return troubled(err)
	}
	return nil
}

// later turns a trouble into what the loop understands: tried again, or parked with what Slack said.
func later(err error) error {
	if err == nil {
		return nil
	}
	var t *trouble
	if !errors.As(err, &t) {
		return err
	}
	if t.away {
		return follow.Unavailable{RetryAfter: t.again, Err: t, NotSent: !t.unsure}
	}
	return t
}
