package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// help shows the table: one line a verb, or one verb whole.
func help(_ context.Context, o *Office, c *call) (Reply, error) {
	name := strings.ToLower(strings.TrimPrefix(c.Text, "/"))
	if c.Actor.Slack == "" {
		return o.terminalHelp(c.Object, name)
	}
	if name == "" { // what is typed at a terminal alone has no line here
		return Reply{Say: o.helpOf("incident", "recover")}, nil
	}
	for _, group := range []string{"incident", "recover", "runbook"} {
		if v := Find(group + " " + name); v != nil && !v.Hidden {
			return Reply{Say: templates.Message{Text: o.helpLine(v, true)}}, nil
		}
	}
	if v := nearest("incident", name); v != nil {
		return Reply{}, incident.Refuse(incident.BadInput, "No verb `%s`. Did you mean `%s`?", cut(name, 40), v.Name)
	}
	return Reply{}, incident.Refuse(incident.BadInput, "No verb `%s`.", cut(name, 40)).Then("`%s help` lists them.", "/"+o.command("incident"))
}

// helpOf is the help of some groups, a line a verb. Code is inert, so names and grammar stay as they are.
func (o *Office) helpOf(groups ...string) templates.Message {
	m := templates.Message{Text: said("helphead", nil)}
	m.Blocks = append(m.Blocks, templates.Lines{Lines: [][]templates.Span{{templates.T(m.Text)}}})
	for _, group := range groups {
		var lines []string
		for _, v := range Of(group) {
			lines = append(lines, o.helpLine(v, false))
		}
		if len(lines) > 0 {
			m.Blocks = append(m.Blocks, templates.Code{Text: strings.Join(lines, "\n")})
		}
	}
	return m
}

func (o *Office) helpLine(v *Verb, whole bool) string {
	prefix := "/" + o.command(v.Group)
	if v.Group == "runbook" {
		prefix = "drbot runbook" // no slash command: the terminal, or the acceptance card
	}
	line := strings.TrimSpace(prefix + " " + v.Name + " " + v.Grammar)
	if !whole {
		return line
	}
	who := string(v.May) + "s"
	if v.May == incident.Everyone {
		who = "every full member"
	}
	if v.Also != "" {
		who += " and " + string(v.Also) + "s"
	}
	if v.Example != "" {
		line += fmt.Sprintf("\nLike: %s %s", prefix, v.Example)
	}
	return fmt.Sprintf("%s\n%s For %s.", line, v.Does, who)
}

// bare is the command without a word: outside an incident the open form, inside what can be done next. A message's
// shortcut gives it the message, whose first line becomes the title and whose link goes along.
func bare(ctx context.Context, o *Office, c *call) (Reply, error) {
	if c.Channel == "" || c.Text != "" || c.Link != "" {
		return helpOrForm(o, c)
	}
	c.ref = state.Ref{Index: "channel", Value: c.Channel}
	i, err := o.Store.Incident(ctx, c.ref)
	if err != nil || !i.Active() {
		return helpOrForm(o, c)
	}
	if err := o.may(c, i); err != nil {
		return Reply{}, err
	}
	m := o.helpOf("incident", "recover")
	buttons := nextActions(i)
	m.Blocks = append([]templates.Block{
		templates.Lines{Lines: [][]templates.Span{{templates.B(drill(i) + i.ID.String() + " "), templates.T(i.Title)}}},
		templates.Actions{Elements: buttons},
	}, m.Blocks...)
	return Reply{Say: m, ID: i.ID, Seq: i.Seq}, nil
}

func helpOrForm(o *Office, c *call) (Reply, error) {
	if c.Actor.Slack == "" {
		return o.terminalHelp("", "")
	}
	open := *c
	open.verb = Find("incident open")
	return open.form(o, openForm(o, titleOf(c.Text)), "")
}

// nextActions are the buttons of what an incident needs next, most urgent first.
func nextActions(i *incident.Incident) []templates.Element {
	object := objectOf(i)
	var list []templates.Element
	if i.AckedAt.IsZero() {
		list = append(list, templates.Button{Verb: "incident ack", Object: object, Label: "I'm on it", Style: "primary"})
	}
	if i.LiveRun() == nil {
		list = append(list, templates.Button{Verb: "recover plan", Object: object, Label: "Recover…"})
	}
	return append(list,
		templates.Button{Verb: "incident update", Object: object, Label: "Post update…"},
		templates.Button{Verb: "incident severity", Object: object, Label: "Severity or type…"},
		templates.Button{Verb: "incident resolve", Object: object, Label: "Resolve…"})
}

// unknownVerb answers a line whose first word is no verb: a slip is named, and the line is offered as a title.
func unknownVerb(_ context.Context, o *Office, c *call) (Reply, error) {
	word, _ := head(c.Text)
	meant := ""
	if v := nearest("incident", word); v != nil {
		meant = v.Name
	}
	say := said("noverb", facts{"Word": cut(word, 40), "Meant": meant})
	if c.Actor.Slack == "" {
		return Reply{}, incident.Refuse(incident.BadInput, "%s", say).Then("To open an incident: drbot incident open %s", cut(c.Text, 200))
	}
	return Reply{Kind: incident.BadInput, Say: templates.Message{Text: say, Blocks: []templates.Block{
		templates.Lines{Lines: [][]templates.Span{{templates.T(say)}}},
		templates.Actions{Elements: []templates.Element{
			templates.Button{Verb: "incident open", Object: o.typed.keep("", line{owner: c.person.Key, text: c.Text}), Label: said("openoffer", facts{"Title": cut(c.Text, 40)})},
			templates.Button{Verb: "incident help", Label: "Help"},
		}},
	}}}, nil
}
