package incident

import "time"

// RunPlanned is a run as a draft: every step with what it will need. The whole of each step (script, probe, precheck,
// listing, expectation) is a blob named by Step.Spec, so the run keeps its revision whatever is loaded later (I4).
type RunPlanned struct {
	Run       uint64            `json:"run"`
	By        Person            `json:"by"`
	Procedure string            `json:"procedure"`
	Title     string            `json:"title"`
	Revision  string            `json:"revision"`
	Lock      string            `json:"lock"`
	Steps     []Step            `json:"steps"`
	Undos     []Step            `json:"undos,omitempty"`
	Values    map[string]string `json:"values,omitempty"`
	Branches  map[string]string `json:"branches,omitempty"` // step with several branches -> the one that was chosen: p1.s2 -> p1.s2a
	Reasons   map[string]string `json:"reasons,omitempty"`  // value -> why an unverified one was taken
	Asks      bool              `json:"asks,omitempty"`     // a form asks its planner for the values, and was not sent yet
	Replaces  uint64            `json:"replaces,omitempty"` // the draft it takes the place of; its own number: the same draft, changed
	Undoes    *Undoes           `json:"undoes,omitempty"`   // the step of an ended run that it takes back
}

// What reads are asked for.
const (
	ReadForPlan     = "plan"     // listings and probes for the plan form
	ReadForApproval = "approval" // probe and precheck, shown on the card
	ReadForStart    = "start"    // the identity once more, just before the process
)

// ReadsAsked asks the runner to execute the read-only probe, precheck and listing of a step ("" for the whole plan).
type ReadsAsked struct {
	Run  uint64 `json:"run"`
	Step string `json:"step,omitempty"`
	For  string `json:"for"`
	Ask  uint64 `json:"ask"`         // counts within the run: an answer to an older question is ignored
	By   Person `json:"by,omitzero"` // of a check
}

// Fact is one line of an approval card, read at its time and not bound by the digest.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Choice is one line of a listing.
type Choice struct {
	Value   string    `json:"value"`
	State   string    `json:"state,omitempty"` // verified | unverified | rejected
	TakenAt time.Time `json:"taken_at,omitzero"`
	Note    string    `json:"note,omitempty"`
}

// ReadsDone is what the runner read. Failure says why it could not, and then nothing starts.
type ReadsDone struct {
	Run      uint64                       `json:"run"`
	Step     string                       `json:"step,omitempty"`
	For      string                       `json:"for"`
	Ask      uint64                       `json:"ask"`
	Identity map[string]map[string]string `json:"identity,omitempty"` // target -> name -> value
	Facts    []Fact                       `json:"facts,omitempty"`
	Choices  map[string][]Choice          `json:"choices,omitempty"` // parameter -> lines
	Failure  string                       `json:"failure,omitempty"`
}

type RunStarted struct {
	Run  uint64 `json:"run"`
	By   Person `json:"by"`
	Step bool   `json:"step,omitempty"` // only the next step, then pause
}

type RunPaused struct {
	Run uint64 `json:"run"`
	By  Person `json:"by"`
	Why string `json:"why,omitempty"`
	// Stop is there where drbot itself paused the run before a step and a person must choose how to go on.
	Stop *Stop `json:"stop,omitempty"`
}

type RunResumed struct {
	Run  uint64 `json:"run"`
	By   Person `json:"by"`
	Step bool   `json:"step,omitempty"`
}

// CancelAsked stops the running step and ends the run once that step has ended.
type CancelAsked struct {
	Run     uint64 `json:"run"`
	Attempt string `json:"attempt,omitempty"`
	By      Person `json:"by"`
	Reason  string `json:"reason"`
}

// How a run can end.
const (
	EndDone      = "done"
	EndCancelled = "cancelled"
	EndDiscarded = "discarded" // a draft that never started
)

type RunEnded struct {
	Run uint64 `json:"run"`
	How string `json:"how"`
	Why string `json:"why,omitempty"`
	// Back is the restore of a run that is done, where a check behind it passed.
	Back *Return `json:"back,omitempty"`
}

