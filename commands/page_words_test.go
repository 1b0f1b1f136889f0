package commands_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

// public gives the office a status page with a component, and a runbook with a message for it.
func public(t *testing.T, body string, second ...incident.Audience) *office {
	t.Helper()
	o := telling(t)
	o.conf.Outlets.Second = second
	o.conf.Outlets.Components = []templates.Component{{Name: "Accounts and login", Services: []string{"postgres"}}, {Name: "Help", Services: []string{"wiki"}}}
	o.book.Templates = []runbook.Template{{Key: templates.StatusPage, Body: body}}
	return o
}

const ownForm = "State: [[page_status]]\n[[date]] [[time]]: [[update_message]]\nTouched: [[services]]\nSigns:\n- [[symptoms]]\n\nWe are at it.\nWritten [[last_updated]]"

// TestStatusPage_TheRunbooksMessageIsFilledOnce: what the form shows is what is recorded, an edit keeps what was told of
// severity and components and when, and the end has no line that is not true any more.
func TestStatusPage_TheRunbooksMessageIsFilledOnce(t *testing.T) {
	o := public(t, ownForm)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident services postgres")
	press := commands.Command{Verb: "incident update", Object: "1", Channel: channel, Actor: ana, Fields: map[string][]string{
		"text": {"db1 lost its files"}, "to": {"status"}, "status": {"identified"}, "public": {"Logins fail\nNobody can log in.\n- A white page"},
	}}
	form := o.do(press).Form
	want := "State: Major outage\n24 Nov 2026 02:58 UTC: Nobody can log in.\nTouched: Accounts and login\nSigns:\n- A white page\n\nWe are at it.\nWritten 24 Nov 2026, 02:58 UTC"
	if form == nil || !strings.Contains(textOf(form.Intro), "Title: Logins fail\n"+want) {
		t.Fatalf("shown:\n%s", textOf(form.Intro))
	}
	press.Object = form.Object
	if reply := o.do(press); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	sent := events[incident.UpdateSent](o, id)[0]
	if sent.Page == nil || sent.Page.Title != "Logins fail" || sent.Page.Text != want || sent.Public != "Logins fail\nNobody can log in.\n- A white page" {
		t.Fatalf("%+v", sent.Page)
	}
	o.pass(10 * time.Minute)
	o.typed(ana, channel, "/incident severity 3 less than we thought")
	o.typed(ana, channel, "/incident services wiki")
	edit := o.typed(ana, channel, "/incident edit 1").Form
	for _, f := range edit.Fields {
		if f.ID == "public" && f.Value != sent.Public {
			t.Errorf("the edit begins with %q", f.Value)
		}
	}
	o.typed(ana, channel, "/incident edit 1 --public \"Logins fail again\nNobody can log in for now.\"")
	edited := events[incident.UpdateEdited](o, id)
	want = "State: Major outage\n24 Nov 2026 02:58 UTC: Nobody can log in for now.\nTouched: Accounts and login\n\nWe are at it.\nWritten 24 Nov 2026, 03:08 UTC"
	if len(edited) != 1 || edited[0].Page == nil || edited[0].Page.Title != "Logins fail again" || edited[0].Page.Text != want {
		t.Fatalf("%+v", edited)
	}
	o.typed(ana, channel, `/incident update wiki too --to status --public "The help is slow too."`)
	if p := events[incident.UpdateSent](o, id)[1].Page; p == nil || !strings.HasPrefix(p.Text, "State: Degraded performance\n24 Nov 2026 03:08 UTC: The help is slow too.\nTouched: Help\n\nWe") {
		t.Errorf("%+v", p)
	}
	o.typed(ana, channel, `/incident resolve anyway: Restored --to status --public "Logins work again."`)
	ended := events[incident.Resolved](o, id)
	if want = "State: Operational\n24 Nov 2026 03:08 UTC: Logins work again.\n\nWritten 24 Nov 2026, 03:08 UTC"; len(ended) != 1 || ended[0].Page == nil || ended[0].Page.Text != want {
		t.Fatalf("%+v", ended)
	}
}

