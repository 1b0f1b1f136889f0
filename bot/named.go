package bot

import (
	"context"
	"regexp"
	"strings"

	"github.com/drbot/drbot/commands"
)

// Slack writes people, channels and links in angle brackets: <@U1|bea>, <#C1|incidents>, <https://…|label>. As text they
// are unreadable, and everything that drbot shows is text (UX §1.4): they become words here, once, on their way in.
// Nobody is asked who somebody is: what is not known stays its label, or its id.

var bracketed = regexp.MustCompile(`<(@[UW][A-Z0-9]+|#[CGD][A-Z0-9]+|![a-z]+[^<>|\s]*|[a-z][a-z0-9+.-]*:[^<>|\s]+)(?:\|([^<>]*))?>`)

// worded writes what Slack marks up in a text as people read it. The text is unescaped already.
func (b *Bot) worded(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	return bracketed.ReplaceAllStringFunc(text, func(s string) string {
		parts := bracketed.FindStringSubmatch(s)
		what, label := parts[1], parts[2]
		switch what[0] {
		case '@':
			return "@" + b.calledOf(what[1:], label)
		case '#':
			return "#" + b.places.called(what[1:], label)
		case '!':
			if label != "" {
				return label // a group's name, an instant as it is written out
			}
			return "@" + what[1:]
		}
		return addressOf(what, label)
	})
}

// calledOf is the name of a chat user: the configuration's, what Slack said, the label, the id.
func (b *Bot) calledOf(id, label string) string {
	if b.People != nil {
		if entry, ok := b.People().Slack(id); ok {
			return entry.Name
		}
	}
	if label == "" {
		label = id
	}
	return b.nameOf(id, label)
}

// addressOf is a link's address; what Slack made a link of by itself stays as it was typed.
func addressOf(address, label string) string {
	for _, scheme := range []string{"http://", "https://", "mailto:", "tel:"} {
		if address == scheme+label || strings.TrimSuffix(address, "/") == scheme+label {
			return label
		}
	}
	return strings.TrimPrefix(address, "mailto:")
}

// called is the name of a channel, where it is a configured one; else its label or its id.
func (p *places) called(id, label string) string {
	if label != "" {
		return label
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, known := range p.ids {
		if known == id {
			return name
		}
	}
	return id
}

// anywhere stands for no word of its own.
const anywhere = -1

// whoAt says which word of a typed line is a person, for the verbs that take one: there a mention stays one.
var whoAt = map[string]int{"incident page": 0, "incident handover": 0, "recover handover": 0, "incident role": 1, "incident checklist": 1,
	"incident task": anywhere, "incident action": anywhere, "incident review": anywhere}

// parsed reads a typed line. Whom it is about Slack is asked for a moment, so that the answer names them; what is text
// becomes words.
func (b *Bot) parsed(ctx context.Context, group, line string) commands.Command {
	c := commands.Parse(group, typedText(line))
	k, takes := whoAt[c.Verb]
	if takes && k == anywhere {
		c.Text = bracketed.ReplaceAllStringFunc(c.Text, func(s string) string {
			if id := mentioned.FindStringSubmatch(s); id != nil {
				b.learnNow(ctx, id[1])
				return s
			}
			return b.worded(s)
		})
		return c
	}
	if !takes {
		c.Text = b.worded(c.Text)
		return c
	}
	rest, kept := c.Text, ""
	for range k + 1 {
		rest = strings.TrimLeft(rest, " \t")
		end := strings.IndexAny(rest, " \t\n")
		if end < 0 {
			end = len(rest)
		}
		kept += " " + rest[:end]
		rest = rest[end:]
	}
	if id := mentioned.FindStringSubmatch(kept); id != nil {
		b.learnNow(ctx, id[1])
	}
	c.Text = strings.TrimSpace(kept) + b.worded(rest)
	return c
}

var mentioned = regexp.MustCompile(`<@([UW][A-Z0-9]+)`)
