package pdtest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The REST API's own names.
type (
	restRef struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Summary string `json:"summary,omitempty"`
	}
	restIncident struct {
		ID                 string    `json:"id"`
		Type               string    `json:"type"`
		Summary            string    `json:"summary"`
		IncidentNumber     int       `json:"incident_number"`
		IncidentKey        string    `json:"incident_key"`
		Title              string    `json:"title"`
		CreatedAt          string    `json:"created_at"`
		Status             string    `json:"status"`
		Service            restRef   `json:"service"`
		Urgency            string    `json:"urgency"`
		Priority           *restRef  `json:"priority"`
		Assignments        []restAt  `json:"assignments"`
		Acknowledgements   []restAck `json:"acknowledgements"`
		LastStatusChangeAt string    `json:"last_status_change_at"`
		EscalationPolicy   restRef   `json:"escalation_policy"`
		HTMLURL            string    `json:"html_url"`
		ResponderRequests  []any     `json:"responder_requests"`
	}
	restAt struct {
		At       string  `json:"at"`
		Assignee restRef `json:"assignee"`
	}
	restAck struct {
		At           string  `json:"at"`
		Acknowledger restRef `json:"acknowledger"`
	}
	restNote struct {
		ID        string  `json:"id"`
		User      restRef `json:"user"`
		Content   string  `json:"content"`
		CreatedAt string  `json:"created_at"`
	}
	restUser struct {
		ID    string `json:"id"`
		Type  string `json:"type"`
		Name  string `json:"name"`
		Email string `json:"email"`
		Ways  []any  `json:"contact_methods,omitempty"`
	}
)

// Codes of errors, as PagerDuty documents them.
const (
	codeInvalid  = 2001
	codeResolved = 1001
	codeAcked    = 1002
	codeUnknown  = 2100
	codeDenied   = 2006
	codeLimit    = 2020
)

func (a *Account) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request, *User){
		"GET /incidents": a.list, "POST /incidents": a.create, "GET /oncalls": a.oncalls, "PUT /incidents": a.manage, "GET /incidents/{id}": a.get, "GET /incidents/{id}/notes": a.readNotes, "POST /incidents/{id}/notes": a.addNote,
		"GET /incidents/{id}/log_entries": a.log, "POST /incidents/{id}/responder_requests": a.request, "POST /incidents/{id}/status_updates": a.update,
		"GET /priorities": a.priorities, "GET /abilities/{id}": a.ability, "GET /users": a.users, "GET /users/{id}": a.member, "GET /services/{id}": a.place, "GET /escalation_policies/{id}": a.place, "GET /webhook_subscriptions": a.hooks, "POST /webhook_subscriptions/{id}/ping": a.ping,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.guard(w, r, pattern, serve) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, codeUnknown, "Not Found") })
	return mux
}

// guard answers like the front door of the API: limits, outages, tokens, headers, and the From of everything that writes.
func (a *Account) guard(w http.ResponseWriter, r *http.Request, pattern string, serve func(http.ResponseWriter, *http.Request, *User)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Date", a.o.Now().UTC().Format(http.TimeFormat))
	switch {
	case a.away:
		http.Error(w, "<html>503 Service Temporarily Unavailable</html>", http.StatusServiceUnavailable)
		return
	case a.limited > 0:
		a.limited--
		if a.reset != "" {
			w.Header().Set("ratelimit-reset", a.reset)
			w.Header().Set("ratelimit-remaining", "0")
		}
		fail(w, http.StatusTooManyRequests, codeLimit, "Rate Limit Exceeded")
		return
	case r.Header.Get("Authorization") != "Token token="+a.o.Token:
		fail(w, http.StatusUnauthorized, codeDenied, "Authentication failed")
		return
	case r.Header.Get("Accept") != "application/vnd.pagerduty+json;version=2":
		fail(w, http.StatusNotAcceptable, codeInvalid, "Accept header must name version 2")
		return
	}
	var from *User
	if r.Method != http.MethodGet {
		if r.Header.Get("Content-Type") != "application/json" {
			fail(w, http.StatusUnsupportedMediaType, codeInvalid, "Content-Type must be application/json")
			return
		}
		if from = a.user(r.Header.Get("From")); from == nil || !strings.Contains(r.Header.Get("From"), "@") {
			fail(w, http.StatusBadRequest, codeInvalid, "Requester User Not Found", "From header must be the email of a user")
			return
		}
	}
	a.calls[pattern]++
	serve(w, r, from)
}

