package bot

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// Messages about promises. Their objects say of which promise they speak, so that draw can redraw them from the fold:
//
//	reminder/3/1764040000       the update 3, due at that second
//	late/3/1764040000/2400      it was missed, and drbot said so 2400 s later
//	respond/80/1764040000/0     nobody had answered at 80 % of the time that ends at that second
const (
	reminderPrefix = "reminder/"
	latePrefix     = "late/"
	respondPrefix  = "respond/"
)

// fleeting messages speak of a promise. One that was deleted is not posted anew.
func fleeting(object string) bool {
	return strings.HasPrefix(object, reminderPrefix) || strings.HasPrefix(object, latePrefix) || strings.HasPrefix(object, respondPrefix) || strings.HasPrefix(object, callPrefix) || strings.HasPrefix(object, pagePrefix) || asking(object) || telling(object) || strings.HasPrefix(object, taskPrefix)
}

// numbers reads what follows the kind of such an object.
func numbers(object string) []int64 {
	var list []int64
	for _, part := range strings.Split(object, "/")[1:] {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil
		}
		list = append(list, n)
	}
	return list
}

// promise is what the message of a promise shows now; false where the object is of an earlier version of drbot.
func (b *Bot) promise(i *incident.Incident, object string) (templates.Message, bool) {
	n := numbers(object)
	switch {
	case strings.HasPrefix(object, taskPrefix):
		return b.taskMessage(i, object)
	case telling(object):
		return b.told(i, object)
	case asking(object):
		return b.asked(i, object, b.facts(b.ctx, i))
	case strings.HasPrefix(object, reminderPrefix) && len(n) == 2:
		return templates.Reminder(i, templates.Promised{Number: int(n[0]), Due: time.Unix(n[1], 0).UTC()}, draftOf(i)), true
	case strings.HasPrefix(object, latePrefix) && len(n) == 3:
		p := templates.Promised{Number: int(n[0]), Due: time.Unix(n[1], 0).UTC(), Missed: true, Late: time.Duration(n[2]) * time.Second}
		return templates.Reminder(i, p, draftOf(i)), true
	case strings.HasPrefix(object, respondPrefix) && (len(n) == 3 || len(n) == 4):
		call, duty := b.onCall(i)
		return templates.Answer(i, templates.Called{Percent: int(n[0]), By: secondOf(n[1]), Late: seconds(n[2]), Duty: duty}, call), true
	case strings.HasPrefix(object, pagePrefix) && len(n) == 1 && i.Page(uint64(n[0])) != nil:
		p := i.Page(uint64(n[0]))
		return templates.PageFailed(i, p, incident.PageFailed{Page: p.N, Why: p.Failed, Over: p.Over}, b.facts(b.ctx, i)), true
	case strings.HasPrefix(object, callPrefix) && len(n) == 3:
		s, ok := b.summoned(i, n)
		return templates.CallContact(i, s, b.facts(b.ctx, i)), ok
	}
	return templates.Message{}, false
}

// draftOf is the next update as the record gives it.
func draftOf(i *incident.Incident) templates.Drafted {
	text := commands.Draft(i)
	return templates.Drafted{Text: text, ID: commands.DraftID(text)}
}

func secondOf(n int64) time.Time    { return time.Unix(n, 0).UTC() }
func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// deadline says what a promise's instant brings: call, reminder, missed update, step near its limit. What was kept or moved
// while this waited is not spoken of.
func (t *talk) deadline(e incident.DeadlineSpoken) error {
	kind, rest, _ := strings.Cut(e.Key, "/")
	late := int64(e.Late / time.Second)
	switch kind {
	case incident.DueRespond:
		if again, ok := strings.CutPrefix(e.Key, respondPrefix+"again/"); ok { // the calls were put off until now
			n := numbers("/" + again)
			if len(n) != 2 || !(templates.Called{By: secondOf(n[0])}).Stands(t.i) {
				return nil
			}
			return t.promised(fmt.Sprintf("%s0/%d/%d/%d", respondPrefix, n[0], late, n[1]))
		}
		n := numbers(e.Key)
		if len(n) != 2 || !(templates.Called{By: time.Unix(n[1], 0)}).Stands(t.i) {
			return nil
		}
		return t.promised(fmt.Sprintf("%s%d/%d/%d", respondPrefix, n[0], n[1], late))
	case incident.DueUpdate:
		step, due, _ := strings.Cut(rest, "/")
		second, err := strconv.ParseInt(due, 10, 64)
		p := templates.Promised{Number: t.i.Updates + 1, Due: time.Unix(second, 0), Missed: step == "late"}
		if err != nil || !p.Stands(t.i) {
			return nil
		}
		if p.Missed {
			return t.promised(fmt.Sprintf("%s%d/%d/%d", latePrefix, p.Number, second, late))
		}
		return t.promised(fmt.Sprintf("%s%d/%d", reminderPrefix, p.Number, second))
	case incident.DueExecutives:
		return t.promiseTo(rest, late)
	case incident.DueWindow:
		return t.windowCame(rest, late)
	case incident.DueOwed:
		return t.owed(rest, late)
	case incident.DueEnd:
		return t.unended(rest, late)
	case incident.DueLook:
		return t.lookDue(rest, late)
	case incident.DueItem:
		return t.itemDue(e)
	case incident.DueCall:
		return t.called(e)
	case incident.DueNudge:
		return t.nudge(e, rest)
	case incident.DueReview:
		return t.taskDue(e)
	case incident.DueStep:
		return t.stepWarning(rest)
	}
	return nil
}

// promised posts the message of a promise. A call for an answer takes the place of the one before it: they ask for the
// same, and when somebody answers one line of them is left.
func (t *talk) promised(object string) error {
	m, ok := t.promise(t.i, object)
	if !ok {
		return errors.New("no message speaks of " + object)
	}
	if err := t.line(object, m); err != nil || !strings.HasPrefix(object, respondPrefix) {
		return err
	}
	return t.remove(func(other string) bool { return other != object && strings.HasPrefix(other, respondPrefix) })
}

// remove deletes messages of the incident that stand and that a predicate names.
func (t *talk) remove(which func(object string) bool) error {
	for object, note := range t.notes {
		at, ok := placeOf(note)
		if !ok || !which(object) {
			continue
		}
		if _, _, err := t.api.DeleteMessageContext(t.ctx, at.channel, at.ts); err != nil && troubled(err).away {
			return troubled(err)
		}
		t.keep(object, "")
		t.keep(noteHash+object, "")
	}
	return nil
}

// head shows the newest record in the house channel, so that a cut of the record's end is found (I42): the record that asked
// for it, since nothing newer is surely on the disk.
func (t *talk) head() error {
	hash := t.headOf(t.record.Seq)
	if hash == "" {
		return nil
	}
	object := "head/" + t.seq()
	if err := t.toHouse(object, templates.Head(t.record.Seq, hash)); err != nil {
		return err
	}
	return t.outcome(t.ctx, commands.HeadPosted{Seq: t.record.Seq, Hash: hash, Where: "slack " + t.note(object)}, []string{Say + "/" + t.seq() + "/head"}, 0)
}
