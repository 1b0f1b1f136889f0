package atlassiantest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The shapes of the wire.

type incidentIn struct {
	Incident struct {
		Name         *string                   `json:"name"`
		Status       *string                   `json:"status"`
		Impact       *string                   `json:"impact_override"`
		Body         *string                   `json:"body"`
		ComponentIDs []string                  `json:"component_ids"`
		Components   map[string]string         `json:"components"`
		Metadata     map[string]map[string]any `json:"metadata"`
		Notify       *bool                     `json:"deliver_notifications"`
		From         *string                   `json:"scheduled_for"`
		Until        *string                   `json:"scheduled_until"`
		Begins       *bool                     `json:"scheduled_auto_in_progress"`
		Ends         *bool                     `json:"scheduled_auto_completed"`
		Turns        *bool                     `json:"auto_transition_to_maintenance_state"`
		TurnsBack    *bool                     `json:"auto_transition_to_operational_state"`
	} `json:"incident"`
}

type componentIn struct {
	Component struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
		Status      *string `json:"status"`
	} `json:"component"`
}

type updateIn struct {
	Update struct {
		Body      *string `json:"body"`
		DisplayAt *string `json:"display_at"`
		Notify    *bool   `json:"deliver_notifications"`
	} `json:"incident_update"`
}

type incidentOut struct {
	ID       string                    `json:"id"`
	Name     string                    `json:"name"`
	Status   string                    `json:"status"`
	Impact   string                    `json:"impact"`
	PageID   string                    `json:"page_id"`
	Metadata map[string]map[string]any `json:"metadata"`
	Updates  []updateOut               `json:"incident_updates"`
}

type updateOut struct {
	ID         string `json:"id"`
	IncidentID string `json:"incident_id"`
	Status     string `json:"status"`
	Body       string `json:"body"`
}

var (
	realtime  = []string{"investigating", "identified", "monitoring", "resolved"}
	scheduled = []string{"scheduled", "in_progress", "verifying", "completed"}
	impacts   = []string{"none", "maintenance", "minor", "major", "critical"}
	statuses  = []string{"operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"}
)

func (a *Account) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/pages/{page}/components", a.guarded(a.listComponents))
	mux.HandleFunc("GET /v1/pages/{page}/components/{id}", a.guarded(a.oneComponent))
	mux.HandleFunc("PATCH /v1/pages/{page}/components/{id}", a.guarded(a.changeComponent))
	mux.HandleFunc("GET /v1/pages/{page}/incidents", a.guarded(a.listIncidents))
	mux.HandleFunc("POST /v1/pages/{page}/incidents", a.guarded(a.create))
	mux.HandleFunc("GET /v1/pages/{page}/incidents/{id}", a.guarded(a.one))
	mux.HandleFunc("PATCH /v1/pages/{page}/incidents/{id}", a.guarded(a.change))
	mux.HandleFunc("PATCH /v1/pages/{page}/incidents/{id}/incident_updates/{update}", a.guarded(a.edit))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.refuse(w, http.StatusNotFound, "no such call: "+r.Method+" "+r.URL.Path)
	})
	return mux
}

// guarded answers one call at a time, after what every call must have.
func (a *Account) guarded(do func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		switch {
		case a.down != 0:
			if a.after > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(a.after/time.Second)))
			}
			answer(w, a.down, map[string]any{"error": "not now"})
		case r.Header.Get("Authorization") != "OAuth "+a.o.Token:
			answer(w, http.StatusUnauthorized, map[string]any{"error": "Could not authenticate"})
		case r.PathValue("page") != a.o.Page:
			answer(w, http.StatusNotFound, map[string]any{"error": "Page not found"})
		case r.Method != http.MethodGet && r.Header.Get("Content-Type") != "application/json":
			a.refuse(w, http.StatusUnprocessableEntity, "the content type is "+r.Header.Get("Content-Type"))
		default:
			do(w, r)
		}
	}
}

