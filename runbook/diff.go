package runbook

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Difference is one change between two locks, in words: "p2.s3: command changed, risk stays destructive, approvals 1 -> 2".
type Difference struct {
	ID     string `json:"id"` // of the entry; a target's name otherwise
	Text   string `json:"text"`
	Before string `json:"before,omitempty"` // digest that was accepted, empty for a new entry
	After  string `json:"after,omitempty"`  // digest to accept, empty for a removed one

	Target bool   `json:"target,omitempty"` // it is about a target
	Form   bool   `json:"form,omitempty"`   // only what an older form of the lock did not say is written down
	New    string `json:"-"`                // what a new entry or target is; empty: it is not new
}

// Line says it to people, who know a step by its present number and title: "1.2 Stop the service: command changed, risk
// stays destructive". Where nothing was accepted before, first, no entry needs to be called new.
func (d Difference) Line(name string, first bool) string {
	switch {
	case d.Target && d.New != "":
		return "New target " + d.ID + ": " + d.New
	case d.Target:
		return "Target " + d.ID + ": " + d.Text
	case d.New != "" && first:
		return name + " · " + d.New
	case d.New != "":
		return name + " · new: " + d.New
	}
	return name + ": " + d.Text
}

// Diff says what would have to be accepted if new took the place of old. A nil lock is an empty one.
func Diff(old, new *Lock) []Difference {
	if old == nil {
		old = &Lock{}
	}
	if new == nil {
		new = &Lock{}
	}
	var out []Difference
	for _, name := range slices.Sorted(maps.Keys(merged(old.Targets, new.Targets))) {
		a, had := old.Targets[name]
		b, has := new.Targets[name]
		d := Difference{ID: name, Target: true}
		switch {
		case reflect.DeepEqual(a, b):
			continue
		case !had:
			d.New = b.Words()
			d.Text = "new target: " + d.New
		case !has:
			d.Text = "removed"
		default:
			d.Text = strings.Join(targetWords(a, b), ", ")
		}
		out = append(out, d)
	}
	before, after := byID(old), byID(new)
	older := old.Older()
	names := stepNames(before, after)
	for _, id := range slices.SortedFunc(maps.Keys(merged(before, after)), compareIDs) {
		a, hadA := before[id]
		b, hasB := after[id]
		c := Difference{ID: id, Before: a.digest, After: b.digest}
		switch {
		case !hadA:
			c.New = entryWords(b)
			c.Text = "new: " + c.New
		case !hasB:
			c.Text = "removed"
		case a.digest == b.digest:
			continue
		default:
			if older { // what it did not say has not moved
				a.After, a.Fence = b.After, b.Fence
			}
			words := changedWords(a, b, names)
			if c.Form = older && len(words) == 0 && reflect.DeepEqual(old.Targets[a.Target], new.Targets[b.Target]); c.Form {
				words = []string{"its place and the language of its fence are written down, nothing else changes"}
			}
			c.Text = cmp.Or(strings.Join(words, ", "), "its target changed") // the digest covers the target's definition
		}
		out = append(out, c)
	}
	return out
}

func merged[V any](a, b map[string]V) map[string]V {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]V{}
	}
	maps.Copy(out, b)
	return out
}

func byID(l *Lock) map[string]Entry {
	out := map[string]Entry{}
	for _, e := range l.Steps {
		out[e.ID] = l.Effective(e)
	}
	return out
}

// Words says what a target is: "local, ./service, drills allowed".
func (t Target) Words() string {
	words := []string{cmp.Or(t.Host, "local"), cmp.Or(t.Dir, ".")}
	if t.Server != nil {
		words = append(words, t.Server.On().String())
	}
	if t.Drill {
		words = append(words, "drills allowed")
	}
	return strings.Join(words, ", ")
}

// targetWords says what changed in a target. Texts of several lines, and servers, are named and stand whole in the lock.
func targetWords(a, b Target) []string {
	var out []string
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		x, y := va.Field(i).Interface(), vb.Field(i).Interface()
		if reflect.DeepEqual(x, y) {
			continue
		}
		name, _, _ := strings.Cut(va.Type().Field(i).Tag.Get("yaml"), ",")
		switch name {
		case "probe":
			out = append(out, "probe changed")
		case "drill":
			out = append(out, map[bool]string{true: "drills allowed", false: "drills not allowed any more"}[b.Drill])
		case "server":
			if x, y := serverWords(a.Server), serverWords(b.Server); x != y {
				out = append(out, fmt.Sprintf("server %s -> %s", x, y))
			} else {
				out = append(out, "server changed in words only")
			}
		default:
			out = append(out, fmt.Sprintf("%s %s -> %s", name, cmp.Or(fmt.Sprint(x), "none"), cmp.Or(fmt.Sprint(y), "none")))
		}
	}
	return out
}

func serverWords(s *Server) string {
	if s == nil {
		return "none"
	}
	return s.On().String()
}

func entryWords(e Entry) string {
	if e.Manual {
		return "a person does it"
	}
	words := []string{string(e.Risk)}
	if e.Interpreter != "" {
		words = append(words, e.Interpreter)
	}
	if e.Target != "" {
		words[len(words)-1] += " on " + e.Target
	}
	if e.Risk != Read || e.Approvals != nil {
		words = append(words, approverWords(e.Approvals))
	}
	if e.Approvals != nil && e.Approvals.Standing != nil {
		words = append(words, e.Approvals.Standing.Words())
	}
	if len(e.Decide) > 0 {
		words = append(words, fmt.Sprintf("%d to decide", len(e.Decide)))
	}
	return strings.Join(words, ", ")
}

// approverWords says who must agree to an entry: "1 approver".
func approverWords(a *Approvals) string {
	switch {
	case a == nil:
		return "no approval"
	case len(a.From) != 1:
		return approvalWords(a)
	case a.Need == 1:
		return "1 " + a.From[0]
	}
	return fmt.Sprintf("%d %ss", a.Need, a.From[0])
}

func approvalWords(a *Approvals) string {
	switch {
	case a == nil:
		return "none"
	case len(a.From) == 0:
		return fmt.Sprintf("%d of nobody", a.Need)
	}
	return fmt.Sprintf("%d of %s", a.Need, strings.Join(a.From, "/"))
}
