package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// reviewVerbs are what can be done after the resolution: the text of the review, its tasks, its action items.
func reviewVerbs() []Verb {
	list := []Verb{
		{Name: "review", May: incident.Responder, Scope: OfIncident, Grammar: "[N] [post | owner @who | versions | version 3 | close [anyway: <reason>]]", Example: "review close", Does: "Shows the review and what it owes; edits, posts and closes it.", Deed: "work on reviews", do: review},
		{Name: "task", May: incident.Everyone, Scope: OfIncident, Grammar: "[t2 done|in progress|blocked <why>|open|later [2d]|@who|due 2026-12-01]", Example: "task t2 @Bea due 2026-12-01", Does: "Lists what the review owes, or changes one task of it.", Deed: "change tasks of reviews", do: task},
		{Name: "action", May: incident.Responder, Scope: OfIncident, Grammar: "[<text> [@who] [due 2026-12-01] [https://…] | a1 … | a1 text <text>]", Example: "action Alert when a backup is old @Bea due 2026-12-01", Does: "Adds an action item to the review, or changes one like a task.", Deed: "add action items", do: action},

		{Name: "review text", May: incident.Everyone, Scope: OfIncident, Reads: true, Does: "Gives the review's text.", Hidden: true, do: reviewText},
		{Name: "review save", May: incident.Responder, Scope: OfIncident, Does: "Saves the review's text.", Deed: "work on reviews", Hidden: true, do: saveReview},
		{Name: "review part", May: incident.Responder, Scope: OfIncident, Does: "Edits a part of the review.", Deed: "work on reviews", Hidden: true, do: editPart},
		{Name: "review post", May: incident.Responder, Scope: OfIncident, Does: "Posts the review.", Deed: "work on reviews", Hidden: true, do: postReview},
		{Name: "review close", May: incident.Responder, Scope: OfIncident, Does: "Closes the review.", Deed: "work on reviews", Hidden: true, do: closeReview},
		{Name: "task done", May: incident.Everyone, Scope: OfIncident, Does: "Says that a task is done.", Deed: "change tasks of reviews", Hidden: true, do: taskDone},
		{Name: "task later", May: incident.Everyone, Scope: OfIncident, Does: "Puts its reminders off by a day.", Deed: "change tasks of reviews", Hidden: true, do: taskLater},
		{Name: "task set", May: incident.Everyone, Scope: OfIncident, Does: "Gives a task to somebody, or another day.", Deed: "change tasks of reviews", Hidden: true, do: setTask},
		{Name: "action set", May: incident.Responder, Scope: OfIncident, Does: "Adds an action item by a form.", Deed: "add action items", Hidden: true, do: addAction},
	}
	for k := range list {
		list[k].Group = "incident"
	}
	return list
}

// reviewTasks are the runbook's review deadlines from the resolution on, within working hours where some are configured.
func (o *Office) reviewTasks(rb *runbook.Runbook, resolved time.Time) []incident.Task {
	hours := o.Config().Hours
	var tasks []incident.Task
	for _, d := range rb.Review.Deadlines {
		task := incident.Task{Title: d.Task, After: d.Text}
		switch {
		case d.After > 0 && d.InDays():
			task.Due = hours.AfterDays(resolved, d.After)
		case d.After > 0:
			task.Due = hours.After(resolved, d.After)
		}
		tasks = append(tasks, hours.Promise(task, resolved))
	}
	return tasks
}

// review shows what there is, or does what follows.
func review(ctx context.Context, o *Office, c *call) (Reply, error) {
	word, rest := head(c.Text)
	switch strings.ToLower(word) {
	case "":
		return showReview(ctx, o, c)
	case "post":
		return postReview(ctx, o, c)
	case "owner":
		return giveReview(ctx, o, c, rest)
	case "close":
		_, c.Text = cutAnyway(rest)
		return closeReview(ctx, o, c)
	case "versions":
		return listVersions(ctx, o, c)
	case "version":
		return showVersion(ctx, o, c, rest)
	}
	return Reply{}, incident.Refuse(incident.BadInput, "`review` has no %q.", cut(word, 40)).Then("It takes nothing, post, owner @who, versions, version 3, or close.")
}

