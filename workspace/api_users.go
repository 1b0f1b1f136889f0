package workspace

import (
	"slices"
	"strings"
)

var userMethods = map[string]method{
	"users.info":            {tier: tier4, scopes: []string{"users:read"}, run: (*Workspace).usersInfo},
	"users.list":            {tier: tier2, scopes: []string{"users:read"}, run: (*Workspace).usersList},
	"users.lookupByEmail":   {tier: tier3, scopes: []string{"users:read.email"}, run: (*Workspace).usersByEmail},
	"usergroups.list":       {tier: tier2, scopes: []string{"usergroups:read"}, run: (*Workspace).groupsList},
	"usergroups.users.list": {tier: tier2, scopes: []string{"usergroups:read"}, run: (*Workspace).groupUsers},
}

// shown is a user without the e-mail when the token may not see it.
func (w *Workspace) shown(u *user) obj {
	o := w.wireUser(u)
	if !slices.Contains(w.opt.Scopes, "users:read.email") {
		delete(o["profile"].(obj), "email")
	}
	return o
}

func (w *Workspace) usersInfo(r *request) (obj, *fail) {
	u := w.users[r.str("user")]
	if u == nil {
		return nil, no("user_not_found")
	}
	return obj{"user": w.shown(u)}, nil
}

func (w *Workspace) usersList(r *request) (obj, *fail) {
	var all []any
	for _, id := range w.order {
		all = append(all, w.shown(w.users[id]))
	}
	page, next, err := paged(r.args, all, 1000)
	if err != nil {
		return nil, err
	}
	return obj{"members": page, "cache_ts": w.now().Unix(), "response_metadata": obj{"next_cursor": next}}, nil
}

func (w *Workspace) usersByEmail(r *request) (obj, *fail) {
	email := r.str("email")
	for _, id := range w.order {
		if u := w.users[id]; email != "" && strings.EqualFold(u.Email, email) && !u.Deactivated {
			return obj{"user": w.shown(u)}, nil
		}
	}
	return nil, no("users_not_found")
}

func (w *Workspace) groupsList(r *request) (obj, *fail) {
	out := []any{}
	for _, g := range w.groups {
		if g.Disabled && !r.flag("include_disabled") {
			continue
		}
		o := obj{
			"id": g.ID, "team_id": TeamID, "is_usergroup": true, "name": g.Name, "handle": g.Handle, "description": "",
			"is_external": false, "date_create": 0, "date_update": 0, "date_delete": 0, "prefs": obj{"channels": []string{}, "groups": []string{}},
			"user_count": len(g.Members),
		}
		if r.flag("include_users") {
			o["users"] = slices.Clone(g.Members)
		}
		out = append(out, o)
	}
	return obj{"usergroups": out}, nil
}

func (w *Workspace) groupUsers(r *request) (obj, *fail) {
	for _, g := range w.groups {
		if g.ID == r.str("usergroup") {
			return obj{"users": slices.Clone(g.Members)}, nil
		}
	}
	return nil, no("no_such_subteam")
}
