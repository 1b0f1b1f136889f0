package commands

import (
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// Who reads of a restricted incident (I56): the people in its private channel, as the chat says. Nobody else is let in, not
// by a role or a task either, and who leaves the channel reads no more.
type (
	// MembersAre: who is in the channel now; chat users.
	MembersAre struct {
		Incident incident.ID
		Channel  string
		Users    []string
	}
	// MemberLeft: one left it, and the chat does not say who is in.
	MemberLeft struct {
		Incident      incident.ID
		Channel, User string
	}
)

// membersAre compares it with what is known.
func (o *Office) membersAre(e MembersAre) rule {
	return func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		now := make([]incident.Person, 0, len(e.Users))
		for _, user := range e.Users {
			now = append(now, o.chatUser(user))
		}
		events := i.SeeMembers(e.Channel, now)
		for _, e := range events {
			seen := e.(incident.MembersSeen)
			for k := range seen.Out {
				seen.Out[k] = o.chatUser(seen.Out[k].Slack)
			}
		}
		return events, nil
	}
}

func (o *Office) memberLeft(e MemberLeft) rule {
	return func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.LoseMember(e.Channel, o.chatUser(e.User)), nil
	}
}

// chatUser is a user of the chat under the name that is known of them.
func (o *Office) chatUser(user string) incident.Person {
	if entry, ok := o.People().Slack(user); ok {
		return entry.Person("")
	}
	flags, _ := o.Flags.Get(user)
	return incident.Person{Key: "slack:" + user, Name: or(flags.Name, user), Slack: user}
}

// inside reports whether a person is one of a restricted incident's people: they speak in its private channel, or are known
// to be in it. The public channel of an incident that became restricted later is no inside.
//
// As long as the chat has not said who is in (there is no channel yet, or none at all), it is who opened it and who has a
// role; so it is for people who have no chat user and can be in no channel.
func inside(i *incident.Incident, p incident.Person, channel string) bool {
	if i.Closed(channel) {
		return true
	}
	had := p.Same(i.OpenedBy)
	user := p.Slack
	if had {
		user = or(user, i.OpenedBy.Slack)
	}
	for _, holder := range i.Roles {
		if p.Same(holder) {
			had, user = true, or(user, holder.Slack)
		}
	}
	if i.Members == nil || user == "" {
		return had
	}
	return i.Members.Has(user)
}

// Insider reports whether a person is one of an incident's people, who alone read of a restricted one (I56).
func Insider(i *incident.Incident, p incident.Person) bool { return inside(i, p, "") }

// trusted keeps a restricted incident among its people (I56): who is given a part of it must be able to read it.
func trusted(c *call, i *incident.Incident, who incident.Person) error {
	if !i.Restricted || who.Key == "" || who.Same(c.person) || inside(i, who, "") {
		return nil
	}
	if i.Members == nil {
		return incident.Refuse(incident.BadInput, "%s is none of the people of this restricted incident.", who.Name).Then("It has no channel yet to invite them into: give them a role first.")
	}
	return incident.Refuse(incident.BadInput, "%s is not in the channel of this restricted incident, and could not read it.", who.Name).Then("Invite them into the channel first.")
}

// mayHold is trusted for roles. While there is no channel, a role is what lets people in.
func mayHold(c *call, i *incident.Incident, who incident.Person) error {
	if i.Members == nil {
		return nil
	}
	return trusted(c, i, who)
}
