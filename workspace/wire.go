package workspace

import (
	"net/url"
	"slices"
)

// wire is a message as the Web API and events show it.
func (w *Workspace) wire(m *message, metadata bool) obj {
	o := obj{"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "team": TeamID}
	if m.botID != "" {
		u := w.users[w.botUser]
		o["bot_id"], o["app_id"] = m.botID, AppID
		o["bot_profile"] = obj{"id": BotID, "app_id": AppID, "name": u.RealName, "team_id": TeamID, "deleted": false, "updated": 0}
	}
	for k, v := range m.extra {
		o[k] = v
	}
	put := func(k string, v any, when bool) {
		if when {
			o[k] = v
		}
	}
	put("subtype", m.subtype, m.subtype != "")
	put("blocks", m.blocks, len(m.blocks) > 0)
	put("attachments", m.attachments, len(m.attachments) > 0)
	put("metadata", m.metadata, metadata && m.metadata != nil)
	put("edited", obj{"user": m.editor, "ts": m.edited}, m.edited != "")
	ch := w.channels[m.channel]
	if m.thread != "" {
		o["thread_ts"] = m.thread
		if ch != nil {
			if parent := ch.find(m.thread); parent != nil {
				put("parent_user_id", parent.user, true)
			}
		}
	}
	if ch != nil {
		put("pinned_to", []string{ch.id}, ch.pinned(m.ts))
		w.wireThread(o, ch, m)
	}
	if len(m.reactions) > 0 {
		var l []any
		for _, r := range m.reactions {
			l = append(l, obj{"name": r.name, "users": slices.Clone(r.users), "count": len(r.users)})
		}
		o["reactions"] = l
	}
	if len(m.files) > 0 {
		var l []any
		for _, id := range m.files {
			l = append(l, w.wireFile(w.files[id]))
		}
		o["files"], o["upload"] = l, m.subtype == "file_share"
	}
	return o
}

func (w *Workspace) wireThread(o obj, ch *channel, m *message) {
	if m.thread != "" {
		return
	}
	replies := ch.replies(m.ts)
	if len(replies) == 0 {
		return
	}
	var users []string
	for _, r := range replies {
		if !slices.Contains(users, r.user) {
			users = append(users, r.user)
		}
	}
	o["thread_ts"], o["reply_count"], o["reply_users"] = m.ts, len(replies), users
	o["reply_users_count"], o["latest_reply"] = len(users), replies[len(replies)-1].ts
}

func (w *Workspace) wireChannel(ch *channel) obj {
	o := obj{
		"id": ch.id, "created": ch.created, "creator": ch.creator, "is_archived": ch.archived, "updated": ch.created * 1000,
		"is_im": ch.kind == "im", "is_channel": ch.kind == "public", "is_group": ch.kind == "private", "is_mpim": false,
		"is_private": ch.kind != "public", "is_general": ch.id == general, "is_shared": false, "is_ext_shared": w.external(ch),
		"is_org_shared": false, "is_pending_ext_shared": false, "unlinked": 0, "context_team_id": TeamID, "shared_team_ids": []string{TeamID},
		"is_member": ch.has(w.botUser), "num_members": len(ch.members), "previous_names": slices.Clone(ch.previous),
	}
	if ch.previous == nil {
		o["previous_names"] = []string{}
	}
	if ch.kind == "im" {
		o["user"] = ch.other(w.botUser)
		return o
	}
	o["name"], o["name_normalized"] = ch.name, ch.name
	o["topic"] = obj{"value": ch.topic.value, "creator": ch.topic.creator, "last_set": ch.topic.set}
	o["purpose"] = obj{"value": ch.purpose.value, "creator": ch.purpose.creator, "last_set": ch.purpose.set}
	return o
}

// external says that somebody of another workspace is in the channel.
func (w *Workspace) external(ch *channel) bool {
	return slices.ContainsFunc(ch.members, func(id string) bool { u := w.users[id]; return u != nil && u.TeamID != TeamID })
}

func (w *Workspace) wireUser(u *user) obj {
	return obj{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "deleted": u.Deactivated, "real_name": u.RealName,
		"tz": "Etc/UTC", "tz_label": "Coordinated Universal Time", "tz_offset": 0,
		"is_admin": false, "is_owner": false, "is_primary_owner": false, "is_bot": u.Bot, "is_app_user": false,
		"is_restricted": u.Guest || u.UltraRestricted, "is_ultra_restricted": u.UltraRestricted,
		"is_stranger": u.TeamID != TeamID, "updated": 0,
		"profile": obj{
			"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name, "display_name_normalized": u.Name,
			"email": u.Email, "team": u.TeamID,
		},
	}
}

func (w *Workspace) wireFile(f *file) obj {
	if f == nil {
		return obj{"mode": "tombstone"}
	}
	at := w.URL() + "files/" + f.id + "/" + url.PathEscape(f.name)
	return obj{
		"id": f.id, "created": f.created, "timestamp": f.created, "name": f.name, "title": f.title, "mimetype": "text/plain",
		"filetype": "text", "size": f.size, "user": f.user, "is_external": false, "mode": "hosted",
		"url_private": at, "url_private_download": at, "permalink": at, "channels": slices.Clone(f.channels),
	}
}

func channelType(ch *channel) string {
	switch ch.kind {
	case "private":
		return "group"
	case "im":
		return "im"
	}
	return "channel"
}
