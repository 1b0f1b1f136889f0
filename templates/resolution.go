package templates

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Phase is a part of the time from the opening to the resolution.
type Phase struct {
	Name string // decide | approve | restore | verify | rest
	Took time.Duration
}

// Phases divides the time to the resolution as far as the fold knows it: deciding until the first run starts, waiting
// for approvals, running what changes, running what checks after that, and the rest.
func Phases(i *incident.Incident) []Phase {
	end := i.ResolvedAt
	if end.IsZero() {
		end = i.Time
	}
	total := end.Sub(i.Since())
	var decide, approve, restore, verify time.Duration
	var first time.Time
	for _, r := range i.Runs {
		if !r.StartedAt.IsZero() && (first.IsZero() || r.StartedAt.Before(first)) {
			first = r.StartedAt
		}
		changed := false
		for k := range r.Steps {
			s := &r.Steps[k]
			if s.Started.IsZero() || s.EndedAt.Before(s.Started) {
				continue
			}
			took := s.EndedAt.Sub(s.Started)
			switch {
			case s.Risk != incident.Read:
				restore, changed = restore+took, true
			case changed:
				verify += took
			}
		}
	}
	if !first.IsZero() {
		decide = first.Sub(i.Since())
	}
	for _, a := range i.Approvals {
		if len(a.Votes) > 0 && a.Decided.After(a.At) {
			approve += a.Decided.Sub(a.At)
		}
	}
	rest := max(0, total-decide-approve-restore-verify)
	return []Phase{{"decide", decide}, {"approve", approve}, {"restore", restore}, {"verify", verify}, {"rest", rest}}
}

// Resolution is the message that ends an incident.
func Resolution(i *incident.Incident, f Facts) Message {
	if i.Window != nil {
		return maintained(i, f)
	}
	took := i.ResolvedAt.Sub(i.Since())
	facts := map[string]any{"ID": i.ID, "At": i.ResolvedAt, "Took": took, "Severity": i.Severity, "Title": flat(i.Title, 120), "By": i.ResolvedBy, "Summary": sentence(flat(i.Summary, 1000))}
	m := Message{Text: locked(i, Say("resolution.text", facts))}
	m.Blocks = append(m.Blocks, Header{Text: short(drill(i, Say("resolution.header", facts)), maxHeader)})
	if i.FalseAlarm {
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("resolution.falsealarm", facts)}}, cardActions(i))
		return fit(m)
	}
	lines := [][]Span{Line("resolution.by", facts)}
	if i.RTO.Limit > 0 {
		lines = append(lines, Line("resolution.rto", map[string]any{"Met": took <= i.RTO.Limit, "Took": took, "Limit": i.RTO.Limit, "Phases": phaseWords(i)}))
	} else if words := phaseWords(i); words != "" {
		lines = append(lines, Line("resolution.phases", map[string]any{"Phases": words}))
	}
	lines = append(lines, lossLines(i, f)...)
	lines = append(lines, Line("resolution.decisions", decisionFacts(i)))
	if i.RootCause != "" {
		lines = append(lines, Line("resolution.cause", map[string]any{"Cause": flat(i.RootCause, 500)}))
	}
	if i.Review != nil {
		lines = append(lines, Line("resolution.review", map[string]any{"Due": i.Review.Due, "Owner": i.Review.Owner, "Draft": draftOf(i, f), "Again": goesOn(i)}))
	}
	row := cardActions(i)
	if i.Review != nil {
		row.Elements = append([]Element{Button{Verb: "incident review", Object: object(i), Label: Say("button.review", nil)}}, row.Elements...)
	}
	if !i.Active() {
		row.Elements = append(row.Elements, Button{Verb: "incident edit", Object: object(i) + "/e0", Label: Say("button.editend", nil)})
	}
	m.Blocks = append(m.Blocks, Lines{Lines: lines}, row)
	if f.Head != "" {
		m.Blocks = append(m.Blocks, Note{Spans: Line("resolution.head", map[string]any{"Head": shortHead(f.Head)})})
	}
	if s := i.SentAs(0); s != nil && s.Version > 1 {
		return m.edited(s.By, s.At)
	}
	return fit(m)
}

