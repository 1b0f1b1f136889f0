package runbook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxValue bounds one value, in bytes.
const maxValue = 4096

var types = []string{TypeText, TypeInt, TypeChoice, TypeDate, TypeTime, TypeDuration, TypeHostname, TypeK8sName, TypeDBName, TypePath, TypeSecret}

// forbiddenNames change how a process starts or how bash reads; no parameter may have them (I33). DRBOT… is drbot's own.
var forbiddenNames = []string{
	"PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "GLOBIGNORE", "CDPATH", "HOME", "TMPDIR", "SHELL", "PWD", "OLDPWD",
	"UID", "EUID", "PPID", "BASHPID", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PSQLRC", "PGSERVICEFILE", "PGSYSCONFDIR", "PGOPTIONS", "PYTHONPATH",
	"PYTHONSTARTUP", "PERL5LIB", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "GIT_SSH_COMMAND", "LC_ALL", "LANG", "RANDOM", "SECONDS", "LINENO", "REPLY", "FUNCNAME", "EPOCHSECONDS",
}

// Facts are the values that come from the run and not from a person.
type Facts struct {
	Run, Incident string // R7, INC-42
	OpenedAt      time.Time
	Produced      map[string]string // "p1.s5.BACKUP": what an earlier step gave
}

// Bound are the values of one step, checked. A secret is here by the name of its reference only.
type Bound struct {
	Values  map[string]string // all but secrets
	Secrets map[string]string // parameter -> name under `secrets` of the configuration
	Env     []string          // NAME=value of Values, sorted
}

// ValueError is one value that is refused; a form shows it at that parameter's field.
type ValueError struct{ Parameter, Problem, Want string }

func (e *ValueError) Error() string {
	s := e.Parameter + ": " + e.Problem
	if e.Want != "" {
		s += "; expected " + e.Want
	}
	return s
}

// Resolve completes what a person chose by the facts of the run and by the defaults of the lock. It checks nothing; Bind does.
func (e *Entry) Resolve(f Facts, chosen map[string]string) map[string]string {
	out := map[string]string{}
	for _, p := range e.Parameters {
		v, given := chosen[p.Name]
		switch p.From {
		case "", "list":
		case "run.id":
			v, given = f.Run, f.Run != ""
		case "incident.id":
			v, given = f.Incident, f.Incident != ""
		case "incident.opened_at":
			v, given = f.OpenedAt.UTC().Format(time.RFC3339), !f.OpenedAt.IsZero()
		default:
			v, given = f.Produced[p.From]
		}
		if !given || v == "" {
			v = p.Default
		}
		if v != "" {
			out[p.Name] = v
		}
	}
	return out
}

// Bind checks every value of a step against the lock, whatever the client already checked (I34 to I37). Every refusal is a *ValueError.
func Bind(e *Entry, values map[string]string) (Bound, error) {
	b := Bound{Values: map[string]string{}, Secrets: map[string]string{}}
	var errs []error
	for name := range values {
		if !slices.ContainsFunc(e.Parameters, func(p Parameter) bool { return p.Name == name }) {
			errs = append(errs, &ValueError{name, "is no parameter of " + e.ID, ""})
		}
	}
	for _, p := range e.Parameters {
		v, err := p.value(values[p.Name])
		switch {
		case err != nil:
			errs = append(errs, err)
		case p.Type == TypeSecret:
			b.Secrets[p.Name] = v
		default:
			b.Values[p.Name] = v
			b.Env = append(b.Env, p.Name+"="+v)
		}
	}
	slices.Sort(b.Env)
	if len(errs) > 0 {
		return Bound{}, errors.Join(errs...)
	}
	return b, nil
}

