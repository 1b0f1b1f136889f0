package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Review is what the resolution opened: a text, tasks with the runbook's deadlines, action items. The text itself lies in
// the record; Version and Saved* say which record holds the newest one. A reopening puts the review away and the next
// resolution takes its text and its action items up again, so that nothing that people wrote is lost.
type Review struct {
	Owner   Person    `json:"owner"`
	Due     time.Time `json:"due"`
	Opened  time.Time `json:"opened,omitzero"`
	Tasks   []Task    `json:"tasks,omitempty"`
	Actions []Task    `json:"actions,omitempty"`

	Version int       `json:"version,omitempty"` // newest saved text; 0: only drbot's draft
	Saved   uint64    `json:"saved,omitempty"`   // its record
	SavedBy Person    `json:"saved_by,omitzero"`
	SavedAt time.Time `json:"saved_at,omitzero"`
	Outrun  bool      `json:"outrun,omitempty"` // the incident was reopened since that text was saved
	Posted  int       `json:"posted,omitempty"` // the version that was posted, plus one; 0: none was

	PostedAt time.Time `json:"posted_at,omitzero"`
	ClosedBy Person    `json:"closed_by,omitzero"`
	ClosedAt time.Time `json:"closed_at,omitzero"`
}

// Sizes of a review: bytes of a text, and how many action items one review has at most.
const (
	MaxInline  = 4_096   // a longer text stands as a blob
	MaxReview  = 1 << 20 // of one version
	MaxActions = 100
)

// Items lists tasks and then action items; they may be changed in place.
func (r *Review) Items() []*Task {
	if r == nil {
		return nil
	}
	list := make([]*Task, 0, len(r.Tasks)+len(r.Actions))
	for k := range r.Tasks {
		list = append(list, &r.Tasks[k])
	}
	for k := range r.Actions {
		list = append(list, &r.Actions[k])
	}
	return list
}

// Task finds a task or an action item by its key.
func (r *Review) Task(key string) *Task {
	for _, t := range r.Items() {
		if strings.EqualFold(t.Key, key) {
			return t
		}
	}
	return nil
}

// Owing lists the keys of the people who still owe something of the review, each once.
func (i *Incident) Owing() []string {
	if i.Active() {
		return nil
	}
	var keys []string
	for _, t := range i.Review.Items() {
		if t.Open() && t.Owner.Key != "" && !slices.Contains(keys, t.Owner.Key) {
			keys = append(keys, t.Owner.Key)
		}
	}
	return keys
}

// clone copies the review with its lists; nil stays nil.
func (r *Review) clone() *Review {
	if r == nil {
		return nil
	}
	c := *r
	c.Tasks, c.Actions = slices.Clone(r.Tasks), slices.Clone(r.Actions)
	return &c
}

// reviewOpened folds the opening; records of earlier versions name neither keys nor owners of tasks.
func (i *Incident) reviewOpened(at Stamp, e ReviewOpened) {
	r := &Review{Owner: e.Owner, Opened: at.Time, Tasks: slices.Clone(e.Tasks)}
	for k := range r.Tasks {
		t := &r.Tasks[k]
		if t.Key == "" {
			t.Key = "t" + strconv.Itoa(k+1)
		}
		if t.Owner.Key == "" {
			t.Owner = e.Owner
		}
		if t.Due.After(r.Due) {
			r.Due = t.Due
		}
	}
	if before := i.Before; before != nil {
		r.takeWhys(slices.Clone(before.Tasks))
		r.Outrun = before.Version > 0
		r.Actions, r.Version, r.Saved, r.SavedBy, r.SavedAt = before.Actions, before.Version, before.Saved, before.SavedBy, before.SavedAt
	}
	i.Review, i.Before = r, nil
}

// takeWhys takes what was said of tasks over from the review before. Records of earlier versions say it again.
func (r *Review) takeWhys(before []Task) {
	for k := range r.Tasks {
		n := slices.IndexFunc(before, func(t Task) bool { return t.Title == r.Tasks[k].Title })
		if n < 0 {
			continue
		}
		if r.Tasks[k].Why == "" {
			r.Tasks[k].Why = before[n].Why
		}
		before = slices.Delete(before, n, n+1)
	}
}

