package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxSnooze is how far the reminders of a task can be put off at once.
const MaxSnooze = 14 * day

// openReview completes the tasks of a review that opens: keys in their order, and its owner until somebody takes one. After
// a reopening its writer, who owes what, and what was done stay; dates count from the new resolution.
func (i *Incident) openReview(by Person, tasks []Task) ReviewOpened {
	owner, before := i.reviewer(by), &Review{}
	if i.Before != nil {
		owner, before = i.Before.Owner, i.Before.clone()
	}
	tasks = slices.Clone(tasks)
	for k := range tasks {
		if n := slices.IndexFunc(before.Tasks, func(t Task) bool { return t.Title == tasks[k].Title }); n >= 0 {
			was := before.Tasks[n]
			before.Tasks = slices.Delete(before.Tasks, n, n+1)
			tasks[k].Owner, tasks[k].Status = was.Owner, was.Status // the fold keeps why: words stand in one record
			tasks[k].DoneBy, tasks[k].DoneAt, tasks[k].Earlier = was.DoneBy, was.DoneAt, !was.Open()
		}
		tasks[k].Key = "t" + strconv.Itoa(k+1)
		if tasks[k].Owner.Key == "" {
			tasks[k].Owner = owner
		}
	}
	return ReviewOpened{Owner: owner, Tasks: tasks}
}

// Reviewed gives the incident's review for a look at it or a change.
func (i *Incident) Reviewed() (*Review, error) {
	switch {
	case !i.Exists():
		return nil, Refuse(NotFound, "There is no such incident.")
	case i.Active():
		return nil, Refuse(WrongState, "%s is %s: its review opens when it is resolved.", i.ID, i.State)
	case i.Review == nil:
		return nil, Refuse(WrongState, "%s has no review: it was closed without one.", i.ID)
	}
	return i.Review, nil
}

// writing gives the review while its text may change.
func (i *Incident) writing() (*Review, error) {
	r, err := i.Reviewed()
	if err == nil && !r.ClosedAt.IsZero() {
		err = Refuse(WrongState, "The review of %s was closed by %s on %s.", i.ID, r.ClosedBy.Name, r.ClosedAt.UTC().Format("2 January")).Then("Its tasks and action items can still be done.")
	}
	return r, err
}

func (i *Incident) task(key string) (*Task, error) {
	r, err := i.Reviewed()
	if err != nil {
		return nil, err
	}
	if t := r.Task(key); t != nil {
		return t, nil
	}
	if len(r.Items()) == 0 {
		return nil, Refuse(NotFound, "The review of %s has no tasks.", i.ID).Then("`action add <text>` adds one.")
	}
	var keys []string
	for _, t := range r.Items() {
		keys = append(keys, t.Key)
	}
	return nil, Refuse(NotFound, "The review of %s has no task %q.", i.ID, shortly(key, 20)).Then("There are %s.", strings.Join(keys, ", "))
}

// SaveReview keeps a text as the next version. base is the version that its writer read: when another one was saved since,
// nothing is kept, and the caller says what changed. Blob is to be kept under the event's digest where the event has one.
func (i *Incident) SaveReview(by Person, base int, text string) (events []Event, blob []byte, err error) {
	r, err := i.writing()
	if err != nil {
		return nil, nil, err
	}
	switch {
	case base != r.Version:
		return nil, nil, Refuse(TooLate, "%s saved version %d at %s; yours was made of version %d, and is not saved.", r.SavedBy.Name, r.Version, r.SavedAt.UTC().Format("15:04 UTC"), base)
	case Written(text) == "":
		return nil, nil, Refuse(BadInput, "The review is empty.")
	case len(text) > MaxReview:
		return nil, nil, Refuse(BadInput, "The review has %d bytes; %d fit.", len(text), MaxReview)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, nil, Refuse(BadInput, "The review is no readable text.")
	}
	e := ReviewSaved{By: by, Version: r.Version + 1, Size: len(text)}
	if e.Text = text; len(text) > MaxInline {
		e.Text, e.Blob, blob = "", Digest([]byte(text)), []byte(text)
	}
	return []Event{e}, blob, nil
}

// GiveReview makes somebody else its writer.
func (i *Incident) GiveReview(by, who Person) ([]Event, error) {
	r, err := i.writing()
	if err != nil {
		return nil, err
	}
	if r.Owner.Same(who) {
		return nil, Refuse(WrongState, "%s writes it already.", who.Name)
	}
	return []Event{ReviewGiven{By: by, Who: who}}, nil
}

