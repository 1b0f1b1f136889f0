package commands

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// taskName is a task (t2) or an action item (a1) as people type it.
var taskName = regexp.MustCompile(`^(?i:[ta])[0-9]{1,3}$`)

// unnumbered is what people type of an action item whose number they left out.
var unnumbered = regexp.MustCompile(`(?i)^\s*((done|blocked|open|started|in[ -]progress|status|list|reopen|later|snooze|delete|remove|text|me)\s*$|(done|blocked|open|started|in[ -]progress|status|later|text)\s*:|(in[ -]progress|blocked|later|snooze)\s)`)

// mayTask lets a task's owner do what a responder may: who owes it need not respond to incidents.
func (o *Office) mayTask(c *call, i *incident.Incident, key string) error {
	if t := i.Review.Task(key); t != nil && t.Owner.Same(c.person) || o.People().May(c.person.Key, incident.Responder) {
		return nil
	}
	return incident.Refuse(incident.NotAllowed, "Only its owner and responders change a task.").Then("`task` lists who owes what.")
}

// task lists what the review owes, or changes one: done | reopen | later [2d] | @who | due <date>.
func task(ctx context.Context, o *Office, c *call) (Reply, error) {
	key, what := head(c.Text)
	if key == "" {
		return showReview(ctx, o, c)
	}
	if !taskName.MatchString(key) {
		return Reply{}, incident.Refuse(incident.BadInput, "%q is no task.", cut(key, 40)).Then("`task` alone lists them: t1, t2 …, action items a1, a2 …")
	}
	return o.changeTask(ctx, c, key, what)
}

// action adds an action item; a1 … changes one.
func action(ctx context.Context, o *Office, c *call) (Reply, error) {
	key, what := head(c.Text)
	switch {
	case key == "":
		return showReview(ctx, o, c)
	case taskName.MatchString(key):
		return o.changeTask(ctx, c, key, what)
	}
	text := c.Text
	if key == "add" { // "Add an alert" is a text
		text = what
	} else if unnumbered.MatchString(text) {
		return Reply{}, incident.Refuse(incident.BadInput, "“%s” of which action item?", cut(strings.TrimSpace(text), 60)).
			Then("`action` alone lists them: action a1 done. What is not needed any more: action a1 done: not needed. If it is a new item: action add %s", cut(strings.TrimSpace(text), 60))
	}
	return o.newAction(ctx, c, func(now time.Time) (incident.Asked, error) { return o.askedNew(c, text, now) })
}

func (o *Office) newAction(ctx context.Context, c *call, read func(time.Time) (incident.Asked, error)) (Reply, error) {
	key := ""
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		a, err := read(v.Now())
		if err == nil {
			err = trusted(c, i, a.Owner)
		}
		if err != nil {
			return nil, err
		}
		events, err := i.AddAction(v.Now(), c.person, a, o.Config().Hours)
		if err == nil {
			key = events[0].(incident.ActionAdded).Action
		}
		return events, err
	}, func(i *incident.Incident) string { return taskAnswer(i, key) })
}

// changeTask reads what becomes of a task.
func (o *Office) changeTask(ctx context.Context, c *call, key, what string) (Reply, error) {
	return o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		if err := o.mayTask(c, i, key); err != nil {
			return nil, err
		}
		word, rest := head(what)
		if strings.EqualFold(word, "status") {
			word, rest = head(rest)
		}
		switch word = strings.ToLower(word); word {
		case "later", "snooze":
			return o.later(v, c, i, key, rest)
		case "text":
			return i.SetTask(v.Now(), c.person, key, incident.Asked{Text: o.named(rest)}, o.Config().Hours)
		}
		if events, err, ok := marked(i, c.person, key, word, o.named(rest)); ok {
			return events, err
		}
		a, err := o.askedChange(c, key, what, v.Now())
		if err == nil {
			err = trusted(c, i, a.Owner)
		}
		if err != nil {
			return nil, err
		}
		return i.SetTask(v.Now(), c.person, key, a, o.Config().Hours)
	}, func(i *incident.Incident) string { return taskAnswer(i, key) })
}

// later puts the reminders of a task off, by a working day where nothing is said.
func (o *Office) later(v state.View, c *call, i *incident.Incident, key, typed string) ([]incident.Event, error) {
	span := 24 * time.Hour
	if typed = strings.TrimSpace(typed); typed != "" {
		var ok bool
		if span, ok = parseDays(typed); !ok {
			return nil, incident.Refuse(incident.BadInput, "%q is no time.", cut(typed, 40)).Then("Write 4h, 2d or 1w.")
		}
	}
	return i.SnoozeTask(v.Now(), c.person, key, o.Config().Hours.AfterDays(v.Now(), span))
}

func taskAnswer(i *incident.Incident, key string) string {
	t := i.Review.Task(key)
	if t == nil {
		return said("review.same", nil)
	}
	return said("task.set", about(i, facts{"Key": t.Key, "Title": cut(t.Title, 100), "State": t.State(), "Why": cut(t.Why, 200), "Owner": t.Owner.Name, "Due": t.Due, "Until": t.Snoozed, "Now": i.Time}))
}

