package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

const (
	boxesAGroup = 10 // Slack: options in a checkbox group
	maxBoxes    = 40
	maxHeads    = 12    // lines above boxes of children
	maxWaiting  = 8     // items that the record ticks
	maxPhases   = 12    // shown beside the one at hand
	boxRoom     = 4_000 // characters of boxes and the lines above them
	itemsAPage  = 25
)

// Checklist is the checklist message: the phase that is at hand is open, the others are a count. Only what a person
// can tick now has a box; a closed item is a word in a line.
func Checklist(i *incident.Incident) Message {
	closed, all := i.ItemsDone()
	facts := map[string]any{"ID": i.ID, "Closed": closed, "All": all}
	m := Message{Text: locked(i, Say("checklist.text", facts))}
	m.Blocks = append(m.Blocks, Header{Text: drill(i, Say("checklist.header", facts))})
	if all == 0 {
		m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{Line("checklist.none", nil)}})
		return m
	}
	phases := phases(i)
	now := phaseNow(i, phases)
	var counts [][]Span
	for k, p := range phases {
		if len(phases) > maxPhases && (k < now-maxPhases/2 || k > now+maxPhases/2) {
			continue
		}
		done, of := phaseDone(i, p)
		name := "checklist.phase"
		if k == now {
			name = "checklist.open"
		}
		counts = append(counts, Line(name, map[string]any{"Phase": flat(p, 60), "Closed": done, "All": of}))
	}
	m.Blocks = append(m.Blocks, Lines{Lines: [][]Span{join(counts...)}})
	m.Blocks = append(m.Blocks, boxes(i, phases[now])...)
	if lines := waitingLines(i, phases[now]); len(lines) > 0 {
		m.Blocks = append(m.Blocks, Lines{Lines: lines})
	}
	if lines := closedLines(i, phases[now]); len(lines) > 0 {
		m.Blocks = append(m.Blocks, Lines{Lines: lines})
	}
	m.Blocks = append(m.Blocks, Actions{Elements: []Element{
		Button{Verb: "incident items", Object: object(i), Label: Say("button.allitems", nil)},
		Button{Verb: "incident checklist", Object: object(i), Label: Say("button.items", nil)},
	}})
	return fit(m)
}

