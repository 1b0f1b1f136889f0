package postgres

import (
	"fmt"
	"regexp"
	"strings"
)

// statement is one statement of a text: words to send as they are, and places where a value or a name goes.
type statement struct {
	line   int // of its first word, from 1
	pieces []piece
	other  bool     // \connect: pieces are the name of a database, and nothing is sent
	words  []string // the first identifiers outside of quotes, in lower case
}

type piece struct {
	kind pieceKind
	text string // of value and identifier: the parameter's name
}

type pieceKind int

const (
	plain pieceKind = iota
	value
	identifier
)

// wordsKept bounds statement.words: COPY a_table (…) FROM STDIN needs a few, a list of columns may be long.
const wordsKept = 400

var parameterName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// split cuts a text into statements exactly where psql does (PostgreSQL's psqlscan.l): at a semicolon outside of
// strings, quoted names, dollar quotes, nested comments, parentheses and the BEGIN ATOMIC … END of a function. psql's
// backslash commands are refused, and so is a quote that does not end. :NAME and :'NAME' are places for values,
// :"NAME" for a name; a colon before anything else is PostgreSQL's own (a::int, a[1:2]). It relies on
// standard_conforming_strings being on, which the connection sets.
func split(text string) ([]statement, error) {
	s := scanner{text: text, line: 1}
	for s.at < len(s.text) {
		if err := s.token(); err != nil {
			return nil, fmt.Errorf("line %d: %w", s.line, err)
		}
	}
	if s.parens > 0 || s.begins > 0 {
		return nil, fmt.Errorf("line %d: the text ends within a statement", s.line)
	}
	s.end()
	return s.done, nil
}

type scanner struct {
	text string
	at   int
	line int

	from   int // start of the words not yet in a piece
	now    statement
	filled bool // now holds more than white space and comments
	parens int
	begins int // BEGIN ATOMIC and CASE within it
	done   []statement
}

func (s *scanner) rest() string { return s.text[s.at:] }

// skip moves on by n bytes, counting lines.
func (s *scanner) skip(n int) {
	s.line += strings.Count(s.text[s.at:s.at+n], "\n")
	s.at += n
}

// fill notes that a word of the statement begins here.
func (s *scanner) fill() {
	if !s.filled {
		s.filled, s.now.line = true, s.line
	}
}

// cut closes the piece of plain words before here.
func (s *scanner) cut() {
	if s.from < s.at {
		s.now.pieces = append(s.now.pieces, piece{plain, s.text[s.from:s.at]})
	}
	s.from = s.at
}

func (s *scanner) end() {
	s.cut()
	if s.filled {
		s.done = append(s.done, s.now)
	}
	s.now, s.filled, s.begins = statement{}, false, 0
}

func (s *scanner) token() error {
	rest := s.rest()
	c := rest[0]
	switch {
	case strings.HasPrefix(rest, "--"):
		s.skip(lineLength(rest))
		return nil
	case strings.HasPrefix(rest, "/*"):
		return s.comment()
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		s.skip(1)
		return nil
	case c == ';' && s.parens == 0 && s.begins == 0:
		s.end()
		s.skip(1)
		s.from = s.at
		return nil
	}
	s.fill()
	switch {
	case c == '\\' && strings.HasPrefix(rest, `\connect`):
		return s.connect()
	case c == '\\':
		return fmt.Errorf("%.20q is a command of psql, not SQL", rest)
	case c == '\'':
		return s.quoted('\'', false)
	case c == '"':
		return s.quoted('"', false)
	case (c == 'E' || c == 'e') && strings.HasPrefix(rest[1:], "'"):
		s.skip(1)
		return s.quoted('\'', true)
	case c == '$':
		return s.dollar()
	case c == ':':
		return s.colon()
	case startsWord(c):
		s.word()
		return nil
	case c >= '0' && c <= '9': // with the letters that follow: 1e5, 0x1F
		s.skip(wordLength(rest))
		return nil
	case c == '(':
		s.parens++
	case c == ')' && s.parens > 0:
		s.parens--
	}
	s.skip(1)
	return nil
}

var connectLine = regexp.MustCompile(`^\\connect[ \t]+(?::"([A-Z][A-Z0-9_]*)"|([a-z_][a-z0-9_]*))[ \t]*(?:\n|$)`)

// connect takes the one command of psql that has a meaning here, alone on its line: another database of the same server.
func (s *scanner) connect() error {
	m := connectLine.FindStringSubmatch(s.rest())
	if m == nil || s.words() || s.at > 0 && s.text[s.at-1] != '\n' {
		return fmt.Errorf("expected \\connect name, or \\connect :\"NAME\", alone on its line and between two statements")
	}
	kind, name := plain, m[2]
	if m[1] != "" {
		kind, name = identifier, m[1]
	}
	s.now.other, s.now.pieces = true, []piece{{kind, name}}
	s.skip(len(m[0]))
	s.from = s.at
	s.end()
	return nil
}