// PostReview puts the review into the channel, once, when its owner says so.
func (i *Incident) PostReview(by Person) ([]Event, error) {
	r, err := i.Reviewed()
	switch {
	case err != nil:
		return nil, err
	case !r.PostedAt.IsZero():
		return nil, Refuse(WrongState, "It was posted already, at %s.", r.PostedAt.UTC().Format("15:04 UTC on 2 January"))
	case i.Channel.ID == "" || i.Channel.Lost != "":
		return nil, Refuse(WrongState, "%s has no channel to post into.", i.ID).Then("Print it: drbot incident review %d", i.ID)
	case !r.Owner.Same(by):
		return nil, Refuse(NotAllowed, "%s writes this review, and posts it.", r.Owner.Name).Then("Take it over first: `review owner me`.")
	}
	return []Event{ReviewPosted{By: by, Version: r.Version}}, nil
}

// CloseReview ends the incident. What has no owner or no date needs a reason, which is recorded with what was missing.
// Tasks that have both go on being reminded of until they are done.
func (i *Incident) CloseReview(by Person, reason string) ([]Event, error) {
	if _, err := i.writing(); err != nil {
		return nil, err
	}
	e := ReviewClosed{By: by, Reason: Written(reason), Open: i.Lacking()}
	if len(e.Open) > 0 && e.Reason == "" {
		return nil, Refuse(WrongState, "Not closed: %s.", strings.Join(e.Open, "; ")).Then("Give each an owner and a date, or close it all the same: `review close anyway: <reason>`")
	}
	if utf8.RuneCountInString(e.Reason) > 500 {
		return nil, Refuse(BadInput, "The reason has %d characters; 500 fit.", utf8.RuneCountInString(e.Reason))
	}
	return []Event{e}, nil
}

// DoTask says that a task or an action item is done.
func (i *Incident) DoTask(by Person, key, how string) ([]Event, error) {
	t, err := i.task(key)
	if err != nil {
		return nil, err
	}
	if !t.Open() {
		return nil, Refuse(WrongState, "%s is done already, by %s.", t.Key, t.DoneBy.Name)
	}
	if how = Written(how); utf8.RuneCountInString(how) > 500 {
		return nil, Refuse(BadInput, "That has %d characters; 500 fit.", utf8.RuneCountInString(how))
	}
	if t.Action() {
		return []Event{ActionDone{By: by, Action: t.Key, How: how}}, nil
	}
	return []Event{TaskDone{By: by, Task: t.Key, How: how}}, nil
}

// ReopenTask takes that back.
func (i *Incident) ReopenTask(by Person, key string) ([]Event, error) {
	t, err := i.task(key)
	if err != nil {
		return nil, err
	}
	if t.Open() {
		return nil, Refuse(WrongState, "%s is not done.", t.Key)
	}
	return []Event{TaskReopened{By: by, Task: t.Key}}, nil
}

// TaskStatus says how far a task is; why, what blocks it.
func (i *Incident) TaskStatus(by Person, key string, status TaskStatus, why string) ([]Event, error) {
	t, err := i.task(key)
	if err != nil {
		return nil, err
	}
	if why = strings.Join(strings.Fields(Written(why)), " "); utf8.RuneCountInString(why) > 500 {
		return nil, Refuse(BadInput, "That has %d characters; 500 fit.", utf8.RuneCountInString(why))
	}
	switch {
	case !t.Open():
		return nil, Refuse(WrongState, "%s is done, by %s.", t.Key, t.DoneBy.Name).Then("Reopen it first: task %s reopen", t.Key)
	case t.Status == status && t.Why == why:
		return nil, Refuse(WrongState, "%s is %s already.", t.Key, t.State())
	}
	return []Event{TaskStatusSet{By: by, Task: t.Key, Status: status, Why: why}}, nil
}

// Asked is a change of a task or of an action item; what is empty stays. Hours completes its date.
type Asked struct {
	Text  string
	Owner Person
	Due   time.Time
	Link  string
}

// Action items are texts like titles; a link is an address of the web.
const (
	maxAction = 500
	maxLink   = 500
)

