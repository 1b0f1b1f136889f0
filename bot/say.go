package bot

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// Names of the followers; a store is opened with them.
const (
	Say  = "slack.say"
	Draw = "slack.draw"
	Keep = "slack.keep"
)

// Followers are say and draw, and keep where there is a place for files, for the loop.
func (b *Bot) Followers() []follow.Follower {
	list := []follow.Follower{sayer{b}, b.drawer}
	if b.Files != "" {
		list = append(list, keeper{b})
	}
	return list
}

// sayer posts: one message where a person must act or must be told, each from its own event, in the record's order.
type sayer struct{ *Bot }

var sayWants = []string{
	incident.ConfigLoaded{}.EventKind(), incident.PeopleChanged{}.EventKind(), incident.Frozen{}.EventKind(), incident.Thawed{}.EventKind(), incident.AttemptFound{}.EventKind(),
	incident.RunbookLoaded{}.EventKind(),
	incident.Opened{}.EventKind(), incident.ChannelBound{}.EventKind(), incident.ChannelLost{}.EventKind(), incident.TypeSet{}.EventKind(),
	incident.SeveritySet{}.EventKind(), incident.UpdateSent{}.EventKind(), incident.UpdateDrafted{}.EventKind(), incident.UpdateReviewed{}.EventKind(), incident.UpdateEdited{}.EventKind(), incident.DeadlineSpoken{}.EventKind(), incident.Resolved{}.EventKind(), incident.Reopened{}.EventKind(), incident.WindowSet{}.EventKind(), incident.ReviewOpened{}.EventKind(),
	incident.RunPlanned{}.EventKind(), incident.ReadsDone{}.EventKind(), incident.RunStarted{}.EventKind(), incident.ApprovalAsked{}.EventKind(),
	incident.StepEnded{}.EventKind(), incident.StepNotStarted{}.EventKind(), incident.StepUnknown{}.EventKind(), incident.HandAsked{}.EventKind(),
	incident.GlassBroken{}.EventKind(), incident.RoleOffered{}.EventKind(),
	incident.RunPaused{}.EventKind(), incident.ConditionAsked{}.EventKind(), incident.Paged{}.EventKind(), incident.PageFailed{}.EventKind(),
}

func (sayer) Name() string { return Say }
func (sayer) Wants(kind string) bool {
	return slices.Contains(sayWants, kind) || slices.Contains(reviewWants, kind) || slices.Contains(itemWants, kind)
}

// Once: a post that happens twice is read twice.
func (sayer) Once(state.Record) bool { return true }

// Deliver posts what one record says. What was made before an error stands in the notes.
func (s sayer) Deliver(ctx context.Context, batch follow.Batch) (follow.Done, error) {
	done := follow.Done{Notes: map[string]string{}}
	for _, r := range batch.Records {
		t := &talk{Bot: s.Bot, ctx: ctx, id: batch.Incident, record: r, notes: batch.Notes, fresh: done.Notes, unsure: batch.Unsure}
		if err := t.deliver(); err != nil {
			return done, later(err)
		}
		done.Through = r.Seq
	}
	return done, nil
}

func (t *talk) deliver() error {
	e, err := t.record.Event()
	if err != nil {
		return err
	}
	if _, err := t.whoami(t.ctx); err != nil {
		return err // links need the workspace's address
	}
	if t.id == 0 {
		return t.house(e)
	}
	if t.i, err = t.Memory.Incident(t.ctx, state.Ref{ID: t.id}); err != nil {
		return err
	}
	switch e := e.(type) {
	case incident.Opened:
		return t.opened()
	case incident.ChannelBound:
		return t.bound(e)
	case incident.ChannelLost:
		return t.lost(e)
	case incident.TypeSet:
		return t.withdrawn()
	case incident.SeveritySet:
		return t.severity(e)
	case incident.DeadlineSpoken:
		return t.deadline(e)
	case incident.Paged:
		return t.paged(e)
	case incident.PageFailed:
		if e.Past {
			return nil
		}
		return t.notPaged(e.Page, e.Why, e.Over)
	case incident.Resolved:
		return t.resolution(e)
	case incident.ReviewOpened:
		if err := t.review(); err != nil {
			return err
		}
		return t.kept(e)
	case incident.Reopened:
		return t.reopened(e)
	case incident.WindowSet:
		return t.windowMoved()
	}
	if done, err := t.message(e); done {
		return err
	}
	if done, err := t.reviewed(e); done {
		return err
	}
	if done, err := t.items(e); done {
		return err
	}
	return t.run(e)
}

// message is a message of people, on its way.
func (t *talk) message(e incident.Event) (done bool, err error) {
	switch e := e.(type) {
	case incident.UpdateSent:
		return true, t.update(e)
	case incident.UpdateDrafted:
		return true, t.looks(e)
	case incident.UpdateReviewed:
		return true, t.sentBack(e)
	case incident.UpdateEdited:
		return true, t.edited(e)
	}
	return false, nil
}

// severity tells of another severity; the first one stands on the card.
func (t *talk) severity(e incident.SeveritySet) error {
	if e.From == e.To || e.From == 0 {
		return nil
	}
	return t.line("severity/"+t.seq(), templates.Severity(t.i, e))
}

