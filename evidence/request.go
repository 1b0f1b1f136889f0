package evidence

import (
	"time"

	"github.com/drbot/drbot/incident"
)

// Request is one approval from the asking to its end, a line of approvals.jsonl. Numbers called record are places in the
// record, where the same stands.
type Request struct {
	Approval   string            `json:"approval"`
	Run        string            `json:"run"`
	Step       string            `json:"step"`
	Number     string            `json:"number"`
	AskedBy    incident.Person   `json:"asked_by"`
	AskedAt    time.Time         `json:"asked_at"`
	Record     uint64            `json:"record"`
	Digest     string            `json:"digest"`
	Parameters []incident.Var    `json:"parameters,omitempty"`
	Secrets    []string          `json:"secrets,omitempty"` // names
	Target     string            `json:"target,omitempty"`
	Host       string            `json:"host"`
	Identity   map[string]string `json:"identity,omitempty"`
	Facts      []incident.Fact   `json:"facts,omitempty"` // as read for the card
	Shown      *incident.Shown   `json:"shown,omitempty"` // what else the card said when it was asked; null in records of earlier versions
	Need       int               `json:"need"`
	From       []incident.Right  `json:"from"`
	Asked      []incident.Person `json:"asked"`
	Expires    time.Time         `json:"expires"`
	Votes      []Vote            `json:"votes,omitempty"`
	Glass      *Glass            `json:"glass,omitempty"`
	End        string            `json:"end"` // used | denied | withdrawn | expired | expired unused | pending | granted
	EndedAt    time.Time         `json:"ended_at,omitzero"`
	EndRecord  uint64            `json:"end_record,omitempty"`
	EndedBy    *incident.Person  `json:"ended_by,omitempty"`
	Why        string            `json:"why,omitempty"`
	Attempt    string            `json:"attempt,omitempty"` // that it started
}

// Glass is who broke the glass on a request, and which record opened its review; 0 when none has yet.
type Glass struct {
	By     incident.Person `json:"by"`
	At     time.Time       `json:"at"`
	Reason string          `json:"reason"`
	Target string          `json:"target"` // as it was typed
	Digest string          `json:"digest"`
	Basis  Basis           `json:"basis"`
	Record uint64          `json:"record"`
	Review uint64          `json:"review,omitempty"`
}

// Vote is one person's yes and what gave them the right.
type Vote struct {
	By     incident.Person `json:"by"`
	At     time.Time       `json:"at"`
	Digest string          `json:"digest"`
	Basis  Basis           `json:"basis"`
	Record uint64          `json:"record"`
	Entry  string          `json:"accepted_entry,omitempty"` // given in advance, at At, by accepting this lock entry
}

// Basis is the revision of people and rights that a decision stood on, and the house's record that brought it.
type Basis struct {
	Revision string `json:"revision"`
	Record   uint64 `json:"record,omitempty"`
}

// Acceptance is who let the step's lock entry run.
type Acceptance struct {
	By    incident.Person `json:"by"`
	At    time.Time       `json:"at"`
	Basis Basis           `json:"basis"`
	Lock  string          `json:"lock"` // digest that was accepted
	// Signature is the sha256 of the SSH signature that the person gave in place of a press.
	Signature string `json:"signature,omitempty"`
	Record    uint64 `json:"record"`
}

// Command is one command that ran or may have run, a line of commands.jsonl.
type Command struct {
	Attempt    string            `json:"attempt"`
	Run        string            `json:"run"`
	Procedure  string            `json:"procedure"`
	Step       string            `json:"step"`
	Number     string            `json:"number"`
	Title      string            `json:"title"`
	Risk       incident.Risk     `json:"risk"`
	Digest     string            `json:"digest"` // sha256 of action.txt
	Script     string            `json:"script"` // sha256 of script
	Files      []string          `json:"files"`
	Missing    []string          `json:"missing,omitempty"` // what should be there and is not, in words
	Parameters []incident.Var    `json:"parameters,omitempty"`
	Secrets    []string          `json:"secrets,omitempty"` // names
	Target     string            `json:"target,omitempty"`
	Host       string            `json:"host"`
	Identity   map[string]string `json:"identity,omitempty"`
	Requester  incident.Person   `json:"requester"` // the run's operator
	Confirmed  *Word             `json:"confirmed,omitempty"`
	Approval   string            `json:"approval,omitempty"`
	Votes      []Vote            `json:"approvers,omitempty"`
	Glass      *Glass            `json:"glass,omitempty"`
	Runbook    string            `json:"runbook"` // digest
	Lock       string            `json:"lock,omitempty"`
	Entry      string            `json:"lock_entry,omitempty"`
	Accepted   *Acceptance       `json:"accepted,omitempty"`
	Record     uint64            `json:"record"` // of StepStarting
	StartedAt  time.Time         `json:"started_at"`
	EndedAt    time.Time         `json:"ended_at,omitzero"`
	EndRecord  uint64            `json:"end_record,omitempty"`
	Outcome    string            `json:"outcome"` // succeeded | failed | timed out | cancelled | not started | unknown | running
	Exit       *int              `json:"exit,omitempty"`
	Signal     int               `json:"signal,omitempty"`
	Why        string            `json:"why,omitempty"`
	Output     string            `json:"output,omitempty"` // sha256 of everything it printed, as redacted
	Bytes      int64             `json:"bytes,omitempty"`
	Kept       int64             `json:"kept,omitempty"`
	Produced   map[string]string `json:"produced,omitempty"`
	Survived   []string          `json:"survived,omitempty"`
	Words      []Word            `json:"words,omitempty"` // extended, cancelled, settled

	redacted bool // its start or its end was blanked later, so the runner\'s files are left out too
}

// Word is what a person said about a command.
type Word struct {
	What   string          `json:"what"`
	By     incident.Person `json:"by"`
	At     time.Time       `json:"at"`
	Text   string          `json:"text,omitempty"`
	Record uint64          `json:"record"`
}
