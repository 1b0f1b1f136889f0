package workspace

import (
	"encoding/json"
	"html"
	"slices"
	"strconv"
	"strings"
	"time"
)

// drawer writes the elements that a person can use. Each carries its block_id
// and action_id; the script finds the message or form around it.
type drawer struct {
	*pen
	held   values
	errors map[string]string
	user   *user
}

func attr(name, value string) string { return " " + name + `="` + html.EscapeString(value) + `"` }

func (d *drawer) element(block, e obj) {
	if block["type"] == "input" {
		d.inputBlock(block, e)
		return
	}
	d.control(block, e)
}

// inputBlock is a form's field with its label, hint and error.
func (d *drawer) inputBlock(block, e obj) {
	id, _ := block["block_id"].(string)
	bad := d.errors[id]
	class := "b-input"
	if bad != "" {
		class += " bad"
	}
	group := e["type"] == "checkboxes" || e["type"] == "radio_buttons"
	name := "label"
	if group {
		name = "div"
	}
	d.tag(`<` + name + ` class="` + class + `"><span class="b-label">`)
	d.text(withEmoji(textOf(block["label"])))
	if block["optional"] == true {
		d.tag(` <i>optional</i>`)
	}
	d.tag(`</span>`)
	d.control(block, e)
	if bad != "" {
		d.wrapped(`<span class="b-error" role="alert">`, `</span>`, bad)
	}
	if block["hint"] != nil {
		d.tag(`<span class="b-hint">`)
		d.textObject(block["hint"])
		d.tag(`</span>`)
	}
	d.tag(`</` + name + `>`)
}

// ids are the attributes by which the script knows an element; data-field
// marks what a form sends, data-press what is sent at once.
func (d *drawer) ids(block, e obj) string {
	b, _ := block["block_id"].(string)
	a, _ := e["action_id"].(string)
	s := attr("data-block", b) + attr("data-action", a)
	if block["type"] == "input" {
		s += " data-field"
	}
	if block["type"] != "input" || block["dispatch_action"] == true {
		s += " data-press"
	}
	if c, ok := e["confirm"].(obj); ok {
		raw, _ := json.Marshal(obj{
			"title": textOf(c["title"]), "text": textOf(c["text"]), "confirm": textOf(c["confirm"]), "deny": textOf(c["deny"]), "style": c["style"],
		})
		s += attr("data-confirm", string(raw))
	}
	return s
}

func (d *drawer) control(block, e obj) {
	kind, _ := e["type"].(string)
	switch kind {
	case "button":
		d.button(block, e)
	case "overflow":
		d.overflow(block, e)
	case "checkboxes":
		d.boxes(block, e, "checkbox")
	case "radio_buttons":
		d.boxes(block, e, "radio")
	case "datepicker":
		d.simple(block, e, "date")
	case "timepicker":
		d.simple(block, e, "time")
	case "datetimepicker":
		d.simple(block, e, "datetime-local")
	case "email_text_input":
		d.simple(block, e, "email")
	case "url_text_input":
		d.simple(block, e, "url")
	case "number_input":
		d.simple(block, e, "number")
	case "plain_text_input":
		if e["multiline"] == true {
			d.area(block, e)
			return
		}
		d.simple(block, e, "text")
	default:
		d.menu(block, e, kind)
	}
}

func (d *drawer) button(block, e obj) {
	style, _ := e["style"].(string)
	url, _ := e["url"].(string)
	d.tag(`<button type="button" class="btn ` + html.EscapeString(style) + `"` + d.ids(block, e))
	if strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://") {
		d.tag(attr("data-url", url))
	}
	if l, ok := e["accessibility_label"].(string); ok {
		d.tag(attr("aria-label", l))
	}
	d.tag(`>`)
	d.text(withEmoji(textOf(e["text"])))
	d.tag(`</button>`)
}

func (d *drawer) overflow(block, e obj) {
	d.tag(`<details class="menu"><summary class="btn" aria-label="More actions">⋯</summary><div class="menu-list">`)
	for _, c := range optionsOf(e) {
		v, _ := c.o["value"].(string)
		d.tag(`<button type="button"` + d.ids(block, e) + attr("data-choose", v) + `>`)
		d.text(withEmoji(textOf(c.o["text"])))
		d.tag(`</button>`)
	}
	d.tag(`</div></details>`)
}

