// Package pdtest is a PagerDuty to test against: one account on one port, as strict as the real one.
//
// It has its own wire structs, so that a mistake shared with a client library cannot hide, and imports no room of ours.
// REST wants token, Accept, Content-Type and, for what writes, a From who exists; it pages, limits and answers with
// PagerDuty's codes. Webhooks V3 go out signed with every living secret, in order for each incident, again under the same
// id until they are taken; a subscription that had three dropped in a row is disabled for a day. Written from
// developer.pagerduty.com, not from any client.
package pdtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// User, Place and Options describe the account.
type (
	User struct{ ID, Name, Email, Phone string }
	// Place is a service or an escalation policy; Policy is a service's own.
	Place   struct{ ID, Name, Policy string }
	Options struct {
		Addr     string // "": 127.0.0.1 and any port
		Token    string
		Users    []User
		Services []Place
		Policies []Place
		// Priorities are their names, the most severe first; none: the account has not switched them on.
		Priorities []string
		Now        func() time.Time
		Retry      time.Duration // between two tries of a webhook; 0: 50 ms
	}
)

// Change is one thing that happened to an incident: who did what, in the account's order.
type Change struct{ What, By, Text string }

// Account is a running PagerDuty.
type Account struct {
	o      Options
	server *http.Server
	addr   string
	ctx    context.Context
	stop   context.CancelFunc
	all    sync.WaitGroup

	mu            sync.Mutex
	incidents     []*trouble
	subscriptions []*subscription
	away          bool
	limited       int // so many calls are answered 429
	reset         string
	calls         map[string]int // "PUT /incidents" -> calls that were served
	last          time.Time
	shifts        map[string][]string // policy -> users on call, a level each
	lacks         []string            // abilities
}

// trouble is an incident.
type trouble struct {
	id, key, title, status, urgency, priority string
	number                                    int
	service                                   Place
	created, changed                          time.Time
	assignees, ackers                         []User
	notes                                     []remark
	responders                                []responder
	changes                                   []Change
	log                                       []entry
}

type remark struct {
	id, text string
	by       User
	at       time.Time
}

