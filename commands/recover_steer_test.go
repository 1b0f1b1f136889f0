package commands_test

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
	"github.com/drbot/drbot/state"
)

func TestI24_WhoApprovesHearsThatNothingStarts(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.outcome(commands.AttemptFound{Attempt: "r3-p1-s3-1"})
	reply := r.press(bea, "recover approve", a)
	r.must(reply)
	want := "You approved A1. R1: step 1.4 is ready. Nothing starts now: frozen by drbot since " + r.clock().UTC().Format("15:04") + " UTC: attempt r3-p1-s3-1 is on disk and not in the record. An admin thaws with /recover thaw."
	if reply.Say.Text != want {
		t.Errorf("%s", reply.Say.Text)
	}
}

func TestI24_FrozenNothingStarts(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	starts := r.starts()
	r.must(r.typed(chen, "CHOUSE", "/recover freeze storage moves"))
	r.answer()
	if r.starts() != starts {
		t.Fatal("it started")
	}
	r.refused(r.say(ana, "/recover resume"), incident.Blocked, "Frozen by Chen Li: storage moves")
	r.refused(r.typed(bea, "CHOUSE", "/recover thaw done"), incident.NotAllowed, "Only admins")
	r.must(r.typed(chen, "CHOUSE", "/recover thaw it is moved"))
	r.must(r.say(ana, "/recover resume"))
	r.answer()
	if r.starts() != starts+1 {
		t.Fatal("it did not start after the thaw")
	}
	r.must(r.typed(chen, "CHOUSE", "/recover freeze again"))
	if s := r.next(); !s.State.Active() {
		t.Errorf("a freeze ended the running step: %s", s.State)
	}
}

func TestI25_TheStartIsRecordedWithDigestAndApproval(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	r.answer()
	var last incident.StepStarting
	for record, err := range r.store.Records(t.Context(), r.id, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := record.Event(); err == nil {
			if s, ok := e.(incident.StepStarting); ok {
				last = s
			}
		}
	}
	approval := r.fold().Approvals[0]
	if last.Attempt != "r1-p1-s4-1" || last.Digest != approval.Digest || incident.ApprovalName(last.Approval) != a || approval.State != incident.Used {
		t.Fatalf("%+v, approval %s", last, approval.State)
	}
}

func TestI27_NothingGoesOnPastAFailedOrUnknownStep(t *testing.T) {
	for _, how := range []string{"failed", "unknown"} {
		t.Run(how, func(t *testing.T) {
			r := recovery(t).rig()
			r.plan()
			r.must(r.say(ana, "/recover start"))
			r.answer()
			if how == "failed" {
				r.ended(incident.Failed, nil)
			} else {
				s := r.next()
				r.report("lost", incident.StepUnknown{Run: 1, Step: s.ID, Attempt: s.Attempt, Why: "gone"})
			}
			starts := r.starts()
			for _, line := range []string{"start", "step", "resume"} {
				if reply := r.say(ana, "/recover "+line); reply.Done() {
					t.Errorf("%s: %+v", line, reply)
				}
			}
			r.refused(r.press(ana, "recover confirm", "R1/p1.s3"), incident.WrongState, "waits for a confirmation")
			r.refused(r.press(ana, "recover skip", "R1/p1.s3", "reason", "x"), incident.WrongState, "not the next one")
			if r.starts() != starts {
				t.Fatal("a later step started")
			}
			r.must(r.press(ana, "recover skip", "R1/p1.s1", "reason", "looked by hand"))
			if r.next().Number != "1.2" {
				t.Errorf("%s", r.next().Number)
			}
		})
	}
}

func TestI28_ResumeRepeatsNothing(t *testing.T) {
	r := recovery(t).rig()
	r.plan()
	r.must(r.say(ana, "/recover step"))
	r.answer()
	r.ended(incident.Succeeded, nil)
	if r.run().State != incident.Paused {
		t.Fatalf("one step was asked for: %s", r.run().State)
	}
	attempt := r.run().Steps[0].Attempt
	r.report("ended/again", incident.StepEnded{Run: 1, Step: "p1.s1", Attempt: attempt, Outcome: incident.Failed})
	r.must(r.say(ana, "/recover resume"))
	if s := r.next(); s.Number != "1.2" || r.run().Steps[0].State != incident.StepDone || r.run().Steps[0].Attempts != 1 {
		t.Fatalf("%s, 1.1 is %s", s.Number, r.run().Steps[0].State)
	}
}

func TestI45_RiskIsOnlyRaised(t *testing.T) {
	r := recovery(t, func(l *runbook.Lock) { entryOf(l, "p1.s4").Risk = runbook.Read }).rig()
	r.must(r.say(ana, "/recover database"))
	s := r.run().Step("1.4")
	if s.Risk != incident.Destructive || s.Need != 1 || len(s.From) != 1 || s.From[0] != incident.Approver {
		t.Fatalf("%s, %d of %v", s.Risk, s.Need, s.From)
	}
}

