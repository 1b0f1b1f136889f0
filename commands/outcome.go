package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
)

// Outcomes of followers and of the process itself. The step outcomes of the runner are in outcome_step.go.
type (
	// BindChannel: the chat channel of an incident exists.
	BindChannel struct {
		Incident      incident.ID
		Channel, Name string
		Private       bool
	}
	// LoseChannel: it was archived or deleted by hand.
	LoseChannel struct {
		Incident     incident.ID
		Channel, Why string
	}
	// ParkDelivery: a follower gave one record up. Incident 0 is the house.
	ParkDelivery struct {
		Incident incident.ID
		Follower string
		Seq      uint64
		Why      string
	}
	// Tick: a deadline of the incident may have come. Incident 0 is the house.
	Tick struct{ Incident incident.ID }
	// ClockStepped: the machine's clock was set back by more than 2 s (I54).
	ClockStepped struct{ Back time.Duration }
	// AttemptFound: an attempt is on disk that the record does not know.
	AttemptFound struct{ Attempt string }
	// HeadPosted: a head of the record was shown outside (I42).
	HeadPosted struct {
		Seq         uint64
		Hash, Where string
	}
	// ConfigLoaded: the configuration was read; people are compared with those that were loaded before (I17).
	ConfigLoaded struct {
		Digest string
		By     incident.Person
	}
	// PeopleLearned: chat or PagerDuty told ids and phone numbers of people whom the configuration names; Odd is what of
	// it is not taken, a sentence each.
	PeopleLearned struct{ Odd []string }
	// LockSigned: a trusted SSH signature over the loaded lock. Principal is whom the allowed signers name.
	LockSigned struct {
		LockDigest string
		Principal  string // an email
		Signature  []byte
	}
	// RunbookLoaded: a runbook is the one that new runs use from now on. Loader is empty when serve read it by itself.
	RunbookLoaded struct {
		Runbook *runbook.Runbook
		Loader  incident.Person
	}
)

// outcome carries out what drbot itself reports. A repeated one changes nothing.
func (o *Office) outcome(ctx context.Context, c Command) (Reply, error) {
	switch e := c.Outcome.(type) {
	case BindChannel:
		return o.settle(ctx, c, e.Incident, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
			if other := v.Other(state.Ref{Index: "channel", Value: e.Channel}); other.Exists() && other.ID != i.ID {
				return nil, incident.Refuse(incident.Blocked, "Channel %s belongs to %s.", e.Channel, other.ID)
			}
			return i.BindChannel(incident.ChannelBound{ID: e.Channel, Name: e.Name, Private: e.Private}), nil
		})
	case LoseChannel:
		return o.settle(ctx, c, e.Incident, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
			return i.LoseChannel(e.Channel, e.Why), nil
		})
	case ParkDelivery:
		parked := incident.DeliveryParked{Follower: e.Follower, Seq: e.Seq, Why: cut(e.Why, 500)}
		if e.Incident == 0 {
			return o.settleHouse(ctx, c, func(state.View) (state.Decision, error) { return houseEvent(parked), nil })
		}
		return o.settle(ctx, c, e.Incident, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
			return i.Park(parked), nil
		})
	case Tick:
		if e.Incident == 0 {
			return o.settleHouse(ctx, c, func(v state.View) (state.Decision, error) { return houseEvent(v.House().Tick(v.Now())...), nil })
		}
		return o.settle(ctx, c, e.Incident, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
			events := i.Tick(v.Now())
			return append(events, o.woken(v, i, events)...), nil
		})
	case AttemptFound:
		return o.settleHouse(ctx, c, func(v state.View) (state.Decision, error) {
			if slices.Contains(v.House().Stray, e.Attempt) {
				return state.Decision{}, nil
			}
			return houseEvent(incident.AttemptFound{Attempt: e.Attempt}), nil
		})
	case HeadPosted:
		return o.settleHouse(ctx, c, func(state.View) (state.Decision, error) {
			return houseEvent(incident.HeadPosted{Seq: e.Seq, Hash: e.Hash, Where: e.Where}), nil
		})
	case ClockStepped:
		return o.clockStepped(ctx, c, e)
	case ConfigLoaded:
		return o.configLoaded(ctx, c, e)
	case RunbookLoaded:
		return o.runbookLoaded(ctx, c, e)
	case LockSigned:
		return o.lockSigned(ctx, c, e)
	case ItemProbed:
		return o.settle(ctx, c, e.Incident, func(_ state.View, i *incident.Incident) ([]incident.Event, error) { return probed(i, e), nil })
	case PinChanged:
		return o.settle(ctx, c, e.Incident, func(_ state.View, i *incident.Incident) ([]incident.Event, error) { return pinChanged(i, e), nil })
	case KeepFile:
		return o.settle(ctx, c, e.Incident, func(state.View, *incident.Incident) ([]incident.Event, error) {
			return []incident.Event{e.FileKept}, nil
		})
	case MessageLeft:
		return o.settle(ctx, c, e.Incident, func(_ state.View, i *incident.Incident) ([]incident.Event, error) { return i.Left(e.MessageLeft), nil })
	case MembersAre:
		return o.settle(ctx, c, e.Incident, o.membersAre(e))
	case MemberLeft:
		return o.settle(ctx, c, e.Incident, o.memberLeft(e))
	case PageTaken:
		return o.pageTaken(ctx, c, e)
	case PageFailed:
		return o.settle(ctx, c, e.Incident, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
			return i.FailPage(e.Page, cut(e.Why, 300), e.Over, e.Past), nil
		})
	case PeopleLearned:
		return o.peopleLearned(ctx, c, e)
	case HearAlert:
		return o.hearAlert(ctx, c, e)
	}
	reply, known, err := o.stepOutcome(ctx, c)
	if !known && err == nil {
		err = fmt.Errorf("outcome %T is unknown", c.Outcome)
	}
	return reply, err
}

