package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Digest is the lower-case hex sha256 of bytes.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Var is one declared environment variable of a step.
type Var struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Expect is what a step must show to count as done; each part that is there must hold. Nil is "ran, not verified" (I32).
type Expect struct {
	Exit   []int             `json:"exit,omitempty"`   // absent: 0 alone
	Stdout string            `json:"stdout,omitempty"` // exact, but for white space at the end
	Match  []string          `json:"match,omitempty"`  // RE2, ^ and $ at lines: each must be found
	Not    []string          `json:"not,omitempty"`    // RE2: none may be found
	JSON   map[string]string `json:"json,omitempty"`   // member of the last line that is a JSON object, and its value
}

// Database is one file that a step of the sqlite interpreter works on; read-only unless Write.
type Database struct {
	Name  string `json:"name"`
	File  string `json:"file"` // relative to the target's directory
	Write bool   `json:"write,omitempty"`
}

// Param is one value that a step takes or gives, as the lock declares it. Key names the value in the run: what an
// earlier step gives goes by "p1.s5.NAME", everything else by its own name.
type Param struct {
	Name    string   `json:"name"`
	Type    string   `json:"type,omitempty"`
	Label   string   `json:"label,omitempty"`
	From    string   `json:"from,omitempty"`
	Pattern string   `json:"pattern,omitempty"`
	Allowed []string `json:"allowed,omitempty"`
	Min     string   `json:"min,omitempty"`
	Max     string   `json:"max,omitempty"`
	Default string   `json:"default,omitempty"`
	Sample  string   `json:"sample,omitempty"`
	Key     string   `json:"key"`
}

// Called is how people name the value: by the lock's label, else its name in small letters.
func (p Param) Called() string {
	if p.Label != "" {
		return p.Label
	}
	name := strings.ToLower(strings.ReplaceAll(p.Name, "_", " "))
	return strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
}

// Branch is one way to do a step, of which one is chosen at the plan.
type Branch struct {
	ID    string `json:"id"` // p1.s2a
	Label string `json:"label"`
	Why   string `json:"why,omitempty"` // why drbot does not run it; empty: it does
}

// Called is a procedure that a step names.
type Called struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Spec is one step as it was resolved at the plan, whole: the blob that Step.Spec names.
type Spec struct {
	ID          string            `json:"id"`
	Title       string            `json:"title"`
	Text        string            `json:"text,omitempty"` // the runbook's own words, for a step by hand
	Interpreter string            `json:"interpreter,omitempty"`
	Script      string            `json:"script,omitempty"` // the exact bytes that run
	Drill       bool              `json:"drill,omitempty"`  // drills may reach its target
	Target      string            `json:"target,omitempty"`
	Host        string            `json:"host,omitempty"`
	Dir         string            `json:"dir,omitempty"`
	Path        string            `json:"path,omitempty"`
	Databases   []Database        `json:"databases,omitempty"`
	KeepGoing   bool              `json:"keep_going,omitempty"` // sqlite: go on after a statement that fails
	Server      *Server           `json:"server,omitempty"`     // what the target's steps speak to
	ReadOnly    bool              `json:"read_only,omitempty"`  // sql, redis: refused by the server or before it if it would write
	User        string            `json:"user,omitempty"`
	Probe       string            `json:"probe,omitempty"`     // prints name=value lines: who the target is
	Precheck    string            `json:"precheck,omitempty"`  // prints name=value lines: facts for the approver
	Lists       map[string]string `json:"lists,omitempty"`     // parameter -> read-only listing script
	Params      []Param           `json:"params,omitempty"`    // without secrets
	Secrets     []string          `json:"secrets,omitempty"`   // "NAME=name of the configured secret"
	Produces    []string          `json:"produces,omitempty"`  // names that the step writes
	Gives       []Param           `json:"gives,omitempty"`     // the same, with what each must look like
	ChoiceOf    string            `json:"choice_of,omitempty"` // the step of which this is, or will be, one branch
	Branches    []Branch          `json:"branches,omitempty"`  // all of that step
	Calls       []Called          `json:"calls,omitempty"`     // procedures that the step names
	Closes      []string          `json:"closes,omitempty"`    // texts of checklist items that are done when the step is
	Expect      *Expect           `json:"expect,omitempty"`
	Timeout     time.Duration     `json:"timeout,omitempty"`
	Survivors   string            `json:"survivors,omitempty"` // kill | keep
}

