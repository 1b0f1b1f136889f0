package commands

import (
	"regexp"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// What people type of a task or an action item: how far it is, who does it, by when, and where its ticket is.

// marked sets how far a task is; ok is false where the word says nothing of that.
func marked(i *incident.Incident, by incident.Person, key, word, rest string) (events []incident.Event, err error, ok bool) {
	why := strings.TrimSpace(strings.TrimPrefix(rest, ":"))
	switch strings.TrimSuffix(word, ":") {
	case "done":
		events, err = i.DoTask(by, key, why)
	case "reopen":
		events, err = i.ReopenTask(by, key)
	case "open":
		if t := i.Review.Task(key); t != nil && !t.Open() {
			events, err = i.ReopenTask(by, key)
			break
		}
		events, err = i.TaskStatus(by, key, incident.TaskOpen, why)
	case "in-progress", "started":
		events, err = i.TaskStatus(by, key, incident.TaskBegun, why)
	case "in":
		next, after := head(rest)
		if !strings.EqualFold(strings.TrimSuffix(next, ":"), "progress") {
			return nil, nil, false
		}
		events, err = i.TaskStatus(by, key, incident.TaskBegun, strings.TrimSpace(strings.TrimPrefix(after, ":")))
	case "blocked":
		events, err = i.TaskStatus(by, key, incident.TaskBlocked, why)
	default:
		return nil, nil, false
	}
	return events, err, true
}

var (
	dayName  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	spanName = regexp.MustCompile(`^([0-9]{1,3})([hdw])$`)
)

// parseDays reads 4h, 2d, 1w.
func parseDays(word string) (time.Duration, bool) {
	m := spanName.FindStringSubmatch(strings.ToLower(word))
	if m == nil {
		return 0, false
	}
	n := time.Duration(0)
	for _, digit := range m[1] {
		n = n*10 + time.Duration(digit-'0')
	}
	return n * map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]], n > 0
}

// parseDue reads 2026-12-01, which ends with that working day, or 3d and 2w from now.
func (o *Office) parseDue(word string, now time.Time) (time.Time, bool) {
	hours := o.Config().Hours
	if span, ok := parseDays(word); ok {
		return hours.AfterDays(now, span), true
	}
	if !dayName.MatchString(word) {
		return time.Time{}, false
	}
	at, err := time.Parse(time.DateOnly, word)
	if err != nil {
		return time.Time{}, false
	}
	return hours.End(at), true
}

// tail is what may stand behind the text of an action item, in any order and each once: @who, due <day>, a link.
type tail struct{ who, due, link string }

// groups are called with @ and are nobody.
var groups = regexp.MustCompile(`(?i)^@(here|channel|everyone)$`)

// meansDay are words that are meant as a day, also where they are none that is read.
var meansDay = regexp.MustCompile(`(?i)^([0-9].*|today|tonight|tomorrow|(mon|tue|tues|wednes|thu|thurs|fri|satur|sun)(day)?)$`)

// cutTail splits it off. Whatever else has an @, a "due" or a link in it is text.
func cutTail(typed string) (text []string, t tail) {
	text = strings.Fields(typed)
	for len(text) > 0 {
		n := len(text)
		last, before := text[n-1], ""
		if n > 1 {
			before = strings.ToLower(text[n-2])
		}
		switch {
		case t.due == "" && before == "due" && meansDay.MatchString(last):
			t.due, n = last, n-2
		case t.link == "" && linkOf(last) != "":
			if t.link, n = linkOf(last), n-1; before == "link" {
				n--
			}
		case t.who == "" && (mention.MatchString(last) || strings.HasPrefix(last, "@") && len(last) > 1 && !strings.Contains(last, "/") && !groups.MatchString(last)):
			if t.who, n = last, n-1; before == "by" && n > 1 {
				n--
			}
		case t.who == "" && n > 1 && last == "me":
			if t.who, n = last, n-1; before == "by" && n > 1 {
				n--
			}
		default:
			return text, t
		}
		text = text[:n]
	}
	return text, t
}

