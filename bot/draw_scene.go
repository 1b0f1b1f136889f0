package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// scene is what an incident's messages would show now.
type scene struct {
	bot   *Bot
	i     *incident.Incident
	facts templates.Facts
	notes map[string]string
	locks map[string]templates.LockOffer // of the house alone
}

func (d *drawer) scene(ctx context.Context, id incident.ID) (*scene, error) {
	var i *incident.Incident
	var locks map[string]templates.LockOffer
	var err error
	if id == 0 {
		locks, err = d.offers(ctx)
	} else {
		i, err = d.Memory.Incident(ctx, state.Ref{ID: id})
	}
	if err != nil {
		return nil, err
	}
	notes, err := d.notesOf(ctx, id)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	for key, value := range d.moved[id] {
		notes[key] = value
	}
	d.mu.Unlock()
	facts := d.Bot.facts(ctx, i)
	for key := range notes {
		if file, ok := strings.CutPrefix(key, noteFile); ok && facts.Uploaded != nil {
			facts.Uploaded[file] = true
		}
	}
	return &scene{bot: d.Bot, i: i, facts: facts, notes: notes, locks: locks}, nil
}

// offers are the acceptance cards that stand in the house channel, as they are now.
func (d *drawer) offers(ctx context.Context) (map[string]templates.LockOffer, error) {
	loads, err := d.loads(ctx)
	if err != nil {
		return nil, err
	}
	offers := map[string]templates.LockOffer{}
	for key, loaded := range loads {
		if offers[key], err = d.lockOffer(ctx, loaded); err != nil {
			return nil, err
		}
	}
	return offers, nil
}

// objects are the messages that are there, in a fixed order.
func (s *scene) objects() []string {
	var list []string
	for object, note := range s.notes {
		if _, ok := placeOf(note); ok && (s.i == nil && strings.HasPrefix(object, "lock/") || s.i != nil && drawable(object)) {
			list = append(list, object)
		}
	}
	slices.Sort(list)
	return list
}

// drawable objects are redrawn; what was said once stays as it was said.
func drawable(object string) bool {
	switch {
	case object == "card" || object == "checklist" || object == "announcement":
		return true
	case strings.HasPrefix(object, "fail/") || strings.HasPrefix(object, "stop/") || strings.HasPrefix(object, "hand/") || strings.HasPrefix(object, "warning/"), strings.HasPrefix(object, itemPrefix), strings.HasPrefix(object, offerPrefix), fleeting(object):
		return true
	}
	return len(object) > 1 && (object[0] == 'A' || object[0] == 'R') && strings.Trim(object[1:], "0123456789") == ""
}

// message is what an object would show, and under which name its long text is uploaded; false when it is to be left as
// it is.
func (s *scene) message(object string) (m templates.Message, upload string, ok bool) {
	if s.i == nil {
		offer, ok := s.locks[object]
		return templates.LockCard(offer, s.facts), object, ok
	}
	at, _ := placeOf(s.notes[object])
	if object != "announcement" && !strings.HasSuffix(object, ofThread) && !personal(object) && !strings.HasPrefix(object, taskPrefix) && at.channel != s.i.Channel.ID {
		return m, "", false // in a channel that the incident has left
	}
	switch {
	case object == "card":
		return templates.Card(s.i, s.facts), "", true
	case object == "checklist":
		return templates.Checklist(s.i), "", true
	case object == "announcement":
		return templates.Announcement(s.i, s.facts, s.bot.initial(s.i, s.facts)), "", true
	case strings.HasPrefix(object, offerPrefix):
		m, ok = s.offered(object)
		return m, "", ok
	case strings.HasPrefix(object, itemPrefix):
		m, ok = itemReminder(s.i, object)
		return m, "", ok
	case fleeting(object):
		m, ok = s.bot.promise(s.i, object)
		return m, "", ok
	case object[0] == 'A':
		for _, a := range s.i.Approvals {
			if a.Name() == object {
				return templates.ApprovalCard(s.i, a, s.facts), object, true
			}
		}
		return m, "", false
	case object[0] == 'R':
		return s.run(object)
	}
	return s.step(object)
}

func (s *scene) run(name string) (m templates.Message, upload string, ok bool) {
	for _, r := range s.i.Runs {
		if r.Name() != name {
			continue
		}
		if next := r.Next(); next != nil {
			upload = templates.StepKey(r, next)
		}
		return templates.RunCard(s.i, r, s.facts), upload, true
	}
	return m, "", false
}

// step reads fail/R7/p1.s6/2, stop/R7/p1.s6/1, hand/R7/p1.s6 and warning/R7/p1.s6/….
func (s *scene) step(object string) (m templates.Message, upload string, ok bool) {
	parts := strings.Split(object, "/")
	if len(parts) < 3 {
		return m, "", false
	}
	for _, r := range s.i.Runs {
		step := r.Step(parts[2])
		if r.Name() != parts[1] || step == nil {
			continue
		}
		switch parts[0] {
		case "hand":
			return templates.Hand(s.i, r, step, s.facts), templates.StepKey(r, step), true
		case "warning":
			return templates.StepWarning(s.i, r, step, s.facts), "", true
		case "stop":
			n, err := strconv.ParseUint(parts[len(parts)-1], 10, 64)
			return templates.Stopped(s.i, r, step, n), "", err == nil
		case "fail":
			current := len(parts) == 4 && strings.HasSuffix(step.Attempt, "-"+parts[3])
			if !current || step.State == incident.StepIsLost {
				return templates.Unknown(s.i, r, s.settled(step, current), s.facts), "", true
			}
			return templates.Failure(s.i, r, step, s.facts), "", true
		}
	}
	return m, "", false
}

// settled is a step whose message is about an earlier attempt: that one is over.
func (s *scene) settled(step *incident.Step, current bool) *incident.Step {
	if current || step.State != incident.StepFailed && step.State != incident.StepIsLost {
		return step
	}
	over := *step
	over.State = incident.StepTodo
	return &over
}

func (s *scene) frame() frame {
	return frame{drawing: newDrawing(), link: s.bot.linker(s.notes)}
}

func (s *scene) hash(m templates.Message) string { return hashOf(m, s.frame()) }

// topic is the channel's topic as the note writes it; "" where there is no channel to set it in.
func (s *scene) topic() string {
	if s.i == nil || s.i.Channel.ID == "" || s.i.Channel.Lost != "" || s.notes["card"] == "" {
		return ""
	}
	return s.i.Channel.ID + "=" + templates.Topic(s.i)
}

// urgentEnd is how urgent the card of a run is that has ended.
const urgentEnd = 1

// ended reports whether an object is the card of a run that has ended.
func (s *scene) ended(object string) bool {
	return s.i != nil && slices.ContainsFunc(s.i.Runs, func(r *incident.Run) bool { return r.Name() == object && r.State == incident.Ended })
}

// leastUrgent is said of what was told once and only closes.
const leastUrgent = 6

// urgency orders redraws: approvals, failures, incident cards, run cards, checklists, live output.
func urgency(object string) int {
	switch {
	case strings.HasPrefix(object, "fail/") || strings.HasPrefix(object, "stop/") || strings.HasPrefix(object, "hand/"):
		return 1
	case object == "card":
		return 2
	case object == "announcement" || object == noteTopic:
		return 3
	case object == "checklist":
		return 5
	case strings.HasPrefix(object, "warning/"), strings.HasPrefix(object, offerPrefix), fleeting(object):
		return leastUrgent
	case object[0] == 'A':
		return 0
	}
	return 4
}