// value checks one value; it is given back as it came.
func (p Parameter) value(v string) (string, error) {
	no := func(problem, want string) (string, error) { return "", &ValueError{p.Name, problem, want} }
	switch {
	case v == "":
		return no("has no value", p.wants())
	case len(v) > maxValue:
		return no(fmt.Sprintf("%d bytes", len(v)), fmt.Sprintf("at most %d", maxValue))
	case !utf8.ValidString(v):
		return no("is not UTF-8", "text")
	case strings.ContainsFunc(v, hidden):
		return no(fmt.Sprintf("%q holds a control or direction character", v), "one line of visible text")
	case strings.HasPrefix(v, "-") && p.Type != TypeInt:
		return no(fmt.Sprintf("%q begins with -, as options do", v), p.wants())
	case p.Sample != "" && v == p.Sample:
		return no(fmt.Sprintf("%q is the runbook's sample", v), "the real value")
	case isPlaceholder(v) || unfilled.MatchString(v) && strings.ContainsAny(v[:1], "[<{"):
		return no(fmt.Sprintf("%q is a placeholder", v), "the real value")
	}
	if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, v) || p.Type == TypeChoice && len(p.Allowed) == 0 {
		return no(fmt.Sprintf("%q is not among the choices", v), p.wants())
	}
	if p.Pattern != "" {
		re, err := fullPattern(p.Pattern)
		if err != nil || !re.MatchString(v) {
			return no(fmt.Sprintf("%q does not match", v), p.wants())
		}
	}
	if problem := p.typed(v); problem != "" {
		return no(problem, p.wants())
	}
	return v, nil
}

// isPlaceholder says that a value is one of the forms that wait for a value.
func isPlaceholder(v string) bool { return slices.Contains(placeholders(" "+v), v) }

// hidden are the characters that a person who approves does not see, or sees elsewhere.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r != ' ' && unicode.Is(unicode.Zs, r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

// fullPattern makes a pattern match the whole value.
func fullPattern(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil { // alone first: "a)|(b" must not become valid by the brackets around it
		return nil, err
	}
	return regexp.Compile(`\A(?:` + pattern + `)\z`)
}

var (
	hostnameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	k8sForm      = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	dbForm       = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
	secretForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)
)

// typed says what is wrong with v for the type; empty: nothing.
func (p Parameter) typed(v string) string {
	form := func(re *regexp.Regexp, what string) string {
		if re.MatchString(v) && len(v) <= 253 {
			return ""
		}
		return fmt.Sprintf("%q is no %s", v, what)
	}
	switch p.Type {
	case TypeInt:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != v {
			return fmt.Sprintf("%q is no whole number", v)
		}
		return p.within(v, func(limit string) (int, error) {
			l, err := strconv.ParseInt(limit, 10, 64)
			return compare(n, l), err
		})
	case TypeDate, TypeTime:
		layout := map[string]string{TypeDate: time.DateOnly, TypeTime: time.RFC3339}[p.Type]
		t, err := time.Parse(layout, v)
		if err != nil {
			return fmt.Sprintf("%q is no %s", v, p.Type)
		}
		return p.within(v, func(limit string) (int, error) {
			l, err := time.Parse(layout, limit)
			return t.Compare(l), err
		})
	case TypeDuration:
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return fmt.Sprintf("%q is no duration", v)
		}
		return p.within(v, func(limit string) (int, error) {
			l, err := time.ParseDuration(limit)
			return compare(int64(d), int64(l)), err
		})
	case TypeHostname:
		return form(hostnameForm, "host name")
	case TypeK8sName:
		return form(k8sForm, "Kubernetes name")
	case TypeDBName:
		return form(dbForm, "database identifier")
	case TypeSecret:
		return form(secretForm, "name of a secret")
	case TypePath:
		return p.underRoot(v)
	}
	return ""
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (p Parameter) within(v string, against func(limit string) (int, error)) string {
	if p.Min != "" {
		if c, err := against(p.Min); err != nil || c < 0 {
			return fmt.Sprintf("%s is less than %s", v, p.Min)
		}
	}
	if p.Max != "" {
		if c, err := against(p.Max); err != nil || c > 0 {
			return fmt.Sprintf("%s is more than %s", v, p.Max)
		}
	}
	return ""
}