// fail answers with PagerDuty's error object.
func fail(w http.ResponseWriter, status, code int, message string, errs ...string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": message, "errors": errs}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// page reads limit and offset: at most 100 a page, 25 when nothing is said, and never beyond 10,000.
func page(r *http.Request) (limit, offset int, err error) {
	limit = 25
	for name, into := range map[string]*int{"limit": &limit, "offset": &offset} {
		if s := r.URL.Query().Get(name); s != "" {
			if *into, err = strconv.Atoi(s); err != nil || *into < 0 {
				return 0, 0, errors.New(name + " is no number")
			}
		}
	}
	limit = min(limit, 100)
	if limit+offset > 10_000 {
		return 0, 0, errors.New("offset and limit go beyond 10000")
	}
	return limit, offset, nil
}

// paged answers a stretch of a list.
func paged[T any](w http.ResponseWriter, r *http.Request, name string, all []T) {
	limit, offset, err := page(r)
	if err != nil {
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", err.Error())
		return
	}
	part := all[min(offset, len(all)):min(offset+limit, len(all))]
	if part == nil {
		part = []T{}
	}
	answer(w, http.StatusOK, map[string]any{name: part, "limit": limit, "offset": offset, "total": nil, "more": offset+limit < len(all)})
}

func (a *Account) list(w http.ResponseWriter, r *http.Request, _ *User) {
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains([]string{"limit", "offset", "statuses[]", "service_ids[]", "date_range", "since", "until", "urgencies[]", "sort_by", "incident_key"}, name) {
			fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", name+" is no parameter")
			return
		}
	}
	var all []restIncident
	for _, t := range a.incidents {
		if wanted(q["statuses[]"], t.status) && wanted(q["service_ids[]"], t.service.ID) && (q.Get("incident_key") == "" || q.Get("incident_key") == t.dedup()) {
			all = append(all, t.rest())
		}
	}
	paged(w, r, "incidents", all)
}

func wanted(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

func (a *Account) get(w http.ResponseWriter, r *http.Request, _ *User) {
	t := a.find(r.PathValue("id"))
	if t == nil {
		fail(w, http.StatusNotFound, codeUnknown, "Not Found")
		return
	}
	answer(w, http.StatusOK, map[string]any{"incident": t.rest()})
}

// manage is the bulk update: at most 250, each with its type, and what cannot be done is 400 with its code.
func (a *Account) manage(w http.ResponseWriter, r *http.Request, from *User) {
	var in struct {
		Incidents []struct {
			ID         string   `json:"id"`
			Type       string   `json:"type"`
			Status     string   `json:"status"`
			Resolution string   `json:"resolution"`
			Priority   *pointer `json:"priority"`
		} `json:"incidents"`
	}
	if err := strict(r.Body, &in); err != nil || len(in.Incidents) == 0 {
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "incidents: "+errText(err))
		return
	}
	if len(in.Incidents) > 250 {
		fail(w, http.StatusRequestEntityTooLarge, codeInvalid, "Too many incidents")
		return
	}
	var done []restIncident
	for _, want := range in.Incidents {
		t := a.find(want.ID)
		switch {
		case t == nil:
			fail(w, http.StatusNotFound, codeUnknown, "Not Found")
			return
		case want.Type != "incident" && want.Type != "incident_reference":
			fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "type must be incident or incident_reference")
			return
		case want.Status != "" && !slices.Contains([]string{"triggered", "acknowledged", "resolved"}, want.Status):
			fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "status")
			return
		case want.Resolution != "" && want.Status != "resolved":
			fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "resolution goes with resolved")
			return
		case want.Status == "resolved" && t.status == "resolved":
			fail(w, http.StatusBadRequest, codeResolved, "Incident Already Resolved")
			return
		case want.Status == "acknowledged" && t.status == "acknowledged":
			fail(w, http.StatusBadRequest, codeAcked, "Incident Already Acknowledged")
			return
		}
		if want.Priority != nil && !a.prioritise(t, want.Priority, from) {
			fail(w, http.StatusBadRequest, codePriority, "Invalid Priority")
			return
		}
		if want.Status != "" {
			a.set(t, want.Status, from, want.Resolution)
		}
		done = append(done, t.rest())
	}
	answer(w, http.StatusOK, map[string]any{"incidents": done})
}

func (a *Account) readNotes(w http.ResponseWriter, r *http.Request, _ *User) {
	t := a.find(r.PathValue("id"))
	if t == nil {
		fail(w, http.StatusNotFound, codeUnknown, "Not Found")
		return
	}
	notes := []restNote{}
	for _, n := range t.notes {
		notes = append(notes, n.rest())
	}
	answer(w, http.StatusOK, map[string]any{"notes": notes})
}

