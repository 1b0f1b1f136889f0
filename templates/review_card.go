package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// What people read of a review besides its text: the answer that shows what it owes, the direct messages about its tasks,
// and the message that posts it.

// maxTasks is how many lines of tasks an answer shows, and maxParts how many parts a menu offers.
const (
	maxTasks = 40
	maxParts = 100
)

// ReviewCard answers who asks for the review: how far its text is, what it owes, and what can be done. parts are those of
// its text; none where it cannot be read.
func ReviewCard(i *incident.Incident, parts []ReviewPart, now time.Time) Message {
	r := i.Review
	facts := map[string]any{
		"ID": i.ID, "N": uint64(i.ID), "Title": flat(i.Title, 120), "Owner": r.Owner, "Due": r.Due, "Version": r.Version, "SavedBy": r.SavedBy, "SavedAt": r.SavedAt, "Outrun": r.Outrun,
		"PostedAt": r.PostedAt, "Closed": !r.ClosedAt.IsZero(), "ClosedAt": r.ClosedAt, "ClosedBy": r.ClosedBy, "Open": openTasks(r.Items()), "Lacking": flat(strings.Join(i.Lacking(), "; "), 1500),
	}
	m := Message{Text: locked(i, Say("reviewcard.text", facts)), Blocks: []Block{
		Header{Text: short(drill(i, Say("reviewcard.header", facts)), maxHeader)}, Lines{Lines: [][]Span{Line("reviewcard.state", facts)}}, Lines{Lines: taskLines(i, now)},
	}}
	if r.Outrun && r.ClosedAt.IsZero() {
		m.Blocks = slices.Insert(m.Blocks, 2, Block(Note{Spans: Line("reviewcard.outrun", facts)}))
	}
	if facts["Lacking"] != "" && r.ClosedAt.IsZero() {
		m.Blocks = append(m.Blocks, Note{Spans: Line("reviewcard.lacking", facts)})
	}
	if len(parts) > maxParts {
		m.Blocks = append(m.Blocks, Note{Spans: Line("reviewcard.big", facts)})
	}
	if row := reviewActions(i, parts, facts); len(row.Elements) > 0 {
		m.Blocks = append(m.Blocks, row)
	}
	return fit(m)
}

func reviewActions(i *incident.Incident, parts []ReviewPart, facts map[string]any) Actions {
	var row Actions
	r, id := i.Review, object(i)
	if len(r.Items()) > 0 {
		row.Elements = append(row.Elements, Button{Verb: "incident task set", Object: id, Label: Say("button.task", nil)})
	}
	if !r.ClosedAt.IsZero() {
		return row
	}
	row.Elements = append(row.Elements, Button{Verb: "incident action set", Object: id, Label: Say("button.action", nil)})
	if len(parts) > 0 {
		pick := Pick{Verb: "incident review part", Object: id, Placeholder: Say("reviewcard.edit", nil)}
		for k := range parts[:min(len(parts), maxParts)] {
			pick.Options = append(pick.Options, Option{Value: parts[k].ID(), Label: parts[k].Label()})
		}
		row.Elements = append(row.Elements, pick)
	}
	if r.PostedAt.IsZero() {
		row.Elements = append(row.Elements, Button{Verb: "incident review post", Object: id, Label: Say("button.reviewpost", nil), Confirm: &Confirm{
			Title: Say("reviewpost.title", nil), Text: Say("reviewpost.ask", facts), Yes: Say("reviewpost.yes", nil), No: Say("reviewpost.no", nil),
		}})
	}
	row.Elements = append(row.Elements, Button{Verb: "incident review close", Object: id, Label: Say("button.reviewclose", nil)})
	return row
}

func openTasks(list []*incident.Task) int {
	n := 0
	for _, t := range list {
		if t.Open() {
			n++
		}
	}
	return n
}

