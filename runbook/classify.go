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
}

var (
	orLine       = regexp.MustCompile(`(?i)^\s*(?:#|--)\s*or\b[\s:,]*(.*)$`)
	settingLine  = regexp.MustCompile(`^[a-z][a-z0-9_.]*\s+=\s+\S|^(?:save \d+ \d+|appendonly (?:yes|no)|appendfsync \w+)\s*$`)
	platformLine = regexp.MustCompile(`(?i)^#\s*(?:on |for |with |using )?(kubernetes|k8s|systemd|docker(?:[ -]compose)?|helm|nomad|ecs|aws|gcp|azure|bare metal|vm|linux|macos|windows)\b[^.]*$`)
)

// classify judges a fence. It never widens what may run: that needs a lock entry for these very bytes.
func classify(lang, src string) verdict {
	switch lang {
	case "bash", "sh", "shell":
	case "sql":
		return verdict{verdict: "blocked", why: "SQL without a database", open: []string{"which database is this SQL for? Set interpreter and databases"}}
	case "", "text", "markdown", "md":
		return verdict{verdict: "display", why: "no language says that it is a command"}
	case "console", "shell-session", "output":
		return verdict{verdict: "output", why: "a transcript, not a command"}
	case "yaml", "yml", "json", "toml", "ini", "conf", "properties", "hcl":
		return verdict{verdict: "configuration", why: "settings, not a command"}
	default:
		return verdict{verdict: "manual", why: "drbot does not run " + lang}
	}
	lines := strings.Split(src, "\n")
	commands := slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return strings.TrimSpace(l) == "" || strings.HasPrefix(strings.TrimSpace(l), "#")
	})
	if len(commands) == 0 {
		if m := callWords.FindString(src); m != "" {
			return verdict{verdict: "manual", why: "calls other procedures", call: m}
		}
		return verdict{verdict: "display", why: "only comments"}
	}
	if branches := alternatives(lines); len(branches) > 1 {
		return verdict{verdict: "choice", why: fmt.Sprintf("%d alternatives of which one is meant: %s", len(branches), labels(branches)), branches: branches}
	}
	settings := slices.DeleteFunc(slices.Clone(commands), func(l string) bool { return !settingLine.MatchString(strings.TrimSpace(l)) })
	if len(settings) > 0 {
		why := "settings, not a command"
		if len(settings) < len(commands) {
			why = fmt.Sprintf("mixes commands with settings (%q): run, it would end with 127", strings.TrimSpace(settings[0]))
		}
		return verdict{verdict: "configuration", why: why}
	}
	return classifyShell(src)
}

func classifyShell(src string) verdict {
	sh, err := readShell(src)
	if err != nil {
		return verdict{verdict: "blocked", why: "does not parse as bash: " + err.Error(), open: []string{"mend the command: it does not parse as bash"}}
	}
	if what := sh.interactive(); what != "" {
		return verdict{verdict: "manual", why: what + " opens a session and waits for a person"}
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

// alternatives splits at lines "# OR …"; without any, at comments that each name another platform.
func alternatives(lines []string) []Alternative {
	var cut []int
	for i, l := range lines {
		if orLine.MatchString(l) {
			cut = append(cut, i)
		}
	}
	if len(cut) > 0 {
		return branches(lines, append([]int{0}, cut...))
	}
	named := map[string]bool{}
	for i, l := range lines {
		if m := platformLine.FindStringSubmatch(strings.TrimSpace(l)); m != nil && !named[strings.ToLower(m[1])] {
			named[strings.ToLower(m[1])] = true
			cut = append(cut, i)
		}
	}
	if len(cut) < 2 || slices.ContainsFunc(lines[:cut[0]], func(l string) bool {
		l = strings.TrimSpace(l)
		return l != "" && !strings.HasPrefix(l, "#")
	}) {
		return nil
	}
	return branches(lines, cut)
}

func branches(lines []string, starts []int) []Alternative {
	var out []Alternative
	for i, from := range starts {
		to := len(lines)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		part := lines[from:to]
		a := Alternative{Source: strings.Join(part, "\n"), Line: from, Label: label(part)}
		if strings.TrimSpace(a.Source) != "" {
			out = append(out, a)
		}
	}
	return out
}

// label is a branch's first comment, without "OR"; else its first line.
func label(part []string) string {
	for _, l := range part {
		l = strings.TrimSpace(l)
		if m := orLine.FindStringSubmatch(l); m != nil {
			l = m[1]
		}
		if l = strings.TrimSpace(strings.TrimLeft(l, "#-")); l != "" {
			return l
		}
	}
	return ""
}

func labels(as []Alternative) string {
	var out []string
	for _, a := range as {
		out = append(out, a.Label)
	}
	return strings.Join(out, " | ")
}

var (
	placeholderForms = regexp.MustCompile(`(?:^|[^\w}$\]])(\[[A-Z][A-Z0-9_ ]*\])|(YYYY-?MM-?DD(?:_HHMMSS)?|\{\{\s*[\w.]+\s*\}\}|<[a-z][a-z0-9_-]*(?: [a-z0-9_-]+)*>|\b(?:CHANGEME|REPLACE_ME)\b)`)
	sampleForms      = regexp.MustCompile(`(\b\w*20\d{6}_\d{6}\w*|'20\d\d-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?'|[\w.-]*\bexample\.(?:com|org|net)\b|\bregistry/[\w.-]+)`)
)

// placeholders finds what nobody filled, comments left out.
func placeholders(src string) []string { return found(placeholderForms, src) }

// samples finds literals that look like an example of a value.
func samples(src string) []string { return found(sampleForms, src) }

// found gives what the form's groups caught, of which one at a time is filled.
func found(form *regexp.Regexp, src string) []string {
	var out []string
	for line := range strings.SplitSeq(src, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, m := range form.FindAllStringSubmatch(line, -1) {
			if what := strings.Join(m[1:], ""); !slices.Contains(out, what) {
				out = append(out, what)
			}
		}
	}
	return out
}
