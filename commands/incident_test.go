package commands_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// TestOpen_NothingVisibleIsNothing: a title of invisible characters is none: typed, it opens the form, as the bare command
// does; behind a severity and in the form it is named as missing.
func TestOpen_NothingVisibleIsNothing(t *testing.T) {
	o := opened(t)
	const nothing = "\u200b\u2060"
	if reply := o.typed(eva, "CTALK", "/incident open "+nothing); reply.Form == nil {
		t.Errorf("typed: %+v", reply)
	}
	if reply := o.typed(eva, "CTALK", "/incident open sev2 "+nothing); reply.Say.Text != "The title is missing." {
		t.Errorf("behind a severity: %+v", reply)
	}
	form := commands.Command{Verb: "incident open", Actor: eva, Channel: "CTALK", Fields: map[string][]string{"title": {nothing}}}
	if reply := o.do(form); reply.Errors["title"] != "The title is missing." {
		t.Errorf("in the form: %+v", reply)
	}
}

func TestOpen_AsksNothing(t *testing.T) {
	for _, c := range []struct {
		line, title, kind string
		severity          int
		drill, restricted bool
	}{
		{"users db is gone", "users db is gone", "", 1, false, false},
		{"Database corruption: users db", "users db", "Database corruption", 1, false, false},
		{"database corruption", "Database corruption", "Database corruption", 1, false, false},
		{"slow: front page", "front page", "Slow pages", 3, false, false},
		{"sev2 front page: slow", "front page: slow", "", 2, false, false},
		{"drill sev2 Slow pages: front", "front", "Slow pages", 2, true, false},
		{"private something odd", "something odd", "", 1, false, true},
		{"Data breach: keys in a bucket", "keys in a bucket", "Data breach", 1, false, true},
		{"Insider case: x", "x", "Insider case", 2, false, true},
		{"3 nodes are down", "3 nodes are down", "", 1, false, false},
		{"SEV-4 typo: headline", "headline", "Typo", 4, false, false},
	} {
		t.Run(c.line, func(t *testing.T) {
			o := opened(t)
			reply := o.typed(eva, "CTALK", "/incident open "+c.line)
			if !reply.Done() || !strings.Contains(reply.Say.Text, "is open as SEV-") {
				t.Fatalf("%+v", reply)
			}
			i := o.read(reply.ID)
			if i.Title != c.title || i.Type != c.kind || i.Severity != c.severity || i.Drill != c.drill || i.Restricted != c.restricted {
				t.Errorf("title %q type %q SEV-%d drill %v restricted %v", i.Title, i.Type, i.Severity, i.Drill, i.Restricted)
			}
			if i.Revision != o.book.Digest || len(i.Checklist) != 5 || i.RTO.Limit != time.Hour || i.RPO.Limit != 5*time.Minute {
				t.Errorf("revision %q, %d items, RTO %v, RPO %v", i.Revision, len(i.Checklist), i.RTO, i.RPO)
			}
			if every := map[int]time.Duration{1: 15 * time.Minute, 2: 30 * time.Minute, 3: time.Hour}[i.Severity]; i.UpdateEvery != every {
				t.Errorf("updates every %v, want %v", i.UpdateEvery, every)
			}
		})
	}
}

func TestOpen_Form(t *testing.T) {
	o := opened(t)
	reply := o.typed(eva, "CTALK", "/incident open")
	if reply.Form == nil || len([]rune(reply.Form.Title)) > 24 {
		t.Fatalf("%+v", reply)
	}
	fields := map[string][]string{"title": {""}, "type": {"-"}, "services": {}}
	if reply := o.do(commands.Command{Verb: "incident open", Actor: eva, Fields: fields}); reply.Errors["title"] == "" {
		t.Fatalf("an empty title passed: %+v", reply)
	}
	fields = map[string][]string{"title": {"pages <!channel> fail"}, "type": {"Slow pages"}, "severity": {"2"}, "services": {"wiki"}, "visible": {"restricted"}, "drill": {"drill"}}
	reply = o.do(commands.Command{Verb: "incident open", Actor: eva, Fields: fields, Link: "https://chat.example/p1"})
	i := o.read(reply.ID)
	if i.Severity != 2 || !i.Restricted || !i.Drill || i.Type != "Slow pages" || i.RTO.Name != "Low" || i.RPO.Name != "Pages" || i.Source == "" {
		t.Errorf("%+v", i)
	}
	if from := o.do(commands.Command{Verb: "incident start", Actor: eva, Channel: "CTALK", Text: "db says no\nmore", Link: "https://chat.example/p1"}); from.Form == nil || from.Form.Fields[0].Value != "db says no" {
		t.Errorf("from a message: %+v", from)
	}
}

