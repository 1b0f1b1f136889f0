package commands_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// owed is an office with a resolved incident whose review is open.
func owed(t *testing.T) (o *office, id incident.ID, channel string) {
	o = opened(t)
	o.Draft = func(context.Context, incident.ID, uint64) ([]byte, error) {
		return []byte("# Review\n\nA draft.\n\n## Cause\n\nNot known.\n\n## Lessons\n\nNone yet.\n"), nil
	}
	id, channel = o.begin("users db is gone")
	o.pass(33 * time.Minute)
	if reply := o.typed(ana, channel, "/incident resolve logins work anyway: the list follows"); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	return o, id, channel
}

func (o *office) shell(who, line string) commands.Reply {
	c := commands.ParseLine("incident", line)
	c.Actor = commands.Actor{Unix: who, Terminal: true}
	return o.do(c)
}

func (o *office) save(who commands.Actor, base int, text string) commands.Reply {
	return o.do(commands.Command{Verb: "incident review save", Object: "1", Actor: who, Fields: map[string][]string{"text": {text}, "base": {fmt.Sprint(base)}}})
}

func (o *office) text(fields map[string][]string) commands.ReviewView {
	o.t.Helper()
	reply := o.do(commands.Command{Verb: "incident review text", Object: "1", Actor: ana, Channel: "C1", Fields: fields})
	v, ok := reply.Data.(commands.ReviewView)
	if !ok {
		o.t.Fatalf("%+v", reply)
	}
	return v
}

// The review opens with the runbook's tasks, their instants, and an owner each.
func TestReviewOpensWithItsTasks(t *testing.T) {
	o, id, channel := owed(t)
	i := o.read(id)
	at := i.ResolvedAt
	if got := i.Review.Tasks; len(got) != 2 || got[0].Key != "t1" || got[0].Owner.Name != "Ana Ruiz" || !got[0].Due.Equal(at.Add(24*time.Hour)) || !got[0].Remind.Equal(at.Add(12*time.Hour)) ||
		!got[1].Remind.Equal(at.Add(24*time.Hour)) || !got[1].Escalate.Equal(at.Add(72*time.Hour)) {
		t.Errorf("%+v", got)
	}
	reply := o.typed(bea, channel, "/incident review")
	if text := templates.Text(reply.Say); !strings.Contains(text, "t1 Draft · Ana Ruiz") || !strings.Contains(text, "drbot's draft, nobody saved") {
		t.Errorf("%s", text)
	}
	if reply := o.typed(ana, "CTALK", "/incident review 1"); !reply.Done() {
		t.Errorf("elsewhere, by its number: %+v", reply)
	}
	other, _ := o.begin("another one")
	if reply := o.shell("ana", fmt.Sprintf("review %d", other)); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "its review opens when it is resolved") {
		t.Errorf("%+v", reply)
	}
}

// Whoever saves over a version that they have not read is refused with what changed, and nothing of either text is lost.
func TestReviewSave_AConcurrentEditIsRefusedWithWhatChanged(t *testing.T) {
	o, id, _ := owed(t)
	if v := o.text(nil); v.Version != 0 || !strings.Contains(v.Text, "A draft.") {
		t.Fatalf("%+v", v)
	}
	if reply := o.save(ana, 0, "# Review\n\nAna wrote this."); !reply.Done() || reply.Say.Text != "Version 1 of the review of INC-1 is saved." {
		t.Fatalf("%+v", reply)
	}
	before := o.records(id, "ReviewSaved")
	reply := o.save(bea, 0, "# Review\n\nBea wrote this.")
	v, _ := reply.Data.(commands.ReviewView)
	if reply.Kind != incident.TooLate || !strings.Contains(v.Changed, "+ Ana wrote this.") || !strings.Contains(v.Changed, "- A draft.") || !strings.Contains(reply.Say.Text, v.Changed) {
		t.Errorf("%+v", reply)
	}
	if o.records(id, "ReviewSaved") != before || !strings.Contains(o.text(nil).Text, "Ana wrote this.") {
		t.Error("the refused text was saved")
	}
	if reply := o.save(bea, 1, "# Review\n\nAna wrote this.\n\nBea wrote this."); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	if v := o.text(map[string][]string{"draft": {"yes"}}); v.Version != 0 || !strings.Contains(v.Text, "A draft.") {
		t.Errorf("the draft is there still: %+v", v)
	}
	long := "# Review\n\n" + strings.Repeat("A long line of the review.\n", 4000)
	if reply := o.save(ana, 2, long); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	if v := o.text(nil); v.Version != 3 || v.Text != strings.TrimSpace(long)+"\n" {
		t.Errorf("a long text comes back with %d bytes", len(v.Text))
	}
	for _, bad := range []string{"", strings.Repeat("x", incident.MaxReview+1), "a\x00b"} {
		if reply := o.save(ana, 3, bad); reply.Kind != incident.BadInput {
			t.Errorf("%.20q: %+v", bad, reply)
		}
	}
	if v := o.text(map[string][]string{"html": {"yes"}}); !strings.HasPrefix(v.HTML, "<!DOCTYPE html>") || v.Text != "" {
		t.Errorf("%.80s", v.HTML)
	}
}

