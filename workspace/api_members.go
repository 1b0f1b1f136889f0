package workspace

import (
	"slices"
)

var memberMethods = map[string]method{
	"conversations.invite":  {tier: tier3, scopes: manage, run: (*Workspace).convInvite},
	"conversations.join":    {tier: tier3, scopes: []string{"channels:join"}, run: (*Workspace).convJoin},
	"conversations.leave":   {tier: tier3, scopes: manage, run: (*Workspace).convLeave},
	"conversations.kick":    {tier: tier3, scopes: manage, run: (*Workspace).convKick},
	"conversations.members": {tier: tier4, scopes: readers, run: (*Workspace).convMembers},
	"conversations.open":    {tier: tier3, scopes: []string{"im:write"}, run: (*Workspace).convOpen},
	"users.conversations":   {tier: tier3, scopes: readers, run: (*Workspace).userConversations},
}

// maxInvite is how many users one invitation takes.
const maxInvite = 100

func (w *Workspace) convInvite(r *request) (obj, *fail) {
	ch, err := w.changeable(r)
	if err != nil {
		return nil, err
	}
	users := r.list("users")
	if len(users) == 0 {
		return nil, no("no_user")
	}
	if len(users) > maxInvite {
		return nil, no("too_many_users")
	}
	if err := w.invite(ch, users, w.botUser, r.flag("force")); err != nil {
		return nil, err
	}
	return obj{"channel": w.wireChannel(ch)}, nil
}

// invite adds users; one that cannot be added fails all, unless force. The
// single reasons are in errors[].
func (w *Workspace) invite(ch *channel, users []string, by string, force bool) *fail {
	var good []string
	var errs []any
	first := ""
	for _, id := range users {
		code := w.inviteTrouble(ch, id, by)
		if code == "" {
			good = append(good, id)
			continue
		}
		if first == "" {
			first = code
		}
		errs = append(errs, obj{"user": id, "ok": false, "error": code})
	}
	if first != "" && (!force || len(good) == 0) {
		return &fail{code: first, extra: obj{"errors": errs}}
	}
	for _, id := range good {
		w.join(ch, id, by)
	}
	return nil
}

func (w *Workspace) inviteTrouble(ch *channel, id, by string) string {
	u := w.users[id]
	switch {
	case id == by:
		return "cant_invite_self"
	case u == nil || u.Deactivated:
		return "user_not_found"
	case ch.has(id):
		return "already_in_channel"
	case u.UltraRestricted:
		return "user_is_ultra_restricted"
	case u.TeamID != TeamID:
		return "org_user_not_in_team"
	}
	return ""
}

// join adds a member and tells everybody; a known member stays as he is.
func (w *Workspace) join(ch *channel, user, inviter string) {
	if ch.has(user) {
		return
	}
	ch.members = append(ch.members, user)
	var extra obj
	if inviter != "" && inviter != user {
		extra = obj{"inviter": inviter}
	}
	w.system(ch, user, "channel_join", "has joined the channel", extra)
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	w.emitMember("member_joined_channel", ch, user, inviter)
}

func (w *Workspace) leave(ch *channel, user string) *fail {
	switch {
	case ch.id == general:
		return no("cant_leave_general")
	case ch.kind == "im":
		return no("method_not_supported_for_channel_type")
	}
	ch.members = slices.DeleteFunc(slices.Clone(ch.members), func(id string) bool { return id == user })
	w.system(ch, user, "channel_leave", "has left the channel", nil)
	w.journal.add(change{Kind: "channel", Channel: ch.id})
	w.emitMember("member_left_channel", ch, user, "")
	return nil
}

func (w *Workspace) convJoin(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	switch {
	case err != nil:
		return nil, err
	case ch.archived:
		return nil, no("is_archived")
	case ch.kind != "public":
		return nil, no("method_not_supported_for_channel_type")
	}
	already := ch.has(w.botUser)
	w.join(ch, w.botUser, "")
	o := obj{"channel": w.wireChannel(ch)}
	if already {
		o["warning"], o["response_metadata"] = "already_in_channel", obj{"warnings": []string{"already_in_channel"}}
	}
	return o, nil
}

func (w *Workspace) convLeave(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	if !ch.has(w.botUser) {
		return obj{"not_in_channel": true}, nil
	}
	return nil, w.leave(ch, w.botUser)
}

func (w *Workspace) convKick(r *request) (obj, *fail) {
	ch, err := w.changeable(r)
	if err != nil {
		return nil, err
	}
	user := r.str("user")
	switch {
	case w.users[user] == nil:
		return nil, no("user_not_found")
	case user == w.botUser:
		return nil, no("cant_kick_self")
	case !ch.has(user):
		return nil, no("not_in_channel")
	case ch.id == general:
		return nil, no("cant_kick_from_general")
	}
	return obj{"errors": obj{}}, w.leave(ch, user)
}

func (w *Workspace) convMembers(r *request) (obj, *fail) {
	ch, err := w.target(r.str("channel"))
	if err != nil {
		return nil, err
	}
	page, next, err := paged(r.args, slices.Clone(ch.members), 1000)
	if err != nil {
		return nil, err
	}
	return obj{"members": page, "response_metadata": obj{"next_cursor": next}}, nil
}

func (w *Workspace) convOpen(r *request) (obj, *fail) {
	if id := r.str("channel"); id != "" {
		ch, err := w.target(id)
		if err != nil {
			return nil, err
		}
		if ch.kind != "im" {
			return nil, no("method_not_supported_for_channel_type")
		}
		return obj{"no_op": true, "already_open": true, "channel": w.wireChannel(ch)}, nil
	}
	users := r.list("users")
	switch {
	case len(users) == 0:
		return nil, no("users_list_not_supplied")
	case len(users) > 1:
		return nil, no("method_not_supported_for_channel_type") // no group messages here
	case w.users[users[0]] == nil:
		return nil, no("user_not_found")
	case w.users[users[0]].Deactivated:
		return nil, no("user_disabled")
	case w.users[users[0]].Bot:
		return nil, no("cannot_dm_bot")
	}
	ch, open := w.dm(w.botUser, users[0])
	o := obj{"channel": obj{"id": ch.id}}
	if r.flag("return_im") {
		o["channel"] = w.wireChannel(ch)
	}
	if open {
		o["no_op"], o["already_open"] = true, true
	}
	return o, nil
}

func (w *Workspace) userConversations(r *request) (obj, *fail) {
	user := orElse(r.str("user"), w.botUser).(string)
	if w.users[user] == nil {
		return nil, no("user_not_found")
	}
	types := r.list("types")
	if len(types) == 0 {
		types = []string{"public_channel"}
	}
	var all []any
	for _, id := range w.chanIDs {
		ch := w.channels[id]
		if ch.has(user) && ch.visible(w.botUser) && slices.Contains(types, typeName(ch)) && (!ch.archived || !r.flag("exclude_archived")) {
			all = append(all, w.wireChannel(ch))
		}
	}
	page, next, err := paged(r.args, all, 1000)
	if err != nil {
		return nil, err
	}
	return obj{"channels": page, "response_metadata": obj{"next_cursor": next}}, nil
}
