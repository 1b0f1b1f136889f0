package templates

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Paper is the incident's own Markdown file: what people need to go on by hand when drbot is dead (I55). What matters
// first stands first; the file is meant to be read with cat.
func Paper(i *incident.Incident, f Facts) []byte {
	p := &paper{i: i, f: f}
	p.head()
	p.now()
	for _, r := range slices.Backward(i.Runs) {
		p.run(r)
	}
	p.people()
	p.checklist()
	p.byHand()
	return p.b.Bytes()
}

type paper struct {
	b bytes.Buffer
	i *incident.Incident
	f Facts
}

// spans are Markdown in which every instant that is not of the day of writing says its day: nobody knows when the page is read.
func (p *paper) spans(spans []Span) string {
	for k, s := range spans {
		if !s.At.IsZero() && !s.Date && !sameDay(s.At, p.i.Time) {
			spans[k] = Day(s.At)
		}
	}
	return markdownSpans(spans)
}

func sameDay(a, b time.Time) bool {
	return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly)
}

func (p *paper) line(name string, facts any) { fmt.Fprintln(&p.b, p.spans(Line(name, facts))) }

func (p *paper) title(name string, facts any) {
	fmt.Fprintf(&p.b, "\n## %s\n\n", literal(Say(name, facts)))
}

func (p *paper) item(spans []Span) {
	if len(spans) > 0 {
		fmt.Fprintf(&p.b, "- %s\n", p.spans(spans))
	}
}

func (p *paper) head() {
	fmt.Fprintf(&p.b, "# %s\n\n", literal(cardHeader(p.i)))
	p.line("paper.written", map[string]any{"At": p.i.Time, "Host": flat(p.f.Host, 100), "N": p.i.N})
	if p.i.Restricted {
		fmt.Fprintln(&p.b)
		p.line("paper.restricted", nil)
	}
}

func (p *paper) now() {
	i := p.i
	p.title("paper.now", nil)
	p.item(stateLine(i))
	for _, role := range incident.Roles[1:] {
		if who, ok := i.Roles[role]; ok {
			p.item(Line("card.role", map[string]any{"Role": role, "Who": who}))
		}
	}
	if i.Impact != "" {
		p.item(Line("card.impact", map[string]any{"Impact": flat(i.Impact, 500)}))
	}
	if len(i.Services) > 0 {
		p.item(Line("card.services", map[string]any{"Services": flat(Names(i.Services, "and"), 500)}))
	}
	p.item(duringLine(i))
	if p.f.House != nil && p.f.House.Frozen != nil {
		p.item(Line("card.frozen", p.f.House.Frozen))
	}
	for _, row := range cardRows(i, p.f) {
		p.item(append([]Span{B(row.Label + ":"), T(" ")}, row.Spans...))
	}
	if i.Channel.Name != "" {
		p.item(Line("paper.channel", map[string]any{"Name": flat(i.Channel.Name, 100), "Lost": flat(i.Channel.Lost, 200)}))
	}
}

// run is one run with the whole text of every step that is still to do.
func (p *paper) run(r *incident.Run) {
	if r.How == incident.EndDiscarded {
		return
	}
	p.title("paper.run", map[string]any{"Run": r.Name(), "Title": flat(r.Title, 120), "Targets": targets(r)})
	p.item(runState(r, p.f))
	for _, line := range glassLines(p.i, r) {
		p.item(line)
	}
	if now := r.NowTrue(); now != "" {
		p.item([]Span{B(Say("label.nowtrue", nil) + ":"), T(" " + flat(now, 500))})
	}
	p.item(Line("paper.runfacts", map[string]any{"Operator": r.Operator, "Revision": short8(r.Revision), "Locks": lockNames(r)}))
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		p.item([]Span{T(flat(name, 60) + " = "), {Text: inert(r.Values[name]), Style: Mono}})
	}
	fmt.Fprintln(&p.b)
	for k := range r.Steps {
		s := &r.Steps[k]
		p.item(stepLine(p.i, r, s, p.f))
		if r.State != incident.Ended && !s.State.Over() {
			p.step(r, s)
		}
	}
	for k := range r.Undos {
		if u := &r.Undos[k]; r.State != incident.Ended && r.Step(u.ID) == nil {
			p.item(Line("paper.undo", map[string]any{"Number": u.Number, "Title": flat(u.Title, 120)}))
			p.step(r, u)
		}
	}
	for _, a := range p.i.Approvals {
		if a.Run == r.N && a.Undecided() {
			p.item(Line("paper.approval", map[string]any{"Name": a.Name(), "Number": a.Number, "People": a.Asked, "Ends": a.Expires, "Votes": len(a.Votes), "Need": a.Need}))
		}
	}
}

