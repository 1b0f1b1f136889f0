package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/drbot/drbot/workspace/person"
)

// refuse is a "no" to a person, with what they read.
func refuse(code, format string, a ...any) error {
	return person.Refused{Code: code, Say: fmt.Sprintf(format, a...)}
}

// asError turns an API refusal into one for a person.
func asError(f *fail) error {
	if f == nil {
		return nil
	}
	return person.Refused{Code: f.code, Say: strings.Join(f.messages, "; ")}
}

// room is the channel that a person names, if they may see it.
func (w *Workspace) room(u *user, name string) (*channel, error) {
	ch := w.channelBy(name)
	if ch == nil {
		if other := w.userBy(name); other != nil {
			ch, _ = w.dm(u.ID, other.ID)
		}
	}
	if ch == nil || !ch.visible(u.ID) {
		return nil, refuse("channel_not_found", "no channel %q", name)
	}
	return ch, nil
}

// desk is a room in which the person may write.
func (w *Workspace) desk(u *user, name string) (*channel, error) {
	ch, err := w.room(u, name)
	switch {
	case err != nil:
		return nil, err
	case ch.archived:
		return nil, refuse("is_archived", "#%s is archived", ch.name)
	case !ch.has(u.ID):
		return nil, refuse("not_in_channel", "Join #%s first.", ch.name)
	}
	return ch, nil
}

var (
	typedUser    = regexp.MustCompile(`(^|[\s(,])@([\p{L}\p{N}._-]*[\p{L}\p{N}_-])`)
	typedChannel = regexp.MustCompile(`(^|[\s(,])#([\p{L}\p{N}_-]+)`)
	typedURL     = regexp.MustCompile(`\bhttps?://[^\s<>|]+`)
)

// typed turns what a person types into Slack's form: & < > escaped, links in
// angle brackets, @name and #channel as references. command adds the names, as
// should_escape commands have them.
func (w *Workspace) typed(s string, command bool) string {
	s = escapes.Replace(s)
	s = typedURL.ReplaceAllString(s, "<$0>")
	s = typedUser.ReplaceAllStringFunc(s, func(m string) string {
		i := strings.IndexByte(m, '@')
		name := m[i+1:]
		if !command && slices.Contains([]string{"channel", "here", "everyone"}, name) {
			return m[:i] + "<!" + name + ">"
		}
		for _, g := range w.groups {
			if g.Handle == name {
				return m[:i] + "<!subteam^" + g.ID + "|@" + g.Handle + ">"
			}
		}
		u := w.userBy(name)
		switch {
		case u == nil:
			return m
		case command:
			return m[:i] + "<@" + u.ID + "|" + u.Name + ">"
		}
		return m[:i] + "<@" + u.ID + ">"
	})
	return typedChannel.ReplaceAllStringFunc(s, func(m string) string {
		i := strings.IndexByte(m, '#')
		ch := w.named(m[i+1:])
		if ch == nil {
			return m
		}
		return m[:i] + "<#" + ch.id + "|" + ch.name + ">"
	})
}

// shownName is a channel's name in payloads; Slack hides that of private ones.
func shownName(ch *channel) string {
	switch ch.kind {
	case "im":
		return "directmessage"
	case "private":
		return "privategroup"
	}
	return ch.name
}