// ApprovalAsked puts one step before the approvers. It never changes: another text, value or target is another number.
type ApprovalAsked struct {
	Approval uint64    `json:"approval"`
	Run      uint64    `json:"run"`
	Step     string    `json:"step"`
	By       Person    `json:"by"`
	Digest   string    `json:"digest"` // sha256 of Action.Text
	Action   Action    `json:"action"`
	Need     int       `json:"need"`
	From     []Right   `json:"from"`
	Asked    []Person  `json:"asked"` // who could decide when it was asked
	Expires  time.Time `json:"expires"`
	// StartWithin counts from the last approval (I19).
	StartWithin time.Duration `json:"start_within"`
	Facts       []Fact        `json:"facts,omitempty"`
	Shown       *Shown        `json:"shown,omitempty"` // nil in records of earlier versions
}

// Confirmed is the operator's own word for a change step; it counts in no quorum.
type Confirmed struct {
	Run    uint64 `json:"run"`
	Step   string `json:"step"`
	By     Person `json:"by"`
	Digest string `json:"digest"` // of the script
}

type Approved struct {
	Approval uint64    `json:"approval"`
	Run      uint64    `json:"run"`
	By       Person    `json:"by"`
	Digest   string    `json:"digest"`
	Basis    string    `json:"basis"`             // revision of the configuration that gives the right (I43)
	StartBy  time.Time `json:"start_by,omitzero"` // set by the approval that completes the quorum
}

type Denied struct {
	Approval uint64 `json:"approval"`
	Run      uint64 `json:"run"`
	By       Person `json:"by"`
	Reason   string `json:"reason"`
}

type Withdrawn struct {
	Approval uint64 `json:"approval"`
	Run      uint64 `json:"run"`
	Why      string `json:"why"`
}

// Expired ends an approval that nobody decided, or that was approved and not started in time.
type Expired struct {
	Approval uint64 `json:"approval"`
	Run      uint64 `json:"run"`
	Approved bool   `json:"approved,omitempty"`
}

// HandAsked puts a manual step before the operator.
type HandAsked struct {
	Run  uint64 `json:"run"`
	Step string `json:"step"`
}

// ConditionAsked puts the question before the operator whether a step is needed ("if necessary").
type ConditionAsked struct {
	Run  uint64 `json:"run"`
	Step string `json:"step"`
}

// ConditionAnswered is the answer. Not needed is another fact than a skip: the runbook itself left the step open.
type ConditionAnswered struct {
	Run       uint64 `json:"run"`
	Step      string `json:"step"`
	Condition string `json:"condition"`
	By        Person `json:"by"`
	Needed    bool   `json:"needed"`
	Why       string `json:"why,omitempty"` // always there when it is not needed
}

// StepStarting is durable before the process exists (I25). It consumes the approval.
type StepStarting struct {
	Run      uint64    `json:"run"`
	Step     string    `json:"step"`
	Attempt  string    `json:"attempt"`
	Approval uint64    `json:"approval,omitempty"`
	Digest   string    `json:"digest"` // sha256 of Action.Text
	Action   Action    `json:"action"`
	Host     string    `json:"host"`
	Until    time.Time `json:"until"` // the step's limit, counted from this record
	Secrets  []string  `json:"secrets,omitempty"`
}

type StepStarted struct {
	Run     uint64 `json:"run"`
	Step    string `json:"step"`
	Attempt string `json:"attempt"`
}

type StepNotStarted struct {
	Run     uint64 `json:"run"`
	Step    string `json:"step"`
	Attempt string `json:"attempt"`
	Why     string `json:"why"`
}

// StepExtended moves the limit of the running step.
type StepExtended struct {
	Run     uint64    `json:"run"`
	Step    string    `json:"step"`
	Attempt string    `json:"attempt"`
	By      Person    `json:"by"`
	Until   time.Time `json:"until"`
	Reason  string    `json:"reason"`
}

// Outcomes of an attempt.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
	TimedOut  = "timed out"
	Cancelled = "cancelled"
)

