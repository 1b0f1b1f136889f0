package workspace

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/workspace/person"
)

// values is what a client holds for elements: block_id, action_id, and the
// element's state in the form that Slack sends it.
type values map[string]map[string]obj

func (v values) set(block, action string, state obj) {
	if v[block] == nil {
		v[block] = map[string]obj{}
	}
	v[block][action] = state
}

// stateKeys names the field that holds an element's state; buttons and
// overflow menus have none.
var stateKeys = map[string]string{
	"static_select": "selected_option", "multi_static_select": "selected_options", "radio_buttons": "selected_option", "checkboxes": "selected_options",
	"users_select": "selected_user", "multi_users_select": "selected_users",
	"conversations_select": "selected_conversation", "multi_conversations_select": "selected_conversations",
	"channels_select": "selected_channel", "multi_channels_select": "selected_channels",
	"datepicker": "selected_date", "timepicker": "selected_time", "datetimepicker": "selected_date_time",
	"plain_text_input": "value", "email_text_input": "value", "url_text_input": "value", "number_input": "value",
}

// initial is the state an element starts with.
func initial(e obj) obj {
	kind, _ := e["type"].(string)
	key := stateKeys[kind]
	from := "initial_" + strings.TrimPrefix(key, "selected_")
	v := cloneJSON(e[from])
	if v == nil && strings.HasSuffix(key, "s") {
		v = []any{}
	}
	if key == "value" && v == "" {
		v = nil
	}
	return obj{"type": kind, key: v}
}

// stateOf is the client's own state where there is one of the same type and it
// is still possible, else the element's initial one. A client keeps its state
// over an update with the same block_id and action_id. [WIRE §0.5]
func (v values) stateOf(block, e obj) obj {
	b, _ := block["block_id"].(string)
	a, _ := e["action_id"].(string)
	held := v[b][a]
	if held == nil || held["type"] != e["type"] {
		return initial(e)
	}
	have := map[string]bool{}
	for _, c := range optionsOf(e) {
		have[optionKey(c.o)] = true
	}
	switch x := held[stateKeys[held["type"].(string)]].(type) {
	case obj:
		if !have[optionKey(x)] {
			return initial(e)
		}
	case []any:
		kept := []any{}
		for _, o := range x {
			if m, ok := o.(obj); !ok || have[optionKey(m)] {
				kept = append(kept, o)
			}
		}
		return obj{"type": held["type"], stateKeys[held["type"].(string)]: kept}
	}
	return held
}

// all is state.values of a payload: every stateful element of the blocks.
func (v values) all(blocks []any) obj {
	out := obj{}
	for _, b := range blocks {
		block := b.(obj)
		for _, e := range interactive(block) {
			if stateKeys[e["type"].(string)] == "" {
				continue
			}
			id := block["block_id"].(string)
			if out[id] == nil {
				out[id] = obj{}
			}
			out[id].(obj)[e["action_id"].(string)] = v.stateOf(block, e)
		}
	}
	return out
}

// chosen lists the values of a state, as a person's client shows them.
func chosen(state obj) []string {
	kind, _ := state["type"].(string)
	one := func(v any) string {
		switch x := v.(type) {
		case string:
			return x
		case obj:
			s, _ := x["value"].(string)
			return s
		case json.Number:
			return x.String()
		case int64:
			return strconv.FormatInt(x, 10)
		}
		return ""
	}
	switch x := state[stateKeys[kind]].(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, v := range x {
			out = append(out, one(v))
		}
		return out
	default:
		return []string{one(x)}
	}
}

// choose makes the state that follows from a person's choice: values or
// visible labels of options, user ids or names, dates, texts.
func (w *Workspace) choose(e obj, picks []string) (obj, error) {
	kind, _ := e["type"].(string)
	key := stateKeys[kind]
	many := strings.HasSuffix(key, "s")
	if !many && len(picks) > 1 {
		return nil, fmt.Errorf("choose one")
	}
	out := []any{}
	for _, p := range picks {
		v, err := w.chooseOne(e, kind, p)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
	switch {
	case many:
		return obj{"type": kind, key: out}, nil
	case len(out) == 0:
		return obj{"type": kind, key: nil}, nil
	}
	return obj{"type": kind, key: out[0]}, nil
}

func (w *Workspace) chooseOne(e obj, kind, p string) (any, error) {
	if p == "" {
		return nil, nil
	}
	switch {
	case e["options"] != nil || e["option_groups"] != nil:
		for _, c := range optionsOf(e) {
			if c.o["value"] == p || textOf(c.o["text"]) == p {
				return cloneJSON(c.o), nil
			}
		}
		return nil, fmt.Errorf("no option %q", p)
	case strings.HasSuffix(kind, "users_select"):
		u := w.userBy(p)
		if u == nil {
			return nil, fmt.Errorf("no user %q", p)
		}
		return u.ID, nil
	case strings.HasSuffix(kind, "channels_select"), strings.HasSuffix(kind, "conversations_select"):
		ch := w.channelBy(p)
		if ch == nil {
			return nil, fmt.Errorf("no channel %q", p)
		}
		return ch.id, nil
	case kind == "datepicker" && !datePattern.MatchString(p):
		return nil, fmt.Errorf("a date is YYYY-MM-DD")
	case kind == "timepicker" && !timePattern.MatchString(p):
		return nil, fmt.Errorf("a time is HH:MM")
	case kind == "datetimepicker":
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a time is in Unix seconds")
		}
		return n, nil
	}
	return p, nil
}

