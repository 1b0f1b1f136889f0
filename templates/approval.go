package templates

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// What of a text is shown inside a card. Longer texts are attached whole, and until they are nobody can approve (I3).
const (
	wholeChars = 2_500
	wholeLines = 30
	firstLines = 12
)

// ApprovalCard asks the approvers for one step, in the order of their questions: what, who asks, where, what is lost,
// the way back, is it safe, is it known, why, the text. Once decided it says so and keeps the text.
func ApprovalCard(i *incident.Incident, a *incident.Approval, f Facts) Message {
	r := i.Run(a.Run)
	step := stepOf(r, a)
	saw := shownOn(i, a, step, f)
	m := approvalHead(i, a, saw)
	script, known := f.Scripts[a.Action.Script]
	if !known || incident.Digest([]byte(script)) != a.Action.Script || a.Action.Digest([]byte(script)) != a.Digest {
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("approval.notext", nil)}}, footer(r, a, f))
		return m
	}
	shown := showText(script, actionLines(a.Action), a.Name(), a.Digest)
	if shown.attach != nil {
		shown.attach.Text = []byte(a.Action.Text([]byte(script)))
		m.Attach = shown.attach
	}
	m.Blocks = append(m.Blocks, shown.blocks...)
	m.Blocks = append(m.Blocks, footer(r, a, f))
	switch {
	case a.State == incident.Pending && shown.attach != nil && !f.Uploaded[a.Name()]:
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("attach.first", nil)}})
	case a.State == incident.Pending:
		m.Blocks = append(m.Blocks, approvalActions(i, a, step, saw, f))
	case a.State == incident.IsExpired || a.State == incident.ExpiredUnused:
		if r != nil && r.State == incident.Paused && step.Approval == a.N {
			m.Blocks = append(m.Blocks, Actions{Elements: []Element{Button{Verb: "recover resume", Object: runObject(r), Label: Say("button.askagain", nil)}}})
		}
	}
	return m
}

// approvalHead is everything that comes before the text: the questions and their answers.
func approvalHead(i *incident.Incident, a *incident.Approval, saw incident.Shown) Message {
	facts := map[string]any{
		"ID": i.ID, "Run": incident.RunName(a.Run), "Name": a.Name(), "Number": a.Number, "Title": flat(saw.Title, 200),
		"Target": flat(target(a), 50), "By": a.By, "At": a.At, "Ends": a.Expires, "Need": a.Need, "Asked": len(a.Asked), "Pending": a.State == incident.Pending,
	}
	m := Message{Text: locked(i, Say("approval.text", facts))}
	m.Blocks = append(m.Blocks, Header{Text: short(drill(i, Say("approval.header", facts)), maxHeader)})
	lines := [][]Span{}
	if decided := decision(i, a); len(decided) > 0 {
		lines = append(lines, decided)
	}
	lines = append(lines, []Span{B(flat(saw.Title, 200))}, Line("approval.asked", facts))
	if a.State == incident.Pending {
		lines = append(lines, needLine(a, facts))
	}
	m.Blocks = append(m.Blocks, Lines{Lines: lines}, Rule{}, Rows{Rows: approvalRows(i, a, saw)})
	return m
}

func stepOf(r *incident.Run, a *incident.Approval) *incident.Step {
	if r != nil {
		if s := r.Step(a.Step); s != nil {
			return s
		}
	}
	return &incident.Step{ID: a.Step, Number: a.Number, Title: Say("approval.step", map[string]any{"Number": a.Number})}
}

// target is what people call the place where it runs.
func target(a *incident.Approval) string {
	if a.Action.Target != "" {
		return a.Action.Target
	}
	return a.Action.Host
}

func needLine(a *incident.Approval, facts map[string]any) []Span {
	facts["People"] = a.Asked[:min(len(a.Asked), 8)]
	line := Line("approval.needs", facts)
	if len(a.Asked) == 0 {
		line = Line("approval.nobody", facts)
	}
	line = join(line, Line("approval.ends", facts))
	for _, v := range a.Votes {
		line = join(line, Line("approval.vote", map[string]any{"Who": v.By, "At": v.At}))
	}
	return line
}

