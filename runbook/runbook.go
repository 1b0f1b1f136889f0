package runbook

import "time"

// Runbook is one Markdown file as data. It is read-only after Parse and Load.
type Runbook struct {
	Title         string
	Path          string // as given to Load; empty after Parse
	Source        []byte // the Markdown, byte for byte; of a folder a bundle, see ReadSource
	Digest        string // sha256 of Source, 64 hex digits
	Severities    []Severity
	IncidentTypes []IncidentType
	RTO           []Objective
	RPO           []DataObjective
	Procedures    []Procedure
	Checklist     Checklist
	Templates     []Template
	Review        Review
	Contacts      []Contact
	Fences        []Block    // every code fence, in order, with its verdict
	Lists         []Block    // every list that is not inside another, with its verdict
	Others        []Block    // what else has a verdict: tables and HTML inside procedures, commands in a line of text
	Warnings      []Finding  // what was read but not understood; lint shows them first
	Files         []*Runbook // of a folder: each file by itself, in order; else nil
	Lock          *Lock      // nil: none was found, every step is manual
	LockSource    []byte     // the lock, byte for byte
	LockDigest    string     // sha256 of LockSource, 64 hex digits; empty without a lock
	LockError     error      // set by LoadText only: why the lock beside the Markdown was not used
}

// Severity is one row of the severity table.
type Severity struct {
	Level            int    // 1 (worst) to 4
	ID               string // as written: SEV-1
	Name, Definition string
	Respond          time.Duration // 0: not understood, see ResponseText
	ResponseText     string
	Update           time.Duration // how often people are told; 0: the runbook does not say
	Line             int
}

// IncidentType is one row of the table of common incident types.
type IncidentType struct {
	Name        string
	Severity    int // 1 to 4
	Description string
	Line        int
}

// Objective is one row of the RTO table.
type Objective struct {
	Tier        string
	Target      time.Duration // 0: not understood
	TargetText  string
	Description string
	Line        int
}

// DataObjective is one row of the RPO table.
type DataObjective struct {
	Data       string
	Target     time.Duration // 0: not understood
	TargetText string
	Mechanism  string        // the text of the last column: "Hourly snapshots"
	Every      time.Duration // the interval that the mechanism names; 0: none
	Line       int
}

// Kind says who does a step.
type Kind string

// The kinds of a step.
const (
	Executable Kind = "executable" // it has a command that drbot could run
	Manual     Kind = "manual"     // a person does it
	Choice     Kind = "choice"     // several commands of which one is meant
	Call       Kind = "call"       // it names other procedures
)

// Procedure is one recovery procedure.
type Procedure struct {
	ID       string // p1
	Number   int
	Title    string
	Scenario string
	Notes    []string
	Steps    []Step
	Line     int
	File     string // of a folder: the file that it is in

	written int // its number in its own file
}

// Step is one numbered item of a procedure, or one of several commands of an item (a sub-step: p1.s4.1, 1.4.1).
type Step struct {
	ID           string // p1.s6: the lock's id, else the one that compile would give
	Number       string // 1.6: what people see and type
	Item         string // of a sub-step: the number of its item, 1.4; empty: the step is the whole item
	Title        string
	Kind         Kind
	Text         string // the whole prose of the item, plain, commands left out
	Condition    string // "if necessary", of the Markdown or else of the lock: asked, and the answer recorded
	Commands     []Command
	Alternatives []Alternative // of a choice
	Calls        []string      // of a call: procedure ids, or none if the words name no procedure
	SourceSHA256 string        // over the fences, see doc.go; empty without one
	Entry        *Entry        // the lock's entry, completed with the lock's defaults; nil without one. On a drifted step it is the old one
	Undo         *Entry        // the entry with undo_of this step; nil without one
	Ready        bool          // may be planned and sent for approval
	Why          string        // why it is not Ready
	Line         int

	whole *Step // of a sub-step: its item as one step
}

// Command is one code fence of a step.
type Command struct {
	Lang   string // info string's first word, lower case
	Source string // the bytes between the fences, dedented as Markdown says
	SHA256 string
	Line   int // of the fence's first line of content

	judged *verdict // by parse
	inText bool     // it stands in a line of text or a table, not in a fence
}

// verdict is what the fence is by its text alone.
func (c *Command) verdict() verdict {
	if c.judged != nil {
		return *c.judged
	}
	return classify(c.Lang, c.Source)
}

// Alternative is one branch of a choice. ID to Why are set by Load, like those of a Step.
type Alternative struct {
	Label     string // "Kubernetes", or the first line of the branch
	Lang      string // of its fence
	Separator string // the line before it that says "or": Separator and Source of all branches are the fence, byte for byte
	Source    string
	Line      int
	ID        string // p1.s6a
	Entry     *Entry
	Undo      *Entry
	Ready     bool
	Why       string
}

// Checklist is the service recovery checklist.
type Checklist struct{ Phases []Phase }

// Phase is one part of the checklist.
type Phase struct {
	Title string
	Items []Item
	Line  int
}

// Item is one box. Ids count all items of the checklist from the top, children after their parent.
type Item struct {
	ID    string // c8
	Text  string
	Done  bool   // ticked in the Markdown
	List  string // of one in a numbered list, which is done in its order: the first item of that list
	Items []Item
	Line  int
}

// Template is one message that people send. In Subject and Body each placeholder of the Markdown has become [[field]], and the lines
// of a list ("- [Action 1]", "- [Action 2]") have become one line with a field whose List is set: it is repeated for each value.
type Template struct {
	Key     string // initial | update | resolution | status_page
	Title   string // the heading in the runbook
	Subject string // empty: the template has none
	Body    string
	Raw     string // the fence as it is in the Markdown
	Fields  []Field
	Line    int
}

// Field is one placeholder of a template. update_every stands before the word "minutes" in most runbooks ("every [15/30/60] minutes"): it is
// filled with a number of minutes where that word follows, else with a duration in words.
type Field struct {
	Name  string // one of FieldNames
	Token string // as written, without the brackets
	List  bool
	Line  int
}

// Review is what is owed after an incident.
type Review struct {
	Deadlines []Deadline
	Template  string // the review's Markdown, placeholders as they stand; empty: none
	Line      int
}

// Deadline is one row of the review timeline; it counts from the incident's resolution.
type Deadline struct {
	Task  string
	After time.Duration // 0: not understood
	Text  string
	Line  int
}

// Contact is one row of the emergency contacts.
type Contact struct {
	Role      string
	Contact   string
	Text      string        // the escalation column as written
	After     time.Duration // "15 minutes"; 0 with Immediate set: at once
	Immediate bool
	Severity  int  // "SEV-1 only": 1; 0: any
	Known     bool // false: the contact is a placeholder, or empty
	Line      int
}

// Block is one fence or list (or, in a procedure, table, HTML or command in the text) of the Markdown and what became of it: nothing is dropped silently.
type Block struct {
	Line    int    `json:"line"`
	Verdict string `json:"verdict"` // executable | choice | blocked | manual | configuration | output | template | display
	Why     string `json:"why"`
	File    string `json:"file,omitempty"` // of a folder: where the line is
}

// The levels of a Finding.
const (
	LevelError   = "error"   // a run or a message would go wrong
	LevelWarning = "warning" // a person should look
	LevelNote    = "note"
)

// Finding is one remark about a runbook.
type Finding struct {
	Line    int    `json:"line"` // of the Markdown; 0: the lock or the whole
	Rule    string `json:"rule"`
	Level   string `json:"level"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
	File    string `json:"file,omitempty"` // of a folder: where the line is
}
