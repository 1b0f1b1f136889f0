package commands

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"sync"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// complete finds the verb, the person and the incident of a command. It reads nothing from the store: the incident is
// named by a Ref, and the store resolves it inside the transaction.
func (o *Office) complete(_ context.Context, c Command) (*call, error) {
	verb := Find(c.Verb)
	if verb == nil {
		return nil, incident.Refuse(incident.BadInput, "drbot has no %q.", c.Verb)
	}
	person, known, err := o.who(c.Actor)
	if err != nil {
		return nil, err
	}
	if person.Key == "" && !verb.Reads {
		return nil, nobody()
	}
	full := &call{Command: written(c), verb: verb, person: person, known: known}
	full.Object, full.mark = unmarked(full.Object)
	if was, ok := o.typed.take(c.Object, person.Key); ok {
		full.Object, _, _ = strings.Cut(c.Object, typedMark)
		full.Text = was.text
		if was.fields != nil {
			full.Link, full.Fields = was.link, was.fields
		}
	}
	if verb.Scope == OfIncident || verb.Scope == InChannel {
		full.ref = refOf(full.Object, c.Channel)
	}
	return full, nil
}

// written is the command with its texts as they were meant: no rule has to ask whether anybody would see them. The fields of
// a plan stay as they came: a parameter's value is judged by its pattern and reaches the step as it is (I34).
func written(c Command) Command {
	c.Text = incident.Written(c.Text)
	if c.Fields != nil && c.Verb != "recover choose" {
		fields := make(map[string][]string, len(c.Fields))
		for name, values := range c.Fields {
			fields[name] = make([]string, len(values))
			for k, value := range values {
				fields[name][k] = incident.Written(value)
			}
		}
		c.Fields = fields
	}
	return c
}

// refOf names the incident of a command: by its object (42, R7, A17, R7/p1.s6, 42/…), else by the channel.
func refOf(object, channel string) state.Ref {
	name, _, _ := strings.Cut(object, "/")
	switch {
	case runName.MatchString(name) && name[0] == 'R':
		return state.Ref{Index: "run", Value: name}
	case runName.MatchString(name):
		return state.Ref{Index: "approval", Value: name}
	}
	if id, err := incident.ParseID(name); err == nil {
		return state.Ref{ID: id}
	}
	if channel != "" {
		return state.Ref{Index: "channel", Value: channel}
	}
	return state.Ref{}
}

// may checks, inside the transaction, what the person may do now (I10, I15, I56).
func (o *Office) may(c *call, i *incident.Incident) error {
	if i.Exists() && i.Restricted && !inside(i, c.person, c.Channel) {
		return restricted(i.ID)
	}
	if err := o.mayAnywhere(c); err != nil {
		return err
	}
	if c.verb.Scope == InChannel && c.Actor.Slack != "" && i.Exists() && (c.Channel == "" || c.Channel != i.Channel.ID) {
		return incident.Refuse(incident.NotAllowed, "Runs and approvals of %s are decided in its own channel.", i.ID).Then("Do it there, or at the terminal.")
	}
	return c.sameCard(i)
}

// mayAnywhere checks the rights that hang on no incident.
func (o *Office) mayAnywhere(c *call) error {
	table := o.People()
	if !table.May(c.person.Key, c.verb.May) && (c.verb.Also == "" || !table.May(c.person.Key, c.verb.Also)) {
		return o.noRight(c, table)
	}
	if !c.verb.Decides {
		return nil
	}
	if _, seen := o.Flags.Get(c.Actor.Slack); c.Actor.Slack != "" && !seen {
		return incident.Refuse(incident.NotAllowed, "drbot has not heard from the chat yet whether you are a full member.").Then("Try again in a minute, or decide at the terminal.")
	}
	if c.Actor.Slack == "" && o.Config().RunAs == "" {
		return incident.Refuse(incident.NotAllowed, "Nothing is decided at the terminal while steps run under drbot's own account: a step could type this too.").
			Then("Decide in the channel, or set runner.user.")
	}
	return nil
}

// noRight says who may, and what the person may instead.
func (o *Office) noRight(c *call, table *people.Table) error {
	if c.person.Key == "" {
		return nobody()
	}
	if !c.known {
		return incident.Refuse(incident.Unknown, "You may open incidents and add notes.").
			Then("For more, an admin adds to drbot.yaml: `- {name: %s, slack: %s, roles: [responder]}`", or(c.person.Name, "…"), or(c.Actor.Slack, "…"))
	}
	rights := []incident.Right{c.verb.May}
	if c.verb.Also != "" {
		rights = append(rights, c.verb.Also)
	}
	var roles, holders []string
	for _, right := range rights {
		roles = append(roles, string(right)+"s")
	}
	for _, p := range table.With(rights...) {
		holders = append(holders, p.Name)
	}
	who, here := strings.Join(roles, " and "), strings.Join(holders, ", ")
	deed := or(c.verb.Deed, "use `"+o.typedAs(c.verb)+"`")
	return incident.Refuse(incident.NotAllowed, "Only %s %s. %s here: %s.", who, deed, strings.ToUpper(who[:1])+who[1:], or(here, "nobody yet")).
		Then("%s", canDo(table, c.person.Key))
}

