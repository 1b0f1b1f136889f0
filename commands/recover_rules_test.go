package commands_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/people"
	"github.com/drbot/drbot/runbook"
)

// load makes another lock the loaded one, not accepted yet.
func (r *rig) load(change func(*runbook.Lock)) {
	r.t.Helper()
	r.book = procedures(r.t, change)
	r.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.RunbookLoaded{Runbook: r.book}})
}

// starts counts the attempts that the record holds.
func (r *rig) starts() int { return r.records(r.id, "StepStarting") }

func TestI1_AnApprovalIsForOneTextValueAndTargetAlone(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	before := r.fold().Approvals[0]
	script := []byte("rm -rf -- \"$QUARANTINE\"\n")
	if before.Action.Digest(script) != before.Digest {
		t.Fatal("the digest is of something else")
	}
	other := before.Action
	for name, change := range map[string]func(*incident.Action){
		"interpreter": func(a *incident.Action) { a.Interpreter = "sh" },
		"value":       func(a *incident.Action) { a.Env = []incident.Var{{Name: "QUARANTINE", Value: "R2"}} },
		"name":        func(a *incident.Action) { a.Env = []incident.Var{{Name: "QUARANTINF", Value: "R1"}} },
		"target":      func(a *incident.Action) { a.Target = "db2" },
		"identity":    func(a *incident.Action) { a.Identity = map[string]string{"host": "db2"} },
		"directory":   func(a *incident.Action) { a.Dir = "/srv/db2" },
		"account":     func(a *incident.Action) { a.User = "root" },
		"secret":      func(a *incident.Action) { a.Secrets = []string{"pg"} },
		"limit":       func(a *incident.Action) { a.Timeout++ },
	} {
		changed := other
		change(&changed)
		if changed.Digest(script) == before.Digest {
			t.Errorf("another %s has the same digest", name)
		}
	}
	if before.Action.Digest(append(script, ' ')) == before.Digest {
		t.Error("another byte has the same digest")
	}
	// Another target than was approved, read just before the start: withdrawn, nothing starts.
	starts := r.starts()
	r.must(r.press(bea, "recover approve", a))
	r.host = "db2"
	r.answer()
	if got := r.fold().Approvals[0].State; got != incident.IsWithdrawn || r.starts() != starts {
		t.Errorf("%s, %d starts", got, r.starts()-starts)
	}
	if !strings.Contains(r.run().Why, "host was db1, is db2") {
		t.Errorf("%q", r.run().Why)
	}
}

func TestI4_ARunKeepsItsRevision(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	text, err := r.ApprovalText(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	r.load(func(l *runbook.Lock) {
		e := entryOf(l, "p1.s4")
		e.Run = "echo something else\n"
		e.SHA256 = runbookDigest(e.Run)
	})
	again, err := r.ApprovalText(t.Context(), a)
	if err != nil || again != text {
		t.Fatalf("%v", err)
	}
	r.must(r.press(bea, "recover approve", a))
	r.answer()
	s := r.next()
	if s.Number != "1.4" || s.State != incident.StepStarts || s.Script != runbookDigest("rm -rf -- \"$QUARANTINE\"\n") {
		t.Fatalf("%s %s %s", s.Number, s.State, s.Script)
	}
}

func TestI5_OnlyAcceptedEntriesRun(t *testing.T) {
	o := opened(t)
	o.book = procedures(t)
	o.conf.Procedures = map[string][]string{"Database corruption": {"p1"}}
	o.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.RunbookLoaded{Runbook: o.book}})
	r := o.rig()
	if reply := r.say(ana, "/recover list"); !strings.Contains(reply.Say.Text, runbook.WhyAccepted) {
		t.Errorf("%s", reply.Say.Text)
	}
	r.must(r.say(ana, "/recover database"))
	for _, s := range r.run().Steps {
		if !s.Manual || s.Number != "1.5" && s.Why != runbook.WhyAccepted {
			t.Errorf("%s: manual %t, %q", s.Number, s.Manual, s.Why)
		}
	}
	// An acceptance that goes between plan and start: it does not start.
	o = recovery(t)
	r = o.rig()
	r.plan()
	r.load(func(l *runbook.Lock) { entryOf(l, "p1.s4").Timeout = time.Hour })
	r.refused(r.say(ana, "/recover start"), incident.Blocked, "step 1.4 is not accepted")
	r.must(r.say(ana, "/recover plan database"))
	if s := r.run().Step("1.4"); !s.Manual || s.Why != runbook.WhyAccepted {
		t.Errorf("planned anew it is %+v", s)
	}
}

