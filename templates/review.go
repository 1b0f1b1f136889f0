package templates

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Bounds of the timeline in a draft: the newest events, and so many bytes of them, so that what people add still fits.
const (
	maxTimeline      = 2_000
	maxTimelineBytes = incident.MaxReview / 2
)

// ReviewDraft is the review as far as the record can write it: durations, what was measured, the data, the timeline, and
// then the runbook's own headings (own; may be empty) with what only people know left open. It depends on nothing but
// its arguments, so the same record gives the same bytes.
func ReviewDraft(i *incident.Incident, timeline []Entry, f Facts, own string) []byte {
	d := &draft{paper: paper{i: i, f: f}}
	d.head()
	d.times()
	d.measured()
	d.data()
	d.timeline(timeline)
	d.actions()
	d.own(own)
	return d.b.Bytes()
}

// ReviewFile is the draft's name, the same beside the incident's page and in its thread.
func ReviewFile(i *incident.Incident) string { return i.ID.String() + "-review.md" }

// ReviewKey names the draft among what was posted; after a reopening there is another one.
func ReviewKey(i *incident.Incident) string {
	if i.Reopened == 0 {
		return "review"
	}
	return fmt.Sprintf("review/%d", i.Reopened+1)
}

// ReviewReady says in the thread of the resolution what the file is.
func ReviewReady(i *incident.Incident) Message {
	facts := map[string]any{"ID": i.ID, "File": ReviewFile(i)}
	m := Message{Text: locked(i, Say("review.readytext", facts))}
	m.Blocks = []Block{Lines{Lines: [][]Span{Line("review.ready", facts)}}}
	return m
}

// draft writes in the manner of the incident's page.
type draft struct{ paper }

func (d *draft) head() {
	i := d.i
	fmt.Fprintf(&d.b, "# %s\n\n", literal(drill(i, Say("review.title", map[string]any{"ID": i.ID, "Title": flat(i.Title, 120)}))))
	d.line("review.draft", map[string]any{"N": i.N})
	if i.Restricted {
		fmt.Fprintln(&d.b)
		d.line("review.restricted", nil)
	}
	d.title("review.short", nil)
	d.item(Line("review.severity", map[string]any{"I": i, "Revision": short8(i.Revision)}))
	for _, part := range []struct{ name, fact, text string }{
		{"review.impact", "Impact", i.Impact}, {"review.services", "Services", strings.Join(i.Services, ", ")},
		{"review.summary", "Summary", i.Summary}, {"review.cause", "Cause", i.RootCause},
	} {
		if text := flat(part.text, 2000); text != "" {
			d.item(Line(part.name, map[string]any{part.fact: text}))
		}
	}
	for _, role := range incident.Roles {
		if who, ok := i.Roles[role]; ok {
			d.item(Line("review.people", map[string]any{"Role": string(role), "Who": who}))
		}
	}
}

// times is the table of instants; every duration counts from the opening, since nobody recorded when the damage began.
func (d *draft) times() {
	i := d.i
	d.title("review.times", nil)
	fmt.Fprintf(&d.b, "| What | %s | After |\n|---|---|---|\n", d.zones())
	facts := map[string]any{"I": i, "Source": flat(i.Source, 100), "Late": !i.RespondBy.IsZero() && i.AckedAt.After(i.RespondBy)}
	row := func(name string, at time.Time) {
		when, after := Say("review.never", nil), ""
		if !at.IsZero() {
			when, after = d.stamp(at), Duration(at.Sub(i.OpenedAt))
		}
		fmt.Fprintf(&d.b, "| %s | %s | %s |\n", markdownSpans(Line(name, facts)), literal(when), literal(after))
	}
	fmt.Fprintf(&d.b, "| %s | | |\n", literal(Say("review.began0", nil)))
	row("review.opened", i.OpenedAt)
	if !i.AckedAt.IsZero() {
		row("review.acked", i.AckedAt)
	}
	var began, ended time.Time
	for _, r := range i.Runs {
		if !r.StartedAt.IsZero() && (began.IsZero() || r.StartedAt.Before(began)) {
			began = r.StartedAt
		}
		if r.How == incident.EndDone && r.EndedAt.After(ended) {
			ended = r.EndedAt
		}
	}
	if !began.IsZero() {
		row("review.began", began)
	}
	if back, ok := i.Restored(d.f.Specs); ok {
		row("review.restored", back.Step.EndedAt)
	}
	if !ended.IsZero() {
		row("review.recovered", ended)
	}
	row("review.resolved", i.ResolvedAt)
}

