// Package incident says which changes to an incident are lawful.
//
// A decision looks at the fold of an incident and at plain values, and answers with events or with a Refusal. Events
// are the only thing that changes a fold, and folding the record from its start gives the fold again. Nothing here
// knows a clock, a network, a store or a vendor: time is an argument, people and policy are values.
// The story in order: open (lifecycle.go), tick off (checklist.go), plan and run (plan.go, run.go, step.go), approve
// (approval.go), keep promises (deadline.go).
package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FoldVersion is written into every stored fold; a fold of another version is folded again from its record.
const FoldVersion = 8

// ID numbers an incident from 1; 0 is the house stream, which belongs to no incident.
type ID uint64

func (id ID) String() string { return "INC-" + strconv.FormatUint(uint64(id), 10) }

// ParseID reads "42", "INC-42" or "inc-42".
func ParseID(s string) (ID, error) {
	digits := s
	if len(s) > 4 && strings.EqualFold(s[:4], "INC-") {
		digits = s[4:]
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no incident number: write it like 42 or INC-42", s)
	}
	return ID(n), nil
}

// RunName and ApprovalName are how people see and type the numbers of runs and approvals.
func RunName(n uint64) string      { return "R" + strconv.FormatUint(n, 10) }
func ApprovalName(n uint64) string { return "A" + strconv.FormatUint(n, 10) }

// Person is somebody in the record. Key is what rights hang on: the lower-case email of the people table, "slack:U…"
// for a full member it does not know, "drbot" for drbot itself. Proof says how the door knew: "slack:U0ANA",
// "unix:ana", "ssh:SHA256:…", "clock".
type Person struct {
	Key   string `json:"key"`
	Name  string `json:"name,omitempty"`
	Slack string `json:"slack,omitempty"`
	Proof string `json:"proof,omitempty"`
}

// Bot is drbot acting by itself.
var Bot = Person{Key: "drbot", Name: "drbot"}

// Same reports whether both are one human being: keys are the people table's, so an alias never makes two (I8).
func (p Person) Same(q Person) bool { return p.Key == q.Key && p.Key != "" }

// State is where an incident is in its life.
type State string

const (
	StateTriage   State = "triage"
	StateOpen     State = "open"
	StateResolved State = "resolved"
	StateClosed   State = "closed"
)

// Status is what responders say about an open incident.
type Status string

const (
	Investigating Status = "investigating"
	Identified    Status = "identified"
	Monitoring    Status = "monitoring"
)

// Statuses in the order in which an incident usually passes them.
var Statuses = []Status{Investigating, Identified, Monitoring}

// Role is a part that a person plays in one incident.
type Role string

const (
	Commander      Role = "commander"
	Scribe         Role = "scribe"
	Communications Role = "communications"
	Operations     Role = "operations"
)

// Roles in the order in which cards show them.
var Roles = []Role{Commander, Scribe, Communications, Operations}

// Objective is a promise of the runbook, resolved when the incident opened: Limit since OpenedAt.
type Objective struct {
	Name  string        `json:"name,omitempty"` // tier or data type
	Limit time.Duration `json:"limit,omitempty"`
}

// Channel is the incident's own chat channel; ID is the identity, Name is only shown (I15).
type Channel struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name,omitempty"`
	Private bool   `json:"private,omitempty"`
	Lost    string `json:"lost,omitempty"` // why it cannot be used any more
}

