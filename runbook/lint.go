package runbook

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/drbot/drbot/incident"
)

// Env is what lint may ask about the place where drbot runs. A nil function is not asked.
type Env struct {
	Exists func(path string) bool    // a file or folder, relative to the runbook's folder
	Binary func(program string) bool // a program on the PATH
	Types  map[string][]string       // the configuration's `procedures`: incident type -> procedures
	// Services is the configuration's `services`: service -> tier of the RTO table. nil: not asked.
	Services map[string]string
}

// Lint says what a careful reader would of a runbook and its lock, by file and line.
func Lint(rb *Runbook, env Env) []Finding {
	l := &linter{rb: rb, env: env, out: slices.Clone(rb.Warnings)}
	files := rb.Files
	if files == nil {
		files = []*Runbook{rb}
	}
	for _, f := range files {
		doc, err := openDocument(f.Source)
		if err != nil {
			l.add(0, "unreadable", LevelError, err.Error(), "mend the Markdown")
			return l.out
		}
		l.doc, l.part = doc, f
		if rb.Files != nil {
			l.file = f.Path
		}
		l.fences()
		l.phrases()
		l.contents()
		l.objectives()
		l.links()
		l.policy()
	}
	for i := range rb.Procedures {
		l.file = rb.Procedures[i].File
		l.procedure(&rb.Procedures[i])
	}
	l.file = ""
	l.messages()
	l.services()
	l.lock()
	l.at, l.file = 0, ""
	return sortFindings(l.out)
}

type linter struct {
	rb   *Runbook
	part *Runbook // the file being read: rb itself where there is one
	file string   // its name, in a folder
	doc  *document
	env  Env
	at   int // the line of the step whose entry is being judged; 0: it stands in no procedure
	out  []Finding
}

func (l *linter) add(line int, rule, level, message, fix string) {
	l.out = append(l.out, Finding{line, rule, level, message, fix, l.file})
}

// fences holds every shell and SQL fence against the table of rules, line by line.
func (l *linter) fences() {
	_ = ast.Walk(l.doc.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		f, ok := n.(*ast.FencedCodeBlock)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		lang := l.doc.lang(f)
		if !slices.Contains([]string{"bash", "sh", "shell", "sql"}, lang) {
			return ast.WalkContinue, nil
		}
		src, first := l.doc.code(f), l.doc.line(f)+1
		for _, r := range lineRules {
			l.rule(r, src, first)
		}
		l.hidden(src, first)
		if lang != "sql" {
			l.script(src, first)
			if !l.byHand(first) {
				l.harden(src, first)
			}
			l.binaries(src, first)
		}
		return ast.WalkContinue, nil
	})
}

func (l *linter) rule(r lineRule, src string, first int) {
	if r.unless != nil && r.unless.MatchString(src) || r.with != nil && !r.with.MatchString(src) || r.unlessRunbook != nil && r.unlessRunbook.Match(l.rb.Source) {
		return
	}
	for i, line := range strings.Split(src, "\n") {
		if !r.comments && strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if m := r.pattern.FindString(line); m != "" {
			l.add(first+i, r.name, r.level, strings.ReplaceAll(r.message, "%s", strings.TrimSpace(m)), r.fix)
		}
	}
}

var (
	filePath  = regexp.MustCompile(`(?:^|[\s="'])((?:\./)?[A-Za-z0-9_][\w.-]*/[\w./-]*|[\w.-]+\.ya?ml)(?:$|[\s"';)])`)
	buildTag  = regexp.MustCompile(`docker build\b.*?-t\s+(\S+)`)
	pushedTag = regexp.MustCompile(`docker push\s+(\S+)`)
	strictSet = regexp.MustCompile(`(?m)^\s*set\s+-\w*e|^\s*set -o errexit`)
)