// words reports whether a statement has begun before here. (token marked the present word as one of it.)
func (s *scanner) words() bool {
	return len(s.now.pieces) > 0 || strings.TrimSpace(stripped.ReplaceAllString(s.text[s.from:s.at], "")) != ""
}

// stripped are comments; those before \connect hold no quotes that would matter.
var stripped = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/`)

func lineLength(text string) int {
	if n := strings.IndexAny(text, "\r\n"); n >= 0 {
		return n
	}
	return len(text)
}

// comment skips one, with those inside it.
func (s *scanner) comment() error {
	start := *s
	for depth := 0; s.at < len(s.text); {
		switch {
		case strings.HasPrefix(s.rest(), "/*"):
			depth++
			s.skip(2)
		case strings.HasPrefix(s.rest(), "*/"):
			s.skip(2)
			if depth--; depth == 0 {
				return nil
			}
		default:
			s.skip(1)
		}
	}
	s.line = start.line
	return fmt.Errorf("the comment that begins here does not end")
}

// quoted skips a string or a quoted name; a doubled quote is one of its characters, and with escapes so is what
// follows a backslash.
func (s *scanner) quoted(quote byte, escapes bool) error {
	start := s.line
	s.skip(1)
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '\\' && escapes && s.at+1 < len(s.text):
			s.skip(2)
		case c != quote:
			s.skip(1)
		case strings.HasPrefix(s.text[s.at+1:], string(quote)):
			s.skip(2)
		default:
			s.skip(1)
			if escapes && continues(s.rest()) {
				return fmt.Errorf("a string with backslashes goes on in another line: psql and the server read it differently")
			}
			return nil
		}
	}
	s.line = start
	return fmt.Errorf("the quote that begins here does not end")
}

// continues reports whether a string goes on after white space with a line end in it. For the server the meaning of
// backslashes then goes on too, for psql it does not.
func continues(text string) bool {
	lines := false
	for n := 0; n < len(text); {
		switch c := text[n]; {
		case c == '\n' || c == '\r':
			lines = true
			n++
		case c == ' ' || c == '\t' || c == '\f' || c == '\v':
			n++
		case strings.HasPrefix(text[n:], "--"):
			n += lineLength(text[n:])
		case c == '\'' && lines:
			return true
		default:
			return false
		}
	}
	return false
}

// dollar skips $tag$ … $tag$.
func (s *scanner) dollar() error {
	rest := s.rest()
	if len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9' {
		return fmt.Errorf("%.4q: parameters are written :NAME", rest)
	}
	n := 1
	for n < len(rest) && (startsWord(rest[n]) || n > 1 && rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	if n == len(rest) || rest[n] != '$' {
		s.skip(1)
		return nil
	}
	tag := rest[:n+1]
	length := strings.Index(rest[len(tag):], tag)
	if length < 0 {
		return fmt.Errorf("the quote %s that begins here does not end", tag)
	}
	s.skip(2*len(tag) + length)
	return nil
}

// colon finds the parameters.
func (s *scanner) colon() error {
	rest := s.rest()
	kind, name, length := value, "", 0
	switch {
	case strings.HasPrefix(rest, "::"), strings.HasPrefix(rest, ":="):
		s.skip(2)
		return nil
	case strings.HasPrefix(rest, ":'"), strings.HasPrefix(rest, `:"`):
		if rest[1] == '"' {
			kind = identifier
		}
		n := strings.IndexByte(rest[2:], rest[1])
		if n < 0 {
			break
		}
		name, length = rest[2:2+n], n+3
	default:
		for length = 1; length < len(rest) && rest[length] != '$' && inWord(rest[length]); length++ {
		}
		name = rest[1:length]
	}
	if !parameterName.MatchString(name) {
		s.skip(1)
		return nil
	}
	s.cut()
	s.skip(length)
	s.from = s.at
	s.now.pieces = append(s.now.pieces, piece{kind, name})
	return nil
}

// word skips a name or key word, and follows psql in what it takes for the body of a function.
func (s *scanner) word() {
	n := wordLength(s.rest())
	word := strings.ToLower(s.rest()[:n])
	s.skip(n)
	if len(s.now.words) < wordsKept {
		s.now.words = append(s.now.words, word)
	}
	if s.parens > 0 || !makesRoutine(s.now.words) {
		return
	}
	switch {
	case word == "begin", word == "case" && s.begins > 0:
		s.begins++
	case word == "end" && s.begins > 0:
		s.begins--
	}
}

func makesRoutine(words []string) bool {
	if len(words) > 3 && words[1] == "or" && words[2] == "replace" {
		words = append([]string{words[0]}, words[3:]...)
	}
	return len(words) > 1 && words[0] == "create" && (words[1] == "function" || words[1] == "procedure")
}

func startsWord(c byte) bool { return c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' }

func inWord(c byte) bool { return startsWord(c) || c == '$' || c >= '0' && c <= '9' }

func wordLength(text string) int {
	n := 0
	for n < len(text) && inWord(text[n]) {
		n++
	}
	return n
}
