package incident

import (
	"slices"
	"time"
)

// RunState is where a run is.
type RunState string

const (
	Draft   RunState = "draft"
	Running RunState = "running"
	Paused  RunState = "paused"
	Ended   RunState = "ended"
)

// StepState is where a step of a run is.
type StepState string

const (
	StepTodo     StepState = "todo"
	StepReading  StepState = "reading"  // the target is being read before approval or start
	StepWaits    StepState = "waits"    // for its approval
	StepReady    StepState = "ready"    // approved or confirmed; the start waits (frozen, paused, rights)
	StepHand     StepState = "hand"     // a person does it
	StepAsked    StepState = "asked"    // whether it is needed ("if necessary"); a person says
	StepStarts   StepState = "starting" // recorded, the process may or may not exist yet
	StepRuns     StepState = "running"
	StepDone     StepState = "done"
	StepFailed   StepState = "failed"
	StepIsLost   StepState = "unknown"
	StepSkip     StepState = "skipped"
	StepWasHand  StepState = "by hand"
	StepUndoTodo StepState = "undone"     // its undo ran; it is to do again
	StepUnneeded StepState = "not needed" // its condition did not hold, says a person
)

// Over reports whether the run may go on past a step in this state.
func (s StepState) Over() bool {
	return s == StepDone || s == StepSkip || s == StepWasHand || s == StepUnneeded
}

// Active reports whether a process of the step may exist.
func (s StepState) Active() bool { return s == StepStarts || s == StepRuns }

// Risk is the lock's class of a step.
type Risk string

const (
	Read        Risk = "read"
	Change      Risk = "change"
	Destructive Risk = "destructive"
)

// Step is one step of a run: what was resolved at the plan, then its state.
type Step struct {
	ID          string        `json:"id"`
	Number      string        `json:"number"` // as people see it: 1.6
	Title       string        `json:"title"`
	Manual      bool          `json:"manual,omitempty"`
	Why         string        `json:"why,omitempty"`       // why a step with commands is manual ("changed since review")
	Choose      bool          `json:"choose,omitempty"`    // one of its branches is still to be chosen: the run does not start
	Condition   string        `json:"condition,omitempty"` // "if necessary": a person says whether, before anything of it
	Risk        Risk          `json:"risk,omitempty"`
	Spec        string        `json:"spec"`             // blob of Spec
	Entry       string        `json:"entry,omitempty"`  // digest of the lock entry, which must be accepted
	Script      string        `json:"script,omitempty"` // sha256
	Interpreter string        `json:"interpreter,omitempty"`
	Target      string        `json:"target,omitempty"`
	Lock        string        `json:"lock,omitempty"`
	Params      []string      `json:"params,omitempty"`
	Produces    []string      `json:"produces,omitempty"`
	Need        int           `json:"need,omitempty"`
	From        []Right       `json:"from,omitempty"`
	Expires     time.Duration `json:"expires,omitempty"`
	StartWithin time.Duration `json:"start_within,omitempty"`
	Standing    *Standing     `json:"standing,omitempty"` // its approval may be given in advance
	Timeout     time.Duration `json:"timeout,omitempty"`
	Probe       bool          `json:"probe,omitempty"`
	Precheck    bool          `json:"precheck,omitempty"`
	Leaves      string        `json:"leaves,omitempty"`
	Verify      string        `json:"verify,omitempty"` // id of the reading that proves it
	Undo        string        `json:"undo,omitempty"`
	UndoOf      string        `json:"undo_of,omitempty"`
	OnFailure   string        `json:"on_failure,omitempty"`
	Confirm     string        `json:"confirm,omitempty"` // "target": the approver types its name
	Output      string        `json:"output,omitempty"`  // channel | file | none

	State    StepState     `json:"state"`
	Needed   bool          `json:"needed,omitempty"` // its condition holds, somebody said
	Approval uint64        `json:"approval,omitempty"`
	Attempt  string        `json:"attempt,omitempty"`
	Attempts int           `json:"attempts,omitempty"`
	Begun    bool          `json:"begun,omitempty"`   // a process of this attempt existed, or may have
	Earlier  bool          `json:"earlier,omitempty"` // the same of an earlier attempt, since it was last undone
	Started  time.Time     `json:"started,omitzero"`
	Until    time.Time     `json:"until,omitzero"`
	EndedAt  time.Time     `json:"ended,omitzero"`
	Took     time.Duration `json:"took,omitempty"` // of its process, as the runner timed it
	Exit     int           `json:"exit,omitempty"`
	Outcome  string        `json:"outcome,omitempty"`
	Left     []string      `json:"left,omitempty"` // processes of it that outlived what watched them: "4711 sleep"
	Unseen   bool          `json:"unseen,omitempty"`
	Far      string        `json:"far,omitempty"`     // the host on which it may still run: nobody there said how it ended
	Killed   []string      `json:"killed,omitempty"`  // processes of it that outlived it and were ended: "4711 sleep"
	Note     string        `json:"note,omitempty"`    // why it failed, was skipped, what was seen
	Last     string        `json:"last,omitempty"`    // last lines of the output
	Bytes    int64         `json:"bytes,omitempty"`   // of the whole output, once it ended
	NoText   string        `json:"no_text,omitempty"` // sha256 of an output that is no text
	Check    Checked       `json:"check,omitzero"`    // what its proof showed after it ended without a result
	By       Person        `json:"by"`                // who approved, confirmed, skipped or did it

	TakenBack uint64 `json:"taken_back,omitempty"` // the later run that undid it, or a step that it stood on
}

