package runbook

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A path is free under the target's folder until somebody says under which folder it must stay; a step that destroys waits for that.

// rootQuestion follows the name of a path in a step that destroys.
const rootQuestion = " is a path in a step that destroys: under which folder must it stay?"

// askRoots asks for the folder of each path, where the step destroys.
func (e *Entry) askRoots() {
	free := func(p Parameter) bool {
		return p.Type == TypePath && p.Root == "" && len(p.Allowed) == 0 && p.Pattern == ""
	}
	if !slices.ContainsFunc(e.Parameters, free) || InferRisk(e.Interpreter, e.Run).Risk != Destructive {
		return
	}
	for _, p := range e.Parameters {
		if free(p) {
			e.Decide = appendOnce(e.Decide, p.Name+rootQuestion)
		}
	}
}

// answerRoot sets the folder: an absolute one, or one under the target's folder, which "." is itself.
func (e *Entry) answerRoot(name, answer string, no func(string) error) error {
	i := slices.IndexFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return no(AnswerManual)
	}
	if problem := rootProblem(answer); problem != "" || answer == AnswerDone {
		return no(or(problem, "a folder"))
	}
	e.Parameters = slices.Clone(e.Parameters)
	e.Parameters[i].Root = answer
	return nil
}

// rootProblem says what a root should have been; empty: it is one.
func rootProblem(root string) string {
	if root == "/" || filepath.Clean(root) != root || !filepath.IsAbs(root) && !filepath.IsLocal(root) || strings.ContainsFunc(root, unseen) {
		return "a folder like /srv/backups, one under the target's folder like backups, or . for that folder"
	}
	return ""
}

// underRoot says what is wrong with a path; empty: nothing.
func (p Parameter) underRoot(v string) string {
	if p.Root == "" || p.Root == "." {
		if !filepath.IsLocal(v) || filepath.Clean(v) != v {
			return fmt.Sprintf("%q is no clean path under the target's directory", v)
		}
		return ""
	}
	if filepath.Clean(v) != v || !strings.HasPrefix(v, p.Root+"/") {
		return fmt.Sprintf("%q is no clean path under %s", v, p.Root)
	}
	return ""
}
