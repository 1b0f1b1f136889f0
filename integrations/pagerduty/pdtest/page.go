package pdtest

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
)

// Shift puts users on call by an escalation policy, one level each; none: nobody is on call there.
func (a *Account) Shift(policy string, users ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.shifts == nil {
		a.shifts = map[string][]string{}
	}
	a.shifts[policy] = users
}

// Pages lists the incidents that the API made, by their ids, with their titles and whom they woke.
func (a *Account) Pages() (ids, titles []string, woke [][]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.incidents {
		if !strings.HasPrefix(t.key, "key-") && t.key != "" {
			var names []string
			for _, u := range t.assignees {
				names = append(names, u.ID)
			}
			ids, titles, woke = append(ids, t.id), append(titles, t.title), append(woke, names)
		}
	}
	return ids, titles, woke
}

// first is whom a policy wakes: the first level that anybody is on call at.
func (a *Account) first(policy string) []User {
	for _, id := range a.shifts[policy] {
		if u := a.user(id); u != nil {
			return []User{*u}
		}
	}
	return nil
}

// pointer and creation are the body of POST /incidents.
type pointer struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

type creation struct {
	Incident struct {
		Type        string   `json:"type"`
		Title       string   `json:"title"`
		Service     pointer  `json:"service"`
		Urgency     string   `json:"urgency"`
		IncidentKey string   `json:"incident_key"`
		Policy      *pointer `json:"escalation_policy"`
		Assignments []struct {
			Assignee pointer `json:"assignee"`
		} `json:"assignments"`
	} `json:"incident"`
}

// create makes an incident by the API.
func (a *Account) create(w http.ResponseWriter, r *http.Request, from *User) {
	var in creation
	err := strict(r.Body, &in)
	i := in.Incident
	service := slices.IndexFunc(a.o.Services, func(p Place) bool { return p.ID == i.Service.ID })
	switch {
	case err != nil || i.Type != "incident" || strings.TrimSpace(i.Title) == "" || len(i.Title) > 1024 || service < 0 || i.Service.Type != "service_reference":
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "incident: "+errText(err))
		return
	case i.Policy != nil && len(i.Assignments) > 0:
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "only one of assignments and escalation_policy")
		return
	case slices.ContainsFunc(a.incidents, func(t *trouble) bool {
		return i.IncidentKey != "" && t.key == i.IncidentKey && t.service.ID == i.Service.ID && t.status != "resolved"
	}):
		fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "Open incident already exists on this service with matching incident_key")
		return
	}
	place := a.o.Services[service]
	policy := place.Policy
	if i.Policy != nil {
		policy = i.Policy.ID
		if !slices.ContainsFunc(a.o.Policies, func(p Place) bool { return p.ID == policy }) {
			fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "Escalation policy Not Found")
			return
		}
	}
	assignees := a.first(policy)
	if len(i.Assignments) > 0 {
		assignees = nil
		for _, x := range i.Assignments {
			u := a.user(x.Assignee.ID)
			if u == nil || x.Assignee.Type != "user_reference" {
				fail(w, http.StatusBadRequest, codeInvalid, "Invalid Input Provided", "Assignee not found")
				return
			}
			assignees = append(assignees, *u)
		}
	}
	at := a.now()
	t := &trouble{
		id: "Q" + rand.Text()[:13], key: i.IncidentKey, title: i.Title, status: "triggered", urgency: i.Urgency, number: 8812 + len(a.incidents), created: at, changed: at,
		service: place, assignees: assignees,
	}
	a.incidents = append(a.incidents, t)
	a.happened(t, "triggered", at, from, "")
	answer(w, http.StatusCreated, map[string]any{"incident": t.rest()})
}

// oncalls lists who is on call now; each policy's users, one level each.
func (a *Account) oncalls(w http.ResponseWriter, r *http.Request, _ *User) {
	type entry struct {
		User   any     `json:"user"`
		Policy restRef `json:"escalation_policy"`
		Level  int     `json:"escalation_level"`
	}
	var all []entry
	q := r.URL.Query()
	for _, p := range a.o.Policies {
		if !wanted(q["escalation_policy_ids[]"], p.ID) {
			continue
		}
		for k, id := range a.shifts[p.ID] {
			u := a.user(id)
			if u == nil {
				continue
			}
			e := entry{User: restRef{u.ID, "user_reference", u.Name}, Policy: restRef{p.ID, "escalation_policy_reference", p.Name}, Level: k + 1}
			if slices.Contains(q["include[]"], "users") {
				e.User = restUser{ID: u.ID, Type: "user", Name: u.Name, Email: u.Email}
			}
			all = append(all, e)
		}
	}
	paged(w, r, "oncalls", all)
}

// AddUser adds a user; PagerDuty itself would refuse a second one with the same email.
func (a *Account) AddUser(u User) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.o.Users = append(a.o.Users, u)
}