// taskLines are the tasks and action items, open ones first.
func taskLines(i *incident.Incident, now time.Time) [][]Span {
	var open, done [][]Span
	for _, t := range i.Review.Items() {
		line := Line("reviewcard.task", map[string]any{
			"Key": t.Key, "Title": flat(t.Title, 150), "Owner": t.Owner, "Due": t.Due, "Late": t.Open() && !t.Due.IsZero() && now.After(t.Due), "Done": !t.Open(), "DoneBy": t.DoneBy, "DoneAt": t.DoneAt, "Earlier": t.Earlier,
			"Status": string(t.Status), "Why": flat(t.Why, 100),
		})
		if t.Link != "" {
			line = append(line, T(" · "), Span{Text: flat(t.Link, 100), URL: t.Link})
		}
		if t.Open() {
			open = append(open, line)
		} else {
			done = append(done, line)
		}
	}
	lines := append(open, done...)
	if len(lines) == 0 {
		return [][]Span{Line("reviewcard.none", nil)}
	}
	if more := len(lines) - maxTasks; more > 0 {
		lines = append(lines[:maxTasks], Line("more.lines", map[string]any{"Count": more}))
	}
	return lines
}

// TaskTold is one direct message about a task: which step of which promise it speaks of, and to whom.
type TaskTold struct {
	Key, Step string
	Due       time.Time     // of the promise, by the second; of a snooze, when that ended
	At        time.Time     // when it was said
	Late      time.Duration // how much after its instant that was
	To        string        // chat user
}

// TaskReader is who reads such a message: As what they hear of a task that is not theirs ("the lead of the incident").
// Outside: they are none of a restricted incident's people and hear its number alone (I56).
type TaskReader struct {
	incident.Person
	As      string
	Outside bool
}

// Stands reports whether the message still asks its reader for something.
func (d TaskTold) Stands(i *incident.Incident, reader incident.Person) bool {
	t := i.Review.Task(d.Key)
	switch {
	case t == nil || !t.Open() || t.Due.IsZero() || d.Step != incident.TaskAgain && t.Due.Unix() != d.Due.Unix():
		return false
	case d.Step == incident.TaskEscalate:
		return true
	}
	return t.Owner.Same(reader) && !t.Snoozed.After(d.At)
}

// facts of what became of the task, for a message that speaks of it.
func (d TaskTold) facts(i *incident.Incident, r TaskReader) map[string]any {
	t := i.Review.Task(d.Key)
	if t == nil {
		return map[string]any{"ID": i.ID, "Key": d.Key, "Title": "", "Gone": true}
	}
	f := map[string]any{
		"ID": i.ID, "Incident": flat(i.Title, 120), "Key": t.Key, "Title": flat(t.Title, 300), "Step": d.Step, "Due": t.Due, "Late": !d.At.Before(t.Due.Truncate(time.Second)), "Owner": t.Owner, "As": flat(r.As, 100),
		"Gone": false, "Done": !t.Open(), "DoneAt": t.DoneAt, "DoneBy": t.DoneBy, "Until": t.Snoozed,
		"Status": string(t.Status), "Why": flat(t.Why, 300), "Moved": d.Step != incident.TaskAgain && t.Due.Unix() != d.Due.Unix(), "Given": !t.Owner.Same(r.Person),
	}
	if r.Outside {
		f["Title"], f["Status"] = "", ""
	}
	return f
}

// TaskMessage is a message about a task as it is now: with buttons while it stands, then one line.
func TaskMessage(i *incident.Incident, d TaskTold, r TaskReader) Message {
	t, facts := i.Review.Task(d.Key), d.facts(i, r)
	if t == nil {
		return closed(i, Say("card.needs", map[string]any{"ID": i.ID}), Line("task.over", facts))
	}
	text := Say("task.text", facts)
	switch {
	case !d.Stands(i, r.Person):
		return closed(i, text, Line("task.over", facts))
	case r.Outside:
		return fit(Message{Text: locked(i, text), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("task.outside", facts))}}}})
	}
	line := Line("task.owner", facts)
	row := []Element{
		Button{Verb: "incident task done", Object: taskObject(i, t), Label: Say("button.taskdone", nil), Style: "primary"},
		Button{Verb: "incident task later", Object: taskObject(i, t), Label: Say("button.tasklater", nil)},
		Button{Verb: "incident task set", Object: taskObject(i, t), Label: Say("button.taskgive", nil)},
	}
	if d.Step == incident.TaskEscalate && !t.Owner.Same(r.Person) {
		line, row = Line("task.others", facts), row[2:]
	}
	lines := [][]Span{marked(i, line)}
	if d.Late > tolerated {
		lines = append(lines, Line("task.down", map[string]any{"Late": d.Late}))
	}
	if t.Link != "" {
		lines = append(lines, []Span{{Text: flat(t.Link, 100), URL: t.Link}})
	}
	return fit(Message{Text: locked(i, text), Blocks: []Block{Lines{Lines: lines}, Actions{Elements: row}}})
}