func voters(a *incident.Approval) []incident.Person {
	names := make([]incident.Person, len(a.Votes))
	for k, v := range a.Votes {
		names[k] = v.By
	}
	return names
}

// approvedBy is everybody who approved a step.
func approvedBy(i *incident.Incident, s *incident.Step) []incident.Person {
	if a := i.Approval(s.Approval); a != nil && len(a.Votes) > 0 {
		return voters(a)
	}
	return []incident.Person{s.By}
}

// decision is the first line of a card that nobody can press any more.
func decision(i *incident.Incident, a *incident.Approval) []Span {
	facts := map[string]any{
		"Who": a.DecidedBy, "At": a.Decided, "Why": flat(a.Why, 300), "Ends": a.Expires, "StartBy": a.StartBy, "Started": time.Time{}, "Next": "",
	}
	facts["All"] = voters(a)
	if r := i.Run(a.Run); r != nil {
		if s := r.Step(a.Step); s != nil {
			if s.Approval == a.N {
				facts["Started"] = s.Started
			} else if s.Approval > a.N {
				facts["Next"] = incident.ApprovalName(s.Approval)
			}
		}
	}
	switch a.State {
	case incident.Granted, incident.Used:
		if a.Glass {
			return Line("decided.glass", facts)
		}
		if facts["Accepted"] = a.Accepted; !a.Accepted.IsZero() {
			return Line("decided.standing", facts)
		}
	}
	switch a.State {
	case incident.Granted:
		return Line("decided.granted", facts)
	case incident.Used:
		return Line("decided.used", facts)
	case incident.IsDenied:
		return Line("decided.denied", facts)
	case incident.IsWithdrawn:
		return Line("decided.withdrawn", facts)
	case incident.IsExpired:
		return Line("decided.expired", facts)
	case incident.ExpiredUnused:
		return Line("decided.unused", facts)
	}
	return nil
}

// shownOn is what the approver read. A request of an earlier version kept none of it, so it is counted again, without the
// runs that came after the asking.
func shownOn(i *incident.Incident, a *incident.Approval, s *incident.Step, f Facts) incident.Shown {
	if a.Shown != nil {
		return *a.Shown
	}
	shown := incident.Asking{
		At: a.At, Run: i.Run(a.Run), Step: s, Action: a.Action, Facts: a.Facts, Specs: f.Specs, Script: f.Scripts[a.Action.Script],
	}.Shown(i)
	if h := f.History[a.Action.Script]; f.History != nil && !h.Last.After(a.At) {
		shown.Before = &incident.Before{Times: h.Times, Last: h.Last, Drill: h.Drill, Outcome: h.Outcome, Took: h.Took}
	}
	return shown
}

// approvalRows are the facts, the same before the decision and after it.
func approvalRows(i *incident.Incident, a *incident.Approval, saw incident.Shown) []Row {
	var rows []Row
	add := func(label string, spans []Span) {
		if len(spans) > 0 {
			rows = append(rows, Row{Label: Say("label."+label, nil), Spans: spans})
		}
	}
	add("on", onLine(a))
	add("loses", losesLine(i, a, saw))
	add("undo", undoLine(saw))
	add("checks", plain(checks(a.Facts)))
	if lock := saw.Locks; lock != "" {
		if strings.HasPrefix(lock, target(a)+":") {
			lock = target(a) // the rest is the directory, which stands above
		}
		add("locks", Line("approval.locks", map[string]any{"Locks": flat(lock, 160), "Run": incident.RunName(a.Run)}))
	}
	add("before", beforeLine(saw.Before))
	if w := saw.Why; w != nil {
		add("why", Line("approval.why", map[string]any{"Number": w.Number, "Said": flat(w.Said, 200)}))
	}
	return rows
}

