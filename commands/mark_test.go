package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/templates"
)

// pressed finds a button that a card shows, as the chat sends it back.
func pressed(t *testing.T, m templates.Message, verb string) commands.Command {
	t.Helper()
	for _, b := range m.Blocks {
		actions, ok := b.(templates.Actions)
		if !ok {
			continue
		}
		for _, e := range actions.Elements {
			list := []templates.Button{}
			switch e := e.(type) {
			case templates.Button:
				list = append(list, e)
			case templates.Menu:
				list = e.Options
			}
			for _, button := range list {
				if button.Verb == verb {
					return commands.Command{Verb: verb, Object: button.Object}
				}
			}
		}
	}
	t.Fatalf("%s has no button %q", m.Text, verb)
	return commands.Command{}
}

// approvalCard is the card of an approval as the channel has it.
func (r *rig) approvalCard(name string) templates.Message {
	r.t.Helper()
	i := r.fold()
	for _, a := range i.Approvals {
		if a.Name() != name {
			continue
		}
		spec, err := r.Spec(r.t.Context(), i.Run(a.Run).Step(a.Step).Spec)
		if err != nil {
			r.t.Fatal(err)
		}
		return templates.ApprovalCard(i, a, templates.Facts{Scripts: map[string]string{a.Action.Script: spec.Script}})
	}
	r.t.Fatalf("no approval %s", name)
	return templates.Message{}
}

// by is a press of somebody in the incident's channel.
func (r *rig) by(who commands.Actor, c commands.Command, fields ...string) commands.Reply {
	r.t.Helper()
	c.Actor, c.Channel = who, r.channel
	for k := 0; k+1 < len(fields); k += 2 {
		if c.Fields == nil {
			c.Fields = map[string][]string{}
		}
		c.Fields[fields[k]] = []string{fields[k+1]}
	}
	return r.do(c)
}

// shorter lets the step run for another time, which is part of what is approved.
func shorter(l *runbook.Lock) { entryOf(l, "p1.s4").Timeout = 20 * time.Minute }

// TestI1_ACardFromAnotherRecordDecidesNothing: two records that gave the same number to two texts, as a record and what was
// restored in its place do. What the card of one shows lets nothing of the other run.
func TestI1_ACardFromAnotherRecordDecidesNothing(t *testing.T) {
	before, now := recovery(t).rig(), recovery(t, shorter).rig()
	name := before.toApproval()
	if now.toApproval() != name {
		t.Fatal("the two records number differently")
	}
	old, live := before.approvalCard(name), now.approvalCard(name)
	starts := now.starts()
	for _, verb := range []string{"recover approve", "recover deny"} {
		reply := now.by(bea, pressed(t, old, verb))
		now.refused(reply, incident.TooLate, "sha256 "+before.fold().Approvals[0].Digest[:8])
		if !strings.Contains(reply.Say.Text, "asks now for step 1.4 on db1") || !strings.Contains(reply.Say.Text, now.fold().Approvals[0].Digest[:8]) {
			t.Errorf("%s", reply.Say.Text)
		}
	}
	breaking := pressed(t, old, "recover approve")
	breaking.Verb = "recover break"
	now.refused(now.by(dev, breaking, "reason", unheard, "target", "db1"), incident.TooLate, "sha256")
	if a := now.fold().Approvals[0]; a.State != incident.Pending || len(a.Votes) != 0 || now.starts() != starts {
		t.Fatalf("%s %d votes", a.State, len(a.Votes))
	}
	for _, verb := range []string{"recover approve", "recover break"} { // not of any card
		now.refused(now.by(bea, commands.Command{Verb: verb, Object: name}, "reason", unheard, "target", "db1"), incident.TooLate, "card")
	}
	now.must(now.by(bea, pressed(t, live, "recover approve")))
}

// TestI1_TheSameTextAskedAgainIsAnotherCard: the text may be the same; what was read beside it is not.
func TestI1_TheSameTextAskedAgainIsAnotherCard(t *testing.T) {
	before, now := recovery(t).rig(), recovery(t).rig()
	now.pass(time.Second)
	name := before.toApproval()
	now.toApproval()
	now.refused(now.by(bea, pressed(t, before.approvalCard(name), "recover approve")), incident.TooLate, "earlier")
	form := now.by(bea, pressed(t, now.approvalCard(name), "recover deny")).Form
	if form == nil || !strings.HasPrefix(form.Object, name+"#") {
		t.Fatalf("%+v", form)
	}
	now.must(now.by(bea, commands.Command{Verb: form.Verb, Object: form.Object}, "reason", "Not now"))
}

// TestI1_ARunsButtonsAreOfItsCard: a plan is started, and a step confirmed, as the card showed them.
func TestI1_ARunsButtonsAreOfItsCard(t *testing.T) {
	before, now := recovery(t).rig(), recovery(t).rig()
	now.pass(time.Second)
	before.plan()
	now.plan()
	plan := func(r *rig) templates.Message { return templates.RunCard(r.fold(), r.run(), templates.Facts{}) }
	old := plan(before)
	now.refused(now.by(ana, pressed(t, old, "recover start")), incident.TooLate, "another R1")
	drawn := pressed(t, plan(now), "recover start")
	now.must(now.by(ana, commands.Command{Verb: "recover choose", Object: "R1"}, "BACKUP", "backup_2", "BACKUP.reason", "the newer one"))
	changed := pressed(t, plan(now), "recover start")
	if changed.Object == drawn.Object {
		t.Fatal("another value, and the same button")
	}
	now.refused(now.by(ana, drawn), incident.WrongState, "was changed after this was drawn")
	now.must(now.by(ana, changed))
	now.refused(now.by(ana, pressed(t, old, "recover cancel"), "reason", "wrong one"), incident.TooLate, "another R1")
	if run := now.run(); run.State != incident.Running {
		t.Fatalf("%s", run.State)
	}
	form := now.by(ana, pressed(t, plan(now), "recover cancel")).Form
	if form == nil || form.Object != "R1#"+now.run().Mark() {
		t.Fatalf("%+v", form)
	}
	now.must(now.by(ana, commands.Command{Verb: form.Verb, Object: form.Object}, "reason", "wrong one"))
}
