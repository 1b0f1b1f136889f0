package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
)

// TestI41_HiddenCharactersAreNoText: whatever door a free text comes through, one that nobody would see is missing.
func TestI41_HiddenCharactersAreNoText(t *testing.T) {
	o := opened(t)
	const unseen = "\u202e\u200b\u2066"
	if reply := o.typed(ana, "CTALK", "/incident open sev1 "+unseen); reply.Done() || reply.ID != 0 && reply.Form == nil {
		t.Errorf("opened: %+v", reply)
	}
	if reply := o.do(commands.Command{Verb: "incident open", Actor: ana, Fields: map[string][]string{"title": {unseen}}}); reply.Done() || len(reply.Errors) == 0 {
		t.Errorf("opened by form: %+v", reply)
	}
	id, channel := o.begin("users gone")
	o.pass(time.Hour)
	before := o.records(id)
	for _, line := range []string{
		"note " + unseen, "impact " + unseen, "severity 3 " + unseen, "checklist c2 na " + unseen, "role scribe " + unseen, "resolve false-alarm " + unseen,
		"resolve done anyway: " + unseen, "update " + unseen,
	} {
		if reply := o.typed(ana, channel, "/incident "+line); reply.Done() && reply.Form == nil {
			t.Errorf("%q was taken: %s", line, reply.Say.Text)
		}
	}
	for _, c := range []commands.Command{
		{Verb: "incident note", Fields: map[string][]string{"text": {unseen}}}, {Verb: "incident update", Fields: map[string][]string{"text": {unseen}}},
		{Verb: "incident resolve", Fields: map[string][]string{"summary": {unseen}}},
	} {
		c.Actor, c.Channel = ana, channel
		if reply := o.do(c); reply.Done() {
			t.Errorf("%s was taken: %s", c.Verb, reply.Say.Text)
		}
	}
	if after := o.records(id, "Noted", "UpdateSent", "ItemExcused", "RoleTaken", "Resolved", "ImpactSet", "SeveritySet"); after != 0 || o.records(id) != before {
		t.Errorf("%d records of them, %d records more", after, o.records(id)-before)
	}
	if reply := o.typed(ana, channel, "/incident note \u200bdb1 is hot\u202e"); !reply.Done() {
		t.Errorf("a text with hidden ends: %+v", reply)
	}
}

// TestRole_NobodyIsARawID: a person whom drbot.yaml does not have is named as the chat names them, or not taken.
func TestRole_NobodyIsARawID(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users gone")
	for _, line := range []string{"role scribe <@U0STR>", "role scribe U0STR", "role scribe <@U0STR|U0STR>", "checklist c1 <@U0STR>"} {
		reply := o.typed(ana, channel, "/incident "+line)
		if reply.Done() || !strings.Contains(reply.Say.Text, "not in drbot.yaml") || strings.HasPrefix(reply.Say.Text, "U0STR") {
			t.Errorf("%s: %q", line, reply.Say.Text)
		}
	}
	if n := o.records(id, "RoleTaken", "ItemAssigned"); n != 0 {
		t.Errorf("%d records", n)
	}
	o.Flags.Put("U0STR", people.Flags{Name: "Stranger Low"})
	if reply := o.typed(ana, channel, "/incident role scribe <@U0STR>"); reply.Say.Text != "Stranger Low is scribe of INC-1." {
		t.Errorf("%q", reply.Say.Text)
	}
}

// TestChecklist_OfARunbookWithoutOne says so, and counts from c1 to nothing nowhere.
func TestChecklist_OfARunbookWithoutOne(t *testing.T) {
	o := opened(t)
	o.book.Checklist = runbook.Checklist{}
	_, channel := o.begin("users gone")
	for _, line := range []string{"checklist", "checklist c99 done", "checklist c1 na none"} {
		if reply := o.typed(ana, channel, "/incident "+line); !strings.Contains(reply.Say.Text, "no checklist") || strings.Contains(reply.Say.Text, "c0") {
			t.Errorf("%s: %q", line, reply.Say.Text)
		}
	}
}

// TestChecklist_BoxesOfTheLastChildCloseTheParent: whoever ticks the last child sees the list complete.
func TestChecklist_BoxesOfTheLastChildCloseTheParent(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users gone")
	o.do(commands.Command{Verb: "incident checklist", Object: "1", Actor: ana, Channel: channel, Fields: map[string][]string{"was": {}, "now": {"c1", "c2", "c4"}}})
	reply := o.do(commands.Command{Verb: "incident checklist", Object: "1", Actor: ana, Channel: channel, Fields: map[string][]string{"was": {}, "now": {"c5"}}})
	if closed, all := o.read(id).ItemsDone(); closed != 5 || all != 5 {
		t.Errorf("%d of %d: %s", closed, all, reply.Say.Text)
	}
	if err := o.refolded(id); err != nil {
		t.Error(err)
	}
}

// TestI42_TheHouseTicks: a day after the first record the house is asked to show the record's head, once.
func TestI42_TheHouseTicks(t *testing.T) {
	o := opened(t)
	tick := func() {
		o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.Tick{}})
	}
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.ConfigLoaded{Digest: "a", By: incident.Bot}})
	tick()
	o.pass(25 * time.Hour)
	tick()
	tick()
	if n := o.records(0, "DeadlineSpoken"); n != 1 {
		t.Errorf("spoken %d times", n)
	}
}

// TestI34_APlansValueIsNotTrimmed: what a person gives for a parameter is judged as it is, hidden characters and all.
func TestI34_APlansValueIsNotTrimmed(t *testing.T) {
	r := recovery(t).rig()
	r.must(r.say(ana, "/recover database"))
	r.answer()
	for _, value := range []string{"backup_1 ", "backup_1\u200b", " backup_1"} {
		if reply := r.press(ana, "recover choose", "R1", "BACKUP", value); reply.Errors["BACKUP"] == "" {
			t.Errorf("%q was taken for backup_1: %+v", value, reply)
		}
	}
	r.must(r.press(ana, "recover choose", "R1", "BACKUP", "backup_1"))
}