// TestStatusPage_ASecondLookSeesWhatLeaves, to the byte: what changes while it waits changes nothing of it.
func TestStatusPage_ASecondLookSeesWhatLeaves(t *testing.T) {
	o := public(t, ownForm, incident.AudienceStatus)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident services postgres")
	o.typed(ana, channel, `/incident update Looking --to status --public "We look into it."`)
	waits := o.read(id).Waiting()
	if len(waits) != 1 || waits[0].Page == nil {
		t.Fatalf("%+v", waits)
	}
	card := templates.Text(templates.SecondLook(o.read(id), &waits[0], nil))
	if !strings.Contains(card, waits[0].Page.Text) || !strings.Contains(card, "State: Major outage") {
		t.Errorf("the card:\n%s", card)
	}
	o.pass(20 * time.Minute)
	o.typed(ana, channel, "/incident severity 2 less than we thought")
	o.typed(bea, channel, "/incident release m1")
	sent := events[incident.UpdateSent](o, id)
	if left := sent[len(sent)-1].Page; left == nil || *left != *waits[0].Page {
		t.Errorf("left %+v, seen %+v", left, waits[0].Page)
	}
	if o.read(id).Outgone(1).Page != nil {
		t.Error("the fold keeps the words of what has left")
	}
}

// TestStatusPage_WithoutAMessageInTheRunbook the words stand as they are typed; a message that grows too long is refused with
// the number, where it is written.
func TestStatusPage_WithoutAMessageInTheRunbook(t *testing.T) {
	o := public(t, ownForm)
	o.book.Templates = nil
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, `/incident update Looking --to status --public "We look into it."`)
	if sent := events[incident.UpdateSent](o, id)[0]; sent.Page != nil || sent.Public != "We look into it." {
		t.Errorf("%+v", sent)
	}
	o.book.Templates = []runbook.Template{{Key: templates.StatusPage, Body: strings.Repeat("Sorry. ", 800) + "\n[[update_message]]"}}
	press := commands.Command{Verb: "incident update", Object: "1", Channel: channel, Actor: ana, Fields: map[string][]string{"text": {"x"}, "to": {"status"}, "public": {strings.Repeat("x", 500)}}}
	if reply := o.do(press); !strings.Contains(reply.Errors["public"], "6,100 characters; 6,000 fit") && !strings.Contains(reply.Errors["public"], "6100 characters; 6000 fit") {
		t.Errorf("%+v", reply)
	}
	if n := o.read(id).Updates; n != 1 {
		t.Errorf("%d updates", n)
	}
}

// TestI44_I56_NothingInternalReachesThePage: of random messages over every field that a runbook knows, in random states of an
// incident whose every internal text is marked, no mark comes through, and no placeholder.
func TestI44_I56_NothingInternalReachesThePage(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	names := append(runbook.FieldNames(), "drill", "phase", "window", "title", "commander")
	for n := range 60 {
		o := public(t, "")
		id, channel := o.begin("SECRET title")
		o.typed(ana, channel, "/incident services postgres")
		o.typed(ana, channel, "/incident impact SECRET impact")
		o.typed(ana, channel, "/incident note SECRET note")
		for round := range 3 {
			var body strings.Builder
			for range 1 + r.IntN(9) {
				for range r.IntN(3) {
					fmt.Fprintf(&body, "%s[[%s]]", []string{"", "- ", "**x** ", "Words: "}[r.IntN(4)], names[r.IntN(len(names))])
				}
				body.WriteString([]string{"\n", "\n\n", " words:\n", "\n[[update_message]]\n"}[r.IntN(4)])
			}
			o.book.Templates[0].Body = body.String()
			words := []string{"Open words.", "Open\nmore\n- one\n- two", "- one"}[r.IntN(3)]
			line := `/incident update SECRET text --to status --steps "SECRET step" --public "` + words + `"`
			if round == 2 {
				line = `/incident resolve anyway: SECRET summary --to status --public "` + words + `"`
			}
			if reply := o.typed(ana, channel, line); !reply.Done() {
				t.Fatalf("%q: %+v", body.String(), reply)
			}
		}
		for _, e := range events[incident.UpdateSent](o, id) {
			noSecret(t, n, e.Page)
		}
		ended := events[incident.Resolved](o, id)
		if len(ended) != 1 {
			t.Fatalf("round %d is not resolved", n)
		}
		noSecret(t, n, ended[0].Page)
	}
}

