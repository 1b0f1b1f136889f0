package workspace

import (
	"encoding/json"
	"strconv"
	"strings"
)

// blocks writes a list of blocks as they are read. In HTML the elements that a
// person can use are written by the page; in plain text they are [labels].
func (p *pen) blocks(blocks []any, use func(block, element obj)) {
	for i, b := range blocks {
		o, _ := b.(obj)
		if i > 0 && !p.html {
			p.newline()
		}
		p.block(o, use)
	}
}

func (p *pen) block(o obj, use func(block, element obj)) {
	switch o["type"] {
	case "header":
		p.wrapped(`<h3 class="b-header">`, `</h3>`, withEmoji(textOf(o["text"])))
	case "divider":
		p.tag(`<hr>`)
		if !p.html {
			p.text("---")
		}
	case "section":
		p.section(o, use)
	case "context":
		p.tag(`<div class="b-context">`)
		l, _ := o["elements"].([]any)
		for i, e := range l {
			if i > 0 {
				p.text(" ")
			}
			p.contextElement(e.(obj))
		}
		p.tag(`</div>`)
	case "actions":
		p.tag(`<div class="b-actions">`)
		l, _ := o["elements"].([]any)
		for i, e := range l {
			if i > 0 && !p.html {
				p.text("  ")
			}
			use(o, e.(obj))
		}
		p.tag(`</div>`)
	case "input":
		use(o, o["element"].(obj))
	case "image":
		p.image(o)
	case "rich_text":
		p.tag(`<div class="b-rich">`)
		p.rich(o)
		p.tag(`</div>`)
	case "markdown":
		s, _ := o["text"].(string)
		p.tag(`<div class="b-markdown">`)
		p.lines(s)
		p.tag(`</div>`)
	case "table":
		p.table(o)
	}
}

func withEmoji(s string) string {
	if !strings.Contains(s, ":") {
		return s
	}
	for name, e := range emojis {
		s = strings.ReplaceAll(s, ":"+name+":", e)
	}
	return s
}

// textObject writes a text object by its own rules.
func (p *pen) textObject(v any) {
	o, _ := v.(obj)
	s, _ := o["text"].(string)
	if o["type"] == "mrkdwn" {
		p.mrkdwn(s)
		return
	}
	for i, line := range strings.Split(withEmoji(s), "\n") {
		if i > 0 {
			p.newline()
		}
		p.text(line)
	}
}

func (p *pen) section(o obj, use func(block, element obj)) {
	p.tag(`<div class="b-section"><div class="b-body">`)
	if o["text"] != nil {
		p.textObject(o["text"])
	}
	fields, _ := o["fields"].([]any)
	if len(fields) > 0 {
		p.tag(`<div class="b-fields">`)
		for i, f := range fields {
			if !p.html && (i > 0 || o["text"] != nil) {
				p.newline()
			}
			p.tag(`<div>`)
			p.textObject(f)
			p.tag(`</div>`)
		}
		p.tag(`</div>`)
	}
	p.tag(`</div>`)
	if a, ok := o["accessory"].(obj); ok {
		if !p.html {
			p.text("  ")
		}
		if a["type"] == "image" {
			p.image(a)
		} else {
			use(o, a)
		}
	}
	p.tag(`</div>`)
}

func (p *pen) contextElement(o obj) {
	if o["type"] == "image" {
		p.image(o)
		return
	}
	p.tag(`<span>`)
	p.textObject(o)
	p.tag(`</span>`)
}

// image writes an image by its alternative text: the page loads nothing from
// other sites.
func (p *pen) image(o obj) {
	alt, _ := o["alt_text"].(string)
	if t := textOf(o["title"]); t != "" {
		alt = t + ": " + alt
	}
	p.wrapped(`<span class="b-image">`, `</span>`, "🖼 "+alt)
}

func (p *pen) rich(o obj) {
	l, _ := o["elements"].([]any)
	for i, e := range l {
		if i > 0 && !p.html {
			p.newline()
		}
		p.richPart(e.(obj))
	}
}

