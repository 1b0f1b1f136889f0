package templates

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// seal stands around a span inside a sentence while the sentence is put together. It is drawn at random and never leaves
// this package, so no value of a person or a machine can imitate an instant, a mention or a link (I41).
var seal = "\x00" + rand.Text() + "\x00"

// Line is Say with its instants, people and links still alive.
func Line(name string, facts any) []Span {
	marked, err := execute(name, facts)
	if err != nil {
		return []Span{T("(sentence " + name + ": " + err.Error() + ")")}
	}
	return unmark(marked)
}

func mark(s Span) (string, error) {
	body, err := json.Marshal(s)
	return seal + string(body) + seal, err
}

func unmark(marked string) []Span {
	var spans []Span
	for k, part := range strings.Split(marked, seal) {
		span := Span{Text: part}
		if k%2 == 1 && json.Unmarshal([]byte(part), &span) == nil {
			span.Text = bare(span.Text)
			spans = append(spans, span)
		} else if span.Text = bare(part); span.Text != "" {
			spans = append(spans, span)
		}
	}
	return spans
}

// bare takes hidden characters out of a sentence, whatever value brought them in; a line end becomes a space. Joiners inside a
// word of a script that is written with them stay: without them Persian and Hindi are misspelt, and an emoji family is three
// heads.
func bare(s string) string {
	var before rune // that was kept
	var b strings.Builder
	for k, r := range s {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case joiner(r):
			if next, _ := utf8.DecodeRuneInString(s[k+utf8.RuneLen(r):]); !joins(before) || !joins(next) {
				continue
			}
		case hidden(r):
			continue
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joins reports whether a character stands beside a joiner in writing: Arabic, Indic and later scripts, and emoji. Latin,
// Greek and Cyrillic words, as names of machines are, have none.
func joins(r rune) bool {
	return r >= 0x0600 && r != utf8.RuneError && !hidden(r)
}

// The functions of a sentence that make spans: {{at .When}}, {{day .When}}, {{who .Person}}, {{ref "A17" "A17"}},
// {{people .List}}, {{b .Word}}, {{mono .Path}}.
func markAt(t time.Time) (string, error)          { return mark(At(t)) }
func markDay(t time.Time) (string, error)         { return mark(Day(t)) }
func markWho(p incident.Person) (string, error)   { return mark(Whom(p)) }
func markRef(object, text string) (string, error) { return mark(Ref(object, text)) }
func markPeople(list []incident.Person) (string, error) {
	out := ""
	for k, p := range list {
		one, err := markWho(p)
		if err != nil {
			return "", err
		}
		if k > 0 {
			out += ", "
		}
		out += one
	}
	return out, nil
}
func markBold(s string) (string, error) { return mark(B(s)) }
func markMono(s string) (string, error) { return mark(Span{Text: s, Style: Mono}) }

// Day is an instant with its date; its fallback is UTC.
func Day(t time.Time) Span { return Span{At: t, Date: true, Text: t.UTC().Format("2 Jan 15:04 UTC")} }

// Whom names a person of the record.
func Whom(p incident.Person) Span { return Who(p.Slack, flat(p.Name, 80)) }

// join puts pieces of a line behind one another with " · " between those that say something.
func join(parts ...[]Span) []Span {
	var spans []Span
	for _, part := range parts {
		if len(part) == 0 {
			continue
		}
		if len(spans) > 0 {
			spans = append(spans, T(" · "))
		}
		spans = append(spans, part...)
	}
	return spans
}

// plain is one span, or nothing for an empty string.
func plain(s string) []Span {
	if s == "" {
		return nil
	}
	return []Span{T(s)}
}

// hidden characters draw nothing, look like a space and are none, or turn the writing direction: with them a value could
// look like another one.
func hidden(r rune) bool {
	if r < 0x80 {
		return r < ' ' || r == 0x7f
	}
	return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == utf8.RuneError
}

// flat makes a value one line of at most n characters: white space becomes one space, hidden characters go.
func flat(s string, n int) string {
	if most := 8*n + 64; len(s) > most {
		s = s[:most] + "…" // enough of it for n characters, whatever the rest is
	}
	return short(strings.Join(strings.Fields(bare(s)), " "), n)
}

// short cuts at n characters and says so with "…".
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:n-1]), " ") + "…"
}

// byWords cuts at n characters between words and says so with "…"; only a word that is longer than half of that is cut
// itself.
func byWords(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	end := max(n-1, 0)
	for k := end; k > end/2; k-- {
		if runes[k] == ' ' {
			end = k
			break
		}
	}
	return strings.TrimRight(string(runes[:end]), " ,;:.·-") + "…"
}

// visible shows every character of a text that is quoted to be checked: hidden ones as their escapes. Line ends and
// tabs stay.
func visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for k, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == utf8.RuneError:
			// An invalid byte, or the character itself: both are shown as what is there.
			if _, size := utf8.DecodeRuneInString(s[k:]); size == 1 {
				b.WriteString(escape("x", uint32(s[k]), 2))
			} else {
				b.WriteRune(r)
			}
		case hidden(r):
			if r < 0x80 {
				b.WriteString(escape("x", uint32(r), 2))
			} else {
				b.WriteString(escape("u", uint32(r), 4))
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func escape(kind string, v uint32, width int) string {
	const digits = "0123456789abcdef"
	out := ""
	for v > 0 || len(out) < width {
		out = string(digits[v&15]) + out
		v >>= 4
	}
	return `\` + kind + out
}

// dated gives their day to instants that are more than half a day from now: "due 10:59" is tomorrow's otherwise.
func (m Message) dated(now time.Time) Message {
	if now.IsZero() {
		return m
	}
	far := func(spans []Span) []Span {
		for k, s := range spans {
			if !s.At.IsZero() && !s.Date && s.At.Sub(now).Abs() > 12*time.Hour {
				spans[k] = Day(s.At)
			}
		}
		return spans
	}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case Lines:
			for _, line := range b.Lines {
				far(line)
			}
		case Rows:
			for _, row := range b.Rows {
				far(row.Spans)
			}
		case Note:
			far(b.Spans)
		}
	}
	return m
}
