package commands_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// telling is an office with everything outside configured; outward messages need a second look.
func telling(t *testing.T) *office {
	o := opened(t)
	o.conf.Outlets = commands.Outlets{
		Open:   []incident.Audience{incident.AudienceExecutives, incident.AudienceMail, incident.AudienceStatus},
		Second: []incident.Audience{incident.AudienceMail, incident.AudienceStatus},
		Names:  map[incident.Audience]string{incident.AudienceMail: "list@example.com"},
	}
	o.conf.Executives = map[int]time.Duration{1: time.Hour}
	return o
}

// events are what the record has of an incident, of one type.
func events[E incident.Event](o *office, id incident.ID) (all []E) {
	o.t.Helper()
	for r, err := range o.store.Records(o.t.Context(), id, 0) {
		if err != nil {
			o.t.Fatal(err)
		}
		e, err := r.Event()
		if err != nil {
			o.t.Fatal(err)
		}
		if e, ok := e.(E); ok {
			all = append(all, e)
		}
	}
	return all
}

func textOf(blocks []templates.Block) string {
	return templates.Text(templates.Message{Blocks: blocks})
}

// TestUpdate_IsShownToItsSenderAsEachAudienceReadsIt: the form, what each will read, and only then it is sent; what was
// shown is what leaves.
func TestUpdate_IsShownToItsSenderAsEachAudienceReadsIt(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	press := commands.Command{Verb: "incident update", Object: "1", Channel: channel, Actor: ana}
	form := o.do(press).Form
	if form == nil || form.Submit != "Preview" {
		t.Fatalf("%+v", form)
	}
	for _, f := range form.Fields {
		if f.ID == "public" && f.Value != "" {
			t.Errorf("the status page's words are filled with %q", f.Value)
		}
	}
	press.Object, press.Fields = form.Object, map[string][]string{"text": {"Restoring from 02:00"}, "to": {"responders", "announcement", "mail", "status"}}
	if reply := o.do(press); reply.Errors["public"] == "" {
		t.Fatalf("a status page without words: %+v", reply)
	}
	press.Fields["public"] = []string{"Logins fail. We are on it."}
	shown := o.do(press).Form
	if shown == nil || shown.Submit != "Send" || o.read(id).Updates != 0 {
		t.Fatalf("%+v", shown)
	}
	text := textOf(shown.Intro)
	for _, want := range []string{"Mailing list · list@example.com · only after a second look", "Subject: ", "Restoring from 02:00", "Status page", "Logins fail. We are on it."} {
		if !strings.Contains(text, want) {
			t.Errorf("the preview lacks %q:\n%s", want, text)
		}
	}
	press.Object = shown.Object
	press.Fields["text"] = []string{"Restoring from 01:00"}
	again := o.do(press).Form // other words: they are shown first
	if again == nil || again.Submit != "Send" || !strings.Contains(textOf(again.Intro), "01:00") || o.read(id).Updates != 0 {
		t.Fatalf("%+v", again)
	}
	press.Object = again.Object
	if reply := o.do(press); !reply.Done() || !strings.Contains(reply.Say.Text, "after a second look") {
		t.Fatalf("%+v", reply)
	}
	sent, drafted := events[incident.UpdateSent](o, id), events[incident.UpdateDrafted](o, id)
	if len(sent) != 1 || len(drafted) != 1 || sent[0].Public != "" || len(sent[0].To) != 2 || drafted[0].Public != "Logins fail. We are on it." || len(drafted[0].To) != 2 {
		t.Fatalf("sent %+v, drafted %+v", sent, drafted)
	}
	if !o.read(id).PublicAt.IsZero() {
		t.Error("it is published before the second look")
	}
}

