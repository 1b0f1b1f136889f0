package templates

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/drbot/drbot/incident"
)

// What a review owes stands in two sections of its text: the action items, and the runbook's tasks. drbot writes both from
// the record, in the draft as they are at the resolution and in what is posted and exported as they are then.

// actions are the action items that are there already, and what is owed by when.
func (d *draft) actions() {
	d.actionItems()
	d.owed()
}

func (d *draft) actionItems() {
	d.title("review.actions", nil)
	fmt.Fprint(&d.b, "| Action | Owner | Due | Status |\n|---|---|---|---|\n")
	if d.i.Review == nil || len(d.i.Review.Actions) == 0 {
		fmt.Fprint(&d.b, "| | | | |\n")
		return
	}
	for k := range d.i.Review.Actions {
		a := &d.i.Review.Actions[k]
		fmt.Fprintf(&d.b, "| %s%s | %s | %s | %s |\n", literal(flat(a.Key+" "+a.Title, 300)), linkOf(Entry{Link: a.Link}), literal(flat(a.Owner.Name, 80)), literal(due(a.Due, d.i.ResolvedAt)), literal(d.status(a)))
	}
}

func (d *draft) owed() {
	if d.i.Review == nil || len(d.i.Review.Tasks) == 0 {
		return
	}
	d.title("review.owed", nil)
	for k := range d.i.Review.Tasks {
		task := &d.i.Review.Tasks[k]
		facts := map[string]any{"Title": flat(task.Title, 200), "Due": task.Due, "Owner": task.Owner, "Done": ""}
		if !task.Open() || task.Status != incident.TaskOpen {
			facts["Done"] = d.status(task)
		}
		d.item(Line("review.task", facts))
	}
}

func (d *draft) status(t *incident.Task) string {
	return Say("review.status", map[string]any{"State": t.State(), "Why": flat(t.Why, 300), "By": t.DoneBy, "At": t.DoneAt, "Earlier": t.Earlier})
}

// ownAction is a row of the table that drbot writes: its head, the empty row, or an action item by its key.
var ownAction = regexp.MustCompile(`^\| (?:Action \| Owner \| Due \||a[0-9]+ |\| \| \|)|^\|---\|`)

// ReviewNow is a review's text with what the review owes now: the sections that drbot wrote are written anew, and what is
// missing comes at the end. A section in which people wrote stays theirs. It changes nothing that it changed before.
func ReviewNow(i *incident.Incident, text string) string {
	if i.Review == nil {
		return text
	}
	actions, owed := &draft{paper: paper{i: i}}, &draft{paper: paper{i: i}}
	if len(i.Review.Actions) > 0 {
		actions.actionItems()
	}
	owed.owed()
	var titles []string
	for k := range i.Review.Tasks {
		titles = append(titles, "- "+literal(flat(i.Review.Tasks[k].Title, 200))+":")
	}
	now := []struct {
		head, text string
		own        func(line string) bool
		there      bool
	}{
		{head: "## " + literal(Say("review.actions", nil)), text: actions.b.String(), own: ownAction.MatchString},
		{head: "## " + literal(Say("review.owed", nil)), text: owed.b.String(), own: func(line string) bool {
			for _, title := range titles {
				if strings.HasPrefix(line, title) {
					return true
				}
			}
			return false
		}},
	}
	var b strings.Builder
	for _, s := range reviewSections(text) {
		lines := strings.Split(strings.TrimSpace(s.Text), "\n")
		for k := range now {
			if n := &now[k]; n.text != "" && strings.TrimSpace(lines[0]) == n.head && allOwn(lines[1:], n.own) {
				s.Text = ""
				if !n.there {
					s.Text = strings.TrimLeft(n.text, "\n") + "\n"
				}
				n.there = true
			}
		}
		b.WriteString(s.Text)
	}
	whole := strings.TrimRight(b.String(), "\n") + "\n"
	for _, n := range now {
		if !n.there {
			whole += n.text
		}
	}
	return whole
}

func allOwn(lines []string, own func(string) bool) bool {
	for _, line := range lines {
		if line = strings.TrimRight(line, " \r"); line != "" && !own(line) {
			return false
		}
	}
	return true
}