func phases(i *incident.Incident) []string {
	var list []string
	for k := range i.Checklist {
		if p := i.Checklist[k].Phase; !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// phaseNow is the phase at hand: of three it is before, during and after the recovery; otherwise, and where that phase
// is closed, the first one with something open.
func phaseNow(i *incident.Incident, phases []string) int {
	open := func(k int) bool { done, of := phaseDone(i, phases[k]); return done < of }
	if len(phases) == 3 {
		at := 0
		for _, r := range i.Runs {
			switch {
			case r.StartedAt.IsZero():
			case r.State != incident.Ended:
				at = 1
			case r.How == incident.EndDone && at == 0:
				at = 2
			}
		}
		if !i.Active() {
			at = 2
		}
		if open(at) {
			return at
		}
	}
	for k := range phases {
		if open(k) {
			return k
		}
	}
	return len(phases) - 1
}

func phaseDone(i *incident.Incident, phase string) (closed, all int) {
	for k := range i.Checklist {
		if it := &i.Checklist[k]; it.Phase == phase {
			all++
			if it.Closed() {
				closed++
			}
		}
	}
	return closed, all
}

// boxes gives the groups of boxes of a phase: first the items that stand for themselves, then under a line for each item
// with others below it those that can be ticked now. Of an ordered list that is the next one alone, and the line has the
// order. What the record proves has no box (UX §7). Blocks and characters are bounded, whatever the list is.
func boxes(i *incident.Incident, phase string) []Block {
	var own []Check
	var parents []string
	below := map[string][]Check{}
	heads := map[string][]Span{}
	shown, more, room := 0, 0, boxRoom
	for k := range i.Checklist {
		it := &i.Checklist[k]
		if it.Phase != phase || it.Closed() || waits(it) || i.CanClose(it) != nil {
			continue
		}
		check := Check{Value: it.ID, Text: boxText(it, i.Time)}
		alone := it.Parent == "" && !it.Order
		cost := utf8.RuneCountInString(check.Text) + 2
		group := it.Parent + "/" + it.List // an item may have several lists below it
		if !alone && heads[group] == nil {
			cost += spansSize(headOf(i, it)) + 1
		}
		if shown == maxBoxes || cost > room || !alone && heads[group] == nil && len(parents) == maxHeads {
			more++
			continue
		}
		shown, room = shown+1, room-cost
		if alone {
			own = append(own, check)
			continue
		}
		if heads[group] == nil {
			parents, heads[group] = append(parents, group), headOf(i, it)
		}
		below[group] = append(below[group], check)
	}
	var blocks []Block
	groups := 0
	add := func(checks []Check) {
		for len(checks) > 0 {
			groups++
			n := min(boxesAGroup, len(checks))
			blocks = append(blocks, Checks{Group: fmt.Sprintf("g%d", groups), Items: checks[:n]})
			checks = checks[n:]
		}
	}
	add(own)
	for _, parent := range parents {
		blocks = append(blocks, Lines{Lines: [][]Span{heads[parent]}})
		add(below[parent])
	}
	if more > 0 {
		blocks = append(blocks, Lines{Lines: [][]Span{Line("checklist.more", map[string]any{"Count": more})}})
	}
	return blocks
}

// waits reports whether an item is ticked by the record and not by a press. One whose proof drbot itself goes and asks for
// has a box: ticking it is the question.
func waits(it *incident.Item) bool { return it.Bind != nil && !it.Bind.Address() }

// waitingLines say what drbot ticks, and when.
func waitingLines(i *incident.Incident, phase string) [][]Span {
	var lines [][]Span
	more := 0
	for k := range i.Checklist {
		it := &i.Checklist[k]
		if it.Phase != phase || it.Closed() || it.Bind == nil {
			continue
		}
		if len(lines) == maxWaiting {
			more++
			continue
		}
		when := i.Waits(it)
		if said, ok := i.Shown(it); ok {
			when = Say("checklist.shown", map[string]any{"Said": said})
		}
		lines = append(lines, withProbe(it, Line("checklist.waits", map[string]any{
			"Item": it.ID, "Text": flat(it.Text, 100), "When": flat(when, 160), "Who": flat(it.Who.Name, 30), "Due": it.Due, "Day": OtherDay(it.Due, i.Time),
		})))
	}
	if more > 0 {
		lines = append(lines, Line("checklist.more", map[string]any{"Count": more}))
	}
	return lines
}

// boxText is the item, with the person it was given to and the time by which it is to be done.
func boxText(it *incident.Item, now time.Time) string {
	tail := ""
	if it.Who.Name != "" {
		tail = " · " + flat(it.Who.Name, 20)
	}
	if !it.Due.IsZero() {
		tail += " · " + Say("checklist.due", map[string]any{"Due": it.Due, "Day": OtherDay(it.Due, now)})
	}
	return flat(it.Text, maxLabel-utf8.RuneCountInString(tail)) + tail
}

// headOf is the line above the boxes of one item's children: its text, and for an ordered list the whole order.
func headOf(i *incident.Incident, child *incident.Item) []Span {
	parent := ""
	if p := i.Item(child.Parent); child.Parent != "" && p != nil {
		parent = flat(p.Text, 120)
	}
	if !child.Order {
		return Line("checklist.below", map[string]any{"Parent": parent})
	}
	var names []string
	for k := range i.Checklist {
		it := &i.Checklist[k]
		if len(names) > 40 { // more than the line holds
			break
		}
		if it.Parent != child.Parent || !it.Order || it.List != child.List || it.Phase != child.Phase {
			continue
		}
		name := flat(it.Text, 60)
		if it.Closed() {
			name = "✅ " + name
		}
		names = append(names, name)
	}
	return Line("checklist.order", map[string]any{"Parent": parent, "Names": short(strings.Join(names, " → "), 600)})
}

// closedLines says what is closed, by whom, and why drbot closed what it closed.
func closedLines(i *incident.Incident, phase string) [][]Span {
	var done, excused []string
	var lines [][]Span
	bot, anyway := 0, 0
	for k := range i.Checklist {
		it := &i.Checklist[k]
		switch {
		case it.Phase != phase || !it.Closed():
		case it.State == "na":
			excused = append(excused, it.ID+" "+flat(it.By.Name, 30)+" ("+flat(it.How, 60)+")")
		case it.Anyway != "":
			if anyway++; anyway <= maxWaiting {
				lines = append(lines, Line("checklist.anyway", map[string]any{"Item": it.ID, "Who": flat(it.By.Name, 30), "Why": flat(it.Anyway, 150)}))
			}
		case it.By.Same(incident.Bot):
			if bot++; bot <= 12 {
				lines = append(lines, Line("checklist.bot", map[string]any{"Text": flat(it.Text, 100), "How": flat(it.How, 100)}))
			}
		default:
			done = append(done, it.ID+" "+flat(it.By.Name, 30))
		}
	}
	if len(done) > 0 {
		lines = append(lines, Line("checklist.done", map[string]any{"Items": short(strings.Join(done, ", "), 900)}))
	}
	if len(excused) > 0 {
		lines = append(lines, Line("checklist.excused", map[string]any{"Items": short(strings.Join(excused, ", "), 900)}))
	}
	return lines
}