// StepEnded is the exit record of an attempt.
type StepEnded struct {
	Run      uint64            `json:"run"`
	Step     string            `json:"step"`
	Attempt  string            `json:"attempt"`
	Outcome  string            `json:"outcome"`
	Exit     int               `json:"exit"`
	Signal   int               `json:"signal,omitempty"`
	Why      string            `json:"why,omitempty"` // what of the expectation differed, or "ran, not verified"
	Started  time.Time         `json:"started"`
	Ended    time.Time         `json:"ended"`
	Bytes    int64             `json:"bytes"`
	Kept     int64             `json:"kept"`
	Output   string            `json:"output"`            // sha256 of the whole output
	NoText   bool              `json:"no_text,omitempty"` // bytes that nobody can read: Last is empty then
	Last     string            `json:"last,omitempty"`
	Said     string            `json:"said,omitempty"` // its last line on standard error
	Produced map[string]string `json:"produced,omitempty"`
	Survived []string          `json:"survived,omitempty"` // its processes that were there when it ended: "4711 sleep"
	Lives    bool              `json:"lives,omitempty"`    // the lock lets those live on; otherwise they were ended
}

// StepUnknown: the process is gone and left no result. A person settles it (I26).
type StepUnknown struct {
	Run     uint64   `json:"run"`
	Step    string   `json:"step"`
	Attempt string   `json:"attempt"`
	Why     string   `json:"why"`
	Left    []string `json:"left,omitempty"` // its processes that are still there: "4711 sleep"
	// Unseen: those in Left are on another host, or the lock lets them live on. Nobody waits for their end.
	Unseen bool `json:"unseen,omitempty"`
	// Far: the host that it began on. With nothing in Left nobody could ask there for its end: it may still run.
	Far string `json:"far,omitempty"`
}

// StepSettled is a person's word on an unknown or failed step: done after looking, or to be run again.
type StepSettled struct {
	Run  uint64 `json:"run"`
	Step string `json:"step"`
	By   Person `json:"by"`
	As   string `json:"as"` // "again"
	Saw  string `json:"saw,omitempty"`
}

type StepSkipped struct {
	Run    uint64 `json:"run"`
	Step   string `json:"step"`
	By     Person `json:"by"`
	Reason string `json:"reason"`
}

// StepByHand: a person did it, and what they saw; another fact than a skip.
type StepByHand struct {
	Run  uint64 `json:"run"`
	Step string `json:"step"`
	By   Person `json:"by"`
	Did  string `json:"did"`
	Saw  string `json:"saw"`
}

// UndoPlanned puts a step's undo in front of it; it is approved and run like any step.
type UndoPlanned struct {
	Run  uint64 `json:"run"`
	Step string `json:"step"`
	Undo string `json:"undo"`
	By   Person `json:"by"`
}

func (RunPlanned) EventKind() string        { return "RunPlanned" }
func (ReadsAsked) EventKind() string        { return "ReadsAsked" }
func (ReadsDone) EventKind() string         { return "ReadsDone" }
func (RunStarted) EventKind() string        { return "RunStarted" }
func (RunPaused) EventKind() string         { return "RunPaused" }
func (RunResumed) EventKind() string        { return "RunResumed" }
func (CancelAsked) EventKind() string       { return "CancelAsked" }
func (RunEnded) EventKind() string          { return "RunEnded" }
func (ApprovalAsked) EventKind() string     { return "ApprovalAsked" }
func (Confirmed) EventKind() string         { return "Confirmed" }
func (Approved) EventKind() string          { return "Approved" }
func (Denied) EventKind() string            { return "Denied" }
func (Withdrawn) EventKind() string         { return "Withdrawn" }
func (Expired) EventKind() string           { return "Expired" }
func (HandAsked) EventKind() string         { return "HandAsked" }
func (ConditionAsked) EventKind() string    { return "ConditionAsked" }
func (ConditionAnswered) EventKind() string { return "ConditionAnswered" }
func (StepStarting) EventKind() string      { return "StepStarting" }
func (StepStarted) EventKind() string       { return "StepStarted" }
func (StepNotStarted) EventKind() string    { return "StepNotStarted" }
func (StepExtended) EventKind() string      { return "StepExtended" }
func (StepEnded) EventKind() string         { return "StepEnded" }
func (StepUnknown) EventKind() string       { return "StepUnknown" }
func (StepSettled) EventKind() string       { return "StepSettled" }
func (StepSkipped) EventKind() string       { return "StepSkipped" }
func (StepByHand) EventKind() string        { return "StepByHand" }
func (UndoPlanned) EventKind() string       { return "UndoPlanned" }