// wants says in words what a value must be.
func (p Parameter) wants() string {
	switch {
	case p.Type == TypeChoice && len(p.Allowed) == 0:
		return "a choice, but the list was not read, or is empty"
	case len(p.Allowed) > 0 && len(p.Allowed) <= 12:
		return "one of " + strings.Join(p.Allowed, ", ")
	case p.Pattern != "":
		return p.Type + " matching " + p.Pattern
	case p.Type == TypeTime:
		return "an instant with its offset, 2026-01-13T10:00:00Z"
	case p.Type == TypePath && p.Root != "":
		return "a path like " + strings.TrimPrefix(p.Root+"/name", "./")
	case p.Type == TypeDate:
		return "a date, 2026-01-13"
	case p.Min != "" || p.Max != "":
		return fmt.Sprintf("%s from %s to %s", p.Type, p.Min, p.Max)
	}
	return p.Type
}

// check is what a lock must keep about one parameter of e.
func (p Parameter) check(e *Entry, byID map[string]*Entry) error {
	if !slices.Contains(types, p.Type) {
		return fmt.Errorf("type %q; expected %s", p.Type, strings.Join(types, ", "))
	}
	if _, err := fullPattern(p.Pattern); err != nil {
		return fmt.Errorf("pattern: %w", err)
	}
	if problem := rootProblem(p.Root); p.Root != "" && (problem != "" || p.Type != TypePath) {
		return fmt.Errorf("root %q; expected %s, with type: path", p.Root, or(problem, "a folder"))
	}
	for _, limit := range []string{p.Min, p.Max} {
		if bare := (Parameter{Name: p.Name, Type: p.Type}); limit != "" && bare.typed(limit) != "" {
			return errors.New(bare.typed(limit))
		}
	}
	if p.Default != "" {
		given := p
		given.Allowed = append(slices.Clone(p.Allowed), p.Default)
		if _, err := given.value(p.Default); err != nil {
			return fmt.Errorf("default: %w", err)
		}
	}
	switch p.From {
	case "", "run.id", "incident.id", "incident.opened_at":
		if p.Type == TypeChoice && len(p.Allowed) == 0 {
			return errors.New("a choice of nothing; expected allowed, or from: list")
		}
		return nil
	case "list":
		if e.List == "" {
			return errors.New("from: list, and the step has no list")
		}
		return nil
	}
	i := strings.LastIndexByte(p.From, '.')
	if i < 0 {
		return fmt.Errorf("from %q; expected list, run.id, incident.id, incident.opened_at or p1.s5.NAME", p.From)
	}
	src := byID[p.From[:i]]
	if src == nil || !slices.ContainsFunc(src.Produces, func(o Produce) bool { return o.Name == p.From[i+1:] }) {
		return fmt.Errorf("from %q, which no step produces", p.From)
	}
	return nil
}

// Collect reads what a step wrote to the file named by DRBOT_OUT: lines NAME=value. Every declared value must be there once and match; a
// line that is not declared is refused. The keys of the result are as Facts.Produced wants them.
func (e *Entry) Collect(out []byte) (map[string]string, error) {
	got := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimRight(string(out), "\n"), "\n") {
		if line == "" {
			continue
		}
		name, v, ok := strings.Cut(line, "=")
		i := slices.IndexFunc(e.Produces, func(p Produce) bool { return p.Name == name })
		if !ok || i < 0 {
			return nil, fmt.Errorf("%s: gave %q, which the lock does not declare", e.ID, name)
		}
		key := e.ID + "." + name
		if _, again := got[key]; again {
			return nil, fmt.Errorf("%s: gave %s twice", e.ID, name)
		}
		made := e.Produces[i]
		kind := made.Type
		if kind == "" {
			kind = TypeText
		}
		if _, err := (Parameter{Name: name, Type: kind, Pattern: made.Pattern}).value(v); err != nil {
			return nil, fmt.Errorf("%s: %w", e.ID, err)
		}
		got[key] = v
	}
	for _, p := range e.Produces {
		if _, ok := got[e.ID+"."+p.Name]; !ok {
			return nil, fmt.Errorf("%s: gave no %s", e.ID, p.Name)
		}
	}
	return got, nil
}
