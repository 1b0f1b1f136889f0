package runbook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// builtin are the policies of a lock that says nothing.
var builtin = map[Risk]Policy{
	Read:   {Timeout: 5 * time.Minute},
	Change: {Timeout: 10 * time.Minute},
	Destructive: {Timeout: 30 * time.Minute, Approvals: &Approvals{
		Need: 1, From: []string{"approver"}, Expires: 15 * time.Minute, StartWithin: 10 * time.Minute,
	}},
}

func (d Defaults) of(r Risk) Policy {
	return map[Risk]Policy{Read: d.Read, Change: d.Change, Destructive: d.Destructive}[r]
}

// Effective completes an entry by what its text shows and by the defaults: the risk only rises (I45), a destructive step always needs
// somebody's approval, every step has a timeout (I31). Its Digest is then over all of that.
func (l *Lock) Effective(e Entry) Entry {
	e.Risk = e.EffectiveRisk()
	d, b := l.Defaults.of(e.Risk), builtin[e.Risk]
	for _, t := range []time.Duration{d.Timeout, b.Timeout} {
		if e.Timeout == 0 {
			e.Timeout = t
		}
	}
	e.Approvals = mergeApprovals(e.Approvals, d.Approvals, b.Approvals)
	if e.Approvals != nil && e.Risk == Destructive {
		e.Approvals.Need = max(1, e.Approvals.Need)
	}
	if e.Approvals != nil && e.Approvals.Need == 0 {
		e.Approvals = nil
	}
	if e.Survivors == "" {
		e.Survivors = "kill"
	}
	if e.Output == "" {
		e.Output = "channel"
	}
	if e.OnFailure == "" {
		e.OnFailure = "none"
	}
	e.digest = l.entryDigest(e)
	return e
}

// EffectiveRisk is the risk written in the lock, raised by what the text shows.
func (e *Entry) EffectiveRisk() Risk {
	if e.Manual || e.Run == "" {
		return Worse(e.Risk, Read)
	}
	r := Worse(e.Risk, InferRisk(e.Interpreter, e.Run).Risk)
	if slices.ContainsFunc(e.Databases, func(d Database) bool { return d.Write }) {
		r = Worse(r, Change)
	}
	return r
}

// mergeApprovals fills each gap of the first by the next; nil when none of them asks for anything. A From that is empty stays empty: nobody.
func mergeApprovals(levels ...*Approvals) *Approvals {
	var out Approvals
	found := false
	for k, a := range levels {
		if a == nil {
			continue
		}
		found = true
		if k == 0 { // nobody accepts a default as if it were each entry
			out.Standing = a.Standing
		}
		if out.Need == 0 {
			out.Need = a.Need
		}
		if out.From == nil {
			out.From = slices.Clone(a.From)
			if a.From != nil && out.From == nil {
				out.From = []string{}
			}
		}
		if out.Expires == 0 {
			out.Expires = a.Expires
		}
		if out.StartWithin == 0 {
			out.StartWithin = a.StartWithin
		}
	}
	if !found {
		return nil
	}
	b := builtin[Destructive].Approvals // for a read or change step that asks for approvals and says no more
	if out.From == nil {
		out.From = slices.Clone(b.From)
	}
	if out.Expires == 0 {
		out.Expires = b.Expires
	}
	if out.StartWithin == 0 {
		out.StartWithin = b.StartWithin
	}
	return &out
}

// entryDigest is the sha256 over everything that was reviewed of an entry, its title and its place among the steps too, with the target as
// the lock declares it.
func (l *Lock) entryDigest(e Entry) string {
	h := sha256.New()
	writeReviewed(h, reflect.ValueOf(e))
	writeReviewed(h, reflect.ValueOf(l.Targets[e.Target]))
	return hex.EncodeToString(h.Sum(nil))
}

