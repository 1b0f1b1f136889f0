package templates

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// What people are told: as each audience will read it, before it leaves; the second look; what a mail says.

// Preview shows a message as each of its audiences will read it, from the very events that would send it.
func Preview(i *incident.Incident, events []incident.Event, names map[incident.Audience]string) []Block {
	var blocks []Block
	for _, e := range events {
		switch e := e.(type) {
		case incident.UpdateSent:
			blocks = append(blocks, previewOf(i, e, names, false)...)
		case incident.UpdateDrafted:
			blocks = append(blocks, previewOf(i, sentLater(e), names, true)...)
		case incident.Resolved: // the channel's own message is made of the record
			blocks = append(blocks, previewOf(i, sentAtEnd(e), names, false)...)
		}
	}
	return blocks
}

// sentLater is what leaves when the second look passes.
func sentLater(e incident.UpdateDrafted) incident.UpdateSent {
	return incident.UpdateSent{By: e.By, Number: e.Number, To: e.To, Text: e.Text, Next: e.Next, Subject: e.Subject, Outward: e.Outward, Opening: e.Opening, Public: e.Public, Page: e.Page, Status: e.Status, Draft: e.Draft, Executives: e.Executives}
}

// sentAtEnd is a resolution as everybody but the incident's channel reads it.
func sentAtEnd(e incident.Resolved) incident.UpdateSent {
	to := slices.DeleteFunc(slices.Clone(e.To), func(a incident.Audience) bool { return a == incident.AudienceResponders })
	return incident.UpdateSent{By: e.By, To: to, Text: e.Summary, Subject: e.Subject, Outward: e.Outward, Public: e.Public, Page: e.Page, Status: incident.Over}
}

// previewOf is a message by audience. Where executives and the mailing list read the same mail, it stands once.
func previewOf(i *incident.Incident, e incident.UpdateSent, names map[incident.Audience]string, second bool) []Block {
	var blocks []Block
	mailed := false
	for _, a := range e.To {
		to, name := Say("audience."+string(a), nil), names[a]
		var lines [][]Span
		switch a {
		case incident.AudienceResponders:
			lines = linesOf(Update(i, e))
		case incident.AudienceAnnouncement:
			lines = bolded(allLines(e.Outward))
			if i.Restricted {
				lines = [][]Span{Line("preview.number", map[string]any{"ID": i.ID})}
			}
		case incident.AudienceStatus:
			lines = pageLines(e)
		default:
			theirs := e
			if a == incident.AudienceExecutives {
				theirs = e.ToExecutives()
			}
			same := mailText(theirs) == mailText(e)
			if mailed && same {
				continue
			}
			mailed = same
			if same && a == incident.AudienceExecutives && slices.Contains(e.To, incident.AudienceMail) {
				to = Say("audience.executives", nil) + ", " + Say("audience.mail", nil)
				name = names[incident.AudienceExecutives] + ", " + names[incident.AudienceMail]
			}
			letter := Mailed(i, theirs, i.Time)
			lines = append([][]Span{Line("preview.subject", map[string]any{"Subject": letter.Subject})}, bolded(allLines(mailText(theirs)))...)
		}
		if len(blocks) > 0 {
			blocks = append(blocks, Rule{})
		}
		blocks = append(blocks, Lines{Lines: [][]Span{Line("preview.to", map[string]any{"To": to, "Name": flat(name, 200), "Second": second})}})
		blocks = append(blocks, wholeBlocks(lines)...)
	}
	return blocks
}

// maxWhole is the longest line that is shown in one piece; longer ones go on in the next.
const maxWhole = 1_500

// allLines are the lines of a text, to the last character: what is decided about is never cut.
func allLines(s string) [][]Span {
	var lines [][]Span
	for _, line := range strings.Split(strings.TrimSpace(s), "\n") {
		r := []rune(flat(line, math.MaxInt32))
		for len(r) > maxWhole {
			lines = append(lines, []Span{T(string(r[:maxWhole]))})
			r = r[maxWhole:]
		}
		lines = append(lines, []Span{T(string(r))})
	}
	return lines
}

// wholeBlocks puts lines into as many blocks as they need.
func wholeBlocks(lines [][]Span) []Block {
	var blocks []Block
	var block Lines
	room := maxBlock
	for _, line := range lines {
		n := spansSize(line) + 1
		if n > room && len(block.Lines) > 0 {
			blocks, block, room = append(blocks, block), Lines{}, maxBlock
		}
		block.Lines, room = append(block.Lines, line), room-n
	}
	return append(blocks, block)
}

