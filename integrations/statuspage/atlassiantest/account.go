// Package atlassiantest is Atlassian's Statuspage as far as drbot speaks to it, on a port of this machine: pages with their
// components and incidents, over HTTP.
//
// It is strict: a key that the API does not have, a status that does not belong to the kind of incident, a name or a body
// over its limit, or a component that is not there is refused and kept as a fault, which a test reads at its end. It has its
// own shapes of the wire and shares nothing with drbot. Outages, limits and lost answers are switched on by the test.
package atlassiantest

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options of an account.
type Options struct {
	Token, Page string
	Components  map[string]string // id -> name
	Now         func() time.Time
}

// Incident is one as it stands.
type Incident struct {
	ID, Name, Status, Impact string
	From, Until              string
	Updates                  []Update // oldest first
	ComponentIDs             []string
	Metadata                 map[string]map[string]any
}

// Update is one message of an incident.
type Update struct {
	ID, Status, Body string
	Notified         bool
	Edited           int
}

// Account is one with one page.
type Account struct {
	o      Options
	server *http.Server
	url    string

	mu         sync.Mutex
	incidents  []*Incident
	components map[string]string // id -> status
	faults     []string
	made       int
	writes     int
	down       int           // answered to everything; 0: it works
	after      time.Duration // Retry-After with it
	lose       int           // answers to come that are lost after the write was done
}

// Start begins to listen.
func Start(o Options) (*Account, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &Account{o: o, url: "http://" + l.Addr().String(), components: map[string]string{}}
	for id := range o.Components {
		a.components[id] = "operational"
	}
	a.server = &http.Server{Handler: a.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = a.server.Serve(l) }()
	return a, nil
}

// Close ends it.
func (a *Account) Close() { _ = a.server.Close() }

// URL is for statuspage.atlassian.api_url.
func (a *Account) URL() string { return a.url }

// Down makes everything answer that status, with a Retry-After when after is not 0; Down(0, 0) mends it.
func (a *Account) Down(status int, after time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down, a.after = status, after
}

// Lose drops the connection instead of the answer after each of the next n writes: they are done, and nobody hears of it.
func (a *Account) Lose(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lose = n
}

// Delete takes an incident away, as people can there.
func (a *Account) Delete(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.incidents = slices.DeleteFunc(a.incidents, func(i *Incident) bool { return i.ID == id })
}

// Turn gives a component a status, as people and a window that begins do.
func (a *Account) Turn(id, status string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.components[id] = status
}

// Remove takes a component away.
func (a *Account) Remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.components, id)
}

// Incidents are those that are there, oldest first.
func (a *Account) Incidents() []Incident {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []Incident
	for _, i := range a.incidents {
		c := *i
		c.Updates, c.ComponentIDs = slices.Clone(i.Updates), slices.Clone(i.ComponentIDs)
		list = append(list, c)
	}
	return list
}

// Component is the status of one.
func (a *Account) Component(id string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.components[id]
}

// Faults are what a strict server refused, and Writes how many calls changed something.
func (a *Account) Faults() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.faults)
}

// Writes are the calls that changed something.
func (a *Account) Writes() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.writes
}

func (a *Account) id(kind string) string {
	a.made++
	return fmt.Sprintf("%s%08d", kind, a.made)
}

func (a *Account) find(id string) *Incident {
	for _, i := range a.incidents {
		if i.ID == id {
			return i
		}
	}
	return nil
}