func (p *pen) richPart(o obj) {
	l, _ := o["elements"].([]any)
	switch o["type"] {
	case "rich_text_section":
		p.tag(`<div class="r-line">`)
		p.inlines(l)
		p.tag(`</div>`)
	case "rich_text_quote":
		p.tag(`<blockquote>`)
		if !p.html {
			p.text("> ")
		}
		p.inlines(l)
		p.tag(`</blockquote>`)
	case "rich_text_preformatted":
		p.tag(`<pre>`)
		for _, e := range l {
			t, _ := e.(obj)["text"].(string)
			if t == "" {
				t, _ = e.(obj)["url"].(string)
			}
			p.text(t)
		}
		p.tag(`</pre>`)
	case "rich_text_list":
		p.richList(o, l)
	}
}

func (p *pen) richList(o obj, l []any) {
	name := "ul"
	if o["style"] == "ordered" {
		name = "ol"
	}
	indent, _ := toInt(o["indent"])
	p.tag(`<` + name + ` class="i` + strconv.FormatInt(indent, 10) + `">`)
	for i, e := range l {
		if !p.html {
			if i > 0 {
				p.newline()
			}
			mark := "• "
			if name == "ol" {
				mark = strconv.Itoa(i+1) + ". "
			}
			p.text(strings.Repeat("  ", int(indent)) + mark)
		}
		p.tag(`<li>`)
		items, _ := e.(obj)["elements"].([]any)
		p.inlines(items)
		p.tag(`</li>`)
	}
	p.tag(`</` + name + `>`)
}

var styleTags = []struct{ key, tag string }{{"bold", "strong"}, {"italic", "em"}, {"strike", "del"}, {"underline", "u"}, {"code", "code"}}

func (p *pen) inlines(l []any) {
	for _, e := range l {
		o := e.(obj)
		st, _ := o["style"].(obj)
		for _, t := range styleTags {
			if st[t.key] == true {
				p.tag("<" + t.tag + ">")
			}
		}
		p.inline(o)
		for i := len(styleTags) - 1; i >= 0; i-- {
			if st[styleTags[i].key] == true {
				p.tag("</" + styleTags[i].tag + ">")
			}
		}
	}
}

func (p *pen) inline(o obj) {
	get := func(k string) string { s, _ := o[k].(string); return s }
	switch o["type"] {
	case "text":
		for i, line := range strings.Split(get("text"), "\n") {
			if i > 0 {
				p.newline()
			}
			p.text(line)
		}
	case "link":
		p.link(get("url"), get("text"))
	case "user":
		p.user(get("user_id"))
	case "usergroup":
		p.group(get("usergroup_id"))
	case "channel":
		p.channel(get("channel_id"), "")
	case "emoji":
		if e := emoji(get("name")); e != "" {
			p.text(e)
		} else {
			p.text(":" + get("name") + ":")
		}
	case "date":
		unix, _ := toInt(o["timestamp"])
		p.date(unix, get("format"), get("fallback"), get("url"))
	case "broadcast":
		p.wrapped(`<span class="at all">`, `</span>`, "@"+get("range"))
	case "color":
		p.text(get("value"))
	}
}

func (p *pen) table(o obj) {
	rows, _ := o["rows"].([]any)
	p.tag(`<div class="b-table"><table>`)
	for i, r := range rows {
		if !p.html && i > 0 {
			p.newline()
		}
		p.tag(`<tr>`)
		cells, _ := r.([]any)
		for j, c := range cells {
			if !p.html && j > 0 {
				p.text(" | ")
			}
			cell, _ := c.(obj)
			name := "td"
			if i == 0 {
				name = "th"
			}
			p.tag("<" + name + ">")
			if cell["type"] == "rich_text" {
				p.rich(cell)
			} else {
				t, _ := cell["text"].(string)
				if n, ok := cell["value"].(json.Number); ok && t == "" {
					t = n.String()
				}
				p.text(t)
			}
			p.tag("</" + name + ">")
		}
		p.tag(`</tr>`)
	}
	p.tag(`</table></div>`)
}

// plainOf is what is read of a message or view, as text.
func (w *Workspace) plainOf(text string, blocks []any) string {
	p := &pen{w: w}
	if len(blocks) == 0 {
		p.mrkdwn(text)
		return p.b.String()
	}
	p.blocks(blocks, func(block, e obj) {
		label := labelOf(block, e)
		if block["type"] == "input" {
			p.text(label + ": ____")
			return
		}
		p.text("[" + label + "]")
	})
	return p.b.String()
}
