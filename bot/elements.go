package bot

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/templates"
)

// Names of action ids that are no verb.
const (
	actionMenu = "menu" // an overflow: the chosen option says verb and object
	actionOpen = "open" // a button that opens a page: nothing to do
)

// tickVerb is what boxes mean.
const tickVerb = "incident checklist"

// actionID is the verb with a dot; a second one in the same block gets a number, since Slack wants them unique.
func actionID(verb string, taken map[string]int) string {
	id := strings.ReplaceAll(verb, " ", ".")
	taken[id]++
	if n := taken[id]; n > 1 {
		id += "~" + strconv.Itoa(n)
	}
	return cut(id, maxID)
}

// verbOf reads an action id back.
func verbOf(id string) string {
	id, _, _ = strings.Cut(id, "~")
	id, _, _ = strings.Cut(id, "@")
	return strings.ReplaceAll(id, ".", " ")
}

func (p *page) actions(elements []templates.Element) {
	taken := map[string]int{}
	var row []slack.BlockElement
	size := 0
	for _, e := range elements {
		switch e := e.(type) {
		case templates.Button:
			row, size = append(row, button(e, taken)), size+length(e.Label)
		case templates.Menu:
			for rest := e.Options; len(rest) > 0; {
				n := min(len(rest), maxOverflow)
				row, rest = append(row, overflow(rest[:n], taken)), rest[n:]
			}
		case templates.Pick:
			if len(e.Options) > 0 {
				row = append(row, pick(e, taken))
			}
		}
	}
	for len(row) > 0 {
		n := min(len(row), maxRow)
		p.add(slack.NewActionBlock(p.id(), row[:n]...), size)
		row, size = row[n:], 0
	}
}

func button(b templates.Button, taken map[string]int) *slack.ButtonBlockElement {
	if b.URL != "" {
		open := slack.NewButtonBlockElement(actionID(actionOpen, taken), "", plainText(line(b.Label, maxButton)))
		return open.WithURL(b.URL)
	}
	made := slack.NewButtonBlockElement(actionID(b.Verb, taken), cut(b.Object, maxValue), plainText(line(b.Label, maxButton)))
	switch b.Style {
	case "primary":
		made.WithStyle(slack.StylePrimary)
	case "danger":
		made.WithStyle(slack.StyleDanger)
	}
	if c := b.Confirm; c != nil {
		made.WithConfirm(confirm(c, made.Style))
	}
	return made
}

func confirm(c *templates.Confirm, style slack.Style) *slack.ConfirmationBlockObject {
	dialog := slack.NewConfirmationBlockObject(
		plainText(line(c.Title, 100)), plainText(plain(c.Text, 300)), plainText(line(c.Yes, 30)), plainText(line(c.No, 30)))
	if style != slack.StyleDefault {
		dialog.WithStyle(style)
	}
	return dialog
}

// overflow is the "⋯" of a card. Slack gives it one action id, so each option says its verb and object.
func overflow(options []templates.Button, taken map[string]int) *slack.OverflowBlockElement {
	made := slack.NewOverflowBlockElement(actionID(actionMenu, taken))
	for _, o := range options {
		value := strings.ReplaceAll(o.Verb, " ", ".") + " " + o.Object
		made.Options = append(made.Options, slack.NewOptionBlockObject(cut(value, maxOption), plainText(line(o.Label, maxOption)), nil))
	}
	return made
}

// chosen reads an option of a menu back.
func chosen(value string) (verb, object string) {
	verb, object, _ = strings.Cut(value, " ")
	return verbOf(verb), object
}

// pick is a drop-down; its object rides in the action id, since a menu has no value of its own.
func pick(e templates.Pick, taken map[string]int) *slack.SelectBlockElement {
	id := actionID(e.Verb, taken)
	if e.Object != "" {
		id = cut(id+"@"+e.Object, maxID)
	}
	made := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText(line(e.Placeholder, 150)), id)
	made.Options, made.OptionGroups = choices(e.Options, nil)
	return made
}

// pickOf reads verb and object of a drop-down back.
func pickOf(id string) (verb, object string) {
	_, object, _ = strings.Cut(id, "@")
	return verbOf(id), object
}

// choices are options, in groups where any has one. A value that is too long for Slack is kept in long and named by
// its place; without long it is left out, since a shortened value would be another value.
func choices(options []templates.Option, long func(value string) string) ([]*slack.OptionBlockObject, []*slack.OptionGroupBlockObject) {
	var flat []*slack.OptionBlockObject
	var groups []*slack.OptionGroupBlockObject
	grouped := false
	for _, o := range options {
		grouped = grouped || o.Group != ""
	}
	for k, o := range options {
		if k == maxOptions {
			break
		}
		value := o.Value
		if length(value) > maxOption || value == "" {
			if long == nil {
				continue
			}
			if value = long(value); value == "" {
				continue
			}
		}
		option := slack.NewOptionBlockObject(value, plainText(line(o.Label, maxOption)), nil)
		if o.Hint != "" {
			option.Description = plainText(line(o.Hint, maxOption))
		}
		if !grouped {
			flat = append(flat, option)
			continue
		}
		name := line(o.Group, maxOption)
		if len(groups) == 0 || groups[len(groups)-1].Label.Text != name {
			groups = append(groups, slack.NewOptionGroupBlockElement(plainText(name)))
		}
		last := groups[len(groups)-1]
		last.Options = append(last.Options, option)
	}
	return flat, groups
}

// checks are boxes. The block id says what they showed, so that a tick is what changed against that (two people who
// tick at once both win).
func (p *page) checks(c templates.Checks) {
	for first := 0; first < len(c.Items); first += maxBoxes {
		items := c.Items[first:min(first+maxBoxes, len(c.Items))]
		boxes := slack.NewCheckboxGroupsBlockElement(actionID(tickVerb, map[string]int{}))
		mask, size := 0, 0
		for k, item := range items {
			option := slack.NewOptionBlockObject(cut(item.Value, maxOption), plainText(line(item.Text, maxOption)), nil)
			if over := clean(item.Text); length(over) > maxOption {
				option.Description = plainText(line(string([]rune(over)[maxOption-1:]), maxOption))
			}
			boxes.Options = append(boxes.Options, option)
			if item.Done {
				mask |= 1 << k
				boxes.InitialOptions = append(boxes.InitialOptions, option)
			}
			size += length(item.Text)
		}
		group := strings.ReplaceAll(c.Group, "/", "-")
		if first > 0 {
			group += "+" + strconv.Itoa(first/maxBoxes)
		}
		p.add(slack.NewActionBlock(cut(fmt.Sprintf("c/%s/%x/%s", group, mask, p.drawing), maxID), boxes), size)
	}
}

// shown reads the mask of a group of boxes back: which of the options were ticked when it was drawn.
func shown(blockID string, options []string) (group string, ticked []string, ok bool) {
	fields := strings.SplitN(blockID, "/", 4)
	if len(fields) != 4 || fields[0] != "c" {
		return "", nil, false
	}
	mask, err := strconv.ParseUint(fields[2], 16, maxBoxes)
	if err != nil {
		return "", nil, false
	}
	for k, value := range options {
		if mask&(1<<k) != 0 {
			ticked = append(ticked, value)
		}
	}
	return fields[1], ticked, true
}