// Action is exactly what an approval authorises, but for the script, which goes by its sha256.
type Action struct {
	Interpreter string            `json:"interpreter"`
	Target      string            `json:"target,omitempty"`
	Host        string            `json:"host"`
	Dir         string            `json:"dir,omitempty"`
	Path        string            `json:"path,omitempty"`
	Databases   []Database        `json:"databases,omitempty"`
	KeepGoing   bool              `json:"keep_going,omitempty"`
	Server      *Server           `json:"server,omitempty"`
	ReadOnly    bool              `json:"read_only,omitempty"`
	User        string            `json:"user,omitempty"`
	Identity    map[string]string `json:"identity,omitempty"` // of the target, as read
	Env         []Var             `json:"env,omitempty"`      // sorted by name
	Secrets     []string          `json:"secrets,omitempty"`  // names, sorted
	Script      string            `json:"script"`             // sha256 of its bytes
	Timeout     time.Duration     `json:"timeout"`
	Survivors   string            `json:"survivors,omitempty"`
}

// Resolve makes the action of a step from its spec, the run's values and the identity that was read.
func (s *Spec) Resolve(params []string, values map[string]string, identity map[string]string) (Action, error) {
	a := Action{
		Interpreter: s.Interpreter, Target: s.Target, Host: s.Host, Dir: s.Dir, Path: s.Path, Databases: s.Databases, KeepGoing: s.KeepGoing,
		Server: s.Server, ReadOnly: s.ReadOnly, User: s.User, Identity: identity, Script: Digest([]byte(s.Script)), Timeout: s.Timeout, Survivors: s.Survivors,
	}
	for _, p := range s.takes(params) {
		value, ok := values[p.Key]
		if !ok {
			return Action{}, Refuse(BadInput, "Step %s has no value for %s.", s.ID, p.Name).Then("Plan the run again and choose it.")
		}
		a.Env = append(a.Env, Var{Name: p.Name, Value: value})
	}
	slices.SortFunc(a.Env, func(x, y Var) int { return strings.Compare(x.Name, y.Name) })
	a.Secrets = slices.Sorted(slices.Values(s.Secrets))
	return a, nil
}

// takes lists the parameters with the values that feed them; a spec that declares none takes the step's by their names.
func (s *Spec) takes(params []string) []Param {
	if len(s.Params) > 0 {
		return s.Params
	}
	list := make([]Param, len(params))
	for k, name := range params {
		list[k] = Param{Name: name, Key: name}
	}
	return list
}

// Text is the action as a person checks it at a terminal, whole; its sha256 is the digest of the approval. Values are
// quoted, so that none of them can imitate another line.
func (a Action) Text(script []byte) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-11s %s\n", name, value)
		}
	}
	line("interpreter", a.Interpreter)
	line("target", quote(a.Target))
	line("host", quote(a.Host))
	for _, name := range slices.Sorted(maps.Keys(a.Identity)) {
		line("identity", quote(name)+" = "+quote(a.Identity[name]))
	}
	line("directory", quote(a.Dir))
	line("path", quote(a.Path))
	for _, db := range a.Databases {
		mode := "read-only"
		if db.Write {
			mode = "read and write"
		}
		line("database", db.Name+" = "+quote(db.File)+", "+mode)
	}
	if a.KeepGoing {
		line("on error", "goes on with the next statement")
	}
	if a.Server != nil {
		line("server", a.Server.String())
	}
	if a.ReadOnly {
		line("mode", "read only")
	}
	line("account", quote(a.User))
	for _, v := range a.Env {
		line("value", v.Name+" = "+quote(v.Value))
	}
	for _, s := range a.Secrets {
		line("secret", s)
	}
	line("limit", a.Timeout.String())
	line("survivors", a.Survivors)
	line("script", a.Script)
	b.WriteString("\n")
	b.Write(script)
	return b.String()
}

func quote(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}

// Digest is what the approval binds: any byte of script, interpreter, value, name, target or identity changes it (I1).
func (a Action) Digest(script []byte) string { return Digest([]byte(a.Text(script))) }
