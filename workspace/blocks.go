package workspace

import (
	"fmt"
	"slices"
	"sort"
	"unicode/utf8"
)

// Block Kit is checked here as strictly as Slack's documentation allows: any
// unknown field or type is refused, lengths count code points. The limits are
// those of WIRE §3 (docs.slack.dev/reference/block-kit).
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	// maxMessageText is the undocumented total over all blocks of a message
	// beyond which Slack answers msg_blocks_too_long. [slackapi/bolt-js#2509]
	maxMessageText = 13000
)

// place says where blocks stand: what is allowed differs.
type place int

const (
	inMessage place = iota
	inModal
	inHome
)

// checker walks blocks and collects what Slack would object to.
type checker struct {
	place    place
	strict   bool // sections in messages must say "expand": true
	problems []string
	blockIDs map[string]bool
	inputs   int
	text     int // code points over everything that is shown
}

// rule checks one value; the pointer names it.
type rule func(c *checker, ptr string, v any)

type field struct {
	need bool
	rule rule
}

// shape lists the fields an object may have.
type shape map[string]field

func (c *checker) bad(ptr, format string, a ...any) {
	c.problems = append(c.problems, fmt.Sprintf("[ERROR] %s [json-pointer:%s]", fmt.Sprintf(format, a...), ptr))
}

// object checks fields against a shape.
func (c *checker) object(ptr string, v any, s shape) (obj, bool) {
	o, ok := v.(obj)
	if !ok {
		c.bad(ptr, "must be an object")
		return nil, false
	}
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		f, known := s[k]
		if !known {
			c.bad(ptr, "invalid additional property: %s", k)
			continue
		}
		if f.rule != nil {
			f.rule(c, ptr+"/"+k, o[k])
		}
	}
	for _, k := range sortedKeys(s) {
		if s[k].need && o[k] == nil {
			c.bad(ptr, "missing required field: %s", k)
		}
	}
	return o, true
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func str(least, most int) rule {
	return func(c *checker, ptr string, v any) {
		s, ok := v.(string)
		if !ok {
			c.bad(ptr, "must be a string")
			return
		}
		c.length(ptr, s, least, most)
	}
}

func (c *checker) length(ptr, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	if n < least {
		c.bad(ptr, "must be more than %d characters", least-1)
	}
	if n > most {
		c.bad(ptr, "must be less than %d characters", most+1)
	}
}

func boolean(c *checker, ptr string, v any) {
	if _, ok := v.(bool); !ok {
		c.bad(ptr, "must be a boolean")
	}
}

func oneOf(allowed ...string) rule {
	return func(c *checker, ptr string, v any) {
		if s, ok := v.(string); !ok || !slices.Contains(allowed, s) {
			c.bad(ptr, "must be a valid enum value")
		}
	}
}

func number(least, most int64) rule {
	return func(c *checker, ptr string, v any) {
		n, err := toInt(v)
		if err != nil || n < least || n > most {
			c.bad(ptr, "must be a number from %d to %d", least, most)
		}
	}
}

func list(least, most int, each rule) rule {
	return func(c *checker, ptr string, v any) {
		l, ok := v.([]any)
		if !ok {
			c.bad(ptr, "must be an array")
			return
		}
		if len(l) < least {
			c.bad(ptr, "must have at least %d items", least)
		}
		if len(l) > most {
			c.bad(ptr, "must have at most %d items", most)
		}
		for i, x := range l {
			each(c, fmt.Sprintf("%s/%d", ptr, i), x)
		}
	}
}

// text is a text object; plain allows plain_text only.
func text(plain bool, least, most int) rule {
	return func(c *checker, ptr string, v any) {
		o, ok := v.(obj)
		if !ok {
			c.bad(ptr, "must be an object")
			return
		}
		s := shape{"type": {need: true}, "text": {true, str(least, most)}}
		switch kind, _ := o["type"].(string); {
		case kind == "plain_text":
			s["emoji"] = field{rule: boolean}
		case kind == "mrkdwn" && !plain:
			s["verbatim"] = field{rule: boolean}
		default:
			c.bad(ptr+"/type", "unsupported text type: %q", kind)
			return
		}
		c.object(ptr, o, s)
		if t, ok := o["text"].(string); ok {
			c.text += utf8.RuneCountInString(t)
		}
	}
}

var confirmShape = shape{
	"title": {true, text(true, 1, 100)}, "text": {true, text(false, 1, 300)},
	"confirm": {true, text(true, 1, 30)}, "deny": {true, text(true, 1, 30)},
	"style": {rule: oneOf("primary", "danger")},
}

func confirm(c *checker, ptr string, v any) { c.object(ptr, v, confirmShape) }

