package runbook

import (
	"path"
	"slices"
	"strings"
)

// What one command of a shell text shows. A command is a reading only where everything about it is known to be one: its
// program, and where the program can also write, each of its options.

// textsInTexts bounds texts in texts (`bash -c` in `bash -c`).
const textsInTexts = 4

// binFolders hold programs under their own names.
var binFolders = strings.Fields("/bin /usr/bin /sbin /usr/sbin /usr/local/bin /usr/local/sbin")

// plainName takes the folder off a program that stands where programs stand.
func plainName(name string) string {
	if slices.Contains(binFolders, path.Dir(name)) {
		return path.Base(name)
	}
	return name
}

// call judges one command.
func (r *Inferred) call(c call, funcs map[string]bool, depth int) {
	texts, doubt := wrapped(c.words)
	if doubt != "" {
		r.raise(Destructive, doubt)
	}
	for _, text := range texts {
		r.text("a shell", text, depth)
	}
	words := unwrap(c.words)
	if len(words) == 0 {
		return
	}
	name, rest := words[0], words[1:]
	if strings.Contains(name, "\x00") || len(name) > 2 && strings.ContainsAny(name, "{*?[~") {
		r.raise(Destructive, "runs a program whose name is not written out")
		return
	}
	name = plainName(name)
	own := strings.Contains(name, "/") // somebody's own, whatever it is called
	base := path.Base(name)
	switch risk, known := judge(base, rest); {
	case !own && r.elsewhere(base, rest, depth):
	case known && risk == Read && slices.Contains(changers, base) && !own:
	case !own && c.fed != nil && r.fed(base, rest, *c.fed, depth):
	case slices.Contains(destroyers, base), strings.HasPrefix(base, "mkfs"):
		r.raise(Destructive, describe(base, rest))
	case slices.Contains(changers, base):
		r.raise(when(overwrites(base, rest), Destructive, Change), describe(base, rest))
	case known && (!own || risk != Read):
		r.raise(risk, describe(base, rest))
	case r.nested(base, rest, c.input, depth):
		if own {
			r.Unknown = append(r.Unknown, shown(name))
		}
	case !own && slices.Contains(readers, base):
	case funcs[name] && base == name: // its body stands in the text and was judged there
	default:
		r.Unknown = append(r.Unknown, shown(name))
		r.stranger(base, rest)
	}
}

// elsewhere judges what runs in a container, a pod or on another host by the command itself; false: it is none of that.
func (r *Inferred) elsewhere(name string, rest []string, depth int) bool {
	var c commandLine
	switch name {
	case "kubectl", "oc":
		if c = kubectlLine.parse(rest, true); c.arg(0) != "exec" {
			return false
		}
		i := slices.Index(c.args, "--")
		if i < 0 {
			return false
		}
		c.args = append([]string{""}, c.args[i+1:]...)
	case "docker", "podman", "nerdctl", "docker-compose":
		c = grammar{short: "D", valued: "cHfp", longVal: "context host file project-name"}.parse(rest, true)
		if c.arg(0) == "compose" {
			c = grammar{valued: "fp", longVal: "file project-name profile"}.parse(c.args[1:], true)
		}
		if c.unknown != "" || c.arg(0) != "exec" {
			return false
		}
		c = grammar{short: "itTd", valued: "euw", long: "interactive tty detach no-TTY", longVal: "env user workdir index"}.parse(c.args[1:], true)
	case "ssh":
		c = sshLine.parse(rest, true)
		if c.has("-L", "-R", "-D", "-w", "-W", "-J", "-F", "-S", "-E") || slices.ContainsFunc(c.values("-o"), func(o string) bool { return strings.Contains(strings.ToLower(o), "command") }) {
			r.raise(Destructive, describe(name, rest))
			return true
		}
		if c.unknown != "" || len(c.args) < 2 {
			r.raise(Destructive, describe(name, rest))
			return true
		}
		r.text(name, strings.Join(c.args[1:], " "), depth)
		return true
	default:
		return false
	}
	if c.unknown != "" || len(c.args) < 2 {
		return false
	}
	r.call(call{words: c.args[1:]}, nil, depth+1)
	return true
}

