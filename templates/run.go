package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// foldOver is how many steps a run card shows one by one before what is finished becomes one line.
const foldOver = 20

// RunCard is a run from its plan to its end, all in one message.
func RunCard(i *incident.Incident, r *incident.Run, f Facts) Message {
	facts := map[string]any{"ID": i.ID, "Run": r.Name(), "State": string(r.State), "Title": flat(r.Title, 80)}
	m := Message{Text: locked(i, Say("run.text", facts))}
	title := r.Name() + " · " + flat(r.Title, 90)
	if t := targets(r); t != "" {
		title += " · " + t
	}
	m.Blocks = append(m.Blocks, Header{Text: short(drill(i, title), maxHeader)})
	if line := runState(r, f); len(line) > 0 {
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{line}})
	}
	if lines := glassLines(i, r); len(lines) > 0 {
		m.Blocks = append(m.Blocks, Lines{Lines: lines})
	}
	m.Blocks = append(m.Blocks, Lines{Lines: stepLines(i, r, f)})
	if rows := runRows(i, r, f); len(rows) > 0 {
		m.Blocks = append(m.Blocks, Rows{Rows: rows})
	}
	s := r.Next()
	if s != nil && r.AwaitsConfirm(s) {
		blocks, attach := confirmBlocks(i, r, s, f)
		m.Blocks, m.Attach = append(m.Blocks, blocks...), attach
	}
	if actions := runActions(i, r, f); len(actions.Elements) > 0 {
		m.Blocks = append(m.Blocks, actions)
	}
	return fit(m)
}