// Check reports what of it cannot be kept, and joins the lines of its text.
func (a *Asked) Check(now time.Time) error {
	if a.Text != "" {
		line, err := text("The action item", strings.Join(strings.Fields(a.Text), " "), maxAction)
		if err != nil {
			return err
		}
		a.Text = line
	}
	if a.Link != "" && (len(a.Link) > maxLink || strings.ContainsFunc(a.Link, func(r rune) bool { return unseen(r) || strings.ContainsRune(`<>"|`+"`", r) }) ||
		!strings.HasPrefix(a.Link, "https://") && !strings.HasPrefix(a.Link, "http://")) {
		return Refuse(BadInput, "%q is no link to a tracker.", shortly(a.Link, 60)).Then("It begins with https:// and has at most %d characters.", maxLink)
	}
	if !a.Due.IsZero() && a.Due.Before(now.Add(-day)) {
		return Refuse(BadInput, "%s is over.", a.Due.UTC().Format("2 January 2006"))
	}
	if a.Due.After(now.AddDate(5, 0, 0)) {
		return Refuse(BadInput, "%s is more than five years ahead.", a.Due.UTC().Format("2 January 2006"))
	}
	return nil
}

// AddAction adds what the review decided to change.
func (i *Incident) AddAction(now time.Time, by Person, a Asked, h *Hours) ([]Event, error) {
	r, err := i.writing()
	if err != nil {
		return nil, err
	}
	if len(r.Actions) >= MaxActions {
		return nil, Refuse(WrongState, "%s has %d action items; no more fit.", i.ID, len(r.Actions))
	}
	if Written(a.Text) == "" {
		return nil, Refuse(BadInput, "The action item is missing.").Then("Like: action add Alert when a backup is old @Bea 2026-12-01")
	}
	if err := a.Check(now); err != nil {
		return nil, err
	}
	t := h.Promise(Task{Due: a.Due}, now)
	return []Event{ActionAdded{
		By: by, Action: fmt.Sprintf("a%d", len(r.Actions)+1), Text: a.Text, Owner: a.Owner, Due: t.Due, Remind: t.Remind, Escalate: t.Escalate, Link: a.Link,
	}}, nil
}

// SetTask changes who owes something, or when.
func (i *Incident) SetTask(now time.Time, by Person, key string, a Asked, h *Hours) ([]Event, error) {
	t, err := i.task(key)
	if err != nil {
		return nil, err
	}
	if err := a.Check(now); err != nil {
		return nil, err
	}
	switch {
	case a == (Asked{}):
		return nil, Refuse(BadInput, "What of %s changes?", t.Key).Then("Like: task %s @Bea, or: task %s due 2026-12-01", t.Key, t.Key)
	case !t.Open():
		return nil, Refuse(WrongState, "%s is done, by %s.", t.Key, t.DoneBy.Name).Then("Reopen it first: task %s reopen", t.Key)
	case !t.Action() && (a.Text != "" || a.Link != ""):
		return nil, Refuse(BadInput, "%s is the runbook's: its owner and its date can be set.", t.Key)
	}
	p := h.Promise(Task{Due: a.Due}, now)
	if t.Action() {
		return []Event{ActionSet{By: by, Action: t.Key, Text: a.Text, Owner: a.Owner, Due: p.Due, Remind: p.Remind, Escalate: p.Escalate, Link: a.Link}}, nil
	}
	return []Event{TaskSet{By: by, Task: t.Key, Owner: a.Owner, Due: p.Due, Remind: p.Remind, Escalate: p.Escalate}}, nil
}

// SnoozeTask puts the reminders of its owner off. Others hear that it is late when they would have anyway.
func (i *Incident) SnoozeTask(now time.Time, by Person, key string, until time.Time) ([]Event, error) {
	t, err := i.task(key)
	if err != nil {
		return nil, err
	}
	switch {
	case !t.Open():
		return nil, Refuse(WrongState, "%s is done, by %s.", t.Key, t.DoneBy.Name)
	case t.Due.IsZero():
		return nil, Refuse(WrongState, "%s has no date, so nobody is reminded of it.", t.Key).Then("Like: task %s due 2026-12-01", t.Key)
	case !until.After(now) || until.After(now.Add(MaxSnooze)):
		return nil, Refuse(BadInput, "A reminder can be put off by up to 14 days.")
	}
	return []Event{TaskSnoozed{By: by, Task: t.Key, Until: until.UTC()}}, nil
}
