package incident

import "slices"

// Members are the chat users who are in the private channel of a restricted incident, as the chat said last. They alone
// read of it (I56): neither a role nor a task lets anybody in, and who leaves the channel reads no more.
type Members struct {
	Of []string `json:"of"` // chat users, in order
}

// Has reports whether a chat user is in.
func (m *Members) Has(user string) bool { return m != nil && user != "" && slices.Contains(m.Of, user) }

// MembersSeen says who came into the private channel of a restricted incident, and who is there no more.
type MembersSeen struct {
	Channel string   `json:"channel"`
	In      []Person `json:"in,omitempty"`
	Out     []Person `json:"out,omitempty"`
}

func (MembersSeen) EventKind() string { return "MembersSeen" }

// Closed reports whether a channel is the private one in which a restricted incident goes on.
func (i *Incident) Closed(channel string) bool {
	return i.Restricted && i.Channel.Private && channel != "" && i.Channel.ID == channel
}

// SeeMembers takes in who is in the channel now. What is known already is no event, but for the first time.
func (i *Incident) SeeMembers(channel string, now []Person) []Event {
	if !i.Closed(channel) {
		return nil
	}
	e := MembersSeen{Channel: channel}
	for _, p := range now {
		if !i.Members.Has(p.Slack) && p.Slack != "" {
			e.In = append(e.In, p)
		}
	}
	if i.Members != nil {
		for _, user := range i.Members.Of {
			if !slices.ContainsFunc(now, func(p Person) bool { return p.Slack == user }) {
				e.Out = append(e.Out, Person{Slack: user})
			}
		}
	}
	if i.Members != nil && len(e.In)+len(e.Out) == 0 {
		return nil
	}
	return []Event{e}
}

// LoseMember takes out one who left, when the chat does not say who is in.
func (i *Incident) LoseMember(channel string, p Person) []Event {
	if !i.Closed(channel) || !i.Members.Has(p.Slack) {
		return nil
	}
	return []Event{MembersSeen{Channel: channel, Out: []Person{p}}}
}

func (i *Incident) applyMembers(e MembersSeen) {
	m := &Members{}
	if i.Members != nil {
		m.Of = slices.Clone(i.Members.Of)
	}
	for _, p := range e.Out {
		m.Of = slices.DeleteFunc(m.Of, func(user string) bool { return user == p.Slack })
	}
	for _, p := range e.In {
		if !slices.Contains(m.Of, p.Slack) {
			m.Of = append(m.Of, p.Slack)
		}
	}
	slices.Sort(m.Of)
	i.Members = m
}
