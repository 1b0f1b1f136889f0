package templates

import (
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
	if s.Output != "none" && s.Last != "" {
		m.Blocks = append(m.Blocks, Code{Text: tail(s.Last, lastLines)})
	}
	var list []Element
	undo := undoButton(r)
	again := Button{Verb: "recover retry", Object: StepKey(r, s), Label: Say("button.runagain", nil)}
	if s.Risk == incident.Read {
		again.Label = Say("button.checkagain", nil)
	}
	switch {
	case s.OnFailure == "undo" && undo != nil:
		undo.Style = "primary"
		list = append(list, *undo, again)
	case s.OnFailure == "retry":
		again.Style = "primary"
		list = append(list, again)
		if undo != nil {
			list = append(list, *undo)
		}
	default:
		list = append(list, again)
		if undo != nil {
			list = append(list, *undo)
		}
	}
	list = append(list, Button{Verb: "recover output", Object: StepKey(r, s), Label: Say("button.output", nil)}, troubleMenu(r, s))
	m.Blocks = append(m.Blocks, Actions{Elements: list})
	return fit(m)
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
	list = append(list, Button{Verb: "recover hand", Object: StepKey(r, s), Label: Say("button.looked", nil)})
	if undo := undoButton(r); undo != nil {
		list = append(list, *undo)
	}
	list = append(list, Button{Verb: "recover retry", Object: StepKey(r, s), Label: Say("button.runagain", nil), Confirm: &Confirm{
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
	return map[string]any{
		"ID": i.ID, "Run": r.Name(), "Number": s.Number, "Title": flat(s.Title, 90), "Operator": r.Operator, "Call": call,
		"Note": flat(s.Note, 300), "Exit": s.Exit, "Outcome": s.Outcome, "At": s.EndedAt, "Now": flat(r.NowTrue(), 300), "Approved": s.NeedsApproval(),
		"Step": s, "Ended": r.State == incident.Ended, "How": r.How,
	}
}

func troubleRows(r *incident.Run, s *incident.Step) Rows {
	now := flat(r.NowTrue(), 400)
	if now == "" {
		now = Say("trouble.nothing", nil)
	}
	label := "label.nowtrue"
	if s.State == incident.StepIsLost {
		label = "label.before.it"
	}
	return Rows{Rows: []Row{
		{Label: Say(label, nil), Spans: plain(now)},
		{Label: Say("label.running", nil), Spans: Line("trouble.running", nil)},
	}}
}

func undoButton(r *incident.Run) *Button {
	u := r.Undoable("")
	if u == nil {
		return nil
	}
	return &Button{Verb: "recover undo", Object: StepKey(r, u), Label: Say("button.undo", map[string]any{"Number": u.Number})}
}

func troubleMenu(r *incident.Run, s *incident.Step) Menu {
	m := Menu{}
	if s.State == incident.StepFailed {
		m.Options = append(m.Options, Button{Verb: "recover hand", Object: StepKey(r, s), Label: Say("button.hand", nil)})
	}
	m.Options = append(m.Options,
		Button{Verb: "recover skip", Object: StepKey(r, s), Label: Say("button.skipreason", nil)},
		Button{Verb: "recover cancel", Object: r.Name(), Label: Say("button.end", nil)})
	return m
}

// tail is the end of an output as it is quoted in a message.
func tail(output string, n int) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	for k := range lines {
		lines[k] = short(visible(lines[k]), 200)
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
			Button{Verb: "recover extend", Object: StepKey(r, s), Label: Say("button.extend", nil)},
		}},
	}
	return fit(m)
}