// stamp is an instant in UTC and where the people are, as the head of its column says (zones).
func (d *draft) stamp(t time.Time) string {
	return strings.Replace(BothTimes(t, d.f.Zone), " UTC", "", 1)
}

func (d *draft) zones() string {
	if d.stamp(d.i.OpenedAt) == strings.TrimSuffix(BothTimes(d.i.OpenedAt, nil), " UTC") {
		return "UTC"
	}
	return literal("UTC · " + d.f.Zone.String())
}

func (d *draft) measured() {
	i := d.i
	d.title("review.measured", nil)
	took := i.ResolvedAt.Sub(i.Since())
	if i.RTO.Limit > 0 {
		d.item(Line("resolution.rto", map[string]any{"Met": took <= i.RTO.Limit, "Took": took, "Limit": i.RTO.Limit, "Phases": phaseWords(i)}))
	} else if words := phaseWords(i); words != "" {
		d.item(Line("resolution.phases", map[string]any{"Phases": words}))
	}
	if s := d.f.Saved; s != nil {
		d.item(Line("resolution.lost", map[string]any{"Lost": s.Lost, "RPO": i.RPO.Limit, "Met": s.Lost <= i.RPO.Limit}))
	}
	d.item(Line("resolution.decisions", decisionFacts(i)))
	for _, a := range i.Approvals {
		var votes []incident.Person
		for _, v := range a.Votes {
			votes = append(votes, v.By)
		}
		var glass any
		if a.Glass {
			glass = a.DecidedBy
		}
		d.item(Line("review.approval", map[string]any{
			"Glass": glass, "Name": a.Name(), "Number": a.Number, "By": a.By, "At": a.At, "Votes": votes, "Took": max(0, a.Decided.Sub(a.At)), "State": string(a.State), "Why": flat(a.Why, 300),
		}))
	}
	d.latency()
	d.exceptions()
	d.cadence()
	if open, why := d.anyway(); open != "" {
		d.item(Line("review.anyway", map[string]any{"Open": open, "Why": why}))
	}
	if closed, all := i.ItemsDone(); all > 0 {
		var open []string
		for k := range i.Checklist {
			if it := &i.Checklist[k]; !it.Closed() {
				open = append(open, it.ID+" "+flat(it.Text, 100))
			}
		}
		d.item(Line("review.checklist", map[string]any{"Closed": closed, "All": all, "Open": flat(strings.Join(open, "; "), 3000)}))
	}
	if ticked := i.TickedAnyway(); len(ticked) > 0 {
		var list []string
		for _, it := range ticked {
			list = append(list, it.ID+" "+flat(it.Text, 100)+", "+flat(it.By.Name, 40)+": "+flat(it.Anyway, 200))
		}
		d.item(Line("review.ticked", map[string]any{"Count": len(ticked), "Items": flat(strings.Join(list, "; "), 3000)}))
	}
}

// latency is how long people took to decide: from the request to the last word that it needed. A broken glass is no
// decision, and what the lock granted waited for nobody.
func (d *draft) latency() {
	var took []time.Duration
	for _, a := range d.i.Approvals {
		switch {
		case a.Glass || !a.Accepted.IsZero(): // nobody was waited for
		case a.State == incident.IsDenied:
			took = append(took, max(0, a.Decided.Sub(a.At)))
		case a.Need > 0 && len(a.Votes) >= a.Need:
			took = append(took, max(0, a.Votes[a.Need-1].At.Sub(a.At)))
		}
	}
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	median := (took[(len(took)-1)/2] + took[len(took)/2]) / 2
	d.item(Line("review.latency", map[string]any{"N": len(took), "Median": median, "Longest": took[len(took)-1], "Lapsed": d.i.Promises.Lapsed}))
}

// cadence says how many promised updates came, and in time.
func (d *draft) cadence() {
	p := d.i.Promises
	say := func(by string, c incident.Cadence, moved int) {
		if c.Promised() > 0 {
			d.item(Line("review.cadence", map[string]any{"By": by, "All": c.Promised(), "Kept": c.Kept, "Late": c.Late, "Missed": c.Missed, "Moved": moved}))
		}
	}
	say("", p.Updates, p.Moved)
	say(Say("review.executives", nil), p.Executives, 0)
	say(Say("review.mailed", nil), p.Mailed, 0)
	if p.Updates.Promised()+p.Executives.Promised()+p.Mailed.Promised() == 0 {
		d.item(Line("review.nocadence", map[string]any{"Moved": p.Moved}))
	}
}