func (a *Account) addNote(w http.ResponseWriter, r *http.Request, from *User) {
	var in struct {
		Note struct {
			Content string          `json:"content"`
			User    json.RawMessage `json:"user"` // the library sends one; PagerDuty does not mind
		} `json:"note"`
	}
	t := a.find(r.PathValue("id"))
	err := strict(r.Body, &in)
	switch {
	case t == nil:
		fail(w, http.StatusNotFound, codeUnknown, "Not Found")
		return
	case err != nil || strings.TrimSpace(in.Note.Content) == "" || len(in.Note.Content) > 25_000:
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "note: "+errText(err))
		return
	case len(t.notes) >= 2000:
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "an incident has at most 2000 notes")
		return
	}
	a.annotate(t, in.Note.Content, from)
	answer(w, http.StatusCreated, map[string]any{"note": t.notes[len(t.notes)-1].rest()})
}

func (a *Account) users(w http.ResponseWriter, r *http.Request, _ *User) {
	query := strings.ToLower(r.URL.Query().Get("query"))
	var all []restUser
	for _, u := range a.o.Users {
		if query == "" || strings.Contains(strings.ToLower(u.Name+" "+u.Email), query) {
			one := restUser{ID: u.ID, Type: "user", Name: u.Name, Email: u.Email}
			if u.Phone != "" && slices.Contains(r.URL.Query()["include[]"], "contact_methods") {
				one.Ways = []any{map[string]any{"id": "PCM" + u.ID, "type": "phone_contact_method", "summary": "Mobile", "label": "Mobile", "address": u.Phone, "country_code": 34}}
			}
			all = append(all, one)
		}
	}
	paged(w, r, "users", all)
}

func (a *Account) member(w http.ResponseWriter, r *http.Request, _ *User) {
	for _, u := range a.o.Users {
		if u.ID == r.PathValue("id") {
			answer(w, http.StatusOK, map[string]any{"user": restUser{ID: u.ID, Type: "user", Name: u.Name, Email: u.Email}})
			return
		}
	}
	fail(w, http.StatusNotFound, codeUnknown, "Not Found")
}

func (a *Account) place(w http.ResponseWriter, r *http.Request, _ *User) {
	name, all := "service", a.o.Services
	if strings.HasPrefix(r.URL.Path, "/escalation_policies/") {
		name, all = "escalation_policy", a.o.Policies
	}
	for _, p := range all {
		if p.ID == r.PathValue("id") {
			one := map[string]any{"id": p.ID, "type": name, "name": p.Name, "summary": p.Name}
			if p.Policy != "" {
				one["escalation_policy"] = restRef{p.Policy, "escalation_policy_reference", p.Policy}
			}
			answer(w, http.StatusOK, map[string]any{name: one})
			return
		}
	}
	fail(w, http.StatusNotFound, codeUnknown, "Not Found")
}

// strict reads a body without unknown fields.
func strict(body io.Reader, v any) error {
	dec := json.NewDecoder(io.LimitReader(body, 1<<20))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

func errText(err error) string {
	if err == nil {
		return "missing"
	}
	return err.Error()
}

func (t *trouble) rest() restIncident {
	i := restIncident{
		ID: t.id, Type: "incident", Summary: "[#" + strconv.Itoa(t.number) + "] " + t.title, IncidentNumber: t.number, IncidentKey: t.dedup(), Title: t.title, CreatedAt: t.created.Format(time.RFC3339),
		Status: t.status, Service: restRef{t.service.ID, "service_reference", t.service.Name}, Urgency: t.urgency, Assignments: []restAt{}, Acknowledgements: []restAck{},
		LastStatusChangeAt: t.changed.Format(time.RFC3339), EscalationPolicy: restRef{"PPOL1", "escalation_policy_reference", "Default"}, HTMLURL: "https://acme.pagerduty.com/incidents/" + t.id,
	}
	if t.priority != "" {
		i.Priority = &restRef{"PPRI" + t.priority, "priority", t.priority}
	}
	for _, u := range t.assignees {
		i.Assignments = append(i.Assignments, restAt{At: i.CreatedAt, Assignee: restRef{u.ID, "user_reference", u.Name}})
	}
	for _, u := range t.ackers {
		i.Acknowledgements = append(i.Acknowledgements, restAck{At: i.LastStatusChangeAt, Acknowledger: restRef{u.ID, "user_reference", u.Name}})
	}
	i.ResponderRequests = t.requests()
	return i
}

func (n remark) rest() restNote {
	return restNote{ID: n.id, User: restRef{n.by.ID, "user_reference", n.by.Name}, Content: n.text, CreatedAt: n.at.Format(time.RFC3339)}
}