// canDo says what the person may do, as the end of a refusal.
func canDo(table *people.Table, key string) string {
	var can []string
	for _, right := range []struct {
		right incident.Right
		words string
	}{{incident.Responder, "respond"}, {incident.Operator, "plan and run"}, {incident.Approver, "approve"}, {incident.Admin, "thaw and requeue"}} {
		if table.May(key, right.right) {
			can = append(can, right.words)
		}
	}
	if len(can) == 0 {
		return "You can open incidents and add notes."
	}
	return "You can " + strings.Join(can, ", ") + "."
}

// typedAs is how a verb is typed in the chat, with the configured name of its command.
func (o *Office) typedAs(v *Verb) string {
	return strings.TrimSpace("/" + o.command(v.Group) + " " + v.Name)
}

// command is the configured name of a group's command.
func (o *Office) command(group string) string {
	config := o.Config()
	switch group {
	case "incident":
		return or(config.Incident, group)
	case "recover":
		return or(config.Recover, group)
	}
	return group
}

// restricted is all that people outside hear of a restricted incident (I56).
func restricted(id incident.ID) error {
	return incident.Refuse(incident.NotAllowed, "%s is restricted to the people in its channel.", id)
}

// maxChoices is how many open incidents are offered as buttons (UX §2).
const maxChoices = 5

// which answers a command that names no incident, in a channel that has none: the open ones, as buttons that carry on.
func (o *Office) which(ctx context.Context, c *call) (Reply, error) {
	open, err := o.choices(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	say := said("which", facts{"Here": c.Channel != "", "Like": strings.TrimSpace(c.verb.Name + " INC-42 " + cut(c.Text, 200))})
	if len(open) == 0 {
		return Reply{Say: templates.Message{Text: said("listnone", nil)}, Kind: incident.NotFound}, nil
	}
	var buttons []templates.Element
	var names []string
	for _, s := range open {
		object := strconv.FormatUint(uint64(s.ID), 10)
		if place, ok := placeOf(c); ok {
			object = o.typed.keep(object+"/"+place, line{owner: c.person.Key, text: c.Text, link: c.Link, fields: c.Fields})
		} else if c.Text != "" && c.Actor.Slack != "" {
			object = o.typed.keep(object, line{owner: c.person.Key, text: c.Text})
		}
		label := s.ID.String()
		if !s.Restricted {
			label += " " + s.Title
		}
		if s.Drill && !s.Restricted {
			label = "DRILL " + label
		}
		names = append(names, cut(label, 60))
		buttons = append(buttons, templates.Button{Verb: c.verb.Full(), Object: object, Label: cut(label, 70)})
	}
	text := said("whichtext", facts{"Which": say, "Open": strings.Join(names, "; ")})
	return Reply{Kind: incident.NotFound, Say: templates.Message{Text: text, Blocks: []templates.Block{
		templates.Lines{Lines: [][]templates.Span{{templates.T(say)}}}, templates.Actions{Elements: buttons},
	}}}, nil
}

// choices are the open incidents that are offered: of the restricted ones, a message to keep is offered to its people's alone.
func (o *Office) choices(ctx context.Context, c *call) ([]incident.Summary, error) {
	if c.verb.Full() != verbPin {
		return o.Store.List(ctx, state.Query{Open: true, Limit: maxChoices})
	}
	open, err := o.Store.List(ctx, state.Query{Open: true})
	if err != nil {
		return nil, err
	}
	var theirs []incident.Summary
	for _, s := range open {
		if s.Restricted {
			i, err := o.Store.Incident(ctx, state.Ref{ID: s.ID})
			if err != nil {
				return nil, err
			}
			if !inside(i, c.person, c.Channel) {
				continue
			}
		}
		if theirs = append(theirs, s); len(theirs) == maxChoices {
			break
		}
	}
	return theirs, nil
}

// memory keeps what people typed until they press the button that carries on with it, so that a button holds an id and
// never text. It is lost with the process: then the verb asks again.
type memory struct {
	mu    sync.Mutex
	lines map[string]line
	order []string
}

// line is what somebody typed, or the message that they keep, with its link and fields.
type line struct {
	owner, text, link string
	fields            map[string][]string
}

// typedMark is before what brings a line back, in an object.
const typedMark = "/typed-"

// maxLines bounds what is remembered.
const maxLines = 1000

// keep gives the object that brings a line back to its owner.
func (m *memory) keep(object string, l line) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lines == nil {
		m.lines = map[string]line{}
	}
	if len(m.order) >= maxLines {
		delete(m.lines, m.order[0])
		m.order = m.order[1:]
	}
	token := object + typedMark + rand.Text()
	m.lines[token], m.order = l, append(m.order, token)
	return token
}

// take looks a token up. It stays, so that a repeated delivery means the same.
func (m *memory) take(token, owner string) (line, bool) {
	if !strings.Contains(token, typedMark) {
		return line{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.lines[token]
	return l, ok && l.owner == owner
}

// or is s, or the other where s is empty.
func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
