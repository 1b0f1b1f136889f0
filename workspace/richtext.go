package workspace

import (
	"encoding/json"
	"unicode/utf8"
)

var styleShape = shape{
	"bold": {rule: boolean}, "italic": {rule: boolean}, "strike": {rule: boolean}, "code": {rule: boolean},
	"underline": {rule: boolean}, "highlight": {rule: boolean}, "client_highlight": {rule: boolean}, "unlink": {rule: boolean},
}

func style(c *checker, ptr string, v any) { c.object(ptr, v, styleShape) }

// inlineShapes are what stands in a line of rich text.
var inlineShapes = inlineTable()

func inlineTable() map[string]shape {
	id := field{true, str(1, 255)}
	all := map[string]shape{
		"text":      {"text": {true, str(1, 1<<20)}},
		"link":      {"url": {true, str(1, 3000)}, "text": {rule: str(0, 3000)}, "unsafe": {rule: boolean}},
		"user":      {"user_id": id},
		"usergroup": {"usergroup_id": id},
		"channel":   {"channel_id": id},
		"team":      {"team_id": id},
		"emoji":     {"name": id, "unicode": {rule: str(1, 255)}, "skin_tone": {rule: number(1, 6)}, "url": {rule: str(1, 3000)}},
		"date":      {"timestamp": {true, number(0, 1e11)}, "format": {true, str(1, 255)}, "url": {rule: str(1, 3000)}, "fallback": {rule: str(0, 255)}, "timezone": {rule: str(1, 255)}},
		"broadcast": {"range": {true, oneOf("here", "channel", "everyone")}},
		"color":     {"value": id},
	}
	for _, s := range all {
		s["type"], s["style"] = field{need: true}, field{rule: style}
	}
	return all
}

func inline(c *checker, ptr string, v any) {
	o, ok := v.(obj)
	if !ok {
		c.bad(ptr, "must be an object")
		return
	}
	kind, _ := o["type"].(string)
	s, known := inlineShapes[kind]
	if !known {
		c.bad(ptr+"/type", "unsupported type: %s", kind)
		return
	}
	c.object(ptr, o, s)
	t, _ := o["text"].(string)
	c.text += utf8.RuneCountInString(t)
}

// verbatimInline is what preformatted text may hold.
func verbatimInline(c *checker, ptr string, v any) {
	if o, ok := v.(obj); ok && o["type"] != "text" && o["type"] != "link" {
		c.bad(ptr+"/type", "unsupported type in preformatted text: %v", o["type"])
		return
	}
	inline(c, ptr, v)
}

func richElement(c *checker, ptr string, v any) {
	o, ok := v.(obj)
	if !ok {
		c.bad(ptr, "must be an object")
		return
	}
	const many = 10000
	border := field{rule: number(0, 1)}
	var s shape
	switch o["type"] {
	case "rich_text_section":
		s = shape{"elements": {true, list(0, many, inline)}}
	case "rich_text_quote":
		s = shape{"elements": {true, list(0, many, inline)}, "border": border}
	case "rich_text_preformatted":
		s = shape{"elements": {true, list(0, many, verbatimInline)}, "border": border, "language": {rule: str(1, 255)}}
	case "rich_text_list":
		s = shape{
			"elements": {true, list(0, many, func(c *checker, ptr string, v any) {
				c.object(ptr, v, shape{"type": {true, oneOf("rich_text_section")}, "elements": {true, list(0, many, inline)}})
			})},
			"style": {true, oneOf("bullet", "ordered")}, "indent": {rule: number(0, 8)}, "offset": {rule: number(0, 1e6)}, "border": border,
		}
	default:
		c.bad(ptr+"/type", "unsupported type: %v", o["type"])
		return
	}
	s["type"] = field{need: true}
	c.object(ptr, o, s)
}

func tableCell(c *checker, ptr string, v any) {
	o, ok := v.(obj)
	if !ok {
		c.bad(ptr, "must be an object")
		return
	}
	switch o["type"] {
	case "raw_text":
		c.object(ptr, o, shape{"type": {need: true}, "text": {true, str(1, 3000)}})
		t, _ := o["text"].(string)
		c.text += utf8.RuneCountInString(t)
	case "raw_number":
		c.object(ptr, o, shape{"type": {need: true}, "value": {true, anyNumber}, "text": {rule: str(1, 3000)}})
	case "rich_text":
		c.object(ptr, o, shape{"type": {need: true}, "block_id": {rule: str(1, 255)}, "elements": {true, list(1, 100, richElement)}})
	default:
		c.bad(ptr+"/type", "unsupported type: %v", o["type"])
	}
}

func anyNumber(c *checker, ptr string, v any) {
	if _, ok := v.(json.Number); !ok {
		c.bad(ptr, "must be a number")
	}
}

func columnSetting(c *checker, ptr string, v any) {
	if v == nil {
		return
	}
	c.object(ptr, v, shape{"align": {rule: oneOf("left", "center", "right")}, "is_wrapped": {rule: boolean}})
}
