package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// verdict is what a fence is, judged by its text alone.
type verdict struct {
	verdict  string // see Block
	why      string
	call     string // the words that name other procedures
	branches []Alternative
	open     []string // what blocks it: values and decisions
	lang     string   // of what runs: bash or sql; empty: the fence's own word says it
	run      string   // what runs, where it is not the whole fence: the commands of a transcript
	output   string   // what the transcript shows
	rewrites []Rewrite
	sure     bool     // the questions are about more than values: they are asked as they stand
	ask      []string // questions about the step, besides those about its text
}

var (
	orLine      = regexp.MustCompile(`(?i)^\s*(?:#+|--)[\s=*_-]*(?:or|oder|ou|alternatively|alternativ)\b[\s:,=*_-]*(.*?)\n?$|^\s*(?:#+|--)[\s=*_-]*(?:otherwise|else)\W*\n?$`)
	settingLine = regexp.MustCompile(`^[a-z][a-z0-9_.]*\s+=\s+\S|^(?:save \d+ \d+|appendonly (?:yes|no)|appendfsync \w+)\s*$`)
	// dataLine is what no command begins with: a key of YAML, a line of a crontab.
	dataLine     = regexp.MustCompile(`^(?:- +)?["']?[\w.-]+["']?:(?:\s|$)|^(?:@(?:reboot|hourly|daily|weekly|monthly|yearly|annually|midnight)|(?:[\d*/,-]+\s+){5})\s*\S`)
	nestedFence  = regexp.MustCompile("(?m)^[ \t>]*(?:`{3,}|~{3,})")
	platformLine = regexp.MustCompile(`(?i)^#+\s*(?:if |when )?(?:on |for |with |using )?(` + platforms + `|(?:option|alternative|variant|method|either)\s*([a-z0-9]*))\b[^.]*$`)
)

// platforms are what one thing is done on in different ways.
const platforms = `kubernetes|k8s|systemd|docker(?:[ -]compose)?|podman|helm|nomad|ecs|eks|gke|openshift|aws|gcp|azure|bare metal|vms?|virtual machines?|linux|macos|windows|debian|ubuntu|rhel|centos|fedora|alpine`

// classify judges a fence. It never widens what may run: that needs a lock entry for these very bytes.
func classify(lang, src string) verdict {
	if len(src) > maxCommand {
		return verdict{verdict: "manual", why: fmt.Sprintf("%d bytes are more than anybody reviews: keep it in a file, and run that", len(src))}
	}
	switch lang {
	case "bash", "sh", "shell", "sql", "console":
		if at := hiddenIn(src); at != "" {
			return verdict{verdict: "blocked", why: at + hiddenQuestion, sure: true, open: []string{at + hiddenQuestion}}
		}
	}
	switch lang {
	case "bash", "sh", "shell":
	case "sql", "postgresql", "postgres", "pgsql", "mysql", "plsql":
		return classifySQL(src)
	case "":
		return classifyUntagged(src)
	case "text", "txt", "plaintext", "markdown", "md", "mermaid", "diff", "none":
		return verdict{verdict: "display", why: "no language says that it is a command"}
	case "console", "shell-session", "shellsession", "sh-session":
		return classifyTranscript(src)
	case "output", "log":
		return verdict{verdict: "output", why: "what a command prints"}
	case "yaml", "yml", "json", "toml", "ini", "conf", "properties", "hcl":
		return verdict{verdict: "configuration", why: "settings, not a command"}
	default:
		return verdict{verdict: "manual", why: "drbot does not run " + lang}
	}
	if nestedFence.MatchString(src) {
		return verdict{verdict: "display", why: "holds a fence of its own: it shows Markdown"}
	}
	lines := strings.Split(src, "\n")
	commands := slices.DeleteFunc(slices.Clone(lines), silent)
	if len(commands) == 0 {
		if m := callWords.FindString(src); m != "" {
			return verdict{verdict: "manual", why: "calls other procedures", call: m}
		}
		return verdict{verdict: "display", why: "only comments"}
	}
	if branches := alternatives(lang, src); len(branches) > maxBranches {
		return verdict{verdict: "blocked", why: "too many alternatives", sure: true, open: []string{fmt.Sprintf("%d alternatives: keep at most %d in one step", len(branches), maxBranches)}}
	} else if len(branches) > 1 {
		return verdict{verdict: "choice", why: fmt.Sprintf("%d alternatives of which one is meant: %s", len(branches), labels(branches)), branches: branches}
	}
	if sharedStart(src) {
		return verdict{verdict: "blocked", why: "comments name two platforms after a common start", sure: true, open: []string{sharedQuestion}}
	}
	if why := holdsSettings(commands); why != "" {
		return verdict{verdict: "configuration", why: why}
	}
	v := classifyShell(src)
	if runnable(v) && sideComments(src) {
		v.verdict, v.why = "blocked", "comments name two cases of which one may be meant"
		v.ask = append(v.ask, sharedQuestion)
	}
	return v
}

