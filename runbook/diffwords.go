package runbook

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The difference of one entry, as a reviewer would say it: first what it is and runs, then who must agree, then the rest.

// stepNames are the entries as words call them: `p1.s2 Look`.
func stepNames(locks ...map[string]Entry) map[string]string {
	names := map[string]string{}
	for _, l := range locks {
		for id, e := range l {
			names[id] = strings.TrimSpace(id + " " + e.Title)
		}
	}
	return names
}

// changedWords say what changed in the entry itself; none where nothing did.
func changedWords(a, b Entry, names map[string]string) []string {
	var out []string
	switch {
	case b.Manual && !a.Manual:
		out = append(out, "becomes a step by hand")
	case b.Choice && !a.Choice:
		out = append(out, "becomes a choice, of which one branch runs")
	case a.Manual || a.Choice && !b.Choice:
		if !b.Manual {
			out = append(out, "is run by drbot now: "+entryWords(b))
		}
	case !a.Choice:
		out = append(out, commandWords(a, b)...)
		out = append(out, policyWords(a, b)...)
		out = append(out, valueWords(a.Parameters, b.Parameters)...)
		out = append(out, producedWords(a.Produces, b.Produces)...)
	}
	out = append(out, placeWords(a, b, names)...)
	if !b.Manual && !a.Manual && a.Choice == b.Choice {
		out = append(out, settingWords(a, b)...)
	}
	out = append(out, decisionWords(a, b)...)
	if kept := keptWords(a, b); kept != "" {
		out = append(out, kept)
	}
	switch {
	case len(out) > 0:
	case a.SourceSHA256 != b.SourceSHA256 && b.Choice:
		out = append(out, "its fence in the Markdown changed; its branches say what runs")
	case a.SourceSHA256 != b.SourceSHA256:
		out = append(out, "its fence in the Markdown changed, and nothing that runs")
	}
	return out
}

// commandWords say what runs, and where it is not what the Markdown says.
func commandWords(a, b Entry) []string {
	var out []string
	if a.Run != b.Run {
		out = append(out, "command changed")
	} else if a.SourceSHA256 != b.SourceSHA256 {
		out = append(out, "its fence in the Markdown changed, the command did not")
	}
	for _, r := range b.Rewrites {
		if !slices.Contains(a.Rewrites, r) {
			out = append(out, fmt.Sprintf("runs %s where the runbook says %s", shortQuote(r.To), shortQuote(r.From)))
		}
	}
	for _, r := range a.Rewrites {
		if !slices.Contains(b.Rewrites, r) {
			out = append(out, fmt.Sprintf("%s is rewritten no more", shortQuote(r.From)))
		}
	}
	if a.Risk != b.Risk {
		out = append(out, fmt.Sprintf("risk %s -> %s", cmp.Or(a.Risk, "none"), cmp.Or(b.Risk, "none")))
	} else if a.Run != b.Run {
		out = append(out, "risk stays "+string(b.Risk))
	}
	return out
}

// maxQuoted is how many bytes of a text stand in a difference; the whole stands below it.
const maxQuoted = 80

func shortQuote(s string) string {
	if s == "" {
		return "nothing"
	}
	if len(s) > maxQuoted {
		return strconv.Quote(strings.ToValidUTF8(s[:maxQuoted], "")) + "…"
	}
	return strconv.Quote(s)
}

func policyWords(a, b Entry) []string {
	var out []string
	if x, y := approvalWords(a.Approvals), approvalWords(b.Approvals); x != y {
		if a.Approvals != nil && b.Approvals != nil && slices.Equal(a.Approvals.From, b.Approvals.From) {
			x, y = strconv.Itoa(a.Approvals.Need), strconv.Itoa(b.Approvals.Need)
		}
		out = append(out, fmt.Sprintf("approvals %s -> %s", x, y))
	}
	out = append(out, standingWords(a.Approvals, b.Approvals)...)
	out = append(out, timeWords("timeout", a.Timeout, b.Timeout)...)
	if a.Approvals != nil && b.Approvals != nil {
		out = append(out, timeWords("an approval expires after", a.Approvals.Expires, b.Approvals.Expires)...)
		out = append(out, timeWords("an approved step starts within", a.Approvals.StartWithin, b.Approvals.StartWithin)...)
	}
	return out
}

func timeWords(what string, a, b time.Duration) []string {
	if a == b {
		return nil
	}
	return []string{fmt.Sprintf("%s %s -> %s", what, shortDuration(a), shortDuration(b))}
}

// placeWords say that a step has another title, fence or place.
func placeWords(a, b Entry, names map[string]string) []string {
	var out []string
	if a.Title != b.Title {
		out = append(out, fmt.Sprintf("title %s -> %s", shortQuote(a.Title), shortQuote(b.Title)))
	}
	if a.Label != b.Label {
		out = append(out, fmt.Sprintf("label %s -> %s", shortQuote(a.Label), shortQuote(b.Label)))
	}
	if a.After != b.After {
		place := func(id string) string {
			if id == "" {
				return "first"
			}
			return "after " + cmp.Or(names[id], id)
		}
		out = append(out, fmt.Sprintf("moved: %s -> %s", place(a.After), place(b.After)))
	}
	if a.Fence != b.Fence && !b.Manual && !a.Manual {
		out = append(out, fmt.Sprintf("fence %s -> %s", cmp.Or(a.Fence, "not said"), cmp.Or(b.Fence, "not said")))
	}
	return out
}

