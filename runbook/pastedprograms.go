package runbook

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Which words of which programs are texts of a language, and which programs read one from standard input.

// commandOptions are options whose value a shell runs.
var commandOptions = map[string][]string{
	"rsync": {"-e", "--rsh", "--rsync-path"}, "tar": {"--to-command", "--checkpoint-action", "-I", "--use-compress-program", "--rsh-command", "-F", "--info-script"},
	"gcloud": {"--command"}, "aws": {"--parameters"}, "az": {"--scripts"}, "script": {"-c", "--command"}, "flock": {"-c", "--command"}, "env": {"-S", "--split-string"},
	"ansible": {"-a", "--args"}, "mapfile": {"-C"}, "readarray": {"-C"}, "complete": {"-C", "-W"}, "gdb": {"-ex"}, "vim": {"-c"}, "split": {"--filter"}, "scp": {"-o", "-S"}, "sftp": {"-o", "-S"},
	"ssh": {"-o"}, "git": {"-c", "--upload-pack", "--exec"}, "sort": {"--compress-program"}, "capsh": {"-c"},
}

var (
	sedText = grammar{short: "nErsuzb", valued: "efl", attached: "i", long: "quiet silent regexp-extended null-data separate unbuffered sandbox posix debug", longVal: "expression file line-length in-place"}
	awkText = grammar{short: "bcCghIkLMnNOPrsStV", valued: "FvfeEil", long: "posix sandbox csv", longVal: "field-separator assign file source include exec"}
)

// commands looks at one command, at what it is given on standard input, and at variables that a shell runs.
func (t *tracer) commands(n syntax.Node) {
	switch s := n.(type) {
	case *syntax.Assign:
		if s.Name != nil && s.Value != nil && slices.Contains(steering, s.Name.Value) {
			t.look(piece{language: shellText, reader: s.Name.Value, text: t.spell(s.Value)}, s)
		}
	case *syntax.Stmt:
		input := slices.Clone(t.piped[s])
		for _, r := range s.Redirs {
			input = append(input, t.given(r)...)
			t.script(s, r)
		}
		if c, ok := s.Cmd.(*syntax.CallExpr); ok {
			t.call(c, input)
		} else if s.Cmd != nil && len(s.Redirs) > 0 { // { …; } <<EOF: what is inside reads it
			t.feed(s.Cmd, input)
		}
	}
}

// script notes values that are written into a file that will be run.
func (t *tracer) script(s *syntax.Stmt, r *syntax.Redirect) {
	to := known(r.Word)
	lang, ok := fileLanguage(to)
	if !ok || r.Op == syntax.RdrIn || r.Hdoc != nil || r.Op == syntax.WordHdoc {
		return
	}
	for _, text := range t.produced(s, 0) {
		t.look(piece{language: lang, reader: path.Base(to), text: text}, s)
	}
}

// fileLanguage is what a file will be read as, by its name.
func fileLanguage(name string) (language, bool) {
	switch path.Ext(name) {
	case ".sh", ".bash", ".service":
		return shellText, true
	case ".py", ".pl", ".rb", ".js", ".awk":
		return otherText, true
	case ".sql":
		return sqlLanguage(postgresWords), true
	}
	return shellText, strings.Contains(name, "/cron")
}

// nouns are programs among whose words the name of another program is a name: they run none.
var nouns = strings.Fields("systemctl service apt apt-get yum dnf pkill pgrep killall rsync scp man which journalctl ufw pg_dump pg_restore createdb")

// call looks at every place of a command where a program may stand.
func (t *tracer) call(c *syntax.CallExpr, input []string) {
	words := make([]string, len(c.Args))
	for i, w := range c.Args {
		words[i] = t.spell(w)
	}
	own := len(words) - len(unwrap(words))
	for i := range words {
		name := path.Base(words[i])
		first := path.Base(words[0])
		all := i == 0 || i == own || !slices.Contains(readers, first) && !slices.Contains(nouns, first)
		o := occurrence{t: t, call: c, words: words, at: i, name: name, rest: words[i+1:], input: input}
		switch {
		case slices.Contains(shells, name), words[i] == "\x00": // "$SHELL" -c
			o.shell()
		case slices.Contains(languages, name):
			o.language()
		case all:
			o.program()
		}
	}
}