// goesOn reports whether the review has what people owed and did before a reopening.
func goesOn(i *incident.Incident) bool {
	return i.Reopened > 0 && slices.ContainsFunc(i.Review.Tasks, func(t incident.Task) bool {
		return t.Earlier || t.Status != incident.TaskOpen || !t.Owner.Same(i.Review.Owner)
	})
}

// Undone is the resolution of an incident that was reopened: what it said, and that it holds no more.
func Undone(i *incident.Incident, e incident.Reopened, at time.Time, f Facts) Message {
	m := Resolution(i, f)
	for k, b := range m.Blocks {
		if _, ok := b.(Actions); ok {
			m.Blocks[k] = Lines{Lines: [][]Span{Line("resolution.reopened", map[string]any{"By": e.By, "At": at, "Reason": asTyped(flat(e.Reason, 300))})}}
		}
	}
	return fit(m)
}

// shortHead is a head as people type it for audit verify: "1234:77ab01c4".
func shortHead(head string) string {
	if seq, hash, ok := strings.Cut(head, ":"); ok {
		return seq + ":" + short8(hash)
	}
	return short8(head)
}

// draftOf is the object of the review's draft, once it stands in the thread.
func draftOf(i *incident.Incident, f Facts) string {
	if key := ReviewKey(i); f.Uploaded[key] {
		return key
	}
	return ""
}

func phaseWords(i *incident.Incident) string {
	var words []string
	any := false
	for _, p := range Phases(i) {
		words = append(words, Say("phase."+p.Name, nil)+" "+Duration(p.Took))
		any = any || p.Name != "rest" && p.Took > 0
	}
	if !any {
		return ""
	}
	return strings.Join(words, ", ")
}

func lossLines(i *incident.Incident, f Facts) [][]Span {
	var lines [][]Span
	if f.Saved != nil {
		lines = append(lines, Line("resolution.lost", map[string]any{"Lost": f.Saved.Lost, "RPO": i.RPO.Limit, "Met": f.Saved.Lost <= i.RPO.Limit}), savedLine(f.Saved))
	}
	if i.DataImpact != "" && i.DataImpact != DataImpact(f.Saved) { // nobody says twice what the lines above say
		lines = append(lines, Line("resolution.data", map[string]any{"Impact": flat(i.DataImpact, 500)}))
	}
	return lines
}

// Back is what a run brought back, and how much of the writes it lacks; nil when no backup is known to be in place.
func Back(i *incident.Incident, specs map[string]*incident.Spec) *Saved {
	back, ok := i.Restored(specs)
	if !ok {
		return nil
	}
	s := &Saved{Backup: back.Line.Value, TakenAt: back.Line.TakenAt, Lost: back.Lost, Counts: back.Counts}
	if back.By != nil {
		s.By = back.By.Number
	}
	return s
}

// DataImpact is what the run knows of the data, for the form that ends the incident; people write on from there.
func DataImpact(s *Saved) string {
	if s == nil {
		return ""
	}
	return Say("resolution.impact", map[string]any{"Backup": flat(s.Backup, 200), "At": s.TakenAt, "Lost": s.Lost})
}

func savedLine(s *Saved) []Span {
	var counts []string
	for _, c := range s.Counts {
		number := flat(c.Number, 40)
		if n, err := strconv.Atoi(number); err == nil {
			number = count(n)
		}
		counts = append(counts, flat(c.Label, 60)+" "+number)
	}
	return Line("resolution.saved", map[string]any{"Backup": flat(s.Backup, 120), "At": s.TakenAt, "By": s.By, "Counts": flat(strings.Join(counts, " · "), 300)})
}

// decisionFacts count what people decided and did.
func decisionFacts(i *incident.Incident) map[string]any {
	approved, hand, skipped, updates := 0, 0, 0, i.Updates
	var slowest time.Duration
	for _, a := range i.Approvals {
		if !a.Glass && (a.State == incident.Used || a.State == incident.Granted) {
			approved++
			slowest = max(slowest, a.Decided.Sub(a.At))
		}
	}
	for _, r := range i.Runs {
		for k := range r.Steps {
			switch r.Steps[k].State {
			case incident.StepWasHand:
				hand++
			case incident.StepSkip:
				skipped++
			}
		}
	}
	return map[string]any{"Approvals": approved, "Slowest": slowest, "Hand": hand, "Skipped": skipped, "Updates": updates, "Glass": len(i.Glass)}
}
