package workspace

import (
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

var channelMethods = map[string]method{
	"conversations.create":     {tier: tier2, scopes: manage, run: (*Workspace).convCreate},
	"conversations.info":       {tier: tier3, scopes: readers, run: (*Workspace).convInfo},
	"conversations.list":       {tier: tier2, scopes: readers, run: (*Workspace).convList},
	"conversations.history":    {tier: tier3, scopes: histories, run: (*Workspace).convHistory},
	"conversations.replies":    {tier: tier3, scopes: histories, run: (*Workspace).convReplies},
	"conversations.setTopic":   {tier: tier2, scopes: manage, run: (*Workspace).convTopic},
	"conversations.setPurpose": {tier: tier2, scopes: manage, run: (*Workspace).convPurpose},
	"conversations.archive":    {tier: tier2, scopes: manage, run: (*Workspace).convArchive},
	"conversations.unarchive":  {tier: tier2, scopes: manage, run: (*Workspace).convUnarchive},
	"conversations.rename":     {tier: tier2, scopes: manage, run: (*Workspace).convRename},
}

var (
	manage    = []string{"channels:manage", "groups:write"}
	readers   = []string{"channels:read", "groups:read", "im:read"}
	histories = []string{"channels:history", "groups:history", "im:history"}
)

var (
	namePattern = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}_-]+$`)
	punctuation = regexp.MustCompile(`^[_-]+$`)
)

// nameTrouble is Slack's code for what is wrong with a channel's name.
func nameTrouble(name string) string {
	switch {
	case name == "":
		return "invalid_name_required"
	case utf8.RuneCountInString(name) > 80:
		return "invalid_name_maxlength"
	case punctuation.MatchString(name):
		return "invalid_name_punctuation"
	case !namePattern.MatchString(name):
		return "invalid_name_specials"
	}
	return ""
}

func (w *Workspace) convCreate(r *request) (obj, *fail) {
	ch, err := w.create(r.str("name"), r.flag("is_private"), w.botUser)
	if err != nil {
		return nil, err
	}
	return obj{"channel": w.wireChannel(ch)}, nil
}

// create makes a channel; its name stays taken while it is archived.
func (w *Workspace) create(name string, private bool, by string) (*channel, *fail) {
	if code := nameTrouble(name); code != "" {
		return nil, no(code)
	}
	if w.named(name) != nil {
		return nil, no("name_taken")
	}
	kind := "public"
	if private {
		kind = "private"
	}
	ch := w.newChannel("", name, kind, by)
	ch.members = []string{by}
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	if kind == "public" {
		w.emit(obj{"type": "channel_created", "channel": obj{"id": ch.id, "name": name, "created": ch.created, "creator": by, "is_channel": true}})
	}
	return ch, nil
}

func (w *Workspace) convInfo(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	return obj{"channel": w.wireChannel(ch)}, nil
}

func (w *Workspace) convList(r *request) (obj, *fail) {
	types := r.list("types")
	if len(types) == 0 {
		types = []string{"public_channel"}
	}
	var all []any
	for _, id := range w.chanIDs {
		ch := w.channels[id]
		if ch == nil || !ch.visible(w.botUser) || (ch.archived && r.flag("exclude_archived")) {
			continue
		}
		if slices.Contains(types, typeName(ch)) {
			all = append(all, w.wireChannel(ch))
		}
	}
	page, next, err := paged(r.args, all, 1000)
	if err != nil {
		return nil, err
	}
	return obj{"channels": page, "response_metadata": obj{"next_cursor": next}}, nil
}

func typeName(ch *channel) string {
	return map[string]string{"public": "public_channel", "private": "private_channel", "im": "im"}[ch.kind]
}

// paged cuts a list by limit and cursor; a cursor is the next item's index.
func paged[T any](a args, all []T, most int) ([]T, string, *fail) {
	limit, from := 100, 0
	if s := a.str("limit"); s != "" && s != "0" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > most {
			return nil, "", no("invalid_limit")
		}
		limit = n
	}
	if s := a.str("cursor"); s != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(s, "next:"))
		if err != nil || n < 0 || n > len(all) || !strings.HasPrefix(s, "next:") {
			return nil, "", no("invalid_cursor")
		}
		from = n
	}
	if all == nil {
		all = []T{}
	}
	if from+limit >= len(all) {
		return all[from:], "", nil
	}
	return all[from : from+limit], "next:" + strconv.Itoa(from+limit), nil
}

// readable is a channel whose messages the app may read: it must be in it.
func (w *Workspace) readable(r *request) (*channel, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	if !ch.has(w.botUser) {
		return nil, no("not_in_channel")
	}
	return ch, nil
}

// window keeps messages between oldest and latest, as the arguments say.
func window(r *request, all []*message) []*message {
	oldest, latest, inclusive := r.str("oldest"), r.str("latest"), r.flag("inclusive")
	return slices.DeleteFunc(all, func(m *message) bool {
		if oldest != "" && oldest != "0" && (tsLess(m.ts, oldest) || (!inclusive && m.ts == oldest)) {
			return true
		}
		return latest != "" && (tsLess(latest, m.ts) || (!inclusive && m.ts == latest))
	})
}

// tsLess compares by time; a bound may lack its fraction.
func tsLess(a, b string) bool {
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return x < y
}

func (w *Workspace) convHistory(r *request) (obj, *fail) {
	ch, err := w.readable(r)
	if err != nil {
		return nil, err
	}
	var all []*message
	for _, m := range ch.messages {
		if m.only == "" && (m.thread == "" || m.broadcast) {
			all = append(all, m)
		}
	}
	slices.Reverse(all) // newest first
	return w.messagePage(r, ch, window(r, all))
}

func (w *Workspace) convReplies(r *request) (obj, *fail) {
	ch, err := w.readable(r)
	if err != nil {
		return nil, err
	}
	parent := ch.find(r.str("ts"))
	if parent == nil || parent.only != "" {
		return nil, no("thread_not_found")
	}
	root := orElse(parent.thread, parent.ts).(string)
	all := window(r, ch.replies(root))
	if p := ch.find(root); p != nil { // the parent comes first, whatever the window
		all = append([]*message{p}, all...)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].ts < all[j].ts })
	return w.messagePage(r, ch, all)
}

func (w *Workspace) messagePage(r *request, ch *channel, all []*message) (obj, *fail) {
	page, next, err := paged(r.args, all, 1000)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, m := range page {
		out = append(out, w.wire(m, r.flag("include_all_metadata")))
	}
	return obj{"messages": out, "has_more": next != "", "pin_count": len(ch.pins), "response_metadata": obj{"next_cursor": next}}, nil
}

// maxTopic is the bound of topics and purposes, in characters.
const maxTopic = 250

func (w *Workspace) convTopic(r *request) (obj, *fail) {
	ch, err := w.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := w.setTopic(ch, r.str("topic"), w.botUser); err != nil {
		return nil, err
	}
	return obj{"channel": w.wireChannel(ch), "topic": ch.topic.value}, nil
}

func (w *Workspace) setTopic(ch *channel, topic, by string) *fail {
	if utf8.RuneCountInString(topic) > maxTopic {
		return no("too_long")
	}
	ch.topic = remark{topic, by, w.now().Unix()}
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	w.system(ch, by, "channel_topic", "set the channel topic: "+escapes.Replace(topic), obj{"topic": topic})
	return nil
}

func (w *Workspace) convPurpose(r *request) (obj, *fail) {
	ch, err := w.changeable(r)
	if err != nil {
		return nil, err
	}
	purpose := r.str("purpose")
	if utf8.RuneCountInString(purpose) > maxTopic {
		return nil, no("too_long")
	}
	ch.purpose = remark{purpose, w.botUser, w.now().Unix()}
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	w.system(ch, w.botUser, "channel_purpose", "set the channel purpose: "+escapes.Replace(purpose), obj{"purpose": purpose})
	return obj{"channel": w.wireChannel(ch), "purpose": purpose}, nil
}

// changeable is a channel that the app may change: a member, not archived.
func (w *Workspace) changeable(r *request) (*channel, *fail) {
	ch, err := w.readable(r)
	if err != nil {
		return nil, err
	}
	if ch.kind == "im" {
		return nil, no("method_not_supported_for_channel_type")
	}
	if ch.archived {
		return nil, no("is_archived")
	}
	return ch, nil
}

// system posts the grey line that Slack writes about a channel.
func (w *Workspace) system(ch *channel, by, subtype, text string, extra obj) {
	if ch.kind == "private" {
		subtype = strings.Replace(subtype, "channel_", "group_", 1)
	}
	w.publish(ch, &message{user: by, subtype: subtype, text: "<@" + by + "> " + text, extra: extra}, false)
}

func (w *Workspace) convArchive(r *request) (obj, *fail) {
	ch, err := w.readable(r)
	if err != nil {
		return nil, err
	}
	return nil, w.archive(ch, w.botUser)
}

func (w *Workspace) archive(ch *channel, by string) *fail {
	switch {
	case ch.id == general:
		return no("cant_archive_general")
	case ch.kind == "im":
		return no("method_not_supported_for_channel_type")
	case ch.archived:
		return no("already_archived")
	}
	w.system(ch, by, "channel_archive", "archived the channel", nil)
	ch.archived = true
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	w.emitChannel("archive", ch, by)
	return nil
}

func (w *Workspace) convUnarchive(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	return nil, w.unarchive(ch, w.botUser)
}

func (w *Workspace) unarchive(ch *channel, by string) *fail {
	if !ch.archived {
		return no("not_archived")
	}
	ch.archived = false
	w.system(ch, by, "channel_unarchive", "un-archived the channel", nil)
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	w.emitChannel("unarchive", ch, by)
	return nil
}

func (w *Workspace) convRename(r *request) (obj, *fail) {
	ch, err := w.changeable(r)
	if err != nil {
		return nil, err
	}
	if ch.creator != w.botUser {
		return nil, no("not_authorized")
	}
	if err := w.rename(ch, r.str("name"), w.botUser); err != nil {
		return nil, err
	}
	return obj{"channel": w.wireChannel(ch)}, nil
}

func (w *Workspace) rename(ch *channel, name, by string) *fail {
	if code := nameTrouble(name); code != "" {
		return no(code)
	}
	if ch.archived {
		return no("is_archived")
	}
	if other := w.named(name); other != nil && other != ch {
		return no("name_taken")
	}
	if ch.name == name {
		return nil
	}
	old := ch.name
	ch.previous = append(ch.previous, old)
	ch.name = name
	w.system(ch, by, "channel_name", "has renamed the channel from \""+old+"\" to \""+name+"\"", obj{"old_name": old, "name": name})
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	w.emitChannel("rename", ch, by)
	return nil
}

// deleteChannel removes a channel and its messages, as an admin may by hand.
func (w *Workspace) deleteChannel(ch *channel) *fail {
	if ch.id == general || ch.kind == "im" {
		return no("restricted_action")
	}
	kind := "channel_deleted"
	if ch.kind == "private" {
		kind = "group_deleted"
	}
	w.emitIn(ch, obj{"type": kind, "channel": ch.id, "actor_id": ch.creator})
	delete(w.channels, ch.id)
	w.chanIDs = slices.DeleteFunc(w.chanIDs, func(id string) bool { return id == ch.id })
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	return nil
}
