package bot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// Objects of messages about messages, and of promises to others than responders:
//
//	look/3                            the third message that waits for a second look
//	lookdue/3/0                       it waits for long, and drbot was so many seconds late with saying so
//	executives/1764040000             the update for executives that is due at that second
//	executiveslate/1764040000/2400    it was missed, and drbot said so 2400 s later
//	owed/1764040000/0                 what others were mailed that they hear by that second has not come
//	owedsoon/1764040000               what they were mailed that they hear by that second is due
//	endheld/3/0/0                     the third message tells of the end and has not left: the first reminder of that
//	again/1764040000                  it was reopened at that second
//	window/soon/1764040000/0          the end of the maintenance window that ends at that second
//	windowmoved/1764040000            the window was moved at that second
const (
	lookPrefix      = "look/"
	lookDuePrefix   = "lookdue/"
	executivePrefix = "executives/"
	execLatePrefix  = "executiveslate/"
	owedPrefix      = "owed/"
	owedSoonPrefix  = "owedsoon/"
	endPrefix       = "endheld/"
	againPrefix     = "again/"
	windowPrefix    = "window/"
	movedPrefix     = "windowmoved/"
)

// telling objects are redrawn from the fold.
func telling(object string) bool {
	return slices.ContainsFunc([]string{lookPrefix, lookDuePrefix, executivePrefix, execLatePrefix, owedPrefix, owedSoonPrefix, endPrefix, againPrefix, windowPrefix, movedPrefix}, func(prefix string) bool { return strings.HasPrefix(object, prefix) })
}

// told is what such a message shows now.
func (b *Bot) told(i *incident.Incident, object string) (templates.Message, bool) {
	n := numbers(object)
	switch {
	case strings.HasPrefix(object, lookPrefix) && len(n) == 1:
		o := i.Outgone(int(n[0]))
		if o == nil {
			return templates.Message{}, false // decided so long ago that the fold forgot it
		}
		return templates.SecondLook(i, o, b.outlets()), true
	case strings.HasPrefix(object, lookDuePrefix) && len(n) == 2:
		o := i.Outgone(int(n[0]))
		if o == nil {
			return templates.Message{}, false
		}
		return templates.LookDue(i, o, seconds(n[1])), true
	case strings.HasPrefix(object, endPrefix) && len(n) == 3:
		o := i.Outgone(int(n[0]))
		if o == nil {
			return templates.Message{}, false
		}
		return templates.EndHeld(i, o, seconds(n[2])), true
	case strings.HasPrefix(object, executivePrefix) && len(n) == 1:
		return templates.Reminder(i, templates.Promised{Executives: true, Due: secondOf(n[0])}, draftOf(i)), true
	case strings.HasPrefix(object, execLatePrefix) && len(n) == 2:
		return templates.Reminder(i, templates.Promised{Executives: true, Due: secondOf(n[0]), Missed: true, Late: seconds(n[1])}, draftOf(i)), true
	case strings.HasPrefix(object, owedPrefix) && len(n) == 2:
		return templates.Missing(i, templates.Overdue{Due: secondOf(n[0]), Late: seconds(n[1])}), true
	case strings.HasPrefix(object, owedSoonPrefix) && len(n) == 1:
		return templates.OwedSoon(i, templates.Overdue{Due: secondOf(n[0])}, draftOf(i)), true
	case strings.HasPrefix(object, againPrefix) && len(n) == 1:
		if i.Again == nil || i.Again.At.Unix() != n[0] {
			return templates.Message{}, false // reopened once more since
		}
		return templates.GoesOn(i, *i.Again, draftOf(i)), true
	case strings.HasPrefix(object, windowPrefix), strings.HasPrefix(object, movedPrefix):
		return windowMessage(i, object)
	}
	return templates.Message{}, false
}

// outlets are how the audiences outside of the chat are reached, for people who decide about a message.
func (b *Bot) outlets() map[incident.Audience]string {
	if b.Outlets == nil {
		return nil
	}
	return b.Outlets()
}

// update posts an update as a new message, takes its reminder away, and carries it to the announcement's thread. What passed
// a second look was posted before: only what follows it outside is new.
func (t *talk) update(e incident.UpdateSent) error {
	if e.Draft != 0 {
		return nil
	}
	m := templates.Update(t.i, e)
	if err := t.line(fmt.Sprintf("update/%d", e.Number), m); err != nil {
		return err
	}
	reminder := fmt.Sprintf("reminder/%d", e.Number)
	err := t.remove(func(object string) bool {
		return object == reminder || strings.HasPrefix(object, reminder+"/") || strings.HasPrefix(object, executivePrefix) && slices.Contains(e.To, incident.AudienceExecutives) || t.paid(object)
	})
	if err != nil || len(e.To) > 0 && !slices.Contains(e.To, incident.AudienceAnnouncement) {
		return err
	}
	if e.Outward != "" {
		m = templates.Outward(t.i, e.Outward)
	}
	return t.inThread(fmt.Sprintf("update/%d/announcement", e.Number), m)
}

