package runbook

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	sh "mvdan.cc/sh/v3/syntax"
)

// language is what a text is read as, with the rule that says which values may stand in it.
type language struct {
	shell  bool
	admits func(text string, m standIn, p Parameter) bool
	fix    func(reader, name string) string
}

var (
	shellText      = language{shell: true, admits: shellAdmits, fix: shellFix}
	arithmeticText = language{admits: func(_ string, _ standIn, p Parameter) bool { return p.only(digits + "-") }, fix: func(_, name string) string {
		return "give " + name + " the type int"
	}}
	basedText   = language{admits: func(_ string, _ standIn, p Parameter) bool { return p.only(letters + digits) }, fix: arithmeticText.fix}
	otherText   = language{admits: otherAdmits, fix: otherFix}
	sedLanguage = language{admits: sedAdmits, fix: func(_, name string) string {
		return fmt.Sprintf(`awk '… ENVIRON["%s"] …' reads it as it is`, name)
	}}
)

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	inName  = letters + digits + "_"
	inWord  = inName + ".:/@+,-" // nothing in it is special to a shell, within quotes of any language, or to a client of a database
)

// only says that every value which a parameter admits is made of these characters alone.
func (p Parameter) only(of string) bool {
	within := func(set string) bool { return strings.Trim(set, of) == "" }
	if len(p.Allowed) > 0 && p.From != "list" {
		return within(strings.Join(p.Allowed, ""))
	}
	switch p.From {
	case "run.id", "incident.id":
		return within(letters + digits + "-")
	case "incident.opened_at":
		return within(digits + "TZ:+-")
	}
	if p.Pattern != "" && patternWithin(p.Pattern, of) {
		return true
	}
	switch p.Type {
	case TypeInt:
		return within(digits + p.sign())
	case TypeDate:
		return within(digits + "-")
	case TypeTime:
		return within(digits + "TZ:+-.,")
	case TypeDuration:
		return within(digits + "nsumh.+")
	case TypeHostname:
		return within(letters + digits + ".-")
	case TypeK8sName:
		return within("abcdefghijklmnopqrstuvwxyz" + digits + "-")
	case TypeDBName:
		return within(inName)
	}
	return false
}

// sign is the character that an int may begin with.
func (p Parameter) sign() string {
	if p.Min != "" && p.Min[0] != '-' {
		return ""
	}
	return "-"
}

// patternWithin says that a pattern matches nothing but these characters.
func patternWithin(pattern, of string) bool {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	return err == nil && treeWithin(tree, of)
}

func treeWithin(r *syntax.Regexp, of string) bool {
	switch r.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	case syntax.OpLiteral:
		for _, c := range r.Rune {
			if !strings.ContainsRune(of, c) || r.Flags&syntax.FoldCase != 0 && (!strings.ContainsRune(of, unicode.ToUpper(c)) || !strings.ContainsRune(of, unicode.ToLower(c))) {
				return false
			}
		}
	case syntax.OpCharClass:
		for i := 0; i+1 < len(r.Rune); i += 2 {
			for c := r.Rune[i]; c <= r.Rune[i+1]; c++ {
				if !strings.ContainsRune(of, c) {
					return false
				}
			}
		}
	}
	return !slices.ContainsFunc(r.Sub, func(s *syntax.Regexp) bool { return !treeWithin(s, of) })
}

// piece is a text that something reads as a language.
type piece struct {
	language
	reader, text string
	fix          string   // the safe form; empty: the language's own
	args, input  []string // of a shell's text: the words behind it, and what its commands are given on standard input
}

// found notes values in a place without a text of its own.
func (t *tracer) found(lang language, reader string, names []string, at sh.Node) {
	for _, name := range names {
		t.note(piece{language: lang, reader: reader}, standIn{name: name}, at)
	}
}

func (t *tracer) note(p piece, m standIn, at sh.Node) {
	line := t.line
	if line == 0 {
		line = int(at.Pos().Line())
	}
	*t.out = append(*t.out, paste{name: m.name, reader: shown(p.reader), line: line, fix: or(p.fix, p.language.fix(p.reader, m.name)), admits: func(q Parameter) bool { return p.admits(p.text, m, q) }})
}

