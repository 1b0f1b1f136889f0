package commands

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// call is a command that was completed: the verb, who it is, and which incident it is about.
type call struct {
	Command
	verb   *Verb
	person incident.Person
	known  bool      // the person is in the people table
	ref    state.Ref // of the incident; zero where the verb needs none
	mark   string    // of what was shown where it was pressed
	blobs  [][]byte  // what the events name by digest; a rule may add to them
}

// answer is what the store keeps for a repeated delivery.
type answer struct {
	Say  string        `json:"say"`
	Kind incident.Kind `json:"kind,omitempty"`
}

// Sizes of answers in bytes: of what is said, and of its JSON, which the store keeps up to 1 KiB.
const (
	maxAnswer  = 900
	maxEncoded = 1000
)

// encode makes the bytes that are kept. Characters that JSON writes longer cost words, never the command.
func (a answer) encode() ([]byte, error) {
	a.Say = cut(a.Say, maxAnswer)
	for {
		text, err := json.Marshal(a)
		if err != nil || len(text) <= maxEncoded {
			return text, err
		}
		a.Say = cut(a.Say, len(a.Say)*2/3)
	}
}

// who maps the door's proof to exactly one person, or to a member who may open and note, or at the terminal to nobody,
// who has no key and may read (I9).
func (o *Office) who(a Actor) (incident.Person, bool, error) {
	table := o.People()
	var entry people.Entry
	var known bool
	proof := ""
	switch {
	case a.Slack != "":
		entry, known = table.Slack(a.Slack)
		proof = "slack:" + a.Slack
		flags, seen := o.Flags.Get(a.Slack)
		if a.Foreign || seen && (flags.Guest || flags.Deactivated || flags.Bot || flags.Foreign) {
			return incident.Person{}, false, incident.Refuse(incident.Unknown, "Only full members of this workspace use drbot.")
		}
		if !known {
			return incident.Person{Key: proof, Name: a.Name, Slack: a.Slack, Proof: proof}, false, nil
		}
	case a.SSH != "":
		entry, known = table.SSH(a.SSH)
		proof = "ssh:" + incident.Digest([]byte(a.SSH))[:16]
	case a.Unix != "":
		entry, known = table.Unix(a.Unix)
		proof = "unix:" + a.Unix
	}
	if !known && a.Terminal {
		return incident.Person{Proof: proof}, false, nil // nobody: reads, and nothing else
	}
	if !known {
		return incident.Person{}, false, nobody()
	}
	return entry.Person(proof), true, nil
}

// nobody is what a door without a proof hears (I9).
func nobody() error {
	return incident.Refuse(incident.Unknown, "drbot does not know who you are here.").
		Then("A shared account or root proves nobody: sign with your SSH key, or an admin adds unix: or ssh_key: to your line in drbot.yaml.")
}

// rule decides inside the store, with the rules of package incident.
type rule func(v state.View, i *incident.Incident) ([]incident.Event, error)

// change commits a rule on the call's incident. Rights are read inside the transaction, from the table as it is then.
// say makes the answer from the incident as it is after the events.
func (o *Office) change(ctx context.Context, c *call, decide rule, say func(*incident.Incident) string) (Reply, error) {
	if c.ref == (state.Ref{}) {
		return Reply{}, state.ErrNotFound
	}
	return o.commit(ctx, c, state.Change{Target: c.ref, Keys: c.Keys, Keep: c.Keep}, decide, say)
}

func (o *Office) commit(ctx context.Context, c *call, change state.Change, decide rule, say func(*incident.Incident) string) (Reply, error) {
	change.Decide = func(v state.View) (state.Decision, error) {
		i := v.Incident()
		if !change.New && !i.Exists() {
			return state.Decision{}, state.ErrNotFound
		}
		err := o.may(c, i)
		var events []incident.Event
		if err == nil {
			events, err = decide(v, i)
		}
		if err != nil {
			return refused(c, i.Exists(), err)
		}
		events, after := proven(v, i, events)
		d := effects(after, events)
		d.Blobs = c.blobs
		d.Answer, err = answer{Say: say(after)}.encode()
		return d, err
	}
	return o.do(ctx, change)
}

