package people

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// OnCall is one user of PagerDuty who is on call now, as it said last.
type OnCall struct {
	Level int    `json:"level"` // of the escalation policy; 1 is woken first
	User  string `json:"user"`  // PagerDuty's id
	Name  string `json:"name"`
}

// Place is a service or an escalation policy of PagerDuty.
type Place struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Policy string `json:"policy,omitempty"`
}

// Duty is who is on call, by escalation policy, and when PagerDuty said so. A decision reads it and asks no network. It is
// a cache: Kept gives it for a file, and Restore takes it back at the next start. It is safe for concurrent use.
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

// dutyFormat is the format of what Kept gives, and dutyLives how old it may be to be worth more than knowing nothing:
// whoever is on call changes with the day.
const (
	dutyFormat = 1
	dutyLives  = 24 * time.Hour
)

type keptDuty struct {
	Format   int                 `json:"format"`
	At       time.Time           `json:"at"`
	Policies map[string][]OnCall `json:"policies"`
	Places   []Place             `json:"places"`
}

// Kept is what is known, for a file.
func (d *Duty) Kept() ([]byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return json.Marshal(keptDuty{dutyFormat, d.at, d.policies, d.places})
}

// Restore takes back what was kept before a start, with its age. What cannot be read, says another format, comes from the
// future or is too old is not taken, and says why; what PagerDuty has said since the start stands.
func (d *Duty) Restore(kept []byte, now time.Time) error {
	var k keptDuty
	if err := json.Unmarshal(kept, &k); err != nil {
		return fmt.Errorf("read who was on call: %w", err)
	}
	switch {
	case k.Format != dutyFormat:
		return fmt.Errorf("read who was on call: format %d is unknown to this version", k.Format)
	case k.At.IsZero() || k.At.After(now):
		return fmt.Errorf("read who was on call: it is said to be of %s", k.At.UTC().Format(time.RFC3339))
	case now.Sub(k.At) > dutyLives:
		return fmt.Errorf("read who was on call: it is of %s, which is too long ago", k.At.UTC().Format(time.RFC3339))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() {
		d.at, d.policies, d.places = k.At, k.Policies, k.Places
	}
	return nil
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