func valueWords(a, b []Parameter) []string {
	var out []string
	for _, p := range b {
		i := slices.IndexFunc(a, func(o Parameter) bool { return o.Name == p.Name })
		if i < 0 {
			out = append(out, fmt.Sprintf("the value %s is new: %s", p.Name, parameterWords(p)))
		} else if words := memberWords(reflect.ValueOf(a[i]), reflect.ValueOf(p), nil); len(words) > 0 {
			out = append(out, fmt.Sprintf("the value %s: %s", p.Name, strings.Join(words, ", ")))
		}
	}
	for _, p := range a {
		if !slices.ContainsFunc(b, func(o Parameter) bool { return o.Name == p.Name }) {
			out = append(out, fmt.Sprintf("the value %s is gone", p.Name))
		}
	}
	return orOrder(out, len(a) == len(b) && !reflect.DeepEqual(a, b), "its values come in another order")
}

// orOrder says the sentence where something changed and nothing else says it.
func orOrder(out []string, changed bool, sentence string) []string {
	if len(out) == 0 && changed {
		return []string{sentence}
	}
	return out
}

func parameterWords(p Parameter) string {
	words := []string{p.Type}
	for _, w := range []struct{ what, value string }{{"from ", p.From}, {"pattern ", p.Pattern}, {"", strings.Join(p.Allowed, " | ")}, {"at least ", p.Min}, {"at most ", p.Max}, {"else ", p.Default}} {
		if w.value != "" {
			words = append(words, w.what+w.value)
		}
	}
	return strings.Join(words, ", ")
}

func producedWords(a, b []Produce) []string {
	var out []string
	for _, p := range b {
		i := slices.IndexFunc(a, func(o Produce) bool { return o.Name == p.Name })
		if i < 0 {
			out = append(out, fmt.Sprintf("gives %s to later steps", p.Name))
		} else if words := memberWords(reflect.ValueOf(a[i]), reflect.ValueOf(p), nil); len(words) > 0 {
			out = append(out, fmt.Sprintf("what it gives as %s: %s", p.Name, strings.Join(words, ", ")))
		}
	}
	for _, p := range a {
		if !slices.ContainsFunc(b, func(o Produce) bool { return o.Name == p.Name }) {
			out = append(out, fmt.Sprintf("gives %s no more", p.Name))
		}
	}
	return orOrder(out, len(a) == len(b) && !reflect.DeepEqual(a, b), "what it gives comes in another order")
}

// saidElsewhere are the keys that have words of their own.
var saidElsewhere = strings.Fields("id procedure title label after choice manual source_sha256 fence run sha256 rewrites risk approvals timeout parameters produces decide")

func settingWords(a, b Entry) []string {
	return memberWords(reflect.ValueOf(a), reflect.ValueOf(b), saidElsewhere)
}

// memberWords say which members differ: short texts whole, longer ones and structures by name; they stand in the lock below.
func memberWords(a, b reflect.Value, but []string) []string {
	var out []string
	for i, name := range yamlNames(a.Type()) {
		if name == "" || name == "-" || slices.Contains(but, name) {
			continue
		}
		x, y := a.Field(i), b.Field(i)
		name = strings.ReplaceAll(name, "_", " ")
		switch {
		case reflect.DeepEqual(x.Interface(), y.Interface()):
		case isEmpty(y):
			out = append(out, name+" is gone")
		case isEmpty(x) && y.Kind() != reflect.String:
			out = append(out, name+" is new")
		case isEmpty(x):
			out = append(out, fmt.Sprintf("%s is new: %s", name, shortQuote(y.String())))
		case x.Kind() == reflect.String && len(x.String()) < maxQuoted && len(y.String()) < maxQuoted:
			out = append(out, fmt.Sprintf("%s %s -> %s", name, shortQuote(x.String()), shortQuote(y.String())))
		default:
			out = append(out, name+" changed")
		}
	}
	return out
}

func decisionWords(a, b Entry) []string {
	var out []string
	for _, d := range b.Decide {
		if !slices.Contains(a.Decide, d) {
			out = append(out, "asks: "+d)
		}
	}
	answered := 0
	for _, d := range a.Decide {
		if !slices.Contains(b.Decide, d) {
			answered++
		}
	}
	if answered > 0 && !b.Manual {
		out = append(out, fmt.Sprintf("%d of its questions answered", answered))
	}
	return out
}

// keptWords name the answers that were given for the command before and are kept for the new one.
func keptWords(a, b Entry) string {
	if a.Run == b.Run || a.Run == "" || b.Run == "" {
		return ""
	}
	var kept []string
	for _, k := range []struct {
		name string
		same bool
	}{
		{"precheck", b.Precheck != "" && a.Precheck == b.Precheck}, {"expect", b.Expect != nil && reflect.DeepEqual(a.Expect, b.Expect)},
		{"verify", b.Verify != "" && a.Verify == b.Verify}, {"undo", b.Undo != "" && a.Undo == b.Undo}, {"leaves", b.Leaves != "" && a.Leaves == b.Leaves},
	} {
		if k.same {
			kept = append(kept, k.name)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return "kept from the command before: " + strings.Join(kept, ", ")
}