// onLine is the place as it was read, whole: every name and value of its identity is part of what is approved. What the
// line has said already, host and directory, is not said again.
func onLine(a *incident.Approval) []Span {
	lines, _ := identityLines(a.Action)
	identity := strings.Join(lines, ", ")
	if utf8.RuneCountInString(identity) > longIdentity {
		identity = Say("approval.identity", map[string]any{"Count": len(lines)})
	}
	return Line("approval.on", map[string]any{
		"Target": inert(target(a)), "Host": inert(a.Action.Host), "Dir": a.Action.Dir, "Shown": inert(a.Action.Dir), "Identity": identity, "At": a.At,
		"Read": len(a.Action.Identity) > 0,
	})
}

// longIdentity is where an identity moves from its row to the lines below the text, which are counted and attached.
const longIdentity = 300

// identityLines are the names and values of a target, without those that the row has said: what a reader knows again, and
// the marks, which nobody does and which stand below the text.
func identityLines(a incident.Action) (lines, marks []string) {
	for _, name := range slices.Sorted(maps.Keys(a.Identity)) {
		value := a.Identity[name]
		if saysHost(name) && value == a.Host && a.Host != "local" || saysDir(name) && value == a.Dir && a.Dir != "" {
			continue
		}
		line := inert(name) + " " + inert(value)
		if inode.MatchString(value) {
			marks = append(marks, line)
		} else {
			lines = append(lines, line)
		}
	}
	return lines, marks
}

// inode is a file by its device and number, as stat says it.
var inode = regexp.MustCompile(`^[0-9]{2,}:[0-9]{5,}$`)

func saysHost(name string) bool { return name == "host" || name == "hostname" }
func saysDir(name string) bool  { return name == "directory" || name == "dir" || name == "path" }

// losesLine says what is gone when the step has run: what its precheck counted, else what the chosen backup lacks, else
// that nobody knows, where the step works with a backup or its text deletes or overwrites something. About any other step
// it says nothing.
func losesLine(i *incident.Incident, a *incident.Approval, saw incident.Shown) []Span {
	if counted := incident.CountedLoss(a.Facts); counted != "" {
		return plain(flat(counted, 200))
	}
	switch l := saw.Loses; {
	case l == nil:
		return nil
	case !l.Taken.IsZero():
		return Line("approval.loses", map[string]any{
			"ID": i.ID, "At": l.Taken, "Until": l.Until, "Took": max(0, l.Until.Sub(l.Taken)), "Opened": l.Opened, "RPO": l.RPO,
		})
	case l.Word != "":
		return Line("approval.losesunknown", map[string]any{"Word": flat(l.Word, 40)})
	}
	return Line("approval.losesundated", nil)
}

// checks are what the step's precheck printed, but for what is lost.
func checks(facts []incident.Fact) string {
	var rest []string
	for _, fact := range facts {
		if !incident.IsLoss(fact) {
			name, value := flat(strings.ReplaceAll(fact.Name, "_", " "), 60), flat(fact.Value, 200)
			rest = append(rest, strings.TrimSpace(name+" "+value))
		}
	}
	return short(strings.Join(rest, " · "), 600)
}

func undoLine(saw incident.Shown) []Span {
	switch u := saw.Undo; {
	case u == nil:
		return Line("approval.noundo", nil)
	case u.Title == "":
		return Line("approval.undo", map[string]any{"Title": Say("approval.anundo", nil), "Number": u.Number})
	default:
		return Line("approval.undo", map[string]any{"Title": flat(u.Title, 160), "Number": u.Number})
	}
}

func beforeLine(b *incident.Before) []Span {
	if b == nil {
		return nil
	}
	return Line("approval.before", map[string]any{"H": b, "Outcome": outcome(b.Outcome)})
}

// outcome is how an attempt went, in a person's words.
func outcome(o string) string {
	switch o {
	case incident.Succeeded:
		return "ok"
	case incident.OutcomeUnknown:
		return "ended without a result"
	}
	return o
}

