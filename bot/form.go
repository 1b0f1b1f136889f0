package bot

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/drbot/drbot/templates"
)

const (
	maxFormTitle = 24
	maxLabel     = 2_000
	maxMeta      = 3_000
	maxInput     = 3_000
	maxFields    = 40

	inputID = "v" // action id inside every input block: the block id is the field
)

// slip travels in a form's private_metadata: only this app writes and reads it, under Slack's signature. Channel is
// where the form was opened, so that its submission is decided there (I15).
type slip struct {
	Object  string            `json:"o,omitempty"`
	Channel string            `json:"c,omitempty"`
	Link    string            `json:"l,omitempty"`
	Long    map[string]string `json:"v,omitempty"` // option values that are too long for Slack
}

// readSlip reads private_metadata; what is no slip is an object alone.
func readSlip(meta string) slip {
	var s slip
	if json.Unmarshal([]byte(meta), &s) != nil {
		return slip{Object: meta}
	}
	return s
}

// long keeps a value under a short name; "" when there is no more room, and then the option is not offered.
func (s *slip) long(value string) string {
	name := "#" + strconv.Itoa(len(s.Long))
	if s.Long == nil {
		s.Long = map[string]string{}
	}
	s.Long[name] = value
	if encoded, err := json.Marshal(s); err != nil || len(encoded) > maxMeta {
		delete(s.Long, name)
		return ""
	}
	return name
}

// value gives a long value back.
func (s *slip) value(v string) string {
	if whole, ok := s.Long[v]; ok {
		return whole
	}
	return v
}

// modal turns a form into a view.
func modal(form templates.Form, s slip, f frame) slack.ModalViewRequest {
	s.Object = form.Object
	view := slack.ModalViewRequest{
		Type:       slack.VTModal,
		Title:      plainText(line(form.Title, maxFormTitle)),
		Close:      plainText(cmp.Or(form.Close, "Cancel")),
		CallbackID: actionID(form.Verb, map[string]int{}),
		ExternalID: cut(form.ID, maxID),
		Blocks:     slack.Blocks{BlockSet: viewBlocks(form.Intro, f)},
	}
	for _, field := range form.Fields[:min(len(form.Fields), maxFields)] {
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, input(field, &s))
	}
	if form.Submit != "" {
		view.Submit = plainText(line(form.Submit, maxFormTitle))
	} else if len(form.Fields) > 0 {
		view.Submit = plainText("Send") // a view with fields must have one
	}
	if len(view.Blocks.BlockSet) == 0 {
		view.Blocks.BlockSet = viewBlocks([]templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T("…")}}}}, f)
	}
	if encoded, err := json.Marshal(s); err == nil {
		view.PrivateMetadata = string(encoded)
	}
	return view
}

func input(field templates.Field, s *slip) *slack.InputBlock {
	block := slack.NewInputBlock(cut(field.ID, maxID), plainText(line(field.Label, maxLabel)), nil, inputElement(field, s))
	if field.Hint != "" {
		block.Hint = plainText(plain(field.Hint, maxLabel))
	}
	return block.WithOptional(field.Optional)
}

func inputElement(field templates.Field, s *slip) slack.BlockElement {
	switch field.Kind {
	case templates.FieldPerson:
		element := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, placeholder(field, "A person"), inputID)
		element.InitialUser = field.Value
		return element
	case templates.FieldSelect:
		if element := selection(field, s); element != nil {
			return element
		}
	case templates.FieldChecks:
		if element := boxes(field, s); element != nil {
			return element
		}
	}
	limit := maxInput
	if field.Max > 0 {
		limit = min(field.Max, maxInput)
	}
	element := slack.NewPlainTextInputBlockElement(placeholder(field, ""), inputID).WithMaxLength(limit)
	element.Multiline = field.Kind == templates.FieldArea
	if value := cut(clean(field.Value), limit); value != "" {
		element.WithInitialValue(value)
	}
	return element
}

// placeholder is nil where there is nothing to say: an empty text object is refused.
func placeholder(field templates.Field, otherwise string) *slack.TextBlockObject {
	if field.Placeholder != "" {
		otherwise = field.Placeholder
	}
	if otherwise == "" {
		return nil
	}
	return plainText(line(otherwise, 150))
}

// selection is nil without options, which Slack refuses: the field becomes a text then.
func selection(field templates.Field, s *slip) *slack.SelectBlockElement {
	element := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, placeholder(field, "Choose"), inputID)
	element.Options, element.OptionGroups = choices(field.Options, s.long)
	all := slices.Clone(element.Options)
	for _, group := range element.OptionGroups {
		all = append(all, group.Options...)
	}
	for _, option := range all {
		if s.value(option.Value) == field.Value && field.Value != "" {
			element.InitialOption = option
		}
	}
	if len(all) == 0 {
		return nil
	}
	return element
}

// boxes of a form; Value lists the ticked ones, separated by commas.
func boxes(field templates.Field, s *slip) *slack.CheckboxGroupsBlockElement {
	options, _ := choices(ungrouped(field.Options[:min(len(field.Options), maxBoxes)]), s.long)
	if len(options) == 0 {
		return nil
	}
	element := slack.NewCheckboxGroupsBlockElement(inputID, options...)
	ticked := strings.Split(field.Value, ",")
	for _, option := range options {
		if slices.Contains(ticked, s.value(option.Value)) {
			element.InitialOptions = append(element.InitialOptions, option)
		}
	}
	return element
}

func ungrouped(options []templates.Option) []templates.Option {
	options = slices.Clone(options)
	for k := range options {
		options[k].Group = ""
	}
	return options
}

// homeView is App Home.
func homeView(m templates.Message, f frame) slack.HomeTabViewRequest {
	blocks := viewBlocks(m.Blocks, f)
	if len(blocks) == 0 {
		blocks = viewBlocks([]templates.Block{templates.Lines{Lines: [][]templates.Span{{templates.T(m.Text + " ")}}}}, f)
	}
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks[:min(len(blocks), 100)]}, CallbackID: "home"}
}