// Incident is the fold: what decisions, deadlines and cards need, and no more.
type Incident struct {
	Version    int       `json:"v"`
	ID         ID        `json:"id"`
	N          uint64    `json:"n"`   // newest record of this incident
	Seq        uint64    `json:"seq"` // the same record in the whole sequence
	Time       time.Time `json:"time"`
	Title      string    `json:"title"`
	Type       string    `json:"type,omitempty"`
	Severity   int       `json:"severity"`
	State      State     `json:"state"`
	Status     Status    `json:"status"`
	StatusAt   time.Time `json:"status_at"`
	Drill      bool      `json:"drill,omitempty"`
	Restricted bool      `json:"restricted,omitempty"`
	Source     string    `json:"source,omitempty"` // where it came from, in words
	Revision   string    `json:"revision,omitempty"`

	OpenedBy   Person    `json:"opened_by"`
	OpenedAt   time.Time `json:"opened_at"`
	LowerFree  time.Time `json:"lower_free"` // until then lowering the severity needs no reason
	AckedBy    Person    `json:"acked_by"`
	AckedAt    time.Time `json:"acked_at"`
	BegunBy    Person    `json:"begun_by,omitzero"` // who did the first thing; nobody where it has no name of its own
	BegunAt    time.Time `json:"begun_at,omitzero"` // when somebody first worked here, with or without an acknowledgement
	RespondBy  time.Time `json:"respond_by"`
	RespondSet time.Time `json:"respond_set,omitzero"` // when RespondBy was changed; zero: it is the first
	ResolvedBy Person    `json:"resolved_by"`
	ResolvedAt time.Time `json:"resolved_at"`
	FalseAlarm bool      `json:"false_alarm,omitempty"`
	Reopened   int       `json:"reopened,omitempty"`
	Again      *Again    `json:"again,omitempty"` // the last reopening

	Impact     string          `json:"impact,omitempty"`
	Summary    string          `json:"summary,omitempty"`
	RootCause  string          `json:"root_cause,omitempty"`
	DataImpact string          `json:"data_impact,omitempty"`
	Services   []string        `json:"services,omitempty"`
	RTO        Objective       `json:"rto"`
	RPO        Objective       `json:"rpo"`
	Roles      map[Role]Person `json:"roles,omitempty"`
	Channel    Channel         `json:"channel"`
	Members    *Members        `json:"members,omitempty"` // of a restricted one's private channel; nil: the chat has not said yet

	Calls       []Call        `json:"calls,omitempty"` // who is called while nobody answers
	Hushed      time.Time     `json:"hushed,omitzero"` // until then nobody is
	Pages       []Page        `json:"pages,omitempty"` // in the order in which they were asked for
	UpdateEvery time.Duration `json:"update_every,omitempty"`
	UpdateDue   time.Time     `json:"update_due"`
	LateSince   time.Time     `json:"late_since,omitzero"` // the missed update that drbot spoke of, until one is sent or it is moved
	Updates     int           `json:"updates,omitempty"`   // how many were sent
	Newest      *Newest       `json:"newest,omitempty"`    // of them
	Messages    []Sent        `json:"messages,omitempty"`  // the last of them, for cards and edits
	Drafts      int           `json:"drafts,omitempty"`    // how many asked for a second look
	Outgoing    []Outgoing    `json:"outgoing,omitempty"`  // those that wait for it, and the last that were decided
	PublicAt    time.Time     `json:"public_at,omitzero"`  // when something of it was last on the status page; zero: never
	Window      *Window       `json:"window,omitempty"`    // of scheduled maintenance; nil: an ordinary incident
	Moved       *Moved        `json:"moved,omitempty"`     // the last change of that window
	Readers     []Reader      `json:"readers,omitempty"`   // who was mailed a window
	Planned     bool          `json:"planned,omitempty"`   // it was opened as maintenance
	During      *During       `json:"during,omitempty"`    // the maintenance of its services that went on at its opening
	Became      time.Time     `json:"became,omitzero"`     // when that became an ordinary incident first
	// Executives have a cadence of their own.
	ExecutivesEvery time.Duration      `json:"executives_every,omitempty"`
	ExecutivesDue   time.Time          `json:"executives_due,omitzero"`
	Owed            []Debt             `json:"owed,omitempty"`           // what others outside were promised
	ExecutivesLate  time.Time          `json:"executives_late,omitzero"` // the missed one that drbot spoke of
	Spoken          []string           `json:"spoken,omitempty"`         // deadlines that were said, by key
	Checklist       []Item             `json:"checklist,omitempty"`      // in the runbook's order
	Runs            []*Run             `json:"runs,omitempty"`
	Approvals       []*Approval        `json:"approvals,omitempty"` // undecided and unused ones, and the last decided of each step
	Offers          []Offer            `json:"offers,omitempty"`    // hand-overs that wait, and the last that ended
	Glass           []Glass            `json:"glass,omitempty"`     // each time that the glass was broken
	Parked          []Parked           `json:"parked,omitempty"`
	Review          *Review            `json:"review,omitempty"`
	Before          *Review            `json:"before,omitempty"`      // what a reopening put away
	Alerts          []Alert            `json:"alerts,omitempty"`      // incidents of PagerDuty that it answers
	Triaged         bool               `json:"triaged,omitempty"`     // it was opened to be accepted
	AcceptedBy      Person             `json:"accepted_by,omitzero"`  // who or what made it more than an alert that waits
	MergedInto      ID                 `json:"merged_into,omitempty"` // where its alerts went on
	Hands           bool               `json:"hands,omitempty"`       // somebody took part here in what PagerDuty opened
	Pins            []string           `json:"pins,omitempty"`        // channel/ts of messages kept on the timeline
	PinFacts        map[string]PinFact `json:"pin_facts,omitempty"`   // the same, to see what changed
	Proofs          map[string]Proof   `json:"proofs,omitempty"`      // what the record showed for items of the checklist
	Promises        Promises           `json:"promises,omitzero"`     // what was kept and broken so far
}