// blockShapes are the blocks by type; elements are in elements.go.
func blockShapes(p place) map[string]shape {
	id := field{rule: str(1, 255)}
	all := map[string]shape{
		"header":  {"text": {true, text(true, 1, 150)}, "level": {rule: number(1, 4)}},
		"divider": {},
		"section": {
			"text": {rule: text(false, 1, 3000)}, "fields": {rule: list(1, 10, text(false, 1, 2000))},
			"accessory": {rule: element(sectionElements)}, "expand": {rule: boolean},
		},
		"context": {"elements": {true, list(1, 10, contextElement)}},
		"actions": {"elements": {true, list(1, 25, element(actionElements))}},
		"image": {
			"image_url": {rule: str(1, 3000)}, "slack_file": {rule: slackFile}, "alt_text": {true, str(1, 2000)},
			"title": {rule: text(true, 1, 2000)},
		},
		"input": {
			"label": {true, text(true, 1, 2000)}, "element": {true, element(inputElements)},
			"hint": {rule: text(true, 1, 2000)}, "optional": {rule: boolean}, "dispatch_action": {rule: boolean},
		},
		"rich_text": {"elements": {true, list(1, 1000, richElement)}},
	}
	if p == inMessage {
		all["markdown"] = shape{"text": {true, markdownText}}
		all["table"] = shape{
			"rows":            {true, list(1, 100, list(1, 20, tableCell))},
			"column_settings": {rule: list(0, 20, columnSetting)},
		}
	}
	for _, s := range all {
		s["type"], s["block_id"] = field{need: true}, id
	}
	return all
}

var shapes = [...]map[string]shape{inMessage: blockShapes(inMessage), inModal: blockShapes(inModal), inHome: blockShapes(inHome)}

func markdownText(c *checker, ptr string, v any) {
	str(1, 12000)(c, ptr, v)
	s, _ := v.(string)
	c.text += utf8.RuneCountInString(s)
}

func slackFile(c *checker, ptr string, v any) {
	c.object(ptr, v, shape{"id": {rule: str(1, 255)}, "url": {rule: str(1, 3000)}})
}

func contextElement(c *checker, ptr string, v any) {
	if o, ok := v.(obj); ok && o["type"] == "image" {
		element(map[string]bool{"image": true})(c, ptr, v)
		return
	}
	text(false, 1, 3000)(c, ptr, v)
}

// checkBlocks checks a list of blocks and fills in the ids that Slack makes up
// where they are missing.
func (w *Workspace) checkBlocks(blocks any, p place) ([]any, *checker) {
	c := &checker{place: p, strict: p == inMessage && !w.opt.AllowFolded, blockIDs: map[string]bool{}}
	l, ok := blocks.([]any)
	if !ok {
		c.bad("/blocks", "must be an array")
		return nil, c
	}
	most := maxViewBlocks
	if p == inMessage {
		most = maxMessageBlocks
	}
	if len(l) > most {
		c.bad("/blocks", "no more than %d items allowed", most)
	}
	for i, b := range l {
		c.block(fmt.Sprintf("/blocks/%d", i), b)
	}
	if len(c.problems) > 0 {
		return nil, c
	}
	l, _ = cloneJSON(l).([]any)
	fillIDs(l)
	return l, c
}

func (c *checker) block(ptr string, v any) {
	o, ok := v.(obj)
	if !ok {
		c.bad(ptr, "must be an object")
		return
	}
	kind, _ := o["type"].(string)
	s, known := shapes[c.place][kind]
	if !known {
		c.bad(ptr+"/type", "unsupported type: %s", kind)
		return
	}
	c.object(ptr, o, s)
	if id, ok := o["block_id"].(string); ok {
		if c.blockIDs[id] {
			c.bad(ptr+"/block_id", "block_id already exists: %q", id)
		}
		c.blockIDs[id] = true
	}
	switch kind {
	case "section":
		if o["text"] == nil && o["fields"] == nil {
			c.bad(ptr, "missing required field: text or fields")
		}
		if c.strict && o["expand"] != true {
			c.bad(ptr, "a section without \"expand\": true is folded behind \"See more\"")
		}
	case "image":
		if (o["image_url"] == nil) == (o["slack_file"] == nil) {
			c.bad(ptr, "must have either image_url or slack_file")
		}
	case "input":
		c.inputs++
	case "actions":
		c.uniqueActions(ptr, o["elements"])
	}
}

func (c *checker) uniqueActions(ptr string, v any) {
	seen := map[string]bool{}
	l, _ := v.([]any)
	for i, e := range l {
		o, _ := e.(obj)
		id, ok := o["action_id"].(string)
		if !ok {
			continue
		}
		if seen[id] {
			c.bad(fmt.Sprintf("%s/elements/%d/action_id", ptr, i), "action_id already exists: %q", id)
		}
		seen[id] = true
	}
}

// fillIDs gives a block_id to every block and an action_id to every element
// that lacks one, as Slack does.
func fillIDs(blocks []any) {
	for _, b := range blocks {
		o := b.(obj)
		if o["block_id"] == nil {
			o["block_id"] = random(4)
		}
		for _, e := range interactive(o) {
			if e["action_id"] == nil {
				e["action_id"] = random(4)
			}
		}
	}
}

// interactive lists the elements of a block that a person can use.
func interactive(block obj) []obj {
	var all []any
	switch block["type"] {
	case "section":
		all = []any{block["accessory"]}
	case "actions":
		all, _ = block["elements"].([]any)
	case "input":
		all = []any{block["element"]}
	}
	var out []obj
	for _, e := range all {
		if o, ok := e.(obj); ok && o["type"] != "image" {
			out = append(out, o)
		}
	}
	return out
}
