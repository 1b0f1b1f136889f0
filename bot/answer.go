package bot

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

const (
	// patience is how long an answer may take before Slack has told the person that drbot did not respond (3 s).
	patience = 2700 * time.Millisecond
	// formPatience is what is left of the trigger's three seconds for views.open.
	formPatience = 2 * time.Second
	// commitPatience bounds one command; what is not kept by then was not done.
	commitPatience = 10 * time.Second
	// maxAck: Slack drops acknowledgements of 20,480 bytes and more on a socket.
	maxAck = 18_000
	// hookLife is how long a response_url works.
	hookLife = 29 * time.Minute
)

// answer is what a door sends back at once, and what follows it.
type answer struct {
	body any // JSON; nil is an empty acknowledgement
	then func(context.Context)
}

// receipt is how a delivery is known again.
type receipt struct {
	keys []string
	keep time.Duration
	at   time.Time // when it arrived, by the machine's own clock
}

func (r receipt) late() bool { return time.Since(r.at) > patience }

// caller is where an answer can go.
type caller struct {
	user, channel, hook, trigger string
	replace                      bool // the answer takes the place of the ephemeral message that was pressed
}

// handle carries a command out. The person's waiting does not bound it: what was begun is finished.
func (b *Bot) handle(ctx context.Context, c commands.Command) (commands.Reply, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitPatience)
	defer cancel()
	reply, err := b.Handler.Handle(ctx, c)
	if err != nil {
		b.health.count("not recorded")
		b.Log.Error("command was not recorded", "command", c.Verb, "error", err)
	}
	return reply, err
}

// ephemeral is the JSON that answers one person.
func ephemeral(p part, replace bool) map[string]any {
	m := map[string]any{"response_type": "ephemeral", "text": escape(p.text)}
	if len(p.blocks) > 0 {
		m["blocks"] = p.blocks
	}
	if replace {
		m["replace_original"] = true
	}
	return m
}

// escape makes a text for notifications inert (docs.slack.dev/messaging/formatting-message-text).
func escape(s string) string { return slackutilsx.EscapeMessage(cut(clean(s), maxFallback)) }

// replied turns a Reply into an answer by response_url or, for a form, views.open.
func (b *Bot) replied(reply commands.Reply, err error, c commands.Command, to caller) answer {
	switch {
	case err != nil:
		return answer{then: func(ctx context.Context) { b.respond(ctx, to, sayNotRecorded(err, b.Incident), 0) }}
	case reply.Form != nil:
		return answer{then: func(ctx context.Context) { b.openForm(ctx, reply, c, to) }}
	case reply.Say.Empty():
		return answer{}
	}
	reply, known := b.withOutput(b.ctx, reply)
	a := answer{then: func(ctx context.Context) { b.respond(ctx, to, reply.Say, reply.ID) }}
	if !known {
		a = b.followed(a, reply, to)
	}
	return a
}

// respond tells one person, by response_url where there is one, else in the channel for their eyes, else in a direct
// message.
func (b *Bot) respond(ctx context.Context, to caller, m templates.Message, id incident.ID) {
	if m.Empty() {
		return
	}
	for k, p := range render(spoken(m), b.frame(ctx, id)) {
		if err := b.respondPart(ctx, to, p, to.replace && k == 0); err != nil {
			b.health.count("answer lost")
			b.Log.Warn("an answer did not reach its person", "user", to.user, "error", err)
			return
		}
	}
}