// TestLines says what each line answers in the incident's channel, one after the other.
func TestLines(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	for _, c := range []struct {
		who  commands.Actor
		line string
		want string // part of the answer
		kind incident.Kind
		pass time.Duration // before it
	}{
		{who: eva, line: "/incident note switch rebooted", want: "Noted at 02:58 UTC."},
		{who: eva, line: "/incident note [02:50] first alarm", want: "Noted at 02:50 UTC."},
		{who: eva, line: "/incident note 23:50 the day before", want: "Noted at 23 Nov 23:50 UTC."},
		{who: eva, line: "/incident ack", want: "You may open incidents and add notes. For more, an admin adds to drbot.yaml: `- {name: Eva, slack: U0EVA, roles: [responder]}`", kind: incident.Unknown},
		{who: chen, line: "/incident ack", want: "Only responders acknowledge. Responders here: Ana Ruiz, Bea Ode, Dev Rao. You can approve, thaw and requeue.", kind: incident.NotAllowed},
		{who: dev, line: "/incident ack", want: "You command INC-1."},
		{who: dev, line: "/incident ack", want: "You are the commander already.", kind: incident.WrongState},
		{who: ana, line: "/incident ack", want: "You command INC-1."},
		{who: ana, line: "/incident severity 3", want: "SEV-1 → SEV-3"},
		{who: ana, line: "/incident severity SEV-3", want: "It is SEV-3 already.", kind: incident.WrongState},
		{who: ana, line: "/incident severity 5", want: "is no severity", kind: incident.BadInput},
		{who: ana, line: "/incident severity sev1", want: "SEV-3 → SEV-1. Updates every 15 min", pass: 11 * time.Minute},
		{who: ana, line: "/incident severity 2", want: "needs a reason", kind: incident.BadInput},
		{who: ana, line: "/incident severity 2 logins work for most", want: "SEV-1 → SEV-2"},
		{who: ana, line: "/incident type nonsense", want: "The runbook has no type", kind: incident.BadInput},
		{who: ana, line: "/incident type slow", want: "is Slow pages, SEV-2. Updates every 30 min, the next by 03:13 UTC. The type's SEV-3 would lower it: that needs a reason."},
		{who: ana, line: "/incident type database", want: "is Database corruption, SEV-1"},
		{who: ana, line: "/incident status identified", want: "INC-1 is identified."},
		{who: ana, line: "/incident status done", want: "is no status", kind: incident.BadInput},
		{who: ana, line: "/incident impact nobody can log in", want: "nobody can log in"},
		{who: ana, line: "/incident services POSTGRES, billing", want: "affects postgres, billing. RTO ends 03:58 UTC (Critical, 1 h). Not in drbot.yaml, so the strictest objectives hold: billing."},
		{who: ana, line: "/incident role scribe <@U0BEA|bea>", want: "Bea Ode is scribe of INC-1."},
		{who: ana, line: "/incident role communi me", want: "Ana Ruiz is communications of INC-1."},
		{who: ana, line: "/incident role scribe @dev", want: "Dev Rao is scribe"},
		{who: ana, line: "/incident role king @dev", want: "is no role", kind: incident.BadInput},
		{who: ana, line: "/incident role scribe @nobody", want: "is nobody here", kind: incident.BadInput},
		{who: ana, line: "/incident checklist c1 done", want: "c1 “Team told” is done. Checklist 1 of 5."},
		{who: ana, line: "/incident checklist c1 done", want: "closed already", kind: incident.WrongState},
		{who: ana, line: "/incident checklist c1 reopen", want: "is open"},
		{who: ana, line: "/incident checklist c2 na", want: "why?", kind: incident.BadInput},
		{who: ana, line: "/incident checklist c2 na nothing is left", want: "not applicable: nothing is left"},
		{who: ana, line: "/incident checklist c5 done", want: "go in order", kind: incident.WrongState},
		{who: ana, line: "/incident checklist c4 @bea", want: "with Bea Ode"},
		{who: ana, line: "/incident checklist c99 done", want: "has no item", kind: incident.NotFound},
		{who: ana, line: "/incident update Restoring from 02:00 next 40m", want: "Update 1 of INC-1 is sent. The next one is promised by 03:49 UTC."},
		{who: ana, line: "/incident update Half done next 03:45", want: "promised by 03:45 UTC."},
		{who: ana, line: "/incident snooze", want: "is due 04:00 UTC."},
		{who: ana, line: "/incident snooze 9h", want: "up to 60 min from now", kind: incident.BadInput},
		{who: ana, line: "/incident requeue", want: "Only admins", kind: incident.NotAllowed},
		{who: chen, line: "/incident requeue", want: "Nothing is parked."},
		{who: ana, line: "/incident sevrity 1", want: "No verb `sevrity`. Did you mean `severity`?", kind: incident.BadInput},
		{who: ana, line: "/incident help severity", want: "/incident severity <1-4> [reason]"},
		{who: ana, line: "/incident list", want: "SEV-1 INC-1 users db is gone · identified · Ana Ruiz · update due 04:00 UTC"},
		{who: ana, line: "/incident reopen why", want: "is open", kind: incident.WrongState},
		{who: ana, line: "/incident resolve logins work", want: "The form did not open?"},
		{who: ana, line: "/incident resolve false-alarm", want: "needs its reason", kind: incident.BadInput},
		{who: ana, line: "/incident resolve false-alarm the probe was wrong", want: "closed as a false alarm"},
		{who: ana, line: "/incident impact x", want: "Reopen it first", kind: incident.WrongState},
		{who: ana, line: "/incident reopen it was none", want: "is open again as SEV-1"},
	} {
		o.pass(c.pass)
		reply := o.typed(c.who, channel, c.line)
		if !strings.Contains(reply.Say.Text, c.want) || reply.Kind != c.kind {
			t.Errorf("%s\n got %q (%s)\nwant %q (%s)", c.line, reply.Say.Text, reply.Kind, c.want, c.kind)
		}
		if len(reply.Say.Text) > 900 {
			t.Errorf("%s: %d bytes", c.line, len(reply.Say.Text))
		}
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

func TestResolve_ListsWhatIsOpen(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	form := o.typed(ana, channel, "/incident resolve")
	if form.Form == nil || len(form.Form.Intro) == 0 {
		t.Fatalf("%+v", form)
	}
	send := func(fields map[string][]string) commands.Reply {
		return o.do(commands.Command{Verb: "incident resolve", Object: form.Form.Object, Channel: channel, Actor: ana, Fields: fields})
	}
	if reply := send(map[string][]string{"summary": {"fixed"}}); !strings.Contains(reply.Errors["anyway"], "5 checklist items") {
		t.Errorf("%+v", reply)
	}
	if reply := send(map[string][]string{"anyway": {"later"}}); reply.Errors["summary"] == "" {
		t.Errorf("%+v", reply)
	}
	o.pass(33 * time.Minute)
	reply := send(map[string][]string{"summary": {"fixed"}, "cause": {"under review"}, "anyway": {"the list follows"}})
	if want := "INC-1 is resolved after 33 min. The review is due 26 Nov 03:31 UTC: Ana Ruiz writes."; reply.Say.Text != want {
		t.Errorf("got %q", reply.Say.Text)
	}
	if i := o.read(id); i.State != incident.StateResolved || i.Review == nil || len(i.Review.Tasks) != 2 {
		t.Errorf("%+v", i)
	}
}

func TestResolve_AtTheTerminal(t *testing.T) {
	o := opened(t)
	id, _ := o.begin("users db is gone")
	resolve := func(text string) commands.Reply {
		c := commands.Parse("incident", "resolve INC-1 "+text)
		c.Actor = commands.Actor{Unix: "ana", Terminal: true}
		return o.do(c)
	}
	if reply := resolve("logins work"); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "Still open: 5 checklist items") {
		t.Errorf("%+v", reply)
	}
	if reply := resolve("logins work anyway: the list follows"); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	if i := o.read(id); i.Summary != "logins work" || i.ResolvedBy.Name != "Ana Ruiz" {
		t.Errorf("%+v", i)
	}
}

func TestSeverityForm_ChoosesTheTypeToo(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("something")
	set := func(fields ...string) commands.Reply {
		c := commands.Command{Verb: "incident severity", Object: "1", Channel: channel, Actor: ana, Fields: map[string][]string{}}
		for k := 0; k < len(fields); k += 2 {
			c.Fields[fields[k]] = []string{fields[k+1]}
		}
		return o.do(c)
	}
	for _, c := range []struct {
		fields   []string
		kind     string
		severity int
		pass     time.Duration
		field    string // where an error is
	}{
		{[]string{"severity", "1", "type", "Slow pages"}, "Slow pages", 3, 0, ""},
		{[]string{"severity", "3", "type", "Database corruption"}, "Database corruption", 1, 20 * time.Minute, ""},
		{[]string{"severity", "1", "type", "Typo"}, "Typo", 1, 0, ""}, // late, and no reason: the severity stays
		{[]string{"severity", "2", "type", "Typo"}, "Typo", 1, 0, "reason"},
		{[]string{"severity", "1", "type", "Slow pages", "reason", "only pages"}, "Slow pages", 3, 0, ""},
		{[]string{"severity", "2", "type", "Database corruption", "reason", "half of it"}, "Database corruption", 2, 0, ""},
	} {
		o.pass(c.pass)
		reply := set(c.fields...)
		if i := o.read(id); i.Type != c.kind || i.Severity != c.severity || (reply.Errors[c.field] != "") != (c.field != "") {
			t.Errorf("%v: %s SEV-%d, %+v", c.fields, i.Type, i.Severity, reply)
		}
	}
}

// TestAnswersFit: what people write may grow in JSON, and must not cost the command.
func TestAnswersFit(t *testing.T) {
	o := opened(t)
	_, channel := o.begin("users db is gone")
	for _, text := range []string{strings.Repeat("<", 400), strings.Repeat("\x01", 400), strings.Repeat("“", 400), strings.Repeat("\U0001f525", 400)} {
		for _, verb := range []string{"impact", "update", "note", "services", "sevrity", "type", "severity", "role"} {
			if reply := o.typed(ana, channel, "/incident "+verb+" "+text); reply.Say.Empty() {
				t.Errorf("%s: %+v", verb, reply)
			}
		}
	}
}

func TestBoxes_BothWin(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	tick := func(who commands.Actor, was, now []string) commands.Reply {
		return o.do(commands.Command{Verb: "incident checklist", Object: "g1", Channel: channel, Actor: who, Fields: map[string][]string{"was": was, "now": now}})
	}
	tick(ana, nil, []string{"c1"})
	if reply := tick(bea, []string{}, []string{"c2"}); reply.Say.Text != "Checklist 2 of 5." {
		t.Errorf("%+v", reply)
	}
	i := o.read(id)
	if i.Item("c1").State != "done" || i.Item("c2").State != "done" {
		t.Fatalf("one lost: %+v", i.Checklist)
	}
	if reply := tick(bea, []string{}, []string{"c1"}); !reply.Done() || o.read(id).Item("c1").By.Name != "Ana Ruiz" {
		t.Errorf("what is ticked already is no error: %+v", reply)
	}
	if reply := tick(ana, []string{"c1"}, []string{}); !reply.Done() || o.read(id).Item("c1").Closed() {
		t.Errorf("a tick was not taken back: %+v", reply)
	}
	if reply := tick(ana, nil, []string{"c4", "c5", "c3"}); !reply.Done() || !o.read(id).Item("c3").Closed() {
		t.Errorf("in their order: %+v", reply)
	}
	if reply := tick(ana, []string{"c3"}, []string{"c1"}); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	if n := o.records(id, "ItemDone", "ItemReopened"); n != 8 {
		t.Errorf("%d records", n)
	}
}

func TestElsewhere_ButtonsCarryOn(t *testing.T) {
	o := opened(t)
	first, _ := o.begin("users db is gone")
	for range 6 {
		o.begin("Slow pages: another")
	}
	reply := o.typed(eva, "COTHER", "/incident note 02:50 seen elsewhere")
	buttons := buttonsOf(reply)
	if reply.Kind != incident.NotFound || len(buttons) != 5 || !strings.HasPrefix(reply.Say.Text, "This channel has none.") {
		t.Fatalf("%+v", reply)
	}
	if b := buttons[0]; strings.Contains(b.Object, "seen") || b.Verb != "incident note" || !strings.Contains(b.Label, "INC-1") {
		t.Fatalf("%+v", b)
	}
	before := o.records(first)
	press := commands.Command{Verb: buttons[0].Verb, Object: buttons[0].Object, Channel: "COTHER", Actor: eva}
	if reply := o.do(press); reply.Say.Text != "Noted at 02:50 UTC." || reply.ID != first || o.records(first) != before+1 {
		t.Errorf("%+v", reply)
	}
	press.Actor = dev
	if reply := o.do(press); reply.Form == nil && reply.Done() {
		t.Errorf("somebody else's line was carried on: %+v", reply)
	}
	if reply := o.typed(eva, "COTHER", "/incident note INC-1 named"); !reply.Done() || reply.ID != first {
		t.Errorf("%+v", reply)
	}
	if reply := o.typed(eva, "COTHER", "/incident show 99"); reply.Kind != incident.NotFound || len(buttonsOf(reply)) != 0 {
		t.Errorf("%+v", reply)
	}
	title := o.typed(eva, "COTHER", "/incident users db is gone again")
	buttons = buttonsOf(title)
	if len(buttons) != 2 || !strings.Contains(buttons[0].Label, "“users db is gone again”") {
		t.Fatalf("%+v", title)
	}
	made := o.do(commands.Command{Verb: buttons[0].Verb, Object: buttons[0].Object, Channel: "COTHER", Actor: eva})
	if !made.Done() || o.read(made.ID).Title != "users db is gone again" {
		t.Errorf("%+v", made)
	}
}

func TestPins(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	at := channel + "/1764000000.000100"
	c := commands.Command{Verb: "incident pin", Object: at, Channel: channel, Actor: eva, Text: "row 7 is odd", Fields: map[string][]string{"author": {"U0BEA"}}}
	o.do(c)
	c.Actor = dev
	o.do(c)
	if i := o.read(id); !slices.Equal(i.Pins, []string{at}) || o.records(id, "Pinned") != 1 {
		t.Fatalf("%v", i.Pins)
	}
	edit := func(text string) {
		change := commands.PinChanged{Incident: id, Channel: channel, TS: "1764000000.000100", Text: text}
		o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: change})
	}
	edit("row 7 is odd") // as it was
	edit("row 8")
	o.do(commands.Command{Verb: "incident unpin", Object: at, Channel: channel, Actor: eva})
	edit("row 9")
	if o.records(id, "PinEdited") != 1 || len(o.read(id).Pins) != 0 {
		t.Error("an edit of what is not kept was kept")
	}
	if reply := o.do(commands.Command{Verb: "incident pin", Object: "nonsense", Channel: channel, Actor: eva}); reply.Kind != incident.BadInput {
		t.Errorf("%+v", reply)
	}
}