// Start runs an account until Close.
func Start(o Options) (*Account, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retry <= 0 {
		o.Retry = 50 * time.Millisecond
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if len(o.Services) == 0 {
		return nil, errors.New("an account without a service has no incidents")
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	a := &Account{o: o, addr: listener.Addr().String(), calls: map[string]int{}}
	a.ctx, a.stop = context.WithCancel(context.Background())
	a.server = &http.Server{Handler: a.routes(), ReadHeaderTimeout: 5 * time.Second}
	a.all.Go(func() { _ = a.server.Serve(listener) })
	return a, nil
}

// URL is the base of the REST API.
func (a *Account) URL() string { return "http://" + a.addr }

// Close ends it; webhooks that were not taken are lost.
func (a *Account) Close() {
	a.stop()
	_ = a.server.Close()
	a.all.Wait()
}

// Away makes the API answer 503, or lets it answer again. Webhooks go on.
func (a *Account) Away(away bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away = away
}

// Limit answers the next n calls with 429; reset is the ratelimit-reset header in seconds, "" leaves it out.
func (a *Account) Limit(n int, reset string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limited, a.reset = n, reset
}

// Calls counts the calls of one kind that were served, like "POST /incidents/{id}/notes".
func (a *Account) Calls(kind string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[kind]
}

// now is the account's clock: events of one account never share an instant, as their order is told by it.
func (a *Account) now() time.Time {
	now := a.o.Now().UTC().Truncate(time.Millisecond)
	if !now.After(a.last) {
		now = a.last.Add(time.Millisecond)
	}
	a.last = now
	return now
}

// Trigger opens an incident and tells the subscriptions; priority may be empty.
func (a *Account) Trigger(service, title, urgency, priority string) (id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.now()
	t := &trouble{
		id: "Q" + rand.Text()[:13], title: title, status: "triggered", urgency: urgency, priority: priority, number: 8812 + len(a.incidents), created: at, changed: at,
		service: Place{ID: service, Name: service},
	}
	if k := slices.IndexFunc(a.o.Services, func(p Place) bool { return p.ID == service }); k >= 0 {
		t.service = a.o.Services[k]
	}
	if len(a.o.Users) > 0 {
		t.assignees = a.o.Users[:1]
	}
	a.incidents = append(a.incidents, t)
	a.happened(t, "triggered", at, nil, "")
	return t.id
}

// Set changes a status as a user does in PagerDuty: acknowledged, resolved, or triggered to open it again.
func (a *Account) Set(id, status, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.find(id); t != nil {
		a.set(t, status, a.user(user), "")
	}
}

// Prioritise changes the priority.
func (a *Account) Prioritise(id, priority, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.find(id); t != nil {
		t.priority = priority
		a.happened(t, "priority_updated", a.now(), a.user(user), "")
	}
}

// Note adds a note as a user does.
func (a *Account) Note(id, text, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.find(id); t != nil {
		a.annotate(t, text, a.user(user))
	}
}

// Delete takes an incident away.
func (a *Account) Delete(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.incidents = slices.DeleteFunc(a.incidents, func(t *trouble) bool { return t.id == id })
}

// Changes lists what happened to an incident.
func (a *Account) Changes(id string) []Change {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.find(id)
	if t == nil {
		return nil
	}
	return slices.Clone(t.changes)
}

// Status of an incident; "" when there is none.
func (a *Account) Status(id string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.find(id); t != nil {
		return t.status
	}
	return ""
}

func (a *Account) find(id string) *trouble {
	for _, t := range a.incidents {
		if t.id == id {
			return t
		}
	}
	return nil
}

// user finds one by id or address.
func (a *Account) user(name string) *User {
	for k := range a.o.Users {
		if u := &a.o.Users[k]; name != "" && (u.ID == name || u.Email == name) {
			return u
		}
	}
	return nil
}

// set changes a status and tells it. An acknowledgement of what is resolved opens it again, as in PagerDuty.
func (a *Account) set(t *trouble, status string, by *User, resolution string) {
	at, what := a.now(), status
	if t.status == "resolved" && status != "resolved" {
		what = "reopened"
		if status == "acknowledged" {
			t.ackers = nil
			t.status, t.changed = "triggered", at
			a.happened(t, "reopened", at, by, "")
			at, what = a.now(), "acknowledged"
		}
	} else if status == "triggered" {
		what = "unacknowledged"
	}
	t.status, t.changed = status, at
	switch {
	case status == "acknowledged" && by != nil:
		t.ackers = append(t.ackers, *by)
	case status != "acknowledged":
		t.ackers = nil
	}
	a.happened(t, what, at, by, "")
	if resolution != "" {
		a.annotate(t, "Resolution Note: "+resolution, by)
	}
}

func (a *Account) annotate(t *trouble, text string, by *User) {
	n := remark{id: "N" + rand.Text()[:12], text: text, at: a.now()}
	if by != nil {
		n.by = *by
	}
	t.notes = append(t.notes, n)
	a.happened(t, "annotated", n.at, by, text)
}

// happened keeps the change and puts its webhook into every subscription's queue.
func (a *Account) happened(t *trouble, what string, at time.Time, by *User, text string) {
	var data any = t.hook()
	if what == "annotated" {
		data = t.hookNote(text)
	}
	a.emit(t, what, at, by, text, data)
}

// emit is happened for what has data of its own.
func (a *Account) emit(t *trouble, what string, at time.Time, by *User, text string, data any) {
	c := Change{What: what, Text: text}
	if by != nil {
		c.By = by.Email
	}
	t.changes, t.log = append(t.changes, c), append(t.log, entry{kind: logged(what), message: text, at: at, by: by})
	body := webhook(what, at, by, data)
	for _, s := range a.subscriptions {
		if s.service != "" && s.service != t.service.ID {
			continue
		}
		s.queue(a, t.id, delivery{id: fmt.Sprintf("%s-%d", rand.Text()[:16], len(t.changes)), kind: "incident." + what, body: body})
	}
}
