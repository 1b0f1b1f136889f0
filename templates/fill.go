package templates

import (
	"embed"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// Keys of the four messages that go to people outside the response. The status page has no built-in one: without the
// runbook's the typed words stand as they are.
const (
	Initial    = "initial"
	Progress   = "update"
	Resolved   = "resolution"
	StatusPage = "status_page"
)

// Form4 is one of the four messages as the runbook writes it: [[field]] stands where a fact belongs, and a line with a
// field of several facts is said once for each.
type Form4 struct{ Key, Subject, Body string }

// Filled is a message with its facts.
type Filled struct{ Subject, Body string }

//go:embed messages/*.txt
var builtin embed.FS

// BuiltIn is the message of a runbook that has none of its own under that key.
func BuiltIn(key string) Form4 {
	raw, err := builtin.ReadFile("messages/" + key + ".txt")
	if err != nil {
		return Form4{Key: key}
	}
	subject, body, _ := strings.Cut(string(raw), "\n")
	return Form4{Key: key, Subject: strings.TrimSpace(strings.TrimPrefix(subject, "Subject:")), Body: strings.Trim(body, "\n")}
}

// Values are the facts for the fields, by the runbook's names for them. An absent one is a fact that nobody knows.
type Values map[string][]string

// Set puts a person's own words for a field.
func (v Values) Set(field string, facts ...string) {
	var kept []string
	for _, fact := range facts {
		if fact = strings.TrimSpace(fact); fact != "" {
			kept = append(kept, fact)
		}
	}
	if len(kept) > 0 {
		v[field] = kept
	}
}

var (
	field   = regexp.MustCompile(`\[\[([a-z_]+)\]\]`)
	minutes = regexp.MustCompile(`\[\[update_every\]\](\s*min(ute)?s?\b)`)
)

// Fill puts the facts into a message that a person sends. missing names the facts that nobody knows; a message with
// missing facts must not be sent.
func Fill(t Form4, v Values) (f Filled, missing []string) {
	for _, part := range []string{t.Subject, t.Body} {
		for _, m := range field.FindAllStringSubmatch(part, -1) {
			if name := strings.ReplaceAll(m[1], "_", " "); len(v[m[1]]) == 0 && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
	}
	if len(missing) > 0 {
		return Filled{}, missing
	}
	return Filled{Subject: fillLine(t.Subject, v), Body: fillBody(t.Body, v)}.drill(v), nil
}

// Without leaves the lines of some fields out whose facts are not known, and the headings under which nothing is left.
func Without(t Form4, v Values, fields ...string) Form4 {
	t.Body = strings.Join(keep(strings.Split(t.Body, "\n"), func(line string) bool {
		for _, m := range field.FindAllStringSubmatch(line, -1) {
			if slices.Contains(fields, m[1]) && len(v[m[1]]) == 0 {
				return false
			}
		}
		return true
	}), "\n")
	return t
}

// Once is a first notification without the lines that stand in the message below it too: it says a thing once.
func Once(opening, below string) string {
	bare := func(line string) string { return strings.Trim(strings.ReplaceAll(line, "**", ""), " \t-*") }
	said := map[string]bool{}
	for line := range strings.Lines(below) {
		said[bare(strings.TrimSpace(line))] = true
	}
	delete(said, "")
	return strings.TrimSpace(strings.Join(keep(strings.Split(opening, "\n"), func(line string) bool { return !said[bare(line)] }), "\n"))
}

// drillFact is no field of a runbook: it puts DRILL in front of whatever is filled (I44).
const drillFact = "drill"

func (f Filled) drill(v Values) Filled {
	switch {
	case len(v[drillFact]) == 0:
	case f.Subject != "":
		f.Subject = "DRILL · " + f.Subject
	default:
		f.Body = "DRILL · " + f.Body
	}
	return f
}

// FillKnown is the first message, posted at the opening from the facts that there are: a line without its fact is left
// out, and so is a heading under which nothing is left. There is never a placeholder.
func FillKnown(t Form4, v Values) Filled {
	f := Filled{Body: strings.TrimSpace(fillBody(strings.Join(keep(strings.Split(t.Body, "\n"), v.know), "\n"), v))}
	if v.know(t.Subject) {
		f.Subject = fillLine(t.Subject, v)
	}
	return f.drill(v)
}

// know reports whether every fact of a line is there.
func (v Values) know(line string) bool {
	for _, m := range field.FindAllStringSubmatch(line, -1) {
		if len(v[m[1]]) == 0 {
			return false
		}
	}
	return true
}

// keep gives the lines whose facts are known, without headings under which nothing is left.
func keep(lines []string, known func(line string) bool) []string {
	var kept []string
	for k := 0; k < len(lines); k++ {
		line := lines[k]
		if !known(line) {
			continue
		}
		if heads(line) {
			left, had, list := false, false, false
			for _, below := range lines[k+1:] {
				if strings.TrimSpace(below) == "" {
					if had {
						break
					}
					continue
				}
				if list = list || !had && bulleted.MatchString(below); list && !bulleted.MatchString(below) {
					break // under a list stands what is no part of it
				}
				had = true
				left = left || known(below)
			}
			if had && !left {
				continue
			}
		}
		if strings.TrimSpace(line) == "" && (len(kept) == 0 || strings.TrimSpace(kept[len(kept)-1]) == "") {
			continue
		}
		kept = append(kept, line)
	}
	return kept
}

// heads reports whether a line is the heading of what stands under it.
func heads(line string) bool {
	return strings.HasSuffix(strings.TrimRight(strings.TrimSpace(line), "*_"), ":") && !field.MatchString(line)
}

func fillBody(body string, v Values) string {
	var out []string
	for _, line := range strings.Split(body, "\n") {
		fields := field.FindAllStringSubmatch(line, -1)
		bullet := strings.HasPrefix(strings.TrimSpace(line), "-") || strings.HasPrefix(strings.TrimSpace(line), "*")
		if len(fields) == 1 && bullet && len(v[fields[0][1]]) > 1 {
			for _, fact := range v[fields[0][1]] {
				out = append(out, fillLine(line, Values{fields[0][1]: {fact}}))
			}
			continue
		}
		if len(fields) == 1 && strings.TrimSpace(line) == fields[0][0] {
			for _, fact := range v[fields[0][1]] { // a text that has the line for itself keeps its own lines
				for _, own := range strings.Split(fact, "\n") {
					out = append(out, flat(own, maxFact))
				}
			}
			continue
		}
		out = append(out, fillLine(line, v))
	}
	return strings.Join(out, "\n")
}

// maxFact is the longest fact in a message: the text of an update.
const maxFact = incident.MaxUpdate

// fillLine replaces in one pass, so that a fact which looks like a field stays what it is.
func fillLine(line string, v Values) string {
	if every := v["update_every"]; len(every) > 0 {
		if d, err := strconv.Atoi(strings.TrimSuffix(every[0], " min")); err == nil {
			if m := minutes.FindStringSubmatchIndex(line); m != nil {
				return fillLine(line[:m[0]], v) + strconv.Itoa(d) + line[m[2]:m[3]] + fillLine(line[m[1]:], v)
			}
		} else if m := minutes.FindStringSubmatchIndex(line); m != nil { // it has a unit of its own
			return fillLine(line[:m[0]], v) + hourly(every[0]) + fillLine(line[m[1]:], v)
		}
	}
	return field.ReplaceAllStringFunc(line, func(token string) string {
		facts := v[field.FindStringSubmatch(token)[1]]
		flats := make([]string, len(facts))
		for k, fact := range facts {
			flats[k] = flat(fact, maxFact)
		}
		return strings.Join(flats, ", ")
	})
}

// hourly is an interval as it stands after "every".
func hourly(every string) string {
	switch hours, whole := strings.CutSuffix(every, " h"); {
	case every == "1 h":
		return "hour"
	case whole:
		return hours + " hours"
	}
	return every
}

// Known are the facts that the record gives.
func Known(i *incident.Incident, f Facts) Values {
	v := Values{}
	now := f.Now
	if now.IsZero() {
		now = i.Time
	}
	end := now
	if !i.ResolvedAt.IsZero() {
		end = i.ResolvedAt
	}
	if i.Drill {
		v.Set(drillFact, "DRILL")
	}
	v.Set("id", i.ID.String())
	v.Set("severity", severity(i))
	v.Set("status", Say("status.word", map[string]any{"I": i}))
	v.Set("issue", i.Title)
	v.Set("summary", either(i.Summary, i.Title))
	v.Set("description", either(i.Summary, i.Impact, i.Title))
	v.Set("impact", i.Impact)
	v.Set("services", i.Services...)
	v.Set("started", utc(begun(i)))
	v.Set("last_updated", utc(now))
	v.Set("time", utc(now))
	v.Set("date", now.UTC().Format("2 January 2006"))
	v.Set("duration", Duration(end.Sub(begun(i))))
	v.Set("root_cause", i.RootCause)
	v.Set("data_impact", i.DataImpact)
	if i.UpdateEvery > 0 {
		v.Set("update_every", Duration(i.UpdateEvery))
	}
	if i.Active() && !i.UpdateDue.IsZero() {
		v.Set("next_update", utc(i.UpdateDue))
	}
	if !i.ResolvedAt.IsZero() {
		v.Set("resolution_time", utc(i.ResolvedAt))
		v.Set("time_range", i.OpenedAt.UTC().Format("2 Jan 15:04")+" to "+utc(i.ResolvedAt))
		v.Set("page_status", Say("page.operational", nil))
	}
	windowValues(i, v)
	runValues(i, f, v)
	return v
}

// begun is when an incident began for people outside: what was planned before is no time of the incident that came of it.
func begun(i *incident.Incident) time.Time {
	if !i.Became.IsZero() {
		return i.Became
	}
	return i.OpenedAt
}

// runValues are what the runs have done, do next, and when they are usually ready.
func runValues(i *incident.Incident, f Facts, v Values) {
	var did []string
	for _, r := range i.Runs {
		for k := range r.Steps {
			if s := &r.Steps[k]; s.State == incident.StepDone || s.State == incident.StepWasHand {
				did = append(did, s.Title)
			}
		}
		if usual := f.Usual[r.Procedure]; r.State == incident.Running && usual.Took > 0 {
			v.Set("eta", utc(r.StartedAt.Add(usual.Took)))
		}
		if r.State == incident.Running || r.State == incident.Paused {
			if s := r.Next(); s != nil {
				v.Set("next_steps", s.Title)
			}
		}
	}
	if len(did) > 10 {
		did = did[len(did)-10:]
	}
	if commander := i.Roles[incident.Commander]; len(did) == 0 && commander.Name != "" {
		did = []string{Say("commander.leads", map[string]any{"Name": commander.Name})}
	}
	v.Set("actions", did...)
}

func either(list ...string) string {
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

func utc(t time.Time) string { return t.UTC().Format("2 Jan 15:04 UTC") }
