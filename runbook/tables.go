package runbook

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// table reads one table, recognised by its columns or by the config's words for its heading; false: it is none of the known ones.
func (p *parser) table(t table, part string) bool {
	mapped := part != ""
	if !mapped {
		part = tableShape(t)
	}
	read := map[string]func(table, bool){
		"severities": p.severities, "incident_types": p.incidentTypes, "rto": p.rto, "rpo": p.rpo,
		"review": p.deadlines, "contacts": p.contacts,
	}[part]
	if read == nil {
		return false
	}
	if first := p.seen[part]; first > 0 {
		p.warn(t.line, "second-table", fmt.Sprintf("a second table of %s; the one at line %d is used", part, first), "keep one")
		return true
	}
	p.seen[part] = t.line
	read(t, mapped)
	return true
}

// tableShape knows a table by its headings alone.
func tableShape(t table) string {
	switch {
	case t.has("rto", "rto"):
		return "rto"
	case t.has("rpo", "rpo"):
		return "rpo"
	case t.has("severities", "level") && t.has("severities", "respond"):
		return "severities"
	case t.has("incident_types", "type") && t.has("incident_types", "severity"):
		return "incident_types"
	case t.has("review", "task") && t.has("review", "deadline"):
		return "review"
	case t.has("contacts", "role") && t.has("contacts", "contact"):
		return "contacts"
	}
	return ""
}

var severityID = regexp.MustCompile(`(?i)^(?:sev(?:erity)?|p|s|prio(?:rit[yäé]t?)?|level|stufe|klasse|niveau|nivel|livello)?[\s-]*([1-4])$`)