// fed judges a client or a shell by the text that it is given on standard input; false: it reads another one.
func (r *Inferred) fed(name string, rest []string, text string, depth int) bool {
	switch name {
	case "psql":
		if c := psqlLine.parse(rest, false); c.unknown != "" || c.has("-c", "--command", "-f", "--file", "-o", "--output", "-L", "--log-file") {
			return false
		}
		r.raise(sqlText(postgresWords, text), "psql runs what it is given")
	case "mysql", "mariadb":
		if c := mysqlLine.parse(rest, false); c.unknown != "" || c.has("-e", "--execute") {
			return false
		}
		r.raise(sqlText(mysqlWords, text), name+" runs what it is given")
	case "sqlite3":
		if words := slices.DeleteFunc(slices.Clone(rest), func(w string) bool {
			return w == "-readonly" || w == "-batch" || w == "-bail" || w == "-header" || w == "-csv"
		}); len(words) != 1 || strings.HasPrefix(words[0], "-") {
			return false
		}
		r.raise(sqlText(sqliteWords, text), "sqlite3 runs what it is given")
	case "redis-cli":
		if c := redisLine.parse(rest, true); c.unknown != "" || len(c.args) > 0 || c.has("-x", "-X") {
			return false
		}
		r.raise(InferRisk(Redis, text).Risk, "redis-cli runs what it is given")
	default:
		return false
	}
	return true
}

// text judges a text that a program runs as shell commands.
func (r *Inferred) text(program, text string, depth int) {
	if strings.Contains(text, "\x00") || depth >= textsInTexts {
		r.raise(Destructive, program+" runs a text that is not here")
		return
	}
	inner := Inferred{Risk: Read}
	inner.nestedBash(text, depth+1)
	for _, why := range inner.Why {
		r.raise(inner.Risk, why)
	}
	r.Unknown = append(r.Unknown, inner.Unknown...)
}

var (
	shells     = strings.Fields("bash sh dash ash zsh ksh fish")
	shellLine  = grammar{short: "abefhiklmnprstuvxBCDEHPT", valued: "coO", long: "login norc noprofile posix restricted verbose", longVal: "rcfile init-file"}
	languages  = strings.Fields("python python2 python3 perl ruby node nodejs php lua osascript pwsh powershell groovy Rscript")
	inlineText = strings.Fields("-c -e -E -r -p --eval --execute --print --command -Command -EncodedCommand")
	xargsLine  = grammar{short: "0rtxpo", valued: "aEdILnPs", attached: "ile", long: "null no-run-if-empty verbose exit interactive open-tty show-limits", longVal: "arg-file delimiter max-lines max-args max-procs max-chars replace eof process-slot-var"}
	otherLines = map[string]grammar{
		"xargs": xargsLine, "watch": {short: "bcdegtwxCp", valued: "nq", long: "beep color differences errexit chgexit no-title exec precise", longVal: "interval equexit"},
		"parallel": {short: "0kmquvXt", valued: "jaIN", long: "keep-order dry-run null", longVal: "jobs arg-file"},
	}
)

// nested judges the programs that run other texts or programs; false: it is none of them.
func (r *Inferred) nested(name string, rest []string, input bool, depth int) bool {
	switch {
	case slices.Contains(shells, name):
		r.shell(name, rest, input, depth)
	case slices.Contains(languages, name):
		r.language(name, rest, input)
	case otherLines[name].valued != "":
		c := otherLines[name].parse(rest, true)
		if c.unknown != "" {
			r.raise(Destructive, name+" "+c.unknown+" is not known here")
		}
		r.call(call{words: c.args, input: name != "watch"}, nil, depth+1)
	case name == "find":
		r.find(rest, depth)
	case name == "trap":
		if len(rest) > 0 {
			r.text("trap", rest[0], depth)
		}
	case name == "exec":
		r.call(call{words: rest}, nil, depth+1)
	default:
		return false
	}
	return true
}

// shell judges `bash -c TEXT`, a text on standard input, and a script, of which only the name is here.
func (r *Inferred) shell(name string, rest []string, input bool, depth int) {
	c := shellLine.parse(rest, true)
	texts := c.values("-c")
	switch {
	case len(texts) > 0:
		text := texts[0]
		if strings.HasPrefix(text, "-") { // bash -c -x TEXT
			if text = c.arg(0); text == "" {
				text = "\x00"
			}
		}
		if behind, flags := clusterBehind(rest); flags { // bash -ce TEXT: -c takes no value from its cluster
			text = behind
		}
		r.text(name, text, depth)
	case len(c.args) == 0 || c.has("-s"):
		if input || len(rest) == 0 || c.has("-s") {
			r.raise(Destructive, name+" runs a text that is not here")
		}
	case strings.Contains(c.args[0], "\x00"):
		r.raise(Destructive, name+" runs a text that is not here")
	default:
		r.Unknown = append(r.Unknown, shown(name+" "+c.args[0]))
		r.stranger(path.Base(c.args[0]), c.args[1:])
	}
}

// clusterBehind finds the text of a cluster like -ce or -cx: there c takes the next word that is no option.
func clusterBehind(rest []string) (text string, ok bool) {
	for i, w := range rest {
		if strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "c") && !strings.HasSuffix(w, "c") {
			for _, next := range rest[i+1:] {
				if !strings.HasPrefix(next, "-") {
					return next, true
				}
			}
			return "\x00", true
		}
	}
	return "", false
}

