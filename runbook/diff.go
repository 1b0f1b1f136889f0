package runbook

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Difference is one change between two locks, in words: "p2.s3: command changed, risk stays destructive, approvals 1 -> 2".
type Difference struct {
	ID     string `json:"id"` // of the entry; a target's or default's name otherwise
	Text   string `json:"text"`
	Before string `json:"before,omitempty"` // digest that was accepted, empty for a new entry
	After  string `json:"after,omitempty"`  // digest to accept, empty for a removed one
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
		if a, b := old.Targets[name], new.Targets[name]; a != b {
			out = append(out, Difference{ID: name, Text: "target " + strings.Join(targetWords(a, b), ", ")})
		}
	}
	before, after := byID(old), byID(new)
	for _, id := range slices.SortedFunc(maps.Keys(merged(before, after)), compareIDs) {
		a, hadA := before[id]
		b, hasB := after[id]
		c := Difference{ID: id, Before: a.digest, After: b.digest}
		switch {
		case !hadA:
			c.Text = "new: " + entryWords(b)
		case !hasB:
			c.Text = "removed"
		case a.digest == b.digest, a.Choice && b.Choice && len(b.Decide) == 0:
			continue // a choice runs nothing itself: its branches say what changed
		default:
			c.Text = strings.Join(changedWords(a, b), ", ")
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

func targetWords(a, b Target) []string {
	var out []string
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if b == (Target{}) {
		return []string{"removed"}
	}
	for i := range va.NumField() {
		x, y := va.Field(i).Interface(), vb.Field(i).Interface()
		if x == y {
			continue
		}
		name, _, _ := strings.Cut(va.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case name == "probe": // a script: its text is in the lock, whole
			out = append(out, "probe changed")
			if a == (Target{}) {
				out[len(out)-1] = "with a probe"
			}
		case a == (Target{}):
			out = append(out, fmt.Sprintf("%s %v", name, y))
		default:
			out = append(out, fmt.Sprintf("%s %v -> %v", name, x, y))
		}
	}
	if a == (Target{}) {
		return append([]string{"is new"}, out...)
	}
	return out
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
		words = append(words, "on "+e.Target)
	}
	words = append(words, "approvals "+approvalWords(e.Approvals))
	if len(e.Decide) > 0 {
		words = append(words, fmt.Sprintf("%d to decide", len(e.Decide)))
	}
	return strings.Join(words, ", ")
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

func changedWords(a, b Entry) []string {
	var out []string
	if a.Run != b.Run {
		out = append(out, "command changed")
	}
	if a.Risk != b.Risk {
		out = append(out, fmt.Sprintf("risk %s -> %s", a.Risk, b.Risk))
	} else if a.Run != b.Run {
		out = append(out, "risk stays "+string(b.Risk))
	}
	if x, y := approvalWords(a.Approvals), approvalWords(b.Approvals); x != y {
		out = append(out, fmt.Sprintf("approvals %s -> %s", x, y))
	}
	if a.Timeout != b.Timeout {
		out = append(out, fmt.Sprintf("timeout %s -> %s", shortDuration(a.Timeout), shortDuration(b.Timeout)))
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		name, _, _ := strings.Cut(va.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "" || slices.Contains([]string{"-", "id", "title", "run", "sha256", "source_sha256", "risk", "timeout"}, name) {
			continue
		}
		x, y := va.Field(i), vb.Field(i)
		switch {
		case name == "approvals" && approvalWords(a.Approvals) != approvalWords(b.Approvals), reflect.DeepEqual(x.Interface(), y.Interface()):
		case x.Kind() == reflect.String && len(x.String()) < 60 && len(y.String()) < 60:
			out = append(out, fmt.Sprintf("%s %q -> %q", name, x.String(), y.String()))
		default:
			out = append(out, name+" changed")
		}
	}
	if len(out) == 0 {
		out = append(out, "its target changed") // the digest covers the target's definition
	}
	return out
}