// occurrence is one program among the words of a command.
type occurrence struct {
	t     *tracer
	call  *syntax.CallExpr
	words []string
	at    int
	name  string
	rest  []string
	input []string
}

func (o occurrence) text(lang language, text, fix string) {
	o.t.look(piece{language: lang, reader: o.name, text: text, fix: fix, input: o.input}, o.call)
}

// fed looks at standard input as a text.
func (o occurrence) fed(lang language) {
	for _, in := range o.input {
		o.t.look(piece{language: lang, reader: o.name, text: in, fix: lang.fromInput(o.name)}, o.call)
	}
	o.files(lang)
}

// files looks at the texts that other commands write into <( ).
func (o occurrence) files(lang language) {
	for _, w := range o.call.Args[o.at+1:] { // bash <(echo …)
		for _, part := range w.Parts {
			if p, ok := part.(*syntax.ProcSubst); ok {
				for _, text := range o.t.produced(p, 0) {
					o.text(lang, text, lang.fromInput(o.name))
				}
			}
		}
	}
}

// shell looks at `bash -c TEXT`, also in a cluster, and at a text on standard input.
func (o occurrence) shell() {
	text, named := -1, false
	for i, w := range o.rest {
		switch {
		case text == -1 && w == "-s":
			named = true
		case text == -2 && !strings.HasPrefix(w, "-"):
			text = i
		case text == -1 && strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "c"):
			text = -2
		case text == -1 && !named && !strings.HasPrefix(w, "-") && !slices.Contains([]string{"-o", "-O", "--rcfile", "--init-file"}, before(o.rest, i)):
			o.files(shellText) // a script by name: standard input is no text
			return
		}
		if text >= 0 {
			o.t.look(piece{shellText, o.name + " -c", w, o.t.asArguments(o.call, o.at+1+i), append(slices.Clone(o.rest[i+1:]), o.fromXargs()...), o.input}, o.call)
			return
		}
	}
	o.fed(shellText)
}

// fromXargs are the words that xargs puts behind the others: any of them may be any of its input.
func (o occurrence) fromXargs() []string {
	if slices.Contains(o.words[:o.at], "xargs") {
		all := strings.Join(o.input, " ")
		return []string{all, all, all}
	}
	return nil
}

func before(words []string, i int) string {
	if i == 0 {
		return ""
	}
	return words[i-1]
}

// language looks at an inline text of another language, and at one on standard input.
func (o occurrence) language() {
	python := strings.HasPrefix(o.name, "python")
	for i, w := range o.rest {
		short := len(w) > 1 && w[0] == '-' && w[1] != '-'
		switch {
		case python && short && strings.HasSuffix(w, "c"),
			!python && (slices.Contains(inlineText, w) || short && strings.HasSuffix(w, "e")):
			if i+1 < len(o.rest) {
				o.text(otherText, o.rest[i+1], "")
			}
		case short && (python && strings.HasPrefix(w, "-c") || !python && strings.HasPrefix(w, "-e")), strings.HasPrefix(w, "--eval="), strings.HasPrefix(w, "--execute="):
			o.text(otherText, w, "")
		}
	}
	o.fed(otherText)
}

