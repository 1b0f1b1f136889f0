package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/state/follow"
)

const drawPatience = 20 * time.Second

// run draws one message after the other until ctx ends.
func (d *drawer) run(ctx context.Context) {
	for ctx.Err() == nil {
		it, found, wait := d.next(time.Now())
		if found {
			turn := d.budget.take(time.Now(), spare(d.urgencyOf(it)))
			if turn == 0 {
				d.done(it, d.draw(ctx, it))
				continue
			}
			if wait < 0 || turn < wait {
				wait = turn
			}
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer:
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for it := range d.dirty {
		d.tell(it, ctx.Err())
	}
}

// next is the most urgent message that may be redrawn, where there is one, and how long until another one may, negative
// when none waits for that.
func (d *drawer) next(now time.Time) (best item, found bool, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	wait = -1
	for it, w := range d.dirty {
		if rest := redrawEvery - now.Sub(d.shown[it].at); rest > 0 && !d.shown[it].at.IsZero() {
			if wait < 0 || rest < wait {
				wait = rest
			}
			continue
		}
		if !found || before(w, d.dirty[best]) {
			best, found = it, true
		}
	}
	return best, found, wait
}

func (d *drawer) urgencyOf(it item) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.dirty[it]; w != nil {
		return w.urgency
	}
	return leastUrgent
}

// spare is how many redraws must be left over for more urgent messages when one of this urgency is drawn, so that in a
// burst what people decide by does not stand behind what they only read.
func spare(urgency int) float64 {
	if urgency <= urgentEnd {
		return 0
	}
	return min(redrawBurst/2, float64(urgency-urgentEnd))
}

func before(wa, wb *wish) bool {
	if wa.urgency != wb.urgency {
		return wa.urgency < wb.urgency
	}
	return wa.since.Before(wb.since)
}

// done tells who waited. What Slack could not take now stays, and is the next one's turn after a pause.
func (d *drawer) done(it item, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var u follow.Unavailable
	if errors.As(later(err), &u) {
		d.budget.pause(time.Now(), max(u.RetryAfter, time.Second))
		for _, waiter := range d.dirty[it].waiters {
			waiter <- err
		}
		d.dirty[it].waiters = nil
		return
	}
	d.tell(it, err)
}

// tell answers and forgets an item; the lock is held.
func (d *drawer) tell(it item, err error) {
	for _, waiter := range d.dirty[it].waiters {
		waiter <- err
	}
	delete(d.dirty, it)
	delete(d.closing, it)
}

// draw draws one message from the head of the fold.
func (d *drawer) draw(ctx context.Context, it item) error {
	ctx, cancel := context.WithTimeout(ctx, drawPatience)
	defer cancel()
	s, err := d.scene(ctx, it.id)
	if err != nil {
		return err
	}
	if it.object == noteTopic {
		return d.drawTopic(ctx, it, s)
	}
	m, upload, ok := s.message(it.object)
	at, there := placeOf(s.notes[it.object])
	if !ok || !there {
		d.budget.giveBack()
		return nil
	}
	if m.Attach != nil && !s.facts.Uploaded[upload] {
		file, err := d.upload(ctx, at, m.Attach)
		if err != nil {
			return err
		}
		d.noteMoved(it, map[string]string{noteFile + upload: file})
		s.facts.Uploaded[upload] = true
		m, _, _ = s.message(it.object)
	}
	hash := s.hash(m)
	if hash == d.known(it, s.notes) {
		d.budget.giveBack()
		return nil
	}
	err = d.redraw(ctx, at, m, s.frame())
	switch {
	case err == nil:
	case s.i == nil:
		return err
	case is(err, "is_archived", "is_inactive", "channel_not_found"):
		return d.lose(ctx, s.i, at, "archived or deleted by hand")
	case is(err, "not_in_channel"):
		return d.lose(ctx, s.i, at, "drbot was removed from it")
	case fleeting(it.object) && is(err, "edit_window_closed", "message_not_found"):
		// It was deleted with its update, or is so old that nobody presses it.
	case is(err, "edit_window_closed", "message_not_found", "cant_update_message", "block_mismatch"):
		if err := d.postAnew(ctx, it, at, s); err != nil {
			return err
		}
	default:
		return err
	}
	d.remember(it, hash)
	d.noteMoved(it, map[string]string{noteHash + it.object: hash})
	return nil
}

// maxShown bounds what is remembered of drawings; what is forgotten is compared with the notes again.
const maxShown = 5000

func (d *drawer) remember(it item, hash string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.shown) >= maxShown {
		clear(d.shown)
	}
	d.shown[it] = shownAs{hash: hash, at: time.Now()}
}

// postAnew puts a message that cannot be edited any more at the end of the channel; the pin moves along.
func (d *drawer) postAnew(ctx context.Context, it item, old place, s *scene) error {
	mark := mark{object: it.object + "/anew", incident: it.id.String(), seq: strings.ReplaceAll(old.ts, ".", "-")}
	at, found, err := d.find(ctx, place{channel: old.channel}, mark, s.i.OpenedAt)
	if err != nil {
		return err
	}
	m, _, _ := s.message(it.object)
	if !found {
		drawn := render(spoken(m), s.frame())[0]
		_, ts, err := d.api.PostMessageContext(ctx, old.channel, slack.MsgOptionText(escape(drawn.text), false),
			slack.MsgOptionBlocks(drawn.blocks...), slack.MsgOptionMetadata(mark.metadata()), slack.MsgOptionDisableLinkUnfurl())
		if err != nil {
			return troubled(err)
		}
		at = place{old.channel, ts}
	}
	d.noteMoved(it, map[string]string{it.object: at.String()})
	if it.object != "card" {
		return nil
	}
	if err := d.api.AddPinContext(ctx, at.channel, slack.NewRefToMessage(at.channel, at.ts)); err != nil && !is(err, "already_pinned", "too_many_pins") {
		d.Log.Warn("the card was not pinned", "incident", it.id.String(), "error", troubled(err))
	}
	if err := d.api.RemovePinContext(ctx, old.channel, slack.NewRefToMessage(old.channel, old.ts)); err != nil && !is(err, "no_pin", "not_pinned", "message_not_found") {
		d.Log.Warn("the old card is still pinned", "incident", it.id.String(), "error", troubled(err))
	}
	return nil
}

// drawTopic sets the channel's topic; it costs no redraw.
func (d *drawer) drawTopic(ctx context.Context, it item, s *scene) error {
	d.budget.giveBack()
	topic := s.topic()
	if topic == "" {
		return nil
	}
	channel, text, _ := strings.Cut(topic, "=")
	if _, err := d.api.SetTopicOfConversationContext(ctx, channel, escape(text)); err != nil {
		if is(err, "is_archived", "channel_not_found", "not_in_channel") {
			return nil // the card's redraw says so
		}
		return troubled(err)
	}
	d.remember(it, topic)
	d.noteMoved(it, map[string]string{noteTopic: topic})
	return nil
}