// anyway is what was left open at the resolution, and why.
func (d *draft) anyway() (open, why string) {
	if d.f.Resolved == nil {
		return "", ""
	}
	return flat(strings.Join(d.f.Resolved.Open, "; "), 2000), flat(d.f.Resolved.Reason, 500)
}

// exceptions are the steps that did not simply run once.
func (d *draft) exceptions() {
	ran, straight := false, true
	for _, r := range d.i.Runs {
		for k := range r.Steps {
			s := &r.Steps[k]
			ran = ran || s.Attempts > 0
			if r.StartedAt.IsZero() || s.State == incident.StepDone && s.Attempts <= 1 && s.UndoOf == "" {
				continue
			}
			straight = false
			d.item(Line("review.step", map[string]any{
				"Run": r.Name(), "Number": s.Number, "Title": flat(s.Title, 100), "State": string(s.State), "Attempts": s.Attempts, "Note": flat(s.Note, 300),
			}))
		}
	}
	if ran && straight {
		d.item(Line("review.straight", nil))
	}
}

func (d *draft) data() {
	d.title("review.data", nil)
	if d.f.Saved != nil {
		d.item(savedLine(d.f.Saved))
	}
	if d.i.DataImpact != "" {
		d.item(Line("review.said", map[string]any{"Impact": flat(d.i.DataImpact, 1000)}))
	} else {
		d.item(Line("review.nodata", nil))
	}
}

func (d *draft) timeline(entries []Entry) {
	d.title("review.timeline", nil)
	entries = slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.Machine })
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	room, first := maxTimelineBytes, len(entries)
	for first > 0 && len(entries)-first < maxTimeline && room > 0 {
		first--
		room -= len(entries[first].Text) + 60
	}
	if more := first; more > 0 {
		d.line("review.more", map[string]any{"More": more})
		fmt.Fprintln(&d.b)
		entries = entries[more:]
	}
	fmt.Fprintf(&d.b, "| %s | What |\n|---|---|\n", d.zones())
	for _, e := range entries {
		fmt.Fprintf(&d.b, "| %s | %s%s |\n", literal(d.stamp(e.At)), literal(e.Text), linkOf(e))
	}
}

var (
	ownHeading = regexp.MustCompile(`^(#{1,6})\s+(.*)$`)
	ownBlank   = regexp.MustCompile(`\[([^\[\]\n]{1,80})\]`)
)

// own is the runbook's template as it stands, under the draft, with the blanks filled that the record knows. Its sections
// for a timeline and for actions stand above already.
func (d *draft) own(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	d.title("review.own", nil)
	skip := false
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\r\n")
		if m := ownHeading.FindStringSubmatch(line); m != nil {
			heading := strings.ToLower(m[2])
			skip = strings.HasPrefix(heading, "timeline") || strings.HasPrefix(heading, "action")
			line = strings.Repeat("#", min(6, len(m[1])+2)) + " " + m[2]
		}
		if !skip {
			fmt.Fprintln(&d.b, d.filled(line))
		}
	}
	d.b.Truncate(len(bytes.TrimRight(d.b.Bytes(), "\n")))
	fmt.Fprintln(&d.b)
}

// filled puts what the record knows into the blanks of a line; a row of a table is people's.
func (d *draft) filled(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "|") {
		return line
	}
	i := d.i
	return ownBlank.ReplaceAllStringFunc(line, func(blank string) string {
		known := ""
		switch word := strings.ToLower(strings.Trim(blank, "[]")); {
		case strings.Contains(word, "title"):
			known = flat(i.Title, 120)
		case word == "id" || word == "incident id":
			known = i.ID.String()
		case word == "date":
			known = i.OpenedAt.UTC().Format("2 January 2006")
		case strings.HasPrefix(word, "x hours") || word == "duration":
			known = Duration(i.ResolvedAt.Sub(i.OpenedAt))
		case strings.HasPrefix(word, "sev"):
			known = fmt.Sprintf("SEV-%d", i.Severity)
		case word == "name" && strings.Contains(strings.ToLower(line), "author") && i.Review != nil:
			known = flat(i.Review.Owner.Name, 80)
		}
		if known == "" {
			return blank
		}
		return literal(known)
	})
}
