package incident

import "time"

// AlertLinked ties an incident of PagerDuty to this one.
type AlertLinked struct {
	By    Person               `json:"by"`
	Alert string               `json:"alert"` // PagerDuty's id
	Name  string               `json:"name,omitempty"`
	How   string               `json:"how"`             // opened | attached | merged | paged
	From  ID                   `json:"from,omitempty"`  // merged: the incident that had it before
	Page  uint64               `json:"page,omitempty"`  // paged: the page that PagerDuty made it of
	Began time.Time            `json:"began,omitzero"`  // when PagerDuty made it
	Facts map[string]AlertFact `json:"facts,omitempty"` // merged: what was known there
}

// AlertSeen is one event of PagerDuty about a linked incident.
type AlertSeen struct {
	Alert string            `json:"alert"`
	Name  string            `json:"name,omitempty"`
	Event string            `json:"event"`         // PagerDuty's id of it
	What  string            `json:"what"`          // "acknowledged", "priority updated"; "asked": the answer to a question
	At    time.Time         `json:"at"`            // when it happened there
	Who   string            `json:"who,omitempty"` // who did it
	Facts map[string]string `json:"facts,omitempty"`
	Text  string            `json:"text,omitempty"` // of a note or a status update
	Echo  bool              `json:"echo,omitempty"` // drbot's own note come back
}

// AlertPassed is an event of PagerDuty that is about no incident here: unknown, unreadable, or passed over by a rule.
type AlertPassed struct {
	Alert string    `json:"alert,omitempty"`
	Event string    `json:"event,omitempty"`
	What  string    `json:"what"`
	At    time.Time `json:"at"`
	Why   string    `json:"why"`
	// What it said: kept for the alert, whose trigger may still come.
	Who   string            `json:"who,omitempty"`
	Text  string            `json:"text,omitempty"`
	Facts map[string]string `json:"facts,omitempty"`
}

// Accepted makes an incident of what waited in triage.
type Accepted struct {
	By  Person `json:"by"`
	Why string `json:"why,omitempty"` // a rule
	Policy
}

// Declined says that it is none.
type Declined struct {
	By     Person `json:"by"`
	Reason string `json:"reason"`
}

// Merged closes an incident whose alerts go on with another one.
type Merged struct {
	By   Person `json:"by"`
	Into ID     `json:"into"`
}

// Triaged puts an incident that PagerDuty itself had ended back to where it was.
type Triaged struct {
	By  Person `json:"by"`
	Why string `json:"why"`
}

func (AlertLinked) EventKind() string { return "AlertLinked" }
func (AlertSeen) EventKind() string   { return "AlertSeen" }
func (AlertPassed) EventKind() string { return "AlertPassed" }
func (Accepted) EventKind() string    { return "Accepted" }
func (Declined) EventKind() string    { return "Declined" }
func (Merged) EventKind() string      { return "Merged" }
func (Triaged) EventKind() string     { return "Triaged" }
