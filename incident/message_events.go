package incident

import "time"

// UpdateSent is an update to people; the next one is promised by Due. One that passed its second look comes as another
// UpdateSent with the same number, the audiences that waited for it, and Draft; Number 0 is the resolution's.
type UpdateSent struct {
	By     Person    `json:"by"`
	Number int       `json:"number"`
	Text   string    `json:"text"`
	Next   string    `json:"next,omitempty"` // next steps
	Due    time.Time `json:"due"`            // zero: no further update is promised
	Late   bool      `json:"late,omitempty"`
	// Outward is the runbook's message with these facts, for people outside the response; Subject is its first line.
	Outward string `json:"outward,omitempty"`
	Subject string `json:"subject,omitempty"`
	// Opening is the runbook's first notification, for those who are mailed for the first time.
	Opening string `json:"opening,omitempty"`
	// Public are the status page's own words, as they were typed: nothing of Text goes there. Page is how they stand there;
	// nil: as they are.
	Public         string     `json:"public,omitempty"`
	Page           *PageWords `json:"page,omitempty"`
	To             []Audience `json:"to,omitempty"` // none: of an earlier version, responders and announcement
	Status         Status     `json:"status,omitempty"`
	Draft          int        `json:"draft,omitempty"` // that passed its second look
	ExecutivesDue  time.Time  `json:"executives_due,omitzero"`
	ExecutivesLate bool       `json:"executives_late,omitempty"`
	Executives     *Apart     `json:"executives,omitempty"`
	*Waited
}

// Waited is of a message that left after its second look: when it was written, and the instants by which its words promise
// the next one.
type Waited struct {
	Written  time.Time   `json:"written"`
	Promised []time.Time `json:"promised,omitempty"`
}

// Apart are the filled messages as executives read them, who are promised a next one of their own; nil: like everybody.
type Apart struct {
	Outward string `json:"outward,omitempty"`
	Opening string `json:"opening,omitempty"`
}

// ToExecutives is the message in the words for executives.
func (e UpdateSent) ToExecutives() UpdateSent {
	if e.Executives != nil {
		e.Outward, e.Opening = e.Executives.Outward, e.Executives.Opening
	}
	return e
}

// UpdateDrafted asks for a second look at what would leave the house. Number 0 is the resolution's message; a Version above
// 1 is an edit of one that was sent.
type UpdateDrafted struct {
	Draft   int        `json:"draft"`
	Number  int        `json:"number"`
	Version int        `json:"version"`
	By      Person     `json:"by"`
	To      []Audience `json:"to"`
	Text    string     `json:"text,omitempty"`
	Next    string     `json:"next,omitempty"`
	Subject string     `json:"subject,omitempty"`
	Outward string     `json:"outward,omitempty"`
	Opening string     `json:"opening,omitempty"`
	Public  string     `json:"public,omitempty"`
	Page    *PageWords `json:"page,omitempty"`
	Status  Status     `json:"status,omitempty"`
	Asked   []Person   `json:"asked,omitempty"` // for the second look
	Only    bool       `json:"only,omitempty"`  // nobody else may take it; else any other responder may
	Due     time.Time  `json:"due,omitzero"`    // the next one that its words promise
	// ExecutivesDue is the next one that they promise executives.
	ExecutivesDue time.Time `json:"executives_due,omitzero"`
	Executives    *Apart    `json:"executives,omitempty"`
}

// UpdateReviewed is the second look: it leaves, or goes back with why.
type UpdateReviewed struct {
	Draft    int    `json:"draft"`
	By       Person `json:"by"`
	Accepted bool   `json:"accepted,omitempty"`
	Why      string `json:"why,omitempty"`
}

// UpdateEdited is another version of an update for the audiences in To; it takes nothing back. Public is set only where
// the status page's words changed.
type UpdateEdited struct {
	Number  int        `json:"number"`
	Version int        `json:"version"`
	By      Person     `json:"by"`
	To      []Audience `json:"to"`
	Text    string     `json:"text,omitempty"`
	Next    string     `json:"next,omitempty"`
	Subject string     `json:"subject,omitempty"`
	Outward string     `json:"outward,omitempty"`
	Public  string     `json:"public,omitempty"`
	Page    *PageWords `json:"page,omitempty"`
	Status  Status     `json:"status,omitempty"`
	Draft   int        `json:"draft,omitempty"`
	// Executives are the words for them, as in UpdateSent.
	Executives *Apart `json:"executives,omitempty"`
	*Waited
}

// ToExecutives is the edit in the words for executives.
func (e UpdateEdited) ToExecutives() UpdateEdited {
	if e.Executives != nil {
		e.Outward = e.Executives.Outward
	}
	return e
}

// WindowSet plans scheduled maintenance. Without an instant it is planned for some time; Off makes an ordinary incident of
// it again, with the policy of its severity.
type WindowSet struct {
	By    Person    `json:"by"`
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Off   bool      `json:"off,omitempty"`
	Policy
}

func (UpdateSent) EventKind() string     { return "UpdateSent" }
func (UpdateDrafted) EventKind() string  { return "UpdateDrafted" }
func (UpdateReviewed) EventKind() string { return "UpdateReviewed" }
func (UpdateEdited) EventKind() string   { return "UpdateEdited" }
func (WindowSet) EventKind() string      { return "WindowSet" }