func TestUndoComesFirstAndAgain(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	r.answer()
	r.ended(incident.Failed, nil)
	for round := 1; round <= 2; round++ {
		r.must(r.press(ana, "recover undo", "R1/p1.s4"))
		r.answer()
		if s := r.next(); s.Number != "1.4u" || s.State != incident.StepWaits {
			t.Fatalf("round %d: %s %s", round, s.Number, s.State)
		}
		r.must(r.press(bea, "recover approve", incident.ApprovalName(r.next().Approval)))
		r.answer()
		if got := r.next().Attempt; got != incident.AttemptName(1, "p1.s4u", round) {
			t.Fatalf("round %d: attempt %s", round, got)
		}
		r.ended(incident.Succeeded, nil)
		if r.run().State != incident.Paused || len(r.run().Steps) != 7 {
			t.Fatalf("round %d: %s, %d steps", round, r.run().State, len(r.run().Steps))
		}
		r.must(r.say(ana, "/recover resume"))
		r.answer()
		r.must(r.press(bea, "recover approve", incident.ApprovalName(r.next().Approval)))
		r.answer()
		r.ended(incident.Succeeded, nil)
		if it := r.fold().Item("c2"); it.State != "done" {
			t.Fatalf("round %d: the checklist item is %q", round, it.State)
		}
	}
	r.must(r.press(ana, "recover undo", "R1/p1.s4"))
	r.answer()
	r.must(r.press(bea, "recover approve", incident.ApprovalName(r.next().Approval)))
	r.answer()
	r.ended(incident.Succeeded, nil)
	if it := r.fold().Item("c2"); it.State != "" {
		t.Errorf("undone, and its checklist item is %q", it.State)
	}
}

// TestRefusalsSayWhatIsNext: the words of a person, and what can be done.
func TestRefusalsSayWhatIsNext(t *testing.T) {
	r := recovery(t).rig()
	r.must(r.press(bea, "recover deny", r.toApproval(), "reason", "Not now"))
	r.refused(r.say(ana, "/recover retry"), incident.WrongState,
		"Step 1.4 has not begun; only a step that failed or ended without a result is run again. To ask for it once more: Go on, or resume.")
	r.must(r.say(ana, "/recover resume"))
	r.answer()
	r.must(r.press(bea, "recover approve", "A2"))
	r.answer()
	r.ended(incident.Failed, nil)
	for _, verb := range []string{"resume", "step"} {
		r.refused(r.say(ana, "/recover "+verb), incident.WrongState,
			"R1 does not go on: step 1.4 failed. Run it again, undo, skip it with a reason, or say what was done by hand: retry, undo, skip or hand 1.4.")
	}
}

func TestCancelSaysWhatItLeaves(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	r.answer()
	r.ended(incident.Succeeded, nil)
	reply := r.say(ana, "/recover cancel the wrong plan")
	if reply.Form == nil || reply.Form.Fields[0].Value != "the wrong plan" || r.run().State == incident.Ended {
		t.Fatalf("%+v", reply)
	}
	reply = r.do(commands.Command{Verb: "recover cancel", Object: "R1", Actor: commands.Actor{Unix: "ana"}, Text: "the wrong plan"})
	r.must(reply)
	for _, part := range []string{"backup in place", "Not undone: 1.4"} {
		if !strings.Contains(reply.Say.Text, part) {
			t.Errorf("%q is not in %q", part, reply.Say.Text)
		}
	}
	if _, err := r.store.Incident(t.Context(), state.Ref{Index: "run", Value: "R1"}); err != nil {
		t.Error(err)
	}
}

func TestDiscardingADraftAsksNothing(t *testing.T) {
	r := recovery(t).rig()
	r.plan()
	r.must(r.press(ana, "recover cancel", "R1"))
	if run := r.fold().Runs[0]; run.How != incident.EndDiscarded {
		t.Errorf("%s", run.How)
	}
}

func TestApprovalsAreListed(t *testing.T) {
	r := recovery(t).rig()
	if reply := r.say(dev, "/recover approvals"); reply.Say.Text != "Nothing waits for an approval." {
		t.Errorf("%q", reply.Say.Text)
	}
	a := r.toApproval()
	if reply := r.say(dev, "/recover approvals"); !strings.HasPrefix(reply.Say.Text, a+" step 1.4 on db1, INC-1, asked by Ana Ruiz, ends 03:13 UTC") {
		t.Errorf("%q", reply.Say.Text)
	}
}

func TestReadingThatFailsStartsNothing(t *testing.T) {
	r := recovery(t).rig()
	a := r.toApproval()
	r.must(r.press(bea, "recover approve", a))
	r.fails = "probe of db1: exit 1"
	starts := r.starts()
	r.answer()
	if r.starts() != starts || r.fold().Approvals[0].State != incident.IsWithdrawn || !strings.Contains(r.run().Why, "exit 1") {
		t.Fatalf("%d starts, %s, %s", r.starts()-starts, r.fold().Approvals[0].State, r.run().Why)
	}
}

func TestI42_WhoMayNotPlanIsOnRecord(t *testing.T) {
	r := recovery(t).rig()
	r.plan()
	before := r.records(r.id, "Refused")
	r.refused(r.say(dev, "/recover database"), incident.NotAllowed, "Only operators plan runs")
	r.refused(r.press(dev, "recover skip", "R1/p1.s1"), incident.NotAllowed, "Only operators skip steps")
	r.refused(r.press(dev, "recover cancel", "R1"), incident.NotAllowed, "Only operators cancel runs")
	if n := r.records(r.id, "Refused") - before; n != 3 {
		t.Errorf("%d refusals on record", n)
	}
}
