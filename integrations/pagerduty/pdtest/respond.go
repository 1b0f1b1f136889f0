package pdtest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What people are told and asked through an incident: status updates to its subscribers, requests to further responders,
// priorities; and the log that tells of them.

// Codes of errors about what an account is not able to do, and about a priority that it does not have.
const (
	codeUnable   = 2012
	codePriority = 1020
)

// Coordinated is the ability to ask further people to respond.
const Coordinated = "coordinated_responding"

// Lack takes abilities from the account, as a smaller plan does.
func (a *Account) Lack(abilities ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lacks = abilities
}

// Reply answers a responder request as its user does: true joins.
func (a *Account) Reply(id, user string, joins bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, u := a.find(id), a.user(user)
	if t == nil || u == nil {
		return
	}
	for k := range t.responders {
		if r := &t.responders[k]; r.user.ID == u.ID {
			if r.state = "declined"; joins {
				r.state = "accepted"
			}
			a.emit(t, "responder.replied", a.now(), u, r.message, r.hook(t))
			return
		}
	}
}

// Escalate moves an incident on to other users, as PagerDuty does when nobody answers.
func (a *Account) Escalate(id string, users ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.find(id)
	if t == nil {
		return
	}
	t.assignees = nil
	for _, name := range users {
		if u := a.user(name); u != nil {
			t.assignees = append(t.assignees, *u)
		}
	}
	a.happened(t, "escalated", a.now(), nil, "")
}

// Publish sends a status update as a user does.
func (a *Account) Publish(id, message, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.find(id); t != nil {
		a.publish(t, message, a.user(user))
	}
}

// Responders lists who was asked to join an incident, as "PBEA pending: the message".
func (a *Account) Responders(id string) (list []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.find(id); t != nil {
		for _, r := range t.responders {
			list = append(list, r.user.ID+" "+r.state+": "+r.message)
		}
	}
	return list
}

// Priority of an incident; "" is none.
func (a *Account) Priority(id string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.find(id); t != nil {
		return t.priority
	}
	return ""
}

// responder is one user who was asked to join.
type responder struct {
	user           User
	policy         Place
	state, message string
	by             User
	at             time.Time
}

// entry is a line of an incident's log.
type entry struct {
	kind, message string
	at            time.Time
	by            *User
}

type (
	hookResponder struct {
		Incident hookRef  `json:"incident"`
		User     hookRef  `json:"user"`
		Policy   *hookRef `json:"escalation_policy"`
		Message  string   `json:"message"`
		State    string   `json:"state"`
		Type     string   `json:"type"`
	}
	hookUpdate struct {
		Incident hookRef `json:"incident"`
		ID       string  `json:"id"`
		Message  string  `json:"message"`
		Trimmed  bool    `json:"trimmed"`
		Type     string  `json:"type"`
	}
)

func (r *responder) hook(t *trouble) hookResponder {
	h := hookResponder{Incident: pointTo("incident", t.id, t.title), User: pointTo("user", r.user.ID, r.user.Name), Message: r.message, State: r.state, Type: "incident_responder"}
	if r.policy.ID != "" {
		p := pointTo("escalation_policy", r.policy.ID, r.policy.Name)
		h.Policy = &p
	}
	return h
}

// requests are the responder requests of an incident as REST shows them: one user's state is an object, not a list.
func (t *trouble) requests() []any {
	list := []any{}
	for _, r := range t.responders {
		list = append(list, map[string]any{
			"requester": restRef{r.by.ID, "user_reference", r.by.Name}, "requested_at": r.at.Format(time.RFC3339), "message": r.message,
			"responder_request_targets": []any{map[string]any{"responder_request_target": map[string]any{
				"type": "user", "id": r.user.ID, "incidents_responders": map[string]any{"state": r.state, "user": restRef{r.user.ID, "user_reference", r.user.Name}},
			}}},
		})
	}
	return list
}

func (a *Account) publish(t *trouble, message string, by *User) {
	trimmed := message
	if len(trimmed) > 4000 {
		trimmed = trimmed[:4000]
	}
	a.emit(t, "status_update_published", a.now(), by, message, hookUpdate{
		Incident: pointTo("incident", t.id, t.title), ID: "U" + rand.Text()[:12], Message: trimmed, Trimmed: trimmed != message, Type: "incident_status_update",
	})
}

// able answers 402 where the account lacks an ability.
func (a *Account) able(w http.ResponseWriter, ability string) bool {
	if slices.Contains(a.lacks, ability) {
		fail(w, http.StatusPaymentRequired, codeUnable, "Account does not have the abilities to perform the action. Please upgrade your plan.")
		return false
	}
	return true
}

