package runbook

import (
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// sqlLanguage is SQL as one family of servers reads it, or the commands of its client.
func sqlLanguage(words sqlWords) language {
	return language{admits: func(text string, m standIn, p Parameter) bool { return words.admit(text, m, p) }, fix: func(reader, name string) string {
		lower := strings.ToLower(name)
		switch reader {
		case "psql":
			return fmt.Sprintf("psql -v %s=\"${%s}\" <<'SQL', and :'%s' in the SQL", lower, name, lower)
		case "sqlite3":
			return "in the lock interpreter: sqlite with databases, and :" + name + " in the SQL"
		}
		return "give " + name + " the type int, or a pattern of letters and digits within quotes"
	}}
}

var (
	// objectWord stands before a name in SQL.
	objectWord = regexp.MustCompile(`(?i)\b(?:table|database|schema|from|into|update|join|index|view|role|user|sequence|to|on|truncate|analyze|vacuum|reindex|exists|only|owner|rename|cluster|extension|connection)\s+$`)
)

// admit: within quotes what ends none; outside them numbers, and a name where a name belongs. Two dashes make a comment of the rest.
func (w sqlWords) admit(text string, m standIn, p Parameter) bool {
	line := text[strings.LastIndexByte(text[:m.from], '\n')+1 : m.from]
	if first := strings.TrimLeft(line, " \t"); strings.HasPrefix(first, ".") || strings.Contains(first, "\\") {
		return p.only(inWord) && !strings.HasPrefix(first, ".shell") && !strings.HasPrefix(first, ".system") && !strings.HasPrefix(first, `\!`) || p.only(digits)
	}
	if p.only(digits) {
		return true
	}
	switch w.openAt(text, m.from) {
	case '\'', '"', '`':
		return p.only(inWord)
	case '-':
		return p.only(inWord) // a comment to the line's end
	case 0:
	default:
		return false
	}
	before := text[:m.from]
	last := byte(' ')
	if before != "" {
		last = before[len(before)-1]
	}
	part := strings.IndexByte(inName, last) >= 0 || m.to < len(text) && strings.IndexByte(inName, text[m.to]) >= 0 // of a longer name
	switch {
	case p.Type == TypeInt && len(p.Allowed) == 0:
		return last != '-' && !part
	case part, objectWord.MatchString(before), len(p.Allowed) > 0:
		return p.only(inName)
	}
	return false
}

// openAt is the quote that is open at a place; '-' a comment to the line's end, '*' another one or what is not understood, 0 nothing.
func (w sqlWords) openAt(text string, at int) byte {
	for i := 0; i < at; {
		n, ok := w.noise(text[i:])
		switch {
		case ok && n > 0 && i+n <= at:
			i += n
		case !ok || n > 0:
			switch c := text[i]; {
			case c == '\'' || c == '"' || c == '`':
				return c
			case (c == 'E' || c == 'e') && i+1 < len(text) && text[i+1] == '\'':
				return '\''
			case strings.HasPrefix(text[i:], "--"):
				return '-'
			}
			return '*'
		default:
			i++
		}
	}
	return 0
}

// boundPsql is the whole command with the values as variables of psql. -c reads no variables, so the text goes to standard input.
func (t *tracer) boundPsql(o occurrence, text string) string {
	marks := t.marks(text)
	if len(marks) == 0 || t.depth > 0 {
		return ""
	}
	var vars strings.Builder
	was := text
	for i := len(marks) - 1; i >= 0; i-- {
		m := marks[i]
		lower, from, to := strings.ToLower(m.name), m.from, m.to
		set := fmt.Sprintf(" -v %s=\"${%s}\"", lower, m.name)
		if !strings.Contains(vars.String(), set) {
			vars.WriteString(set)
		}
		if from > 0 && to < len(text) && text[from-1] == '\'' && text[to] == '\'' {
			from, to = from-1, to+1
		}
		text = text[:from] + ":'" + lower + "'" + text[to:]
	}
	if strings.Contains(text, t.mark) || strings.Contains(text, "\x00") {
		return ""
	}
	var words []string
	for i := 0; i < len(o.rest); i++ {
		w := o.call.Args[o.at+1+i]
		option, behind := o.rest[i], i+1 < len(o.rest) && o.rest[i+1] == was
		switch {
		case option == "-c" || option == "--command":
			i++
		case option == "--command="+was:
		case behind && strings.HasPrefix(option, "-") && !strings.HasPrefix(option, "--") && strings.HasSuffix(option, "c"):
			words = append(words, strings.TrimSuffix(option, "c")) // psql -tAc TEXT
			i++
		case strings.Contains(option, was):
			return ""
		default:
			words = append(words, t.source(w))
		}
	}
	return strings.TrimSpace("psql "+strings.Join(words, " ")) + vars.String() + " <<'SQL'\n" + text + "\nSQL"
}

// source is a node as it stands in the text.
func (t *tracer) source(n syntax.Node) string {
	return t.src[n.Pos().Offset():n.End().Offset()]
}

// asArguments is a command with the values in its text as words behind it: bash -c 'ls "$1"' _ "${DIR}".
func (t *tracer) asArguments(c *syntax.CallExpr, at int) string {
	text := t.spell(c.Args[at])
	marks := t.marks(text)
	if len(marks) == 0 || strings.Contains(text, "\x00") {
		return ""
	}
	end := at + 1
	for end < len(c.Args) && known(c.Args[end]) != ";" && known(c.Args[end]) != "+" {
		end++
	}
	n := end - at - 1 // words behind the text: $0, $1 …
	behind := ""
	if n == 0 {
		behind, n = " _", 1
	}
	place := map[string]int{}
	for _, m := range marks {
		if place[m.name] == 0 {
			place[m.name] = n
			behind += ` "${` + m.name + `}"`
			n++
		}
	}
	for i := len(marks) - 1; i >= 0; i-- {
		m := marks[i]
		put, from, to := fmt.Sprintf(`"$%d"`, place[m.name]), m.from, m.to
		switch open := quoteAt(text, from); {
		case open != 0 && from > 0 && to < len(text) && text[from-1] == open && text[to] == open:
			from, to = from-1, to+1
		case open == '"':
			put = fmt.Sprintf("$%d", place[m.name])
		case open == '\'':
			put = "'" + put + "'"
		}
		text = text[:from] + put + text[to:]
	}
	line := t.src[c.Pos().Offset():c.Args[at].Pos().Offset()] + "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	if end > at+1 {
		line += t.src[c.Args[at].End().Offset():c.Args[end-1].End().Offset()]
	}
	return line + behind + t.src[c.Args[end-1].End().Offset():c.End().Offset()]
}