func showReview(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	var parts []templates.ReviewPart
	if text, err := o.textOf(ctx, i, i.Review.Version); err == nil && c.Actor.Slack != "" {
		parts = templates.ReviewParts(text)
	}
	card := templates.ReviewCard(i, parts, o.now(i))
	if gone := o.gone(i); gone != "" {
		at := len(card.Blocks)
		if _, ok := card.Blocks[at-1].(templates.Actions); ok {
			at--
		}
		card.Blocks = slices.Insert(card.Blocks, at, templates.Block(templates.Note{Spans: []templates.Span{templates.T(gone)}}))
	}
	return Reply{Say: card, ID: i.ID, Seq: i.Seq, Data: reviewView(i, "")}, nil
}

// lookReview reads the incident of a call about its review.
func (o *Office) lookReview(ctx context.Context, c *call) (*incident.Incident, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := i.Reviewed(); err != nil {
		return nil, err
	}
	return i, nil
}

// now is the clock as cards see it.
func (o *Office) now(i *incident.Incident) time.Time {
	if o.Clock != nil {
		return o.Clock()
	}
	return i.Time
}

// ReviewView is a review as `incident review N --json` prints it.
type ReviewView struct {
	Incident string        `json:"incident"`
	Number   uint64        `json:"number"`
	Title    string        `json:"title"`
	Owner    string        `json:"owner"`
	Due      *time.Time    `json:"due,omitempty"`
	Version  int           `json:"version"` // 0: drbot's draft
	SavedBy  string        `json:"saved_by,omitempty"`
	SavedAt  *time.Time    `json:"saved_at,omitempty"`
	PostedAt *time.Time    `json:"posted_at,omitempty"`
	ClosedAt *time.Time    `json:"closed_at,omitempty"`
	ClosedBy string        `json:"closed_by,omitempty"`
	Tasks    []ViewTask    `json:"tasks"`
	Actions  []ViewTask    `json:"actions"`
	Lacking  []string      `json:"lacking,omitempty"`  // what keeps it from being closed
	Versions []VersionView `json:"versions,omitempty"` // with versions: those that were saved, oldest first
	Text     string        `json:"text,omitempty"`
	HTML     string        `json:"html,omitempty"`
	Changed  string        `json:"changed,omitempty"` // of a refused save: what others changed
}

// ViewTask is one task or action item.
type ViewTask struct {
	Key    string     `json:"key"`
	Title  string     `json:"title"`
	Owner  string     `json:"owner,omitempty"`
	Due    *time.Time `json:"due,omitempty"`
	DoneAt *time.Time `json:"done_at,omitempty"`
	DoneBy string     `json:"done_by,omitempty"`
	Link   string     `json:"link,omitempty"`
	Status string     `json:"status"`        // open, in progress, blocked, done
	Why    string     `json:"why,omitempty"` // what is said of the status
}

func reviewView(i *incident.Incident, text string) ReviewView {
	r := i.Review
	v := ReviewView{
		Incident: i.ID.String(), Number: uint64(i.ID), Title: i.Title, Owner: r.Owner.Name, Due: instant(r.Due), Version: r.Version, SavedBy: r.SavedBy.Name, SavedAt: instant(r.SavedAt),
		PostedAt: instant(r.PostedAt), ClosedAt: instant(r.ClosedAt), ClosedBy: r.ClosedBy.Name, Tasks: []ViewTask{}, Actions: []ViewTask{}, Text: text,
	}
	if r.ClosedAt.IsZero() {
		v.Lacking = i.Lacking()
	}
	for _, t := range r.Items() {
		one := ViewTask{Key: t.Key, Title: t.Title, Owner: t.Owner.Name, Due: instant(t.Due), DoneAt: instant(t.DoneAt), DoneBy: t.DoneBy.Name, Link: t.Link, Status: t.State(), Why: t.Why}
		if t.Action() {
			v.Actions = append(v.Actions, one)
		} else {
			v.Tasks = append(v.Tasks, one)
		}
	}
	return v
}

