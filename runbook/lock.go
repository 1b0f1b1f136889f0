package runbook

import "time"

// Risk is what a step can do to the world.
type Risk string

// The risks, in rising order.
const (
	Read        Risk = "read"        // changes nothing
	Change      Risk = "change"      // changes something that is easily set right; needs a confirmation
	Destructive Risk = "destructive" // destroys, overwrites, stops or starts a service; needs approval by a second person
)

// The interpreters that run a step's bytes.
const (
	Bash   = "bash"
	SQLite = "sqlite"
	SQL    = "sql"   // on the target's PostgreSQL server
	Redis  = "redis" // on the target's Redis server
	HTTP   = "http"  // requests that only look
)

// Lock is what may run. See the package comment for its form on disk.
type Lock struct {
	Format   int               `yaml:"format"`
	Defaults Defaults          `yaml:"defaults,omitempty"`
	Targets  map[string]Target `yaml:"targets,omitempty"`
	Steps    []Entry           `yaml:"steps"`
	Retired  []string          `yaml:"retired,omitempty"`
}

// Defaults are the policies by risk.
type Defaults struct {
	Read        Policy `yaml:"read,omitempty"`
	Change      Policy `yaml:"change,omitempty"`
	Destructive Policy `yaml:"destructive,omitempty"`
}

// Policy is what an entry of one risk gets where it says nothing.
type Policy struct {
	Timeout   time.Duration `yaml:"timeout,omitempty"`
	Approvals *Approvals    `yaml:"approvals,omitempty"`
}

// Approvals says how many people, holding which roles, must agree. A From that is there and empty means nobody.
type Approvals struct {
	Need        int           `yaml:"need,omitempty"`
	From        []string      `yaml:"from,omitempty"` // roles
	Expires     time.Duration `yaml:"expires,omitempty"`
	StartWithin time.Duration `yaml:"start_within,omitempty"`
	Standing    *Standing     `yaml:"standing,omitempty"` // of an entry, never of a default
}

// Standing gives an entry's approval in advance, at incidents of these severities: whoever accepts the entry gives it with that.
type Standing struct {
	Severity []int `yaml:"severity"`
	Days     int   `yaml:"days,omitempty"` // from the acceptance on; absent: 90
}

// Target is where texts run.
type Target struct {
	Host  string `yaml:"host,omitempty"` // local
	Dir   string `yaml:"dir,omitempty"`  // as written in the lock; absolute in the Target of a loaded step
	Path  string `yaml:"path,omitempty"` // PATH
	Lock  string `yaml:"lock,omitempty"`
	Probe string `yaml:"probe,omitempty"` // read-only bash; prints the identity, lines name=value
	Drill bool   `yaml:"drill,omitempty"` // may be used by drills

	Server *Server `yaml:"server,omitempty"`
}

// Server is what the steps of a target speak to. Who it is (a database's system identifier) is read like the probe, and is part of
// what is approved.
type Server struct {
	Kind     string `yaml:"kind"`               // postgres | redis
	Host     string `yaml:"host"`               // a name, an address, or the absolute path of the socket's directory (postgres) or of the socket (redis)
	Port     int    `yaml:"port,omitempty"`     // absent: 5432, 6379
	Database string `yaml:"database,omitempty"` // postgres: absent: postgres; redis: a number, absent: 0
	User     string `yaml:"user,omitempty"`
	Secret   string `yaml:"secret,omitempty"` // the name of the configured secret that holds the password
	TLS      string `yaml:"tls,omitempty"`    // off | system | the absolute path of the roots; absent: off on this host, system elsewhere
}