// holdsSettings says why lines are the content of a file, all or some of them; "" where none is.
func holdsSettings(lines []string) string {
	if first := strings.TrimSpace(lines[0]); dataLine.MatchString(first) {
		return fmt.Sprintf("begins with %q: a file's content, not a command", first)
	}
	settings := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !settingLine.MatchString(strings.TrimSpace(l)) })
	switch len(settings) {
	case 0:
		return ""
	case len(lines):
		return "settings, not a command"
	}
	return fmt.Sprintf("mixes commands with settings (%q): run, it would end with 127", strings.TrimSpace(settings[0]))
}

const sharedQuestion = "does all of it run, or are these alternatives? Give each its own fence, or keep one text in run"

// classifyUntagged judges a fence without a language by its text. Nothing runs by that: somebody reviews and accepts what it became.
func classifyUntagged(src string) verdict {
	lang, why := untagged(src)
	if lang == "" {
		if strings.HasPrefix(why, "settings") {
			return verdict{verdict: "configuration", why: why}
		}
		return verdict{verdict: "display", why: why}
	}
	v := classify(lang, src)
	v.lang = or(v.lang, lang)
	v.why = why + "; " + v.why
	return v
}

// classifyTranscript judges the commands behind the prompts.
func classifyTranscript(src string) verdict {
	commands, output, rewrites := transcript(src)
	if commands == "" {
		if m := otherPrompt.FindString(src); m != "" {
			return verdict{verdict: "manual", why: fmt.Sprintf("a session of another program (%q)", strings.TrimSpace(m))}
		}
		return verdict{verdict: "output", why: "a transcript without a prompt: no command"}
	}
	v := classify("bash", commands)
	if !runnable(v) || v.verdict == "choice" {
		return verdict{verdict: "manual", why: "a transcript: " + v.why}
	}
	v.run, v.output, v.rewrites = commands, output, rewrites
	return v
}

func classifySQL(src string) verdict {
	if m := otherPrompt.FindString(src); m != "" {
		return verdict{verdict: "manual", why: fmt.Sprintf("a session of another program (%q)", strings.TrimSpace(m))}
	}
	if branches := alternatives("sql", src); len(branches) > 1 && len(branches) <= maxBranches {
		return verdict{verdict: "choice", why: fmt.Sprintf("%d alternatives of which one is meant: %s", len(branches), labels(branches)), branches: branches}
	}
	v := verdict{verdict: "blocked", why: "SQL without a database", lang: "sql", open: []string{sqlQuestion}}
	for _, s := range append(placeholders(src), samples(src)...) {
		v.open = append(v.open, s+sqlSlotQuestion)
	}
	return v
}

// asksSomebody ends the words about a text that reads an answer: there is nobody, and it gets the end of its input.
const asksSomebody = " asks somebody, and there is no input: interactive commands cannot run here"

func classifyShell(src string) verdict {
	if hasPrompt(src) {
		return verdict{verdict: "blocked", why: "begins with a prompt, which bash would run as a program", sure: true, open: []string{"take the prompts off, or tag the fence console"}}
	}
	marked, mark, all := markSlots(src)
	sh, err := readShell(marked)
	if err != nil {
		return verdict{verdict: "blocked", why: "does not parse as bash: " + unmark(err.Error(), mark, all), sure: true, open: []string{"mend the command: it does not parse as bash"}}
	}
	if what := sh.interactive(); what != "" {
		if strings.HasPrefix(what, "read ") {
			return verdict{verdict: "manual", why: unmark(what, mark, all) + asksSomebody}
		}
		return verdict{verdict: "manual", why: unmark(what, mark, all) + " opens a session and waits for a person"}
	}
	var open []string
	for _, s := range placeholders(src) {
		open = append(open, fmt.Sprintf("%s is a placeholder: make it a parameter", s))
	}
	for _, s := range samples(src) {
		open = append(open, fmt.Sprintf("%s looks like a sample: make it a parameter, or keep it on purpose", s))
	}
	for _, v := range sh.free() {
		open = append(open, fmt.Sprintf("$%s is set nowhere: make it a parameter", v))
	}
	if len(open) > 0 {
		return verdict{verdict: "blocked", why: open[0], open: open}
	}
	return verdict{verdict: "executable", why: "a command that needs no value"}
}

