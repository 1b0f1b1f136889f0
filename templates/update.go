package templates

import (
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

// Reminder offers the draft of the update that is due, five minutes before.
func Reminder(i *incident.Incident, d Drafted) Message {
	facts := map[string]any{"ID": i.ID, "Number": i.Updates + 1, "Due": i.UpdateDue, "Who": speakers(i, false), "Draft": flat(d.Text, 2500)}
	return fit(Message{
		Text: locked(i, Say("reminder.text", facts)),
		Blocks: []Block{
			Lines{Lines: [][]Span{marked(i, Line("reminder.line", facts)), Line("reminder.draft", facts)}},
			updateActions(i, d),
		},
	})
}

func updateActions(i *incident.Incident, d Drafted) Actions {
	return Actions{Elements: []Element{
		Button{Verb: "incident send", Object: object(i) + "/" + d.ID, Label: Say("button.send", nil), Style: "primary"},
		Button{Verb: "incident update", Object: object(i), Label: Say("button.edit", nil)},
		Button{Verb: "incident snooze", Object: object(i), Label: Say("button.later", nil)},
	}}
}

// Late is the one further message about an update that was promised and not sent; late is how long ago drbot should
// have said so.
func Late(i *incident.Incident, e incident.DeadlineSpoken, d Drafted) Message {
	facts := map[string]any{"ID": i.ID, "Number": i.Updates + 1, "Since": e.Due, "Late": e.Late, "Down": e.Late > 2*time.Minute, "Who": speakers(i, true), "Draft": flat(d.Text, 2500)}
	return fit(Message{
		Text: locked(i, Say("late.text", facts)),
		Blocks: []Block{
			Lines{Lines: [][]Span{marked(i, Line("late.line", facts)), Line("reminder.draft", facts)}},
			updateActions(i, d),
		},
	})
}

// Update is an update as people read it.
func Update(i *incident.Incident, e incident.UpdateSent) Message {
	facts := map[string]any{"ID": i.ID, "Number": e.Number, "By": e.By, "Due": e.Due, "Late": e.Late}
	text := textLines(e.Text, 3000)
	text[0] = append(Line("update.by", facts), append([]Span{T(" ")}, text[0]...)...)
	text[0] = marked(i, text[0])
	if e.Next != "" {
		next := textLines(e.Next, 2000)
		next[0] = append(Line("update.next", nil), append([]Span{T(" ")}, next[0]...)...)
		text = append(text, next...)
	}
	if !e.Due.IsZero() {
		text = append(text, Line("announcement.next", facts))
	}
	return fit(Message{Text: locked(i, Say("update.text", facts)), Blocks: []Block{Lines{Lines: text}}})
}

// Answer is the message of a response time of which half, four fifths or all has passed. onCall are the people to call,
// in their order: the first at half, the next at four fifths.
func Answer(i *incident.Incident, e incident.DeadlineSpoken, onCall []incident.Person) Message {
	percent := 0
	if parts := strings.Split(e.Key, "/"); len(parts) > 1 {
		percent = map[string]int{"50": 50, "80": 80, "100": 100}[parts[1]]
	}
	var call []incident.Person
	switch {
	case percent == 100:
		call = onCall[:min(len(onCall), 8)]
	case percent == 80 && len(onCall) > 1:
		call = onCall[1:2]
	case len(onCall) > 0:
		call = onCall[:1]
	}
	facts := map[string]any{"ID": i.ID, "Severity": i.Severity, "Within": i.RespondBy.Sub(i.OpenedAt), "By": i.RespondBy, "Percent": percent, "Who": call, "Title": flat(i.Title, 120), "Down": e.Late > 2*time.Minute, "Late": e.Late}
	return fit(Message{
		Text:   locked(i, Say("answer.text", facts)),
		Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("answer.line", facts))}}, Actions{Elements: []Element{ackButton(i)}}},
	})
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
		Line("card.state", map[string]any{"I": i, "Commander": i.Roles[incident.Commander]}),
		append(Line("welcome.now", nil), append([]Span{T(" ")}, nowLine(i)...)...),
		Line("welcome.card", nil),
	}
	if next := nextLine(i); len(next) > 0 {
		lines = append(lines[:3], append([][]Span{append(Line("welcome.next", nil), append([]Span{T(" ")}, next...)...)}, lines[3:]...)...)
	}
	lines[0] = marked(i, lines[0])
	return fit(Message{Text: locked(i, Say("card.text", map[string]any{"I": i})), Blocks: []Block{Lines{Lines: lines}}})
}