// fieldTrouble is what the client itself says about a field before it sends.
func fieldTrouble(block, e, state obj) string {
	got := chosen(state)
	if len(got) == 0 || strings.TrimSpace(got[0]) == "" {
		if block["optional"] == true {
			return ""
		}
		return "Please complete this required field."
	}
	n := int64(utf8.RuneCountInString(got[0]))
	if least, err := toInt(e["min_length"]); err == nil && n < least {
		return fmt.Sprintf("This entry needs at least %d characters.", least)
	}
	most, err := toInt(e["max_length"])
	if err != nil {
		most = 3000
	}
	if e["type"] == "plain_text_input" && n > most {
		return fmt.Sprintf("This entry may have at most %d characters.", most)
	}
	switch e["type"] {
	case "email_text_input":
		if !strings.Contains(got[0], "@") {
			return "Enter a valid email address."
		}
	case "url_text_input":
		if u, err := url.Parse(got[0]); err != nil || u.Host == "" {
			return "Enter a valid URL."
		}
	case "number_input":
		if _, err := strconv.ParseFloat(got[0], 64); err != nil {
			return "Enter a number."
		}
	}
	return ""
}

// labelOf is what a person calls an element.
func labelOf(block, e obj) string {
	if block["type"] == "input" {
		return textOf(block["label"])
	}
	switch e["type"] {
	case "button":
		return withEmoji(textOf(e["text"]))
	case "overflow":
		return "⋯"
	}
	if p := textOf(e["placeholder"]); p != "" {
		return p
	}
	if e["type"] == "checkboxes" || e["type"] == "radio_buttons" {
		var labels []string
		for _, c := range optionsOf(e) {
			labels = append(labels, textOf(c.o["text"]))
		}
		return strings.Join(labels, " · ")
	}
	a, _ := e["action_id"].(string)
	return a
}

// elementsOf describes everything usable in the blocks, as this client shows it.
func (v values) elementsOf(blocks []any, errors map[string]string) []person.Element {
	var out []person.Element
	for _, b := range blocks {
		block, _ := b.(obj)
		for _, e := range interactive(block) {
			x := describe(block, e)
			if stateKeys[x.Type] != "" {
				x.Selected = chosen(v.stateOf(block, e))
			}
			x.Error = errors[x.BlockID]
			out = append(out, x)
		}
	}
	return out
}

func describe(block, e obj) person.Element {
	get := func(o obj, k string) string { s, _ := o[k].(string); return s }
	num := func(k string) int { n, _ := toInt(e[k]); return int(n) }
	x := person.Element{
		BlockID: get(block, "block_id"), ActionID: get(e, "action_id"), Type: get(e, "type"), Label: labelOf(block, e),
		Value: get(e, "value"), URL: get(e, "url"), Style: get(e, "style"), Hint: textOf(block["hint"]),
		Optional: block["optional"] == true, Input: block["type"] == "input", Dispatch: block["dispatch_action"] == true,
		Multiline: e["multiline"] == true, Placeholder: textOf(e["placeholder"]), MinLength: num("min_length"), MaxLength: num("max_length"),
	}
	if c, ok := e["confirm"].(obj); ok {
		x.Confirm = &person.Confirm{
			Title: textOf(c["title"]), Text: textOf(c["text"]), Confirm: textOf(c["confirm"]), Deny: textOf(c["deny"]), Style: get(c, "style"),
		}
	}
	for _, c := range optionsOf(e) {
		x.Options = append(x.Options, person.Option{Label: textOf(c.o["text"]), Value: get(c.o, "value"), Description: textOf(c.o["description"]), Group: c.group})
	}
	return x
}

// trigger is a ticket to open a modal: it works once and lives three seconds.
type trigger struct {
	user string
	at   time.Time
	used bool
}

const triggerLife = 3 * time.Second

func (w *Workspace) newTrigger(user string) string {
	for id, t := range w.triggers {
		if w.now().Sub(t.at) > time.Hour {
			delete(w.triggers, id)
		}
	}
	id := fmt.Sprintf("%d.%s.%s", w.now().UnixMilli(), TeamID, random(16))
	w.triggers[id] = &trigger{user: user, at: w.now()}
	return id
}

func (w *Workspace) spendTrigger(id string) (string, *fail) {
	t := w.triggers[id]
	switch {
	case t == nil:
		return "", no("invalid_trigger_id")
	case t.used:
		return "", no("exchanged_trigger_id")
	case w.now().Sub(t.at) > triggerLife:
		return "", no("expired_trigger_id")
	}
	t.used = true
	return t.user, nil
}

// channelBy finds a channel by id or name.
func (w *Workspace) channelBy(name string) *channel {
	if ch := w.channels[name]; ch != nil {
		return ch
	}
	return w.named(strings.TrimPrefix(name, "#"))
}

// without removes an element by value.
func without(l []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(l), func(x string) bool { return x == s })
}
