package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/drbot/drbot/"

// floors says on which floor each room stands. A room imports only lower floors; what lies inside a room (runner/attempt,
// state/bolt under its own line) counts as listed here, longest prefix first.
var floors = map[string]int{
	"incident": 0, "secret": 0,
	"state": 1, "runbook": 1, "templates": 1, "people": 1,
	"commands": 2, "evidence": 2, "state/bolt": 2, "state/follow": 2, "state/statetest": 2,
	"examples": 0, "bot": 3, "runner": 3, "workspace": 3, "integrations": 3,
	"cmd/drbot": 4,
}

// forbidden are edges that the floors alone would allow, each with its reason.
var forbidden = []struct{ from, to, why string }{
	{"commands", "state/bolt", "a verb knows the contract of the store, not the file below it"},
	{"bot", "state/bolt", "followers read through the contract"},
	{"runner", "state/bolt", "followers read through the contract"},
	{"integrations", "state/bolt", "followers read through the contract"},
	{"workspace", "incident", "it implements Slack, not drbot: no room of ours"},
	{"workspace", "templates", "it implements Slack, not drbot: no room of ours"},
	{"workspace", "commands", "it implements Slack, not drbot: no room of ours"},
	{"workspace", "state", "it implements Slack, not drbot: no room of ours"},
	{"workspace", "people", "it implements Slack, not drbot: no room of ours"},
	{"workspace", "runbook", "it implements Slack, not drbot: no room of ours"},
}

// vendors may be imported by these rooms alone.
var vendors = []struct {
	path  string
	rooms []string
	why   string
}{
	{"github.com/slack-go/slack", []string{"bot"}, "no slack. type outside bot"},
	{"go.etcd.io/bbolt", []string{"state/bolt"}, "one store, one room"},
	{"github.com/PagerDuty/go-pagerduty", []string{"integrations"}, "one vendor, one folder"},
	{"github.com/jackc/pgx", []string{"integrations"}, "one vendor, one folder"},
	{"github.com/redis/go-redis", []string{"integrations"}, "one vendor, one folder"},
	{"modernc.org/sqlite", []string{"runner", "cmd/drbot"}, "steps and the demo's service alone open SQLite"},
	{"github.com/spf13/cobra", []string{"cmd/drbot"}, "only the program has a command line"},
}

func room(path string) (string, bool) {
	best := ""
	for name := range floors {
		if (path == name || strings.HasPrefix(path, name+"/")) && len(name) > len(best) {
			best = name
		}
	}
	return best, best != ""
}

type edge struct{ file, from, to string }

// edges are the imports of production code in the tree.
func edges(t *testing.T) []edge {
	t.Helper()
	root := filepath.Join("..", "..")
	var all []edge
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all = append(all, edge{file: rel, from: filepath.ToSlash(filepath.Dir(rel)), to: to})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFloors(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range edges(t) {
		from, ok := room(e.from)
		if !ok {
			t.Errorf("%s: folder %s stands on no floor; give it one in the table", e.file, e.from)
			continue
		}
		seen[from] = true
		for _, v := range vendors {
			if strings.HasPrefix(e.to, v.path) && !allowed(v.rooms, from) {
				t.Errorf("%s imports %s: %s", e.file, e.to, v.why)
			}
		}
		if !strings.HasPrefix(e.to, module) {
			continue
		}
		to, ok := room(strings.TrimPrefix(e.to, module))
		switch {
		case !ok:
			t.Errorf("%s imports %s, which stands on no floor", e.file, e.to)
		case from == to || from == "state/statetest" && to == "state/bolt":
		case e.to == module+"workspace/person" && from == "cmd/drbot": // a client of its HTTP side, as any program is one
		case to == "workspace" && e.file != filepath.Join("cmd", "drbot", "workspace.go"):
			t.Errorf("%s imports the workspace; only cmd/drbot/workspace.go may", e.file)
		case strings.HasSuffix(e.to, "/pdtest") && e.file != filepath.Join("cmd", "drbot", "workspace.go"):
			t.Errorf("%s imports the PagerDuty to test against; only cmd/drbot/workspace.go may", e.file)
		case strings.HasSuffix(e.to, "/atlassiantest"):
			t.Errorf("%s imports the Statuspage to test against, which is for tests", e.file)
		case to == "state/statetest":
			t.Errorf("%s imports statetest, which is for tests", e.file)
		case floors[to] >= floors[from]:
			t.Errorf("%s: %s (floor %d) imports %s (floor %d); a room imports only lower floors", e.file, from, floors[from], to, floors[to])
		}
		for _, f := range forbidden {
			if from == f.from && (to == f.to || strings.HasPrefix(to, f.to+"/")) {
				t.Errorf("%s: %s must not import %s: %s", e.file, f.from, f.to, f.why)
			}
		}
	}
	for name := range floors {
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(name))); err != nil {
			t.Errorf("the table names the room %s, which is gone", name)
		}
		if !seen[name] && name != "state/statetest" {
			t.Errorf("the room %s has no production code", name)
		}
	}
}

func allowed(rooms []string, room string) bool {
	for _, r := range rooms {
		if r == room {
			return true
		}
	}
	return false
}
