package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// The forms in which people write "put your own here", and the words of the same form that mean themselves.

// placeholderForms catches one token by each group. A token in brackets does not stand behind what makes it a subscript.
var placeholderForms = regexp.MustCompile(`(?:^|[^\w}$\]])(\[[A-Z][A-Z0-9_ ]*(?:/[A-Z][A-Z0-9_ ]*)*\]|\[[A-Z][A-Z0-9_]+(?:[- ][A-Z0-9_]+)*\])` +
	`|(YYYY-?MM-?DD(?:_HHMMSS)?|\$?\{\{\s*[\w.-]+\s*\}\}|<[A-Za-z][\w.-]*(?:\|[\w.-]+)+>|<[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+)*>)` +
	`|(@@[A-Za-z][\w.-]*@@|%\{[A-Za-z][\w.-]*\})` +
	`|\b(__[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__|(?:CHANGE|REPLACE)[_-]?ME|change[_-]?me|REPLACE_WITH_\w+|(?:YOUR|INSERT|ENTER)[_-][A-Z0-9]+(?:[_-][A-Z0-9]+)*|your[_-][a-z0-9]+(?:[_-][a-z0-9]+)*|(?:[a-z]{1,8}-)?(?:x{4,}|X{4,})(?:-(?:x{4,}|X{4,}))*)\b` +
	`|(JJJJ-?MM-?TT(?:_HHMMSS)?|AAAA-?MM-?(?:JJ|DD)(?:_HHMMSS)?|«[^»\n]{1,40}»)` +
	`|(?:^|[\s=:/@"'])(\{[a-z][a-z0-9_-]+\}|_{3,}|TO[D]O|TB[D]|(?:[a-z]+[-_])*(?:name|id|host|key|value|path|password|token|url|user|address|bucket|database|db)[-_]here|my[-_](?:database|db|db-name|host|hostname|server|bucket|cluster|namespace|instance|project|password|user|username|domain|table))(?:$|[\s/:;"'])`)

// formats are functions and programs to which YYYY-MM-DD says how a date is written.
var formats = regexp.MustCompile(`(?i)\b(?:to_char|to_date|to_timestamp|date_format|strftime|moment|format)\b`)

// tags are words in brackets that a line of output begins with.
var tags = strings.Fields("[INFO] [WARN] [WARNING] [ERROR] [DEBUG] [OK] [FAIL] [FAILED] [NOTE] [DONE] [SKIP] [PASS] [FATAL] [CRITICAL] [NOTICE]")

// meansItself says that a token of a line waits for no value: a variable's name, a glob, a format of curl, a template of mktemp.
func meansItself(src, line string, from, to int) bool {
	token, before, after := line[from:to], line[:from], line[to:]
	switch {
	case token[0] == '{':
		return programsOfBraces.MatchString(line)
	case strings.Trim(token, "_") == "" || strings.HasPrefix(token, "TO") || strings.HasPrefix(token, "TB"):
		return strings.Contains(before, " #") || searching.MatchString(line) // in a comment, or looked for
	case token[0] == '[':
		return after != "" && strings.IndexByte("*?+{", after[0]) >= 0 || slices.Contains(tags, token)
	case token[0] == '%':
		return strings.Contains(src, "curl") || strings.Contains(src, "rpm") || strings.Contains(line, "-w") || strings.Contains(line, "--qf")
	case strings.HasPrefix(token, "YYYY") && formats.MatchString(line):
		return true
	case strings.Trim(token, "X-") == "" && (strings.Contains(line, "mktemp") || strings.HasSuffix(before, ".")):
		return true
	case strings.IndexByte("$<{@", token[0]) >= 0:
		return false
	}
	bare := strings.TrimRight(before, "!#")
	if strings.HasSuffix(bare, "$") || strings.HasSuffix(bare, "${") {
		return true // a variable
	}
	return (strings.HasPrefix(after, "=") || strings.HasPrefix(after, "+=") || strings.HasPrefix(after, "()")) && (before == "" || strings.IndexByte(" \t;(", before[len(before)-1]) >= 0)
}

var (
	// programsOfBraces read {word} as their own.
	programsOfBraces = regexp.MustCompile(`\b(?:g?awk|mawk|jq|yq|sed|perl|python3?|ruby|node|jsonpath|curl|git|printf|PS1|find|xargs|exec)\b`)
	searching        = regexp.MustCompile(`\b(?:e?grep|rg|ack|echo|printf|sed|awk)\b`)
)

// mayHold spares the expression on lines that hold none of the words that it begins with.
func mayHold(form *regexp.Regexp, line string) bool {
	if form == sampleForms {
		return strings.Contains(line, "20") || strings.Contains(line, "example.") || strings.Contains(line, "registry/")
	}
	return strings.ContainsAny(line, "[<{") || slices.ContainsFunc(tokenWords, func(w string) bool { return strings.Contains(line, w) })
}

var tokenWords = strings.Fields("YYYY @@ __ CHANGE REPLACE change YOUR your INSERT ENTER xxxx XXXX JJJJ AAAA « ___ TO" + "DO TBD here my- my_")
