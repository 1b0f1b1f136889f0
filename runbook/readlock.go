package runbook

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/drbot/drbot/incident"
)

// lockFormat is the only format there is.
const lockFormat = 1

var (
	entryID    = regexp.MustCompile(`^p[0-9]{1,4}\.s[0-9]{1,4}(\.[0-9]{1,3})?[a-t]?u?$`)
	envName    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)
	schemaName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	sha256Hex  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ReadLock reads a lock, strictly: unknown and repeated keys, aliases, an entry whose run is not what its sha256 says, an invalid
// pattern, a target or step that is not there are refused, each with its line and column (type *Error, several joined).
func ReadLock(src []byte) (*Lock, error) {
	if len(src) > maxLock {
		return nil, &Error{Problem: fmt.Sprintf("%d bytes of lock", len(src)), Want: fmt.Sprintf("at most %d", maxLock)}
	}
	node, err := readYAML(src)
	if err != nil {
		return nil, err
	}
	s := strict{whole: "the lock"}
	l := &Lock{}
	s.decode(node, reflect.ValueOf(l).Elem(), "the lock")
	if len(s.errs) == 0 {
		c := lockCheck{l: l, s: &s, root: node}
		c.all()
	}
	if len(s.errs) > 0 {
		return nil, errors.Join(s.errs...)
	}
	return l, nil
}

// lockCheck holds what the rules need: the values, and the nodes to name lines.
type lockCheck struct {
	l    *Lock
	s    *strict
	root *yaml.Node
	at   *yaml.Node // the entry, target or default under test
}

// child finds the node of a key, for the line of a refusal; the parent where the key is absent.
func child(n *yaml.Node, keys ...string) *yaml.Node {
	for _, k := range keys {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Kind == yaml.MappingNode && n.Content[i].Value == k {
				n = n.Content[i+1]
				break
			}
		}
	}
	return n
}

func (c *lockCheck) fail(key, problem, want string) { c.s.fail(child(c.at, key), problem, want) }

func (c *lockCheck) all() {
	c.at = c.root
	if c.l.Format != lockFormat {
		c.fail("format", fmt.Sprintf("format %d", c.l.Format), "format: 1; a newer drbot reads newer formats")
	}
	c.targets()
	c.defaults()
	byID := map[string]*Entry{}
	steps := child(c.root, "steps")
	for i := range c.l.Steps {
		e := &c.l.Steps[i]
		c.at = steps.Content[i]
		if !entryID.MatchString(e.ID) {
			c.fail("id", fmt.Sprintf("id %q", e.ID), "an id like p1.s6 (p1.s6u for an undo, p1.s6a for a branch, p1.s4.1 for a part)")
		}
		if byID[e.ID] != nil {
			c.fail("id", fmt.Sprintf("id %s again", e.ID), "an id of its own")
		}
		if slices.Contains(c.l.Retired, e.ID) {
			c.fail("id", fmt.Sprintf("id %s is retired", e.ID), "an id that was never given")
		}
		byID[e.ID] = e
	}
	for i := range c.l.Steps {
		c.at = steps.Content[i]
		c.entry(&c.l.Steps[i], byID)
	}
}

func (c *lockCheck) targets() {
	for name, t := range c.l.Targets {
		c.at = child(c.root, "targets", name)
		if t.Host != "" && t.Host != "local" && !incident.FarHost(t.Host) {
			c.fail("host", fmt.Sprintf("target %s: host %q", name, t.Host), "local, or ssh:NAME with a host of the ssh configuration")
		}
		if t.Elsewhere() && t.Dir != "" && !filepath.IsAbs(t.Dir) {
			c.fail("dir", fmt.Sprintf("target %s: dir %q counts from nowhere on another host", name, t.Dir), "an absolute path there")
		}
		if strings.ContainsAny(t.Dir+t.Path+t.Lock, "\x00\n") {
			c.fail("dir", fmt.Sprintf("target %s holds a NUL or a line end", name), "one line")
		}
		if r := InferRisk(Bash, t.Probe); t.Probe != "" && r.Risk != Read {
			c.fail("probe", fmt.Sprintf("target %s: the probe is no reading: %s", name, strings.Join(r.Why, ", ")), "a text that changes nothing")
		}
		if problem := t.Server.problem(); problem != "" {
			c.fail("server", fmt.Sprintf("target %s: server: %s", name, problem), "see the keys of a target's server")
		}
	}
}

func (c *lockCheck) defaults() {
	c.at = child(c.root, "defaults")
	for risk, p := range map[Risk]Policy{Read: c.l.Defaults.Read, Change: c.l.Defaults.Change, Destructive: c.l.Defaults.Destructive} {
		if p.Approvals != nil {
			c.approvals(child(c.at, string(risk), "approvals"), p.Approvals)
			if p.Approvals.Standing != nil {
				c.s.fail(child(c.at, string(risk), "approvals", "standing"), "standing: an approval in advance for every step of a risk", "standing in the approvals of one entry")
			}
		}
	}
}

