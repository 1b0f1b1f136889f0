package commands_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// TestSecondLook_AnEditTakesThePlaceOfWhatWaits: what was corrected in time is never read as it was.
func TestSecondLook_AnEditTakesThePlaceOfWhatWaits(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update All is gone --to mail,status --public We look into it, wrong")
	o.typed(ana, channel, "/incident edit 1 Half is gone --public We look into it, right")
	i := o.read(id)
	waiting := i.Waiting()
	if len(waiting) != 1 || waiting[0].Draft != 2 || waiting[0].Version != 1 || waiting[0].Public != "We look into it, right" ||
		!strings.Contains(waiting[0].Outward, "Half is gone") || !slices.Contains(waiting[0].To, incident.AudienceMail) {
		t.Fatalf("%+v", waiting)
	}
	if i.Outgone(1).State != incident.LookReplaced || i.SentAs(1).Version != 2 {
		t.Errorf("%s, version %d", i.Outgone(1).State, i.SentAs(1).Version)
	}
	o.typed(bea, channel, "/incident release m2")
	sent := events[incident.UpdateSent](o, id)
	if e := sent[len(sent)-1]; len(sent) != 2 || e.Text != "Half is gone" || e.Public != "We look into it, right" {
		t.Errorf("%+v", sent)
	}
	if r := o.typed(ana, channel, "/incident edit 1 Half is gone"); r.Done() {
		t.Errorf("nothing would change: %+v", r.Say)
	}
}

// TestSecondLook_AResolutionTakesThePlaceOfWhatWaits: nobody hears after the end how it was going.
func TestSecondLook_AResolutionTakesThePlaceOfWhatWaits(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update All is gone --to mail,status --public We look into it")
	o.typed(ana, channel, "/incident resolve logins work again anyway: all is well")
	i := o.read(id)
	if i.State != incident.StateResolved || i.Outgone(1).State != incident.LookEnded {
		t.Fatalf("%s, %+v", i.State, i.Outgone(1))
	}
	before := len(events[incident.UpdateSent](o, id))
	o.typed(bea, channel, "/incident release m1")
	if after := len(events[incident.UpdateSent](o, id)); after != before {
		t.Error("it left after the end")
	}
}