func targets(r *incident.Run) string {
	var list []string
	for k := range r.Steps {
		if t := flat(r.Steps[k].Target, 30); t != "" && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return strings.Join(list, ", ")
}

// runState says what the steps alone do not: reading, frozen, paused, how it ended.
func runState(r *incident.Run, f Facts) []Span {
	switch {
	case r.State == incident.Ended:
		took := time.Duration(0)
		if !r.StartedAt.IsZero() {
			took = r.EndedAt.Sub(r.StartedAt)
		}
		return Line("run.ended", map[string]any{"How": r.How, "At": r.EndedAt, "Took": took, "Why": flat(r.Why, 200)})
	case r.Cancel != "":
		return Line("run.cancelling", map[string]any{"Why": flat(r.Cancel, 200)})
	case f.House != nil && f.House.Frozen != nil:
		return Line("card.frozen", f.House.Frozen)
	case r.Held():
		return Line("run.held", map[string]any{"Operator": r.Operator, "Number": r.Next().Number})
	case r.State == incident.Paused:
		return Line("run.paused", map[string]any{"Why": because(r.Why)})
	case r.State == incident.Draft && r.Asking == incident.ReadForPlan:
		return Line("run.reading", nil)
	case r.State == incident.Draft && r.Failure != "":
		return Line("run.unread", map[string]any{"Why": flat(r.Failure, 300)})
	case r.State == incident.Draft && r.Asks:
		return Line("run.asks", map[string]any{"Operator": r.Operator})
	case r.State == incident.Draft && len(r.Undecided()) > 0:
		return Line("run.undecided", map[string]any{"Names": flat(Names(r.Undecided(), "and"), 200)})
	case r.State == incident.Draft && len(r.Missing()) > 0:
		return Line("run.missing", map[string]any{"Names": flat(Names(r.MissingNames(f.Specs), "and"), 200)})
	case r.State == incident.Draft:
		return Line("run.draft", nil)
	}
	return nil
}

func stepLines(i *incident.Incident, r *incident.Run, f Facts) [][]Span {
	steps := r.Steps
	var lines [][]Span
	if len(steps) > foldOver {
		over := 0
		for over < len(steps) && steps[over].State.Over() {
			over++
		}
		if over > 1 {
			lines = append(lines, Line("run.folded", map[string]any{"From": steps[0].Number, "To": steps[over-1].Number, "By": exceptions(steps[:over])}))
			steps = steps[over:]
		}
	}
	left := 0
	if len(steps) > foldOver {
		left = len(steps) - foldOver
		steps = steps[:foldOver]
	}
	for k := range steps {
		lines = append(lines, stepLine(i, r, &steps[k], f))
	}
	if left > 0 {
		lines = append(lines, Line("run.left", map[string]any{"Count": left}))
	}
	return lines
}

// exceptions names the folded steps that were not simply done.
func exceptions(steps []incident.Step) string {
	var list []string
	for k := range steps {
		if steps[k].State != incident.StepDone {
			list = append(list, steps[k].Number+" "+string(steps[k].State))
		}
	}
	return short(strings.Join(list, ", "), 200)
}

// Sign is the sign of a step's state; the word that goes with it stands in its line.
func Sign(s incident.StepState) string {
	switch s {
	case incident.StepDone:
		return "✅"
	case incident.StepStarts, incident.StepRuns:
		return "▶"
	case incident.StepReading, incident.StepWaits, incident.StepReady, incident.StepAsked:
		return "⏳"
	case incident.StepFailed:
		return "⛔"
	case incident.StepIsLost:
		return "❓"
	case incident.StepSkip, incident.StepUnneeded:
		return "⏭"
	case incident.StepHand, incident.StepWasHand:
		return "✋"
	}
	return "◻"
}

// StepKey names a step of a run as buttons and links do: "R7/p1.s6".
func StepKey(r *incident.Run, s *incident.Step) string { return r.Name() + "/" + s.ID }

func stepLine(i *incident.Incident, r *incident.Run, s *incident.Step, f Facts) []Span {
	sign := Sign(s.State)
	if r.AwaitsConfirm(s) {
		sign = "⏳"
	}
	facts := map[string]any{
		"Sign": sign, "Number": s.Number, "Title": flat(s.Title, 100), "Step": s, "By": s.By, "Operator": r.Operator,
		"Approval": "", "Took": tookOf(s), "Note": flat(s.Note, 160), "Said": "", "Usual": time.Duration(0),
		"Confirm": r.AwaitsConfirm(s), "NoText": "", "Tail": "", "TailAt": time.Time{}, "Draft": r.State == incident.Draft, "Why": flat(s.Why, 100), "Condition": flat(s.Condition, 80),
	}
	facts["Killed"], facts["Back"] = killed(s.Killed), ""
	if s.TakenBack != 0 {
		facts["Back"] = incident.RunName(s.TakenBack)
	}
	facts["Glass"] = slices.ContainsFunc(i.Glass, func(g incident.Glass) bool { return g.Approval == s.Approval })
	facts["Advance"], facts["Approvers"] = inAdvance(i, r, s, f), approvedBy(i, s)
	if s.Approval != 0 {
		facts["Approval"] = incident.ApprovalName(s.Approval)
	}
	if s.State == incident.StepDone && s.Risk == incident.Read && s.Quoted() && s.Note == "" {
		facts["Said"] = flat(lastLine(s.Last), 100)
	}
	if s.NoText != "" && s.Quoted() {
		facts["NoText"] = NoText(s.Bytes, short8(s.NoText))
	}
	if h, ok := f.History[s.Script]; ok {
		facts["Usual"] = h.Usual
	}
	if tail, ok := f.Live[StepKey(r, s)]; ok && s.State.Active() && s.Quoted() {
		facts["Tail"], facts["TailAt"] = flat(tail.Line, 100), tail.At
	}
	facts["Frozen"], facts["Held"] = f.frozen(), s == r.Next() && r.Held()
	return Line("run.step", facts)
}

// inAdvance is the acceptance that approves a step in advance, or did; empty where people are asked.
func inAdvance(i *incident.Incident, r *incident.Run, s *incident.Step, f Facts) incident.Acceptance {
	for _, a := range i.Approvals {
		if a.N == s.Approval && !a.Accepted.IsZero() {
			return incident.Acceptance{By: a.DecidedBy, At: a.Accepted}
		}
	}
	if by, _, ok := i.InAdvance(f.House, r, s, f.Now); ok && s.State == incident.StepTodo {
		return by
	}
	return incident.Acceptance{}
}

// killed names the processes that outlived a step and were ended: who wanted a daemon to stay must hear that it is gone.
func killed(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return Say("step.killed", map[string]any{"Count": len(list), "Names": flat(strings.Join(list, ", "), 160)})
}

// tookOf is how long a step's process ran, the same as the house remembers it; a record of an earlier version has only the
// instants of the step.
func tookOf(s *incident.Step) time.Duration {
	if s.Took > 0 {
		return s.Took
	}
	return s.EndedAt.Sub(s.Started)
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

func runRows(i *incident.Incident, r *incident.Run, f Facts) []Row {
	var rows []Row
	add := func(label string, spans []Span) {
		if len(spans) > 0 {
			rows = append(rows, Row{Label: Say("label."+label, nil), Spans: spans})
		}
	}
	if s := r.NowTrue(); s != "" {
		add("nowtrue", plain(flat(s, 400)))
	}
	if r.State == incident.Draft {
		add("approvals", approvalsLine(i, r, f))
		rows = append(rows, chosenRows(i, r, f.Specs)...)
	}
	usual := f.Usual[r.Procedure]
	if r.Undoes != nil {
		usual = Usual{} // that of the whole procedure says nothing of one undo
		add("takesback", Line("run.takesback", map[string]any{"What": r.Undoes.Name(), "At": r.Undoes.Ended, "Since": flat(strings.Join(r.Undoes.Since, ", "), 200)}))
	}
	facts := map[string]any{
		"Usual": usual.Took, "Drills": usual.Drills, "Operator": r.Operator, "Locks": lockNames(r), "Ready": time.Time{}, "RTO": time.Time{},
		"Over": time.Time{}, "After": time.Duration(0), "Limit": i.RTO.Limit,
	}
	if r.State == incident.Draft && usual.Took > 0 && !f.Now.IsZero() {
		facts["Ready"] = f.Now.Add(usual.Took)
	}
	switch {
	case i.RTO.Limit <= 0 || r.How == incident.EndDiscarded:
	case r.State != incident.Ended:
		facts["RTO"] = i.Since().Add(i.RTO.Limit)
	case r.How == incident.EndDone && r.Undoes == nil:
		facts["Over"], facts["After"] = r.EndedAt, r.EndedAt.Sub(i.Since())
	}
	label := "operator"
	if usual.Took > 0 {
		label = "usually"
	}
	add(label, Line("run.facts", facts))
	return rows
}

func lockNames(r *incident.Run) string {
	locks := r.Locks()
	for k := range locks {
		locks[k] = strings.TrimPrefix(locks[k], "lock:")
	}
	return flat(strings.Join(locks, ", "), 120)
}

// approvalsLine says how many approvals the plan will need, and from whom.
func approvalsLine(i *incident.Incident, r *incident.Run, f Facts) []Span {
	n := 0
	for k := range r.Steps {
		if s := &r.Steps[k]; inAdvance(i, r, s, f).By.Key == "" {
			n += s.Need
		}
	}
	if n == 0 {
		return Line("run.noapprovals", nil)
	}
	var names []string
	for _, p := range f.Approvers {
		if !p.Same(r.Operator) {
			names = append(names, flat(p.Name, 40))
		}
	}
	return Line("run.approvals", map[string]any{"Count": n, "Names": names, "Known": len(f.Approvers) > 0})
}

// confirmBlocks put a change step before the operator: the whole text, and one button that asks once more.
func confirmBlocks(i *incident.Incident, r *incident.Run, s *incident.Step, f Facts) ([]Block, *Attachment) {
	key := StepKey(r, s)
	spec := f.Specs[s.Spec]
	if spec == nil || incident.Digest([]byte(spec.Script)) != s.Script {
		return []Block{Lines{Lines: [][]Span{Line("confirm.notext", map[string]any{"Number": s.Number})}}}, nil
	}
	facts := map[string]any{"Number": s.Number, "Title": flat(s.Title, 100), "Target": flat(s.Target, 40), "Sum": short8(s.Script), "Operator": r.Operator}
	action, err := spec.Resolve(s.Params, r.Values, nil)
	if err != nil {
		return []Block{Lines{Lines: [][]Span{plain(flat(err.Error(), maxLine))}}}, nil
	}
	shown := showText(spec.Script, actionLines(action), key, s.Script)
	blocks := append([]Block{Lines{Lines: [][]Span{Line("confirm.ask", facts)}}}, shown.blocks...)
	if shown.attach != nil && !f.Uploaded[key] {
		return append(blocks, Lines{Lines: [][]Span{Line("attach.first", nil)}}), shown.attach
	}
	return append(blocks, Actions{Elements: []Element{Button{
		Verb: "recover confirm", Object: confirmObject(r, s), Label: Say("button.confirm", map[string]any{"Number": s.Number}), Style: "primary",
		Confirm: &Confirm{
			Title: short(Say("confirm.title", facts), 100), Text: short(Say("confirm.dialog", facts), 300),
			Yes: short(Say("confirm.yes", facts), 30), No: Say("button.back", nil),
		},
	}}}), shown.attach
}

// valueLines are the values that a step of a person takes, as far as they are known, one a line.
func valueLines(spec *incident.Spec, r *incident.Run) []string {
	var lines []string
	for _, p := range spec.Params {
		if value, ok := r.Values[p.Key]; ok {
			lines = append(lines, inert(p.Name)+"="+inert(value))
		}
	}
	return lines
}
