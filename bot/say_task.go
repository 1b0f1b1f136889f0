package bot

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// Direct messages about a review's tasks. Their objects say of which promise they speak, so that draw can close them when it
// is over:
//
//	task/t1/late/1764040000/1764042400/2400/U0ANA
//
// is the task t1, which was due at the first second; said at the second one, 2400 s late, to that user. What goes to the
// house channel ends in "house" instead: nobody whom it concerns could be told.
const (
	taskPrefix = "task/"
	toNobody   = "house"
)

// taskMessage is what such a message shows now.
func (b *Bot) taskMessage(i *incident.Incident, object string) (templates.Message, bool) {
	parts := strings.Split(object, "/")
	if len(parts) != 7 {
		return templates.Message{}, false
	}
	var n [3]int64
	for k := range n {
		var err error
		if n[k], err = strconv.ParseInt(parts[3+k], 10, 64); err != nil {
			return templates.Message{}, false
		}
	}
	d := templates.TaskTold{Key: parts[1], Step: parts[2], Due: secondOf(n[0]), At: secondOf(n[1]), Late: seconds(n[2]), To: parts[6]}
	t := i.Review.Task(d.Key)
	if t == nil {
		return templates.TaskMessage(i, d, templates.TaskReader{Outside: i.Restricted}), true
	}
	if d.To == toNobody {
		return templates.TaskUnheard(i, d), true
	}
	as, who := "", incident.Person{Slack: d.To}
	for _, p := range b.concerned(i, t, d.Step) {
		if p.who.Slack == d.To {
			as, who = p.as, p.who
		}
	}
	return templates.TaskMessage(i, d, templates.TaskReader{Person: who, As: as, Outside: i.Restricted && !commands.Insider(i, who)}), true
}

// heard is somebody who hears of a task, and as what.
type heard struct {
	who incident.Person
	as  string
}

// concerned are those who hear of a task: its owner, and when it is escalated the owner's manager and the incident's lead,
// or else who writes the review.
func (b *Bot) concerned(i *incident.Incident, t *incident.Task, step string) []heard {
	list := []heard{{who: b.known(t.Owner)}}
	if step != incident.TaskEscalate {
		return list
	}
	add := func(p incident.Person, as string) {
		if p = b.known(p); p.Slack != "" && !slices.ContainsFunc(list, func(h heard) bool { return h.who.Same(p) }) {
			list = append(list, heard{p, as})
		}
	}
	if b.People != nil {
		if entry, ok := b.People().ByKey(t.Owner.Key); ok && entry.Manager != "" {
			if manager, ok := b.People().Email(entry.Manager); ok {
				add(manager.Person(""), templates.Say("task.manager", map[string]any{"Owner": t.Owner.Name}))
			}
		}
	}
	add(i.Roles[incident.Commander], templates.Say("task.lead", nil))
	if len(list) == 1 {
		add(i.Review.Owner, templates.Say("task.writer", nil))
	}
	return list
}

// known is a person with the chat user that the table has now.
func (b *Bot) known(p incident.Person) incident.Person {
	if b.People != nil {
		if entry, ok := b.People().ByKey(p.Key); ok && entry.Slack != "" {
			p.Slack = entry.Slack
		}
	}
	return p
}

// taskDue tells who owes a task that it is due soon or late, and others when it stays late. What was done, moved or put off
// while this waited is not spoken of. Where nobody whom it concerns can be told, the house channel hears it.
func (t *talk) taskDue(e incident.DeadlineSpoken) error {
	task, step := t.i.TaskOf(e.Key)
	due, err := strconv.ParseInt(e.Key[strings.LastIndexByte(e.Key, '/')+1:], 10, 64)
	if task == nil || err != nil {
		return err
	}
	d := templates.TaskTold{Key: task.Key, Step: step, Due: secondOf(due), At: e.Due.Add(e.Late).Truncate(time.Second), Late: e.Late}
	reached := false
	for k, p := range t.concerned(t.i, task, step) {
		if d.To = p.who.Slack; !d.Stands(t.i, p.who) {
			return nil
		}
		if d.To == "" {
			continue
		}
		m, _ := t.taskMessage(t.i, taskObject(d))
		sent, err := t.tellMessage(d.To, taskObject(d), m)
		if err != nil {
			return err
		}
		reached = reached || sent && (k > 0 || step != incident.TaskEscalate)
	}
	if reached {
		return nil
	}
	d.To = toNobody
	return t.toHouse(taskObject(d), templates.TaskUnheard(t.i, d))
}

