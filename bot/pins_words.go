package bot

import (
	"encoding/json"
	"strings"
)

// What an app posts is in blocks and attachments, and the text beside them is only what a locked phone shows. The words of
// all of them are kept, in Slack's markup, a line for each part; buttons and menus are none.

// wordy is any block, element, field or attachment, as far as it has words.
type wordy struct {
	Type     string  `json:"type"`
	Text     worded  `json:"text"`
	Elements []wordy `json:"elements"`
	Fields   []wordy `json:"fields"`
	Title    worded  `json:"title"`
	Alt      string  `json:"alt_text"`
	URL      string  `json:"url"`
	User     string  `json:"user_id"`
	Channel  string  `json:"channel_id"`
	Group    string  `json:"usergroup_id"`
	Range    string  `json:"range"`
	Name     string  `json:"name"`
	Fallback string  `json:"fallback"`
	Pretext  string  `json:"pretext"`
	Value    worded  `json:"value"`
	Blocks   []wordy `json:"blocks"`
}

// worded is a text as it stands in Slack's JSON: a string in markup, or an object, whose plain text is escaped here.
type worded string

// UnmarshalJSON never fails: what is no text has no words.
func (w *worded) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*w = worded(text)
		return nil
	}
	var object struct{ Type, Text string }
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	if object.Type == "plain_text" {
		object.Text = escaped.Replace(object.Text)
	}
	*w = worded(object.Text)
	return nil
}

var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// partsOf reads a list as far as it can be read: one part of an unknown shape costs only itself.
func partsOf(raw json.RawMessage) (all []wordy) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	for _, one := range list {
		var p wordy
		if json.Unmarshal(one, &p) == nil {
			all = append(all, p)
		}
	}
	return all
}

// lines are the words of a block.
func (p wordy) lines() (all []string) {
	switch p.Type {
	case "header", "section", "markdown":
		all = append(all, string(p.Text))
		for _, f := range p.Fields {
			all = append(all, string(f.Text))
		}
	case "context":
		var words []string
		for _, e := range p.Elements {
			words = append(words, string(e.Text))
		}
		all = append(all, strings.Join(words, " "))
	case "image":
		all = append(all, string(p.Title), escaped.Replace(p.Alt))
	case "rich_text", "rich_text_list":
		for _, e := range p.Elements {
			all = append(all, e.lines()...)
		}
	case "rich_text_section", "rich_text_preformatted", "rich_text_quote":
		var line strings.Builder
		for _, e := range p.Elements {
			line.WriteString(e.inline())
		}
		all = append(all, line.String())
	}
	return all
}

// inline is a piece of a line of rich text, where texts are as people see them.
func (p wordy) inline() string {
	switch p.Type {
	case "link":
		if p.Text != "" {
			return "<" + p.URL + "|" + escaped.Replace(string(p.Text)) + ">"
		}
		return "<" + p.URL + ">"
	case "user":
		return "<@" + p.User + ">"
	case "channel":
		return "<#" + p.Channel + ">"
	case "usergroup":
		return "@" + p.Group
	case "broadcast":
		return "@" + p.Range
	case "emoji":
		return ":" + p.Name + ":"
	case "date":
		return escaped.Replace(p.Fallback)
	}
	return escaped.Replace(string(p.Text))
}

// attached are the words of an attachment; what it falls back to counts where it has no others.
func (p wordy) attached() []string {
	all := []string{p.Pretext, string(p.Title), string(p.Text)}
	for _, f := range p.Fields {
		all = append(all, strings.Trim(string(f.Title)+": "+string(f.Value), ": "))
	}
	for _, b := range p.Blocks {
		all = append(all, b.lines()...)
	}
	if strings.TrimSpace(strings.Join(all, "")) == "" {
		return []string{p.Fallback}
	}
	return all
}

// said is what a message says, in Slack's markup. A person's is its text, which has all of it, unless they only forwarded
// something; an app's is what its blocks and attachments say, below its text where they do not repeat that.
func (m message) said() string {
	if m.BotID == "" && strings.TrimSpace(m.Text) != "" {
		return m.Text
	}
	var all []string
	for _, b := range m.Blocks {
		all = append(all, b.words.lines()...)
	}
	for _, a := range partsOf(m.Attachments) {
		all = append(all, a.attached()...)
	}
	lines := all[:0]
	for _, line := range all {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	whole := strings.Join(lines, "\n")
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if strings.Contains(flat(whole), flat(m.Text)) {
		return whole
	}
	return strings.TrimSpace(m.Text + "\n" + whole)
}