// approvals refuses what would ask nobody: a need of 0 would be no approval, and an empty from one that nobody can give (I13).
func (c *lockCheck) approvals(at *yaml.Node, a *Approvals) {
	if need := child(at, "need"); a.Need < 0 || a.Need > 9 || a.Need == 0 && need != at {
		c.s.fail(need, fmt.Sprintf("need: %d", a.Need), "1 to 9; without the key the risk's default holds")
	}
	from := child(at, "from")
	if a.From != nil && len(a.From) == 0 {
		c.s.fail(from, "from: nobody could approve", "responder, operator, approver or admin; without the key the risk's default holds")
	}
	for i, r := range a.From {
		if !slices.Contains([]string{"approver", "operator", "responder", "admin"}, r) {
			c.s.fail(from.Content[i], fmt.Sprintf("from: unknown role %q", r), "responder, operator, approver or admin")
		}
	}
}

// entry holds an entry against the rules of the package comment.
func (c *lockCheck) entry(e *Entry, byID map[string]*Entry) {
	if base, _, _ := strings.Cut(e.ID, "."); base != e.Procedure {
		c.fail("procedure", fmt.Sprintf("%s is in procedure %q", e.ID, e.Procedure), base)
	}
	if strings.HasSuffix(e.ID, "u") != (e.UndoOf != "") || e.UndoOf != "" && e.UndoOf+"u" != e.ID {
		c.fail("undo_of", fmt.Sprintf("%s: undo_of %q", e.ID, e.UndoOf), "undo_of: p1.s6 in p1.s6u, and nowhere else")
	}
	c.branch(e, byID)
	for _, ref := range []struct{ key, id string }{{"verify", e.Verify}, {"undo", e.Undo}, {"undo_of", e.UndoOf}} {
		if ref.id != "" && byID[ref.id] == nil {
			c.fail(ref.key, fmt.Sprintf("%s: %s names %s, which is no step of the lock", e.ID, ref.key, ref.id), "the id of a step")
		}
	}
	if v := byID[e.Verify]; v != nil && v.Risk != Read {
		c.fail("verify", fmt.Sprintf("%s: %s proves it and is no reading", e.ID, e.Verify), "a step with risk: read")
	}
	if e.After != "" && !entryID.MatchString(e.After) {
		c.fail("after", fmt.Sprintf("%s: after %q", e.ID, e.After), "the id of the step before it, as compile writes it")
	}
	if e.Approvals != nil {
		c.approvals(child(c.at, "approvals"), e.Approvals)
		c.standing(e)
	}
	oneOf := func(key, v string, allowed ...string) {
		if v != "" && !slices.Contains(allowed, v) {
			c.fail(key, fmt.Sprintf("%s: %s is %q", e.ID, key, v), strings.Join(allowed, " or "))
		}
	}
	oneOf("interpreter", e.Interpreter, Bash, SQLite, SQL, Redis, HTTP)
	oneOf("risk", string(e.Risk), string(Read), string(Change), string(Destructive))
	oneOf("on_failure", e.OnFailure, "undo", "retry", "none")
	oneOf("survivors", e.Survivors, "kill", "keep")
	oneOf("output", e.Output, "channel", "file", "none")
	oneOf("confirm", e.Confirm, "target")
	c.bytes(e)
	c.values(e, byID)
	c.readings(e)
}

// branch checks that a choice and its branches name each other.
func (c *lockCheck) branch(e *Entry, byID map[string]*Entry) {
	base := strings.TrimSuffix(e.ID, "u")
	id := strings.TrimRight(base, "abcdefghijklmnopqrst")
	switch {
	case e.UndoOf != "":
		if e.ChoiceOf != "" || e.Choice {
			c.fail("choice_of", e.ID+" is an undo and a part of a choice", "one of them")
		}
	case id != base != (e.ChoiceOf != "") || e.ChoiceOf != "" && e.ChoiceOf != id:
		c.fail("choice_of", fmt.Sprintf("%s: choice_of %q", e.ID, e.ChoiceOf), "choice_of: p1.s6 in p1.s6a, and nowhere else")
	case e.ChoiceOf != "" && (byID[e.ChoiceOf] == nil || !byID[e.ChoiceOf].Choice):
		c.fail("choice_of", fmt.Sprintf("%s is a branch of %s, which is no choice", e.ID, e.ChoiceOf), "an entry with choice: true")
	case e.ChoiceOf != "" && e.Label == "":
		c.fail("label", e.ID+" is a branch without a label", "the words by which people choose it")
	}
	if e.Choice && (e.Manual || e.Run != "" || e.ChoiceOf != "") {
		c.fail("choice", e.ID+" is a choice and something else", "choice: true alone; its branches hold the texts")
	}
}

