package workspace

import (
	"slices"
	"strings"
)

// subscribed says whether the app asked for an event. Message events are
// subscribed by the kind of channel, as "message.groups".
func (w *Workspace) subscribed(event obj) bool {
	if w.opt.Events == nil {
		return true
	}
	kind, _ := event["type"].(string)
	if kind == "message" {
		t, _ := event["channel_type"].(string)
		kind = "message." + map[string]string{"channel": "channels", "group": "groups", "im": "im"}[t]
	}
	return slices.Contains(w.opt.Events, kind)
}

// emitIn sends an event of a channel, which an app gets where it is a member.
func (w *Workspace) emitIn(ch *channel, event obj) {
	if ch.has(w.botUser) {
		w.emit(event)
	}
}

// emitMessage sends the message event, and app_mention where a person names
// the app.
func (w *Workspace) emitMessage(ch *channel, m *message) {
	o := w.wire(m, true)
	o["channel"], o["channel_type"], o["event_ts"] = ch.id, channelType(ch), m.ts
	w.emitIn(ch, o)
	if m.user != w.botUser && m.subtype == "" && strings.Contains(m.text, "<@"+w.botUser) {
		mention := obj{"type": "app_mention", "user": m.user, "text": m.text, "ts": m.ts, "channel": ch.id, "event_ts": m.ts, "team": TeamID}
		if m.thread != "" {
			mention["thread_ts"] = m.thread
		}
		if len(m.blocks) > 0 {
			mention["blocks"] = m.blocks
		}
		w.emitIn(ch, mention)
	}
}

// emitMember sends member_joined_channel or member_left_channel. Where the app
// itself leaves it still hears of it.
func (w *Workspace) emitMember(kind string, ch *channel, user, inviter string) {
	t := "C"
	if ch.kind == "private" {
		t = "G"
	}
	o := obj{"type": kind, "user": user, "channel": ch.id, "channel_type": t, "team": TeamID}
	if inviter != "" {
		o["inviter"] = inviter
	}
	if user == w.botUser {
		w.emit(o)
		return
	}
	w.emitIn(ch, o)
}

// emitChannel sends channel_archive and its like; private channels have the
// group_ names.
func (w *Workspace) emitChannel(what string, ch *channel, user string) {
	kind := "channel_" + what
	if ch.kind == "private" {
		kind = "group_" + what
	}
	o := obj{"type": kind, "channel": ch.id}
	if user != "" {
		o["user"] = user
	}
	if what == "rename" {
		o = obj{"type": kind, "channel": obj{"id": ch.id, "name": ch.name, "name_normalized": ch.name, "created": ch.created, "is_channel": ch.kind == "public"}}
	}
	if ch.kind == "public" {
		w.emit(o)
		return
	}
	w.emitIn(ch, o)
}

func (w *Workspace) emitPin(kind string, ch *channel, m *message, by string) {
	w.emitIn(ch, obj{
		"type": kind, "user": by, "channel_id": ch.id, "has_pins": len(ch.pins) > 0, "pin_count": len(ch.pins),
		"item": obj{"type": "message", "channel": ch.id, "created": w.now().Unix(), "created_by": by, "message": w.wire(m, false)},
	})
}

func (w *Workspace) emitReaction(kind string, ch *channel, m *message, by, name string) {
	w.emitIn(ch, obj{
		"type": kind, "user": by, "reaction": name, "item_user": m.user,
		"item": obj{"type": "message", "channel": ch.id, "ts": m.ts},
	})
}
