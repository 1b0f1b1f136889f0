package workspace

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxPostText   = 40000 // cut there by chat.postMessage
	maxUpdateText = 4000  // refused beyond by chat.update
	maxMetadata   = 16384 // bytes of JSON; Slack names no figure
)

var chatMethods = map[string]method{
	"chat.postMessage":   {tier: perChannel, scopes: []string{"chat:write"}, run: (*Workspace).chatPost},
	"chat.postEphemeral": {tier: tier4, scopes: []string{"chat:write"}, run: (*Workspace).chatEphemeral},
	"chat.update":        {tier: tier3, scopes: []string{"chat:write"}, run: (*Workspace).chatUpdate},
	"chat.delete":        {tier: tier3, scopes: []string{"chat:write"}, run: (*Workspace).chatDelete},
	"chat.getPermalink":  {tier: unlimited, run: (*Workspace).chatPermalink},
}

// content is what a message says, checked.
type content struct {
	text        string
	noMrkdwn    bool
	hasText     bool
	blocks      []any
	hasBlocks   bool
	attachments []any
	metadata    obj
	linkNames   bool
}

// read takes a message's content from the arguments and checks it.
func (w *Workspace) read(a args) (content, *fail) {
	c := content{text: a.str("text"), hasText: a.has("text"), noMrkdwn: a.has("mrkdwn") && !a.flag("mrkdwn")}
	c.linkNames = a.flag("link_names") || a.str("parse") == "full"
	if a.has("blocks") {
		v, ok := a.tree("blocks")
		if !ok {
			return c, no("invalid_blocks_format")
		}
		if v != nil {
			blocks, check := w.checkBlocks(v, inMessage)
			if len(check.problems) > 0 {
				return c, &fail{code: "invalid_blocks", messages: check.problems}
			}
			if check.text >= maxMessageText {
				return c, no("msg_blocks_too_long")
			}
			c.blocks, c.hasBlocks = blocks, true
		}
	}
	if v, ok := a.tree("attachments"); ok && v != nil {
		l, isList := v.([]any)
		if !isList {
			return c, no("invalid_attachments")
		}
		if len(l) > 100 {
			return c, no("too_many_attachments")
		}
		c.attachments = l
	}
	if md := a.str("markdown_text"); md != "" {
		if c.hasText || c.hasBlocks {
			return c, no("markdown_text_conflict")
		}
		if utf8.RuneCountInString(md) > 12000 {
			return c, no("msg_too_long")
		}
		c.text, c.hasText = md, true
	}
	var err *fail
	c.metadata, err = readMetadata(a)
	return c, err
}

func readMetadata(a args) (obj, *fail) {
	if !a.has("metadata") || a.str("metadata") == "" {
		return nil, nil
	}
	v, ok := a.tree("metadata")
	m, isObj := v.(obj)
	if !ok || !isObj {
		return nil, no("invalid_metadata_format")
	}
	kind, hasKind := m["event_type"].(string)
	if kind == "" && m["event_payload"] == nil {
		return nil, nil // slack-go sends the empty form with every response_url answer
	}
	_, hasPayload := m["event_payload"].(obj)
	if !hasKind || kind == "" || !hasPayload {
		return nil, no("invalid_metadata_schema")
	}
	raw, _ := json.Marshal(m) // came from JSON
	if len(raw) > maxMetadata {
		return nil, no("metadata_too_large")
	}
	return m, nil
}

// target finds the channel that an app's call names; ids only, as drbot does,
// but for chat.postMessage, which also takes a user id for a direct message.
func (w *Workspace) target(id string) (*channel, *fail) {
	ch := w.channels[id]
	if ch == nil || !ch.visible(w.botUser) {
		return nil, no("channel_not_found")
	}
	return ch, nil
}

func (w *Workspace) postTarget(name string) (*channel, *fail) {
	if u := w.users[name]; u != nil {
		if u.ID == w.botUser || u.Deactivated {
			return nil, no("channel_not_found")
		}
		ch, _ := w.dm(w.botUser, name)
		return ch, nil
	}
	if ch := w.named(strings.TrimPrefix(name, "#")); ch != nil && ch.visible(w.botUser) {
		return ch, nil
	}
	return w.target(name)
}

func (w *Workspace) chatPost(r *request) (obj, *fail) {
	ch, err := w.postTarget(r.str("channel"))
	if err != nil {
		return nil, err
	}
	if ch.archived {
		return nil, no("is_archived")
	}
	if !ch.has(w.botUser) && !slices.Contains(w.opt.Scopes, "chat:write.public") {
		return nil, no("not_in_channel")
	}
	c, err := w.read(r.args)
	if err != nil {
		return nil, err
	}
	if c.text == "" && len(c.blocks) == 0 && len(c.attachments) == 0 {
		return nil, no("no_text")
	}
	m := &message{channel: ch.id, user: w.botUser, botID: BotID}
	m.put(c, maxPostText)
	if thread := r.str("thread_ts"); thread != "" {
		parent := ch.find(thread)
		if parent == nil || parent.only != "" {
			return nil, no("thread_not_found")
		}
		m.thread = orElse(parent.thread, parent.ts).(string)
		m.broadcast = r.flag("reply_broadcast")
	}
	w.publish(ch, m, c.linkNames)
	return obj{"channel": ch.id, "ts": m.ts, "message": w.wire(m, true)}, nil
}

