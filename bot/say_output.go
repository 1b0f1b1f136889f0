package bot

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// Outputs gives what steps printed, redacted. The runner has them.
type Outputs interface {
	// Document is the whole output of an attempt, neutralised where it is text; of more than limit bytes the first and the
	// last part (cut). An output that is not there is fs.ErrNotExist.
	Document(attempt string, limit int64) (body []byte, text, cut bool, err error)
}

// outputPrefix begins the objects of output files, whose notes are addresses.
const outputPrefix = "output/"

// maxOutput bounds the file of one output. Slack takes 1 GB; this is what a phone still opens, and what drbot holds in
// memory at once. The terminal shows the rest.
const maxOutput = 10 << 20

// uploadPatience bounds one upload: its bytes may take longer than any other call.
const uploadPatience = 100 * time.Second

// output puts what an attempt printed into the thread of the run's card, once it ended: always where the lock says so, and
// otherwise where messages do not quote all of it. An attempt that has another one after it is no more spoken of.
func (t *talk) output(e incident.StepEnded) error {
	r := t.i.Run(e.Run)
	if r == nil || r.Step(e.Step) == nil || r.Step(e.Step).Attempt != e.Attempt || !t.usable() {
		return nil
	}
	s := r.Step(e.Step)
	p, body := t.printed(r, s)
	if len(body) == 0 || t.note(noteFile+p.Key) != "" {
		return nil
	}
	file, err := t.attach(t.ctx, t.i, p, body, t.runPlace(r), t.record.Time)
	if err != nil {
		return t.channelTrouble(err)
	}
	t.keep(noteFile+p.Key, file.ID)
	t.keep(p.Key, file.Permalink)
	return t.linkOutput(r, s, e)
}

// linkOutput shows the file on the message of the failure, which is there already: people are called before a file is sent.
func (t *talk) linkOutput(r *incident.Run, s *incident.Step, e incident.StepEnded) error {
	key := failKey(r, s.ID, e.Attempt)
	at, ok := placeOf(t.note(key))
	if !ok || s.State != incident.StepFailed || at.channel != t.i.Channel.ID {
		return nil
	}
	m := templates.Failure(t.i, r, s, t.facts())
	err := t.redraw(t.ctx, at, m, t.frame())
	if is(err, "message_not_found", "edit_window_closed", "cant_update_message") {
		return nil // draw posts it anew
	}
	if err == nil {
		t.keep(noteHash+key, t.hash(m))
	}
	return t.channelTrouble(err)
}

// printed is what the newest attempt of a step printed, where a file of it belongs into the chat; empty otherwise. What
// cannot be read from the disk is no reason to hold up what comes after.
func (b *Bot) printed(r *incident.Run, s *incident.Step) (templates.Printed, []byte) {
	p := templates.PrintedBy(r, s)
	if b.Outputs == nil || s.Output == incident.OutputNone || s.Attempt == "" || s.Bytes == 0 || s.State.Active() {
		return p, nil
	}
	body, text, cut, err := b.Outputs.Document(s.Attempt, maxOutput)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			b.Log.Warn("an output was not read", "step", s.Attempt, "error", err)
		}
		return p, nil
	}
	if p.Cut = cut; !text && p.NoText == "" {
		p.NoText = "not known" // it ended under a release that did not look
	}
	if p.NoText == "" && !p.File && templates.FitsCard(string(body)) {
		return p, nil
	}
	return p, body
}

// runPlace is where the run's card stands; without one, or with one in a channel that the incident has left, the incident's
// channel.
func (t *talk) runPlace(r *incident.Run) place {
	return t.Bot.runPlace(t.ctx, t.i, r, t.note(r.Name()))
}

func (b *Bot) runPlace(ctx context.Context, i *incident.Incident, r *incident.Run, noted string) place {
	if notes, err := b.notesOf(ctx, i.ID); err == nil && notes[r.Name()] != "" {
		noted = notes[r.Name()] // draw may have posted it anew
	}
	if at, ok := placeOf(noted); ok && at.channel == i.Channel.ID {
		return at
	}
	return place{channel: i.Channel.ID}
}

// attaching keeps two from sending the same file at once: the one that follows the record, and the one that was asked for it.
type attaching [32]sync.Mutex

func (a *attaching) of(name string) *sync.Mutex {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return &a[h.Sum32()%uint32(len(a))]
}

// attach sends an output's file into a thread, or finds it there by its name: it is sent once, whoever was stopped before it
// could be noted (I49).
func (b *Bot) attach(ctx context.Context, i *incident.Incident, p templates.Printed, body []byte, at place, since time.Time) (slack.File, error) {
	one := b.uploads.of(p.Name())
	one.Lock()
	defer one.Unlock()
	file, found, err := b.findFile(ctx, at, p.Name(), since)
	if is(err, "thread_not_found") {
		at.ts = ""
		file, found, err = b.findFile(ctx, at, p.Name(), since)
	}
	if err != nil || found {
		return file, err
	}
	within, cancel := context.WithTimeout(ctx, uploadPatience)
	defer cancel()
	params := slack.UploadFileParameters{
		Filename: p.Name(), Title: p.Name(), FileSize: len(body), Reader: bytes.NewReader(body), Channel: at.channel, ThreadTimestamp: at.ts,
		InitialComment: escape(templates.OutputFile(i, p)),
	}
	sent, err := b.files.UploadFileContext(within, params)
	if is(err, "invalid_thread_ts", "thread_not_found") { // somebody deleted the card
		params.Reader, params.ThreadTimestamp = bytes.NewReader(body), ""
		sent, err = b.files.UploadFileContext(within, params)
	}
	if err != nil {
		return slack.File{}, troubled(err)
	}
	file = slack.File{ID: sent.ID}
	if full, _, _, err := b.api.GetFileInfoContext(ctx, sent.ID, 0, 0); err == nil {
		file.Permalink = full.Permalink
	} else {
		file.Permalink = b.permalink(at) // the thread that it is in
	}
	return file, nil
}

// findFile looks for a file of ours by its name since an instant, in a channel or in a thread of it.
func (b *Bot) findFile(ctx context.Context, in place, name string, since time.Time) (slack.File, bool, error) {
	me, err := b.whoami(ctx)
	if err != nil {
		return slack.File{}, false, err
	}
	var file slack.File
	_, found, err := b.search(ctx, in, since, func(m slack.Message) bool {
		n := slices.IndexFunc(m.Files, func(f slack.File) bool { return f.Name == name })
		if n < 0 || m.BotID != me.BotID && m.User != me.UserID {
			return false
		}
		file = m.Files[n]
		return true
	})
	return file, found, err
}

// outputFor finds the file of an output for somebody who asked for it, and sends it where it is not there yet.
func (b *Bot) outputFor(ctx context.Context, i *incident.Incident, key string) (link string, err error) {
	r, s := outputStep(i, key)
	if s == nil || i.Channel.ID == "" || i.Channel.Lost != "" {
		return "", nil
	}
	p, body := b.printed(r, s)
	if len(body) == 0 {
		return "", nil
	}
	file, err := b.attach(ctx, i, p, body, b.runPlace(ctx, i, r, ""), s.EndedAt)
	return file.Permalink, err
}

// outputStep finds the step whose newest output a key names.
func outputStep(i *incident.Incident, key string) (*incident.Run, *incident.Step) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 {
		return nil, nil
	}
	for _, r := range i.Runs {
		if s := r.Step(parts[2]); r.Name() == parts[1] && s != nil && templates.OutputKey(r, s) == key {
			return r, s
		}
	}
	return nil, nil
}
