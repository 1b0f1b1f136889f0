package templates

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// Public is all that the runbook's message for the status page is filled with: facts that the page shows anyway, and the words
// that were typed for it. Nothing of the incident's own words, people, services or numbers is in here, so that none comes
// through, whatever a runbook asks for.
type Public struct {
	Severity   int
	Status     incident.Status // when it was written; Over: of the resolution
	Phase      incident.Phase  // of scheduled maintenance; empty: an incident
	Components []string        // that it touches, as people outside know them
	Words      string          // as typed
	First      bool            // nothing of this incident stands there yet: a first line may name the entry
	At         time.Time       // when it was first written
	Now        time.Time       // when these words were
}

// Component is a part of the service as people outside know it.
type Component struct {
	Name     string
	Services []string // of ours
}

// Touched names the components that stand on any of the services.
func Touched(components []Component, services []string) []string {
	var names []string
	for _, c := range components {
		if slices.ContainsFunc(c.Services, func(s string) bool {
			return slices.ContainsFunc(services, func(t string) bool { return strings.EqualFold(s, t) })
		}) {
			names = append(names, c.Name)
		}
	}
	return names
}

// PageState is what an incident of that severity does to its components, by its name in status.json: a fix that is being
// watched leaves at most degraded performance.
func PageState(severity int, status incident.Status) string {
	switch {
	case status == incident.Over:
		return "operational"
	case status == incident.Monitoring, severity > 2:
		return "degraded_performance"
	case severity == 2:
		return "partial_outage"
	}
	return "major_outage"
}

// state is that of this message; empty: a plan says nothing of how it is now.
func (p Public) state() string {
	switch p.Phase {
	case "":
		return PageState(p.Severity, p.Status)
	case incident.InProgress:
		return "under_maintenance"
	case incident.Completed:
		return "operational"
	}
	return ""
}

// over reports whether nothing is wrong any more.
func (p Public) over() bool { return p.state() == "operational" || p.Status == incident.Over }

// settled reports whether nothing burns: it is over, or planned.
func (p Public) settled() bool { return p.Phase != "" || p.over() }

// maxPageTitle bounds a first line that names the entry, in characters; a longer one is text.
const maxPageTitle = 100

// PageTitle parts a first line from the text under it. A text of one line, or whose first line is long or
// an item of a list, has no title.
func PageTitle(words string) (title, rest string) {
	first, rest, more := strings.Cut(words, "\n")
	if first = strings.TrimSpace(first); !more || utf8.RuneCountInString(first) > maxPageTitle || bulleted.MatchString(first) || strings.TrimSpace(rest) == "" {
		return "", words
	}
	return strings.TrimRight(first, ".: "), strings.Trim(rest, "\n")
}

// OnPage puts the runbook's message for the status page around the typed words; a line without a public fact is left out. nil:
// the runbook has none, or has no place for the words, which then stand as they were typed.
func OnPage(t Form4, p Public) *incident.PageWords {
	if strings.TrimSpace(t.Body) == "" {
		return nil
	}
	page := &incident.PageWords{}
	if p.First {
		page.Title, p.Words = PageTitle(p.Words)
	}
	body := strings.Split(unstyled(t.Body), "\n")
	v := p.values(body)
	lines := keep(body, p.stays(v))
	for _, lost := range []string{"symptoms", "update_message"} {
		switch {
		case len(v[lost]) == 0 || holds(lines, lost):
		case lost == "symptoms": // its line is left out for another field: then they are text like the rest
			delete(v, lost)
			v.Set("update_message", p.Words)
			lines = keep(body, p.stays(v))
		default:
			return nil
		}
	}
	for p.settled() && len(lines) > 0 && heads(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1] // nothing stands under it
	}
	var out []string
	for _, line := range lines {
		out = append(out, filledPublic(line, v)...)
	}
	out = slices.CompactFunc(out, func(a, b string) bool { return a == "" && b == "" })
	page.Text = strings.TrimSpace(strings.Join(out, "\n"))
	return page
}