// giveReview lets somebody else write it.
func giveReview(ctx context.Context, o *Office, c *call, typed string) (Reply, error) {
	who, err := o.someone(c, typed)
	if err != nil {
		return Reply{}, err
	}
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		if err := trusted(c, i, who); err != nil {
			return nil, err
		}
		if !o.People().May(who.Key, incident.Responder) {
			return nil, incident.Refuse(incident.BadInput, "%s is no responder and could not write it.", who.Name).Then("Give it to a responder, or an admin makes them one in drbot.yaml.")
		}
		return i.GiveReview(c.person, who)
	}, func(i *incident.Incident) string {
		return said("review.given", about(i, facts{"Who": i.Review.Owner.Name}))
	})
}

// postReview puts it into the channel, once.
func postReview(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.PostReview(c.person)
	}, func(i *incident.Incident) string { return said("review.posted", about(i, nil)) })
}

// closeReview ends the incident. In the chat, what is missing comes in a form that asks why it is closed all the same.
func closeReview(ctx context.Context, o *Office, c *call) (Reply, error) {
	reason := or(c.Field("anyway"), c.Text)
	reply, err := o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return i.CloseReview(c.person, reason)
	}, func(i *incident.Incident) string {
		return said("review.closed", about(i, facts{"Open": len(openOf(i))}))
	})
	refusal := (*incident.Refusal)(nil)
	if !errors.As(err, &refusal) || !strings.HasPrefix(refusal.Say, "Not closed") || c.Actor.Slack == "" {
		return c.atField("anyway", reply, err)
	}
	if len(c.Fields) > 0 {
		return Reply{Errors: map[string]string{"anyway": refusal.Error()}}, nil
	}
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	return c.form(o, templates.Form{
		Verb: "incident review close", Object: objectOf(i), Title: "Close " + i.ID.String(), Submit: "Close",
		Intro:  []templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T(cut(refusal.Say, 2500))}}}},
		Fields: []templates.Field{{ID: "anyway", Label: "Close it all the same: why", Kind: templates.FieldText, Hint: "Or give each an owner and a date first.", Max: 500}},
	}, "The reason is missing.")
}

func openOf(i *incident.Incident) []*incident.Task {
	var list []*incident.Task
	for _, t := range i.Review.Items() {
		if t.Open() && !t.Due.IsZero() && t.Owner.Key != "" {
			list = append(list, t)
		}
	}
	return list
}

// textOf reads a version of the review's text; 0 is drbot's draft.
func (o *Office) textOf(ctx context.Context, i *incident.Incident, version int) (string, error) {
	if version == 0 {
		if o.Draft == nil {
			return "", errors.New("no draft of the review can be made here")
		}
		text, err := o.Draft(ctx, i.ID, i.Seq)
		return string(text), err
	}
	after := uint64(0)
	if i.Review != nil && version == i.Review.Version && i.Review.Saved > 0 {
		after = i.Review.Saved - 1
	}
	for r, err := range o.Store.Records(ctx, i.ID, after) {
		if err != nil {
			return "", err
		}
		if r.Kind != (incident.ReviewSaved{}).EventKind() {
			continue
		}
		e, err := r.Event()
		if err != nil {
			return "", err
		}
		if saved, ok := e.(incident.ReviewSaved); ok && saved.Version == version {
			if r.Redacted {
				return state.Blanked + "\n", nil // it is written anew from there
			}
			return o.savedText(ctx, saved)
		}
	}
	return "", incident.Refuse(incident.NotFound, "Version %d of the review of %s is not there.", version, i.ID)
}

func (o *Office) savedText(ctx context.Context, e incident.ReviewSaved) (string, error) {
	if e.Blob == "" {
		return e.Text, nil
	}
	text, err := o.Store.Blob(ctx, e.Blob)
	if err != nil {
		return "", fmt.Errorf("read the review: %w", err)
	}
	return string(text), nil
}

// ReviewText is a version of an incident's review with what it owes now, for who posts it.
func (o *Office) ReviewText(ctx context.Context, i *incident.Incident, version int) (string, error) {
	text, err := o.textOf(ctx, i, version)
	return templates.ReviewNow(i, text), err
}