func (b *Bot) respondPart(ctx context.Context, to caller, p part, replace bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	content := []slack.MsgOption{slack.MsgOptionText(escape(p.text), false), slack.MsgOptionBlocks(p.blocks...)}
	if to.hook != "" {
		options := append(content, slack.MsgOptionResponseURL(to.hook, slack.ResponseTypeEphemeral))
		if replace {
			options = append(options, slack.MsgOptionReplaceOriginal(to.hook))
		}
		if _, _, err := b.api.PostMessageContext(ctx, "", options...); err == nil || to.user == "" {
			return err
		}
	}
	if to.channel != "" && to.channel[0] != 'D' {
		if _, err := b.api.PostEphemeralContext(ctx, to.channel, to.user, content...); err == nil {
			return nil
		}
	}
	if to.user == "" {
		return nil
	}
	channel, err := b.direct(ctx, to.user)
	if err != nil {
		return err
	}
	_, _, err = b.api.PostMessageContext(ctx, channel, content...)
	return err
}

// direct opens the direct message with a user.
func (b *Bot) direct(ctx context.Context, user string) (string, error) {
	channel, _, _, err := b.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}, ReturnIM: false})
	if err != nil {
		return "", err
	}
	return channel.ID, nil
}

// openForm opens a form with the trigger of what was just done. It is no effect and is not recorded; when it fails the
// person gets the one line that does the same.
func (b *Bot) openForm(ctx context.Context, reply commands.Reply, c commands.Command, to caller) {
	form := *reply.Form
	within, cancel := context.WithTimeout(ctx, formPatience)
	defer cancel()
	view := modal(form, slip{Channel: c.Channel, Link: c.Link}, b.frame(within, 0))
	_, err := b.api.OpenViewContext(within, to.trigger, view)
	if err == nil {
		if form.ID != "" {
			b.fillForm(ctx, c.Channel, form.ID, reply.Form)
		}
		return
	}
	b.health.count("form not opened")
	b.Log.Warn("form did not open", "command", form.Verb, "error", troubled(err))
	if reply.Say.Empty() {
		reply.Say = sayNoForm(b.typed(form.Verb))
	} else if c.Verb == "recover plan" && form.Verb != c.Verb {
		reply.Say.Text += "\n" + noPlanForm(b.Recover) // what it says is of the plan
	}
	b.respond(ctx, to, reply.Say, reply.ID)
}

// frame is how the messages of an incident are drawn now.
func (b *Bot) frame(ctx context.Context, id incident.ID) frame {
	f := frame{drawing: strconv.FormatInt(time.Now().UnixNano(), 36)}
	if id == 0 {
		return f
	}
	link := sync.OnceValue(func() func(string) string { // most answers have no link
		cursor, err := b.Memory.Cursor(ctx, Say, id)
		if err != nil {
			return func(string) string { return "" }
		}
		return b.linker(cursor.Notes)
	})
	f.link = func(object string) string { return link()(object) }
	return f
}

// linker finds the address of an object's message among the notes of say.
func (b *Bot) linker(notes map[string]string) func(string) string {
	return func(object string) string {
		if strings.HasPrefix(object, outputPrefix) {
			return notes[object] // an address already
		}
		at, ok := placeOf(notes[object])
		if !ok {
			return ""
		}
		return b.permalink(at)
	}
}

// lateAnswers remembers where "Its channel follows" can be replaced by the channel. It is a nicety and lives in memory.
type lateAnswers struct {
	mu   sync.Mutex
	hook map[incident.ID]lateAnswer
}

type lateAnswer struct {
	to    caller
	until time.Time
}

const maxLate = 200

func (l *lateAnswers) keep(id incident.ID, to caller, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hook == nil {
		l.hook = map[incident.ID]lateAnswer{}
	}
	for old, a := range l.hook {
		if now.After(a.until) || len(l.hook) >= maxLate {
			delete(l.hook, old)
		}
	}
	l.hook[id] = lateAnswer{to: to, until: now.Add(hookLife)}
}

// take gives the address once.
func (l *lateAnswers) take(id incident.ID, now time.Time) (caller, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.hook[id]
	delete(l.hook, id)
	return a.to, ok && now.Before(a.until)
}

// small reports whether an acknowledgement fits on a socket.
func small(body any) bool {
	encoded, err := json.Marshal(body)
	return err == nil && len(encoded) < maxAck
}
