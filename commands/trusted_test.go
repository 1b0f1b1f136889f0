package commands_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
)

// TestI56_ATaskOpensNoRestrictedIncident: who is none of its people is given no part of it, since that would make them one;
// its own people are, and in the form the refusal stands at a field.
func TestI56_ATaskOpensNoRestrictedIncident(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("records leaked")
	o.typed(ana, channel, "/incident type Data breach")
	o.typed(ana, channel, "/incident ack")
	if !o.read(id).Restricted {
		t.Fatal("it is not restricted")
	}
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.BindChannel{Incident: id, Channel: "CPRIVATE", Name: "inc-1", Private: true}})
	channel = "CPRIVATE"
	o.members(id, channel, false)
	o.refused(ana, channel, "/incident role scribe @bea", "not in the channel of this restricted incident")
	o.refused(ana, channel, "/incident checklist c1 @bea", "not in the channel of this restricted incident")
	if r := o.typed(ana, channel, "/incident checklist c1 me"); !r.Done() {
		t.Errorf("%+v", r)
	}
	if r := o.typed(ana, channel, "/incident resolve closed anyway: the rest follows"); !r.Done() {
		t.Fatalf("%+v", r)
	}
	for _, line := range []string{"/incident action rotate the keys @bea due 1w", "/incident task t1 @bea", "/incident review owner @bea"} {
		o.refused(ana, channel, line, "not in the channel of this restricted incident")
	}
	if r := o.do(commands.Command{Verb: "incident task set", Object: "1/t1", Actor: ana, Channel: channel, Fields: map[string][]string{"who": {bea.Slack}}}); len(r.Errors) != 1 {
		t.Errorf("%+v", r)
	}
	if i := o.read(id); len(i.Review.Actions) != 0 || i.Review.Tasks[0].Owner.Name != "Ana Ruiz" || i.Review.Owner.Name != "Ana Ruiz" {
		t.Errorf("%+v", i.Review)
	}
	o.members(id, channel, true)
	for _, line := range []string{"/incident action rotate the keys me due 1w", "/incident action rotate the keys @bea due 1w", "/incident task t1 @bea", "/incident review owner @bea"} {
		if r := o.typed(ana, channel, line); !r.Done() {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

// members says that Ana is in a private channel, and whether Bea is.
func (o *office) members(id incident.ID, channel string, beaToo bool) {
	o.t.Helper()
	all := commands.MembersAre{Incident: id, Channel: channel, Users: []string{ana.Slack}}
	if beaToo {
		all.Users = append(all.Users, bea.Slack)
	}
	for range 2 {
		o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: all})
	}
}

func (o *office) refused(who commands.Actor, channel, line, says string) {
	o.t.Helper()
	if r := o.typed(who, channel, line); r.Kind != incident.BadInput || !strings.Contains(r.Say.Text, says) {
		o.t.Errorf("%s: %+v", line, r)
	}
}

// The form that gives an item to a person ticks nothing when no person is chosen.
func TestItemForm_GivenToNobodyIsNotDone(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	r := o.do(commands.Command{Verb: "incident checklist", Object: "1", Actor: ana, Channel: channel, Fields: map[string][]string{"item": {"c1"}, "what": {"assign"}, "reason": {""}}})
	if r.Errors["who"] == "" || o.read(id).Item("c1").Closed() {
		t.Errorf("%+v %+v", r, o.read(id).Item("c1"))
	}
}

// What looks like a time and is none is no text: the note would stand at another instant than was meant.
func TestNote_AMistypedTimeIsRefused(t *testing.T) {
	o := opened(t)
	id, channel := o.begin("users db is gone")
	seq := o.read(id).Seq
	for _, text := range []string{
		"3:04 pm lights out", "25:00 hello", "2026-02-30 10:00 nope", "tomorrow 10:00 x", "3:04pm x", "[10:75] x", "yesterday 25:00 x", "2026-11-24 25:00 x", "2026-11-24T25:00 x", "10:75:00 x",
		"yesterday we moved", "2026-11-24 is when it began",
	} {
		o.refused(ana, channel, "/incident note "+text, "is no time that drbot reads")
	}
	for _, at := range []string{"25:00", "tomorrow", "2026-02-30 10:00", "10:00 pm", "soon"} {
		r := o.do(commands.Command{Verb: "incident note", Object: "1", Actor: ana, Channel: channel, Fields: map[string][]string{"text": {"x"}, "at": {at}}})
		if r.Errors["at"] == "" {
			t.Errorf("%s: %+v", at, r)
		}
	}
	if now := o.read(id).Seq; now != seq {
		t.Errorf("%d events", now-seq)
	}
	for _, text := range []string{"we moved yesterday", "it began on 2026-11-24", "pm is away", "3 of 4 disks", "tomorrow we look again", "10:00:30 exactly", "[02:40] seen", "v10.20 is out"} {
		if r := o.typed(ana, channel, "/incident note "+text); !r.Done() || !strings.Contains(r.Say.Text, "Noted at") {
			t.Errorf("%s: %+v", text, r)
		}
	}
}
