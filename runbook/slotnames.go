package runbook

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Variables of a command: those that it sets from a slot, and those that nothing sets, which are slots themselves.

// assigned notes the tokens that the shell itself gives to a variable.
func (f *filler) assigned(sh *shell) {
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		if a, ok := n.(*syntax.Assign); ok && a.Name != nil && a.Value != nil {
			for i := range f.slots {
				s := &f.slots[i]
				s.assigned = s.assigned || s.variable == a.Name.Value && s.at >= int(a.Value.Pos().Offset()) && s.end <= int(a.Value.End().Offset())
			}
		}
		return true
	})
}

// variables makes what nothing sets a parameter, and quotes it where bash would split it.
func (f *filler) variables(sh *shell) {
	free := sh.free()
	free = slices.DeleteFunc(free, func(v string) bool {
		return slices.ContainsFunc(f.parameters, func(p Parameter) bool { return p.Name == v })
	})
	if len(free) == 0 {
		return
	}
	use := sh.uses()
	for _, v := range free {
		name := strings.ToUpper(v)
		_, taken := f.used[name]
		if !envName.MatchString(name) || name != v && taken || slices.Contains(forbiddenNames, name) || manyWords.MatchString(name) || use.odd[v] {
			f.open = append(f.open, fmt.Sprintf("$%s is set nowhere: make it a parameter", v))
			continue
		}
		f.declare(guess(slot{text: "$" + v, variable: name}, ""))
		for _, u := range use.plain[v] {
			value := "${" + name + "}"
			if u.split {
				value = `"` + value + `"`
			}
			if was := f.src[u.from:u.to]; u.split || name != v {
				f.edits = append(f.edits, edit{u.from, u.to, value})
				f.note(was, value)
			}
		}
	}
}
