package templates

import (
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// Entry is one line of a timeline.
type Entry struct {
	At      time.Time
	Text    string
	Link    string // of a kept message
	Long    int    // characters that its words have, where Text has not all of them
	Machine bool   // drbot talking to itself: in the record and its exports, and not in a review
	Words   string // of a kept message, where they have several lines; files have them as they were written
	Head    string // Text without them
}

// maxWords is how much of one event a timeline shows; the record has the rest.
const maxWords = 500

// InWords says an event of the record in one plain sentence: no markup, no mention, no hidden character. false: the kind
// is unknown to this version.
func InWords(e incident.Event) (string, bool) { return inWords(nil, time.Time{}, e, maxWords) }

// EntryOf is an event as a line of the incident's timeline, with the numbers of steps and the texts of items as people
// know them. A note and a kept message stand at the time that they are about.
func EntryOf(i *incident.Incident, at time.Time, e incident.Event) (Entry, bool) {
	return entryOf(i, at, e, maxWords)
}

// entryOf is EntryOf with at most n characters.
func entryOf(i *incident.Incident, at time.Time, e incident.Event, n int) (Entry, bool) {
	text, ok := inWords(i, at, e, n)
	long := 0
	switch e := e.(type) {
	case incident.Noted:
		at = e.At
		if all := utf8.RuneCountInString(e.Text); all > n {
			long = all
		}
	case incident.Pinned:
		at = e.At
	}
	return Entry{At: at, Text: text, Long: long, Machine: machine(e)}, ok
}

// machine reports whether an event is only a part of another one that people see.
func machine(e incident.Event) bool {
	switch e := e.(type) {
	case incident.ReadsAsked, incident.StepStarted, incident.MembersSeen:
		return true
	case incident.ReadsDone:
		return e.Failure == ""
	case incident.RunPlanned:
		return e.Asks // its form is open: whoever sends it plans
	}
	return false
}

func inWords(i *incident.Incident, at time.Time, e incident.Event, n int) (string, bool) {
	if e == nil || parsed()[1].Lookup("words."+e.EventKind()) == nil {
		return "", false
	}
	facts := eventFacts(i, e)
	facts["At"] = at
	return flat(Say("words."+e.EventKind(), facts), n), true
}

// eventFacts names what an event is about. The fields are the same ones in many events, so they are found by their names.
func eventFacts(i *incident.Incident, e incident.Event) map[string]any {
	facts := map[string]any{"E": e, "Run": "", "Step": "", "Approval": "", "Item": "", "Sum": "", "Kind": "", "Chosen": "", "Took": time.Duration(0)}
	v := reflect.ValueOf(e)
	number := func(name string) uint64 {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.Uint64 {
			return f.Uint()
		}
		return 0
	}
	text := func(name string) string {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
		return ""
	}
	facts["Planned"] = i != nil && i.Window != nil
	run, step, item := number("Run"), text("Step"), text("Item")
	if run != 0 {
		facts["Run"] = incident.RunName(run)
	}
	if n := number("Approval"); n != 0 {
		facts["Approval"] = incident.ApprovalName(n)
	}
	facts["Task"] = text("Task") + text("Action")
	facts["Step"], facts["Item"], facts["Sum"] = step, item, short8(text("Digest")+text("Script"))
	if i != nil {
		if r := i.Run(run); r != nil {
			if s := r.Step(step); s != nil {
				facts["Step"] = s.Number + " “" + flat(s.Title, 100) + "”"
			}
		}
		if item != "" {
			facts["Item"] = itemWords(i, item)
		}
		if task := i.Review.Task(text("Task") + text("Action")); task != nil {
			facts["Task"] = task.Key + " “" + flat(task.Title, 100) + "”"
		}
	}
	switch e := e.(type) {
	case incident.DeadlineSpoken:
		spokenFacts(i, e.Key, facts)
	case incident.Pinned:
		facts["Files"] = fileWords(e.Files)
	case incident.FileKept:
		facts["File"] = fileWords([]incident.File{{Name: e.Name, Size: e.Size}})
	case incident.RunPlanned:
		facts["Chosen"] = chosenBranches(e)
	case incident.StepEnded:
		facts["Took"], facts["Killed"] = max(0, e.Ended.Sub(e.Started)), ""
		if !e.Lives {
			facts["Killed"] = killed(e.Survived)
		}
	}
	return facts
}

// spokenFacts names what a deadline that spoke is of; its key is a kind and what the kind needs.
func spokenFacts(i *incident.Incident, key string, facts map[string]any) {
	kind, rest, _ := strings.Cut(key, "/")
	if kind == incident.DueItem {
		id, _, _ := strings.Cut(rest, "/")
		facts["Item"] = itemWords(i, id)
	}
	next, _, ok := strings.Cut(rest, "/")
	switch {
	case ok && (kind == incident.DueUpdate || kind == incident.DueRespond || kind == incident.DueExecutives || kind == incident.DueWindow || kind == incident.DueOwed):
		kind += "/" + next
	case kind == incident.DueNudge:
		facts["Approval"] = next
	case kind == incident.DueLook:
		facts["Message"] = next
	case kind == incident.DueReview:
		facts["Task"] = next
	}
	facts["Kind"] = kind
}

// chosenBranches names the steps of which one branch was chosen, by that branch.
func chosenBranches(e incident.RunPlanned) string {
	var list []string
	for k := range e.Steps {
		for _, branch := range e.Branches {
			if e.Steps[k].ID == branch {
				list = append(list, e.Steps[k].Number+" “"+flat(e.Steps[k].Title, 100)+"”")
			}
		}
	}
	return strings.Join(list, ", ")
}
