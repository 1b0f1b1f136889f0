package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// What people did to messages while drbot did not hear is found when it hears again: the channel of each incident that
// is open, or in review, is read
// once, with its threads. Every finding is a command or an outcome that changes nothing when it is known already, so that
// it happens exactly once however often the channel is read and whatever comes live meanwhile.

const (
	missedPage    = 200 // messages a call
	missedPages   = 50  // of a channel: 10,000 messages
	missedThreads = 300 // of a channel
	missedBurst   = 8   // calls at once; Slack allows about 50 a minute
	missedTries   = 5   // of one call that Slack limits or does not answer
	missedPace    = 1300 * time.Millisecond
	missedReview  = 30 * 24 * time.Hour // people collect what a review is made of in the days after the resolution
)

// missed lets one reading go on at a time, and one more after it where drbot was deaf again meanwhile.
type missed struct {
	mu             sync.Mutex
	running, again bool
}

// catchUpSoon reads what was missed, behind whatever goes on.
func (b *Bot) catchUpSoon() {
	b.missed.mu.Lock()
	defer b.missed.mu.Unlock()
	if b.missed.running {
		b.missed.again = true
		return
	}
	b.missed.running = true
	b.after(func(ctx context.Context) {
		for {
			if err := b.catchUp(ctx); err != nil && ctx.Err() == nil {
				b.Log.Warn("what was kept with 📌, or who came and went, while drbot was away was not read to the end; the next return of Slack tries again", "error", err)
			}
			b.missed.mu.Lock()
			if b.missed.running = b.missed.again && ctx.Err() == nil; !b.missed.running {
				b.missed.mu.Unlock()
				return
			}
			b.missed.again = false
			b.missed.mu.Unlock()
		}
	})
}