// edited follows an edit where the update stands. A message that is gone stays gone: the record has every version.
func (t *talk) edited(e incident.UpdateEdited) error {
	object, m := fmt.Sprintf("update/%d", e.Number), templates.Edited(t.i, e, t.record.Time)
	if e.Number == 0 {
		object = resolutionKey(t.i)
		f := t.facts()
		f.Head = t.note(noteHead + object)
		m = templates.Resolution(t.i, f)
	}
	for object, m := range map[string]templates.Message{object: m, object + "/announcement": templates.EditedOutward(t.i, e, t.record.Time)} {
		whom := incident.AudienceResponders
		if strings.HasSuffix(object, "/announcement") {
			whom = incident.AudienceAnnouncement
		}
		at, ok := placeOf(t.note(object))
		if !ok || !slices.Contains(e.To, whom) || whom == incident.AudienceAnnouncement && t.i.Restricted {
			continue
		}
		if err := t.redraw(t.ctx, at, m, t.frame()); err != nil && troubled(err).away {
			return err
		}
	}
	return nil
}

// looks asks for the second look; decided while this waited, it asks nobody.
func (t *talk) looks(e incident.UpdateDrafted) error {
	o := t.i.Outgone(e.Draft)
	if o == nil || o.State != incident.LookWaits {
		return nil
	}
	return t.line(fmt.Sprintf("%s%d", lookPrefix, e.Draft), templates.SecondLook(t.i, o, t.outlets()))
}

// lookDue reminds those who may decide of a message that waits; decided meanwhile, it calls nobody.
func (t *talk) lookDue(rest string, late int64) error {
	draft, err := strconv.Atoi(strings.TrimSuffix(rest, "/"))
	if o := t.i.Outgone(draft); err != nil || o == nil || o.State != incident.LookWaits {
		return nil
	}
	return t.promised(fmt.Sprintf("%s%d/%d", lookDuePrefix, draft, late))
}

// sentBack calls the writer of a message that did not leave: the card of the second look is only edited.
func (t *talk) sentBack(e incident.UpdateReviewed) error {
	o := t.i.Outgone(e.Draft)
	if e.Accepted || o == nil || o.State != incident.LookBack {
		return nil
	}
	return t.line(fmt.Sprintf("sentback/%d", e.Draft), templates.SentBack(t.i, o))
}

// goesOn says in the channel, and where the end was announced, that the incident is not over.
func (t *talk) goesOn(e incident.Reopened) error {
	if !t.i.Active() {
		return nil // over again while this waited
	}
	object := "reopened/" + t.seq() // of an earlier one than the last
	m := templates.GoesOn(t.i, incident.Again{By: e.By, At: t.record.Time, Why: e.Reason, Updates: -1}, templates.Drafted{})
	if a := t.i.Again; a != nil && a.At.Equal(t.record.Time) {
		object = fmt.Sprintf("%s%d", againPrefix, a.At.Unix())
		m = templates.GoesOn(t.i, *a, draftOf(t.i))
	}
	if err := t.line(object, m); err != nil {
		return err
	}
	return t.inThread("reopened/"+t.seq()+"/announcement", templates.NotOver(t.i, t.record.Time))
}

// promiseTo says what the instant of a promise to executives brings.
func (t *talk) promiseTo(rest string, late int64) error {
	step, due, _ := strings.Cut(rest, "/")
	second, err := strconv.ParseInt(due, 10, 64)
	p := templates.Promised{Executives: true, Due: secondOf(second), Missed: step == "late"}
	switch {
	case err != nil || !p.Stands(t.i):
		return nil
	case p.Missed:
		return t.promised(fmt.Sprintf("%s%d/%d", execLatePrefix, second, late))
	}
	return t.promised(fmt.Sprintf("%s%d", executivePrefix, second))
}

// paid reports whether a message reminds of a promise to others than responders that nobody waits for any more.
func (t *talk) paid(object string) bool {
	n := numbers(object)
	return strings.HasPrefix(object, owedSoonPrefix) && len(n) == 1 && len((templates.Overdue{Due: secondOf(n[0])}).To(t.i)) == 0
}

// owed says that what was promised outside is due, or has not come; kept while this waited, it calls nobody.
func (t *talk) owed(rest string, late int64) error {
	second, soon := strings.CutPrefix(rest, "remind/")
	n, err := strconv.ParseInt(second, 10, 64)
	if err != nil || len((templates.Overdue{Due: secondOf(n)}).To(t.i)) == 0 {
		return nil
	}
	if soon {
		return t.promised(fmt.Sprintf("%s%d", owedSoonPrefix, n))
	}
	return t.promised(fmt.Sprintf("%s%d/%d", owedPrefix, n, late))
}

// unended reminds of an end of which people outside have not heard; one such message stands.
func (t *talk) unended(rest string, late int64) error {
	n := numbers("/" + rest)
	if o, _ := t.i.HeldEnd(); len(n) != 2 || o == nil || int64(o.Draft) != n[0] {
		return nil
	}
	object := fmt.Sprintf("%s%d/%d/%d", endPrefix, n[0], n[1], late)
	if err := t.promised(object); err != nil {
		return err
	}
	return t.remove(func(other string) bool { return other != object && strings.HasPrefix(other, endPrefix) })
}
