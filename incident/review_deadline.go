package incident

import (
	"strings"
	"time"
)

// DueReview is the kind of the deadlines of a review's tasks: "review/t1/remind/1764040000".
const DueReview = "review"

// What was said of a task's promise; each step includes the ones before it.
const (
	saidRemind = iota + 1
	saidLate
	saidEscalated
)

// Steps of a task's promise, as they stand in keys.
const (
	TaskRemind   = "remind"   // its owner, before it is due
	TaskLate     = "late"     // its owner, when it is due
	TaskAgain    = "again"    // its owner, when a snooze ends
	TaskEscalate = "escalate" // its owner's manager and the incident's lead too
)

// reviewDeadlines are those of what a review still owes. They stop when a task is done; a closed incident whose tasks are
// done, or were closed without a date, has none.
func (i *Incident) reviewDeadlines(add func(due time.Time, key string, args ...any)) {
	if i.State != StateResolved && i.State != StateClosed {
		return
	}
	for _, t := range i.Review.Items() {
		if !t.Open() || t.Due.IsZero() {
			continue
		}
		step := func(name string, due time.Time) {
			if !due.IsZero() {
				add(due, "%s/%s/%s/%d", DueReview, t.Key, name, t.Due.Unix())
			}
		}
		if !t.Snoozed.IsZero() {
			add(t.Snoozed, "%s/%s/%s/%d", DueReview, t.Key, TaskAgain, t.Snoozed.Unix())
		}
		if t.Said < saidRemind && t.Remind.After(t.Snoozed) {
			step(TaskRemind, t.Remind)
		}
		if t.Said < saidLate && t.Due.After(t.Snoozed) {
			step(TaskLate, t.Due)
		}
		if t.Said < saidEscalated {
			step(TaskEscalate, t.Escalate)
		}
	}
}

// TaskOf reads the key of such a deadline: the task and the step.
func (i *Incident) TaskOf(key string) (t *Task, step string) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || parts[0] != DueReview {
		return nil, ""
	}
	return i.Review.Task(parts[1]), parts[2]
}

// saidOfTask remembers what was said, so that after a downtime people hear the latest alone.
func (i *Incident) saidOfTask(e DeadlineSpoken) {
	t, step := i.TaskOf(e.Key)
	if t == nil {
		return
	}
	at := e.Due.Add(e.Late)
	if !t.Snoozed.IsZero() && !t.Snoozed.After(at) {
		t.Snoozed = time.Time{}
	}
	switch step {
	case TaskRemind:
		t.Said = max(t.Said, saidRemind)
	case TaskLate:
		t.Said = max(t.Said, saidLate)
	case TaskEscalate:
		t.Said = max(t.Said, saidEscalated)
	case TaskAgain:
		if t.Said = max(t.Said, saidRemind); !t.Due.After(at) {
			t.Said = max(t.Said, saidLate)
		}
	}
}

// ofTask is the promise of which a deadline is a step.
func ofTask(d Deadline) string {
	return d.Key[:strings.LastIndex(d.Key[:strings.LastIndex(d.Key, "/")], "/")]
}

// outranked reports whether what would be said already says more: the end of a snooze adds nothing to an escalation.
func outranked(d Deadline, e Event) bool {
	spoken, ok := e.(DeadlineSpoken)
	return ok && strings.Contains(d.Key, "/"+TaskAgain+"/") && strings.Contains(spoken.Key, "/"+TaskEscalate+"/") && d.Kind() == DueReview
}