// Ran reports whether any process of the step existed, or may have, since it was last undone.
func (s *Step) Ran() bool { return s.Begun || s.Earlier }

// Quoted reports whether messages may quote what the step prints: its lock entry may keep that to a file, or out of the chat.
func (s *Step) Quoted() bool { return s.Output != OutputFile && s.Output != OutputNone }

// Where the output of a step goes besides the record; anything else is "channel": messages quote its end, and what is longer
// is a file in the thread of the run's card.
const (
	OutputFile = "file" // only that file
	OutputNone = "none" // nothing of it goes to the chat
)

// NeedsApproval reports whether other people decide on the step.
func (s *Step) NeedsApproval() bool { return s.Need > 0 }

// Run is one procedure being carried out.
type Run struct {
	N         uint64                       `json:"n"`
	Procedure string                       `json:"procedure"`
	Title     string                       `json:"title"`
	Revision  string                       `json:"revision"`
	Lock      string                       `json:"lock,omitempty"`
	State     RunState                     `json:"state"`
	OneStep   bool                         `json:"one_step,omitempty"`
	Operator  Person                       `json:"operator"`
	PlannedAt time.Time                    `json:"planned_at"`
	StartedAt time.Time                    `json:"started_at,omitzero"`
	EndedAt   time.Time                    `json:"ended_at,omitzero"`
	How       string                       `json:"how,omitempty"`
	Why       string                       `json:"why,omitempty"` // of a pause or an end
	Steps     []Step                       `json:"steps"`
	Undos     []Step                       `json:"undos,omitempty"`
	Values    map[string]string            `json:"values,omitempty"`
	Branches  map[string]string            `json:"branches,omitempty"` // step with several branches -> the one that runs
	Ask       uint64                       `json:"ask,omitempty"`      // newest question to the runner
	Asking    string                       `json:"asking,omitempty"`   // what it is for, until it is answered
	ReadsAt   time.Time                    `json:"reads_at,omitzero"`  // when the plan's reads came back
	Asks      bool                         `json:"asks,omitempty"`     // its form is open and was not sent: it is nobody's plan yet
	Failure   string                       `json:"failure,omitempty"`  // why the plan's reads did not
	Identity  map[string]map[string]string `json:"identity,omitempty"` // declared: as read at the plan
	Choices   map[string][]Choice          `json:"choices,omitempty"`  // as listed for the draft; once started, the chosen ones alone
	Reasons   map[string]string            `json:"reasons,omitempty"`  // value -> why an unverified one was taken
	Cancel    string                       `json:"cancel,omitempty"`   // reason, once asked
	Stop      Stop                         `json:"stop,omitzero"`      // the newest of drbot's own pauses
	Undoes    *Undoes                      `json:"undoes,omitempty"`   // it takes back a step of a run that has ended
	Back      *Return                      `json:"back,omitempty"`     // what it restored, and which check said so
}