// linesOf are the lines of a message.
func linesOf(m Message) [][]Span {
	var lines [][]Span
	for _, b := range m.Blocks {
		if l, ok := b.(Lines); ok {
			lines = append(lines, l.Lines...)
		}
	}
	return lines
}

// MaxLook is how many characters a message may have that waits for a second look: who decides sees it whole, on one card.
const MaxLook = 7_000

// LookSize is how many a drafted message has.
func LookSize(e incident.UpdateDrafted) int {
	later := sentLater(e)
	n := utf8.RuneCountInString(mailText(later)) + utf8.RuneCountInString(incident.OnPage(e.Public, e.Page))
	if theirs := mailText(later.ToExecutives()); theirs != mailText(later) && slices.Contains(e.To, incident.AudienceMail) {
		n += utf8.RuneCountInString(theirs)
	}
	return n
}

// SecondLook asks for a second pair of eyes: who decides sees exactly what will leave. Decided, or with its words redacted, it is
// one line.
func SecondLook(i *incident.Incident, o *incident.Outgoing, names map[incident.Audience]string) Message {
	facts := map[string]any{
		"ID": i.ID, "N": o.Draft, "Planned": i.Window != nil, "By": o.By, "To": o.To, "Number": o.Number, "Version": o.Version, "State": string(o.State), "Asked": o.Asked, "Named": o.Only,
		"Decider": o.DecidedBy, "At": o.Decided, "Why": flat(o.Why, 500), "Page": holdsPage(o),
		"Mails": slices.ContainsFunc(o.To, func(a incident.Audience) bool { return a != incident.AudienceStatus }),
	}
	m := Message{Text: locked(i, Say("look.text", facts))}
	if o.State != incident.LookWaits {
		m.Blocks = []Block{Lines{Lines: [][]Span{marked(i, Line("look."+string(o.State), facts))}}}
		return fit(m)
	}
	if o.Blank {
		m.Blocks = []Block{Lines{Lines: [][]Span{marked(i, Line("look.blank", facts))}}, Actions{Elements: []Element{
			Button{Verb: "incident sendback", Object: fmt.Sprintf("%s/m%d", object(i), o.Draft), Label: Say("button.sendback", nil)},
		}}}
		return fit(m)
	}
	m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{marked(i, Line("look.line", facts))}})
	m.Blocks = append(m.Blocks, previewOf(i, sentLater(o.UpdateDrafted), names, false)...)
	object := fmt.Sprintf("%s/m%d", object(i), o.Draft)
	m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("look.rule", facts)}}, Actions{Elements: []Element{
		Button{Verb: "incident release", Object: object, Label: Say("button.release", nil), Style: "primary", Confirm: &Confirm{
			Title: Say("confirm.release", nil), Text: short(Say("confirm.release.text", facts), 300), Yes: Say("confirm.release.yes", nil), No: Say("confirm.release.no", nil),
		}},
		Button{Verb: "incident sendback", Object: object, Label: Say("button.sendback", nil)},
	}})
	return fit(m)
}

// LookDue calls those who may decide about a message that waits for long. It has no button: they decide on the card that shows
// it whole. Decided, it is one line.
func LookDue(i *incident.Incident, o *incident.Outgoing, late time.Duration) Message {
	facts := map[string]any{
		"ID": i.ID, "N": o.Draft, "Planned": i.Window != nil, "By": o.By, "To": o.To, "Number": o.Number, "Version": o.Version, "State": string(o.State), "Asked": o.Asked,
		"Since": o.At, "Late": late, "Down": late > tolerated, "Decider": o.DecidedBy, "At": o.Decided, "Why": flat(o.Why, 500),
	}
	if o.State != incident.LookWaits {
		return closed(i, Say("look.text", facts), Line("look."+string(o.State), facts))
	}
	return closed(i, Say("look.text", facts), Line("look.due", facts))
}

// holdsPage reports whether the status page does not show the end because of a message: it goes on as it was.
func holdsPage(o *incident.Outgoing) bool {
	return o.Number == 0 && o.Version == 1 && slices.Contains(o.To, incident.AudienceStatus)
}

