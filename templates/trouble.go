package templates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
)

const lastLines = 10

// Failure is the message of a step that failed; it calls the operator and the commander.
func Failure(i *incident.Incident, r *incident.Run, s *incident.Step, f Facts) Message {
	facts := troubleFacts(i, r, s)
	m := Message{Text: locked(i, Say("failure.text", facts))}
	if over(r, s) {
		m.Text = locked(i, Say("trouble.text", facts))
		m.Blocks = []Block{Lines{Lines: [][]Span{Line("trouble.over", facts)}}}
		return m
	}
	m.Blocks = append(m.Blocks, Header{Text: short(drill(i, Say("failure.header", facts)), maxHeader)},
		Lines{Lines: [][]Span{Line("failure.why", facts)}}, troubleRows(r, s))
	m.Blocks = append(m.Blocks, outputBlocks(r, s, f)...)
	list := append(failureButtons(r, s), Button{Verb: "recover output", Object: StepKey(r, s), Label: Say("button.output", nil)}, troubleMenu(r, s))
	m.Blocks = append(m.Blocks, Actions{Elements: list})
	return fit(m)
}

// failureButtons begin with what the lock says to do on a failure. Of a step that never began nothing is there to undo, so
// it is run again and no undo stands beside it.
func failureButtons(r *incident.Run, s *incident.Step) []Element {
	again := Button{Verb: "recover retry", Object: stepObject(r, s), Label: Say("button.runagain", nil)}
	if s.Risk == incident.Read {
		again.Label = Say("button.checkagain", nil)
	}
	undo := undoButton(r)
	first := firstAction(r, s)
	if !s.Ran() {
		undo = nil
	}
	if first == "undo" {
		undo.Style = "primary"
		return []Element{*undo, again}
	}
	if first == "again" {
		again.Style = "primary"
	}
	if undo == nil {
		return []Element{again}
	}
	return []Element{again, *undo}
}

// firstAction is what the card proposes: wait (for processes of it), undo, again, check, passed (its check did), or look.
func firstAction(r *incident.Run, s *incident.Step) string {
	switch {
	case s.State == incident.StepIsLost && len(s.Left) > 0 && !s.Unseen:
		return "wait"
	case s.State == incident.StepIsLost && s.Check.OK:
		return "passed"
	case s.State == incident.StepIsLost && s.Check.At.IsZero() && r.Proof(s) != nil:
		return "check"
	case s.State == incident.StepIsLost:
		return "look"
	case s.Outcome == "":
		return "again"
	case s.OnFailure == "undo" && r.Undoable("") != nil:
		return "undo"
	case s.OnFailure == "retry":
		return "again"
	}
	return "look"
}

// Unknown is the message of a step that ended and left no result. Nothing of it is repeated by itself (I26).
func Unknown(i *incident.Incident, r *incident.Run, s *incident.Step, f Facts) Message {
	facts := troubleFacts(i, r, s)
	m := Message{Text: locked(i, Say("unknown.text", facts))}
	if over(r, s) {
		m.Text = locked(i, Say("trouble.text", facts))
		m.Blocks = []Block{Lines{Lines: [][]Span{Line("trouble.over", facts)}}}
		return m
	}
	m.Blocks = append(m.Blocks, Header{Text: short(drill(i, Say("unknown.header", facts)), maxHeader)},
		Lines{Lines: [][]Span{Line("unknown.why", facts), Line("unknown.promise", facts)}}, troubleRows(r, s))
	m.Blocks = append(m.Blocks, checkBlocks(r, s)...)
	list := checkButton(r, s)
	list = append(list, Button{Verb: "recover hand", Object: stepObject(r, s), Label: Say("button.looked", nil)})
	if undo := undoButton(r); undo != nil {
		list = append(list, *undo)
	}
	list = append(list, Button{Verb: "recover retry", Object: stepObject(r, s), Label: Say("button.runagain", nil), Confirm: &Confirm{
		Title: short(Say("again.title", facts), 100), Text: short(Say("again.dialog", facts), 300), Yes: Say("button.yes", nil), No: Say("button.back", nil),
	}}, Button{Verb: "recover output", Object: StepKey(r, s), Label: Say("button.output", nil)}, troubleMenu(r, s))
	m.Blocks = append(m.Blocks, Actions{Elements: list})
	return fit(m)
}

// over reports whether the run has gone on past the trouble, or ended.
func over(r *incident.Run, s *incident.Step) bool {
	return r.State == incident.Ended || s.State != incident.StepFailed && s.State != incident.StepIsLost
}

func troubleFacts(i *incident.Incident, r *incident.Run, s *incident.Step) map[string]any {
	call := []incident.Person{r.Operator}
	if commander := i.Roles[incident.Commander]; commander.Key != "" && !commander.Same(r.Operator) {
		call = append(call, commander)
	}
	note := s.Note
	if len(s.Left) > 0 {
		note, _, _ = strings.Cut(note, incident.StillThere) // its row names them
	}
	return map[string]any{
		"ID": i.ID, "Run": r.Name(), "Number": s.Number, "Title": flat(s.Title, 90), "Operator": r.Operator, "Call": call,
		"Note": flat(onlyReason(s, note), 300), "Exit": s.Exit, "Outcome": s.Outcome, "At": s.EndedAt, "Now": flat(r.NowTrue(), 300), "Approved": s.NeedsApproval(),
		"Step": s, "Restarted": restarted(s), "Ended": r.State == incident.Ended, "How": r.How,
	}
}

