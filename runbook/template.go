package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// fieldWords says for each field which placeholders and which labels on the line mean it. Labels win, since "[Timestamp]" is many things.
// The first that fits is taken, so the narrower stand above the wider.
var fieldWords = []struct {
	name   string
	list   bool
	labels string // regular expression for the text before the placeholder
	tokens string // regular expression for the placeholder
}{
	{"next_update", false, `next update`, `next update.*`},
	{"last_updated", false, `last updated?`, `last updated?`},
	{"resolution_time", false, `resolution time|resolved( at)?`, `resolution time|resolved at`},
	{"started", false, `started?( at)?|began|since`, `start(ed)?( time)?|began|detected( at)?`},
	{"update_every", false, `updates? every|every`, `\d+(/\d+)+|update (interval|frequency|cadence)|minutes`},
	{"root_cause", false, `root cause|cause`, `(brief )?root cause|cause`},
	{"time_range", false, ``, `time ?range.*|affected (period|time).*`},
	{"data_impact", true, ``, `(any )?data (loss|impact).*`},
	{"page_status", false, `current status`, `operational(/.*)?|page status`},
	{"severity", false, ``, `sev(erity)?([- ]?(x|\d).*)?`},
	{"status", false, ``, `(incident )?status|investigating(/.*)?`},
	{"id", false, ``, `(incident )?(id|number)`},
	{"duration", false, ``, `(total )?duration|x hours y minutes|.*hours.*minutes`},
	{"eta", false, `eta.*`, `eta|estimate.*`},
	{"impact", false, `(user )?impact`, `(brief )?(description of )?(user |customer )?impact`},
	{"description", false, ``, `description( of .*)?|what happened|current status.*`},
	{"summary", false, ``, `(brief )?summary|title|incident title`},
	{"update_message", false, ``, `update message|message`},
	{"issue", false, ``, `issues? .*|issue|problem`},
	{"actions", true, ``, `actions?( taken)?|current actions?`},
	{"next_steps", true, ``, `(next )?steps?`},
	{"services", true, ``, `(affected )?services?`},
	{"symptoms", true, ``, `symptoms?`},
	{"date", false, ``, `date`},
	{"time", false, ``, `time|hh:mm`},
}

// FieldNames lists the fields that a message's placeholders can mean.
func FieldNames() []string {
	var out []string
	for _, f := range fieldWords {
		out = append(out, f.name)
	}
	slices.Sort(out)
	return out
}

var (
	placeholder = regexp.MustCompile(`\[([^\[\]\n]+)\]([(:]?)`)
	tokenNumber = regexp.MustCompile(`\s+\d+$`)
	bulletLine  = regexp.MustCompile(`^\s*[-*+]\s+\[[^\[\]]+\]\s*$`)
	subjectLine = regexp.MustCompile(`(?i)^\**subject:?\**:?\s*`)
	fieldRegexp = compileFields()
)

type fieldForms struct{ label, token *regexp.Regexp }

func compileFields() []fieldForms {
	out := make([]fieldForms, len(fieldWords))
	for i, f := range fieldWords {
		if f.labels != "" {
			out[i].label = regexp.MustCompile(`(?i)(^|[^a-z])(` + f.labels + `)$`)
		}
		out[i].token = regexp.MustCompile(`(?i)^(` + f.tokens + `)$`)
	}
	return out
}

// templateKey says which of the four messages a heading names.
func templateKey(part, under, title string) string {
	if slices.Contains([]string{"initial", "update", "resolution", "status_page"}, part) {
		return part
	}
	if part != "templates" && !strings.Contains(under, "template") && !strings.Contains(under, "communication") && !strings.Contains(under, "message") {
		return ""
	}
	title = strings.ToLower(title)
	for _, k := range []struct{ key, words string }{
		{"status_page", "status page|user-facing|public"}, {"initial", "initial|first notif|declar"},
		{"resolution", "resol|recovered"}, {"update", "update|progress"},
	} {
		for w := range strings.SplitSeq(k.words, "|") {
			if strings.Contains(title, w) {
				return k.key
			}
		}
	}
	return ""
}

// template reads one message. first is the line of the fence's first line of content.
func (p *parser) template(key, title, raw string, first int) {
	t := Template{Key: key, Title: title, Raw: raw, Line: first}
	if i := slices.IndexFunc(p.rb.Templates, func(o Template) bool { return o.Key == key }); i >= 0 {
		p.warn(first, "second-template", fmt.Sprintf("a second message %q; the one at line %d is used", key, p.rb.Templates[i].Line), "keep one")
		return
	}
	var body []string
	listed := ""
	for i, line := range strings.Split(strings.TrimRight(raw, "\n"), "\n") {
		filled := p.templateLine(&t, line, first+i)
		if i == 0 && subjectLine.MatchString(line) {
			t.Subject = strings.TrimSpace(subjectLine.ReplaceAllString(filled, ""))
			continue
		}
		if bulletLine.MatchString(line) {
			if filled == listed {
				t.Fields = t.Fields[:len(t.Fields)-1] // the same list goes on
				continue
			}
			listed = filled
		} else {
			listed = ""
		}
		body = append(body, filled)
	}
	t.Body = strings.TrimLeft(strings.Join(body, "\n"), "\n")
	p.rb.Templates = append(p.rb.Templates, t)
}

// templateLine replaces the placeholders of one line by [[field]].
func (p *parser) templateLine(t *Template, line string, at int) string {
	subject := subjectLine.MatchString(line)
	bullet := bulletLine.MatchString(line)
	var b strings.Builder
	last := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(line, -1) {
		token := line[m[2]:m[3]]
		if line[m[4]:m[5]] == "(" { // a link
			continue
		}
		if subject && strings.TrimSpace(subjectLine.ReplaceAllString(line[:m[0]], "")) == "" && strings.ToUpper(token) == token && !isFieldToken(token) {
			continue // [PRODUCT] in front of a subject is the sender's mark
		}
		name, list, ok := field(line[:m[0]], token)
		if !ok {
			p.fail(at, fmt.Sprintf("message %q: nothing known fills [%s]", t.Key, token), "one of "+strings.Join(FieldNames(), ", "))
			continue
		}
		f := Field{Name: name, Token: token, List: list && bullet, Line: at}
		t.Fields = append(t.Fields, f)
		b.WriteString(line[last:m[0]] + "[[" + name + "]]" + line[m[4]:m[5]])
		last = m[1]
	}
	return b.String() + line[last:]
}

func isFieldToken(token string) bool {
	_, _, ok := field("", token)
	return ok
}

// field finds what a placeholder means, by its label first.
func field(before, token string) (name string, list, ok bool) {
	before = strings.TrimRight(before, " *_:\t")
	token = tokenNumber.ReplaceAllString(strings.TrimSpace(token), "")
	plain := strings.ReplaceAll(token, "_", " ")
	for i, f := range fieldWords {
		if f.name == plain || strings.EqualFold(f.name, token) {
			return f.name, f.list, true
		}
		if l := fieldRegexp[i].label; l != nil && l.MatchString(before) {
			return f.name, f.list, true
		}
	}
	for i, f := range fieldWords {
		if fieldRegexp[i].token.MatchString(plain) {
			return f.name, f.list, true
		}
	}
	return "", false, false
}