// values are the facts for the fields, from public sources alone.
func (p Public) values(body []string) Values {
	v, words := Values{}, p.Words
	if state := p.state(); state != "" {
		v.Set("page_status", Say("page."+state, nil))
	}
	v.Set("date", p.At.UTC().Format("2 Jan 2006"))
	v.Set("time", p.At.UTC().Format("15:04 UTC"))
	v.Set("last_updated", p.Now.UTC().Format("2 Jan 2006, 15:04 UTC"))
	if !p.over() {
		v.Set("services", p.Components...)
		if holds(body, "symptoms") {
			var symptoms []string
			words, symptoms = listed(words)
			v.Set("symptoms", symptoms...)
		}
	}
	if !p.settled() {
		of := ""
		if !holds(body, "services") {
			of = joinedAnd(p.Components)
		}
		v.Set("issue", Say("page.issue", map[string]any{"State": p.state(), "Of": of}))
	}
	v.Set("update_message", words)
	return v
}

// stays says which lines are said: those with known facts. What a runbook says besides ("we work on it") holds while an
// incident burns, and neither after it nor of maintenance.
func (p Public) stays(v Values) func(line string) bool {
	return func(line string) bool {
		if !field.MatchString(line) && strings.TrimSpace(line) != "" {
			return !p.settled() || heads(line)
		}
		return v.know(line)
	}
}

func holds(lines []string, name string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "[["+name+"]]") })
}

var bulleted = regexp.MustCompile(`^\s*[-*•]\s+`)

// listed parts the lines of a list from the text around it.
func listed(words string) (text string, items []string) {
	var rest []string
	for line := range strings.SplitSeq(words, "\n") {
		if mark := bulleted.FindString(line); mark != "" && strings.TrimSpace(line[len(mark):]) != "" {
			items = append(items, line[len(mark):])
			continue
		}
		if line = strings.TrimSpace(line); line != "" || len(rest) > 0 && rest[len(rest)-1] != "" {
			rest = append(rest, line)
		}
	}
	return strings.TrimSpace(strings.Join(rest, "\n")), items
}

func joinedAnd(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// filledPublic is a line with its facts: several lines where it is an item of a list, or where the typed words have several.
func filledPublic(line string, v Values) []string {
	fields := field.FindAllStringSubmatchIndex(line, -1)
	if mark := bulleted.FindString(line); len(fields) == 1 && mark != "" {
		if name := line[fields[0][2]:fields[0][3]]; len(v[name]) > 1 {
			var lines []string
			for _, fact := range v[name] {
				lines = append(lines, filledPublic(line, Values{name: {fact}})...)
			}
			return lines
		}
	}
	var b strings.Builder
	last := 0
	for _, m := range fields {
		before, name := line[last:m[0]], line[m[2]:m[3]]
		fact := strings.Join(v[name], ", ")
		switch start := strings.TrimSpace(strings.TrimLeft(line[:m[0]], " \t-*•")) == ""; {
		case name == "issue" && start:
			first, size := utf8.DecodeRuneInString(fact)
			fact = string(unicode.ToUpper(first)) + fact[size:]
		case name == "update_message":
			if bulleted.MatchString(fact) && strings.TrimSpace(line[:m[0]]) != "" {
				fact = "\n" + fact // a list begins on a line of its own
			}
			if bulleted.MatchString(fact[strings.LastIndex(fact, "\n")+1:]) && strings.TrimSpace(line[m[1]:]) != "" {
				fact += "\n" // and ends there
			}
		}
		b.WriteString(before + fact)
		last = m[1]
	}
	b.WriteString(line[last:])
	lines := strings.Split(b.String(), "\n")
	for k := range lines {
		lines[k] = strings.TrimSpace(lines[k])
	}
	return lines
}

var underlined = regexp.MustCompile(`(^|[\s(])_{1,2}(\S(?:.*?\S)??)_{1,2}($|[\s.,:;!?)])`)

// unstyled is a runbook's text where nothing is bold or italic, and lists have one mark.
func unstyled(text string) string {
	lines := strings.Split(Unmarked(text), "\n")
	for k, line := range lines {
		if lines[k] = underlined.ReplaceAllString(line, "$1$2$3"); strings.HasPrefix(strings.TrimSpace(line), "* ") {
			lines[k] = strings.Replace(lines[k], "*", "-", 1)
		}
	}
	return strings.Join(lines, "\n")
}

// pageLines is a message as the status page shows it, with what names the entry there.
func pageLines(e incident.UpdateSent) [][]Span {
	lines := allLines(incident.OnPage(e.Public, e.Page))
	if e.Page != nil && e.Page.Title != "" {
		lines = slices.Insert(lines, 0, Line("preview.title", map[string]any{"Title": flat(e.Page.Title, maxPageTitle)}))
	}
	return lines
}