// script judges a shell fence as a whole.
func (l *linter) script(src string, first int) {
	if strings.HasPrefix(src, "#!") && !strictSet.MatchString(src) {
		l.add(first, "ignores-errors", LevelError, "the script goes on after an error: its exit code is that of its last command", "set -euo pipefail in its second line")
	}
	if strings.HasPrefix(src, "#!") && regexp.MustCompile(`mktemp|up -d`).MatchString(src) && !strings.Contains(src, "trap ") {
		l.add(first, "no-cleanup", LevelWarning, "what it makes stays behind when it fails", "trap '…' EXIT")
	}
	built, pushed := buildTag.FindStringSubmatch(src), pushedTag.FindStringSubmatch(src)
	if built != nil && pushed != nil && built[1] != pushed[1] && !strings.Contains(src, "docker tag") {
		l.add(lineIn(src, pushed[0], first), "image-name", LevelError, fmt.Sprintf("builds %s and pushes %s, which was never tagged", built[1], pushed[1]), "one name; better, deploy the last good digest and build nothing")
	}
	if l.env.Exists == nil {
		return
	}
	for i, line := range strings.Split(src, "\n") {
		for _, m := range filePath.FindAllStringSubmatch(line, -1) {
			if p := strings.TrimSuffix(m[1], "/"); filepath.IsLocal(p) && !strings.Contains(p, "//") && looksLikeFile(m[1]) && len(placeholders(p)) == 0 && !l.env.Exists(p) {
				if p != m[1] {
					p = "the folder " + m[1]
				}
				l.add(first+i, "drift", LevelWarning, p+" does not exist here", "name what exists, or check where the service runs")
			}
		}
	}
}

// byHand says that the lock leaves the fence to a person, who sees what a tool says.
func (l *linter) byHand(first int) bool {
	for _, p := range l.rb.Procedures {
		for _, s := range p.Steps {
			if p.File == l.file && s.Entry != nil && s.Entry.Manual && slices.ContainsFunc(s.Commands, func(c Command) bool { return c.Line == first }) {
				return true
			}
		}
	}
	return false
}

// binaries asks for each program of a fence whether it is on the PATH here.
func (l *linter) binaries(src string, first int) {
	if l.env.Binary == nil {
		return
	}
	marked, _, _ := markSlots(src)
	sh, err := readShell(marked)
	if err != nil {
		return
	}
	asked := map[string]bool{}
	for _, c := range sh.calls() {
		words := unwrap(c.words)
		if len(words) == 0 || asked[words[0]] || sh.funcs[words[0]] || slices.Contains(shellWords, words[0]) || strings.ContainsAny(words[0], "\x00/") {
			continue
		}
		asked[words[0]] = true
		if line := lineIn(src, words[0], first); !settingLine.MatchString(strings.TrimSpace(nthLine(src, line-first))) && !l.env.Binary(words[0]) {
			l.add(line, "drift", LevelWarning, words[0]+" is not installed here", "install it, or check where the step runs")
		}
	}
}

// shellWords are bash's own commands.
var shellWords = strings.Fields(": [ [[ . alias bg break builtin cd command continue declare dirs disown echo enable eval exec exit export false fc fg getopts hash help jobs kill let local mapfile popd printf pushd pwd read readarray readonly return set shift shopt source test times trap true type typeset ulimit umask unalias unset wait")

func looksLikeFile(p string) bool {
	return strings.HasSuffix(p, "/") || regexp.MustCompile(`\.(py|sh|ya?ml|md|tf|sql|json)$`).MatchString(p)
}

// lineIn finds the line of a text in a fence.
func lineIn(src, what string, first int) int {
	return first + strings.Count(src[:max(0, strings.Index(src, what))], "\n")
}

// nthLine is one line of a text, counted from 0.
func nthLine(src string, n int) string {
	lines := strings.Split(src, "\n")
	return lines[min(n, len(lines)-1)]
}

// phrases holds the whole text against the rules that are about prose.
func (l *linter) phrases() {
	src := string(l.doc.src)
	for _, r := range textRules {
		l.rule(r, src, 1)
	}
}