func TestI8_WhoAskedDoesNotApprove(t *testing.T) {
	r := recovery(t).rig()
	entries := append([]people.Entry{}, staff...)
	entries[0].Roles = []string{"responder", "operator", "approver"}
	r.people(entries)
	a := r.toApproval()
	for _, alias := range []commands.Actor{ana, {Unix: "ana"}} {
		c := commands.Command{Verb: "recover approve", Object: a, Actor: alias, Fields: map[string][]string{"sha256": {r.fold().Approvals[0].Digest}}}
		if alias.Slack != "" {
			c.Channel, c.Object = r.channel, r.marked(a)
		}
		r.refused(r.do(c), incident.NotAllowed, "You asked for this")
	}
	if r.fold().Approvals[0].State != incident.Pending {
		t.Error("it counted")
	}
	for _, p := range r.fold().Approvals[0].Asked {
		if p.Key == "ana@example.com" {
			t.Error("she was asked")
		}
	}
}

// A refusal names those who can decide, never who asked, and says of a right that was removed when that was.
func TestI42_ARefusalNamesWhoCanDecide(t *testing.T) {
	r := recovery(t).rig()
	entries := append([]people.Entry{}, staff...)
	entries[0].Roles = []string{"responder", "operator", "approver"}
	r.people(entries)
	r.outcome(commands.ConfigLoaded{Digest: "c2"})
	a := r.toApproval()
	r.refused(r.press(dev, "recover approve", a), incident.NotAllowed, "You cannot decide this: Bea Ode, Chen Li can.")
	r.refused(r.press(ana, "recover approve", a), incident.NotAllowed, "someone else decides: Bea Ode, Chen Li.")
	entries = append([]people.Entry{}, entries...)
	entries[1].Roles = []string{"responder"}
	r.now = r.now.Add(4 * time.Minute)
	r.people(entries)
	r.outcome(commands.ConfigLoaded{Digest: "c3"})
	want := "Your right to approve was removed at " + r.now.UTC().Format("15:04 UTC") + ". Chen Li can decide this."
	r.refused(r.press(bea, "recover approve", a), incident.NotAllowed, want)
	r.refused(r.press(dev, "recover approve", a), incident.NotAllowed, "You cannot decide this: Chen Li can.")
}

func TestI10_ARemovedRightBlocksTheStart(t *testing.T) {
	without := func(k int, roles ...string) []people.Entry {
		entries := append([]people.Entry{}, staff...)
		entries[k].Roles = roles
		return entries
	}
	t.Run("at the decision", func(t *testing.T) {
		r := recovery(t).rig()
		a := r.toApproval()
		r.people(without(1, "responder"))
		r.refused(r.press(bea, "recover approve", a), incident.NotAllowed, "You cannot decide this")
	})
	t.Run("of the approver at the start", func(t *testing.T) {
		r := recovery(t).rig()
		a := r.toApproval()
		starts := r.starts()
		r.must(r.press(bea, "recover approve", a))
		r.people(without(1, "responder"))
		r.answer()
		if r.starts() != starts || !strings.Contains(r.run().Why, "right to approve was removed") {
			t.Errorf("%d starts, %s", r.starts()-starts, r.run().Why)
		}
	})
	t.Run("of a deactivated approver", func(t *testing.T) {
		r := recovery(t).rig()
		a := r.toApproval()
		starts := r.starts()
		r.must(r.press(bea, "recover approve", a))
		r.Flags.Put("U0BEA", people.Flags{Deactivated: true})
		r.answer()
		if r.starts() != starts {
			t.Error("it started")
		}
	})
	t.Run("of the operator", func(t *testing.T) {
		r := recovery(t).rig()
		a := r.toApproval()
		starts := r.starts()
		r.must(r.press(bea, "recover approve", a))
		r.people(without(0, "responder"))
		r.answer()
		if r.starts() != starts || !strings.Contains(r.run().Why, "no operator any more") {
			t.Errorf("%d starts, %s", r.starts()-starts, r.run().Why)
		}
	})
}