// command types a slash command and waits for the app's acknowledgement.
func (w *Workspace) command(u *user, channel, thread, line string) (person.Reply, error) {
	line = strings.TrimSpace(line)
	name, text, _ := strings.Cut(line, " ")
	w.mu.Lock()
	ch, err := w.desk(u, channel)
	switch {
	case err != nil:
	case !slices.Contains(w.opt.Commands, name):
		err = refuse("invalid_command", "%s is not a valid command.", name)
	case thread != "":
		err = refuse("not_in_thread", "%s is not supported in threads. Sorry!", name)
	}
	if err != nil {
		w.mu.Unlock()
		return person.Reply{}, err
	}
	id := w.newHook(ch.id, u.ID, "", "")
	h := w.hooks[id]
	payload, _ := json.Marshal(obj{
		"token": "verification", "team_id": TeamID, "team_domain": domain, "channel_id": ch.id, "channel_name": shownName(ch),
		"user_id": u.ID, "user_name": u.Name, "command": name, "text": w.typed(strings.TrimSpace(text), true), "api_app_id": AppID,
		"is_enterprise_install": "false", "response_url": w.hookURL(id), "trigger_id": w.newTrigger(u.ID),
	})
	w.mu.Unlock()
	raw, derr := w.deliver(kindSlash, name, payload)
	w.mu.Lock()
	defer w.mu.Unlock()
	reply := person.Reply{Channel: ch.id}
	if derr != nil {
		reply.Say = fmt.Sprintf("%s failed with the error \"dispatch_failed\"", name)
		if errors.Is(derr, errNoAck) || strings.HasPrefix(derr.Error(), "http_timeout") {
			reply.Say = fmt.Sprintf("%s failed because the app did not respond. (operation_timeout)", name)
		}
		m := &message{user: "USLACKBOT", text: reply.Say, only: u.ID, subtype: "slackbot_response"}
		w.publish(ch, m, false)
		reply.TS, reply.Seq = m.ts, w.journal.seq
		return reply, nil
	}
	w.commandAnswer(&reply, ch, h, parseAck(raw), name)
	reply.Seq = w.journal.seq
	return reply, nil
}

func (w *Workspace) commandAnswer(reply *person.Reply, ch *channel, h *hook, body obj, name string) {
	if body == nil || (body["text"] == nil && body["blocks"] == nil && body["attachments"] == nil) {
		return
	}
	m, bad := w.answer(ch, h, body, false)
	if bad != nil {
		reply.Say = fmt.Sprintf("%s failed with the error %q", name, bad.code)
		w.log.Warn("command answer refused", "command", name, "error", bad.code, "messages", bad.messages)
		return
	}
	reply.TS, reply.Text = m.ts, w.plainOf(m.text, m.blocks)
}

func (w *Workspace) wireActor(u *user) obj {
	return obj{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID}
}

// envelope is what every interaction has.
func (w *Workspace) interaction(kind string, u *user) obj {
	return obj{
		"type": kind, "token": "verification", "api_app_id": AppID, "team": obj{"id": TeamID, "domain": domain}, "user": w.wireActor(u),
		"enterprise": nil, "is_enterprise_install": false,
	}
}

// shortcut runs a global shortcut, or with a message a message shortcut.
func (w *Workspace) shortcut(u *user, callback, channel, ts string) (person.Reply, error) {
	w.mu.Lock()
	kind := "shortcut"
	if ts != "" {
		kind = "message_action"
	}
	o := w.interaction(kind, u)
	o["callback_id"], o["trigger_id"], o["action_ts"] = callback, w.newTrigger(u.ID), w.stamp()
	if ts != "" {
		ch, err := w.room(u, channel)
		var m *message
		if err == nil {
			if m = ch.find(ts); m == nil {
				err = refuse("message_not_found", "no such message")
			}
		}
		if err != nil {
			w.mu.Unlock()
			return person.Reply{}, err
		}
		o["channel"], o["message"], o["message_ts"] = obj{"id": ch.id, "name": shownName(ch)}, w.wire(m, true), m.ts
		o["response_url"] = w.hookURL(w.newHook(ch.id, u.ID, "", m.thread))
	}
	payload, _ := json.Marshal(o)
	w.mu.Unlock()
	_, err := w.deliver(kindInteractive, kind, payload)
	return w.after3s(err), nil
}

// after3s is what a person sees when an interaction was not acknowledged.
func (w *Workspace) after3s(err error) person.Reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := person.Reply{Seq: w.journal.seq}
	if err != nil {
		r.Say = "The app did not respond. Try again. (" + err.Error() + ")"
	}
	return r
}
