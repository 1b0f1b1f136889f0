package runbook

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A transcript (`console`) shows prompts, commands and what they printed. The commands are found by bash's own grammar: what follows a prompt is
// taken line by line until it is a whole command. Everything else is output.

var (
	shellPrompt = regexp.MustCompile(`^\s{0,3}(?:\([\w.-]+\) ?)?(?:\[?[\w.-]+@[\w.-]+[^$#%>]{0,60})?[$%❯] `)
	rootPrompt  = regexp.MustCompile(`^\s{0,3}(?:\[?[\w.-]+@[\w.-]+[^$#%>]{0,60})?# `)
	otherPrompt = regexp.MustCompile(`(?m)^\s{0,3}(?:(\w+)?[=(\[][\w*!]*[)\]]?[#>] |mysql> |MariaDB \[.*\]> |sqlite> |>>> |PS [A-Z]:|[A-Z]:\\|\d+\.\d+\.\d+\.\d+:\d+> |redis[^ >]*> |\w+=[#>] )`)
)

// maxContinued bounds the lines of one command behind a prompt.
const maxContinued = 200

// hasPrompt says that every command of a fence would begin with a prompt.
func hasPrompt(src string) bool {
	for line := range strings.SplitSeq(src, "\n") {
		if strings.TrimSpace(line) != "" {
			return shellPrompt.MatchString(line)
		}
	}
	return false
}

// transcript takes a console fence apart. No commands: it has no prompt of a shell.
func transcript(src string) (commands, output string, rewrites []Rewrite) {
	prompt := shellPrompt
	lines := strings.Split(strings.TrimSuffix(src, "\n"), "\n")
	if !anyLine(lines, shellPrompt) {
		prompt = rootPrompt
	}
	var run, out strings.Builder
	for i := 0; i < len(lines); i++ {
		at := prompt.FindStringIndex(lines[i])
		if at == nil {
			out.WriteString(lines[i] + "\n")
			continue
		}
		text := lines[i][at[1]:]
		first := lines[i][:at[1]]
		for from := i; i < from+maxContinued && i+1 < len(lines) && !prompt.MatchString(lines[i+1]) && (unfinished(text) || continued(lines[i+1]) && broken(text)); {
			i++
			next := strings.TrimPrefix(lines[i], "> ")
			if next == ">" {
				next = ""
			}
			text += "\n" + next
		}
		run.WriteString(text + "\n")
		if r := (Rewrite{From: first, To: ""}); len(rewrites) == 0 {
			rewrites = append(rewrites, r)
		}
	}
	return run.String(), strings.TrimRight(out.String(), "\n"), rewrites
}

func anyLine(lines []string, form *regexp.Regexp) bool {
	for _, l := range lines {
		if form.MatchString(l) {
			return true
		}
	}
	return false
}

// continued says that a line stands behind bash's second prompt.
func continued(line string) bool { return line == ">" || strings.HasPrefix(line, "> ") }

// broken says that bash does not take the text as it is: a here-document that is open.
func broken(text string) bool {
	_, err := readShell(text)
	return err != nil
}

// unfinished says that bash would ask for another line.
func unfinished(text string) bool {
	if strings.HasSuffix(text, "\\") {
		return true
	}
	_, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text+"\n"), "")
	return syntax.IsIncomplete(err)
}

var (
	sqlStart  = regexp.MustCompile(`(?is)^\s*(?:--[^\n]*\n\s*)*(select|insert|update|delete|drop|create|alter|truncate|vacuum|reindex|grant|revoke|begin)\b.*;\s*$`)
	dataStart = regexp.MustCompile(`^\s*[\[{<]`)
	keyLine   = regexp.MustCompile(`^\s*[\w.-]+\s*(?:=|:)(?:\s|$)`)
)

// untagged says what a fence without a language holds: sql, console, bash or, where it is no command, nothing.
func untagged(src string) (lang, why string) {
	lines := strings.Split(src, "\n")
	switch {
	case hasPrompt(src):
		return "console", "prompts say that it is a transcript"
	case otherPrompt.MatchString(src):
		return "", "a session of another program"
	case sqlStart.MatchString(src):
		return "sql", "reads as SQL"
	case dataStart.MatchString(src) || commandLines(lines) == 0:
		return "", "no language says that it is a command"
	}
	keys := 0
	for _, l := range lines {
		if !silent(l) && (keyLine.MatchString(l) || settingLine.MatchString(strings.TrimSpace(l))) {
			keys++
		}
	}
	if keys == commandLines(lines) || dataLine.MatchString(firstCommand(lines)) {
		return "", "settings, not a command"
	}
	for _, l := range lines {
		if !silent(l) && prose(l) {
			return "", "reads as a sentence"
		}
	}
	sh, err := readShell(src)
	if err != nil {
		return "", "no language says that it is a command, and it does not parse as one"
	}
	calls := sh.calls()
	for _, c := range calls {
		if words := unwrap(c.words); len(words) > 0 && !knownProgram(words[0], words[1:], sh.funcs) {
			return "", "no language says that it is a command, and " + shown(words[0]) + " is not known as one"
		}
	}
	if len(calls) == 0 {
		return "", "no language says that it is a command"
	}
	return "bash", "reads as commands"
}

func firstCommand(lines []string) string {
	for _, l := range lines {
		if !silent(l) {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

// sentenceWords are words of sentences that stand in no command by themselves, unless it prints or searches them.
var (
	sentenceWords = re(`(?i)^(?:the|an?|and|or|it|its|is|are|was|this|that|these|your|our|until|whether|then|with|of|to|please|der|die|das|den|dem|und|oder|ist|le|la|les|et|el|los|las|y|il|lo|gli)$`)
	commandMarks  = re("[|&;<>$`=\"'\\\\{}/]|(?:^|\\s)-{1,2}\\w")
)

// saying are programs whose arguments may be a sentence.
var saying = []string{"echo", "printf", "grep", "logger", "wall"}

// prose says that a line reads as a sentence: three words or more, one of them an article or the like, and no mark of the shell.
func prose(line string) bool {
	line = strings.TrimRight(strings.TrimSpace(line), ".!?:")
	words := strings.Fields(line)
	if len(words) < 3 || commandMarks.MatchString(line) || slices.Contains(saying, words[0]) {
		return false
	}
	for _, w := range words[1:] {
		if sentenceWords.MatchString(strings.Trim(w, ",")) {
			return true
		}
	}
	return false
}
