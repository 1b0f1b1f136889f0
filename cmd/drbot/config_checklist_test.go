package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drbot/drbot/people"
)

// What proves an item is a step, an address or people, and a mistake says where it stands.
func TestConfigOfTheChecklist(t *testing.T) {
	read := func(value string) (*config, error) {
		return readConfig([]byte("runbook: ./R.md\nchecklist:\n  All is well: "+value+"\n"), "drbot.yaml", func(string) string { return "" })
	}
	for _, value := range []string{"{probe: p1.s9}", "{probe: p12.s3a}", "{probe: \"https://shop.example.com/healthz?x=1\"}", "{person: true}"} {
		c, err := read(value)
		if err != nil || len(c.Commands.Checklist) != 1 {
			t.Errorf("%s: %v", value, err)
		}
	}
	for value, want := range map[string]string{
		"{}": "name either probe or person: true", "{probe: p1.s9, person: true}": "name either probe or person: true",
		"{probe: \"1.9 or so\"}": "is no step", "{probe: \"ftp://x/y\"}": "no http(s) address", "{probe: \"https://a:b@x/y\"}": "password", "{prob: x}": "prob",
	} {
		if _, err := read(value); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "3") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// A name that leads nowhere is said: a key that is no item, a step that is none, a manager who is nobody; and so is an item
// that nothing proves.
func TestCheckFindsItemsThatNothingProves(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"RUNBOOK.md", "RUNBOOK.lock.yaml"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "examples", "harmless", name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if name == "RUNBOOK.md" {
			text = strings.Replace(text, "- [ ] The mark was removed", "- [ ] The mark was removed\n- [ ] Data integrity verified\n- [ ] Told:\n  - [ ] Users notified\n  - [ ] All health checks passing", 1)
		}
		writeFile(t, filepath.Join(dir, name), text)
	}
	check := func(extra string) string {
		path := writeFile(t, filepath.Join(dir, "drbot.yaml"), goodConfig+extra)
		_, out, _ := drbot(t, map[string]string{"SLACK_BOT_TOKEN": "xoxb-1"}, "check", "--offline", "--config", path)
		return out
	}
	for extra, wants := range map[string][]string{
		"": {
			"Nothing proves the checklist's “Users notified”: neither mail: nor statuspage: is set", "“Data integrity verified”: no procedure of the lock has a restore", "“All health checks passing”: no step and no address",
		},
		"checklist: {The mark wasremoved: {person: true}}\n":  {"checklist.“The mark wasremoved”: the runbook has no such item.", "The nearest is “The mark was removed”."},
		"checklist: {The mark was removed: {probe: p9.s9}}\n": {"checklist.“The mark was removed”: the runbook has no step p9.s9."},
		"checklist: {Told: {person: true}}\n":                 {"checklist.“Told”: it closes with the items below it"},
		"checklist: {all health checks passing: {probe: p1.s1}, users notified: {person: true}, data integrity verified: {person: true}}\n": nil,
	} {
		said := check(extra)
		for _, want := range wants {
			if !strings.Contains(said, want) {
				t.Errorf("%q lacks %q:\n%s", extra, want, said)
			}
		}
		if wants == nil && (strings.Contains(said, "checklist.“") || strings.Contains(said, "Nothing proves")) {
			t.Errorf("%q:\n%s", extra, said)
		}
	}
}

// A manager who is nobody, or oneself, hears of no late task.
func TestCheckFindsAManagerWhoHearsNothing(t *testing.T) {
	table, err := people.New([]people.Entry{
		{Name: "Ana", Email: "ana@example.com", Manager: "nobody@example.com"}, {Name: "Bea", Email: "bea@example.com", Manager: "BEA@example.com"}, {Name: "Chen", Email: "chen@example.com", Manager: "Ana@example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range table.All() {
		for _, f := range checkManager(table, e) {
			said = append(said, f.What)
		}
	}
	if len(said) != 2 || !strings.Contains(said[0], "people.Ana: manager nobody@example.com is nobody here") || !strings.Contains(said[1], "people.Bea: they are their own manager") {
		t.Errorf("%q", said)
	}
}
