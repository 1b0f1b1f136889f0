package commands

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// ackIncident says "I'm on it": it stops the response clock, and who acknowledges commands if nobody does.
func ackIncident(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.Acknowledge(c.person)
	}, func(i *incident.Incident) string {
		commander := i.Roles[incident.Commander]
		return said("acked", about(i, facts{"You": commander.Same(c.person), "Commander": commander.Name}))
	})
}

// setRole gives a part to a person.
func setRole(ctx context.Context, o *Office, c *call) (Reply, error) {
	word, rest := head(c.Text)
	if len(c.Fields) > 0 {
		word, rest = c.Field("role"), c.Field("who")
	} else if word == "" {
		return roleForm(ctx, o, c)
	}
	role, err := parseRole(word)
	if err != nil {
		return c.atField("role", Reply{}, err)
	}
	who, err := o.someone(c, rest)
	if err != nil {
		return c.atField("who", Reply{}, err)
	}
	reply, err := o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		if err := mayHold(c, i, who); err != nil {
			return nil, err
		}
		return i.TakeRole(rights{o.People(), o.Flags}, c.person, role, who)
	}, func(i *incident.Incident) string {
		return said("role", about(i, facts{"Who": who.Name, "Role": role}))
	})
	return c.atField("who", reply, err)
}

func parseRole(word string) (incident.Role, error) {
	word = strings.ToLower(word)
	var found []incident.Role
	for _, role := range incident.Roles {
		if len(word) >= 2 && strings.HasPrefix(string(role), word) {
			found = append(found, role)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return "", incident.Refuse(incident.BadInput, "%q is no role.", cut(word, 40)).Then("It is commander, scribe, communications or operations.")
}

func roleForm(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	var roles []templates.Option
	for _, role := range incident.Roles {
		roles = append(roles, templates.Option{Value: string(role), Label: strings.ToUpper(string(role[:1])) + string(role[1:]), Hint: i.Roles[role].Name})
	}
	return c.form(o, templates.Form{Verb: "incident role", Object: objectOf(i), Title: "Roles", Submit: "Give", Fields: []templates.Field{
		{ID: "role", Label: "Role", Kind: templates.FieldSelect, Options: roles, Value: string(incident.Commander)},
		{ID: "who", Label: "Person", Kind: templates.FieldPerson, Value: c.Actor.Slack},
	}}, "Role and person are missing.")
}

// userID is a chat user's id as a form's picker gives it.
var userID = regexp.MustCompile(`^[UW][A-Z0-9]{4,20}$`)

// someone finds the person that was typed or picked: me, <@U0BEA|bea>, U0BEA, @Bea, an email. A chat user whom the
// table does not know may get a part under the name that the chat gives, but no guest and nobody of another workspace.
func (o *Office) someone(c *call, typed string) (incident.Person, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return incident.Person{}, incident.Refuse(incident.BadInput, "The person is missing.").Then("Write @name, or me.")
	}
	if strings.EqualFold(typed, "me") {
		return c.person, nil
	}
	table := o.People()
	id, name := typed, ""
	if m := mention.FindStringSubmatch(typed); m != nil {
		id, name = m[1], m[2]
	}
	entry, known := table.Slack(id)
	if !known {
		entry, known = table.Named(typed)
	}
	if known && entry.Slack != "" {
		id = entry.Slack
	}
	flags, seen := o.Flags.Get(id)
	name = or(flags.Name, name)
	if seen && (flags.Guest || flags.Deactivated || flags.Bot || flags.Foreign) {
		return incident.Person{}, incident.Refuse(incident.BadInput, "%s is no full member of this workspace.", or(name, "Who you named"))
	}
	if known {
		return entry.Person(""), nil
	}
	if seen || id != typed || userID.MatchString(id) {
		if name == "" || name == id {
			return incident.Person{}, incident.Refuse(incident.BadInput, "Who you named is not in drbot.yaml, and the chat has not said their name yet.").
				Then("Try again, or an admin adds: `- {name: …, slack: %s, roles: [responder]}`", id)
		}
		return incident.Person{Key: "slack:" + id, Name: name, Slack: id}, nil
	}
	var names []string
	for _, e := range table.All() {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return incident.Person{}, incident.Refuse(incident.BadInput, "%q is nobody here, or more than one.", cut(typed, 60)).
		Then("drbot.yaml has: %s.", cut(strings.Join(names, ", "), 300))
}
