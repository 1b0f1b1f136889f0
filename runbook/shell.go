package runbook

import (
	"slices"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// shell is a bash text as a tree. It is only read: what runs is always the text.
type shell struct {
	file  *syntax.File
	funcs map[string]bool
}

// parsers are kept: a new one costs more than most texts.
var parsers = sync.Pool{New: func() any { return syntax.NewParser(syntax.Variant(syntax.LangBash)) }}

func readShell(src string) (*shell, error) {
	p := parsers.Get().(*syntax.Parser) // nothing else is put there
	f, err := p.Parse(strings.NewReader(src), "")
	parsers.Put(p)
	if err != nil {
		return nil, err
	}
	s := &shell{file: f, funcs: map[string]bool{}}
	syntax.Walk(f, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.FuncDecl); ok && d.Name != nil {
			s.funcs[d.Name.Value] = true
		}
		return true
	})
	return s, nil
}

// call is one command with the words that are known before it runs; an unknown word is "\x00".
type call struct {
	words []string
	input bool    // standard input comes from a file, a here-document or a pipe
	fed   *string // that input, where it stands in the text
}

func (s *shell) calls() []call {
	var out []call
	piped, said := map[*syntax.Stmt]bool{}, map[*syntax.Stmt]string{}
	syntax.Walk(s.file, func(n syntax.Node) bool {
		switch t := n.(type) {
		case *syntax.BinaryCmd:
			if t.Op == syntax.Pipe || t.Op == syntax.PipeAll {
				piped[t.Y] = true
				if text, ok := echoed(t.X); ok {
					said[t.Y] = text
				}
			}
		case *syntax.Stmt:
			c, ok := t.Cmd.(*syntax.CallExpr)
			if !ok || len(c.Args) == 0 {
				return true
			}
			k := call{input: piped[t]}
			if text, ok := said[t]; ok {
				k.fed = &text
			}
			for _, w := range c.Args {
				k.words = append(k.words, known(w))
			}
			for _, r := range t.Redirs {
				switch r.Op {
				case syntax.RdrIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc, syntax.DplIn:
					k.input, k.fed = true, nil
					word := r.Word
					if r.Hdoc != nil {
						word = r.Hdoc
					}
					if text := known(word); r.Op != syntax.RdrIn && r.Op != syntax.DplIn && !strings.Contains(text, "\x00") {
						k.fed = &text
					}
				}
			}
			out = append(out, k)
		}
		return true
	})
	return out
}

// echoed is what `echo TEXT` says; false: it is another command, or its text is not known.
func echoed(s *syntax.Stmt) (string, bool) {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) != 2 || known(c.Args[0]) != "echo" || len(s.Redirs) > 0 {
		return "", false
	}
	text := known(c.Args[1])
	return text, !strings.ContainsAny(text, "\x00\\") && !strings.HasPrefix(text, "-")
}

// known is a word's text where quoting alone stands between source and value.
func known(w *syntax.Word) string {
	var b strings.Builder
	for _, part := range w.Parts {
		switch t := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(t.Value, ""))
		case *syntax.SglQuoted:
			if t.Dollar && strings.Contains(t.Value, "\\") {
				b.WriteByte(0) // $'…' with escapes: what it spells is not worked out here
				continue
			}
			b.WriteString(t.Value)
		case *syntax.DblQuoted:
			for _, in := range t.Parts {
				if l, ok := in.(*syntax.Lit); ok {
					b.WriteString(unescape(l.Value, "$`\"\\\n"))
				} else {
					b.WriteByte(0)
				}
			}
		default:
			b.WriteByte(0)
		}
	}
	return b.String()
}

