package runbook

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func (e *Expect) valid() error {
	for _, p := range append(slices.Clone(e.Match), e.Not...) {
		if _, err := regexp.Compile("(?m)" + p); err != nil {
			return err
		}
	}
	return nil
}

// Exits says whether an exit code is one of the expected; without an Expect only 0 is.
func (e *Expect) Exits(code int) bool {
	if e == nil || len(e.Exit) == 0 {
		return code == 0
	}
	return slices.Contains(e.Exit, code)
}

// Check says in words why a step did not do what it should; empty: it did. A nil Expect checks the exit code alone, which proves
// little: such a step ended as "ran, not verified" (I32).
func (e *Expect) Check(code int, stdout []byte) string {
	if !e.Exits(code) {
		return fmt.Sprintf("exit %d", code)
	}
	if e == nil {
		return ""
	}
	out := string(stdout)
	if e.Stdout != "" && strings.TrimRight(out, " \t\r\n") != strings.TrimRight(e.Stdout, " \t\r\n") {
		return fmt.Sprintf("exit %d, but the output is not %q", code, e.Stdout)
	}
	for _, p := range e.Not {
		re, err := regexp.Compile("(?m)" + p)
		if err != nil {
			return fmt.Sprintf("the pattern %s is invalid", p)
		}
		if found := re.FindString(out); re.MatchString(out) {
			return fmt.Sprintf("exit %d, but the check failed: %s", code, lineOf(out, found))
		}
	}
	for _, p := range e.Match {
		if re, err := regexp.Compile("(?m)" + p); err != nil || !re.MatchString(out) {
			return fmt.Sprintf("exit %d, but the check failed: nothing in the output matches %s", code, p)
		}
	}
	return e.members(code, out)
}

// lineOf gives the whole line in which found stands.
func lineOf(out, found string) string {
	for line := range strings.SplitSeq(out, "\n") {
		if strings.Contains(line, found) {
			return strings.TrimSpace(line)
		}
	}
	return found
}

func (e *Expect) members(code int, out string) string {
	if len(e.JSON) == 0 {
		return ""
	}
	var object map[string]any
	lines := strings.Split(out, "\n")
	for i := len(lines) - 1; i >= 0 && object == nil; i-- {
		if strings.HasPrefix(strings.TrimSpace(lines[i]), "{") && json.Unmarshal([]byte(lines[i]), &object) != nil {
			object = nil
		}
	}
	if object == nil && json.Unmarshal([]byte(out), &object) != nil {
		return fmt.Sprintf("exit %d, but the check failed: no JSON object in the output", code)
	}
	for _, path := range slices.Sorted(maps.Keys(e.JSON)) {
		want := e.JSON[path]
		var v any = object
		for k := range strings.SplitSeq(path, ".") {
			m, _ := v.(map[string]any)
			v = m[k]
		}
		if got := jsonText(v); got != want {
			return fmt.Sprintf("exit %d, but the check failed: %s is %q, not %q", code, path, got, want)
		}
	}
	return ""
}

func jsonText(v any) string {
	switch t := v.(type) {
	case nil:
		return ""
	case string:
		return t
	case float64:
		return strconv.FormatFloat(t, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