// program looks at the other programs that read a language.
func (o occurrence) program() {
	for _, option := range commandOptions[o.name] {
		for i, w := range o.rest {
			if v, ok := strings.CutPrefix(w, option+"="); ok && strings.HasPrefix(option, "--") {
				o.text(shellText, v, "")
			} else if w == option && i+1 < len(o.rest) {
				o.text(shellText, o.rest[i+1], "")
			} else if ok := !strings.HasPrefix(option, "--") && strings.HasPrefix(w, option) && w != option; ok {
				o.text(shellText, w[len(option):], "")
			}
		}
	}
	switch o.name {
	case "eval", "watch", "parallel", "tmux", "screen":
		text := strings.Join(o.rest, " ")
		if o.name == "watch" {
			text = strings.Join(otherLines["watch"].parse(o.rest, true).args, " ")
		}
		o.text(shellText, text, "")
	case ".", "source":
		o.fed(shellText)
	case "tee":
		for _, w := range o.rest {
			if lang, ok := fileLanguage(w); ok {
				o.fed(lang)
			}
		}
	case "trap":
		o.text(shellText, strings.Join(o.rest[:min(1, len(o.rest))], " "), "")
	case "alias", "make", "gmake":
		for _, w := range o.rest {
			if _, v, ok := strings.Cut(w, "="); ok {
				o.text(shellText, ": "+v, "")
			}
		}
	case "ssh", "autossh", "su", "runuser", "xargs", "crontab", "at", "batch":
		o.elsewhere()
	case "awk", "gawk", "mawk", "nawk", "sed", "gsed":
		o.filter()
	case "test", "[", "unset", "read", "mapfile", "readarray", "printf", "getopts", "wait":
		o.names()
	case "redis-cli", "mongosh", "mongo", "valkey-cli":
		for i, w := range o.rest {
			if i > 0 && slices.Contains([]string{"EVAL", "EVAL_RO", "--EVAL"}, strings.ToUpper(o.rest[i-1])) {
				o.text(otherText, w, "")
			}
		}
	default:
		o.database()
	}
}

// elsewhere looks at programs that give words, or their input, to a shell of another host or person.
func (o occurrence) elsewhere() {
	switch o.name {
	case "ssh", "autossh":
		c := sshLine.parse(o.rest, true)
		if len(c.args) < 2 {
			o.fed(shellText)
			return
		}
		o.text(shellText, strings.Join(c.args[1:], " "), "")
	case "su", "runuser":
		given := false
		for i, w := range o.rest {
			if v, ok := strings.CutPrefix(w, "--command="); ok {
				o.text(shellText, v, "")
				given = true
			}
			if (w == "--command" || w == "-c" || w == "-lc") && i+1 < len(o.rest) {
				o.text(shellText, o.rest[i+1], "")
				given = true
			}
		}
		if !given {
			o.fed(shellText)
		}
	case "xargs":
		inner := xargsLine.parse(o.rest, true).args
		if slices.ContainsFunc(inner, func(w string) bool {
			b := path.Base(w)
			return slices.Contains(shells, b) || b == "ssh" || b == "eval" || b == "su"
		}) {
			o.fed(shellText)
		}
	default:
		o.fed(shellText)
	}
}

// filter looks at the scripts of awk and sed.
func (o occurrence) filter() {
	awk := strings.HasSuffix(o.name, "awk")
	g, lang := sedText, sedLanguage
	if awk {
		g, lang = awkText, otherText
	}
	c := g.parse(o.rest, false)
	texts := c.values("-e", "--expression", "--source")
	if len(texts) == 0 && !c.has("-f", "--file", "-E", "--exec") {
		texts = append(texts, c.arg(0))
	}
	if c.unknown != "" {
		texts = append(texts, c.args...)
	}
	for _, text := range texts {
		o.text(lang, text, "")
	}
	if slices.Contains(c.values("-f", "--file"), "-") {
		o.fed(lang)
	}
}

// names looks at words that name a variable, whose subscript bash works out.
func (o occurrence) names() {
	for i, w := range o.rest {
		last := before(o.rest, i)
		switch o.name {
		case "test", "[":
			if last != "-v" && last != "-R" {
				continue
			}
		case "printf":
			if last != "-v" || i != 1 {
				continue
			}
		}
		o.t.found(arithmeticText, o.name, o.t.marked(w), o.call)
	}
}