// putAway keeps what people wrote of a review while the incident is open again.
func (i *Incident) putAway() {
	if i.Review != nil {
		i.Before, i.Review = i.Review, nil
	}
}

// begun reports whether people have put something into a review.
func (r *Review) begun() bool {
	return r != nil && (r.Version > 0 || len(r.Actions) > 0 || slices.ContainsFunc(r.Tasks, func(t Task) bool {
		return t.Status != "" || !t.DoneAt.IsZero() || !t.Owner.Same(r.Owner)
	}))
}

// applyReview folds what became of the review.
func (i *Incident) applyReview(at Stamp, e Event) bool {
	r := i.Review
	if r == nil {
		r = &Review{} // a record that decisions would not make today changes nothing
	}
	switch e := e.(type) {
	case ReviewGiven:
		for _, t := range r.Items() {
			if t.Open() && t.Owner.Same(r.Owner) && !t.Action() {
				t.Owner, t.Snoozed = e.Who, time.Time{}
			}
		}
		r.Owner = e.Who
	case ReviewSaved:
		r.Version, r.Saved, r.SavedBy, r.SavedAt, r.Outrun = e.Version, at.Seq, e.By, at.Time, false
	case ReviewPosted:
		r.Posted, r.PostedAt = e.Version+1, at.Time
	case ReviewClosed:
		r.ClosedBy, r.ClosedAt, i.State = e.By, at.Time, StateClosed
	case TaskDone:
		r.done(at, e.Task, e.By, e.How)
	case ActionDone:
		r.done(at, e.Action, e.By, e.How)
	case TaskReopened:
		if t := r.Task(e.Task); t != nil {
			t.DoneBy, t.DoneAt, t.Snoozed, t.Earlier, t.Why = Person{}, time.Time{}, time.Time{}, false, ""
		}
	case TaskStatusSet:
		if t := r.Task(e.Task); t != nil {
			t.Status, t.Why = e.Status, e.Why
		}
	case TaskSnoozed:
		if t := r.Task(e.Task); t != nil {
			t.Snoozed = e.Until
		}
	case TaskSet:
		r.set(ActionSet{By: e.By, Action: e.Task, Owner: e.Owner, Due: e.Due, Remind: e.Remind, Escalate: e.Escalate})
	case ActionAdded:
		r.Actions = append(r.Actions, Task{Key: e.Action, Title: e.Text, Owner: e.Owner, Due: e.Due, Remind: e.Remind, Escalate: e.Escalate, Link: e.Link})
	case ActionSet:
		r.set(e)
	default:
		return false
	}
	return true
}

func (r *Review) done(at Stamp, key string, by Person, how string) {
	if t := r.Task(key); t != nil {
		t.DoneBy, t.DoneAt, t.Snoozed, t.Status, t.Why = by, at.Time, time.Time{}, TaskOpen, how
	}
}

// set changes a task; another day is another promise.
func (r *Review) set(e ActionSet) {
	t := r.Task(e.Action)
	if t == nil {
		return
	}
	if e.Text != "" {
		t.Title = e.Text
	}
	if e.Link != "" {
		t.Link = e.Link
	}
	if e.Owner.Key != "" && !e.Owner.Same(t.Owner) {
		t.Owner, t.Snoozed = e.Owner, time.Time{} // what was said of its day stays said: nobody is escalated to by the change
	}
	if !e.Due.IsZero() && !e.Due.Equal(t.Due) {
		t.Due, t.Remind, t.Escalate, t.Said, t.Snoozed = e.Due, e.Remind, e.Escalate, 0, time.Time{}
		for _, one := range r.Tasks {
			if one.Due.After(r.Due) {
				r.Due = one.Due
			}
		}
	}
}

// Lacking names what keeps a review from being closed: tasks and action items without an owner or a date.
func (i *Incident) Lacking() []string {
	var list []string
	for _, t := range i.Review.Items() {
		if !t.Open() {
			continue
		}
		var lacks []string
		if t.Owner.Key == "" {
			lacks = append(lacks, "no owner")
		}
		if t.Due.IsZero() {
			lacks = append(lacks, "no date")
		}
		if len(lacks) > 0 {
			list = append(list, fmt.Sprintf("%s “%s” has %s", t.Key, shortly(t.Title, 80), strings.Join(lacks, " and ")))
		}
	}
	return list
}

// shortly cuts a text to n characters.
func shortly(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