// writeReviewed writes a value so that no two values are written alike: each text and list after its length, each member after its key. Empty
// members are left out, so that a key that comes with a later release changes no digest.
func writeReviewed(w io.Writer, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		writeReviewed(w, v.Elem())
	case reflect.Struct:
		for i, name := range yamlNames(v.Type()) {
			if f := v.Field(i); name != "" && name != "-" && !isEmpty(f) {
				fmt.Fprintf(w, "%s=", name)
				writeReviewed(w, f)
			}
		}
		fmt.Fprint(w, ";")
	case reflect.Slice:
		fmt.Fprintf(w, "%d[", v.Len())
		for i := range v.Len() {
			writeReviewed(w, v.Index(i))
		}
	case reflect.Map:
		fmt.Fprintf(w, "%d{", v.Len())
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			writeReviewed(w, k)
			writeReviewed(w, v.MapIndex(k))
		}
	case reflect.String:
		fmt.Fprintf(w, "%d:%s", v.Len(), v.String())
	default:
		fmt.Fprintf(w, "%v,", v.Interface())
	}
}

var namesOf sync.Map // reflect.Type -> []string

// yamlNames are the keys of a struct's members, in their order.
func yamlNames(t reflect.Type) []string {
	if names, ok := namesOf.Load(t); ok {
		return names.([]string) // nothing else is stored
	}
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
	}
	namesOf.Store(t, names)
	return names
}

// isEmpty says that a member is absent. A list that is there and empty is not: an empty `from` means nobody.
func isEmpty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.IsNil()
	}
	return v.IsZero()
}

// Digest names everything reviewed of the entry; an approver accepts this (I5). It is set on the entries of a loaded runbook. A target's
// relative dir counts as written, so a runbook may move with its folder; where a step really runs is part of each approval, by On and the probe.
func (e *Entry) Digest() string { return e.digest }

// Digests gives the digest of each entry that can run, by id.
func (l *Lock) Digests() map[string]string {
	out := map[string]string{}
	for _, e := range l.Steps {
		if !e.Manual && e.Run != "" {
			whole := l.Effective(e)
			out[e.ID] = whole.digest
		}
	}
	return out
}

// Option is one line of what a step's `list` prints, tab between the parts:
//
//	backup_20261124_020000	verified	2026-11-24T02:00:00Z	2000 users, 340 debates
//
// that is the value, a state (verified | unverified | rejected), when it was taken (RFC 3339; - if not known) and a note for people: with
// rejected ones the reason.
type Option struct {
	Value string
	State string
	At    time.Time // zero: not known
	Note  string
}

// ParseOptions reads what a `list` printed, in its order. Lines of another form are refused: half a list would look like a whole one.
func ParseOptions(out []byte) ([]Option, error) {
	var all []Option
	for i, line := range strings.Split(strings.TrimRight(string(out), "\n"), "\n") {
		if line == "" {
			continue
		}
		f := strings.SplitN(line, "\t", 4)
		if len(f) < 3 || f[0] == "" || !slices.Contains([]string{"verified", "unverified", "rejected"}, f[1]) {
			return nil, &Error{Line: i + 1, Problem: fmt.Sprintf("the list says %q", line), Want: "value, verified|unverified|rejected, time, note, with tabs between"}
		}
		o := Option{Value: f[0], State: f[1]}
		if f[2] != "-" {
			var err error
			if o.At, err = time.Parse(time.RFC3339, f[2]); err != nil {
				return nil, &Error{Line: i + 1, Problem: fmt.Sprintf("the list says %q", f[2]), Want: "a time like 2026-11-24T02:00:00Z, or -"}
			}
		}
		if len(f) == 4 {
			o.Note = f[3]
		}
		all = append(all, o)
	}
	return all, nil
}

// WithOptions gives a copy of the entry whose parameters `from: list` may take the values that are not rejected, beside those that the lock
// allows by itself.
func (e *Entry) WithOptions(options []Option) *Entry {
	out := *e
	out.Parameters = slices.Clone(e.Parameters)
	for i := range out.Parameters {
		p := &out.Parameters[i]
		if p.From != "list" {
			continue
		}
		p.Allowed = slices.Clone(p.Allowed)
		for _, o := range options {
			if o.State != "rejected" {
				p.Allowed = append(p.Allowed, o.Value)
			}
		}
	}
	return &out
}
