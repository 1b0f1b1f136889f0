package workspace

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

func set(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// Where each element may stand. [docs.slack.dev/reference/block-kit/block-elements]
var (
	menus = []string{
		"static_select", "users_select", "conversations_select", "channels_select",
	}
	multiMenus = []string{
		"multi_static_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
	}
	sectionElements = set(append(append([]string{"button", "image", "overflow", "checkboxes", "radio_buttons", "datepicker", "timepicker"}, menus...), multiMenus...)...)
	actionElements  = set(append([]string{"button", "overflow", "checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker"}, menus...)...)
	inputElements   = set(append(append([]string{
		"plain_text_input", "email_text_input", "url_text_input", "number_input",
		"checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker",
	}, menus...), multiMenus...)...)
)

var (
	datePattern = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
	timePattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

func matching(p *regexp.Regexp) rule {
	return func(c *checker, ptr string, v any) {
		if s, ok := v.(string); !ok || !p.MatchString(s) {
			c.bad(ptr, "must match %s", p)
		}
	}
}

func toInt(v any) (int64, error) {
	switch x := v.(type) {
	case json.Number:
		return x.Int64()
	case string:
		return strconv.ParseInt(x, 10, 64)
	case float64:
		return int64(x), nil
	case int64:
		return x, nil
	}
	return 0, fmt.Errorf("not a number: %T", v)
}

// option is one choice; kinds other than checkboxes and radio take plain text.
func option(plain, links bool) rule {
	s := shape{
		"text": {true, text(plain, 1, 75)}, "value": {true, str(1, 150)},
		"description": {rule: text(plain, 1, 75)},
	}
	if links {
		s["url"] = field{rule: str(1, 3000)}
	}
	return func(c *checker, ptr string, v any) { c.object(ptr, v, s) }
}

func optionGroup(c *checker, ptr string, v any) {
	c.object(ptr, v, shape{"label": {true, text(true, 1, 75)}, "options": {true, list(1, 100, option(true, false))}})
}

var elementShapes = elementTable()

func elementTable() map[string]shape {
	holder := field{rule: text(true, 1, 150)}
	focus, sure := field{rule: boolean}, field{rule: confirm}
	dispatch := field{rule: func(c *checker, ptr string, v any) {
		c.object(ptr, v, shape{"trigger_actions_on": {rule: list(1, 2, oneOf("on_enter_pressed", "on_character_entered"))}})
	}}
	short := field{rule: str(1, 255)}
	shorts := field{rule: list(1, 100, str(1, 255))}
	count := field{rule: number(1, 100)}
	filter := field{rule: func(c *checker, ptr string, v any) {
		c.object(ptr, v, shape{
			"include":                          {rule: list(1, 4, oneOf("im", "mpim", "private", "public"))},
			"exclude_external_shared_channels": {rule: boolean}, "exclude_bot_users": {rule: boolean},
		})
	}}
	all := map[string]shape{
		"button": {
			"text": {true, text(true, 1, 75)}, "value": {rule: str(1, 2000)}, "url": {rule: str(1, 3000)},
			"style": {rule: oneOf("primary", "danger")}, "confirm": sure, "accessibility_label": {rule: str(1, 75)},
		},
		"overflow":      {"options": {true, list(1, 5, option(true, true))}, "confirm": sure},
		"checkboxes":    {"options": {true, list(1, 10, option(false, false))}, "initial_options": {rule: list(1, 10, option(false, false))}, "confirm": sure, "focus_on_load": focus},
		"radio_buttons": {"options": {true, list(1, 10, option(false, false))}, "initial_option": {rule: option(false, false)}, "confirm": sure, "focus_on_load": focus},
		"static_select": {
			"placeholder": holder, "options": {rule: list(1, 100, option(true, false))}, "option_groups": {rule: list(1, 100, optionGroup)},
			"initial_option": {rule: option(true, false)}, "confirm": sure, "focus_on_load": focus,
		},
		"multi_static_select": {
			"placeholder": holder, "options": {rule: list(1, 100, option(true, false))}, "option_groups": {rule: list(1, 100, optionGroup)},
			"initial_options": {rule: list(1, 100, option(true, false))}, "confirm": sure, "max_selected_items": count, "focus_on_load": focus,
		},
		"users_select":       {"placeholder": holder, "initial_user": short, "confirm": sure, "focus_on_load": focus},
		"multi_users_select": {"placeholder": holder, "initial_users": shorts, "confirm": sure, "max_selected_items": count, "focus_on_load": focus},
		"conversations_select": {
			"placeholder": holder, "initial_conversation": short, "default_to_current_conversation": {rule: boolean},
			"confirm": sure, "response_url_enabled": {rule: boolean}, "filter": filter, "focus_on_load": focus,
		},
		"multi_conversations_select": {
			"placeholder": holder, "initial_conversations": shorts, "default_to_current_conversation": {rule: boolean},
			"confirm": sure, "max_selected_items": count, "filter": filter, "focus_on_load": focus,
		},
		"channels_select":       {"placeholder": holder, "initial_channel": short, "confirm": sure, "response_url_enabled": {rule: boolean}, "focus_on_load": focus},
		"multi_channels_select": {"placeholder": holder, "initial_channels": shorts, "confirm": sure, "max_selected_items": count, "focus_on_load": focus},
		"datepicker":            {"placeholder": holder, "initial_date": {rule: matching(datePattern)}, "confirm": sure, "focus_on_load": focus},
		"timepicker":            {"placeholder": holder, "initial_time": {rule: matching(timePattern)}, "timezone": short, "confirm": sure, "focus_on_load": focus},
		"datetimepicker":        {"initial_date_time": {rule: number(1e9, 9999999999)}, "confirm": sure, "focus_on_load": focus},
		"plain_text_input": {
			"placeholder": holder, "initial_value": {rule: str(0, 3000)}, "multiline": {rule: boolean}, "min_length": {rule: number(0, 3000)},
			"max_length": {rule: number(1, 3000)}, "dispatch_action_config": dispatch, "focus_on_load": focus,
		},
		"email_text_input": {"placeholder": holder, "initial_value": {rule: str(0, 3000)}, "dispatch_action_config": dispatch, "focus_on_load": focus},
		"url_text_input":   {"placeholder": holder, "initial_value": {rule: str(0, 3000)}, "dispatch_action_config": dispatch, "focus_on_load": focus},
		"number_input": {
			"placeholder": holder, "initial_value": {rule: str(0, 255)}, "is_decimal_allowed": {true, boolean}, "min_value": {rule: str(1, 255)},
			"max_value": {rule: str(1, 255)}, "dispatch_action_config": dispatch, "focus_on_load": focus,
		},
		"image": {"image_url": {rule: str(1, 3000)}, "slack_file": {rule: slackFile}, "alt_text": {true, str(1, 2000)}},
	}
	for kind, s := range all {
		s["type"] = field{need: true}
		if kind != "image" {
			s["action_id"] = short
		}
	}
	return all
}

// element checks an element of one of the allowed types.
func element(allowed map[string]bool) rule {
	return func(c *checker, ptr string, v any) {
		o, ok := v.(obj)
		if !ok {
			c.bad(ptr, "must be an object")
			return
		}
		kind, _ := o["type"].(string)
		if !allowed[kind] {
			c.bad(ptr+"/type", "unsupported type: %s", kind)
			return
		}
		before := len(c.problems)
		c.object(ptr, o, elementShapes[kind])
		if len(c.problems) > before {
			return
		}
		c.choices(ptr, kind, o)
	}
}

// choices checks that options and groups exclude each other, and that what is
// chosen at first is exactly one of the options (text type, text and value).
func (c *checker) choices(ptr, kind string, o obj) {
	if kind == "static_select" || kind == "multi_static_select" {
		if (o["options"] == nil) == (o["option_groups"] == nil) {
			c.bad(ptr, "must have either options or option_groups")
			return
		}
	}
	have := map[string]bool{}
	for _, p := range optionsOf(o) {
		have[optionKey(p.o)] = true
	}
	check := func(at string, v any) {
		if p, ok := v.(obj); ok && !have[optionKey(p)] {
			c.bad(at, "initial option is not exactly one of the options")
		}
	}
	if o["initial_option"] != nil {
		check(ptr+"/initial_option", o["initial_option"])
	}
	l, _ := o["initial_options"].([]any)
	for i, v := range l {
		check(fmt.Sprintf("%s/initial_options/%d", ptr, i), v)
	}
}

// choice is an option with the label of its group.
type choice struct {
	o     obj
	group string
}

func optionsOf(e obj) []choice {
	var out []choice
	add := func(v any, group string) {
		l, _ := v.([]any)
		for _, x := range l {
			if o, ok := x.(obj); ok {
				out = append(out, choice{o, group})
			}
		}
	}
	add(e["options"], "")
	groups, _ := e["option_groups"].([]any)
	for _, g := range groups {
		if o, ok := g.(obj); ok {
			add(o["options"], textOf(o["label"]))
		}
	}
	return out
}

func optionKey(o obj) string {
	t, _ := o["text"].(obj)
	d, _ := o["description"].(obj)
	return fmt.Sprintf("%v\x00%v\x00%v\x00%v", t["type"], t["text"], o["value"], d["text"])
}

// textOf is the text of a text object, as written.
func textOf(v any) string {
	o, _ := v.(obj)
	s, _ := o["text"].(string)
	return s
}