// TestSecondLook_AReopeningTakesThePlaceOfWhatWaits: nobody hears that it is over while it goes on.
func TestSecondLook_AReopeningTakesThePlaceOfWhatWaits(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident resolve logins work again --to mail anyway: all is well")
	if w := o.read(id).Waiting(); len(w) != 1 || w[0].Number != 0 {
		t.Fatalf("%+v", w)
	}
	o.typed(ana, channel, "/incident reopen they do not")
	o.typed(ana, channel, "/incident resolve they do now --to mail anyway: all is well")
	o.typed(bea, channel, "/incident release m2")
	if r := o.typed(ana, channel, "/incident reopen they do not"); !strings.Contains(r.Say.Text, "mailed to the mailing list that it is over") {
		t.Errorf("%+v", r.Say)
	}
	if i := o.read(id); i.State != incident.StateOpen || i.Outgone(1).State != incident.LookReopened {
		t.Fatalf("%s, %+v", i.State, i.Outgone(1))
	}
	o.typed(bea, channel, "/incident release m1")
	if sent := events[incident.UpdateSent](o, id); len(sent) != 1 {
		t.Errorf("the end was told: %+v", sent)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestSecondLook_CallsWhoCanGiveIt: its writer, who commands alone, is not who is called.
func TestSecondLook_CallsWhoCanGiveIt(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident ack")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update All is gone --to mail")
	asked := events[incident.UpdateDrafted](o, id)[0].Asked
	if len(asked) == 0 || slices.ContainsFunc(asked, func(p incident.Person) bool { return p.Name == "Ana Ruiz" }) {
		t.Errorf("called: %+v", asked)
	}
}

// TestI56_AnEditOfARestrictedIncidentGoesToWhomItMay: those who had it by mail get no more, and responders read what is right.
func TestI56_AnEditOfARestrictedIncidentGoesToWhomItMay(t *testing.T) {
	o := telling(t)
	o.conf.Outlets.Second = nil
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update All is gone --to announcement,mail")
	if r := o.typed(ana, channel, "/incident type Data breach"); !o.read(id).Restricted {
		t.Fatalf("%+v", r.Say)
	}
	if r := o.typed(ana, channel, "/incident edit 1 Half is gone"); !r.Done() {
		t.Fatalf("%+v", r.Say)
	}
	edits := events[incident.UpdateEdited](o, id)
	if len(edits) != 1 || !slices.Equal(edits[0].To, []incident.Audience{incident.AudienceResponders}) {
		t.Errorf("%+v", edits)
	}
	if r := o.typed(ana, channel, "/incident resolve it is over anyway: all is well"); !r.Done() || !strings.Contains(r.Say.Text, "Nobody tells the mailing list") {
		t.Errorf("%+v", r.Say)
	}
}

// TestI50_NobodyPromisesWhatMayNotBeSent: executives are promised nothing of drills and of restricted incidents.
func TestI50_NobodyPromisesWhatMayNotBeSent(t *testing.T) {
	o := telling(t)
	drill, _ := o.begin("drill users db is gone")
	if i := o.read(drill); !i.Drill || i.ExecutivesEvery != 0 || !i.ExecutivesDue.IsZero() {
		t.Errorf("a drill promises %s", i.ExecutivesEvery)
	}
	o.conf.Outlets.Drills = true
	mailed, _ := o.begin("drill users db is slow")
	id, channel := o.begin("users db is gone")
	if i := o.read(id); o.read(mailed).ExecutivesEvery != time.Hour || i.ExecutivesEvery != time.Hour {
		t.Fatalf("promises %s and %s", o.read(mailed).ExecutivesEvery, i.ExecutivesEvery)
	}
	o.typed(ana, channel, "/incident type Data breach")
	o.typed(ana, channel, "/incident severity 2 it is small")
	o.typed(ana, channel, "/incident severity 1")
	if i := o.read(id); !i.Restricted || i.Severity != 1 || i.ExecutivesEvery != 0 || !i.ExecutivesDue.IsZero() {
		t.Errorf("restricted %v, SEV-%d promises %s", i.Restricted, i.Severity, i.ExecutivesEvery)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestI50_EachAudienceReadsItsOwnPromise: executives, who hear every hour, read of the next hour; what is promised in the words
// of one message is said once.
func TestI50_EachAudienceReadsItsOwnPromise(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update All is gone --to executives,mail next 30m")
	i := o.read(id)
	sent, waits := events[incident.UpdateSent](o, id)[0], i.Waiting()[0]
	hour, half := o.now.Add(time.Hour).UTC().Format("15:04"), o.now.Add(30*time.Minute).UTC().Format("15:04")
	theirs, list := sent.ToExecutives(), waits.Outward+waits.Opening
	if words := theirs.Outward + theirs.Opening; !strings.Contains(words, hour) || strings.Contains(words, half) || theirs.ExecutivesDue.UTC().Format("15:04") != hour {
		t.Errorf("executives read, with the next one due %s:\n%s", theirs.ExecutivesDue, words)
	}
	if !strings.Contains(list, half) || strings.Contains(list, hour) || strings.Contains(list, "15 min") {
		t.Errorf("the list reads:\n%s", list)
	}
	o.conf.Outlets.Second = append(o.conf.Outlets.Second, incident.AudienceExecutives)
	o.pass(10 * time.Minute)
	o.typed(ana, channel, "/incident update Half is back --to executives,mail")
	promised := o.read(id).Waiting()[0].ExecutivesDue
	o.pass(5 * time.Minute)
	o.typed(bea, channel, "/incident release m2")
	i = o.read(id)
	last := events[incident.UpdateSent](o, id)
	if e := last[len(last)-1].ToExecutives(); !i.ExecutivesDue.Equal(promised) || !strings.Contains(e.Outward, promised.Format("15:04")) {
		t.Errorf("promised %s, due %s:\n%s", promised, i.ExecutivesDue, e.Outward)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestI50_SendGoesToEverybodyWhoWasPromisedIt: the mailing list read when the next one comes.
func TestI50_SendGoesToEverybodyWhoWasPromisedIt(t *testing.T) {
	o := telling(t)
	o.conf.Outlets.Second = nil
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update All is gone --to announcement,mail,executives")
	o.pass(10 * time.Minute)
	i := o.read(id)
	if r := o.do(commands.Command{Verb: "incident send", Object: "1/u1/d" + commands.DraftID(commands.Draft(i)), Channel: channel, Actor: ana}); !r.Done() {
		t.Fatalf("%+v", r.Say)
	}
	sent := events[incident.UpdateSent](o, id)
	if to := sent[len(sent)-1].To; len(sent) != 2 || !slices.Equal(to, []incident.Audience{incident.AudienceResponders, incident.AudienceAnnouncement, incident.AudienceMail}) {
		t.Errorf("sent to %v; executives have a promise of their own", to)
	}
}

// TestUpdate_WordsForThePageAreNotDropped: who writes them believes that they are read.
func TestUpdate_WordsForThePageAreNotDropped(t *testing.T) {
	o := telling(t)
	id, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	if r := o.typed(ana, channel, "/incident update All is gone --to mail --public We look into it"); r.Done() || o.read(id).Updates != 0 || !strings.Contains(r.Say.Text, "status") {
		t.Errorf("%+v", r.Say)
	}
}

// TestFalseAlarm_SaysWhomNobodyTells: they had read when the next update comes.
func TestFalseAlarm_SaysWhomNobodyTells(t *testing.T) {
	o := telling(t)
	_, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident impact nobody can log in")
	o.typed(ana, channel, "/incident update All is gone --to executives")
	if r := o.typed(ana, channel, "/incident resolve false-alarm a wrong probe"); !r.Done() || !strings.Contains(r.Say.Text, "Nobody tells executives") {
		t.Errorf("%+v", r.Say)
	}
}
