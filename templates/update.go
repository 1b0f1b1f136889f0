package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// Drafted is the text of the next update as the record gives it. ID names it in the button that sends it as it stands.
type Drafted struct{ Text, ID string }

// sentence begins a text with a capital and ends it with a full stop where it has no end of its own.
func sentence(s string) string {
	if first, n := utf8.DecodeRuneInString(s); n > 0 && first != utf8.RuneError {
		s = string(unicode.ToUpper(first)) + s[n:]
	}
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// speakers are who sends updates: communications, else the commander; both when it is late.
func speakers(i *incident.Incident, late bool) []incident.Person {
	var list []incident.Person
	for _, role := range []incident.Role{incident.Communications, incident.Commander} {
		if p, ok := i.Roles[role]; ok && p.Key != "" && (late || len(list) == 0) && (len(list) == 0 || !list[0].Same(p)) {
			list = append(list, p)
		}
	}
	return list
}

// Update is an update as people read it.
func Update(i *incident.Incident, e incident.UpdateSent) Message {
	facts := map[string]any{"ID": i.ID, "Number": e.Number, "By": e.By, "Due": e.Due, "Late": e.Late}
	text := bolded(allLines(e.Text))
	text[0] = append(Line("update.by", facts), append([]Span{T(" ")}, text[0]...)...)
	text[0] = marked(i, text[0])
	if e.Next != "" {
		next := bolded(allLines(e.Next))
		next[0] = append(Line("update.next", nil), append([]Span{T(" ")}, next[0]...)...)
		text = append(text, next...)
	}
	if !e.Due.IsZero() {
		text = append(text, Line("announcement.next", facts))
	}
	if !e.ExecutivesDue.IsZero() {
		text = append(text, Line("update.executives", map[string]any{"Due": e.ExecutivesDue}))
	}
	m := Message{Text: locked(i, Say("update.text", facts)), Blocks: wholeBlocks(text)}
	if e.Number > 0 {
		m.Blocks = append(m.Blocks, Actions{Elements: []Element{Menu{Options: []Button{
			{Verb: "incident edit", Object: fmt.Sprintf("%s/e%d", object(i), e.Number), Label: Say("button.editsent", nil)},
		}}}})
	}
	return fit(m).dated(i.Time)
}

// Edited is another version of an update, where the first one stood; the record has both.
func Edited(i *incident.Incident, e incident.UpdateEdited, at time.Time) Message {
	sent := incident.UpdateSent{By: e.By, Number: e.Number, Text: e.Text, Next: e.Next}
	if e.Number == i.Updates && i.Active() { // what the newest one promised still stands
		sent.Due = i.UpdateDue
	}
	if e.Number == newestTo(i, incident.AudienceExecutives) && i.Active() {
		sent.ExecutivesDue = i.ExecutivesDue
	}
	m := Update(i, sent)
	return m.edited(e.By, at)
}

// newestTo is the number of the newest message that an audience has; 0: none, or the resolution.
func newestTo(i *incident.Incident, a incident.Audience) (number int) {
	for _, s := range i.Messages {
		if slices.Contains(s.To, a) {
			number = max(number, s.Number)
		}
	}
	return number
}

// EditedOutward is the same where the runbook's words stood.
func EditedOutward(i *incident.Incident, e incident.UpdateEdited, at time.Time) Message {
	return Outward(i, e.Outward).edited(e.By, at)
}

func (m Message) edited(by incident.Person, at time.Time) Message {
	m.Blocks = append(m.Blocks, Note{Spans: Line("update.edited", map[string]any{"At": at, "By": by})})
	return fit(m)
}

// Severity is the line of a changed severity, with what changed with it.
func Severity(i *incident.Incident, e incident.SeveritySet) Message {
	facts := map[string]any{"ID": i.ID, "From": e.From, "To": e.To, "By": e.By, "Reason": flat(e.Reason, 300), "Respond": e.RespondBy, "Every": e.UpdateEvery, "Acked": !i.AckedAt.IsZero()}
	return fit(Message{Text: locked(i, Say("severity.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("severity.line", facts)), Line("severity.changes", facts)}}}})
}

// Welcome tells somebody who joins late where things stand, in five lines, to them alone.
func Welcome(i *incident.Incident, f Facts) Message {
	lines := [][]Span{
		Line("welcome.what", map[string]any{"ID": i.ID, "Title": flat(i.Title, 120), "Impact": sentence(flat(i.Impact, 300))}),
		stateLine(i),
		append(Line("welcome.now", nil), append([]Span{T(" ")}, nowLine(i)...)...),
		Line("welcome.card", nil),
	}
	if next := nextLine(i); len(next) > 0 {
		lines = append(lines[:3], append([][]Span{append(Line("welcome.next", nil), append([]Span{T(" ")}, next...)...)}, lines[3:]...)...)
	}
	lines[0] = marked(i, lines[0])
	return fit(Message{Text: cardText(i), Blocks: []Block{Lines{Lines: lines}}})
}