// taskObject names the message.
func taskObject(d templates.TaskTold) string {
	return fmt.Sprintf("%s%s/%s/%d/%d/%d/%s", taskPrefix, d.Key, d.Step, d.Due.Unix(), d.At.Unix(), int64(d.Late.Seconds()), d.To)
}

// tellMessage posts a direct message; false: the person cannot be written to, which the log says.
func (t *talk) tellMessage(user, object string, m templates.Message) (bool, error) {
	if !strings.HasPrefix(object, taskPrefix) && !t.mayRead(user) { // those show outsiders the number alone
		return false, nil
	}
	channel, err := t.direct(t.ctx, user)
	if err == nil {
		_, err = t.post(posting{object: object, channel: channel, message: m})
	}
	switch {
	case err == nil:
		return true, nil
	case troubled(err).away:
		return false, err
	}
	t.Log.Warn("somebody was not told", "incident", t.id.String(), "user", user, "error", troubled(err))
	return false, nil
}

// gave tells somebody that another person gave them a task, or the review.
func (t *talk) gave(who, by incident.Person, key string) error {
	p := t.known(who)
	if p.Slack == "" || p.Same(by) || t.i.Review == nil {
		return nil
	}
	m := templates.ReviewGiven(t.i, by)
	if key != "" {
		task := t.i.Review.Task(key)
		if task == nil || !task.Open() || !task.Owner.Same(p) {
			return nil
		}
		m = templates.TaskGiven(t.i, task, by)
	} else if !t.i.Review.Owner.Same(p) {
		return nil
	}
	_, err := t.tellMessage(p.Slack, "given/"+t.seq()+"/"+p.Slack, m)
	return err
}

// kept tells who owes a task of a review that was opened before that it is still theirs, with a new date. Its writer reads
// of it in the resolution.
func (t *talk) kept(e incident.ReviewOpened) error {
	if t.i.Reopened == 0 || t.i.Review == nil {
		return nil
	}
	for k := range t.i.Review.Tasks {
		task := &t.i.Review.Tasks[k]
		p := t.known(task.Owner)
		if p.Slack == "" || !task.Open() || task.Owner.Same(e.Owner) {
			continue
		}
		if _, err := t.tellMessage(p.Slack, "kept/"+t.seq()+"/"+task.Key, templates.TaskKept(t.i, task)); err != nil {
			return err
		}
	}
	return nil
}

// textual is what a Handler may know besides: the texts of reviews.
type textual interface {
	ReviewText(ctx context.Context, i *incident.Incident, version int) (string, error)
}

// posted puts the review into the incident's channel, with its text as two files in the thread: one to go on with, one to
// print.
func (t *talk) posted(e incident.ReviewPosted) error {
	office, ok := t.Handler.(textual)
	if !ok || !t.usable() {
		return nil
	}
	at, err := t.post(posting{object: "review/posted/" + t.seq(), channel: t.i.Channel.ID, message: templates.ReviewPosted(t.i, e)})
	if err != nil {
		return t.channelTrouble(err)
	}
	text, err := office.ReviewText(t.ctx, t.i, e.Version)
	if err != nil {
		return err
	}
	page, err := templates.ReviewHTML(t.i, text)
	if err != nil {
		return err
	}
	for _, file := range []templates.Attachment{
		{Name: templates.ReviewFile(t.i), Title: templates.ReviewFile(t.i), Text: []byte(text)}, {Name: templates.ReviewPage(t.i), Title: templates.ReviewPage(t.i), Text: page},
	} {
		note := noteFile + "posted/" + t.seq() + "/" + file.Name
		if t.note(note) != "" {
			continue
		}
		id, err := t.upload(t.ctx, at, &file)
		if err != nil {
			return t.channelTrouble(err)
		}
		t.keep(note, id)
	}
	return nil
}

// reviewed says what of a review's changes somebody has to hear.
func (t *talk) reviewed(e incident.Event) (bool, error) {
	switch e := e.(type) {
	case incident.ReviewPosted:
		return true, t.posted(e)
	case incident.ReviewGiven:
		return true, t.gave(e.Who, e.By, "")
	case incident.TaskSet:
		return true, t.gave(e.Owner, e.By, e.Task)
	case incident.ActionSet:
		return true, t.gave(e.Owner, e.By, e.Action)
	case incident.ActionAdded:
		return true, t.gave(e.Owner, e.By, e.Action)
	}
	return false, nil
}

// reviewWants are the kinds that reviewed carries out.
var reviewWants = []string{
	incident.ReviewPosted{}.EventKind(), incident.ReviewGiven{}.EventKind(), incident.TaskSet{}.EventKind(), incident.ActionSet{}.EventKind(), incident.ActionAdded{}.EventKind(),
}