// refuse answers as the API does, and keeps what was wrong for the test.
func (a *Account) refuse(w http.ResponseWriter, status int, what string) {
	a.faults = append(a.faults, what)
	answer(w, status, map[string]any{"error": []string{what}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// wrote answers a write, or loses the answer.
func (a *Account) wrote(w http.ResponseWriter, status int, body any) {
	a.writes++
	if a.lose > 0 {
		a.lose--
		panic(http.ErrAbortHandler)
	}
	answer(w, status, body)
}

func decode(r *http.Request, into any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if !utf8.Valid(b) {
		return errors.New("the body is not UTF-8")
	}
	return nil
}

func (a *Account) out(i *Incident) incidentOut {
	o := incidentOut{ID: i.ID, Name: i.Name, Status: i.Status, Impact: i.Impact, PageID: a.o.Page, Metadata: i.Metadata, Updates: []updateOut{}}
	for _, u := range slices.Backward(i.Updates) {
		o.Updates = append(o.Updates, updateOut{ID: u.ID, IncidentID: i.ID, Status: u.Status, Body: u.Body})
	}
	return o
}

func (a *Account) listComponents(w http.ResponseWriter, _ *http.Request) {
	list := []map[string]any{}
	for id, name := range a.o.Components {
		list = append(list, map[string]any{"id": id, "name": name, "status": a.components[id]})
	}
	answer(w, http.StatusOK, list)
}

func (a *Account) oneComponent(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, ok := a.components[id]; !ok {
		answer(w, http.StatusNotFound, map[string]any{"error": "Record not found"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"id": id, "name": a.o.Components[id], "status": a.components[id]})
}

func (a *Account) changeComponent(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	var in componentIn
	_, ok := a.components[id]
	switch err := decode(r, &in); {
	case !ok:
		answer(w, http.StatusNotFound, map[string]any{"error": "Record not found"})
		return
	case err != nil:
		a.refuse(w, http.StatusBadRequest, err.Error())
		return
	case in.Component.Status == nil || !slices.Contains(statuses, *in.Component.Status):
		a.refuse(w, http.StatusUnprocessableEntity, fmt.Sprintf("Component %q gets no status that there is", id))
		return
	}
	a.components[id] = *in.Component.Status
	a.wrote(w, http.StatusOK, map[string]any{"id": id, "name": a.o.Components[id], "status": a.components[id]})
}

func (a *Account) listIncidents(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 100
	}
	list := []incidentOut{}
	for _, i := range slices.Backward(a.incidents) {
		if len(list) < limit {
			list = append(list, a.out(i))
		}
	}
	answer(w, http.StatusOK, list)
}

func (a *Account) one(w http.ResponseWriter, r *http.Request) {
	i := a.find(r.PathValue("id"))
	if i == nil {
		answer(w, http.StatusNotFound, map[string]any{"error": "Record not found"})
		return
	}
	answer(w, http.StatusOK, a.out(i))
}

func (a *Account) create(w http.ResponseWriter, r *http.Request) {
	var in incidentIn
	if err := decode(r, &in); err != nil {
		a.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if in.Incident.Name == nil {
		a.refuse(w, http.StatusUnprocessableEntity, "Name can't be blank")
		return
	}
	i := &Incident{ID: a.id("inc")}
	if what := a.apply(i, in); what != "" {
		a.refuse(w, http.StatusUnprocessableEntity, what)
		return
	}
	a.incidents = append(a.incidents, i)
	a.wrote(w, http.StatusCreated, a.out(i))
}

func (a *Account) change(w http.ResponseWriter, r *http.Request) {
	i := a.find(r.PathValue("id"))
	if i == nil {
		answer(w, http.StatusNotFound, map[string]any{"error": "Record not found"})
		return
	}
	var in incidentIn
	if err := decode(r, &in); err != nil {
		a.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if what := a.apply(i, in); what != "" {
		a.refuse(w, http.StatusUnprocessableEntity, what)
		return
	}
	a.wrote(w, http.StatusOK, a.out(i))
}

// apply checks all of it before it changes anything; its answer is what is wrong.
func (a *Account) apply(i *Incident, in incidentIn) string {
	n := in.Incident
	planned := n.From != nil || i.From != ""
	kind := realtime
	if planned {
		kind = scheduled
	}
	switch {
	case n.Name != nil && (strings.TrimSpace(*n.Name) == "" || utf8.RuneCountInString(*n.Name) > 255):
		return fmt.Sprintf("Name is blank or too long (%d)", utf8.RuneCountInString(*n.Name))
	case n.Body != nil && utf8.RuneCountInString(*n.Body) > 25000:
		return fmt.Sprintf("Body is too long (%d)", utf8.RuneCountInString(*n.Body))
	case n.Status != nil && !slices.Contains(kind, *n.Status):
		return fmt.Sprintf("Status %q is none of %v", *n.Status, kind)
	case n.Impact != nil && !slices.Contains(impacts, *n.Impact):
		return fmt.Sprintf("Impact override %q is none of %v", *n.Impact, impacts)
	case (n.From == nil) != (n.Until == nil):
		return "Scheduled for and until come together"
	}
	for _, t := range []*string{n.From, n.Until} {
		if t == nil {
			continue
		}
		if _, err := time.Parse(time.RFC3339, *t); err != nil {
			return "no instant: " + *t
		}
	}
	for id, status := range n.Components {
		if _, ok := a.components[id]; !ok || !slices.Contains(statuses, status) || !slices.Contains(n.ComponentIDs, id) {
			return fmt.Sprintf("Component %q cannot be %q", id, status)
		}
	}
	for _, id := range n.ComponentIDs {
		if _, ok := a.components[id]; !ok {
			return fmt.Sprintf("Component %q is not there", id)
		}
	}
	a.set(i, in)
	return ""
}

func (a *Account) set(i *Incident, in incidentIn) {
	n := in.Incident
	for into, value := range map[*string]*string{&i.Name: n.Name, &i.Status: n.Status, &i.Impact: n.Impact, &i.From: n.From, &i.Until: n.Until} {
		if value != nil {
			*into = *value
		}
	}
	if n.ComponentIDs != nil {
		i.ComponentIDs = n.ComponentIDs
	}
	for id, status := range n.Components {
		a.components[id] = status
	}
	if n.Metadata != nil {
		i.Metadata = n.Metadata
	}
	if n.Body != nil {
		i.Updates = append(i.Updates, Update{ID: a.id("upd"), Status: i.Status, Body: *n.Body, Notified: n.Notify == nil || *n.Notify})
	}
}

func (a *Account) edit(w http.ResponseWriter, r *http.Request) {
	i := a.find(r.PathValue("id"))
	if i == nil {
		answer(w, http.StatusNotFound, map[string]any{"error": "Record not found"})
		return
	}
	var in updateIn
	if err := decode(r, &in); err != nil {
		a.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	for k := range i.Updates {
		if u := &i.Updates[k]; u.ID == r.PathValue("update") && in.Update.Body != nil {
			u.Body = *in.Update.Body
			u.Edited++
			a.wrote(w, http.StatusOK, updateOut{ID: u.ID, IncidentID: i.ID, Status: u.Status, Body: u.Body})
			return
		}
	}
	a.refuse(w, http.StatusNotFound, "there is no such update: "+r.PathValue("update"))
}