// ability answers whether the account has one: 204 yes, 402 no.
func (a *Account) ability(w http.ResponseWriter, r *http.Request, _ *User) {
	if a.able(w, r.PathValue("id")) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// priorities lists them, most severe first; an account without any has not switched them on.
func (a *Account) priorities(w http.ResponseWriter, r *http.Request, _ *User) {
	type priority struct {
		ID          string `json:"id"`
		Type        string `json:"type"`
		Summary     string `json:"summary"`
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	var all []priority
	for _, name := range a.o.Priorities {
		all = append(all, priority{"PPRI" + name, "priority", name, name, ""})
	}
	if len(all) == 0 {
		fail(w, http.StatusPaymentRequired, codeUnable, "Account does not have the abilities to perform the action. Please upgrade your plan.")
		return
	}
	paged(w, r, "priorities", all)
}

// prioritise sets a priority by its reference, and reports whether it could.
func (a *Account) prioritise(t *trouble, p *pointer, by *User) bool {
	name, ok := strings.CutPrefix(p.ID, "PPRI")
	if !ok || p.Type != "priority_reference" && p.Type != "priority" || !slices.Contains(a.o.Priorities, name) {
		return false
	}
	if t.priority != name {
		t.priority = name
		a.happened(t, "priority_updated", a.now(), by, name)
	}
	return true
}

// request asks further people to respond.
func (a *Account) request(w http.ResponseWriter, r *http.Request, _ *User) {
	var in struct {
		Requester string `json:"requester_id"`
		Message   string `json:"message"`
		Targets   []struct {
			Target pointer `json:"responder_request_target"`
		} `json:"responder_request_targets"`
	}
	t := a.find(r.PathValue("id"))
	err := strict(r.Body, &in)
	requester := a.user(in.Requester)
	switch {
	case !a.able(w, Coordinated):
		return
	case t == nil:
		fail(w, http.StatusNotFound, codeUnknown, "Not Found")
		return
	case err != nil || strings.TrimSpace(in.Message) == "" || len(in.Targets) == 0:
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "responder request: "+errText(err))
		return
	case requester == nil || strings.Contains(in.Requester, "@"):
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "requester_id must be the id of a user")
		return
	case t.status == "resolved":
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "Incident Already Resolved")
		return
	}
	var asked []responder
	var shown []any
	for _, x := range in.Targets {
		list, place, ok := a.target(x.Target)
		if !ok {
			fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "Responder not found")
			return
		}
		var states []any
		for _, u := range list {
			asked = append(asked, responder{user: u, policy: place, state: "pending", message: in.Message, by: *requester, at: a.now()})
			states = append(states, map[string]any{"state": "pending", "user": restRef{u.ID, "user_reference", u.Name}, "message": in.Message})
		}
		one := map[string]any{"type": strings.TrimSuffix(x.Target.Type, "_reference"), "id": x.Target.ID, "incidents_responders": states}
		if place.ID == "" { // PagerDuty shows one user's own state as an object, and a policy's as a list
			one["incidents_responders"] = states[0]
		}
		shown = append(shown, map[string]any{"responder_request_target": one})
	}
	for k := range asked {
		t.responders = append(t.responders, asked[k])
		a.emit(t, "responder.added", asked[k].at, requester, in.Message, asked[k].hook(t))
	}
	answer(w, http.StatusOK, map[string]any{"responder_request": map[string]any{
		"incident": restRef{t.id, "incident_reference", t.title}, "requester": restRef{requester.ID, "user_reference", requester.Name},
		"requested_at": a.o.Now().UTC().Format(time.RFC3339), "message": in.Message, "responder_request_targets": shown,
	}})
}

// target is whom a request reaches.
func (a *Account) target(p pointer) (users []User, policy Place, ok bool) {
	switch p.Type {
	case "user_reference":
		if u := a.user(p.ID); u != nil && !strings.Contains(p.ID, "@") {
			return []User{*u}, Place{}, true
		}
	case "escalation_policy_reference":
		if k := slices.IndexFunc(a.o.Policies, func(x Place) bool { return x.ID == p.ID }); k >= 0 {
			return a.first(p.ID), a.o.Policies[k], true
		}
	}
	return nil, Place{}, false
}

// update publishes a status update.
func (a *Account) update(w http.ResponseWriter, r *http.Request, from *User) {
	var in struct {
		Message string `json:"message"`
	}
	t := a.find(r.PathValue("id"))
	err := strict(r.Body, &in)
	switch {
	case t == nil:
		fail(w, http.StatusNotFound, codeUnknown, "Not Found")
		return
	case err != nil || strings.TrimSpace(in.Message) == "":
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "message: "+errText(err))
		return
	}
	a.publish(t, in.Message, from)
	answer(w, http.StatusOK, map[string]any{"status_update": map[string]any{
		"id": "U" + rand.Text()[:12], "message": in.Message, "created_at": a.o.Now().UTC().Format(time.RFC3339), "sender": restRef{from.ID, "user_reference", from.Name},
	}})
}

// log lists what happened to an incident, the newest first.
func (a *Account) log(w http.ResponseWriter, r *http.Request, _ *User) {
	t := a.find(r.PathValue("id"))
	if t == nil {
		fail(w, http.StatusNotFound, codeUnknown, "Not Found")
		return
	}
	all := []json.RawMessage{}
	for _, e := range slices.Backward(t.log) {
		one := map[string]any{"id": "R" + rand.Text()[:12], "type": e.kind, "created_at": e.at.Format(time.RFC3339), "incident": restRef{t.id, "incident_reference", t.title}}
		if e.message != "" {
			one["message"] = e.message
		}
		raw, err := json.Marshal(one)
		if err != nil {
			continue
		}
		all = append(all, raw)
	}
	paged(w, r, "log_entries", all)
}

// logged names a line of the log by what happened.
func logged(what string) string {
	switch what {
	case "responder.added":
		return "responder_request_log_entry"
	case "status_update_published":
		return "status_update_log_entry"
	case "annotated":
		return "annotate_log_entry"
	case "priority_updated":
		return "priority_change_log_entry"
	}
	return strings.TrimSuffix(strings.TrimSuffix(what, "ed"), "g") + "_log_entry"
}