// look notes the values in a text, and looks through it where it is a shell's.
func (t *tracer) look(p piece, at sh.Node) {
	all := t.marks(p.text)
	for _, m := range all {
		if !m.quoted || !p.shell || quoteAt(p.text, m.from) != 0 {
			t.note(p, m, at)
		}
	}
	if !p.shell {
		return
	}
	text := p.text
	for _, m := range slices.Backward(all) {
		if m.quoted {
			text = text[:m.from] + "'" + t.mark + "p" + m.name + "z'" + text[m.to:]
		}
	}
	inner := &tracer{mark: t.mark, names: t.names, out: t.out, around: t.named(), depth: t.depth + 1, line: t.line}
	if inner.line == 0 {
		inner.line = int(at.Pos().Line())
	}
	if inner.depth > textsInTexts || !inner.read(strings.ReplaceAll(text, "\x00", "x"), p.args, p.input) {
		for _, m := range all {
			t.note(piece{language: arithmeticText, reader: p.reader, text: p.text, fix: "the text is not understood here"}, m, at)
		}
	}
}

// named are the variables that carry values and have names, which a text within this one may read too.
func (t *tracer) named() map[string][]string {
	out := map[string][]string{}
	for name, values := range t.carries {
		if sh.ValidName(name) {
			out[name] = values
		}
	}
	return out
}

// quoteAt is the quote that is open at a place of a shell's text; 0: none.
func quoteAt(text string, at int) byte {
	var open byte
	for i := 0; i < at; i++ {
		switch c := text[i]; {
		case c == '\\' && open != '\'':
			i++
		case open == 0 && (c == '\'' || c == '"'):
			open = c
		case c == open:
			open = 0
		}
	}
	return open
}

// shellAdmits: nothing that is special, and not where the program's name stands.
func shellAdmits(text string, m standIn, p Parameter) bool {
	at := m.from
	for at > 0 && !strings.ContainsRune(" \t\n;|&(`", rune(text[at-1])) {
		at--
	}
	head := strings.TrimRight(text[:at], " \t")
	if head == "" || strings.ContainsRune(";|&(`{!\n", rune(head[len(head)-1])) {
		return p.only(digits)
	}
	return p.only(inWord)
}

func shellFix(reader, name string) string {
	if reader == "eval" {
		return `leave eval out, and write "${` + name + `}" in the command itself`
	}
	return "quote it for that shell: ${" + name + "@Q} outside all inner quotes"
}

// fromInput is the way for a text that a program reads from its standard input.
func (l language) fromInput(reader string) string {
	if l.shell && slices.Contains(shells, reader) {
		return reader + ` -s -- "${NAME}" <<'EOF', and "$1" in the text`
	}
	return ""
}

// otherAdmits: numbers anywhere, and within quotes what ends none.
func otherAdmits(text string, m standIn, p Parameter) bool {
	if p.only(digits + "-") {
		return true
	}
	from, to := m.from, m.to
	inside := inWord + "="
	for from > 0 && strings.IndexByte(inside, text[from-1]) >= 0 {
		from--
	}
	for to < len(text) && strings.IndexByte(inside, text[to]) >= 0 {
		to++
	}
	if from == 0 || to == len(text) || text[from-1] != text[to] || text[to] != '\'' && text[to] != '"' {
		return false
	}
	return strings.Count(text[:from-1], text[to:to+1])%2 == 0 && p.only(strings.Trim(inWord, "@")+"-")
}

func otherFix(reader, name string) string {
	how := map[string]string{"perl": "$ENV{" + name + "}", "ruby": `ENV["` + name + `"]`, "node": "process.env." + name, "php": `getenv("` + name + `")`, "lua": `os.getenv("` + name + `")`}[reader]
	switch {
	case strings.HasPrefix(reader, "python"):
		how = `os.environ["` + name + `"]`
	case strings.HasSuffix(reader, "awk"):
		how = `ENVIRON["` + name + `"]`
		return fmt.Sprintf("write %s in the program, or -v %s=\"${%s}\" and %s", how, strings.ToLower(name), name, strings.ToLower(name))
	case strings.HasPrefix(reader, "redis") || strings.HasPrefix(reader, "valkey"):
		return `hand it over behind the number of keys, and read ARGV[1]`
	}
	if how == "" {
		return "read it from the environment in that language"
	}
	return "it is in the environment: write " + how
}

// sedAdmits: numbers, and in `s` between its delimiters what is no delimiter. Elsewhere a letter is a command, and e runs its text.
func sedAdmits(text string, m standIn, p Parameter) bool {
	if p.only(digits) {
		return true
	}
	if len(text) < 4 || text[0] != 's' || strings.IndexByte("/|#,:@!%", text[1]) < 0 {
		return false
	}
	parts := strings.Split(text[2:], text[1:2])
	end := 2 + len(strings.Join(parts[:min(2, len(parts))], " "))
	return len(parts) == 3 && m.to <= end && strings.Trim(parts[2], "gIp"+digits) == "" && p.only(strings.ReplaceAll(inWord, text[1:2], ""))
}