// contents compares a table of contents with the headings it should name.
func (l *linter) contents() {
	secs := l.doc.sections()
	for _, s := range secs {
		if !strings.Contains(strings.ToLower(s.title), "contents") {
			continue
		}
		for _, n := range s.blocks {
			toc := strings.ToLower(l.doc.plainList(n))
			for _, other := range secs {
				if other.level == 2 && other.title != s.title && !strings.Contains(toc, strings.ToLower(other.title)) && toc != "" {
					l.add(other.line, "contents", LevelNote, fmt.Sprintf("%q is not in the table of contents", other.title), "add it")
				}
			}
		}
	}
}

func (d *document) plainList(n ast.Node) string {
	if _, ok := n.(*ast.List); !ok {
		return ""
	}
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if c.Kind() == ast.KindTextBlock && entering {
			b.WriteString(d.plain(c) + "\n")
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

var continuous = regexp.MustCompile(`(?i)pg_basebackup|pgbackrest|wal-g|barman|litestream|streaming replica|primary_conninfo|replicaof|standby`)

// objectives asks of each row what makes it true.
func (l *linter) objectives() {
	for _, o := range l.part.RPO {
		switch {
		case o.Every > 0 && o.Target > 0 && o.Every >= o.Target:
			l.add(o.Line, "rpo-unreachable", LevelError, fmt.Sprintf("%s: %q can lose %s plus the time that the backup takes; the target is %s", o.Data, o.Mechanism, shortDuration(o.Every), shortDuration(o.Target)),
				fmt.Sprintf("back up more often than every %s, or say that more may be lost", shortDuration(o.Target/2)))
		case o.Every == 0 && !continuous.Match(l.rb.Source):
			l.add(o.Line, "rpo-no-mechanism", LevelError, fmt.Sprintf("%s: nothing in this runbook does %q", o.Data, o.Mechanism), "say what does it and how often, or set the target by what the backups can do")
		}
	}
	for _, o := range l.part.RTO {
		if o.Target <= 0 {
			continue
		}
		for _, s := range l.part.Severities {
			if s.Level == 1 && s.Respond*4 >= o.Target {
				l.add(s.Line, "slow-answer", LevelNote, fmt.Sprintf("%s may take %s to be answered, a quarter or more of the %s in which %s is to be back", s.ID, shortDuration(s.Respond), shortDuration(o.Target), o.Tier), "answer SEV-1 sooner, or allow more time")
			}
		}
	}
}

// links asks whether the parts name each other.
func (l *linter) links() {
	for _, t := range l.part.IncidentTypes {
		if len(l.rb.ProceduresFor(t.Name, l.env.Types)) == 0 {
			l.add(t.Line, "type-without-procedure", LevelWarning, fmt.Sprintf("no procedure is for %q", t.Name), "write one, or name it under procedures in drbot.yaml")
		}
		if strings.Contains(strings.ToLower(t.Name), "maintenance") {
			l.add(t.Line, "no-incident", LevelNote, fmt.Sprintf("%q is planned, so it is no incident", t.Name), "keep it apart, or expect it in the figures")
		}
	}
	if l.env.Exists == nil {
		return
	}
	_ = ast.Walk(l.doc.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if a, ok := n.(*ast.Link); ok && entering {
			to, _, _ := strings.Cut(string(a.Destination), "#")
			if to != "" && !strings.Contains(to, "://") && !strings.HasPrefix(to, "mailto:") && !l.env.Exists(to) {
				l.add(l.doc.line(a), "dead-link", LevelWarning, to+" does not exist here", "mend the link")
			}
		}
		return ast.WalkContinue, nil
	})
}

// policy asks about people, messages and what is owed afterwards.
func (l *linter) policy() {
	for _, s := range l.part.Severities {
		if s.Update == 0 {
			l.add(s.Line, "no-cadence", LevelNote, s.ID+" says when to answer and not how often people are told", "a column Update every, or severities in drbot.yaml")
		}
	}
	for _, c := range l.part.Contacts {
		switch {
		case !c.Known:
			l.add(c.Line, "contact", LevelError, fmt.Sprintf("%s: %q reaches nobody", c.Role, c.Contact), "a name with a phone number")
		case strings.Contains(strings.ToLower(c.Role), "security") && strings.Contains(c.Contact, "@"):
			l.add(c.Line, "contact-channel", LevelWarning, c.Role+" is reached by mail, which an attacker may read", "a phone number, or another way outside the company's systems")
		}
		if c.Severity > 0 && strings.Contains(strings.ToLower(c.Role), "security") {
			l.add(c.Line, "contact-late", LevelWarning, fmt.Sprintf("%s is asked at %s alone; a suspicion often starts lower", c.Role, c.Text), "by type of incident, not by severity")
		}
	}
}

// statusPage asks whether the public may read all that its message asks for, and where it stands that people typed.
func (l *linter) statusPage() {
	t := l.rb.Template("status_page")
	if t == nil {
		return
	}
	place := false
	for line := range strings.Lines(t.Body) {
		place = place || strings.Contains(line, "[[update_message]]") && !slices.ContainsFunc(t.Fields, func(f Field) bool {
			return strings.Contains(line, "[["+f.Name+"]]") && !slices.Contains(incident.PublicFields, f.Name)
		})
	}
	for _, f := range t.Fields {
		if !slices.Contains(incident.PublicFields, f.Name) {
			l.add(f.Line, "status-page-field", LevelWarning, fmt.Sprintf("the status page never says [%s], so its line is left out there: that comes from the incident, which the public does not read", f.Token), "one of "+strings.Join(incident.PublicFields, ", ")+", or words of its own")
		}
	}
	if !place {
		l.add(t.Line, "status-page-words", LevelWarning, "the message for the status page has no line for the words that are typed for it, so those stand there without it", "[Update message] on a line without other fields than "+strings.Join(incident.PublicFields, ", "))
	}
}

// services asks which services a tier is about, and whether each has one.
func (l *linter) services() {
	if l.env.Services == nil {
		return
	}
	for name, tier := range l.env.Services {
		if !slices.ContainsFunc(l.rb.RTO, func(o Objective) bool { return strings.EqualFold(o.Tier, tier) }) {
			l.add(0, "service-without-tier", LevelWarning, fmt.Sprintf("the service %s is of tier %q, which the RTO table does not have", name, tier), "a tier of the table, under services in drbot.yaml")
		}
	}
	for _, o := range l.rb.RTO {
		used := false
		for _, tier := range l.env.Services {
			used = used || strings.EqualFold(o.Tier, tier)
		}
		if !used {
			l.add(o.Line, "tier-without-service", LevelNote, fmt.Sprintf("no service is of tier %s, so nothing is held to %s", o.Tier, o.TargetText), "name its services under services in drbot.yaml")
		}
	}
}

// messages asks about the four messages and what is owed afterwards.
func (l *linter) messages() {
	for _, key := range []string{"initial", "update", "resolution", "status_page"} {
		switch {
		case l.rb.Template(key) != nil:
		case key == "status_page":
			l.add(0, "template", LevelNote, "no message "+key+": the status page shows the words as they are typed", "a fence under a heading of that name")
		default:
			l.add(0, "template", LevelNote, "no message "+key+": drbot's own is used", "a fence under a heading of that name")
		}
	}
	l.statusPage()
	if t := l.rb.Template("resolution"); t != nil {
		for _, f := range t.Fields {
			if i := slices.IndexFunc(l.rb.Review.Deadlines, func(d Deadline) bool { return strings.Contains(strings.ToLower(d.Task), "root cause") }); f.Name == "root_cause" && i >= 0 && l.rb.Review.Deadlines[i].After > 0 {
				l.add(f.Line, "cause-too-early", LevelNote, fmt.Sprintf("the resolution message asks for the root cause, which is due %s later", l.rb.Review.Deadlines[i].Text), `"under review" is an answer`)
			}
		}
	}
	if len(l.rb.Review.Deadlines) > 0 {
		l.add(l.rb.Review.Line, "review-owner", LevelNote, "the review's tasks have no owner", "drbot gives them to the commander until somebody takes them")
	}
}
