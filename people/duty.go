package people

import (
	"slices"
	"sync"
	"time"
)

// OnCall is one user of PagerDuty who is on call now, as it said last.
type OnCall struct {
	Level int    // of the escalation policy; 1 is woken first
	User  string // PagerDuty's id
	Name  string
}

// Place is a service or an escalation policy of PagerDuty.
type Place struct{ ID, Name, Policy string }

// Duty is who is on call, by escalation policy, and when PagerDuty said so. A decision reads it and asks no network; after
// a start nothing is known until PagerDuty answered. It is safe for concurrent use.
type Duty struct {
	mu       sync.RWMutex
	at       time.Time
	policies map[string][]OnCall
	places   []Place
}

// Set replaces what is known. A policy that is in the map with nobody has nobody on call.
func (d *Duty) Set(at time.Time, policies map[string][]OnCall, places []Place) {
	for _, list := range policies {
		slices.SortStableFunc(list, func(a, b OnCall) int { return a.Level - b.Level })
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.policies, d.places = at, policies, places
}

// On lists who is on call by a policy, first to be woken first; known is false while PagerDuty has not said.
func (d *Duty) On(policy string) (list []OnCall, at time.Time, known bool) {
	if d == nil {
		return nil, time.Time{}, false
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	list, known = d.policies[policy]
	return slices.Clone(list), d.at, known
}

// Places lists the services and policies that drbot was told of, with their names.
func (d *Duty) Places() []Place {
	if d == nil {
		return nil
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.places)
}