// silent says that a line of a shell text does nothing.
func silent(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

func commandLines(lines []string) (n int) {
	for _, l := range lines {
		if !silent(l) {
			n++
		}
	}
	return n
}

// alternatives splits at lines "# OR …"; without any, at comments that each name another platform or option.
func alternatives(lang, src string) []Alternative {
	lines := strings.SplitAfter(src, "\n")
	var cut []int
	for i, l := range lines {
		if orLine.MatchString(l) {
			cut = append(cut, i)
		}
	}
	if len(cut) > 0 {
		return branches(lang, lines, cut, true)
	}
	cut = namedLines(lines)
	if len(cut) < 2 {
		return nil
	}
	if commandLines(lines[:cut[0]]) > 0 {
		return nil // see sharedStart
	}
	cut[0] = 0 // a comment about both stays with the first
	return branches(lang, lines, cut, false)
}

// sharedStart says that commands stand before comments that name two platforms: whether those are alternatives a person must say.
func sharedStart(src string) bool {
	lines := strings.SplitAfter(src, "\n")
	cut := namedLines(lines)
	return len(cut) > 1 && commandLines(lines[:cut[0]]) > 0
}

// namedLines finds the comments that each name another platform or option.
func namedLines(lines []string) (cut []int) {
	named := map[string]bool{}
	for i, l := range lines {
		if m := platformLine.FindStringSubmatch(strings.TrimSpace(l)); m != nil && !named[strings.ToLower(m[1]+m[2])] {
			named[strings.ToLower(m[1]+m[2])] = true
			cut = append(cut, i)
		}
	}
	return cut
}

// branches cuts a fence before the lines named. Where those lines only say "or", they separate; else they belong to their branch.
func branches(lang string, lines []string, cut []int, separate bool) []Alternative {
	var out []Alternative
	pending := ""
	add := func(separator string, from, to int) {
		text := strings.Join(lines[from:to], "")
		if strings.TrimSpace(text) == "" {
			if len(out) > 0 && from >= to-1 && to == len(lines) && separator == "" {
				out[len(out)-1].Source += text
			} else {
				pending += separator + text
			}
			return
		}
		keep := to
		for keep-1 > from && strings.TrimSpace(lines[keep-1]) == "" && to < len(lines) {
			keep-- // empty lines at the end part it from the next
		}
		out = append(out, Alternative{Label: label(separator, lines[from:keep]), Lang: lang, Separator: pending + separator, Source: strings.Join(lines[from:keep], ""), Line: from})
		pending = strings.Join(lines[keep:to], "")
	}
	start, separator := 0, ""
	if !separate && cut[0] == 0 {
		cut = cut[1:]
	}
	for _, c := range cut {
		add(separator, start, c)
		start, separator = c, ""
		if separate {
			start, separator = c+1, lines[c]
		}
	}
	add(separator, start, len(lines))
	if pending != "" && len(out) > 0 {
		out[len(out)-1].Source += pending
	}
	seen := map[string]int{}
	for i := range out {
		if seen[out[i].Label]++; seen[out[i].Label] > 1 {
			out[i].Label = fmt.Sprintf("%s (%d)", out[i].Label, seen[out[i].Label])
		}
	}
	return out
}

// label is what stands after "OR", else a branch's first comment, else its first line.
func label(separator string, part []string) string {
	if m := orLine.FindStringSubmatch(separator); m != nil {
		if l := strings.TrimSpace(m[1]); l != "" {
			return l
		}
	}
	for _, l := range part {
		if m := platformLine.FindStringSubmatch(strings.TrimSpace(l)); m != nil && separator == "" {
			return strings.TrimSpace(strings.TrimLeft(l, " #"))
		}
	}
	for _, l := range part {
		if l = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(l), "#-")); l != "" {
			return l
		}
	}
	return "this"
}

func labels(as []Alternative) string {
	var out []string
	for _, a := range as {
		out = append(out, a.Label)
	}
	return strings.Join(out, " | ")
}
