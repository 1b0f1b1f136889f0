package workspace

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// pen writes what a person reads, either as plain text (for tests, times in
// UTC) or as HTML (for the page).
type pen struct {
	w    *Workspace
	html bool
	b    strings.Builder
}

func (p *pen) text(s string) {
	if p.html {
		s = html.EscapeString(s)
	}
	p.b.WriteString(s)
}

func (p *pen) tag(s string) {
	if p.html {
		p.b.WriteString(s)
	}
}

func (p *pen) newline() {
	if p.html {
		p.b.WriteString("<br>")
		return
	}
	p.b.WriteString("\n")
}

func (p *pen) wrapped(open, closing, s string) { p.tag(open); p.text(s); p.tag(closing) }

func (p *pen) user(id string) {
	name := id
	if u := p.w.users[id]; u != nil {
		name = u.RealName
	}
	p.wrapped(`<span class="at">`, `</span>`, "@"+name)
}

func (p *pen) group(id string) {
	name := id
	for _, g := range p.w.groups {
		if g.ID == id {
			name = g.Handle
		}
	}
	p.wrapped(`<span class="at">`, `</span>`, "@"+name)
}

func (p *pen) channel(id, label string) {
	if c := p.w.channels[id]; c != nil {
		label = c.name
	}
	if label == "" {
		label = "unknown-channel"
	}
	p.tag(`<a href="#" data-channel="` + html.EscapeString(id) + `">`)
	p.text("#" + label)
	p.tag(`</a>`)
}

// link writes a link; only web and mail addresses may be followed.
func (p *pen) link(url, label string) {
	if label == "" {
		label = url
	}
	if !p.html {
		p.text(label)
		return
	}
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "mailto:") {
		p.text(label)
		return
	}
	p.tag(`<a href="` + html.EscapeString(url) + `" rel="noreferrer noopener"`)
	if !strings.HasPrefix(url, p.w.URL()) {
		p.tag(` target="_blank"`)
	}
	p.tag(`>`)
	p.text(label)
	p.tag(`</a>`)
}

var token = regexp.MustCompile(`\{[a-z_]+\}`)

var dateForms = map[string]string{
	"{date_num}": "2006-01-02", "{date_slash}": "02/01/2006", "{date_short}": "Jan 2, 2006", "{date}": "January 2, 2006",
	"{date_long}": "Monday, January 2, 2006", "{date_short_pretty}": "Jan 2, 2006", "{date_pretty}": "January 2, 2006",
	"{date_long_pretty}": "Monday, January 2, 2006", "{day_divider_pretty}": "Monday, January 2",
	"{time}": "15:04", "{time_secs}": "15:04:05",
}

// date writes an instant; the page turns it into the reader's zone.
func (p *pen) date(unix int64, format, fallback, url string) {
	at := time.Unix(unix, 0).UTC()
	known := true
	s := token.ReplaceAllStringFunc(format, func(t string) string {
		if t == "{ago}" {
			return ago(p.w.now().Sub(at))
		}
		f, ok := dateForms[t]
		known = known && ok
		return at.Format(f)
	})
	if !known {
		s = fallback
	}
	if !p.html {
		p.text(s)
		return
	}
	p.tag(fmt.Sprintf(`<time data-unix="%d" data-format="%s" title="%s">`, unix, html.EscapeString(format), at.Format("2006-01-02 15:04:05 UTC")))
	if url != "" {
		p.link(url, s)
	} else {
		p.text(s)
	}
	p.tag(`</time>`)
}

