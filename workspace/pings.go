package workspace

import (
	"regexp"
	"slices"
	"strings"

	"github.com/drbot/drbot/workspace/person"
)

type pings = person.Pings

var (
	angle    = regexp.MustCompile(`<([^<>\n]+)>`)
	atAll    = regexp.MustCompile(`(^|[^\w<])@(channel|here|everyone)\b`)
	entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	escapes  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// pingSet collects whom a content notifies, each once.
type pingSet struct{ pings }

func add(l *[]string, s string) {
	if s != "" && !slices.Contains(*l, s) {
		*l = append(*l, s)
	}
}

// mrkdwn reads the mentions of Slack's text format. Back-ticks do not help:
// Slack notifies from within code as well.
func (p *pingSet) mrkdwn(s string, people bool) {
	for _, m := range angle.FindAllStringSubmatch(s, -1) {
		target, _, _ := strings.Cut(m[1], "|")
		switch {
		case strings.HasPrefix(target, "!subteam^"):
			if people {
				add(&p.Groups, strings.TrimPrefix(target, "!subteam^"))
			}
		case target == "!channel" || target == "!here" || target == "!everyone" || target == "!group":
			add(&p.Everybody, target[1:])
		case strings.HasPrefix(target, "@") && people:
			add(&p.Users, target[1:])
		}
	}
}

// tree walks blocks for live text and mention elements.
func (p *pingSet) tree(v any) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			p.tree(e)
		}
	case obj:
		switch x["type"] {
		case "mrkdwn", "markdown":
			s, _ := x["text"].(string)
			p.mrkdwn(s, true)
		case "user":
			s, _ := x["user_id"].(string)
			add(&p.Users, s)
		case "usergroup":
			s, _ := x["usergroup_id"].(string)
			add(&p.Groups, s)
		case "broadcast":
			s, _ := x["range"].(string)
			add(&p.Everybody, s)
		}
		// Menus and dialogs notify nobody; everything else is walked.
		for k, e := range x {
			if k != "options" && k != "option_groups" && k != "confirm" && k != "initial_option" && k != "initial_options" {
				p.tree(e)
			}
		}
	}
}

// pingsOf is whom a message's present content would notify.
func pingsOf(m *message, linkNames bool) pings {
	var p pingSet
	p.mrkdwn(m.text, len(m.blocks) == 0)
	if linkNames {
		for _, f := range atAll.FindAllStringSubmatch(m.text, -1) {
			add(&p.Everybody, f[2])
		}
	}
	p.tree(m.blocks)
	slices.Sort(p.Users)
	return p.pings
}
