package commands_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// At a shell the incident is named first, with every verb, as a bare number too.
func TestParseLineTakesABareNumber(t *testing.T) {
	for line, want := range map[string]commands.Command{
		"incident note 4 hi":                  {Verb: "incident note", Object: "4", Text: "hi"},
		"incident note 4 15:04 rack 2":        {Verb: "incident note", Object: "4", Text: "15:04 rack 2"},
		"incident note 15:04 rack 2":          {Verb: "incident note", Text: "15:04 rack 2"},
		"incident note INC-4 hi":              {Verb: "incident note", Object: "4", Text: "hi"},
		"incident severity 4 2 all":           {Verb: "incident severity", Object: "4", Text: "2 all"},
		"incident severity 2":                 {Verb: "incident severity", Text: "2"},
		"incident severity 2 all logins fail": {Verb: "incident severity", Text: "2 all logins fail"},
		"incident requeue 4 118":              {Verb: "incident requeue", Object: "4", Text: "118"},
		"incident open 3 servers are gone":    {Verb: "incident open", Text: "3 servers are gone"},
		"incident checklist 4 c8 done":        {Verb: "incident checklist", Object: "4", Text: "c8 done"},
		"incident handover 4 @Chen":           {Verb: "incident handover", Object: "4", Text: "@Chen"},
		"recover hand 4 1.3 nobody":           {Verb: "recover hand", Object: "4", Text: "1.3 nobody"},
		"recover skip 1.3 down already":       {Verb: "recover skip", Text: "1.3 down already"},
		"recover output 4 1.6":                {Verb: "recover output", Object: "4", Text: "1.6"},
		"recover output r7 1.6":               {Verb: "recover output", Object: "R7", Text: "1.6"},
		"recover pause R7":                    {Verb: "recover pause", Object: "R7"},
		"recover freeze 3 disks fail":         {Verb: "recover freeze", Text: "3 disks fail"},
		"recover 4 database":                  {Verb: "recover plan", Object: "4", Text: "database"},
		"recover INC-4 database":              {Verb: "recover plan", Object: "4", Text: "database"},
		"recover help":                        {Verb: "incident help", Object: "recover"},
		"recover help pause":                  {Verb: "incident help", Object: "recover", Text: "pause"},
		"runbook reload":                      {Verb: "runbook reload"},
	} {
		group, text, _ := strings.Cut(line, " ")
		if c := commands.ParseLine(group, text); c.Verb != want.Verb || c.Object != want.Object || c.Text != want.Text {
			t.Errorf("%s: %q of %q with %q", line, c.Verb, c.Object, c.Text)
		}
	}
}

// Every line that the help shows as an example is one that the terminal reads as the verb that it stands for.
func TestTerminalHelpCanBeTyped(t *testing.T) {
	o := opened(t)
	for _, group := range []string{"incident", "recover", "runbook"} {
		for _, v := range commands.Of(group) {
			reply := o.do(commands.Command{Verb: "incident help", Object: group, Text: v.Name, Actor: commands.Actor{Terminal: true}})
			_, like, found := strings.Cut(reply.Say.Text, "\nLike: drbot "+group+" ")
			like, _, _ = strings.Cut(like, "\n")
			c := commands.ParseLine(group, strings.Trim(like, `"`))
			if !reply.Done() || !found || c.Verb != v.Full() && c.Verb != "incident help" {
				t.Errorf("%s: %q is read as %+v\n%s", v.Full(), like, c, reply.Say.Text)
			}
			if (v.Scope == commands.OfIncident || v.Scope == commands.InChannel) && c.Object != "42" {
				t.Errorf("%s: %q names no incident", v.Full(), like)
			}
		}
	}
	reply := o.do(commands.Command{Verb: "incident help", Actor: commands.Actor{Terminal: true}})
	text := templates.Text(reply.Say)
	for _, want := range []string{"drbot incident note N [[yesterday|2026-11-24] 15:04] <text>\n        drbot incident note 42 15:04 switch in rack 2 rebooted\n", "drbot approve A17", "drbot runbook accept [<lock sha256>]"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "/incident") {
		t.Errorf("a slash command at a shell:\n%s", text)
	}
	if reply := o.do(commands.Command{Verb: "incident help", Text: "sevrity", Actor: commands.Actor{Terminal: true}}); reply.Kind != incident.BadInput || !strings.Contains(reply.Say.Text, "drbot incident severity") {
		t.Errorf("%+v", reply)
	}
}

// What an incident's file says to type when drbot is back can be typed as it stands.
func TestI55_WhatThePageSaysCanBeTyped(t *testing.T) {
	o := opened(t)
	id, _ := o.begin("Database corruption: users gone")
	i := o.read(id)
	page := string(templates.Paper(i, templates.Facts{Host: "ops1"}))
	_, after, _ := strings.Cut(page, "With drbot dead")
	lines := regexp.MustCompile("`drbot (incident|recover) ([^`]*)`").FindAllStringSubmatch(after, -1)
	if len(lines) != 3 {
		t.Fatalf("%d lines to type:\n%s", len(lines), after)
	}
	for _, line := range lines {
		if c := commands.ParseLine(line[1], strings.ReplaceAll(line[2], `"`, "")); c.Object != "1" || c.Text == "" && !strings.Contains(line[2], "show") {
			t.Errorf("%s names %q and says %q", line[0], c.Object, c.Text)
		}
	}
}