func TestI11_AQuorumIsOfDifferentPeople(t *testing.T) {
	r := recovery(t, func(l *runbook.Lock) { entryOf(l, "p1.s4").Approvals = &runbook.Approvals{Need: 2} }).rig()
	planned := r.say(ana, "/recover plan database")
	r.must(planned)
	if !strings.Contains(planned.Say.Text, "2 approvals") {
		t.Errorf("the plan's answer counts steps: %s", planned.Say.Text)
	}
	a := r.toApproval()
	starts := r.starts()
	r.must(r.press(bea, "recover approve", a))
	r.refused(r.press(bea, "recover approve", a), incident.WrongState, "one more person")
	terminal := commands.Command{Verb: "recover approve", Object: a, Actor: commands.Actor{Unix: "bea"}, Fields: map[string][]string{"sha256": {r.fold().Approvals[0].Digest}}}
	r.refused(r.do(terminal), incident.WrongState, "one more person")
	if r.starts() != starts || r.next().State != incident.StepWaits {
		t.Fatal("one of two started it")
	}
	r.must(r.press(chen, "recover approve", a))
	r.answer()
	if r.starts() != starts+1 {
		t.Fatal("two of two did not")
	}
}

func TestI12_ADenialIsFinal(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	if reply := r.press(bea, "recover deny", a); reply.Form == nil || len(reply.Form.Fields[0].Options) != 4 {
		t.Fatalf("it asks for the reason: %+v", reply)
	}
	r.must(r.press(bea, "recover deny", a, "reason", "Wrong backup or value", "text", "take 01:00"))
	r.refused(r.press(chen, "recover approve", a), incident.TooLate, "A denial is final")
	r.refused(r.press(bea, "recover approve", a), incident.TooLate, "A denial is final")
	if r.run().State != incident.Paused || !strings.Contains(r.run().Why, "take 01:00") {
		t.Errorf("%s %s", r.run().State, r.run().Why)
	}
	r.must(r.say(ana, "/recover resume"))
	r.answer()
	if next := incident.ApprovalName(r.next().Approval); next == a {
		t.Error("asking again made no other approval")
	}
}

func TestI13_AnEmptyListMeansNobody(t *testing.T) {
	o := recovery(t)
	o.book.Procedures[0].Steps[3].Entry.Approvals.From = []string{} // as an earlier release took it from a lock; now a lock with it is refused
	r := o.rig()
	a := r.toApproval()
	for _, who := range []commands.Actor{bea, chen, dev} {
		r.refused(r.press(who, "recover approve", a), incident.NotAllowed, "nobody")
	}
}

func TestI15_RunsAreDecidedInTheirChannelAlone(t *testing.T) {
	r := recovery(t).rig()
	other := "C9"
	a := r.toApproval()
	for _, c := range []commands.Command{
		{Verb: "recover approve", Object: r.marked(a), Actor: bea, Channel: other}, {Verb: "recover approve", Object: r.marked(a), Actor: bea},
		{Verb: "recover deny", Object: a, Actor: bea, Channel: other, Fields: map[string][]string{"reason": {"Not now"}}},
		{Verb: "recover pause", Object: "R1", Actor: ana, Channel: other}, {Verb: "recover cancel", Object: "R1", Actor: ana, Channel: other, Fields: map[string][]string{"reason": {"x"}}},
		{Verb: "recover skip", Object: "R1/p1.s4", Actor: ana, Channel: other, Text: "why"},
	} {
		r.refused(r.do(c), incident.NotAllowed, "in its own channel")
	}
	if r.fold().Approvals[0].State != incident.Pending || r.run().State != incident.Running {
		t.Error("something was decided")
	}
}

func TestI18_TooLateIsRefusedThoughNobodySwept(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.pass(15 * time.Minute)
	r.refused(r.press(bea, "recover approve", a), incident.TooLate, "Too late")
	r.do(commands.Command{Verb: "outcome", Actor: commands.Actor{Bot: true}, Outcome: commands.Tick{Incident: r.id}})
	if got := r.fold().Approvals[0].State; got != incident.IsExpired {
		t.Errorf("a timeout made it %s", got)
	}
}

