package templates

import (
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// maxDialog is the text of a confirm dialog (300 characters; docs.slack.dev/reference/block-kit/composition-objects).
const maxDialog = 300

func approvalActions(i *incident.Incident, a *incident.Approval, s *incident.Step, saw incident.Shown, f Facts) Actions {
	approve := Button{Verb: "recover approve", Object: approvalObject(a), Label: Say("button.approve", nil), Style: "primary"}
	if s.Confirm != "target" {
		approve.Confirm = &Confirm{
			Title: byWords(Say("approve.title", map[string]any{"Target": flat(target(a), 60)}), 100), Text: approveDialog(i, a, saw),
			Yes: Say("button.approve", nil), No: Say("button.back", nil),
		}
	}
	elements := []Element{approve, Button{Verb: "recover deny", Object: approvalObject(a), Label: Say("button.deny", nil), Style: "danger"}}
	return Actions{Elements: append(elements, glassButton(i, a, f)...)}
}

// approveDialog is the last sentence before a tap: what is done, what is lost, and the way back, in the card's order. What is
// lost keeps the room, and what is done gets the rest of it. Nothing is cut inside a word.
func approveDialog(i *incident.Incident, a *incident.Approval, saw incident.Shown) string {
	text := Say("approve.noundo", nil)
	if saw.Undo != nil {
		text = Say("approve.undo", map[string]any{"Undo": stop(byWords(words(undoLine(saw)), 90))})
	}
	if lost := words(losesLine(i, a, saw)); lost != "" {
		room := maxDialog - utf8.RuneCountInString(Say("approve.loses", map[string]any{"Loses": "", "Rest": text}))
		text = Say("approve.loses", map[string]any{"Loses": stop(byWords(lost, room-1)), "Rest": text})
	}
	if room := maxDialog - utf8.RuneCountInString(text) - len(" ."); room >= 20 {
		text = stop(byWords(flat(saw.Title, 200), room)) + " " + text
	}
	return text
}

// stop is a sentence with its full stop; what was cut needs none.
func stop(s string) string {
	if r, _ := utf8.DecodeLastRuneInString(s); r == '…' || r == '.' {
		return s
	}
	return s + "."
}