// Entry is one step of the lock. On a loaded step Risk, Timeout and Approvals are the effective ones and On is set.
type Entry struct {
	ID           string        `yaml:"id"`
	Procedure    string        `yaml:"procedure"`
	Title        string        `yaml:"title,omitempty"`
	After        string        `yaml:"after,omitempty"` // the step before it in the Markdown; absent: it is the first
	UndoOf       string        `yaml:"undo_of,omitempty"`
	Choice       bool          `yaml:"choice,omitempty"`    // the entries with choice_of this id are its branches; it runs nothing itself
	ChoiceOf     string        `yaml:"choice_of,omitempty"` // p1.s6: this entry (p1.s6a) is one branch of that step
	Label        string        `yaml:"label,omitempty"`     // of a branch: "Kubernetes"
	Condition    string        `yaml:"condition,omitempty"` // "if necessary": asked at the run, and the answer recorded
	Manual       bool          `yaml:"manual,omitempty"`
	SourceSHA256 string        `yaml:"source_sha256,omitempty"`
	Fence        string        `yaml:"fence,omitempty"` // the language of its fence, of each where there are several
	Run          string        `yaml:"run,omitempty"`
	SHA256       string        `yaml:"sha256,omitempty"`
	Rewrites     []Rewrite     `yaml:"rewrites,omitempty"` // how run differs from the Markdown
	Interpreter  string        `yaml:"interpreter,omitempty"`
	Databases    []Database    `yaml:"databases,omitempty"`
	KeepGoing    bool          `yaml:"keep_going,omitempty"`
	Target       string        `yaml:"target,omitempty"`
	Risk         Risk          `yaml:"risk,omitempty"`
	Parameters   []Parameter   `yaml:"parameters,omitempty"`
	Produces     []Produce     `yaml:"produces,omitempty"`
	List         string        `yaml:"list,omitempty"`
	Precheck     string        `yaml:"precheck,omitempty"`
	Expect       *Expect       `yaml:"expect,omitempty"`
	Verify       string        `yaml:"verify,omitempty"`
	Undo         string        `yaml:"undo,omitempty"`
	OnFailure    string        `yaml:"on_failure,omitempty"` // undo | retry | none
	Leaves       string        `yaml:"leaves,omitempty"`
	Closes       []string      `yaml:"closes,omitempty"`
	Approvals    *Approvals    `yaml:"approvals,omitempty"` // nil on a loaded step: none needed
	Timeout      time.Duration `yaml:"timeout,omitempty"`
	Survivors    string        `yaml:"survivors,omitempty"` // kill | keep
	Output       string        `yaml:"output,omitempty"`    // channel | file | none
	Confirm      string        `yaml:"confirm,omitempty"`   // target
	For          []string      `yaml:"for,omitempty"`
	Decide       []string      `yaml:"decide,omitempty"`

	On     *Target `yaml:"-"` // the target, Dir absolute; set by Load
	digest string  // set by Effective
}

// Rewrite is one place where run is not what the Markdown says: a placeholder that became a parameter, a prompt that was taken off.
type Rewrite struct {
	From string `yaml:"from" json:"from"`
	To   string `yaml:"to" json:"to"`
}

// Database is one file that a step of the sqlite interpreter works on.
type Database struct {
	Name  string `yaml:"name"` // the schema name under which it is attached
	File  string `yaml:"file"` // relative to the target's dir
	Write bool   `yaml:"write,omitempty"`
}

// The types of a parameter.
const (
	TypeText     = "text"     // one line
	TypeInt      = "int"      // min, max
	TypeChoice   = "choice"   // one of allowed, or of what list prints
	TypeDate     = "date"     // 2026-01-13
	TypeTime     = "time"     // an instant with its offset: 2026-01-13T10:00:00Z
	TypeDuration = "duration" // 90s, 15m
	TypeHostname = "hostname"
	TypeK8sName  = "k8s_name"
	TypeDBName   = "db_identifier"
	TypePath     = "path"   // relative, stays under the target's dir, no ".."
	TypeSecret   = "secret" // the name of a configured secret; the value never comes here
)

// Parameter is one value that a step needs. It reaches bash as an environment variable and sqlite as :NAME; never pasted into text.
type Parameter struct {
	Name    string   `yaml:"name"` // [A-Z][A-Z0-9_]*
	Type    string   `yaml:"type"`
	Label   string   `yaml:"label,omitempty"`   // for the form; absent: the name
	From    string   `yaml:"from,omitempty"`    // list | run.id | incident.id | incident.opened_at | <step id>.<NAME produced there>; absent: asked
	Pattern string   `yaml:"pattern,omitempty"` // RE2; the whole value must match
	Allowed []string `yaml:"allowed,omitempty"`
	Min     string   `yaml:"min,omitempty"` // int, date, time, duration
	Max     string   `yaml:"max,omitempty"`
	Root    string   `yaml:"root,omitempty"`    // path: the folder that it stays under, absolute or under the target's dir; absent: the target's dir
	Default string   `yaml:"default,omitempty"` // taken when nobody gives a value
	Sample  string   `yaml:"sample,omitempty"`  // a literal of the Markdown: shown as a hint, refused as a value
}

// Produce is one value that a step gives to later ones: a line NAME=value in the file named by DRBOT_OUT.
type Produce struct {
	Name    string `yaml:"name"`
	Type    string `yaml:"type,omitempty"`
	Pattern string `yaml:"pattern,omitempty"` // RE2; the whole value must match
	Label   string `yaml:"label,omitempty"`
}

// Expect is when a step counts as having worked. Each part that is there must hold.
type Expect struct {
	Exit   []int             `yaml:"exit,omitempty"`   // absent: 0 alone
	Stdout string            `yaml:"stdout,omitempty"` // exact, but for white space at the end
	Match  []string          `yaml:"match,omitempty"`  // RE2, ^ and $ at lines; each must be found in standard output
	Not    []string          `yaml:"not,omitempty"`    // RE2; none may be found
	JSON   map[string]string `yaml:"json,omitempty"`   // member (dots go deeper) of the last line that is a JSON object, and its value
}