var number = regexp.MustCompile(`INC-|SEV-|postgres|Ana|SECRET|\[\[|DRILL`)

func noSecret(t *testing.T, n int, p *incident.PageWords) {
	t.Helper()
	if p != nil && number.MatchString(p.Title+p.Text) {
		t.Errorf("round %d:\n%s\n%s", n, p.Title, p.Text)
	}
}

// TestStatusPage_OnTheSourceRunbook: its message stands on the page in its order, without emphasis and without a placeholder;
// at the end only what is true then. Its sentences are read from it, since they are not of this repository.
func TestStatusPage_OnTheSourceRunbook(t *testing.T) {
	src, err := os.ReadFile("../../shared/seed/DISASTER_RECOVERY.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the source runbook is not beside this checkout (../shared/seed)")
	}
	if err != nil {
		t.Fatal(err)
	}
	o := public(t, "")
	if o.book, err = runbook.Parse(src, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range runbook.Lint(o.book, runbook.Env{}) {
		if strings.HasPrefix(f.Rule, "status-page") {
			t.Errorf("%+v", f)
		}
	}
	facts := strings.NewReplacer("**", "", "[[page_status]]", "Major outage", "[[date]]", "24 Nov 2026", "[[time]]", "02:58 UTC", "[[update_message]]", "Nobody can log in.", "[[issue]]", "an outage",
		"[[services]]", "Accounts and login", "[[symptoms]]", "A white page\n- No payments", "[[last_updated]]", "24 Nov 2026, 02:58 UTC")
	want := facts.Replace(strings.TrimSpace(o.book.Template(templates.StatusPage).Body))
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident services postgres")
	o.typed(ana, channel, "/incident update Looking --to status --public \"Logins fail\nNobody can log in.\n- A white page\n- No payments\"")
	if sent := events[incident.UpdateSent](o, id); len(sent) != 1 || sent[0].Page == nil || sent[0].Page.Text != want {
		t.Fatalf("%+v\nwant:\n%s", sent, want)
	}
	i := o.read(id)
	shown := textOf(templates.Preview(i, []incident.Event{events[incident.UpdateSent](o, id)[0]}, nil))
	look := templates.Text(templates.SecondLook(i, &incident.Outgoing{State: incident.LookWaits, UpdateDrafted: incident.UpdateDrafted{
		By: i.OpenedBy, Number: 1, Version: 1, To: []incident.Audience{incident.AudienceStatus}, Public: "x", Page: &incident.PageWords{Title: "Logins fail", Text: want},
	}}, nil))
	for name, text := range map[string]string{"preview": shown, "second look": look} {
		flat := strings.Join(strings.Fields(text), " ") // long lines go on in the next
		if !strings.Contains(flat, "Title: Logins fail "+strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the %s:\n%s", name, text)
		}
	}
	o.typed(ana, channel, `/incident resolve anyway: the rest goes on in the review --to status --public "Logins work again."`)
	ended := events[incident.Resolved](o, id)
	if len(ended) != 1 || ended[0].Page == nil {
		t.Fatalf("%+v", ended)
	}
	lines := strings.Split(ended[0].Page.Text, "\n")
	if len(lines) != 5 || !strings.HasSuffix(lines[0], ": Operational") || lines[2] != "24 Nov 2026 02:58 UTC - Logins work again." || !strings.HasSuffix(lines[4], ": 24 Nov 2026, 02:58 UTC") {
		t.Errorf("at the end:\n%s", ended[0].Page.Text)
	}
}
