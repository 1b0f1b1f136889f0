package incident

import "time"

// Task is one thing that a review owes: a row of the runbook's review timeline, with its instants as they were resolved.
// An action item of the review is one too; its key begins with "a".
type Task struct {
	Key      string    `json:"key,omitempty"` // t1, t2 … in the runbook's order; a1, a2 … in the order in which they were added
	Title    string    `json:"title"`
	Owner    Person    `json:"owner,omitzero"`
	Due      time.Time `json:"due"`               // zero: nobody said when
	Remind   time.Time `json:"remind,omitzero"`   // when its owner is reminded before that
	Escalate time.Time `json:"escalate,omitzero"` // when others hear that it is late
	After    string    `json:"after,omitempty"`   // the deadline in the runbook's words: "24 hours"
	Link     string    `json:"link,omitempty"`    // its ticket in a tracker

	Status  TaskStatus `json:"status,omitempty"`  // how far it is, while it is open
	Why     string     `json:"why,omitempty"`     // what blocks it, or how it was done
	Earlier bool       `json:"earlier,omitempty"` // it was done before the incident was reopened

	DoneBy  Person    `json:"done_by,omitzero"`
	DoneAt  time.Time `json:"done_at,omitzero"`
	Snoozed time.Time `json:"snoozed,omitzero"` // its owner hears nothing until then
	Said    int       `json:"said,omitempty"`   // how much was said of Due: saidRemind, saidLate, saidEscalated
}

// TaskStatus is how far a task is that nobody has done yet.
type TaskStatus string

const (
	TaskOpen    TaskStatus = "" // nobody began
	TaskBegun   TaskStatus = "in progress"
	TaskBlocked TaskStatus = "blocked"
)

// State is the status in a word: open, in progress, blocked, done.
func (t *Task) State() string {
	switch {
	case !t.Open():
		return "done"
	case t.Status == TaskOpen:
		return "open"
	}
	return string(t.Status)
}

// Open reports whether somebody still has to do it.
func (t *Task) Open() bool { return t.DoneAt.IsZero() }

// Action reports whether people added it, and no runbook.
func (t *Task) Action() bool { return len(t.Key) > 0 && t.Key[0] == 'a' }

// ReviewOpened starts the deadlines of the review.
type ReviewOpened struct {
	Owner Person `json:"owner"`
	Tasks []Task `json:"tasks,omitempty"`
}

// ReviewGiven makes somebody else the one who writes the review; tasks that were the earlier owner's go along.
type ReviewGiven struct {
	By  Person `json:"by"`
	Who Person `json:"who"`
}

// ReviewSaved is a version of the review's text, counted from 1; the draft that drbot writes is version 0. Text holds it
// up to MaxInline bytes, else Blob names it by its sha256.
type ReviewSaved struct {
	By      Person `json:"by"`
	Version int    `json:"version"`
	Text    string `json:"text,omitempty"`
	Blob    string `json:"blob,omitempty"`
	Size    int    `json:"size"` // bytes
}

// ReviewPosted puts a version of the review into the incident's channel.
type ReviewPosted struct {
	By      Person `json:"by"`
	Version int    `json:"version"`
}

// ReviewClosed ends the incident. Open names what was missing, and Reason why it was closed all the same.
type ReviewClosed struct {
	By     Person   `json:"by"`
	Reason string   `json:"reason,omitempty"`
	Open   []string `json:"open,omitempty"`
}

// TaskDone says that a task or an action item is done.
type TaskDone struct {
	By   Person `json:"by"`
	Task string `json:"task"`
	How  string `json:"how,omitempty"`
}

// TaskReopened takes that back; its promise counts again.
type TaskReopened struct {
	By   Person `json:"by"`
	Task string `json:"task"`
}

// TaskStatusSet says how far a task or an action item is; Why, what blocks it.
type TaskStatusSet struct {
	By     Person     `json:"by"`
	Task   string     `json:"task"`
	Status TaskStatus `json:"status,omitempty"`
	Why    string     `json:"why,omitempty"`
}

// TaskSet changes who owes a task of the runbook, or when; what is empty stays. Instants come together.
type TaskSet struct {
	By       Person    `json:"by"`
	Task     string    `json:"task"`
	Owner    Person    `json:"owner,omitzero"`
	Due      time.Time `json:"due,omitzero"`
	Remind   time.Time `json:"remind,omitzero"`
	Escalate time.Time `json:"escalate,omitzero"`
}

// TaskSnoozed puts the reminders of its owner off. Others hear of a late task all the same.
type TaskSnoozed struct {
	By    Person    `json:"by"`
	Task  string    `json:"task"`
	Until time.Time `json:"until"`
}

// ActionAdded is what the review decided to change.
type ActionAdded struct {
	By       Person    `json:"by"`
	Action   string    `json:"action"` // a1, a2 …
	Text     string    `json:"text"`
	Owner    Person    `json:"owner,omitzero"`
	Due      time.Time `json:"due,omitzero"`
	Remind   time.Time `json:"remind,omitzero"`
	Escalate time.Time `json:"escalate,omitzero"`
	Link     string    `json:"link,omitempty"`
}

// ActionSet changes an action item; what is empty stays.
type ActionSet struct {
	By       Person    `json:"by"`
	Action   string    `json:"action"`
	Text     string    `json:"text,omitempty"`
	Owner    Person    `json:"owner,omitzero"`
	Due      time.Time `json:"due,omitzero"`
	Remind   time.Time `json:"remind,omitzero"`
	Escalate time.Time `json:"escalate,omitzero"`
	Link     string    `json:"link,omitempty"`
}

// ActionDone says that an action item is done.
type ActionDone struct {
	By     Person `json:"by"`
	Action string `json:"action"`
	How    string `json:"how,omitempty"`
}

func (ReviewOpened) EventKind() string  { return "ReviewOpened" }
func (TaskStatusSet) EventKind() string { return "TaskStatusSet" }
func (ReviewGiven) EventKind() string   { return "ReviewGiven" }
func (ReviewSaved) EventKind() string   { return "ReviewSaved" }
func (ReviewPosted) EventKind() string  { return "ReviewPosted" }
func (ReviewClosed) EventKind() string  { return "ReviewClosed" }
func (TaskDone) EventKind() string      { return "TaskDone" }
func (TaskReopened) EventKind() string  { return "TaskReopened" }
func (TaskSet) EventKind() string       { return "TaskSet" }
func (TaskSnoozed) EventKind() string   { return "TaskSnoozed" }
func (ActionAdded) EventKind() string   { return "ActionAdded" }
func (ActionSet) EventKind() string     { return "ActionSet" }
func (ActionDone) EventKind() string    { return "ActionDone" }