// house commits a decision on stream 0: freeze, acceptance, reload. say runs after decide.
func (o *Office) house(ctx context.Context, c *call, decide func(state.View) ([]incident.Event, error), say func() string) (Reply, error) {
	return o.do(ctx, state.Change{Keys: c.Keys, Keep: c.Keep, Decide: func(v state.View) (state.Decision, error) {
		err := o.mayAnywhere(c)
		if home := o.Config().HouseID; err == nil && c.verb.Scope == InHouse && c.Actor.Slack != "" && (home == "" || c.Channel != home) {
			err = incident.Refuse(incident.NotAllowed, "Locks are accepted in the house channel.").Then("Do it there, or at the terminal.")
		}
		var events []incident.Event
		if err == nil {
			events, err = decide(v)
		}
		if err != nil {
			d, err := refused(c, true, err)
			d.House, d.Events = d.Events, nil
			return d, err
		}
		text, err := answer{Say: say()}.encode()
		return state.Decision{House: events, Answer: text, Blobs: c.blobs}, err
	}})
}

// do commits and reads the kept answer, the same for the first delivery and for a repeated one (I47).
func (o *Office) do(ctx context.Context, change state.Change) (Reply, error) {
	result, err := o.Store.Do(ctx, change)
	if claim := (*state.ClaimError)(nil); errors.As(err, &claim) {
		return Reply{}, incident.Refuse(incident.Blocked, "%s is held by a run of %s.", strings.TrimPrefix(claim.Name, "lock:"), claim.Holder).Then("Wait for it, or end it there.")
	}
	if err != nil {
		return Reply{}, err
	}
	var a answer
	if len(result.Answer) > 0 {
		if err := json.Unmarshal(result.Answer, &a); err != nil {
			return Reply{}, err
		}
	}
	return Reply{Say: templates.Message{Text: a.Say}, Kind: a.Kind, ID: result.ID, Seq: result.Seq, Again: result.Again}, nil
}

// refused records the refusal of a known person about rights, approvals, runs and locks, as a decision of its own
// (I42). Other refusals are errors and write nothing.
func refused(c *call, exists bool, err error) (state.Decision, error) {
	refusal := (*incident.Refusal)(nil)
	if !errors.As(err, &refusal) || !c.known || !exists {
		return state.Decision{}, err
	}
	switch refusal.Kind {
	case incident.NotAllowed, incident.Blocked, incident.TooLate:
	case incident.WrongState:
		if c.verb.Scope != InChannel {
			return state.Decision{}, err
		}
	default:
		return state.Decision{}, err
	}
	text, err := answer{Say: refusal.Error(), Kind: refusal.Kind}.encode()
	what := strings.TrimSpace(c.verb.Full() + " " + cut(c.Object, 100))
	return state.Decision{
		Events: []incident.Event{incident.Refused{By: c.person, What: what, Kind: refusal.Kind, Why: refusal.Say}},
		Answer: text,
	}, err
}

// folded is the incident after the events. Notes and pins change nothing that an answer or an effect reads, and the
// busiest verb is the note: they get the fold as it is.
func folded(v state.View, i *incident.Incident, events []incident.Event) *incident.Incident {
	plain := true
	for _, e := range events {
		switch e.(type) {
		case incident.Noted, incident.Pinned, incident.PinStays, incident.PinEdited, incident.Unpinned, incident.PinDeleted, incident.FileKept:
		default:
			plain = false
		}
	}
	if plain {
		return i
	}
	after := i.Clone()
	for k, e := range events {
		after.Apply(incident.Stamp{Seq: after.Seq, N: i.N + uint64(k) + 1, Time: v.Now()}, e)
	}
	return after
}

// effects derives claims, releases, indexes and what the house counts from events, so that no rule can forget them.
func effects(after *incident.Incident, events []incident.Event) state.Decision {
	d := state.Decision{Events: events, House: incident.RanIn(after, events)}
	for _, e := range events {
		switch e := e.(type) {
		case incident.ChannelBound:
			d.Index = append(d.Index, state.Ref{Index: "channel", Value: e.ID})
		case incident.RunPlanned:
			d.Index = append(d.Index, state.Ref{Index: "run", Value: incident.RunName(e.Run)})
		case incident.ApprovalAsked:
			d.Index = append(d.Index, state.Ref{Index: "approval", Value: incident.ApprovalName(e.Approval)})
		case incident.RunStarted:
			if r := after.Run(e.Run); r != nil && r.State != incident.Ended {
				d.Claim = append(d.Claim, r.Locks()...)
			}
		case incident.RunEnded:
			if r := after.Run(e.Run); r != nil && !r.StartedAt.IsZero() {
				d.Release = append(d.Release, r.Locks()...)
			}
		}
	}
	return d
}

// cut shortens to n bytes at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