// linkOf is the address that a word is; Slack writes what it knows as one as <https://…|what is shown>.
func linkOf(word string) string {
	if strings.HasPrefix(word, "<http") && strings.HasSuffix(word, ">") {
		word, _, _ = strings.Cut(strings.Trim(word, "<>"), "|")
	}
	if strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") {
		return word
	}
	return ""
}

// askedNew reads a new action item: its text, and what stands behind it.
func (o *Office) askedNew(c *call, typed string, now time.Time) (incident.Asked, error) {
	text, t := cutTail(typed)
	if len(text) > 1 && t.link == "" && linkOf(text[0]) != "" {
		t.link, text = linkOf(text[0]), text[1:]
	}
	for k, word := range text {
		text[k] = or(linkOf(word), word)
	}
	a := incident.Asked{Text: o.named(strings.Join(text, " "))}
	if err := a.Check(now); err != nil {
		return a, err
	}
	return o.tailed(c, a, t, now)
}

// gone says which open tasks are with somebody who left: deactivated in the chat, or taken out of drbot.yaml.
func (o *Office) gone(i *incident.Incident) string {
	var lines []string
	left := func(p incident.Person) bool {
		entry, known := o.People().ByKey(p.Key)
		flags, _ := o.Flags.Get(or(entry.Slack, p.Slack))
		return p.Key != "" && (flags.Deactivated || !known && !strings.HasPrefix(p.Key, "slack:"))
	}
	for _, t := range i.Review.Items() {
		if t.Open() && left(t.Owner) {
			lines = append(lines, t.Key+" is with "+t.Owner.Name)
		}
	}
	if i.Review.ClosedAt.IsZero() && left(i.Review.Owner) {
		lines = append(lines, i.Review.Owner.Name+" writes it")
	}
	if len(lines) == 0 {
		return ""
	}
	return "⚠ Not here any more, so give it to somebody else: " + cut(strings.Join(lines, ", "), 600) + "."
}

var anyMention = regexp.MustCompile(`<@([UW][A-Z0-9]+)(?:\|([^>]*))?>`)

// named writes the people who are mentioned in a text as people read them.
func (o *Office) named(text string) string {
	return anyMention.ReplaceAllStringFunc(text, func(s string) string {
		m := anyMention.FindStringSubmatch(s)
		if entry, ok := o.People().Slack(m[1]); ok {
			return "@" + entry.Name
		}
		flags, _ := o.Flags.Get(m[1])
		return "@" + or(flags.Name, or(m[2], m[1]))
	})
}

// askedChange reads a change of a task: nothing but who, when and a link, so that a word that is mistyped changes no text.
func (o *Office) askedChange(c *call, key, typed string, now time.Time) (incident.Asked, error) {
	text, t := cutTail(typed)
	switch n := len(text); {
	case n == 1 && strings.EqualFold(text[0], "me") && t.who == "":
		t.who = "me"
	case n == 2 && strings.EqualFold(text[0], "due") && t.due == "":
		t.due = text[1]
	case n > 0:
		return incident.Asked{}, incident.Refuse(incident.BadInput, "“%s” is no change of %s.", cut(strings.Join(text, " "), 60), strings.ToLower(key)).
			Then("Write done, in progress, blocked <why>, open, later 2d, @who, due 2026-12-01 or a link; a new text of an action item: text <words>.")
	}
	return o.tailed(c, incident.Asked{}, t, now)
}

func (o *Office) tailed(c *call, a incident.Asked, t tail, now time.Time) (_ incident.Asked, err error) {
	if t.who != "" {
		if a.Owner, err = o.someone(c, t.who); err != nil {
			return a, err
		}
		a.Owner.Proof = ""
	}
	if t.due != "" {
		var ok bool
		if a.Due, ok = o.parseDue(t.due, now); !ok {
			return a, incident.Refuse(incident.BadInput, "%q is no day.", cut(t.due, 40)).Then("Write due 2026-12-01, or due 2w.")
		}
	}
	a.Link = t.link
	return a, nil
}
