package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// What is done, who owes what and who writes stay; dates count from the new resolution.
func TestReopen_KeepsWhatPeopleDidOfTheReview(t *testing.T) {
	o, id, channel := owed(t)
	for _, line := range []string{"review owner @Bea", "task t1 done", "task t2 @Chen", "task t2 blocked: <@U0CHEN> has no access", "task t2 due 2027-01-20"} {
		if reply := o.typed(ana, channel, "/incident "+line); !reply.Done() {
			t.Fatalf("%s: %+v", line, reply)
		}
	}
	o.save(bea, 0, "# Review\n\nBea wrote this.")
	o.typed(ana, channel, "/incident reopen it fails again")
	o.pass(30 * time.Minute)
	o.typed(ana, channel, "/incident resolve logins work anyway: the list follows")
	i := o.read(id)
	t1, t2 := i.Review.Task("t1"), i.Review.Task("t2")
	if i.Review.Owner.Name != "Bea Ode" || t1.Open() || !t1.Earlier || t1.DoneBy.Name != "Ana Ruiz" {
		t.Errorf("%+v", i.Review)
	}
	if t2.Owner.Name != "Chen Li" || t2.State() != "blocked" || t2.Why != "@Chen Li has no access" || t2.Due.Sub(i.ResolvedAt) != 48*time.Hour {
		t.Errorf("%+v, resolved at %s", t2, i.ResolvedAt)
	}
	if say := templates.Text(o.typed(ana, channel, "/incident review").Say); !strings.Contains(say, "The record went on") || !strings.Contains(strings.Join(strings.Fields(say), " "), "before the incident was reopened") {
		t.Error(say)
	}
	o.save(bea, 1, "# Review\n\nBea wrote all of it.")
	if say := templates.Text(o.typed(ana, channel, "/incident review").Say); strings.Contains(say, "The record went on") {
		t.Error(say)
	}
	if reply := o.typed(ana, channel, "/incident task t1 reopen"); !reply.Done() || o.read(id).Review.Task("t1").Earlier {
		t.Errorf("%+v", reply)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// How far an action item is is set by words of its own, and its text by another one; what is mistyped changes nothing.
func TestAction_StatusAndText(t *testing.T) {
	o, id, channel := owed(t)
	o.typed(ana, channel, "/incident action Alert when a backup is old")
	for _, c := range []struct{ line, status, want string }{
		{"a1 in progress", "in progress", "a1 “Alert when a backup is old” is in progress, and nobody's"},
		{"a1 status blocked", "blocked", "is blocked, and"},
		{"a1 blocked: the vendor has the logs", "blocked", "is blocked (the vendor has the logs), and"},
		{"a1 blocked the vendor has the logs", "blocked", "is blocked already"},
		{"a1 in progres", "blocked", "“in progres” is no change of a1"},
		{"a1 urgent @Bea", "blocked", "“urgent” is no change of a1"},
		{"a1 open", "open", "is open"},
		{"a1 started", "in progress", "is in progress"},
		{"a1 status done seen in staging", "done", "is done"},
		{"a1 in progress", "done", "a1 is done, by Ana Ruiz"},
		{"a1 open", "open", "is open"},
		{"a1 text Alert when a backup is two hours old", "open", "a1 “Alert when a backup is two hours old” is open"},
		{"a1 text", "open", "What of a1 changes?"},
		{"a1 me due 2w", "open", "with Ana Ruiz, due"},
	} {
		if reply := o.typed(ana, channel, "/incident action "+c.line); !strings.Contains(reply.Say.Text, c.want) {
			t.Errorf("%s: %s", c.line, reply.Say.Text)
		}
		if got := o.read(id).Review.Task("a1").State(); got != c.status {
			t.Errorf("%s: %s, want %s", c.line, got, c.status)
		}
	}
	if v := o.text(nil); v.Actions[0].Status != "open" || v.Actions[0].Title != "Alert when a backup is two hours old" {
		t.Errorf("%+v", v.Actions)
	}
	form := o.do(commands.Command{Verb: "incident task set", Object: "1/a1", Actor: ana, Channel: channel})
	if form.Form == nil || len(form.Form.Fields) != 4 {
		t.Fatalf("%+v", form)
	}
	reply := o.do(commands.Command{Verb: "incident task set", Object: "1/a1", Actor: ana, Channel: channel, Fields: map[string][]string{"what": {"blocked"}, "why": {"no access"}, "who": {"U0BEA"}}})
	if a := o.read(id).Review.Task("a1"); !reply.Done() || a.Status != incident.TaskBlocked || a.Why != "no access" || a.Owner.Name != "Bea Ode" {
		t.Errorf("%+v %+v", reply, a)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// Words that look like grammar are text: only what stands behind it says who, when and where.
func TestAction_TextMayLookLikeGrammar(t *testing.T) {
	o, id, channel := owed(t)
	for k, c := range []struct{ line, title, owner, link string }{
		{"Find what is due to whom @Bea", "Find what is due to whom", "Bea Ode", ""},
		{"Third @here, and again", "Third @here, and again", "", ""},
		{"Tell @here", "Tell @here", "", ""},
		{"Replace @angular/core everywhere", "Replace @angular/core everywhere", "", ""},
		{"Replace @angular/core", "Replace @angular/core", "", ""},
		{"Merge https://t.example.com/A-1 https://t.example.com/A-2", "Merge https://t.example.com/A-1", "", "https://t.example.com/A-2"},
		{"<https://t.example.com/A-1|A-1> Write it down <@U0CHEN>", "Write it down", "Chen Li", "https://t.example.com/A-1"},
		{"Ask <@U0BEA|bea> what is due @Chen due 2w", "Ask @Bea Ode what is due", "Chen Li", ""},
		{"add An alert", "An alert", "", ""},
		{"Add an alert", "Add an alert", "", ""},
		{"link due https://t.example.com/A-3 @Bea", "link due", "Bea Ode", "https://t.example.com/A-3"},
	} {
		reply := o.typed(ana, channel, "/incident action "+c.line)
		a := o.read(id).Review.Actions
		if !reply.Done() || len(a) != k+1 {
			t.Fatalf("%s: %s", c.line, reply.Say.Text)
		}
		if got := a[k]; got.Title != c.title || got.Owner.Name != c.owner || got.Link != c.link {
			t.Errorf("%s: %+v", c.line, got)
		}
	}
	for line, want := range map[string]string{
		"add": "The action item is missing", "Write it due tomorrow": "“tomorrow” is no day", "Write it due 2026-13-40": "is no day", "Write it @Nobody": "is nobody here",
		strings.Repeat("word ", 8000) + "@Nobody": "has 39999 characters; 500 fit",
	} {
		if reply := o.typed(ana, channel, "/incident action "+line); reply.Done() || !strings.Contains(strings.NewReplacer(`"`, "“").Replace(reply.Say.Text), strings.NewReplacer(`"`, "“", "”", "“").Replace(want)) {
			t.Errorf("%.60s: %s", line, reply.Say.Text)
		}
	}
}

// Every version can be listed and read, also the draft, and an older one is saved over nothing.
func TestReviewVersions_ListedAndRead(t *testing.T) {
	o, _, channel := owed(t)
	if say := templates.Text(o.typed(ana, channel, "/incident review versions").Say); !strings.Contains(say, "Nobody saved one") {
		t.Error(say)
	}
	o.save(ana, 0, "# Review\n\nThe first.")
	o.save(bea, 1, "# Review\n\nThe second. "+strings.Repeat("long ", 2000))
	reply := o.typed(bea, channel, "/incident review versions")
	if say := templates.Text(reply.Say); !strings.Contains(say, "version 2 · Bea Ode") || !strings.Contains(say, "version 1 · Ana Ruiz") {
		t.Error(say)
	}
	if v := reply.Data.(commands.ReviewView); len(v.Versions) != 2 || v.Versions[0].By != "Ana Ruiz" || v.Versions[1].Bytes < 10_000 {
		t.Errorf("%+v", v.Versions)
	}
	for line, want := range map[string]string{
		"version 1": "The first.", "version 0": "A draft.", "version 2": "page 1 of 2", "version 2 2": "page 2 of 2", "version": "has no version \"\"", "version 3": "has no version \"3\"",
		"version two": "has no version", "version 1 x": "is no page",
	} {
		if say := templates.Text(o.typed(ana, channel, "/incident review "+line).Say); !strings.Contains(say, want) {
			t.Errorf("%s: %s", line, say)
		}
	}
	if v := o.text(map[string][]string{"version": {"1"}}); v.Version != 1 || v.Text != "# Review\n\nThe first.\n" {
		t.Errorf("%+v", v)
	}
	if reply := o.save(ana, 1, "# Review\n\nThe first."); reply.Kind != incident.TooLate {
		t.Errorf("%+v", reply)
	}
}