// bytes checks what runs, and that it could.
func (c *lockCheck) bytes(e *Entry) {
	if e.Manual || e.Run == "" {
		if e.Manual && e.Run != "" {
			c.fail("manual", e.ID+" is manual and has a run", "one of them")
		}
		if !e.Manual && !e.Choice && len(e.Decide) == 0 {
			c.fail("id", e.ID+" has nothing to run", "run, manual: true, choice: true, or a decide line")
		}
		return
	}
	if strings.ContainsRune(e.Run, 0) {
		c.fail("run", e.ID+": run holds a NUL byte", "text")
	}
	if got := digest([]byte(e.Run)); got != e.SHA256 {
		c.fail("sha256", fmt.Sprintf("%s: sha256 is %.12s…, the bytes of run have %.12s…: the text was changed after it was reviewed", e.ID, e.SHA256, got), got)
	}
	if e.UndoOf == "" && !sha256Hex.MatchString(e.SourceSHA256) {
		c.fail("source_sha256", fmt.Sprintf("%s: source_sha256 %q", e.ID, e.SourceSHA256), "64 hex digits, as compile writes them")
	}
	if e.Interpreter == "" && len(e.Decide) == 0 {
		c.fail("interpreter", e.ID+" has no interpreter", "bash, sqlite, sql, redis or http")
	}
	if e.Risk == "" && len(e.Decide) == 0 {
		c.fail("risk", e.ID+" has no risk", "read, change or destructive")
	}
	if _, ok := c.l.Targets[e.Target]; !ok && (e.Target != "" || len(e.Decide) == 0) {
		c.fail("target", fmt.Sprintf("%s: target %q is not among targets", e.ID, e.Target), "a name under targets")
	}
	if (e.Interpreter == SQLite) != (len(e.Databases) > 0) && len(e.Decide) == 0 {
		c.fail("databases", e.ID+": databases and interpreter do not fit", "databases with interpreter: sqlite, and only there")
	}
	if kind := serverOf[e.Interpreter]; kind != "" && len(e.Decide) == 0 {
		if s := c.l.Targets[e.Target].Server; s == nil || s.Kind != kind {
			c.fail("interpreter", fmt.Sprintf("%s: target %s has no %s server", e.ID, e.Target, kind), "a target with server: {kind: "+kind+", host: …}")
		}
	}
	names := map[string]bool{"main": true, "temp": true}
	for _, d := range e.Databases {
		if !schemaName.MatchString(d.Name) || names[d.Name] || !filepath.IsLocal(d.File) {
			c.fail("databases", fmt.Sprintf("%s: database %q in %q", e.ID, d.Name, d.File), "a lower-case name of its own, and a file under the target's dir")
		}
		names[d.Name] = true
		if d.Write && e.Risk == Read {
			c.fail("databases", e.ID+" reads and opens a database for writing", "write: true only with risk change or destructive")
		}
	}
}

func (c *lockCheck) values(e *Entry, byID map[string]*Entry) {
	seen := map[string]bool{}
	for _, p := range e.Parameters {
		if !envName.MatchString(p.Name) || seen[p.Name] || slices.Contains(forbiddenNames, p.Name) || strings.HasPrefix(p.Name, "DRBOT") {
			c.fail("parameters", fmt.Sprintf("%s: parameter %q", e.ID, p.Name), "a name of its own in capitals, none that changes how a process starts")
		}
		seen[p.Name] = true
		if err := p.check(e, byID); err != nil {
			c.fail("parameters", fmt.Sprintf("%s: parameter %s: %v", e.ID, p.Name, err), "")
		}
	}
	made := map[string]bool{}
	for _, p := range e.Produces {
		if !envName.MatchString(p.Name) || made[p.Name] {
			c.fail("produces", fmt.Sprintf("%s: produces %q", e.ID, p.Name), "a name of its own in capitals")
		}
		made[p.Name] = true
		if _, err := regexp.Compile(p.Pattern); err != nil {
			c.fail("produces", fmt.Sprintf("%s: pattern of %s: %v", e.ID, p.Name, err), "an RE2 pattern")
		}
		if p.Type != "" && !slices.Contains(types, p.Type) {
			c.fail("produces", fmt.Sprintf("%s: type %q", e.ID, p.Type), strings.Join(types, ", "))
		}
	}
	if e.Expect != nil {
		if err := e.Expect.valid(); err != nil {
			c.fail("expect", fmt.Sprintf("%s: expect: %v", e.ID, err), "an RE2 pattern")
		}
	}
}

// readings are the texts that run without anybody's approval: they must not change a thing.
func (c *lockCheck) readings(e *Entry) {
	for _, r := range []struct{ key, text string }{{"list", e.List}, {"precheck", e.Precheck}} {
		if r.text == "" {
			continue
		}
		if got := InferRisk(Bash, r.text); got.Risk != Read {
			c.fail(r.key, fmt.Sprintf("%s: %s is no reading: %s", e.ID, r.key, strings.Join(got.Why, ", ")), "a text that changes nothing")
		}
	}
}