// TaskUnheard says in the house channel that a task is due or late and nobody whom that concerns can be told.
func TaskUnheard(i *incident.Incident, d TaskTold) Message {
	t, facts := i.Review.Task(d.Key), d.facts(i, TaskReader{Outside: i.Restricted})
	if t == nil || !t.Open() || d.Step != incident.TaskAgain && t.Due.Unix() != d.Due.Unix() {
		facts["Given"] = false
		return closed(i, Say("card.needs", map[string]any{"ID": i.ID}), Line("task.over", facts))
	}
	name := "task.unheard"
	if i.Restricted {
		name = "task.outside"
	}
	return fit(Message{Text: locked(i, Say("task.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line(name, facts))}}}})
}

func taskObject(i *incident.Incident, t *incident.Task) string { return object(i) + "/" + t.Key }

// TaskGiven tells somebody that another person gave them a task.
func TaskGiven(i *incident.Incident, t *incident.Task, by incident.Person) Message {
	facts := map[string]any{"ID": i.ID, "N": uint64(i.ID), "Incident": flat(i.Title, 120), "By": by, "Key": t.Key, "Title": flat(t.Title, 300), "Due": t.Due}
	row := Actions{Elements: []Element{
		Button{Verb: "incident task done", Object: taskObject(i, t), Label: Say("button.taskdone", nil), Style: "primary"},
		Button{Verb: "incident task set", Object: taskObject(i, t), Label: Say("button.taskgive", nil)},
	}}
	return fit(Message{Text: locked(i, Say("task.giventext", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("task.given", facts))}}, row}})
}

// TaskKept tells somebody that a task of an incident that was reopened is still theirs, with a new date.
func TaskKept(i *incident.Incident, t *incident.Task) Message {
	facts := map[string]any{"ID": i.ID, "Incident": flat(i.Title, 120), "Key": t.Key, "Title": flat(t.Title, 300), "Due": t.Due}
	return fit(Message{Text: locked(i, Say("task.kepttext", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("task.kept", facts))}}}})
}

// ReviewGiven tells somebody that they write the review now.
func ReviewGiven(i *incident.Incident, by incident.Person) Message {
	facts := map[string]any{"ID": i.ID, "Incident": flat(i.Title, 120), "By": by, "Due": i.Review.Due}
	return fit(Message{Text: locked(i, Say("review.giventext", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("review.given", facts))}}}})
}

// ReviewPosted puts the review into the incident's channel; the text itself follows in the thread.
func ReviewPosted(i *incident.Incident, e incident.ReviewPosted) Message {
	facts := map[string]any{
		"ID": i.ID, "Title": flat(i.Title, 120), "By": e.By, "Version": e.Version, "Took": i.ResolvedAt.Sub(i.OpenedAt), "Decisions": Say("resolution.decisions", decisionFacts(i)),
		"Markdown": ReviewFile(i), "HTML": ReviewPage(i), "Tasks": 0, "Actions": 0,
	}
	lines := [][]Span{marked(i, Line("review.posted", facts)), Line("review.postedfacts", facts)}
	if i.RootCause != "" {
		lines = append(lines, Line("resolution.cause", map[string]any{"Cause": flat(i.RootCause, 500)}))
	}
	if r := i.Review; r != nil {
		tasks := openTasks(r.Items())
		facts["Actions"] = 0
		for k := range r.Actions {
			if r.Actions[k].Open() {
				facts["Actions"] = facts["Actions"].(int) + 1
			}
		}
		facts["Tasks"] = tasks - facts["Actions"].(int)
		lines = append(lines, Line("review.postedtasks", facts))
		if r.Outrun && e.Version > 0 && e.Version == r.Version {
			lines = append(lines, Line("review.postedoutrun", facts))
		}
	}
	lines = append(lines, Line("review.postedfiles", facts))
	return fit(Message{Text: locked(i, Say("review.postedtext", facts)), Blocks: []Block{Lines{Lines: lines}}})
}
