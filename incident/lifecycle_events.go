package incident

import "time"

// Policy is what the runbook and configuration promise for a severity, resolved when the event is made.
type Policy struct {
	RespondBy   time.Time     `json:"respond_by"`
	UpdateEvery time.Duration `json:"update_every,omitempty"` // 0: no promised cadence
	UpdateDue   time.Time     `json:"update_due"`
	// Executives have a cadence of their own; 0: none is promised.
	ExecutivesEvery time.Duration `json:"executives_every,omitempty"`
	ExecutivesDue   time.Time     `json:"executives_due,omitzero"`
	Calls           []Call        `json:"calls,omitempty"` // contacts of the runbook, while nobody answers
}

// Opened begins an incident.
type Opened struct {
	By         Person    `json:"by"`
	Title      string    `json:"title"`
	Type       string    `json:"type,omitempty"`
	Severity   int       `json:"severity"`
	Chosen     bool      `json:"chosen,omitempty"`  // a person named the severity
	Planned    bool      `json:"planned,omitempty"` // scheduled maintenance
	Triage     bool      `json:"triage,omitempty"`
	Drill      bool      `json:"drill,omitempty"`
	Restricted bool      `json:"restricted,omitempty"`
	Source     string    `json:"source,omitempty"`
	Link       string    `json:"link,omitempty"` // the message it was opened from
	Revision   string    `json:"revision,omitempty"`
	Services   []string  `json:"services,omitempty"`
	Impact     string    `json:"impact,omitempty"`
	LowerFree  time.Time `json:"lower_free"`
	Policy
	RTO       Objective `json:"rto"`
	RPO       Objective `json:"rpo"`
	Checklist []Item    `json:"checklist,omitempty"`
	During    *During   `json:"during,omitempty"` // maintenance of its services goes on; nil: none
}

// TypeSet chooses or corrects the type; the severity that comes with it is a SeveritySet of its own.
type TypeSet struct {
	By         Person    `json:"by"`
	Type       string    `json:"type"`
	Restricted bool      `json:"restricted,omitempty"`
	RTO        Objective `json:"rto"`
	RPO        Objective `json:"rpo"`
}

// SeveritySet raises or lowers the severity.
type SeveritySet struct {
	By     Person `json:"by"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	Reason string `json:"reason,omitempty"`
	Policy
}

type StatusSet struct {
	By     Person `json:"by"`
	Status Status `json:"status"`
}

// Acknowledged stops the response clock.
type Acknowledged struct {
	By Person `json:"by"`
}

type RoleTaken struct {
	By   Person `json:"by"`
	Role Role   `json:"role"`
	Who  Person `json:"who"`
}

type RoleLeft struct {
	By   Person `json:"by"`
	Role Role   `json:"role"`
}

type ImpactSet struct {
	By   Person `json:"by"`
	Text string `json:"text"`
}

type ServicesSet struct {
	By       Person    `json:"by"`
	Services []string  `json:"services"`
	RTO      Objective `json:"rto"`
	RPO      Objective `json:"rpo"`
}

// Noted is a line of the timeline; At is when it happened, which may be before it was noted.
type Noted struct {
	By   Person    `json:"by"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Resolved ends the work. Open names what was left undone and resolved anyway.
type Resolved struct {
	By         Person   `json:"by"`
	Summary    string   `json:"summary,omitempty"`
	RootCause  string   `json:"root_cause,omitempty"`
	DataImpact string   `json:"data_impact,omitempty"`
	FalseAlarm bool     `json:"false_alarm,omitempty"`
	CalledOff  bool     `json:"called_off,omitempty"` // maintenance that does not take place
	Reason     string   `json:"reason,omitempty"`
	Open       []string `json:"open,omitempty"`
	Outward    string   `json:"outward,omitempty"` // the runbook's resolution message, filled
	Subject    string   `json:"subject,omitempty"` // its first line
	// To are those who read it at once; none: of an earlier version, responders and announcement. Public are the status
	// page's own words.
	To     []Audience `json:"to,omitempty"`
	Public string     `json:"public,omitempty"`
	Page   *PageWords `json:"page,omitempty"` // how they stand there; nil: as they are
}

type Reopened struct {
	By     Person `json:"by"`
	Reason string `json:"reason"`
	Policy
}

type Closed struct {
	Why string `json:"why"`
}

// ChannelBound gives the incident its own channel.
type ChannelBound struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Private bool   `json:"private,omitempty"`
}

// ChannelLost says that the channel can not be used any more (archived or deleted by hand).
type ChannelLost struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// DeadlineSpoken says that a promise's instant came and drbot said so; Late is how much after it.
type DeadlineSpoken struct {
	Key  string        `json:"key"`
	Due  time.Time     `json:"due"`
	Late time.Duration `json:"late,omitempty"`
}

// Snoozed moves the next update; For names the audience where it is not the responders'.
type Snoozed struct {
	By    Person    `json:"by"`
	Until time.Time `json:"until"`
	For   Audience  `json:"for,omitempty"`
}

type DeliveryParked struct {
	Follower string `json:"follower"`
	Seq      uint64 `json:"delivery"`
	Why      string `json:"why"`
}

type DeliveryRequeued struct {
	By       Person `json:"by"`
	Follower string `json:"follower"`
	Seq      uint64 `json:"delivery"`
}

type ItemDone struct {
	By   Person `json:"by"`
	Item string `json:"item"`
	How  string `json:"how,omitempty"` // what proved it, and what whoever ticked it said
	// Anyway is why a person ticked what the record does not show.
	Anyway string `json:"anyway,omitempty"`
}

type ItemReopened struct {
	By   Person `json:"by"`
	Item string `json:"item"`
	Why  string `json:"why,omitempty"`
}

// ItemExcused: not applicable, with the reason.
type ItemExcused struct {
	By     Person `json:"by"`
	Item   string `json:"item"`
	Reason string `json:"reason"`
}

// ItemAssigned gives an item to a person; without a key it is nobody's again.
type ItemAssigned struct {
	By   Person `json:"by"`
	Item string `json:"item"`
	Who  Person `json:"who"`
}

func (Opened) EventKind() string           { return "Opened" }
func (TypeSet) EventKind() string          { return "TypeSet" }
func (SeveritySet) EventKind() string      { return "SeveritySet" }
func (StatusSet) EventKind() string        { return "StatusSet" }
func (Acknowledged) EventKind() string     { return "Acknowledged" }
func (RoleTaken) EventKind() string        { return "RoleTaken" }
func (RoleLeft) EventKind() string         { return "RoleLeft" }
func (ImpactSet) EventKind() string        { return "ImpactSet" }
func (ServicesSet) EventKind() string      { return "ServicesSet" }
func (Noted) EventKind() string            { return "Noted" }
func (Resolved) EventKind() string         { return "Resolved" }
func (Reopened) EventKind() string         { return "Reopened" }
func (Closed) EventKind() string           { return "Closed" }
func (ChannelBound) EventKind() string     { return "ChannelBound" }
func (ChannelLost) EventKind() string      { return "ChannelLost" }
func (DeadlineSpoken) EventKind() string   { return "DeadlineSpoken" }
func (Snoozed) EventKind() string          { return "Snoozed" }
func (DeliveryParked) EventKind() string   { return "DeliveryParked" }
func (DeliveryRequeued) EventKind() string { return "DeliveryRequeued" }
func (ItemDone) EventKind() string         { return "ItemDone" }
func (ItemReopened) EventKind() string     { return "ItemReopened" }
func (ItemExcused) EventKind() string      { return "ItemExcused" }
func (ItemAssigned) EventKind() string     { return "ItemAssigned" }