func (t *talk) seq() string { return t.mark("").seq }

// usable reports whether the incident's own channel can be posted to.
func (t *talk) usable() bool { return t.i.Channel.ID != "" && t.i.Channel.Lost == "" }

// line posts into the incident's channel, where there is one.
func (t *talk) line(object string, m templates.Message) error {
	if !t.usable() {
		return nil
	}
	_, err := t.post(posting{object: object, channel: t.i.Channel.ID, message: m})
	return t.channelTrouble(err)
}

// channelTrouble turns "the channel is gone" into an outcome: the record then says so, and so does the house channel.
func (t *talk) channelTrouble(err error) error {
	if !is(err, "channel_not_found", "is_archived", "not_in_channel") {
		return err
	}
	if t.cameBack(t.ctx, t.i.Channel.ID) {
		return follow.Unavailable{Err: err}
	}
	why := map[string]string{"channel_not_found": "deleted by hand", "is_archived": "archived by hand", "not_in_channel": "drbot was removed from it"}[troubled(err).code]
	return t.outcome(t.ctx, commands.LoseChannel{Incident: t.id, Channel: t.i.Channel.ID, Why: why}, []string{Say + "/" + t.seq() + "/lost"}, 0)
}

// toHouse posts into the house channel; the object is kept with whichever notes are at hand.
func (t *talk) toHouse(object string, m templates.Message) error {
	channel, err := t.houseID(t.ctx)
	if err != nil {
		return err
	}
	_, err = t.post(posting{object: object, channel: channel, message: m})
	return err
}

// house carries out records of stream 0.
func (t *talk) house(e incident.Event) error {
	switch e := e.(type) {
	case incident.ConfigLoaded:
		return t.recordChannels()
	case incident.PeopleChanged:
		if len(e.Changes)+len(e.Odd) == 0 {
			return nil
		}
		return t.toHouse("people/"+t.seq(), templates.PeopleChanged(e))
	case incident.RunbookLoaded:
		return t.lockCard(e)
	case incident.Frozen:
		return t.toHouseAndRuns("frozen/"+t.seq(), templates.Frozen(e, t.facts()), nil)
	case incident.AttemptFound:
		return t.found(e)
	case incident.DeadlineSpoken:
		return t.head()
	case incident.Thawed:
		return t.toHouseAndRuns("thawed/"+t.seq(), templates.Thawed(e, nil), func(r *incident.Run) templates.Message { return templates.Thawed(e, r) })
	}
	return nil
}

// found says that drbot froze the runner by itself, because of the first attempt that the record does not know; the cards
// hold it until an admin thaws.
func (t *talk) found(e incident.AttemptFound) error {
	f := t.facts()
	if f.House != nil && len(f.House.Stray) > 0 && f.House.Stray[0] != e.Attempt {
		return nil
	}
	return t.toHouseAndRuns("frozen/"+t.seq(), templates.Frozen(incident.Frozen{By: incident.Bot, Reason: e.Reason()}, f), nil)
}

// recordChannels keeps the ids that the configured names have now, so that another channel of the same name is none (I15).
func (t *talk) recordChannels() error {
	for note, name := range map[string]string{noteAnnounce: t.Announce, noteHouse: t.House} {
		if name == "" {
			continue
		}
		id, err := t.resolved(t.ctx, note, name)
		if err != nil {
			return err
		}
		t.keep(note, name+"="+id)
	}
	return nil
}

// toHouseAndRuns also tells the channels that have a run, the same or what of makes for the run.
func (t *talk) toHouseAndRuns(object string, m templates.Message, of func(*incident.Run) templates.Message) error {
	if err := t.toHouse(object, m); err != nil {
		return err
	}
	open, err := t.Memory.List(t.ctx, state.Query{Open: true})
	if err != nil {
		return err
	}
	for _, summary := range open {
		i, err := t.Memory.Incident(t.ctx, state.Ref{ID: summary.ID})
		if err != nil {
			return err
		}
		r := i.LiveRun()
		if r == nil || r.StartedAt.IsZero() || i.Channel.ID == "" || i.Channel.Lost != "" {
			continue
		}
		if of != nil {
			m = of(r)
		}
		_, err = t.post(posting{object: object + "/" + i.ID.String(), channel: i.Channel.ID, message: m})
		if err != nil && troubled(err).away {
			return err
		}
	}
	return nil
}

// lost says in the house channel that an incident has no channel any more.
func (t *talk) lost(e incident.ChannelLost) error {
	return t.toHouse("lost/"+t.seq(), sayLost(t.i, e, t.Incident))
}

// notesOf are the messages of an incident: those of say, and where draw posted one anew, that one.
func (b *Bot) notesOf(ctx context.Context, id incident.ID) (map[string]string, error) {
	cursor, err := b.Memory.Cursor(ctx, Say, id)
	if err != nil {
		return nil, err
	}
	drawn, err := b.Memory.Cursor(ctx, Draw, id)
	if err != nil {
		return nil, err
	}
	notes := maps.Clone(cursor.Notes)
	if notes == nil {
		notes = map[string]string{}
	}
	for key, value := range drawn.Notes {
		if !strings.HasPrefix(key, noteHash) || notes[key] != "" || value != "" {
			notes[key] = value
		}
	}
	return notes, nil
}
