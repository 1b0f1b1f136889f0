package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state/follow"
)

var update = flag.Bool("update", false, "rewrite what is made from code: the table of commands in README.md")

const (
	tableBegin = "<!-- commands: made from the table of verbs; go test ./cmd/drbot -run TestReadmeCommands -update -->\n"
	tableEnd   = "<!-- /commands -->"
)

// commandTable is README's table, from the table of verbs.
func commandTable() string {
	letters := map[incident.Right]string{incident.Everyone: "E", incident.Responder: "R", incident.Operator: "O", incident.Approver: "A", incident.Admin: "D"}
	var b strings.Builder
	for _, group := range []string{"incident", "recover"} {
		fmt.Fprintf(&b, "\n| `/%s …` | may | does |\n|---|---|---|\n", group)
		for _, v := range commands.Of(group) {
			may := letters[v.May]
			if v.Also != "" {
				may += ", " + letters[v.Also]
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(strings.TrimSpace(v.Name+" "+v.Grammar), "|", "\\|"), may, v.Does)
		}
	}
	return b.String() + "\n"
}

func TestReadmeCommands(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), tableBegin)
	table, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("README.md has no place for the table of commands")
	}
	want := commandTable()
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("the table of commands in README.md is not that of the code; run the test with -update\nwant:%s", want)
	}
	if err := os.WriteFile(path, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	code      = regexp.MustCompile("`([^`\n]+)`")
	treePath  = regexp.MustCompile(`^\.{0,2}/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?$`)
	notOurs   = regexp.MustCompile(`^(data/|\./|drbot\.yaml|bin/drbot|/|xox|xapp)`)
	image     = regexp.MustCompile(`!\[[^\]]*\]\(([^)]+)\)`)
	makeWord  = regexp.MustCompile(`^make( [a-z]+)?$`)
	fenceLine = regexp.MustCompile("(?ms)^ *```sh\n(.*?)```")
)

// documents are the pages whose paths and commands must resolve.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	paths, err := filepath.Glob(filepath.Join("..", "..", "docs", "adr", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(paths, filepath.Join("..", "..", "README.md")) {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		pages[p] = string(b)
	}
	return pages
}

// TestDocumentsResolve finds every path, make target and drbot command that the README and the decisions name.
func TestDocumentsResolve(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for page, text := range documents(t) {
		for _, m := range image.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s shows %s: %v", page, m[1], err)
			}
		}
		words := code.FindAllStringSubmatch(text, -1)
		for _, m := range fenceLine.FindAllStringSubmatch(text, -1) {
			for line := range strings.Lines(m[1]) {
				words = append(words, []string{"", strings.TrimSpace(line)})
			}
		}
		for _, m := range words {
			switch word := m[1]; {
			case makeWord.MatchString(word):
				target := strings.TrimPrefix(strings.TrimPrefix(word, "make"), " ")
				if target != "" && !bytes.Contains(makefile, []byte("\n"+target+":")) {
					t.Errorf("%s names `%s`, and the Makefile has no such target", page, word)
				}
			case drbotLine(word) != nil:
				resolveCommand(t, page, drbotLine(word))
			case strings.Contains(word, "/") && treePath.MatchString(word) && !notOurs.MatchString(word):
				if _, err := os.Stat(filepath.Join("..", "..", word)); err != nil && !isModule(word) {
					t.Errorf("%s names `%s`: %v", page, word, err)
				}
			}
		}
	}
}

// isModule: library names look like paths.
func isModule(word string) bool { return strings.Contains(strings.Split(word, "/")[0], ".") }

// drbotLine gives the arguments of a line that calls drbot.
func drbotLine(line string) []string {
	for strings.Contains(strings.SplitN(line, " ", 2)[0], "=") && strings.Contains(line, " ") {
		line = strings.SplitN(line, " ", 2)[1] // an environment variable before the command
	}
	for _, prefix := range []string{"drbot ", "bin/drbot ", "go run ./cmd/drbot "} {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return strings.Fields(rest)
		}
	}
	return nil
}

// resolveCommand finds the subcommand, its flags, and for incident and recover the verb.
func resolveCommand(t *testing.T, page string, args []string) {
	t.Helper()
	cmd, rest, err := root(env{clock: follow.Wall{}}).Find(args)
	if err != nil || cmd.Name() == "drbot" {
		t.Errorf("%s names `drbot %s`: no such subcommand (%v)", page, strings.Join(args, " "), err)
		return
	}
	for _, a := range rest {
		if name, ok := strings.CutPrefix(a, "--"); ok && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
			t.Errorf("%s names `drbot %s`: no flag --%s", page, strings.Join(args, " "), name)
		}
	}
	if (cmd.Name() == "incident" || cmd.Name() == "recover") && len(rest) > 0 && rest[0] != "…" && rest[0] != "VERB" && commands.Find(cmd.Name()+" "+rest[0]) == nil {
		t.Errorf("%s names `drbot %s`: no such verb", page, strings.Join(args, " "))
	}
	checkAlternatives(t, page, cmd, args)
}

// checkAlternatives resolves "audit verify|export|redact".
func checkAlternatives(t *testing.T, page string, cmd *cobra.Command, args []string) {
	t.Helper()
	for _, sub := range args[1:] {
		if !strings.Contains(sub, "|") {
			continue
		}
		for _, name := range strings.Split(sub, "|") {
			if found, _, err := cmd.Find([]string{name}); err != nil || found == cmd {
				t.Errorf("%s names `drbot %s`: %s has no %s", page, strings.Join(args, " "), cmd.Name(), name)
			}
		}
	}
}