// put sets a message's content.
func (m *message) put(c content, most int) {
	m.text, m.noMrkdwn, m.blocks, m.attachments, m.metadata = c.text, c.noMrkdwn, c.blocks, c.attachments, c.metadata
	if r := []rune(m.text); len(r) > most {
		m.text = string(r[:most])
	}
}

// publish puts a message into its channel and tells everybody.
func (w *Workspace) publish(ch *channel, m *message, linkNames bool) {
	m.ts = w.stamp()
	m.channel = ch.id
	if m.broadcast && m.subtype == "" {
		m.subtype = "thread_broadcast"
	}
	m.pings = pingsOf(m, linkNames)
	ch.messages = append(ch.messages, m)
	w.journal.add(change{Kind: "message", Channel: ch.id, TS: m.ts, Thread: m.thread, User: m.only})
	if m.only == "" {
		w.emitMessage(ch, m)
	}
}

func (w *Workspace) chatEphemeral(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	u := w.users[r.str("user")]
	switch {
	case ch.archived:
		return nil, no("is_archived")
	case u == nil:
		return nil, no("user_not_found")
	case !ch.has(u.ID):
		return nil, no("user_not_in_channel")
	}
	c, err := w.read(r.args)
	if err != nil {
		return nil, err
	}
	if c.text == "" && len(c.blocks) == 0 && len(c.attachments) == 0 {
		return nil, no("no_text")
	}
	m := &message{user: w.botUser, botID: BotID, only: u.ID, thread: r.str("thread_ts")}
	m.put(c, maxPostText)
	w.publish(ch, m, false)
	return obj{"message_ts": m.ts}, nil
}

func (w *Workspace) chatUpdate(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	if ch.archived {
		return nil, no("is_inactive")
	}
	m := ch.find(r.str("ts"))
	switch {
	case m == nil || m.only != "":
		return nil, no("message_not_found")
	case m.user != w.botUser || m.subtype != "" && m.subtype != "thread_broadcast":
		return nil, no("cant_update_message")
	}
	c, err := w.read(r.args)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(c.text) > maxUpdateText {
		return nil, no("msg_too_long")
	}
	if err := w.replace(m, c); err != nil {
		return nil, err
	}
	w.touch(ch, m)
	return obj{"channel": ch.id, "ts": m.ts, "text": m.text, "message": w.wire(m, true)}, nil
}

// replace follows chat.update's rules: text without blocks deletes the blocks;
// neither keeps both; a message with rich_text keeps one (block_mismatch).
func (w *Workspace) replace(m *message, c content) *fail {
	if !c.hasText && !c.hasBlocks && c.attachments == nil && c.metadata == nil {
		return no("no_text")
	}
	if !c.hasText && !c.hasBlocks {
		c.text, c.blocks = m.text, m.blocks
	}
	if c.hasBlocks && !c.hasText {
		c.text = m.text
	}
	if hasRich(m.blocks) && !hasRich(c.blocks) && len(c.blocks) > 0 {
		return no("block_mismatch")
	}
	if c.text == "" && len(c.blocks) == 0 && len(c.attachments) == 0 {
		return no("no_text")
	}
	if c.metadata == nil {
		c.metadata = m.metadata
	}
	m.put(c, maxPostText)
	m.edited, m.editor = w.stamp(), w.botUser
	return nil
}

func hasRich(blocks []any) bool {
	return slices.ContainsFunc(blocks, func(b any) bool { return b.(obj)["type"] == "rich_text" })
}

// touch announces that a message changed. An edit notifies nobody.
func (w *Workspace) touch(ch *channel, m *message) {
	w.journal.add(change{Kind: "message", Channel: ch.id, TS: m.ts, Thread: m.thread, User: m.only})
	if m.only == "" {
		w.emitIn(ch, obj{
			"type": "message", "subtype": "message_changed", "hidden": true, "channel": ch.id, "channel_type": channelType(ch),
			"ts": w.stamp(), "message": w.wire(m, false),
		})
	}
}

func (w *Workspace) chatDelete(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	m := ch.find(r.str("ts"))
	switch {
	case m == nil || m.only != "":
		return nil, no("message_not_found")
	case m.user != w.botUser:
		return nil, no("cant_delete_message")
	}
	w.remove(ch, m)
	return obj{"channel": ch.id, "ts": m.ts}, nil
}

func (w *Workspace) remove(ch *channel, m *message) {
	ch.drop(m.ts)
	w.journal.add(change{Kind: "message", Channel: ch.id, TS: m.ts, Thread: m.thread, User: m.only})
	if m.only == "" {
		w.emitIn(ch, obj{
			"type": "message", "subtype": "message_deleted", "hidden": true, "channel": ch.id, "channel_type": channelType(ch),
			"ts": w.stamp(), "deleted_ts": m.ts, "previous_message": w.wire(m, false),
		})
	}
}

func (w *Workspace) chatPermalink(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	m := ch.find(r.str("message_ts"))
	if m == nil || m.only != "" {
		return nil, no("message_not_found")
	}
	return obj{"channel": ch.id, "permalink": w.permalink(m)}, nil
}

func (w *Workspace) permalink(m *message) string {
	link := w.URL() + "archives/" + m.channel + "/p" + strings.ReplaceAll(m.ts, ".", "")
	if m.thread != "" {
		link += "?thread_ts=" + m.thread + "&cid=" + m.channel
	}
	return link
}
