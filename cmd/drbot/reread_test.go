package main

import (
	"os"
	"strings"
	"testing"
)

// TestI17_SIGHUPReadsDrbotYamlAgain: who may what follows drbot.yaml without a restart, is recorded and posted; what cannot
// follow is named, and a file that cannot be used changes nothing.
func TestI17_SIGHUPReadsDrbotYamlAgain(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.spawn()
	w.linked()
	src, err := os.ReadFile(w.config())
	w.ok(err)
	rewrite := func(old, with string) {
		t.Helper()
		if !strings.Contains(string(src), old) {
			t.Fatalf("drbot.yaml has no %q:\n%s", old, src)
		}
		src = []byte(strings.Replace(string(src), old, with, 1))
		w.ok(os.WriteFile(w.config(), src, 0o600))
	}
	w.answers(w.dev, "incidents", "/recover freeze looking", "Only approvers")
	rewrite("roles: [responder]", "roles: [responder, approver]")
	rewrite("announce: incidents", "announce: random")
	w.reread("Changed and not in use until drbot is restarted: slack.")
	if log := w.life.log(); !strings.Contains(log, "Dev Nul: approver, responder, was responder.") {
		t.Error(log)
	}
	w.expect(w.chen, "drbot", "Dev Nul: approver, responder, was responder")
	w.say(w.dev, "incidents", "/recover freeze looking")
	w.expect(w.chen, "drbot", "No step starts any more, by Dev Nul")
	if n := len(w.records("PeopleChanged")); n != 2 {
		t.Errorf("%d changes of people are recorded", n)
	}
	w.audited()

	rewrite("name: Dev Nul", "nobody: Dev Nul")
	w.reread("drbot.yaml was not taken, what was loaded stays")
	rewrite("nobody: Dev Nul", "name: Dev Nul")
	if n := len(w.records("PeopleChanged")); n != 2 {
		t.Errorf("%d changes of people are recorded", n)
	}
}

// TestRereadWords: what was taken, what waits, and nothing at all.
func TestRereadWords(t *testing.T) {
	for _, c := range []struct {
		staff, start, last []string
		want               string
	}{
		{nil, nil, nil, "drbot.yaml says what it said."},
		{[]string{"Dev Nul is new: responder"}, []string{"people"}, []string{"people"}, "drbot.yaml: Dev Nul is new: responder."},
		{nil, []string{"people"}, []string{"people"}, "drbot.yaml: Taken: people."},
		{nil, []string{"contacts", "runner", "types"}, []string{"types"}, "drbot.yaml: Taken: types. Changed and not in use until drbot is restarted: contacts, runner."},
		{nil, []string{"runner", "types"}, nil, "drbot.yaml: Changed and not in use until drbot is restarted: runner."},
	} {
		if got := rereadWords(c.staff, c.start, c.last); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}