// onlyReason is what a failure's note says beside how it ended, which the card says itself.
func onlyReason(s *incident.Step, note string) string {
	if s.State != incident.StepFailed || s.Outcome != incident.Failed {
		return note
	}
	how := fmt.Sprintf("exit %d", s.Exit)
	for _, begin := range []string{how + ", but the check failed: ", how + ", but ", how + ": ", how + "; "} {
		if rest, ok := strings.CutPrefix(note, begin); ok {
			return rest
		}
	}
	if note == how {
		return ""
	}
	if before, after, ok := strings.Cut(note, "; "+how); ok && (after == "" || strings.HasPrefix(after, ": ")) {
		return before + after
	}
	return note
}

// restarted reports whether a step did not begin because drbot was started anew before its process was.
func restarted(s *incident.Step) bool {
	return strings.HasPrefix(s.Note, "drbot was restarted before the step began") || strings.Contains(s.Note, "without a claim")
}

// troubleRows say what is true now, what runs, and what to do first.
func troubleRows(r *incident.Run, s *incident.Step) Rows {
	now, label := plain(flat(r.NowTrue(), 400)), "label.nowtrue"
	if len(now) == 0 {
		now = Line("trouble.nothing", map[string]any{"Run": r.Name(), "Changed": changed(r)})
	}
	if s.State == incident.StepIsLost {
		label = "label.before.it"
	}
	first := map[string]any{"Do": firstAction(r, s), "Number": s.Number, "Undo": "", "Title": "", "Approved": s.NeedsApproval()}
	if u := r.Undoable(""); u != nil {
		first["Undo"] = u.Number
		if k := slices.IndexFunc(r.Undos, func(e incident.Step) bool { return e.ID == u.Undo }); k >= 0 {
			first["Title"] = flat(r.Undos[k].Title, 100)
		}
	}
	left := map[string]any{
		"Count": len(s.Left), "Names": flat(strings.Join(s.Left, ", "), 300), "Number": s.Number, "Said": strings.Contains(s.Note, "still there: "),
		"Far": flat(s.Far, 80), "Lost": s.State == incident.StepIsLost,
	}
	return Rows{Rows: []Row{
		{Label: Say(label, nil), Spans: now},
		{Label: Say("label.running", nil), Spans: runningLine(s, left)},
		{Label: Say("label.first", nil), Spans: Line("trouble.first", first)},
	}}
}

// runningLine says what of a step runs, and what of it was ended with it.
func runningLine(s *incident.Step, left map[string]any) []Span {
	line := Line("trouble.running", left)
	if gone := killed(s.Killed); gone != "" {
		line = join(line, plain(gone))
	}
	return line
}

// changed reports whether anything of a run may have changed something.
func changed(r *incident.Run) bool {
	return slices.ContainsFunc(r.Steps, func(s incident.Step) bool {
		return s.Ran() && s.Risk != incident.Read || s.State == incident.StepWasHand
	})
}

func undoButton(r *incident.Run) *Button {
	u := r.Undoable("")
	if u == nil {
		return nil
	}
	return &Button{Verb: "recover undo", Object: stepObject(r, u), Label: Say("button.undo", map[string]any{"Number": u.Number})}
}

func troubleMenu(r *incident.Run, s *incident.Step) Menu {
	m := Menu{}
	if s.State == incident.StepFailed {
		m.Options = append(m.Options, Button{Verb: "recover hand", Object: stepObject(r, s), Label: Say("button.hand", nil)})
	}
	m.Options = append(m.Options,
		Button{Verb: "recover skip", Object: stepObject(r, s), Label: Say("button.skipreason", nil)},
		Button{Verb: "recover cancel", Object: runObject(r), Label: Say("button.end", nil)})
	return m
}

// tail is the end of an output as it is quoted in a message.
func tail(output string, n int) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	for k := range lines {
		lines[k] = short(visible(lines[k]), maxQuotedLine)
	}
	return strings.Join(lines, "\n")
}

// StepWarning says at 80 % of a step's limit when it will be stopped.
func StepWarning(i *incident.Incident, r *incident.Run, s *incident.Step, f Facts) Message {
	tail, call := f.Live[StepKey(r, s)], []incident.Person{r.Operator}
	for _, p := range f.Approvers[:min(len(f.Approvers), 8)] {
		if !p.Same(r.Operator) {
			call = append(call, p)
		}
	}
	facts := map[string]any{
		"ID": i.ID, "Number": s.Number, "Until": s.Until, "Tail": tail, "Call": call, "Run": r.Name(),
	}
	m := Message{Text: locked(i, Say("warning.text", facts))}
	if !s.State.Active() {
		m.Text = locked(i, Say("trouble.text", troubleFacts(i, r, s)))
		m.Blocks = []Block{Lines{Lines: [][]Span{Line("trouble.over", troubleFacts(i, r, s))}}}
		return m
	}
	m.Blocks = []Block{
		Lines{Lines: [][]Span{marked(i, Line("warning.line", facts))}},
		Actions{Elements: []Element{
			Button{Verb: "recover extend", Object: stepObject(r, s), Label: Say("button.extend", nil)},
		}},
	}
	return fit(m)
}