// language judges an interpreter of a language that nobody here reads: a text of it is not readable, a script has a name.
func (r *Inferred) language(name string, rest []string, input bool) {
	script := ""
	for i, w := range rest {
		switch {
		case slices.Contains(inlineText, w) && name != "python3" && name != "python", (name == "python3" || name == "python") && w == "-c",
			(name == "perl" || name == "ruby") && len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.ContainsAny(w, "ei"):
			r.raise(Destructive, name+" runs a text that is not read here")
			return
		case w == "-m" && i+1 < len(rest):
			script = rest[i+1]
		case !strings.HasPrefix(w, "-") && script == "":
			script = w
		}
	}
	switch {
	case script == "" && input, script == "" && slices.Contains(rest, "-"):
		r.raise(Destructive, name+" runs a text that is not read here")
	case script == "" && slices.ContainsFunc(rest, func(w string) bool { return w == "--version" || w == "-V" || w == "-v" || w == "-h" || w == "--help" }):
	default:
		r.Unknown = append(r.Unknown, shown(strings.TrimSpace(name+" "+script)))
		r.stranger(name, rest)
	}
}

// find judges what find does with what it finds.
func (r *Inferred) find(rest []string, depth int) {
	for i, w := range rest {
		switch w {
		case "-delete", "-fprint", "-fprint0", "-fprintf", "-fls":
			r.raise(Destructive, "find "+w)
		case "-exec", "-execdir", "-ok", "-okdir":
			r.call(call{words: rest[i+1:]}, nil, depth+1)
		}
	}
}

// deeds are words that name a deed in the grammar of any tool: `rails db:drop`, `wal-g backup-fetch`, `--prune`.
var deeds = strings.Fields(`abort apply decommission delete deleteall del demote deprovision destroy detach disable discard drain drop dropdatabase erase evict failover fetch flush forget format
	halt kill leave merge nuke obliterate overwrite promote prune purge quit reboot recover recovery recreate reinit remove removenode rename reset restart restore revert revoke rm rmi rotate rotation
	rollback seal shutdown stop suspend switchover terminate truncate unassign uninstall unmount unregister unseal update upgrade wipe zap`)

var outputOptions = strings.Fields("-o -O -out --out --output --output-file --file --target -keyout -r")

// stranger judges a program that nothing is known about: by words that say a deed, by the programs among its words, by
// the files that it is told to write. A reviewer judges the rest.
func (r *Inferred) stranger(name string, rest []string) {
	say := func() { r.raise(Destructive, describe(name, rest)) }
	if saysDeed(strings.TrimSuffix(name, path.Ext(name))) {
		say()
	}
	plain := 0
	for i, w := range rest {
		bare := strings.TrimLeft(w, "-")
		switch {
		case strings.ContainsAny(w, " \t\n(;"):
			if deedText(w) || namesDestroyer(w) {
				say()
			}
		case bare == w && slices.Contains(destroyers, path.Base(w)) && w != ".", bare == w && plain < 3 && saysDeed(w), bare != w && deedOption(bare):
			say()
		case slices.Contains(outputOptions, w) && i+1 < len(rest) && livesThere(rest[i+1]):
			say()
		}
		if bare == w {
			plain++
		}
	}
}

// saysDeed looks at the words inside a word: backup-fetch, db:drop, delete_topic.
func saysDeed(word string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(word), func(c rune) bool { return strings.ContainsRune("-_:./", c) }), func(w string) bool {
		return slices.Contains(deeds, w)
	})
}

// deedOption looks at the words inside a long option's name, where fewer words are deeds: --format is none.
func deedOption(name string) bool {
	name, _, _ = strings.Cut(name, "=")
	return slices.ContainsFunc(strings.Split(name, "-"), func(w string) bool {
		return slices.Contains(strings.Fields("back delete destroy drop erase merge overwrite prune purge remove reset wipe"), w)
	})
}

// deedText looks for a deed in a text of another language: DROP TABLE x, db.dropDatabase().
func deedText(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(strings.Fields("drop delete truncate remove destroy purge wipe flushall flushdb shutdown detach"), func(w string) bool { return strings.Contains(lower, w) })
}

// namesDestroyer says that a text runs a program that destroys, and does not merely fail to parse.
func namesDestroyer(text string) bool {
	sh, err := readShell(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(sh.calls(), func(c call) bool {
		own := unwrap(c.words)
		return len(own) > 0 && slices.Contains(destroyers, path.Base(own[0])) && own[0] != "."
	})
}
