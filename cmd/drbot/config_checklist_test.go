package main

import (
	"strings"
	"testing"
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
