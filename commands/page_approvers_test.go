package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
)

// accounts gives the crew ids of PagerDuty, in their order; "" has none.
func (r *rig) accounts(ids ...string) {
	entries := crew()
	for k := range entries {
		entries[k].PagerDuty = ids[k]
	}
	r.people(entries)
	r.Duty = &people.Duty{}
	r.conf.Pager = commands.Pager{On: true, Approvers: "PPOL", Service: "S"}
}

// pages lists them: what, whom, and why not.
func (r *rig) pages() string {
	var list []string
	for k := range r.fold().Pages {
		p := &r.fold().Pages[k]
		list = append(list, strings.TrimSpace(p.Kind+" "+r.page(p.N).ID+" "+p.Failed))
	}
	return strings.Join(list, "|")
}

// TestI8_WhoAskedIsOfferedToPageWhoDecides, and nobody else; who was paged is not paged again, by whatever way.
func TestI8_WhoAskedIsOfferedToPageWhoDecides(t *testing.T) {
	r := recovery(t).rig()
	r.accounts("PANA", "PBEA", "PCHEN", "")
	a := r.toApproval()
	refusal := r.press(ana, "recover approve", a)
	r.refused(refusal, incident.NotAllowed, "You asked for this")
	if len(refusal.Say.Blocks) != 2 {
		t.Errorf("no button: %+v", refusal.Say)
	}
	if other := r.press(dev, "recover approve", a); len(other.Say.Blocks) != 0 {
		t.Errorf("offered to somebody who did not ask: %+v", other.Say)
	}
	if again := r.press(ana, "recover deny", a, "reason", "Not now"); len(again.Say.Blocks) != 2 {
		t.Errorf("not offered with a denial: %+v", again.Say)
	}
	reply := r.press(ana, "recover page", a)
	if !reply.Done() || !strings.Contains(reply.Say.Text, "PagerDuty is asked to page Bea Ode and Chen Li for A1") {
		t.Errorf("%+v", reply)
	}
	if got := r.pages(); got != "person PBEA|person PCHEN" {
		t.Errorf("pages %s", got)
	}
	if p := r.page(1); p.By.Key != "ana@example.com" || p.Why != incident.PageForApproval || p.Approval != 1 {
		t.Errorf("%+v", p)
	}
	if twice := r.press(ana, "recover page", a); twice.Kind != incident.WrongState || !strings.Contains(twice.Say.Text, "paged already") {
		t.Errorf("%+v", twice)
	}
	if refusal := r.press(ana, "recover approve", a); len(refusal.Say.Blocks) != 0 {
		t.Error("offered again")
	}
	r.pass(7 * time.Minute)
	r.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.Tick{Incident: r.id}})
	if got := r.pages(); got != "person PBEA|person PCHEN" {
		t.Errorf("called again: %s", got)
	}
	r.must(r.press(bea, "recover approve", a))
	if late := r.press(ana, "recover page", a); late.Done() || len(r.fold().Pages) != 2 {
		t.Errorf("after the decision: %+v", late)
	}
}

// TestPagingApproversWithoutAccounts: who has none is called by phone; where nobody has, the approvers' policy is paged.
func TestPagingApproversWithoutAccounts(t *testing.T) {
	for name, c := range map[string]struct {
		ids   []string
		pager commands.Pager
		want  string
	}{
		"one has none":      {[]string{"PANA", "PBEA", "", ""}, commands.Pager{On: true, Approvers: "PPOL", Service: "S"}, "person PBEA|person  Chen Li has no account in PagerDuty that drbot knows"},
		"nobody has one":    {[]string{"", "", "", ""}, commands.Pager{On: true, Approvers: "PPOL", Service: "S"}, "policy PPOL"},
		"nor a policy":      {[]string{"", "", "", ""}, commands.Pager{On: true, Service: "S"}, "person  Bea Ode and Chen Li have no account in PagerDuty that drbot knows"},
		"without PagerDuty": {[]string{"", "PBEA", "PCHEN", ""}, commands.Pager{}, "person PBEA PagerDuty is not configured here"},
	} {
		t.Run(name, func(t *testing.T) {
			r := recovery(t).rig()
			r.accounts(c.ids...)
			r.conf.Pager = c.pager
			a := r.toApproval()
			r.must(r.press(ana, "recover page", a))
			if got := r.pages(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestTheNextCallIsPutOffOnce, by an approver, until it was made.
func TestTheNextCallIsPutOffOnce(t *testing.T) {
	r := recovery(t).rig()
	r.accounts("PANA", "PBEA", "PCHEN", "")
	a := r.toApproval()
	tick := func(after time.Duration) {
		r.pass(after)
		r.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.Tick{Incident: r.id}})
	}
	tick(3*time.Minute + time.Second)
	r.pass(2 * time.Minute)
	if r := r.press(dev, "recover quiet", a); r.Done() {
		t.Errorf("by somebody without a right: %+v", r)
	}
	if r := r.press(bea, "recover quiet", a); !r.Done() || !strings.Contains(r.Say.Text, "nobody is called for A1 before") {
		t.Errorf("%+v", r)
	}
	if r := r.press(chen, "recover quiet", a); r.Kind != incident.WrongState || !strings.Contains(r.Say.Text, "Bea Ode put the next call for A1 off") {
		t.Errorf("twice: %+v", r)
	}
	tick(2 * time.Minute)
	if n := r.fold().Nudges(r.fold().Approval(1)); n != 1 {
		t.Errorf("%d calls while they are put off", n)
	}
	tick(time.Minute + time.Second)
	if n := r.fold().Nudges(r.fold().Approval(1)); n != 2 {
		t.Errorf("%d calls after it", n)
	}
	if err := r.refolded(r.id); err != nil {
		t.Error(err)
	}
}
