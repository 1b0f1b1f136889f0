package templates

import (
	"fmt"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
)

// AllItems is the first page of the whole checklist, for the one who asked.
func AllItems(i *incident.Incident) Message { return ItemsPage(i, 1) }

// ItemsPage is a page of the whole checklist; pages count from 1.
func ItemsPage(i *incident.Incident, page int) Message {
	closed, all := i.ItemsDone()
	m := Message{Text: locked(i, Say("checklist.text", map[string]any{"ID": i.ID, "Closed": closed, "All": all}))}
	pages := max(1, (all+itemsAPage-1)/itemsAPage)
	page = max(1, min(page, pages))
	var lines [][]Span
	phase, room := "", maxBlock
	flush := func() {
		if len(lines) > 0 {
			m.Blocks = append(m.Blocks, Lines{Lines: lines})
		}
		lines, room = nil, maxBlock
	}
	deep := depths(i)
	for k := (page - 1) * itemsAPage; k < min(page*itemsAPage, all); k++ {
		it := &i.Checklist[k]
		if it.Phase != phase || k == (page-1)*itemsAPage {
			flush()
			phase = it.Phase
			lines, room = append(lines, []Span{B(flat(phase, 100))}), room-101
		}
		line := itemLine(i, it, deep[it.ID])
		if room -= spansSize(line) + 1; room < 0 {
			flush()
			room -= spansSize(line) + 1
		}
		lines = append(lines, line)
	}
	flush()
	if pages > 1 {
		m.Blocks = append(m.Blocks, Note{Spans: Line("checklist.page", map[string]any{"Page": page, "Pages": pages})})
		var buttons []Element
		if page > 1 {
			buttons = append(buttons, Button{Verb: "incident items", Object: fmt.Sprintf("%s/%d", object(i), page-1), Label: Say("button.previouspage", nil)})
		}
		if page < pages {
			buttons = append(buttons, Button{Verb: "incident items", Object: fmt.Sprintf("%s/%d", object(i), page+1), Label: Say("button.nextpage", nil)})
		}
		m.Blocks = append(m.Blocks, Actions{Elements: buttons})
	}
	return fit(m)
}

// OneItem is the line of a single item.
func OneItem(i *incident.Incident, it *incident.Item) Message {
	facts := map[string]any{"ID": i.ID, "Item": it.ID, "Text": flat(it.Text, 150)}
	return fit(Message{Text: locked(i, Say("checklist.onetext", facts)), Blocks: []Block{Lines{Lines: [][]Span{itemLine(i, it, 0)}}}})
}

// depths is how deep each item stands; a parent stands before its children.
func depths(i *incident.Incident) map[string]int {
	deep := make(map[string]int, len(i.Checklist))
	for k := range i.Checklist {
		if it := &i.Checklist[k]; it.Parent != "" {
			deep[it.ID] = deep[it.Parent] + 1
		}
	}
	return deep
}

// itemLine is one item with its state and what is known of it.
func itemLine(i *incident.Incident, it *incident.Item, deep int) []Span {
	indent := ""
	if deep > 0 { // white space at the front of a line is not kept everywhere
		indent = "└" + strings.Repeat("──", min(deep, 6)-1) + " "
	}
	waits := ""
	if said, ok := i.Shown(it); ok {
		waits = Say("checklist.shown", map[string]any{"Said": said})
	} else if it.Bind != nil && !it.Closed() {
		waits = i.Waits(it)
	}
	return withProbe(it, Line("checklist.item", map[string]any{
		"Indent": indent, "Item": it, "Text": flat(it.Text, 150), "By": flat(it.By.Name, 30), "Who": flat(it.Who.Name, 30), "How": flat(it.How, 70), "Anyway": flat(it.Anyway, 70), "Waits": flat(waits, 160),
		"Day": OtherDay(it.Due, i.Time),
	}))
}

// ItemDue reminds the person of an item that it was to be done by now. When it is closed, or has another time, one line is
// left.
func ItemDue(i *incident.Incident, key string, late time.Duration) (Message, bool) {
	it, stands := i.ItemOf(key)
	if it == nil {
		return Message{}, false
	}
	facts := map[string]any{
		"ID": i.ID, "Item": it.ID, "Text": flat(it.Text, 200), "Due": it.Due, "Who": i.Reminds(it), "Late": late, "Down": late > tolerated,
		"State": it.State, "By": it.By, "Waits": "", "Over": !i.Active(),
	}
	if it.Bind != nil {
		facts["Waits"] = flat(i.Waits(it), 200)
	}
	if !stands || it.Closed() || !i.Active() {
		return closed(i, Say("item.text", facts), Line("item.over", facts)), true
	}
	buttons := []Element{Button{Verb: "incident checklist", Object: it.ID, Label: Say("button.itemdone", nil), Style: "primary"}}
	if waits(it) {
		buttons = nil
	}
	buttons = append(buttons, Button{Verb: "incident checklist", Object: object(i), Label: Say("button.items", nil)})
	return fit(Message{
		Text: locked(i, Say("item.text", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("item.line", facts))}}, Actions{Elements: buttons}},
	}).dated(i.Time), true
}

// ItemGiven tells somebody that another person gave them an item.
func ItemGiven(i *incident.Incident, it *incident.Item, by incident.Person) Message {
	facts := map[string]any{"ID": i.ID, "Incident": flat(i.Title, 120), "By": by, "Item": it.ID, "Text": flat(it.Text, 300), "Due": it.Due, "Day": OtherDay(it.Due, i.Time)}
	return fit(Message{Text: locked(i, Say("item.giventext", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("item.given", facts))}}}})
}

// ItemNotSo tells who asked for an item's probe that it did not pass.
func ItemNotSo(i *incident.Incident, it *incident.Item, said string) Message {
	facts := map[string]any{"ID": i.ID, "Item": it.ID, "Text": flat(it.Text, 300), "Said": flat(said, 300)}
	return fit(Message{Text: locked(i, Say("item.failedtext", facts)), Blocks: []Block{Lines{Lines: [][]Span{marked(i, Line("item.failed", facts))}}}})
}

// withProbe adds to the line of an open item what its probe said last, and when.
func withProbe(it *incident.Item, line []Span) []Span {
	if it.Closed() || it.Asked.IsZero() && it.Probed == "" {
		return line
	}
	facts := map[string]any{"Asked": !it.Asked.IsZero(), "At": it.ProbedAt, "OK": it.Passed, "Probed": flat(it.Probed, 150)}
	return append(append(line, T(" · ")), Line("checklist.probe", facts)...)
}

// OtherDay reports whether an instant is not of the day of another, so that its time alone would be taken for today's.
func OtherDay(t, now time.Time) bool {
	return !t.IsZero() && t.UTC().Format(time.DateOnly) != now.UTC().Format(time.DateOnly)
}
