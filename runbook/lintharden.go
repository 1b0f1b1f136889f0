package runbook

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// hardening is what a tool needs so that its failure is seen: without it the tool exits 0, waits for ever, or reads somebody's start-up file.
type hardening struct {
	program string
	when    func(rest []string) bool // nil: always
	flags   string                   // what is put behind the program's name
	has     func(rest []string) bool // true: it is there already
	why     string
}

func hasFlag(names ...string) func([]string) bool {
	return func(rest []string) bool {
		return slices.ContainsFunc(rest, func(w string) bool {
			return slices.ContainsFunc(names, func(n string) bool {
				return w == n || strings.HasPrefix(n, "--") && strings.HasPrefix(w, n+"=") || len(n) == 2 && len(w) > 2 && w[0] == '-' && w[1] != '-' && strings.Contains(w, n[1:])
			})
		})
	}
}

func holdsWord(part string) func([]string) bool {
	return func(rest []string) bool {
		return slices.ContainsFunc(rest, func(w string) bool { return strings.Contains(w, part) })
	}
}

func anyOf(a, b func([]string) bool) func([]string) bool {
	return func(rest []string) bool { return a(rest) || b(rest) }
}

var hardenings = []hardening{
	{program: "psql", flags: "-v ON_ERROR_STOP=1", has: anyOf(holdsWord("ON_ERROR_STOP"), hasFlag("-l", "--list", "--version")), why: "psql exits 0 when a statement of a file fails"},
	{program: "psql", flags: "-X", has: anyOf(hasFlag("-X", "--no-psqlrc"), hasFlag("-l", "--list", "--version")), why: "somebody's .psqlrc changes what psql does"},
	{program: "pg_restore", when: hasFlag("-d", "--dbname"), flags: "--exit-on-error", has: hasFlag("-e", "--exit-on-error"), why: "pg_restore goes on after errors"},
	{program: "redis-cli", flags: "-e", has: anyOf(hasFlag("-e", "--version"), hasFlag("--rdb", "--pipe")), why: "redis-cli exits 0 when the server answers with an error"},
	{program: "curl", flags: "-fsS", has: hasFlag("-f", "--fail", "--fail-with-body"), why: "curl exits 0 on a 503"},
	{program: "curl", flags: "--max-time 10", has: hasFlag("-m", "--max-time"), why: "curl waits for ever for an answer that does not come"},
	{program: "kubectl", when: asksCluster, flags: `--context "${CONTEXT}"`, has: hasContext, why: "kubectl works on whatever cluster this account used last"},
	{program: "kubectl", when: asksNamespace, flags: `-n "${NAMESPACE}"`, has: hasNamespace, why: "kubectl works in whatever namespace this account used last"},
	{program: "ssh", flags: "-o BatchMode=yes -o ConnectTimeout=10", has: holdsWord("BatchMode"), why: "ssh waits for a password that nobody types"},
	{program: "apt-get", when: func(rest []string) bool { return slices.Contains(rest, "install") }, flags: "-y", has: hasFlag("-y", "--yes"), why: "apt-get waits for an answer"},
	{program: "terraform", when: func(rest []string) bool {
		return slices.Contains(rest, "apply") || slices.Contains(rest, "plan") || slices.Contains(rest, "init")
	}, flags: "", has: holdsWord("-input=false"), why: "terraform asks for what it lacks"},
	{program: "docker", when: func(rest []string) bool { return slices.Contains(rest, "exec") && hasFlag("-t")(rest) }, has: func([]string) bool { return false }, why: "there is no terminal: docker exec -t ends with an error"},
}

// harden offers each command of a shell fence what it lacks, as the line that would stand there.
func (l *linter) harden(src string, first int) {
	marked, mark, all := markSlots(src)
	sh, err := readShell(marked)
	if err != nil {
		return
	}
	back := func(s string) string {
		for i, t := range all {
			s = strings.ReplaceAll(s, fmt.Sprintf("%s%dz", mark, i), t.text)
		}
		return s
	}
	syntax.Walk(sh.file, func(n syntax.Node) bool {
		c, ok := n.(*syntax.CallExpr)
		if !ok || len(c.Args) == 0 {
			return true
		}
		words := make([]string, len(c.Args))
		for i, w := range c.Args {
			words[i] = known(w)
		}
		own := unwrap(words)
		if len(own) == 0 {
			return true
		}
		l.hardenCall(marked, c, own, back, first)
		return true
	})
}

func (l *linter) hardenCall(src string, c *syntax.CallExpr, own []string, back func(string) string, first int) {
	at := len(c.Args) - len(own)
	line := first + int(c.Args[at].Pos().Line()) - 1
	start, name, end := int(c.Pos().Offset()), int(c.Args[at].End().Offset()), int(c.End().Offset())
	var flags, why []string
	for _, h := range hardenings {
		if h.program == own[0] && (h.when == nil || h.when(own[1:])) && !h.has(own[1:]) {
			why = append(why, h.why)
			if h.flags != "" {
				flags = append(flags, h.flags)
			}
		}
	}
	if own[0] == "sqlite3" {
		l.hardenSQLite(src, c, own, back, line)
	}
	if len(why) == 0 {
		return
	}
	fix := back(src[start:name] + " " + strings.Join(flags, " ") + src[name:end])
	switch {
	case own[0] == "terraform":
		fix = back(src[start:end]) + " -input=false"
	case own[0] == "docker":
		fix = "docker exec without -t"
	}
	l.add(line, "harden", LevelWarning, strings.Join(why, "; "), fix)
}

// hardenSQLite offers to open a file that is only read read-only: sqlite3 makes one that is not there.
func (l *linter) hardenSQLite(src string, c *syntax.CallExpr, own []string, back func(string) string, line int) {
	if len(own) < 3 || sqlite3(own[1:]) != Read || strings.Contains(own[1], "mode=ro") || strings.HasPrefix(own[1], "-") || strings.HasPrefix(own[1], "file:") {
		return
	}
	at := len(c.Args) - len(own) + 1
	a, b := int(c.Args[at].Pos().Offset()), int(c.Args[at].End().Offset())
	file := strings.Trim(src[a:b], `"'`)
	fix := src[int(c.Pos().Offset()):a] + `"file:` + file + `?mode=ro"` + src[b:int(c.End().Offset())]
	l.add(line, "harden", LevelWarning, "sqlite3 makes a file that is not there and finds it sound", back(fix))
}