func ago(d time.Duration) string {
	d = d.Round(time.Minute)
	switch {
	case d < 0:
		return "in " + (-d).String()
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
}

// angled writes what stands between < and >.
func (p *pen) angled(s string) {
	target, label, _ := strings.Cut(s, "|")
	label = entities.Replace(label)
	switch {
	case strings.HasPrefix(target, "@"):
		p.user(target[1:])
	case strings.HasPrefix(target, "#"):
		p.channel(target[1:], label)
	case strings.HasPrefix(target, "!subteam^"):
		p.group(strings.TrimPrefix(target, "!subteam^"))
	case strings.HasPrefix(target, "!date^"):
		parts := strings.SplitN(target, "^", 4)
		unix, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || len(parts) < 3 {
			p.text(label)
			return
		}
		url := ""
		if len(parts) == 4 {
			url = parts[3]
		}
		p.date(unix, parts[2], label, url)
	case strings.HasPrefix(target, "!"):
		p.wrapped(`<span class="at all">`, `</span>`, "@"+target[1:])
	default:
		p.link(entities.Replace(target), label)
	}
}

// angleHere is angle at the very start.
var angleHere = regexp.MustCompile(`^<([^<>\n]+)>`)

var emojiName = regexp.MustCompile(`^:([a-z0-9_+'-]+):`)

// marks are the pairs of the text format with their HTML.
var marks = map[byte]string{'*': "strong", '_': "em", '~': "del"}

// mrkdwn writes text in Slack's format.
func (p *pen) mrkdwn(s string) {
	for {
		before, code, found := strings.Cut(s, "```")
		inside, after, closed := strings.Cut(code, "```")
		if !found || !closed {
			p.lines(s)
			return
		}
		p.lines(strings.TrimSuffix(before, "\n"))
		p.tag(`<pre>`)
		if !p.html && before != "" {
			p.newline()
		}
		p.raw(strings.Trim(inside, "\n"))
		p.tag(`</pre>`)
		s = strings.TrimPrefix(after, "\n")
		if s == "" {
			return
		}
		if !p.html {
			p.newline()
		}
	}
}

// raw writes code: only links and entities are read in it.
func (p *pen) raw(s string) {
	for {
		at := angle.FindStringSubmatchIndex(s)
		if at == nil {
			p.text(entities.Replace(s))
			return
		}
		p.text(entities.Replace(s[:at[0]]))
		p.angled(s[at[2]:at[3]])
		s = s[at[1]:]
	}
}

func (p *pen) lines(s string) {
	if s == "" {
		return
	}
	quoted := false
	for i, line := range strings.Split(s, "\n") {
		if i > 0 && !quoted { // a quote ends its own line
			p.newline()
		}
		q, ok := strings.CutPrefix(line, "&gt;")
		quoted = ok && p.html
		if quoted {
			p.tag(`<blockquote>`)
			p.line(strings.TrimPrefix(q, " "))
			p.tag(`</blockquote>`)
			continue
		}
		p.line(line)
	}
}

func (p *pen) line(s string) {
	for i := 0; i < len(s); {
		rest := s[i:]
		prev := byte(' ')
		if i > 0 {
			prev = s[i-1]
		}
		if n := p.special(rest, prev); n > 0 {
			i += n
			continue
		}
		n := 1
		if rest[0] == '&' {
			for _, e := range []string{"&lt;", "&gt;", "&amp;"} {
				if strings.HasPrefix(rest, e) {
					n = len(e)
				}
			}
		}
		for n < len(rest) && !strings.ContainsRune("<&:*_~`", rune(rest[n])) {
			n++
		}
		p.text(entities.Replace(rest[:n]))
		i += n
	}
}

// special writes what begins with a special character and gives its length; it
// looks only at the start, so that a long text costs no more than its length.
func (p *pen) special(s string, prev byte) int {
	switch s[0] {
	case '<':
		if m := angleHere.FindStringSubmatch(s); m != nil {
			p.angled(m[1])
			return len(m[0])
		}
	case ':':
		if m := emojiName.FindStringSubmatch(s); m != nil && emoji(m[1]) != "" {
			p.text(emoji(m[1]))
			return len(m[0])
		}
	default:
		if inner, n := marked(s, prev); n > 0 {
			p.mark(s[0], inner)
			return n
		}
	}
	return 0
}

// marked finds *bold*, _italic_, ~strike~ or `code` at the start of s.
func marked(s string, prev byte) (inner string, n int) {
	c := s[0]
	if c != '`' && marks[c] == "" {
		return "", 0
	}
	if c != '`' && (prev >= '0' && prev <= '9' || prev >= 'A' && prev <= 'Z' || prev >= 'a' && prev <= 'z' || prev == c) {
		return "", 0
	}
	end := strings.IndexByte(s[1:], c)
	if end < 1 || (c != '`' && (s[1] == ' ' || s[end] == ' ')) {
		return "", 0
	}
	return s[1 : end+1], end + 2
}

func (p *pen) mark(c byte, inner string) {
	if c == '`' {
		p.tag(`<code>`)
		p.raw(inner)
		p.tag(`</code>`)
		return
	}
	p.tag("<" + marks[c] + ">")
	p.line(inner)
	p.tag("</" + marks[c] + ">")
}

// emoji is the character of a short name, "" when unknown here.
func emoji(name string) string { return emojis[name] }

var emojis = map[string]string{
	"white_check_mark": "✅", "heavy_check_mark": "✔️", "x": "❌", "warning": "⚠️", "rotating_light": "🚨", "red_circle": "🔴",
	"large_orange_circle": "🟠", "large_yellow_circle": "🟡", "large_green_circle": "🟢", "large_blue_circle": "🔵", "white_circle": "⚪",
	"pushpin": "📌", "eyes": "👀", "thumbsup": "👍", "+1": "👍", "thumbsdown": "👎", "-1": "👎", "tada": "🎉", "fire": "🔥",
	"hourglass": "⌛", "hourglass_flowing_sand": "⏳", "no_entry": "⛔", "no_entry_sign": "🚫", "question": "❓", "exclamation": "❗",
	"arrow_forward": "▶️", "leftwards_arrow_with_hook": "↩️", "fast_forward": "⏩", "hand": "✋", "raised_hand": "✋", "wave": "👋",
	"book": "📖", "bookmark": "🔖", "link": "🔗", "lock": "🔒", "unlock": "🔓", "bell": "🔔", "memo": "📝", "clipboard": "📋",
	"phone": "☎️", "pager": "📟", "wrench": "🔧", "hammer_and_wrench": "🛠️", "gear": "⚙️", "package": "📦", "floppy_disk": "💾",
	"card_index": "📇", "robot_face": "🤖", "heart": "❤️", "ok_hand": "👌", "clock1": "🕐", "stopwatch": "⏱️", "information_source": "ℹ️",
	"checkered_flag": "🏁", "chart_with_upwards_trend": "📈", "mag": "🔍", "zap": "⚡", "sos": "🆘", "speech_balloon": "💬",
}