// I47: the same save twice is one version.
func TestI47_AReviewIsSavedOnce(t *testing.T) {
	o, id, _ := owed(t)
	c := commands.Command{Verb: "incident review save", Object: "1", Actor: ana, Keys: []string{"once"}, Keep: time.Hour, Fields: map[string][]string{"text": {"# Review"}, "base": {"0"}}}
	first, again := o.do(c), o.do(c)
	if first.Say.Text != again.Say.Text || o.records(id, "ReviewSaved") != 1 {
		t.Errorf("%+v, %+v", first, again)
	}
}

// I42: a version with a secret in it can be redacted; tasks stay what they are, and the review is written anew.
func TestI42_ARedactedReviewIsWrittenAnew(t *testing.T) {
	o, id, _ := owed(t)
	o.save(ana, 0, "# Review\n\nthe password is hunter2")
	o.shell("ana", "action 1 Change the password @Bea due 2w")
	o.shell("ana", "task 1 t1 done with hunter2")
	for r, err := range o.store.Records(t.Context(), id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Kind == "ReviewSaved" || r.Kind == "TaskDone" || r.Kind == "ActionAdded" {
			if err := o.store.Redact(t.Context(), r.Seq, incident.Person{Key: "chen@example.com", Name: "Chen Li"}, "a secret"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if i := o.read(id); i.Review.Task("t1").Open() || i.Review.Task("a1") == nil || i.Review.Task("a1").Due.IsZero() {
		t.Errorf("%+v", i.Review)
	}
	if v := o.text(nil); v.Version != 1 || v.Text != "[redacted]\n" {
		t.Errorf("%+v", v)
	}
	if reply := o.save(ana, 1, "# Review\n\nthe password was changed"); !reply.Done() {
		t.Errorf("%+v", reply)
	}
}

// partOf opens the form of the part under a heading and gives it.
func (o *office) partOf(who commands.Actor, heading string) *templates.Form {
	o.t.Helper()
	for _, p := range templates.ReviewParts(o.text(nil).Text) {
		if p.Title == heading {
			reply := o.do(commands.Command{Verb: "incident review part", Object: "1", Actor: who, Channel: "C1", Fields: map[string][]string{"pick": {p.ID()}}})
			if reply.Form == nil {
				o.t.Fatalf("%+v", reply)
			}
			return reply.Form
		}
	}
	o.t.Fatalf("no part %q", heading)
	return nil
}

// Two people who edit different parts at once both win; who edits the same one keeps the form, with what changed.
func TestReviewParts_TwoAtOnce(t *testing.T) {
	o, _, _ := owed(t)
	send := func(who commands.Actor, f *templates.Form, text string) commands.Reply {
		return o.do(commands.Command{Verb: f.Verb, Object: f.Object, Actor: who, Channel: "C1", Fields: map[string][]string{"text": {text}}})
	}
	cause, lessons, same := o.partOf(ana, "Cause"), o.partOf(bea, "Lessons"), o.partOf(dev, "Cause")
	if cause.Fields[0].Value != "## Cause\n\nNot known." {
		t.Errorf("%q", cause.Fields[0].Value)
	}
	if reply := send(ana, cause, cause.Fields[0].Value); !strings.Contains(reply.Say.Text, "Nothing changed") {
		t.Errorf("%+v", reply)
	}
	if reply := send(ana, cause, "## Cause\n\nA full disk."); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	if reply := send(bea, lessons, "## Lessons\n\nWatch the disk."); !reply.Done() {
		t.Fatalf("another part: %+v", reply)
	}
	if reply := send(dev, same, "## Cause\n\nA bad disk."); !strings.Contains(reply.Errors["text"], "A full disk.") {
		t.Errorf("the same part: %+v", reply)
	}
	if got := o.text(nil); got.Version != 2 || got.Text != "# Review\n\nA draft.\n\n## Cause\n\nA full disk.\n\n## Lessons\n\nWatch the disk.\n" {
		t.Errorf("%d: %q", got.Version, got.Text)
	}
	o.save(ana, 2, o.text(nil).Text+"\n## Marks\n\nright\u200fto left")
	for _, p := range templates.ReviewParts(o.text(nil).Text) {
		if p.Title == "Marks" {
			reply := o.do(commands.Command{Verb: "incident review part", Object: "1", Actor: ana, Channel: "C1", Fields: map[string][]string{"pick": {p.ID()}}})
			if reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "at the terminal") {
				t.Errorf("a form would change it: %+v", reply)
			}
		}
	}
	if reply := send(ana, o.partOf(ana, "Cause"), " "); reply.Errors["text"] == "" || !strings.Contains(o.text(nil).Text, "Cause") {
		t.Errorf("a slip takes a heading out: %+v", reply)
	}
	if reply := send(ana, o.partOf(ana, "Cause"), "-"); !reply.Done() || strings.Contains(o.text(nil).Text, "Cause") {
		t.Errorf("an emptied part goes: %+v", reply)
	}
}

// However many save parts at once, each part holds what its own writer sent.
func TestReviewParts_ManyAtOnce(t *testing.T) {
	o, _, _ := owed(t)
	var whole strings.Builder
	for n := range 8 {
		fmt.Fprintf(&whole, "## Part %d\n\nempty %d\n\n", n, n)
	}
	o.save(ana, 0, whole.String())
	var forms []*templates.Form
	for n := range 8 {
		forms = append(forms, o.partOf(ana, fmt.Sprintf("Part %d", n)))
	}
	var all sync.WaitGroup
	for n, f := range forms {
		all.Go(func() {
			for try := range 20 {
				c := commands.Command{Verb: f.Verb, Object: f.Object, Actor: ana, Channel: "C1", Keys: []string{fmt.Sprintf("p%d/%d", n, try)}, Keep: time.Hour, Fields: map[string][]string{"text": {fmt.Sprintf("## Part %d\n\nwritten %d", n, n)}}}
				reply, err := o.Handle(context.WithoutCancel(t.Context()), c)
				if err != nil {
					t.Error(err)
				}
				if reply.Kind != incident.TooLate {
					return
				}
			}
		})
	}
	all.Wait()
	text := o.text(nil).Text
	for n := range 8 {
		if strings.Count(text, fmt.Sprintf("written %d\n", n)) != 1 {
			t.Errorf("part %d was lost: %s", n, text)
		}
	}
}

// Closing is refused while something has no owner or no date, unless a reason is given, which is recorded.
func TestReviewClose_NeedsOwnersAndDates(t *testing.T) {
	o, id, channel := owed(t)
	if reply := o.typed(ana, channel, "/incident action Alert when a backup is old"); !reply.Done() || !strings.Contains(reply.Say.Text, "nobody's, without a date") {
		t.Fatalf("%+v", reply)
	}
	if reply := o.shell("bea", "review 1 close"); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "a1 “Alert when a backup is old” has no owner and no date") {
		t.Errorf("%+v", reply)
	}
	form := o.typed(ana, channel, "/incident review close")
	if form.Form == nil || !strings.Contains(templates.Text(templates.Message{Blocks: form.Form.Intro}), "no owner and no date") {
		t.Fatalf("in the chat a form asks why: %+v", form)
	}
	if reply := o.typed(ana, channel, "/incident action a1 @Bea due 2026-12-01 https://tracker.example.com/OPS-7"); !reply.Done() || !strings.Contains(reply.Say.Text, "with Bea Ode, due 1 Dec 17:00 UTC") {
		t.Errorf("%+v", reply)
	}
	o.typed(ana, channel, "/incident action <https://tracker.example.com/OPS-8|OPS-8> Write it down @Chen")
	if a := o.read(id).Review.Actions; len(a) != 2 || a[0].Owner.Key != "bea@example.com" || a[0].Link != "https://tracker.example.com/OPS-7" || a[1].Title != "Write it down" || a[1].Link != "https://tracker.example.com/OPS-8" {
		t.Fatalf("%+v", a)
	}
	if reply := o.shell("bea", "review 1 close anyway: nobody knows yet"); !reply.Done() || !strings.Contains(reply.Say.Text, "INC-1 is closed. 3 tasks") {
		t.Errorf("%+v", reply)
	}
	i := o.read(id)
	if i.State != incident.StateClosed || i.Review.ClosedBy.Name != "Bea Ode" || o.records(id, "ReviewClosed") != 1 {
		t.Errorf("%+v", i.Review)
	}
	for _, line := range []string{"review close", "action One more", "review owner @Bea"} {
		if reply := o.shell("ana", strings.Replace(line, " ", " 1 ", 1)); reply.Kind != incident.WrongState {
			t.Errorf("after closing, %s: %+v", line, reply)
		}
	}
	if reply := o.save(ana, 0, "# More"); reply.Kind != incident.WrongState {
		t.Errorf("after closing: %+v", reply)
	}
	if _, due := i.NextDeadline(); !due {
		t.Error("what has an owner and a date goes on being promised")
	}
	for _, line := range []string{"task 1 t1 done", "task 1 t2 done", "task 1 a1 done the alert is there"} {
		if reply := o.shell("ana", line); !reply.Done() {
			t.Errorf("%s: %+v", line, reply)
		}
	}
	if d, due := o.read(id).NextDeadline(); due {
		t.Errorf("a closed one costs nothing, and %s is due", d.Key)
	}
}

// A task belongs to its owner, who need not be a responder; nobody else of no role changes it.
func TestTask_ItsOwnerMay(t *testing.T) {
	o, id, channel := owed(t)
	if reply := o.typed(chen, channel, "/incident task t1 done"); reply.Kind != incident.NotAllowed {
		t.Errorf("%+v", reply)
	}
	if reply := o.typed(ana, channel, "/incident task t1 <@U0CHEN>"); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	if reply := o.do(commands.Command{Verb: "incident task later", Object: "1/t1", Actor: chen, Channel: "D1"}); !reply.Done() || !strings.Contains(reply.Say.Text, "no reminder before") {
		t.Errorf("%+v", reply)
	}
	if reply := o.do(commands.Command{Verb: "incident task done", Object: "1/t1", Actor: chen, Channel: "D1"}); !reply.Done() || reply.Say.Text != "t1 “Draft” is done." {
		t.Errorf("%+v", reply)
	}
	if reply := o.typed(chen, channel, "/incident task t1 reopen"); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	for line, want := range map[string]string{
		"task t9 done": "no task \"t9\"", "task zz": "is no task", "task t1": "What of t1 changes", "task t1 due someday": "is no day", "task t1 due 2020-01-01": "is over",
		"task t1 later 300w": "up to 14 days", "task t1 later soon": "is no time", "task t1 rename it": "no change of t1", "task t1 text rename it": "the runbook's", "review nothing": "has no", "action a1 done": "no task",
	} {
		if reply := o.typed(ana, channel, "/incident "+line); reply.Done() || !strings.Contains(reply.Say.Text, want) {
			t.Errorf("%s: %+v", line, reply)
		}
	}
	if got := o.read(id).Review.Task("t1"); !got.Open() {
		t.Errorf("%+v", got)
	}
}

// Its owner posts the review, once.
func TestReviewPost_OnceByItsOwner(t *testing.T) {
	o, id, channel := owed(t)
	if reply := o.typed(bea, channel, "/incident review post"); reply.Kind != incident.NotAllowed || !strings.Contains(reply.Say.Text, "Ana Ruiz writes this review") {
		t.Errorf("%+v", reply)
	}
	o.typed(bea, channel, "/incident review owner me")
	if i := o.read(id); i.Review.Owner.Name != "Bea Ode" || i.Review.Tasks[0].Owner.Name != "Bea Ode" {
		t.Errorf("the owner's tasks go along: %+v", i.Review)
	}
	if reply := o.typed(bea, channel, "/incident review post"); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	if reply := o.typed(bea, channel, "/incident review post"); reply.Kind != incident.WrongState || o.records(id, "ReviewPosted") != 1 {
		t.Errorf("%+v", reply)
	}
}

// What people wrote outlives a reopening: the next review goes on with it.
func TestReopen_KeepsTheReviewsTextAndActions(t *testing.T) {
	o, id, channel := owed(t)
	o.save(ana, 0, "# Review\n\nAna wrote this.")
	o.typed(ana, channel, "/incident action Alert when a backup is old @Bea due 2w")
	o.typed(ana, channel, "/incident reopen it fails again")
	if i := o.read(id); i.Review != nil || len(i.Deadlines()) > 0 && strings.HasPrefix(i.Deadlines()[0].Key, "review/") {
		t.Error("the review of an open incident goes on")
	}
	if reply := o.typed(ana, channel, "/incident resolve false-alarm it was nothing"); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "no false alarm") {
		t.Errorf("what people owe would be gone: %+v", reply)
	}
	o.typed(ana, channel, "/incident resolve logins work anyway: the list follows")
	if v := o.text(nil); v.Version != 1 || !strings.Contains(v.Text, "Ana wrote this.") || len(v.Actions) != 1 || len(v.Tasks) != 2 {
		t.Errorf("%+v", v)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// App Home shows everybody what they owe, soonest first, also of closed incidents (UX §10).
func TestHome_YourTasks(t *testing.T) {
	o, _, channel := owed(t)
	o.typed(ana, channel, "/incident action Alert when a backup is old @Bea")
	o.typed(ana, channel, "/incident task t2 @Bea")
	o.typed(ana, channel, "/incident review close anyway: later")
	home, err := o.Home(t.Context(), bea)
	if err != nil || len(home.Tasks) != 2 || home.Tasks[0].Title != "t2 Published" || home.Tasks[1].Title != "a1 Alert when a backup is old" {
		t.Errorf("%+v, %v", home.Tasks, err)
	}
	if home, err = o.Home(t.Context(), ana); err != nil || len(home.Tasks) != 1 {
		t.Errorf("%+v, %v", home.Tasks, err)
	}
}

// I56: the review of a restricted incident is its people's alone; nobody outside is given a task of it, and who was let into its channel takes one.
func TestI56_ARestrictedReviewStaysInside(t *testing.T) {
	o := opened(t)
	o.Draft = func(context.Context, incident.ID, uint64) ([]byte, error) { return []byte("# Secret"), nil }
	id, channel := o.begin("Insider case: keys were copied")
	o.typed(ana, channel, "/incident resolve the keys are new anyway: the list follows")
	if reply := o.shell("bea", "review 1"); reply.Kind != incident.NotAllowed {
		t.Errorf("%+v", reply)
	}
	if reply := o.do(commands.Command{Verb: "incident review text", Object: "1", Actor: commands.Actor{Terminal: true}}); reply.Done() || reply.Data != nil {
		t.Errorf("%+v", reply)
	}
	if reply := o.shell("ana", "task 1 t1 @Bea"); reply.Kind != incident.BadInput {
		t.Errorf("%+v", reply)
	}
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.BindChannel{Incident: id, Channel: channel, Name: "inc-1", Private: true}})
	if reply := o.typed(bea, channel, "/incident task t1 me"); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	for _, in := range []bool{false, true, false} { // a task lets nobody in, and keeps nobody in
		o.members(id, channel, in)
		if reply := o.shell("bea", "review 1"); reply.Done() != in {
			t.Errorf("in %v: %+v", in, reply)
		}
	}
}
