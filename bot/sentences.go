package bot

import (
	"fmt"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// What the room itself says, about Slack and about itself; everything about incidents comes from package templates.

func sayNotRecorded(err error, command string) templates.Message {
	return say("Not recorded, so nothing was done: " + err.Error() + ". Reading still works on drbot's host: `drbot " + command + " show`.")
}

func sayNoForm(typed string) templates.Message {
	if typed == "" {
		return say("Slack did not open the form in time, and nothing was changed. Press again.")
	}
	return say("Slack did not open the form in time, and nothing was changed. Type it in one line: `" + typed + "`")
}

// noPlanForm is for a plan that stands though its form did not open: its card has no Start before the values were seen.
func noPlanForm(command string) string {
	return "Slack did not open its form in time. Type `/" + command + " plan` for the form again, or with the values in one line like `/" + command + " plan NAME=value`; `/" + command + " start` takes the plan as it is."
}

func sayNotOurs() templates.Message {
	return say("This is no message of drbot's, so its buttons do nothing.")
}

func sayOldBoxes() templates.Message {
	return say("These boxes are an old drawing, so nothing was changed. The checklist is drawn anew with its next change.")
}

func sayShared() templates.Message {
	return say("drbot does nothing in a channel that is shared with another workspace.")
}

func sayUnknownCommand(name string) templates.Message {
	return say("drbot does not know the command `" + name + "`. An admin compares slack.commands in drbot.yaml with the app's manifest (`drbot slack manifest`).")
}

func sayChannelIs(incident, url, name string) templates.Message {
	return templates.Message{Text: incident + ": #" + name, Blocks: []templates.Block{templates.Lines{Lines: [][]templates.Span{{
		templates.T(incident + ": "), {Text: "#" + name, URL: url},
	}}}}}
}

// say is a message of one text. Words between back-ticks are shown as what one types.
func say(text string) templates.Message {
	return templates.Message{Text: text, Blocks: []templates.Block{templates.Lines{Lines: textLines(text)}}}
}

// spoken gives blocks to a message that is a text alone, so that nothing in it can become markup.
func spoken(m templates.Message) templates.Message {
	if len(m.Blocks) == 0 && m.Text != "" {
		return say(m.Text)
	}
	return m
}

func textLines(text string) [][]templates.Span {
	var lines [][]templates.Span
	for _, l := range strings.Split(text, "\n") {
		var spans []templates.Span
		parts := strings.Split(l, "`")
		for k, part := range parts {
			style := templates.Plain
			if k%2 == 1 && k < len(parts)-1 {
				style = templates.Mono
			} else if k%2 == 1 {
				part = "`" + part
			}
			if part != "" {
				spans = append(spans, templates.Span{Text: part, Style: style})
			}
		}
		lines = append(lines, spans)
	}
	return lines
}

// typed is the one-line form of a verb, as people type it; "" for a verb that is only a button.
func (b *Bot) typed(verb string) string {
	v := commands.Find(verb)
	if v == nil || v.Hidden {
		return ""
	}
	name := b.Incident
	if v.Group == "recover" {
		name = b.Recover
	}
	return strings.TrimSpace(fmt.Sprintf("/%s %s %s", name, v.Name, v.Grammar))
}

func sayLost(i *incident.Incident, e incident.ChannelLost, command string) templates.Message {
	what := "#" + i.Channel.Name
	if i.Restricted || i.Channel.Name == "" {
		what = "its channel"
	}
	return say(drillWord(i) + i.ID.String() + ": " + what + " cannot be used any more (" + e.Why + "). Bring it back, or go on at the terminal: `drbot " + command + " show " + i.ID.String() + "`.")
}

func sayMoved(i *incident.Incident) templates.Message {
	return say(drillWord(i) + i.ID.String() + " is restricted now and goes on in a private channel. Ask who leads it.")
}

func sayWaitsAtTerminal(i *incident.Incident, a *incident.Approval) templates.Message {
	return say(fmt.Sprintf("%s%s needs a decision and has no channel: `drbot approve %s` at the terminal.", drillWord(i), i.ID, a.Name()))
}

func drillWord(i *incident.Incident) string {
	if i.Drill {
		return "DRILL · "
	}
	return ""
}

// sayNotTurned gives people back what they typed: the form that had it shows nothing any more.
func sayNotTurned(form templates.Form, words []string) templates.Message {
	text := "Slack did not show the next page of “" + form.Title + "” in time, and nothing was changed or sent."
	if len(words) > 0 {
		text += " What you typed, to send it again:"
	}
	m := say(text)
	for _, w := range words {
		m.Blocks = append(m.Blocks, templates.Lines{Lines: [][]templates.Span{{templates.T(w)}}})
	}
	return m
}