// settle commits an outcome on one incident.
func (o *Office) settle(ctx context.Context, c Command, id incident.ID, decide rule) (Reply, error) {
	if id == 0 {
		return Reply{}, fmt.Errorf("outcome %T names no incident", c.Outcome)
	}
	return o.do(ctx, state.Change{Target: state.Ref{ID: id}, Keys: c.Keys, Keep: c.Keep, Decide: func(v state.View) (state.Decision, error) {
		i := v.Incident()
		if !i.Exists() {
			return state.Decision{}, state.ErrNotFound
		}
		events, err := decide(v, i)
		if err != nil || len(events) == 0 {
			return state.Decision{}, err
		}
		events, after := proven(v, i, events)
		return effects(after, events), nil
	}})
}

// settleHouse commits an outcome on stream 0.
func (o *Office) settleHouse(ctx context.Context, c Command, decide func(state.View) (state.Decision, error)) (Reply, error) {
	return o.do(ctx, state.Change{Keys: c.Keys, Keep: c.Keep, Decide: decide})
}

func houseEvent(events ...incident.Event) state.Decision { return state.Decision{House: events} }

// clockStepped ends every approval that could still start something: its times mean nothing any more (I54).
func (o *Office) clockStepped(ctx context.Context, c Command, e ClockStepped) (Reply, error) {
	open, err := o.Store.List(ctx, state.Query{Open: true})
	if err != nil {
		return Reply{}, err
	}
	return o.settleHouse(ctx, c, func(v state.View) (state.Decision, error) {
		d := houseEvent(incident.ClockStepped{Back: e.Back})
		for _, s := range open {
			i := v.Other(state.Ref{ID: s.ID})
			if !i.Exists() {
				continue
			}
			if events := i.EndApprovals(v.Now(), "the clock was set back by "+e.Back.Round(time.Second).String()); len(events) > 0 {
				if d.Also == nil {
					d.Also = map[incident.ID][]incident.Event{}
				}
				d.Also[s.ID] = events
			}
		}
		return d, nil
	})
}

// configLoaded notes the revision, and says in words what changed in people and roles.
func (o *Office) configLoaded(ctx context.Context, c Command, e ConfigLoaded) (Reply, error) {
	changed, err := o.peopleChanged(ctx)
	if err != nil {
		return Reply{}, err
	}
	return o.settleHouse(ctx, c, func(v state.View) (state.Decision, error) {
		d := changed(v, v.House().Odd)
		if v.House().Config != e.Digest {
			d.House = append([]incident.Event{incident.ConfigLoaded{Digest: e.Digest, By: e.By}}, d.House...)
		}
		return d, nil
	})
}

// peopleLearned says what chat or PagerDuty told of people, and what was odd about it.
func (o *Office) peopleLearned(ctx context.Context, c Command, e PeopleLearned) (Reply, error) {
	changed, err := o.peopleChanged(ctx)
	if err != nil {
		return Reply{}, err
	}
	return o.settleHouse(ctx, c, func(v state.View) (state.Decision, error) {
		d := changed(v, e.Odd)
		for k, event := range d.House {
			if people, ok := event.(incident.PeopleChanged); ok {
				people.Learned = true
				d.House[k] = people
			}
		}
		return d, nil
	})
}

// peopleChanged compares the table with the one that was recorded last. It is kept as a blob under its digest, so that the
// next one can be compared with it.
func (o *Office) peopleChanged(ctx context.Context) (func(state.View, []string) state.Decision, error) {
	table := o.People()
	house, err := o.Store.House(ctx)
	if err != nil {
		return nil, err
	}
	var before *people.Table
	if old, err := o.Store.Blob(ctx, house.People); err == nil && house.People != "" {
		before = tableOf(old)
	}
	entries, err := json.Marshal(table.All())
	if err != nil {
		return nil, err
	}
	return func(v state.View, odd []string) state.Decision {
		var d state.Decision
		if v.House().People != table.Digest() || !slices.Equal(v.House().Odd, odd) {
			e := incident.PeopleChanged{Digest: table.Digest(), Changes: table.Changes(before), Odd: odd, Unapproved: unapproved(before, table)}
			d.House, d.Blobs = []incident.Event{e}, [][]byte{entries}
		}
		return d
	}, nil
}

// unapproved lists the people who could approve by the table before and cannot by the one now.
func unapproved(before, now *people.Table) []string {
	if before == nil {
		return nil
	}
	var keys []string
	for _, p := range before.With(incident.Approver) {
		if !slices.ContainsFunc(now.With(incident.Approver), p.Same) {
			keys = append(keys, p.Key)
		}
	}
	return keys
}

// tableOf reads a kept table; nil when it cannot be read, and then everybody counts as new.
func tableOf(blob []byte) *people.Table {
	var entries []people.Entry
	if json.Unmarshal(blob, &entries) != nil {
		return nil
	}
	table, err := people.New(entries)
	if err != nil {
		return nil
	}
	return table
}