func TestI19_AnApprovalThatWasNotUsedInTimeEnds(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.say(ana, "/recover pause"))
	r.must(r.press(bea, "recover approve", a))
	r.pass(10 * time.Minute)
	starts := r.starts()
	r.must(r.say(ana, "/recover resume"))
	if r.starts() != starts || r.fold().Approvals[0].State == incident.Used {
		t.Fatal("it was used")
	}
	r.must(r.say(ana, "/recover resume"))
	r.answer()
	if next := incident.ApprovalName(r.next().Approval); next == a {
		t.Error("the old approval is asked for again")
	}
}

func TestI20_ManyClicksAreOneDecisionAndOneStart(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	starts := r.starts()
	var all sync.WaitGroup
	for k := range 12 {
		who := []commands.Actor{bea, chen}[k%2]
		all.Go(func() {
			c := commands.Command{Verb: "recover approve", Object: r.marked(a), Actor: who, Channel: r.channel, Keys: []string{"click/" + string(rune('a'+k/4))}, Keep: time.Hour}
			_, _ = r.Handle(t.Context(), c)
		})
	}
	all.Wait()
	if n := r.records(r.id, "Approved"); n != 1 {
		t.Fatalf("%d approvals", n)
	}
	run := r.run()
	e := incident.ReadsDone{Run: run.N, Step: "p1.s4", For: run.Asking, Ask: run.Ask, Identity: map[string]map[string]string{"db1": {"host": "db1"}}}
	for _, key := range []string{"x", "x", "y"} {
		all.Go(func() { _ = r.Report(t.Context(), r.id, key, e) })
	}
	all.Wait()
	if r.starts() != starts+1 {
		t.Fatalf("%d starts", r.starts()-starts)
	}
}

func TestI21_ARetryNeedsANewApproval(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	r.answer()
	r.ended(incident.Failed, nil)
	starts := r.starts()
	r.must(r.say(ana, "/recover retry"))
	r.answer()
	s := r.next()
	if s.State != incident.StepWaits || incident.ApprovalName(s.Approval) == a || r.starts() != starts {
		t.Fatalf("%s, %d, %d starts", s.State, s.Approval, r.starts()-starts)
	}
	r.refused(r.press(chen, "recover approve", a), incident.TooLate, "approved at")
}

func TestI22_TwoRunsNeverHoldOneTarget(t *testing.T) {
	o := recovery(t)
	first, second := o.rig(), o.rig()
	first.plan()
	first.must(first.say(ana, "/recover start"))
	reply := second.say(ana, "/recover database BACKUP=backup_1")
	second.must(reply)
	second.answer()
	second.refused(second.say(ana, "/recover start"), incident.Blocked, "db1 is held by a run of INC-1")
	first.must(first.press(ana, "recover cancel", "R1", "reason", "wrong one"))
	if first.fold().Runs[0].State != incident.Ended {
		t.Fatalf("%s", first.fold().Runs[0].State)
	}
	second.must(second.say(ana, "/recover start"))
}

// A step that was skipped while its target was being read stays skipped, whatever the answer is.
func TestI27_AnAnswerDoesNotStartAStepThatWasSkipped(t *testing.T) {
	r := recovery(t).rig()
	r.plan()
	r.must(r.say(ana, "/recover start"))
	run := r.run()
	asked, ask := run.Next().ID, run.Ask
	if run.Asking != incident.ReadForStart {
		t.Fatalf("%+v", run.Doing())
	}
	r.must(r.say(ana, "/recover skip 1.1 I know what it says"))
	for k, n := range []uint64{ask, r.run().Ask} {
		r.report(fmt.Sprintf("late/%d", k), incident.ReadsDone{
			Run: run.N, Step: asked, For: incident.ReadForStart, Ask: n, Identity: map[string]map[string]string{"db1": {"host": "db1"}},
		})
	}
	if s := r.run().Step(asked); s.State != incident.StepSkip || r.starts() != 0 {
		t.Errorf("%s, %d starts", s.State, r.starts())
	}
}
