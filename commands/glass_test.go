package commands_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
)

const unheard = "Bea and Chen were called twice and nobody answers"

// glass holds a start by a broken glass against I16: by somebody else than who asked and who operates, for that text, not
// before the second call, and not when the request had ended.
func (h *history) glass(run *incident.Run, a *incident.Approval, at time.Time) error {
	switch {
	case a.State != incident.Granted:
		return fmt.Errorf("I16: glass on %s, which is %s", a.Name(), a.State)
	case a.DecidedBy.Key != "dev@example.com":
		return fmt.Errorf("I16: %s broke the glass", a.DecidedBy.Key)
	case a.DecidedBy.Same(run.Operator) || a.DecidedBy.Same(a.By):
		return fmt.Errorf("I8: %s broke their own glass", a.DecidedBy.Key)
	case a.Decided.Before(a.NudgeAt(incident.GlassNudge)) || !a.Decided.Before(a.Expires):
		return fmt.Errorf("I16, I18: the glass of %s was broken at %s", a.Name(), a.Decided)
	case len(h.fold.BrokenIn(run.N)) == 0:
		return fmt.Errorf("I16: no mark of %s at %s", a.Name(), at)
	}
	return nil
}

// crew is the staff with a second operator, who may take a run over.
func crew() []people.Entry {
	entries := slices.Clone(staff)
	entries[2].Roles = []string{"responder", "operator", "approver", "admin"}
	return entries
}

// handed offers roles and run, and answers offers.
func (r *rig) handed(rt *rapid.T, who commands.Actor) {
	object, open := fmt.Sprintf("%d/h1", r.id), false
	for _, o := range r.fold().Offers {
		object, open = fmt.Sprintf("%d/h%d", r.id, o.N), o.How == ""
	}
	if open {
		who = rapid.SampledFrom([]commands.Actor{who, chen}).Draw(rt, "taker")
		r.press(who, rapid.SampledFrom([]string{"incident take", "incident take", "incident notnow"}).Draw(rt, "answer"), object)
		return
	}
	switch rapid.IntRange(0, 3).Draw(rt, "hand") {
	case 0:
		r.say(who, "/recover handover <@"+rapid.SampledFrom([]string{"U0ANA", "U0BEA", "U0CHEN"}).Draw(rt, "to")+">")
	case 1:
		r.say(who, "/incident handover <@U0CHEN>")
	case 2:
		r.press(who, "incident take", object)
	default:
		r.press(who, "incident notnow", object)
	}
}

// TestI16_GlassInTheChannelAndAtTheTerminal: the form, then the decision; refusals are on record, and no door skips a rule.
func TestI16_GlassInTheChannelAndAtTheTerminal(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	starts := r.starts()
	r.refused(r.press(dev, "recover break", a, "reason", unheard, "target", "db1"), incident.WrongState, "until")
	r.pass(7 * time.Minute)
	r.refused(r.press(bea, "recover break", a), incident.NotAllowed, "Dev Rao")
	r.refused(r.press(ana, "recover break", a, "reason", unheard, "target", "db1"), incident.NotAllowed, "Dev Rao")
	if form := r.press(dev, "recover break", a).Form; form == nil || form.Verb != "recover break" || len(form.Fields) != 2 {
		t.Fatalf("form %+v", form)
	}
	if reply := r.press(dev, "recover break", a, "reason", "too short", "target", "db1"); reply.Errors["reason"] == "" {
		t.Errorf("a short reason: %+v", reply)
	}
	if reply := r.press(dev, "recover break", a, "reason", "too short", "target", "zz"); !strings.Contains(reply.Errors["reason"], "has 9 characters") {
		t.Errorf("%+v", reply)
	}
	if reply := r.press(dev, "recover break", a, "reason", unheard, "target", "db2"); reply.Errors["target"] == "" {
		t.Errorf("another target: %+v", reply)
	}
	elsewhere := commands.Command{Verb: "recover break", Object: a, Channel: "CELSE", Actor: dev, Fields: map[string][]string{"reason": {unheard}, "target": {"db1"}}}
	r.refused(r.do(elsewhere), incident.NotAllowed, "own channel") // I15
	terminal := elsewhere
	terminal.Channel, terminal.Actor = "", commands.Actor{Unix: "dev", Terminal: true}
	r.refused(r.do(terminal), incident.BadInput, "sha256") // I3: the text was not shown
	terminal.Fields = map[string][]string{"reason": {unheard}, "target": {"db1"}, "sha256": {r.fold().Approvals[0].Digest[:8]}}
	r.conf.RunAs = ""
	r.refused(r.do(terminal), incident.NotAllowed, "runner.user") // I57
	r.conf.RunAs = "drbot-run"
	if r.starts() != starts || r.records(r.id, "GlassBroken") != 0 || r.records(r.id, "Refused") < 5 {
		t.Fatalf("%d starts, %d refusals", r.starts(), r.records(r.id, "Refused"))
	}
	r.must(r.do(terminal))
	r.answer()
	if r.starts() != starts+1 || len(r.fold().BrokenIn(1)) != 1 {
		t.Errorf("%d starts, %+v", r.starts(), r.fold().Glass)
	}
	if reply := r.press(bea, "recover approve", a); !strings.Contains(reply.Say.Text, "broke the glass") {
		t.Errorf("a late approval: %q", reply.Say.Text)
	}
}

// TestI16_NobodyIsListedByDefault: without break_glass nobody may.
func TestI16_NobodyIsListedByDefault(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.pass(7 * time.Minute)
	entries := append(staff[:0:0], staff...)
	entries[3].Breaks = false
	r.people(entries)
	r.refused(r.press(dev, "recover break", a, "reason", unheard, "target", "db1"), incident.NotAllowed, "nobody is configured")
}