// step is the text of a step as it would run; its values stand above.
func (p *paper) step(r *incident.Run, s *incident.Step) {
	spec := p.f.Specs[s.Spec]
	if spec == nil {
		return
	}
	text := spec.Script
	if s.Manual || text == "" {
		text = spec.Text
	} else {
		fmt.Fprintf(&p.b, "\n  %s\n", p.spans(Line("paper.step", map[string]any{
			"Interpreter": flat(spec.Interpreter, 40), "Host": p.place(spec), "Dir": inert(spec.Dir), "HasDir": spec.Dir != "",
			"Secrets": flat(strings.Join(spec.Secrets, ", "), 200), "Approval": s.NeedsApproval(), "Undo": s.Undo != "",
		})))
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	fmt.Fprintf(&p.b, "\n%s\n\n", indent(fenced(text), "  "))
	if want := expected(spec.Expect); want != "" && !s.Manual {
		fmt.Fprintf(&p.b, "  %s\n\n", p.spans(Line("paper.expect", map[string]any{"Want": want})))
	}
}

// place is where a step runs: the machine, drbot's own for "local".
func (p *paper) place(spec *incident.Spec) string {
	if spec.Host == "local" || spec.Host == "" {
		return flat(p.f.Host, 100)
	}
	return flat(spec.Host, 100)
}

// expected is what a step must show, in words.
func expected(e *incident.Expect) string {
	if e == nil {
		return ""
	}
	var parts []string
	if e.Stdout != "" {
		parts = append(parts, Say("expect.stdout", map[string]any{"Text": flat(e.Stdout, 200)}))
	}
	for _, m := range e.Match {
		parts = append(parts, Say("expect.match", map[string]any{"Text": flat(m, 200)}))
	}
	for _, m := range e.Not {
		parts = append(parts, Say("expect.not", map[string]any{"Text": flat(m, 200)}))
	}
	for _, name := range slices.Sorted(maps.Keys(e.JSON)) {
		parts = append(parts, Say("expect.json", map[string]any{"Name": flat(name, 80), "Text": flat(e.JSON[name], 200)}))
	}
	return strings.Join(parts, ", ")
}

func (p *paper) people() {
	p.title("paper.people", nil)
	if len(p.f.Contacts) == 0 {
		p.line("paper.nobody", nil)
	}
	for _, c := range p.f.Contacts {
		phone := flat(c.Phone, 40)
		var parts []string
		for _, role := range incident.Roles {
			if p.i.Roles[role].Key == c.Key && c.Key != "" {
				parts = append(parts, string(role))
			}
		}
		p.item(Line("paper.person", map[string]any{"Name": flat(c.Name, 80), "Phone": phone, "Parts": strings.Join(parts, ", "), "Roles": flat(strings.Join(c.Roles, ", "), 120)}))
	}
}

func (p *paper) checklist() {
	if len(p.i.Checklist) == 0 {
		return
	}
	closed, all := p.i.ItemsDone()
	p.title("checklist.header", map[string]any{"Closed": closed, "All": all})
	deep := depths(p.i)
	for _, phase := range phases(p.i) {
		fmt.Fprintf(&p.b, "%s\n\n", p.spans([]Span{B(flat(phase, 100))}))
		for k := range p.i.Checklist {
			it := &p.i.Checklist[k]
			if it.Phase != phase {
				continue
			}
			how := p.itemKnown(it)
			fmt.Fprintf(&p.b, "%s- %s %s", strings.Repeat("  ", min(deep[it.ID], 6)), box(it.Closed()), literal(it.ID+" "+flat(it.Text, 400)))
			if how != "" {
				fmt.Fprintf(&p.b, " (%s)", literal(how))
			}
			fmt.Fprintln(&p.b)
		}
		fmt.Fprintln(&p.b)
	}
}

// itemKnown is who closed an item, when and why; of an open one whose it is and by when.
func (p *paper) itemKnown(it *incident.Item) string {
	when := func(t time.Time) string {
		if sameDay(t, p.i.Time) {
			return clock(t)
		}
		return date(t)
	}
	var known []string
	switch {
	case it.Closed() && it.Anyway != "":
		known = append(known, flat(it.By.Name, 60)+" "+when(it.At)+", though the record does not show it: "+flat(it.Anyway, 200))
	case it.Closed():
		known = append(known, strings.TrimSpace(flat(it.By.Name, 60)+" "+when(it.At)+" "+flat(it.How, 200)))
	default:
		if it.Who.Name != "" {
			known = append(known, "for "+flat(it.Who.Name, 60))
		}
		if !it.Due.IsZero() {
			known = append(known, "due "+when(it.Due)+" UTC")
		}
	}
	return strings.Join(known, ", ")
}

// byHand says how to go on without drbot.
func (p *paper) byHand() {
	p.title("paper.byhand", nil)
	facts := map[string]any{"ID": p.i.ID, "Number": object(p.i), "Host": flat(p.f.Host, 100), "Active": p.i.Active(), "Planned": p.i.Window != nil, "Attempt": ""}
	if r := p.i.LiveRun(); r != nil {
		if s := r.Next(); s != nil && (s.State.Active() || s.State == incident.StepIsLost) {
			facts["Attempt"] = s.Attempt
		}
	}
	for _, name := range []string{"byhand.restart", "byhand.running", "byhand.lead", "byhand.step", "byhand.second", "byhand.note"} {
		p.item(Line(name, facts))
	}
}