// severityLevel reads SEV-1, sev2, P3, 4.
func severityLevel(s string) (int, bool) {
	m := severityID.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

func (p *parser) level(line int, s string) (int, bool) {
	n, ok := severityLevel(s)
	if !ok {
		p.fail(line, fmt.Sprintf("severity %q", s), "SEV-1, SEV-2, SEV-3 or SEV-4")
	}
	return n, ok
}

func (p *parser) severities(t table, mapped bool) {
	c := p.columns(t, "severities", mapped)
	if c[0] < 0 {
		return
	}
	seen := map[int]int{}
	for _, r := range t.rows {
		n, ok := p.level(r.line, r.cell(c[0]))
		if !ok {
			continue
		}
		if at := seen[n]; at > 0 {
			p.fail(r.line, fmt.Sprintf("severity %d again", n), fmt.Sprintf("one row each; the first is at line %d", at))
			continue
		}
		seen[n] = r.line
		s := Severity{Level: n, ID: r.cell(c[0]), Name: r.cell(c[1]), Definition: r.cell(c[2]), ResponseText: r.cell(c[3]), Line: r.line}
		if s.Respond, ok = span(s.ResponseText); !ok && c[3] >= 0 {
			p.warn(r.line, "response-time", fmt.Sprintf("%s: response time %q is no duration, so nobody is reminded", s.ID, s.ResponseText), `write "< 15 minutes", or set severities in drbot.yaml`)
		}
		if every := r.cell(c[4]); every != "" {
			s.Update = p.target("update-cadence", s.ID, every, r.line)
		}
		p.rb.Severities = append(p.rb.Severities, s)
	}
}

func (p *parser) incidentTypes(t table, mapped bool) {
	c := p.columns(t, "incident_types", mapped)
	if c[0] < 0 || c[1] < 0 {
		return
	}
	seen := map[string]int{}
	for _, r := range t.rows {
		name := r.cell(c[0])
		n, ok := p.level(r.line, r.cell(c[1]))
		if !ok {
			continue
		}
		if at := seen[strings.ToLower(name)]; at > 0 || name == "" {
			p.fail(r.line, fmt.Sprintf("incident type %q", name), fmt.Sprintf("a name that is not yet taken (line %d)", at))
			continue
		}
		seen[strings.ToLower(name)] = r.line
		p.rb.IncidentTypes = append(p.rb.IncidentTypes, IncidentType{name, n, r.cell(c[2]), r.line})
	}
}

func (p *parser) rto(t table, mapped bool) {
	c := p.columns(t, "rto", mapped)
	for _, r := range t.rows {
		o := Objective{Tier: r.cell(c[0]), TargetText: r.cell(c[1]), Description: r.cell(c[2]), Line: r.line}
		o.Target = p.target("rto-target", o.Tier, o.TargetText, r.line)
		p.rb.RTO = append(p.rb.RTO, o)
	}
}

func (p *parser) rpo(t table, mapped bool) {
	c := p.columns(t, "rpo", mapped)
	for _, r := range t.rows {
		o := DataObjective{Data: r.cell(c[0]), TargetText: r.cell(c[1]), Mechanism: r.cell(c[2]), Line: r.line}
		o.Target = p.target("rpo-target", o.Data, o.TargetText, r.line)
		o.Every = interval(o.Mechanism)
		p.rb.RPO = append(p.rb.RPO, o)
	}
}

func (p *parser) target(rule, name, text string, line int) time.Duration {
	d, ok := span(text)
	if !ok {
		p.warn(line, rule, fmt.Sprintf("%s: target %q is no duration", name, text), `write "< 1 hour"`)
	}
	return d
}

func (p *parser) deadlines(t table, mapped bool) {
	c := p.columns(t, "review", mapped)
	p.rb.Review.Line = t.line
	for _, r := range t.rows {
		d := Deadline{Task: r.cell(c[0]), Text: r.cell(c[1]), Line: r.line}
		d.After = p.target("review-deadline", d.Task, d.Text, r.line)
		p.rb.Review.Deadlines = append(p.rb.Review.Deadlines, d)
	}
}

var (
	onlySeverity = regexp.MustCompile(`(?i)^(sev-?[1-4])\s+only$|^(?:only|nur|seulement|s[oó]lo|solo|alleen)\s+(?:bei\s+)?(sev-?[1-4])$`)
	immediate    = regexp.MustCompile(`(?i)^(?:immediate(?:ly)?|at once|sofort|unverzüglich|umgehend|immédiat(?:ement)?|inmediat[oa](?:mente)?|immediat[oa](?:mente)?|direct|onmiddellijk)$`)
	contactName  = wantedColumn{words: words("name person =nom nombre nome naam")}
	unfilled     = regexp.MustCompile(`(?i)^(\[.*\]|<.*>|tbd|todo|n/?a|-+|\?+)?$`)
)

func (p *parser) contacts(t table, mapped bool) {
	c := p.columns(t, "contacts", mapped)
	name := t.named(contactName, "", taken(c))
	for _, r := range t.rows {
		k := Contact{Role: r.cell(c[0]), Contact: r.cell(c[1]), Text: r.cell(c[2]), Line: r.line}
		if n := r.cell(name); n != "" && n != k.Role && !unfilled.MatchString(n) {
			k.Contact = strings.TrimPrefix(n+", "+k.Contact, ", ")
		}
		k.Known = !unfilled.MatchString(k.Contact)
		switch m := onlySeverity.FindStringSubmatch(k.Text); {
		case m != nil:
			k.Severity, _ = severityLevel(m[1] + m[2])
		case immediate.MatchString(k.Text):
			k.Immediate = true
		case k.Text != "":
			var ok bool
			if k.After, ok = span(k.Text); !ok {
				p.warn(r.line, "escalation-time", fmt.Sprintf("%s: %q is no escalation time, so drbot escalates to nobody by it", k.Role, k.Text), `write "15 minutes", "Immediate" or "SEV-1 only"`)
			}
		}
		p.rb.Contacts = append(p.rb.Contacts, k)
	}
}

// taken are the columns that have been found.
func taken(columns []int) map[int]bool {
	out := map[int]bool{}
	for _, c := range columns {
		out[c] = true
	}
	return out
}