// TestSecondLook_NothingOutwardLeavesBefore: not by its writer, once, with why when it goes back.
func TestSecondLook_NothingOutwardLeavesBefore(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	if reply := o.typed(ana, channel, `/incident update Restoring now --to announcement,mail,status --public "Logins fail." next 30m`); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	i := o.read(id)
	if w := i.Waiting(); len(w) != 1 || w[0].Number != 1 || i.UpdateDue.Sub(o.now) != 30*time.Minute {
		t.Fatalf("waiting %+v, due %s", w, i.UpdateDue)
	}
	press := commands.Command{Verb: "incident release", Object: "1/m1", Channel: channel, Actor: ana}
	if reply := o.do(press); reply.Kind != incident.NotAllowed {
		t.Errorf("its writer lets it go: %+v", reply)
	}
	if reply := o.typed(eva, channel, "/incident release m1"); reply.Done() {
		t.Errorf("a stranger lets it go: %+v", reply)
	}
	back := o.typed(bea, channel, "/incident sendback m1 name no customer")
	if !back.Done() {
		t.Fatalf("%+v", back)
	}
	if reply := o.typed(dev, channel, "/incident release m1"); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "name no customer") {
		t.Errorf("what went back leaves: %+v", reply)
	}
	o.pass(time.Minute)
	o.typed(ana, channel, `/incident update Still restoring --to mail,status --public "Logins fail. News at 04:00."`)
	press = commands.Command{Verb: "incident release", Object: "1/m2", Channel: channel, Actor: bea}
	if reply := o.do(press); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	var outside []incident.UpdateSent
	for _, e := range events[incident.UpdateSent](o, id) {
		for _, a := range e.To {
			if a.Outside() {
				outside = append(outside, e)
				break
			}
		}
	}
	if len(outside) != 1 || outside[0].Draft != 2 || outside[0].Public != "Logins fail. News at 04:00." || outside[0].Subject == "" || outside[0].Opening == "" {
		t.Fatalf("outside: %+v", outside)
	}
	if reply := o.do(commands.Command{Verb: "incident release", Object: "1/m2", Channel: channel, Actor: dev}); reply.Kind != incident.WrongState {
		t.Errorf("it leaves twice: %+v", reply)
	}
	if o.read(id).PublicAt.IsZero() {
		t.Error("it was published, and the fold does not know")
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestSecondLook_OnlyByWhoIsNamed: and where nobody else could, nothing is even asked.
func TestSecondLook_OnlyByWhoIsNamed(t *testing.T) {
	o := telling(t)
	o.conf.Outlets.SecondBy = []string{"ana@example.com", "dev@example.com"}
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update Restoring --to mail")
	if asked := o.read(id).Waiting()[0].Asked; len(asked) != 1 || asked[0].Key != "dev@example.com" {
		t.Errorf("asked %+v", asked)
	}
	if reply := o.typed(bea, channel, "/incident release m1"); reply.Kind != incident.NotAllowed || !strings.Contains(reply.Say.Text, "Dev Rao") {
		t.Errorf("%+v", reply)
	}
	o.conf.Outlets.SecondBy = []string{"ana@example.com"}
	o.pass(time.Hour)
	if reply := o.typed(ana, channel, "/incident update Restoring --to mail"); reply.Kind != incident.NotAllowed {
		t.Errorf("nobody could look: %+v", reply)
	}
	if n := o.read(id).Updates; n != 1 {
		t.Errorf("%d updates", n)
	}
}

// TestUpdate_TwoSendersAtOnceAreOneMessage: the reminder's button, the form and the line.
func TestUpdate_TwoSendersAtOnceAreOneMessage(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	object := "1/u0/d" + commands.DraftID(commands.Draft(o.read(id)))
	replies := make([]commands.Reply, 8)
	var all sync.WaitGroup
	for k := range replies {
		who := []commands.Actor{ana, bea, dev}[k%3]
		all.Go(func() {
			reply, err := o.Handle(context.WithoutCancel(t.Context()), commands.Command{Verb: "incident send", Object: object, Channel: channel, Actor: who, Keys: []string{"at once/" + string(rune('a'+k))}, Keep: time.Hour})
			if err != nil {
				t.Error(err)
			}
			replies[k] = reply
		})
	}
	all.Wait()
	done := 0
	for _, reply := range replies {
		switch {
		case reply.Done():
			done++
		case !strings.Contains(reply.Say.Text, "sent update 1 at 02:58"):
			t.Errorf("the other hears %q", reply.Say.Text)
		}
	}
	if done != 1 || o.read(id).Updates != 1 {
		t.Fatalf("%d were sent", done)
	}
	first, second := ana, bea
	if by := o.read(id).Newest.By.Key; by == "bea@example.com" {
		first, second = bea, ana
	} else if by == "dev@example.com" {
		first = dev
	}
	if reply := o.typed(second, channel, "/incident update Also restoring"); reply.Kind != incident.WrongState || !strings.Contains(reply.Say.Text, "sent update 1") {
		t.Errorf("a line at the same moment: %+v", reply)
	}
	if reply := o.typed(first, channel, "/incident update More of mine"); !reply.Done() {
		t.Errorf("one's own next: %+v", reply)
	}
	o.pass(time.Minute)
	if reply := o.typed(second, channel, "/incident update Also restoring"); !reply.Done() {
		t.Errorf("a minute later: %+v", reply)
	}
}

// TestUpdate_AFormThatWasOvertakenSaysSo, and can then be sent as the next one.
func TestUpdate_AFormThatWasOvertakenSaysSo(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	form := o.do(commands.Command{Verb: "incident update", Object: "1", Channel: channel, Actor: bea}).Form
	o.typed(ana, channel, "/incident update Restoring")
	submit := commands.Command{Verb: "incident update", Object: form.Object, Channel: channel, Actor: bea, Fields: map[string][]string{"text": {"Mine"}}}
	told := o.do(submit).Form
	if told == nil || !strings.Contains(textOf(told.Intro), "Ana Ruiz sent update 1") || o.read(id).Updates != 1 {
		t.Fatalf("%+v", told)
	}
	for range 2 {
		submit.Object = told.Object
		reply := o.do(submit)
		if told = reply.Form; told == nil {
			break
		}
	}
	if o.read(id).Updates != 2 {
		t.Errorf("%d updates", o.read(id).Updates)
	}
}

// TestEdit_KeepsBothVersionsAndFollowsEverywhere, with a second look for what leaves the house.
func TestEdit_KeepsBothVersionsAndFollowsEverywhere(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, `/incident update From the 02:00 backup --to announcement,mail,status --public "Logins fail."`)
	o.do(commands.Command{Verb: "incident release", Object: "1/m1", Channel: channel, Actor: bea})
	form := o.do(commands.Command{Verb: "incident edit", Object: "1/e1", Channel: channel, Actor: ana}).Form
	if form == nil || form.Fields[0].Value != "From the 02:00 backup" || form.Fields[2].Value != "Logins fail." {
		t.Fatalf("%+v", form)
	}
	reply := o.do(commands.Command{Verb: "incident edit", Object: form.Object, Channel: channel, Actor: ana, Fields: map[string][]string{"text": {"From the 01:00 backup"}, "public": {"Logins fail."}}})
	if !reply.Done() || !strings.Contains(reply.Say.Text, "version 2") {
		t.Fatalf("%+v", reply)
	}
	edits := events[incident.UpdateEdited](o, id)
	if len(edits) != 1 || len(edits[0].To) != 2 || !strings.Contains(edits[0].Outward, "01:00") || edits[0].Public != "" {
		t.Fatalf("%+v", edits)
	}
	if w := o.read(id).Waiting(); len(w) != 1 || len(w[0].To) != 1 || w[0].To[0] != incident.AudienceMail || w[0].Version != 2 {
		t.Fatalf("the mail waits: %+v", w)
	}
	o.do(commands.Command{Verb: "incident release", Object: "1/m2", Channel: channel, Actor: bea})
	if edits = events[incident.UpdateEdited](o, id); len(edits) != 2 || edits[1].Draft != 2 || edits[1].By.Key != "ana@example.com" {
		t.Fatalf("%+v", edits)
	}
	if reply := o.typed(ana, channel, `/incident edit 1 --public "Logins work again."`); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	if w := o.read(id).Waiting(); len(w) != 1 || len(w[0].To) != 1 || w[0].To[0] != incident.AudienceStatus || w[0].Public != "Logins work again." {
		t.Errorf("only the page's words changed: %+v", w)
	}
	if reply := o.typed(ana, channel, "/incident edit 1 From the 01:00 backup"); reply.Kind != incident.WrongState {
		t.Errorf("nothing changed: %+v", reply)
	}
	if sent := events[incident.UpdateSent](o, id); sent[0].Text != "From the 02:00 backup" {
		t.Errorf("the record lost the first version: %+v", sent[0])
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestI44_I56_NobodyOutsideHearsOfDrillsAndRestrictedIncidents.
func TestI44_I56_NobodyOutsideHearsOfDrillsAndRestrictedIncidents(t *testing.T) {
	o := telling(t)
	drill, at := o.begin("drill users db is gone")
	o.typed(ana, at, "/incident impact nobody can log in")
	for _, to := range []string{"mail", "executives", "status --public Fine"} {
		if reply := o.typed(ana, at, "/incident update Practising --to "+to); reply.Kind != incident.BadInput {
			t.Errorf("a drill to %s: %+v", to, reply)
		}
	}
	o.conf.Outlets.Drills = true
	if reply := o.typed(ana, at, "/incident update Practising --to executives"); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	if sent := events[incident.UpdateSent](o, drill); len(sent) != 1 || !strings.HasPrefix(sent[0].Subject, "DRILL") {
		t.Errorf("%+v", sent)
	}
	secret, room := o.begin("private Somebody has our keys")
	o.typed(ana, room, "/incident impact keys are out")
	for _, to := range []string{"mail", "executives"} {
		if reply := o.typed(ana, room, "/incident update Looking --to "+to); reply.Kind != incident.BadInput || !strings.Contains(reply.Say.Text, "restricted") {
			t.Errorf("a restricted one to %s: %+v", to, reply)
		}
	}
	if reply := o.typed(ana, room, "/incident update Looking"); !reply.Done() || o.read(secret).Updates != 1 {
		t.Errorf("%+v", reply)
	}
	if reply := o.typed(ana, room, `/incident update Words --public "x"`); reply.Kind != incident.BadInput {
		t.Errorf("public words for nobody: %+v", reply)
	}
}

// TestResolve_TellsThoseWhoHeardOfIt, and with them the data that the runs know of.
func TestResolve_TellsThoseWhoHeardOfIt(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update Restoring --to executives")
	if reply := o.typed(ana, channel, `/incident resolve Logins work again --to announcement,mail,executives,status --public "All is well." anyway: nothing is left`); !reply.Done() {
		t.Fatalf("%+v", reply)
	}
	r := events[incident.Resolved](o, id)[0]
	if len(r.To) != 3 || r.Public != "" || r.Summary != "Logins work again" || r.Subject == "" || r.Reason != "nothing is left" {
		t.Errorf("%+v", r)
	}
	w := o.read(id).Waiting()
	if len(w) != 1 || w[0].Status != incident.Over || w[0].Public != "All is well." || w[0].Number != 0 || !strings.Contains(w[0].Outward, "Logins work again") {
		t.Fatalf("%+v", w)
	}
	if reply := o.do(commands.Command{Verb: "incident release", Object: "1/m1", Channel: channel, Actor: bea}); !reply.Done() {
		t.Errorf("%+v", reply)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestExecutives_HaveACadenceOfTheirOwn that survives everything but an update to them.
func TestExecutives_HaveACadenceOfTheirOwn(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	due := o.read(id).ExecutivesDue
	if due.Sub(o.now) != time.Hour {
		t.Fatalf("due %s", due)
	}
	o.pass(10 * time.Minute)
	o.typed(ana, channel, "/incident update Restoring")
	if got := o.read(id).ExecutivesDue; !got.Equal(due) {
		t.Errorf("an update to others moved it to %s", got)
	}
	o.pass(90 * time.Minute)
	o.outcome(commands.Tick{Incident: id})
	o.outcome(commands.Tick{Incident: id})
	late := 0
	for _, e := range events[incident.DeadlineSpoken](o, id) {
		if strings.HasPrefix(e.Key, incident.DueExecutives) {
			late++
			if e.Late != 40*time.Minute {
				t.Errorf("%s says it is %s late", e.Key, e.Late)
			}
		}
	}
	if late != 1 {
		t.Errorf("I50: spoken %d times", late)
	}
	if reply := o.typed(ana, channel, "/incident snooze executives 30m"); !reply.Done() || !strings.Contains(reply.Say.Text, "for executives") {
		t.Errorf("%+v", reply)
	}
	o.pass(time.Hour)
	o.typed(ana, channel, "/incident update Nearly there --to executives")
	i, sent := o.read(id), events[incident.UpdateSent](o, id)
	if last := sent[len(sent)-1]; !last.ExecutivesLate || i.ExecutivesDue.Sub(o.now) != time.Hour || !i.ExecutivesLate.IsZero() {
		t.Errorf("%+v, due %s", last, i.ExecutivesDue)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}