// keyOf is the task of a button: "42/t1".
func keyOf(c *call) string {
	_, key, _ := strings.Cut(c.Object, "/")
	return or(key, c.Field("task"))
}

func taskDone(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.changeTask(ctx, c, keyOf(c), "done")
}

func taskLater(ctx context.Context, o *Office, c *call) (Reply, error) {
	return o.changeTask(ctx, c, keyOf(c), "later")
}

// setTask is the form behind a task's button: who, when, or that it is done.
func setTask(ctx context.Context, o *Office, c *call) (Reply, error) {
	key := keyOf(c)
	if len(c.Fields) == 0 {
		return o.taskForm(ctx, c, key)
	}
	what := c.Field("what")
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		if err := o.mayTask(c, i, key); err != nil {
			return nil, err
		}
		a, err := o.formed(c, v.Now())
		if err == nil {
			err = trusted(c, i, a.Owner)
		}
		if err != nil {
			return nil, err
		}
		word, rest := head(what)
		status, err, ok := marked(i, c.person, key, word, strings.TrimSpace(rest+" "+c.Field("why")))
		switch {
		case err != nil:
			return nil, err
		case ok && a == (incident.Asked{}):
			return status, nil
		}
		events, err := i.SetTask(v.Now(), c.person, key, a, o.Config().Hours)
		return append(events, status...), err
	}, func(i *incident.Incident) string { return taskAnswer(i, key) })
	if what != "" && what != "set" && c.Field("who")+c.Field("due") == "" {
		return c.atField("what", reply, err)
	}
	return c.atField("due", reply, err)
}

// formed reads the fields of a task's form.
func (o *Office) formed(c *call, now time.Time) (a incident.Asked, err error) {
	if who := c.Field("who"); who != "" {
		if a.Owner, err = o.someone(c, who); err != nil {
			return a, err
		}
		a.Owner.Proof = ""
	}
	if due := c.Field("due"); due != "" {
		var ok bool
		if a.Due, ok = o.parseDue(due, now); !ok {
			return a, incident.Refuse(incident.BadInput, "%q is no day.", cut(due, 40)).Then("Write 2026-12-01, or 2w.")
		}
	}
	a.Text, a.Link = c.Field("text"), c.Field("link")
	return a, nil
}

func (o *Office) taskForm(ctx context.Context, c *call, key string) (Reply, error) {
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	f := templates.Form{Verb: "incident task set", Object: objectOf(i), Title: "Task of " + i.ID.String(), Submit: "Set"}
	if key != "" {
		f.Object += "/" + key
	} else {
		var tasks []templates.Option
		for _, t := range i.Review.Items() {
			tasks = append(tasks, templates.Option{Value: t.Key, Label: cut(t.Key+" "+t.Title, 70)})
		}
		if len(tasks) == 0 {
			return Reply{}, incident.Refuse(incident.WrongState, "The review of %s has no tasks.", i.ID).Then("`action <text>` adds an action item.")
		}
		f.Fields = append(f.Fields, templates.Field{ID: "task", Label: "Task", Kind: templates.FieldSelect, Options: tasks})
	}
	f.Fields = append(f.Fields,
		templates.Field{ID: "what", Label: "Status", Kind: templates.FieldSelect, Value: "set", Options: []templates.Option{
			{Value: "set", Label: "As it is"}, {Value: "open", Label: "Open"}, {Value: "in progress", Label: "In progress"}, {Value: "blocked", Label: "Blocked"}, {Value: "done", Label: "Done"},
		}},
		templates.Field{ID: "why", Label: "About the status", Kind: templates.FieldText, Optional: true, Hint: "What blocks it, or how it was done.", Max: 500},
		templates.Field{ID: "who", Label: "Owner", Kind: templates.FieldPerson, Optional: true}, dueField())
	return c.form(o, f, "The task is missing.")
}

func dueField() templates.Field {
	return templates.Field{ID: "due", Label: "Due", Kind: templates.FieldText, Optional: true, Hint: "2026-12-01, 3d or 2w.", Max: 10}
}

// addAction is the form of a new action item.
func addAction(ctx context.Context, o *Office, c *call) (Reply, error) {
	if len(c.Fields) > 0 {
		reply, err := o.newAction(ctx, c, func(now time.Time) (incident.Asked, error) { return o.formed(c, now) })
		return c.atField("text", reply, err)
	}
	i, err := o.lookReview(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	return c.form(o, templates.Form{Verb: "incident action set", Object: objectOf(i), Title: "Action item", Submit: "Add", Fields: []templates.Field{
		{ID: "text", Label: "What changes", Kind: templates.FieldText, Max: 500},
		{ID: "who", Label: "Owner", Kind: templates.FieldPerson, Optional: true},
		dueField(),
		{ID: "link", Label: "Its ticket", Kind: templates.FieldText, Optional: true, Hint: "https://…", Max: 500},
	}}, "The action item is missing.")
}