// Name is how people type it: R7.
func (r *Run) Name() string { return RunName(r.N) }

// Step finds a step by its id or by its present number.
func (r *Run) Step(name string) *Step {
	for k := range r.Steps {
		if r.Steps[k].ID == name || r.Steps[k].Number == name {
			return &r.Steps[k]
		}
	}
	return nil
}

// Next is the first step that is not over; nil when all are.
func (r *Run) Next() *Step {
	for k := range r.Steps {
		if !r.Steps[k].State.Over() {
			return &r.Steps[k]
		}
	}
	return nil
}

// Locks are the target locks that the run holds while it is not a draft and has not ended.
func (r *Run) Locks() []string {
	var locks []string
	for _, s := range slices.Concat(r.Steps, r.Undos) {
		if s.Lock != "" && !s.Manual && !slices.Contains(locks, "lock:"+s.Lock) {
			locks = append(locks, "lock:"+s.Lock)
		}
	}
	slices.Sort(locks)
	return locks
}

// NowTrue is the state of the world in the lock's words: what the last steps left.
func (r *Run) NowTrue() string {
	for _, s := range slices.Backward(r.Steps) {
		if (s.State == StepDone || s.State == StepWasHand) && s.Leaves != "" && s.TakenBack == 0 {
			return s.Leaves
		}
	}
	return ""
}

// ApprovalState is where an approval is.
type ApprovalState string

const (
	Pending       ApprovalState = "pending"
	Granted       ApprovalState = "granted"
	Used          ApprovalState = "used"
	IsDenied      ApprovalState = "denied"
	IsWithdrawn   ApprovalState = "withdrawn"
	IsExpired     ApprovalState = "expired"
	ExpiredUnused ApprovalState = "expired unused"
)

// Vote is one person's approval.
type Vote struct {
	By Person    `json:"by"`
	At time.Time `json:"at"`
}

// Approval is one request to let one step run once.
type Approval struct {
	N           uint64        `json:"n"`
	Run         uint64        `json:"run"`
	Step        string        `json:"step"`
	Number      string        `json:"number"`
	By          Person        `json:"by"`
	At          time.Time     `json:"at"`
	Digest      string        `json:"digest"`
	Action      Action        `json:"action"`
	Facts       []Fact        `json:"facts,omitempty"`
	Shown       *Shown        `json:"shown,omitempty"` // nil: asked by an earlier version
	Need        int           `json:"need"`
	From        []Right       `json:"from"`
	Asked       []Person      `json:"asked,omitempty"`
	Glass       bool          `json:"glass,omitempty"`   // DecidedBy broke the glass, for the reason in Why
	Accepted    time.Time     `json:"accepted,omitzero"` // DecidedBy gave it in advance, by accepting the lock entry then
	Expires     time.Time     `json:"expires"`
	Hushed      time.Time     `json:"hushed,omitzero"` // until then nobody is called again for it
	HushedBy    Person        `json:"hushed_by,omitzero"`
	StartWithin time.Duration `json:"start_within"`
	StartBy     time.Time     `json:"start_by,omitzero"`
	State       ApprovalState `json:"state"`
	Votes       []Vote        `json:"votes,omitempty"`
	Decided     time.Time     `json:"decided,omitzero"`
	DecidedBy   Person        `json:"decided_by"`
	Why         string        `json:"why,omitempty"` // of a denial or a withdrawal
}

// Name is how people type it: A17.
func (a *Approval) Name() string { return ApprovalName(a.N) }

// Undecided reports whether the approval can still lead to a start.
func (a *Approval) Undecided() bool { return a.State == Pending || a.State == Granted }