func (d *drawer) boxes(block, e obj, kind string) {
	now := chosen(d.held.stateOf(block, e))
	a, _ := e["action_id"].(string)
	b, _ := block["block_id"].(string)
	d.tag(`<div class="boxes" role="group"` + d.ids(block, e) + `>`)
	for _, c := range optionsOf(e) {
		v, _ := c.o["value"].(string)
		d.tag(`<label><input type="` + kind + `"` + attr("name", b+" "+a) + attr("value", v))
		if slices.Contains(now, v) {
			d.tag(` checked`)
		}
		d.tag(`><span>`)
		d.textObject(c.o["text"])
		if c.o["description"] != nil {
			d.tag(`<small>`)
			d.textObject(c.o["description"])
			d.tag(`</small>`)
		}
		d.tag(`</span></label>`)
	}
	d.tag(`</div>`)
}

func (d *drawer) simple(block, e obj, kind string) {
	now := strings.Join(chosen(d.held.stateOf(block, e)), "")
	if kind == "datetime-local" {
		if sec, err := strconv.ParseInt(now, 10, 64); err == nil {
			now = time.Unix(sec, 0).UTC().Format("2006-01-02T15:04")
		}
	}
	d.tag(`<input type="` + kind + `"` + d.ids(block, e) + attr("value", now) + attr("placeholder", textOf(e["placeholder"])))
	if n, err := toInt(e["max_length"]); err == nil {
		d.tag(attr("maxlength", strconv.FormatInt(n, 10)))
	}
	if e["is_decimal_allowed"] == true {
		d.tag(` step="any"`)
	}
	d.tag(` autocomplete="off">`)
}

func (d *drawer) area(block, e obj) {
	now := strings.Join(chosen(d.held.stateOf(block, e)), "")
	d.tag(`<textarea rows="5"` + d.ids(block, e) + attr("placeholder", textOf(e["placeholder"])))
	if n, err := toInt(e["max_length"]); err == nil {
		d.tag(attr("maxlength", strconv.FormatInt(n, 10)))
	}
	d.tag(`>`)
	d.tag("\n") // a browser drops the first line break in a textarea
	d.text(now)
	d.tag(`</textarea>`)
}

// menu is any kind of select.
func (d *drawer) menu(block, e obj, kind string) {
	now := chosen(d.held.stateOf(block, e))
	many := strings.HasPrefix(kind, "multi_")
	d.tag(`<select` + d.ids(block, e) + attr("aria-label", labelOf(block, e)))
	if many {
		d.tag(` multiple size="5"`)
	}
	d.tag(`>`)
	if !many {
		hint := textOf(e["placeholder"])
		if hint == "" {
			hint = "Choose…"
		}
		d.tag(`<option value=""`)
		if len(now) == 0 {
			d.tag(` selected`)
		}
		d.tag(`>`)
		d.text(hint)
		d.tag(`</option>`)
	}
	group := ""
	for _, c := range d.choicesOf(e, kind) {
		if c.group != group {
			if group != "" {
				d.tag(`</optgroup>`)
			}
			group = c.group
			d.tag(`<optgroup` + attr("label", withEmoji(group)) + `>`)
		}
		v, _ := c.o["value"].(string)
		d.tag(`<option` + attr("value", v))
		if slices.Contains(now, v) {
			d.tag(` selected`)
		}
		d.tag(`>`)
		d.text(withEmoji(textOf(c.o["text"])))
		if t := textOf(c.o["description"]); t != "" {
			d.text(" · " + t)
		}
		d.tag(`</option>`)
	}
	if group != "" {
		d.tag(`</optgroup>`)
	}
	d.tag(`</select>`)
}

func (d *drawer) choicesOf(e obj, kind string) []choice {
	var out []choice
	add := func(value, label string) {
		out = append(out, choice{o: obj{"value": value, "text": obj{"type": "plain_text", "text": label}}})
	}
	switch strings.TrimPrefix(kind, "multi_") {
	case "users_select":
		for _, id := range d.w.order {
			if u := d.w.users[id]; !u.Deactivated {
				add(id, u.RealName)
			}
		}
	case "channels_select", "conversations_select":
		for _, id := range d.w.chanIDs {
			if ch := d.w.channels[id]; ch.visible(d.user.ID) && ch.kind != "im" {
				add(id, "#"+ch.name)
			}
		}
	default:
		return optionsOf(e)
	}
	return out
}