// Parked is a delivery that a follower gave up on; a person requeues it.
type Parked struct {
	Follower string    `json:"follower"`
	Seq      uint64    `json:"seq"`
	Why      string    `json:"why"`
	At       time.Time `json:"at"`
}

// New is the empty fold of an incident that the next record opens.
func New(id ID) *Incident { return &Incident{Version: FoldVersion, ID: id} }

// Exists reports whether the incident has been opened.
func (i *Incident) Exists() bool { return i != nil && i.State != "" }

// Active reports whether people are still working on it.
func (i *Incident) Active() bool { return i.State == StateTriage || i.State == StateOpen }

// Run finds a run by its number.
func (i *Incident) Run(n uint64) *Run {
	for _, r := range i.Runs {
		if r.N == n {
			return r
		}
	}
	return nil
}

// LiveRun is the newest run that has not ended, drafts included; nil when there is none.
func (i *Incident) LiveRun() *Run {
	for _, r := range slices.Backward(i.Runs) {
		if r.State != Ended {
			return r
		}
	}
	return nil
}

// Approval finds an approval by its number.
func (i *Incident) Approval(n uint64) *Approval {
	for _, a := range i.Approvals {
		if a.N == n {
			return a
		}
	}
	return nil
}

// Summary is one line of a list.
type Summary struct {
	ID         ID        `json:"id"`
	Title      string    `json:"title"`
	Type       string    `json:"type,omitempty"`
	Severity   int       `json:"severity"`
	State      State     `json:"state"`
	Status     Status    `json:"status"`
	Drill      bool      `json:"drill,omitempty"`
	Restricted bool      `json:"restricted,omitempty"`
	OpenedAt   time.Time `json:"opened_at"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	Commander  string    `json:"commander,omitempty"`
	Channel    string    `json:"channel,omitempty"`
	UpdateDue  time.Time `json:"update_due,omitzero"`
	Phase      Phase     `json:"phase,omitempty"`      // of scheduled maintenance
	From       time.Time `json:"window_from,omitzero"` // of its window
	Until      time.Time `json:"window_until,omitzero"`
	Services   []string  `json:"services,omitempty"` // that are maintained
	Owing      []string  `json:"owing,omitempty"`    // keys of people who owe something of its review
	EndHeld    bool      `json:"end_held,omitempty"` // people outside have not heard that it is over
}

// Alive reports whether something is still to be done: it is not closed, somebody owes something of its review, or its end has
// not left the house.
func (s Summary) Alive() bool { return s.State != StateClosed || len(s.Owing) > 0 || s.EndHeld }

// Summarise is the line of this incident.
func (i *Incident) Summarise() Summary {
	s := Summary{
		ID: i.ID, Title: i.Title, Type: i.Type, Severity: i.Severity, State: i.State, Status: i.Status, Drill: i.Drill,
		Restricted: i.Restricted, OpenedAt: i.OpenedAt, ResolvedAt: i.ResolvedAt, Commander: i.Roles[Commander].Name,
		Channel: i.Channel.ID, UpdateDue: i.UpdateDue, Owing: i.Owing(), Phase: i.Phase(),
	}
	o, _ := i.HeldEnd()
	s.EndHeld = o != nil
	if w := i.Window; w != nil {
		s.From, s.Until, s.Services = w.From, w.Until, i.Services
	}
	return s
}