// unescape takes off the backslashes that bash would take off; only lists what they may stand before, empty: anything.
func unescape(s, only string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (only == "" || strings.IndexByte(only, s[i+1]) >= 0) {
			if i++; s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// interactive names the first command that would wait for a person, or that opens a shell which the lines below it are
// meant for: without a terminal it ends at once, and those lines run here.
func (s *shell) interactive() string {
	for _, c := range s.calls() {
		if !c.input && waits(c.words) || endless(c.words) {
			return shown(strings.Join(unwrapOr(c.words), " "))
		}
	}
	return ""
}

// endless says that a command goes on until a person stops it.
func endless(words []string) bool {
	own := unwrap(words)
	if len(own) == 0 || slices.Contains(words[:len(words)-len(own)], "timeout") {
		return false
	}
	has := func(letters string, long ...string) bool {
		return slices.ContainsFunc(own[1:], func(w string) bool {
			return slices.Contains(long, w) || len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.ContainsAny(w, letters)
		})
	}
	switch own[0] {
	case "tail":
		return has("fF", "--follow")
	case "journalctl":
		return has("f", "--follow")
	case "kubectl", "docker", "docker-compose", "oc", "podman":
		return slices.Contains(own, "logs") && slices.ContainsFunc(own, func(w string) bool { return w == "-f" || w == "--follow" }) || own[0] == "kubectl" && slices.Contains(own, "port-forward")
	case "watch":
		return !has("", "--chgexit", "-g")
	case "ping":
		return !has("cw")
	case "crontab":
		return has("e")
	}
	return false
}

func unwrapOr(words []string) []string {
	if own := unwrap(words); len(own) > 0 {
		return own
	}
	return words
}

// waits says that a command without input would wait for a person.
func waits(words []string) bool {
	own := unwrap(words)
	if len(own) == 0 {
		_, doubt := wrapped(words)
		return doubt == "sudo opens a shell"
	}
	rest := own[1:]
	switch own[0] {
	case "psql":
		return !psqlLine.parse(rest, false).has("-c", "-f", "-l", "--command", "--file", "--list", "--version", "-V", "--help")
	case "mysql", "mariadb":
		return !mysqlLine.parse(rest, false).has("-e", "--execute", "--version", "-V", "--help")
	case "redis-cli":
		c := redisLine.parse(rest, false)
		return len(c.args) == 0 && c.unknown == "" && !c.has("-x", "-X", "--rdb", "--functions-rdb", "--scan", "--pipe", "--stat", "--bigkeys", "--memkeys", "--hotkeys", "--latency", "--eval", "--cluster", "--version")
	case "sqlite3":
		return len(sqliteLine.parse(rest, false).args) < 2
	case "vi", "vim", "nano", "emacs", "less", "more", "top", "htop", "tmux", "screen", "visudo":
		return own[0] != "top" || !slices.ContainsFunc(rest, func(w string) bool { return strings.HasPrefix(w, "-") && strings.Contains(w, "b") })
	case "kubectl", "docker", "docker-compose", "oc", "podman":
		return slices.Contains(rest, "edit") || slices.ContainsFunc(rest, func(w string) bool { return w == "-it" || w == "-ti" })
	case "ssh":
		return len(sshLine.parse(rest, true).args) == 1
	case "su":
		return !slices.ContainsFunc(rest, func(w string) bool {
			return w == "-c" || strings.HasPrefix(w, "--command") || strings.HasPrefix(w, "-c")
		})
	case "bash", "sh", "dash", "zsh", "ksh", "fish":
		return len(rest) == 0 || len(rest) == 1 && (rest[0] == "-l" || rest[0] == "-i" || rest[0] == "--login")
	case "python", "python3", "node", "irb":
		return len(rest) == 0
	case "mongosh", "mongo":
		return !slices.ContainsFunc(rest, func(w string) bool {
			return strings.HasPrefix(w, "--eval") || w == "--file" || w == "-f" || w == "--version" || strings.HasSuffix(w, ".js")
		})
	case "passwd":
		return !slices.ContainsFunc(rest, func(w string) bool {
			return slices.Contains(strings.Fields("-l -u -S -d -e --stdin --lock --unlock --status"), w)
		})
	case "systemctl":
		return slices.Contains(rest, "edit")
	case "apt", "apt-get", "aptitude", "yum", "dnf":
		return packagesAsk(rest)
	case "aws":
		return slices.Contains(rest, "start-session")
	case "read":
		return slices.ContainsFunc(rest, func(w string) bool { return len(w) > 1 && w[0] == '-' && strings.HasSuffix(w, "p") }) // it asks
	}
	return false
}

// packagesAsk says that a package manager asks whether to go on.
func packagesAsk(rest []string) bool {
	return slices.ContainsFunc(rest, func(w string) bool {
		return slices.Contains(strings.Fields("install reinstall remove purge erase upgrade dist-upgrade full-upgrade autoremove downgrade"), w)
	}) && !slices.ContainsFunc(rest, func(w string) bool {
		return assumesYes.MatchString(w)
	})
}

var assumesYes = re(`^(?:-[a-zA-Z]*[ys][a-zA-Z]*|-[a-z]*q[a-z]*q|--yes|--assume-?yes|--assume-?no|--simulate|--just-print|--dry-run|--print-uris|--download-?only|--help)$`)

// given are the variables that every step has: bash's own, and those that drbot sets.
var given = []string{
	"PATH", "HOME", "PWD", "OLDPWD", "USER", "IFS", "RANDOM", "SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "LINENO", "PPID", "BASHPID", "BASH_REMATCH", "BASH_SOURCE",
	"UID", "EUID", "HOSTNAME", "PIPESTATUS", "REPLY", "FUNCNAME", "BASH_VERSION", "BASH_COMMAND", "TMPDIR", "LANG", "LC_ALL", "DRBOT_OUT",
}

// free lists the variables that the text reads and never sets, sorted.
func (s *shell) free() []string {
	set, read := map[string]bool{}, map[string]bool{}
	for _, v := range given {
		set[v] = true
	}
	syntax.Walk(s.file, func(n syntax.Node) bool {
		switch t := n.(type) {
		case *syntax.Assign:
			if t.Name != nil {
				set[t.Name.Value] = true
			}
		case *syntax.WordIter:
			set[t.Name.Value] = true
		case *syntax.BinaryArithm:
			if w, ok := t.X.(*syntax.Word); ok && t.Op == syntax.Assgn {
				set[w.Lit()] = true
			}
		case *syntax.Redirect: // exec {fd}> file
			if t.N != nil {
				set[strings.Trim(t.N.Value, "{}")] = true
			}
		case *syntax.CallExpr:
			readsInto(t, set)
		case *syntax.ParamExp:
			if t.Param != nil && (t.Exp == nil || t.Exp.Op != syntax.DefaultUnsetOrNull && t.Exp.Op != syntax.DefaultUnset && t.Exp.Op != syntax.AlternateUnset && t.Exp.Op != syntax.AlternateUnsetOrNull) {
				read[t.Param.Value] = true
			}
		}
		return true
	})
	var out []string
	for v := range read {
		if !set[v] && syntax.ValidName(v) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// readsInto adds the names that `read`, `mapfile` and `printf -v` set.
func readsInto(c *syntax.CallExpr, set map[string]bool) {
	if len(c.Args) == 0 {
		return
	}
	words := make([]string, len(c.Args))
	for i, w := range c.Args {
		words[i] = known(w)
	}
	switch words[0] {
	case "read", "mapfile", "readarray", "getopts":
		for _, w := range words[1:] {
			set[w] = true
		}
	case "printf":
		if len(words) > 2 && words[1] == "-v" {
			set[words[2]] = true
		}
	}
}

// names lists every variable that the text mentions.
func (s *shell) names() []string {
	var out []string
	syntax.Walk(s.file, func(n syntax.Node) bool {
		switch t := n.(type) {
		case *syntax.Assign:
			if t.Name != nil {
				out = append(out, t.Name.Value)
			}
		case *syntax.ParamExp:
			if t.Param != nil {
				out = append(out, t.Param.Value)
			}
		}
		return true
	})
	return out
}

// use is one plain reading of a variable: $X or ${X}. split: bash would split its value and match files.
type use struct {
	from, to int
	split    bool
}

// uses are all readings by variable; odd marks those that are read in another way too (${X%.db}, $((X))).
type uses struct {
	plain map[string][]use
	odd   map[string]bool
}

func (s *shell) uses() uses {
	out := uses{map[string][]use{}, map[string]bool{}}
	whole := map[syntax.Node]bool{} // words whose value stays one word, or parts inside quotes
	syntax.Walk(s.file, func(n syntax.Node) bool {
		switch t := n.(type) {
		case *syntax.Assign:
			if t.Value != nil {
				keepWhole(whole, t.Value.Parts)
			}
		case *syntax.DblQuoted:
			keepWhole(whole, t.Parts)
		case *syntax.Redirect:
			if t.Hdoc != nil {
				keepWhole(whole, t.Hdoc.Parts)
			}
		case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause:
			syntax.Walk(n, func(in syntax.Node) bool {
				if p, ok := in.(*syntax.ParamExp); ok && p.Param != nil {
					out.odd[p.Param.Value] = true
				}
				return true
			})
			return false
		case *syntax.ParamExp:
			if t.Param == nil {
				return true
			}
			if t.Exp != nil || t.Repl != nil || t.Slice != nil || t.Index != nil || t.Length || t.Width || t.Excl {
				out.odd[t.Param.Value] = true
				return true
			}
			out.plain[t.Param.Value] = append(out.plain[t.Param.Value], use{int(t.Pos().Offset()), int(t.End().Offset()), !whole[t]})
		}
		return true
	})
	return out
}

func keepWhole(whole map[syntax.Node]bool, parts []syntax.WordPart) {
	for _, p := range parts {
		whole[p] = true
	}
}
