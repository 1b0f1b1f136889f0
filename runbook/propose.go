package runbook

import (
	"slices"
	"strings"
)

// The questions of a lock that drbot itself asks; Answer knows them by their words.
const (
	whereQuestion   = "where does it run? Set target" // says nothing about the command: no target, or more than one, is declared
	timeoutQuestion = "how long may the copy or restore take? Set timeout"
	sqlQuestion     = "which database is this SQL for? Set interpreter and databases"
	outputQuestion  = "the transcript shows an output: is it exactly what is expected?"
	againQuestion   = "its run had been rewritten by hand, and is the Markdown's text now: use that, or rewrite it again and show how under rewrites"
	partsQuestion   = "commands in one step: keep one text in run, or split the step"
)

// propose writes what the Markdown alone says about a step, and asks the rest.
func propose(s *Step, l *Lock) Entry {
	e := Entry{SourceSHA256: s.SourceSHA256, Condition: s.Condition, Fence: fences(s.Commands)}
	switch s.Kind {
	case Choice:
		e.Choice = true
		return e
	case Executable:
	default:
		e.Manual, e.Fence = true, ""
		return e
	}
	for _, c := range s.Commands {
		if v := c.verdict(); v.verdict == "executable" || v.verdict == "blocked" {
			e.addCommand(v, c)
			e.Decide = append(e.Decide, v.ask...)
			break // parse gives a step one command that can run
		}
	}
	e.SHA256 = digest([]byte(e.Run))
	e.Decide = append(e.Decide, where(&e, l)...)
	if e.Risk != Read && slow(e.Run) {
		e.Decide = append(e.Decide, timeoutQuestion)
	}
	return e
}

// addCommand takes a fence's text, with its slots as parameters.
func (e *Entry) addCommand(v verdict, c Command) {
	e.Run = c.Source
	if v.run != "" {
		e.Run, e.Rewrites = v.run, v.rewrites
	}
	if v.lang == "sql" {
		e.Decide = append(e.Decide, v.open...)
		e.Risk = proposed(SQL, e.Run)
		return
	}
	e.Interpreter = Bash
	if r, err := fill(e.Run); err != nil || v.sure {
		e.Decide = append(e.Decide, v.open...)
	} else {
		e.Run, e.Parameters, e.Decide = r.text, r.parameters, r.open
		e.Rewrites = append(e.Rewrites, r.rewrites...)
		e.askCode()
		e.askRoots()
	}
	if v.output != "" {
		e.Expect = &Expect{Stdout: v.output}
		e.Decide = append(e.Decide, outputQuestion)
	}
	e.Risk = proposed(Bash, e.Run)
}

// proposed is the risk that a new entry begins with: of what nobody here knows, a change.
func proposed(interpreter, text string) Risk {
	found := InferRisk(interpreter, text)
	if len(found.Unknown) > 0 {
		return Worse(found.Risk, Change)
	}
	return found.Risk
}

// where sets the target where there is only one, and asks otherwise.
func where(e *Entry, l *Lock) []string {
	if len(l.Targets) != 1 {
		return []string{whereQuestion}
	}
	for name := range l.Targets {
		e.Target = name
	}
	return nil
}

// slow says that a text copies or restores: how long that takes depends on the size of the data, which no default knows.
func slow(run string) bool {
	sh, err := readShell(run)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(sh.calls(), func(c call) bool {
		w := unwrap(c.words)
		if len(w) == 0 {
			return false
		}
		switch w[0] {
		case "cp", "rsync", "scp", "tar", "dd", "pg_restore", "pg_basebackup", "pg_dump", "pg_dumpall", "mongorestore", "mysqldump", "restic", "borg", "barman", "pgbackrest", "wal-g", "rclone":
			return true
		}
		return slices.ContainsFunc(w, func(x string) bool { return x == "restore" || x == "--restore" })
	})
}

// keep carries a person's answers over to the step as it is now.
func keep(was Entry, s *Step, proposed Entry) Entry {
	was.Condition = s.Condition
	switch {
	case proposed.Choice && was.Run == "" && !was.Manual: // a choice, or a question of an older lock which it was
		was.SourceSHA256, was.Fence, was.Choice, was.Decide = s.SourceSHA256, proposed.Fence, true, nil
		return was
	case was.Choice:
		proposed.Leaves, proposed.Closes, proposed.For = was.Leaves, was.Closes, was.For
		return proposed
	case was.SourceSHA256 == s.SourceSHA256 && was.sameFence(s.Commands):
		if was.Run != "" && !was.runsOne(s.Commands) && proposed.Run != "" {
			return was.withCommand(proposed)
		}
		if was.Run != "" {
			was.Fence = fences(s.Commands)
		}
		return was
	case was.Manual:
		was.SourceSHA256 = s.SourceSHA256
		return was
	case proposed.Run == "", !was.sameFence(s.Commands): // the command is gone, became a choice, or is of another language
		proposed.Leaves, proposed.Closes, proposed.For = was.Leaves, was.Closes, was.For
		return proposed
	}
	return was.withCommand(proposed)
}

// withCommand is an entry whose command changed in the Markdown: the new text, and every answer that does not depend on it.
func (e Entry) withCommand(proposed Entry) Entry {
	now := e
	now.SourceSHA256, now.Fence, now.Run, now.SHA256, now.Rewrites = proposed.SourceSHA256, proposed.Fence, proposed.Run, proposed.SHA256, proposed.Rewrites
	if e.Run == "" {
		now.Interpreter, now.Risk, now.Target, now.Decide, now.Parameters = proposed.Interpreter, proposed.Risk, proposed.Target, proposed.Decide, proposed.Parameters
		return now
	}
	now.Risk = Worse(e.Risk, proposed.Risk)
	now.Decide = slices.Clone(e.Decide)
	if !e.asWritten() {
		now.Decide = appendOnce(now.Decide, againQuestion)
	}
	known := func(name string) bool {
		return slices.ContainsFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
	}
	now.Parameters = slices.Clone(e.Parameters)
	if e.asWritten() { // what the old text alone needed goes with it
		now.Parameters = slices.DeleteFunc(now.Parameters, func(p Parameter) bool { return !strings.Contains(now.Run+now.Precheck+now.List, p.Name) })
	}
	for _, p := range proposed.Parameters {
		if !known(p.Name) {
			now.Parameters = append(now.Parameters, p)
		}
	}
	for _, question := range proposed.Decide {
		name, ofText := strings.CutSuffix(question, textQuestion)
		if (asksValue(question) || ofText && !known(name)) && !answers(now.Parameters, question) {
			now.Decide = appendOnce(now.Decide, question)
		}
	}
	return now
}

// asWritten says that run is the Markdown's text with the listed rewrites and no other.
func (e *Entry) asWritten() bool {
	run := e.Run
	for _, r := range slices.Backward(e.Rewrites) {
		if r.To == "" {
			return false
		}
		run = strings.ReplaceAll(run, r.To, r.From)
	}
	return digest([]byte(run)) == e.SourceSHA256
}

func asksValue(question string) bool { return strings.HasSuffix(question, "make it a parameter") }

// answers says that a free variable is a parameter already.
func answers(ps []Parameter, question string) bool {
	return slices.ContainsFunc(ps, func(p Parameter) bool { return strings.HasPrefix(question, "$"+p.Name+" ") })
}