// footer is the small print: how the text runs and how to find it again.
func footer(r *incident.Run, a *incident.Approval, f Facts) Note {
	revision := ""
	if r != nil {
		revision = short8(r.Revision)
	}
	return Note{Spans: Line("approval.footer", map[string]any{
		"Interpreter": flat(a.Action.Interpreter, 40), "Limit": a.Action.Timeout, "Sum": short8(a.Digest), "Revision": revision, "Name": a.Name(),
	})}
}

// actionLines are all parts of an action that the card's rows do not show whole, one a line.
func actionLines(a incident.Action) []string {
	identity, lines := identityLines(a)
	if utf8.RuneCountInString(strings.Join(identity, ", ")) > longIdentity {
		lines = append(identity, lines...)
	}
	for _, v := range a.Env {
		lines = append(lines, inert(v.Name)+"="+inert(v.Value))
	}
	for _, s := range a.Secrets {
		lines = append(lines, Say("action.secret", map[string]any{"Name": inert(s)}))
	}
	for _, db := range a.Databases {
		lines = append(lines, Say("action.database", map[string]any{"Name": inert(db.Name), "File": inert(db.File), "Write": db.Write}))
	}
	if a.KeepGoing {
		lines = append(lines, Say("action.keepgoing", nil))
	}
	if a.Server != nil {
		lines = append(lines, Say("action.server", map[string]any{"Server": inert(a.Server.String())}))
	}
	if a.ReadOnly {
		lines = append(lines, Say("action.readonly", nil))
	}
	if a.User != "" {
		lines = append(lines, Say("action.account", map[string]any{"User": inert(a.User)}))
	}
	if a.Path != "" {
		lines = append(lines, "PATH="+inert(a.Path))
	}
	if a.Survivors == "keep" {
		lines = append(lines, Say("action.survivors", nil))
	}
	return lines
}

// inert shows a value so that it cannot be taken for more than itself: as it is where every character is seen, else
// quoted.
func inert(s string) string {
	if s == "" || strings.ContainsFunc(s, hidden) || !utf8.ValidString(s) || strings.TrimSpace(s) != s || s[0] == '"' {
		return fmt.Sprintf("%+q", s)
	}
	return s
}

// shown is a text inside a card, whole or with its beginning and the promise of the rest.
type shown struct {
	blocks []Block
	attach *Attachment
}

// showText shows a script and its values. What is too long for a card is attached, and the card says how much of it is
// not shown here.
func showText(script string, values []string, name, sum string) shown {
	script = visible(strings.TrimRight(script, "\n"))
	lines := strings.Split(script, "\n")
	all := strings.Join(values, "\n")
	if utf8.RuneCountInString(script)+utf8.RuneCountInString(all) <= wholeChars && len(lines)+len(values) <= wholeLines {
		out := shown{blocks: []Block{Code{Text: script}}}
		if len(values) > 0 {
			out.blocks = append(out.blocks, Code{Text: all})
		}
		return out
	}
	out := shown{attach: &Attachment{Name: strings.ReplaceAll(name, "/", "-") + ".txt", Title: name, Text: []byte(script + "\n\n" + all + "\n")}}
	for k, part := range [][]string{lines, values} { // what a box leaves out is said below it
		if len(part) == 0 {
			continue
		}
		first := firstOf(part)
		out.blocks = append(out.blocks, Code{Text: first})
		if more := max(0, len(part)-firstLines); k == 0 || first != strings.Join(part, "\n") {
			out.blocks = append(out.blocks, Lines{Lines: [][]Span{Line("attach.more", map[string]any{"More": more, "Sum": short8(sum), "Whole": first == strings.Join(part, "\n")})}})
		}
	}
	return out
}

func firstOf(lines []string) string {
	var b []string
	for _, line := range lines[:min(len(lines), firstLines)] {
		b = append(b, short(line, 120))
	}
	return strings.Join(b, "\n")
}