// SentBack tells its writer that a message did not leave, in a message of its own: an edit calls nobody. It is written anew as
// the next update; a resolution, or another version, as an edit.
func SentBack(i *incident.Incident, o *incident.Outgoing) Message {
	facts := map[string]any{"ID": i.ID, "N": o.Draft, "Planned": i.Window != nil, "By": o.By, "To": o.To, "Number": o.Number, "Decider": o.DecidedBy, "Why": flat(o.Why, 500), "Page": holdsPage(o)}
	m := Message{Text: locked(i, Say("sentback.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("sentback.line", facts))}}}}
	anew := Button{Verb: "incident update", Object: fmt.Sprintf("%s/m%d", object(i), o.Draft), Label: Say("button.anew", nil)}
	if o.Number == 0 || o.Version > 1 {
		anew.Verb, anew.Object = "incident edit", fmt.Sprintf("%s/e%d", object(i), o.Number)
	}
	if i.Active() == (o.Number > 0) || o.Number > 0 && o.Version > 1 {
		m.Blocks = append(m.Blocks, Actions{Elements: []Element{anew}})
	}
	return fit(m)
}

// GoesOn tells responders that an incident was reopened. Where somebody outside read that it is over, it offers the draft that
// tells them, until an update is sent.
func GoesOn(i *incident.Incident, a incident.Again, d Drafted) Message {
	misled := i.Misled()
	waits := i.Active() && i.Updates == a.Updates
	facts := map[string]any{
		"ID": i.ID, "By": a.By, "At": a.At, "Why": flat(a.Why, 500), "Who": keepers(i, true), "Due": i.UpdateDue, "Promised": i.UpdateEvery > 0 && waits, "To": misled, "Draft": flat(d.Text, 2500),
	}
	lines := [][]Span{marked(i, Line("goeson.line", facts))}
	m := Message{Text: locked(i, Say("goeson.text", facts)), Blocks: []Block{Lines{Lines: lines}}}
	if waits && len(misled) > 0 {
		m.Blocks = []Block{Lines{Lines: append(lines, Line("goeson.to", facts), Line("reminder.draft", facts))}, Actions{Elements: promiseButtons(i, d, "")[:2]}}
	}
	return fit(m).dated(i.Time)
}

// NotOver tells everybody else who read of its end.
func NotOver(i *incident.Incident, at time.Time) Message {
	facts := map[string]any{"ID": i.ID, "At": at, "Due": i.UpdateDue, "Promised": i.UpdateEvery > 0}
	return fit(Message{Text: locked(i, Say("goeson.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("notover.line", facts))}}}}).dated(i.Time)
}

// Letter is a mail: a subject, and its text as plain lines.
type Letter struct{ Subject, Text string }

// Mailed is the mail of a message; a drill's subject begins with DRILL (I44).
func Mailed(i *incident.Incident, e incident.UpdateSent, at time.Time) Letter {
	return letter(i, e, at, mailSubject(i, e.Subject), "")
}

// MailedEdit is the mail of another version: what was read cannot be taken back, so it says what it takes the place of.
func MailedEdit(i *incident.Incident, e incident.UpdateEdited, at time.Time) Letter {
	sent := incident.UpdateSent{By: e.By, Number: e.Number, Text: e.Text, Next: e.Next, Subject: e.Subject, Outward: e.Outward}
	subject := Say("mail.correction", map[string]any{"Subject": strings.TrimPrefix(mailSubject(i, e.Subject), drillMark)})
	if i.Drill {
		subject = drillMark + subject
	}
	return letter(i, sent, at, subject, Say("mail.corrected", map[string]any{"Version": e.Version, "Number": e.Number}))
}

// MailedEnd is the mail of a resolution.
func MailedEnd(i *incident.Incident, e incident.Resolved, at time.Time) Letter {
	sent := incident.UpdateSent{By: e.By, Text: e.Summary, Subject: e.Subject, Outward: e.Outward}
	return letter(i, sent, at, mailSubject(i, e.Subject), "")
}

const drillMark = "DRILL · "

func letter(i *incident.Incident, e incident.UpdateSent, at time.Time, subject, above string) Letter {
	text := mailText(e)
	if above != "" {
		text = above + "\n\n" + text
	}
	footer := Say("mail.footer", map[string]any{"ID": i.ID, "Number": e.Number, "By": e.By.Name, "At": utc(at), "Phase": string(i.Phase())})
	return Letter{Subject: subject, Text: text + "\n\n-- \n" + footer + "\n"}
}

// mailSubject is the runbook's, or one of the title where it has none.
func mailSubject(i *incident.Incident, subject string) string {
	subject = strings.TrimSpace(flat(subject, 200))
	if subject == "" {
		subject = Say("mail.subject", map[string]any{"ID": i.ID, "Title": flat(i.Title, 120)})
	}
	if i.Drill && !strings.HasPrefix(subject, "DRILL") {
		subject = drillMark + subject
	}
	return subject
}

// mailText is the runbook's message; for people who are mailed for the first time its first notification stands above.
func mailText(e incident.UpdateSent) string {
	parts := slices.DeleteFunc([]string{e.Opening, either(e.Outward, e.Text)}, func(s string) bool { return strings.TrimSpace(s) == "" })
	return strings.Join(parts, "\n\n")
}