// catchUp goes through the channels of the incidents that are open, or whose review is.
func (b *Bot) catchUp(ctx context.Context) error {
	me, err := b.whoami(ctx)
	if err != nil {
		return err
	}
	all := []error{b.membersAgain(ctx)}
	alive, err := b.Memory.List(ctx, state.Query{Alive: true})
	if err != nil {
		return err
	}
	pace := &pace{}
	for _, summary := range alive {
		i, err := b.Memory.Incident(ctx, state.Ref{ID: summary.ID})
		if err != nil {
			return err
		}
		if !i.Active() && (i.State == incident.StateClosed || b.Now().Sub(i.ResolvedAt) > missedReview) {
			continue
		}
		if i.Channel.ID == "" || i.Channel.Lost != "" || b.sharedChannel(ctx, i.Channel.ID) {
			continue
		}
		s := &scan{Bot: b, ctx: ctx, i: i, me: me.UserID, pace: pace, seen: map[string]bool{}}
		if err := s.channel(); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// scan reads one channel.
type scan struct {
	*Bot
	ctx  context.Context
	i    *incident.Incident
	me   string
	pace *pace
	seen map[string]bool // ts of every message that was read
}

func (s *scan) channel() error {
	var threads []string
	cursor, whole := "", false
	for range missedPages {
		var answer *slack.GetConversationHistoryResponse
		err := s.pace.call(s.ctx, func() (err error) {
			answer, err = s.api.GetConversationHistoryContext(s.ctx, &slack.GetConversationHistoryParameters{ChannelID: s.i.Channel.ID, Cursor: cursor, Limit: missedPage})
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range answer.Messages {
			if err := s.message(m); err != nil {
				return err
			}
			if m.ReplyCount > 0 {
				threads = append(threads, m.Timestamp)
			}
		}
		if cursor = answer.ResponseMetaData.NextCursor; cursor == "" {
			whole = true
			break
		}
	}
	if len(threads) > missedThreads {
		s.Log.Warn("not every thread of a channel was looked through for 📌", "incident", s.i.ID.String(), "threads", len(threads), "read", missedThreads)
		threads = threads[:missedThreads]
	}
	for _, ts := range threads {
		if err := s.thread(ts); err != nil {
			return err
		}
	}
	if !whole {
		s.Log.Warn("not every message of a channel was looked through for 📌", "incident", s.i.ID.String())
	}
	return s.gone()
}

func (s *scan) thread(ts string) error {
	for cursor := ""; ; {
		var replies []slack.Message
		err := s.pace.call(s.ctx, func() (err error) {
			replies, _, cursor, err = s.api.GetConversationRepliesContext(s.ctx, &slack.GetConversationRepliesParameters{ChannelID: s.i.Channel.ID, Timestamp: ts, Cursor: cursor, Limit: missedPage})
			return err
		})
		if is(err, "thread_not_found", "message_not_found") {
			return nil
		}
		if err != nil {
			return err
		}
		for _, m := range replies {
			if m.Timestamp != ts {
				if err := s.message(m); err != nil {
					return err
				}
			}
		}
		if cursor == "" {
			return nil
		}
	}
}

// message compares one message with what the timeline has of it.
func (s *scan) message(m slack.Message) error {
	if s.seen[m.Timestamp] {
		return nil
	}
	s.seen[m.Timestamp] = true
	at := place{s.i.Channel.ID, m.Timestamp}
	fact := s.i.PinFacts[at.String()]
	held, marked := holds(s.i, at), hasPushpin(m, s.me)
	switch {
	case held && fact.Gone, !held && !marked:
		return nil
	case held && m.SubType == "tombstone":
		return s.changed(commands.PinChanged{Deleted: true}, at)
	case held && marked == fact.Mark || held && marked:
		return s.edit(m, at, fact)
	}
	// Somebody may be doing the opposite right now, and drbot hears of it: only what is still so counts.
	var now slack.Message
	var found bool
	if err := s.pace.call(s.ctx, func() (err error) { now, found, err = s.read(s.ctx, at); return err }); err != nil || !found {
		return err
	}
	if hasPushpin(now, s.me) != marked {
		return nil
	}
	if held {
		if err := s.changed(commands.PinChanged{Off: true}, at); err != nil {
			return err
		}
		s.mark(s.ctx, at, false)
		return nil
	}
	return s.pin(now, at)
}

// pin keeps a message in the name of the first of those who marked it and may.
func (s *scan) pin(m slack.Message, at place) error {
	s.learnNow(s.ctx, m.User)
	for _, r := range m.Reactions {
		if r.Name != pushpin {
			continue
		}
		for _, user := range r.Users {
			if user == s.me {
				continue
			}
			s.learnNow(s.ctx, user)
			c := s.pinCommand(at, messageOf(m))
			c.Fields["mark"] = []string{pushpin}
			c.Actor = commands.Actor{Slack: user, Name: s.nameOf(user, "")}
			reply, err := s.handle(s.ctx, c)
			if err != nil {
				return err
			}
			if reply.Done() {
				s.mark(s.ctx, at, true)
				return nil
			}
		}
	}
	return nil
}

// edit follows an edit that nobody told of. A text that was redacted here is not brought back.
func (s *scan) edit(m slack.Message, at place, fact incident.PinFact) error {
	text := s.worded(typedText(messageOf(m).said()))
	if m.Edited == nil || m.BotID != "" || fact.Sum == incident.SumOf(state.Blanked) || fact.Sum == incident.SumOf(text) {
		return nil
	}
	return s.changed(commands.PinChanged{Text: text}, at)
}

// gone looks for kept messages that the channel does not show any more.
func (s *scan) gone() error {
	for _, pin := range s.i.Pins {
		at, ok := placeOf(pin)
		if !ok || at.channel != s.i.Channel.ID || s.seen[at.ts] || s.i.PinFacts[pin].Gone {
			continue
		}
		var found bool
		if err := s.pace.call(s.ctx, func() (err error) { _, found, err = s.read(s.ctx, at); return err }); err != nil {
			return err
		}
		if !found {
			if err := s.changed(commands.PinChanged{Deleted: true}, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scan) changed(c commands.PinChanged, at place) error {
	c.Incident, c.Channel, c.TS = s.i.ID, at.channel, at.ts
	return s.outcome(s.ctx, c, nil, 0)
}

// pace spreads calls so that live ones of the same kind still get through, and waits out limits.
type pace struct {
	calls int
	last  time.Time
}

func (p *pace) call(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		if p.calls++; p.calls > missedBurst {
			if err := pause(ctx, missedPace-time.Since(p.last)); err != nil {
				return err
			}
		}
		p.last = time.Now()
		err := do()
		t := troubled(err)
		if t == nil {
			return nil
		}
		if !t.away || try == missedTries {
			return t
		}
		if err := pause(ctx, max(t.again, time.Duration(try)*time.Second)); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
