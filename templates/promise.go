package templates

import (
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
)

// Messages about a promise: an update that is due, an answer that nobody gave. Each is posted once and redrawn in place;
// when it is over, it is one line without a button.

// Promised is the promise of an update that a message speaks of.
type Promised struct {
	Number int       // of the update
	Due    time.Time // by the second
	Missed bool      // the further message, about one that did not come
	Late   time.Duration
	// Executives: it is promised to them, not to responders.
	Executives bool
}

// Stands reports whether a person still has to send this update, and this message is the one that asks for it.
func (p Promised) Stands(i *incident.Incident) bool {
	if p.Executives {
		return i.Active() && i.ExecutivesEvery > 0 && p.Due.Unix() == i.ExecutivesDue.Unix() && p.Missed == i.MissedExecutives()
	}
	return i.Active() && p.Number == i.Updates+1 && p.Due.Unix() == i.UpdateDue.Unix() && p.Missed == i.MissedUpdate()
}

// Reminder offers the draft of the update that is due, five minutes before; a missed one says since when it is late, or
// how late drbot itself is with saying so.
func Reminder(i *incident.Incident, p Promised, d Drafted) Message {
	name := "reminder"
	if p.Missed {
		name = "late"
	}
	if p.Executives {
		return executivesReminder(i, p, d)
	}
	facts := map[string]any{
		"ID": i.ID, "Number": p.Number, "Due": p.Due, "Late": p.Late, "Down": p.Late > tolerated, "Who": keepers(i, p.Missed), "Draft": flat(d.Text, 2500),
	}
	if !p.Stands(i) {
		facts["Missed"], facts["Sent"], facts["Active"], facts["Next"] = p.Missed, p.Number <= i.Updates, i.Active(), time.Time{}
		if !i.UpdateDue.IsZero() && p.Due.Unix() != i.UpdateDue.Unix() {
			facts["Next"] = i.UpdateDue
		}
		return closed(i, Say(name+".text", facts), Line("reminder.over", facts))
	}
	lines := [][]Span{marked(i, Line(name+".line", facts)), Line("reminder.draft", facts)}
	if to := i.Awaiting(); len(to) > 0 {
		lines = append(lines, Line("reminder.to", promisedToo(i, to, p.Due)))
	}
	return fit(Message{
		Text: locked(i, Say(name+".text", facts)),
		Blocks: []Block{
			Lines{Lines: lines},
			Actions{Elements: promiseButtons(i, d, "")},
		},
	}).dated(i.Time)
}

// promiseButtons send the draft, edit it, or put it off: by a quarter of an hour at once, by more from a list.
func promiseButtons(i *incident.Incident, d Drafted, whom string) []Element {
	seen := fmt.Sprintf("/u%d", i.Updates)
	return []Element{
		Button{Verb: "incident send", Object: object(i) + whom + seen + "/d" + d.ID, Label: Say("button.send", nil), Style: "primary"},
		Button{Verb: "incident update", Object: object(i) + whom + seen, Label: Say("button.edit", nil)},
		Button{Verb: "incident snooze", Object: object(i) + whom, Label: Say("button.later", nil)},
		Pick{Verb: "incident snooze", Object: object(i) + whom, Placeholder: Say("pick.later", nil), Options: []Option{
			{Value: "30m", Label: Say("later.30", nil)}, {Value: "60m", Label: Say("later.60", nil)},
		}},
	}
}

// executivesReminder is the reminder of an update to executives.
func executivesReminder(i *incident.Incident, p Promised, d Drafted) Message {
	facts := map[string]any{
		"ID": i.ID, "Due": p.Due, "Missed": p.Missed, "Late": p.Late, "Down": p.Late > tolerated, "Who": speakers(i, p.Missed), "Draft": flat(d.Text, 2500), "Active": i.Active(), "Next": i.ExecutivesDue,
		"Waits": p.Due.Unix() == i.ExecutivesDue.Unix(),
	}
	if !p.Stands(i) {
		return closed(i, Say("executives.text", facts), Line("executives.over", facts))
	}
	if o := i.Held(incident.AudienceExecutives); o != nil { // another one would wait beside it
		return closed(i, Say("executives.text", facts), held(Line("executives.held", facts), o))
	}
	return fit(Message{
		Text: locked(i, Say("executives.text", facts)),
		Blocks: []Block{
			Lines{Lines: [][]Span{marked(i, Line("executives.line", facts)), Line("reminder.draft", facts)}},
			Actions{Elements: promiseButtons(i, d, "/"+string(incident.AudienceExecutives))},
		},
	}).dated(i.Time)
}

// tolerated is how late a sentence may be without an excuse: deliveries take their time.
const tolerated = 2 * time.Minute

// Called is the call for an answer of which half, four fifths or all of the time has passed.
type Called struct {
	Percent int       // 0: again, after the calls were put off
	By      time.Time // when the answer was due, by the second
	Late    time.Duration
	Duty    Duty
}

// Stands reports whether nobody has answered yet, and the answer is still due then.
func (c Called) Stands(i *incident.Incident) bool {
	return i.Active() && !i.Answered() && c.By.Unix() == i.RespondBy.Unix()
}

// Answer calls for somebody to take the incident on. onCall are the people to call, in their order: the first at half, the
// next at four fifths.
func Answer(i *incident.Incident, c Called, onCall []incident.Person) Message {
	var call []incident.Person
	switch {
	case c.Percent == 100 || c.Percent == 0:
		call = onCall[:min(len(onCall), 8)]
	case c.Percent == 80 && len(onCall) > 1:
		call = onCall[1:2]
	case len(onCall) > 0:
		call = onCall[:1]
	}
	facts := map[string]any{
		"ID": i.ID, "Severity": i.Severity, "Within": i.RespondBy.Sub(i.Since()), "By": c.By, "Percent": c.Percent, "Who": call, "Down": c.Late > tolerated, "Late": c.Late,
		"Acked": i.AckedBy, "AckedAt": i.AckedAt, "Active": i.Active(), "Worked": i.Answered(),
	}
	if !c.Stands(i) {
		return closed(i, Say("answer.overtext", facts), Line("answer.over", facts))
	}
	lines := [][]Span{marked(i, Line("answer.line", facts))}
	if c.Duty.Names != "" {
		lines = append(lines, Line("answer.oncall", map[string]any{"At": c.Duty.At, "Names": flat(c.Duty.Names, 300)}))
	}
	return fit(Message{
		Text: locked(i, Say("answer.text", facts)), Blocks: []Block{Lines{Lines: lines}, Actions{Elements: answerButtons(i)}},
	}).dated(i.Time)
}

// Duty is who is on call, as PagerDuty said at an instant; without names nothing is known.
type Duty struct {
	At    time.Time
	Names string
}

// closed is a message of which one line is left.
func closed(i *incident.Incident, text string, line []Span) Message {
	return fit(Message{Text: locked(i, text), Blocks: []Block{Lines{Lines: [][]Span{marked(i, line)}}}}).dated(i.Time)
}
